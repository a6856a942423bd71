package server_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/bus"
	"github.com/ensemble-sante/ensemble/server/bus/bustest"
	"github.com/ensemble-sante/ensemble/server/postgres"
	"github.com/ensemble-sante/ensemble/server/servertest"
)

// twoNodes are two nodes on one database and one bus, which faults may spoil.
func twoNodes(t *testing.T, faults *bustest.Faults) (a, b *node) {
	t.Helper()
	dsn, shared := servertest.Database(t), newBus(t)
	connect := func() bus.Bus {
		n, err := shared.Connect()
		require.NoError(t, err)
		t.Cleanup(func() { _ = n.Close() })
		if faults != nil {
			u := bustest.NewUnreliable(n, *faults)
			t.Cleanup(func() { _ = u.Close() })
			return u
		}
		return n
	}
	return start(t, dsn, connect(), nil), start(t, dsn, connect(), nil)
}

func TestEntriesCrossNodes(t *testing.T) {
	for name, faults := range map[string]*bustest.Faults{
		"over the bus":                         nil,
		"with a bus that loses everything":     {Drop: 1},
		"with a bus that repeats and reorders": {Duplicate: 0.5, Delay: 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) { entriesCross(t, faults) })
	}
}

func entriesCross(t *testing.T, faults *bustest.Faults) {
	na, nb := twoNodes(t, faults)
	w := world(t)
	camille, vidal, yann := w.User("Camille", "NURSE"), w.User("Vidal", "GP"), w.User("Yann", "NURSE")
	na.enrol(camille, vidal, yann)
	c, v, y := na.dial(camille.Device()), nb.dial(vidal.Device()), nb.dial(yann.Device())
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	r.consent(c, vidal)
	v.await(func(f wire.Frame) bool { // on the other node, the room opens by itself
		var s wire.RoomSummary
		return f.Op == wire.OpRoom && codec.Body(f, &s) == nil && s.Room == r.ID && !s.Gone
	})
	r.consent(c, yann)
	r.enter(v)
	r.enter(y)
	for _, l := range []*link{c, v, y} {
		r.follow(l)
	}
	// Both nodes append to the same room.
	for i := range 10 {
		from, to := c, v
		if i%2 == 1 {
			from, to = v, c
		}
		seq := r.say(from, fmt.Sprint("message ", i))
		got := to.entry(r.ID, seq)
		require.Equal(t, r.Entries[seq-1].Payload, got.Payload)
	}
	// A withdrawal on one node stops delivery on the other.
	require.NoError(t, r.append(c, record.KindStatement,
		r.Sign(camille, rooms.StatementWithdrawal, rooms.Withdrawal{Participant: yann.ID}), nil))
	withdrawn := r.Public.Place().Seq
	v.entry(r.ID, withdrawn)
	y.await(func(f wire.Frame) bool {
		var s wire.RoomSummary
		return f.Op == wire.OpRoom && codec.Body(f, &s) == nil && s.Room == r.ID && s.Gone
	})
	y.refused(rooms.CodeWithdrawn, wire.OpFetch, wire.Fetch{Room: r.ID})
	s, err := r.StageCommit(vidal.Device(), r.CommitData(r.Public.RemovalPending(time.Now().UnixMilli())...), removals(r, yann)...)
	require.NoError(t, err)
	require.NoError(t, r.append(v, record.KindCommit, s.Message(), s.GroupInfo()))
	require.NoError(t, r.Committed(vidal.Device(), s))
	c.entry(r.ID, r.say(v, "without him"))
	for _, f := range y.seen() {
		var e wire.Entries
		if f.Op == wire.OpEntries && codec.Body(f, &e) == nil {
			require.Less(t, e.Last, withdrawn, "delivered after the withdrawal")
		}
	}
}

func TestSignedOutOnEveryNode(t *testing.T) {
	na, nb := twoNodes(t, nil)
	w := world(t)
	camille := w.User("Camille", "NURSE")
	na.enrol(camille)
	l := na.dial(camille.Device())
	require.Equal(t, http.StatusNoContent, nb.call("DELETE", "/api/session", l.cookie, nil, nil).status)
	select {
	case <-l.closed:
	case <-time.After(patience):
		t.Fatal("still connected after signing out at another node")
	}
}

