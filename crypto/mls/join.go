package mls

import (
	"bytes"
	"crypto/hpke"
	"slices"
)

// JoinWelcome enters a group by the Welcome of a commit that added us (RFC 9420
// §12.4.3.1). The key package must not be used again. The application judges
// the members before it trusts the group. A group that succeeds another one by
// ReInit, or is a branch of one, is joined with that one in the options.
func JoinWelcome(c Client, welcome []byte, kp *KeyPackagePrivate, opts JoinOptions) (*Group, error) {
	s, err := c.check()
	if err != nil {
		return nil, err
	}
	if kp == nil {
		return nil, rule(ErrWelcome, "12.4.3.1", "no key package")
	}
	m, err := parseMessage(welcome)
	if err != nil {
		return nil, err
	}
	w := m.welcome
	switch {
	case w == nil:
		return nil, rule(ErrMalformed, "6", "message is not a Welcome")
	case w.suite != c.Suite || kp.keyPackage.Suite != c.Suite:
		return nil, rule(ErrWelcome, "12.4.3.1", "Welcome for %v", w.suite)
	}
	if err := c.owns(s, kp.keyPackage.Leaf); err != nil {
		return nil, err
	}
	group, err := w.open(s, kp.keyPackage.Ref(), kp.initKey)
	if err != nil {
		return nil, err
	}
	defer wipe(group.joinerSecret, group.pathSecret)
	link, err := group.checkPSKs(s, opts.From)
	if err != nil {
		return nil, err
	}
	g := &Group{client: c, suite: s}
	psks, err := g.findPSKs(group.psks, opts.From)
	if err != nil {
		return nil, err
	}
	psk := s.pskSecret(psks)
	member := s.memberSecret(group.joinerSecret, psk)
	welcomeSecret := s.welcomeSecret(member)
	defer wipe(psk, member, welcomeSecret)
	info, err := w.openGroupInfo(s, welcomeSecret)
	if err != nil {
		return nil, err
	}
	if info.context.suite != c.Suite {
		return nil, rule(ErrWelcome, "12.4.3.1", "GroupInfo for %v", info.context.suite)
	}
	if g.public, err = newPublicState(info, opts.RatchetTree); err != nil {
		return nil, err
	}
	g.public.types = c.ProposalTypes
	if link != nil {
		if err := g.public.checkLink(*link, opts.From, opts.SameMember); err != nil {
			return nil, err
		}
	}
	if err := g.enter(kp, info, group); err != nil {
		return nil, err
	}
	var encryption []byte
	g.secrets, encryption = s.epochFromMember(member, g.public.encoded)
	if !s.macEqual(g.secrets.confirmation, g.public.context.confirmedTranscriptHash, info.confirmationTag) {
		return nil, rule(ErrConfirmationTag, "12.4.3.1", "confirmation_tag of the GroupInfo")
	}
	g.tree = c.secretTree(s, len(g.public.tree.leaves), encryption)
	g.updates = map[ProposalRef]hpke.PrivateKey{}
	g.joinedWith = withoutTree(info.extensions)
	return g, nil
}

// enter finds our leaf and the node keys that the Welcome gives us.
func (g *Group) enter(kp *KeyPackagePrivate, info *GroupInfo, group *groupSecrets) error {
	tree := g.public.tree
	own, ok := tree.find(kp.keyPackage.Leaf)
	if !ok {
		return rule(ErrWelcome, "12.4.3.1", "no leaf is that of the key package")
	}
	if own == info.signer {
		return rule(ErrWelcome, "12.4.3.1", "the GroupInfo is signed by the new member itself")
	}
	if err := kp.keyPackage.Leaf.supportsContext(g.public.context.extensions); err != nil {
		return err
	}
	g.own = own
	g.keys = privateKeys{own.node(): kp.encryptionKey}
	if group.pathSecret == nil {
		return nil
	}
	steps := tree.filteredPath(info.signer)
	ancestor := commonAncestor(own, info.signer)
	from := slices.IndexFunc(steps, func(p pathStep) bool { return p.node == ancestor })
	if from < 0 {
		return rule(ErrWelcome, "12.4.3.1", "no node for the path secret")
	}
	secrets, err := tree.derivePathFrom(bytes.Clone(group.pathSecret), from, steps)
	if err != nil {
		return err
	}
	g.keys.learn(steps, secrets)
	secrets.wipe()
	wipe(secrets.commitSecret)
	return nil
}

// owns refuses a leaf that the client cannot sign for.
func (c *Client) owns(s *suite, leaf *LeafNode) error {
	public, err := s.signature.public(c.SignatureKey)
	if err != nil {
		return err
	}
	if !bytes.Equal(public, leaf.SignatureKey) {
		return rule(ErrKey, "7.2", "signature key is not that of the leaf")
	}
	return nil
}

func withoutTree(list []Extension) []Extension {
	out := cloneExtensions(list)
	return slices.DeleteFunc(out, func(e Extension) bool { return e.Type == ExtensionRatchetTree })
}

// JoinExternal makes a commit by which this client enters a group on its own,
// given a GroupInfo of the current epoch with external_pub (§12.4.3.2). Once the
// commit is accepted, StagedCommit.Group is the group.
func JoinExternal(c Client, groupInfo []byte, opts ExternalOptions) (*StagedCommit, error) {
	s, err := c.check()
	if err != nil {
		return nil, err
	}
	if err := checkSize("authenticated data", opts.AuthenticatedData); err != nil {
		return nil, err
	}
	info, err := ParseGroupInfo(groupInfo)
	if err != nil {
		return nil, err
	}
	if info.context.suite != c.Suite {
		return nil, rule(ErrGroupInfo, "12.4.3.2", "GroupInfo for %v", info.context.suite)
	}
	public, err := newPublicState(info, opts.RatchetTree)
	if err != nil {
		return nil, err
	}
	public.types = c.ProposalTypes
	externalPub, err := info.externalPub()
	if err != nil {
		return nil, err
	}
	kemOutput, initSecret, err := s.externalInitSender(externalPub)
	if err != nil {
		return nil, err
	}
	defer wipe(initSecret)
	sender := Sender{Type: SenderNewMemberCommit}
	list := []cited{{proposal: ExternalInitProposal{KEMOutput: kemOutput}, sender: sender}}
	if opts.Resync != nil {
		list = append(list, cited{proposal: RemoveProposal{LeafIndex: *opts.Resync}, sender: sender})
	}
	g := &Group{client: c, suite: s, public: public, joinedWith: withoutTree(info.extensions)}
	for _, id := range opts.PSKs {
		p, err := g.ownProposal(PreSharedKeyProposal{ID: id})
		if err != nil {
			return nil, err
		}
		list = append(list, cited{proposal: p, sender: sender})
	}
	t, err := public.begin(list, sender, opts.Now)
	if err != nil {
		return nil, err
	}
	leaf, key, err := c.newLeaf(s)
	if err != nil {
		return nil, err
	}
	b := &commitBuilder{
		group: g, transition: t, sender: sender, leaf: leaf,
		leafKey:    privateKeys{t.committer.node(): key},
		initSecret: initSecret,
	}
	return b.build(opts.AuthenticatedData, opts.GroupInfoExtensions)
}
