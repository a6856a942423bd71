package mls

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGroupLifeOfThree(t *testing.T) {
	eachSuite(t, func(t *testing.T, s CipherSuite) {
		groups := newGroup(t, s, 3)
		for i := range groups {
			chat(t, groups, i, "hello")
		}
		commitAndDeliver(t, groups, 1, CommitOptions{})
		agree(t, groups)
		staged := commitAndDeliver(t, groups, 2, CommitOptions{Proposals: []Proposal{RemoveProposal{LeafIndex: groups[1].OwnIndex()}}})
		require.Len(t, staged.Changes().Removed, 1)
		require.ErrorIs(t, groups[1].Ended(), ErrRemoved)
		rest := []*Group{groups[0], groups[2]}
		agree(t, rest)
		chat(t, rest, 0, "without her")
		rest = addMembers(t, rest, 4)
		for i := range rest {
			chat(t, rest, i, "more")
		}
	})
}

func TestExternalCommitJoinsAndResyncs(t *testing.T) {
	eachSuite(t, func(t *testing.T, s CipherSuite) {
		groups := newGroup(t, s, 3)
		info, err := groups[1].GroupInfo([]Extension{{Type: 0xf0a2, Data: []byte("place")}})
		require.NoError(t, err)
		c := newClient(t, s, "newcomer")
		staged, err := JoinExternal(c, info, ExternalOptions{AuthenticatedData: []byte("why"), Now: testNow})
		require.NoError(t, err)
		deliver(t, groups, -1, staged)
		newcomer := staged.Group()
		data, ok := FindExtension(newcomer.GroupInfoExtensions(), 0xf0a2)
		require.True(t, ok)
		require.Equal(t, []byte("place"), data)
		groups = append(groups, newcomer)
		agree(t, groups)
		for i := range groups {
			chat(t, groups, i, "hello")
		}

		// The newcomer loses their state and comes back in their own place.
		old := newcomer.OwnIndex()
		staged, err = JoinExternal(c, staged.GroupInfo(), ExternalOptions{Resync: &old, Now: testNow})
		require.NoError(t, err)
		require.True(t, staged.Changes().External)
		require.Len(t, staged.Changes().Removed, 1)
		require.Len(t, staged.Changes().Added, 1)
		deliver(t, groups[:3], -1, staged)
		groups[3] = staged.Group()
		agree(t, groups)
		chat(t, groups, 3, "back")

		// Without resync the same signature key is refused.
		info, err = groups[0].GroupInfo(nil)
		require.NoError(t, err)
		_, err = JoinExternal(c, info, ExternalOptions{Now: testNow})
		require.ErrorIs(t, err, ErrLeafNode)
	})
}

func TestProposalsByReference(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 5)
	send := func(from int, message []byte, err error) ProposalRef {
		require.NoError(t, err)
		var ref ProposalRef
		for i, g := range groups {
			if i == from {
				continue
			}
			p, err := g.Process(message, testNow)
			require.NoError(t, err)
			ref = p.Proposal.Ref
		}
		return ref
	}
	c := newClient(t, X25519ChaCha, "added")
	kp, private := newKeyPackage(t, c)
	m, err := groups[1].ProposeAdd(kp, []byte("aad"), testNow)
	add := send(1, m, err)
	m, err = groups[2].ProposeUpdate([]Extension{{Type: extensionPrivate, Data: []byte("renewed")}}, nil)
	update := send(2, m, err)
	m, err = groups[0].ProposeRemove(groups[4].OwnIndex(), nil)
	remove := send(0, m, err)
	m, err = groups[3].ProposeGroupContextExtensions([]Extension{RequiredCapabilities{Extensions: []uint16{extensionPrivate}}.Extension()}, nil)
	context := send(3, m, err)
	require.Len(t, groups[0].PendingProposals(), 4)

	_, err = groups[0].Encrypt([]byte("too early"), nil)
	require.ErrorIs(t, err, ErrPendingProposals)

	// A member cannot commit their own Update.
	_, err = groups[2].Commit(CommitOptions{ByReference: []ProposalRef{update}})
	require.ErrorIs(t, err, ErrProposalList)

	staged := commitAndDeliver(t, groups, 0, CommitOptions{ByReference: []ProposalRef{add, update, remove, context}, Now: testNow})
	changes := staged.Changes()
	require.True(t, changes.ExtensionsChanged)
	require.Len(t, changes.Added, 1)
	require.Len(t, changes.Updated, 2)
	require.Len(t, changes.Removed, 1)
	require.Equal(t, []byte("renewed"), changes.Updated[0].Leaf.Extensions[0].Data)
	require.ErrorIs(t, groups[4].Ended(), ErrRemoved)
	g, err := JoinWelcome(c, staged.Welcome(), private, JoinOptions{})
	require.NoError(t, err)
	groups[4] = g
	agree(t, groups)
	for i := range groups {
		require.Empty(t, groups[i].PendingProposals())
		chat(t, groups, i, "hello")
	}
	// The one who updated can commit and be followed.
	commitAndDeliver(t, groups, 2, CommitOptions{})
	agree(t, groups)
	leaf, ok := groups[0].Member(groups[2].OwnIndex())
	require.True(t, ok)
	require.Equal(t, []byte("renewed"), leaf.Extensions[0].Data)
}

