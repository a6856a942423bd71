package mls

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVectorTreeMath(t *testing.T) {
	type vector struct {
		Leaves  int       `json:"n_leaves"`
		Nodes   int       `json:"n_nodes"`
		Root    uint32    `json:"root"`
		Left    []*uint32 `json:"left"`
		Right   []*uint32 `json:"right"`
		Parent  []*uint32 `json:"parent"`
		Sibling []*uint32 `json:"sibling"`
	}
	eachCase(t, "tree-math.json", all, func(t *testing.T, _ *suite, v vector) {
		require.Equal(t, v.Leaves, fullLeaves(v.Leaves))
		require.Equal(t, v.Nodes, nodeWidth(v.Leaves))
		require.EqualValues(t, v.Root, rootOf(v.Leaves))
		for i := range v.Nodes {
			x := nodeIndex(i)
			require.Equal(t, x.isLeaf(), v.Left[i] == nil)
			if !x.isLeaf() {
				require.EqualValues(t, *v.Left[i], x.left())
				require.EqualValues(t, *v.Right[i], x.right())
				require.Equal(t, x.left().firstLeaf(), x.firstLeaf())
				require.Equal(t, x.right().lastLeaf(), x.lastLeaf())
			}
			require.Equal(t, x == rootOf(v.Leaves), v.Parent[i] == nil)
			if v.Parent[i] != nil {
				require.EqualValues(t, *v.Parent[i], x.parent())
				require.EqualValues(t, *v.Sibling[i], x.sibling())
			}
		}
		for a := range v.Leaves {
			for b := a + 1; b < v.Leaves && b < a+20; b++ {
				x := commonAncestor(LeafIndex(a), LeafIndex(b))
				require.True(t, x.left().covers(LeafIndex(a)) && x.right().covers(LeafIndex(b)))
			}
		}
	})
}

func TestVectorCryptoBasics(t *testing.T) {
	type vector struct {
		Suite   CipherSuite `json:"cipher_suite"`
		RefHash struct {
			Label      string
			Value, Out hexBytes
		} `json:"ref_hash"`
		Expand struct {
			Secret, Context, Out hexBytes
			Label                string
			Length               int
		} `json:"expand_with_label"`
		Derive struct {
			Secret, Out hexBytes
			Label       string
		} `json:"derive_secret"`
		DeriveTree struct {
			Secret, Out hexBytes
			Label       string
			Generation  uint32
			Length      int
		} `json:"derive_tree_secret"`
		Sign struct {
			Priv, Pub, Content, Signature hexBytes
			Label                         string
		} `json:"sign_with_label"`
		Encrypt struct {
			Priv, Pub, Context, Plaintext, Ciphertext hexBytes
			KEMOutput                                 hexBytes `json:"kem_output"`
			Label                                     string
		} `json:"encrypt_with_label"`
	}
	eachCase(t, "crypto-basics.json", func(v vector) CipherSuite { return v.Suite }, func(t *testing.T, s *suite, v vector) {
		require.EqualValues(t, v.RefHash.Out, s.refHash(v.RefHash.Label, v.RefHash.Value))
		require.EqualValues(t, v.Expand.Out, s.expandWithLabel(v.Expand.Secret, v.Expand.Label, v.Expand.Context, v.Expand.Length))
		require.EqualValues(t, v.Derive.Out, s.deriveSecret(v.Derive.Secret, v.Derive.Label))
		require.EqualValues(t, v.DeriveTree.Out, s.deriveTreeSecret(v.DeriveTree.Secret, v.DeriveTree.Label, v.DeriveTree.Generation, v.DeriveTree.Length))

		require.True(t, s.verifyWithLabel(v.Sign.Pub, v.Sign.Label, v.Sign.Content, v.Sign.Signature))
		key := signatureKey(t, s, v.Sign.Priv)
		signature, err := s.signWithLabel(key, v.Sign.Label, v.Sign.Content)
		require.NoError(t, err)
		require.True(t, s.verifyWithLabel(v.Sign.Pub, v.Sign.Label, v.Sign.Content, signature))
		require.False(t, s.verifyWithLabel(v.Sign.Pub, v.Sign.Label+"x", v.Sign.Content, signature))

		e := v.Encrypt
		priv, err := encryptionKey(s, e.Priv)
		require.NoError(t, err)
		plain, err := s.decryptWithLabel(priv, e.Label, e.Context, hpkeCiphertext{e.KEMOutput, e.Ciphertext})
		require.NoError(t, err)
		require.EqualValues(t, e.Plaintext, plain)
		c, err := s.encryptWithLabel(e.Pub, e.Label, e.Context, e.Plaintext)
		require.NoError(t, err)
		plain, err = s.decryptWithLabel(priv, e.Label, e.Context, c)
		require.NoError(t, err)
		require.EqualValues(t, e.Plaintext, plain)
	})
}

