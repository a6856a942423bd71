package identity

import (
	"crypto/ed25519"
	"fmt"
)

// Revocation is a key-chain entry that revokes a device, read by itself: it proves to
// those who do not have the chain that its user has done so.
type Revocation struct {
	User   ID
	Device ID
	Head   Head // of the chain, with this entry

	signed Signed
}

// ParseRevocation reads the entry of a [KeyChain] that revokes a device. Its signature
// is not checked: [Revocation.Verify] does.
func ParseRevocation(entry []byte) (Revocation, error) {
	s, e, err := parseEntry(entry)
	if err != nil {
		return Revocation{}, err
	}
	if e.Type != EntryRevoke || e.User.IsZero() || e.Number < 2 {
		return Revocation{}, fmt.Errorf("%w key chain entry: not a revocation", ErrMalformed)
	}
	var body revokeBody
	if err := decodeBody(e.Body, &body); err != nil {
		return Revocation{}, err
	}
	return Revocation{e.User, body.Device, Head{e.Number, Hash(LabelKeyChainHash, entry)}, s}, nil
}

// Verify checks that the revocation is signed by the identity key that certified the
// device. Errors wrap ErrSignature or ErrAlgorithm.
func (r Revocation) Verify(identityKey ed25519.PublicKey) error {
	if err := r.signed.Verify(identityKey, LabelKeyChain); err != nil {
		return fmt.Errorf("revocation: %w", err)
	}
	return nil
}