func TestStagingChangesNothing(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 3)
	before := make([][]byte, 3)
	for i, g := range groups {
		var err error
		before[i], err = g.MarshalBinary()
		require.NoError(t, err)
	}
	c := newClient(t, X25519ChaCha, "added")
	kp, _ := newKeyPackage(t, c)
	one, err := groups[0].Commit(CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}, Now: testNow})
	require.NoError(t, err)
	other, err := groups[0].Commit(CommitOptions{})
	require.NoError(t, err)
	seen, err := groups[1].Process(one.Message(), testNow)
	require.NoError(t, err)
	for i, g := range groups {
		after, err := g.MarshalBinary()
		require.NoError(t, err)
		require.Equal(t, before[i], after)
	}
	// The second commit was the one that counted.
	for _, g := range groups[1:] {
		p, err := g.Process(other.Message(), testNow)
		require.NoError(t, err)
		require.NoError(t, g.Merge(p.Commit))
	}
	require.NoError(t, groups[0].Merge(other))
	agree(t, groups)
	require.ErrorIs(t, groups[0].Merge(one), ErrNotStaged)
	require.ErrorIs(t, groups[1].Merge(seen.Commit), ErrNotStaged)
	require.ErrorIs(t, groups[0].Merge(other), ErrNotStaged)
	require.ErrorIs(t, groups[0].Merge(nil), ErrNotStaged)
	agree(t, groups)
}

func TestStateSurvivesSerialisation(t *testing.T) {
	eachSuite(t, func(t *testing.T, s CipherSuite) {
		groups := newGroup(t, s, 4)
		reload := func(g *Group) *Group {
			b, err := g.MarshalBinary()
			require.NoError(t, err)
			h, err := UnmarshalGroup(b, g.client)
			require.NoError(t, err)
			again, err := h.MarshalBinary()
			require.NoError(t, err)
			require.Equal(t, b, again)
			return h
		}
		first, err := groups[0].Encrypt([]byte("first"), nil)
		require.NoError(t, err)
		chat(t, groups, 0, "second")
		m, err := groups[3].ProposeUpdate(nil, nil)
		require.NoError(t, err)
		var ref ProposalRef
		for i, g := range groups[:3] {
			p, err := g.Process(m, testNow)
			require.NoError(t, err)
			ref = p.Proposal.Ref
			groups[i] = reload(g)
		}
		groups[3] = reload(groups[3])
		p, err := groups[1].Process(first, testNow)
		require.NoError(t, err)
		require.Equal(t, "first", string(p.Application.Data))

		staged, err := groups[1].Commit(CommitOptions{ByReference: []ProposalRef{ref}})
		require.NoError(t, err)
		b, err := staged.MarshalBinary()
		require.NoError(t, err)
		kept, err := UnmarshalStagedCommit(b, groups[1].client)
		require.NoError(t, err)
		require.Equal(t, staged.Message(), kept.Message())
		require.Equal(t, staged.GroupInfo(), kept.GroupInfo())
		require.Equal(t, staged.Changes(), kept.Changes())
		deliver(t, groups, 1, kept)
		agree(t, groups)
		for i := range groups {
			groups[i] = reload(groups[i])
		}
		for i := range groups {
			chat(t, groups, i, "again")
		}

		other := groups[0].client
		other.SignatureKey = groups[1].client.SignatureKey
		b, err = groups[0].MarshalBinary()
		require.NoError(t, err)
		_, err = UnmarshalGroup(b, other)
		require.ErrorIs(t, err, ErrKey)
		_, err = UnmarshalGroup(b[:len(b)-1], groups[0].client)
		require.ErrorIs(t, err, ErrState)
		b[5]++
		_, err = UnmarshalGroup(b, groups[0].client)
		require.ErrorIs(t, err, ErrState)
	})
}

