package feed

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/appender"
	"github.com/ensemble-sante/ensemble/server/bus"
	"github.com/ensemble-sante/ensemble/server/hub"
	"github.com/ensemble-sante/ensemble/server/store"
)

// Config of a Feed; all but Changed and Poll are needed.
type Config struct {
	Node     string // this node's name, distinct from the others'
	Store    *store.Store
	Appender *appender.Appender
	Hub      *hub.Hub
	Bus      bus.Bus
	Now      func() time.Time
	Logger   *slog.Logger
	// Changed is called when it is learnt that somebody's standing in a room may
	// have changed, on this node or another. It must not block.
	Changed func(room rooms.ID)
	// Poll is how often the database is looked at; 0 is a second and a half.
	Poll time.Duration
}

// A Feed serves the followers of one node.
type Feed struct {
	Config
	ctx    context.Context // of Run
	cancel context.CancelFunc
	work   sync.WaitGroup // goroutines that catch up

	subscriptions []bus.Subscription

	mu    sync.Mutex
	rooms map[rooms.ID]*room
	calls map[rooms.ID]map[rooms.ID]bool // item or session → followed calls that depend on it

	people    people    // who must be told that rooms have opened or closed
	elsewhere elsewhere // who is present on other nodes
	mail      mail
}

// A room is one that somebody follows on this node.
type room struct {
	id   rooms.ID
	kind rooms.Kind

	mu       sync.Mutex
	last     uint64 // the newest entry handed on; 0 while it is not known
	want     uint64 // the newest entry heard of
	catching bool
	held     []wire.Entry // handed on soon, together; the newest is last
	next     time.Time    // when more may be handed on
	timer    *time.Timer  // runs while something is held
	conns    map[*hub.Conn]bool
	deps     []rooms.ID             // rooms on which the right to follow it depends, beside itself
	expiry   int64                  // when somebody's right may end by itself, UTC ms; 0 is never
	gone     map[rooms.ID]time.Time // calls: devices of the group that nobody sees, since when
	told     map[rooms.ID]bool      // of those, the ones that were announced
}

// New makes a feed. It serves from now on; Run looks at the database.
func New(c Config) (*Feed, error) {
	f := &Feed{Config: c, rooms: make(map[rooms.ID]*room), calls: make(map[rooms.ID]map[rooms.ID]bool),
		elsewhere: elsewhere{rooms: make(map[rooms.ID]map[string]seen)}}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.people.changed = make(chan struct{}, 1)
	f.people.sent = make(map[sentKey]time.Time)
	if f.Poll == 0 {
		f.Poll = 1500 * time.Millisecond
	}
	if f.Changed == nil {
		f.Changed = func(rooms.ID) {}
	}
	if err := f.listen(); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Close ends the feed and waits for what it began.
func (f *Feed) Close() {
	for _, sub := range f.subscriptions {
		sub.Cancel()
	}
	f.cancel()
	f.work.Wait()
}

// Run looks at the database from time to time until ctx ends.
func (f *Feed) Run(ctx context.Context) {
	ticker := time.NewTicker(f.Poll)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-f.people.changed:
			f.tellPeople(ctx)
			continue
		case <-ticker.C:
		}
		f.tidy()
		f.look(ctx)
		f.tellPeople(ctx)
		f.expire(ctx)
		f.heartbeat(ctx, n)
		f.offerHistory(ctx)
		f.deliverMail(ctx)
	}
}

// Follow answers a request to follow a room: with a page of entries after
// req.After, and from then on with everything that comes after the place Last
// that the answer names. The caller has asked authz.
func (f *Feed) Follow(ctx context.Context, c *hub.Conn, id uint64, req wire.Follow, view *rooms.Public) error {
	page, err := f.Page(ctx, req)
	if err != nil {
		return err
	}
	f.mu.Lock()
	r := f.rooms[req.Room]
	if r == nil {
		r = &room{id: req.Room, kind: view.Kind(), conns: make(map[*hub.Conn]bool), deps: dependencies(view)}
		f.rooms[req.Room] = r
		for _, d := range r.deps {
			if f.calls[d] == nil {
				f.calls[d] = make(map[rooms.ID]bool)
			}
			f.calls[d][r.id] = true
		}
	}
	r.mu.Lock() // before f.mu is given back, or the room could be removed
	f.mu.Unlock()
	defer r.mu.Unlock()
	// The caller's question was answered a moment ago; whoever has been dropped
	// since must not come back.
	keep, err := f.entitled(ctx, r, nil, f.Now())
	if err != nil {
		return err
	}
	if !keep(c.Identity) {
		return rooms.Errorf(rooms.CodeNotConsented, "no receipt covers the user any more")
	}
	if r.last == 0 {
		seq, err := f.Store.RoomSeq(ctx, req.Room[:])
		if err != nil {
			return err // an empty room stays in the map until somebody follows it, or the next look
		}
		r.last = uint64(seq) //nolint:gosec // written as such
	}
	page.Last = max(page.Last, r.last)
	c.Reply(id, page)
	f.Hub.Join(req.Room, c, page.Last)
	first := !r.conns[c]
	r.conns[c] = true
	if first {
		f.arrived(r, c)
	}
	return nil
}

