//go:build js && wasm

package main

import (
	"context"
	"sync"
	"syscall/js"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/client/browser"
)

// serveCore starts the core of this origin and puts its calls on the global.
func serveCore(global js.Value) error {
	db, err := browser.OpenDatabase()
	if err != nil {
		return err
	}
	key, err := db.StorageKey()
	if err != nil {
		return err
	}
	var network browser.Network
	core, err := client.New(client.Config{
		Origin: network.Origin(), Transport: network, HTTP: network, Storage: db, StorageKey: key,
		Version: version, CivilDate: browser.CivilDate,
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := core.Run(ctx); err != nil && ctx.Err() == nil {
			if failed := global.Get("ensembleFailed"); failed.Type() == js.TypeFunction {
				failed.Invoke(js.Global().Get("JSON").Call("stringify", browser.Failure(err)))
			}
		}
	}()
	global.Set("ensembleCall", js.FuncOf(func(_ js.Value, args []js.Value) any {
		method, arguments := browser.Text(args, 0), browser.Text(args, 1)
		return browser.Promise(func() (js.Value, error) {
			b, err := core.Call(ctx, method, []byte(arguments))
			return js.ValueOf(string(b)), err
		})
	}))
	views := &views{core: core, cancels: map[int]func(){}}
	global.Set("ensembleWatch", js.FuncOf(views.watch))
	global.Set("ensembleUnwatch", js.FuncOf(views.unwatch))
	global.Set("ensembleLive", js.FuncOf(func(_ js.Value, args []js.Value) any {
		if len(args) == 0 || args[0].Type() != js.TypeFunction {
			return nil
		}
		push := args[0]
		go core.Live(func(json, secret []byte) {
			if secret == nil {
				push.Invoke(string(json))
				return
			}
			b := js.Global().Get("Uint8Array").New(len(secret))
			js.CopyBytesToJS(b, secret)
			push.Invoke(string(json), b)
		})
		return nil
	}))
	global.Set("ensembleClose", js.FuncOf(func(js.Value, []js.Value) any {
		return browser.Promise(func() (js.Value, error) {
			cancel()
			<-ended
			return js.Undefined(), nil
		})
	}))
	if listen := global.Get("addEventListener"); listen.Type() == js.TypeFunction {
		global.Call("addEventListener", "online", js.FuncOf(func(js.Value, []js.Value) any {
			go func() { _, _ = core.Call(ctx, "session.open", []byte("{}")) }() // no account yet: nothing to wake
			return nil
		}))
	}
	return nil
}

// views are those that the interface watches. A number is given at once, the
// watch itself is made beside the event loop.
type views struct {
	core    *client.Core
	mu      sync.Mutex
	next    int
	cancels map[int]func()
}

func (v *views) watch(_ js.Value, args []js.Value) any {
	if len(args) < 3 || args[2].Type() != js.TypeFunction {
		return -1
	}
	view, params, push := browser.Text(args, 0), browser.Text(args, 1), args[2]
	v.mu.Lock()
	n := v.next
	v.next++
	v.cancels[n] = nil
	v.mu.Unlock()
	go func() {
		cancel, err := v.core.Watch(view, []byte(params), func(json []byte) { push.Invoke(string(json)) })
		if err != nil {
			out := js.Global().Get("Object").New()
			out.Set("error", browser.Failure(err))
			push.Invoke(js.Global().Get("JSON").Call("stringify", out))
			return
		}
		v.mu.Lock()
		_, wanted := v.cancels[n]
		if wanted {
			v.cancels[n] = cancel
		}
		v.mu.Unlock()
		if !wanted {
			cancel()
		}
	}()
	return n
}

func (v *views) unwatch(_ js.Value, args []js.Value) any {
	if len(args) == 0 || args[0].Type() != js.TypeNumber {
		return nil
	}
	n := args[0].Int()
	v.mu.Lock()
	cancel := v.cancels[n]
	delete(v.cancels, n)
	v.mu.Unlock()
	if cancel != nil {
		go cancel()
	}
	return nil
}
