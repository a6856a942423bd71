package hub

import (
	"bufio"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// Handler is what the hub serves.
type Handler interface {
	// Opened is called before the first request of a connection.
	Opened(*Conn)
	// Request handles one frame of a client, on the connection's reading
	// goroutine, in order.
	Request(*Conn, wire.Frame)
	// Closed is called once, when the connection has ended, with the rooms that
	// it followed to the end.
	Closed(c *Conn, followed []identity.ID)
}

// Config of a Hub. Handler, Codec and Logger are needed.
type Config struct {
	Handler Handler
	Codec   *wire.Codec
	Logger  *slog.Logger
	// Limiter gives the limiter that all connections of an account share.
	Limiter func(user identity.ID) *rate.Limiter
	// QueueBytes is what may wait for a slow connection before it misses pushes;
	// 0 is 256 KiB.
	QueueBytes int
	// WriteTimeout is how long a connection may take nothing; 0 is 10 seconds.
	WriteTimeout time.Duration
	// Shards is the number of goroutines that push; 0 is one per processor.
	Shards int
	// Registerer receives the metrics; nil is none.
	Registerer prometheus.Registerer
}

// A Hub holds a node's connections.
type Hub struct {
	handler  Handler
	codec    *wire.Codec
	log      *slog.Logger
	limit    func(identity.ID) *rate.Limiter
	queue    int
	timeout  time.Duration
	shards   []*shard
	next     atomic.Uint32
	upgrader websocket.Upgrader
	reading  sync.Pool
	ping     *websocket.PreparedMessage
	stop     chan struct{}
	live     sync.WaitGroup // connections
	ended    sync.WaitGroup // goroutines of the hub

	mu     sync.RWMutex
	conns  map[*Conn]struct{}
	users  map[identity.ID]map[*Conn]struct{}
	closed bool

	open       prometheus.Gauge
	deliveries prometheus.Counter
	resyncs    prometheus.Counter
	limited    prometheus.Counter
}

// New starts a hub.
func New(c Config) *Hub {
	h := &Hub{
		handler: c.Handler, codec: c.Codec, log: c.Logger, limit: c.Limiter,
		queue: c.QueueBytes, timeout: c.WriteTimeout,
		stop:  make(chan struct{}),
		conns: make(map[*Conn]struct{}), users: make(map[identity.ID]map[*Conn]struct{}),
		open:       prometheus.NewGauge(prometheus.GaugeOpts{Name: "ensemble_connections", Help: "Open websocket connections."}),
		deliveries: prometheus.NewCounter(prometheus.CounterOpts{Name: "ensemble_deliveries_total", Help: "Frames of rooms handed to connections."}),
		resyncs:    prometheus.NewCounter(prometheus.CounterOpts{Name: "ensemble_resyncs_total", Help: "Slow connections that were told to fetch again."}),
		limited:    prometheus.NewCounter(prometheus.CounterOpts{Name: "ensemble_rate_limited_total", Help: "Requests refused because they came too fast."}),
	}
	if h.queue == 0 {
		h.queue = 256 << 10
	}
	if h.timeout == 0 {
		h.timeout = 10 * time.Second
	}
	if c.Registerer != nil {
		c.Registerer.MustRegister(h.open, h.deliveries, h.resyncs, h.limited)
	}
	h.upgrader = websocket.Upgrader{
		HandshakeTimeout: 10 * time.Second,
		ReadBufferSize:   readBuffer,
		WriteBufferSize:  writeBuffer,
		WriteBufferPool:  new(sync.Pool),
		Subprotocols:     []string{wire.Subprotocol},
		CheckOrigin:      func(*http.Request) bool { return true }, // the caller has checked
	}
	h.reading.New = func() any { return &readingBuffer{make([]byte, 0, 2048)} }
	h.ping, _ = websocket.NewPreparedMessage(websocket.PingMessage, nil) // a constant frame
	n := c.Shards
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	for range n {
		s := newShard(h)
		h.shards = append(h.shards, s)
		h.ended.Go(s.run)
	}
	h.ended.Go(h.tick)
	return h
}

// Serve takes over a request for a websocket. The caller has checked the Origin,
// the session and the limits. It returns when the connection is set up; the
// connection lives on.
func (h *Hub) Serve(w http.ResponseWriter, r *http.Request, who Identity) {
	offered := websocket.Subprotocols(r)
	known := false
	for _, p := range offered {
		known = known || p == wire.Subprotocol
	}
	if !known {
		http.Error(w, "subprotocol "+wire.Subprotocol+" wanted", http.StatusBadRequest)
		return
	}
	c := &Conn{Identity: who, hub: h, limiter: h.limit(who.User), inFlight: make(chan struct{}, maxInFlight)}
	c.shard = h.shards[int(h.next.Add(1))%len(h.shards)]
	ws, err := h.upgrader.Upgrade(&hijacker{w, c}, r, nil)
	if err != nil {
		return // the library has answered
	}
	c.ws = ws
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		c.Close(websocket.CloseServiceRestart, "the server is stopping")
		return
	}
	h.conns[c] = struct{}{}
	mine := h.users[who.User]
	if mine == nil {
		mine = make(map[*Conn]struct{}, 1)
		h.users[who.User] = mine
	}
	mine[c] = struct{}{}
	h.live.Add(1)
	h.mu.Unlock()
	h.open.Inc()
	h.handler.Opened(c)
	go c.read()
}

