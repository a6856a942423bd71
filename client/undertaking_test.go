package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/client/native"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// trap stands between a core and the server, and lets only so many requests that
// place something through; the answer to the last one does not come back.
type trap struct {
	client.Transport
	mu   sync.Mutex
	left int // below zero: all of them
	shut chan struct{}
}

func (t *trap) set(n int) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left, t.shut = n, make(chan struct{})
	return t.shut
}

// free lets everything through from now on.
func (t *trap) free() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left, t.shut = -1, nil
}

func (t *trap) Dial(ctx context.Context, url string) (client.Conn, error) {
	c, err := t.Transport.Dial(ctx, url)
	if err != nil {
		return nil, err
	}
	return &trappedConn{Conn: c, trap: t, codec: wire.NewCodec()}, nil
}

type trappedConn struct {
	client.Conn
	trap  *trap
	codec *wire.Codec
}

func (c *trappedConn) Write(ctx context.Context, b []byte) error {
	f, err := c.codec.Decode(b)
	if err != nil || f.Op != wire.OpCreate && f.Op != wire.OpAppend {
		return c.Conn.Write(ctx, b)
	}
	c.trap.mu.Lock()
	last := c.trap.left == 0
	c.trap.left--
	shut := c.trap.shut
	c.trap.mu.Unlock()
	err = c.Conn.Write(ctx, b)
	if last {
		close(shut)
	}
	return err
}

func (c *trappedConn) Read(ctx context.Context) ([]byte, error) {
	b, err := c.Conn.Read(ctx)
	c.trap.mu.Lock()
	over := c.trap.left < 0 && c.trap.shut != nil
	c.trap.mu.Unlock()
	if over && err == nil {
		<-ctx.Done() // nothing more reaches this device before it stops
		return nil, ctx.Err()
	}
	return b, err
}

// stops performs a command on a device that stops after its nth placing request
// reached the server, and begins again. It says whether the command was over
// before; result is what it answered then.
func (p *person) stops(t *testing.T, tr *trap, n int, method string, args any) (result []byte, over bool) {
	t.Helper()
	shut := tr.set(n)
	b, err := json.Marshal(args)
	require.NoError(t, err)
	type answer struct {
		b   []byte
		err error
	}
	done := make(chan answer, 1)
	core := p.core
	go func() {
		b, err := core.Call(context.Background(), method, b)
		done <- answer{b, err}
	}()
	select {
	case a := <-done:
		require.NoError(t, a.err)
		tr.free()
		return a.b, true
	case <-shut:
	case <-time.After(patience):
		require.Fail(t, "the command neither ended nor was stopped")
	}
	p.stop()
	require.Error(t, (<-done).err)
	tr.free()
	p.start()
	p.online()
	return nil, false
}

// trapped enrols somebody behind a trap.
func (n *network) trapped(name, role string) (*person, *trap) {
	n.t.Helper()
	p := &person{t: n.t, network: n, name: name, storage: native.NewMemory(), key: testKey}
	tr := &trap{left: -1}
	p.through = func(t client.Transport) client.Transport {
		tr.Transport = t
		return tr
	}
	p.start()
	n.t.Cleanup(func() { p.stop() })
	require.NoError(n.t, p.core.Enrol(n.t.Context(), client.EnrolArgs{
		Code: n.code("PROFESSIONAL"), Kind: "PROFESSIONAL", Profile: client.ProfileFields{Name: name, Role: role},
	}))
	p.user = watch(p, "status", nil, func(v client.StatusView) bool { return v.Me != nil && v.Online }).Me.User
	return p, tr
}

