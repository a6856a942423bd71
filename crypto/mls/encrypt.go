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
	padding := 0
	if g.client.Padding != nil {
		padding = max(0, g.client.Padding(len(data)))
	}
	if len(data) > maxApplication || len(authenticatedData) > maxApplication || padding > maxApplication {
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
	m, err := g.suite.protect(g.secrets.senderData, g.tree, a, padding)
	if err != nil {
		return nil, err
	}
	return m.append(appendMessageHeader(nil, WirePrivateMessage)), nil
}
