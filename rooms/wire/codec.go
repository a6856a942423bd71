package wire

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Raw is CBOR that is decoded later.
type Raw = cbor.RawMessage

// Codec encodes and decodes frames. Build one with NewCodec and share it: it is
// safe for concurrent use.
type Codec struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

// NewCodec gives a codec with the limits of the subprotocol: core deterministic
// encoding; on decoding, no duplicate keys, no indefinite lengths, no tags, at
// most 16 levels and 65,536 elements.
func NewCodec() *Codec {
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic("wire: encoding options: " + err.Error()) // fixed at compile time
	}
	dec, err := cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
		MaxNestedLevels:  16,
		MaxArrayElements: 65536,
		MaxMapPairs:      1024,
	}.DecMode()
	if err != nil {
		panic("wire: decoding options: " + err.Error())
	}
	return &Codec{enc: enc, dec: dec}
}

// Encode gives the bytes of a frame whose body is v (nil for none).
func (c *Codec) Encode(op Op, id uint64, v any) ([]byte, error) {
	f := Frame{Op: op, ID: id}
	if v != nil {
		body, err := c.enc.Marshal(v)
		if err != nil {
			return nil, fmt.Errorf("wire: encoding the body of op %d: %w", op, err)
		}
		f.Body = body
	}
	b, err := c.enc.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("wire: encoding a frame of op %d: %w", op, err)
	}
	return b, nil
}

// Decode reads a frame; its body is left for Body.
func (c *Codec) Decode(b []byte) (Frame, error) {
	var f Frame
	if len(b) > MaxFrame {
		return f, fmt.Errorf("wire: frame of %d bytes, at most %d", len(b), MaxFrame)
	}
	if err := c.dec.Unmarshal(b, &f); err != nil {
		return Frame{}, fmt.Errorf("wire: decoding a frame: %w", err)
	}
	if f.Op == 0 {
		return Frame{}, fmt.Errorf("wire: a frame without an op")
	}
	return f, nil
}

// Body decodes a frame's body into v.
func (c *Codec) Body(f Frame, v any) error {
	if err := c.dec.Unmarshal(f.Body, v); err != nil {
		return fmt.Errorf("wire: decoding the body of op %d: %w", f.Op, err)
	}
	return nil
}
