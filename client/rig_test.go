package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/client/native"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/server"
	"github.com/ensemble-sante/ensemble/server/accounts"
	"github.com/ensemble-sante/ensemble/server/blobs/folder"
	"github.com/ensemble-sante/ensemble/server/bus"
	"github.com/ensemble-sante/ensemble/server/servertest"
	"github.com/ensemble-sante/ensemble/server/store"
)

// patience bounds the wait for something that will come.
const patience = 30 * time.Second

type ID = client.ID

// network is a server under test.
type network struct {
	t      testing.TB
	dsn    string
	server *server.Server
	http   *httptest.Server
}

func startNetwork(t testing.TB) *network {
	t.Helper()
	b, err := bus.NewServer()
	require.NoError(t, err)
	t.Cleanup(b.Close)
	one, err := b.Connect()
	require.NoError(t, err)
	t.Cleanup(func() { _ = one.Close() })
	dsn := servertest.Database(t)
	st, err := store.Open(t.Context(), store.Config{DSN: dsn})
	require.NoError(t, err)
	t.Cleanup(st.Close)
	objects, err := folder.Open(t.TempDir())
	require.NoError(t, err)
	n := &network{t: t, dsn: dsn}
	n.http = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.server.Handler().ServeHTTP(w, r)
	}))
	log := io.Discard
	level := slog.LevelInfo
	if os.Getenv("ENSEMBLE_TEST_LOG") != "" {
		log, level = os.Stderr, slog.LevelDebug
	}
	n.server, err = server.New(server.Config{
		Store: st, Blobs: objects, Bus: one, MailFrom: "rcp@reseau.example",
		PublicURL: &url.URL{Scheme: "http", Host: n.http.Listener.Addr().String()},
		Logger:    slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: level})),
		LogSeed:   logSeed,
		Limits:    server.Limits{SignInRate: 1000, SignInBurst: 1000},
		Poll:      200 * time.Millisecond,
	})
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
	})
	return n
}

// line is the way of one device to the server, to be cut.
type line struct {
	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

var errCut = errors.New("the line is cut")

func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return nil, errCut
	}
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil {
		if l.conns == nil {
			l.conns = map[net.Conn]bool{}
		}
		l.conns[c] = true
	}
	return c, err
}

func (l *line) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	if cut {
		for c := range l.conns {
			_ = c.Close()
		}
		l.conns = nil
	}
}

// unplug cuts a device off; plug connects it again.
func (p *person) unplug() {
	p.t.Helper()
	p.line.set(true)
	watch(p, "status", nil, func(v client.StatusView) bool { return !v.Online })
}

func (p *person) plug() {
	p.t.Helper()
	p.line.set(false)
	p.do("session.open", client.OpenArgs{})
	p.online()
}

func (p *person) online() {
	p.t.Helper()
	watch(p, "status", nil, func(v client.StatusView) bool { return v.Online && v.Phase == "READY" })
}

// code makes a code with which somebody enrols.
func (n *network) code(kind string) string {
	n.t.Helper()
	code, err := n.server.Accounts().NewCode(context.Background(), accounts.Invitation{Kind: kind}, time.Hour)
	require.NoError(n.t, err)
	return code
}

// person is somebody with one running device.
type person struct {
	t       testing.TB
	network *network
	name    string
	user    ID
	core    *client.Core
	storage *native.Memory
	key     []byte
	line    line
	through func(client.Transport) client.Transport
	stop    func()
}

// logSeed is the private key of the key log, which a lying server uses.
var logSeed = []byte("fedcba9876543210fedcba9876543210")

var testKey = []byte("0123456789abcdef0123456789abcdef")

// device starts a core on storage.
func (n *network) device(name string, storage *native.Memory) *person {
	n.t.Helper()
	p := &person{t: n.t, network: n, name: name, storage: storage, key: testKey}
	p.start()
	n.t.Cleanup(func() { p.stop() })
	return p
}

func (p *person) start() {
	p.t.Helper()
	way, err := native.NewNetwork(p.network.http.URL, native.Options{
		Transport: &http.Transport{DialContext: p.line.dial},
	})
	require.NoError(p.t, err)
	var transport client.Transport = way
	if p.through != nil {
		transport = p.through(way)
	}
	var log client.Logger
	if os.Getenv("ENSEMBLE_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With("who", p.name)
	}
	p.core, err = client.New(client.Config{
		Origin: p.network.http.URL, Transport: transport, HTTP: way, Storage: p.storage, StorageKey: p.key,
		Version: "test", Logger: log, RemoveDelay: 300 * time.Millisecond, GoneAfter: 5 * time.Second,
	})
	require.NoError(p.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	core := p.core
	go func() { ended <- core.Run(ctx) }()
	var once sync.Once
	p.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				p.t.Errorf("%s: the core stopped: %v", p.name, err)
			}
		})
	}
}

// restart closes the device and opens it again with what it has kept.
func (p *person) restart() {
	p.t.Helper()
	p.stop()
	p.start()
}

