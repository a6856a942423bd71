package mls

import (
	"bytes"
	"slices"
	"time"
)

// PublicGroup follows a group from its handshake messages alone, without
// secrets. A delivery service runs one to refuse what members would refuse.
//
// It checks, as a member would:
//
//   - group id, epoch, sender and signature of every message;
//   - every proposal when it comes, and every list of proposals when it is
//     committed (RFC 9420 §12.1, §12.2), custom types among them;
//   - key packages and leaf nodes: keys, signatures, uniqueness, and that the
//     capabilities cover the group context, the required capabilities, the
//     credential types in use and the custom proposals of the commit;
//   - the lifetime of key packages, at the time that is handed in, when they are
//     proposed or added by value;
//   - the update path: its shape, keys, leaf node and parent hash;
//   - tree hash and transcript hashes, which follow from the commits, and that the
//     GroupInfo of a new epoch agrees with them ([PublicStaged.CheckGroupInfo]);
//   - that a group which was reinitialised goes no further.
//
// It cannot check what needs the secrets of an epoch: the membership tag (so a
// message by somebody who holds a member's signature key and is no member any
// more, or whose state is old, passes), the confirmation tag, whether encrypted
// path secrets open and fit the public keys, whether pre-shared keys exist, what
// a Welcome says, whether external_pub is the right key, and all of a
// PrivateMessage, so that a group which sends its handshakes encrypted cannot be
// followed. A member who meets such a fault reports it and enters again by an
// external commit.
//
// It does not judge credentials, nor who may do what: that is the application's
// rule, such as consent. The application judges [PublicStaged.Changes] before
// Merge, and PendingProposals after ProcessProposal, and drops what it does not
// allow: nothing has taken effect by then.
type PublicGroup struct{ state *publicState }

// NewPublicGroup begins with a GroupInfo that holds the ratchet tree, and
// verifies all of it but the confirmation tag; external_pub, where there is one,
// must be a key of the suite. Lifetimes of members already in the tree are not
// judged, so now has no effect yet.
//
// Types are the custom proposals that the group may use: those that its members
// register ([Client]).
func NewPublicGroup(groupInfo []byte, now time.Time, types ...ProposalType) (*PublicGroup, error) {
	_ = now
	if err := proposalTypes(types).check(); err != nil {
		return nil, err
	}
	info, err := ParseGroupInfo(groupInfo)
	if err != nil {
		return nil, err
	}
	state, err := newPublicState(info, nil)
	if err != nil {
		return nil, err
	}
	if _, has := FindExtension(info.extensions, ExtensionExternalPub); has {
		pub, err := info.externalPub()
		if err != nil {
			return nil, err
		}
		if err := state.suite.checkHPKEKey(pub); err != nil {
			return nil, err
		}
	}
	state.types = slices.Clone(types)
	return &PublicGroup{state: state}, nil
}

// GroupID, Epoch, Suite, Extensions and Members describe the current epoch.
func (p *PublicGroup) GroupID() []byte { return bytes.Clone(p.state.context.groupID) }

// Epoch is the number of the current epoch.
func (p *PublicGroup) Epoch() uint64 { return p.state.context.epoch }

// Suite is the group's cipher suite.
func (p *PublicGroup) Suite() CipherSuite { return p.state.context.suite }

// Extensions are those of the group context.
func (p *PublicGroup) Extensions() []Extension { return cloneExtensions(p.state.context.extensions) }

// Members gives the members in the order of their leaves.
func (p *PublicGroup) Members() []Member { return p.state.tree.members() }

// Member gives the leaf at an index, if somebody is there.
func (p *PublicGroup) Member(l LeafIndex) (*LeafNode, bool) {
	leaf := p.state.tree.leaf(l)
	return leaf, leaf != nil
}

// TreeHash is the tree hash of the current epoch.
func (p *PublicGroup) TreeHash() []byte { return bytes.Clone(p.state.context.treeHash) }

// Ended is ErrReInit when a commit covered a ReInit proposal: no message of the
// group is valid any more. It is nil while the group goes on.
func (p *PublicGroup) Ended() error {
	if p.state.reInit != nil {
		return errReInit()
	}
	return nil
}

// ReInit gives the parameters of the group that takes the place of this one, when
// a commit covered a ReInit proposal.
func (p *PublicGroup) ReInit() (ReInitProposal, bool) { return p.state.successor() }

// PendingProposals are those received in this epoch.
func (p *PublicGroup) PendingProposals() []ReceivedProposal { return p.state.pendingProposals() }

// DiscardProposal forgets a proposal that the application does not allow. A
// commit that refers to it is then refused.
func (p *PublicGroup) DiscardProposal(ref ProposalRef) { p.state.discard(ref) }

