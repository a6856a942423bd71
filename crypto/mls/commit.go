package mls

import (
	"bytes"
	"slices"
)

// Commit makes a commit, which takes effect with Merge once the delivery
// service has accepted it (RFC 9420 §12.4.1). It renews the committer's keys,
// unless it is told not to. It gives the commit, the Welcome for added members, and
// the GroupInfo of the new epoch.
func (g *Group) Commit(opts CommitOptions) (*StagedCommit, error) {
	if g.ended != nil {
		return nil, g.ended
	}
	if err := checkSize("authenticated data", opts.AuthenticatedData); err != nil {
		return nil, err
	}
	list, err := g.commitList(opts)
	if err != nil {
		return nil, err
	}
	sender := Sender{Type: SenderMember, Index: uint32(g.own)}
	t, err := g.public.begin(list, sender, opts.Now)
	if err != nil {
		return nil, err
	}
	b := &commitBuilder{group: g, transition: t, sender: sender, initSecret: g.secrets.init}
	switch {
	case !opts.OmitPath:
		if b.leaf, b.leafKey, err = g.nextLeaf(opts.LeafExtensions); err != nil {
			return nil, err
		}
	case t.needsPath || opts.LeafExtensions != nil:
		return nil, rule(ErrPath, "12.4", "the path of this commit cannot be left out")
	}
	return b.build(opts.AuthenticatedData, opts.GroupInfoExtensions)
}

// commitList gathers the proposals of a commit of ours.
func (g *Group) commitList(opts CommitOptions) ([]cited, error) {
	self := Sender{Type: SenderMember, Index: uint32(g.own)}
	var list []cited
	for _, ref := range opts.ByReference {
		r := g.public.find(ref)
		if r == nil {
			return nil, rule(ErrUnknownProposal, "12.4", "proposal is not known in this epoch")
		}
		if slices.ContainsFunc(list, func(c cited) bool { return c.ref == ref }) {
			return nil, rule(ErrProposalList, "12.2", "proposal is referred to twice")
		}
		list = append(list, cited{proposal: r.Proposal, sender: r.Sender, ref: r.Ref})
	}
	for _, p := range opts.Proposals {
		p, err := g.ownProposal(p)
		if err != nil {
			return nil, err
		}
		list = append(list, cited{proposal: p, sender: self})
	}
	return list, nil
}

// ownProposal completes a proposal of ours and detaches it from the caller's
// memory.
func (g *Group) ownProposal(p Proposal) (Proposal, error) {
	switch p := p.(type) {
	case AddProposal:
		if p.KeyPackage == nil || p.KeyPackage.Leaf == nil {
			return nil, rule(ErrProposal, "12.1.1", "Add proposal without key package")
		}
		return p, nil
	case RemoveProposal:
		return p, nil
	case PreSharedKeyProposal:
		p.ID.ID, p.ID.GroupID, p.ID.Nonce = bytes.Clone(p.ID.ID), bytes.Clone(p.ID.GroupID), bytes.Clone(p.ID.Nonce)
		if len(p.ID.Nonce) == 0 {
			p.ID.Nonce = g.suite.random()
		}
		return p, nil
	case GroupContextExtensionsProposal:
		return GroupContextExtensionsProposal{Extensions: cloneExtensions(p.Extensions)}, nil
	case ReInitProposal:
		return g.ownReInit(p)
	case CustomProposal:
		if err := checkSize("proposal", p.Body); err != nil {
			return nil, err
		}
		return p.detached(), nil
	default:
		return nil, rule(ErrUnsupported, "12.4", "a proposal of this type cannot be committed by value")
	}
}

// commitBuilder makes a commit: of a member, or of a client that joins by it.
type commitBuilder struct {
	group      *Group // the state before; of a joining client, only its public half
	transition *transition
	sender     Sender
	leaf       *LeafNode // unsigned; nil for a commit without path
	leafKey    privateKeys
	initSecret []byte
	from       *Group // the group before, where the commit is the first of its successor
}

