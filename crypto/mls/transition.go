package mls

import (
	"bytes"
	"slices"
	"time"
)

// publicState is what anybody who follows the handshake of a group knows about
// an epoch. It is not changed by staging: a transition leads to the next one.
type publicState struct {
	suite           *suite
	context         groupContext
	encoded         []byte // the encoded context
	tree            *ratchetTree
	interim         []byte // interim transcript hash
	confirmationTag []byte
	pending         []*ReceivedProposal // in the order in which they came
	reInit          *ReInitProposal     // which ended the group with this epoch
	types           proposalTypes       // the application's, beyond those of the RFC
}

// cited is a proposal of a commit, with who proposed it.
type cited struct {
	proposal Proposal
	sender   Sender
	ref      ProposalRef // empty for proposals by value

	// founding says that it is the PreSharedKey proposal by which the first
	// commit of a group ties it to the one before (§11.2, §11.3).
	founding bool
}

// transition is a commit on its way from one epoch to the next.
type transition struct {
	from  *publicState
	now   time.Time
	list  []cited
	tree  *ratchetTree // the tree after the proposals, then after the path
	after []Extension  // group context extensions of the new epoch
	req   requirements

	external  bool
	committer LeafIndex

	added        []LeafIndex
	packages     []*KeyPackage // of the added leaves
	updated      []LeafIndex
	removed      []Member
	psks         []PreSharedKeyID
	externalInit []byte // kem_output
	reInit       *ReInitProposal
	needsPath    bool

	steps []pathStep // filtered direct path of the committer, once there is a path
}

// resolve looks up the proposals of a commit.
func (p *publicState) resolve(list []proposalOrRef, committer Sender) ([]cited, error) {
	out := make([]cited, 0, len(list))
	for _, item := range list {
		if item.proposal != nil {
			out = append(out, cited{proposal: item.proposal, sender: committer})
			continue
		}
		if committer.Type == SenderNewMemberCommit {
			return nil, rule(ErrProposalList, "12.4.3.2", "external commit with a proposal by reference")
		}
		r := p.find(ProposalRef(item.reference))
		if r == nil {
			return nil, rule(ErrUnknownProposal, "12.4", "commit refers to a proposal that is not known")
		}
		out = append(out, cited{proposal: r.Proposal, sender: r.Sender, ref: r.Ref})
	}
	return out, nil
}

func (p *publicState) find(ref ProposalRef) *ReceivedProposal {
	for _, r := range p.pending {
		if r.Ref == ref {
			return r
		}
	}
	return nil
}

// begin checks a list of proposals and applies it to a copy of the tree (§12.2,
// §12.3). For an external commit the committer's leaf is not yet known.
func (p *publicState) begin(list []cited, committer Sender, now time.Time) (*transition, error) {
	t := &transition{from: p, now: now, list: list, after: p.context.extensions, external: committer.Type == SenderNewMemberCommit}
	if p.context.epoch == 1<<64-1 {
		return nil, rule(ErrProposalList, "12", "the epoch is the last one")
	}
	if !t.external {
		t.committer = LeafIndex(committer.Index)
		if committer.Type != SenderMember || p.tree.leaf(t.committer) == nil {
			return nil, rule(ErrSender, "12.4", "committer is not a member")
		}
	}
	if err := t.checkList(); err != nil {
		return nil, err
	}
	var err error
	if t.req, err = requirementsOf(t.after); err != nil {
		return nil, err
	}
	return t, t.apply()
}

