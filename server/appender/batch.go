package appender

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/store"
)

// A batch is one transaction in the making. It is used by the appender's
// goroutine and lives as long as the transaction.
type batch struct {
	a       *Appender
	acts    []waiting
	results []Result

	rooms  map[rooms.ID]*roomBatch
	order  []*roomBatch // by id
	known  map[entryKey]knownEntry
	clones map[rooms.ID]*rooms.Public // of the act being judged

	tx      *store.Appending
	revoked map[rooms.ID]bool // devices
}

// roomBatch is what a batch does to one room.
type roomBatch struct {
	*state
	exists    bool
	new       *rooms.Genesis // made by this batch
	entries   []wire.Entry
	ids       []rooms.ID
	chains    [][32]byte
	changed   bool // by more than events
	groupInfo []byte
	changes   []participation
	before    map[rooms.ID]int64
}

type entryKey struct {
	room rooms.ID
	id   rooms.ID
}

// knownEntry is an entry that is in a log already, before this batch or by it.
type knownEntry struct {
	seq     uint64
	time    int64
	kind    record.Kind
	payload []byte
}

func newBatch(a *Appender, acts []waiting) *batch {
	b := &batch{
		a: a, acts: acts, results: make([]Result, len(acts)),
		rooms: make(map[rooms.ID]*roomBatch), known: make(map[entryKey]knownEntry),
	}
	for _, w := range acts {
		for _, it := range w.act.items {
			for _, r := range it.rooms {
				if b.rooms[r] == nil {
					rb := &roomBatch{state: a.state(r)}
					b.rooms[r] = rb
					b.order = append(b.order, rb)
				}
			}
		}
	}
	slices.SortFunc(b.order, func(x, y *roomBatch) int { return x.room.Compare(y.room) })
	return b
}

// run does the whole transaction. On error nothing is known to have happened.
func (b *batch) run(ctx context.Context) (_ []Committed, err error) {
	for _, rb := range b.order { // in the order of ids, as the rows
		rb.mu.Lock()
		defer rb.mu.Unlock()
	}
	tx, err := b.begin(ctx)
	if err != nil {
		return nil, err
	}
	b.tx = tx
	defer func() {
		if err == nil {
			return
		}
		tx.Rollback(ctx)
		for _, rb := range b.order {
			if len(rb.entries) > 0 || !rb.exists {
				rb.forget() // it may be ahead of what is durable
			}
		}
	}()
	for i := range b.acts {
		b.results[i] = b.judge(ctx, b.acts[i].act)
	}
	if !b.wrote() {
		tx.Rollback(ctx)
		b.publish()
		return nil, nil
	}
	if err := b.write(tx); err != nil {
		return nil, err
	}
	if err := tx.Commit(ctx); err != nil {
		return nil, err
	}
	return b.publish(), nil
}

// begin locks the rows, finds what is known, and brings the states up.
func (b *batch) begin(ctx context.Context) (_ *store.Appending, err error) {
	var look store.AppendingParams
	asked := make(map[rooms.ID]bool)
	for _, w := range b.acts {
		if by := w.act.by; !by.IsZero() && !asked[by] {
			asked[by] = true
			look.Devices = append(look.Devices, by.Bytes())
		}
		for _, it := range w.act.items {
			for _, r := range it.rooms {
				look.Known.Rooms = append(look.Known.Rooms, r.Bytes())
				look.Known.Ids = append(look.Known.Ids, it.id.Bytes())
			}
		}
	}
	for _, rb := range b.order {
		look.Rooms = append(look.Rooms, rb.room.Bytes())
	}
	tx, err := b.a.store.BeginAppending(ctx, look)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			tx.Rollback(ctx)
		}
	}()
	b.revoked = make(map[rooms.ID]bool, len(tx.Revoked))
	for _, device := range tx.Revoked {
		b.revoked[rooms.ID(device)] = true
	}
	for _, row := range tx.Known {
		b.known[entryKey{rooms.ID(row.RoomID), rooms.ID(row.EntryID)}] = knownEntry{
			uint64(row.Seq), row.Time, record.Kind(row.Kind), row.Payload, //nolint:gosec // written as such
		}
	}
	for _, row := range tx.Rooms {
		rb := b.rooms[rooms.ID(row.RoomID)]
		rb.exists = true
		changed, err := rb.catchUp(ctx, tx.Queries, uint64(row.Seq)) //nolint:gosec // written as such
		if err != nil {
			return nil, err
		}
		at := rb.work.Place()
		if at.Seq != uint64(row.Seq) || !bytes.Equal(at.Chain[:], row.Chain) { //nolint:gosec // written as such
			rb.forget()
			return nil, fmt.Errorf("the log of a room does not lead to its chain at entry %d", row.Seq)
		}
		rb.snapshotSeq = uint64(row.SnapshotSeq) //nolint:gosec // written as such
		if changed {
			rb.open = openTo(rb.work)
			rb.changed = true
		}
		rb.before = rb.open
	}
	for _, rb := range b.order {
		if !rb.exists {
			rb.forget()
		}
	}
	return tx, nil
}

