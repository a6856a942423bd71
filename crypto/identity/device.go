package identity

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

const (
	// DeviceSecretSize is the length in bytes of what a device stores: the seed
	// of its signature key, then the seed of its seal key.
	DeviceSecretSize = 64

	// SealKeySize is the length in bytes of a public seal key (MLKEM768X25519).
	SealKeySize = 1216

	deviceRequestVersion = 1
	maxDeviceRequest     = 2048
)

// DeviceKey holds the keys of one device of a user: a signature key (Ed25519) and
// a seal key (HPKE with MLKEM768X25519), both from one secret. The device's id
// comes from its public keys, so that an id never gets other keys.
type DeviceKey struct {
	user    ID
	secret  [DeviceSecretSize]byte
	private ed25519.PrivateKey
	seal    hpke.PrivateKey
	public  DeviceRequest
}

// NewDeviceKey returns the keys of a new device of user.
func NewDeviceKey(user ID) (DeviceKey, error) {
	secret := make([]byte, DeviceSecretSize)
	_, _ = rand.Read(secret) // never fails
	return DeviceKeyFromSecret(user, secret)
}

// DeviceKeyFromSecret returns the keys of user's device that stored this secret,
// of [DeviceSecretSize] bytes.
func DeviceKeyFromSecret(user ID, secret []byte) (DeviceKey, error) {
	if len(secret) != DeviceSecretSize {
		return DeviceKey{}, fmt.Errorf("%w device secret: %d bytes", ErrMalformed, len(secret))
	}
	seal, err := hpke.MLKEM768X25519().NewPrivateKey(secret[32:])
	if err != nil {
		return DeviceKey{}, fmt.Errorf("failed to expand the seal key: %w", err)
	}
	k := DeviceKey{
		user:    user,
		secret:  [DeviceSecretSize]byte(secret),
		private: ed25519.NewKeyFromSeed(secret[:32]),
		seal:    seal,
	}
	k.public = DeviceRequest{User: user, SignatureKey: k.Public(), SealKey: seal.PublicKey().Bytes()}
	return k, nil
}

// IsZero says whether k holds no keys.
func (k DeviceKey) IsZero() bool { return k.seal == nil }

// User returns the id of the user whose device it is.
func (k DeviceKey) User() ID { return k.user }

// Device returns the id of the device.
func (k DeviceKey) Device() ID { return k.public.Device() }

// Secret returns what the device must store to have its keys again.
func (k DeviceKey) Secret() []byte { return append([]byte(nil), k.secret[:]...) }

// Public returns the public signature key.
func (k DeviceKey) Public() ed25519.PublicKey {
	return ed25519.PublicKey(k.private[ed25519.PublicKeySize:])
}

// SignatureKey returns the private signature key, for the device's MLS leaves and
// events.
func (k DeviceKey) SignatureKey() ed25519.PrivateKey { return k.private }

// SealKey returns the private seal key.
func (k DeviceKey) SealKey() hpke.PrivateKey { return k.seal }

// SealPublic returns the [SealKeySize] bytes of the public seal key.
func (k DeviceKey) SealPublic() []byte { return k.public.SealKey }

// Sign returns the signature over label and msg, for [Verify].
func (k DeviceKey) Sign(label string, msg []byte) []byte { return Sign(k.private, label, msg) }

// Request returns what the device shows to have itself certified, signed by its
// signature key; [ParseDeviceRequest] reads it.
func (k DeviceKey) Request() ([]byte, error) {
	payload, err := strictcbor.Marshal(deviceRequest{
		deviceRequestVersion, Ed25519, k.user, k.public.SignatureKey, k.public.SealKey,
	})
	if err != nil {
		return nil, fmt.Errorf("failed to encode the device request: %w", err)
	}
	return Signed{payload, k.Sign(LabelDeviceRequest, payload)}.Bytes(), nil
}

// Keys returns the public half of the device's keys, as certificates take it.
func (k DeviceKey) Keys() DeviceRequest { return k.public }

// DeviceRequest is the public half of a device's keys, as the device asks for its
// certificate. Its bytes are a [Signed] of
//
//	{1: version 1, 2: algorithm, 3: user, 4: signature key, 5: seal key}
//
// by the signature key under [LabelDeviceRequest].
type DeviceRequest struct {
	User         ID
	SignatureKey ed25519.PublicKey
	SealKey      []byte // MLKEM768X25519, SealKeySize bytes
}

type deviceRequest struct {
	Version      uint              `cbor:"1,keyasint"`
	Algorithm    Algorithm         `cbor:"2,keyasint"`
	User         ID                `cbor:"3,keyasint"`
	SignatureKey ed25519.PublicKey `cbor:"4,keyasint"`
	SealKey      []byte            `cbor:"5,keyasint"`
}

// ParseDeviceRequest reads a request and checks that the device holds the
// signature key that it shows. Whose device it is, is for people to compare: a
// request says only what a device claims.
func ParseDeviceRequest(b []byte) (DeviceRequest, error) {
	s, err := ParseSigned(b, maxDeviceRequest)
	if err != nil {
		return DeviceRequest{}, fmt.Errorf("device request: %w", err)
	}
	var r deviceRequest
	if err := strictcbor.Unmarshal(s.Payload, &r, maxDeviceRequest); err != nil {
		return DeviceRequest{}, fmt.Errorf("%w device request: %w", ErrMalformed, err)
	}
	if r.Version != deviceRequestVersion {
		return DeviceRequest{}, fmt.Errorf("%w device request: version %d", ErrMalformed, r.Version)
	}
	if r.Algorithm != Ed25519 {
		return DeviceRequest{}, fmt.Errorf("device request: %w: %d", ErrAlgorithm, r.Algorithm)
	}
	q := DeviceRequest{r.User, r.SignatureKey, r.SealKey}
	if err := q.check(); err != nil {
		return DeviceRequest{}, fmt.Errorf("device request: %w", err)
	}
	if err := s.Verify(q.SignatureKey, LabelDeviceRequest); err != nil {
		return DeviceRequest{}, fmt.Errorf("device request: %w", err)
	}
	return q, nil
}

// Device returns the id that belongs to these keys.
func (r DeviceRequest) Device() ID { return deviceID(r.SignatureKey, r.SealHash()) }

// SealHash returns the SHA-256 of the public seal key.
func (r DeviceRequest) SealHash() [32]byte { return sha256.Sum256(r.SealKey) }

func (r DeviceRequest) check() error {
	if r.User.IsZero() {
		return fmt.Errorf("%w: no user", ErrMalformed)
	}
	if err := CheckPublicKey(r.SignatureKey); err != nil {
		return err
	}
	if _, err := ParseSealKey(r.SealKey); err != nil {
		return err
	}
	return nil
}

// deviceID is the first 16 bytes of the digest of the device's public keys.
func deviceID(signature ed25519.PublicKey, sealHash [32]byte) ID {
	h := Hash(LabelDeviceID, append([]byte(signature), sealHash[:]...))
	return ID(h[:16])
}

// ParseSealKey reads a public seal key: HPKE KEM 0x647A, MLKEM768X25519.
func ParseSealKey(b []byte) (hpke.PublicKey, error) {
	if len(b) != SealKeySize {
		return nil, fmt.Errorf("%w seal key: %d bytes", ErrMalformed, len(b))
	}
	k, err := hpke.MLKEM768X25519().NewPublicKey(b)
	if err != nil {
		return nil, fmt.Errorf("%w seal key: %w", ErrMalformed, err)
	}
	return k, nil
}