// publicMessage parses a PublicMessage and authenticates it, but for its
// membership tag.
func (p *PublicGroup) publicMessage(message []byte, want ContentType) (*authenticatedContent, error) {
	m, err := parseMessage(message, p.state.types...)
	if err != nil {
		return nil, err
	}
	if m.public == nil {
		return nil, rule(ErrUnsupported, "6.2", "wire format %d cannot be followed without secrets", m.wireFormat)
	}
	a := m.public.authenticated()
	if a.content.contentType != want {
		return nil, rule(ErrMalformed, "6", "content type %d where %d is expected", a.content.contentType, want)
	}
	return a, p.state.authenticate(a)
}

// ProcessProposal takes in a proposal, to which a later commit of this epoch can
// refer. A zero now leaves lifetimes unjudged.
func (p *PublicGroup) ProcessProposal(message []byte, now time.Time) error {
	a, err := p.publicMessage(message, ContentProposal)
	if err != nil {
		return err
	}
	_, err = p.state.receive(a, now)
	return err
}

// Process checks a commit and stages it: p does not change before Merge. A zero
// now leaves lifetimes unjudged; otherwise it is the time at which the commit
// was sent, so that all who follow the group agree.
func (p *PublicGroup) Process(commit []byte, now time.Time) (*PublicStaged, error) {
	a, err := p.publicMessage(commit, ContentCommit)
	if err != nil {
		return nil, err
	}
	t, next, err := p.state.stage(a, now)
	if err != nil {
		return nil, err
	}
	return &PublicStaged{
		base:              p.state.encoded,
		next:              next,
		changes:           t.changes(a.content.commit.path != nil),
		sender:            a.content.sender,
		authenticatedData: bytes.Clone(a.content.authenticatedData),
	}, nil
}

// Merge makes a staged commit take effect. It must have been staged on the
// state that p is in.
func (p *PublicGroup) Merge(s *PublicStaged) error {
	if s == nil || !bytes.Equal(s.base, p.state.encoded) {
		return rule(ErrNotStaged, "14", "the commit follows another state")
	}
	p.state = s.next.copy()
	return nil
}

// PublicStaged is a commit that a PublicGroup found valid.
type PublicStaged struct {
	base              []byte
	next              *publicState
	changes           Changes
	sender            Sender
	authenticatedData []byte
}

// Changes says what the commit does to the membership.
func (s *PublicStaged) Changes() Changes { return s.changes }

// AuthenticatedData is what the committer signed beside the commit.
func (s *PublicStaged) AuthenticatedData() []byte { return bytes.Clone(s.authenticatedData) }

// Sender is the committer.
func (s *PublicStaged) Sender() Sender { return s.sender }

// Epoch is the epoch that the commit begins.
func (s *PublicStaged) Epoch() uint64 { return s.next.context.epoch }

// Extensions are the group context extensions of the new epoch.
func (s *PublicStaged) Extensions() []Extension { return cloneExtensions(s.next.context.extensions) }

// Members are those of the new epoch.
func (s *PublicStaged) Members() []Member { return s.next.tree.members() }

// CheckGroupInfo verifies that a GroupInfo is the one of the epoch which the
// commit begins: the same group context, tree and confirmation tag, with an
// external_pub, signed by the committer. There is none of an epoch that ends the
// group by ReInit. Whether external_pub is the right key
// only members can tell.
func (s *PublicStaged) CheckGroupInfo(groupInfo []byte) error {
	info, err := ParseGroupInfo(groupInfo)
	if err != nil {
		return err
	}
	next := s.next
	switch {
	case next.reInit != nil:
		return rule(ErrGroupInfo, "12.4.2", "nobody joins an epoch that ends the group")
	case !bytes.Equal(info.context.encode(), next.encoded):
		return rule(ErrGroupInfo, "12.4.3", "group context differs from that of the new epoch")
	case !bytes.Equal(info.confirmationTag, next.confirmationTag):
		return rule(ErrGroupInfo, "12.4.3", "confirmation tag differs from that of the commit")
	case info.signer != s.changes.Committer:
		return rule(ErrGroupInfo, "12.4.1", "signed by leaf %d, not by the committer", info.signer)
	}
	pub, err := info.externalPub()
	if err != nil {
		return err
	}
	if err := next.suite.checkHPKEKey(pub); err != nil {
		return err
	}
	tree, ok := FindExtension(info.extensions, ExtensionRatchetTree)
	if !ok || !bytes.Equal(tree, next.tree.append(nil)) {
		return rule(ErrGroupInfo, "12.4.3.3", "ratchet tree is missing or differs")
	}
	return info.verify(next.suite, next.tree.leaf(info.signer).SignatureKey)
}
