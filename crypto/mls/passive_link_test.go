package mls

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"
)

// newPassive gives a case of somebody who is welcomed.
func newPassive(t *testing.T, c Client, private *KeyPackagePrivate, welcome []byte, g *Group) passiveCase {
	bytesOf := func(b []byte, err error) hexBytes {
		require.NoError(t, err)
		return b
	}
	return passiveCase{
		Suite:          c.Suite,
		KeyPackage:     bytesOf(private.keyPackage.MarshalBinary()),
		SignaturePriv:  c.SignatureKey.(ed25519.PrivateKey).Seed(),
		EncryptionPriv: bytesOf(private.encryptionKey.Bytes()),
		InitPriv:       bytesOf(private.initKey.Bytes()),
		Welcome:        welcome, InitialAuthenticator: g.EpochAuthenticator(),
	}
}

// TestPassiveClientFollowsReInitAndBranch has histories of the official format in
// which a group gives rise to a branch and to a successor.
func TestPassiveClientFollowsReInitAndBranch(t *testing.T) {
	const s = X25519ChaCha
	groups := newGroup(t, s, 1)
	c := newClient(t, s, "member 1")
	kp, private := newKeyPackage(t, c)
	staged := commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}})
	member, err := JoinWelcome(c, staged.Welcome(), private, JoinOptions{})
	require.NoError(t, err)
	old := newPassive(t, c, private, staged.Welcome(), member)
	groups = append(groups, member)
	commit := func(opts CommitOptions) {
		staged := commitAndDeliver(t, groups, 0, opts)
		old.Epochs = append(old.Epochs, passiveStep{Commit: staged.Message(), Authenticator: groups[0].EpochAuthenticator()})
	}
	commit(CommitOptions{})

	h := newHeirs(t, s, groups)
	staged, err = groups[0].Branch(h.clients[0], []byte("branch"), nil, SuccessorOptions{KeyPackages: h.packages[1:]})
	require.NoError(t, err)
	branch := newPassive(t, h.clients[1], h.private[1], staged.Welcome(), staged.Group())
	commit(CommitOptions{Proposals: []Proposal{ReInitProposal{GroupID: []byte("next"), Suite: X25519AES128}}})

	h = newHeirs(t, X25519AES128, groups)
	staged, err = groups[0].Successor(h.clients[0], SuccessorOptions{KeyPackages: h.packages[1:]})
	require.NoError(t, err)
	successor := newPassive(t, h.clients[1], h.private[1], staged.Welcome(), staged.Group())

	require.Equal(t, []int{3}, followPassively(t, []string{"linked"}, [][]passiveCase{{branch, successor, old}}))
	// Without the history of the old group the others cannot be run.
	require.Equal(t, []int{0}, followPassively(t, []string{"alone"}, [][]passiveCase{{branch, successor}}))
}
