package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
)

// undertaking is a command of many steps that is carried through: a case is not
// left half open because a phone closed the tab. What the command decides (ids,
// salts, records) is on disk before it acts upon it, and its events have ids that
// follow from the undertaking's own; so it can be begun again from the start,
// after a crash or a lost connection, and each step still happens once.
type undertaking struct {
	id   ID
	kept keptUndertaking

	handler handler
	wrote   map[string]uint64 // events of this run, by room and type
	began   bool              // something of it may have been placed
	running bool
	next    time.Time // not before
	heard   bool      // somebody waits for the end
	done    chan struct{}
	result  any
	err     error
}

type keptUndertaking struct {
	Method  string            `cbor:"1,keyasint"`
	Args    []byte            `cbor:"2,keyasint"`
	Begun   int64             `cbor:"3,keyasint"`
	Decided map[string][]byte `cbor:"4,keyasint,omitempty"`
	// Answer is the result that nobody was there to hear, in JSON: whoever asks
	// for the same gets it, and makes nothing a second time.
	Answer []byte `cbor:"5,keyasint,omitempty"`
}

const (
	// retryUndertaking is how long one waits whose step the server could not take.
	retryUndertaking = 2 * time.Second
	// forgetUndertaking is when one that never came to an end is given up, and an
	// answer that nobody asked for is forgotten.
	forgetUndertaking = 24 * time.Hour
)

type undertakingKey struct{}

func undertakingOf(ctx context.Context) *undertaking {
	u, _ := ctx.Value(undertakingKey{}).(*undertaking)
	return u
}

// undertaken makes a handler of one whose command is carried through. Whoever
// asks for the same again meanwhile hears how the first one ends.
func undertaken(method string, h handler) handler {
	return func(ctx context.Context, c *Core, args []byte) (any, error) {
		var u *undertaking
		err := c.do(ctx, func(e *engine) error {
			at := slices.IndexFunc(e.undertakings, func(u *undertaking) bool {
				return u.kept.Method == method && bytes.Equal(u.kept.Args, args)
			})
			if at >= 0 {
				u = e.undertakings[at]
				u.heard = true
				if u.kept.Answer != nil {
					e.endUndertaking(u)
				}
				return nil
			}
			u = &undertaking{
				id: identity.NewID(), kept: keptUndertaking{Method: method, Args: args, Begun: e.now()},
				handler: h, heard: true, done: make(chan struct{}),
			}
			e.undertakings = append(e.undertakings, u)
			e.putCBOR(keyUndertaking+u.id.String(), u.kept)
			e.afterwards(func() { e.carryThrough(u) })
			return nil
		})
		if err != nil {
			return nil, err
		}
		select {
		case <-u.done:
			return u.result, u.err
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.stopped:
			return nil, errStopped
		}
	}
}

// carryThrough runs the command beside the engine.
func (e *engine) carryThrough(u *undertaking) {
	if u.running {
		return
	}
	u.running, u.wrote = true, map[string]uint64{}
	c := e.core
	e.background.Go(func() {
		result, err := u.handler(context.WithValue(e.ctx, undertakingKey{}, u), c, u.kept.Args)
		if errors.Is(err, errStopped) || e.ctx.Err() != nil {
			return // taken up again at the next start
		}
		_ = c.do(e.ctx, func(e *engine) error { e.undertakingRan(u, result, err); return nil })
	})
}

func (e *engine) undertakingRan(u *undertaking, result any, err error) {
	if rooms.CodeOf(err) == rooms.CodeUnavailable && u.began {
		u.running, u.next = false, e.cfg.Now().Add(retryUndertaking)
		e.later(retryUndertaking, func(*engine) {})
		return
	}
	if err != nil && u.began {
		e.log.Warn("a command of many steps ended midway", "method", u.kept.Method, "code", string(rooms.CodeOf(err)))
	}
	u.result, u.err = result, err
	if !u.heard && err == nil && result != nil {
		if u.kept.Answer, err = encodeJSON(result); err == nil {
			e.putCBOR(keyUndertaking+u.id.String(), u.kept)
			return
		}
	}
	e.endUndertaking(u)
}

func (e *engine) endUndertaking(u *undertaking) {
	if u.kept.Answer != nil {
		u.result = json.RawMessage(u.kept.Answer)
	}
	e.put(keyUndertaking+u.id.String(), nil)
	e.undertakings = slices.DeleteFunc(e.undertakings, func(one *undertaking) bool { return one == u })
	e.afterwards(func() { close(u.done) })
}

// considerUndertakings takes up those that stopped midway, once this device has
// caught up with what they did.
func (e *engine) considerUndertakings() {
	if len(e.undertakings) == 0 || !e.online() || e.device.state != deviceReady {
		return
	}
	for _, r := range e.rooms {
		if r.known && r.lasting() && !r.gone && r.broken == "" && !r.caughtUp {
			return
		}
	}
	for _, u := range e.undertakings {
		if !u.running && u.kept.Answer == nil && !e.cfg.Now().Before(u.next) {
			e.carryThrough(u)
		}
	}
}

func (e *engine) loadUndertakings() error {
	pairs, err := e.store.scan(e.ctx, keyUndertaking)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		ids, err := parseIDs(strings.TrimPrefix(p.Key, keyUndertaking))
		if err != nil {
			return err
		}
		u := &undertaking{id: ids[0], began: true, done: make(chan struct{})}
		if err := decodeState(p.Value, &u.kept); err != nil {
			return err
		}
		if of, ok := undertakings()[u.kept.Method]; ok && e.now()-u.kept.Begun < forgetUndertaking.Milliseconds() {
			u.handler = of
			e.undertakings = append(e.undertakings, u)
		} else {
			e.put(p.Key, nil)
		}
	}
	return nil
}

// decided gives what an undertaking decided under a name, or has it decide now and
// writes that down. Outside of one it just decides.
func decided[T any](ctx context.Context, c *Core, name string, decide func() (T, error)) (T, error) {
	u := undertakingOf(ctx)
	if u == nil {
		return decide()
	}
	var v T
	var found bool
	if err := c.do(ctx, func(*engine) error {
		b, ok := u.kept.Decided[name]
		found = ok
		if !ok {
			return nil
		}
		return decodeState(b, &v)
	}); err != nil || found {
		return v, err
	}
	v, err := decide()
	if err != nil {
		return v, err
	}
	return v, c.do(ctx, func(e *engine) error {
		b, err := encodeState(v)
		if err != nil {
			return err
		}
		if u.kept.Decided == nil {
			u.kept.Decided = map[string][]byte{}
		}
		u.kept.Decided[name] = b
		e.putCBOR(keyUndertaking+u.id.String(), u.kept)
		return nil
	})
}

// newID is a fresh id, the same in each run of an undertaking.
func newID(ctx context.Context, c *Core, name string) (ID, error) {
	return decided(ctx, c, name, func() (ID, error) { return identity.NewID(), nil })
}

// eventID is the id of the next event of a type that an undertaking writes into a
// room, the same in each of its runs.
func (u *undertaking) eventID(room ID, eventType string) ID {
	key := room.String() + "/" + eventType
	b := append([]byte("ensemble undertaking\x00"), u.id[:]...)
	b = append(b, key...)
	b = binary.BigEndian.AppendUint64(b, u.wrote[key])
	u.wrote[key]++
	sum := sha256.Sum256(b)
	return ID(sum[:len(ID{})])
}

// begun notes that something of the running undertaking may soon be in a log.
func begun(ctx context.Context, c *Core) {
	if u := undertakingOf(ctx); u != nil {
		_ = c.do(ctx, func(*engine) error { u.began = true; return nil })
	}
}
