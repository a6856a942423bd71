package hub

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// An outbox is the net.Conn that the websocket library writes to. Every Write
// is one whole frame and never blocks: what the socket does not take is kept
// and written by drain, a goroutine that ends when nothing is left. Between
// cork and uncork frames are only kept.
type outbox struct {
	net.Conn
	raw     syscall.RawConn // nil where the socket cannot be written without blocking (TLS)
	timeout time.Duration
	drained func() // called by drain when everything has been written after a wait

	mu       sync.Mutex
	kept     *[]byte // from buffers; nil when nothing is kept
	corked   bool
	draining bool
	err      error

	// One attempt at the socket, handed to raw.Write without an allocation.
	try        func(fd uintptr) bool
	tryBytes   []byte
	tryWritten int
	tryErr     error
}

// maxKept is the most that may wait in an outbox, answers included; the
// connection is closed beyond it.
const maxKept = 32 << 20

var (
	errSlow = errors.New("the connection takes nothing")
	buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}
)

func newOutbox(conn net.Conn, timeout time.Duration, drained func()) *outbox {
	o := &outbox{Conn: conn, timeout: timeout, drained: drained}
	if tcp, ok := conn.(*net.TCPConn); ok {
		if raw, err := tcp.SyscallConn(); err == nil {
			o.raw = raw
			o.try = o.attempt
		}
	}
	return o
}

func (o *outbox) attempt(fd uintptr) bool {
	for {
		o.tryWritten, o.tryErr = syscall.Write(int(fd), o.tryBytes)
		if o.tryErr != syscall.EINTR {
			return true
		}
	}
}

// Write takes a frame. It fails only when the connection is broken.
func (o *outbox) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	rest := p
	if !o.corked && !o.draining {
		if rest = o.now(p); o.err != nil {
			return 0, o.err
		}
	}
	o.keep(rest)
	if !o.corked {
		o.startDrain()
	}
	return len(p), o.err
}

// SetWriteDeadline does nothing: writes do not block, and drain has its own.
func (o *outbox) SetWriteDeadline(time.Time) error { return nil }

// cork keeps frames until uncork.
func (o *outbox) cork() {
	o.mu.Lock()
	o.corked = true
	o.mu.Unlock()
}

// uncork writes what was kept.
func (o *outbox) uncork() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.corked = false
	if o.kept == nil || o.draining || o.err != nil {
		return
	}
	rest := o.now(*o.kept)
	if o.err != nil {
		return
	}
	if len(rest) == 0 {
		o.release()
		return
	}
	n := copy(*o.kept, rest)
	*o.kept = (*o.kept)[:n]
	o.startDrain()
}

// waiting is how many bytes the socket has not taken.
func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.kept == nil {
		return 0
	}
	return len(*o.kept)
}

// now writes what the socket takes at once and returns the rest.
func (o *outbox) now(p []byte) (rest []byte) {
	if o.raw == nil || len(p) == 0 {
		return p
	}
	o.tryBytes, o.tryWritten, o.tryErr = p, 0, nil
	err := o.raw.Write(o.try)
	o.tryBytes = nil
	if err == nil {
		err = o.tryErr
	}
	switch {
	case err == nil:
		return p[o.tryWritten:]
	case errors.Is(err, syscall.EAGAIN):
		return p
	}
	o.fail(err)
	return nil
}

func (o *outbox) keep(p []byte) {
	if len(p) == 0 {
		return
	}
	if o.kept == nil {
		o.kept = buffers.Get().(*[]byte)
	}
	if len(*o.kept)+len(p) > maxKept {
		o.fail(errSlow)
		return
	}
	*o.kept = append(*o.kept, p...)
}

func (o *outbox) fail(err error) {
	o.err = err
	_ = o.Conn.Close() // the reader notices
}

func (o *outbox) release() {
	if o.kept == nil {
		return
	}
	if cap(*o.kept) <= 64<<10 {
		*o.kept = (*o.kept)[:0]
		buffers.Put(o.kept)
	}
	o.kept = nil
}

func (o *outbox) startDrain() {
	if o.kept == nil || o.draining || o.err != nil {
		return
	}
	o.draining = true
	go o.drain()
}

// drain writes what is kept, blocking, until nothing is left.
func (o *outbox) drain() {
	o.mu.Lock()
	for o.err == nil && o.kept != nil {
		taken := o.kept
		o.kept = nil
		o.mu.Unlock()
		_ = o.Conn.SetWriteDeadline(time.Now().Add(o.timeout))
		_, err := o.Conn.Write(*taken)
		o.mu.Lock()
		if err != nil {
			o.fail(err)
		}
		if cap(*taken) <= 64<<10 {
			*taken = (*taken)[:0]
			buffers.Put(taken)
		}
	}
	o.draining = false
	failed := o.err != nil
	if failed {
		o.kept = nil
	}
	o.mu.Unlock()
	if !failed {
		o.drained()
	}
}