// judge decides about one act and folds it.
func (b *batch) judge(ctx context.Context, act *Act) Result {
	if b.revoked[act.by] {
		return Result{Err: errRevoked}
	}
	if r, again := b.again(act); again {
		return r
	}
	if r, ok := b.sole(ctx, act); ok {
		return r
	}
	b.clones = make(map[rooms.ID]*rooms.Public)
	var placed []placing
	for i := range act.items {
		for _, room := range act.items[i].rooms {
			p, err := b.place(ctx, act, &act.items[i], room)
			if err != nil {
				return Result{Err: err, At: b.at(room)}
			}
			placed = append(placed, p)
		}
	}
	// Nothing refused: the clones are the rooms now.
	for room, p := range b.clones {
		rb := b.rooms[room]
		rb.work = p
		if act.create == room {
			rb.exists, rb.new = true, act.genesis
			rb.groupInfo = act.genesis.GroupInfo
		}
	}
	r := Result{}
	for _, p := range placed {
		b.accept(p)
		r.Places = append(r.Places, wire.PlacedIn{Room: p.entry.Envelope.Room, Seq: p.entry.Envelope.Seq, Time: p.entry.Envelope.Time})
	}
	return r
}

// sole judges an act of one entry in one room, which needs no clone.
func (b *batch) sole(ctx context.Context, act *Act) (Result, bool) {
	if len(act.items) != 1 || len(act.items[0].rooms) != 1 || act.items[0].kind == record.KindStatement {
		return Result{}, false
	}
	it := &act.items[0]
	rb := b.rooms[it.rooms[0]]
	if !rb.exists {
		return Result{Err: errUnknownRoom}, true
	}
	e := b.entry(rb.work, it)
	var err error
	if it.kind == record.KindCommit {
		err = rb.work.ApplyCommit(e, it.groupInfo, func(c rooms.Commit) error { return b.checkCommit(ctx, act, c) })
	} else {
		err = rb.work.Apply(e)
	}
	if err != nil {
		return Result{Err: err, At: b.at(rb.room)}, true
	}
	b.accept(placing{rb, it, e, rb.work.Place().Chain})
	return Result{Places: []wire.PlacedIn{{Room: rb.room, Seq: e.Envelope.Seq, Time: e.Envelope.Time}}}, true
}

// errRevoked is the judgement on acts of devices whose session has ended.
var errRevoked = rooms.Errorf(rooms.CodeUnauthorised, "the device is revoked")

// checkCommit judges what a room's log cannot say of a commit.
func (b *batch) checkCommit(ctx context.Context, act *Act, c rooms.Commit) error {
	if !act.by.IsZero() && c.Committer.Device != act.by {
		return rooms.Errorf(rooms.CodeForgedAuthor, "the commit is another device's")
	}
	return b.a.check(ctx, b.tx.Queries, c)
}

// placing is an entry that was accepted in its place.
type placing struct {
	rb    *roomBatch
	item  *item
	entry rooms.Entry
	chain [32]byte
}

// place judges one copy of one item against a clone of its room.
func (b *batch) place(ctx context.Context, act *Act, it *item, room rooms.ID) (placing, error) {
	rb := b.rooms[room]
	p := b.clones[room]
	if p == nil && act.create == room {
		if rb.exists {
			return placing{}, rooms.Errorf(rooms.CodeConflict, "the room exists")
		}
		e := rooms.Entry{Payload: it.payload, Envelope: record.Envelope{
			Room: room, Seq: 1, Time: b.a.now().UnixMilli(), Kind: it.kind, Payload: it.hash,
		}}
		p, err := rooms.Begin(e)
		if err != nil {
			return placing{}, err
		}
		if err := b.a.check(ctx, b.tx.Queries, rooms.Commit{Leaves: p.Members()}); err != nil {
			return placing{}, err
		}
		b.clones[room] = p
		return placing{rb, it, e, p.Place().Chain}, nil
	}
	if p == nil {
		if !rb.exists {
			return placing{}, errUnknownRoom
		}
		p = rb.work.Clone()
		b.clones[room] = p
	}
	e := b.entry(p, it)
	if err := p.Apply(e); err != nil {
		return placing{}, err
	}
	if it.control != nil && it.control.Op == rooms.ControlAdmit && p.Kind() == rooms.KindCall {
		if err := b.checkAdmission(ctx, p, it.control, e.Envelope.Time); err != nil {
			return placing{}, err
		}
	}
	return placing{rb, it, e, p.Place().Chain}, nil
}

