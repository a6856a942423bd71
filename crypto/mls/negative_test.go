package mls

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// unchanged runs an action that must fail with want and leave the group as it
// was.
func unchanged(t *testing.T, g *Group, want error, action func() error) {
	t.Helper()
	before, err := g.MarshalBinary()
	require.NoError(t, err)
	err = action()
	require.ErrorIs(t, err, want)
	var typed *Error
	require.ErrorAs(t, err, &typed)
	require.NotEmpty(t, typed.Section)
	require.NotEmpty(t, typed.Rule)
	after, err := g.MarshalBinary()
	require.NoError(t, err)
	require.True(t, bytes.Equal(before, after), "the state has changed")
}

func process(g *Group, m []byte) func() error {
	return func() error {
		_, err := g.Process(m, testNow)
		return err
	}
}

// tampered re-encodes a PublicMessage after a change, with a membership tag that
// is right for it: what an insider could send.
func tampered(t *testing.T, as *Group, message []byte, resign bool, change func(*publicMessage)) []byte {
	m, err := parseMessage(message)
	require.NoError(t, err)
	change(m.public)
	m.public.content.raw = nil
	a := m.public.authenticated()
	if resign {
		a.auth.signature, err = as.suite.signWithLabel(as.client.SignatureKey, "FramedContentTBS", a.tbs(as.public.encoded))
		require.NoError(t, err)
		m.public.auth = a.auth
	}
	m.public.membershipTag = a.membershipTag(as.suite, as.secrets.membership, as.public.encoded)
	return m.append(nil)
}

