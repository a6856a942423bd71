package mls

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// invitation is a Welcome, and the GroupInfo in it, by a member who keeps to no
// rule: the tree of a group that a newcomer was added to, with secrets of the
// member's own, in which everything that follows from what is wrong is right.
type invitation struct {
	groups   []*Group // whose members sign what is changed in the tree
	by       *Group
	newcomer Client
	kp       *KeyPackage
	private  *KeyPackagePrivate
	from     *Group // given to JoinWelcome
	same     func(before, after *LeafNode) bool

	tree    func(*ratchetTree)
	context func(*groupContext)
	encoded func(tree []byte) []byte
	info    func(*GroupInfo)
	signed  func(*GroupInfo) // after the signature
	tag     func([]byte)
	psks    []preSharedKey
	secrets func(*groupSecrets)
	sealed  func(*encryptedGroupSecrets)
	welcome func(*welcomeMessage)
	noPub   bool
}

// newInvitation is to a group of five members at leaves 0 to 4 of eight, with the
// newcomer at leaf 5. Leaf 0 made the last commit: nodes 1, 3 and 7 (the root) have
// keys of its path, and node 9 above leaf 4 and the newcomer is blank.
func newInvitation(t *testing.T) *invitation {
	v := &invitation{groups: namedGroup(t, X25519ChaCha, 5), newcomer: newClient(t, X25519ChaCha, "newcomer")}
	v.kp, v.private = newKeyPackage(t, v.newcomer)
	commitAndDeliver(t, v.groups, 2, CommitOptions{})
	commitAndDeliver(t, v.groups, 4, CommitOptions{})
	commitAndDeliver(t, v.groups, 0, CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: v.kp}}, Now: testNow})
	v.by = v.groups[2]
	return v
}

// make builds the Welcome and the GroupInfo.
func (v *invitation) make(t *testing.T) (welcome, groupInfo []byte) {
	s := v.by.suite
	tree := v.by.public.tree.clone()
	if v.tree != nil {
		v.tree(tree)
		tree.hashes = make([][]byte, len(tree.hashes))
	}
	context := v.by.public.context.detached()
	context.treeHash = tree.rootHash()
	if v.context != nil {
		v.context(&context)
	}
	group := groupSecrets{joinerSecret: s.random()}
	for _, k := range v.psks {
		group.psks = append(group.psks, k.id)
	}
	member := s.memberSecret(group.joinerSecret, s.pskSecret(v.psks))
	epoch, _ := s.epochFromMember(member, context.encode())
	external, err := s.externalKey(epoch)
	require.NoError(t, err)
	encoded := tree.append(nil)
	if v.encoded != nil {
		encoded = v.encoded(encoded)
	}
	info := &GroupInfo{
		context: context, signer: v.by.own,
		confirmationTag: s.mac(epoch.confirmation, context.confirmedTranscriptHash),
		extensions:      []Extension{{Type: ExtensionRatchetTree, Data: encoded}},
	}
	if !v.noPub {
		info.extensions = append(info.extensions, Extension{Type: ExtensionExternalPub, Data: appendVector(nil, external.PublicKey().Bytes())})
	}
	if v.tag != nil {
		v.tag(info.confirmationTag)
	}
	if v.info != nil {
		v.info(info)
	}
	require.NoError(t, info.sign(s, v.by.client.SignatureKey))
	if v.signed != nil {
		v.signed(info)
	}
	if v.secrets != nil {
		v.secrets(&group)
	}
	sealed, err := s.sealGroupInfo(s.welcomeSecret(member), info.append(nil))
	require.NoError(t, err)
	c, err := s.encryptWithLabel(v.kp.InitKey, "Welcome", sealed, group.append(nil))
	require.NoError(t, err)
	entry := encryptedGroupSecrets{newMember: v.kp.Ref(), secrets: c}
	if v.sealed != nil {
		v.sealed(&entry)
	}
	w := &welcomeMessage{suite: s.id, encryptedGroupInfo: sealed, secrets: []encryptedGroupSecrets{entry}}
	if v.welcome != nil {
		v.welcome(w)
	}
	return w.append(appendMessageHeader(nil, WireWelcome)), info.encode()
}

// join answers a Welcome as the newcomer does.
func (v *invitation) join(welcome []byte) (*Group, error) {
	return JoinWelcome(v.newcomer, welcome, v.private, JoinOptions{Now: testNow, From: v.from, SameMember: v.same})
}

