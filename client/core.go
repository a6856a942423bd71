package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// ErrNoSession reports that the server knows no session for our cookie: the
// core opens a new one with the device's key. A [Transport] wraps it when a
// connection is refused for that reason.
var ErrNoSession = errors.New("no session")

// Config is what a core runs on.
type Config struct {
	// Origin is the server's, such as "https://ensemble.example".
	Origin string
	// Transport, HTTP and Storage are the platform's.
	Transport Transport
	HTTP      Doer
	Storage   Storage
	// StorageKey seals every stored value: StorageKeySize bytes that the
	// platform guards.
	StorageKey []byte
	// Now is the clock; time.Now if nil.
	Now func() time.Time
	// Version names this build in the status and to the server.
	Version string
	// Logger gets what an operator may read: codes and ids of rooms. Nothing
	// if nil.
	Logger Logger
	// RemoveDelay is how long each further member waits before it commits a
	// Remove that those before it have not; two seconds if zero.
	RemoveDelay time.Duration
	// CivilDate gives the date (YYYY-MM-DD) of an instant in an IANA zone, "" for
	// a zone that it does not know. The Go tables if nil.
	CivilDate func(ms int64, zone string) string
	// GoneAfter is how long a device of a call may be silent before it is
	// removed; ten seconds if zero.
	GoneAfter time.Duration
}

// Logger is what a core reports to; *slog.Logger is one. Browsers have none, and
// do without package log/slog.
type Logger interface {
	Debug(message string, attributes ...any)
	Warn(message string, attributes ...any)
	Error(message string, attributes ...any)
}

type unlogged struct{}

func (unlogged) Debug(string, ...any) {}
func (unlogged) Warn(string, ...any)  {}
func (unlogged) Error(string, ...any) {}

// Core is a device's end-to-end client. Its methods are safe for concurrent
// use; they wait until [Core.Run] runs.
type Core struct {
	cfg      Config
	events   chan event
	stopped  chan struct{}
	started  sync.Once
	handlers map[string]handler
	engine   *engine

	// account is held by whoever changes one's own key chain or vault: each
	// change builds on the one before.
	account sync.Mutex
}

// event is something that happens to the engine, in its goroutine.
type event interface{ happen(e *engine) }

// New gives a core that has not started. It refuses a configuration with
// something missing.
func New(cfg Config) (*Core, error) {
	if _, _, err := splitOrigin(cfg.Origin); err != nil {
		return nil, err
	}
	if cfg.Transport == nil || cfg.HTTP == nil || cfg.Storage == nil {
		return nil, errors.New("client: transport, HTTP and storage are needed")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = unlogged{}
	}
	if cfg.RemoveDelay == 0 {
		cfg.RemoveDelay = 2 * time.Second
	}
	if cfg.GoneAfter == 0 {
		cfg.GoneAfter = 10 * time.Second
	}
	store, err := newSealedStorage(cfg.Storage, cfg.StorageKey)
	if err != nil {
		return nil, err
	}
	c := &Core{
		cfg:     cfg,
		events:  make(chan event, 256),
		stopped: make(chan struct{}),
	}
	c.engine = newEngine(c, store)
	if c.handlers, err = newHandlers(); err != nil {
		return nil, err
	}
	return c, nil
}

// Run loads what the device keeps, connects when the device has been adopted,
// and works until ctx is done. It is called once.
func (c *Core) Run(ctx context.Context) error {
	first := false
	c.started.Do(func() { first = true })
	if !first {
		return errors.New("client: Run is called once")
	}
	ctx, cancel := context.WithCancel(ctx)
	e := c.engine
	e.ctx = ctx
	var running sync.WaitGroup
	e.background = &running
	// In this order backwards: who waits for the engine hears that it is no more
	// before the engine waits for them.
	defer running.Wait()
	defer close(c.stopped)
	defer cancel()
	if err := e.load(); err != nil {
		return fmt.Errorf("client: reading this device's state: %w", err)
	}
	e.begin()
	e.settle()
	for {
		select {
		case <-ctx.Done():
			e.stop()
			return ctx.Err()
		case ev := <-c.events:
			ev.happen(e)
			for more := true; more; {
				select {
				case ev = <-c.events:
					ev.happen(e)
				default:
					more = false
				}
			}
			e.settle()
			if e.failed != nil {
				e.stop()
				return e.failed
			}
		}
	}
}

// post hands an event to the engine; false when the core has stopped.
func (c *Core) post(ev event) bool {
	select {
	case c.events <- ev:
		return true
	case <-c.stopped:
		return false
	}
}

// act is a function that runs in the engine's goroutine while its caller waits.
type act struct {
	f    func(*engine)
	done chan struct{}
}

func (a *act) happen(e *engine) {
	a.f(e)
	e.afterwards(func() { close(a.done) })
}

var errStopped = rooms.Errorf(rooms.CodeUnavailable, "the core has stopped")

// do runs f in the engine's goroutine and waits for it. It must not be called
// from there.
func (c *Core) do(ctx context.Context, f func(e *engine) error) error {
	var err error
	a := &act{func(e *engine) { err = f(e) }, make(chan struct{})}
	select {
	case c.events <- a:
	case <-c.stopped:
		return errStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-a.done:
		return err
	case <-c.stopped:
		return errStopped
	}
}

// request sends a request over the websocket and waits for its answer, decoded
// into out unless that is nil. Without a connection it fails with
// CodeUnavailable.
func (c *Core) request(ctx context.Context, op wire.Op, body, out any) error {
	answer := make(chan error, 1)
	err := c.do(ctx, func(e *engine) error {
		e.request(op, body, func(f wire.Frame, err error) {
			if err == nil && out != nil {
				err = e.codec.Body(f, out)
			}
			answer <- err
		})
		return nil
	})
	if err != nil {
		return err
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-c.stopped:
		return errStopped
	}
}

// handler decodes arguments, acts, and encodes a result.
type handler func(ctx context.Context, c *Core, args []byte) (any, error)

// Call performs a command of commands.go: JSON arguments, JSON result. Errors
// are, or wrap, a *rooms.Error.
func (c *Core) Call(ctx context.Context, method string, args []byte) ([]byte, error) {
	h, ok := c.handlers[method]
	if !ok {
		return nil, rooms.Errorf(rooms.CodeInvalid, "no command %q", method)
	}
	result, err := h(ctx, c, args)
	if err != nil {
		return nil, err
	}
	if result == nil {
		return []byte("null"), nil
	}
	return encodeJSON(result)
}

// command makes a handler of a typed function.
func command[A, R any](f func(context.Context, *Core, A) (R, error)) handler {
	return func(ctx context.Context, c *Core, args []byte) (any, error) {
		var a A
		if len(args) > 0 && string(args) != "null" {
			if err := json.Unmarshal(args, &a); err != nil {
				return nil, rooms.Errorf(rooms.CodeMalformed, "arguments: %w", err)
			}
		}
		r, err := f(ctx, c, a)
		if err != nil {
			return nil, err
		}
		return r, nil
	}
}

// plain makes a handler of a function without a result.
func plain[A any](f func(context.Context, *Core, A) error) handler {
	return command(func(ctx context.Context, c *Core, a A) (any, error) { return nil, f(ctx, c, a) })
}

type nothing struct{}
