//go:build js && wasm

package browser

import (
	"errors"
	"syscall/js"

	"github.com/ensemble-sante/ensemble/rooms"
)

// Failure gives an error as the interface reads it: {code, detail, field}.
func Failure(err error) js.Value {
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

// Promise runs f beside the event loop and settles with what it gives.
func Promise(f func() (js.Value, error)) js.Value {
	executor := js.FuncOf(func(_ js.Value, args []js.Value) any {
		resolve, reject := args[0], args[1]
		go func() {
			v, err := f()
			if err != nil {
				reject.Invoke(Failure(err))
				return
			}
			resolve.Invoke(v)
		}()
		return nil
	})
	defer executor.Release()
	return js.Global().Get("Promise").New(executor)
}

// Text gives an argument that must be a string; "" where it is none.
func Text(args []js.Value, i int) string {
	if i >= len(args) || args[i].Type() != js.TypeString {
		return ""
	}
	return args[i].String()
}