func TestKeyPackagePrivateSurvivesSerialisation(t *testing.T) {
	c := newClient(t, X25519ChaCha, "later")
	kp, private := newKeyPackage(t, c)
	b, err := private.MarshalBinary()
	require.NoError(t, err)
	private, err = UnmarshalKeyPackagePrivate(b)
	require.NoError(t, err)
	require.Equal(t, kp.Ref(), private.Public().Ref())

	encoded, err := kp.MarshalBinary()
	require.NoError(t, err)
	kp, err = ParseKeyPackage(encoded, testNow)
	require.NoError(t, err)
	groups := newGroup(t, X25519ChaCha, 2)
	staged := commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}, Now: testNow})
	g, err := JoinWelcome(c, staged.Welcome(), private, JoinOptions{})
	require.NoError(t, err)
	agree(t, append(groups, g))
	_, err = ParseKeyPackage(encoded, testNow.Add(48*time.Hour))
	require.ErrorIs(t, err, ErrLifetime)
}

func TestPreSharedKeysEnterTheEpoch(t *testing.T) {
	const s = X25519ChaCha
	groups := newGroup(t, s, 3)
	keys := map[string][]byte{"external": []byte("a shared secret")}
	find := func(id PreSharedKeyID) []byte {
		if id.Type != PSKExternal {
			return nil
		}
		return keys[string(id.ID)]
	}
	groups[0].client.PSK, groups[1].client.PSK = find, find
	old := groups[0].Epoch()
	commitAndDeliver(t, groups, 0, CommitOptions{})
	staged, err := groups[0].Commit(CommitOptions{Proposals: []Proposal{
		PreSharedKeyProposal{ID: PreSharedKeyID{Type: PSKExternal, ID: []byte("external")}},
		PreSharedKeyProposal{ID: PreSharedKeyID{Type: PSKResumption, Usage: ResumptionApplication, GroupID: groupID, Epoch: old}},
	}})
	require.NoError(t, err)
	_, err = groups[2].Process(staged.Message(), testNow)
	require.ErrorIs(t, err, ErrPSK)
	groups[2].client.PSK = find
	deliver(t, groups, 0, staged)
	agree(t, groups)

	// An external commit and a Welcome with a pre-shared key.
	info, err := groups[0].GroupInfo(nil)
	require.NoError(t, err)
	c := newClient(t, s, "newcomer")
	c.PSK = find
	joined, err := JoinExternal(c, info, ExternalOptions{PSKs: []PreSharedKeyID{{Type: PSKExternal, ID: []byte("external")}}})
	require.NoError(t, err)
	deliver(t, groups, -1, joined)
	groups = append(groups, joined.Group())
	agree(t, groups)
	c = newClient(t, s, "added")
	c.PSK = find
	kp, private := newKeyPackage(t, c)
	staged = commitAndDeliver(t, groups, 3, CommitOptions{Proposals: []Proposal{
		AddProposal{KeyPackage: kp},
		PreSharedKeyProposal{ID: PreSharedKeyID{Type: PSKExternal, ID: []byte("external")}},
	}})
	g, err := JoinWelcome(c, staged.Welcome(), private, JoinOptions{})
	require.NoError(t, err)
	agree(t, append(groups, g))

	for _, usage := range []ResumptionUsage{ResumptionReInit, ResumptionBranch} {
		_, err = groups[0].Commit(CommitOptions{Proposals: []Proposal{
			PreSharedKeyProposal{ID: PreSharedKeyID{Type: PSKResumption, Usage: usage, GroupID: groupID, Epoch: old}},
		}})
		require.ErrorIs(t, err, ErrProposal)
	}
}

