package mls

import (
	"fmt"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// heirs are clients and key packages of members for another group.
func (w *world) heirs(s CipherSuite, members []*Group) *heirs {
	h := &heirs{}
	for _, g := range members {
		leaf, _ := g.Member(g.OwnIndex())
		c := w.client(s)
		c.Credential = leaf.Credential
		kp, p := newKeyPackage(w.t, c)
		h.clients, h.packages, h.private = append(h.clients, c), append(h.packages, kp), append(h.private, p)
	}
	return h
}

// found lets the member at the place by make a group of all heirs, who join it.
// Who was removed from the group before cannot, even with a member's keys.
func (w *world) found(h *heirs, from []*Group, by int, make func(packages []*KeyPackage) (*StagedCommit, error)) (*StagedCommit, []*Group) {
	t := w.t
	staged, err := make(h.without(by))
	require.NoError(t, err)
	groups := []*Group{staged.Group()}
	for i, g := range from {
		if i == by {
			continue
		}
		for _, ghost := range w.ghosts {
			_, err := JoinWelcome(h.clients[i], staged.Welcome(), h.private[i], JoinOptions{From: ghost.group})
			require.Error(t, err)
		}
		joined, err := JoinWelcome(h.clients[i], staged.Welcome(), h.private[i], JoinOptions{From: g, Now: testNow})
		require.NoError(t, err)
		groups = append(groups, joined)
	}
	agree(t, groups)
	return staged, groups
}

// reInit moves the group to another one, with any suite; its life goes on there.
func (w *world) reInit() {
	t := w.t
	by := w.someone()
	w.names++
	p := ReInitProposal{
		GroupID: fmt.Appendf(nil, "group %d", w.names),
		Suite:   rapid.SampledFrom([]CipherSuite{X25519AES128, P256AES128, X25519ChaCha, MLKEM768X25519ChaCha}).Draw(t, "next suite"),
	}
	opts := CommitOptions{Proposals: []Proposal{p}}
	if w.flip("by reference") {
		m, err := w.members[by].ProposeReInit(p, nil)
		opts = CommitOptions{ByReference: []ProposalRef{w.propose(by, m, err)}}
	}
	staged, err := w.members[by].Commit(opts)
	require.NoError(t, err)
	followed, err := w.server.Process(staged.Message(), testNow)
	require.NoError(t, err)
	require.NoError(t, w.server.Merge(followed))
	require.ErrorIs(t, w.server.Ended(), ErrReInit)
	deliver(t, w.members, by, staged)
	agree(t, w.members)

	h := w.heirs(p.Suite, w.members)
	by = w.someone()
	if w.flip("restart") {
		w.members[by] = reload(t, w.members[by])
	}
	staged, w.members = w.found(h, w.members, by, func(packages []*KeyPackage) (*StagedCommit, error) {
		return w.members[by].Successor(h.clients[by], SuccessorOptions{KeyPackages: packages, Now: testNow})
	})
	w.server, err = NewPublicGroup(staged.GroupInfo(), testNow)
	require.NoError(t, err)
	w.ghosts = nil
	w.settled()
}

// branch makes a group of some members, which talk there for a moment.
func (w *world) branch() {
	t := w.t
	var some []*Group
	for _, g := range w.members {
		if len(some) == 0 || w.flip("in the branch") {
			some = append(some, g)
		}
	}
	by := rapid.IntRange(0, len(some)-1).Draw(t, "maker")
	h := w.heirs(some[0].Suite(), some)
	w.names++
	_, groups := w.found(h, some, by, func(packages []*KeyPackage) (*StagedCommit, error) {
		return some[by].Branch(h.clients[by], fmt.Appendf(nil, "branch %d", w.names), nil, SuccessorOptions{KeyPackages: packages, Now: testNow})
	})
	chat(t, groups, 0, "among us")
}
