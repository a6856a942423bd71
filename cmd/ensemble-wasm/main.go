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
	"syscall/js"

	"github.com/ensemble-sante/ensemble/client/browser"
)

// version is set when the program is built.
var version = "dev"

func main() {
	global := js.Global()
	var err error
	if global.Get("ensembleMode").Equal(js.ValueOf("document")) {
		browser.ServeDocuments(global)
	} else {
		err = serveCore(global)
	}
	if err != nil {
		if failed := global.Get("ensembleFailed"); failed.Type() == js.TypeFunction {
			failed.Invoke(js.Global().Get("JSON").Call("stringify", browser.Failure(err)))
		}
		return
	}
	if ready := global.Get("ensembleReady"); ready.Type() == js.TypeFunction {
		ready.Invoke()
	}
	select {}
}
