package mls

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRefusedWelcomes(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 2)
	c := newClient(t, X25519ChaCha, "new")
	kp, private := newKeyPackage(t, c)
	staged := commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}, Now: testNow})
	_, other := newKeyPackage(t, c)
	_, err := JoinWelcome(c, staged.Welcome(), other, JoinOptions{})
	require.ErrorIs(t, err, ErrWelcome)
	_, err = JoinWelcome(c, staged.Welcome(), nil, JoinOptions{})
	require.ErrorIs(t, err, ErrWelcome)
	_, err = JoinWelcome(newClient(t, X25519ChaCha, "else"), staged.Welcome(), private, JoinOptions{})
	require.ErrorIs(t, err, ErrKey)
	_, err = JoinWelcome(c, staged.Message(), private, JoinOptions{})
	require.ErrorIs(t, err, ErrMalformed)
	wrong := c
	wrong.Suite = X25519AES128
	_, err = JoinWelcome(wrong, staged.Welcome(), private, JoinOptions{})
	require.ErrorIs(t, err, ErrWelcome)
	wrong.Suite = 0x0999
	_, err = JoinWelcome(wrong, staged.Welcome(), private, JoinOptions{})
	require.ErrorIs(t, err, ErrUnsupported)
	for i := range staged.Welcome() {
		if i%7 != 0 {
			continue
		}
		bad := staged.Welcome()
		bad[i] ^= 0x11
		_, err := JoinWelcome(c, bad, private, JoinOptions{})
		require.Error(t, err, "byte %d", i)
	}
	_, err = JoinWelcome(c, staged.Welcome(), private, JoinOptions{})
	require.NoError(t, err)
}

func TestRefusedGroupInfo(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 3)
	info, err := groups[0].GroupInfo(nil)
	require.NoError(t, err)
	c := newClient(t, X25519ChaCha, "new")
	for i := range info {
		if i%11 != 0 {
			continue
		}
		bad := slices.Clone(info)
		bad[i] ^= 0x21
		_, err := NewPublicGroup(bad, testNow)
		require.Error(t, err, "byte %d", i)
		_, err = JoinExternal(c, bad, ExternalOptions{})
		require.Error(t, err, "byte %d", i)
	}
	resigned := func(change func(*GroupInfo)) []byte {
		g, err := ParseGroupInfo(info)
		require.NoError(t, err)
		change(g)
		require.NoError(t, g.sign(groups[0].suite, groups[0].client.SignatureKey))
		return g.append(appendMessageHeader(nil, WireGroupInfo))
	}
	for name, x := range map[string]struct {
		err    error
		change func(*GroupInfo)
	}{
		"no tree":        {ErrGroupInfo, func(g *GroupInfo) { g.extensions = g.extensions[1:] }},
		"other signer":   {ErrSignature, func(g *GroupInfo) { g.signer = 1 }},
		"no such signer": {ErrGroupInfo, func(g *GroupInfo) { g.signer = 77 }},
		"other tree":     {ErrTree, func(g *GroupInfo) { g.context.treeHash = bytes.Repeat([]byte{1}, 32) }},
		"two extensions": {ErrMalformed, func(g *GroupInfo) { g.extensions = append(g.extensions, g.extensions[0]) }},
		"unknown suite":  {ErrUnsupported, func(g *GroupInfo) { g.context.suite = 0x0999 }},
		"other group":    {ErrSignature, func(g *GroupInfo) { g.context.groupID = []byte("b group") }}, // of the leaf nodes
		"unsupported":    {ErrLeafNode, func(g *GroupInfo) { g.context.extensions = []Extension{{Type: 0xf0ff}} }},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewPublicGroup(resigned(x.change), testNow)
			require.ErrorIs(t, err, x.err)
		})
	}
	noPub := resigned(func(g *GroupInfo) { g.extensions = g.extensions[:1] })
	_, err = NewPublicGroup(noPub, testNow)
	require.NoError(t, err)
	_, err = JoinExternal(c, noPub, ExternalOptions{})
	require.ErrorIs(t, err, ErrGroupInfo)
	absent := LeafIndex(9)
	_, err = JoinExternal(c, info, ExternalOptions{Resync: &absent})
	require.ErrorIs(t, err, ErrProposal)
}

func TestRefusedClients(t *testing.T) {
	good := newClient(t, X25519ChaCha, "a")
	c := good
	c.SignatureKey = nil
	_, err := NewGroup(c, groupID, nil, testNow)
	require.ErrorIs(t, err, ErrKey)
	c = good
	c.Suite = 0
	_, err = NewGroup(c, groupID, nil, testNow)
	require.ErrorIs(t, err, ErrUnsupported)
	c = good
	c.Credential = Credential{}
	_, _, err = NewKeyPackage(c, testNow, time.Hour)
	require.ErrorIs(t, err, ErrUnsupported)
	c = good
	c.LeafExtensions = []Extension{{Type: 0xf001}, {Type: 0xf001}}
	_, err = NewGroup(c, groupID, nil, testNow)
	require.ErrorIs(t, err, ErrMalformed)
	_, err = NewGroup(good, groupID, []Extension{{Type: 0xf00f}}, testNow)
	require.ErrorIs(t, err, ErrLeafNode)
	_, err = UnmarshalGroup(nil, good)
	require.ErrorIs(t, err, ErrState)
	_, err = UnmarshalPublicGroup(nil)
	require.ErrorIs(t, err, ErrState)
	_, err = UnmarshalKeyPackagePrivate([]byte("MLSs"))
	require.ErrorIs(t, err, ErrState)
	_, err = UnmarshalStagedCommit(nil, good)
	require.ErrorIs(t, err, ErrState)
}
