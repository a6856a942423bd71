package mls

import (
	"bytes"
	"crypto/hpke"
	"fmt"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
)

// known are secrets, by name, that a test has seen in a state or derived itself.
type known map[string][]byte

func (k known) key(t *testing.T, name string, key hpke.PrivateKey) {
	b, err := key.Bytes()
	require.NoError(t, err)
	k[name] = bytes.Clone(b)
}

// secretsOf are those that a member's state holds of the current epoch. What may
// outlive it is not among them: the resumption secret, and node keys.
func secretsOf(t *testing.T, g *Group) known {
	k := known{}
	for i, p := range g.secrets.all() {
		if p != &g.secrets.resumption {
			k[fmt.Sprintf("epoch secret %d", i)] = bytes.Clone(*p)
		}
	}
	for x, secret := range g.tree.secrets {
		k[fmt.Sprintf("secret tree node %d", x)] = bytes.Clone(secret)
	}
	for l, s := range g.tree.senders {
		k[fmt.Sprintf("handshake ratchet %d", l)] = bytes.Clone(s.handshake.secret)
		k[fmt.Sprintf("application ratchet %d", l)] = bytes.Clone(s.application.secret)
		for _, skipped := range s.application.skipped {
			k[fmt.Sprintf("key of skipped message %d of %d", skipped.generation, l)] = bytes.Clone(skipped.key)
		}
	}
	return k
}

func nodeKeys(t *testing.T, g *Group) known {
	k := known{}
	for x, key := range g.keys {
		k.key(t, fmt.Sprintf("private key of node %d", x), key)
	}
	return k
}

func (k known) and(other known) known {
	both := maps.Clone(k)
	maps.Copy(both, other)
	return both
}

func stateOf(t *testing.T, g *Group) []byte {
	b, err := g.MarshalBinary()
	require.NoError(t, err)
	return b
}

// kept and deleted look for the secrets in the serialised state.
func (k known) kept(t *testing.T, g *Group) {
	t.Helper()
	state := stateOf(t, g)
	require.NotEmpty(t, k)
	for name, secret := range k {
		require.NotEmpty(t, secret)
		require.True(t, bytes.Contains(state, secret), "%s is not in the state", name)
	}
}

func (k known) deleted(t *testing.T, g *Group) {
	t.Helper()
	state := stateOf(t, g)
	require.NotEmpty(t, k)
	for name, secret := range k {
		require.NotEmpty(t, secret)
		require.False(t, bytes.Contains(state, secret), "%s is still in the state", name)
	}
}

// ofCommit derives what a member derives from a commit, and drops again.
func ofCommit(t *testing.T, g *Group, message []byte) known {
	m, err := parseMessage(message)
	require.NoError(t, err)
	tr, public, err := g.public.stage(m.public.authenticated(), testNow)
	require.NoError(t, err)
	provisional := tr.provisional()
	path, err := tr.tree.openPath(g.own, g.keys, m.public.content.commit.path, tr.steps, tr.added, provisional.encode())
	require.NoError(t, err)
	k := known{"commit_secret": path.commitSecret}
	for i, secret := range path.secrets {
		k[fmt.Sprintf("path_secret %d", i)] = secret
	}
	return k.and(ofEpoch(g.suite, g.suite.joinerSecret(g.secrets.init, path.commitSecret, public.encoded), public.encoded))
}

func ofEpoch(s *suite, joiner, context []byte) known {
	member := s.memberSecret(joiner, s.zero())
	return known{
		"joiner_secret": joiner, "member secret": member, "welcome_secret": s.welcomeSecret(member),
		"epoch_secret": s.expandWithLabel(member, "epoch", context, s.nh),
	}
}

func TestEpochsLeaveNoSecretsInTheState(t *testing.T) {
	eachSuite(t, func(t *testing.T, s CipherSuite) {
		groups := newGroup(t, s, 4)
		chat(t, groups, 1, "hello")
		var before, paths []known
		for _, g := range groups {
			k := secretsOf(t, g)
			k.kept(t, g)
			before = append(before, k)
		}
		removed := nodeKeys(t, groups[3])
		removed.kept(t, groups[3])
		leaf := known{}
		leaf.key(t, "leaf key", groups[0].keys[0])
		staged, err := groups[0].Commit(CommitOptions{Proposals: []Proposal{RemoveProposal{LeafIndex: 3}}})
		require.NoError(t, err)
		for _, g := range groups[1:3] {
			paths = append(paths, ofCommit(t, g, staged.Message()))
		}
		deliver(t, groups, 0, staged)
		for i, g := range groups {
			before[i].deleted(t, g)
		}
		for _, k := range paths {
			for _, g := range groups[:3] {
				k.deleted(t, g)
			}
		}
		leaf.deleted(t, groups[0])    // replaced by the commit
		removed.deleted(t, groups[3]) // no member any more
		secretsOf(t, groups[1]).kept(t, groups[1])
		require.Empty(t, groups[3].resumption)
	})
}

