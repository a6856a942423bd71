package server_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server"
	"github.com/ensemble-sante/ensemble/server/authz"
	"github.com/ensemble-sante/ensemble/server/blobs/folder"
	"github.com/ensemble-sante/ensemble/server/servertest"
)

// Every request that is about a room is asked of a real node by somebody who has
// nothing to do with the room and by somebody who was withdrawn from it. One that
// forgets to ask authz answers them.
func TestNoRequestForgetsToAsk(t *testing.T) {
	n := startOne(t)
	w := world(t)
	camille, vidal, son := w.User("Camille", "NURSE"), w.User("Vidal", "GP"), w.User("Son", "FAMILY")
	n.enrol(camille, vidal, son)
	c, v, s := n.dial(camille.Device()), n.dial(vidal.Device()), n.dial(son.Device())
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	r.consent(c, vidal)
	r.enter(v)
	commit := r.JoinCommit(son.Device(), r.CommitData(), nil)
	grant := r.Sign(vidal, rooms.StatementGrant, rooms.Grant{User: camille.ID, Device: camille.Device().ID()})
	payloads := map[*link]map[record.Kind][]byte{}
	for l, u := range map[*link]*struct{ event, statement []byte }{
		v: {r.message(vidal.Device(), "x"), r.Sign(vidal, rooms.StatementWithdrawal, rooms.Withdrawal{Participant: camille.ID})},
		s: {r.message(son.Device(), "x"), r.Sign(son, rooms.StatementWithdrawal, rooms.Withdrawal{Participant: camille.ID})},
	} {
		payloads[l] = map[record.Kind][]byte{record.KindEvent: u.event, record.KindStatement: u.statement, record.KindCommit: commit.Message()}
	}
	require.NoError(t, r.append(c, record.KindStatement, r.Sign(camille, rooms.StatementWithdrawal, rooms.Withdrawal{Participant: vidal.ID}), nil))

	room := r.ID
	ref := wire.RoomRef{Room: room}
	bodies := map[wire.Op]any{
		wire.OpFetch: wire.Fetch{Room: room}, wire.OpFollow: wire.Follow{Room: room}, wire.OpGroupInfo: ref,
		wire.OpCast: wire.Cast{Room: room, Payload: []byte{1}}, wire.OpCursor: wire.Cursor{Room: room, Seq: 1}, wire.OpCursors: ref,
		wire.OpAskHistory: wire.HistoryRequest{Room: room, Epochs: []uint64{0, 0}},
		wire.OpSendGrant:  wire.GrantDelivery{Room: room, User: camille.ID, Device: camille.Device().ID(), Sealed: []byte{1}, Statement: grant},
		wire.OpSignal:     wire.Signal{Call: room, Signal: []byte(`{"type":"left"}`)},
		wire.OpInvite:     wire.Invite{Session: room, Users: []rooms.ID{camille.ID}, Minutes: 1, Zone: "UTC"},
		wire.OpAccess:     ref,
	}
	asked := 0
	for op := wire.OpHello; op < wire.OpEntries; op++ {
		operation, ok := authz.OfWire(op)
		if !ok {
			continue
		}
		need, _ := authz.Rule(operation)
		if need&authz.Account != 0 || op == wire.OpAppend {
			continue
		}
		body, ok := bodies[op]
		require.True(t, ok, "no body for op %d (%s): add one", op, operation)
		asked++
		s.refused(rooms.CodeUnknownRoom, op, body)
		v.refused(rooms.CodeWithdrawn, op, body)
	}
	require.Equal(t, len(bodies), asked)
	for l, code := range map[*link]rooms.Code{s: rooms.CodeUnknownRoom, v: rooms.CodeWithdrawn} {
		for kind, payload := range payloads[l] {
			l.refused(code, wire.OpAppend, wire.Append{Room: room, Kind: kind, Payload: payload, GroupInfo: commit.GroupInfo()})
		}
		// A room in a case, by somebody without a part in it.
		_, create := creationIn(t, l, rooms.Genesis{Kind: rooms.KindThread, Case: room})
		l.refused(code, wire.OpCreate, create)
	}
	require.EqualValues(t, 5, r.Public.Place().Seq)
	var page wire.Entries
	c.must(wire.OpFetch, wire.Fetch{Room: room}, &page)
	require.EqualValues(t, 5, page.Last, "something was appended")
}

func TestManyRequestsAtATimeAreAllAnswered(t *testing.T) {
	n := startOne(t)
	w := world(t)
	camille := w.User("Camille", "NURSE")
	n.enrol(camille)
	l := n.dial(camille.Device())
	var answers []<-chan wire.Frame
	for range 600 { // more than are handled at a time
		a, err := l.send(wire.OpVault, nil)
		require.NoError(t, err)
		answers = append(answers, a)
	}
	for _, a := range answers {
		f := <-a
		require.Equal(t, wire.OpOK, f.Op)
	}
}

func TestAbandonedUploadsAreSwept(t *testing.T) {
	dsn := servertest.Database(t)
	dir := t.TempDir()
	objects, err := folder.Open(dir)
	require.NoError(t, err)
	n := start(t, dsn, nil, func(c *server.Config) { c.Blobs = objects })
	w := world(t)
	camille := w.User("Camille", "NURSE")
	n.enrol(camille)
	c := n.dial(camille.Device())
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	a := n.call("POST", "/api/documents", c.cookie, map[string]any{"room": r.ID, "ciphertext": 5}, nil)
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	uploads := func() (count int) {
		for _, err := range objects.Uploads(t.Context(), time.Now().Add(time.Hour)) {
			require.NoError(t, err)
			count++
		}
		return count
	}
	require.Equal(t, 1, uploads())
	// Two days later.
	start(t, dsn, nil, func(c *server.Config) {
		c.Blobs, c.Now = objects, func() time.Time { return time.Now().Add(49 * time.Hour) }
	})
	require.Eventually(t, func() bool {
		rows, err := n.store.AbandonedDocuments(t.Context(), time.Now().Add(time.Hour))
		return err == nil && len(rows) == 0 && uploads() == 0
	}, patience, time.Millisecond)
}