// welcome lets the newcomer refuse. What they hold is unchanged: the key package
// still opens a right Welcome.
func (r refusal) welcome(t *testing.T, v *invitation) {
	t.Helper()
	before, err := v.private.MarshalBinary()
	require.NoError(t, err)
	var from []byte
	if v.from != nil {
		from, err = v.from.MarshalBinary()
		require.NoError(t, err)
	}
	welcome, _ := v.make(t)
	_, err = v.join(welcome)
	r.check(t, err)
	after, err := v.private.MarshalBinary()
	require.NoError(t, err)
	require.Equal(t, before, after)
	if v.from != nil {
		after, err := v.from.MarshalBinary()
		require.NoError(t, err)
		require.Equal(t, from, after, "the state of the group before has changed")
	}
}

// info lets a server, and one who would enter by an external commit, refuse the
// GroupInfo.
func (r refusal) info(t *testing.T, v *invitation) {
	t.Helper()
	_, info := v.make(t)
	_, err := NewPublicGroup(info, testNow)
	r.check(t, err)
	_, err = JoinExternal(newClient(t, X25519ChaCha, "passer-by"), info, ExternalOptions{})
	r.check(t, err)
}

// everyJoiner is both.
func (r refusal) everyJoiner(t *testing.T, v *invitation) {
	t.Helper()
	r.welcome(t, v)
	r.info(t, v)
}

// releaf changes a member's leaf, who signs it again.
func (v *invitation) releaf(t *testing.T, tree *ratchetTree, l LeafIndex, change func(*LeafNode)) {
	leaf := *tree.leaves[l]
	change(&leaf)
	key := v.newcomer.SignatureKey
	if int(l) < len(v.groups) {
		key = v.groups[l].client.SignatureKey
	}
	require.NoError(t, leaf.sign(tree.suite, key, v.by.public.context.groupID, l))
	tree.leaves[l] = &leaf
}

// rechain makes the parent hashes on the way from a leaf over the given nodes right
// again: each node is changed as change says, then hashed from the top downwards.
func (v *invitation) rechain(t *testing.T, tree *ratchetTree, l LeafIndex, nodes []nodeIndex, change func(nodeIndex, *parentNode)) {
	for _, x := range nodes {
		p := &parentNode{encryptionKey: newPublicKey(t, tree.suite)}
		if old := tree.parent(x); old != nil {
			*p = *old
		}
		p.parentHash = nil
		if change != nil {
			change(x, p)
		}
		tree.parents[x/2] = p
	}
	tree.hashes = make([][]byte, len(tree.hashes))
	var hash []byte
	for _, x := range slices.Backward(nodes) {
		p := *tree.parent(x)
		p.parentHash = hash
		tree.parents[x/2] = &p
		copath := x.left()
		if copath.covers(l) {
			copath = x.right()
		}
		hash = tree.parentHashOf(&p, tree.treeHashWithout(copath, p.unmerged))
	}
	v.releaf(t, tree, l, func(leaf *LeafNode) { leaf.Source, leaf.ParentHash = LeafFromCommit, hash })
	tree.hashes = make([][]byte, len(tree.hashes))
}

func newPublicKey(t *testing.T, s *suite) []byte {
	key, err := s.generateKeyPair()
	require.NoError(t, err)
	return key.PublicKey().Bytes()
}

func TestInvitationsThatBreakNoRuleAreAccepted(t *testing.T) {
	v := newInvitation(t)
	for _, tree := range []func(*ratchetTree){
		nil,
		func(tree *ratchetTree) { v.rechain(t, tree, 0, []nodeIndex{1, 3, 7}, nil) },
		func(tree *ratchetTree) {
			v.rechain(t, tree, 4, []nodeIndex{9}, nil)
			v.rechain(t, tree, 0, []nodeIndex{1, 3, 7}, nil)
		},
	} {
		v.tree = tree
		welcome, info := v.make(t)
		g, err := v.join(welcome)
		require.NoError(t, err)
		require.EqualValues(t, 5, g.OwnIndex())
		_, err = NewPublicGroup(info, testNow)
		require.NoError(t, err)
		_, err = JoinExternal(newClient(t, X25519ChaCha, "passer-by"), info, ExternalOptions{})
		require.NoError(t, err)
	}
}
