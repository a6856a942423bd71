package mls

import (
	"bytes"
	"crypto/hmac"
	"time"
)

// Process takes in a message of the group. A commit is staged and changes
// nothing before Merge; a proposal is kept for a commit to come; an application
// message consumes its key; one of a former epoch is read while Client.PastEpochs
// keeps its keys. Bad input changes nothing. Commits of our own are
// refused with ErrOwnMessage: what Commit gave is merged instead.
//
// Now is the time at which the message was sent; when it is zero the lifetimes
// of added key packages are not judged.
func (g *Group) Process(message []byte, now time.Time) (*Processed, error) {
	if g.ended != nil && len(g.past) == 0 {
		return nil, g.ended
	}
	m, err := parseMessage(message, g.client.ProposalTypes...)
	if err != nil {
		return nil, err
	}
	if m.private != nil {
		if f := g.late(m.private); f != nil {
			return g.processLate(f, m.private)
		}
	}
	switch {
	case g.ended != nil:
		return nil, g.ended
	case m.public != nil:
		return g.processPublic(m.public, now)
	case m.private != nil:
		return g.processPrivate(m.private, now)
	default:
		return nil, rule(ErrMalformed, "6", "message of wire format %d is not sent within a group", m.wireFormat)
	}
}

func (g *Group) processPublic(m *publicMessage, now time.Time) (*Processed, error) {
	a := m.authenticated()
	c := a.content
	if err := g.public.follows(c.groupID, c.epoch); err != nil {
		return nil, err
	}
	if c.contentType == ContentApplication {
		return nil, rule(ErrMalformed, "6", "application data in a PublicMessage")
	}
	if c.sender.Type == SenderMember {
		if !hmac.Equal(m.membershipTag, a.membershipTag(g.suite, g.secrets.membership, g.public.encoded)) {
			return nil, rule(ErrMembershipTag, "6.2", "membership_tag")
		}
	}
	if err := g.public.authenticate(a); err != nil {
		return nil, err
	}
	return g.processContent(a, now)
}

func (g *Group) processPrivate(m *privateMessage, now time.Time) (*Processed, error) {
	if err := g.public.follows(m.groupID, m.epoch); err != nil {
		return nil, err
	}
	a, opening, err := g.open(m, g.secrets.senderData, g.tree, g.public.tree.leaves)
	if err != nil {
		return nil, err
	}
	if err := g.public.authenticate(a); err != nil {
		return nil, err
	}
	p, err := g.processContent(a, now)
	if err != nil {
		return nil, err
	}
	if p.Commit == nil { // the keys of this epoch go when it is merged
		opening.consume()
	}
	return p, nil
}

// open decrypts a PrivateMessage with the secrets of its epoch, whose leaves are
// given: the sender is one of them, and not this member (§6.3).
func (g *Group) open(m *privateMessage, senderData []byte, tree *secretTree, leaves []*LeafNode) (*authenticatedContent, *opening, error) {
	sender, err := g.suite.openSenderData(senderData, m)
	if err != nil {
		return nil, nil, err
	}
	if int64(sender.leaf) >= int64(len(leaves)) || leaves[sender.leaf] == nil {
		return nil, nil, rule(ErrSender, "6.3.2", "sender's leaf is blank")
	}
	if sender.leaf == g.own {
		return nil, nil, rule(ErrOwnMessage, "9.1", "message was encrypted by this member")
	}
	return g.suite.unprotect(tree, sender, m)
}

// processContent goes on with authentic content.
func (g *Group) processContent(a *authenticatedContent, now time.Time) (*Processed, error) {
	c := a.content
	switch c.contentType {
	case ContentApplication:
		return &Processed{Application: a.application(g.public.tree.leaf(LeafIndex(c.sender.Index)))}, nil
	case ContentProposal:
		r, err := g.public.receive(a, now)
		if err != nil {
			return nil, err
		}
		copied := *r
		return &Processed{Proposal: &copied}, nil
	default:
		if l, ok := c.sender.Member(); ok && l == g.own {
			return nil, rule(ErrOwnMessage, "12.4.2", "commit was made by this member")
		}
		staged, err := g.stage(a, now)
		if err != nil {
			return nil, err
		}
		return &Processed{Commit: staged}, nil
	}
}

// stage follows §12.4.2.
func (g *Group) stage(a *authenticatedContent, now time.Time) (*StagedCommit, error) {
	t, public, err := g.public.stage(a, now)
	if err != nil {
		return nil, err
	}
	path := a.content.commit.path
	staged := &StagedCommit{
		changes:           t.changes(path != nil),
		sender:            a.content.sender,
		authenticatedData: bytes.Clone(a.content.authenticatedData),
		base:              g.public.encoded,
	}
	for _, m := range t.removed {
		if m.Index == g.own {
			staged.selfRemoved = true
			staged.next = &Group{
				client: g.client, suite: g.suite, public: public, own: g.own,
				ended: rule(ErrRemoved, "12.4.2", "a commit removed this member"),
			}
			return staged, nil
		}
	}
	if err := t.req.checkOwn(t.tree.leaf(g.own)); err != nil {
		return nil, err
	}
	psks, err := g.findPSKs(t.psks, nil)
	if err != nil {
		return nil, err
	}
	initSecret := g.secrets.init
	if t.external {
		key, err := g.suite.externalKey(g.secrets)
		if err != nil {
			return nil, err
		}
		if initSecret, err = g.suite.externalInitReceiver(key, t.externalInit); err != nil {
			return nil, err
		}
		defer wipe(initSecret)
	}
	keys := privateKeys{}
	for x, k := range g.keys {
		keys[x] = k
	}
	keys.prune(g.public.tree, t.tree)
	for _, c := range t.list {
		if k := g.updates[c.ref]; k != nil {
			keys[g.own.node()] = k
		}
	}
	commitSecret := g.suite.zero()
	if path != nil {
		provisional := t.provisional()
		secrets, err := t.tree.openPath(g.own, keys, path, t.steps, t.added, provisional.encode())
		if err != nil {
			return nil, err
		}
		commitSecret = secrets.commitSecret
		keys.learn(t.steps, secrets)
		defer secrets.wipe()
	}
	next, joiner, welcome := g.advance(t, public, g.own, initSecret, commitSecret, psks)
	wipe(joiner, welcome, commitSecret)
	next.keys = keys
	if !g.suite.macEqual(next.secrets.confirmation, public.context.confirmedTranscriptHash, a.auth.confirmationTag) {
		return nil, rule(ErrConfirmationTag, "12.4.2", "confirmation_tag")
	}
	if next.ended != nil {
		next.retire()
	}
	staged.next = next
	return staged, nil
}
