//go:build js && wasm

package browser

import (
	"fmt"
	"syscall/js"
)

// await waits for a promise. It must not be called in a JavaScript callback.
func await(promise js.Value) (js.Value, error) {
	type settled struct {
		value js.Value
		err   error
	}
	done := make(chan settled, 1)
	then := js.FuncOf(func(_ js.Value, args []js.Value) any {
		v := js.Undefined()
		if len(args) > 0 {
			v = args[0]
		}
		done <- settled{value: v}
		return nil
	})
	catch := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- settled{err: errorOf(args)}
		return nil
	})
	defer then.Release()
	defer catch.Release()
	promise.Call("then", then, catch)
	s := <-done
	return s.value, s.err
}

// awaitRequest waits for an IDBRequest.
func awaitRequest(request js.Value) (js.Value, error) {
	done := make(chan error, 1)
	success := js.FuncOf(func(js.Value, []js.Value) any {
		done <- nil
		return nil
	})
	failure := js.FuncOf(func(js.Value, []js.Value) any {
		done <- nameOf(request.Get("error"))
		return nil
	})
	defer success.Release()
	defer failure.Release()
	request.Set("onsuccess", success)
	request.Set("onerror", failure)
	if err := <-done; err != nil {
		return js.Undefined(), err
	}
	return request.Get("result"), nil
}

func errorOf(args []js.Value) error {
	if len(args) == 0 {
		return fmt.Errorf("browser: rejected")
	}
	return nameOf(args[0])
}

// nameOf tells an exception by its name alone: messages may hold addresses.
func nameOf(v js.Value) error {
	if v.Type() == js.TypeObject {
		if name := v.Get("name"); name.Type() == js.TypeString {
			return fmt.Errorf("browser: %s", name.String())
		}
	}
	return fmt.Errorf("browser: rejected")
}

// try turns an exception of a synchronous call into an error.
func try(f func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if e, ok := p.(js.Error); ok {
				err = nameOf(e.Value)
				return
			}
			panic(p)
		}
	}()
	f()
	return nil
}

// toJS copies bytes into a Uint8Array.
func toJS(b []byte) js.Value {
	a := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(a, b)
	return a
}

// fromJS copies a Uint8Array or ArrayBuffer.
func fromJS(v js.Value) []byte {
	if !v.InstanceOf(js.Global().Get("Uint8Array")) {
		v = js.Global().Get("Uint8Array").New(v)
	}
	b := make([]byte, v.Length())
	js.CopyBytesToGo(b, v)
	return b
}
