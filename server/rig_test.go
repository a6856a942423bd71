package server_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/roomstest"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server"
	"github.com/ensemble-sante/ensemble/server/accounts"
	"github.com/ensemble-sante/ensemble/server/blobs/folder"
	"github.com/ensemble-sante/ensemble/server/bus"
	"github.com/ensemble-sante/ensemble/server/servertest"
	"github.com/ensemble-sante/ensemble/server/store"
)

// patience bounds the wait for something that will come.
const patience = 20 * time.Second

var codec = wire.NewCodec()

// node is a server under test, listening on a port of its own.
type node struct {
	t      testing.TB
	server *server.Server
	http   *httptest.Server
	store  *store.Store
	log    *logs
}

// logs keeps what a node logs.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newBus starts a bus in process.
func newBus(t testing.TB) *bus.Server {
	t.Helper()
	b, err := bus.NewServer()
	require.NoError(t, err)
	t.Cleanup(b.Close)
	return b
}

// start starts a node on a database; change may alter its configuration.
func start(t testing.TB, dsn string, b bus.Bus, change func(*server.Config)) *node {
	t.Helper()
	if b == nil {
		one, err := newBus(t).Connect()
		require.NoError(t, err)
		t.Cleanup(func() { _ = one.Close() })
		b = one
	}
	st, err := store.Open(t.Context(), store.Config{DSN: dsn})
	require.NoError(t, err)
	t.Cleanup(st.Close)
	objects, err := folder.Open(t.TempDir())
	require.NoError(t, err)
	n := &node{t: t, store: st, log: new(logs)}
	n.http = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.server.Handler().ServeHTTP(w, r)
	}))
	public := &url.URL{Scheme: "http", Host: n.http.Listener.Addr().String()}
	c := server.Config{
		Store: st, Blobs: objects, Bus: b, PublicURL: public, MailFrom: "rcp@reseau.example",
		Logger: slog.New(slog.NewTextHandler(n.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Limits: server.Limits{SignInRate: 1000, SignInBurst: 1000},
		Poll:   200 * time.Millisecond,
	}
	if change != nil {
		change(&c)
	}
	n.server, err = server.New(c)
	require.NoError(t, err)
	n.http.Start()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, n.server.Close())
		n.http.Close()
		require.NoError(t, <-ended)
		if t.Failed() {
			t.Log(n.log.String())
		}
	})
	return n
}

func startOne(t testing.TB) *node { return start(t, servertest.Database(t), nil, nil) }

// world is a roomstest world by the real clock.
func world(t testing.TB) *roomstest.World {
	w := roomstest.New(t)
	w.Now, w.Step = time.Now().UnixMilli(), 0
	return w
}

// answer is what a node answers over HTTP.
type answer struct {
	status int
	header http.Header
	body   []byte
	Code   rooms.Code `json:"code"`
}

// call makes a request; body is JSON, or bytes as they are.
func (n *node) call(method, path string, cookie *http.Cookie, body any, change func(*http.Request)) answer {
	n.t.Helper()
	var r io.Reader
	kind := ""
	switch b := body.(type) {
	case nil:
	case []byte:
		r = bytes.NewReader(b)
	default:
		j, err := json.Marshal(b)
		require.NoError(n.t, err)
		r, kind = bytes.NewReader(j), "application/json"
	}
	req, err := http.NewRequestWithContext(context.Background(), method, n.http.URL+path, r)
	require.NoError(n.t, err)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if cookie != nil {
		req.AddCookie(cookie)
	}
	if change != nil {
		change(req)
	}
	res, err := n.http.Client().Do(req)
	require.NoError(n.t, err)
	defer res.Body.Close()
	a := answer{status: res.StatusCode, header: res.Header}
	a.body, err = io.ReadAll(res.Body)
	require.NoError(n.t, err)
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		_ = json.Unmarshal(a.body, &a)
	}
	return a
}

