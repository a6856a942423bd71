package client

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// engine is the state of a core. Only the goroutine of Core.Run touches it.
//
// What happens in one turn is written in one atomic batch, then told: frames
// leave, callers hear and views are pushed only once the batch is on disk.
type engine struct {
	core       *Core
	suites     []mls.CipherSuite // that our leaves list; rooms begin on the first
	cfg        *Config
	ctx        context.Context
	background *sync.WaitGroup
	store      *sealedStorage
	codec      *wire.Codec
	log        Logger

	// This turn.
	ops     []Op
	frames  [][]byte
	waiting []func() // told after the batch
	failed  error    // storage failed: the core stops

	device   device
	account  account
	ownChain ownChain
	keyLog   keyLog
	meta     meta

	link        *link
	welcome     *wire.Welcome
	requests    map[uint64]pendingRequest
	heard       time.Time // when the server last said something
	lastRequest uint64
	clock       int64 // server time minus ours, ms

	rooms        map[ID]*room
	chains       map[ID]*chain
	outbox       outbox
	undertakings []*undertaking
	accounts     []wire.Account
	audits       map[ID]*audit
	calls        map[ID]*call // by session
	watches      watches
	reading      map[ID]bool // rooms that the view being computed shows
	busy         map[ID]bool // rooms to be considered at the end of this turn
	places       []placeWait
	live         map[int]func(json, secret []byte)
	nextID       int
}

func newEngine(c *Core, store *sealedStorage) *engine {
	e := &engine{
		core:     c,
		suites:   rooms.Suites(),
		cfg:      &c.cfg,
		store:    store,
		codec:    wire.NewCodec(),
		log:      c.cfg.Logger,
		requests: map[uint64]pendingRequest{},
		rooms:    map[ID]*room{},
		chains:   map[ID]*chain{},
		calls:    map[ID]*call{},
		live:     map[int]func(json, secret []byte){},
		busy:     map[ID]bool{},
		audits:   map[ID]*audit{},
	}
	e.watches.list = map[int]*watch{}
	return e
}

// put adds a write to this turn's batch; a nil value deletes.
func (e *engine) put(key string, value []byte) {
	e.ops = append(e.ops, Op{key, value})
}

// putCBOR adds a structure to this turn's batch.
func (e *engine) putCBOR(key string, v any) {
	b, err := encodeState(v)
	if err != nil {
		e.fail(fmt.Errorf("client: encoding state: %w", err))
		return
	}
	e.put(key, b)
}

// afterwards calls f, in the engine's goroutine, when this turn is on disk.
func (e *engine) afterwards(f func()) { e.waiting = append(e.waiting, f) }

// fail stops the core: memory would be ahead of the disk.
func (e *engine) fail(err error) {
	if e.failed == nil {
		e.failed = err
	}
}

// settle ends a turn.
func (e *engine) settle() {
	for {
		e.work()
		e.flush()
		if e.failed != nil {
			return
		}
		frames, waiting := e.frames, e.waiting
		e.frames, e.waiting = nil, nil
		for _, f := range frames {
			e.transmit(f)
		}
		for _, f := range waiting {
			f()
		}
		if len(e.ops) == 0 && len(e.frames) == 0 && len(e.waiting) == 0 {
			break
		}
	}
	e.pushViews()
}

// flush writes this turn's batch.
func (e *engine) flush() {
	ops := e.ops
	e.ops = nil
	if len(ops) == 0 || e.failed != nil {
		return
	}
	if err := e.store.batch(context.WithoutCancel(e.ctx), ops); err != nil {
		e.fail(err)
	}
}

// later posts an event after a time, unless the core stops before.
func (e *engine) later(d time.Duration, f func(e *engine)) *time.Timer {
	return time.AfterFunc(d, func() { e.core.post(laterEvent(f)) })
}

type laterEvent func(*engine)

func (f laterEvent) happen(e *engine) { f(e) }

// spawn runs f beside the engine; Run waits for it at the end.
func (e *engine) spawn(f func(ctx context.Context)) {
	e.background.Add(1)
	go func() {
		defer e.background.Done()
		f(e.ctx)
	}()
}

// now is our clock, UTC ms.
func (e *engine) now() int64 { return e.cfg.Now().UnixMilli() }

// serverNow is what the server's clock shows, as far as we know.
func (e *engine) serverNow() int64 { return e.now() + e.clock }

// online says whether the server has welcomed us.
func (e *engine) online() bool { return e.welcome != nil }

func (e *engine) stop() {
	e.dropLink(errStopped)
	e.flush()
}

// request sends a request; answer is called in the engine's goroutine, once,
// with the reply or an error with a code. Without a connection it is called at
// once.
func (e *engine) request(op wire.Op, body any, answer func(wire.Frame, error)) {
	if e.link == nil {
		answer(wire.Frame{}, rooms.Errorf(rooms.CodeUnavailable, "not connected"))
		return
	}
	e.lastRequest++
	id := e.lastRequest
	b, err := e.codec.Encode(op, id, body)
	if err != nil {
		answer(wire.Frame{}, err)
		return
	}
	if len(b) > wire.MaxFrame {
		answer(wire.Frame{}, rooms.Errorf(rooms.CodeTooLarge, "a request of %d bytes", len(b)))
		return
	}
	e.requests[id] = pendingRequest{answer, e.cfg.Now()}
	e.frames = append(e.frames, b)
}

// pendingRequest waits for its answer.
type pendingRequest struct {
	answer func(wire.Frame, error)
	since  time.Time
}

// tell sends a request whose answer changes nothing.
func (e *engine) tell(op wire.Op, body any) {
	e.request(op, body, func(_ wire.Frame, err error) {
		if err != nil {
			e.log.Debug("request refused", "op", op, "code", rooms.CodeOf(err))
		}
	})
}