func TestACommandOfManyStepsIsCarriedThroughWhateverStopsIt(t *testing.T) {
	n := startNetwork(t)
	camille, tr := n.trapped("Camille Renaud", "NURSE_COORDINATOR")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	cases := 0
	for k := 0; ; k += 2 {
		name := fmt.Sprintf("Odette %d", k)
		args := client.CreateCaseArgs{
			Person: client.IdentityFields{FamilyName: "Marchal", GivenName: name, BirthDate: "1938-05-12"}, LifeProject: "Rester chez moi.",
			Leaflet: client.LeafletFields{Version: "v3", Date: "2026-01-10", How: "ORAL"},
			Circle:  []client.PartyFields{party(vidal, "GENERAL_PRACTITIONER"), {Name: "Marc", Role: "SON", Category: rooms.CategoryEntourage}},
		}
		b, over := camille.stops(t, tr, k, "case.create", args)
		if !over { // who presses again hears of the case that is carried through
			var err error
			b, err = camille.try("case.create", args)
			require.NoError(t, err)
		}
		cases++
		var ref client.CaseRef
		require.NoError(t, json.Unmarshal(b, &ref))
		v := watch(camille, "case", client.CaseParams(ref), func(v client.CaseView) bool {
			return v.State == "READY" && v.Plan != nil && len(v.Rooms) == 1 && v.LifeProject != nil && len(v.Circle) == 3
		})
		require.Equal(t, name, v.Person.GivenName)
		home := watch(camille, "home", nil, func(v client.HomeView) bool { return len(v.Cases) >= cases })
		require.Len(t, home.Cases, cases, "stopped at step %d", k)
		if over {
			require.Greater(t, k, 2)
			break
		}
	}
	c := camille.opensCase(client.IdentityFields{}, party(vidal, "GENERAL_PRACTITIONER"))
	for k := 0; ; k++ {
		_, over := camille.stops(t, tr, k, "consent.give", client.ConsentArgs{
			Case: c.dossier, Party: vidal.user, Rooms: []ID{c.dossier, c.plan, c.team}, Category: rooms.CategoryCareTeam,
			Basis: rooms.BasisNonOpposition, GivenBy: "PERSON", Date: "2026-01-10", How: "ORAL", History: "ALL",
		})
		vidal.ready(c.team)
		v := watch(camille, "consents", client.CaseParams{Case: c.dossier}, func(v client.ConsentsView) bool {
			return slices.ContainsFunc(v.Rows, func(r client.ConsentRow) bool { return r.Party.Party == vidal.user && len(r.History) > k })
		})
		row := v.Rows[slices.IndexFunc(v.Rows, func(r client.ConsentRow) bool { return r.Party.Party == vidal.user })]
		require.Len(t, row.History, k+1, "recorded once, stopped at step %d", k)
		if over {
			break
		}
	}
	for k := 0; ; k += 3 {
		title := fmt.Sprintf("Réunion %d", k)
		args := client.PlanSessionArgs{
			Title: title, Type: "DAC", Starts: time.Now().Add(time.Hour).UnixMilli(), Zone: "Europe/Paris", Minutes: 60,
			Items: []client.PlanItemFields{{Case: c.dossier, Question: "Un ?"}, {Case: c.dossier, Question: "Deux ?"}},
			Participants: []client.PlanPersonFields{
				{User: camille.user, Duty: rooms.DutyChair, Items: []int{0, 1}}, {User: vidal.user, Votes: true, Items: []int{0, 1}},
			},
		}
		b, over := camille.stops(t, tr, k, "rcp.plan", args)
		if !over {
			watch(camille, "home", nil, func(v client.HomeView) bool { return len(v.Meetings) > k/3 }) // it may have ended by now
			var err error
			b, err = camille.try("rcp.plan", args)
			require.NoError(t, err)
		}
		var ref client.SessionRef
		require.NoError(t, json.Unmarshal(b, &ref))
		v := watch(vidal, "session", client.SessionParams(ref), func(v client.SessionView) bool {
			return len(v.Items) == 2 && v.Items[0].Known && v.Items[1].Known
		})
		require.Equal(t, title, v.Title)
		agenda := watch(vidal, "home", nil, func(v client.HomeView) bool { return len(v.Meetings) > k/3 })
		require.Len(t, agenda.Meetings, k/3+1)
		if over {
			break
		}
	}
	for _, p := range []*person{camille, vidal} {
		v := watch(p, "status", nil, func(v client.StatusView) bool { return v.Outbox == 0 })
		require.Empty(t, v.Alarms, p.name)
	}
}
