package mls

import (
	"bytes"
	"crypto"
	"crypto/hpke"
	"slices"
)

// privateKeys are the node keys that a member knows, by node (RFC 9420 §4.2).
type privateKeys map[nodeIndex]hpke.PrivateKey

// prune drops keys of nodes that are blank or have another key in the tree
// after than before.
func (k privateKeys) prune(before, after *ratchetTree) {
	for x := range k {
		if int(x) >= nodeWidth(len(after.leaves)) || after.blank(x) ||
			int(x) >= nodeWidth(len(before.leaves)) || before.blank(x) ||
			!bytes.Equal(before.key(x), after.key(x)) {
			delete(k, x)
		}
	}
}

// pathSecrets are the secrets of a filtered direct path from some step upwards
// (§7.4).
type pathSecrets struct {
	from         int // the first step that is known
	secrets      [][]byte
	keys         []hpke.PrivateKey
	commitSecret []byte
}

// derivePath derives all secrets above the first one; n is the number of steps
// of the whole path.
func (s *suite) derivePath(first []byte, from, n int) (*pathSecrets, error) {
	p := &pathSecrets{from: from}
	secret := first
	for range n - from {
		key, err := s.nodeKey(secret)
		if err != nil {
			return nil, err
		}
		p.secrets = append(p.secrets, secret)
		p.keys = append(p.keys, key)
		secret = s.deriveSecret(secret, "path")
	}
	p.commitSecret = secret
	return p, nil
}

// nodeKey derives a node's key pair from its path secret.
func (s *suite) nodeKey(pathSecret []byte) (hpke.PrivateKey, error) {
	secret := s.deriveSecret(pathSecret, "node")
	defer wipe(secret)
	return s.deriveKeyPair(secret)
}

func (p *pathSecrets) publicKeys() [][]byte {
	keys := make([][]byte, len(p.keys))
	for i, k := range p.keys {
		keys[i] = k.PublicKey().Bytes()
	}
	return keys
}

func (p *pathSecrets) wipe() { wipe(p.secrets...) }

// freshPath renews a leaf and its filtered direct path in t (§7.5). The leaf is
// given unsigned, with its new encryption key.
func (t *ratchetTree) freshPath(l LeafIndex, leaf *LeafNode, signer crypto.Signer, groupID []byte) ([]pathStep, *pathSecrets, error) {
	steps := t.filteredPath(l)
	secrets, err := t.suite.derivePath(t.suite.random(), 0, len(steps))
	if err != nil {
		return nil, nil, err
	}
	leaf.Source = LeafFromCommit
	leaf.ParentHash = t.setPath(l, steps, secrets.publicKeys())
	if err := leaf.sign(t.suite, signer, groupID, l); err != nil {
		return nil, nil, err
	}
	t.setLeaf(l, leaf)
	return steps, secrets, nil
}

// sealPath encrypts the path secrets to the rest of the group, without the
// leaves that the same commit adds (§7.5, §7.6).
func (t *ratchetTree) sealPath(leaf *LeafNode, steps []pathStep, secrets *pathSecrets, added []LeafIndex, context []byte) (*updatePath, error) {
	path := &updatePath{leaf: leaf}
	for i, step := range steps {
		n := updatePathNode{encryptionKey: t.key(step.node)}
		for _, x := range t.recipients(step.copath, added) {
			c, err := t.suite.encryptWithLabel(t.key(x), "UpdatePathNode", context, secrets.secrets[i])
			if err != nil {
				return nil, err
			}
			n.secrets = append(n.secrets, c)
		}
		path.nodes = append(path.nodes, n)
	}
	return path, nil
}

// recipients is the resolution of a copath node without added leaves, which are
// given in increasing order.
func (t *ratchetTree) recipients(copath nodeIndex, added []LeafIndex) []nodeIndex {
	list := t.resolution(nil, copath)
	if len(added) == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(x nodeIndex) bool {
		if !x.isLeaf() {
			return false
		}
		_, found := slices.BinarySearch(added, x.leaf())
		return found
	})
}

// mergePath applies a received path to t (§7.5). It checks the shape of the
// path, its keys and its parent hash; the leaf node is judged elsewhere.
func (t *ratchetTree) mergePath(l LeafIndex, path *updatePath, added []LeafIndex) ([]pathStep, error) {
	steps := t.filteredPath(l)
	if len(path.nodes) != len(steps) {
		return nil, rule(ErrPath, "7.6", "update path of %d nodes for a filtered direct path of %d", len(path.nodes), len(steps))
	}
	keys := make([][]byte, len(steps), len(steps)+1)
	for i, n := range path.nodes {
		if err := t.suite.checkHPKEKey(n.encryptionKey); err != nil {
			return nil, err
		}
		if want := len(t.recipients(steps[i].copath, added)); len(n.secrets) != want {
			return nil, rule(ErrPath, "7.6", "%d encrypted path secrets for a resolution of %d", len(n.secrets), want)
		}
		keys[i] = n.encryptionKey
	}
	if t.holdsKey(append(keys, path.leaf.EncryptionKey)...) {
		return nil, rule(ErrPath, "12.4.2", "a key of the update path is in the tree already")
	}
	for i := range keys {
		keys[i] = bytes.Clone(keys[i])
	}
	if hash := t.setPath(l, steps, keys); !bytes.Equal(hash, path.leaf.ParentHash) {
		return nil, rule(ErrPath, "7.9.2", "parent hash of the committer's leaf")
	}
	t.setLeaf(l, path.leaf.detached())
	return steps, nil
}

// openPath decrypts the path secret that is meant for the member self, derives
// those above it, and checks them against the tree, into which the path was
// merged (§7.5).
func (t *ratchetTree) openPath(self LeafIndex, keys privateKeys, path *updatePath, steps []pathStep, added []LeafIndex, context []byte) (*pathSecrets, error) {
	for i, step := range steps {
		if !step.copath.covers(self) {
			continue
		}
		for j, x := range t.recipients(step.copath, added) {
			key, ok := keys[x]
			if !ok {
				continue
			}
			if j >= len(path.nodes[i].secrets) {
				return nil, rule(ErrPath, "7.6", "too few encrypted path secrets")
			}
			secret, err := t.suite.decryptWithLabel(key, "UpdatePathNode", context, path.nodes[i].secrets[j])
			if err != nil {
				return nil, err
			}
			return t.derivePathFrom(secret, i, steps)
		}
		return nil, rule(ErrPath, "7.5", "no path secret for this member")
	}
	return nil, rule(ErrPath, "7.5", "no path secret for this member")
}

// derivePathFrom derives the secrets of the steps from the given one upwards and
// compares their public keys with the tree.
func (t *ratchetTree) derivePathFrom(secret []byte, from int, steps []pathStep) (*pathSecrets, error) {
	if len(secret) != t.suite.nh {
		return nil, rule(ErrPath, "7.4", "path secret of %d bytes", len(secret))
	}
	secrets, err := t.suite.derivePath(secret, from, len(steps))
	if err != nil {
		return nil, err
	}
	for i, key := range secrets.keys {
		x := steps[from+i].node
		if t.blank(x) || !bytes.Equal(key.PublicKey().Bytes(), t.key(x)) {
			return nil, rule(ErrPath, "7.5", "path secret does not give the key of node %d", x)
		}
	}
	return secrets, nil
}

// learn adds the keys of a path to those that a member knows.
func (k privateKeys) learn(steps []pathStep, secrets *pathSecrets) {
	for i, key := range secrets.keys {
		k[steps[secrets.from+i].node] = key
	}
}
