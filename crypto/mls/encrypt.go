package mls

import "bytes"

// maxApplication bounds what one message carries.
const maxApplication = 1 << 28

// Encrypt makes an application message, an MLSMessage with a PrivateMessage
// (RFC 9420 §6.3, §15). The authenticated data is sent in the clear. It is
// refused while proposals are pending: they must be committed first (§12.4).
func (g *Group) Encrypt(data, authenticatedData []byte) ([]byte, error) {
	if g.ended != nil {
		return nil, g.ended
	}
	if len(g.public.pending) > 0 {
		return nil, rule(ErrPendingProposals, "12.4", "%d proposals wait for a commit", len(g.public.pending))
	}
	if len(data) > maxApplication || len(authenticatedData) > maxApplication {
		return nil, rule(ErrMalformed, "2.1.2", "message of %d bytes is too long", len(data))
	}
	a := &authenticatedContent{wireFormat: WirePrivateMessage, content: &framedContent{
		groupID:           g.public.context.groupID,
		epoch:             g.public.context.epoch,
		sender:            Sender{Type: SenderMember, Index: uint32(g.own)},
		authenticatedData: bytes.Clone(authenticatedData),
		contentType:       ContentApplication,
		application:       data,
	}}
	var err error
	if a.auth.signature, err = g.suite.signWithLabel(g.client.SignatureKey, "FramedContentTBS", a.tbs(g.public.encoded)); err != nil {
		return nil, err
	}
	return g.encrypt(a, len(data))
}

// encrypt makes a PrivateMessage of what we have signed; length is what the padding
// depends on.
func (g *Group) encrypt(a *authenticatedContent, length int) ([]byte, error) {
	padding := 0
	if g.client.Padding != nil {
		padding = max(0, g.client.Padding(length))
	}
	if padding > maxApplication {
		return nil, rule(ErrMalformed, "2.1.2", "padding of %d bytes is too long", padding)
	}
	m, err := g.suite.protect(g.secrets.senderData, g.tree, a, padding)
	if err != nil {
		return nil, err
	}
	return m.append(appendMessageHeader(nil, WirePrivateMessage)), nil
}

// handshakeFormat is that of our proposals and commits.
func (g *Group) handshakeFormat() WireFormat {
	if g.client.PrivateHandshakes {
		return WirePrivateMessage
	}
	return WirePublicMessage
}

// handshake frames a proposal or a commit that a member, or a client that joins, has
// signed.
func (g *Group) handshake(a *authenticatedContent) ([]byte, error) {
	if a.wireFormat == WirePrivateMessage {
		return g.encrypt(a, len(a.content.appendBody(nil)))
	}
	m := &publicMessage{content: a.content, auth: a.auth}
	if a.content.sender.Type == SenderMember {
		m.membershipTag = a.membershipTag(g.suite, g.secrets.membership, g.public.encoded)
	}
	return m.append(appendMessageHeader(nil, WirePublicMessage)), nil
}
