package mls

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// broken gives a signature that does not verify.
func broken(signature []byte) []byte {
	out := bytes.Clone(signature)
	out[3] ^= 0x10
	return out
}

// touched forgets a leaf's encoding after a change.
func touched(l *LeafNode) {
	l.raw = nil
	l.raw = l.append(nil)
}

// inAdd breaks a key package that a member proposes, or commits, to add.
func inAdd(leaf func(*LeafNode), change func(*KeyPackage)) func(*testing.T, refusal) {
	return func(t *testing.T, r refusal) {
		f := newField(t)
		p := forgedPackage(t, newClient(t, X25519ChaCha, "new"), leaf, change)
		r.everybody(t, f, 1, forgedProposal(t, f.groups[1], p, nil))
		r.everybody(t, f, 1, (&forgery{as: f.groups[1], list: byValue(f.groups[1], p)}).message(t))
		g := f.groups[1]
		unchanged(t, g, r.kind, func() error { // nor does anybody send it
			_, err := g.Commit(CommitOptions{Proposals: []Proposal{p}, Now: testNow})
			return err
		})
		after, err := newGroup(t, X25519ChaCha, 1)[0].GroupInfo(nil)
		require.NoError(t, err)
		server, err := NewPublicGroup(after, testNow)
		require.NoError(t, err)
		_, err = server.ProposeSelf(newClient(t, X25519ChaCha, "other"), p.KeyPackage, nil)
		if r.kind != ErrLifetime { // judged by who receives it
			r.check(t, err)
		}
	}
}

// inUpdate breaks the leaf of an Update proposal before, or after, it is signed.
func inUpdate(change, sign func(f *field, l *LeafNode)) func(*testing.T, refusal) {
	return func(t *testing.T, r refusal) {
		f := newField(t)
		p := forgedUpdate(t, f.groups[1], func(l *LeafNode) {
			if change != nil {
				change(f, l)
			}
		})
		if sign != nil {
			sign(f, p.Leaf)
		}
		r.everybody(t, f, 1, forgedProposal(t, f.groups[1], p, nil))
	}
}

// inCommit breaks the leaf of a commit's path before, or after, it is signed.
func inCommit(change, sign func(f *field, l *LeafNode)) func(*testing.T, refusal) {
	return func(t *testing.T, r refusal) {
		f := newField(t)
		fg := &forgery{as: f.groups[1]}
		if change != nil {
			fg.leaf = func(l *LeafNode) { change(f, l) }
		}
		if sign != nil {
			fg.sign = func(l *LeafNode) { sign(f, l) }
		}
		r.everybody(t, f, 1, fg.message(t))
		external := f.joiner(t, 1)
		external.leaf, external.sign = fg.leaf, fg.sign
		r.everybody(t, f, -1, external.message(t))
	}
}

// plain makes a change of a leaf fit inUpdate and inCommit.
func plain(change func(*LeafNode)) func(*field, *LeafNode) {
	return func(_ *field, l *LeafNode) { change(l) }
}

// everywhere gives rows for all three ways in which a leaf comes in a message.
func everywhere(id, what string, kind error, section string, change func(*LeafNode)) []brokenRule {
	return []brokenRule{
		{id, what + ", in an Add", kind, section, inAdd(change, nil)},
		{id, what + ", in an Update", kind, section, inUpdate(plain(change), nil)},
		{id, what + ", in a path", kind, section, inCommit(plain(change), nil)},
	}
}

// committed breaks a leaf that only counts once a commit covers it, in a group
// with the given context.
func committed(context []Extension, change func(*LeafNode)) func(*testing.T, refusal) {
	return func(t *testing.T, r refusal) {
		able := func(l *LeafNode) {
			l.Capabilities.Extensions = append(slices.Clone(l.Capabilities.Extensions), extensionRoom)
			l.Capabilities.Proposals = append(slices.Clone(l.Capabilities.Proposals), proposalTopic)
			l.Capabilities.Credentials = []uint16{CredentialBasic, CredentialX509}
			change(l)
		}
		f := newField(t, context...)
		add := forgedPackage(t, newClient(t, X25519ChaCha, "new"), able, nil)
		r.everybody(t, f, 1, (&forgery{as: f.groups[1], list: byValue(f.groups[1], add)}).message(t))
		r.everybody(t, f, 1, (&forgery{as: f.groups[1], leaf: able}).message(t))
		joiner := f.joiner(t, 1)
		joiner.leaf = able
		r.everybody(t, f, -1, joiner.message(t))
		update := f.share(t, 2, forgedProposal(t, f.groups[2], forgedUpdate(t, f.groups[2], able), nil))
		r.everybody(t, f, 1, (&forgery{as: f.groups[1], list: []cited{update}}).message(t))
	}
}

