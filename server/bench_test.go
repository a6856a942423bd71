package server_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/roomstest"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server"
	"github.com/ensemble-sante/ensemble/server/servertest"
)

// The benchmarks measure the server's process alone: senders and receivers run
// in a process of their own, this test binary again, which talks to the benchmark
// over its standard input and output.
const loadEnv = "ENSEMBLE_TEST_LOAD"

func TestMain(m *testing.M) {
	if os.Getenv(loadEnv) != "" {
		if err := load(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// loadPlan is what the load process is to do.
type loadPlan struct {
	URL      string
	Room     rooms.ID
	Cookies  []string // one connection each that follows the room
	Sender   string
	Payloads [][]byte
	PerSec   float64 // events a second; 0 is as fast as they are delivered
	Idle     bool    // only connect
	Expect   int     // deliveries that come by themselves: nothing is sent
}

// loadResult is what it saw.
type loadResult struct {
	Deliveries int
	Seconds    float64
	P50, P99   float64 // milliseconds, from sending to receiving
	Resyncs    int
}

// BenchmarkFanOut appends durable events of 700 bytes to one room and delivers
// each to all receivers. CPU-s/M is the time of the server's process for a million
// deliveries, pgCPU-s/M that of the database.
func BenchmarkFanOut(b *testing.B) {
	for _, receivers := range []int{50, 500} {
		for _, rate := range []int{20000, 0} {
			name := fmt.Sprintf("%d_receivers/%d_per_second", receivers, rate)
			if rate == 0 {
				name = fmt.Sprintf("%d_receivers/full_speed", receivers)
			}
			b.Run(name, func(b *testing.B) { fanOut(b, receivers, rate) })
		}
	}
}

func fanOut(b *testing.B, receivers, rate int) {
	cluster, dsn := servertest.Cluster(b)
	n, r, cookies := loadedNode(b, dsn, min(receivers, 50))
	events := max(20, b.N/receivers)
	plan := loadPlan{URL: n.http.URL, Room: r.ID, Sender: cookies[0], PerSec: float64(rate) / float64(receivers)}
	for i := range receivers {
		plan.Cookies = append(plan.Cookies, cookies[i%len(cookies)])
	}
	text := strings.Repeat("x", 200)
	sender := r.World.TB.(*benchTB).sender
	for range events {
		p := r.message(sender, text)
		plan.Payloads = append(plan.Payloads, p)
	}
	loader := startLoad(b, plan)
	runtime.GC()
	pgBefore, before := processTree(cluster.PID()), cpu(b)
	b.ResetTimer()
	result := loader.run(b)
	b.StopTimer()
	used, pg := cpu(b)-before, processTree(cluster.PID())-pgBefore
	million := float64(result.Deliveries) / 1e6
	require.GreaterOrEqual(b, result.Deliveries+result.Resyncs, events*receivers)
	b.ReportMetric(float64(len(plan.Payloads[0])), "B/event")
	b.ReportMetric(used.Seconds()/million, "CPU-s/M")
	b.ReportMetric(pg.Seconds()/million, "pgCPU-s/M")
	b.ReportMetric(float64(result.Deliveries)/result.Seconds, "deliveries/s")
	b.ReportMetric(result.P50, "p50-ms")
	b.ReportMetric(result.P99, "p99-ms")
	b.ReportMetric(float64(result.Resyncs), "resyncs")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkBareHub is what BenchmarkFanOut is compared with on the same machine: the
// same load on a hub that stores nothing, checks nothing, and has one goroutine and
// one queue of prepared messages for each connection.
func BenchmarkBareHub(b *testing.B) {
	for _, receivers := range []int{50, 500} {
		b.Run(fmt.Sprintf("%d_receivers/20000_per_second", receivers), func(b *testing.B) { bareHub(b, receivers, 20000) })
	}
}

func bareHub(b *testing.B, receivers, rate int) {
	var mu sync.Mutex
	var queues []chan *websocket.PreparedMessage
	upgrader := websocket.Upgrader{Subprotocols: []string{wire.Subprotocol}, ReadBufferSize: 1024, WriteBufferSize: 1024}
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer ws.Close()
		if _, _, err := ws.ReadMessage(); err != nil {
			return
		}
		answer, _ := codec.Encode(wire.OpOK, 1, nil)
		if ws.WriteMessage(websocket.BinaryMessage, answer) != nil {
			return
		}
		queue := make(chan *websocket.PreparedMessage, 256)
		mu.Lock()
		queues = append(queues, queue)
		mu.Unlock()
		for m := range queue {
			if ws.WritePreparedMessage(m) != nil {
				return
			}
		}
	}))
	defer hub.Close()
	events := max(20, b.N/receivers)
	loader := startLoad(b, loadPlan{URL: hub.URL, Cookies: make([]string, receivers), Expect: events * receivers})
	entry, err := codec.Encode(wire.OpEntries, 0, wire.Entries{Entries: []wire.Entry{{Seq: 1, Payload: make([]byte, 700)}}})
	require.NoError(b, err)
	before := cpu(b)
	b.ResetTimer()
	go func() {
		begun := time.Now()
		for i := range events {
			time.Sleep(time.Until(begun.Add(time.Duration(i) * time.Second * time.Duration(receivers) / time.Duration(rate))))
			m, err := websocket.NewPreparedMessage(websocket.BinaryMessage, entry)
			if err != nil {
				return
			}
			mu.Lock()
			for _, q := range queues {
				q <- m
			}
			mu.Unlock()
		}
	}()
	result := loader.run(b)
	b.StopTimer()
	used := cpu(b) - before
	mu.Lock()
	defer mu.Unlock()
	for _, q := range queues {
		close(q)
	}
	b.ReportMetric(used.Seconds()/(float64(result.Deliveries)/1e6), "CPU-s/M")
	b.ReportMetric(float64(result.Deliveries)/result.Seconds, "deliveries/s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkIdleConnections measures what a connection costs that follows a room
// and says nothing.
func BenchmarkIdleConnections(b *testing.B) {
	n, r, cookies := loadedNode(b, servertest.Database(b), 20)
	const connections = 2000
	plan := loadPlan{URL: n.http.URL, Room: r.ID, Idle: true}
	for i := range connections {
		plan.Cookies = append(plan.Cookies, cookies[i%len(cookies)])
	}
	heap, stack, rss := memory(b)
	loader := startLoad(b, plan)
	b.ResetTimer()
	b.StopTimer()
	heap2, stack2, rss2 := memory(b)
	loader.run(b)
	b.ReportMetric(float64(heap2-heap)/connections, "heapB/conn")
	b.ReportMetric(float64(stack2-stack)/connections, "stackB/conn")
	b.ReportMetric(float64(rss2-rss)/connections, "rssB/conn")
	b.ReportMetric(0, "ns/op")
}

// benchTB lets a world know who sends.
type benchTB struct {
	testing.TB
	sender *roomstest.Device
}

// loadedNode is a node with one room, the sender first among its members, and
// the cookies of all.
func loadedNode(b *testing.B, dsn string, users int) (*node, *room, []string) {
	n := start(b, dsn, nil, func(c *server.Config) {
		c.Limits = server.Limits{AccountRate: 1e9, AccountBurst: 1e9, AddressRate: 1e9, AddressBurst: 1e9, SignInRate: 1e9, SignInBurst: 1e9, Connections: 1e9}
		c.Logger = nil
		c.Poll = 1500 * time.Millisecond
	})
	tb := &benchTB{TB: b}
	w := roomstest.New(tb)
	w.Now, w.Step = time.Now().UnixMilli(), 0
	camille := w.User("Camille", "NURSE")
	tb.sender = camille.Device()
	n.enrol(camille)
	c := n.dial(camille.Device())
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	cookies := []string{c.cookie.Value}
	for i := 1; i < users; i++ {
		u := w.User(fmt.Sprint("member", i), "NURSE")
		n.enrol(u)
		r.consent(c, u)
		cookies = append(cookies, n.signIn(u.Device()).Value)
	}
	require.NoError(b, c.ws.Close())
	return n, r, cookies
}

// loader is the load process.
type loader struct {
	cmd *exec.Cmd
	in  *json.Encoder
	out *bufio.Reader
}

// startLoad starts the load process and returns when everybody is connected.
func startLoad(b *testing.B, plan loadPlan) *loader {
	b.Helper()
	cmd := exec.Command(os.Args[0]) //nolint:gosec // ourselves
	cmd.Env = append(os.Environ(), loadEnv+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	l := &loader{cmd, json.NewEncoder(in), bufio.NewReader(out)}
	require.NoError(b, l.in.Encode(plan))
	line, err := l.out.ReadString('\n')
	require.NoError(b, err)
	require.Equal(b, "ready\n", line)
	return l
}

func (l *loader) run(b *testing.B) (r loadResult) {
	b.Helper()
	require.NoError(b, l.in.Encode("go"))
	line, err := l.out.ReadBytes('\n')
	require.NoError(b, err)
	require.NoError(b, json.Unmarshal(line, &r))
	return r
}

// load is the load process.
func load() error {
	in, out := json.NewDecoder(os.Stdin), bufio.NewWriter(os.Stdout)
	var plan loadPlan
	if err := in.Decode(&plan); err != nil {
		return err
	}
	g := &generator{plan: plan, sent: make(map[rooms.ID]time.Time), enough: make(chan struct{})}
	for _, cookie := range plan.Cookies {
		ws, err := g.connect(cookie)
		if err != nil {
			return err
		}
		g.receivers = append(g.receivers, ws)
	}
	fmt.Fprintln(out, "ready")
	if err := out.Flush(); err != nil {
		return err
	}
	var word string
	if err := in.Decode(&word); err != nil {
		return err
	}
	result := loadResult{}
	if !plan.Idle {
		var err error
		if result, err = g.run(); err != nil {
			return err
		}
	}
	if err := json.NewEncoder(out).Encode(result); err != nil {
		return err
	}
	return out.Flush()
}

// generator sends events and counts what arrives.
type generator struct {
	plan      loadPlan
	receivers []*websocket.Conn

	mu        sync.Mutex
	sent      map[rooms.ID]time.Time
	took      []time.Duration
	delivered atomic.Int64
	resyncs   atomic.Int64
	enough    chan struct{}
}

func (g *generator) connect(cookie string) (*websocket.Conn, error) {
	d := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}, ReadBufferSize: 1024, WriteBufferSize: 1024}
	ws, res, err := d.Dial("ws"+strings.TrimPrefix(g.plan.URL, "http")+"/api/ws", http.Header{"Cookie": {"__Host-ensemble=" + cookie}})
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close()
	b, err := codec.Encode(wire.OpFollow, 1, wire.Follow{Room: g.plan.Room, After: 1 << 40})
	if err != nil {
		return nil, err
	}
	if err := ws.WriteMessage(websocket.BinaryMessage, b); err != nil {
		return nil, err
	}
	for {
		_, answer, err := ws.ReadMessage()
		if err != nil {
			return nil, err
		}
		f, err := codec.Decode(answer)
		if err != nil || f.ID != 0 && f.Op != wire.OpOK {
			return nil, fmt.Errorf("following: %v %w", f.Op, err)
		}
		if f.ID != 0 {
			return ws, nil
		}
	}
}

func (g *generator) run() (loadResult, error) {
	want := int64(len(g.plan.Payloads)*len(g.receivers) + g.plan.Expect)
	for i, ws := range g.receivers {
		go g.receive(ws, i%10 == 0, want)
	}
	senders := 4
	if g.plan.Expect > 0 {
		senders = 0
	}
	var conns []*websocket.Conn
	for range senders {
		d := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}}
		ws, res, err := d.Dial("ws"+strings.TrimPrefix(g.plan.URL, "http")+"/api/ws", http.Header{"Cookie": {"__Host-ensemble=" + g.plan.Sender}})
		if err != nil {
			return loadResult{}, err
		}
		_ = res.Body.Close()
		conns = append(conns, ws)
	}
	acked := make(chan error, 1024)
	for _, ws := range conns {
		go func() {
			for {
				_, b, err := ws.ReadMessage()
				if err != nil {
					return
				}
				if f, err := codec.Decode(b); err == nil && f.ID != 0 {
					if f.Op == wire.OpError {
						err = fmt.Errorf("an event was refused: %x", f.Body)
					}
					acked <- err
				}
			}
		}()
	}
	begun := time.Now()
	window, waiting := 160, 0
	for i, payload := range g.plan.Payloads {
		if g.plan.PerSec > 0 {
			due := begun.Add(time.Duration(float64(i) / g.plan.PerSec * float64(time.Second)))
			time.Sleep(time.Until(due))
		}
		for waiting >= window || waiting > 0 && len(acked) > 0 || g.behind(i) {
			select {
			case err := <-acked:
				if err != nil {
					return loadResult{}, err
				}
				waiting--
			case <-time.After(time.Millisecond):
			}
		}
		s, err := rooms.ParseSealedEvent(payload)
		if err != nil {
			return loadResult{}, err
		}
		b, err := codec.Encode(wire.OpAppend, uint64(i)+1, wire.Append{Room: g.plan.Room, Kind: record.KindEvent, Payload: payload})
		if err != nil {
			return loadResult{}, err
		}
		g.mu.Lock()
		g.sent[s.ID] = time.Now()
		g.mu.Unlock()
		if err := conns[i%senders].WriteMessage(websocket.BinaryMessage, b); err != nil {
			return loadResult{}, err
		}
		waiting++
	}
	select {
	case <-g.enough:
	case <-time.After(30 * time.Second):
	}
	r := loadResult{Deliveries: int(g.delivered.Load()), Seconds: time.Since(begun).Seconds(), Resyncs: int(g.resyncs.Load())}
	g.mu.Lock()
	defer g.mu.Unlock()
	slices.Sort(g.took)
	if n := len(g.took); n > 0 {
		r.P50 = float64(g.took[n/2].Microseconds()) / 1000
		r.P99 = float64(g.took[n*99/100].Microseconds()) / 1000
	}
	return r, nil
}