func TestRefusedHandshakes(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 4)
	alice, bob := groups[0], groups[1]
	stale, err := alice.Commit(CommitOptions{})
	require.NoError(t, err)
	commitAndDeliver(t, groups, 2, CommitOptions{})
	unchanged(t, bob, ErrStaleEpoch, process(bob, stale.Message()))

	staged, err := alice.Commit(CommitOptions{AuthenticatedData: []byte("x")})
	require.NoError(t, err)
	message := staged.Message()

	t.Run("own commit", func(t *testing.T) {
		unchanged(t, alice, ErrOwnMessage, process(alice, message))
	})
	t.Run("future epoch", func(t *testing.T) {
		ahead := tampered(t, alice, message, true, func(m *publicMessage) { m.content.epoch++ })
		unchanged(t, bob, ErrFutureEpoch, process(bob, ahead))
	})
	t.Run("other group", func(t *testing.T) {
		other := tampered(t, alice, message, true, func(m *publicMessage) { m.content.groupID = []byte("b group") })
		unchanged(t, bob, ErrWrongGroup, process(bob, other))
	})
	t.Run("forged signature", func(t *testing.T) {
		forged := tampered(t, alice, message, false, func(m *publicMessage) {
			m.auth.signature = bytes.Clone(m.auth.signature)
			m.auth.signature[0] ^= 1
		})
		unchanged(t, bob, ErrSignature, process(bob, forged))
	})
	t.Run("forged author", func(t *testing.T) {
		forged := tampered(t, alice, message, true, func(m *publicMessage) { m.content.sender.Index = 3 })
		unchanged(t, bob, ErrSignature, process(bob, forged))
	})
	t.Run("changed authenticated data", func(t *testing.T) {
		forged := tampered(t, alice, message, false, func(m *publicMessage) { m.content.authenticatedData = []byte("y") })
		unchanged(t, bob, ErrSignature, process(bob, forged))
	})
	t.Run("no membership tag", func(t *testing.T) {
		m, err := parseMessage(message)
		require.NoError(t, err)
		m.public.membershipTag = make([]byte, 32)
		unchanged(t, bob, ErrMembershipTag, process(bob, m.append(nil)))
	})
	t.Run("wrong confirmation tag", func(t *testing.T) {
		forged := tampered(t, alice, message, false, func(m *publicMessage) {
			m.auth.confirmationTag = bytes.Repeat([]byte{7}, 32)
		})
		unchanged(t, bob, ErrConfirmationTag, process(bob, forged))
	})
	t.Run("sender that is not there", func(t *testing.T) {
		forged := tampered(t, alice, message, true, func(m *publicMessage) { m.content.sender.Index = 1 << 31 })
		unchanged(t, bob, ErrSender, process(bob, forged))
	})
	t.Run("path secrets for somebody else", func(t *testing.T) {
		forged := tampered(t, alice, message, true, func(m *publicMessage) {
			for i := range m.content.commit.path.nodes {
				for j := range m.content.commit.path.nodes[i].secrets {
					c := &m.content.commit.path.nodes[i].secrets[j]
					c.ciphertext = bytes.Clone(c.ciphertext)
					c.ciphertext[0] ^= 1
				}
			}
		})
		unchanged(t, bob, ErrDecrypt, process(bob, forged))
	})
	t.Run("path with a key of the tree", func(t *testing.T) {
		forged := tampered(t, alice, message, true, func(m *publicMessage) {
			m.content.commit.path.nodes[0].encryptionKey = bob.public.tree.leaf(3).EncryptionKey
		})
		unchanged(t, bob, ErrPath, process(bob, forged))
	})
	t.Run("path with another key", func(t *testing.T) {
		forged := tampered(t, alice, message, true, func(m *publicMessage) {
			key, err := alice.suite.generateKeyPair()
			require.NoError(t, err)
			m.content.commit.path.nodes[0].encryptionKey = key.PublicKey().Bytes()
		})
		unchanged(t, bob, ErrPath, process(bob, forged)) // the parent hash
	})
	t.Run("path too short", func(t *testing.T) {
		forged := tampered(t, alice, message, true, func(m *publicMessage) {
			m.content.commit.path.nodes = m.content.commit.path.nodes[:1]
		})
		unchanged(t, bob, ErrPath, process(bob, forged))
	})
	t.Run("no path", func(t *testing.T) {
		forged := tampered(t, alice, message, true, func(m *publicMessage) { m.content.commit.path = nil })
		unchanged(t, bob, ErrPath, process(bob, forged))
	})
	t.Run("leaf of another source", func(t *testing.T) {
		forged := tampered(t, alice, message, true, func(m *publicMessage) {
			leaf := *m.content.commit.path.leaf
			leaf.Source = LeafFromUpdate
			require.NoError(t, leaf.sign(alice.suite, alice.client.SignatureKey, groupID, 0))
			m.content.commit.path.leaf = &leaf
		})
		unchanged(t, bob, ErrLeafNode, process(bob, forged))
	})
	t.Run("leaf signed for another place", func(t *testing.T) {
		forged := tampered(t, alice, message, true, func(m *publicMessage) {
			leaf := *m.content.commit.path.leaf
			require.NoError(t, leaf.sign(alice.suite, alice.client.SignatureKey, groupID, 1))
			m.content.commit.path.leaf = &leaf
		})
		unchanged(t, bob, ErrSignature, process(bob, forged))
	})
	t.Run("application data in the clear", func(t *testing.T) {
		forged := tampered(t, alice, message, true, func(m *publicMessage) {
			m.content.contentType, m.content.application = ContentApplication, []byte("hello")
		})
		unchanged(t, bob, ErrMalformed, process(bob, forged))
	})
	t.Run("unknown proposal", func(t *testing.T) {
		forged := tampered(t, alice, message, true, func(m *publicMessage) {
			m.content.commit.proposals = []proposalOrRef{{reference: []byte("nothing")}}
		})
		unchanged(t, bob, ErrUnknownProposal, process(bob, forged))
	})
	for name, kind := range map[string]struct {
		err  error
		list []Proposal
	}{
		"removes the committer":       {ErrProposalList, []Proposal{RemoveProposal{LeafIndex: 0}}},
		"removes a blank leaf":        {ErrProposal, []Proposal{RemoveProposal{LeafIndex: 9}}},
		"removes somebody twice":      {ErrProposalList, []Proposal{RemoveProposal{LeafIndex: 2}, RemoveProposal{LeafIndex: 2}}},
		"external init of a member":   {ErrProposalList, []Proposal{ExternalInitProposal{KEMOutput: []byte{1}}}},
		"two context extensions":      {ErrProposalList, []Proposal{GroupContextExtensionsProposal{}, GroupContextExtensionsProposal{}}},
		"extension nobody supports":   {ErrLeafNode, []Proposal{GroupContextExtensionsProposal{Extensions: []Extension{{Type: 0xf0ff}}}}},
		"capability nobody has":       {ErrLeafNode, []Proposal{GroupContextExtensionsProposal{Extensions: []Extension{RequiredCapabilities{Proposals: []uint16{0xf0ff}}.Extension()}}}},
		"broken context extension":    {ErrMalformed, []Proposal{GroupContextExtensionsProposal{Extensions: []Extension{{Type: ExtensionRequiredCapabilities, Data: []byte{9}}}}}},
		"reinit beside another":       {ErrProposalList, []Proposal{ReInitProposal{Version: mls10}, RemoveProposal{LeafIndex: 2}}},
		"pre-shared key without salt": {ErrProposal, []Proposal{PreSharedKeyProposal{ID: PreSharedKeyID{Type: PSKExternal, Nonce: []byte{1}}}}},
		"own update":                  {ErrLeafNode, []Proposal{UpdateProposal{Leaf: alice.public.tree.leaf(0)}}},
	} {
		t.Run(name, func(t *testing.T) {
			forged := tampered(t, alice, message, true, func(m *publicMessage) {
				for _, p := range kind.list {
					m.content.commit.proposals = append(m.content.commit.proposals, proposalOrRef{proposal: p})
				}
			})
			unchanged(t, bob, kind.err, process(bob, forged))
			server := bob.Public()
			_, err := server.Process(forged, testNow)
			require.ErrorIs(t, err, kind.err, "the public group must refuse it too")
		})
	}
	// After all that, the true commit is accepted.
	deliver(t, groups, 0, staged)
	agree(t, groups)
}

