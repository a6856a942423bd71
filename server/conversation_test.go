package server_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

func TestAConversationReachesThoseWhoWereLetInAndNobodyElse(t *testing.T) {
	n := startOne(t)
	w := world(t)
	camille, vidal, son := w.User("Camille", "NURSE"), w.User("Vidal", "GP"), w.User("Son", "FAMILY")
	n.enrol(camille, vidal, son)
	c, v, s := n.dial(camille.Device()), n.dial(vidal.Device()), n.dial(son.Device())

	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	v.refused(rooms.CodeUnknownRoom, wire.OpFetch, wire.Fetch{Room: r.ID})
	r.consent(c, vidal)

	// The room opens to Vidal without his asking.
	var opened wire.RoomSummary
	require.NoError(t, codec.Body(v.await(ofOp(wire.OpRoom)), &opened))
	require.Equal(t, r.ID, opened.Room)
	require.False(t, opened.Gone)

	r.follow(c)
	r.enter(v)
	page := r.follow(v)
	require.Len(t, page.Entries, 4, "genesis, two receipts, his commit")
	require.EqualValues(t, 4, page.Last)

	seq := r.say(c, "Bonjour")
	require.EqualValues(t, 5, seq)
	got := v.entry(r.ID, seq)
	require.Equal(t, r.Entries[4].Payload, got.Payload)
	require.Equal(t, record.KindEvent, got.Kind)

	// Nobody else gets anything, and cannot tell the room from one that is not.
	for op, body := range map[wire.Op]any{
		wire.OpFetch: wire.Fetch{Room: r.ID}, wire.OpFollow: wire.Follow{Room: r.ID},
		wire.OpGroupInfo: wire.RoomRef{Room: r.ID}, wire.OpCursors: wire.RoomRef{Room: r.ID},
		wire.OpCast: wire.Cast{Room: r.ID, Payload: []byte{1}}, wire.OpAccess: wire.RoomRef{Room: r.ID},
	} {
		s.refused(rooms.CodeUnknownRoom, op, body)
	}
	s.refused(rooms.CodeForgedAuthor, wire.OpAppend, wire.Append{Room: r.ID, Kind: record.KindEvent, Payload: r.message(camille.Device(), "x")})

	// What was refused is in the audit, for the collectors.
	var list wire.AccessList
	c.must(wire.OpAccess, wire.RoomRef{Room: r.ID}, &list)
	what := map[rooms.ID]map[string]bool{}
	for _, a := range list.Accesses {
		if what[a.User] == nil {
			what[a.User] = map[string]bool{}
		}
		what[a.User][a.What] = true
	}
	require.True(t, what[son.ID]["REFUSED"])
	require.True(t, what[vidal.ID]["READ"])
	require.False(t, what[son.ID]["READ"])
	v.refused(rooms.CodeNotAllowed, wire.OpAccess, wire.RoomRef{Room: r.ID})
}

func TestASecondSendingGetsTheSameAnswer(t *testing.T) {
	n := startOne(t)
	w := world(t)
	camille := w.User("Camille", "NURSE")
	n.enrol(camille)
	c := n.dial(camille.Device())
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	event := r.message(camille.Device(), "once")
	in := wire.Append{Room: r.ID, Kind: record.KindEvent, Payload: event}
	var first, again wire.Placed
	c.must(wire.OpAppend, in, &first)
	c.must(wire.OpAppend, in, &again)
	require.Equal(t, first, again)

	statement := r.Sign(camille, rooms.StatementReceipt, r.Receipt(w.User("Vidal", "GP")))
	in = wire.Append{Room: r.ID, Kind: record.KindStatement, Payload: statement}
	c.must(wire.OpAppend, in, &first)
	c.must(wire.OpAppend, in, &again)
	require.Equal(t, first, again)

	var page wire.Entries
	c.must(wire.OpFetch, wire.Fetch{Room: r.ID}, &page)
	require.Len(t, page.Entries, 4)
}

