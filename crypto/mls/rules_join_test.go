package mls

import (
	"testing"
)

// inTree breaks the tree of a GroupInfo.
func inTree(change func(t *testing.T, v *invitation, tree *ratchetTree)) func(*testing.T, refusal) {
	return func(t *testing.T, r refusal) {
		v := newInvitation(t)
		v.tree = func(tree *ratchetTree) { change(t, v, tree) }
		r.everyJoiner(t, v)
	}
}

// inLeaf breaks leaf 0, which no parent hash in use covers.
func inLeaf(change func(v *invitation, l *LeafNode)) func(*testing.T, refusal) {
	return inTree(func(t *testing.T, v *invitation, tree *ratchetTree) {
		v.releaf(t, tree, 0, func(l *LeafNode) { change(v, l) })
	})
}

// inParents breaks the parents above leaf 0, and makes their hashes right again.
func inParents(change func(v *invitation, x nodeIndex, p *parentNode)) func(*testing.T, refusal) {
	return inTree(func(t *testing.T, v *invitation, tree *ratchetTree) {
		v.rechain(t, tree, 0, []nodeIndex{1, 3, 7}, func(x nodeIndex, p *parentNode) { change(v, x, p) })
	})
}

// treeRules are those of §7 and §12.4.3 about what every newcomer, and a server,
// verifies.
func treeRules() []brokenRule {
	inInfo := func(change func(*invitation)) func(*testing.T, refusal) {
		return func(t *testing.T, r refusal) {
			v := newInvitation(t)
			change(v)
			r.everyJoiner(t, v)
		}
	}
	// inner is what a vector holds.
	inner := func(tree []byte) []byte {
		d := newDecoder(tree)
		return append([]byte{}, d.vector()...)
	}
	return []brokenRule{
		{"7.1-1", "unmerged leaves out of order", ErrTree, "7.1", inTree(func(_ *testing.T, _ *invitation, tree *ratchetTree) {
			root := *tree.parent(7)
			root.unmerged = []LeafIndex{5, 4}
			tree.parents[7/2] = &root
		})},
		{"7.9.2-1", "parent hash of a leaf", ErrTree, "7.9.2", inLeaf(func(_ *invitation, l *LeafNode) { l.ParentHash = broken(l.ParentHash) })},
		{"7.9.2-1", "parent hash of a parent", ErrTree, "7.9.2", inTree(func(t *testing.T, v *invitation, tree *ratchetTree) {
			v.rechain(t, tree, 0, []nodeIndex{1}, func(_ nodeIndex, p *parentNode) { p.encryptionKey = newPublicKey(t, tree.suite) })
		})},
		{"7.9.2-1", "parent that nobody's leaf vouches for", ErrTree, "7.9.2", inTree(func(t *testing.T, v *invitation, tree *ratchetTree) {
			tree.parents[9/2] = &parentNode{encryptionKey: newPublicKey(t, tree.suite)}
			tree.hashes = make([][]byte, len(tree.hashes))
			v.rechain(t, tree, 0, []nodeIndex{1, 3, 7}, nil)
		})},
		{"12.4.3-1", "extension in use that a newcomer does not support", ErrLeafNode, "13.4", inInfo(func(v *invitation) {
			v.context = func(c *groupContext) { c.extensions = []Extension{{Type: extensionRoom}} }
		})},
		{"12.4.3-2", "signature of the GroupInfo", ErrSignature, "12.4.3", inInfo(func(v *invitation) {
			v.signed = func(g *GroupInfo) { g.signature = broken(g.signature) }
		})},
		{"12.4.3-2", "GroupInfo in the name of somebody else", ErrSignature, "12.4.3", inInfo(func(v *invitation) {
			v.info = func(g *GroupInfo) { g.signer = 1 }
		})},
		{"12.4.3-3", "signer who is not there", ErrGroupInfo, "12.4.3", inInfo(func(v *invitation) {
			v.info = func(g *GroupInfo) { g.signer = 6 }
		})},
		{"12.4.3.1-7", "leaf: signature", ErrSignature, "7.3", inTree(func(_ *testing.T, _ *invitation, tree *ratchetTree) {
			l := *tree.leaves[0]
			l.Signature = broken(l.Signature)
			touched(&l)
			tree.leaves[0] = &l
		})},
		{"12.4.3.1-7", "leaf: signed for another place", ErrSignature, "7.3", inTree(func(t *testing.T, v *invitation, tree *ratchetTree) {
			l := *tree.leaves[0]
			if err := l.sign(tree.suite, v.groups[0].client.SignatureKey, groupID, 1); err != nil {
				t.Fatal(err)
			}
			tree.leaves[0] = &l
		})},
		{"12.4.3.1-7", "leaf: extension not in the capabilities", ErrLeafNode, "7.3", inLeaf(func(_ *invitation, l *LeafNode) { l.Extensions = []Extension{{Type: 0x4242}} })},
		{"12.4.3.1-7", "leaf: credential type not in the capabilities", ErrLeafNode, "7.2", inLeaf(func(_ *invitation, l *LeafNode) { l.Capabilities.Credentials = nil })},
		{"12.4.3.1-7", "leaf: credential type that others do not support", ErrLeafNode, "7.3", inLeaf(func(_ *invitation, l *LeafNode) {
			l.Credential, l.Capabilities.Credentials = X509Credential([]byte("der")), []uint16{CredentialBasic, CredentialX509}
		})},
		{"12.4.3.1-7", "leaf: encryption key that is none", ErrMalformed, "5.1.1", inLeaf(func(_ *invitation, l *LeafNode) { l.EncryptionKey = nil })},
		{"12.4.3.1-7", "leaf: encryption key of another member", ErrLeafNode, "7.3", inLeaf(func(v *invitation, l *LeafNode) {
			l.EncryptionKey = v.by.public.tree.leaf(1).EncryptionKey
		})},
		{"12.4.3.1-7", "leaf: signature key of another member", ErrLeafNode, "7.3", inTree(func(t *testing.T, v *invitation, tree *ratchetTree) {
			l := *tree.leaves[0]
			l.SignatureKey = tree.leaves[1].SignatureKey
			if err := l.sign(tree.suite, v.groups[1].client.SignatureKey, groupID, 0); err != nil {
				t.Fatal(err)
			}
			tree.leaves[0] = &l
		})},
		{"12.4.3.1-7", "leaf: required capability", ErrLeafNode, "11.1", inInfo(func(v *invitation) {
			v.context = func(c *groupContext) {
				c.extensions = []Extension{RequiredCapabilities{Proposals: []uint16{proposalTopic}}.Extension()}
			}
		})},
		{"12.4.3.1-8", "unmerged leaf that is blank", ErrTree, "12.4.3.1", inParents(func(_ *invitation, x nodeIndex, p *parentNode) {
			if x == 7 {
				p.unmerged = []LeafIndex{6}
			}
		})},
		{"12.4.3.1-8", "unmerged leaf beyond the tree", ErrTree, "12.4.3.1", inParents(func(_ *invitation, x nodeIndex, p *parentNode) {
			if x == 7 {
				p.unmerged = []LeafIndex{99}
			}
		})},
		{"12.4.3.1-8", "unmerged leaf that is not below", ErrTree, "12.4.3.1", inParents(func(_ *invitation, x nodeIndex, p *parentNode) {
			if x == 3 {
				p.unmerged = []LeafIndex{4}
			}
		})},
		{"12.4.3.1-9", "unmerged leaf that a node between leaves out", ErrTree, "12.4.3.1", inTree(func(t *testing.T, v *invitation, tree *ratchetTree) {
			v.rechain(t, tree, 4, []nodeIndex{9}, nil)
			v.rechain(t, tree, 0, []nodeIndex{1, 3, 7}, func(x nodeIndex, p *parentNode) {
				if x == 7 {
					p.unmerged = []LeafIndex{5}
				}
			})
		})},
		{"12.4.3.1-10", "encryption key of two parents", ErrTree, "12.4.3.1", inParents(func(v *invitation, x nodeIndex, p *parentNode) {
			p.encryptionKey = v.by.public.tree.parent(7).encryptionKey
		})},
		{"12.4.3.1-10", "encryption key of a parent and a leaf", ErrLeafNode, "7.3", inParents(func(v *invitation, x nodeIndex, p *parentNode) {
			if x == 3 {
				p.encryptionKey = v.by.public.tree.leaf(4).EncryptionKey
			}
		})},
		{"12.4.3.3-1", "blank node at the end", ErrTree, "12.4.3.3", inInfo(func(v *invitation) {
			v.encoded = func(tree []byte) []byte { return appendVector(nil, append(inner(tree), 0)) }
		})},
		{"12.4.3.3-2", "tree hash", ErrTree, "12.4.3.3", inInfo(func(v *invitation) {
			v.context = func(c *groupContext) { c.treeHash = broken(c.treeHash) }
		})},
		{"12.4.3.3-3", "parent in the place of a leaf", ErrTree, "12.4.3.3", inInfo(func(v *invitation) {
			v.encoded = func(tree []byte) []byte {
				nodes := inner(tree)
				nodes[1] = 2 // the type of the first node
				return appendVector(nil, nodes)
			}
		})},
		{"12.4.3.3-4", "no tree", ErrGroupInfo, "12.4.3.3", inInfo(func(v *invitation) {
			v.info = func(g *GroupInfo) { g.extensions = g.extensions[1:] }
		})},
		{"12.4.3.2-6", "GroupInfo without external_pub", ErrGroupInfo, "12.4.3.2", func(t *testing.T, r refusal) {
			v := newInvitation(t)
			v.noPub = true
			_, info := v.make(t)
			_, err := JoinExternal(newClient(t, X25519ChaCha, "passer-by"), info, ExternalOptions{})
			r.check(t, err)
		}},
	}
}

