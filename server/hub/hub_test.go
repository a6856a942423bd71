package hub_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/hub"
)

const patience = 20 * time.Second

var codec = wire.NewCodec()

// rig is a hub whose clients follow a room by sending OpFollow.
type rig struct {
	*hub.Hub
	url    string
	mu     sync.Mutex
	conns  []*hub.Conn
	closed map[*hub.Conn][]identity.ID
	ended  chan *hub.Conn
}

func (r *rig) Opened(c *hub.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns = append(r.conns, c)
}

func (r *rig) Request(c *hub.Conn, f wire.Frame) {
	var in wire.Follow
	if err := codec.Body(f, &in); err != nil {
		c.Refuse(f.ID, err, nil)
		return
	}
	switch f.Op {
	case wire.OpFollow:
		r.Join(in.Room, c, in.After)
		c.Reply(f.ID, nil)
	case wire.OpUnfollow:
		r.Leave(in.Room, c)
		c.Reply(f.ID, nil)
	}
}

func (r *rig) Closed(c *hub.Conn, followed []identity.ID) {
	r.mu.Lock()
	r.closed[c] = followed
	r.mu.Unlock()
	r.ended <- c
}

func newRig(t *testing.T, change func(*hub.Config)) *rig {
	t.Helper()
	r := &rig{closed: make(map[*hub.Conn][]identity.ID), ended: make(chan *hub.Conn, 1000)}
	c := hub.Config{Handler: r, Codec: codec, Logger: slog.New(slog.DiscardHandler),
		Limiter: func(identity.ID) *rate.Limiter { return rate.NewLimiter(rate.Inf, 1) }}
	if change != nil {
		change(&c)
	}
	r.Hub = hub.New(c)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.Serve(w, req, hub.Identity{User: identity.ID{1}, Device: identity.NewID()})
	}))
	r.url = "ws" + strings.TrimPrefix(s.URL, "http")
	t.Cleanup(func() { r.Close(); s.Close() })
	return r
}

// dial connects a client that follows a room after a place.
func (r *rig) dial(t testing.TB, room identity.ID, after uint64) *websocket.Conn {
	t.Helper()
	return r.dialWith(t, room, after, 0)
}

// dialWith is dial with a receive buffer of the socket of so many bytes.
func (r *rig) dialWith(t testing.TB, room identity.ID, after uint64, buffer int) *websocket.Conn {
	t.Helper()
	d := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}, NetDial: func(network, address string) (net.Conn, error) {
		c, err := net.Dial(network, address)
		if tcp, ok := c.(*net.TCPConn); ok && buffer > 0 {
			_ = tcp.SetReadBuffer(buffer)
		}
		return c, err
	}}
	ws, res, err := d.Dial(r.url, nil)
	require.NoError(t, err)
	_ = res.Body.Close()
	t.Cleanup(func() { _ = ws.Close() })
	send(t, ws, wire.OpFollow, wire.Follow{Room: room, After: after})
	require.Equal(t, wire.OpOK, next(t, ws).Op)
	return ws
}

func send(t testing.TB, ws *websocket.Conn, op wire.Op, body any) {
	t.Helper()
	b, err := codec.Encode(op, 1, body)
	require.NoError(t, err)
	require.NoError(t, ws.WriteMessage(websocket.BinaryMessage, b))
}

func next(t testing.TB, ws *websocket.Conn) wire.Frame {
	t.Helper()
	require.NoError(t, ws.SetReadDeadline(time.Now().Add(patience)))
	_, b, err := ws.ReadMessage()
	require.NoError(t, err)
	f, err := codec.Decode(b)
	require.NoError(t, err)
	return f
}

func entriesOf(t testing.TB, f wire.Frame) wire.Entries {
	t.Helper()
	require.Equal(t, wire.OpEntries, f.Op)
	var e wire.Entries
	require.NoError(t, codec.Body(f, &e))
	return e
}

func entries(first, last uint64, size int) (list []wire.Entry) {
	for seq := first; seq <= last; seq++ {
		list = append(list, wire.Entry{Seq: seq, Kind: 2, Payload: make([]byte, size)})
	}
	return list
}

func TestAFollowerGetsWhatItDoesNotHaveAndInOrder(t *testing.T) {
	r := newRig(t, nil)
	room := identity.NewID()
	start, middle, ahead := r.dial(t, room, 0), r.dial(t, room, 2), r.dial(t, room, 5)
	require.NoError(t, r.Push(room, entries(1, 4, 10)))
	require.NoError(t, r.Push(room, entries(5, 6, 10)))
	require.NoError(t, r.Push(identity.NewID(), entries(1, 1, 10)))
	for ws, want := range map[*websocket.Conn][][2]uint64{start: {{1, 4}, {5, 6}}, middle: {{3, 4}, {5, 6}}, ahead: {{6, 6}}} {
		for _, span := range want {
			e := entriesOf(t, next(t, ws))
			require.Equal(t, span[0], e.Entries[0].Seq)
			require.Equal(t, span[1], e.Last)
			require.Len(t, e.Entries, int(span[1]-span[0]+1))
		}
	}
}