func TestAWithdrawalStopsDeliveryAtOnce(t *testing.T) {
	n := startOne(t)
	w := world(t)
	camille, vidal, yann := w.User("Camille", "NURSE"), w.User("Vidal", "GP"), w.User("Yann", "NURSE")
	n.enrol(camille, vidal, yann)
	c, v, y := n.dial(camille.Device()), n.dial(vidal.Device()), n.dial(yann.Device())
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	r.consent(c, vidal)
	r.consent(c, yann)
	r.enter(v)
	r.enter(y)
	r.follow(v)
	r.follow(y)
	r.follow(c)
	before := r.say(c, "all")
	v.entry(r.ID, before)
	y.entry(r.ID, before)

	stale := r.message(yann.Device(), "too late")
	require.NoError(t, r.append(c, record.KindStatement,
		r.Sign(camille, rooms.StatementWithdrawal, rooms.Withdrawal{Participant: vidal.ID}), nil))
	withdrawn := r.Public.Place().Seq
	y.entry(r.ID, withdrawn)

	// He is told that the room is gone, and gets nothing more of it.
	var gone wire.RoomSummary
	v.await(func(f wire.Frame) bool {
		return f.Op == wire.OpRoom && codec.Body(f, &gone) == nil && gone.Gone
	})
	v.refused(rooms.CodeWithdrawn, wire.OpFetch, wire.Fetch{Room: r.ID})
	v.refused(rooms.CodeWithdrawn, wire.OpFollow, wire.Follow{Room: r.ID})
	v.refused(rooms.CodeWithdrawn, wire.OpAppend, wire.Append{Room: r.ID, Kind: record.KindEvent, Payload: r.message(vidal.Device(), "x")})

	// Nobody writes until he has been taken out.
	y.refused(rooms.CodeRemovalPending, wire.OpAppend, wire.Append{Room: r.ID, Kind: record.KindEvent, Payload: stale})
	s, err := r.StageCommit(yann.Device(), r.CommitData(r.Public.RemovalPending(time.Now().UnixMilli())...), removals(r, vidal)...)
	require.NoError(t, err)
	require.NoError(t, r.append(y, record.KindCommit, s.Message(), s.GroupInfo()))
	require.NoError(t, r.Committed(yann.Device(), s))

	// An event of the old epoch is refused, with where the room stands.
	y.refused(rooms.CodeStaleEpoch, wire.OpAppend, wire.Append{Room: r.ID, Kind: record.KindEvent, Payload: stale})
	after := r.say(y, "without him")
	c.entry(r.ID, after)
	_, came := v.awaitFor(300*time.Millisecond, ofOp(wire.OpEntries))
	require.False(t, came, "something was delivered after the withdrawal")

	// The old receipt lets nobody in again.
	require.Error(t, r.tryEnter(v))
}

func TestACommitNeedsItsGroupInfo(t *testing.T) {
	n := startOne(t)
	w := world(t)
	camille, vidal, yann := w.User("Camille", "NURSE"), w.User("Vidal", "GP"), w.User("Yann", "NURSE")
	n.enrol(camille, vidal, yann)
	c, v, y := n.dial(camille.Device()), n.dial(vidal.Device()), n.dial(yann.Device())
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	r.consent(c, vidal)
	r.consent(c, yann)
	s := r.JoinCommit(vidal.Device(), r.CommitData(r.Ground(vidal)...), nil)
	v.refused(rooms.CodeMalformed, wire.OpAppend, wire.Append{Room: r.ID, Kind: record.KindCommit, Payload: s.Message()})
	v.refused(rooms.CodeBadCommit, wire.OpAppend, wire.Append{Room: r.ID, Kind: record.KindCommit, Payload: s.Message(), GroupInfo: r.Info})
	other := r.JoinCommit(yann.Device(), r.CommitData(r.Ground(yann)...), nil)
	v.refused(rooms.CodeBadCommit, wire.OpAppend, wire.Append{Room: r.ID, Kind: record.KindCommit, Payload: s.Message(), GroupInfo: other.GroupInfo()})
	r.enter(v)
	// Made for the epoch before.
	err := y.ask(wire.OpAppend, wire.Append{Room: r.ID, Kind: record.KindCommit, Payload: other.Message(), GroupInfo: other.GroupInfo()}, nil)
	require.Equal(t, rooms.CodeStaleEpoch, rooms.CodeOf(err), "%v", err)
	r.enter(y)
}

func TestARevokedDeviceIsSignedOut(t *testing.T) {
	n := startOne(t)
	w := world(t)
	camille := w.User("Camille", "NURSE")
	n.enrol(camille)
	c := n.dial(camille.Device())
	second := camille.NewDevice()
	entry := camille.Entries[2]
	c.must(wire.OpChainAppend, wire.ChainAppend{Entry: entry}, nil)
	c.must(wire.OpChainAppend, wire.ChainAppend{Entry: entry}, nil) // an answer that got lost
	d := n.dial(second)
	require.Equal(t, http.StatusOK, n.call("GET", "/api/session", d.cookie, nil, nil).status)

	revoke, err := camille.Chain.AppendRevoke(camille.Key, second.ID(), time.Now().UnixMilli())
	require.NoError(t, err)
	d.refused(rooms.CodeNotAllowed, wire.OpChainAppend, wire.ChainAppend{Entry: w.User("Other", "GP").Entries[0]})
	c.must(wire.OpChainAppend, wire.ChainAppend{Entry: revoke}, nil)
	select {
	case <-d.closed:
	case <-time.After(patience):
		t.Fatal("the revoked device is still connected")
	}
	a := n.call("GET", "/api/session", d.cookie, nil, nil)
	require.Equal(t, http.StatusUnauthorized, a.status)
	var got wire.Chain
	c.must(wire.OpChain, wire.ChainRef{User: camille.ID, After: 2}, &got)
	require.Equal(t, [][]byte{entry, revoke}, got.Entries)
}