// behind says whether the receivers are so far behind that sending more would
// only measure how much can wait.
func (g *generator) behind(sent int) bool {
	return g.plan.PerSec == 0 && int64(sent*len(g.receivers))-g.delivered.Load() > int64(200*len(g.receivers))
}

// receive counts; timed receivers also note how long each event took.
func (g *generator) receive(ws *websocket.Conn, timed bool, want int64) {
	for {
		_, b, err := ws.ReadMessage()
		if err != nil {
			return
		}
		now := time.Now()
		f, err := codec.Decode(b)
		if err != nil {
			return
		}
		switch f.Op {
		case wire.OpResync:
			g.resyncs.Add(1)
		case wire.OpEntries:
			var e wire.Entries
			if codec.Body(f, &e) != nil {
				return
			}
			if timed {
				g.mu.Lock()
				for _, one := range e.Entries {
					if s, err := rooms.ParseSealedEvent(one.Payload); err == nil {
						g.took = append(g.took, now.Sub(g.sent[s.ID]))
					}
				}
				g.mu.Unlock()
			}
			if g.delivered.Add(int64(len(e.Entries))) == want {
				close(g.enough)
			}
		}
	}
}

// cpu is the processor time of this process.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// processTree is the processor time of a process and those that it started.
func processTree(pid int) (total time.Duration) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		_, rest, ok := strings.Cut(string(b), ") ")
		fields := strings.Fields(rest)
		if !ok || len(fields) < 15 {
			continue
		}
		own := filepath.Base(filepath.Dir(path)) == strconv.Itoa(pid)
		if !own && fields[1] != strconv.Itoa(pid) {
			continue
		}
		for _, f := range fields[11:13] { // utime, stime
			ticks, _ := strconv.Atoi(f)
			total += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	return total
}

// memory gives heap and stacks in use after a collection, and resident bytes.
func memory(b *testing.B) (heap, stack, rss int64) {
	b.Helper()
	var m runtime.MemStats
	for range 3 { // stacks shrink, pools empty
		runtime.GC()
		time.Sleep(50 * time.Millisecond)
	}
	runtime.ReadMemStats(&m)
	status, err := os.ReadFile("/proc/self/statm")
	require.NoError(b, err)
	pages, err := strconv.ParseInt(strings.Fields(string(status))[1], 10, 64)
	require.NoError(b, err)
	return int64(m.HeapAlloc), int64(m.StackInuse), pages * int64(os.Getpagesize()) //nolint:gosec // bytes
}