func TestRefusedKeyPackages(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 2)
	alice := groups[0]
	c := newClient(t, X25519ChaCha, "new")
	good, _ := newKeyPackage(t, c)
	add := func(change func(*KeyPackage, *LeafNode)) func() error {
		leaf := *good.Leaf
		kp := *good
		change(&kp, &leaf)
		require.NoError(t, leaf.sign(alice.suite, c.SignatureKey, nil, 0))
		kp.Leaf, kp.raw = &leaf, nil
		var err error
		kp.Signature, err = alice.suite.signWithLabel(c.SignatureKey, "KeyPackageTBS", kp.appendUnsigned(nil))
		require.NoError(t, err)
		return func() error {
			_, err := alice.Commit(CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: &kp}}, Now: testNow})
			return err
		}
	}
	unchanged(t, alice, ErrKeyPackage, add(func(k *KeyPackage, _ *LeafNode) { k.Suite = X25519AES128 }))
	unchanged(t, alice, ErrKeyPackage, add(func(k *KeyPackage, _ *LeafNode) { k.version = 2 }))
	unchanged(t, alice, ErrKeyPackage, add(func(k *KeyPackage, l *LeafNode) { k.InitKey = l.EncryptionKey }))
	unchanged(t, alice, ErrKeyPackage, add(func(_ *KeyPackage, l *LeafNode) { l.Source = LeafFromUpdate }))
	unchanged(t, alice, ErrMalformed, add(func(k *KeyPackage, _ *LeafNode) { k.InitKey = []byte{1} }))
	unchanged(t, alice, ErrMalformed, add(func(_ *KeyPackage, l *LeafNode) { l.EncryptionKey = []byte{1} }))
	unchanged(t, alice, ErrMalformed, add(func(_ *KeyPackage, l *LeafNode) { l.SignatureKey = []byte{1} }))
	unchanged(t, alice, ErrLifetime, add(func(_ *KeyPackage, l *LeafNode) { l.Lifetime.NotAfter = 1 }))
	unchanged(t, alice, ErrLeafNode, add(func(_ *KeyPackage, l *LeafNode) { l.Capabilities.Extensions = nil }))
	unchanged(t, alice, ErrLeafNode, add(func(_ *KeyPackage, l *LeafNode) { l.Capabilities.Credentials = nil }))
	unchanged(t, alice, ErrLeafNode, add(func(_ *KeyPackage, l *LeafNode) { l.Capabilities.Versions = nil }))
	unchanged(t, alice, ErrSignature, func() error {
		kp := *good
		kp.Signature = bytes.Repeat([]byte{1}, 64)
		_, err := alice.Commit(CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: &kp}}})
		return err
	})
	unchanged(t, alice, ErrLeafNode, func() error { // twice the same client
		_, err := alice.Commit(CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: good}, AddProposal{KeyPackage: good}}})
		return err
	})
	unchanged(t, alice, ErrProposal, func() error {
		_, err := alice.Commit(CommitOptions{Proposals: []Proposal{AddProposal{}}})
		return err
	})
	unchanged(t, alice, ErrUnsupported, func() error {
		_, err := alice.Commit(CommitOptions{Proposals: []Proposal{nil}})
		return err
	})
	commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: good}}, Now: testNow})
	unchanged(t, alice, ErrLeafNode, func() error { // a member already
		_, err := alice.Commit(CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: good}}})
		return err
	})
}

