package mls

import (
	"bytes"
	"time"
)

// This file is how a group gives rise to another one: its successor after a
// ReInit (RFC 9420 §11.2), or a branch of some of its members (§11.3). The first
// commit of the new group carries a resumption PSK of the old one, so that only
// members of the old group can make the new one, and only they can join it.

// SuccessorOptions is for Successor and Branch.
type SuccessorOptions struct {
	// KeyPackages are those of the other members, fresh, and of the new group's
	// suite: for a successor of all members, for a branch of some.
	KeyPackages []*KeyPackage
	// SameMember says whether a leaf of the group before and one of the new group
	// are the same member, and is to be an equivalence. Nil compares their
	// credentials. Applications whose credentials change form have their own.
	SameMember func(before, after *LeafNode) bool
	// GroupInfoExtensions stand in the GroupInfo, for those who join by it.
	GroupInfoExtensions []Extension
	// Now is the time at which the lifetimes of the key packages must hold; zero
	// means that they are not judged.
	Now time.Time
}

// ownReInit completes a ReInit proposal of ours. One for a group that this package
// could not make is refused: the group would end without a successor.
func (g *Group) ownReInit(p ReInitProposal) (Proposal, error) {
	if p.Version == 0 {
		p.Version = mls10
	}
	if p.Version != mls10 {
		return nil, rule(ErrUnsupported, "12.1.5", "ReInit to version %d", p.Version)
	}
	if _, err := p.Suite.lookup(); err != nil {
		return nil, err
	}
	if err := checkSize("group id", p.GroupID); err != nil {
		return nil, err
	}
	if bytes.Equal(p.GroupID, g.public.context.groupID) {
		return nil, rule(ErrProposal, "12.4.3.1", "ReInit to the same group_id")
	}
	if err := checkContextExtensions(p.Extensions); err != nil {
		return nil, err
	}
	return *p.detached(), nil
}

// retire drops the secrets of an epoch that ended the group, but for the
// resumption secret, which its successor needs, and those that the application
// can ask for: nothing is sent in such an epoch.
func (g *Group) retire() {
	e := g.secrets
	for _, p := range []*[]byte{&e.senderData, &e.external, &e.confirmation, &e.membership, &e.init} {
		wipe(*p)
	}
	g.tree.wipe()
	g.tree, g.keys, g.updates = nil, nil, nil
}

// successor gives the parameters of the group that follows.
func (p *publicState) successor() (ReInitProposal, bool) {
	if p.reInit == nil {
		return ReInitProposal{}, false
	}
	return *p.reInit.detached(), true
}

// Successor makes the group that takes the place of one which ended by ReInit
// (§11.2): with the parameters of the proposal, for a client of its suite, and
// with all members of the last epoch, added in one commit. Any member may make
// it, whoever committed the ReInit; the delivery service decides whose counts.
//
// StagedCommit.Group is the new group, in epoch 1, and StagedCommit.Welcome is for
// the others, who join with this group in JoinOptions.From.
func (g *Group) Successor(c Client, opts SuccessorOptions) (*StagedCommit, error) {
	p := g.public.reInit
	switch {
	case p == nil || g.secrets == nil:
		return nil, rule(ErrSuccessor, "11.2", "no commit covered a ReInit proposal")
	case p.Version != mls10:
		return nil, rule(ErrUnsupported, "11.2", "ReInit to version %d", p.Version)
	case p.Suite != c.Suite:
		return nil, rule(ErrSuccessor, "11.2", "client of %v for a group of %v", c.Suite, p.Suite)
	}
	return g.found(c, p.GroupID, p.Extensions, ResumptionReInit, opts)
}

// Branch makes a subgroup of a group's members (§11.3), with a group id and
// extensions of its own and the suite of this group, which goes on.
//
// StagedCommit.Group is the new group, in epoch 1, and StagedCommit.Welcome is for
// the others, who join with this group in JoinOptions.From.
func (g *Group) Branch(c Client, groupID []byte, extensions []Extension, opts SuccessorOptions) (*StagedCommit, error) {
	switch {
	case g.ended != nil:
		return nil, g.ended
	case c.Suite != g.suite.id:
		return nil, rule(ErrSuccessor, "11.3", "client of %v for a branch of a group of %v", c.Suite, g.suite.id)
	case bytes.Equal(groupID, g.public.context.groupID):
		return nil, rule(ErrSuccessor, "12.4.3.1", "branch with the same group_id")
	}
	return g.found(c, groupID, extensions, ResumptionBranch, opts)
}

// found makes a group that is tied to g, and its first commit.
func (g *Group) found(c Client, groupID []byte, extensions []Extension, usage ResumptionUsage, opts SuccessorOptions) (*StagedCommit, error) {
	first, err := NewGroup(c, groupID, extensions, opts.Now)
	if err != nil {
		return nil, err
	}
	defer func() {
		first.secrets.wipe()
		first.tree.wipe()
	}()
	self := Sender{Type: SenderMember}
	list := make([]cited, 0, len(opts.KeyPackages)+1)
	for _, kp := range opts.KeyPackages {
		p, err := first.ownProposal(AddProposal{KeyPackage: kp})
		if err != nil {
			return nil, err
		}
		list = append(list, cited{proposal: p, sender: self})
	}
	link := PreSharedKeyID{
		Type: PSKResumption, Usage: usage,
		GroupID: g.GroupID(), Epoch: g.Epoch(), Nonce: first.suite.random(),
	}
	list = append(list, cited{proposal: PreSharedKeyProposal{ID: link}, sender: self, founding: true})
	t, err := first.public.begin(list, self, opts.Now)
	if err != nil {
		return nil, err
	}
	leaf, key, err := first.nextLeaf(nil)
	if err != nil {
		return nil, err
	}
	b := &commitBuilder{group: first, transition: t, sender: self, leaf: leaf, leafKey: key, initSecret: first.secrets.init, from: g}
	staged, err := b.build(nil, opts.GroupInfoExtensions)
	if err != nil {
		return nil, err
	}
	if err := staged.next.public.checkLink(link, g, opts.SameMember); err != nil {
		return nil, err
	}
	staged.message, staged.base, staged.joined = nil, nil, true
	return staged, nil
}

