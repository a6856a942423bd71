package mls

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// fuzzWorld is a group of four with a pending proposal, and messages of all
// kinds around it.
type fuzzWorld struct {
	groups   []*Group
	client   Client
	private  *KeyPackagePrivate
	messages [][]byte
	commits  []*StagedCommit
}

func newFuzzWorld(f require.TestingT) *fuzzWorld {
	w := &fuzzWorld{groups: customGroup(f, 4)}
	add := func(m []byte, err error) []byte {
		require.NoError(f, err)
		w.messages = append(w.messages, m)
		return m
	}
	app, err := w.groups[1].Encrypt([]byte("hello"), []byte("data"))
	add(app, err)
	info := add(w.groups[0].GroupInfo([]Extension{{Type: 0xf0a2, Data: []byte("x")}}))
	proposal := add(w.groups[2].ProposeUpdate(nil, nil))
	for _, i := range []int{0, 1, 3} {
		_, err := w.groups[i].Process(proposal, testNow)
		require.NoError(f, err)
	}
	w.client = newClient(f, X25519ChaCha, "newcomer")
	w.client.ProposalTypes = ownTypes()
	kp, private := newKeyPackage(f, w.client)
	w.private = private
	add(kp.MarshalBinary())
	ref := w.groups[0].PendingProposals()[0].Ref
	for _, opts := range []CommitOptions{
		{},
		{ByReference: []ProposalRef{ref}},
		{Proposals: []Proposal{AddProposal{KeyPackage: kp}, RemoveProposal{LeafIndex: 3}}},
		{Proposals: []Proposal{GroupContextExtensionsProposal{Extensions: []Extension{RequiredCapabilities{}.Extension()}}}},
		{Proposals: []Proposal{ReInitProposal{GroupID: []byte("next"), Suite: X25519AES128}}},
		{Proposals: []Proposal{CustomProposal{Type: proposalTopic, Body: OpaqueBody([]byte("topic"))}}},
	} {
		staged, err := w.groups[0].Commit(opts)
		require.NoError(f, err)
		w.commits = append(w.commits, staged)
		add(staged.Message(), nil)
		if len(staged.Welcome()) > 0 {
			add(staged.Welcome(), nil)
		}
	}
	resync := LeafIndex(3)
	external, err := JoinExternal(w.client, info, ExternalOptions{Resync: &resync})
	require.NoError(f, err)
	w.commits = append(w.commits, external)
	add(external.Message(), nil)
	return w
}

func (w *fuzzWorld) seed(f *testing.F) {
	for _, m := range w.messages {
		f.Add(m)
	}
	f.Add([]byte{})
}

func FuzzMessage(f *testing.F) {
	newFuzzWorld(f).seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := InspectMessage(b, ownTypes()...); err != nil {
			return
		}
		// There is one encoding of each message.
		m, err := parseMessage(b, ownTypes()...)
		require.NoError(t, err)
		require.Equal(t, b, m.append(nil))
		if m.public == nil || m.public.content.commit == nil {
			forgetEncodings(m)
			require.Equal(t, b, m.append(nil))
		}
	})
}

func FuzzKeyPackage(f *testing.F) {
	newFuzzWorld(f).seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if kp, err := ParseKeyPackage(b, testNow); err == nil {
			again, err := kp.MarshalBinary()
			require.NoError(t, err)
			require.Equal(t, b, again)
		}
	})
}

func FuzzGroupInfo(f *testing.F) {
	w := newFuzzWorld(f)
	w.seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		bounded(t, b, func() { _, _ = NewPublicGroup(b, testNow) })
		_, _ = JoinExternal(w.client, b, ExternalOptions{})
		_ = w.stagedPublic(t).CheckGroupInfo(b)
	})
}

func (w *fuzzWorld) stagedPublic(t require.TestingT) *PublicStaged {
	s, err := w.groups[1].Public().Process(w.commits[0].Message(), testNow)
	require.NoError(t, err)
	return s
}

