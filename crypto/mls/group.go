package mls

import (
	"bytes"
	"crypto/hpke"
	"maps"
	"slices"
	"time"
)

// Group is a member's view of a group: the public state, and the secrets of the
// current epoch.
type Group struct {
	client  Client
	suite   *suite
	public  *publicState
	own     LeafIndex
	keys    privateKeys
	secrets *epochSecrets
	tree    *secretTree

	updates    map[ProposalRef]hpke.PrivateKey // of our own Update proposals
	resumption []pastEpoch                     // oldest first
	past       []*formerEpoch                  // for late messages, oldest first

	joinedWith []Extension // of the GroupInfo by which we came
	ended      error       // why the group can no longer be used, or nil
}

// pastEpoch holds the resumption secret of an epoch that is over (§8.6).
type pastEpoch struct {
	epoch  uint64
	secret []byte
}

// defaultResumptionEpochs is used where Client.ResumptionEpochs is zero.
const defaultResumptionEpochs = 32

// NewGroup makes a group of one: its creator (RFC 9420 §11). The creator's leaf
// is valid without end.
func NewGroup(c Client, groupID []byte, extensions []Extension, now time.Time) (*Group, error) {
	s, err := c.check()
	if err != nil {
		return nil, err
	}
	if err := checkSize("group id", groupID); err != nil {
		return nil, err
	}
	if err := checkContextExtensions(extensions); err != nil {
		return nil, err
	}
	leaf, key, err := c.newLeaf(s)
	if err != nil {
		return nil, err
	}
	leaf.Source = LeafFromKeyPackage
	leaf.Lifetime = Lifetime{NotBefore: lifetimeFrom(now, 0).NotBefore, NotAfter: 1<<64 - 1}
	if err := leaf.sign(s, c.SignatureKey, nil, 0); err != nil {
		return nil, err
	}
	tree := newTree(s, leaf)
	extensions = cloneExtensions(extensions)
	if err := tree.validate(groupID, extensions); err != nil {
		return nil, err
	}
	if err := leaf.supportsContext(extensions); err != nil {
		return nil, err
	}
	public := &publicState{suite: s, tree: tree, types: c.ProposalTypes, context: groupContext{
		suite:                   c.Suite,
		groupID:                 bytes.Clone(groupID),
		treeHash:                tree.rootHash(),
		confirmedTranscriptHash: []byte{},
		extensions:              extensions,
	}}
	public.encoded = public.context.encode()
	epoch := s.random()
	defer wipe(epoch)
	secrets, encryption := s.epochSecrets(epoch)
	public.confirm(s.mac(secrets.confirmation, nil))
	return &Group{
		client: c, suite: s, public: public,
		keys:    privateKeys{0: key},
		secrets: secrets,
		tree:    c.secretTree(s, 1, encryption),
		updates: map[ProposalRef]hpke.PrivateKey{},
	}, nil
}

// GroupID, Epoch, Suite, Extensions and Members describe the current epoch.
func (g *Group) GroupID() []byte { return bytes.Clone(g.public.context.groupID) }

// Epoch is the number of the current epoch.
func (g *Group) Epoch() uint64 { return g.public.context.epoch }

// Suite is the group's cipher suite.
func (g *Group) Suite() CipherSuite { return g.suite.id }

// OwnIndex is our own leaf.
func (g *Group) OwnIndex() LeafIndex { return g.own }

// Extensions are those of the group context.
func (g *Group) Extensions() []Extension { return cloneExtensions(g.public.context.extensions) }

// Members gives the members in the order of their leaves.
func (g *Group) Members() []Member { return g.public.tree.members() }

// Member gives the leaf at an index, if somebody is there.
func (g *Group) Member(l LeafIndex) (*LeafNode, bool) {
	leaf := g.public.tree.leaf(l)
	return leaf, leaf != nil
}

// TreeHash is the tree hash of the current epoch.
func (g *Group) TreeHash() []byte { return bytes.Clone(g.public.context.treeHash) }