func TestRemovedMemberIsOut(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 4)
	evil := groups[3]
	kept, err := evil.MarshalBinary()
	require.NoError(t, err)
	commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{RemoveProposal{LeafIndex: 3}}})
	_, err = evil.Encrypt([]byte("still here"), nil)
	require.ErrorIs(t, err, ErrRemoved)
	_, err = evil.Commit(CommitOptions{})
	require.ErrorIs(t, err, ErrRemoved)
	_, err = evil.Export("x", nil, 16)
	require.ErrorIs(t, err, ErrRemoved)
	_, err = evil.GroupInfo(nil)
	require.ErrorIs(t, err, ErrRemoved)
	require.Nil(t, evil.EpochAuthenticator())

	// With all that they kept, they neither write nor read.
	ghost, err := UnmarshalGroup(kept, evil.client)
	require.NoError(t, err)
	staged, err := ghost.Commit(CommitOptions{})
	require.NoError(t, err)
	m, err := ghost.Encrypt([]byte("old"), nil)
	require.NoError(t, err)
	rest := groups[:3]
	unchanged(t, rest[1], ErrStaleEpoch, process(rest[1], staged.Message()))
	unchanged(t, rest[1], ErrStaleEpoch, process(rest[1], m))
	_, err = rest[1].Public().Process(staged.Message(), testNow)
	require.ErrorIs(t, err, ErrStaleEpoch)

	// Claiming the present epoch helps them as little.
	ahead := tampered(t, ghost, staged.Message(), true, func(m *publicMessage) { m.content.epoch++ })
	unchanged(t, rest[1], ErrMembershipTag, process(rest[1], ahead))
	_, err = rest[1].Public().Process(ahead, testNow)
	require.ErrorIs(t, err, ErrSender)

	secret, err := rest[0].Encrypt([]byte("without you"), nil)
	require.NoError(t, err)
	_, err = ghost.Process(secret, testNow)
	require.ErrorIs(t, err, ErrFutureEpoch)
	renamed, err := parseMessage(secret)
	require.NoError(t, err)
	renamed.private.epoch = ghost.Epoch()
	_, err = ghost.Process(renamed.append(nil), testNow)
	require.ErrorIs(t, err, ErrDecrypt)
	info, err := rest[0].GroupInfo(nil)
	require.NoError(t, err)
	_, err = UnmarshalGroup(info, evil.client)
	require.ErrorIs(t, err, ErrState)
}
