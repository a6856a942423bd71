package mls

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPublicGroupFollowsFromTheFirstEpoch(t *testing.T) {
	eachSuite(t, func(t *testing.T, s CipherSuite) {
		first, err := NewGroup(newClient(t, s, "first"), groupID, nil, testNow)
		require.NoError(t, err)
		info, err := first.GroupInfo(nil)
		require.NoError(t, err)
		server, err := NewPublicGroup(info, testNow)
		require.NoError(t, err)
		require.Equal(t, groupID, server.GroupID())
		require.Equal(t, s, server.Suite())
		groups := []*Group{first}

		accept := func(from int, staged *StagedCommit) {
			seen, err := InspectMessage(staged.Message())
			require.NoError(t, err)
			require.Equal(t, MessageInfo{
				WireFormat: WirePublicMessage, GroupID: groupID, Epoch: server.Epoch(),
				ContentType: ContentCommit, Sender: staged.Sender(),
			}, seen)
			followed, err := server.Process(staged.Message(), testNow)
			require.NoError(t, err)
			require.Equal(t, staged.Changes(), followed.Changes())
			require.Equal(t, staged.AuthenticatedData(), followed.AuthenticatedData())
			require.Equal(t, staged.Epoch(), followed.Epoch())
			require.NoError(t, followed.CheckGroupInfo(staged.GroupInfo()))
			require.NoError(t, server.Merge(followed))
			require.ErrorIs(t, server.Merge(followed), ErrNotStaged)
			b, err := server.MarshalBinary()
			require.NoError(t, err)
			server, err = UnmarshalPublicGroup(b)
			require.NoError(t, err)
			deliver(t, groups, from, staged)
		}
		for range 5 {
			c := newClient(t, s, "added")
			kp, private := newKeyPackage(t, c)
			last := len(groups) - 1
			staged, err := groups[last].Commit(CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}, AuthenticatedData: []byte("receipt"), Now: testNow})
			require.NoError(t, err)
			accept(last, staged)
			g, err := JoinWelcome(c, staged.Welcome(), private, JoinOptions{Now: testNow})
			require.NoError(t, err)
			groups = append(groups, g)
		}
		staged, err := groups[4].Commit(CommitOptions{Proposals: []Proposal{RemoveProposal{LeafIndex: 2}, RemoveProposal{LeafIndex: 5}}})
		require.NoError(t, err)
		accept(4, staged)
		groups = []*Group{groups[0], groups[1], groups[3], groups[4]}
		joined, err := JoinExternal(newClient(t, s, "comes back"), staged.GroupInfo(), ExternalOptions{AuthenticatedData: []byte("receipt")})
		require.NoError(t, err)
		accept(-1, joined)
		groups = append(groups, joined.Group())
		agree(t, groups)
		require.Equal(t, groups[0].TreeHash(), server.TreeHash())
		require.Len(t, server.Members(), 5)
		require.Equal(t, groups[0].public.interim, server.state.interim)
	})
}

func TestCheckGroupInfoAcceptsOnlyTheCommittersOwn(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 3)
	server := groups[0].Public()
	staged, err := groups[0].Commit(CommitOptions{})
	require.NoError(t, err)
	other, err := groups[0].Commit(CommitOptions{})
	require.NoError(t, err)
	old, err := groups[0].GroupInfo(nil)
	require.NoError(t, err)
	followed, err := server.Process(staged.Message(), testNow)
	require.NoError(t, err)
	deliver(t, groups, 0, staged)
	byBob, err := groups[1].GroupInfo(nil)
	require.NoError(t, err)

	require.NoError(t, followed.CheckGroupInfo(staged.GroupInfo()))
	for _, wrong := range [][]byte{old, other.GroupInfo(), byBob, staged.Message(), nil} {
		require.Error(t, followed.CheckGroupInfo(wrong))
	}
	change := func(edit func(*GroupInfo)) []byte {
		info, err := ParseGroupInfo(staged.GroupInfo())
		require.NoError(t, err)
		edit(info)
		require.NoError(t, info.sign(groups[0].suite, groups[0].client.SignatureKey))
		return info.append(appendMessageHeader(nil, WireGroupInfo))
	}
	require.NoError(t, followed.CheckGroupInfo(change(func(*GroupInfo) {})))
	for _, edit := range []func(*GroupInfo){
		func(g *GroupInfo) { g.confirmationTag = make([]byte, 32) },
		func(g *GroupInfo) { g.extensions = g.extensions[1:] }, // no tree
		func(g *GroupInfo) { g.extensions = g.extensions[:1] }, // no external_pub
		func(g *GroupInfo) { g.extensions[0].Data = groups[2].public.tree.append(nil)[:40] },
		func(g *GroupInfo) { g.extensions[1].Data = []byte{1, 1} },
		func(g *GroupInfo) { g.context.epoch++ },
		func(g *GroupInfo) { g.signer = 1 },
	} {
		require.Error(t, followed.CheckGroupInfo(change(edit)))
	}
	// What the new epoch's members sign is what the server expects of them.
	require.Equal(t, followed.next.encoded, groups[2].public.encoded)
}

func TestPublicGroupRefusesWhatItCannotFollow(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 2)
	server := groups[0].Public()
	m, err := groups[0].Encrypt([]byte("x"), nil)
	require.NoError(t, err)
	_, err = server.Process(m, testNow)
	require.ErrorIs(t, err, ErrUnsupported)
	proposal, err := groups[1].ProposeRemove(0, nil)
	require.NoError(t, err)
	_, err = server.Process(proposal, testNow)
	require.ErrorIs(t, err, ErrMalformed)
	require.NoError(t, server.ProcessProposal(proposal, testNow))
	require.NoError(t, server.ProcessProposal(proposal, testNow)) // once more changes nothing
	require.Len(t, server.PendingProposals(), 1)
	server.DiscardProposal(server.PendingProposals()[0].Ref)
	require.Empty(t, server.PendingProposals())
}