func (a answer) cookie() *http.Cookie {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == "__Host-ensemble" {
			return c
		}
	}
	return nil
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// enrol makes the accounts of users.
func (n *node) enrol(users ...*roomstest.User) {
	n.t.Helper()
	for _, u := range users {
		code, err := n.server.Accounts().NewCode(context.Background(), accounts.Invitation{
			Kind: accounts.Professional, Mail: strings.ToLower(u.Name) + "@cabinet.example",
		}, time.Hour)
		require.NoError(n.t, err)
		entries := u.Entries
		a := n.call("POST", "/api/enrol", nil, map[string]any{
			"code": code, "kind": accounts.Professional, "chain": []string{b64(entries[0]), b64(entries[1])}, "device": u.Device().ID(),
		}, nil)
		require.Equal(n.t, http.StatusCreated, a.status, "%s", a.body)
	}
}

// signIn opens a session and gives its cookie.
func (n *node) signIn(d *roomstest.Device) *http.Cookie {
	n.t.Helper()
	who := map[string]any{"user": d.User.ID, "device": d.ID()}
	a := n.call("POST", "/api/session/challenge", nil, who, nil)
	require.Equal(n.t, http.StatusOK, a.status, "%s", a.body)
	var c struct{ Nonce string }
	require.NoError(n.t, json.Unmarshal(a.body, &c))
	nonce, err := base64.RawURLEncoding.DecodeString(c.Nonce)
	require.NoError(n.t, err)
	host := strings.TrimPrefix(n.http.URL, "http://")
	a = n.call("POST", "/api/session", nil, map[string]any{
		"user": d.User.ID, "device": d.ID(), "nonce": c.Nonce,
		"signature": b64(d.Key.Sign(identity.LabelSession, append(nonce, host...))),
	}, nil)
	require.Equal(n.t, http.StatusOK, a.status, "%s", a.body)
	cookie := a.cookie()
	require.NotNil(n.t, cookie)
	return cookie
}

// link is a websocket of a device.
type link struct {
	t      testing.TB
	device *roomstest.Device
	cookie *http.Cookie
	ws     *websocket.Conn
	next   uint64
	closed chan struct{}

	mu      sync.Mutex
	write   sync.Mutex
	answers map[uint64]chan wire.Frame
	pushes  []wire.Frame
	more    chan struct{} // closed and replaced at each push
	err     error
}

// dial connects a device.
func (n *node) dial(d *roomstest.Device) *link {
	n.t.Helper()
	l := n.dialWith(d, n.signIn(d))
	var w wire.Welcome
	l.must(wire.OpHello, wire.Hello{}, &w)
	require.Equal(n.t, d.User.ID, w.User)
	return l
}

func (n *node) dialWith(d *roomstest.Device, cookie *http.Cookie) *link {
	n.t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}, HandshakeTimeout: patience}
	ws, res, err := dialer.Dial("ws"+strings.TrimPrefix(n.http.URL, "http")+"/api/ws",
		http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}, "Origin": {n.http.URL}})
	require.NoError(n.t, err)
	_ = res.Body.Close()
	l := &link{t: n.t, device: d, cookie: cookie, ws: ws, answers: make(map[uint64]chan wire.Frame), more: make(chan struct{}), closed: make(chan struct{})}
	go l.read()
	n.t.Cleanup(func() { _ = ws.Close() })
	return l
}

func (l *link) read() {
	defer close(l.closed)
	for {
		_, b, err := l.ws.ReadMessage()
		if err != nil {
			l.mu.Lock()
			l.err = err
			for id, c := range l.answers {
				close(c)
				delete(l.answers, id)
			}
			close(l.more)
			l.more = make(chan struct{})
			l.mu.Unlock()
			return
		}
		f, err := codec.Decode(b)
		if err != nil {
			l.t.Errorf("a frame of the server does not decode: %v", err)
			return
		}
		l.mu.Lock()
		if f.ID != 0 {
			if c := l.answers[f.ID]; c != nil {
				c <- f
				delete(l.answers, f.ID)
			}
		} else {
			l.pushes = append(l.pushes, f)
			close(l.more)
			l.more = make(chan struct{})
		}
		l.mu.Unlock()
	}
}