// GroupInfoExtensions are those of the GroupInfo by which this client joined,
// the ratchet tree excepted; nil for the group's creator. They are not part of
// the serialised state.
func (g *Group) GroupInfoExtensions() []Extension { return cloneExtensions(g.joinedWith) }

// Public gives a copy of the public half.
func (g *Group) Public() *PublicGroup { return &PublicGroup{state: g.public.copy()} }

// Ended says why the group can no longer be used: ErrRemoved, ErrReInit, or nil
// while it can. After ErrReInit there is a successor to be made, or to be joined.
func (g *Group) Ended() error { return g.ended }

// ReInit gives the parameters of the group that takes the place of this one, when
// a commit covered a ReInit proposal.
func (g *Group) ReInit() (ReInitProposal, bool) { return g.public.successor() }

// EpochAuthenticator is equal for all members who agree on the epoch (§8.7); nil
// when the group has ended.
func (g *Group) EpochAuthenticator() []byte {
	if g.secrets == nil {
		return nil
	}
	return bytes.Clone(g.secrets.authenticator)
}

// Export derives a secret of this epoch for use outside of MLS (§8.5).
func (g *Group) Export(label string, context []byte, length int) ([]byte, error) {
	if g.secrets == nil {
		return nil, g.ended
	}
	if length < 0 || length > g.suite.maxExpand() {
		return nil, rule(ErrMalformed, "8.5", "exported secret of %d bytes", length)
	}
	return g.suite.export(g.secrets.exporter, label, context, length), nil
}

// ResumptionSecret gives the resumption_psk of this epoch, or of a past one that is
// still kept (§8.6; Client.ResumptionEpochs says how many are). It is for
// Client.PSK in other groups, which then name it by a PreSharedKeyID of type
// PSKResumption and usage ResumptionApplication.
func (g *Group) ResumptionSecret(epoch uint64) ([]byte, bool) {
	secret := g.ownResumption(PreSharedKeyID{Type: PSKResumption, GroupID: g.public.context.groupID, Epoch: epoch})
	return bytes.Clone(secret), secret != nil
}

// PendingProposals are those received, or sent, in this epoch.
func (g *Group) PendingProposals() []ReceivedProposal { return g.public.pendingProposals() }

// DiscardProposal forgets a proposal that the application does not allow. A
// commit that refers to it is then refused.
func (g *Group) DiscardProposal(ref ProposalRef) {
	g.public.discard(ref)
	delete(g.updates, ref)
}

// GroupInfo gives a GroupInfo of the current epoch as an MLSMessage: signed,
// with ratchet_tree, external_pub and the given extensions (§12.4.3).
func (g *Group) GroupInfo(extensions []Extension) ([]byte, error) {
	if g.ended != nil {
		return nil, g.ended
	}
	info, err := g.signGroupInfo(extensions)
	if err != nil {
		return nil, err
	}
	return info.encode(), nil
}

func (g *Group) signGroupInfo(extensions []Extension) (*GroupInfo, error) {
	key, err := g.suite.externalKey(g.secrets)
	if err != nil {
		return nil, err
	}
	list := []Extension{
		{Type: ExtensionRatchetTree, Data: g.public.tree.append(nil)},
		{Type: ExtensionExternalPub, Data: appendVector(nil, key.PublicKey().Bytes())},
	}
	list = append(list, extensions...)
	if err := checkDuplicates(list); err != nil {
		return nil, err
	}
	if g.client.GREASE {
		list = withExtension(list, g.suite.greaseExtension(g.public.tree.leaf(g.own).SignatureKey))
	}
	info := &GroupInfo{
		context:         g.public.context,
		extensions:      list,
		confirmationTag: g.public.confirmationTag,
		signer:          g.own,
	}
	return info, info.sign(g.suite, g.client.SignatureKey)
}

