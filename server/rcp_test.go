package server_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/media"
	"github.com/ensemble-sante/ensemble/media/mediatest"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/roomstest"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server"
	"github.com/ensemble-sante/ensemble/server/servertest"
)

// meeting is a session with one item, and what it takes to run a call.
type meeting struct {
	t             *testing.T
	w             *roomstest.World
	dossier       *room
	session, item *room
	call          *room
	chair         *link
}

// meet makes a session chaired by c with one item, into which others are let.
func meet(t *testing.T, w *roomstest.World, c *link, others ...*roomstest.User) *meeting {
	t.Helper()
	chair := c.device.User.Party()
	m := &meeting{t: t, w: w, chair: c}
	m.dossier = open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	m.session = open(c, w, rooms.Genesis{Kind: rooms.KindSession, Chair: &chair})
	m.item = open(c, w, rooms.Genesis{Kind: rooms.KindItem, Case: m.dossier.ID, Session: m.session.ID, Chair: &chair})
	for _, u := range others {
		m.session.consent(c, u)
		m.item.consent(c, u)
	}
	return m
}

// control appends a statement of the chair to the session and the call.
func (m *meeting) control(body rooms.Control, also ...*room) error {
	m.t.Helper()
	var ids []rooms.ID
	seen := map[rooms.ID]record.Place{m.session.ID: m.session.Public.Place()}
	for _, r := range also {
		ids = append(ids, r.ID)
		seen[r.ID] = r.Public.Place()
	}
	payload := m.session.SignSeen(m.chair.device.User, rooms.StatementControl, seen, body, ids...)
	var placed wire.Placed
	if err := m.chair.ask(wire.OpAppend, wire.Append{Room: m.session.ID, Kind: record.KindStatement, Payload: payload}, &placed); err != nil {
		return err
	}
	require.Len(m.t, placed.Places, 1+len(also))
	for _, p := range placed.Places {
		for _, r := range append(also, m.session) {
			if r.ID == p.Room {
				r.take(wire.Entry{Seq: p.Seq, Time: p.Time, Kind: record.KindStatement, Payload: payload})
			}
		}
	}
	return nil
}

// startCall opens the lobby and starts the item with a call.
func (m *meeting) startCall() {
	m.t.Helper()
	require.NoError(m.t, m.control(rooms.Control{Op: rooms.ControlOpen}))
	chair := m.chair.device.User.Party()
	m.call = open(m.chair, m.w, rooms.Genesis{
		Kind: rooms.KindCall, Case: m.dossier.ID, Session: m.session.ID, Item: m.item.ID, Chair: &chair,
	})
	require.NoError(m.t, m.control(rooms.Control{Op: rooms.ControlStartItem, Item: m.item.ID, Call: m.call.ID}, m.call))
}

func (m *meeting) admit(u *roomstest.User) error {
	return m.control(rooms.Control{Op: rooms.ControlAdmit, Item: m.item.ID, Call: m.call.ID, User: u.ID, KeyHash: u.Key.Hash()}, m.call)
}

// bot joins a link's device to the media of the call, publishing these.
func (m *meeting) bot(l *link, mediums ...media.Medium) *mediatest.Bot {
	m.t.Helper()
	call := m.call.ID
	bot := mediatest.New(l.device.ID().String(), func(s media.Signal) error {
		b, err := json.Marshal(s)
		if err != nil {
			return err
		}
		return l.ask(wire.OpSignal, wire.Signal{Call: call, Signal: b}, nil)
	}, mediatest.Options{})
	stop := make(chan struct{})
	go func() {
		for {
			f, ok := l.awaitFor(patience, func(f wire.Frame) bool { return f.Op == wire.OpSignalP })
			var in wire.Signal
			var s media.Signal
			if ok && codec.Body(f, &in) == nil && json.Unmarshal(in.Signal, &s) == nil {
				bot.Handle(s)
			}
			select {
			case <-stop:
				return
			case <-l.closed:
				return
			default:
			}
		}
	}()
	m.t.Cleanup(func() { close(stop); bot.Close() })
	require.NoError(m.t, bot.Publish(mediums...))
	return bot
}

