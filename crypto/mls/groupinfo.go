package mls

import (
	"bytes"
	"crypto"
)

// groupContext is GroupContext of RFC 9420 §8.1.
type groupContext struct {
	suite                   CipherSuite
	groupID                 []byte
	epoch                   uint64
	treeHash                []byte
	confirmedTranscriptHash []byte
	extensions              []Extension
}

func (c *groupContext) append(b []byte) []byte {
	b = appendUint16(b, mls10)
	b = appendUint16(b, uint16(c.suite))
	b = appendVector(b, c.groupID)
	b = appendUint64(b, c.epoch)
	b = appendVector(b, c.treeHash)
	b = appendVector(b, c.confirmedTranscriptHash)
	return appendExtensions(b, c.extensions)
}

func (c *groupContext) encode() []byte { return c.append(make([]byte, 0, 256)) }

func (d *decoder) groupContext() groupContext {
	if v := d.uint16(); v != mls10 && d.err == nil {
		d.failErr(rule(ErrUnsupported, "8.1", "protocol version %d", v))
	}
	return groupContext{
		suite:                   CipherSuite(d.uint16()),
		groupID:                 d.vector(),
		epoch:                   d.uint64(),
		treeHash:                d.vector(),
		confirmedTranscriptHash: d.vector(),
		extensions:              d.extensions(),
	}
}

// GroupInfo is a signed snapshot of a group's public state, for those who want
// to join (§12.4.3).
type GroupInfo struct {
	context         groupContext
	extensions      []Extension
	confirmationTag []byte
	signer          LeafIndex
	signature       []byte

	signed []byte // the encoding of all above the signature
}

// ParseGroupInfo decodes an MLSMessage with a GroupInfo. Nothing is verified:
// [NewPublicGroup] does that.
func ParseGroupInfo(message []byte) (*GroupInfo, error) {
	m, err := parseMessage(message)
	if err != nil {
		return nil, err
	}
	if m.groupInfo == nil {
		return nil, rule(ErrMalformed, "6", "message is not a GroupInfo")
	}
	return m.groupInfo, nil
}

// GroupID, Epoch, Suite, GroupExtensions and Signer are what the GroupInfo
// claims.
func (g *GroupInfo) GroupID() []byte { return bytes.Clone(g.context.groupID) }

// Epoch is the epoch of which the GroupInfo is a snapshot.
func (g *GroupInfo) Epoch() uint64 { return g.context.epoch }

// Suite is the group's cipher suite.
func (g *GroupInfo) Suite() CipherSuite { return g.context.suite }

// GroupExtensions are those of the group context.
func (g *GroupInfo) GroupExtensions() []Extension { return cloneExtensions(g.context.extensions) }

// Extensions are those of the GroupInfo itself, for whoever joins by it.
func (g *GroupInfo) Extensions() []Extension { return cloneExtensions(g.extensions) }

// Signer is the member who says they signed it.
func (g *GroupInfo) Signer() LeafIndex { return g.signer }

// appendTBS writes GroupInfoTBS.
func (g *GroupInfo) appendTBS(b []byte) []byte {
	if g.signed != nil {
		return append(b, g.signed...)
	}
	b = g.context.append(b)
	b = appendExtensions(b, g.extensions)
	b = appendVector(b, g.confirmationTag)
	return appendUint32(b, uint32(g.signer))
}

func (g *GroupInfo) append(b []byte) []byte {
	return appendVector(g.appendTBS(b), g.signature)
}

func (d *decoder) groupInfo() *GroupInfo {
	start := d.off
	g := &GroupInfo{
		context:         d.groupContext(),
		extensions:      d.extensions(),
		confirmationTag: d.vector(),
		signer:          LeafIndex(d.uint32()),
	}
	g.signed = d.since(start)
	g.signature = d.vector()
	return g
}

func (g *GroupInfo) sign(s *suite, key crypto.Signer) (err error) {
	size := 512
	for _, e := range g.extensions {
		size += len(e.Data) + 8
	}
	g.signed = nil
	g.signed = g.appendTBS(make([]byte, 0, size))
	g.signature, err = s.signWithLabel(key, "GroupInfoTBS", g.signed)
	return err
}

func (g *GroupInfo) verify(s *suite, public []byte) error {
	if !s.verifyWithLabel(public, "GroupInfoTBS", g.tbs(), g.signature) {
		return rule(ErrSignature, "12.4.3", "signature of the GroupInfo")
	}
	return nil
}

func (g *GroupInfo) tbs() []byte {
	if g.signed != nil {
		return g.signed
	}
	return g.appendTBS(nil)
}

// encode gives the MLSMessage.
func (g *GroupInfo) encode() []byte {
	b := make([]byte, 0, len(g.signed)+len(g.signature)+16)
	return g.append(appendMessageHeader(b, WireGroupInfo))
}

// externalPub gives the key for external commits, if there is one (§12.4.3.2).
func (g *GroupInfo) externalPub() ([]byte, error) {
	data, ok := FindExtension(g.extensions, ExtensionExternalPub)
	if !ok {
		return nil, rule(ErrGroupInfo, "12.4.3.2", "no external_pub extension")
	}
	return decodeAll(data, "external_pub", (*decoder).vector)
}