// Merge makes a staged commit take effect: the group enters the new epoch and
// the secrets of the old one are dropped. The commit must have been staged on
// the state that g is in.
func (g *Group) Merge(s *StagedCommit) error {
	if g.ended != nil {
		return g.ended
	}
	if s == nil || s.joined || s.next == nil || !bytes.Equal(s.base, g.public.encoded) {
		return rule(ErrNotStaged, "14", "the commit follows another state")
	}
	old, kept, past, former := g.secrets, g.resumption, g.past, g.former()
	*g = *s.next
	if g.secrets != nil {
		g.resumption = g.remember(kept, s.next.public.context.epoch-1, old.resumption)
	}
	g.past = append(slices.Clip(past), former)
	if g.secrets == nil { // removed: nothing is kept
		g.ForgetPastEpochs(g.Epoch())
		for _, p := range kept {
			wipe(p.secret)
		}
	}
	g.keepPast()
	old.wipe()
	s.next = &Group{public: g.public.copy(), suite: g.suite, own: g.own, ended: rule(ErrNotStaged, "14", "the commit is merged")}
	return nil
}

// remember adds the resumption secret of an epoch and drops those too old.
func (g *Group) remember(kept []pastEpoch, epoch uint64, secret []byte) []pastEpoch {
	limit := g.client.ResumptionEpochs
	if limit == 0 {
		limit = defaultResumptionEpochs
	}
	limit = max(0, limit)
	kept = append(slices.Clip(kept), pastEpoch{epoch: epoch, secret: bytes.Clone(secret)})
	if drop := len(kept) - limit; drop > 0 {
		for _, p := range kept[:drop] {
			wipe(p.secret)
		}
		kept = slices.Clone(kept[drop:])
	}
	return kept
}

// findPSKs looks up pre-shared keys: resumption secrets of this group first, and
// of the one before if it is given, then the application's (§8.4).
func (g *Group) findPSKs(ids []PreSharedKeyID, from *Group) ([]preSharedKey, error) {
	out := make([]preSharedKey, 0, len(ids))
	section := "12.4.2"
	if g.public == nil { // joining by a Welcome
		section = "12.4.3.1"
	}
	for _, id := range ids {
		key := g.ownResumption(id)
		if key == nil && from != nil {
			key = from.ownResumption(id)
		}
		if key == nil && g.client.PSK != nil {
			key = g.client.PSK(id)
		}
		if key == nil {
			return nil, rule(ErrPSK, section, "pre-shared key of type %d is not known", id.Type)
		}
		out = append(out, preSharedKey{id: id, key: key})
	}
	return out, nil
}

func (g *Group) ownResumption(id PreSharedKeyID) []byte {
	if id.Type != PSKResumption || g.public == nil || !bytes.Equal(id.GroupID, g.public.context.groupID) {
		return nil
	}
	if id.Epoch == g.public.context.epoch && g.secrets != nil {
		return g.secrets.resumption
	}
	for _, p := range g.resumption {
		if p.epoch == id.Epoch {
			return p.secret
		}
	}
	return nil
}

// advance derives the next epoch's group from a transition (§8, §12.4).
func (g *Group) advance(t *transition, public *publicState, own LeafIndex, initSecret, commitSecret []byte, psks []preSharedKey) (next *Group, joiner, welcome []byte) {
	s := g.suite
	joiner = s.joinerSecret(initSecret, commitSecret, public.encoded)
	psk := s.pskSecret(psks)
	member := s.memberSecret(joiner, psk)
	welcome = s.welcomeSecret(member)
	secrets, encryption := s.epochFromMember(member, public.encoded)
	wipe(psk, member)
	next = &Group{
		client: g.client, suite: s, public: public, own: own,
		keys:       maps.Clone(g.keys),
		secrets:    secrets,
		tree:       g.client.secretTree(s, len(public.tree.leaves), encryption),
		updates:    map[ProposalRef]hpke.PrivateKey{},
		joinedWith: g.joinedWith,
	}
	if next.keys == nil {
		next.keys = privateKeys{}
	}
	if t.reInit != nil {
		next.ended = errReInit()
	}
	return next, joiner, welcome
}
