package mls

import "bytes"

// mlsMessage is MLSMessage of RFC 9420 §6; one of its parts is set.
type mlsMessage struct {
	wireFormat WireFormat
	public     *publicMessage
	private    *privateMessage
	welcome    *welcomeMessage
	groupInfo  *GroupInfo
	keyPackage *KeyPackage
}

// publicMessage is PublicMessage of §6.2; members add a tag.
type publicMessage struct {
	content       *framedContent
	auth          authData
	membershipTag []byte
}

// privateMessage is PrivateMessage of §6.3.
type privateMessage struct {
	groupID             []byte
	epoch               uint64
	contentType         ContentType
	authenticatedData   []byte
	encryptedSenderData []byte
	ciphertext          []byte

	types proposalTypes // with which it is read
}

func appendMessageHeader(b []byte, w WireFormat) []byte {
	return appendUint16(appendUint16(b, mls10), uint16(w))
}

func (p *publicMessage) append(b []byte) []byte {
	b = p.content.append(b)
	b = p.auth.append(b, p.content.contentType)
	if p.content.sender.Type == SenderMember {
		b = appendVector(b, p.membershipTag)
	}
	return b
}

func (d *decoder) publicMessage() *publicMessage {
	p := &publicMessage{content: d.framedContent()}
	p.auth = d.authData(p.content.contentType)
	if p.content.sender.Type == SenderMember {
		p.membershipTag = d.vector()
	}
	return p
}

func (p *publicMessage) authenticated() *authenticatedContent {
	return &authenticatedContent{wireFormat: WirePublicMessage, content: p.content, auth: p.auth}
}

func (p *privateMessage) append(b []byte) []byte {
	b = appendVector(b, p.groupID)
	b = appendUint64(b, p.epoch)
	b = append(b, byte(p.contentType))
	b = appendVector(b, p.authenticatedData)
	b = appendVector(b, p.encryptedSenderData)
	return appendVector(b, p.ciphertext)
}

func (d *decoder) privateMessage() *privateMessage {
	return &privateMessage{
		groupID:             d.vector(),
		epoch:               d.uint64(),
		contentType:         d.contentType(),
		authenticatedData:   d.vector(),
		encryptedSenderData: d.vector(),
		ciphertext:          d.vector(),
		types:               d.types,
	}
}

func (m *mlsMessage) append(b []byte) []byte {
	b = appendMessageHeader(b, m.wireFormat)
	switch m.wireFormat {
	case WirePublicMessage:
		return m.public.append(b)
	case WirePrivateMessage:
		return m.private.append(b)
	case WireWelcome:
		return m.welcome.append(b)
	case WireGroupInfo:
		return m.groupInfo.append(b)
	default:
		return m.keyPackage.append(b)
	}
}

func (d *decoder) message() *mlsMessage {
	if v := d.uint16(); v != mls10 && d.err == nil {
		d.failErr(rule(ErrUnsupported, "6", "protocol version %d", v))
	}
	m := &mlsMessage{wireFormat: WireFormat(d.uint16())}
	switch m.wireFormat {
	case WirePublicMessage:
		m.public = d.publicMessage()
	case WirePrivateMessage:
		m.private = d.privateMessage()
	case WireWelcome:
		m.welcome = d.welcome()
	case WireGroupInfo:
		m.groupInfo = d.groupInfo()
	case WireKeyPackage:
		m.keyPackage = d.keyPackage()
	default:
		if d.err == nil {
			d.failErr(rule(ErrUnsupported, "6", "wire format %d", m.wireFormat))
		}
	}
	return m
}

// parseMessage decodes a message, of which it keeps a copy. It may hold proposals
// of the given types beyond those of the RFC.
func parseMessage(b []byte, types ...ProposalType) (*mlsMessage, error) {
	return decodeMessage(bytes.Clone(b), types)
}

func decodeMessage(b []byte, types proposalTypes) (*mlsMessage, error) {
	return decodeAll(b, "message", func(d *decoder) *mlsMessage {
		d.types = types
		return d.message()
	})
}

// MessageInfo is what a message says about itself without keys. Nothing in it
// is verified.
type MessageInfo struct {
	WireFormat  WireFormat
	GroupID     []byte      // not of Welcome and KeyPackage
	Epoch       uint64      // not of Welcome and KeyPackage
	ContentType ContentType // of PublicMessage and PrivateMessage
	Sender      Sender      // of PublicMessage; a PrivateMessage hides it
}

// InspectMessage reads the open part of a message, to route it. Of the rest
// only the form is checked. Proposals of other types than the RFC's and the given
// ones are ErrUnsupported.
func InspectMessage(message []byte, types ...ProposalType) (MessageInfo, error) {
	m, err := decodeMessage(message, types)
	if err != nil {
		return MessageInfo{}, err
	}
	info := MessageInfo{WireFormat: m.wireFormat}
	switch {
	case m.public != nil:
		c := m.public.content
		info.GroupID, info.Epoch, info.ContentType, info.Sender = c.groupID, c.epoch, c.contentType, c.sender
	case m.private != nil:
		p := m.private
		info.GroupID, info.Epoch, info.ContentType = p.groupID, p.epoch, p.contentType
	case m.groupInfo != nil:
		info.GroupID, info.Epoch = m.groupInfo.context.groupID, m.groupInfo.context.epoch
	}
	info.GroupID = bytes.Clone(info.GroupID)
	return info, nil
}