// checkAdmission judges what a call's log alone cannot say: whoever is admitted
// has to be let into its session and its item.
func (b *batch) checkAdmission(ctx context.Context, call *rooms.Public, c *rooms.Control, at int64) error {
	g := call.Genesis()
	session, err := b.look(ctx, g.Session)
	if err != nil {
		return err
	}
	item, err := b.look(ctx, g.Item)
	if err != nil {
		return err
	}
	return rooms.CheckAdmission(session, item, c.User, c.KeyHash, at)
}

// look gives the state of a room for reading: in this batch, or as it is in the
// database.
func (b *batch) look(ctx context.Context, room rooms.ID) (*rooms.Public, error) {
	if p := b.clones[room]; p != nil {
		return p, nil
	}
	if rb := b.rooms[room]; rb != nil {
		if !rb.exists {
			return nil, errUnknownRoom
		}
		return rb.work, nil
	}
	return b.a.Refresh(ctx, room)
}

func (b *batch) entry(p *rooms.Public, it *item) rooms.Entry {
	return rooms.Entry{Payload: it.payload, Envelope: record.Envelope{
		Room: p.Room(), Seq: p.Place().Seq + 1, Time: max(b.a.now().UnixMilli(), p.Time()), Kind: it.kind, Payload: it.hash,
	}}
}

// accept notes what will be written.
func (b *batch) accept(p placing) {
	e := p.entry.Envelope
	rb := p.rb
	rb.entries = append(rb.entries, wire.Entry{Seq: e.Seq, Time: e.Time, Kind: e.Kind, Payload: p.item.payload})
	rb.ids = append(rb.ids, p.item.id)
	rb.chains = append(rb.chains, p.chain)
	rb.changed = rb.changed || e.Kind != record.KindEvent
	if e.Kind == record.KindCommit {
		rb.groupInfo = p.item.groupInfo
	}
	b.known[entryKey{rb.room, p.item.id}] = knownEntry{e.Seq, e.Time, e.Kind, p.item.payload}
}

// again answers an act that is in the logs already with the same answer; and
// refuses one whose ids are there for something else.
func (b *batch) again(act *Act) (Result, bool) {
	var r Result
	copies := 0
	for i := range act.items {
		it := &act.items[i]
		for _, room := range it.rooms {
			copies++
			k, ok := b.known[entryKey{room, it.id}]
			if !ok {
				continue
			}
			if !same(k, it) {
				return Result{Err: rooms.Errorf(rooms.CodeReplay, "an entry of this id is there already"), At: b.at(room)}, true
			}
			r.Places = append(r.Places, wire.PlacedIn{Room: room, Seq: k.seq, Time: k.time})
		}
	}
	switch len(r.Places) {
	case copies:
		return r, true
	case 0:
		return r, false
	}
	return Result{Err: rooms.Errorf(rooms.CodeReplay, "a part of it is there already")}, true
}

// same says whether an item is the known entry sent again: the same bytes, or an
// event of the same device that was encrypted anew because its sender did not
// learn that it had arrived.
func same(k knownEntry, it *item) bool {
	if k.kind != it.kind {
		return false
	}
	if bytes.Equal(k.payload, it.payload) {
		return true
	}
	if k.kind != record.KindEvent {
		return false
	}
	old, err := rooms.ParseSealedEvent(k.payload)
	if err != nil {
		return false
	}
	renewed, err := rooms.ParseSealedEvent(it.payload)
	return err == nil && old.Author == renewed.Author && old.Device == renewed.Device
}

// at is where a room stands, for the client that was refused.
func (b *batch) at(room rooms.ID) *wire.Place {
	rb := b.rooms[room]
	if rb == nil || !rb.exists || rb.work == nil {
		return nil
	}
	return &wire.Place{Seq: rb.work.Place().Seq, Epoch: rb.work.Epoch()}
}

func (b *batch) wrote() bool {
	return slices.ContainsFunc(b.order, func(rb *roomBatch) bool { return len(rb.entries) > 0 })
}

// publish shows the new states and tells what was appended.
func (b *batch) publish() []Committed {
	var list []Committed
	for _, rb := range b.order {
		if !rb.exists || rb.work == nil {
			continue
		}
		rb.publish(rb.changed)
		if len(rb.entries) == 0 {
			continue
		}
		c := Committed{Room: rb.room, Entries: rb.entries}
		if rb.changed {
			c.View = rb.view.Load()
		}
		for _, ch := range rb.changes {
			c.Changed = append(c.Changed, ch.user)
		}
		list = append(list, c)
	}
	return list
}
