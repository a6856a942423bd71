package client_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/rooms"
)

// enrolBefore enrols somebody whose device runs a program of before the suite that
// rooms move to, until it restarts.
func (n *network) enrolBefore(name, role string) *person {
	n.t.Helper()
	p := n.enrol(name, role, "PROFESSIONAL")
	require.NoError(n.t, p.core.Knows(n.t.Context(), mls.X25519ChaCha))
	return p
}

func (p *person) suiteOf(room ID) (suite mls.CipherSuite, held bool) {
	p.t.Helper()
	suite, held, err := p.core.SuiteOf(p.t.Context(), room)
	require.NoError(p.t, err)
	return suite, held
}

// moved waits until somebody's device is in a room's group of the newest suite.
func (p *person) moved(room ID) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		suite, _ := p.suiteOf(room)
		return suite == rooms.Suite
	}, patience, 10*time.Millisecond, "%s: the room has not moved", p.name)
	p.ready(room)
}

func TestRoomsMoveToTheNewestSuiteWhilePeopleWrite(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrolBefore("Camille Renaud", "NURSE_COORDINATOR")
	vidal := n.enrolBefore("Dr Vidal", "GENERAL_PRACTITIONER")
	traore := n.enrolBefore("Mme Traoré", "SOCIAL_WORKER")
	c := camille.opensCase(client.IdentityFields{}, party(vidal, "GENERAL_PRACTITIONER"), party(traore, "SOCIAL_WORKER"))
	for _, p := range []*person{vidal, traore} {
		camille.consents(c, p, "ALL", c.dossier, c.team)
		p.ready(c.team)
		p.ready(c.dossier)
	}
	camille.says(c.team, "avant")
	for _, p := range []*person{camille, vidal, traore} {
		p.reads(c.team, "avant")
		suite, _ := p.suiteOf(c.team)
		require.Equal(t, mls.X25519ChaCha, suite)
	}

	// Vidal is away, with something that he has written. Camille loads the new program,
	// and waits for Mme Traoré, whose tab is still open on the old one.
	vidal.unplug()
	vidal.says(c.team, "de Vidal")
	vidal.stop()
	camille.restart()
	require.Eventually(t, func() bool {
		suite, held := camille.suiteOf(c.team)
		require.Equal(t, mls.X25519ChaCha, suite)
		return held
	}, patience, 10*time.Millisecond, "nothing holds the move up")
	camille.ready(c.team)

	// She loads it too, and both write all along.
	written := []string{"avant"}
	var wg sync.WaitGroup
	traore.restart()
	traore.ready(c.team)
	for _, p := range []*person{camille, traore} {
		for i := range 15 {
			written = append(written, fmt.Sprintf("%s %d", p.name, i))
		}
		wg.Go(func() {
			for i := range 15 {
				p.says(c.team, fmt.Sprintf("%s %d", p.name, i))
				if suite, _ := p.suiteOf(c.team); suite != rooms.Suite && i == 10 {
					p.moved(c.team)
				}
			}
		})
	}
	wg.Wait()
	for _, p := range []*person{camille, traore} {
		p.moved(c.team)
		p.moved(c.dossier)
	}
	camille.moved(c.plan)
	all := func(v client.RoomView) bool {
		got := texts(v)
		if len(got) != len(written) {
			return false
		}
		for _, text := range written {
			require.Contains(t, got, text)
		}
		return true
	}
	read := texts(watch(camille, "room", inRoom(c.team), all))
	require.Equal(t, read, texts(watch(traore, "room", inRoom(c.team), all)), "everybody reads the same in the same order")

	// Nobody has left: Vidal only has to come back, and finds all of it.
	v := watch(camille, "room", inRoom(c.team), func(v client.RoomView) bool { return true })
	require.Len(t, v.Audience.Members, 3)
	require.Empty(t, v.Audience.Awaited)
	vidal.line.set(false)
	vidal.start()
	vidal.ready(c.team)
	written = append(written, "de Vidal")
	read = append(read, "de Vidal")
	for _, p := range []*person{vidal, camille, traore} {
		require.Equal(t, read, texts(watch(p, "room", inRoom(c.team), all)))
	}

	// A newcomer reads what was written under both groups.
	yann := n.enrol("Yann Le Goff", "NURSE", "PROFESSIONAL")
	camille.consents(c, yann, "ALL", c.team)
	yann.ready(c.team)
	require.Equal(t, read, texts(watch(yann, "room", inRoom(c.team), all)))

	// And what the devices have kept is read again.
	camille.restart()
	require.Equal(t, read, texts(watch(camille, "room", inRoom(c.team), all)))
	camille.says(c.team, "après")
	for _, p := range []*person{camille, vidal, traore, yann} {
		got := texts(watch(p, "room", inRoom(c.team), func(v client.RoomView) bool { return slices.Contains(texts(v), "après") }))
		require.Equal(t, append(slices.Clone(read), "après"), got)
	}
}

// TestADeviceThatStopsWhileItMovesARoomComesBack is of a device whose commit the server
// took, and that stops before it knows: the secrets of the new group are lost.
func TestADeviceThatStopsWhileItMovesARoomComesBack(t *testing.T) {
	n := startNetwork(t)
	camille, tr := n.trapped("Camille Renaud", "NURSE_COORDINATOR")
	require.NoError(t, camille.core.Knows(t.Context(), mls.X25519ChaCha))
	vidal := n.enrolBefore("Dr Vidal", "GENERAL_PRACTITIONER")
	c := camille.opensCase(client.IdentityFields{}, party(vidal, "GENERAL_PRACTITIONER"))
	camille.consents(c, vidal, "ALL", c.team)
	vidal.ready(c.team)
	vidal.says(c.team, "avant")
	camille.reads(c.team, "avant")
	vidal.stop()

	// Of each of the three rooms: the renewed leaf, the move, and then the entry, again
	// and again.
	for range 10 {
		camille.stop()
		shut := tr.set(0)
		camille.start()
		select {
		case <-shut:
		case <-time.After(patience):
			require.Fail(t, "nothing was placed")
		}
	}
	camille.stop()
	tr.free()
	camille.start()
	for _, id := range []ID{c.dossier, c.plan, c.team} {
		camille.moved(id)
	}
	camille.says(c.team, "après")
	vidal.start()
	for _, p := range []*person{camille, vidal} {
		p.reads(c.team, "avant", "après")
		v := watch(p, "status", nil, func(v client.StatusView) bool { return v.Outbox == 0 })
		require.Empty(t, v.Alarms, p.name)
	}
}
