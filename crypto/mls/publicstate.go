package mls

import (
	"bytes"
	"slices"
	"time"
)

// maxPending bounds the proposals that are kept within an epoch.
const maxPending = 4096

// newPublicState verifies a GroupInfo and its tree, as RFC 9420 §12.4.3.1 and
// §12.4.3.2 ask of a newcomer. The confirmation tag needs secrets and is taken
// as it stands. The tree is that of the GroupInfo unless given.
func newPublicState(info *GroupInfo, encodedTree []byte) (*publicState, error) {
	s, err := info.context.suite.lookup()
	if err != nil {
		return nil, err
	}
	if encodedTree == nil {
		data, ok := FindExtension(info.extensions, ExtensionRatchetTree)
		if !ok {
			return nil, rule(ErrGroupInfo, "12.4.3.3", "no ratchet tree")
		}
		encodedTree = data
	}
	tree, err := parseTree(s, bytes.Clone(encodedTree))
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(tree.rootHash(), info.context.treeHash) {
		return nil, rule(ErrTree, "12.4.3.3", "tree hash differs from that of the group context")
	}
	signer := tree.leaf(info.signer)
	if signer == nil {
		return nil, rule(ErrGroupInfo, "12.4.3", "the signer's leaf is blank")
	}
	if err := info.verify(s, signer.SignatureKey); err != nil {
		return nil, err
	}
	if err := checkContextExtensions(info.context.extensions); err != nil {
		return nil, err
	}
	if err := tree.validate(info.context.groupID, info.context.extensions); err != nil {
		return nil, err
	}
	p := &publicState{suite: s, context: info.context.detached(), tree: tree}
	p.encoded = p.context.encode()
	p.confirm(info.confirmationTag)
	return p, nil
}

// detached copies a context out of the message in which it came.
func (c *groupContext) detached() groupContext {
	d := *c
	d.groupID = bytes.Clone(c.groupID)
	d.treeHash = bytes.Clone(c.treeHash)
	d.confirmedTranscriptHash = bytes.Clone(c.confirmedTranscriptHash)
	d.extensions = cloneExtensions(c.extensions)
	return d
}

// errReInit is why a group that was reinitialised goes no further.
func errReInit() error {
	return rule(ErrReInit, "12.4.2", "a commit covered a ReInit proposal")
}

// copy gives a state that can be changed apart from p.
func (p *publicState) copy() *publicState {
	q := *p
	q.tree = p.tree.clone()
	q.pending = slices.Clone(p.pending)
	return &q
}

// follows refuses messages of other groups and epochs (§12.1, §12.4.2).
func (p *publicState) follows(groupID []byte, epoch uint64) error {
	switch {
	case !bytes.Equal(groupID, p.context.groupID):
		return rule(ErrWrongGroup, "6", "group_id differs")
	case epoch < p.context.epoch:
		return rule(ErrStaleEpoch, "12.4.2", "message of epoch %d in epoch %d", epoch, p.context.epoch)
	case p.reInit != nil:
		return errReInit()
	case epoch > p.context.epoch:
		return rule(ErrFutureEpoch, "12.4.2", "message of epoch %d in epoch %d", epoch, p.context.epoch)
	}
	return nil
}

// signatureKey gives the key that must have signed the content, which it judges
// as far as the sender's type demands (§6.1).
func (p *publicState) signatureKey(c *framedContent) ([]byte, error) {
	switch c.sender.Type {
	case SenderMember:
		leaf := p.tree.leaf(LeafIndex(c.sender.Index))
		if leaf == nil {
			return nil, rule(ErrSender, "6.1", "sender's leaf is blank")
		}
		return leaf.SignatureKey, nil
	case SenderExternal:
		if c.contentType != ContentProposal || !p.types.external(c.proposal.proposalType()) {
			return nil, rule(ErrSender, "12.1.8", "external sender may not send this")
		}
		data, _ := FindExtension(p.context.extensions, ExtensionExternalSenders)
		if data == nil {
			return nil, rule(ErrSender, "12.1.8", "the group has no external senders")
		}
		senders, err := ParseExternalSenders(data)
		if err != nil {
			return nil, err
		}
		if int64(c.sender.Index) >= int64(len(senders)) {
			return nil, rule(ErrSender, "12.1.8", "no external sender %d", c.sender.Index)
		}
		return senders[c.sender.Index].SignatureKey, nil
	case SenderNewMemberProposal:
		if c.contentType == ContentProposal {
			if add, ok := c.proposal.(AddProposal); ok {
				return add.KeyPackage.Leaf.SignatureKey, nil
			}
		}
		return nil, rule(ErrSender, "6.1", "new member sends something else than an Add proposal")
	default:
		if c.contentType != ContentCommit || c.commit.path == nil {
			return nil, rule(ErrSender, "12.4.3.2", "new member sends something else than a commit with a path")
		}
		return c.commit.path.leaf.SignatureKey, nil
	}
}

// authenticate verifies group, epoch, sender and signature of a message.
func (p *publicState) authenticate(a *authenticatedContent) error {
	if err := p.follows(a.content.groupID, a.content.epoch); err != nil {
		return err
	}
	if a.content.contentType == ContentCommit {
		switch a.content.sender.Type {
		case SenderMember, SenderNewMemberCommit:
		default:
			return rule(ErrSender, "6.1", "commit of a sender of type %d", a.content.sender.Type)
		}
	}
	key, err := p.signatureKey(a.content)
	if err != nil {
		return err
	}
	return a.verifySignature(p.suite, key, p.encoded)
}

// receive keeps an authentic proposal for a later commit. One that is known
// already is given again.
func (p *publicState) receive(a *authenticatedContent, now time.Time) (*ReceivedProposal, error) {
	r := &ReceivedProposal{
		Ref:               ProposalRef(a.proposalRef(p.suite)),
		Proposal:          a.content.proposal,
		Sender:            a.content.sender,
		AuthenticatedData: bytes.Clone(a.content.authenticatedData),
	}
	if known := p.find(r.Ref); known != nil {
		return known, nil
	}
	if _, ok := r.Proposal.(ExternalInitProposal); ok {
		return nil, rule(ErrProposal, "12.1.6", "ExternalInit proposal outside an external commit")
	}
	if err := p.checkProposal(r.Proposal, r.Sender, now); err != nil {
		return nil, err
	}
	if len(p.pending) >= maxPending {
		return nil, rule(ErrProposal, "12.1", "too many proposals in one epoch")
	}
	p.pending = append(slices.Clip(p.pending), r)
	return r, nil
}

func (p *publicState) discard(ref ProposalRef) {
	p.pending = slices.DeleteFunc(slices.Clone(p.pending), func(r *ReceivedProposal) bool { return r.Ref == ref })
}

func (p *publicState) pendingProposals() []ReceivedProposal {
	out := make([]ReceivedProposal, len(p.pending))
	for i, r := range p.pending {
		out[i] = *r
	}
	return out
}

// stage follows an authentic commit as far as it goes without secrets.
func (p *publicState) stage(a *authenticatedContent, now time.Time) (*transition, *publicState, error) {
	c := a.content.commit
	list, err := p.resolve(c.proposals, a.content.sender)
	if err != nil {
		return nil, nil, err
	}
	t, err := p.begin(list, a.content.sender, now)
	if err != nil {
		return nil, nil, err
	}
	if err := t.receivePath(c.path); err != nil {
		return nil, nil, err
	}
	if err := t.check(c.path != nil); err != nil {
		return nil, nil, err
	}
	return t, t.finish(a), nil
}