func TestVectorKeySchedule(t *testing.T) {
	type epoch struct {
		TreeHash      hexBytes `json:"tree_hash"`
		CommitSecret  hexBytes `json:"commit_secret"`
		PSKSecret     hexBytes `json:"psk_secret"`
		Confirmed     hexBytes `json:"confirmed_transcript_hash"`
		GroupContext  hexBytes `json:"group_context"`
		Joiner        hexBytes `json:"joiner_secret"`
		Welcome       hexBytes `json:"welcome_secret"`
		Init          hexBytes `json:"init_secret"`
		SenderData    hexBytes `json:"sender_data_secret"`
		Encryption    hexBytes `json:"encryption_secret"`
		ExporterKey   hexBytes `json:"exporter_secret"`
		Authenticator hexBytes `json:"epoch_authenticator"`
		External      hexBytes `json:"external_secret"`
		Confirmation  hexBytes `json:"confirmation_key"`
		Membership    hexBytes `json:"membership_key"`
		Resumption    hexBytes `json:"resumption_psk"`
		ExternalPub   hexBytes `json:"external_pub"`
		Exporter      struct {
			Label           string
			Context, Secret hexBytes
			Length          int
		}
	}
	type vector struct {
		Suite   CipherSuite `json:"cipher_suite"`
		GroupID hexBytes    `json:"group_id"`
		Init    hexBytes    `json:"initial_init_secret"`
		Epochs  []epoch
	}
	eachCase(t, "key-schedule.json", func(v vector) CipherSuite { return v.Suite }, func(t *testing.T, s *suite, v vector) {
		init := []byte(v.Init)
		for i, e := range v.Epochs {
			context := groupContext{suite: v.Suite, groupID: v.GroupID, epoch: uint64(i), treeHash: e.TreeHash, confirmedTranscriptHash: e.Confirmed}
			encoded := context.encode()
			require.EqualValues(t, e.GroupContext, encoded)
			psk := []byte(e.PSKSecret)
			if psk == nil {
				psk = s.zero()
			}
			joiner := s.joinerSecret(init, e.CommitSecret, encoded)
			require.EqualValues(t, e.Joiner, joiner)
			member := s.memberSecret(joiner, psk)
			require.EqualValues(t, e.Welcome, s.welcomeSecret(member))
			secrets, encryption := s.epochFromMember(member, encoded)
			require.EqualValues(t, e.Init, secrets.init)
			require.EqualValues(t, e.SenderData, secrets.senderData)
			require.EqualValues(t, e.Encryption, encryption)
			require.EqualValues(t, e.ExporterKey, secrets.exporter)
			require.EqualValues(t, e.Authenticator, secrets.authenticator)
			require.EqualValues(t, e.External, secrets.external)
			require.EqualValues(t, e.Confirmation, secrets.confirmation)
			require.EqualValues(t, e.Membership, secrets.membership)
			require.EqualValues(t, e.Resumption, secrets.resumption)
			key, err := s.externalKey(secrets)
			require.NoError(t, err)
			require.EqualValues(t, e.ExternalPub, key.PublicKey().Bytes())
			x := e.Exporter
			require.EqualValues(t, x.Secret, s.export(secrets.exporter, x.Label, x.Context, x.Length))
			init = secrets.init
		}
	})
}

func TestVectorPSKSecret(t *testing.T) {
	type vector struct {
		Suite CipherSuite `json:"cipher_suite"`
		PSKs  []struct {
			ID    hexBytes `json:"psk_id"`
			PSK   hexBytes `json:"psk"`
			Nonce hexBytes `json:"psk_nonce"`
		}
		Secret hexBytes `json:"psk_secret"`
	}
	eachCase(t, "psk_secret.json", func(v vector) CipherSuite { return v.Suite }, func(t *testing.T, s *suite, v vector) {
		var keys []preSharedKey
		for _, p := range v.PSKs {
			keys = append(keys, preSharedKey{id: PreSharedKeyID{Type: PSKExternal, ID: p.ID, Nonce: p.Nonce}, key: p.PSK})
		}
		require.EqualValues(t, v.Secret, s.pskSecret(keys))
	})
}

