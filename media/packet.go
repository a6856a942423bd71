package media

import (
	"encoding/binary"
	"sync/atomic"
)

// maxPacket is the size of the largest RTP packet that is forwarded: the UDP
// payload of an Ethernet frame. Browsers stay below 1,200.
const maxPacket = 1472

// A packet is a received RTP packet in the buffer into which it was read. It is
// written by one goroutine before it is put into a cache, and not after.
type packet struct {
	seq     uint16
	marker  bool
	pt      uint8
	ts      uint32
	payload []byte // part of data, without padding; empty in a packet of padding alone

	readers atomic.Int32 // retransmissions that are reading this packet right now
	data    [maxPacket]byte
}

// parse fills p from its first n bytes of data. It reports whether they are an
// RTP packet (RFC 3550, section 5.1).
func (p *packet) parse(n int) bool {
	if n < 12 || n > len(p.data) {
		return false
	}
	b := p.data[:n]
	if b[0]>>6 != 2 {
		return false
	}
	start := 12 + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 { // header extension
		if n < start+4 {
			return false
		}
		start += 4 + 4*int(binary.BigEndian.Uint16(b[start+2:]))
	}
	end := n
	if b[0]&0x20 != 0 { // padding
		end -= int(b[n-1])
		if b[n-1] == 0 {
			return false
		}
	}
	if start > end {
		return false
	}
	p.marker = b[1]&0x80 != 0
	p.pt = b[1] & 0x7f
	p.seq = binary.BigEndian.Uint16(b[2:])
	p.ts = binary.BigEndian.Uint32(b[4:])
	p.payload = b[start:end]
	return true
}

// startsKeyFrame reports whether payload is the first packet of a VP8 key frame
// (RFC 7741, sections 4.2 and 4.3), which clients leave readable.
func startsKeyFrame(payload []byte) bool {
	if len(payload) == 0 || payload[0]&0x1f != 0x10 { // start of partition 0
		return false
	}
	i := 1
	if payload[0]&0x80 != 0 { // extended control bits
		if len(payload) < 2 {
			return false
		}
		x := payload[1]
		i = 2
		if x&0x80 != 0 { // picture id, of one byte or two
			if len(payload) <= i {
				return false
			}
			if payload[i]&0x80 != 0 {
				i++
			}
			i++
		}
		if x&0x40 != 0 { // TL0PICIDX
			i++
		}
		if x&0x30 != 0 { // TID, KEYIDX
			i++
		}
	}
	return len(payload) > i && payload[i]&0x01 == 0
}

// headerExtension returns the value of a header extension of an RTP packet (RFC
// 8285), or nil.
func headerExtension(b []byte, id uint8) []byte {
	if len(b) < 12 || b[0]&0x10 == 0 {
		return nil
	}
	start := 12 + 4*int(b[0]&0x0f)
	if len(b) < start+4 {
		return nil
	}
	profile := binary.BigEndian.Uint16(b[start:])
	end := start + 4 + 4*int(binary.BigEndian.Uint16(b[start+2:]))
	if end > len(b) {
		return nil
	}
	x := b[start+4 : end]
	for len(x) > 0 {
		var which uint8
		var head, n int
		switch {
		case x[0] == 0: // padding
			x = x[1:]
			continue
		case profile == 0xbede: // one-byte headers
			which, head, n = x[0]>>4, 1, int(x[0]&0x0f)+1
			if which == 15 {
				return nil
			}
		case profile&0xfff0 == 0x1000 && len(x) > 1: // two-byte headers
			which, head, n = x[0], 2, int(x[1])
		default:
			return nil
		}
		if len(x) < head+n {
			return nil
		}
		if which == id {
			return x[head : head+n]
		}
		x = x[head+n:]
	}
	return nil
}