func TestASlowConnectionMissesPushesAndIsToldSo(t *testing.T) {
	r := newRig(t, func(c *hub.Config) { c.QueueBytes = 64 << 10; c.Shards = 1 })
	room := identity.NewID()
	slow, quick := r.dialWith(t, room, 0, 64<<10), r.dial(t, room, 0)
	// The slow one reads nothing while more is pushed than sockets and queue hold.
	const size, pushes = 100 << 10, 300
	for seq := range uint64(pushes) {
		require.NoError(t, r.Push(room, entries(seq+1, seq+1, size)))
		require.Equal(t, seq+1, entriesOf(t, next(t, quick)).Last, "nobody waits for the slow one")
	}
	var last uint64
	missed := false
	for !missed {
		f := next(t, slow)
		if f.Op == wire.OpResync {
			var ref wire.RoomRef
			require.NoError(t, codec.Body(f, &ref))
			require.Equal(t, room, ref.Room)
			missed = true
			continue
		}
		e := entriesOf(t, f)
		require.Equal(t, last+1, e.Entries[0].Seq, "a gap that was not announced")
		last = e.Last
	}
	require.Less(t, last, uint64(pushes))
	// From there on it is served again.
	require.NoError(t, r.Push(room, entries(pushes+1, pushes+1, 10)))
	require.EqualValues(t, pushes+1, entriesOf(t, next(t, slow)).Last)
}

func TestAConnectionThatTakesNothingIsClosed(t *testing.T) {
	r := newRig(t, func(c *hub.Config) { c.WriteTimeout = 100 * time.Millisecond; c.QueueBytes = 1 << 30 })
	room := identity.NewID()
	_ = r.dialWith(t, room, 0, 4<<10)
	go func() {
		for seq := range uint64(200) {
			_ = r.Push(room, entries(seq+1, seq+1, 100<<10))
		}
	}()
	select {
	case <-r.ended:
	case <-time.After(patience):
		t.Fatal("still open")
	}
}

func TestTheKickedGetNothingMore(t *testing.T) {
	r := newRig(t, nil)
	room := identity.NewID()
	out, in := r.dial(t, room, 0), r.dial(t, room, 0)
	r.mu.Lock()
	first := r.conns[0]
	r.mu.Unlock()
	require.NoError(t, r.Push(room, entries(1, 1, 10)))
	r.Kick(room, func(who hub.Identity) bool { return who.Device != first.Device }, func(c *hub.Conn) {
		c.Send(wire.OpRoom, 0, wire.RoomSummary{Room: room, Gone: true})
	})
	require.NoError(t, r.Push(room, entries(2, 2, 10)))
	require.EqualValues(t, 1, entriesOf(t, next(t, out)).Last)
	require.Equal(t, wire.OpRoom, next(t, out).Op)
	require.EqualValues(t, 1, entriesOf(t, next(t, in)).Last)
	require.EqualValues(t, 2, entriesOf(t, next(t, in)).Last)
	send(t, out, wire.OpUnfollow, wire.Follow{Room: room})
	require.Equal(t, wire.OpOK, next(t, out).Op, "something came after the kick")
}

func TestACastReachesTheOthersOrOneDevice(t *testing.T) {
	r := newRig(t, nil)
	room := identity.NewID()
	a, b := r.dial(t, room, 0), r.dial(t, room, 0)
	r.mu.Lock()
	ca, cb := r.conns[0], r.conns[1]
	r.mu.Unlock()
	require.NoError(t, r.Cast(room, wire.OpCasts, wire.Cast{Room: room, Payload: []byte("1")}, ca, identity.ID{}))
	require.NoError(t, r.Cast(room, wire.OpCasts, wire.Cast{Room: room, Payload: []byte("2")}, nil, ca.Device))
	require.NoError(t, r.Cast(room, wire.OpCasts, wire.Cast{Room: room, Payload: []byte("3")}, nil, cb.Device))
	for ws, want := range map[*websocket.Conn][]string{a: {"2"}, b: {"1", "3"}} {
		for _, text := range want {
			var c wire.Cast
			require.NoError(t, codec.Body(next(t, ws), &c))
			require.Equal(t, text, string(c.Payload))
		}
	}
}

// Connections come, follow, leave and go while rooms are pushed to: whoever
// follows to the end has everything from where it began, in order.
func TestTheHubUnderStress(t *testing.T) {
	r := newRig(t, nil)
	var list []identity.ID
	for range 4 {
		list = append(list, identity.NewID())
	}
	stop := make(chan struct{})
	var pushing, clients sync.WaitGroup
	pushing.Go(func() {
		next := map[identity.ID]uint64{}
		for {
			select {
			case <-stop:
				return
			default:
			}
			room := list[rand.IntN(len(list))]
			n := uint64(rand.IntN(5)) + 1
			if err := r.Push(room, entries(next[room]+1, next[room]+n, 50)); err != nil {
				t.Error(err)
			}
			next[room] += n
			time.Sleep(100 * time.Microsecond)
		}
	})
	for i := range 8 {
		clients.Go(func() {
			for range 10 {
				if err := stressClient(r.url, list[i%len(list)]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	clients.Wait()
	close(stop)
	pushing.Wait()
	require.Eventually(t, func() bool { return len(r.Conns()) == 0 }, patience, time.Millisecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Len(t, r.closed, len(r.conns))
}

func stressClient(url string, room identity.ID) error {
	d := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}}
	ws, res, err := d.Dial(url, nil)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	defer ws.Close()
	b, err := codec.Encode(wire.OpFollow, 1, wire.Follow{Room: room, After: 0})
	if err != nil {
		return err
	}
	if err := ws.WriteMessage(websocket.BinaryMessage, b); err != nil {
		return err
	}
	var last uint64
	for range 20 + rand.IntN(30) {
		_ = ws.SetReadDeadline(time.Now().Add(patience))
		_, b, err := ws.ReadMessage()
		if err != nil {
			return err
		}
		f, err := codec.Decode(b)
		if err != nil {
			return err
		}
		if f.Op != wire.OpEntries {
			continue
		}
		var e wire.Entries
		if err := codec.Body(f, &e); err != nil {
			return err
		}
		if last != 0 && e.Entries[0].Seq != last+1 {
			return fmt.Errorf("entry %d after %d", e.Entries[0].Seq, last)
		}
		last = e.Last
	}
	return nil
}
