//go:build js && wasm

package browser

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"syscall/js"

	"github.com/ensemble-sante/ensemble/client"
)

const (
	databaseName    = "ensemble"
	databaseVersion = 1
	stateStore      = "state"
	keyStore        = "keys"
	keyRecord       = "storage"
)

// Database is storage in IndexedDB. One Worker of an origin uses it at a time:
// the web client elects it by a Web Lock.
type Database struct{ db js.Value }

// OpenDatabase opens this origin's storage, making it if need be, and asks the
// browser not to evict it.
func OpenDatabase() (*Database, error) {
	global := js.Global()
	if global.Get("indexedDB").IsUndefined() {
		return nil, fmt.Errorf("browser: there is no IndexedDB")
	}
	if storage := global.Get("navigator").Get("storage"); storage.Truthy() && storage.Get("persist").Truthy() {
		storage.Call("persist") // refused or not, nothing changes here
	}
	request := global.Get("indexedDB").Call("open", databaseName, databaseVersion)
	upgrade := js.FuncOf(func(js.Value, []js.Value) any {
		db := request.Get("result")
		for _, name := range []string{stateStore, keyStore} {
			if !db.Get("objectStoreNames").Call("contains", name).Bool() {
				db.Call("createObjectStore", name)
			}
		}
		return nil
	})
	defer upgrade.Release()
	request.Set("onupgradeneeded", upgrade)
	db, err := awaitRequest(request)
	if err != nil {
		return nil, fmt.Errorf("browser: opening IndexedDB: %w", err)
	}
	return &Database{db}, nil
}

// Get implements [client.Storage].
func (d *Database) Get(_ context.Context, key string) ([]byte, error) {
	var request js.Value
	if err := try(func() { request = d.reading(stateStore).Call("get", key) }); err != nil {
		return nil, err
	}
	v, err := awaitRequest(request)
	if err != nil || v.IsUndefined() {
		return nil, err
	}
	return fromJS(v), nil
}

// Scan implements [client.Storage].
func (d *Database) Scan(_ context.Context, prefix string) ([]client.Pair, error) {
	var keys, values js.Value
	err := try(func() {
		span := js.Global().Get("IDBKeyRange").Call("bound", prefix, prefix+"\uffff")
		store := d.reading(stateStore)
		keys, values = store.Call("getAllKeys", span), store.Call("getAll", span)
	})
	if err != nil {
		return nil, err
	}
	// Both belong to one transaction and answer in order: the second is awaited
	// first, so that its handler is there in time.
	vs, err := awaitRequest(values)
	if err != nil {
		return nil, err
	}
	ks := keys.Get("result")
	pairs := make([]client.Pair, ks.Length())
	for i := range pairs {
		pairs[i] = client.Pair{Key: ks.Index(i).String(), Value: fromJS(vs.Index(i))}
	}
	return pairs, nil
}

// Batch implements [client.Storage]: one transaction, on disk when it returns.
func (d *Database) Batch(_ context.Context, ops []client.Op) error {
	var tx js.Value
	err := try(func() {
		tx = d.db.Call("transaction", stateStore, "readwrite", map[string]any{"durability": "strict"})
	})
	if err != nil {
		return err
	}
	done := make(chan error, 3)
	complete := js.FuncOf(func(js.Value, []js.Value) any { done <- nil; return nil })
	abort := js.FuncOf(func(js.Value, []js.Value) any { done <- nameOf(tx.Get("error")); return nil })
	defer complete.Release()
	defer abort.Release()
	tx.Set("oncomplete", complete)
	tx.Set("onabort", abort)
	err = try(func() {
		store := tx.Call("objectStore", stateStore)
		for _, op := range ops {
			if op.Value == nil {
				store.Call("delete", op.Key)
			} else {
				store.Call("put", toJS(op.Value), op.Key)
			}
		}
	})
	if err != nil {
		_ = try(func() { tx.Call("abort") })
		return errors.Join(err, <-done)
	}
	return <-done
}

func (d *Database) reading(store string) js.Value {
	return d.db.Call("transaction", store, "readonly").Call("objectStore", store)
}

// StorageKey gives the key under which the core seals its values: made once,
// kept wrapped by a WebCrypto key that cannot be read out.
func (d *Database) StorageKey() ([]byte, error) {
	key, err := d.unwrap()
	if err != nil || key != nil {
		return key, err
	}
	key = make([]byte, client.StorageKeySize)
	_, _ = rand.Read(key) // never fails
	subtle := js.Global().Get("crypto").Get("subtle")
	if subtle.IsUndefined() {
		return nil, fmt.Errorf("browser: there is no WebCrypto here: the page is not in a secure context")
	}
	wrapper, err := await(subtle.Call("generateKey",
		map[string]any{"name": "AES-GCM", "length": 256}, false, []any{"encrypt", "decrypt"}))
	if err != nil {
		return nil, fmt.Errorf("browser: making the wrapping key: %w", err)
	}
	iv := make([]byte, 12)
	_, _ = rand.Read(iv)
	wrapped, err := await(subtle.Call("encrypt", map[string]any{"name": "AES-GCM", "iv": toJS(iv)}, wrapper, toJS(key)))
	if err != nil {
		return nil, fmt.Errorf("browser: wrapping the storage key: %w", err)
	}
	record := js.Global().Get("Object").New()
	record.Set("key", wrapper)
	record.Set("iv", toJS(iv))
	record.Set("wrapped", js.Global().Get("Uint8Array").New(wrapped))
	var request js.Value
	err = try(func() {
		tx := d.db.Call("transaction", keyStore, "readwrite", map[string]any{"durability": "strict"})
		request = tx.Call("objectStore", keyStore).Call("add", record, keyRecord)
	})
	if err == nil {
		_, err = awaitRequest(request)
	}
	if err != nil {
		return nil, fmt.Errorf("browser: keeping the storage key: %w", err)
	}
	return key, nil
}

// unwrap reads the storage key; nil where there is none yet.
func (d *Database) unwrap() ([]byte, error) {
	var request js.Value
	if err := try(func() { request = d.reading(keyStore).Call("get", keyRecord) }); err != nil {
		return nil, err
	}
	record, err := awaitRequest(request)
	if err != nil || record.IsUndefined() {
		return nil, err
	}
	plain, err := await(js.Global().Get("crypto").Get("subtle").Call("decrypt",
		map[string]any{"name": "AES-GCM", "iv": record.Get("iv")}, record.Get("key"), record.Get("wrapped")))
	if err != nil {
		return nil, fmt.Errorf("browser: unwrapping the storage key: %w", err)
	}
	key := fromJS(plain)
	if len(key) != client.StorageKeySize {
		return nil, fmt.Errorf("browser: the storage key has %d bytes", len(key))
	}
	return key, nil
}
