package appender

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/store"
)

// Config of an Appender. Store, Now and Logger are needed.
type Config struct {
	Store  *store.Store
	Now    func() time.Time
	Logger *slog.Logger
	// Committed is called after each batch that wrote something, in the order of
	// the log, after the acts have been acknowledged. It must not block.
	Committed func([]Committed)
	// Check judges a commit, or the leaf with which a genesis begins, by what its log
	// cannot say: whether a device has been revoked. It reads within the batch's
	// transaction. Nil accepts everything.
	Check      func(context.Context, *store.Queries, rooms.Commit) error
	Registerer prometheus.Registerer
}

// Committed is what a batch appended to one room.
type Committed struct {
	Room    rooms.ID
	Entries []wire.Entry
	// View is the room's state after them if it has changed by more than events;
	// else nil.
	View *rooms.Public
	// Changed are the users who were let in or out.
	Changed []rooms.ID
}

// Result answers an act. Err is a rooms.Error where the act was judged; At is
// where its first room stands then.
type Result struct {
	Places []wire.PlacedIn
	At     *wire.Place
	Err    error
}

// Limits of a batch and of what waits for the next.
const (
	maxBatchActs  = 512
	maxBatchBytes = 8 << 20
	maxWaiting    = 8192
	batchTime     = 15 * time.Second
	gather        = 10 * time.Millisecond // between the beginnings of two batches
	maxStates     = 4096                  // kept between batches
)

// An Appender appends to rooms.
type Appender struct {
	store     *store.Store
	now       func() time.Time
	log       *slog.Logger
	committed func([]Committed)
	check     func(context.Context, *store.Queries, rooms.Commit) error

	mu      sync.Mutex
	waiting []waiting
	wake    chan struct{}
	closed  bool

	statesMu sync.Mutex
	states   map[rooms.ID]*state

	batches  prometheus.Histogram
	appended prometheus.Counter
	refused  prometheus.Counter
	took     prometheus.Histogram
}

type waiting struct {
	act  *Act
	done func(Result)
}

// New makes an appender; Run does its work.
func New(c Config) *Appender {
	a := &Appender{
		store: c.Store, now: c.Now, log: c.Logger, committed: c.Committed, check: c.Check,
		wake:   make(chan struct{}, 1),
		states: make(map[rooms.ID]*state),
		batches: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "ensemble_append_batch_acts", Help: "Acts in one transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 10)}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "ensemble_append_seconds", Help: "Time of one transaction that appends.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}),
		appended: prometheus.NewCounter(prometheus.CounterOpts{Name: "ensemble_entries_total", Help: "Entries appended."}),
		refused:  prometheus.NewCounter(prometheus.CounterOpts{Name: "ensemble_acts_refused_total", Help: "Acts that the rules refused."}),
	}
	if a.committed == nil {
		a.committed = func([]Committed) {}
	}
	if a.check == nil {
		a.check = func(context.Context, *store.Queries, rooms.Commit) error { return nil }
	}
	if c.Registerer != nil {
		c.Registerer.MustRegister(a.batches, a.took, a.appended, a.refused)
	}
	return a
}

var errStopped = rooms.Errorf(rooms.CodeUnavailable, "the server is stopping")