// FuzzRatchetTree looks for trees that make validation fail in other ways than by
// an error.
func FuzzRatchetTree(f *testing.F) {
	w := newFuzzWorld(f)
	f.Add(w.groups[0].public.tree.append(nil))
	f.Add(w.commits[2].next.public.tree.append(nil))
	s := suites[X25519ChaCha]
	f.Fuzz(func(t *testing.T, b []byte) {
		var tree *ratchetTree
		var err error
		bounded(t, b, func() { tree, err = parseTree(s, b) })
		if err != nil {
			return
		}
		require.Equal(t, b, tree.append(nil))
		_ = tree.validate(groupID, nil)
		_ = tree.checkCredentials()
		_ = tree.checkParents()
		if tree.checkUnmerged() == nil {
			_ = tree.verifyParentHashes()
		}
		for _, m := range tree.members() {
			tree.filteredPath(m.Index)
		}
		tree.rootHash()
	})
}

func FuzzWelcome(f *testing.F) {
	w := newFuzzWorld(f)
	w.seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		bounded(t, b, func() { _, _ = JoinWelcome(w.client, b, w.private, JoinOptions{}) })
		_, _ = JoinWelcome(w.client, b, w.private, JoinOptions{From: w.groups[1]})
	})
}

func FuzzGroupSecrets(f *testing.F) {
	f.Add((&groupSecrets{joinerSecret: []byte("j"), pathSecret: []byte("p"), psks: []PreSharedKeyID{{Type: PSKExternal}, {Type: PSKResumption, Usage: 1}}}).append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if g, err := decodeAll(b, "", (*decoder).groupSecrets); err == nil {
			require.Equal(t, b, g.append(nil))
		}
	})
}

func FuzzExtensions(f *testing.F) {
	f.Add(appendExtensions(nil, []Extension{
		RequiredCapabilities{Extensions: []uint16{1}, Proposals: []uint16{2}, Credentials: []uint16{3}}.Extension(),
		ExternalSenders(ExternalSender{SignatureKey: []byte("k"), Credential: BasicCredential([]byte("x"))}),
	}))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := decodeAll(b, "", (*decoder).extensions)
		if err != nil {
			return
		}
		require.Equal(t, b, appendExtensions(nil, list))
		_ = checkContextExtensions(list)
		_, _ = requirementsOf(list)
	})
}

func FuzzStates(f *testing.F) {
	w := newFuzzWorld(f)
	for _, m := range []interface{ MarshalBinary() ([]byte, error) }{w.groups[2], w.groups[1].Public(), w.private, w.commits[2], w.commits[5], w.commits[6]} {
		b, err := m.MarshalBinary()
		require.NoError(f, err)
		f.Add(b)
	}
	ended, h := reInited(f)
	successor, err := ended[0].Successor(h.clients[0], SuccessorOptions{KeyPackages: h.packages[1:]})
	require.NoError(f, err)
	keeping := keepingGroup(f, 3, 2)
	commitAndDeliver(f, keeping, 0, CommitOptions{})
	for _, m := range []interface{ MarshalBinary() ([]byte, error) }{ended[1], ended[1].Public(), successor, keeping[1]} {
		b, err := m.MarshalBinary()
		require.NoError(f, err)
		f.Add(b)
	}
	c := w.groups[2].client
	c.PastEpochs = 2
	f.Fuzz(func(t *testing.T, b []byte) {
		if g, err := UnmarshalGroup(b, c); err == nil {
			again, err := g.MarshalBinary()
			require.NoError(t, err)
			_, err = UnmarshalGroup(again, c)
			require.NoError(t, err)
			_, _ = g.Encrypt([]byte("x"), nil)
			_, _ = g.Commit(CommitOptions{})
			_, _ = g.Process(w.messages[0], testNow)
			_, _ = g.Process(w.commits[0].Message(), testNow)
			_, _ = g.Successor(c, SuccessorOptions{KeyPackages: h.packages[1:]})
			_, _ = g.Branch(c, []byte("branch"), nil, SuccessorOptions{})
		}
		if p, err := UnmarshalPublicGroup(b); err == nil {
			_, _ = p.Process(w.commits[0].Message(), testNow)
		}
		_, _ = UnmarshalKeyPackagePrivate(b)
		if s, err := UnmarshalStagedCommit(b, c); err == nil {
			_ = w.groups[2].Public().Merge(&PublicStaged{base: s.base, next: s.next.public})
		}
	})
}

