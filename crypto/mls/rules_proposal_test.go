package mls

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// bothWays lets a member propose something invalid, and commit it by value.
func bothWays(p func(f *field) Proposal) func(*testing.T, refusal) {
	return func(t *testing.T, r refusal) {
		f := newField(t)
		q := p(f)
		r.everybody(t, f, 1, forgedProposal(t, f.groups[1], q, nil))
		r.everybody(t, f, 1, (&forgery{as: f.groups[1], list: byValue(f.groups[1], q)}).message(t))
	}
}

// outside is somebody who is not in the group, and in its list of external senders
// if listed.
func outside(t *testing.T, listed bool) (*field, *Group) {
	c := newClient(t, X25519ChaCha, "service")
	var context []Extension
	if listed {
		public, err := c.Suite.SignaturePublicKey(c.SignatureKey)
		require.NoError(t, err)
		context = []Extension{ExternalSenders(ExternalSender{SignatureKey: public, Credential: c.Credential})}
	}
	f := newField(t, context...)
	return f, &Group{client: c, suite: f.groups[0].suite, public: f.server.state.copy()}
}

// fromOutside lets somebody outside send a proposal.
func fromOutside(listed bool, sender Sender, p func(t *testing.T, f *field, as *Group) Proposal) func(*testing.T, refusal) {
	return func(t *testing.T, r refusal) {
		f, as := outside(t, listed)
		message := forgedProposal(t, as, p(t, f, as), func(c *framedContent) { c.sender = sender })
		r.everybody(t, f, -1, message)
	}
}

func removal(l LeafIndex) func(*testing.T, *field, *Group) Proposal {
	return func(*testing.T, *field, *Group) Proposal { return RemoveProposal{LeafIndex: l} }
}

func ofPSK(change func(*PreSharedKeyID)) func(*field) Proposal {
	return func(*field) Proposal {
		p := PreSharedKeyProposal{ID: PreSharedKeyID{Type: PSKResumption, Usage: ResumptionApplication, GroupID: groupID, Epoch: 1, Nonce: bytes.Repeat([]byte{7}, 32)}}
		change(&p.ID)
		return p
	}
}

