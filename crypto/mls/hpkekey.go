package mls

import "slices"

// HPKE KEM identifiers of which a part is an X25519 key.
const (
	kemX25519         uint16 = 0x0020
	kemMLKEM768X25519 uint16 = 0x647a
)

// checkHPKEKey refuses bytes that are no public key of the suite's KEM (a point
// that is not on the curve is none), and keys to which nobody can encrypt: a member who put one into the tree would keep all
// others from committing.
func (s *suite) checkHPKEKey(public []byte) error {
	if _, err := s.kem.NewPublicKey(public); err != nil {
		return rule(ErrMalformed, "5.1.1", "HPKE public key: %v", err)
	}
	switch s.kem.ID() {
	case kemX25519, kemMLKEM768X25519: // the X25519 key is the last part
		if lowOrder(public[len(public)-32:]) {
			return rule(ErrMalformed, "5.1.1", "HPKE public key of low order")
		}
	}
	return nil
}

// lowOrderPoints are the u-coordinates of Curve25519, below the field's prime,
// for which X25519 gives zero with every private key (RFC 7748 §6.1).
var lowOrderPoints = [...][32]byte{
	{0},
	{1},
	{
		0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
		0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
	},
	{
		0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
		0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
	},
	primeMinus(1), primeMinus(0), primeMinus(-1),
}

// primeMinus gives 2^255 - 19 - n in little-endian order, for small n.
func primeMinus(n int) (p [32]byte) {
	for i := range p {
		p[i] = 0xff
	}
	p[31] = 0x7f
	p[0] = byte(0xed - n)
	return p
}

func lowOrder(key []byte) bool { return oneOf(key, &lowOrderPoints) }

// oneOf says whether a coordinate is among those listed; its top bit does not
// count.
func oneOf(key []byte, points *[7][32]byte) bool {
	v := [32]byte(key)
	v[31] &= 0x7f
	return slices.Contains(points[:], v)
}
