package client_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/client/native"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// liar stands between a core and the server, and changes what the server says.
type liar struct {
	client.Transport
	mu     sync.Mutex
	change func(*wire.Entries)
	chain  func(*wire.Chain)
	// others change the answers to other requests: given the bodies of request and
	// answer, they give the body of another answer, or nil.
	others map[wire.Op]func(request, answer wire.Frame) any
	lost   map[wire.Op]bool // requests that never arrive
	// commits changes the commits that are sent, while it says so.
	commits func(*wire.Append) bool
}

func (l *liar) Dial(ctx context.Context, url string) (client.Conn, error) {
	c, err := l.Transport.Dial(ctx, url)
	if err != nil {
		return nil, err
	}
	return &lyingConn{Conn: c, liar: l, codec: wire.NewCodec(), asked: map[uint64]wire.Frame{}}, nil
}

type lyingConn struct {
	client.Conn
	liar  *liar
	codec *wire.Codec
	mu    sync.Mutex
	asked map[uint64]wire.Frame
}

func (c *lyingConn) Write(ctx context.Context, b []byte) error {
	if f, err := c.codec.Decode(b); err == nil {
		c.mu.Lock()
		c.asked[f.ID] = f
		c.mu.Unlock()
		c.liar.mu.Lock()
		lost := c.liar.lost[f.Op]
		c.liar.mu.Unlock()
		if lost {
			return nil
		}
		if f.Op == wire.OpAppend {
			if b, err = c.spoilt(f, b); err != nil {
				return err
			}
		}
	}
	return c.Conn.Write(ctx, b)
}

// spoilt gives an append as it leaves.
func (c *lyingConn) spoilt(f wire.Frame, b []byte) ([]byte, error) {
	c.liar.mu.Lock()
	change := c.liar.commits
	c.liar.mu.Unlock()
	var a wire.Append
	if change == nil || c.codec.Body(f, &a) != nil || a.Kind != record.KindCommit || !change(&a) {
		return b, nil
	}
	return c.codec.Encode(f.Op, f.ID, a)
}

func (c *lyingConn) Read(ctx context.Context) ([]byte, error) {
	b, err := c.Conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	f, err := c.codec.Decode(b)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	op, asked := f.Op, c.asked[f.ID]
	if op == wire.OpOK {
		op = asked.Op
	}
	c.mu.Unlock()
	c.liar.mu.Lock()
	defer c.liar.mu.Unlock()
	switch op {
	case wire.OpEntries, wire.OpFetch, wire.OpFollow:
		var es wire.Entries
		if c.liar.change == nil || c.codec.Body(f, &es) != nil {
			return b, nil
		}
		c.liar.change(&es)
		return c.codec.Encode(f.Op, f.ID, es)
	case wire.OpChain:
		var chain wire.Chain
		if c.liar.chain == nil || c.codec.Body(f, &chain) != nil {
			return b, nil
		}
		c.liar.chain(&chain)
		return c.codec.Encode(f.Op, f.ID, chain)
	}
	if other := c.liar.others[op]; other != nil {
		if body := other(asked, f); body != nil {
			return c.codec.Encode(f.Op, f.ID, body)
		}
	}
	return b, nil
}

func (l *liar) lies(change func(*wire.Entries)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.change = change
}

// swallows loses all requests of a kind.
func (l *liar) swallows(op wire.Op) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = map[wire.Op]bool{op: true}
}

// answers changes the answers to one kind of request; nil makes them true again.
func (l *liar) answers(op wire.Op, change func(request, answer wire.Frame) any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.others == nil {
		l.others = map[wire.Op]func(request, answer wire.Frame) any{}
	}
	l.others[op] = change
}

// behindLiar starts a device behind a liar.
func (n *network) behindLiar(name string) (*person, *liar) {
	n.t.Helper()
	p := &person{t: n.t, network: n, name: name, storage: native.NewMemory(), key: testKey}
	l := &liar{}
	p.through = func(t client.Transport) client.Transport {
		l.Transport = t
		return l
	}
	p.start()
	n.t.Cleanup(func() { p.stop() })
	return p, l
}

// lied enrols somebody behind a liar.
func (n *network) lied(name, role string) (*person, *liar) {
	n.t.Helper()
	p, l := n.behindLiar(name)
	p.enrols(role)
	return p, l
}

// enrols makes an account with a device that runs.
func (p *person) enrols(role string) {
	p.t.Helper()
	require.NoError(p.t, p.core.Enrol(p.t.Context(), client.EnrolArgs{
		Code: p.network.code("PROFESSIONAL"), Kind: "PROFESSIONAL", Profile: client.ProfileFields{Name: p.name, Role: role},
	}))
	p.user = watch(p, "status", nil, func(v client.StatusView) bool { return v.Me != nil && v.Online }).Me.User
}