// proposalRules are those of §11.1 and §12.1.
func proposalRules() []brokenRule {
	inTime := func(change func(*framedContent)) func(*testing.T, refusal) {
		return func(t *testing.T, r refusal) {
			f := newField(t)
			r.everybody(t, f, 1, forgedProposal(t, f.groups[1], RemoveProposal{LeafIndex: 2}, change))
		}
	}
	required := func(c RequiredCapabilities) func(*testing.T, refusal) {
		return func(t *testing.T, r refusal) {
			f := newField(t) // member 3 can do nothing special
			list := byValue(f.groups[1], GroupContextExtensionsProposal{Extensions: []Extension{c.Extension()}})
			r.everybody(t, f, 1, (&forgery{as: f.groups[1], list: list}).message(t))
		}
	}
	external := Sender{Type: SenderExternal}
	rows := []brokenRule{
		{"11.1-1", "required extension that a member does not support", ErrLeafNode, "11.1", required(RequiredCapabilities{Extensions: []uint16{extensionRoom}})},
		{"11.1-1", "required proposal that a member does not support", ErrLeafNode, "11.1", required(RequiredCapabilities{Proposals: []uint16{proposalTopic}})},
		{"11.1-1", "required credential that a member does not support", ErrLeafNode, "11.1", required(RequiredCapabilities{Credentials: []uint16{CredentialX509}})},
		{"12.1-1", "signature of a proposal", ErrSignature, "6.1", func(t *testing.T, r refusal) {
			f := newField(t)
			m := forgedProposal(t, f.groups[1], RemoveProposal{LeafIndex: 2}, nil)
			m = tampered(t, f.groups[1], m, false, func(p *publicMessage) { p.auth.signature = broken(p.auth.signature) })
			r.everybody(t, f, 1, m)
		}},
		{"12.1-2", "proposal of the epoch before", ErrStaleEpoch, "12.4.2", inTime(func(c *framedContent) { c.epoch-- })},
		{"12.1-2", "proposal of the epoch to come", ErrFutureEpoch, "12.4.2", inTime(func(c *framedContent) { c.epoch++ })},
		{"12.1.1-1", "key package of another version", ErrKeyPackage, "10.1", inAdd(nil, func(k *KeyPackage) { k.version = 2 })},
		{"12.1.1-1", "key package of another suite", ErrKeyPackage, "10.1", inAdd(nil, func(k *KeyPackage) { k.Suite = X25519AES128 })},
		{"12.1.1-1", "init_key that is the encryption key", ErrKeyPackage, "10.1", inAdd(nil, func(k *KeyPackage) { k.InitKey = k.Leaf.EncryptionKey })},
		{"12.1.1-1", "init_key that is none", ErrMalformed, "5.1.1", inAdd(nil, func(k *KeyPackage) { k.InitKey = k.InitKey[1:] })},
		{"12.1.1-1", "encryption key that is none", ErrMalformed, "5.1.1", inAdd(func(l *LeafNode) { l.EncryptionKey = make([]byte, 32) }, nil)},
		{"12.1.1-1", "signature key that is none", ErrMalformed, "5.1.1", inAdd(func(l *LeafNode) { l.SignatureKey = l.SignatureKey[1:] }, nil)},
		{"12.1.1-1", "signature of the key package", ErrSignature, "10.1", func(t *testing.T, r refusal) {
			f := newField(t)
			p := forgedPackage(t, newClient(t, X25519ChaCha, "new"), nil, nil)
			p.KeyPackage.Signature, p.KeyPackage.raw = broken(p.KeyPackage.Signature), nil
			r.everybody(t, f, 1, forgedProposal(t, f.groups[1], p, nil))
			r.everybody(t, f, 1, (&forgery{as: f.groups[1], list: byValue(f.groups[1], p)}).message(t))
		}},
		{"12.1.2-1", "Update with an encryption key that is none", ErrMalformed, "5.1.1", inUpdate(plain(func(l *LeafNode) { l.EncryptionKey = nil }), nil)},
		{"12.1.3-1", "Remove beyond the tree", ErrProposal, "12.1.3", bothWays(func(*field) Proposal { return RemoveProposal{LeafIndex: 9} })},
		{"12.1.3-1", "Remove of a blank leaf", ErrProposal, "12.1.3", func(t *testing.T, r refusal) {
			f := newField(t)
			commitAndDeliver(t, f.groups, 0, CommitOptions{Proposals: []Proposal{RemoveProposal{LeafIndex: 3}}})
			f.groups, f.server = f.groups[:3], f.groups[0].Public()
			p := RemoveProposal{LeafIndex: 3}
			r.everybody(t, f, 1, forgedProposal(t, f.groups[1], p, nil))
			r.everybody(t, f, 1, (&forgery{as: f.groups[1], list: byValue(f.groups[1], p)}).message(t))
		}},
		{"12.1.4-1", "pre-shared key of usage reinit", ErrProposal, "12.1.4", bothWays(ofPSK(func(id *PreSharedKeyID) { id.Usage = ResumptionReInit }))},
		{"12.1.4-2", "pre-shared key of usage branch", ErrProposal, "12.1.4", bothWays(ofPSK(func(id *PreSharedKeyID) { id.Usage = ResumptionBranch }))},
		{"12.1.4-3", "psk_nonce too short", ErrProposal, "12.1.4", bothWays(ofPSK(func(id *PreSharedKeyID) { id.Nonce = id.Nonce[1:] }))},
		{"12.1.4-3", "psk_nonce too long", ErrProposal, "12.1.4", bothWays(func(*field) Proposal {
			p := pskNamed("a")
			p.ID.Nonce = append(p.ID.Nonce, 7)
			return p
		})},
		{"12.1.5-1", "ReInit to an older version", ErrProposal, "12.1.5", bothWays(func(*field) Proposal {
			return ReInitProposal{GroupID: []byte("next"), Suite: X25519ChaCha}
		})},
		{"12.1.6-1", "ExternalInit proposed by a member", ErrProposal, "12.1.6", func(t *testing.T, r refusal) {
			f := newField(t)
			r.everybody(t, f, 1, forgedProposal(t, f.groups[1], ExternalInitProposal{KEMOutput: make([]byte, 32)}, nil))
		}},
		{"12.1.7-1", "required extension that an added member does not support", ErrLeafNode, "11.1", func(t *testing.T, r refusal) {
			f := newField(t)
			gce := GroupContextExtensionsProposal{Extensions: []Extension{RequiredCapabilities{Extensions: []uint16{extensionRoom}}.Extension()}}
			add := forgedPackage(t, newClient(t, X25519ChaCha, "new"), nil, nil)
			fg := &forgery{as: f.groups[1], list: byValue(f.groups[1], RemoveProposal{LeafIndex: 3}, gce, add)}
			r.everybody(t, f, 1, fg.message(t))
			// Whom the commit removes need not support it.
			f.accepted(t, 1, (&forgery{as: f.groups[1], list: byValue(f.groups[1], RemoveProposal{LeafIndex: 3}, gce)}).message(t))
		}},
		{"12.1.8-1", "external sender in a group without any", ErrSender, "12.1.8", fromOutside(false, external, removal(2))},
		{"12.1.8-2", "external sender beyond the list", ErrSender, "12.1.8", fromOutside(true, Sender{Type: SenderExternal, Index: 1}, removal(2))},
		{"12.1.8-3", "signature of an external sender", ErrSignature, "6.1", func(t *testing.T, r refusal) {
			f, as := outside(t, true)
			as.client.SignatureKey = newClient(t, X25519ChaCha, "else").SignatureKey
			r.everybody(t, f, -1, forgedProposal(t, as, RemoveProposal{LeafIndex: 2}, func(c *framedContent) { c.sender = external }))
		}},
		{"12.1.8-4", "Update of an external sender", ErrSender, "12.1.8", fromOutside(true, external, func(t *testing.T, f *field, _ *Group) Proposal {
			return forgedUpdate(t, f.groups[0], nil)
		})},
		{"12.1.8-4", "ExternalInit of an external sender", ErrSender, "12.1.8", fromOutside(true, external, func(*testing.T, *field, *Group) Proposal {
			return ExternalInitProposal{KEMOutput: make([]byte, 32)}
		})},
		{"12.1.8-4", "custom type that external senders may not send", ErrSender, "12.1.8", fromOutside(true, external, func(*testing.T, *field, *Group) Proposal {
			return CustomProposal{Type: proposalTopic, Body: OpaqueBody(nil)}
		})},
		{"12.1.8-5", "new member who proposes something else than an Add", ErrSender, "6.1", fromOutside(true, Sender{Type: SenderNewMemberProposal}, removal(2))},
		{"12.1.8-6", "new member who proposes to add somebody else", ErrSignature, "6.1", fromOutside(false, Sender{Type: SenderNewMemberProposal}, func(t *testing.T, _ *field, _ *Group) Proposal {
			return forgedPackage(t, newClient(t, X25519ChaCha, "else"), nil, nil)
		})},
	}
	return rows
}
