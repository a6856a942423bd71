package mls

import (
	"bytes"
	"crypto"
	"crypto/hpke"
	"time"
)

// KeyPackage lets others bring a client into a group while it is away (RFC 9420
// §10). It is to be used once.
type KeyPackage struct {
	Suite      CipherSuite
	InitKey    []byte
	Leaf       *LeafNode
	Extensions []Extension
	Signature  []byte

	version uint16
	raw     []byte
}

// KeyPackagePrivate is the secret half of a key package: with it, and the
// client's signature key, a Welcome is opened.
type KeyPackagePrivate struct {
	keyPackage    *KeyPackage
	initKey       hpke.PrivateKey
	encryptionKey hpke.PrivateKey
}

// Client is what makes leaves: who we are and how we sign. Only the first three
// fields are needed.
type Client struct {
	Suite      CipherSuite
	Credential Credential
	// SignatureKey signs with the suite's algorithm: an ed25519.PrivateKey, an
	// *ecdsa.PrivateKey on the suite's curve, or whatever else holds such a key
	// and gives the signatures that those give.
	SignatureKey crypto.Signer

	// LeafExtensions stand in every leaf node that the client makes.
	LeafExtensions []Extension
	// KeyPackageExtensions stand in every key package that the client makes.
	KeyPackageExtensions []Extension
	// Capabilities lists what the application supports beyond this package:
	// extensions and proposals of its own, other suites to which groups may move,
	// and other types of credential that it can judge. Version, suite, the
	// credential's type and the types of both lists of extensions are added.
	Capabilities Capabilities
	// GREASE adds reserved values without meaning to leaf nodes, key packages and
	// GroupInfos, by which peers show that they ignore what they do not know
	// (§13.5). It costs some thirty bytes a leaf.
	GREASE bool

	// ProposalTypes are the application's own types of proposals; they are added to
	// the capabilities.
	ProposalTypes []ProposalType

	// PSK finds pre-shared keys (§8.4): external ones, and resumption keys of
	// groups or epochs that the group does not hold itself, which the other group
	// gives by [Group.ResumptionSecret]. It returns nil for those it does not have;
	// a nil function has none.
	PSK func(PreSharedKeyID) []byte
	// Padding says how many zero bytes to add to a message of length bytes
	// (§6.3.1); a nil function adds none.
	Padding func(length int) int
	// PrivateHandshakes sends our proposals and commits as PrivateMessages (§6.3),
	// which tell nobody outside the group what they do: no [PublicGroup] can follow
	// them. Each takes a key of our handshake ratchet, so the group has to be kept
	// before the message leaves, also where the commit is discarded later. What comes
	// from outside the group is public in any case.
	PrivateHandshakes bool
	// ResumptionEpochs is the number of past epochs whose resumption secret is
	// kept (§8.6). Zero means 32; negative keeps none.
	ResumptionEpochs int
	// Window limits the reordering of application messages. Zero is a default.
	Window Window
	// PastEpochs is the number of former epochs whose application messages can
	// still be read: their secret trees are kept. Zero, the default, keeps none.
	PastEpochs int
}

// NewKeyPackage makes a key package that is valid from now, less an hour for
// clocks that differ, until lifetime has passed.
func NewKeyPackage(c Client, now time.Time, lifetime time.Duration) (*KeyPackage, *KeyPackagePrivate, error) {
	s, err := c.check()
	if err != nil {
		return nil, nil, err
	}
	initKey, err := s.generateKeyPair()
	if err != nil {
		return nil, nil, err
	}
	leaf, encryptionKey, err := c.newLeaf(s)
	if err != nil {
		return nil, nil, err
	}
	leaf.Source = LeafFromKeyPackage
	leaf.Lifetime = lifetimeFrom(now, lifetime)
	if err := leaf.sign(s, c.SignatureKey, nil, 0); err != nil {
		return nil, nil, err
	}
	kp := &KeyPackage{
		version: mls10, Suite: c.Suite, InitKey: initKey.PublicKey().Bytes(), Leaf: leaf,
		Extensions: cloneExtensions(c.KeyPackageExtensions),
	}
	if c.GREASE {
		kp.Extensions = withExtension(kp.Extensions, s.greaseExtension(leaf.SignatureKey))
	}
	kp.Signature, err = s.signWithLabel(c.SignatureKey, "KeyPackageTBS", kp.appendUnsigned(nil))
	if err != nil {
		return nil, nil, err
	}
	kp.raw = kp.append(nil)
	return kp, &KeyPackagePrivate{keyPackage: kp, initKey: initKey, encryptionKey: encryptionKey}, nil
}