func alarmed(p *person, code rooms.Code) {
	p.t.Helper()
	watch(p, "status", nil, func(v client.StatusView) bool {
		for _, a := range v.Alarms {
			if a.Code == code {
				return true
			}
		}
		return false
	})
}

func TestAForkedRoomIsShown(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal, server := n.lied("Dr Vidal", "GENERAL_PRACTITIONER")
	c := camille.opensCase(client.IdentityFields{})
	camille.consents(c, vidal, "ALL", c.team)
	vidal.ready(c.team)
	camille.reads(c.team)
	watch(camille, "room", inRoom(c.team), func(v client.RoomView) bool { return len(v.Audience.Members) == 2 })
	// From now on the server keeps one entry from Vidal, and closes the gap.
	hidden := watch(vidal, "room", inRoom(c.team), func(v client.RoomView) bool { return true })
	place, err := vidal.core.Place(t.Context(), c.team)
	require.NoError(t, err)
	require.NotEmpty(t, hidden.Title)
	server.lies(func(es *wire.Entries) {
		if es.Room != c.team {
			return
		}
		var out []wire.Entry
		for _, e := range es.Entries {
			switch {
			case e.Seq == place.Seq+1:
				continue
			case e.Seq > place.Seq:
				e.Seq--
			}
			out = append(out, e)
		}
		es.Entries = out
		if es.Last > place.Seq {
			es.Last--
		}
	})
	camille.says(c.team, "ce que le serveur cache")
	camille.reads(c.team, "ce que le serveur cache")
	camille.says(c.team, "ce qui suit")
	alarmed(vidal, rooms.CodeForked)
	v := watch(vidal, "room", inRoom(c.team), func(v client.RoomView) bool { return v.State == "FORKED" })
	require.NotContains(t, texts(v), "ce qui suit")
}

func TestAChangedEntryBreaksTheRoomInTheOpen(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal, server := n.lied("Dr Vidal", "GENERAL_PRACTITIONER")
	c := camille.opensCase(client.IdentityFields{})
	camille.consents(c, vidal, "ALL", c.team)
	vidal.ready(c.team)
	watch(camille, "room", inRoom(c.team), func(v client.RoomView) bool { return len(v.Audience.Members) == 2 })
	server.lies(func(es *wire.Entries) {
		for i := range es.Entries {
			e := &es.Entries[i]
			if es.Room == c.team && e.Kind == 2 {
				e.Payload = append([]byte(nil), e.Payload...)
				e.Payload[len(e.Payload)-100] ^= 1
			}
		}
	})
	camille.says(c.team, "tout va bien")
	watch(vidal, "room", inRoom(c.team), func(v client.RoomView) bool {
		for _, i := range v.Items {
			if i.Kind == "REFUSED" || i.Kind == "UNREADABLE" || v.State == "FORKED" {
				return true
			}
		}
		return false
	})
	server.lies(nil)
	camille.says(c.team, "encore")
	alarmed(vidal, rooms.CodeForked)
}

func TestAServerThatTurnsTimeBackIsRefused(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal, server := n.lied("Dr Vidal", "GENERAL_PRACTITIONER")
	c := camille.opensCase(client.IdentityFields{})
	camille.consents(c, vidal, "ALL", c.team)
	vidal.ready(c.team)
	server.lies(func(es *wire.Entries) {
		for i := range es.Entries {
			if es.Room == c.team {
				es.Entries[i].Time -= time.Hour.Milliseconds()
			}
		}
	})
	camille.says(c.team, "hier ?")
	alarmed(vidal, rooms.CodeBadChain)
}

// coedits collects live co-editing.
func coedits(p *person) chan string {
	out := make(chan string, 100)
	p.t.Cleanup(p.core.Live(func(j, _ []byte) {
		var e client.CoeditEvent
		if decode(j, &e) && e.Event == "coedit" {
			out <- string(e.Update)
		}
	}))
	return out
}

func TestCastsAfterARestartUseNoKeyTwice(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	c := camille.opensCase(client.IdentityFields{})
	camille.consents(c, vidal, "ALL", c.team)
	vidal.ready(c.team)
	watch(camille, "room", inRoom(c.team), func(v client.RoomView) bool { return len(v.Audience.Members) == 2 && v.Audience.Members[1].Name != "" })
	heard := coedits(camille)
	want := func(text string) {
		t.Helper()
		vidal.do("minutes.update", client.CoeditArgs{Room: c.team, Update: []byte(text)})
		select {
		case got := <-heard:
			require.Equal(t, text, got)
		case <-time.After(patience):
			require.Fail(t, "not heard", text)
		}
	}
	for i := range 70 { // more than one block of generations
		want(string(rune('a' + i)))
	}
	before := vidal.storage.Copy()
	want("said before the device was closed without warning")
	vidal.stop()
	vidal.storage = before // what it had on disk before that
	vidal.start()
	vidal.online()
	want("after the restart")
}