// enrol makes a new account with a running device.
func (n *network) enrol(name, role, kind string) *person {
	n.t.Helper()
	p := n.device(name, native.NewMemory())
	require.NoError(n.t, p.core.Enrol(n.t.Context(), client.EnrolArgs{
		Code: n.code(kind), Kind: kind, Profile: client.ProfileFields{Name: name, Role: role},
	}))
	p.user = watch(p, "status", nil, func(v client.StatusView) bool { return v.Me != nil && v.Online }).Me.User
	return p
}

// try performs a command.
func (p *person) try(method string, args any) ([]byte, error) {
	p.t.Helper()
	b, err := json.Marshal(args)
	require.NoError(p.t, err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return p.core.Call(ctx, method, b)
}

// do performs a command that must succeed.
func (p *person) do(method string, args any) {
	p.t.Helper()
	_, err := p.try(method, args)
	require.NoError(p.t, err, "%s: %s", p.name, method)
}

// ask performs a command that must succeed and gives its result.
func ask[R any](p *person, method string, args any) R {
	p.t.Helper()
	b, err := p.try(method, args)
	require.NoError(p.t, err, "%s: %s", p.name, method)
	var r R
	require.NoError(p.t, json.Unmarshal(b, &r))
	return r
}

// watch waits until a view satisfies a condition and gives it.
func watch[V any](p *person, view string, params any, until func(V) bool) V {
	p.t.Helper()
	b, err := json.Marshal(params)
	require.NoError(p.t, err)
	found := make(chan V, 1)
	var mu sync.Mutex
	var last []byte
	cancel, err := p.core.Watch(view, b, func(j []byte) {
		mu.Lock()
		last = append([]byte(nil), j...)
		mu.Unlock()
		if strings.HasPrefix(string(j), `{"error":`) {
			return
		}
		var v V
		if err := json.Unmarshal(j, &v); err != nil {
			p.t.Errorf("%s: view %s: %v", p.name, view, err)
			return
		}
		if until(v) {
			select {
			case found <- v:
			default:
			}
		}
	})
	require.NoError(p.t, err)
	defer cancel()
	select {
	case v := <-found:
		return v
	case <-time.After(patience):
		mu.Lock()
		defer mu.Unlock()
		require.Failf(p.t, "it did not come", "%s: view %s %s is\n%s", p.name, view, b, last)
		panic("not reached")
	}
}

func inRoom(id ID) client.RoomParams { return client.RoomParams{Room: id} }

// texts gives the messages of a room in order.
func texts(v client.RoomView) []string {
	var out []string
	for _, i := range v.Items {
		if i.Kind == "MESSAGE" && i.Delivery == "SENT" && i.Seq > 0 {
			out = append(out, i.Text)
		}
	}
	return out
}

// reads waits until somebody reads exactly these messages in a room.
func (p *person) reads(room ID, want ...string) client.RoomView {
	p.t.Helper()
	return watch(p, "room", inRoom(room), func(v client.RoomView) bool {
		got := texts(v)
		if len(got) != len(want) {
			return false
		}
		for i := range got {
			if got[i] != want[i] {
				return false
			}
		}
		return true
	})
}

func (p *person) says(room ID, text string) ID {
	p.t.Helper()
	return ask[client.EventRef](p, "room.send", client.SendArgs{Room: room, Text: text}).ID
}

// ready waits until a device is in a room and has its history.
func (p *person) ready(room ID) {
	p.t.Helper()
	watch(p, "room", inRoom(room), func(v client.RoomView) bool { return v.State == "READY" })
}

// aCase is a case that somebody opened, with its rooms.
type aCase struct{ dossier, plan, team ID }

func (p *person) opensCase(person client.IdentityFields, circle ...client.PartyFields) aCase {
	p.t.Helper()
	if person.FamilyName == "" {
		person.FamilyName, person.GivenName, person.BirthDate = "Marchal", "Odette", "1938-05-12"
	}
	ref := ask[client.CaseRef](p, "case.create", client.CreateCaseArgs{
		Person: person, LifeProject: "Rester chez moi, avec mon chat.",
		Leaflet: client.LeafletFields{Version: "v3", Date: "2026-01-10", How: "ORAL"}, Circle: circle,
	})
	v := watch(p, "case", client.CaseParams(ref), func(v client.CaseView) bool {
		return v.State == "READY" && v.Plan != nil && len(v.Rooms) == 1 && v.LifeProject != nil
	})
	return aCase{ref.Case, v.Plan.Room, v.Rooms[0].Room}
}

// consents lets somebody into rooms of a case.
func (p *person) consents(c aCase, to *person, history string, in ...ID) {
	p.t.Helper()
	p.do("consent.give", client.ConsentArgs{
		Case: c.dossier, Party: to.user, Rooms: in, Category: rooms.CategoryCareTeam, Basis: rooms.BasisNonOpposition,
		GivenBy: "PERSON", Date: "2026-01-10", How: "ORAL", Leaflet: "v3", History: history,
	})
}

func party(p *person, role string) client.PartyFields {
	return client.PartyFields{Party: p.user, Name: p.name, Role: role, Category: rooms.CategoryCareTeam}
}

func decode(b []byte, v any) bool { return json.Unmarshal(b, v) == nil }