// checkList follows §12.2.
func (t *transition) checkList() error {
	var (
		touched         = map[LeafIndex]bool{}
		psks            = map[string]bool{}
		inits, contexts int
	)
	touch := func(l LeafIndex) error {
		if touched[l] {
			return rule(ErrProposalList, "12.2", "several Update or Remove proposals for leaf %d", l)
		}
		touched[l] = true
		return nil
	}
	for _, c := range t.list {
		if c.ref == "" && !c.founding { // the others were judged when they came in
			if err := t.from.checkProposal(c.proposal, c.sender, t.now); err != nil {
				return err
			}
		}
		t.needsPath = t.needsPath || t.from.types.needPath(c.proposal.proposalType())
		if t.external {
			switch c.proposal.(type) {
			case ExternalInitProposal, RemoveProposal, PreSharedKeyProposal:
			default:
				return rule(ErrProposalList, "12.2", "external commit with a proposal of type %d", c.proposal.proposalType())
			}
		}
		switch p := c.proposal.(type) {
		case UpdateProposal:
			if LeafIndex(c.sender.Index) == t.committer {
				return rule(ErrProposalList, "12.2", "Update proposal of the committer")
			}
			if err := touch(LeafIndex(c.sender.Index)); err != nil {
				return err
			}
		case RemoveProposal:
			if !t.external && p.LeafIndex == t.committer {
				return rule(ErrProposalList, "12.2", "Remove proposal for the committer")
			}
			if t.external && len(touched) > 0 {
				return rule(ErrProposalList, "12.2", "external commit with several Remove proposals")
			}
			if err := touch(p.LeafIndex); err != nil {
				return err
			}
		case PreSharedKeyProposal:
			id := string(p.ID.append(nil))
			if psks[id] {
				return rule(ErrProposalList, "12.2", "several PreSharedKey proposals for one key")
			}
			psks[id] = true
			t.psks = append(t.psks, p.ID)
			if len(t.psks) > maxPSKs {
				return rule(ErrProposalList, "8.4", "more than %d pre-shared keys", maxPSKs)
			}
		case ReInitProposal:
			if len(t.list) > 1 {
				return rule(ErrProposalList, "12.2", "ReInit proposal beside others")
			}
			t.reInit = p.detached()
		case ExternalInitProposal:
			if !t.external {
				return rule(ErrProposalList, "12.2", "ExternalInit proposal in a member's commit")
			}
			inits++
			t.externalInit = p.KEMOutput
		case GroupContextExtensionsProposal:
			contexts++
			t.after = p.Extensions
		}
	}
	if contexts > 1 {
		return rule(ErrProposalList, "12.2", "several GroupContextExtensions proposals")
	}
	if t.external && inits != 1 {
		return rule(ErrProposalList, "12.2", "external commit with %d ExternalInit proposals", inits)
	}
	t.needsPath = t.needsPath || len(t.list) == 0
	return t.checkSupport()
}

// checkProposal judges one proposal by itself (§12.1).
func (p *publicState) checkProposal(proposal Proposal, sender Sender, now time.Time) error {
	switch q := proposal.(type) {
	case AddProposal:
		if q.KeyPackage == nil || q.KeyPackage.Leaf == nil {
			return rule(ErrProposal, "12.1.1", "Add proposal without key package")
		}
		return q.KeyPackage.validate(p.suite, now)
	case UpdateProposal:
		old := p.tree.leaf(LeafIndex(sender.Index))
		if sender.Type != SenderMember || old == nil || q.Leaf == nil {
			return rule(ErrProposal, "12.1.2", "Update proposal of somebody who is not a member")
		}
		return q.Leaf.validateUpdate(p.suite, LeafFromUpdate, old, p.context.groupID, LeafIndex(sender.Index))
	case RemoveProposal:
		if p.tree.leaf(q.LeafIndex) == nil {
			return rule(ErrProposal, "12.1.3", "Remove proposal for leaf %d, which is blank", q.LeafIndex)
		}
	case PreSharedKeyProposal:
		if q.ID.Type != PSKExternal && q.ID.Type != PSKResumption {
			return rule(ErrProposal, "8.4", "pre-shared key of type %d", q.ID.Type)
		}
		if q.ID.Type == PSKResumption && q.ID.Usage != ResumptionApplication {
			return rule(ErrProposal, "12.1.4", "pre-shared key of usage %d", q.ID.Usage)
		}
		if len(q.ID.Nonce) != p.suite.nh {
			return rule(ErrProposal, "12.1.4", "psk_nonce of %d bytes", len(q.ID.Nonce))
		}
	case ReInitProposal:
		if q.Version < mls10 {
			return rule(ErrProposal, "12.1.5", "ReInit to version %d", q.Version)
		}
	case ExternalInitProposal:
	case GroupContextExtensionsProposal:
		return checkContextExtensions(q.Extensions)
	case CustomProposal:
		return p.checkCustom(q)
	default:
		return rule(ErrUnsupported, "12.1", "unknown proposal")
	}
	return nil
}

