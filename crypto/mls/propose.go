package mls

import (
	"bytes"
	"crypto"
	"time"
)

// ProposeAdd proposes to bring in the client of a key package (RFC 9420
// §12.1.1). The proposer keeps proposals as if they had been received, so that a
// commit can refer to them.
func (g *Group) ProposeAdd(kp *KeyPackage, authenticatedData []byte, now time.Time) ([]byte, error) {
	return g.propose(AddProposal{KeyPackage: kp}, authenticatedData, now)
}

// ProposeRemove proposes to take a member out (§12.1.3).
func (g *Group) ProposeRemove(l LeafIndex, authenticatedData []byte) ([]byte, error) {
	return g.propose(RemoveProposal{LeafIndex: l}, authenticatedData, time.Time{})
}

// ProposeGroupContextExtensions proposes to replace all extensions of the group
// context (§12.1.7).
func (g *Group) ProposeGroupContextExtensions(list []Extension, authenticatedData []byte) ([]byte, error) {
	return g.propose(GroupContextExtensionsProposal{Extensions: list}, authenticatedData, time.Time{})
}

// ProposePreSharedKey proposes to mix in a pre-shared key (§12.1.4).
func (g *Group) ProposePreSharedKey(id PreSharedKeyID, authenticatedData []byte) ([]byte, error) {
	return g.propose(PreSharedKeyProposal{ID: id}, authenticatedData, time.Time{})
}

// ProposeCustom proposes something of the application's own (§12.1). The type must
// be among Client.ProposalTypes, and all members must support it.
func (g *Group) ProposeCustom(p CustomProposal, authenticatedData []byte) ([]byte, error) {
	if g.ended != nil {
		return nil, g.ended
	}
	if err := g.public.checkSupport(p.Type, nil); err != nil {
		return nil, err
	}
	return g.propose(p, authenticatedData, time.Time{})
}

// ProposeReInit proposes to end the group in favour of another one (§12.1.5).
func (g *Group) ProposeReInit(p ReInitProposal, authenticatedData []byte) ([]byte, error) {
	return g.propose(p, authenticatedData, time.Time{})
}

func (g *Group) propose(p Proposal, authenticatedData []byte, now time.Time) ([]byte, error) {
	if g.ended != nil {
		return nil, g.ended
	}
	p, err := g.ownProposal(p)
	if err != nil {
		return nil, err
	}
	message, _, err := g.sendProposal(p, authenticatedData, now)
	return message, err
}

// ProposeUpdate proposes a new leaf for ourselves, with a fresh key and, unless
// nil, other extensions (§12.1.2). Somebody else has to commit it.
func (g *Group) ProposeUpdate(leafExtensions []Extension, authenticatedData []byte) ([]byte, error) {
	if g.ended != nil {
		return nil, g.ended
	}
	leaf, key, err := g.nextLeaf(leafExtensions)
	if err != nil {
		return nil, err
	}
	leaf.Source = LeafFromUpdate
	if err := leaf.sign(g.suite, g.client.SignatureKey, g.public.context.groupID, g.own); err != nil {
		return nil, err
	}
	message, ref, err := g.sendProposal(UpdateProposal{Leaf: leaf}, authenticatedData, time.Time{})
	if err != nil {
		return nil, err
	}
	g.updates[ref] = key[g.own.node()]
	return message, nil
}

// sendProposal signs and frames a proposal of ours, and keeps it.
func (g *Group) sendProposal(p Proposal, authenticatedData []byte, now time.Time) ([]byte, ProposalRef, error) {
	if err := checkSize("authenticated data", authenticatedData); err != nil {
		return nil, "", err
	}
	a := &authenticatedContent{wireFormat: g.handshakeFormat(), content: &framedContent{
		groupID:           g.public.context.groupID,
		epoch:             g.public.context.epoch,
		sender:            Sender{Type: SenderMember, Index: uint32(g.own)},
		authenticatedData: bytes.Clone(authenticatedData),
		contentType:       ContentProposal,
		proposal:          p,
	}}
	var err error
	if a.auth.signature, err = g.suite.signWithLabel(g.client.SignatureKey, "FramedContentTBS", a.tbs(g.public.encoded)); err != nil {
		return nil, "", err
	}
	r, err := g.public.receive(a, now)
	if err != nil {
		return nil, "", err
	}
	message, err := g.handshake(a)
	if err != nil {
		g.public.discard(r.Ref)
		return nil, "", err
	}
	return message, r.Ref, nil
}

// SignExternalProposal makes a proposal by somebody outside the group (§12.1.8):
// the sender at place index of the group's external_senders. Proposals may be of
// every type but UpdateProposal and ExternalInitProposal.
func (p *PublicGroup) SignExternalProposal(key crypto.Signer, index uint32, proposal Proposal, authenticatedData []byte) ([]byte, error) {
	return p.state.signOutside(key, Sender{Type: SenderExternal, Index: index}, proposal, authenticatedData)
}

// ProposeSelf makes an Add proposal by which a client asks to be let in (§12.1.8).
// The key package must be its own.
func (p *PublicGroup) ProposeSelf(c Client, kp *KeyPackage, authenticatedData []byte) ([]byte, error) {
	return p.state.signOutside(c.SignatureKey, Sender{Type: SenderNewMemberProposal}, AddProposal{KeyPackage: kp}, authenticatedData)
}

func (p *publicState) signOutside(key crypto.Signer, sender Sender, proposal Proposal, authenticatedData []byte) ([]byte, error) {
	if p.reInit != nil {
		return nil, errReInit()
	}
	if err := p.checkProposal(proposal, sender, time.Time{}); err != nil {
		return nil, err
	}
	public, err := p.suite.signature.public(key)
	if err != nil {
		return nil, err
	}
	a := &authenticatedContent{wireFormat: WirePublicMessage, content: &framedContent{
		groupID:           p.context.groupID,
		epoch:             p.context.epoch,
		sender:            sender,
		authenticatedData: authenticatedData,
		contentType:       ContentProposal,
		proposal:          proposal,
	}}
	want, err := p.signatureKey(a.content)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(want, public) {
		return nil, rule(ErrKey, "6.1", "signature key is not that of the sender")
	}
	if a.auth.signature, err = p.suite.signWithLabel(key, "FramedContentTBS", a.tbs(nil)); err != nil {
		return nil, err
	}
	m := &publicMessage{content: a.content, auth: a.auth}
	return m.append(appendMessageHeader(nil, WirePublicMessage)), nil
}
