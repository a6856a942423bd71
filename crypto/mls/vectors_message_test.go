package mls

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVectorMessages(t *testing.T) {
	type vector map[string]hexBytes
	roundTrip := func(t *testing.T, name string, in []byte, decode func([]byte) ([]byte, error)) {
		out, err := decode(in)
		require.NoError(t, err, name)
		require.True(t, bytes.Equal(in, out), "%s does not encode as it was", name)
	}
	s := suites[X25519AES128]
	fields := map[string]func([]byte) ([]byte, error){
		"ratchet_tree": func(b []byte) ([]byte, error) {
			tree, err := parseTree(s, b)
			if err != nil {
				return nil, err
			}
			return tree.append(nil), nil
		},
		"group_secrets": func(b []byte) ([]byte, error) {
			g, err := decodeAll(b, "", (*decoder).groupSecrets)
			if err != nil {
				return nil, err
			}
			return g.append(nil), nil
		},
		"commit": func(b []byte) ([]byte, error) {
			c, err := decodeAll(b, "", (*decoder).commit)
			if err != nil {
				return nil, err
			}
			return c.append(nil), nil
		},
	}
	for name, w := range map[string]WireFormat{
		"mls_welcome": WireWelcome, "mls_group_info": WireGroupInfo, "mls_key_package": WireKeyPackage,
		"public_message_application": WirePublicMessage, "public_message_proposal": WirePublicMessage,
		"public_message_commit": WirePublicMessage, "private_message": WirePrivateMessage,
	} {
		fields[name] = func(b []byte) ([]byte, error) {
			m, err := parseMessage(b)
			if err != nil {
				return nil, err
			}
			require.Equal(t, w, m.wireFormat)
			forgetEncodings(m)
			return m.append(nil), nil
		}
	}
	for name, kind := range map[string]uint16{
		"add_proposal": proposalAdd, "update_proposal": proposalUpdate, "remove_proposal": proposalRemove,
		"pre_shared_key_proposal": proposalPSK, "re_init_proposal": proposalReInit,
		"external_init_proposal":            proposalExternalInit,
		"group_context_extensions_proposal": proposalGroupContextExtensions,
	} {
		fields[name] = func(b []byte) ([]byte, error) {
			p, err := decodeAll(b, "", func(d *decoder) Proposal { return d.proposalBody(kind) })
			if err != nil {
				return nil, err
			}
			return p.append(nil), nil
		}
	}
	eachCase(t, "messages.json", all, func(t *testing.T, _ *suite, v vector) {
		require.Len(t, v, len(fields))
		for name, in := range v {
			require.Contains(t, fields, name)
			roundTrip(t, name, in, fields[name])
		}
	})
}

// forgetEncodings makes a message encode from its fields.
func forgetEncodings(m *mlsMessage) {
	leaf := func(l *LeafNode) { l.raw = nil }
	if m.keyPackage != nil {
		m.keyPackage.raw = nil
		leaf(m.keyPackage.Leaf)
	}
	if m.public != nil {
		c := m.public.content
		c.raw = nil
		if c.commit != nil && c.commit.path != nil {
			leaf(c.commit.path.leaf)
		}
		switch p := c.proposal.(type) {
		case AddProposal:
			p.KeyPackage.raw = nil
			leaf(p.KeyPackage.Leaf)
		case UpdateProposal:
			leaf(p.Leaf)
		}
	}
}

