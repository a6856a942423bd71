//go:build !js

package main

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// errModule reports bytes that are not a WebAssembly module, or not one as Go's
// linker writes them.
var errModule = errors.New("not a module as Go writes it")

const (
	magic       = "\x00asm\x01\x00\x00\x00"
	dataSection = 11

	// maxGap is the most zeroes that are written to join two segments. Larger gaps
	// lie between the linker's sections, and may be as large as memory.
	maxGap = 1024
)

// segment is a piece of the memory that a module begins with.
type segment struct {
	at   uint32
	data []byte
}

// joinData writes the data of a module in as few segments as can be.
//
// Go's linker leaves out every run of eight zeroes and begins another segment,
// 100,000 of them, which makes a smaller file and a larger download: addresses and
// lengths do not compress, zeroes do. The memory that the program begins with is
// the same.
func joinData(module []byte) ([]byte, error) {
	if len(module) < len(magic) || string(module[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w: it begins otherwise", errModule)
	}
	out := append(make([]byte, 0, len(module)+len(module)/4), magic...)
	for rest := module[len(magic):]; len(rest) > 0; {
		r := reader{b: rest[1:]}
		content := r.bytes(r.unsigned())
		if r.failed {
			return nil, fmt.Errorf("%w: a section is cut short", errModule)
		}
		id := rest[0]
		rest = r.b
		if id == dataSection {
			segments, err := readData(content)
			if err != nil {
				return nil, err
			}
			joined, err := join(segments)
			if err != nil {
				return nil, err
			}
			content = writeData(joined)
		}
		out = append(binary.AppendUvarint(append(out, id), uint64(len(content))), content...)
	}
	return out, nil
}

// join sorts segments by address and joins those that are near. It refuses
// segments that overlap, where the order would matter.
func join(segments []segment) ([]segment, error) {
	slices.SortStableFunc(segments, func(a, b segment) int { return cmp.Compare(a.at, b.at) })
	var joined []segment
	var end uint64 // of the last
	for _, s := range segments {
		at := uint64(s.at)
		if at < end {
			return nil, fmt.Errorf("%w: its data overlaps", errModule)
		}
		if n := len(joined); n > 0 && at-end <= maxGap {
			last := &joined[n-1]
			last.data = append(append(last.data, make([]byte, at-end)...), s.data...)
		} else {
			joined = append(joined, segment{s.at, slices.Clone(s.data)})
		}
		end = at + uint64(len(s.data))
	}
	return joined, nil
}

// A segment is 0 (of memory 0), i32.const at, end, and its bytes with their length.
const (
	opI32Const = 0x41
	opEnd      = 0x0b
)

func readData(content []byte) ([]segment, error) {
	r := reader{b: content}
	var segments []segment
	for range r.unsigned() {
		kind, op := r.byte(), r.byte()
		s := segment{at: r.signed()}
		end := r.byte()
		s.data = r.bytes(r.unsigned())
		if r.failed || kind != 0 || op != opI32Const || end != opEnd {
			return nil, fmt.Errorf("%w: segment %d of its data", errModule, len(segments))
		}
		segments = append(segments, s)
	}
	if r.failed || len(r.b) > 0 {
		return nil, fmt.Errorf("%w: the end of its data", errModule)
	}
	return segments, nil
}

func writeData(segments []segment) []byte {
	out := binary.AppendUvarint(nil, uint64(len(segments)))
	for _, s := range segments {
		out = append(out, 0, opI32Const)
		out = append(appendSigned(out, s.at), opEnd)
		out = append(binary.AppendUvarint(out, uint64(len(s.data))), s.data...)
	}
	return out
}

// reader reads what a module is made of; after a failure it reads zeroes.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) fail() {
	r.b, r.failed = nil, true
}

func (r *reader) byte() byte {
	b := r.bytes(1)
	if r.failed {
		return 0
	}
	return b[0]
}

func (r *reader) bytes(n uint32) []byte {
	if uint64(n) > uint64(len(r.b)) {
		r.fail()
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// unsigned reads unsigned LEB128 of 32 bits.
func (r *reader) unsigned() uint32 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > 1<<32-1 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return uint32(v)
}

// signed reads signed LEB128 of 32 bits, as the unsigned number of the same bits.
func (r *reader) signed() uint32 {
	var v uint64
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if b&0x40 != 0 {
				v |= ^uint64(0) << (shift + 7)
			}
			return uint32(v)
		}
	}
	r.fail()
	return 0
}

func appendSigned(b []byte, bits uint32) []byte {
	for v := int32(bits); ; v >>= 7 {
		low := byte(v & 0x7f)
		if v>>6 == 0 || v>>6 == -1 {
			return append(b, low)
		}
		b = append(b, low|0x80)
	}
}