// Submit hands in an act. Done is called once, from the appender's goroutine
// (or at once, if nothing can be taken), and must not block.
func (a *Appender) Submit(act *Act, done func(Result)) {
	a.mu.Lock()
	switch {
	case a.closed:
		a.mu.Unlock()
		done(Result{Err: errStopped})
		return
	case len(a.waiting) >= maxWaiting:
		a.mu.Unlock()
		done(Result{Err: rooms.Errorf(rooms.CodeUnavailable, "too much is waiting to be written")})
		return
	}
	a.waiting = append(a.waiting, waiting{act, done})
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// Append hands in an act and waits for its answer.
func (a *Appender) Append(ctx context.Context, act *Act) ([]wire.PlacedIn, error) {
	answer := make(chan Result, 1)
	a.Submit(act, func(r Result) { answer <- r })
	select {
	case r := <-answer:
		return r.Places, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Run appends until ctx ends; acts that are still waiting are refused.
func (a *Appender) Run(ctx context.Context) {
	var begun time.Time // the last batch
	for {
		select {
		case <-ctx.Done():
			a.mu.Lock()
			a.closed = true
			left := a.waiting
			a.waiting = nil
			a.mu.Unlock()
			for _, w := range left {
				w.done(Result{Err: errStopped})
			}
			return
		case <-a.wake:
		}
		for {
			// When much is written, it is gathered for a moment: half the batches
			// of twice the size. What comes after a pause is written at once.
			if wait := gather - time.Since(begun); wait > 0 && !begun.IsZero() {
				time.Sleep(wait)
			}
			acts := a.take()
			if len(acts) == 0 {
				break
			}
			begun = time.Now()
			a.batch(ctx, acts)
		}
	}
}

// take gives what waits, as much as a batch may hold.
func (a *Appender) take() []waiting {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, bytes := 0, 0
	for n < len(a.waiting) && n < maxBatchActs && bytes < maxBatchBytes {
		bytes += a.waiting[n].act.size()
		n++
	}
	taken := a.waiting[:n:n]
	a.waiting = a.waiting[n:]
	if len(a.waiting) == 0 {
		a.waiting = nil
	}
	return taken
}

// batch writes acts in one transaction and answers them.
func (a *Appender) batch(ctx context.Context, acts []waiting) {
	// A batch that was begun is finished, even when the server stops.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), batchTime)
	defer cancel()
	begun := time.Now()
	b := newBatch(a, acts)
	committed, err := b.run(ctx)
	a.batches.Observe(float64(len(acts)))
	a.took.Observe(time.Since(begun).Seconds())
	if err != nil && len(acts) > 1 && !store.Away(err) && ctx.Err() == nil {
		// The database refused something that the rules let pass: find out which.
		for i := range acts {
			a.batch(ctx, acts[i:i+1])
		}
		return
	}
	if err != nil {
		a.log.Error("appending", "acts", len(acts), "error", err)
		failure := rooms.Errorf(rooms.CodeUnavailable, "the entries could not be written; try again")
		for _, w := range acts {
			w.done(Result{Err: failure})
		}
		return
	}
	for i, w := range acts {
		if b.results[i].Err != nil {
			a.refused.Inc()
		}
		w.done(b.results[i])
	}
	for _, c := range committed {
		a.appended.Add(float64(len(c.Entries)))
	}
	if len(committed) > 0 {
		a.committed(committed)
	}
}

// errUnknownRoom is the judgement on acts in rooms that do not exist.
var errUnknownRoom = rooms.Errorf(rooms.CodeUnknownRoom, "no such room")

// state gives the kept state of a room, made if need be.
func (a *Appender) state(room rooms.ID) *state {
	a.statesMu.Lock()
	defer a.statesMu.Unlock()
	s := a.states[room]
	if s == nil {
		if len(a.states) >= maxStates {
			a.evict()
		}
		s = &state{room: room}
		a.states[room] = s
	}
	s.used.Store(a.now().UnixMilli())
	return s
}

// evict drops the states that were not asked for in the last ten minutes, or
// all that nobody holds if there are none. The caller holds statesMu.
func (a *Appender) evict() {
	before := a.now().Add(-10 * time.Minute).UnixMilli()
	for range 2 {
		for room, s := range a.states {
			if s.used.Load() < before && s.mu.TryLock() {
				s.forget()
				delete(a.states, room)
				s.mu.Unlock()
			}
		}
		if len(a.states) < maxStates*3/4 {
			return
		}
		before = a.now().UnixMilli()
	}
}

// Known lists the rooms whose states are kept.
func (a *Appender) Known() []rooms.ID {
	a.statesMu.Lock()
	defer a.statesMu.Unlock()
	list := make([]rooms.ID, 0, len(a.states))
	for room := range a.states {
		list = append(list, room)
	}
	return list
}

// View gives the state of a room as this node knows it, for reading only. Entries
// that other nodes appended a moment ago may be missing: see Refresh. It fails
// with code unknown_room.
func (a *Appender) View(ctx context.Context, room rooms.ID) (*rooms.Public, error) {
	s := a.state(room)
	if v := s.view.Load(); v != nil {
		return v, nil
	}
	return a.Refresh(ctx, room)
}

// Refresh gives the state of a room as it is in the database now.
func (a *Appender) Refresh(ctx context.Context, room rooms.ID) (*rooms.Public, error) {
	seq, err := a.store.RoomSeq(ctx, room[:])
	if errors.Is(err, store.ErrNotFound) {
		a.drop(room)
		return nil, errUnknownRoom
	}
	if err != nil {
		return nil, err
	}
	return a.UpTo(ctx, room, uint64(seq)) //nolint:gosec // written as such
}

// UpTo gives the state of a room that includes entry seq.
func (a *Appender) UpTo(ctx context.Context, room rooms.ID, seq uint64) (*rooms.Public, error) {
	s := a.state(room)
	if v := s.view.Load(); v != nil && s.seen.Load() >= seq {
		return v, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.view.Load(); v != nil && s.seen.Load() >= seq {
		return v, nil
	}
	changed, err := s.catchUp(ctx, a.store.Queries, seq)
	if err != nil {
		return nil, err
	}
	if changed {
		s.open = openTo(s.work)
	}
	s.publish(changed)
	return s.view.Load(), nil
}

// Seen is up to which entry the state of a room is known here; 0 if it is not.
func (a *Appender) Seen(room rooms.ID) uint64 {
	a.statesMu.Lock()
	s := a.states[room]
	a.statesMu.Unlock()
	if s == nil {
		return 0
	}
	return s.seen.Load()
}

// drop forgets a state that turned out to be of no room.
func (a *Appender) drop(room rooms.ID) {
	a.statesMu.Lock()
	defer a.statesMu.Unlock()
	if s := a.states[room]; s != nil && s.view.Load() == nil && s.mu.TryLock() {
		delete(a.states, room)
		s.mu.Unlock()
	}
}

// Invalidate says that a room has entries that its state here does not have: the
// next View reads them.
func (a *Appender) Invalidate(room rooms.ID) {
	a.statesMu.Lock()
	s := a.states[room]
	a.statesMu.Unlock()
	if s != nil {
		s.view.Store(nil)
	}
}
