package servertest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// Ports for tests lie below 32768, where systems begin to hand out the ports
// of outgoing connections: none of those can take a test's port before the
// test has opened it.
const (
	firstPort = 10000
	lastPort  = 32767
)

// Port finds a port that is free for TCP and UDP on loopback just now, for
// programs that must be told one. Whoever can listen on port 0 should.
func Port(t testing.TB) int {
	t.Helper()
	port, err := freePort()
	require.NoError(t, err)
	return port
}

func freePort() (int, error) {
	for range 200 {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		tcp, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			continue
		}
		udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		_ = tcp.Close()
		if err != nil {
			continue
		}
		_ = udp.Close()
		return port, nil
	}
	return 0, fmt.Errorf("no free port between %d and %d", firstPort, lastPort)
}