func TestCastsCursorsAndPresenceCrossNodes(t *testing.T) {
	na, nb := twoNodes(t, nil)
	w := world(t)
	camille, vidal := w.User("Camille", "NURSE"), w.User("Vidal", "GP")
	na.enrol(camille, vidal)
	c, v := na.dial(camille.Device()), nb.dial(vidal.Device())
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	r.consent(c, vidal)
	r.enter(v)
	r.follow(c)
	r.follow(v)
	online := func(who rooms.ID, is bool) func(wire.Frame) bool {
		return func(f wire.Frame) bool {
			var p wire.Presence
			return f.Op == wire.OpOnline && codec.Body(f, &p) == nil && p.Room == r.ID && p.User == who && p.Online == is
		}
	}
	c.await(online(vidal.ID, true))
	v.await(online(camille.ID, true))

	c.must(wire.OpCast, wire.Cast{Room: r.ID, Payload: []byte("typing")}, nil)
	var cast wire.Cast
	require.NoError(t, codec.Body(v.await(ofOp(wire.OpCasts)), &cast))
	require.Equal(t, wire.Cast{Room: r.ID, Payload: []byte("typing"), User: camille.ID, Device: camille.Device().ID()}, cast)

	v.must(wire.OpCursor, wire.Cursor{Room: r.ID, Seq: 3}, nil)
	var cursor wire.Cursor
	require.NoError(t, codec.Body(c.await(ofOp(wire.OpCursorP)), &cursor))
	require.Equal(t, wire.Cursor{Room: r.ID, Seq: 3, User: vidal.ID}, cursor)
	v.must(wire.OpCursor, wire.Cursor{Room: r.ID, Seq: 2}, nil) // never back
	v.refused(rooms.CodeInvalid, wire.OpCursor, wire.Cursor{Room: r.ID, Seq: 300})
	var all wire.Cursors
	c.must(wire.OpCursors, wire.RoomRef{Room: r.ID}, &all)
	require.Equal(t, []wire.Cursor{{Room: r.ID, Seq: 3, User: vidal.ID}}, all.Cursors)

	require.NoError(t, v.ws.Close())
	c.await(online(vidal.ID, false))
}

// PostgreSQL is stopped at once, again and again, while two members write
// through two nodes: what was acknowledged is there, once and in order.
func TestNothingAcknowledgedIsLostWhenTheDatabaseStops(t *testing.T) {
	cluster, dsn := servertest.Cluster(t)
	shared := newBus(t)
	connect := func() bus.Bus {
		b, err := shared.Connect()
		require.NoError(t, err)
		t.Cleanup(func() { _ = b.Close() })
		return b
	}
	na, nb := start(t, dsn, connect(), nil), start(t, dsn, connect(), nil)
	w := world(t)
	camille, vidal := w.User("Camille", "NURSE"), w.User("Vidal", "GP")
	na.enrol(camille, vidal)
	c, v := na.dial(camille.Device()), nb.dial(vidal.Device())
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	r.consent(c, vidal)
	r.enter(v)
	r.follow(v)

	const each = 150
	events := map[*link][][]byte{}
	for _, l := range []*link{c, v} {
		for i := range each {
			events[l] = append(events[l], r.message(l.device, fmt.Sprint(i)))
		}
	}
	type ack struct{ seq, n uint64 }
	acked := map[*link][]ack{}
	var mu sync.Mutex
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(acked[c]) + len(acked[v]) }
	var writers sync.WaitGroup
	for l, list := range events {
		writers.Go(func() {
			for i, payload := range list {
				for { // the client's outbox: the same again until it is acknowledged
					var placed wire.Placed
					err := l.ask(wire.OpAppend, wire.Append{Room: r.ID, Kind: record.KindEvent, Payload: payload}, &placed)
					if err == nil {
						mu.Lock()
						acked[l] = append(acked[l], ack{placed.Places[0].Seq, uint64(i)})
						mu.Unlock()
						break
					}
					if code := rooms.CodeOf(err); code != rooms.CodeUnavailable {
						t.Errorf("refused: %v", err)
						return
					}
					time.Sleep(10 * time.Millisecond) // as a client does before it tries again
				}
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for stop := range 3 {
		for count() < (stop+1)*2*each/4 && ctx.Err() == nil {
			time.Sleep(2 * time.Millisecond)
		}
		mode := postgres.Immediate
		if stop == 2 {
			mode = postgres.Kill
		}
		require.NoError(t, cluster.Stop(ctx, mode))
		require.NoError(t, cluster.Restart(ctx))
	}
	writers.Wait()
	require.Equal(t, 2*each, count())

	// The log is what was acknowledged, and every client has it.
	first := r.Public.Place().Seq
	var log []wire.Entry
	for {
		var page wire.Entries
		after := first + uint64(len(log))
		c.must(wire.OpFetch, wire.Fetch{Room: r.ID, After: after}, &page)
		log = append(log, page.Entries...)
		if len(page.Entries) == 0 {
			break
		}
	}
	require.Len(t, log, 2*each)
	for i, e := range log {
		require.Equal(t, first+uint64(i)+1, e.Seq)
		r.take(e) // the chain continues, nothing is there twice
	}
	for l, acks := range acked {
		for _, a := range acks {
			require.Equal(t, events[l][a.n], log[a.seq-first-1].Payload)
		}
	}
	got := v.entry(r.ID, first+2*each)
	require.Equal(t, log[2*each-1], got)
}
