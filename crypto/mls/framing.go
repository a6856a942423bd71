package mls

// WireFormat is the kind of an MLSMessage (RFC 9420 §17.2).
type WireFormat uint16

// The kinds of MLSMessage.
const (
	WirePublicMessage  WireFormat = 1
	WirePrivateMessage WireFormat = 2
	WireWelcome        WireFormat = 3
	WireGroupInfo      WireFormat = 4
	WireKeyPackage     WireFormat = 5
)

// ContentType is what a PublicMessage or PrivateMessage carries (§6).
type ContentType uint8

// The types of content.
const (
	ContentApplication ContentType = 1
	ContentProposal    ContentType = 2
	ContentCommit      ContentType = 3
)

// SenderType says in which capacity a message was sent (§6).
type SenderType uint8

// The types of senders.
const (
	SenderMember            SenderType = 1
	SenderExternal          SenderType = 2
	SenderNewMemberProposal SenderType = 3
	SenderNewMemberCommit   SenderType = 4
)

// Sender says who sent a message: Index is the leaf of a member, or the place
// of an external sender in the group's list, and zero for others.
type Sender struct {
	Type  SenderType
	Index uint32
}

// Member gives the leaf of a sender who is a member.
func (s Sender) Member() (LeafIndex, bool) {
	return LeafIndex(s.Index), s.Type == SenderMember
}

func (s Sender) append(b []byte) []byte {
	b = append(b, byte(s.Type))
	if s.Type == SenderMember || s.Type == SenderExternal {
		b = appendUint32(b, s.Index)
	}
	return b
}

func (d *decoder) sender() Sender {
	s := Sender{Type: SenderType(d.uint8())}
	switch s.Type {
	case SenderMember, SenderExternal:
		s.Index = d.uint32()
	case SenderNewMemberProposal, SenderNewMemberCommit:
	default:
		d.fail("sender type %d", s.Type)
	}
	return s
}

// framedContent is FramedContent of §6. One of the last three is set, as the
// content type says.
type framedContent struct {
	groupID           []byte
	epoch             uint64
	sender            Sender
	authenticatedData []byte
	contentType       ContentType

	application []byte
	proposal    Proposal
	commit      *commit

	raw []byte // where it was decoded
}

func (c *framedContent) appendHeader(b []byte) []byte {
	b = appendVector(b, c.groupID)
	b = appendUint64(b, c.epoch)
	b = c.sender.append(b)
	b = appendVector(b, c.authenticatedData)
	return append(b, byte(c.contentType))
}

func (c *framedContent) appendBody(b []byte) []byte {
	switch c.contentType {
	case ContentApplication:
		return appendVector(b, c.application)
	case ContentProposal:
		return appendProposal(b, c.proposal)
	default:
		return c.commit.append(b)
	}
}

func (c *framedContent) append(b []byte) []byte {
	if c.raw != nil {
		return append(b, c.raw...)
	}
	return c.appendBody(c.appendHeader(b))
}

func (d *decoder) contentType() ContentType {
	t := ContentType(d.uint8())
	if d.err == nil && (t < ContentApplication || t > ContentCommit) {
		d.fail("content type %d", t)
	}
	return t
}

// body reads what stands after the header, as the content type says.
func (c *framedContent) body(d *decoder) {
	switch c.contentType {
	case ContentApplication:
		c.application = d.vector()
	case ContentProposal:
		c.proposal = d.proposal()
	case ContentCommit:
		c.commit = d.commit()
	}
}

func (d *decoder) framedContentHeader() *framedContent {
	return &framedContent{
		groupID:           d.vector(),
		epoch:             d.uint64(),
		sender:            d.sender(),
		authenticatedData: d.vector(),
		contentType:       d.contentType(),
	}
}

func (d *decoder) framedContent() *framedContent {
	start := d.off
	c := d.framedContentHeader()
	c.body(d)
	c.raw = d.since(start)
	return c
}

// authData is FramedContentAuthData of §6.1; a commit has a confirmation tag.
type authData struct {
	signature       []byte
	confirmationTag []byte
}

func (a *authData) append(b []byte, t ContentType) []byte {
	b = appendVector(b, a.signature)
	if t == ContentCommit {
		b = appendVector(b, a.confirmationTag)
	}
	return b
}

func (d *decoder) authData(t ContentType) authData {
	a := authData{signature: d.vector()}
	if t == ContentCommit {
		a.confirmationTag = d.vector()
	}
	return a
}

// authenticatedContent is AuthenticatedContent of §6.
type authenticatedContent struct {
	wireFormat WireFormat
	content    *framedContent
	auth       authData
}

func (a *authenticatedContent) append(b []byte) []byte {
	b = appendUint16(b, uint16(a.wireFormat))
	b = a.content.append(b)
	return a.auth.append(b, a.content.contentType)
}

// proposalRef is the ProposalRef of the proposal in it (§5.2).
func (a *authenticatedContent) proposalRef(s *suite) []byte {
	return s.refHash("MLS 1.0 Proposal Reference", a.append(nil))
}

// tbs is FramedContentTBS of §6.1. The encoded group context counts for
// members and those who join by their own commit.
func (a *authenticatedContent) tbs(groupContext []byte) []byte {
	b := make([]byte, 0, len(a.content.raw)+len(groupContext)+64)
	b = appendUint16(b, mls10)
	b = appendUint16(b, uint16(a.wireFormat))
	b = a.content.append(b)
	switch a.content.sender.Type {
	case SenderMember, SenderNewMemberCommit:
		b = append(b, groupContext...)
	}
	return b
}

func (a *authenticatedContent) verifySignature(s *suite, public, groupContext []byte) error {
	if !s.verifyWithLabel(public, "FramedContentTBS", a.tbs(groupContext), a.auth.signature) {
		return rule(ErrSignature, "6.1", "signature of the message")
	}
	return nil
}

// membershipTag is membership_tag of §6.2.
func (a *authenticatedContent) membershipTag(s *suite, key, groupContext []byte) []byte {
	return s.mac(key, a.auth.append(a.tbs(groupContext), a.content.contentType))
}