// FuzzGroupProcess feeds bytes as they come from the network.
func FuzzGroupProcess(f *testing.F) {
	w := newFuzzWorld(f)
	w.seed(f)
	before, err := w.groups[1].MarshalBinary()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := UnmarshalGroup(before, w.groups[1].client)
		require.NoError(t, err)
		var p *Processed
		bounded(t, b, func() { p, err = g.Process(b, testNow) })
		after, marshalErr := g.MarshalBinary()
		require.NoError(t, marshalErr)
		if err != nil || p.Commit != nil {
			require.True(t, bytes.Equal(before, after), "the state has changed")
		}
		public := w.groups[1].Public()
		_, publicErr := public.Process(b, testNow)
		if err == nil && p.Commit != nil && isPublic(b) {
			require.NoError(t, publicErr)
		}
		_ = public.ProcessProposal(b, testNow)
	})
}

// FuzzInsider lets a member, or somebody who joins, sign any commit and any
// proposal: the tags and signatures are right, the content is not.
func FuzzInsider(f *testing.F) {
	w := newFuzzWorld(f)
	for _, staged := range w.commits {
		m, err := parseMessage(staged.Message(), ownTypes()...)
		require.NoError(f, err)
		body := m.public.content.commit.append(nil)
		for _, mode := range []byte{0, 1, 2, 3} {
			f.Add(mode, body)
		}
	}
	for _, p := range []Proposal{
		AddProposal{KeyPackage: w.private.keyPackage}, RemoveProposal{LeafIndex: 2}, UpdateProposal{Leaf: w.groups[0].public.tree.leaf(0)},
		PreSharedKeyProposal{ID: PreSharedKeyID{Type: PSKExternal, ID: []byte("x"), Nonce: make([]byte, 32)}},
		ReInitProposal{Version: 1}, CustomProposal{Type: proposalFlags, Body: []byte{1, 2}}, ExternalInitProposal{}, GroupContextExtensionsProposal{},
	} {
		f.Add(byte(4), appendProposal(nil, p))
	}
	evil := w.groups[0]
	before, err := w.groups[1].MarshalBinary()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, mode byte, body []byte) {
		c := &framedContent{groupID: groupID, epoch: evil.Epoch(), sender: Sender{Type: SenderMember}}
		signer := evil.client
		var err error
		if mode&4 != 0 {
			c.contentType = ContentProposal
			c.proposal, err = decodeAll(bytes.Clone(body), "", func(d *decoder) Proposal {
				d.types = ownTypes()
				return d.proposal()
			})
		} else {
			c.contentType = ContentCommit
			c.commit, err = decodeAll(bytes.Clone(body), "", func(d *decoder) *commit {
				d.types = ownTypes()
				return d.commit()
			})
		}
		if err != nil {
			return
		}
		if mode&1 != 0 && c.commit != nil && c.commit.path != nil {
			c.sender = Sender{Type: SenderNewMemberCommit}
			signer = w.client
		}
		if mode&2 != 0 && c.commit != nil && c.commit.path != nil {
			leaf := *c.commit.path.leaf
			leaf.SignatureKey, err = evil.suite.signature.public(signer.SignatureKey)
			require.NoError(t, err)
			index := LeafIndex(0)
			if c.sender.Type != SenderMember {
				index = 3
			}
			require.NoError(t, leaf.sign(evil.suite, signer.SignatureKey, groupID, index))
			c.commit.path.leaf = &leaf
		}
		a := &authenticatedContent{wireFormat: WirePublicMessage, content: c}
		a.auth.signature, err = evil.suite.signWithLabel(signer.SignatureKey, "FramedContentTBS", a.tbs(evil.public.encoded))
		require.NoError(t, err)
		m := &publicMessage{content: c, auth: a.auth}
		if c.sender.Type == SenderMember {
			m.membershipTag = a.membershipTag(evil.suite, evil.secrets.membership, evil.public.encoded)
		}
		message := m.append(appendMessageHeader(nil, WirePublicMessage))

		g, err := UnmarshalGroup(before, w.groups[1].client)
		require.NoError(t, err)
		_, err = g.Process(message, testNow)
		public := w.groups[1].Public()
		if mode&4 != 0 {
			require.Equal(t, err == nil, public.ProcessProposal(message, testNow) == nil)
			return
		}
		require.Error(t, err) // the confirmation tag is missing, if nothing else
		after, err := g.MarshalBinary()
		require.NoError(t, err)
		require.True(t, bytes.Equal(before, after), "the state has changed")
		if staged, err := public.Process(message, testNow); err == nil {
			require.NoError(t, staged.next.tree.validate(groupID, staged.Extensions()), "the public group accepts a tree that nobody could join")
			require.NoError(t, public.Merge(staged))
		}
	})
}
