package feed

import (
	"context"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/appender"
	"github.com/ensemble-sante/ensemble/server/hub"
)

// Committed hands on what this node has appended. It is the appender's callback.
func (f *Feed) Committed(list []appender.Committed) {
	for _, c := range list {
		if r := f.find(c.Room); r != nil {
			f.hand(r, c.Entries, c.View)
		}
		if c.View != nil {
			f.changed(c.Room)
		}
		if len(c.Changed) > 0 {
			f.tell(c.Changed)
		}
		f.wake(topicRooms+c.Room.String(), c.Entries[len(c.Entries)-1].Seq)
	}
}

// hand gives entries to a room's followers, if they continue what these have.
// View is the state after them if it has changed; nil if not.
func (f *Feed) hand(r *room, entries []wire.Entry, view *rooms.Public) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := entries[len(entries)-1].Seq
	if r.last == 0 || last <= r.last { // nobody has been answered yet, or they have it
		return
	}
	if entries[0].Seq > r.last+1 {
		f.catchUp(r, last)
		return
	}
	f.handLocked(r, entries[r.last+1-entries[0].Seq:], view)
}

// handLocked is hand for entries that continue. The caller holds r.mu.
func (f *Feed) handLocked(r *room, entries []wire.Entry, view *rooms.Public) {
	now := f.Now()
	if view != nil || r.expiry != 0 && now.UnixMilli() >= r.expiry {
		f.dropWithdrawn(r, view, now)
	}
	r.last = entries[len(entries)-1].Seq
	if len(r.held) > 0 {
		entries = append(r.held, entries...)
		r.held = nil
	}
	if view == nil && now.Before(r.next) && len(entries) < maxHeld {
		r.held = entries
		if r.timer == nil {
			r.timer = time.AfterFunc(r.next.Sub(now), func() { f.release(r) })
		}
		return
	}
	f.push(r, entries, now)
}

// A busy room's events are handed on together: not more often than once for a
// fifth of a millisecond per follower, and at most holdMost later than they came.
// Whatever comes after a pause goes at once, and so does what changes who is in.
const (
	holdEach = 200 * time.Microsecond
	holdMost = 50 * time.Millisecond
	maxHeld  = 256
)

// push hands entries to the hub. The caller holds r.mu.
func (f *Feed) push(r *room, entries []wire.Entry, now time.Time) {
	r.next = now.Add(min(holdEach*time.Duration(len(r.conns)), holdMost))
	if r.timer != nil {
		r.timer.Stop()
		r.timer = nil
	}
	for len(entries) > 0 {
		n, bytes := 0, 0
		for n < len(entries) && (n == 0 || bytes < maxPageBytes) {
			bytes += len(entries[n].Payload)
			n++
		}
		if err := f.Hub.Push(r.id, entries[:n:n]); err != nil {
			f.Logger.Error("handing on entries", "error", err)
		}
		entries = entries[n:]
	}
}

// release hands on what was held.
func (f *Feed) release(r *room) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.timer = nil
	if held := r.held; len(held) > 0 {
		r.held = nil
		f.push(r, held, f.Now())
	}
}

// catchUp reads what a room's followers lack, in a goroutine of its own. The
// caller holds r.mu.
func (f *Feed) catchUp(r *room, want uint64) {
	r.want = max(r.want, want)
	if r.catching || f.ctx.Err() != nil {
		return
	}
	r.catching = true
	f.work.Go(func() {
		for f.catchUpOnce(r) {
		}
	})
}

// catchUpOnce reads and hands on one page, and tells whether there is more.
func (f *Feed) catchUpOnce(r *room) (more bool) {
	ctx, cancel := context.WithTimeout(f.ctx, 10*time.Second)
	defer cancel()
	r.mu.Lock()
	after := r.last
	r.mu.Unlock()
	entries, err := f.read(ctx, r.id, after, maxPage)
	var view *rooms.Public
	if err == nil && len(entries) > 0 && changes(entries) {
		view, err = f.Appender.UpTo(ctx, r.id, entries[len(entries)-1].Seq)
	}
	r.mu.Lock()
	if err != nil {
		f.Logger.Error("reading what other nodes have appended", "error", err)
		r.catching = false // the clock tries again
		r.mu.Unlock()
		return false
	}
	if n := len(entries); n > 0 && entries[n-1].Seq > r.last {
		f.handLocked(r, entries[r.last-after:], view)
	}
	more = len(entries) > 0 && r.want > r.last
	if !more {
		r.catching = false
	}
	r.mu.Unlock()
	if view != nil {
		f.changed(r.id)
	}
	return more
}

func changes(entries []wire.Entry) bool {
	for i := range entries {
		if entries[i].Kind != record.KindEvent {
			return true
		}
	}
	return false
}

