package server_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/media"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server"
	"github.com/ensemble-sante/ensemble/server/bus"
	"github.com/ensemble-sante/ensemble/server/bus/bustest"
	"github.com/ensemble-sante/ensemble/server/servertest"
	"github.com/ensemble-sante/ensemble/server/store"
)

// Clients of two nodes begin to follow a room at any moment while much is written
// there from both: what they fetch up to Last and what is pushed after it is the
// whole log, once and in order.
func TestFollowersMissNothingWhileMuchIsWritten(t *testing.T) {
	for name, faults := range map[string]*bustest.Faults{
		"over the bus":                 nil,
		"with a bus that loses a half": {Drop: 0.5, Seed: 7},
	} {
		t.Run(name, func(t *testing.T) { followersMissNothing(t, faults) })
	}
}

func followersMissNothing(t *testing.T, faults *bustest.Faults) {
	na, nb := twoNodes(t, faults)
	w := world(t)
	camille := w.User("Camille", "NURSE")
	na.enrol(camille)
	a, b := na.dial(camille.Device()), nb.dial(camille.Device())
	r := open(a, w, rooms.Genesis{Kind: rooms.KindDossier})
	const events = 400
	var payloads [][]byte
	for i := range events {
		payloads = append(payloads, r.message(camille.Device(), fmt.Sprint(i)))
	}
	const (
		last      = 2 + events
		followers = 10
		ahead     = 32 // events under way at once
	)
	begin := make(chan struct{}) // the next follower begins while the log grows
	var running sync.WaitGroup
	running.Go(func() { // half of them through each node, many at a time
		defer close(begin)
		var answers []<-chan wire.Frame
		taken := func(answer <-chan wire.Frame) {
			if f := <-answer; f.Op != wire.OpOK {
				t.Errorf("an event was refused: %x", f.Body)
			}
		}
		for i, p := range payloads {
			if i%(events/followers) == 0 {
				begin <- struct{}{}
			}
			answer, err := []*link{a, b}[i%2].send(wire.OpAppend, wire.Append{Room: r.ID, Kind: record.KindEvent, Payload: p})
			if err != nil {
				t.Error(err)
				return
			}
			if answers = append(answers, answer); len(answers) > ahead {
				taken(answers[0])
				answers = answers[1:]
			}
		}
		for _, answer := range answers {
			taken(answer)
		}
	})
	for i := range followers {
		<-begin
		l := []*node{na, nb}[i%2].dial(camille.Device())
		running.Go(func() {
			if err := followWhole(l, r.ID, last); err != nil {
				t.Errorf("follower %d: %v", i, err)
			}
		})
	}
	running.Wait()
}

// followWhole follows a room from its beginning to entry last.
func followWhole(l *link, room rooms.ID, last uint64) error {
	var page wire.Entries
	if err := l.ask(wire.OpFollow, wire.Follow{Room: room, Limit: 50}, &page); err != nil {
		return err
	}
	at, until := uint64(0), page.Last
	for {
		for _, e := range page.Entries {
			if e.Seq != at+1 {
				return fmt.Errorf("page: entry %d after %d", e.Seq, at)
			}
			at = e.Seq
		}
		if at >= until {
			break
		}
		if err := l.ask(wire.OpFetch, wire.Fetch{Room: room, After: at, Limit: 50}, &page); err != nil {
			return err
		}
	}
	for at < last { // what was fetched beyond Last is pushed, too
		f, ok := l.awaitFor(patience, ofOp(wire.OpEntries))
		if !ok {
			return fmt.Errorf("nothing after entry %d", at)
		}
		var e wire.Entries
		if err := codec.Body(f, &e); err != nil {
			return err
		}
		if first := e.Entries[0].Seq; first != until+1 {
			return fmt.Errorf("pushed: entry %d after %d", first, until)
		}
		until = e.Last
		at = max(at, until)
	}
	return nil
}

func TestEntriesAreDeliveredOverTLS(t *testing.T) {
	dsn := servertest.Database(t)
	n := start(t, dsn, nil, nil)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { n.server.Handler().ServeHTTP(w, r) }))
	secure.StartTLS()
	defer secure.Close()
	w := world(t)
	camille := w.User("Camille", "NURSE")
	n.enrol(camille)
	c := n.dial(camille.Device())
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	d := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}, TLSClientConfig: &tls.Config{RootCAs: secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}
	ws, res, err := d.Dial("wss"+strings.TrimPrefix(secure.URL, "https")+"/api/ws",
		http.Header{"Cookie": {c.cookie.Name + "=" + c.cookie.Value}, "Host": {strings.TrimPrefix(n.http.URL, "http://")}})
	require.NoError(t, err)
	_ = res.Body.Close()
	l := &link{t: t, device: camille.Device(), ws: ws, answers: make(map[uint64]chan wire.Frame), more: make(chan struct{}), closed: make(chan struct{})}
	go l.read()
	defer ws.Close()
	r.follow(l)
	for i := range 20 {
		seq := r.say(c, fmt.Sprint(i))
		require.Equal(t, r.Entries[seq-1].Payload, l.entry(r.ID, seq).Payload)
	}
}

func TestWhenANodeEndsAnotherForwardsTheCall(t *testing.T) {
	dsn, shared := servertest.Database(t), newBus(t)
	connect := func() bus.Bus {
		b, err := shared.Connect()
		require.NoError(t, err)
		t.Cleanup(func() { _ = b.Close() })
		return b
	}
	first, second := mediaNode(t), mediaNode(t)
	na := start(t, dsn, connect(), func(c *server.Config) { c.Media = first })
	nb := start(t, dsn, connect(), func(c *server.Config) { c.Media, c.Node = second, "second" })
	w := world(t)
	camille, vidal := w.User("Camille", "NURSE"), w.User("Vidal", "GP")
	na.enrol(camille, vidal)
	c, v := na.dial(camille.Device()), nb.dial(vidal.Device())
	m := meet(t, w, c, vidal)
	m.startCall()
	require.NoError(t, m.admit(vidal))
	m.call.enter(v)
	m.call.follow(c)
	m.call.follow(v)
	_, vb := m.bot(c, media.Camera), m.bot(v, media.Camera)
	require.NoError(t, vb.WaitFrames(t.Context(), c.device.ID().String(), media.Camera, 10))
	require.Len(t, first.Call(m.call.ID.String()).Peers(), 2)
	require.NoError(t, na.server.Close())

	// Both begin anew at the node that is left.
	require.NoError(t, v.ws.Close())
	<-v.closed
	c, v = nb.dial(camille.Device()), nb.dial(vidal.Device())
	m.call.follow(c)
	m.call.follow(v)
	require.Eventually(t, func() bool { // until the lease is found to be free
		c.must(wire.OpSignal, wire.Signal{Call: m.call.ID, Signal: []byte(`{"type":"left"}`)}, nil)
		mine, err := nb.store.RenewLeases(t.Context(), store.RenewLeasesParams{Node: "second", Calls: [][]byte{m.call.ID.Bytes()}, Seconds: 6})
		return err == nil && len(mine) == 1
	}, patience, 50*time.Millisecond)
	_, vb = m.bot(c, media.Camera), m.bot(v, media.Camera)
	require.NoError(t, vb.WaitFrames(t.Context(), c.device.ID().String(), media.Camera, 10))
}
