// Package strictcbor is the one CBOR profile of everything that Ensemble signs,
// hashes or seals.
//
// Encoding is RFC 8949 core deterministic encoding (section 4.2.1): shortest
// integers, sorted keys, definite lengths. Structures are maps with small integer
// keys that are never reused.
//
// Decoding accepts exactly what encoding produces: what was decoded is encoded
// again and compared byte for byte, so that an input has one spelling only.
// Duplicate or unknown keys, indefinite lengths, tags, padded integers, byte
// strings of the wrong length and trailing bytes are all refused, and so is
// anything larger or deeper than its format allows.
//
// The package does no I/O and keeps no state.
package strictcbor

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

var (
	// ErrMalformed reports bytes that are not the deterministic encoding of the
	// expected structure.
	ErrMalformed = errors.New("malformed encoding")

	// ErrTooLarge reports bytes longer than their format allows.
	ErrTooLarge = errors.New("encoding too large")
)

// Limits of every decoding, besides the size named by the caller.
const (
	maxNesting  = 16
	maxElements = 1 << 17
)

var (
	encoding = newEncMode()
	decoding = newDecMode()
)

func newEncMode() cbor.EncMode {
	o := cbor.CoreDetEncOptions()
	o.NilContainers = cbor.NilContainerAsEmpty
	o.TagsMd = cbor.TagsForbidden
	m, err := o.EncMode()
	if err != nil {
		panic("strictcbor: " + err.Error()) // constant options
	}
	return m
}

func newDecMode() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		MaxNestedLevels:   maxNesting,
		MaxArrayElements:  maxElements,
		MaxMapPairs:       maxElements,
	}.DecMode()
	if err != nil {
		panic("strictcbor: " + err.Error()) // constant options
	}
	return m
}

// Marshal returns the deterministic encoding of v. A nil slice or map is encoded
// as an empty one.
func Marshal(v any) ([]byte, error) {
	b, err := encoding.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("failed to encode: %w", err)
	}
	return b, nil
}

// Unmarshal decodes b, at most limit bytes, into v, a pointer to a zero value.
// It returns an error that wraps ErrTooLarge or ErrMalformed; v is then of no use.
func Unmarshal(b []byte, v any, limit int) error {
	if len(b) > limit {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(b), limit)
	}
	if err := decoding.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	again, err := encoding.Marshal(v)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if !bytes.Equal(b, again) {
		return fmt.Errorf("%w: not deterministic", ErrMalformed)
	}
	return nil
}
