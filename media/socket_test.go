package media

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func newTestSocket(t *testing.T, ip string) *socket {
	t.Helper()
	c, err := openSocket(&net.UDPAddr{IP: net.ParseIP(ip)})
	if err != nil {
		t.Skip("no such address here: ", err)
	}
	s, ok := c.(*socket)
	if !ok {
		_ = c.Close()
		t.Skip("the system does not segment")
	}
	return s
}

func TestPacketsArriveWholeAndInOrder(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "::1"} {
		for name, segments := range map[string]bool{"segmented": true, "one by one": false} {
			t.Run(ip+" "+name, func(t *testing.T) {
				from := newTestSocket(t, ip)
				from.segments.Store(segments)
				defer func() { require.NoError(t, from.Close()) }()
				const writers, packets = 3, 400
				sizes := []int{1100, 1100, 1099, 40, 1200, 1200, 1200, 8, 700}
				var received sync.WaitGroup
				for range 2 {
					to, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(ip)})
					require.NoError(t, err)
					defer to.Close()
					require.NoError(t, to.SetReadBuffer(receiveBuffer))
					require.NoError(t, to.SetReadDeadline(time.Now().Add(20*time.Second)))
					received.Go(func() {
						var next [writers]uint32
						b := make([]byte, 2000)
						for range writers * packets {
							n, _, err := to.ReadFromUDPAddrPort(b)
							if err != nil {
								t.Error(err)
								return
							}
							w := b[0]
							if got := binary.BigEndian.Uint32(b[1:]); got != next[w] || n != sizes[int(got)%len(sizes)] {
								t.Errorf("packet %d of %d bytes, expected %d of %d", got, n, next[w], sizes[int(next[w])%len(sizes)])
								return
							}
							next[w]++
						}
					})
					addr := to.LocalAddr().(*net.UDPAddr).AddrPort()
					for w := range byte(writers) {
						go func() {
							for i := range uint32(packets) {
								b := make([]byte, sizes[int(i)%len(sizes)])
								b[0] = w
								binary.BigEndian.PutUint32(b[1:], i)
								_, _ = from.WriteToAddrPort(b, addr)
							}
						}()
					}
				}
				received.Wait()
			})
		}
	}
}

func TestIdleDestinationsAreForgotten(t *testing.T) {
	s := newTestSocket(t, "127.0.0.1")
	defer func() { require.NoError(t, s.Close()) }()
	for port := range uint16(10) {
		s.add(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 10000+port))
	}
	for _, d := range *s.destinations.Load() {
		d.lastUsed = time.Now().Add(-2 * idle)
	}
	s.add(netip.MustParseAddrPort("127.0.0.1:9"))
	require.Len(t, *s.destinations.Load(), 1)
}

func TestWritingToASocketAllocatesNothing(t *testing.T) {
	s := newTestSocket(t, "127.0.0.1")
	defer func() { require.NoError(t, s.Close()) }()
	to, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP("127.0.0.1")})
	require.NoError(t, err)
	defer to.Close()
	addr := to.LocalAddr().(*net.UDPAddr).AddrPort()
	b := make([]byte, 1100)
	for range 1000 {
		_, _ = s.WriteToAddrPort(b, addr)
	}
	require.Zero(t, testing.AllocsPerRun(5000, func() { _, _ = s.WriteToAddrPort(b, addr) }))
}