// look compares what this node knows with the database.
func (f *Feed) look(ctx context.Context) {
	ids := f.Appender.Known()
	known := make(map[rooms.ID]bool, len(ids))
	for _, id := range ids {
		known[id] = true
	}
	for _, r := range f.followed() {
		if !known[r.id] {
			ids = append(ids, r.id)
		}
	}
	if len(ids) == 0 {
		return
	}
	list := make([][]byte, len(ids))
	for i := range ids {
		list[i] = ids[i][:]
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	rows, err := f.Store.RoomSeqs(ctx, list)
	if err != nil {
		f.Logger.Warn("looking at the database", "error", err)
		return
	}
	for _, row := range rows {
		f.heard(rooms.ID(row.RoomID), uint64(row.Seq)) //nolint:gosec // written as such
	}
}

// heard takes in that a room has entries up to seq.
func (f *Feed) heard(id rooms.ID, seq uint64) {
	if r := f.find(id); r != nil {
		r.mu.Lock()
		if r.last != 0 && seq > r.last {
			f.catchUp(r, seq)
		}
		r.mu.Unlock()
	}
	if seen := f.Appender.Seen(id); seen != 0 && seen < seq {
		f.Appender.Invalidate(id)
		f.changed(id)
	}
}

// changed tells that somebody's standing in a room may be another, there and in
// the calls that depend on it.
func (f *Feed) changed(id rooms.ID) {
	f.mu.Lock()
	calls := make([]*room, 0, len(f.calls[id]))
	for call := range f.calls[id] {
		if r := f.rooms[call]; r != nil {
			calls = append(calls, r)
		}
	}
	f.mu.Unlock()
	for _, r := range calls {
		f.work.Go(func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			f.dropWithdrawn(r, nil, f.Now())
		})
	}
	f.Changed(id)
}

// expire drops those whose receipts have ended by themselves.
func (f *Feed) expire(ctx context.Context) {
	now := f.Now()
	for _, r := range f.followed() {
		r.mu.Lock()
		due := r.expiry != 0 && now.UnixMilli() >= r.expiry
		if due {
			f.dropWithdrawn(r, nil, now)
		}
		r.mu.Unlock()
		if due {
			f.Changed(r.id)
		}
	}
	f.announceGone(ctx, now)
}

// dropWithdrawn ends the following of those who may have a room's entries no
// more; of everybody, as long as that cannot be known. View is the room's state
// if the caller has it. The caller holds r.mu.
func (f *Feed) dropWithdrawn(r *room, view *rooms.Public, now time.Time) {
	ctx, cancel := context.WithTimeout(f.ctx, 5*time.Second)
	defer cancel()
	keep, err := f.entitled(ctx, r, view, now)
	if err != nil {
		f.Logger.Error("finding who may follow a room", "error", err)
		keep = func(hub.Identity) bool { return false }
	}
	for c := range r.conns {
		if !keep(c.Identity) {
			delete(r.conns, c)
			f.left(r, c)
		}
	}
	summary := wire.RoomSummary{Room: r.id, Kind: r.kind, Gone: true}
	f.Hub.Kick(r.id, keep, func(c *hub.Conn) { c.Send(wire.OpRoom, 0, summary) })
}

// entitled tells who may have a room's entries now. The caller holds r.mu.
func (f *Feed) entitled(ctx context.Context, r *room, view *rooms.Public, now time.Time) (func(hub.Identity) bool, error) {
	views := make([]*rooms.Public, 0, 3)
	for i, id := range append([]rooms.ID{r.id}, r.deps...) {
		v := view
		if i > 0 || v == nil {
			var err error
			if v, err = f.Appender.View(ctx, id); err != nil {
				return nil, err
			}
		}
		views = append(views, v)
	}
	r.expiry = 0
	for _, v := range views {
		if e := nextExpiry(v, now); e != 0 && (r.expiry == 0 || e < r.expiry) {
			r.expiry = e
		}
	}
	at := now.UnixMilli()
	return func(who hub.Identity) bool {
		for _, v := range views {
			if v.MayDeliver(who.User, at) != nil {
				return false
			}
		}
		return true
	}, nil
}

// dependencies are the rooms into which somebody must be let, beside a call's
// own, to follow it.
func dependencies(view *rooms.Public) []rooms.ID {
	if view.Kind() != rooms.KindCall {
		return nil
	}
	g := view.Genesis()
	return []rooms.ID{g.Item, g.Session}
}

// nextExpiry is the first instant after now at which a receipt ends.
func nextExpiry(view *rooms.Public, now time.Time) (first int64) {
	at := now.UnixMilli()
	for _, c := range view.Consents() {
		if !c.Ended && c.Expires > at && (first == 0 || c.Expires < first) {
			first = c.Expires
		}
	}
	return first
}
