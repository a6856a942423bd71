package client

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/ensemble-sante/ensemble/rooms"
)

// pushEvery is how long changes are gathered before views are computed again;
// those that look at all rooms wait longer.
const (
	pushEvery    = 25 * time.Millisecond
	pushAllEvery = 120 * time.Millisecond
)

// watches are the views that somebody looks at.
type watches struct {
	list      map[int]*watch
	next      int
	scheduled bool
}

// watch is one of them. It is computed again when a room changes that it read
// the last time, or when something changes that concerns all. The zero id in
// reads stands for all rooms.
type watch struct {
	build func(e *engine) (any, error)
	push  func([]byte)
	reads map[ID]bool
	dirty bool
	at    time.Time // when it was last computed
	last  []byte
}

func (w *watch) shows(id ID) bool { return w.reads[id] || w.reads[ID{}] }

// wait is how long a dirty watch still has to wait.
func (w *watch) wait(now time.Time) time.Duration {
	if !w.reads[ID{}] {
		return 0
	}
	return pushAllEvery - now.Sub(w.at)
}

// Watch pushes a view's JSON now and whenever it changes. Push is called in the
// core's goroutine: it must return at once and must not call the core.
func (c *Core) Watch(view string, params []byte, push func([]byte)) (cancel func(), err error) {
	build, err := newView(view, params)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	var id int
	err = c.do(ctx, func(e *engine) error {
		id = e.watches.next
		e.watches.next++
		e.watches.list[id] = &watch{build: build, push: push, dirty: true}
		e.schedulePush(0)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return func() {
		_ = c.do(ctx, func(e *engine) error {
			delete(e.watches.list, id)
			return nil
		})
	}, nil
}

// Live pushes live events: their JSON, and for "keys" the secret beside it. It is
// called as Watch's push is.
func (c *Core) Live(push func(json, secret []byte)) (cancel func()) {
	var id int
	ctx := context.Background()
	_ = c.do(ctx, func(e *engine) error {
		id = e.nextID
		e.nextID++
		e.live[id] = push
		e.repeatKeys(push)
		return nil
	})
	return func() {
		_ = c.do(ctx, func(e *engine) error {
			delete(e.live, id)
			return nil
		})
	}
}

// tellLive pushes a live event.
func (e *engine) tellLive(v any, secret []byte) {
	b, err := encodeJSON(v)
	if err != nil {
		e.log.Error("a live event does not encode")
		return
	}
	for _, push := range e.live {
		push(b, secret)
	}
}

// dirtyRoom notes that a room has changed: what it has to do is considered at the
// end of this turn, and views that show it are computed again.
func (e *engine) dirtyRoom(id ID) {
	e.busy[id] = true
	for _, w := range e.watches.list {
		if w.shows(id) {
			w.dirty = true
		}
	}
}

// dirtyAll notes that everything may have changed.
func (e *engine) dirtyAll() {
	for id := range e.rooms {
		e.busy[id] = true
	}
	for _, w := range e.watches.list {
		w.dirty = true
	}
}

// reads notes that the view which is being computed shows a room.
func (e *engine) reads(id ID) {
	if e.reading != nil {
		e.reading[id] = true
	}
}

// readsAll notes that the view which is being computed looks at all rooms.
func (e *engine) readsAll() { e.reads(ID{}) }

func (e *engine) pushViews() {
	if e.watches.scheduled {
		return
	}
	wait, any := pushAllEvery, false
	now := e.cfg.Now()
	for _, w := range e.watches.list {
		if w.dirty {
			wait, any = min(wait, max(w.wait(now), pushEvery)), true
		}
	}
	if any {
		e.schedulePush(wait)
	}
}

func (e *engine) schedulePush(d time.Duration) {
	if e.watches.scheduled {
		return
	}
	e.watches.scheduled = true
	e.later(d, func(e *engine) {
		e.watches.scheduled = false
		now := e.cfg.Now()
		for _, w := range e.watches.list {
			if w.dirty && w.wait(now) <= 0 {
				e.pushWatch(w)
			}
		}
	})
}

func (e *engine) pushWatch(w *watch) {
	w.dirty = false
	w.at = e.cfg.Now()
	w.reads = map[ID]bool{}
	e.reading = w.reads
	v, err := w.build(e)
	e.reading = nil
	if err != nil {
		v = viewError{viewRefusal{rooms.CodeOf(err)}}
	}
	b, err := encodeJSON(v)
	if err != nil {
		e.log.Error("a view does not encode")
		return
	}
	if !bytes.Equal(b, w.last) {
		w.last = b
		w.push(b)
	}
}

// viewError stands in the place of a view that cannot be shown.
type viewError struct {
	Error viewRefusal `json:"error"`
}

type viewRefusal struct {
	Code rooms.Code `json:"code"`
}

// viewOf makes a builder out of a typed function of parameters.
func viewOf[P any](params []byte, f func(*engine, P) (any, error)) (func(*engine) (any, error), error) {
	var p P
	if len(params) > 0 && string(params) != "null" {
		if err := json.Unmarshal(params, &p); err != nil {
			return nil, rooms.Errorf(rooms.CodeMalformed, "parameters of a view: %w", err)
		}
	}
	return func(e *engine) (any, error) { return f(e, p) }, nil
}
