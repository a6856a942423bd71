//go:build js && wasm

// Command ensemble-wasm is the browser's entry to the client core: it puts the
// core's calls on the Worker's global object, and holds no logic.
//
// The global "ensembleMode" says what this Worker is for: "core" (the default),
// the one core of the origin; or "document", a second Worker that encrypts and
// decrypts age files. The functions and their promises are described in
// webclient/src/core/protocol.ts.
package main

import (
	"errors"
	"syscall/js"

	"github.com/ensemble-sante/ensemble/rooms"
)

// version is set when the program is built.
var version = "dev"

func main() {
	global := js.Global()
	var err error
	if global.Get("ensembleMode").Equal(js.ValueOf("document")) {
		serveDocuments(global)
	} else {
		err = serveCore(global)
	}
	if err != nil {
		if failed := global.Get("ensembleFailed"); failed.Type() == js.TypeFunction {
			failed.Invoke(js.Global().Get("JSON").Call("stringify", failure(err)))
		}
		return
	}
	if ready := global.Get("ensembleReady"); ready.Type() == js.TypeFunction {
		ready.Invoke()
	}
	select {}
}

// failure gives an error as the interface reads it.
func failure(err error) js.Value {
	out := js.Global().Get("Object").New()
	out.Set("code", string(rooms.CodeOf(err)))
	var e *rooms.Error
	if errors.As(err, &e) {
		out.Set("detail", e.Detail)
		if e.Field != "" {
			out.Set("field", e.Field)
		}
	}
	return out
}

// promise runs f beside the event loop and settles with what it gives.
func promise(f func() (js.Value, error)) js.Value {
	executor := js.FuncOf(func(_ js.Value, args []js.Value) any {
		resolve, reject := args[0], args[1]
		go func() {
			v, err := f()
			if err != nil {
				reject.Invoke(failure(err))
				return
			}
			resolve.Invoke(v)
		}()
		return nil
	})
	defer executor.Release()
	return js.Global().Get("Promise").New(executor)
}

// text gives an argument that must be a string; "" where it is none.
func text(args []js.Value, i int) string {
	if i >= len(args) || args[i].Type() != js.TypeString {
		return ""
	}
	return args[i].String()
}
