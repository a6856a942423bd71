package mls

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACommitMayLeaveOutItsPathWhereNothingNeedsIt(t *testing.T) {
	eachSuite(t, func(t *testing.T, s CipherSuite) {
		groups := newGroup(t, s, 3)
		before, _ := groups[0].Member(0)
		c := newClient(t, s, "newcomer")
		kp, private := newKeyPackage(t, c)
		staged, err := groups[0].Commit(CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}, OmitPath: true})
		require.NoError(t, err)
		require.Empty(t, staged.Changes().Updated)
		whole, err := groups[0].Commit(CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}})
		require.NoError(t, err)
		require.Less(t, len(staged.Message()), len(whole.Message()))

		deliver(t, groups, 0, staged)
		newcomer, err := JoinWelcome(c, staged.Welcome(), private, JoinOptions{})
		require.NoError(t, err)
		groups = append(groups, newcomer)
		agree(t, groups)
		after, _ := groups[0].Member(0)
		require.Equal(t, before.EncryptionKey, after.EncryptionKey)
		for i := range groups {
			commitAndDeliver(t, groups, i, CommitOptions{}) // from the tree as it was left
			agree(t, groups)
		}
	})
}

func TestAPathThatIsNeededCannotBeLeftOut(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 3)
	for name, opts := range map[string]CommitOptions{
		"nothing proposed": {},
		"a removal":        {Proposals: []Proposal{RemoveProposal{LeafIndex: 2}}},
		"other extensions": {Proposals: []Proposal{GroupContextExtensionsProposal{}}},
	} {
		t.Run(name, func(t *testing.T) {
			opts.OmitPath = true
			_, err := groups[0].Commit(opts)
			require.ErrorIs(t, err, ErrPath)
		})
	}
}