// send sends a request and gives where its answer comes.
func (l *link) send(op wire.Op, body any) (<-chan wire.Frame, error) {
	l.mu.Lock()
	l.next++
	id := l.next
	c := make(chan wire.Frame, 1)
	if l.err != nil {
		l.mu.Unlock()
		return nil, l.err
	}
	l.answers[id] = c
	l.mu.Unlock()
	b, err := codec.Encode(op, id, body)
	if err != nil {
		return nil, err
	}
	l.write.Lock()
	defer l.write.Unlock()
	return c, l.ws.WriteMessage(websocket.BinaryMessage, b)
}

var errConnection = errors.New("the connection ended")

// ask sends a request and waits for the answer; a refusal is a rooms.Error.
func (l *link) ask(op wire.Op, body, result any) error {
	c, err := l.send(op, body)
	if err != nil {
		return err
	}
	select {
	case f, ok := <-c:
		if !ok {
			return errConnection
		}
		if f.Op == wire.OpError {
			var e wire.Failure
			if err := codec.Body(f, &e); err != nil {
				return err
			}
			return &rooms.Error{Code: e.Code, Detail: e.Detail}
		}
		if result == nil {
			return nil
		}
		return codec.Body(f, result)
	case <-time.After(patience):
		return errors.New("no answer")
	}
}

func (l *link) must(op wire.Op, body, result any) {
	l.t.Helper()
	require.NoError(l.t, l.ask(op, body, result))
}

// refused asks for something that must be refused, with this code.
func (l *link) refused(code rooms.Code, op wire.Op, body any) {
	l.t.Helper()
	err := l.ask(op, body, nil)
	require.Error(l.t, err)
	require.Equal(l.t, code, rooms.CodeOf(err), "%v", err)
}

// await waits until a push for which want says yes, and takes all up to it away.
func (l *link) await(want func(wire.Frame) bool) wire.Frame {
	l.t.Helper()
	f, ok := l.awaitFor(patience, want)
	require.True(l.t, ok, "the push did not come")
	return f
}

func (l *link) awaitFor(d time.Duration, want func(wire.Frame) bool) (wire.Frame, bool) {
	deadline := time.After(d)
	for {
		l.mu.Lock()
		for i, f := range l.pushes {
			if want(f) {
				l.pushes = l.pushes[i+1:]
				l.mu.Unlock()
				return f, true
			}
		}
		more, err := l.more, l.err
		l.mu.Unlock()
		if err != nil {
			return wire.Frame{}, false
		}
		select {
		case <-more:
		case <-deadline:
			return wire.Frame{}, false
		}
	}
}

// entry waits for the entry of a room with that number.
func (l *link) entry(room rooms.ID, seq uint64) wire.Entry {
	l.t.Helper()
	var found wire.Entry
	l.await(func(f wire.Frame) bool {
		var e wire.Entries
		if f.Op != wire.OpEntries || codec.Body(f, &e) != nil || e.Room != room {
			return false
		}
		for _, one := range e.Entries {
			if one.Seq == seq {
				found = one
				return true
			}
		}
		return false
	})
	return found
}

func ofOp(op wire.Op) func(wire.Frame) bool { return func(f wire.Frame) bool { return f.Op == op } }

// room is a roomstest log whose appender is a server.
type room struct {
	*roomstest.Log
	t testing.TB
}

// creationIn gives a new room as a link's user would send it.
func creationIn(t testing.TB, l *link, g rooms.Genesis) (*roomstest.Log, wire.Create) {
	t.Helper()
	w := world(t)
	return creation(t, w, l, g)
}

func creation(t testing.TB, w *roomstest.World, l *link, g rooms.Genesis) (*roomstest.Log, wire.Create) {
	t.Helper()
	d := l.device
	id := identity.NewID()
	g = w.Genesis(id, d.User, g)
	group, err := mls.NewGroup(d.Client(), g.Group, rooms.GroupExtensions(), time.UnixMilli(w.Now))
	require.NoError(t, err)
	g.GroupInfo, err = group.GroupInfo(nil)
	require.NoError(t, err)
	s, err := rooms.NewStatement(rooms.StatementGenesis, d.User.ID, d.ID(), w.Now, nil, g, id)
	require.NoError(t, err)
	payload, _, err := rooms.SignStatement(s, d.User.Key)
	require.NoError(t, err)
	log, err := w.OpenWith(id, payload, d, group, g)
	require.NoError(t, err)
	statements := [][]byte{payload}
	if g.Kind != rooms.KindCall { // the creator's own receipt
		statements = append(statements, log.SignSeen(d.User, rooms.StatementReceipt, nil, log.Receipt(d.User)))
	}
	return log, wire.Create{Statements: statements}
}

