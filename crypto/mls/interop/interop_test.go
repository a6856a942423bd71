package interop

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/stretchr/testify/require"
)

// commit has somebody commit: what the others proposed, and what they add. All
// members follow, joiners are welcomed, and whoever is removed knows it.
func (s *story) commit(committer member, p *plan, byValue []proposal, joining []member) {
	if p == nil {
		p = &plan{touched: map[mls.LeafIndex]bool{}}
	}
	public := s.chance(70)
	if s.chance(15) && len(s.members) > 2 { // somebody else was too late
		rival := pick(s, s.others(slices.Concat(p.gone, []member{committer})...))
		if s.mayRival(p, rival) {
			_, _, err := rival.commit(nil, public)
			require.NoError(s.t, err, rival.name())
			require.NoError(s.t, rival.discard())
			s.did("commit that lost")
		}
	}
	message, welcome, err := committer.commit(byValue, public)
	require.NoError(s.t, err, "%s: %v", committer.name(), byValue)
	s.t.Logf("%s commits %d by value; gone %v; joining %v; public %v", committer.name(), len(byValue), names(p.gone), names(joining), public)
	told := s.others(committer)
	if len(joining) > 0 {
		told = slices.DeleteFunc(told, func(m member) bool { return blindToOwnRemoval(m) && slices.Contains(p.gone, m) })
	}
	s.tell(message, told)
	require.NoError(s.t, committer.merge())
	s.members = s.others(p.gone...)
	for _, m := range joining {
		if err := m.join(welcome); mistakesTheTree(err) {
			s.lockedOut = append(s.lockedOut, m.name())
		} else {
			require.NoError(s.t, err, m.name())
			s.members = append(s.members, m)
		}
	}
	s.did("commit")
	s.look()
	s.clear()
}

// clear takes out those who could not follow their Welcome.
func (s *story) clear() {
	if len(s.lockedOut) == 0 {
		return
	}
	var byValue []proposal
	for _, l := range s.server.Members() {
		if slices.Contains(s.lockedOut, string(l.Leaf.Credential.Identity)) {
			byValue = append(byValue, proposal{kind: "remove", leaf: l.Index})
			s.did("their refusal of a tree")
		}
	}
	s.lockedOut = nil
	s.commit(pick(s, s.members), nil, byValue, nil)
}

// mayRival says whether a member can commit all that is proposed: no update of
// its own.
func (s *story) mayRival(p *plan, m member) bool { return !p.touched[s.leaf(m)] }

// epoch is one commit with what several people proposed.
func (s *story) epoch() {
	s.deliver()
	committer := pick(s, s.members)
	p := &plan{touched: map[mls.LeafIndex]bool{}}
	for range s.rng.IntN(3) {
		if s.chance(15) && len(s.members) < mostPeople {
			s.askIn(p)
			continue
		}
		if len(s.others(committer)) == len(p.gone) {
			break
		}
		by := pick(s, s.others(slices.Concat(p.gone, []member{committer})...))
		drawn := s.draw(p, committer, by)
		message, err := by.propose(drawn, s.chance(70))
		require.NoError(s.t, err, "%s: %s", by.name(), drawn.kind)
		s.tell(message, s.others(by))
		s.did(drawn.kind + " by reference")
	}
	var byValue []proposal
	for range s.rng.IntN(3) {
		drawn := s.draw(p, committer, committer)
		byValue = append(byValue, drawn)
		s.did(drawn.kind + " by value")
	}
	s.commit(committer, p, byValue, p.joining)
}

// askIn has a client that is outside ask to be added.
func (s *story) askIn(p *plan) {
	info, err := pick(s, s.members).groupInfo()
	require.NoError(s.t, err)
	m := s.somebody()
	message, err := m.proposeSelf(s.suite, info)
	require.NoError(s.t, err, m.name())
	s.share(p, m)
	s.tell(message, s.members)
	p.joining = append(p.joining, m)
	s.did("add by the joiner")
}

// enter has a client come in by itself, or come back in the place of its old leaf.
func (s *story) enter() {
	s.deliver()
	m, resync := s.somebody(), false
	witness := pick(s, s.members)
	if len(s.members) > 2 && s.chance(40) || len(s.members) >= mostPeople {
		m, resync = pick(s, s.others(witness)), true
	}
	info, err := witness.groupInfo()
	require.NoError(s.t, err)
	message, err := m.joinExternal(s.suite, info, resync)
	if mistakesTheTree(err) {
		s.did("their refusal of a tree")
		return
	}
	require.NoError(s.t, err, m.name())
	s.t.Logf("%s enters, resync %v, shown by %s", m.name(), resync, witness.name())
	s.tell(message, s.others(m))
	require.NoError(s.t, m.merge())
	s.members = append(s.others(m), m)
	s.did(map[bool]string{true: "external commit with resync", false: "external commit"}[resync])
	s.look()
}

// reinit moves the group to another suite: everybody, by a Welcome.
func (s *story) reinit() {
	s.deliver()
	s.group++
	committer := pick(s, s.members)
	suite := pick(s, suites)
	s.commit(committer, nil, []proposal{{kind: "reinit", group: s.groupID(), suite: suite}}, nil)
	s.suite, s.server = suite, nil
	founder := pick(s, s.members)
	var packages [][]byte
	for _, m := range s.others(founder) {
		kp, err := m.keyPackage(suite)
		require.NoError(s.t, err)
		packages = append(packages, kp)
	}
	welcome, err := founder.succeed(suite, s.groupID(), packages)
	require.NoError(s.t, err, founder.name())
	for _, m := range s.others(founder) {
		require.NoError(s.t, m.joinSuccessor(welcome, founder), "%s into the group of %s", m.name(), founder.name())
	}
	s.did("reinit")
	s.look()
}

// suites are those that both implementations have, the post-quantum one with a
// crypto provider of peer.mjs. Groups move from each to each.
var suites = []mls.CipherSuite{mls.X25519AES128, mls.P256AES128, mls.X25519ChaCha, mls.MLKEM768X25519ChaCha}

// TestBothImplementationsStayInOneGroup drives a group of both by a random
// script, whose seed ENSEMBLE_MLS_SEED may give, and compares after every epoch.
// What happened is told when it fails, and with -v.
func TestBothImplementationsStayInOneGroup(t *testing.T) {
	seed := uint64(9420)
	if given := os.Getenv("ENSEMBLE_MLS_SEED"); given != "" {
		var err error
		seed, err = strconv.ParseUint(given, 10, 64)
		require.NoError(t, err)
	}
	for _, suite := range suites {
		t.Run(suite.String(), func(t *testing.T) {
			t.Parallel()
			s := &story{
				t: t, rng: rand.New(rand.NewPCG(seed, uint64(suite))), peer: startPeer(t), suite: suite,
				views: map[string]view{}, count: map[string]int{},
			}
			s.begin()
			for range steps {
				switch n := s.rng.IntN(100); {
				case n < 55:
					s.send()
				case n < 85:
					s.epoch()
				case n < 97:
					s.enter()
				default:
					s.reinit()
				}
			}
			s.deliver()
			t.Logf("seed %d: %v", seed, s.count)
		})
	}
}

func names(list []member) []string {
	out := make([]string, 0, len(list))
	for _, m := range list {
		out = append(out, m.name())
	}
	return out
}
