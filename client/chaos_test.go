package client_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/crypto/record"
)

// TestNothingIsLostOrDoubledInTheMidstOfEverything lets three people write while
// their lines are cut, their devices closed and opened, and a fourth is let in and
// taken out again and again.
func TestNothingIsLostOrDoubledInTheMidstOfEverything(t *testing.T) {
	const each = 25
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	legoff := n.enrol("Yann Le Goff", "NURSE", "PROFESSIONAL")
	paul := n.enrol("Paul Lenoir", "VOLUNTEER", "VOLUNTEER")
	c := camille.opensCase(client.IdentityFields{}, party(vidal, "GENERAL_PRACTITIONER"), party(legoff, "NURSE"), party(paul, "VOLUNTEER"))
	for _, p := range []*person{vidal, legoff} {
		camille.consents(c, p, "ALL", c.dossier, c.team)
		p.ready(c.team)
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	var want []string
	for i, p := range []*person{camille, vidal, legoff} {
		wait.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(i), 42)) //nolint:gosec // the same dice in every run
			cut := false
			for k := range each {
				text := fmt.Sprintf("%s %d", p.name, k)
				p.says(c.team, text)
				mu.Lock()
				want = append(want, text)
				mu.Unlock()
				switch d := dice.IntN(10); {
				case p == camille: // whose line holds: she lets in and takes out
					switch k % 8 {
					case 3:
						camille.consents(c, paul, "NOW", c.team)
					case 7:
						camille.do("consent.withdraw", client.WithdrawArgs{Case: c.dossier, Party: paul.user})
					}
				case d == 0 && !cut:
					p.line.set(true)
					cut = true
				case d < 4 && cut:
					p.line.set(false)
					cut = false
				case d == 9:
					p.restart()
				}
			}
			p.line.set(false)
			p.do("session.open", client.OpenArgs{})
		})
	}
	wait.Wait()
	slices.Sort(want)
	var order []string
	for _, p := range []*person{camille, vidal, legoff} {
		p.do("room.older", client.RoomRef{Room: c.team})
		p.do("room.older", client.RoomRef{Room: c.team})
		v := watch(p, "room", inRoom(c.team), func(v client.RoomView) bool { return len(texts(v)) >= len(want) })
		got := texts(v)
		if order == nil {
			order = slices.Clone(got)
		}
		require.Equal(t, order, got, "everybody reads the same, in the same order")
		slices.Sort(got)
		require.Equal(t, want, got)
		s := watch(p, "status", nil, func(v client.StatusView) bool { return v.Outbox == 0 && v.Online })
		require.Empty(t, s.Alarms, p.name)
	}
	require.Eventually(t, func() bool {
		places := map[record.Place]bool{}
		for _, p := range []*person{camille, vidal, legoff} {
			place, err := p.core.Place(t.Context(), c.team)
			require.NoError(t, err)
			places[place] = true
		}
		return len(places) == 1
	}, patience, 20*time.Millisecond, "one log")
}
