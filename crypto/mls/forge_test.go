package mls

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// forgery makes the commit of a member who keeps to no rule: everything that
// follows from what is wrong in it (keys, hashes, signatures, tags) is right.
type forgery struct {
	as   *Group
	list []cited

	noPath bool
	// keys changes the public keys of the path, fresh the new leaf before it gets
	// its parent hash; leaf changes it before it is signed, and path what is sent.
	keys  func([][]byte)
	fresh func(*LeafNode)
	leaf  func(*LeafNode)
	sign  func(*LeafNode) // changes it once more, after it was signed
	path  func(*updatePath)
	// secrets changes the path secrets that are encrypted, but not their keys.
	secrets func([][]byte)

	sender  *Sender // whom the message names, if not its author
	content func(*framedContent)
	signed  func(*authenticatedContent) // after the signature, before the tags
	tag     func([]byte)                // changes the confirmation tag

	joining    bool // an external commit: as is what joiner gives
	initSecret []byte
}

// byValue gives proposals of a commit's author.
func byValue(as *Group, list ...Proposal) []cited {
	out := make([]cited, len(list))
	for i, p := range list {
		out[i] = cited{proposal: p, sender: Sender{Type: SenderMember, Index: uint32(as.own)}}
	}
	return out
}

// transition applies the list, whatever it says.
func (f *forgery) transition(t *testing.T) *transition {
	p := f.as.public
	tr := &transition{from: p, after: p.context.extensions, external: f.joining, committer: f.as.own}
	for _, c := range f.list {
		switch q := c.proposal.(type) {
		case RemoveProposal:
			if int(q.LeafIndex) >= len(p.tree.leaves) {
				continue
			}
		case PreSharedKeyProposal:
			tr.psks = append(tr.psks, q.ID)
		case GroupContextExtensionsProposal:
			tr.after = q.Extensions
		case ReInitProposal:
			tr.reInit = &q
		}
		tr.list = append(tr.list, c)
	}
	require.NoError(t, tr.apply())
	tr.list = f.list
	return tr
}

// message builds the commit.
func (f *forgery) message(t *testing.T) []byte {
	g, s, old := f.as, f.as.suite, f.as.public
	tr := f.transition(t)
	var path *updatePath
	commitSecret := s.zero()
	if !f.noPath {
		path, commitSecret = f.makePath(t, tr)
	}
	sender := Sender{Type: SenderMember, Index: uint32(g.own)}
	if f.joining {
		sender = Sender{Type: SenderNewMemberCommit}
	}
	if f.sender != nil {
		sender = *f.sender
	}
	a := &authenticatedContent{wireFormat: WirePublicMessage, content: &framedContent{
		groupID: old.context.groupID, epoch: old.context.epoch, sender: sender, authenticatedData: []byte{},
		contentType: ContentCommit, commit: &commit{proposals: orRefs(f.list), path: path},
	}}
	if f.content != nil {
		f.content(a.content)
	}
	a.content.raw = a.content.append(nil)
	var err error
	a.auth.signature, err = s.signWithLabel(g.client.SignatureKey, "FramedContentTBS", a.tbs(old.encoded))
	require.NoError(t, err)
	if f.signed != nil {
		f.signed(a)
		a.content.raw = nil
		a.content.raw = a.content.append(nil)
	}
	psks := make([]preSharedKey, len(tr.psks))
	for i, id := range tr.psks {
		psks[i] = preSharedKey{id: id, key: pskOf(id)}
	}
	initSecret := f.initSecret
	if initSecret == nil {
		initSecret = g.secrets.init
	}
	public := tr.finish(a)
	next, _, _ := g.advance(tr, public, tr.committer, initSecret, commitSecret, psks)
	a.auth.confirmationTag = s.mac(next.secrets.confirmation, public.context.confirmedTranscriptHash)
	if f.tag != nil {
		f.tag(a.auth.confirmationTag)
	}
	m := &publicMessage{content: a.content, auth: a.auth}
	if sender.Type == SenderMember {
		m.membershipTag = a.membershipTag(s, g.secrets.membership, old.encoded)
	}
	return m.append(appendMessageHeader(nil, WirePublicMessage))
}

