package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/client/native"
	"github.com/ensemble-sante/ensemble/cmd/ensemble/demo"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/server/postgres"
	"github.com/ensemble-sante/ensemble/server/servertest"
)

const (
	lostRounds  = 3  // of each kind of crash
	acksBetween = 10 // entries acknowledged between two crashes, at least
	mostUnsent  = 6  // messages in a writer's outbox, about
)

// TestNothingAcknowledgedIsLost kills the node (SIGKILL) and stops PostgreSQL
// at once (immediate, fsync on) again and again, each time while entries are on
// their way: what was acknowledged stands where the server said it does, and
// everything that was written is there once and in order, for everybody.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	n := newFragileNode(t)
	cast := map[string]*demo.Player{}
	for _, key := range []string{"camille", "legoff", "vidal"} {
		cast[key] = n.enrol(ctx, key)
	}
	all := n.openRooms(ctx, cast)

	var writing sync.WaitGroup
	enough, stop := context.WithCancel(ctx)
	defer stop()
	said := map[client.ID]map[string][]string{} // by room and author, in order
	var mu sync.Mutex
	failed := make(chan error, len(cast)*len(all))
	for _, room := range all {
		said[room] = map[string][]string{}
	}
	for _, room := range all {
		for key, p := range cast {
			writing.Go(func() {
				err := write(ctx, enough, p, room, func(text string) {
					mu.Lock()
					defer mu.Unlock()
					said[room][key] = append(said[room][key], text)
				})
				if err != nil {
					failed <- fmt.Errorf("%s: %w", key, err)
				}
			})
		}
	}

	crashes := map[string]func(){
		"the node is killed":           func() { n.crashNode() },
		"PostgreSQL stops immediately": func() { n.crashDatabase(ctx) },
		"both":                         func() { n.crashBoth(ctx) },
	}
	for round := range lostRounds {
		for _, name := range []string{"the node is killed", "PostgreSQL stops immediately", "both"} {
			if name == "both" && round > 0 {
				continue
			}
			before := len(n.witness.acknowledged())
			require.NoError(t, n.midway(ctx, before+acksBetween), "before %s, round %d: nobody gets an answer: %s", name, round, n.process.log)
			crashes[name]()
			n.requireAcknowledged(ctx)
			for _, p := range cast { // as a browser does when its network is back
				require.NoError(t, demo.Act(ctx, p, "session.open", client.OpenArgs{}))
			}
		}
	}
	require.NoError(t, n.midway(ctx, len(n.witness.acknowledged())+acksBetween))
	stop()
	writing.Wait()
	close(failed)
	for err := range failed {
		require.NoError(t, err)
	}

	for key, p := range cast { // from here on nobody writes
		v, err := demo.Await(ctx, p, "status", nil, func(v client.StatusView) bool { return v.Online && v.Outbox == 0 })
		require.NoError(t, err)
		require.Empty(t, v.Alarms, key)
	}
	total := 0
	for _, room := range all {
		count := 0
		for _, texts := range said[room] {
			count += len(texts)
		}
		total += count
		n.requireWhole(ctx, room, cast, said[room], count)
	}
	n.requireAcknowledged(ctx)
	require.GreaterOrEqual(t, len(n.witness.acknowledged()), 2*lostRounds*acksBetween)
	t.Logf("%d messages, %d acknowledgements, %d crashes", total, len(n.witness.acknowledged()), 2*lostRounds+1)
}

// write says things in a room until enough is done, as fast as they are taken.
func write(ctx, enough context.Context, p *demo.Player, room client.ID, said func(string)) error {
	for i := 1; enough.Err() == nil; i++ {
		text := p.Key + " " + strconv.Itoa(i)
		if err := demo.Act(ctx, p, "room.send", client.SendArgs{Room: room, Text: text}); err != nil {
			return err
		}
		said(text)
		_, err := demo.Await(enough, p, "status", nil, func(v client.StatusView) bool { return v.Outbox < mostUnsent })
		if err != nil && enough.Err() == nil {
			return err
		}
	}
	return nil
}

// fragileNode is the program as a process, on a durable cluster of its own.
type fragileNode struct {
	t       *testing.T
	cluster *postgres.Cluster
	dsn     string
	origin  string
	environ []string
	process *process
	witness *witness
}

func newFragileNode(t *testing.T) *fragileNode {
	t.Helper()
	n := &fragileNode{t: t, witness: newWitness()}
	n.cluster, n.dsn = servertest.Cluster(t)
	host := "127.0.0.1:" + strconv.Itoa(servertest.Port(t))
	n.origin = "http://" + host
	n.environ = []string{
		"ENSEMBLE_PUBLIC_URL=" + n.origin, "ENSEMBLE_LISTEN=" + host,
		"ENSEMBLE_MEDIA_UDP=127.0.0.1:" + strconv.Itoa(servertest.Port(t)),
		"ENSEMBLE_DATABASE_URL=" + n.dsn, "ENSEMBLE_OBJECTS_DIR=" + t.TempDir(),
	}
	n.start()
	return n
}

