//go:build js && wasm

package browser

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"syscall/js"

	"github.com/ensemble-sante/ensemble/crypto/document"
	"github.com/ensemble-sante/ensemble/rooms"
)

// ServeDocuments puts the streaming encryption of documents on the global. Both
// functions work on the caller's own time: no promise, no thread, constant
// memory.
//
//	documentEncrypt(key) → {write(Uint8Array): Uint8Array, close(): {bytes, sha256, size}}
//	documentDecrypt(key, sha256, size) → {write(Uint8Array): Uint8Array, close(): Uint8Array}
//
// Go cannot throw: where something is wrong the result is {error: Failure}.
func ServeDocuments(global js.Value) {
	global.Set("documentEncrypt", js.FuncOf(func(_ js.Value, args []js.Value) any {
		var out bytes.Buffer
		w, err := document.Encrypt(&out, Text(args, 0))
		if err != nil {
			return refused(err)
		}
		return methods(map[string]func([]js.Value) any{
			"write": func(args []js.Value) any {
				if _, err := w.Write(given(args)); err != nil {
					return refused(err)
				}
				return drain(&out)
			},
			"close": func([]js.Value) any {
				if err := w.Close(); err != nil {
					return refused(err)
				}
				d := w.Digest()
				return map[string]any{"bytes": drain(&out), "sha256": hex.EncodeToString(d.SHA256[:]), "size": float64(d.Size)}
			},
		})
	}))
	global.Set("documentDecrypt", js.FuncOf(func(_ js.Value, args []js.Value) any {
		sum, err := hex.DecodeString(Text(args, 1))
		if err != nil || len(sum) != 32 || len(args) < 3 || args[2].Type() != js.TypeNumber {
			return refused(rooms.Errorf(rooms.CodeMalformed, "not a document's digest"))
		}
		d := newDecryption(Text(args, 0), document.Digest{SHA256: [32]byte(sum), Size: int64(args[2].Float())})
		return methods(map[string]func([]js.Value) any{
			"write": func(args []js.Value) any { return d.give(d.write(given(args))) },
			"close": func([]js.Value) any { return d.give(d.close()) },
		})
	}))
}

// decryption turns the reader of age into a writer: a goroutine reads what was
// written, and works only while its caller waits for it.
type decryption struct {
	in    chan []byte   // closed after the last part
	want  chan struct{} // the goroutine needs more
	done  chan struct{} // it is at its end, and err says how
	rest  []byte
	plain []byte
	err   error
	over  bool
}

func newDecryption(key string, digest document.Digest) *decryption {
	d := &decryption{in: make(chan []byte), want: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(d.done)
		r, err := document.DecryptVerified(d, key, digest)
		buf := make([]byte, 64<<10)
		for err == nil {
			var n int
			n, err = r.Read(buf)
			d.plain = append(d.plain, buf[:n]...)
		}
		if !errors.Is(err, io.EOF) {
			d.err = documentError(err)
		}
	}()
	d.wait()
	return d
}

// wait lets the goroutine work until it needs more or has ended.
func (d *decryption) wait() {
	select {
	case <-d.want:
	case <-d.done:
		d.over = true
	}
}

// Read gives the goroutine what was written.
func (d *decryption) Read(p []byte) (int, error) {
	for len(d.rest) == 0 {
		d.want <- struct{}{}
		b, more := <-d.in
		if !more {
			return 0, io.EOF
		}
		d.rest = b
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

// write gives ciphertext and returns the plaintext that it completes.
func (d *decryption) write(b []byte) ([]byte, error) {
	if d.over {
		if d.err == nil && len(b) > 0 {
			d.err = documentError(document.ErrDigest)
		}
		return nil, d.err
	}
	if len(b) == 0 {
		return nil, nil
	}
	d.in <- b
	d.wait()
	return d.take(), d.err
}

// close returns what remains, or says that the document is not the announced one.
func (d *decryption) close() ([]byte, error) {
	if !d.over {
		close(d.in)
		<-d.done
		d.over = true
	}
	return d.take(), d.err
}

func (d *decryption) take() []byte {
	plain := d.plain
	d.plain = nil
	return plain
}

func (d *decryption) give(plain []byte, err error) any {
	if err != nil {
		return refused(err)
	}
	return toJS(plain)
}

// documentError gives the code of an error of package document.
func documentError(err error) error {
	var e *rooms.Error
	if errors.As(err, &e) {
		return err
	}
	if errors.Is(err, document.ErrKey) || errors.Is(err, document.ErrWrongKey) {
		return rooms.Errorf(rooms.CodeMalformed, "%w", err)
	}
	return rooms.Errorf(rooms.CodeChanged, "%w", err)
}

func refused(err error) js.Value {
	out := js.Global().Get("Object").New()
	out.Set("error", Failure(documentError(err)))
	return out
}

func methods(of map[string]func([]js.Value) any) js.Value {
	object := js.Global().Get("Object").New()
	for name, f := range of {
		object.Set(name, js.FuncOf(func(_ js.Value, args []js.Value) any { return f(args) }))
	}
	return object
}

func given(args []js.Value) []byte {
	if len(args) == 0 || !args[0].InstanceOf(js.Global().Get("Uint8Array")) {
		return nil
	}
	return fromJS(args[0])
}

func drain(out *bytes.Buffer) js.Value {
	a := toJS(out.Bytes())
	out.Reset()
	return a
}