func mediaNode(t *testing.T) *media.Node {
	t.Helper()
	n, err := media.NewNode(media.Config{Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	return n
}

func TestOnlyTheAdmittedHearTheCallAndAWithdrawalCutsAtOnce(t *testing.T) {
	dsn, shared := servertest.Database(t), newBus(t)
	node := func(m *media.Node) *node {
		b, err := shared.Connect()
		require.NoError(t, err)
		t.Cleanup(func() { _ = b.Close() })
		return start(t, dsn, b, func(c *server.Config) { c.Media = m })
	}
	forwarder := mediaNode(t)
	na, nb := node(forwarder), node(mediaNode(t))
	w := world(t)
	camille, vidal, yann, paul := w.User("Camille", "NURSE"), w.User("Vidal", "GP"), w.User("Yann", "NURSE"), w.User("Paul", "VOLUNTEER")
	na.enrol(camille, vidal, yann, paul)
	c, v, y, p := na.dial(camille.Device()), na.dial(vidal.Device()), nb.dial(yann.Device()), nb.dial(paul.Device())
	m := meet(t, w, c, vidal, yann)
	m.session.consent(c, paul) // into the session, not the item
	m.startCall()
	require.Equal(t, rooms.CodeNotConsented, rooms.CodeOf(m.admit(paul)), "nobody is admitted who is not let into the item")
	require.NoError(t, m.admit(vidal))
	require.NoError(t, m.admit(yann))

	offer := []byte(`{"type":"publish.offer","sdp":"v=0"}`)
	for l, code := range map[*link]rooms.Code{p: rooms.CodeUnknownRoom, v: rooms.CodeNotMember} {
		l.refused(code, wire.OpSignal, wire.Signal{Call: m.call.ID, Signal: offer})
	}
	m.call.enter(v)
	m.call.enter(y)
	for _, l := range []*link{c, v, y} {
		m.call.follow(l)
	}
	c.refused(rooms.CodeMalformed, wire.OpSignal, wire.Signal{Call: m.call.ID, Signal: []byte("{")})
	c.refused(rooms.CodeNotAllowed, wire.OpSignal, wire.Signal{Call: m.dossier.ID, Signal: offer})

	// Yann is at the other node than the media.
	cb, vb, yb := m.bot(c, media.Camera, media.Audio), m.bot(v, media.Camera), m.bot(y, media.Camera)
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	name := func(l *link) string { return l.device.ID().String() }
	require.NoError(t, yb.WaitFrames(ctx, name(c), media.Camera, 20))
	require.NoError(t, yb.WaitFrames(ctx, name(v), media.Camera, 20))
	require.NoError(t, cb.WaitFrames(ctx, name(y), media.Camera, 20))
	require.NoError(t, vb.WaitFrames(ctx, name(c), media.Audio, 20))

	// Yann's consent for the item is withdrawn: he is cut from the call, though
	// its own log does not say so.
	begun := time.Now()
	require.NoError(t, m.item.append(c, record.KindStatement,
		m.item.Sign(camille, rooms.StatementWithdrawal, rooms.Withdrawal{Participant: yann.ID}), nil))
	require.NoError(t, cb.Wait(ctx, func() bool {
		for _, left := range cb.Left() {
			if left == name(y) {
				return true
			}
		}
		return false
	}))
	t.Logf("cut %v after the withdrawal was asked for", time.Since(begun))
	y.refused(rooms.CodeWithdrawn, wire.OpSignal, wire.Signal{Call: m.call.ID, Signal: offer})
	y.refused(rooms.CodeWithdrawn, wire.OpFetch, wire.Fetch{Room: m.call.ID})
	require.NoError(t, cb.WaitFrames(ctx, name(v), media.Camera, 20), "the others go on")

	// The item ends, and the call with it.
	require.NoError(t, m.control(rooms.Control{Op: rooms.ControlEndItem, Item: m.item.ID}, m.call))
	require.Eventually(t, func() bool { return len(forwarder.Call(m.call.ID.String()).Peers()) == 0 }, patience, time.Millisecond)
	require.Error(t, v.ask(wire.OpSignal, wire.Signal{Call: m.call.ID, Signal: offer}, nil))
}

func TestADeviceThatIsGoneIsAnnounced(t *testing.T) {
	n := start(t, servertest.Database(t), nil, func(c *server.Config) { c.Media = mediaNode(t) })
	w := world(t)
	camille, vidal := w.User("Camille", "NURSE"), w.User("Vidal", "GP")
	n.enrol(camille, vidal)
	c, v := n.dial(camille.Device()), n.dial(vidal.Device())
	m := meet(t, w, c, vidal)
	m.startCall()
	require.NoError(t, m.admit(vidal))
	m.call.enter(v)
	m.call.follow(c)
	m.call.follow(v)
	require.NoError(t, v.ws.Close())
	begun := time.Now()
	f := c.await(func(f wire.Frame) bool {
		var s wire.Signal
		return f.Op == wire.OpSignalP && codec.Body(f, &s) == nil && strings.Contains(string(s.Signal), vidal.Device().ID().String())
	})
	var s wire.Signal
	require.NoError(t, codec.Body(f, &s))
	require.JSONEq(t, `{"type":"left","peer":"`+vidal.Device().ID().String()+`"}`, string(s.Signal))
	require.Greater(t, time.Since(begun), 9*time.Second)
}

func TestAnInvitationIsMailedOnceAndNamesNobody(t *testing.T) {
	n := startOne(t)
	w := world(t)
	camille, vidal, yann, paul := w.User("Camille", "NURSE"), w.User("Vidal", "GP"), w.User("Yann", "NURSE"), w.User("Paul", "VOLUNTEER")
	n.enrol(camille, vidal, yann, paul)
	c, v := n.dial(camille.Device()), n.dial(vidal.Device())
	m := meet(t, w, c, vidal, yann)
	starts := time.Date(2027, 1, 14, 13, 0, 0, 0, time.UTC)
	in := wire.Invite{Session: m.session.ID, Starts: starts.UnixMilli(), Zone: "Europe/Paris", Minutes: 60, Users: []rooms.ID{vidal.ID, yann.ID}}
	v.refused(rooms.CodeNotAllowed, wire.OpInvite, in)
	wrong := in
	wrong.Users = []rooms.ID{paul.ID}
	c.refused(rooms.CodeNotConsented, wire.OpInvite, wrong)
	wrong = in
	wrong.Zone = "Mars/Olympus"
	c.refused(rooms.CodeInvalid, wire.OpInvite, wrong)
	wrong = in
	wrong.Session = m.item.ID
	c.refused(rooms.CodeNotAllowed, wire.OpInvite, wrong)

	outbox := server.NewOutbox(n.store)
	list, err := outbox.List(t.Context(), 100)
	require.NoError(t, err)
	require.Empty(t, list, "what was refused has written nothing")
	c.must(wire.OpInvite, in, nil)
	c.must(wire.OpInvite, in, nil) // again: mailed once
	list, err = outbox.List(t.Context(), 100)
	require.NoError(t, err)
	require.Len(t, list, 2)
	in.Sequence, in.Starts = 1, starts.Add(time.Hour).UnixMilli()
	c.must(wire.OpInvite, in, nil)
	in.Sequence, in.Cancel = 2, true
	c.must(wire.OpInvite, in, nil)
	list, err = outbox.List(t.Context(), 100)
	require.NoError(t, err)
	require.Len(t, list, 6)
	for _, one := range list {
		calendar := strings.ReplaceAll(string(one.Calendar), "\r\n ", "") // unfolded
		all := strings.ToLower(one.Subject + one.Text + calendar)
		for _, name := range []string{"camille", "vidal", "yann", "paul", "cabinet.example"} {
			require.NotContains(t, strings.ReplaceAll(all, one.To, ""), name)
		}
		require.Contains(t, one.Text, m.session.ID.String())
	}
	due, err := outbox.Take(t.Context(), 100)
	require.NoError(t, err)
	require.Len(t, due, 6)
	again, err := outbox.Take(t.Context(), 100)
	require.NoError(t, err)
	require.Empty(t, again, "claimed")
	for _, q := range due {
		require.NoError(t, outbox.Sent(t.Context(), q.ID))
	}
}
