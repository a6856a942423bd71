package rooms

import (
	"encoding/binary"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

// EncodeCommitData gives the authenticated_data of a commit.
func EncodeCommitData(d CommitData) ([]byte, error) {
	b, err := strictcbor.Marshal(d)
	if err != nil {
		return nil, Errorf(CodeMalformed, "encoding commit data: %w", err)
	}
	return b, nil
}

// ParseCommitData reads the authenticated_data of a commit.
func ParseCommitData(b []byte) (CommitData, error) {
	var d CommitData
	if err := unmarshal(b, &d, MaxStatement, "commit data"); err != nil {
		return CommitData{}, err
	}
	if len(d.Citations) > maxCitations {
		return CommitData{}, Errorf(CodeTooLarge, "commit data: %d citations", len(d.Citations))
	}
	if len(d.Revocations) > maxCitations {
		return CommitData{}, Errorf(CodeTooLarge, "commit data: %d revocations", len(d.Revocations))
	}
	if len(d.Log) > maxTreeHead {
		return CommitData{}, Errorf(CodeTooLarge, "commit data: tree head of %d bytes", len(d.Log))
	}
	return d, nil
}

// EncodeLeafIdentity gives the identity of the MLS basic credential of a device.
func EncodeLeafIdentity(l LeafIdentity) []byte { return identity.Credential(l.User, l.Device) }

// ParseLeafIdentity reads the identity of a basic credential.
func ParseLeafIdentity(b []byte) (LeafIdentity, error) {
	user, device, err := identity.ParseCredential(b)
	if err != nil || user.IsZero() || device.IsZero() {
		return LeafIdentity{}, Errorf(CodeBadCertificate, "credential is not a user and a device")
	}
	return LeafIdentity{User: user, Device: device}, nil
}

// Client gives the MLS client of a certified device: what makes its leaves. The
// certificate must be the device's, the head the newest of the user's key chain that
// the device knows: members notice when a later leaf shows an older one.
func Client(suite mls.CipherSuite, device identity.DeviceKey, certificate identity.DeviceCertificate, head identity.Head) mls.Client {
	return mls.Client{
		Suite:          suite,
		Credential:     mls.BasicCredential(EncodeLeafIdentity(LeafIdentity{User: device.User(), Device: device.Device()})),
		SignatureKey:   device.SignatureKey(),
		LeafExtensions: LeafExtensions(certificate, head),
		Capabilities: mls.Capabilities{
			CipherSuites: Suites(),
			Extensions:   []uint16{ExtensionDeviceCertificate, ExtensionRules, ExtensionKeyChainHead},
		},
	}
}

// LeafExtensions are the extensions of every leaf of a device: its certificate, and
// the newest head of its user's key chain that it knows.
func LeafExtensions(certificate identity.DeviceCertificate, head identity.Head) []mls.Extension {
	return []mls.Extension{
		{Type: ExtensionDeviceCertificate, Data: certificate.Bytes()},
		{Type: ExtensionKeyChainHead, Data: head.Bytes()},
	}
}

// GroupID gives the MLS group id of a room's generation: room id ‖ generation.
func GroupID(room ID, generation uint32) []byte {
	return binary.BigEndian.AppendUint32(append(make([]byte, 0, 20), room[:]...), generation)
}

type rulesExtension struct {
	Rules uint `cbor:"1,keyasint"`
}

// GroupExtensions are the group context extensions of every room: the rules that it
// follows, and that every member knows the extensions of Ensemble.
func GroupExtensions() []mls.Extension {
	rules, err := strictcbor.Marshal(rulesExtension{Rules})
	if err != nil {
		return nil // a number always encodes
	}
	return []mls.Extension{
		mls.RequiredCapabilities{
			Extensions:  []uint16{ExtensionDeviceCertificate, ExtensionRules, ExtensionKeyChainHead},
			Credentials: []uint16{mls.CredentialBasic},
		}.Extension(),
		{Type: ExtensionRules, Data: rules},
	}
}

// PlaceExtension gives the GroupInfo extension that hands newcomers the signer's
// place in the room's log.
func PlaceExtension(p record.Place) (mls.Extension, error) {
	b, err := strictcbor.Marshal(p)
	if err != nil {
		return mls.Extension{}, Errorf(CodeMalformed, "encoding a place: %w", err)
	}
	return mls.Extension{Type: ExtensionPlace, Data: b}, nil
}

// ParsePlaceExtension finds the place that the signer of a GroupInfo had last seen.
func ParsePlaceExtension(list []mls.Extension) (record.Place, error) {
	data, ok := mls.FindExtension(list, ExtensionPlace)
	if !ok {
		return record.Place{}, Errorf(CodeMalformed, "GroupInfo without a place")
	}
	var p record.Place
	if err := unmarshal(data, &p, 64, "place"); err != nil {
		return record.Place{}, err
	}
	return p, nil
}

// LeafMember is a device in a room, as its leaf shows it.
type LeafMember struct {
	Leaf         mls.LeafIndex
	User         ID
	Device       ID
	SignatureKey []byte
	Certificate  identity.DeviceCertificate
	Head         identity.Head // of the user's key chain, as the leaf shows it
	Since        uint64        // sequence number of the commit that brought it in
}

// KeyHash is the hash of the identity key that certified the device.
func (m LeafMember) KeyHash() [32]byte { return identity.KeyHash(m.Certificate.IdentityKey) }

// ParseLeaf reads who a leaf is: credential, certificate and signature key belong
// together, the certificate's signature is good, and the leaf shows a head of the
// user's key chain that is no older than the certificate. Whether the identity key is
// the user's is the room's log to say. Errors have CodeBadCertificate.
func ParseLeaf(m mls.Member) (LeafMember, error) {
	if m.Leaf == nil || m.Leaf.Credential.Type != mls.CredentialBasic {
		return LeafMember{}, Errorf(CodeBadCertificate, "leaf %d: not a basic credential", m.Index)
	}
	who, err := ParseLeafIdentity(m.Leaf.Credential.Identity)
	if err != nil {
		return LeafMember{}, err
	}
	data, ok := mls.FindExtension(m.Leaf.Extensions, ExtensionDeviceCertificate)
	if !ok {
		return LeafMember{}, Errorf(CodeBadCertificate, "leaf %d: no device certificate", m.Index)
	}
	cert, err := identity.ParseDeviceCertificate(data)
	if err != nil {
		return LeafMember{}, Errorf(CodeBadCertificate, "leaf %d: %w", m.Index, err)
	}
	if err := cert.Verify(); err != nil {
		return LeafMember{}, Errorf(CodeBadCertificate, "leaf %d: %w", m.Index, err)
	}
	if cert.User != who.User || cert.Device != who.Device || !cert.SignatureKey.Equal(edPublic(m.Leaf.SignatureKey)) {
		return LeafMember{}, Errorf(CodeBadCertificate, "leaf %d: certificate of another device", m.Index)
	}
	shown, ok := mls.FindExtension(m.Leaf.Extensions, ExtensionKeyChainHead)
	if !ok {
		return LeafMember{}, Errorf(CodeBadCertificate, "leaf %d: no head of the key chain", m.Index)
	}
	head, err := identity.ParseHead(shown)
	if err != nil {
		return LeafMember{}, Errorf(CodeBadCertificate, "leaf %d: %w", m.Index, err)
	}
	if head.Number < max(cert.Number, 1) {
		return LeafMember{}, Errorf(CodeBadCertificate, "leaf %d: key chain older than the certificate", m.Index)
	}
	return LeafMember{
		Leaf: m.Index, User: who.User, Device: who.Device,
		SignatureKey: cert.SignatureKey, Certificate: cert, Head: head,
	}, nil
}
