package identity

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"fmt"
)

// ID names a user, a device, a room, an event: 16 random bytes. Its text is 26
// characters of lower-case base32 without padding; in CBOR it is a byte string.
type ID [16]byte

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewID returns a fresh random id.
func NewID() ID {
	var id ID
	_, _ = rand.Read(id[:]) // never fails
	return id
}

// ParseID reads the text form. There is one text for each id: upper case, padding
// and stray bits are refused.
func ParseID(s string) (ID, error) {
	var id ID
	if err := id.parse([]byte(s)); err != nil {
		return ID{}, err
	}
	return id, nil
}

// IDFromBytes reads the 16 bytes of an id.
func IDFromBytes(b []byte) (ID, error) {
	if len(b) != len(ID{}) {
		return ID{}, fmt.Errorf("%w id: %d bytes", ErrMalformed, len(b))
	}
	return ID(b), nil
}

// IsZero says whether id is the zero id, which names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// Bytes returns the 16 bytes of id, as a copy.
func (id ID) Bytes() []byte { return id[:] }

// Compare orders ids by their bytes, as [bytes.Compare].
func (id ID) Compare(other ID) int { return bytes.Compare(id[:], other[:]) }

// String returns the text form.
func (id ID) String() string { return idEncoding.EncodeToString(id[:]) }

// MarshalText returns the text form; empty for the zero id, so that a field of
// JSON that names nothing is "".
func (id ID) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return []byte{}, nil
	}
	return []byte(id.String()), nil
}

// UnmarshalText reads what [ID.MarshalText] returns, and nothing else.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*id = ID{}
		return nil
	}
	var got ID
	if err := got.parse(text); err != nil {
		return err
	}
	if got.IsZero() {
		return fmt.Errorf("%w id: the zero id is the empty text", ErrMalformed)
	}
	*id = got
	return nil
}

func (id *ID) parse(text []byte) error {
	if len(text) != 26 {
		return fmt.Errorf("%w id: %d characters", ErrMalformed, len(text))
	}
	var got ID
	if n, err := idEncoding.Decode(got[:], text); err != nil || n != len(got) || got.String() != string(text) {
		return fmt.Errorf("%w id", ErrMalformed)
	}
	*id = got
	return nil
}

const cborBytes16 = 0x50 // major type 2, length 16

// MarshalCBOR returns a byte string of 16 bytes.
func (id ID) MarshalCBOR() ([]byte, error) { return append([]byte{cborBytes16}, id[:]...), nil }

// UnmarshalCBOR accepts exactly what [ID.MarshalCBOR] returns.
func (id *ID) UnmarshalCBOR(b []byte) error {
	if len(b) != 1+len(id) || b[0] != cborBytes16 {
		return fmt.Errorf("%w id", ErrMalformed)
	}
	copy(id[:], b[1:])
	return nil
}