// hijacker puts an outbox between the websocket library and the socket.
type hijacker struct {
	http.ResponseWriter
	c *Conn
}

func (j *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(j.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	j.c.out = newOutbox(conn, j.c.hub.timeout, j.c.drained)
	return j.c.out, rw, nil
}

// gone ends a connection; it is the last thing that its goroutine does.
func (h *Hub) gone(c *Conn) {
	defer h.live.Done()
	c.closed.Store(true)
	_ = c.ws.Close()
	h.mu.Lock()
	delete(h.conns, c)
	mine := h.users[c.User]
	delete(mine, c)
	if len(mine) == 0 {
		delete(h.users, c.User)
	}
	h.mu.Unlock()
	h.open.Dec()
	done := make(chan struct{})
	var followed []identity.ID
	c.shard.give(job{kind: jobGone, conn: c, done: done, followed: &followed})
	<-done
	h.handler.Closed(c, followed)
}

func (h *Hub) putReading(r *readingBuffer) {
	if cap(r.b) > maxKeptReading {
		return
	}
	r.b = r.b[:0]
	h.reading.Put(r)
}

// tick pings every connection once in pingPeriod, a few at a time.
func (h *Hub) tick() {
	const slots = 25
	ticker := time.NewTicker(pingPeriod / slots)
	defer ticker.Stop()
	var list []*Conn
	for slot := 0; ; slot = (slot + 1) % slots {
		select {
		case <-h.stop:
			return
		case <-ticker.C:
		}
		if slot == 0 {
			list = h.Conns()
		}
		from, to := len(list)*slot/slots, len(list)*(slot+1)/slots
		for _, c := range list[from:to] {
			c.sendPrepared(h.ping)
		}
		clear(list[from:to])
	}
}

// Conns gives the connections there are.
func (h *Hub) Conns() []*Conn {
	h.mu.RLock()
	defer h.mu.RUnlock()
	list := make([]*Conn, 0, len(h.conns))
	for c := range h.conns {
		list = append(list, c)
	}
	return list
}

// Of gives the connections of a user.
func (h *Hub) Of(user identity.ID) []*Conn {
	h.mu.RLock()
	defer h.mu.RUnlock()
	list := make([]*Conn, 0, len(h.users[user]))
	for c := range h.users[user] {
		list = append(list, c)
	}
	return list
}

// Users gives the users who are connected.
func (h *Hub) Users() []identity.ID {
	h.mu.RLock()
	defer h.mu.RUnlock()
	list := make([]identity.ID, 0, len(h.users))
	for u := range h.users {
		list = append(list, u)
	}
	return list
}

// Close ends all connections and the hub's goroutines, and waits for them.
func (h *Hub) Close() {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return
	}
	h.closed = true
	h.mu.Unlock()
	var closing sync.WaitGroup
	for _, c := range h.Conns() {
		closing.Go(func() { c.Close(websocket.CloseServiceRestart, "the server is stopping") })
	}
	closing.Wait()
	h.live.Wait() // each needs its shard to end
	close(h.stop)
	for _, s := range h.shards {
		s.give(job{kind: jobStop})
	}
	h.ended.Wait()
}
