package media

import (
	"github.com/pion/rtp"
)

// Inject returns a function that forwards a packet as if it had come from a
// peer's track, or nil if the peer does not publish it.
func Inject(c *Call, peer string, medium Medium) func(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, u := range c.uplinks {
		if u.peer.name == peer && u.medium == medium {
			p := new(packet)
			header := new(rtp.Header)
			return func(b []byte) { p = u.receive(p, copy(p.data[:], b), header) }
		}
	}
	return nil
}

// Forwarded counts the packets that have been sent to a call's peers, and the
// downlinks that have begun.
func Forwarded(c *Call) (packets uint64, downlinks int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, u := range c.uplinks {
		for _, d := range *u.downlinks.Load() {
			packets += uint64(d.packets.Load())
			if d.started.Load() {
				downlinks++
			}
		}
	}
	return packets, downlinks
}
