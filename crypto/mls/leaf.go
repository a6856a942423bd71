package mls

import (
	"bytes"
	"crypto"
	"slices"
)

// LeafIndex is a member's place in the tree. It names a member within one
// epoch; the place of a removed member can be given to another.
type LeafIndex uint32

// mls10 is the only protocol version.
const mls10 uint16 = 1

// LeafNodeSource says how a leaf node came into the tree (RFC 9420 §7.2).
type LeafNodeSource uint8

// The sources of leaf nodes.
const (
	LeafFromKeyPackage LeafNodeSource = 1
	LeafFromUpdate     LeafNodeSource = 2
	LeafFromCommit     LeafNodeSource = 3
)

// Capabilities lists what a client supports (§7.2). Default proposal and
// extension types are not listed.
type Capabilities struct {
	Versions     []uint16
	CipherSuites []CipherSuite
	Extensions   []uint16
	Proposals    []uint16
	Credentials  []uint16
}

// Lifetime bounds the use of a key package, in seconds since 1970 (§7.2).
type Lifetime struct{ NotBefore, NotAfter uint64 }

// LeafNode is a member as the tree shows them (§7.2). Values that this package
// gives out are shared: they must not be changed.
type LeafNode struct {
	EncryptionKey []byte
	SignatureKey  []byte
	Credential    Credential
	Capabilities  Capabilities
	Source        LeafNodeSource
	Lifetime      Lifetime // where Source is LeafFromKeyPackage
	ParentHash    []byte   // where Source is LeafFromCommit
	Extensions    []Extension
	Signature     []byte

	raw []byte // the encoding, of which the fields are parts
}

// Member is a leaf of the tree that is not blank.
type Member struct {
	Index LeafIndex
	Leaf  *LeafNode
}

func (c Capabilities) append(b []byte) []byte {
	b = appendUint16s(b, c.Versions)
	b = appendLength(b, 2*len(c.CipherSuites))
	for _, s := range c.CipherSuites {
		b = appendUint16(b, uint16(s))
	}
	b = appendUint16s(b, c.Extensions)
	b = appendUint16s(b, c.Proposals)
	return appendUint16s(b, c.Credentials)
}

func (d *decoder) capabilities() Capabilities {
	c := Capabilities{Versions: d.uint16s()}
	ids := d.uint16s()
	if len(ids) > 0 {
		c.CipherSuites = make([]CipherSuite, len(ids))
		for i, id := range ids {
			c.CipherSuites[i] = CipherSuite(id)
		}
	}
	c.Extensions, c.Proposals, c.Credentials = d.uint16s(), d.uint16s(), d.uint16s()
	return c
}

// supportsExtension, supportsProposal and supportsCredential say whether the
// client can live with a type; default types are supported by all (§7.2).
// Supports says whether the leaf's capabilities list a cipher suite.
func (l *LeafNode) Supports(suite CipherSuite) bool {
	return slices.Contains(l.Capabilities.CipherSuites, suite)
}

func (c *Capabilities) supportsExtension(t uint16) bool {
	return defaultExtension(t) || slices.Contains(c.Extensions, t)
}

func (c *Capabilities) supportsProposal(t uint16) bool {
	return defaultProposal(t) || slices.Contains(c.Proposals, t)
}

func (c *Capabilities) supportsCredential(t uint16) bool {
	return slices.Contains(c.Credentials, t)
}

// appendUnsigned writes the fields that LeafNode and LeafNodeTBS share.
func (l *LeafNode) appendUnsigned(b []byte) []byte {
	b = appendVector(b, l.EncryptionKey)
	b = appendVector(b, l.SignatureKey)
	b = l.Credential.append(b)
	b = l.Capabilities.append(b)
	b = append(b, byte(l.Source))
	switch l.Source {
	case LeafFromKeyPackage:
		b = appendUint64(b, l.Lifetime.NotBefore)
		b = appendUint64(b, l.Lifetime.NotAfter)
	case LeafFromCommit:
		b = appendVector(b, l.ParentHash)
	}
	return appendExtensions(b, l.Extensions)
}

func (l *LeafNode) append(b []byte) []byte {
	if l.raw != nil {
		return append(b, l.raw...)
	}
	return appendVector(l.appendUnsigned(b), l.Signature)
}

func (d *decoder) leafNode() *LeafNode {
	start := d.off
	l := &LeafNode{
		EncryptionKey: d.vector(),
		SignatureKey:  d.vector(),
		Credential:    d.credential(),
		Capabilities:  d.capabilities(),
		Source:        LeafNodeSource(d.uint8()),
	}
	switch l.Source {
	case LeafFromKeyPackage:
		l.Lifetime = Lifetime{NotBefore: d.uint64(), NotAfter: d.uint64()}
	case LeafFromUpdate:
	case LeafFromCommit:
		l.ParentHash = d.vector()
	default:
		d.fail("leaf node source %d", l.Source)
	}
	l.Extensions = d.extensions()
	l.Signature = d.vector()
	l.raw = d.since(start)
	return l
}

// detached copies the leaf, so that it does not keep the message alive in
// which it came.
func (l *LeafNode) detached() *LeafNode {
	d := newDecoder(bytes.Clone(l.append(nil)))
	c := d.leafNode()
	if d.done() != nil { // cannot be: it was decoded, or made, before
		return l
	}
	return c
}

// tbs is LeafNodeTBS of §7.2. Group and index count unless the leaf is from a
// key package.
func (l *LeafNode) tbs(groupID []byte, index LeafIndex) []byte {
	b := l.appendUnsigned(make([]byte, 0, len(l.raw)+len(groupID)+64))
	if l.Source != LeafFromKeyPackage {
		b = appendVector(b, groupID)
		b = appendUint32(b, uint32(index))
	}
	return b
}

func (l *LeafNode) sign(s *suite, key crypto.Signer, groupID []byte, index LeafIndex) error {
	signature, err := s.signWithLabel(key, "LeafNodeTBS", l.tbs(groupID, index))
	if err != nil {
		return err
	}
	l.Signature = signature
	l.raw = nil
	l.raw = l.append(nil)
	return nil
}

func (l *LeafNode) verifySignature(s *suite, groupID []byte, index LeafIndex) error {
	if !s.verifyWithLabel(l.SignatureKey, "LeafNodeTBS", l.tbs(groupID, index), l.Signature) {
		return rule(ErrSignature, "7.3", "signature of the leaf node")
	}
	return nil
}
