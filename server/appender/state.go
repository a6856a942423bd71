package appender

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/server/store"
)

// A state is the folded log of one room, as far as this node knows it.
type state struct {
	room rooms.ID

	// mu is held by whoever folds: a batch from its judgement to its commit, or a
	// reader that catches up.
	mu   sync.Mutex
	work *rooms.Public // nil when it must be read from the database

	// view is a copy of work that nobody changes; seen is up to where it is known
	// to hold, which goes further with events.
	view atomic.Pointer[rooms.Public]
	seen atomic.Uint64

	snapshotSeq uint64             // of the snapshot in the database
	open        map[rooms.ID]int64 // users to whom entries are delivered, with the end of their receipt
	used        atomic.Int64       // when the state was last asked for, UTC ms
}

// pageSize and pageBytes bound the entries that are read at a time to bring a
// state up.
const (
	pageSize  = 512
	pageBytes = 4 << 20
)

// catchUp brings work to entry seq, from the snapshot if there is nothing yet.
// The caller holds mu. What other programs have accepted and this one does not
// is passed over, as every client does.
func (s *state) catchUp(ctx context.Context, q *store.Queries, seq uint64) (changed bool, err error) {
	if s.work == nil {
		snapshot, err := q.Snapshot(ctx, s.room[:])
		if err != nil {
			return false, fmt.Errorf("reading the state of a room: %w", err)
		}
		s.work, err = rooms.UnmarshalPublic(snapshot)
		if errors.Is(err, &rooms.Error{Code: rooms.CodeUnknown}) { // of another fold version
			s.work, err = s.begin(ctx, q)
		}
		if err != nil {
			s.work = nil
			return false, rooms.Errorf(rooms.CodeInternal, "reading the state of a room: %w", err) // ours, whatever is wrong with it
		}
		s.open = openTo(s.work)
		changed = true
	}
	for s.work.Place().Seq < seq {
		rows, err := q.Entries(ctx, store.EntriesParams{RoomID: s.room[:], After: int64(s.work.Place().Seq), Most: pageSize, Bytes: pageBytes}) //nolint:gosec // counts entries
		if err != nil {
			return changed, fmt.Errorf("reading a room's log: %w", err)
		}
		if len(rows) == 0 {
			return changed, fmt.Errorf("reading a room's log: it ends at %d, before %d", s.work.Place().Seq, seq)
		}
		for _, row := range rows {
			e := entryOf(s.room, row)
			if err := s.work.Apply(e); err != nil {
				if err := s.work.Refuse(e); err != nil {
					s.work = nil
					return changed, rooms.Errorf(rooms.CodeInternal, "folding a room's log: %w", err)
				}
			}
			changed = changed || e.Envelope.Kind != record.KindEvent
		}
	}
	return changed, nil
}

func (s *state) begin(ctx context.Context, q *store.Queries) (*rooms.Public, error) {
	rows, err := q.Entries(ctx, store.EntriesParams{RoomID: s.room[:], Most: 1, Bytes: 1})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, errors.New("a room without a genesis")
	}
	return rooms.Begin(entryOf(s.room, rows[0]))
}

func entryOf(room rooms.ID, row store.EntriesRow) rooms.Entry {
	return rooms.Entry{
		Envelope: record.Envelope{
			Room: room, Seq: uint64(row.Seq), Time: row.Time, Kind: record.Kind(row.Kind), Payload: sha256.Sum256(row.Payload), //nolint:gosec // written as such
		},
		Payload: row.Payload,
	}
}

// publish makes work the view. The caller holds mu.
func (s *state) publish(changed bool) {
	if changed || s.view.Load() == nil {
		s.view.Store(s.work.Clone())
	}
	s.seen.Store(s.work.Place().Seq)
}

// forget drops work, which may be ahead of the database. The caller holds mu.
func (s *state) forget() { s.work = nil }

// openTo lists the users to whom a room's entries are delivered at its newest
// time, with the end of their receipts (0 for none).
func openTo(p *rooms.Public) map[rooms.ID]int64 {
	open := make(map[rooms.ID]int64)
	at := p.Time()
	add := func(user rooms.ID) {
		if _, ok := open[user]; ok || user.IsZero() || p.MayDeliver(user, at) != nil {
			return
		}
		c, _ := p.Consent(user)
		open[user] = c.Expires
	}
	for _, c := range p.Consents() {
		add(c.Party.User)
	}
	if person, ok := p.Person(); ok {
		add(person.User)
	}
	add(p.Genesis().Creator.User)
	return open
}

// changes compares who was let in with who is, and gives the rows to write.
func changes(before, after map[rooms.ID]int64) (list []participation) {
	for user, expires := range after {
		if was, ok := before[user]; !ok || was != expires {
			list = append(list, participation{user: user, open: true, expires: expires})
		}
	}
	for user, expires := range before {
		if _, ok := after[user]; !ok {
			list = append(list, participation{user: user, expires: expires})
		}
	}
	return list
}

type participation struct {
	user    rooms.ID
	open    bool
	expires int64
}
