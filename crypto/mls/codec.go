package mls

import (
	"encoding/binary"
	"fmt"
)

// This file is the TLS presentation language as RFC 9420 §2.1 uses it: integers
// in network order, optional values, and vectors with a variable-size length.
// Structures encode by appending to a buffer, and decode from a decoder that
// remembers the first error.

// maxVector is the longest vector that can be written (§2.1.2).
const maxVector = 1<<30 - 1

// decoder reads from b. Once a read has failed every other read gives zero
// values, so that callers check the error once, at the end. Slices that it
// returns alias b; it never allocates more than the input holds.
type decoder struct {
	b   []byte
	off int
	err error

	version uint16        // of a serialised state
	types   proposalTypes // known beyond those of the RFC
}

func newDecoder(b []byte) *decoder { return &decoder{b: b} }

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = rule(ErrMalformed, "2.1", format, args...)
	}
}

func (d *decoder) failErr(err error) {
	if d.err == nil {
		d.err = err
	}
}

// rest is the number of bytes not yet read.
func (d *decoder) rest() int {
	if d.err != nil {
		return 0
	}
	return len(d.b) - d.off
}

// more says whether a vector's elements go on.
func (d *decoder) more() bool { return d.rest() > 0 }

// done gives the first error, or an error when bytes are left over.
func (d *decoder) done() error {
	if d.err == nil && d.off != len(d.b) {
		d.fail("%d bytes after the end of the structure", len(d.b)-d.off)
	}
	return d.err
}

func (d *decoder) bytes(n int) []byte {
	if d.err != nil {
		return nil
	}
	if n < 0 || n > len(d.b)-d.off {
		d.fail("structure ends too early")
		return nil
	}
	v := d.b[d.off : d.off+n : d.off+n]
	d.off += n
	return v
}

func (d *decoder) uint8() uint8 {
	if v := d.bytes(1); v != nil {
		return v[0]
	}
	return 0
}

func (d *decoder) uint16() uint16 {
	if v := d.bytes(2); v != nil {
		return binary.BigEndian.Uint16(v)
	}
	return 0
}

func (d *decoder) uint32() uint32 {
	if v := d.bytes(4); v != nil {
		return binary.BigEndian.Uint32(v)
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if v := d.bytes(8); v != nil {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}

// optional reads the presence octet of an optional value (§2.1.1).
func (d *decoder) optional() bool {
	switch v := d.uint8(); v {
	case 0:
		return false
	case 1:
		return d.err == nil
	default:
		d.fail("presence octet is %d", v)
		return false
	}
}

// length reads the variable-size length of a vector (§2.1.2).
func (d *decoder) length() int {
	first := d.uint8()
	prefix := first >> 6
	if prefix == 3 {
		d.fail("vector length with the reserved prefix 11")
		return 0
	}
	v := int(first & 0x3f)
	size := 1 << prefix
	for range size - 1 {
		v = v<<8 | int(d.uint8())
	}
	if prefix >= 1 && d.err == nil && v < 1<<(8*(size/2)-2) {
		d.fail("vector length is not minimally encoded")
		return 0
	}
	return v
}

// vector reads opaque value<V>.
func (d *decoder) vector() []byte { return d.bytes(d.length()) }

// list gives a decoder for the elements of a vector; joined must be called with
// it when its elements have been read.
func (d *decoder) list() *decoder {
	return &decoder{b: d.vector(), err: d.err, version: d.version, types: d.types}
}

// joined takes over the outcome of a list.
func (d *decoder) joined(list *decoder) {
	if err := list.done(); err != nil {
		d.failErr(err)
	}
}

func (d *decoder) uint16s() []uint16 {
	b := d.vector()
	if len(b)%2 != 0 {
		d.fail("vector of 16-bit values has an odd length")
		return nil
	}
	if len(b) == 0 {
		return nil
	}
	v := make([]uint16, len(b)/2)
	for i := range v {
		v[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return v
}

// since gives the bytes read since the offset start.
func (d *decoder) since(start int) []byte {
	if d.err != nil {
		return nil
	}
	return d.b[start:d.off:d.off]
}

func appendUint16(b []byte, v uint16) []byte { return binary.BigEndian.AppendUint16(b, v) }
func appendUint32(b []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(b, v) }
func appendUint64(b []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(b, v) }

func appendOptional(b []byte, present bool) []byte {
	if present {
		return append(b, 1)
	}
	return append(b, 0)
}

// appendLength writes the length of a vector in the fewest bytes. Lengths above
// maxVector cannot be written: they are a fault of the caller, who bounds what
// it takes in (see checkSize).
func appendLength(b []byte, n int) []byte {
	switch {
	case n < 1<<6:
		return append(b, byte(n))
	case n < 1<<14:
		return appendUint16(b, uint16(n)|0x4000)
	default:
		return appendUint32(b, uint32(n&maxVector)|0x80000000)
	}
}

func appendVector(b, v []byte) []byte {
	return append(appendLength(b, len(v)), v...)
}

// appendList writes a vector whose content is written by elements.
func appendList(b []byte, elements func([]byte) []byte) []byte {
	start := len(b)
	b = elements(append(b, 0))
	n := len(b) - start - 1
	if n < 1<<6 {
		b[start] = byte(n)
		return b
	}
	var header [4]byte
	h := appendLength(header[:0], n)
	b = append(b, h[1:]...)
	copy(b[start+len(h):], b[start+1:start+1+n])
	copy(b[start:], h)
	return b
}

func appendUint16s(b []byte, values []uint16) []byte {
	b = appendLength(b, 2*len(values))
	for _, v := range values {
		b = appendUint16(b, v)
	}
	return b
}

// checkSize refuses data handed in by the caller that no vector can hold.
func checkSize(what string, b []byte) error {
	if len(b) > maxVector/2 {
		return rule(ErrMalformed, "2.1.2", "%s of %d bytes is too long", what, len(b))
	}
	return nil
}

// decodeAll decodes b with read and requires that nothing is left.
func decodeAll[T any](b []byte, what string, read func(*decoder) T) (T, error) {
	d := newDecoder(b)
	v := read(d)
	if err := d.done(); err != nil {
		var zero T
		return zero, fmt.Errorf("failed to decode %s: %w", what, err)
	}
	return v, nil
}