func (b *commitBuilder) build(authenticatedData []byte, infoExtensions []Extension) (*StagedCommit, error) {
	g, t, s := b.group, b.transition, b.group.suite
	old := g.public
	psks, err := g.findPSKs(t.psks, b.from)
	if err != nil {
		return nil, err
	}
	path, steps, secrets, err := b.path()
	if err != nil {
		return nil, err
	}
	defer secrets.wipe()

	format := WirePublicMessage
	if b.sender.Type == SenderMember {
		format = g.handshakeFormat()
	}
	a := &authenticatedContent{wireFormat: format, content: &framedContent{
		groupID:           old.context.groupID,
		epoch:             old.context.epoch,
		sender:            b.sender,
		authenticatedData: append([]byte{}, authenticatedData...),
		contentType:       ContentCommit,
		commit:            &commit{proposals: orRefs(t.list), path: path},
	}}
	a.content.raw = a.content.append(nil)
	if a.auth.signature, err = s.signWithLabel(g.client.SignatureKey, "FramedContentTBS", a.tbs(old.encoded)); err != nil {
		return nil, err
	}
	public := t.finish(a)
	next, joiner, welcome := g.advance(t, public, t.committer, b.initSecret, secrets.commitSecret, psks)
	defer wipe(joiner, welcome, secrets.commitSecret)
	next.keys.prune(old.tree, t.tree)
	next.keys.learn(steps, secrets)
	for x, k := range b.leafKey {
		next.keys[x] = k
	}

	a.auth.confirmationTag = s.mac(next.secrets.confirmation, public.context.confirmedTranscriptHash)
	public.confirm(a.auth.confirmationTag)
	message, err := g.handshake(a)
	if err != nil {
		return nil, err
	}
	staged := &StagedCommit{
		message:           message,
		changes:           t.changes(path != nil),
		sender:            b.sender,
		authenticatedData: a.content.authenticatedData,
		base:              old.encoded,
		next:              next,
		joined:            t.external,
	}
	if next.ended != nil { // ReInit: nobody joins this epoch
		next.retire()
		return staged, nil
	}
	info, err := next.signGroupInfo(infoExtensions)
	if err != nil {
		return nil, err
	}
	encoded := info.encode()
	staged.groupInfo = encoded
	if len(t.added) > 0 {
		staged.welcome, err = b.welcome(encoded[4:], joiner, welcome, steps, secrets)
	}
	return staged, err
}

// path makes the committer's path, if there is one, and judges the tree with it.
func (b *commitBuilder) path() (*updatePath, []pathStep, *pathSecrets, error) {
	g, t := b.group, b.transition
	if b.leaf == nil {
		return nil, nil, &pathSecrets{commitSecret: g.suite.zero()}, t.check(false)
	}
	steps, secrets, err := t.tree.freshPath(t.committer, b.leaf, g.client.SignatureKey, g.public.context.groupID)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := t.check(true); err != nil {
		return nil, nil, nil, err
	}
	if err := t.req.checkOwn(b.leaf); err != nil {
		return nil, nil, nil, err
	}
	provisional := t.provisional()
	path, err := t.tree.sealPath(b.leaf, steps, secrets, t.added, provisional.encode())
	return path, steps, secrets, err
}

func orRefs(list []cited) []proposalOrRef {
	out := make([]proposalOrRef, len(list))
	for i, c := range list {
		if c.ref != "" {
			out[i].reference = []byte(c.ref)
		} else {
			out[i].proposal = c.proposal
		}
	}
	return out
}

// welcome makes the Welcome for all added members (§12.4.3.1).
func (b *commitBuilder) welcome(groupInfo, joiner, welcomeSecret []byte, steps []pathStep, secrets *pathSecrets) ([]byte, error) {
	t, s := b.transition, b.group.suite
	sealed, err := s.sealGroupInfo(welcomeSecret, groupInfo)
	if err != nil {
		return nil, err
	}
	w := &welcomeMessage{suite: s.id, encryptedGroupInfo: sealed}
	for i, l := range t.added {
		group := groupSecrets{joinerSecret: joiner, psks: t.psks}
		ancestor := commonAncestor(t.committer, l)
		if at := slices.IndexFunc(steps, func(p pathStep) bool { return p.node == ancestor }); at >= 0 {
			group.pathSecret = secrets.secrets[at]
		}
		plain := group.append(nil)
		c, err := s.encryptWithLabel(t.packages[i].InitKey, "Welcome", sealed, plain)
		wipe(plain)
		if err != nil {
			return nil, err
		}
		w.secrets = append(w.secrets, encryptedGroupSecrets{newMember: t.packages[i].Ref(), secrets: c})
	}
	return w.append(appendMessageHeader(nil, WireWelcome)), nil
}

// nextLeaf makes our next leaf, unsigned: what the current one says, with a
// fresh key and, if given, other extensions.
func (g *Group) nextLeaf(extensions []Extension) (*LeafNode, privateKeys, error) {
	c := g.client
	current := g.public.tree.leaf(g.own)
	c.Credential = current.Credential
	c.LeafExtensions = current.Extensions
	if extensions != nil {
		if err := checkDuplicates(extensions); err != nil {
			return nil, nil, err
		}
		c.LeafExtensions = extensions
	}
	c.Capabilities = mergeCapabilities(current.Capabilities, c.Capabilities)
	leaf, key, err := c.newLeaf(g.suite)
	if err != nil {
		return nil, nil, err
	}
	return leaf, privateKeys{g.own.node(): key}, nil
}

func mergeCapabilities(a, b Capabilities) Capabilities {
	return Capabilities{
		Versions:     mergeLists(a.Versions, b.Versions),
		CipherSuites: mergeLists(a.CipherSuites, b.CipherSuites),
		Extensions:   mergeLists(a.Extensions, b.Extensions),
		Proposals:    mergeLists(a.Proposals, b.Proposals),
		Credentials:  mergeLists(a.Credentials, b.Credentials),
	}
}

func mergeLists[T comparable](a, b []T) []T {
	out := slices.Clone(a)
	for _, v := range b {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