func (n *fragileNode) start() {
	n.t.Helper()
	n.process = program(n.t, n.environ, "serve")
	n.process.ready(n.t, n.origin)
}

func (n *fragileNode) crashNode() {
	n.process.kill()
	n.start()
}

// crashDatabase leaves the node running: it must find its way back by itself.
func (n *fragileNode) crashDatabase(ctx context.Context) {
	require.NoError(n.t, n.cluster.Stop(ctx, postgres.Immediate))
	require.NoError(n.t, n.cluster.Restart(ctx))
	n.process.ready(n.t, n.origin)
}

func (n *fragileNode) crashBoth(ctx context.Context) {
	require.NoError(n.t, n.cluster.Stop(ctx, postgres.Immediate))
	n.process.kill()
	require.NoError(n.t, n.cluster.Restart(ctx))
	n.start()
}

// midway waits for a moment to crash: so many entries were acknowledged, and
// others are on their way.
func (n *fragileNode) midway(ctx context.Context, count int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return n.witness.midway(ctx, count)
}

// enrol gives a persona an account, by a code of `ensemble admin enrol`, and a
// device that runs until the test ends.
func (n *fragileNode) enrol(ctx context.Context, key string) *demo.Player {
	t := n.t
	t.Helper()
	p := &demo.Player{}
	for _, persona := range demo.Personas() {
		if persona.Key == key {
			p.Persona = persona
		}
	}
	require.Equal(t, key, p.Key)
	var out strings.Builder
	t.Setenv("ENSEMBLE_DATABASE_URL", n.dsn)
	require.Zero(t, run(ctx, []string{"admin", "enrol", "--kind", p.Kind}, &out, t.Output()))
	_, code, _ := strings.Cut(strings.TrimSpace(out.String()), "#")

	network, err := native.NewNetwork(n.origin, native.Options{})
	require.NoError(t, err)
	storageKey := make([]byte, client.StorageKeySize)
	_, _ = rand.Read(storageKey) // never fails
	p.HTTP = network
	p.Core, err = client.New(client.Config{
		Origin: n.origin, Transport: n.witness.between(network), HTTP: network, Storage: native.NewMemory(), StorageKey: storageKey,
		Version: "test", Logger: slog.New(slog.NewTextHandler(t.Output(), nil)).With("device", key),
	})
	require.NoError(t, err)
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- p.Core.Run(running) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the device of %s stopped: %v", key, err)
		}
	})
	require.NoError(t, p.Core.Enrol(ctx, client.EnrolArgs{Code: code, Kind: p.Kind, Profile: p.Profile()}))
	v, err := demo.Await(ctx, p, "status", nil, func(v client.StatusView) bool { return v.Online && v.Me != nil })
	require.NoError(t, err)
	p.User = v.Me.User
	return p
}

// openRooms opens a case with two threads that everybody of the cast is in.
func (n *fragileNode) openRooms(ctx context.Context, cast map[string]*demo.Player) []client.ID {
	t := n.t
	t.Helper()
	camille := cast["camille"]
	today := time.Now().Format(time.DateOnly)
	ref, err := demo.Do[client.CaseRef](ctx, camille, "case.create", client.CreateCaseArgs{
		Person:  client.IdentityFields{FamilyName: "Marchal", GivenName: "Odette", BirthDate: "1938-05-17"},
		Leaflet: client.LeafletFields{Version: "v3", Date: today, How: "ORAL"},
	})
	require.NoError(t, err)
	v, err := demo.Await(ctx, camille, "case", client.CaseParams(ref), func(v client.CaseView) bool {
		return v.State == "READY" && len(v.Rooms) == 1
	})
	require.NoError(t, err)
	team := v.Rooms[0].Room
	var members []client.ID
	for key, p := range cast {
		members = append(members, p.User)
		if key == "camille" {
			continue
		}
		require.NoError(t, demo.Act(ctx, camille, "circle.party", client.PartyArgs{Case: ref.Case, Party: client.PartyFields{
			Party: p.User, Name: p.Name, Role: p.Role, Category: "CARE_TEAM",
		}}))
		require.NoError(t, demo.Act(ctx, camille, "consent.give", client.ConsentArgs{
			Case: ref.Case, Party: p.User, Rooms: []client.ID{ref.Case, team}, Category: "CARE_TEAM", Basis: "NON_OPPOSITION",
			GivenBy: "PERSON", Date: today, How: "ORAL", Leaflet: "v3", History: "ALL",
		}))
	}
	thread, err := demo.Do[client.RoomRef](ctx, camille, "room.open", client.OpenRoomArgs{
		Case: ref.Case, Title: "Sortie d’hôpital", Audience: "TEAM", Members: members,
	})
	require.NoError(t, err)
	all := []client.ID{team, thread.Room}
	for _, room := range all {
		for _, p := range cast {
			_, err := demo.Await(ctx, p, "room", client.RoomRef{Room: room}, func(v client.RoomView) bool {
				return v.State == "READY" && v.Can.Write && len(v.Audience.Members) == len(cast)
			})
			require.NoError(t, err)
		}
	}
	return all
}

