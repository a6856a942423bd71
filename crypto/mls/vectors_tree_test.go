package mls

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVectorTreeOperations(t *testing.T) {
	type vector struct {
		Suite      CipherSuite `json:"cipher_suite"`
		Before     hexBytes    `json:"tree_before"`
		Proposal   hexBytes
		Sender     LeafIndex `json:"proposal_sender"`
		HashBefore hexBytes  `json:"tree_hash_before"`
		After      hexBytes  `json:"tree_after"`
		HashAfter  hexBytes  `json:"tree_hash_after"`
	}
	eachCase(t, "tree-operations.json", func(v vector) CipherSuite { return v.Suite }, func(t *testing.T, s *suite, v vector) {
		before, err := parseTree(s, v.Before)
		require.NoError(t, err)
		require.EqualValues(t, v.HashBefore, before.rootHash())
		require.EqualValues(t, v.Before, before.append(nil))
		p, err := decodeAll(v.Proposal, "proposal", (*decoder).proposal)
		require.NoError(t, err)

		tree := before.clone()
		switch p := p.(type) {
		case AddProposal:
			_, err := tree.add(p.KeyPackage.Leaf)
			require.NoError(t, err)
		case UpdateProposal:
			tree.update(v.Sender, p.Leaf)
		case RemoveProposal:
			tree.remove(p.LeafIndex)
			tree.truncate()
		default:
			t.Fatalf("unexpected proposal %T", p)
		}
		require.EqualValues(t, v.After, tree.append(nil))
		require.EqualValues(t, v.HashAfter, tree.rootHash())
		require.EqualValues(t, v.HashBefore, before.rootHash())
		require.EqualValues(t, v.Before, before.append(nil))
	})
}

func TestVectorTreeValidation(t *testing.T) {
	type vector struct {
		Suite       CipherSuite `json:"cipher_suite"`
		Tree        hexBytes
		GroupID     hexBytes `json:"group_id"`
		Resolutions [][]nodeIndex
		Hashes      []hexBytes `json:"tree_hashes"`
	}
	eachCase(t, "tree-validation.json", func(v vector) CipherSuite { return v.Suite }, func(t *testing.T, s *suite, v vector) {
		tree, err := parseTree(s, v.Tree)
		require.NoError(t, err)
		require.Len(t, v.Resolutions, nodeWidth(len(tree.leaves)))
		for i := range v.Resolutions {
			x := nodeIndex(i)
			require.Equal(t, v.Resolutions[i], tree.resolution([]nodeIndex{}, x))
			require.Equal(t, len(v.Resolutions[i]) == 0, tree.empty(x))
			require.EqualValues(t, v.Hashes[i], tree.treeHash(x))
		}
		require.NoError(t, tree.validate(v.GroupID, nil))

		// Any other parent hash is refused.
		for i, p := range tree.parents {
			if p == nil {
				continue
			}
			forged := tree.clone()
			forged.parents[i] = &parentNode{encryptionKey: p.encryptionKey, parentHash: append([]byte{1}, p.parentHash...), unmerged: p.unmerged}
			forged.touch(nodeIndex(2*i + 1))
			require.ErrorIs(t, forged.verifyParentHashes(), ErrTree)
		}
	})
}

func TestVectorTreeKEM(t *testing.T) {
	type vector struct {
		Suite     CipherSuite `json:"cipher_suite"`
		GroupID   hexBytes    `json:"group_id"`
		Epoch     uint64
		Confirmed hexBytes `json:"confirmed_transcript_hash"`
		Tree      hexBytes `json:"ratchet_tree"`
		Leaves    []struct {
			Index      LeafIndex
			Encryption hexBytes `json:"encryption_priv"`
			Signature  hexBytes `json:"signature_priv"`
			Secrets    []struct {
				Node   nodeIndex
				Secret hexBytes `json:"path_secret"`
			} `json:"path_secrets"`
		} `json:"leaves_private"`
		Paths []struct {
			Sender       LeafIndex
			Path         hexBytes   `json:"update_path"`
			Secrets      []hexBytes `json:"path_secrets"`
			CommitSecret hexBytes   `json:"commit_secret"`
			HashAfter    hexBytes   `json:"tree_hash_after"`
		} `json:"update_paths"`
	}
	eachCase(t, "treekem.json", func(v vector) CipherSuite { return v.Suite }, func(t *testing.T, s *suite, v vector) {
		tree, err := parseTree(s, v.Tree)
		require.NoError(t, err)
		private := map[LeafIndex]privateKeys{}
		signers := map[LeafIndex][]byte{}
		for _, l := range v.Leaves {
			key, err := encryptionKey(s, l.Encryption)
			require.NoError(t, err)
			keys := privateKeys{l.Index.node(): key}
			for _, p := range l.Secrets {
				keys[p.Node], err = s.nodeKey(p.Secret)
				require.NoError(t, err)
			}
			for x, k := range keys {
				require.False(t, tree.blank(x))
				require.Equal(t, tree.key(x), k.PublicKey().Bytes())
			}
			private[l.Index] = keys
			signers[l.Index] = l.Signature
		}
		context := func(after *ratchetTree) []byte {
			c := groupContext{suite: v.Suite, groupID: v.GroupID, epoch: v.Epoch, treeHash: after.rootHash(), confirmedTranscriptHash: v.Confirmed}
			return c.encode()
		}
		receive := func(sender LeafIndex, path *updatePath, check func(LeafIndex, *pathSecrets)) *ratchetTree {
			after := tree.clone()
			steps, err := after.mergePath(sender, path, nil)
			require.NoError(t, err)
			for l, keys := range private {
				if l == sender {
					continue
				}
				secrets, err := after.openPath(l, keys, path, steps, nil, context(after))
				require.NoError(t, err)
				check(l, secrets)
			}
			return after
		}
		for _, p := range v.Paths {
			path, err := decodeAll(p.Path, "path", (*decoder).updatePath)
			require.NoError(t, err)
			after := receive(p.Sender, path, func(l LeafIndex, secrets *pathSecrets) {
				require.EqualValues(t, p.Secrets[l], secrets.secrets[0])
				require.EqualValues(t, p.CommitSecret, secrets.commitSecret)
			})
			require.EqualValues(t, p.HashAfter, after.rootHash())

			fresh := tree.clone()
			leafKey, err := s.generateKeyPair()
			require.NoError(t, err)
			leaf := *tree.leaf(p.Sender)
			leaf.EncryptionKey = leafKey.PublicKey().Bytes()
			steps, secrets, err := fresh.freshPath(p.Sender, &leaf, signatureKey(t, s, signers[p.Sender]), v.GroupID)
			require.NoError(t, err)
			sealed, err := fresh.sealPath(&leaf, steps, secrets, nil, context(fresh))
			require.NoError(t, err)
			receive(p.Sender, sealed, func(_ LeafIndex, got *pathSecrets) {
				require.Equal(t, secrets.commitSecret, got.commitSecret)
			})
		}
	})
}
