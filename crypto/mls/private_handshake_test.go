package mls

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// newPrivateGroup is newGroup with members who send their handshakes encrypted.
func newPrivateGroup(t *testing.T, s CipherSuite, n int) []*Group {
	groups := newGroup(t, s, n)
	for _, g := range groups {
		g.client.PrivateHandshakes = true
	}
	return groups
}

func TestHandshakesAreSentEncrypted(t *testing.T) {
	eachSuite(t, func(t *testing.T, s CipherSuite) {
		groups := newPrivateGroup(t, s, 3)
		server := groups[0].Public()

		c := newClient(t, s, "a newcomer whom nobody outside should see")
		kp, private := newKeyPackage(t, c)
		add, err := groups[1].ProposeAdd(kp, []byte("open"), testNow)
		require.NoError(t, err)
		update, err := groups[2].ProposeUpdate(nil, nil)
		require.NoError(t, err)
		for i, m := range [][]byte{add, update} {
			info, err := InspectMessage(m)
			require.NoError(t, err)
			require.Equal(t, WirePrivateMessage, info.WireFormat)
			require.Equal(t, ContentProposal, info.ContentType)
			require.False(t, bytes.Contains(m, []byte("newcomer")))
			require.ErrorIs(t, server.ProcessProposal(m, testNow), ErrUnsupported)
			for j, g := range groups {
				if j != i+1 {
					p, err := g.Process(m, testNow)
					require.NoError(t, err)
					require.NotNil(t, p.Proposal)
				}
			}
		}
		var refs []ProposalRef
		for _, r := range groups[0].PendingProposals() {
			refs = append(refs, r.Ref)
		}
		staged := commitAndDeliver(t, groups, 0, CommitOptions{ByReference: refs, Now: testNow})
		_, err = server.Process(staged.Message(), testNow)
		require.ErrorIs(t, err, ErrUnsupported)
		joined, err := JoinWelcome(c, staged.Welcome(), private, JoinOptions{Now: testNow})
		require.NoError(t, err)
		groups = append(groups, joined)
		agree(t, groups)

		// Whoever joined sends as its own client says, and the group goes on with both forms.
		commitAndDeliver(t, groups, 3, CommitOptions{Proposals: []Proposal{RemoveProposal{LeafIndex: 1}}})
		groups = append(groups[:1:1], groups[2:]...)
		commitAndDeliver(t, groups, 1, CommitOptions{})
		agree(t, groups)
		chat(t, groups, 0, "bonjour")
		commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{ReInitProposal{GroupID: []byte("next"), Suite: s}}, OmitPath: true})
		for _, g := range groups {
			require.ErrorIs(t, g.Ended(), ErrReInit)
		}
	})
}

// A commit that was discarded has used a key of the handshake ratchet: the next one
// takes another, also after the group was kept and read again.
func TestAnEncryptedCommitNeverReusesAKey(t *testing.T) {
	groups := newPrivateGroup(t, X25519ChaCha, 2)
	seen := map[uint32]bool{}
	for range 5 {
		lost, err := groups[0].Commit(CommitOptions{})
		require.NoError(t, err)
		m, err := parseMessage(lost.Message())
		require.NoError(t, err)
		sender, err := groups[1].suite.openSenderData(groups[1].secrets.senderData, m.private)
		require.NoError(t, err)
		require.False(t, seen[sender.generation])
		seen[sender.generation] = true
		b, err := groups[0].MarshalBinary()
		require.NoError(t, err)
		groups[0], err = UnmarshalGroup(b, groups[0].client)
		require.NoError(t, err)
	}
	commitAndDeliver(t, groups, 0, CommitOptions{})
	agree(t, groups)
}

// Clients who join by themselves, and senders outside, have no key of the epoch.
func TestWhatComesFromOutsideIsPublic(t *testing.T) {
	groups := newPrivateGroup(t, X25519ChaCha, 2)
	info, err := groups[0].GroupInfo(nil)
	require.NoError(t, err)
	c := newClient(t, X25519ChaCha, "joiner")
	c.PrivateHandshakes = true
	staged, err := JoinExternal(c, info, ExternalOptions{Now: testNow})
	require.NoError(t, err)
	m, err := InspectMessage(staged.Message())
	require.NoError(t, err)
	require.Equal(t, WirePublicMessage, m.WireFormat)
	deliver(t, groups, -1, staged)
	groups = append(groups, staged.Group())
	agree(t, groups)
	commitAndDeliver(t, groups, 2, CommitOptions{})
	agree(t, groups)
}

func TestPaddingHidesTheLengthOfHandshakes(t *testing.T) {
	groups := newPrivateGroup(t, X25519ChaCha, 3)
	const block = 4096
	groups[0].client.Padding = func(length int) int { return block - length%block }
	remove, err := groups[0].ProposeRemove(1, nil)
	require.NoError(t, err)
	groups[0].DiscardProposal(groups[0].PendingProposals()[0].Ref)
	update, err := groups[0].ProposeUpdate(nil, nil)
	require.NoError(t, err)
	require.Equal(t, len(remove), len(update))
	_, err = groups[1].Process(update, testNow)
	require.NoError(t, err)

	groups[0].client.Padding = func(int) int { return maxApplication + 1 }
	before, err := groups[0].MarshalBinary()
	require.NoError(t, err)
	_, err = groups[0].ProposeRemove(1, nil)
	require.True(t, errors.Is(err, ErrMalformed))
	after, err := groups[0].MarshalBinary()
	require.NoError(t, err)
	require.Equal(t, before, after)
}
