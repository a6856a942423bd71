package media

import "sync/atomic"

// cacheSize is the number of packets that an uplink keeps for retransmission: at
// 2.5 Mbit/s about two seconds, in 800 KB. A power of two.
const cacheSize = 512

// A cache keeps the last packets of one uplink, once for all its downlinks, by
// sequence number. Writers (the goroutines that read the uplink and its
// retransmissions) and readers (answers to NACKs) use it at the same time without
// a lock: a slot holds a pointer to an immutable packet. A packet that leaves its
// slot is given back to the writer, which fills it again only if nobody is
// reading it; a reader announces itself and then looks again whether the packet
// is still in its slot.
type cache struct {
	slots [cacheSize]atomic.Pointer[packet]
}

// put keeps p, unless a newer packet is in its place, and returns the packet to
// fill next: until then p is only the caller's, after that p is to be left alone.
func (c *cache) put(p *packet) (spare *packet) {
	slot := &c.slots[p.seq%cacheSize]
	for {
		old := slot.Load()
		if old != nil {
			old.readers.Add(1)
			if slot.Load() != old {
				old.release()
				continue
			}
			newer := int16(p.seq-old.seq) > 0
			old.release()
			if !newer {
				return p
			}
		}
		if !slot.CompareAndSwap(old, p) {
			continue
		}
		if old == nil || old.readers.Load() != 0 {
			return new(packet)
		}
		return old
	}
}

// has says whether the packet with that sequence number is kept.
func (c *cache) has(seq uint16) bool {
	p := c.acquire(seq)
	if p == nil {
		return false
	}
	p.release()
	return true
}

// acquire returns the packet with that sequence number, or nil. The caller must
// release it.
func (c *cache) acquire(seq uint16) *packet {
	slot := &c.slots[seq%cacheSize]
	p := slot.Load()
	if p == nil {
		return nil
	}
	p.readers.Add(1)
	if slot.Load() != p || p.seq != seq {
		p.readers.Add(-1)
		return nil
	}
	return p
}

func (p *packet) release() { p.readers.Add(-1) }