// open makes a room through its creator's link.
func open(l *link, w *roomstest.World, g rooms.Genesis) *room {
	l.t.Helper()
	log, create := creation(l.t, w, l, g)
	r := &room{log, l.t}
	var placed wire.Placed
	l.must(wire.OpCreate, create, &placed)
	require.Len(l.t, placed.Places, len(create.Statements))
	log.Entries = nil
	for i, p := range placed.Places {
		r.take(wire.Entry{Seq: p.Seq, Time: p.Time, Kind: record.KindStatement, Payload: create.Statements[i]})
	}
	return r
}

// take folds an entry that the server has placed.
func (r *room) take(e wire.Entry) {
	r.t.Helper()
	in := r.Log.Entry(e.Kind, e.Payload)
	in.Envelope.Seq, in.Envelope.Time = e.Seq, e.Time
	if e.Seq == 1 {
		p, err := rooms.Begin(in)
		require.NoError(r.t, err)
		r.Public = p
	} else {
		require.NoError(r.t, r.Public.Apply(in))
	}
	r.Entries = append(r.Entries, in)
	r.World.Now = max(r.World.Now, e.Time)
}

// append appends one entry through a link and folds it.
func (r *room) append(l *link, kind record.Kind, payload, info []byte) error {
	r.t.Helper()
	var placed wire.Placed
	if err := l.ask(wire.OpAppend, wire.Append{Room: r.ID, Kind: kind, Payload: payload, GroupInfo: info}, &placed); err != nil {
		return err
	}
	for _, p := range placed.Places {
		if p.Room == r.ID {
			r.take(wire.Entry{Seq: p.Seq, Time: p.Time, Kind: kind, Payload: payload})
		}
	}
	return nil
}

func (r *room) consent(l *link, u *roomstest.User) {
	r.t.Helper()
	require.NoError(r.t, r.append(l, record.KindStatement, r.Sign(l.device.User, rooms.StatementReceipt, r.Receipt(u)), nil))
}

// enter lets a link's device in by an external commit.
func (r *room) enter(l *link) {
	r.t.Helper()
	require.NoError(r.t, r.tryEnter(l))
}

func (r *room) tryEnter(l *link) error {
	r.t.Helper()
	var info wire.GroupInfo
	if err := l.ask(wire.OpGroupInfo, wire.RoomRef{Room: r.ID}, &info); err != nil {
		return err
	}
	require.Equal(r.t, r.Info, info.GroupInfo)
	s := r.JoinCommit(l.device, r.CommitData(r.Ground(l.device.User)...), nil)
	if err := r.append(l, record.KindCommit, s.Message(), s.GroupInfo()); err != nil {
		return err
	}
	return r.Entered(l.device, s)
}

// message gives the payload of a message by a device.
func (r *room) message(d *roomstest.Device, text string) []byte {
	r.t.Helper()
	return r.SealEvent(r.Event(d, rooms.EventMessage, rooms.Message{Text: text}), d)
}

func (r *room) say(l *link, text string) uint64 {
	r.t.Helper()
	require.NoError(r.t, r.append(l, record.KindEvent, r.message(l.device, text), nil))
	return r.Public.Place().Seq
}

func (r *room) follow(l *link) wire.Entries {
	r.t.Helper()
	var e wire.Entries
	l.must(wire.OpFollow, wire.Follow{Room: r.ID}, &e)
	return e
}

// removals propose to take out all devices of a user.
func removals(r *room, u *roomstest.User) (list []mls.Proposal) {
	for _, m := range r.Public.Members() {
		if m.User == u.ID {
			list = append(list, mls.RemoveProposal{LeafIndex: m.Leaf})
		}
	}
	return list
}

// seen gives the pushes that nobody has awaited.
func (l *link) seen() []wire.Frame {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]wire.Frame(nil), l.pushes...)
}

func decode64(s string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(s) }