func (f *forgery) makePath(t *testing.T, tr *transition) (*updatePath, []byte) {
	g, s := f.as, f.as.suite
	leaf := f.newLeaf(t)
	steps := tr.tree.filteredPath(tr.committer)
	secrets, err := s.derivePath(s.random(), 0, len(steps))
	require.NoError(t, err)
	keys := secrets.publicKeys()
	if f.keys != nil {
		f.keys(keys)
	}
	leaf.Source, leaf.ParentHash = LeafFromCommit, tr.tree.setPath(tr.committer, steps, keys)
	if f.leaf != nil {
		f.leaf(leaf)
	}
	require.NoError(t, leaf.sign(s, g.client.SignatureKey, tr.from.context.groupID, tr.committer))
	if f.sign != nil {
		f.sign(leaf)
	}
	tr.tree.setLeaf(tr.committer, leaf)
	if f.secrets != nil {
		f.secrets(secrets.secrets)
	}
	path := &updatePath{leaf: leaf}
	for i, step := range steps {
		n := updatePathNode{encryptionKey: keys[i]}
		for _, x := range tr.tree.recipients(step.copath, tr.added) {
			provisional := tr.provisional()
			c, err := s.encryptWithLabel(tr.tree.key(x), "UpdatePathNode", provisional.encode(), secrets.secrets[i])
			if err != nil { // a key to which nobody can encrypt
				c = hpkeCiphertext{kemOutput: []byte{1}, ciphertext: []byte{1}}
			}
			n.secrets = append(n.secrets, c)
		}
		path.nodes = append(path.nodes, n)
	}
	if f.path != nil {
		f.path(path)
	}
	return path, secrets.commitSecret
}

func (f *forgery) newLeaf(t *testing.T) *LeafNode {
	var leaf *LeafNode
	var err error
	if f.joining {
		leaf, _, err = f.as.client.newLeaf(f.as.suite)
	} else {
		leaf, _, err = f.as.nextLeaf(nil)
	}
	require.NoError(t, err)
	if f.fresh != nil {
		f.fresh(leaf)
	}
	return leaf
}

// pskOf is the pre-shared key of a name that all members know, unless the name
// is "unknown".
func pskOf(id PreSharedKeyID) []byte { return append([]byte("key "), id.ID...) }

func knownPSK(id PreSharedKeyID) []byte {
	if id.Type != PSKExternal || bytes.Equal(id.ID, []byte("unknown")) {
		return nil
	}
	return pskOf(id)
}

func pskNamed(name string) PreSharedKeyProposal {
	return PreSharedKeyProposal{ID: PreSharedKeyID{Type: PSKExternal, ID: []byte(name), Nonce: bytes.Repeat([]byte{7}, 32)}}
}

// joiner prepares an external commit of a new client with the given proposals
// beside its ExternalInit, or instead of it if inits is not 1.
func (f *field) joiner(t *testing.T, inits int, list ...Proposal) *forgery {
	c := newClient(t, X25519ChaCha, "joiner")
	c.PSK = knownPSK
	key, err := f.groups[0].suite.externalKey(f.groups[0].secrets)
	require.NoError(t, err)
	out, initSecret, err := f.groups[0].suite.externalInitSender(key.PublicKey().Bytes())
	require.NoError(t, err)
	g := &Group{client: c, suite: f.groups[0].suite, public: f.server.state.copy()}
	fg := &forgery{as: g, joining: true, initSecret: initSecret}
	for range inits {
		list = append([]Proposal{ExternalInitProposal{KEMOutput: out}}, list...)
	}
	for _, p := range list {
		fg.list = append(fg.list, cited{proposal: p, sender: Sender{Type: SenderNewMemberCommit}})
	}
	return fg
}

// forgedProposal signs and frames a proposal that nobody has judged.
func forgedProposal(t *testing.T, as *Group, p Proposal, change func(*framedContent)) []byte {
	c := &framedContent{
		groupID: as.public.context.groupID, epoch: as.public.context.epoch,
		sender:      Sender{Type: SenderMember, Index: uint32(as.own)},
		contentType: ContentProposal, proposal: p,
	}
	if change != nil {
		change(c)
	}
	a := &authenticatedContent{wireFormat: WirePublicMessage, content: c}
	var err error
	a.auth.signature, err = as.suite.signWithLabel(as.client.SignatureKey, "FramedContentTBS", a.tbs(as.public.encoded))
	require.NoError(t, err)
	m := &publicMessage{content: c, auth: a.auth}
	if c.sender.Type == SenderMember {
		m.membershipTag = a.membershipTag(as.suite, as.secrets.membership, as.public.encoded)
	}
	return m.append(appendMessageHeader(nil, WirePublicMessage))
}