func TestVectorMessageProtection(t *testing.T) {
	type vector struct {
		Suite           CipherSuite `json:"cipher_suite"`
		GroupID         hexBytes    `json:"group_id"`
		Epoch           uint64
		TreeHash        hexBytes `json:"tree_hash"`
		Confirmed       hexBytes `json:"confirmed_transcript_hash"`
		SignaturePriv   hexBytes `json:"signature_priv"`
		SignaturePub    hexBytes `json:"signature_pub"`
		Encryption      hexBytes `json:"encryption_secret"`
		SenderData      hexBytes `json:"sender_data_secret"`
		Membership      hexBytes `json:"membership_key"`
		Proposal        hexBytes
		ProposalPub     hexBytes `json:"proposal_pub"`
		ProposalPriv    hexBytes `json:"proposal_priv"`
		Commit          hexBytes
		CommitPub       hexBytes `json:"commit_pub"`
		CommitPriv      hexBytes `json:"commit_priv"`
		Application     hexBytes
		ApplicationPriv hexBytes `json:"application_priv"`
	}
	eachCase(t, "message-protection.json", func(v vector) CipherSuite { return v.Suite }, func(t *testing.T, s *suite, v vector) {
		context := groupContext{suite: v.Suite, groupID: v.GroupID, epoch: v.Epoch, treeHash: v.TreeHash, confirmedTranscriptHash: v.Confirmed}
		encoded := context.encode()
		newTree := func() *secretTree { return newSecretTree(s, 2, bytes.Clone(v.Encryption)) }

		unprotectPublic := func(message []byte) *authenticatedContent {
			m, err := parseMessage(message)
			require.NoError(t, err)
			a := m.public.authenticated()
			require.Equal(t, Sender{Type: SenderMember, Index: 1}, a.content.sender)
			require.NoError(t, a.verifySignature(s, v.SignaturePub, encoded))
			require.Equal(t, m.public.membershipTag, a.membershipTag(s, v.Membership, encoded))
			return a
		}
		unprotectPrivate := func(message []byte) *authenticatedContent {
			m, err := parseMessage(message)
			require.NoError(t, err)
			sender, err := s.openSenderData(v.SenderData, m.private)
			require.NoError(t, err)
			require.EqualValues(t, 1, sender.leaf)
			a, o, err := s.unprotect(newTree(), sender, m.private)
			require.NoError(t, err)
			require.NoError(t, a.verifySignature(s, v.SignaturePub, encoded))
			o.consume()
			return a
		}
		body := func(a *authenticatedContent) []byte {
			if a.content.contentType == ContentApplication {
				return a.content.application
			}
			return a.content.appendBody(nil)
		}
		sign := func(w WireFormat, from *authenticatedContent) *authenticatedContent {
			c := *from.content
			c.raw = nil
			a := &authenticatedContent{wireFormat: w, content: &c}
			var err error
			a.auth.signature, err = s.signWithLabel(signatureKey(t, s, v.SignaturePriv), "FramedContentTBS", a.tbs(encoded))
			require.NoError(t, err)
			a.auth.confirmationTag = from.auth.confirmationTag
			return a
		}
		check := func(raw, public, private []byte) {
			if public != nil {
				a := unprotectPublic(public)
				require.EqualValues(t, raw, body(a))
				a = sign(WirePublicMessage, a)
				m := &publicMessage{content: a.content, auth: a.auth, membershipTag: a.membershipTag(s, v.Membership, encoded)}
				require.EqualValues(t, raw, body(unprotectPublic(m.append(appendMessageHeader(nil, WirePublicMessage)))))
			}
			a := unprotectPrivate(private)
			require.EqualValues(t, raw, body(a))
			for _, padding := range []int{0, 1, 1000} {
				p, err := s.protect(v.SenderData, newTree(), sign(WirePrivateMessage, a), padding)
				require.NoError(t, err)
				require.EqualValues(t, raw, body(unprotectPrivate(p.append(appendMessageHeader(nil, WirePrivateMessage)))))
			}
		}
		check(v.Proposal, v.ProposalPub, v.ProposalPriv)
		check(v.Commit, v.CommitPub, v.CommitPriv)
		check(v.Application, nil, v.ApplicationPriv)
	})
}

func TestVectorWelcome(t *testing.T) {
	type vector struct {
		Suite      CipherSuite `json:"cipher_suite"`
		InitPriv   hexBytes    `json:"init_priv"`
		SignerPub  hexBytes    `json:"signer_pub"`
		KeyPackage hexBytes    `json:"key_package"`
		Welcome    hexBytes    `json:"welcome"`
	}
	eachCase(t, "welcome.json", func(v vector) CipherSuite { return v.Suite }, func(t *testing.T, s *suite, v vector) {
		kp, err := parseMessage(v.KeyPackage)
		require.NoError(t, err)
		m, err := parseMessage(v.Welcome)
		require.NoError(t, err)
		key, err := encryptionKey(s, v.InitPriv)
		require.NoError(t, err)
		group, err := m.welcome.open(s, kp.keyPackage.Ref(), key)
		require.NoError(t, err)
		member := s.memberSecret(group.joinerSecret, s.zero())
		info, err := m.welcome.openGroupInfo(s, s.welcomeSecret(member))
		require.NoError(t, err)
		require.NoError(t, info.verify(s, v.SignerPub))
		secrets, _ := s.epochFromMember(member, info.context.encode())
		require.True(t, s.macEqual(secrets.confirmation, info.context.confirmedTranscriptHash, info.confirmationTag))
	})
}