func TestExternalProposals(t *testing.T) {
	const s = X25519ChaCha
	server := newClient(t, s, "server")
	public, err := s.mustLookup().signature.public(server.SignatureKey)
	require.NoError(t, err)
	first, err := NewGroup(newClient(t, s, "first"), groupID, []Extension{ExternalSenders(ExternalSender{SignatureKey: public, Credential: server.Credential})}, testNow)
	require.NoError(t, err)
	groups := addMembers(t, []*Group{first}, 3)
	view := groups[0].Public()

	receive := func(m []byte) (ref ProposalRef) {
		require.NoError(t, view.ProcessProposal(m, testNow))
		for _, g := range groups {
			p, err := g.Process(m, testNow)
			require.NoError(t, err)
			ref = p.Proposal.Ref
		}
		return ref
	}
	m, err := view.SignExternalProposal(server.SignatureKey, 0, RemoveProposal{LeafIndex: 2}, []byte("withdrawal"))
	require.NoError(t, err)
	remove := receive(m)
	require.Equal(t, []byte("withdrawal"), groups[1].PendingProposals()[0].AuthenticatedData)
	c := newClient(t, s, "newcomer")
	kp, private := newKeyPackage(t, c)
	m, err = view.ProposeSelf(c, kp, nil)
	require.NoError(t, err)
	add := receive(m)

	_, err = view.SignExternalProposal(server.SignatureKey, 1, RemoveProposal{LeafIndex: 2}, nil)
	require.ErrorIs(t, err, ErrSender)
	_, err = view.SignExternalProposal(c.SignatureKey, 0, RemoveProposal{LeafIndex: 2}, nil)
	require.ErrorIs(t, err, ErrKey)
	_, err = view.ProposeSelf(server, kp, nil)
	require.ErrorIs(t, err, ErrKey)

	staged, err := groups[3].Commit(CommitOptions{ByReference: []ProposalRef{remove, add}, Now: testNow})
	require.NoError(t, err)
	followed, err := view.Process(staged.Message(), testNow)
	require.NoError(t, err)
	require.NoError(t, followed.CheckGroupInfo(staged.GroupInfo()))
	require.NoError(t, view.Merge(followed))
	deliver(t, groups, 3, staged)
	require.ErrorIs(t, groups[2].Ended(), ErrRemoved)
	g, err := JoinWelcome(c, staged.Welcome(), private, JoinOptions{})
	require.NoError(t, err)
	groups[2] = g
	agree(t, groups)
	require.Equal(t, view.TreeHash(), g.TreeHash())

	// A proposal that the application does not allow is forgotten, and a commit
	// that covers it is refused.
	m, err = view.SignExternalProposal(server.SignatureKey, 0, RemoveProposal{LeafIndex: 1}, nil)
	require.NoError(t, err)
	remove = receive(m)
	groups[0].DiscardProposal(remove)
	_, err = groups[0].Encrypt([]byte("on"), nil)
	require.NoError(t, err)
	staged, err = groups[3].Commit(CommitOptions{ByReference: []ProposalRef{remove}})
	require.NoError(t, err)
	_, err = groups[0].Process(staged.Message(), testNow)
	require.ErrorIs(t, err, ErrUnknownProposal)
}

func (c CipherSuite) mustLookup() *suite { return suites[c] }

func TestExporterAndAuthenticatorChangeWithTheEpoch(t *testing.T) {
	groups := newGroup(t, X25519AES128, 2)
	a, err := groups[0].Export("label", []byte("context"), 48)
	require.NoError(t, err)
	b, err := groups[1].Export("label", []byte("context"), 48)
	require.NoError(t, err)
	require.Equal(t, a, b)
	other, err := groups[0].Export("label", []byte("other"), 48)
	require.NoError(t, err)
	require.NotEqual(t, a, other)
	_, err = groups[0].Export("label", nil, 1<<20)
	require.ErrorIs(t, err, ErrMalformed)
	before := groups[0].EpochAuthenticator()
	commitAndDeliver(t, groups, 0, CommitOptions{})
	after, err := groups[0].Export("label", []byte("context"), 48)
	require.NoError(t, err)
	require.NotEqual(t, a, after)
	require.NotEqual(t, before, groups[0].EpochAuthenticator())
}
