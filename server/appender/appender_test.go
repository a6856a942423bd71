package appender_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/roomstest"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/appender"
	"github.com/ensemble-sante/ensemble/server/servertest"
	"github.com/ensemble-sante/ensemble/server/store"
)

// rig is an appender on a database, with a clock that the test sets.
type rig struct {
	*appender.Appender
	store *store.Store
	now   atomic.Int64 // UTC ms

	mu        sync.Mutex
	committed [][]appender.Committed
}

func newRig(t *testing.T, dsn string) *rig {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{DSN: dsn})
	require.NoError(t, err)
	r := &rig{store: s}
	r.now.Store(time.Now().UnixMilli())
	r.Appender = appender.New(appender.Config{
		Store: s, Now: func() time.Time { return time.UnixMilli(r.now.Load()) }, Logger: slog.New(slog.DiscardHandler),
		Committed: func(list []appender.Committed) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.committed = append(r.committed, list)
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { r.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done; s.Close() })
	return r
}

// creation gives a new room as its creator would send it.
func creation(t *testing.T, w *roomstest.World, u *roomstest.User) (*roomstest.Log, wire.Create) {
	t.Helper()
	id := identity.NewID()
	g := w.Genesis(id, u, rooms.Genesis{Kind: rooms.KindDossier})
	group, err := mls.NewGroup(u.Device().Client(), g.Group, rooms.GroupExtensions(), time.UnixMilli(w.Now))
	require.NoError(t, err)
	g.GroupInfo, err = group.GroupInfo(nil)
	require.NoError(t, err)
	s, err := rooms.NewStatement(rooms.StatementGenesis, u.ID, u.Device().ID(), w.Now, nil, g, id)
	require.NoError(t, err)
	payload, _, err := rooms.SignStatement(s, u.Key)
	require.NoError(t, err)
	log, err := w.OpenWith(id, payload, u.Device(), group, g)
	require.NoError(t, err)
	receipt := log.SignSeen(u, rooms.StatementReceipt, nil, log.Receipt(u))
	return log, wire.Create{Statements: [][]byte{payload, receipt}}
}

func (r *rig) create(t *testing.T, w *roomstest.World, u *roomstest.User) *roomstest.Log {
	t.Helper()
	log, c := creation(t, w, u)
	act, err := appender.Creation(c)
	require.NoError(t, err)
	places, err := r.Append(t.Context(), act)
	require.NoError(t, err)
	require.Len(t, places, 2)
	log.Entries = log.Entries[:0]
	r.mirror(t, log)
	return log
}

// mirror folds into a log what the database has of it.
func (r *rig) mirror(t *testing.T, log *roomstest.Log) {
	t.Helper()
	rows, err := r.store.Entries(t.Context(), store.EntriesParams{RoomID: log.ID[:], After: int64(len(log.Entries)), Most: 10000, Bytes: 1 << 30})
	require.NoError(t, err)
	for _, row := range rows {
		e := log.Entry(record.Kind(row.Kind), row.Payload)
		e.Envelope.Seq, e.Envelope.Time = uint64(row.Seq), row.Time
		if row.Seq == 1 {
			log.Public, err = rooms.Begin(e)
		} else {
			err = log.Public.Apply(e)
		}
		require.NoError(t, err)
		log.Entries = append(log.Entries, e)
	}
	// The stored chain is the log's.
	tx, err := r.store.BeginAppending(t.Context(), store.AppendingParams{Rooms: [][]byte{log.ID[:]}})
	require.NoError(t, err)
	tx.Rollback(t.Context())
	require.Len(t, tx.Rooms, 1)
	chain := log.Public.Place().Chain
	require.Equal(t, chain[:], tx.Rooms[0].Chain)
}

func event(log *roomstest.Log, d *roomstest.Device, text string) []byte {
	return log.SealEvent(log.Event(d, rooms.EventMessage, rooms.Message{Text: text}), d)
}

func newWorld(t *testing.T) *roomstest.World {
	w := roomstest.New(t)
	w.Now, w.Step = time.Now().UnixMilli(), 0
	return w
}

func TestABadActRefusesOnlyItself(t *testing.T) {
	r := newRig(t, servertest.Database(t))
	w := newWorld(t)
	u, stranger := w.User("Camille", "NURSE"), w.User("Stranger", "GP")
	a, b := r.create(t, w, u), r.create(t, w, u)

	type answer struct {
		i int
		appender.Result
	}
	answers := make(chan answer, 100)
	var want []rooms.Code
	submit := func(act *appender.Act, err error, code rooms.Code) {
		require.NoError(t, err)
		i := len(want)
		want = append(want, code)
		r.Submit(act, func(res appender.Result) { answers <- answer{i, res} })
	}
	for n := range 10 {
		act, err := appender.Event(a.ID, event(a, u.Device(), fmt.Sprint(n)))
		submit(act, err, "")
		act, err = appender.Event(b.ID, event(b, u.Device(), fmt.Sprint(n)))
		submit(act, err, "")
		ev := a.Event(stranger.Device(), rooms.EventMessage, rooms.Message{Text: "x"})
		act, err = appender.Event(a.ID, a.SealEvent(ev, stranger.Device()))
		submit(act, err, rooms.CodeNotMember)
		act, err = appender.Event(identity.NewID(), event(a, u.Device(), "no such room"))
		submit(act, err, rooms.CodeUnknownRoom)
		act, err = appender.Commit(a.ID, []byte("not a commit"), []byte("nor this"))
		submit(act, err, rooms.CodeBadCommit)
	}
	got := make([]appender.Result, len(want))
	for range want {
		one := <-answers
		got[one.i] = one.Result
	}
	for i, code := range want {
		require.Equal(t, code, rooms.CodeOf(got[i].Err), "act %d: %v", i, got[i].Err)
	}
	r.mirror(t, a)
	r.mirror(t, b)
	require.Len(t, a.Entries, 12)
	require.Len(t, b.Entries, 12)
}