// apply changes a copy of the tree in the order of §12.3.
func (t *transition) apply() error {
	t.tree = t.from.tree.clone()
	for _, c := range t.list {
		if p, ok := c.proposal.(UpdateProposal); ok {
			t.tree.update(LeafIndex(c.sender.Index), p.Leaf.detached())
			t.updated = append(t.updated, LeafIndex(c.sender.Index))
		}
	}
	for _, c := range t.list {
		if p, ok := c.proposal.(RemoveProposal); ok {
			t.removed = append(t.removed, Member{Index: p.LeafIndex, Leaf: t.from.tree.leaf(p.LeafIndex)})
			t.tree.remove(p.LeafIndex)
		}
	}
	if len(t.removed) > 0 {
		t.tree.truncate()
	}
	for _, c := range t.list {
		p, ok := c.proposal.(AddProposal)
		if !ok {
			continue
		}
		l, err := t.tree.add(p.KeyPackage.Leaf.detached())
		if err != nil {
			return err
		}
		t.added = append(t.added, l)
		t.packages = append(t.packages, p.KeyPackage)
	}
	if t.external {
		l, err := t.tree.freeLeaf()
		if err != nil {
			return err
		}
		t.committer = l
	}
	return nil
}

// replaced is the leaf whose place the committer's new leaf takes: its own, or
// the one that an external commit removes.
func (t *transition) replaced() *LeafNode {
	if !t.external {
		return t.from.tree.leaf(t.committer)
	}
	if len(t.removed) > 0 {
		return t.removed[0].Leaf
	}
	return nil
}

// receivePath checks the path of a received commit and merges it (§12.4.2).
func (t *transition) receivePath(path *updatePath) error {
	if path == nil {
		if t.needsPath {
			return rule(ErrPath, "12.4", "commit without the path that it needs")
		}
		return nil
	}
	if err := path.leaf.validateUpdate(t.from.suite, LeafFromCommit, t.replaced(), t.from.context.groupID, t.committer); err != nil {
		return err
	}
	var err error
	t.steps, err = t.tree.mergePath(t.committer, path, t.added)
	return err
}

// check judges the tree as the commit leaves it (§12.2, last rule).
func (t *transition) check(path bool) error {
	changed := slices.Concat(t.added, t.updated)
	if path {
		changed = append(changed, t.committer)
	}
	for _, l := range changed {
		if err := t.req.check(t.tree.leaves[l]); err != nil {
			return err
		}
	}
	if !equalExtensions(t.after, t.from.context.extensions) {
		for _, l := range t.tree.leaves {
			if l == nil {
				continue
			}
			if err := t.req.check(l); err != nil {
				return err
			}
		}
	}
	if len(changed) == 0 {
		return nil
	}
	if err := t.tree.checkUnique(changed); err != nil {
		return err
	}
	return t.tree.checkCredentials()
}

// provisional is the group context under which path secrets are encrypted
// (§12.4.1).
func (t *transition) provisional() groupContext {
	c := t.from.context
	c.epoch++
	c.treeHash = t.tree.rootHash()
	c.extensions = t.after
	return c
}

// finish gives the state of the new epoch.
func (t *transition) finish(a *authenticatedContent) *publicState {
	context := t.provisional()
	context.confirmedTranscriptHash = t.from.suite.confirmedTranscriptHash(t.from.interim, a)
	context.extensions = cloneExtensions(context.extensions)
	next := &publicState{suite: t.from.suite, context: context, encoded: context.encode(), tree: t.tree, reInit: t.reInit, types: t.from.types}
	next.confirm(a.auth.confirmationTag)
	return next
}

// confirm sets the confirmation tag, which a committer knows last.
func (p *publicState) confirm(tag []byte) {
	p.confirmationTag = bytes.Clone(tag)
	p.interim = p.suite.interimTranscriptHash(p.context.confirmedTranscriptHash, tag)
}

// changes is what the application judges.
func (t *transition) changes(path bool) Changes {
	c := Changes{
		Removed:           t.removed,
		ExtensionsChanged: !equalExtensions(t.after, t.from.context.extensions),
		External:          t.external,
		Committer:         t.committer,
		ReInit:            t.reInit,
		Custom:            t.customs(),
	}
	member := func(l LeafIndex) Member { return Member{Index: l, Leaf: t.tree.leaves[l]} }
	for _, l := range t.added {
		c.Added = append(c.Added, member(l))
	}
	for _, l := range t.updated {
		c.Updated = append(c.Updated, member(l))
	}
	switch {
	case t.external:
		c.Added = append(c.Added, member(t.committer))
	case path:
		c.Updated = append(c.Updated, member(t.committer))
	}
	return c
}
