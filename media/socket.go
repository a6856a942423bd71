package media

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// receiveBuffer and sendBuffer are what is asked of the system for a socket that
// carries everyone's media, in bytes. The system may give less.
const (
	receiveBuffer = 4 << 20
	sendBuffer    = 4 << 20
)

const (
	maxBatch    = 60000            // bytes that may wait for one destination, below the largest datagram
	maxSegments = 60               // datagrams in one system call; Linux has a limit of 64
	idle        = 30 * time.Second // a destination that is not written to is forgotten
)

// A socket is a UDP socket that sends packets to the same destination together
// where the system can segment them (GSO). Half of what forwarding costs is the
// system call. A writer leaves its packet with the destination; one goroutine
// sends what has gathered. There is no timer: while it sends, the next packets
// gather, and the more there are the fewer system calls it takes for each.
//
// It is a net.PacketConn and an ice.AddrPortReaderWriter. A write reports no error
// of the network.
type socket struct {
	*net.UDPConn
	segments atomic.Bool // the system segments
	wake     chan struct{}
	quit     chan struct{}
	done     chan struct{}
	once     sync.Once

	destinations atomic.Pointer[map[netip.AddrPort]*destination]
	mu           sync.Mutex // held while destinations is replaced, and for dirty
	dirty        []*destination
}

// destination is what waits to be sent to one address.
type destination struct {
	addr netip.AddrPort

	mu       sync.Mutex
	waiting  batch
	queued   bool
	lastUsed time.Time

	sending sync.Mutex // held while a batch is sent; before mu
	sent    batch
}

// batch is some packets, one after another.
type batch struct {
	data []byte
	ends []int // where each packet ends in data
}

func (b *batch) reset() { b.data, b.ends = b.data[:0], b.ends[:0] }

func openSocket(at *net.UDPAddr) (net.PacketConn, error) {
	c, err := net.ListenUDP("udp", at)
	if err != nil {
		return nil, err
	}
	_ = c.SetReadBuffer(receiveBuffer)
	_ = c.SetWriteBuffer(sendBuffer)
	if !canSegment(c) {
		return c, nil
	}
	return newSocket(c), nil
}

func newSocket(c *net.UDPConn) *socket {
	s := &socket{
		UDPConn: c,
		wake:    make(chan struct{}, 1),
		quit:    make(chan struct{}),
		done:    make(chan struct{}),
	}
	s.segments.Store(true)
	s.destinations.Store(new(map[netip.AddrPort]*destination))
	go s.run()
	return s
}

// ReadFromAddrPort reads one packet.
func (s *socket) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	return s.ReadFromUDPAddrPort(b)
}

// WriteTo sends b to a UDP address.
func (s *socket) WriteTo(b []byte, addr net.Addr) (int, error) {
	if u, ok := addr.(*net.UDPAddr); ok {
		return s.WriteToAddrPort(b, u.AddrPort())
	}
	return s.UDPConn.WriteTo(b, addr)
}

// WriteToAddrPort sends b. It does not keep b.
func (s *socket) WriteToAddrPort(b []byte, addr netip.AddrPort) (int, error) {
	d := (*s.destinations.Load())[addr]
	if d == nil {
		d = s.add(addr)
	}
	for {
		d.mu.Lock()
		if len(d.waiting.data)+len(b) <= maxBatch || len(d.waiting.data) == 0 {
			break
		}
		d.mu.Unlock()
		s.flush(d)
	}
	d.waiting.data = append(d.waiting.data, b...)
	d.waiting.ends = append(d.waiting.ends, len(d.waiting.data))
	fresh := !d.queued
	d.queued = true
	d.mu.Unlock()
	if fresh {
		s.queue(d)
	}
	return len(b), nil
}

func (s *socket) add(addr netip.AddrPort) *destination {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := *s.destinations.Load()
	if d := old[addr]; d != nil {
		return d
	}
	now := time.Now()
	next := make(map[netip.AddrPort]*destination, len(old)+1)
	for a, d := range old {
		d.mu.Lock()
		if d.queued || now.Sub(d.lastUsed) < idle {
			next[a] = d
		}
		d.mu.Unlock()
	}
	d := &destination{addr: addr, lastUsed: now}
	next[addr] = d
	s.destinations.Store(&next)
	return d
}

// queue has the sending goroutine look at d.
func (s *socket) queue(d *destination) {
	s.mu.Lock()
	s.dirty = append(s.dirty, d)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *socket) run() {
	defer close(s.done)
	var todo []*destination
	for {
		s.mu.Lock()
		todo, s.dirty = s.dirty, todo[:0]
		s.mu.Unlock()
		for _, d := range todo {
			s.flush(d)
		}
		if len(todo) > 0 {
			continue
		}
		select {
		case <-s.wake:
		case <-s.quit:
			return
		}
	}
}

// flush sends what waits for d.
func (s *socket) flush(d *destination) {
	d.sending.Lock()
	defer d.sending.Unlock()
	d.mu.Lock()
	d.waiting, d.sent = d.sent, d.waiting
	d.queued = false
	d.lastUsed = time.Now()
	d.mu.Unlock()
	s.send(d.addr, &d.sent)
	d.sent.reset()
}

// send sends a batch: runs of packets of the same length, of which the last may
// be shorter, in one system call each.
func (s *socket) send(addr netip.AddrPort, b *batch) {
	start := 0
	for i := 0; i < len(b.ends); {
		size := b.ends[i] - start
		j := i + 1
		if s.segments.Load() {
			for prev := b.ends[i]; j < len(b.ends) && j-i < maxSegments; j++ {
				n := b.ends[j] - prev
				if n > size {
					break
				}
				prev = b.ends[j]
				if n < size {
					j++
					break
				}
			}
		}
		end := b.ends[j-1]
		if j == i+1 {
			_, _ = s.WriteToUDPAddrPort(b.data[start:end], addr)
		} else if err := s.writeSegments(b.data[start:end], size, addr); err != nil && cannotSegment(err) {
			s.segments.Store(false) // not this route; never again, and these one by one
			continue
		}
		start, i = end, j
	}
}

// Close sends what waits and closes the socket.
func (s *socket) Close() error {
	s.once.Do(func() { close(s.quit) })
	<-s.done
	for _, d := range *s.destinations.Load() {
		s.flush(d)
	}
	return s.UDPConn.Close()
}