func TestAStatementOfSeveralRoomsIsInAllOrNone(t *testing.T) {
	r := newRig(t, servertest.Database(t))
	w := newWorld(t)
	u, vidal := w.User("Camille", "NURSE"), w.User("Vidal", "GP")
	a, b := r.create(t, w, u), r.create(t, w, u)
	for _, log := range []*roomstest.Log{a, b} {
		act, err := appender.Statement(log.Sign(u, rooms.StatementReceipt, log.Receipt(vidal)))
		require.NoError(t, err)
		_, err = r.Append(t.Context(), act)
		require.NoError(t, err)
		r.mirror(t, log)
	}
	withdrawal := func(also ...rooms.ID) []byte {
		return a.SignSeen(u, rooms.StatementWithdrawal, nil, rooms.Withdrawal{Participant: vidal.ID}, also...)
	}
	// One of its rooms does not exist: nothing happens in the other.
	act, err := appender.Statement(withdrawal(identity.NewID()))
	require.NoError(t, err)
	_, err = r.Append(t.Context(), act)
	require.Equal(t, rooms.CodeUnknownRoom, rooms.CodeOf(err))
	r.mirror(t, a)
	require.Len(t, a.Entries, 3)

	payload := withdrawal(b.ID)
	act, err = appender.Statement(payload)
	require.NoError(t, err)
	first, err := r.Append(t.Context(), act)
	require.NoError(t, err)
	require.Len(t, first, 2)
	act, err = appender.Statement(payload)
	require.NoError(t, err)
	again, err := r.Append(t.Context(), act)
	require.NoError(t, err)
	require.Equal(t, first, again)
	for _, log := range []*roomstest.Log{a, b} {
		r.mirror(t, log)
		require.Len(t, log.Entries, 4)
		require.Equal(t, payload, log.Entries[3].Payload)
		require.Error(t, log.Public.MayDeliver(vidal.ID, w.Now))
	}
	// A second withdrawal has nothing to end; it is refused in both.
	act, err = appender.Statement(withdrawal(b.ID))
	require.NoError(t, err)
	if _, err := r.Append(t.Context(), act); err != nil {
		r.mirror(t, a)
		require.Len(t, a.Entries, 4)
	}
}

