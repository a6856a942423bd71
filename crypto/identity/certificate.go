package identity

import (
	"bytes"
	"crypto/ed25519"
	"fmt"

	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

const (
	certificateVersion = 1

	// MaxCertificate is the most bytes that a device certificate may have.
	MaxCertificate = 512
)

// DeviceCertificate says, signed by a user's identity key, that a device is the
// user's. It travels in MLS leaves and so carries only the SHA-256 of the
// device's seal key: the key itself is in the certify entry of the [KeyChain].
//
// Its bytes are a [Signed] of
//
//	{1: version 1, 2: algorithm of both keys, 3: user, 4: device, 5: identity key,
//	 6: signature key, 7: SHA-256 of the seal key, 8: issued at, 9: number}
//
// by the identity key under [LabelDeviceCertificate], about 240 bytes.
type DeviceCertificate struct {
	Algorithm    Algorithm
	User         ID
	Device       ID
	IdentityKey  ed25519.PublicKey
	SignatureKey ed25519.PublicKey
	SealHash     [32]byte
	IssuedAt     int64  // UTC milliseconds, by the certifying device's clock
	Number       uint64 // of the certify entry in the user's key chain
	Signature    []byte
}

type certificatePayload struct {
	Version      uint              `cbor:"1,keyasint"`
	Algorithm    Algorithm         `cbor:"2,keyasint"`
	User         ID                `cbor:"3,keyasint"`
	Device       ID                `cbor:"4,keyasint"`
	IdentityKey  ed25519.PublicKey `cbor:"5,keyasint"`
	SignatureKey ed25519.PublicKey `cbor:"6,keyasint"`
	SealHash     [32]byte          `cbor:"7,keyasint"`
	IssuedAt     int64             `cbor:"8,keyasint"`
	Number       uint64            `cbor:"9,keyasint"`
}

// Certify signs a certificate for a device. Number is that of the key-chain entry
// that will hold it: one more than the head's. The device's keys must be known to
// be the user's own, by comparison on both screens.
func (k UserKey) Certify(device DeviceRequest, issuedAt int64, number uint64) (DeviceCertificate, error) {
	if err := device.check(); err != nil {
		return DeviceCertificate{}, fmt.Errorf("failed to certify: %w", err)
	}
	c := DeviceCertificate{
		Algorithm:    Ed25519,
		User:         device.User,
		Device:       device.Device(),
		IdentityKey:  k.Public(),
		SignatureKey: device.SignatureKey,
		SealHash:     device.SealHash(),
		IssuedAt:     issuedAt,
		Number:       number,
	}
	payload, err := c.payload()
	if err != nil {
		return DeviceCertificate{}, fmt.Errorf("failed to certify: %w", err)
	}
	c.Signature = k.Sign(LabelDeviceCertificate, payload)
	return c, nil
}

func (c DeviceCertificate) payload() ([]byte, error) {
	return strictcbor.Marshal(certificatePayload{
		certificateVersion, c.Algorithm, c.User, c.Device,
		c.IdentityKey, c.SignatureKey, c.SealHash, c.IssuedAt, c.Number,
	})
}

// Bytes returns the encoding of c.
func (c DeviceCertificate) Bytes() []byte {
	payload, err := c.payload()
	if err != nil {
		return nil // fields of fixed types always encode
	}
	return Signed{payload, c.Signature}.Bytes()
}

// Equal says whether c and other are the same bytes.
func (c DeviceCertificate) Equal(other DeviceCertificate) bool {
	return bytes.Equal(c.Bytes(), other.Bytes())
}

// ParseDeviceCertificate reads a certificate. Its signature is not checked:
// [DeviceCertificate.Verify] does.
func ParseDeviceCertificate(b []byte) (DeviceCertificate, error) {
	s, err := ParseSigned(b, MaxCertificate)
	if err != nil {
		return DeviceCertificate{}, fmt.Errorf("device certificate: %w", err)
	}
	var p certificatePayload
	if err := strictcbor.Unmarshal(s.Payload, &p, MaxCertificate); err != nil {
		return DeviceCertificate{}, fmt.Errorf("%w device certificate: %w", ErrMalformed, err)
	}
	if p.Version != certificateVersion {
		return DeviceCertificate{}, fmt.Errorf("%w device certificate: version %d", ErrMalformed, p.Version)
	}
	return DeviceCertificate{
		p.Algorithm, p.User, p.Device, p.IdentityKey, p.SignatureKey, p.SealHash, p.IssuedAt, p.Number,
		s.Signature,
	}, nil
}

// Verify checks that the certificate is whole: signed by the identity key that it
// names, with a device id that belongs to its keys. It does not say that the
// identity key is the user's, nor that the device is not revoked: the user's
// [KeyChain] does.
func (c DeviceCertificate) Verify() error {
	if c.Algorithm != Ed25519 {
		return fmt.Errorf("device certificate: %w: %d", ErrAlgorithm, c.Algorithm)
	}
	if err := CheckPublicKey(c.SignatureKey); err != nil {
		return fmt.Errorf("device certificate: %w", err)
	}
	if c.User.IsZero() || c.Device != deviceID(c.SignatureKey, c.SealHash) {
		return fmt.Errorf("%w: the device's id is not that of its keys", ErrCertificate)
	}
	payload, err := c.payload()
	if err != nil {
		return fmt.Errorf("%w device certificate: %w", ErrMalformed, err)
	}
	if err := Verify(c.IdentityKey, LabelDeviceCertificate, payload, c.Signature); err != nil {
		return fmt.Errorf("device certificate: %w", err)
	}
	return nil
}

// CheckSealKey checks that a public seal key is the one that the certificate
// names.
func (c DeviceCertificate) CheckSealKey(sealKey []byte) error {
	if (DeviceRequest{SealKey: sealKey}).SealHash() != c.SealHash {
		return fmt.Errorf("%w: another seal key", ErrCertificate)
	}
	return nil
}

// CredentialSize is the length in bytes of the identity in an MLS credential.
const CredentialSize = 32

// Credential returns the identity of a device's MLS basic credential (RFC 9420,
// section 5.3): user id, then device id.
func Credential(user, device ID) []byte {
	return append(append(make([]byte, 0, CredentialSize), user[:]...), device[:]...)
}

// ParseCredential reads the identity of an MLS basic credential.
func ParseCredential(b []byte) (user, device ID, err error) {
	if len(b) != CredentialSize {
		return ID{}, ID{}, fmt.Errorf("%w credential: %d bytes", ErrMalformed, len(b))
	}
	return ID(b[:16]), ID(b[16:]), nil
}
