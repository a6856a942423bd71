package mls

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBranchIsASubgroup(t *testing.T) {
	eachSuite(t, func(t *testing.T, s CipherSuite) {
		groups := namedGroup(t, s, 5)
		h := newHeirs(t, s, groups)
		some := []*KeyPackage{h.packages[1], h.packages[4]}
		first, err := groups[3].Branch(h.clients[3], []byte("branch"), nil, SuccessorOptions{KeyPackages: some, Now: testNow})
		require.NoError(t, err)
		// The group goes on meanwhile; its past epochs are known for a while.
		commitAndDeliver(t, groups, 0, CommitOptions{})
		branch := []*Group{first.Group()}
		for _, i := range []int{1, 4} {
			g, err := JoinWelcome(h.clients[i], first.Welcome(), h.private[i], JoinOptions{From: groups[i], Now: testNow})
			require.NoError(t, err)
			branch = append(branch, g)
		}
		agree(t, branch)
		chat(t, branch, 1, "among us")
		chat(t, groups, 1, "to all")

		_, err = JoinWelcome(h.clients[1], first.Welcome(), h.private[1], JoinOptions{})
		require.ErrorIs(t, err, ErrPSK)
		groups[4].client.ResumptionEpochs = 1
		commitAndDeliver(t, groups, 0, CommitOptions{})
		commitAndDeliver(t, groups, 0, CommitOptions{})
		_, err = JoinWelcome(h.clients[4], first.Welcome(), h.private[4], JoinOptions{From: groups[4]})
		require.ErrorIs(t, err, ErrPSK) // forgotten
	})
}

func TestBranchOfOthersIsRefused(t *testing.T) {
	groups := namedGroup(t, X25519ChaCha, 3)
	h := newHeirs(t, X25519ChaCha, groups)
	stranger, _ := newKeyPackage(t, newClient(t, X25519ChaCha, "stranger"))
	with := func(packages ...*KeyPackage) SuccessorOptions { return SuccessorOptions{KeyPackages: packages} }
	_, err := groups[0].Branch(h.clients[0], []byte("branch"), nil, with(h.packages[1], stranger))
	require.ErrorIs(t, err, ErrSuccessor)
	_, err = groups[0].Branch(h.clients[0], groupID, nil, with(h.packages[1]))
	require.ErrorIs(t, err, ErrSuccessor)
	other := newClient(t, X25519AES128, "member 0")
	_, err = groups[0].Branch(other, []byte("branch"), nil, SuccessorOptions{})
	require.ErrorIs(t, err, ErrSuccessor)
	_, err = groups[0].Branch(newClient(t, X25519ChaCha, "stranger"), []byte("branch"), nil, with(h.packages[1]))
	require.ErrorIs(t, err, ErrSuccessor)

	// A member brings somebody in, or changes the suite, all the same.
	evil := with(h.packages[1], stranger)
	evil.SameMember = func(_, _ *LeafNode) bool { return true }
	first, err := groups[0].Branch(h.clients[0], []byte("branch"), nil, evil)
	require.NoError(t, err)
	_, err = JoinWelcome(h.clients[1], first.Welcome(), h.private[1], JoinOptions{From: groups[1]})
	require.ErrorIs(t, err, ErrSuccessor)
	aes := newHeirs(t, X25519AES128, groups)
	bad := reload(t, groups[0])
	bad.suite = X25519AES128.mustLookup()
	first, err = bad.found(aes.clients[0], []byte("branch"), nil, ResumptionBranch, with(aes.packages[1]))
	require.NoError(t, err)
	_, err = JoinWelcome(aes.clients[1], first.Welcome(), aes.private[1], JoinOptions{From: groups[1]})
	require.ErrorIs(t, err, ErrSuccessor)
}