// forgedUpdate is an Update proposal's leaf of a member, signed as it is.
func forgedUpdate(t *testing.T, as *Group, change func(*LeafNode)) UpdateProposal {
	leaf, _, err := as.nextLeaf(nil)
	require.NoError(t, err)
	leaf.Source = LeafFromUpdate
	if change != nil {
		change(leaf)
	}
	require.NoError(t, leaf.sign(as.suite, as.client.SignatureKey, groupID, as.own))
	return UpdateProposal{Leaf: leaf}
}

// forgedPackage is the Add proposal of a client whose key package is changed and
// then signed.
func forgedPackage(t *testing.T, c Client, leaf func(*LeafNode), change func(*KeyPackage)) AddProposal {
	kp, _ := newKeyPackage(t, c)
	s := suites[c.Suite]
	if leaf != nil {
		leaf(kp.Leaf)
	}
	require.NoError(t, kp.Leaf.sign(s, c.SignatureKey, nil, 0))
	if change != nil {
		change(kp)
	}
	kp.raw = nil
	var err error
	kp.Signature, err = s.signWithLabel(c.SignatureKey, "KeyPackageTBS", kp.appendUnsigned(nil))
	require.NoError(t, err)
	kp.raw = kp.append(nil)
	return AddProposal{KeyPackage: kp}
}

// field is a group of four members, whose parents all have keys, and a server
// that follows it.
type field struct {
	groups []*Group
	server *PublicGroup
}

func newField(t *testing.T, context ...Extension) *field {
	var groups []*Group
	opts := CommitOptions{Now: testNow}
	var clients []Client
	var private []*KeyPackagePrivate
	for i := range 4 {
		c := newClient(t, X25519ChaCha, string(rune('a'+i)))
		c.PSK = knownPSK
		c.Capabilities.Extensions = []uint16{extensionRoom}
		c.ProposalTypes = ownTypes()[:1]
		switch {
		case len(context) > 0: // all can do what the context may ask for
			c.Capabilities.Credentials = []uint16{CredentialX509}
		case i == 3: // one who can do less
			c.Capabilities.Extensions, c.ProposalTypes = nil, nil
		}
		if i == 0 {
			g, err := NewGroup(c, groupID, context, testNow)
			require.NoError(t, err)
			groups = append(groups, g)
			continue
		}
		kp, p := newKeyPackage(t, c)
		opts.Proposals = append(opts.Proposals, AddProposal{KeyPackage: kp})
		clients, private = append(clients, c), append(private, p)
	}
	staged := commitAndDeliver(t, groups, 0, opts)
	for i, c := range clients {
		g, err := JoinWelcome(c, staged.Welcome(), private[i], JoinOptions{Now: testNow})
		require.NoError(t, err)
		groups = append(groups, g)
	}
	commitAndDeliver(t, groups, 2, CommitOptions{})
	commitAndDeliver(t, groups, 0, CommitOptions{})
	return &field{groups: groups, server: groups[0].Public()}
}

// share hands a proposal to everybody, and gives it as a commit cites it.
func (f *field) share(t *testing.T, from int, message []byte) cited {
	require.NoError(t, f.server.ProcessProposal(message, testNow))
	for i, g := range f.groups {
		if i == from { // its maker keeps it, as Propose does
			m, err := parseMessage(message)
			require.NoError(t, err)
			_, err = g.public.receive(m.public.authenticated(), testNow)
			require.NoError(t, err)
			continue
		}
		_, err := g.Process(message, testNow)
		require.NoError(t, err)
	}
	all := f.server.PendingProposals()
	r := all[len(all)-1]
	return cited{proposal: r.Proposal, sender: r.Sender, ref: r.Ref}
}

// accepted requires that all take a forged message that breaks no rule.
func (f *field) accepted(t *testing.T, author int, message []byte) {
	staged, err := f.server.Process(message, testNow)
	require.NoError(t, err)
	require.NoError(t, f.server.Merge(staged))
	for i, g := range f.groups {
		if i == author {
			continue
		}
		p, err := g.Process(message, testNow)
		require.NoError(t, err)
		require.NoError(t, g.Merge(p.Commit))
	}
	rest := slices.DeleteFunc(slices.Clone(f.groups), func(g *Group) bool {
		return author >= 0 && g == f.groups[author] || errors.Is(g.Ended(), ErrRemoved)
	})
	for _, g := range rest[1:] {
		require.Equal(t, rest[0].EpochAuthenticator(), g.EpochAuthenticator())
	}
}