func TestJoiningLeavesNoSecretsInTheState(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 3)
	c := newClient(t, X25519ChaCha, "added")
	kp, private := newKeyPackage(t, c)
	staged := commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}})
	m, err := parseMessage(staged.Welcome())
	require.NoError(t, err)
	secrets, err := m.welcome.open(groups[0].suite, kp.Ref(), private.initKey)
	require.NoError(t, err)
	joined, err := JoinWelcome(c, staged.Welcome(), private, JoinOptions{})
	require.NoError(t, err)
	k := ofEpoch(joined.suite, secrets.joinerSecret, joined.public.encoded)
	k["path_secret"] = secrets.pathSecret
	k.key(t, "init key", private.initKey)
	for _, g := range append(groups, joined) {
		k.deleted(t, g)
	}
	joined.secrets.kept(t, joined)

	info, err := groups[0].GroupInfo(nil)
	require.NoError(t, err)
	external, err := JoinExternal(newClient(t, X25519ChaCha, "external"), info, ExternalOptions{})
	require.NoError(t, err)
	em, err := parseMessage(external.Message())
	require.NoError(t, err)
	key, err := groups[0].suite.externalKey(groups[0].secrets)
	require.NoError(t, err)
	init, err := groups[0].suite.externalInitReceiver(key, em.public.content.commit.proposals[0].proposal.(ExternalInitProposal).KEMOutput)
	require.NoError(t, err)
	deliver(t, groups, -1, external)
	for _, g := range append(groups, external.Group()) {
		known{"external init secret": init}.deleted(t, g)
	}
}

// kept looks for all secrets of an epoch.
func (e *epochSecrets) kept(t *testing.T, g *Group) {
	for _, p := range e.all() {
		known{"epoch secret": *p}.kept(t, g)
	}
}

func TestMessagesLeaveNoKeysInTheState(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 4)
	alice, bob := groups[0], groups[1]
	bob.client.Window = Window{Skipped: 2}
	*bob = *reload(t, bob)
	root := known{"encryption_secret": bytes.Clone(bob.tree.secrets[rootOf(4)])}
	root.kept(t, bob)
	root.kept(t, alice)

	var keys []known
	var sent [][]byte
	for range 6 {
		derived := reload(t, alice).tree.ratchet(0, ContentApplication)
		k := derived.keyAt(alice.suite)
		keys = append(keys, known{"message key": k.key, "message nonce": k.nonce, "ratchet secret": derived.secret})
		m, err := alice.Encrypt([]byte("x"), nil)
		require.NoError(t, err)
		sent = append(sent, m)
		for _, k := range keys {
			k.deleted(t, alice)
		}
		root.deleted(t, alice)
	}
	above := known{}
	peek := reload(t, bob).tree
	above["leaf secret"] = peek.peekLeaf(0)
	above["node secret"] = bob.suite.expandWithLabel(root["encryption_secret"], "tree", []byte("left"), bob.suite.nh)

	_, err := bob.Process(sent[5], testNow)
	require.NoError(t, err)
	root.deleted(t, bob)
	above.deleted(t, bob)
	for i, k := range keys {
		delete(k, "ratchet secret")
		if i == 3 || i == 4 { // passed over, and waited for
			k.kept(t, bob)
			continue
		}
		k.deleted(t, bob) // used, or given up at once
	}
	_, err = bob.Process(sent[4], testNow)
	require.NoError(t, err)
	keys[4].deleted(t, bob)
	keys[3].kept(t, bob)
	_, err = bob.Process(sent[3], testNow)
	require.NoError(t, err)
	keys[3].deleted(t, bob)
	_, err = bob.Process(sent[2], testNow)
	require.ErrorIs(t, err, ErrReplay)
}

func TestUpdatesLeaveNoKeysInTheState(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 3)
	propose := func() (ProposalRef, known) {
		_, err := groups[2].ProposeUpdate(nil, nil)
		require.NoError(t, err)
		pending := groups[2].PendingProposals()
		ref := pending[len(pending)-1].Ref
		k := known{}
		k.key(t, "key of an Update proposal", groups[2].updates[ref])
		k.kept(t, groups[2])
		return ref, k
	}
	ref, k := propose()
	groups[2].DiscardProposal(ref)
	k.deleted(t, groups[2])
	_, k = propose()
	commitAndDeliver(t, groups, 0, CommitOptions{}) // without it
	k.deleted(t, groups[2])
}

func TestReInitLeavesOnlyTheResumptionSecret(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 2)
	staged := commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{ReInitProposal{GroupID: []byte("next"), Suite: X25519ChaCha}}})
	require.NotNil(t, staged.Changes().ReInit)
	for _, g := range groups {
		require.Empty(t, g.keys)
		require.Nil(t, g.tree)
		zero := make([]byte, g.suite.nh)
		e := g.secrets
		for _, secret := range [][]byte{e.init, e.external, e.membership, e.confirmation, e.senderData} {
			require.Equal(t, zero, secret)
		}
		known{"resumption_psk": e.resumption}.kept(t, g)
	}
}

func TestNoResumptionSecretIsKeptWhereTheClientWantsNone(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 2)
	g := groups[1]
	g.client.ResumptionEpochs = -1
	secret := known{"resumption_psk": bytes.Clone(g.secrets.resumption)}
	secret.kept(t, g)
	commitAndDeliver(t, groups, 0, CommitOptions{})
	secret.deleted(t, g)
	_, ok := g.ResumptionSecret(g.Epoch() - 1)
	require.False(t, ok)
}
