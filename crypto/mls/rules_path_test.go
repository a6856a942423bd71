package mls

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// pathRules are those of §7.5 to §7.9 and §12.4.2 about the path of a commit.
func pathRules() []brokenRule {
	ofPath := func(change func(*updatePath)) func(*testing.T, refusal) {
		return func(t *testing.T, r refusal) {
			f := newField(t)
			r.everybody(t, f, 1, (&forgery{as: f.groups[1], path: change}).message(t))
			external := f.joiner(t, 1)
			external.path = change
			r.everybody(t, f, -1, external.message(t))
		}
	}
	ofSecrets := func(change func([][]byte)) func(*testing.T, refusal) {
		return func(t *testing.T, r refusal) {
			f := newField(t)
			r.onlyMembers(t, f, 1, (&forgery{as: f.groups[1], secrets: change}).message(t))
			external := f.joiner(t, 1)
			external.secrets = change
			r.onlyMembers(t, f, -1, external.message(t))
		}
	}
	// ofKeys gives the nodes of member 1's path, 1 and 3, other keys.
	ofKeys := func(change func(*ratchetTree, [][]byte)) func(*testing.T, refusal) {
		return func(t *testing.T, r refusal) {
			f := newField(t)
			fg := &forgery{as: f.groups[1], keys: func(keys [][]byte) { change(f.server.state.tree, keys) }}
			r.everybody(t, f, 1, fg.message(t))
		}
	}
	return []brokenRule{
		{"7.5-1", "leaf with the key of the one before it", ErrLeafNode, "7.3", func(t *testing.T, r refusal) {
			f := newField(t)
			fg := &forgery{as: f.groups[1], fresh: func(l *LeafNode) { l.EncryptionKey = f.server.state.tree.leaf(1).EncryptionKey }}
			r.everybody(t, f, 1, fg.message(t))
		}},
		{"7.5-2", "path secrets that do not give the keys", ErrPath, "7.5", ofSecrets(func(secrets [][]byte) {
			for i := range secrets {
				secrets[i] = randomBytes(32)
			}
		})},
		{"7.5-2", "path secrets of another length", ErrPath, "7.4", ofSecrets(func(secrets [][]byte) {
			for i := range secrets {
				secrets[i] = secrets[i][:31]
			}
		})},
		{"7.6-1", "a ciphertext too few", ErrPath, "7.6", ofPath(func(p *updatePath) { p.nodes[0].secrets = nil })},
		{"7.6-1", "a ciphertext too many", ErrPath, "7.6", ofPath(func(p *updatePath) {
			n := &p.nodes[0]
			n.secrets = append(n.secrets, n.secrets[0])
		})},
		{"7.6-1", "path secret for a member whom the commit adds", ErrPath, "7.6", func(t *testing.T, r refusal) {
			f := newField(t)
			add := forgedPackage(t, newClient(t, X25519ChaCha, "new"), nil, nil)
			fg := &forgery{as: f.groups[1], list: byValue(f.groups[1], add)}
			fg.path = func(p *updatePath) {
				c, err := f.groups[1].suite.encryptWithLabel(add.KeyPackage.Leaf.EncryptionKey, "UpdatePathNode", nil, make([]byte, 32))
				require.NoError(t, err)
				last := &p.nodes[len(p.nodes)-1]
				last.secrets = append(last.secrets, c)
			}
			r.everybody(t, f, 1, fg.message(t))
		}},
		{"7.6-2", "a node too few", ErrPath, "7.6", ofPath(func(p *updatePath) { p.nodes = p.nodes[:len(p.nodes)-1] })},
		{"7.6-2", "a node too many", ErrPath, "7.6", ofPath(func(p *updatePath) { p.nodes = append(p.nodes, p.nodes[0]) })},
		{"7.6-3", "ciphertexts to others", ErrDecrypt, "5.1.3", func(t *testing.T, r refusal) {
			f := newField(t)
			fg := &forgery{as: f.groups[1], path: func(p *updatePath) {
				a, b := p.nodes[0].secrets, p.nodes[1].secrets
				p.nodes[0].secrets, p.nodes[1].secrets = b, a
			}}
			r.onlyMembers(t, f, 1, fg.message(t))
		}},
		{"7.9.2-2", "parent hash of the committer's leaf", ErrPath, "7.9.2", inCommit(plain(func(l *LeafNode) { l.ParentHash = broken(l.ParentHash) }), nil)},
		{"7.9.2-2", "key that the parent hash does not cover", ErrPath, "7.9.2", ofPath(func(p *updatePath) {
			key, err := suites[X25519ChaCha].generateKeyPair()
			if err == nil {
				p.nodes[0].encryptionKey = key.PublicKey().Bytes()
			}
		})},
		{"12.4.2-5", "path with a member's key", ErrPath, "12.4.2", ofKeys(func(t *ratchetTree, keys [][]byte) { keys[0] = t.leaf(3).EncryptionKey })},
		{"12.4.2-5", "path with a parent's key", ErrPath, "12.4.2", ofKeys(func(t *ratchetTree, keys [][]byte) { keys[0] = t.parent(5).encryptionKey })},
		{"12.4.2-5", "path with the key it replaces", ErrPath, "12.4.2", ofKeys(func(t *ratchetTree, keys [][]byte) { keys[1] = t.parent(3).encryptionKey })},
		{"12.4.2-5", "path with one key twice", ErrPath, "12.4.2", ofKeys(func(_ *ratchetTree, keys [][]byte) { keys[1] = keys[0] })},
		{"12.4.2-5", "leaf with a key of the tree", ErrPath, "12.4.2", func(t *testing.T, r refusal) {
			f := newField(t)
			fg := &forgery{as: f.groups[1], fresh: func(l *LeafNode) { l.EncryptionKey = f.server.state.tree.leaf(2).EncryptionKey }}
			r.everybody(t, f, 1, fg.message(t))
		}},
	}
}