// line is one message as somebody reads it.
type line struct {
	id   client.ID
	seq  uint64
	by   client.ID
	text string
}

// requireWhole waits until everybody has all messages of a room, and requires
// that everybody has the same: each once, each author's in the order of
// writing, and one chain, which is the database's.
func (n *fragileNode) requireWhole(ctx context.Context, room client.ID, cast map[string]*demo.Player, said map[string][]string, count int) {
	t := n.t
	t.Helper()
	stored := n.chain(ctx, room)
	var first []line
	for key, p := range cast {
		for range count / 50 {
			require.NoError(t, demo.Act(ctx, p, "room.older", client.RoomRef{Room: room}))
		}
		v, err := demo.Await(ctx, p, "room", client.RoomRef{Room: room}, func(v client.RoomView) bool {
			return v.State == "READY" && len(delivered(v)) >= count
		})
		require.NoError(t, err)
		lines := delivered(v)
		require.Len(t, lines, count, "%s reads something twice", key)
		for _, i := range v.Items {
			require.NotContains(t, []string{"REFUSED", "UNREADABLE", "UNKNOWN"}, i.Kind, "%s: %+v", key, i)
		}
		if first == nil {
			first = lines
		}
		require.Equal(t, first, lines, "%s reads another order", key)
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			place, err := p.Core.Place(ctx, room)
			require.NoError(c, err)
			require.Equal(c, stored, place)
		}, patience, 20*time.Millisecond, "%s has another log than the database", key)
	}
	ids := map[client.ID]bool{}
	for key, p := range cast {
		var own []string
		for _, l := range first {
			if l.by == p.User {
				own = append(own, l.text)
			}
			ids[l.id] = true
		}
		require.Equal(t, said[key], own, "what %s wrote, in order", key)
	}
	require.Len(t, ids, count)
}

// delivered gives the messages that stand in the log.
func delivered(v client.RoomView) []line {
	var lines []line
	for _, i := range v.Items {
		if i.Kind == "MESSAGE" && i.Seq > 0 && i.Delivery == "SENT" {
			lines = append(lines, line{i.ID, i.Seq, i.By, i.Text})
		}
	}
	return lines
}

// chain computes the chain of a room anew from what PostgreSQL holds.
func (n *fragileNode) chain(ctx context.Context, room client.ID) record.Place {
	t := n.t
	t.Helper()
	var place record.Place
	for _, e := range n.entries(ctx, room) {
		next, err := place.Next(record.Envelope{Room: room, Seq: e.seq, Time: e.time, Kind: e.kind, Payload: sha256.Sum256(e.payload)})
		require.NoError(t, err, "the log has no gap")
		require.Equal(t, e.chain, next.Chain[:])
		place = next
	}
	return place
}

type storedEntry struct {
	seq     uint64
	time    int64
	kind    record.Kind
	payload []byte
	chain   []byte
}

func (n *fragileNode) entries(ctx context.Context, room client.ID) []storedEntry {
	t := n.t
	t.Helper()
	conn, err := pgx.Connect(ctx, n.dsn)
	require.NoError(t, err)
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, "SELECT seq, time, kind, payload, chain FROM entries WHERE room_id = $1 ORDER BY seq", room[:])
	require.NoError(t, err)
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e storedEntry, err error) {
		err = row.Scan(&e.seq, &e.time, &e.kind, &e.payload, &e.chain)
		return e, err
	})
	require.NoError(t, err)
	return list
}

// requireAcknowledged requires that each entry that the server acknowledged,
// of any room, stands where it said.
func (n *fragileNode) requireAcknowledged(ctx context.Context) {
	t := n.t
	t.Helper()
	logs := map[client.ID][]storedEntry{}
	for _, a := range n.witness.acknowledged() {
		if logs[a.room] == nil {
			logs[a.room] = n.entries(ctx, a.room)
		}
		require.LessOrEqual(t, a.seq, uint64(len(logs[a.room])), "an acknowledged entry is lost")
		e := logs[a.room][a.seq-1]
		require.Equal(t, a.seq, e.seq)
		require.Equal(t, a.entry, sameEntry(e.kind, e.payload), "another entry stands in the place of an acknowledged one")
	}
}