// maxPage bounds a page by entries; maxPageBytes is where its last entry may
// begin, so that a page fits a frame.
const (
	maxPage      = 500
	maxPageBytes = 2 << 20
)

// Page reads entries of a room. Last is the newest that there is, or a little
// less when entries are being appended now.
func (f *Feed) Page(ctx context.Context, req wire.Fetch) (wire.Entries, error) {
	limit := req.Limit
	if limit == 0 || limit > maxPage {
		limit = maxPage
	}
	seq, err := f.Store.RoomSeq(ctx, req.Room[:])
	if err != nil {
		return wire.Entries{}, err
	}
	page := wire.Entries{Room: req.Room, Last: uint64(seq)} //nolint:gosec // written as such
	if req.After >= page.Last {
		return page, nil
	}
	entries, err := f.read(ctx, req.Room, req.After, int(limit)) //nolint:gosec // bounded
	if err != nil {
		return page, err
	}
	page.Entries = entries
	if n := len(entries); n > 0 {
		page.Last = max(page.Last, entries[n-1].Seq)
	}
	return page, nil
}

func (f *Feed) read(ctx context.Context, room rooms.ID, after uint64, limit int) ([]wire.Entry, error) {
	rows, err := f.Store.Entries(ctx, store.EntriesParams{RoomID: room[:], After: int64(after), Most: int32(limit), Bytes: maxPageBytes}) //nolint:gosec // after < seq
	if err != nil {
		return nil, err
	}
	list := make([]wire.Entry, len(rows))
	for i, row := range rows {
		list[i] = wire.Entry{Seq: uint64(row.Seq), Time: row.Time, Kind: record.Kind(row.Kind), Payload: row.Payload} //nolint:gosec // written as such
	}
	return list, nil
}

// Unfollow ends what Follow began.
func (f *Feed) Unfollow(c *hub.Conn, id rooms.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := f.rooms[id]; r != nil {
		f.leave(r, c)
		f.Hub.Leave(id, c)
	}
}

// Closed forgets a connection that has ended and followed these rooms.
func (f *Feed) Closed(c *hub.Conn, followed []rooms.ID) {
	for _, id := range followed {
		f.mu.Lock()
		if r := f.rooms[id]; r != nil {
			f.leave(r, c)
		}
		f.mu.Unlock()
	}
}

// leave takes a connection out of a room. The caller holds f.mu.
func (f *Feed) leave(r *room, c *hub.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.conns[c] {
		return
	}
	delete(r.conns, c)
	f.left(r, c)
	f.removeIfUnused(r)
}

// removeIfUnused forgets a room that nobody follows. The caller holds f.mu and
// r.mu.
func (f *Feed) removeIfUnused(r *room) {
	if len(r.conns) > 0 || r.catching {
		return
	}
	delete(f.rooms, r.id)
	for _, d := range r.deps {
		delete(f.calls[d], r.id)
		if len(f.calls[d]) == 0 {
			delete(f.calls, d)
		}
	}
}

func (f *Feed) find(id rooms.ID) *room {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rooms[id]
}

// tidy forgets the rooms that lost their last follower otherwise than by leave.
func (f *Feed) tidy() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.rooms {
		r.mu.Lock()
		f.removeIfUnused(r)
		r.mu.Unlock()
	}
}

// followed lists the rooms that somebody follows here.
func (f *Feed) followed() []*room {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]*room, 0, len(f.rooms))
	for _, r := range f.rooms {
		list = append(list, r)
	}
	return list
}
