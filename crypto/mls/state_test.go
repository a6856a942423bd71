package mls

import (
	"crypto/ed25519"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStatesOfVersion1AreRead keeps what earlier releases wrote readable: a group,
// a commit staged on it, its public half, a key package, and a group that ended
// by ReInit, whose parameters were not kept then.
func TestStatesOfVersion1AreRead(t *testing.T) {
	b, err := os.ReadFile("testdata/state-v1.json")
	require.NoError(t, err)
	var frozen map[string]hexBytes
	require.NoError(t, json.Unmarshal(b, &frozen))
	c := newClient(t, X25519ChaCha, "member 0")
	c.SignatureKey = ed25519.NewKeyFromSeed(frozen["signature_seed"])

	g, err := UnmarshalGroup(frozen["group"], c)
	require.NoError(t, err)
	require.Equal(t, []byte(frozen["epoch_authenticator"]), g.EpochAuthenticator())
	require.Len(t, g.PendingProposals(), 1)
	p, err := g.Process(frozen["message"], testNow) // by the key of a skipped message
	require.NoError(t, err)
	require.Equal(t, []byte("one"), p.Application.Data)
	public, err := UnmarshalPublicGroup(frozen["public_group"])
	require.NoError(t, err)
	require.Equal(t, g.TreeHash(), public.TreeHash())
	staged, err := UnmarshalStagedCommit(frozen["staged_commit"], c)
	require.NoError(t, err)
	require.Len(t, staged.Changes().Removed, 1)
	followed, err := public.Process(staged.Message(), testNow)
	require.NoError(t, err)
	require.NoError(t, followed.CheckGroupInfo(staged.GroupInfo()))
	require.NoError(t, g.Merge(staged))
	again := reload(t, g)
	require.Equal(t, g.EpochAuthenticator(), again.EpochAuthenticator())
	_, err = again.Encrypt([]byte("on"), nil)
	require.NoError(t, err)
	_, err = UnmarshalKeyPackagePrivate(frozen["key_package"])
	require.NoError(t, err)

	ended, err := UnmarshalGroup(frozen["ended_group"], c)
	require.NoError(t, err)
	require.ErrorIs(t, ended.Ended(), ErrReInit)
	_, ok := ended.ReInit()
	require.False(t, ok)
	_, err = ended.Successor(c, SuccessorOptions{})
	require.ErrorIs(t, err, ErrSuccessor)
	require.ErrorIs(t, reload(t, ended).Ended(), ErrReInit)
}