func TestVectorSecretTree(t *testing.T) {
	type generation struct {
		Generation       uint32
		HandshakeKey     hexBytes `json:"handshake_key"`
		HandshakeNonce   hexBytes `json:"handshake_nonce"`
		ApplicationKey   hexBytes `json:"application_key"`
		ApplicationNonce hexBytes `json:"application_nonce"`
	}
	type vector struct {
		Suite      CipherSuite `json:"cipher_suite"`
		SenderData struct {
			Secret     hexBytes `json:"sender_data_secret"`
			Ciphertext hexBytes
			Key, Nonce hexBytes
		} `json:"sender_data"`
		Encryption hexBytes `json:"encryption_secret"`
		Leaves     [][]generation
	}
	eachCase(t, "secret-tree.json", func(v vector) CipherSuite { return v.Suite }, func(t *testing.T, s *suite, v vector) {
		key, nonce := s.senderKey(v.SenderData.Secret, v.SenderData.Ciphertext)
		require.EqualValues(t, v.SenderData.Key, key)
		require.EqualValues(t, v.SenderData.Nonce, nonce)
		for _, backwards := range []bool{false, true} {
			tree := newSecretTree(s, len(v.Leaves), append([]byte(nil), v.Encryption...))
			for i := range v.Leaves {
				if backwards {
					i = len(v.Leaves) - 1 - i
				}
				for j := range v.Leaves[i] {
					if backwards {
						j = len(v.Leaves[i]) - 1 - j
					}
					g := v.Leaves[i][j]
					o, err := tree.open(LeafIndex(i), ContentProposal, g.Generation)
					require.NoError(t, err)
					require.EqualValues(t, g.HandshakeKey, o.key.key)
					require.EqualValues(t, g.HandshakeNonce, o.key.nonce)
					o.consume()
					o, err = tree.open(LeafIndex(i), ContentApplication, g.Generation)
					require.NoError(t, err)
					require.EqualValues(t, g.ApplicationKey, o.key.key)
					require.EqualValues(t, g.ApplicationNonce, o.key.nonce)
					o.consume()
					_, err = tree.open(LeafIndex(i), ContentApplication, g.Generation)
					require.ErrorIs(t, err, ErrReplay)
				}
			}
		}
	})
}

func TestVectorTranscriptHashes(t *testing.T) {
	type vector struct {
		Suite        CipherSuite `json:"cipher_suite"`
		Confirmation hexBytes    `json:"confirmation_key"`
		Content      hexBytes    `json:"authenticated_content"`
		Before       hexBytes    `json:"interim_transcript_hash_before"`
		Confirmed    hexBytes    `json:"confirmed_transcript_hash_after"`
		Interim      hexBytes    `json:"interim_transcript_hash_after"`
	}
	eachCase(t, "transcript-hashes.json", func(v vector) CipherSuite { return v.Suite }, func(t *testing.T, s *suite, v vector) {
		a, err := decodeAll(v.Content, "content", (*decoder).authenticatedContent)
		require.NoError(t, err)
		require.EqualValues(t, v.Content, a.append(nil))
		require.Equal(t, ContentCommit, a.content.contentType)
		confirmed := s.confirmedTranscriptHash(v.Before, a)
		require.EqualValues(t, v.Confirmed, confirmed)
		require.True(t, s.macEqual(v.Confirmation, confirmed, a.auth.confirmationTag))
		require.EqualValues(t, v.Interim, s.interimTranscriptHash(confirmed, a.auth.confirmationTag))
	})
}

// authenticatedContent is only ever read from vectors.
func (d *decoder) authenticatedContent() *authenticatedContent {
	a := &authenticatedContent{wireFormat: WireFormat(d.uint16()), content: d.framedContent()}
	a.auth = d.authData(a.content.contentType)
	return a
}

func TestVectorDeserialization(t *testing.T) {
	type vector struct {
		Header hexBytes `json:"vlbytes_header"`
		Length int
	}
	eachCase(t, "deserialization.json", all, func(t *testing.T, _ *suite, v vector) {
		d := newDecoder(v.Header)
		require.Equal(t, v.Length, d.length())
		require.NoError(t, d.done())
		require.EqualValues(t, v.Header, appendLength(nil, v.Length))
	})
}