const clockSkew = time.Hour

func lifetimeFrom(now time.Time, lifetime time.Duration) Lifetime {
	return Lifetime{
		NotBefore: uint64(max(0, now.Add(-clockSkew).Unix())),
		NotAfter:  uint64(max(0, now.Add(lifetime).Unix())),
	}
}

// holds says whether t lies within the lifetime.
func (l Lifetime) holds(t time.Time) bool {
	sec := t.Unix()
	return sec >= 0 && l.NotBefore <= uint64(sec) && uint64(sec) <= l.NotAfter
}

func (k *KeyPackage) appendUnsigned(b []byte) []byte {
	b = appendUint16(b, k.version)
	b = appendUint16(b, uint16(k.Suite))
	b = appendVector(b, k.InitKey)
	b = k.Leaf.append(b)
	return appendExtensions(b, k.Extensions)
}

func (k *KeyPackage) append(b []byte) []byte {
	if k.raw != nil {
		return append(b, k.raw...)
	}
	return appendVector(k.appendUnsigned(b), k.Signature)
}

func (d *decoder) keyPackage() *KeyPackage {
	start := d.off
	k := &KeyPackage{version: d.uint16(), Suite: CipherSuite(d.uint16()), InitKey: d.vector()}
	k.Leaf = d.leafNode()
	k.Extensions = d.extensions()
	k.Signature = d.vector()
	k.raw = d.since(start)
	return k
}

// MarshalBinary encodes the key package as an MLSMessage.
func (k *KeyPackage) MarshalBinary() ([]byte, error) {
	return k.append(appendMessageHeader(nil, WireKeyPackage)), nil
}

// ParseKeyPackage decodes an MLSMessage with a key package and checks what can
// be checked without a group: signatures, keys, and the lifetime unless now is
// zero (§10.1).
func ParseKeyPackage(message []byte, now time.Time) (*KeyPackage, error) {
	m, err := parseMessage(message)
	if err != nil {
		return nil, err
	}
	if m.keyPackage == nil {
		return nil, rule(ErrMalformed, "6", "message is not a key package")
	}
	s, err := m.keyPackage.Suite.lookup()
	if err != nil {
		return nil, err
	}
	if err := m.keyPackage.validate(s, now); err != nil {
		return nil, err
	}
	return m.keyPackage, nil
}

// Ref is the KeyPackageRef by which a Welcome names its reader (§5.2). It is
// nil for an unsupported suite.
func (k *KeyPackage) Ref() []byte {
	s := suites[k.Suite]
	if s == nil {
		return nil
	}
	return s.refHash("MLS 1.0 KeyPackage Reference", k.append(nil))
}

// validate follows §10.1, but for what depends on a group.
func (k *KeyPackage) validate(s *suite, now time.Time) error {
	if k.version != mls10 {
		return rule(ErrKeyPackage, "10.1", "protocol version %d", k.version)
	}
	if k.Suite != s.id {
		return rule(ErrKeyPackage, "10.1", "key package for %v", k.Suite)
	}
	if k.Leaf.Source != LeafFromKeyPackage {
		return rule(ErrKeyPackage, "7.3", "leaf_node_source is %d", k.Leaf.Source)
	}
	if err := k.Leaf.validateAlone(s, nil, 0); err != nil {
		return err
	}
	if !now.IsZero() && !k.Leaf.Lifetime.holds(now) {
		return rule(ErrLifetime, "7.3", "lifetime from %d to %d", k.Leaf.Lifetime.NotBefore, k.Leaf.Lifetime.NotAfter)
	}
	if err := s.checkHPKEKey(k.InitKey); err != nil {
		return err
	}
	if !s.verifyWithLabel(k.Leaf.SignatureKey, "KeyPackageTBS", k.appendUnsigned(nil), k.Signature) {
		return rule(ErrSignature, "10.1", "signature of the key package")
	}
	if bytes.Equal(k.InitKey, k.Leaf.EncryptionKey) {
		return rule(ErrKeyPackage, "10.1", "init_key equals encryption_key")
	}
	return nil
}

// Public gives the key package to which the secrets belong.
func (p *KeyPackagePrivate) Public() *KeyPackage { return p.keyPackage }