func leafRules() []brokenRule {
	required := []Extension{RequiredCapabilities{
		Extensions: []uint16{extensionRoom}, Proposals: []uint16{proposalTopic}, Credentials: []uint16{CredentialX509},
	}.Extension()}
	x509 := X509Credential([]byte("der"))
	resigned := func(group []byte, index LeafIndex) func(*field, *LeafNode) {
		return func(f *field, l *LeafNode) {
			signer := f.groups[1].client.SignatureKey
			if err := l.sign(f.groups[1].suite, signer, group, index); err != nil {
				panic(err)
			}
		}
	}
	rows := slices.Concat(
		everywhere("7.2-1", "version not in the capabilities", ErrLeafNode, "7.2", func(l *LeafNode) { l.Capabilities.Versions = []uint16{2} }),
		everywhere("7.2-2", "credential type not in the capabilities", ErrLeafNode, "7.2", func(l *LeafNode) { l.Capabilities.Credentials = []uint16{CredentialX509} }),
		everywhere("7.3-1", "certificate chain without certificate", ErrCredential, "5.3", func(l *LeafNode) { l.Credential = Credential{Type: CredentialX509} }),
		everywhere("7.3-7", "extension not in the capabilities", ErrLeafNode, "7.3", func(l *LeafNode) {
			l.Extensions = append(slices.Clone(l.Extensions), Extension{Type: 0x4242})
		}),
	)
	return append(rows, []brokenRule{
		{"7.3-2", "signature in an Add", ErrSignature, "7.3", inAdd(nil, func(k *KeyPackage) {
			k.Leaf.Signature = broken(k.Leaf.Signature)
			touched(k.Leaf)
		})},
		{"7.3-2", "signature in an Update", ErrSignature, "7.3", inUpdate(nil, plain(func(l *LeafNode) { l.Signature = broken(l.Signature); touched(l) }))},
		{"7.3-2", "signature in a path", ErrSignature, "7.3", inCommit(nil, plain(func(l *LeafNode) { l.Signature = broken(l.Signature); touched(l) }))},
		{"7.3-3", "Update signed for another group", ErrSignature, "7.3", inUpdate(nil, resigned([]byte("b group"), 1))},
		{"7.3-3", "Update signed for another leaf", ErrSignature, "7.3", inUpdate(nil, resigned(groupID, 2))},
		{"7.3-3", "path signed for another group", ErrSignature, "7.3", inCommit(nil, resigned([]byte("b group"), 1))},
		{"7.3-3", "path signed for another leaf", ErrSignature, "7.3", inCommit(nil, resigned(groupID, 2))},
		{"7.3-4", "required extension", ErrLeafNode, "11.1", committed(required, func(l *LeafNode) { l.Capabilities.Extensions = []uint16{extensionPrivate} })},
		{"7.3-4", "required proposal", ErrLeafNode, "11.1", committed(required, func(l *LeafNode) { l.Capabilities.Proposals = nil })},
		{"7.3-4", "required credential", ErrLeafNode, "11.1", committed(required, func(l *LeafNode) { l.Capabilities.Credentials = []uint16{CredentialBasic} })},
		{"7.3-4", "extension in use", ErrLeafNode, "13.4", committed([]Extension{{Type: extensionRoom}}, func(l *LeafNode) { l.Capabilities.Extensions = []uint16{extensionPrivate} })},
		{"7.3-5", "credential type that others do not support", ErrLeafNode, "7.3", committed(nil, func(l *LeafNode) { l.Credential = x509 })},
		{"7.3-5", "credential type of others not supported", ErrLeafNode, "7.3", committed(required, func(l *LeafNode) {
			l.Credential, l.Capabilities.Credentials = x509, []uint16{CredentialX509}
		})},
		{"7.3-6", "lifetime over", ErrLifetime, "7.3", inAdd(func(l *LeafNode) { l.Lifetime.NotAfter = 1 }, nil)},
		{"7.3-6", "lifetime not begun", ErrLifetime, "7.3", inAdd(func(l *LeafNode) { l.Lifetime = Lifetime{1 << 40, 1 << 41} }, nil)},
		{"7.3-8", "leaf_node_source in an Add", ErrKeyPackage, "7.3", inAdd(func(l *LeafNode) { l.Source = LeafFromUpdate }, nil)},
		{"7.3-9", "leaf_node_source in an Update", ErrLeafNode, "7.3", inUpdate(plain(func(l *LeafNode) { l.Source = LeafFromKeyPackage }), nil)},
		{"7.3-10", "Update with the key of the leaf it replaces", ErrLeafNode, "7.3", inUpdate(func(f *field, l *LeafNode) {
			l.EncryptionKey = f.server.state.tree.leaf(1).EncryptionKey
		}, nil)},
		{"7.3-11", "leaf_node_source in a path", ErrLeafNode, "7.3", inCommit(plain(func(l *LeafNode) { l.Source = LeafFromUpdate }), nil)},
		{"7.3-12", "signature key of a member in an Add", ErrLeafNode, "7.3", func(t *testing.T, r refusal) {
			f := newField(t)
			p := forgedPackage(t, f.groups[2].client, nil, nil)
			r.everybody(t, f, 1, (&forgery{as: f.groups[1], list: byValue(f.groups[1], p)}).message(t))
		}},
		{"7.3-12", "signature key of a member in an Update", ErrLeafNode, "7.3", func(t *testing.T, r refusal) {
			f := newField(t)
			p := forgedUpdate(t, f.groups[1], nil)
			shared(t, f, p.Leaf)
			update := f.share(t, 1, forgedProposal(t, f.groups[1], p, nil))
			r.everybody(t, f, 0, (&forgery{as: f.groups[0], list: []cited{update}}).message(t))
		}},
		{"7.3-12", "signature key of a member in a path", ErrLeafNode, "7.3", inCommitOf(func(t *testing.T, f *field, l *LeafNode) { shared(t, f, l) })},
		{"7.3-13", "encryption key of a member in an Add", ErrLeafNode, "7.3", addWithKey(func(f *field) []byte { return f.server.state.tree.leaf(3).EncryptionKey })},
		{"7.3-13", "encryption key of a parent in an Add", ErrLeafNode, "7.3", addWithKey(func(f *field) []byte { return f.server.state.tree.parent(5).encryptionKey })},
		{"7.3-13", "encryption key of a member in an Update", ErrLeafNode, "7.3", func(t *testing.T, r refusal) {
			f := newField(t)
			p := forgedUpdate(t, f.groups[1], func(l *LeafNode) { l.EncryptionKey = f.server.state.tree.leaf(3).EncryptionKey })
			update := f.share(t, 1, forgedProposal(t, f.groups[1], p, nil))
			r.everybody(t, f, 0, (&forgery{as: f.groups[0], list: []cited{update}}).message(t))
		}},
	}...)
}

// shared makes member 1's leaf show member 2's signature key, who signs it.
func shared(t *testing.T, f *field, l *LeafNode) {
	key := f.groups[2].client.SignatureKey
	l.SignatureKey = bytes.Clone(f.server.state.tree.leaf(2).SignatureKey)
	require.NoError(t, l.sign(f.groups[1].suite, key, groupID, 1))
}

func inCommitOf(sign func(*testing.T, *field, *LeafNode)) func(*testing.T, refusal) {
	return func(t *testing.T, r refusal) {
		f := newField(t)
		fg := &forgery{as: f.groups[1], sign: func(l *LeafNode) { sign(t, f, l) }}
		r.everybody(t, f, 1, fg.message(t))
	}
}

// addWithKey adds a client without a path, so that all parents stay.
func addWithKey(key func(*field) []byte) func(*testing.T, refusal) {
	return func(t *testing.T, r refusal) {
		f := newField(t)
		p := forgedPackage(t, newClient(t, X25519ChaCha, "new"), func(l *LeafNode) { l.EncryptionKey = key(f) }, nil)
		r.everybody(t, f, 1, (&forgery{as: f.groups[1], list: byValue(f.groups[1], p), noPath: true}).message(t))
	}
}