func TestARoomIsMadeOnceAndWhole(t *testing.T) {
	r := newRig(t, servertest.Database(t))
	w := newWorld(t)
	u := w.User("Camille", "NURSE")
	log, c := creation(t, w, u)
	bad := c
	bad.Statements = [][]byte{c.Statements[0], log.SignSeen(u, rooms.StatementReceipt, nil, rooms.Receipt{Participant: u.Party(), Room: log.ID, Number: 7, HistoryFrom: 1})}
	act, err := appender.Creation(bad)
	require.NoError(t, err)
	_, err = r.Append(t.Context(), act)
	require.Error(t, err)
	_, err = r.View(t.Context(), log.ID)
	require.Equal(t, rooms.CodeUnknownRoom, rooms.CodeOf(err), "a part of it is there")

	var wg sync.WaitGroup // sent by two at once
	for range 2 {
		wg.Go(func() {
			act, err := appender.Creation(c)
			if err == nil {
				_, err = r.Append(t.Context(), act)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	log.Entries = log.Entries[:0]
	r.mirror(t, log)
	require.Len(t, log.Entries, 2)
	other := c
	other.Statements = c.Statements[:1]
	act, err = appender.Creation(other)
	require.NoError(t, err)
	places, err := r.Append(t.Context(), act) // its genesis is there: the same answer
	require.NoError(t, err)
	require.EqualValues(t, 1, places[0].Seq)
	_, c2 := creation(t, w, u)
	_, err = appender.Creation(wire.Create{Statements: [][]byte{c.Statements[0], c2.Statements[0]}})
	require.Equal(t, rooms.CodeMalformed, rooms.CodeOf(err), "two geneses")
}

func TestServerTimeNeverGoesBack(t *testing.T) {
	r := newRig(t, servertest.Database(t))
	w := newWorld(t)
	u := w.User("Camille", "NURSE")
	log := r.create(t, w, u)
	var last int64
	for i, jump := range []int64{0, 5000, -60000, 1, 120000} {
		r.now.Add(jump)
		act, err := appender.Event(log.ID, event(log, u.Device(), fmt.Sprint(i)))
		require.NoError(t, err)
		places, err := r.Append(t.Context(), act)
		require.NoError(t, err)
		require.GreaterOrEqual(t, places[0].Time, last)
		last = places[0].Time
	}
	r.mirror(t, log)
}

func TestAStateReadFromTheDatabaseIsTheOneThatWasFolded(t *testing.T) {
	dsn := servertest.Database(t)
	r := newRig(t, dsn)
	w := newWorld(t)
	u := w.User("Camille", "NURSE")
	log := r.create(t, w, u)
	for n := range 150 { // several snapshots and what comes after
		var act *appender.Act
		var err error
		if n%10 == 3 {
			act, err = appender.Statement(log.Sign(u, rooms.StatementReceipt, log.Receipt(w.User("Member", "GP"))))
		} else {
			act, err = appender.Event(log.ID, event(log, u.Device(), fmt.Sprint(n)))
		}
		require.NoError(t, err)
		_, err = r.Append(t.Context(), act)
		require.NoError(t, err)
	}
	r.mirror(t, log)
	want, err := log.Public.MarshalBinary()
	require.NoError(t, err)
	for name, one := range map[string]*rig{"the one that wrote": r, "another node": newRig(t, dsn)} {
		view, err := one.Refresh(t.Context(), log.ID)
		require.NoError(t, err)
		if one == r { // its view changes with statements only
			continue
		}
		got, err := view.MarshalBinary()
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
	// Both go on from there, in turn.
	other := newRig(t, dsn)
	for n := range 6 {
		act, err := appender.Event(log.ID, event(log, u.Device(), fmt.Sprint("turn ", n)))
		require.NoError(t, err)
		places, err := []*rig{r, other}[n%2].Append(t.Context(), act)
		require.NoError(t, err)
		require.EqualValues(t, 153+n, places[0].Seq)
	}
	r.mirror(t, log)
}

func TestManyWritersOnTwoNodesMakeOneLog(t *testing.T) {
	dsn := servertest.Database(t)
	nodes := []*rig{newRig(t, dsn), newRig(t, dsn)}
	w := newWorld(t)
	u := w.User("Camille", "NURSE")
	logs := []*roomstest.Log{nodes[0].create(t, w, u), nodes[0].create(t, w, u), nodes[0].create(t, w, u)}
	const writers, each = 6, 20
	payloads := make([][][]byte, writers)
	for i := range payloads {
		for n := range each {
			payloads[i] = append(payloads[i], event(logs[i%len(logs)], u.Device(), fmt.Sprint(i, n)))
		}
	}
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for _, p := range payloads[i] {
				act, err := appender.Event(logs[i%len(logs)].ID, p)
				if err == nil {
					_, err = nodes[i%2].Append(context.Background(), act)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, log := range logs {
		nodes[0].mirror(t, log)
		require.Len(t, log.Entries, 2+writers/len(logs)*each)
	}
}

func FuzzActs(f *testing.F) {
	f.Add([]byte{}, byte(0))
	f.Add([]byte{0xa1, 0x01, 0x41, 0x00}, byte(1))
	f.Add([]byte("\xa3\x01\x40\x02\x40\x03\x40"), byte(2))
	f.Fuzz(func(t *testing.T, b []byte, kind byte) {
		var act *appender.Act
		var err error
		switch kind % 4 {
		case 0:
			act, err = appender.Event(rooms.ID{1}, b)
		case 1:
			act, err = appender.Commit(rooms.ID{1}, b, b)
		case 2:
			act, err = appender.Statement(b)
		default:
			act, err = appender.Creation(wire.Create{Statements: [][]byte{b}, Also: [][]byte{b}})
		}
		if (act == nil) == (err == nil) {
			t.Fatal("an act or an error")
		}
	})
}

func TestANodeReadsRoomsThatAProgramBeforeItHasKept(t *testing.T) {
	dsn := servertest.Database(t)
	w := newWorld(t)
	u := w.User("Camille", "NURSE")
	before := newRig(t, dsn)
	log := before.create(t, w, u)

	// As it was kept before a state began with its version: a CBOR map, or of another version.
	db, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close(t.Context())) }()
	for i, older := range []string{`substring(snapshot from 2)`, `'\x02'::bytea || substring(snapshot from 2)`} {
		tag, err := db.Exec(t.Context(), `UPDATE rooms SET snapshot = `+older)
		require.NoError(t, err)
		require.Equal(t, int64(1), tag.RowsAffected())
		r := newRig(t, dsn)
		act, err := appender.Event(log.ID, event(log, u.Device(), fmt.Sprint(i)))
		require.NoError(t, err)
		_, err = r.Append(t.Context(), act)
		require.NoError(t, err)
		r.mirror(t, log)
		require.Len(t, log.Entries, 3+i)
		_, err = db.Exec(t.Context(), `UPDATE rooms SET snapshot = $1`, snapshot(t, log))
		require.NoError(t, err)
	}
}

func snapshot(t *testing.T, log *roomstest.Log) []byte {
	t.Helper()
	b, err := log.Public.MarshalBinary()
	require.NoError(t, err)
	return b
}