// checkPSKs judges the pre-shared keys of a Welcome (§8.4, §12.4.3.1). It gives
// the one that ties the group to the group before, of which there is at most one.
func (g *groupSecrets) checkPSKs(s *suite, from *Group) (link *PreSharedKeyID, err error) {
	if len(g.psks) > maxPSKs {
		return nil, rule(ErrWelcome, "8.4", "more than %d pre-shared keys", maxPSKs)
	}
	for i, id := range g.psks {
		if len(id.Nonce) != s.nh {
			return nil, rule(ErrWelcome, "8.4", "psk_nonce of %d bytes", len(id.Nonce))
		}
		if id.Type != PSKResumption || id.Usage == ResumptionApplication {
			continue
		}
		if link != nil {
			return nil, rule(ErrWelcome, "12.4.3.1", "several pre-shared keys of usage reinit or branch")
		}
		link = &g.psks[i]
	}
	switch {
	case link != nil && from == nil:
		return nil, rule(ErrPSK, "12.4.3.1", "the group before is needed for a pre-shared key of usage %d", link.Usage)
	case link == nil && from != nil:
		return nil, rule(ErrSuccessor, "11.2", "the Welcome names no group before")
	}
	return link, nil
}

// checkLink verifies that a new group is what its link to the one before says
// (§11.2, §11.3, §12.4.3.1).
func (p *publicState) checkLink(link PreSharedKeyID, from *Group, same func(before, after *LeafNode) bool) error {
	if same == nil {
		same = func(before, after *LeafNode) bool { return before.Credential.Equal(after.Credential) }
	}
	if !bytes.Equal(link.GroupID, from.public.context.groupID) {
		return rule(ErrSuccessor, "11.2", "psk_group_id is not that of the group before")
	}
	if p.context.epoch != 1 {
		return rule(ErrSuccessor, "12.4.3.1", "group with a pre-shared key of usage %d in epoch %d", link.Usage, p.context.epoch)
	}
	before, after := from.public.tree.members(), p.tree.members()
	if link.Usage == ResumptionBranch {
		if p.context.suite != from.suite.id {
			return rule(ErrSuccessor, "11.3", "branch of %v from a group of %v", p.context.suite, from.suite.id)
		}
		for _, m := range after {
			if !among(before, func(b Member) bool { return same(b.Leaf, m.Leaf) }) {
				return rule(ErrSuccessor, "11.3", "leaf %d of the branch is no member of the group", m.Index)
			}
		}
		return nil
	}
	reInit := from.public.reInit
	switch {
	case reInit == nil:
		return rule(ErrSuccessor, "12.4.3.1", "the last commit of the group before covered no ReInit proposal")
	case link.Epoch != from.public.context.epoch:
		return rule(ErrSuccessor, "11.2", "psk_epoch %d, and the group before ended with epoch %d", link.Epoch, from.public.context.epoch)
	}
	if err := reInit.checkContext(&p.context); err != nil {
		return err
	}
	return sameMembers(before, after, same)
}

// CheckGroupInfo verifies that a GroupInfo is one of the group that the proposal
// asks for: its id, version, suite and extensions (§11.2). Nothing else of it is
// verified.
func (p ReInitProposal) CheckGroupInfo(info *GroupInfo) error { return p.checkContext(&info.context) }

func (p *ReInitProposal) checkContext(c *groupContext) error {
	switch {
	case p.Version != mls10: // no other one is ever decoded
		return rule(ErrSuccessor, "11.2", "version differs from that of the ReInit proposal")
	case p.Suite != c.suite:
		return rule(ErrSuccessor, "11.2", "cipher_suite differs from that of the ReInit proposal")
	case !bytes.Equal(p.GroupID, c.groupID):
		return rule(ErrSuccessor, "11.2", "group_id differs from that of the ReInit proposal")
	case !equalExtensions(p.Extensions, c.extensions):
		return rule(ErrSuccessor, "11.2", "extensions differ from those of the ReInit proposal")
	}
	return nil
}

func among(list []Member, fits func(Member) bool) bool {
	for _, m := range list {
		if fits(m) {
			return true
		}
	}
	return false
}

// sameMembers pairs the members of both groups.
func sameMembers(before, after []Member, same func(before, after *LeafNode) bool) error {
	taken := make([]bool, len(after))
	for i, b := range before {
		found := false
		// Who joins in the order of the old tree is found at once.
		for j := range after {
			at := (i + j) % len(after)
			if !taken[at] && same(b.Leaf, after[at].Leaf) {
				taken[at], found = true, true
				break
			}
		}
		if !found {
			return rule(ErrSuccessor, "12.4.3.1", "the member of leaf %d is not in the successor", b.Index)
		}
	}
	if len(after) > len(before) {
		return rule(ErrSuccessor, "11.2", "%d members in the successor of a group of %d", len(after), len(before))
	}
	return nil
}
