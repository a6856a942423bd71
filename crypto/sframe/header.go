package sframe

import (
	"fmt"
	"math/bits"
)

// The layout of a KID (RFC 9605, section 5.2).
const (
	EpochBits   = 8
	LeafBits    = 16
	ContextBits = 64 - EpochBits - LeafBits
)

// KID returns the key id of a sender: its context, its leaf index in the call's
// group, and the low bits of the group's epoch. It returns an error that wraps
// ErrMalformed when leaf or context are too large.
func KID(epoch uint64, leaf uint32, context uint64) (uint64, error) {
	if leaf >= 1<<LeafBits || context >= 1<<ContextBits {
		return 0, fmt.Errorf("%w: leaf %d or context %d is too large for a KID", ErrMalformed, leaf, context)
	}
	return context<<(LeafBits+EpochBits) | uint64(leaf)<<EpochBits | epoch%(1<<EpochBits), nil
}

// ParseKID returns what a KID is made of. Epoch has only its low 8 bits.
func ParseKID(kid uint64) (epoch uint8, leaf uint32, context uint64) {
	return uint8(kid), uint32(kid>>EpochBits) & (1<<LeafBits - 1), kid >> (LeafBits + EpochBits)
}

// Header is the SFrame header of a frame (RFC 9605, section 4.3).
type Header struct {
	KID uint64
	CTR uint64
}

// MaxHeader is the most bytes that an encoded header may have.
const MaxHeader = 17

// append appends the encoded header to b.
func (h Header) append(b []byte) []byte {
	n := len(b)
	b = append(b, 0)
	config := func(v uint64) (bits byte) {
		if v < 8 {
			return byte(v)
		}
		l := byteLen(v)
		for i := l - 1; i >= 0; i-- {
			b = append(b, byte(v>>(8*i)))
		}
		return 8 | byte(l-1)
	}
	k := config(h.KID)
	b[n] = k<<4 | config(h.CTR)
	return b
}

func byteLen(v uint64) int { return (bits.Len64(v) + 7) / 8 }

// ParseHeader reads the header at the beginning of a frame, and returns its length
// in bytes. What it says is authentic only once the frame has decrypted. Numbers
// that are not in their shortest form are refused.
func ParseHeader(frame []byte) (h Header, n int, err error) {
	if len(frame) == 0 {
		return Header{}, 0, fmt.Errorf("%w: empty", ErrMalformed)
	}
	n = 1
	read := func(config byte) uint64 {
		v := uint64(config & 7)
		if config&8 == 0 {
			return v
		}
		l := int(v) + 1
		if err != nil || len(frame) < n+l {
			err = fmt.Errorf("%w: header is cut short", ErrMalformed)
			return 0
		}
		v = 0
		for _, c := range frame[n : n+l] {
			v = v<<8 | uint64(c)
		}
		if v < 8 || byteLen(v) != l {
			err = fmt.Errorf("%w: header is not in its shortest form", ErrMalformed)
		}
		n += l
		return v
	}
	h.KID = read(frame[0] >> 4)
	h.CTR = read(frame[0] & 15)
	if err != nil {
		return Header{}, 0, err
	}
	return h, n, nil
}