// welcomeRules are those of §12.4.3.1 that only who is invited can verify.
func welcomeRules() []brokenRule {
	inWelcome := func(change func(t *testing.T, v *invitation)) func(*testing.T, refusal) {
		return func(t *testing.T, r refusal) {
			v := newInvitation(t)
			change(t, v)
			r.welcome(t, v)
		}
	}
	branch := PreSharedKeyID{Type: PSKResumption, Usage: ResumptionBranch, GroupID: groupID, Epoch: 1, Nonce: make([]byte, 32)}
	return []brokenRule{
		{"12.4.1-1", "pre-shared keys in another order", ErrDecrypt, "12.4.3.1", inWelcome(func(_ *testing.T, v *invitation) {
			v.newcomer.PSK = knownPSK
			a, b := pskNamed("a").ID, pskNamed("b").ID
			v.psks = []preSharedKey{{a, pskOf(a)}, {b, pskOf(b)}}
			v.secrets = func(g *groupSecrets) { g.psks = []PreSharedKeyID{b, a} }
		})},
		{"12.4.3.1-1", "Welcome for somebody else", ErrWelcome, "12.4.3.1", inWelcome(func(_ *testing.T, v *invitation) {
			v.sealed = func(e *encryptedGroupSecrets) { e.newMember = broken(e.newMember) }
		})},
		{"12.4.3.1-2", "Welcome of another suite", ErrWelcome, "12.4.3.1", inWelcome(func(_ *testing.T, v *invitation) {
			v.welcome = func(w *welcomeMessage) { w.suite = X25519AES128 }
		})},
		{"12.4.3.1-3", "group secrets for another key", ErrDecrypt, "5.1.3", inWelcome(func(_ *testing.T, v *invitation) {
			v.sealed = func(e *encryptedGroupSecrets) { e.secrets.ciphertext = broken(e.secrets.ciphertext) }
		})},
		{"12.4.3.1-4", "pre-shared key that is not there", ErrPSK, "12.4.3.1", inWelcome(func(_ *testing.T, v *invitation) {
			id := pskNamed("unknown").ID
			v.psks = []preSharedKey{{id, pskOf(id)}}
		})},
		{"12.4.3.1-5", "two links to a group before", ErrWelcome, "12.4.3.1", inWelcome(func(_ *testing.T, v *invitation) {
			v.psks = []preSharedKey{{branch, []byte("a")}, {branch, []byte("a")}}
		})},
		{"12.4.3.1-6", "GroupInfo of another suite", ErrWelcome, "12.4.3.1", inWelcome(func(_ *testing.T, v *invitation) {
			v.context = func(c *groupContext) { c.suite = X25519AES128 }
		})},
		{"12.4.3.1-11", "no leaf of the newcomer's key package", ErrWelcome, "12.4.3.1", inWelcome(func(t *testing.T, v *invitation) {
			v.tree = func(tree *ratchetTree) {
				leaf := *tree.leaves[5] // the same client, from another key package
				leaf.Lifetime.NotAfter++
				if err := leaf.sign(tree.suite, v.newcomer.SignatureKey, nil, 0); err != nil {
					t.Fatal(err)
				}
				tree.leaves[5] = &leaf
				tree.hashes = make([][]byte, len(tree.hashes))
				v.rechain(t, tree, 0, []nodeIndex{1, 3, 7}, nil)
			}
		})},
		{"12.4.3.1-12", "path secret that does not give the keys", ErrPath, "7.5", inWelcome(func(_ *testing.T, v *invitation) {
			v.secrets = func(g *groupSecrets) { g.pathSecret = randomBytes(32) }
		})},
		{"12.4.3.1-12", "path secret of another length", ErrPath, "7.4", inWelcome(func(_ *testing.T, v *invitation) {
			v.secrets = func(g *groupSecrets) { g.pathSecret = []byte{} }
		})},
		{"12.4.3.1-13", "confirmation tag", ErrConfirmationTag, "12.4.3.1", inWelcome(func(_ *testing.T, v *invitation) {
			v.tag = func(tag []byte) { tag[0] ^= 1 }
		})},
	}
}
