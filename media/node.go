package media

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
)

// Config is what a [Node] needs to know.
type Config struct {
	// Listen is the UDP address of the one port, "host:port". Without a host the
	// node listens on every address of the machine. Port 0 takes any free one.
	Listen string
	// PublicIPs are told to clients instead of the node's own addresses, for a
	// node behind a one-to-one translation that keeps the port.
	PublicIPs []string
	// Logger may be nil.
	Logger *slog.Logger
}

// A Node forwards the media of any number of calls over one UDP port.
type Node struct {
	logger       *slog.Logger
	mux          ice.UDPMux
	addr         net.Addr
	settings     webrtc.SettingEngine
	certificates []webrtc.Certificate
	running      sync.WaitGroup // everything that peers and tracks run

	mu     sync.Mutex
	calls  map[string]*Call
	closed bool
}

// NewNode opens the port. It fails with [ErrConfig] or the error of the system.
func NewNode(c Config) (*Node, error) {
	logger := c.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	v4, v6 := len(c.PublicIPs) == 0, len(c.PublicIPs) == 0
	for _, ip := range c.PublicIPs {
		addr, err := netip.ParseAddr(ip)
		if err != nil {
			return nil, fmt.Errorf("%w: public address %q", ErrConfig, ip)
		}
		v4, v6 = v4 || addr.Is4(), v6 || addr.Is6()
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("media: making a key: %w", err)
	}
	certificate, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, fmt.Errorf("media: making a certificate: %w", err)
	}
	sockets, err := listen(c.Listen, v4, v6)
	if err != nil {
		return nil, err
	}
	logs := &logs{logger}
	muxes := make([]ice.UDPMux, len(sockets))
	for i, s := range sockets {
		muxes[i] = ice.NewUDPMuxDefault(ice.UDPMuxParams{Logger: logs.NewLogger("mux"), UDPConn: s})
	}
	n := &Node{
		logger:       logger,
		mux:          muxes[0],
		addr:         sockets[0].LocalAddr(),
		certificates: []webrtc.Certificate{*certificate},
		calls:        make(map[string]*Call),
	}
	if len(muxes) > 1 {
		n.mux = ice.NewMultiUDPMuxDefault(muxes...)
	}
	if n.settings, err = newSettings(n.mux, c.PublicIPs, logs); err != nil {
		_ = n.mux.Close()
		return nil, err
	}
	return n, nil
}

// Addr is the node's UDP address; of several, the first.
func (n *Node) Addr() net.Addr { return n.addr }

// Call returns the call with that id, which is made on first use and lasts until
// [Call.Close]. Ids are opaque. The call of a closed node is closed.
func (n *Node) Call(id string) *Call {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := n.calls[id]
	if c == nil {
		c = newCall(n, id)
		if n.closed {
			c.closed = true
			return c
		}
		n.calls[id] = c
	}
	return c
}

func (n *Node) forget(c *Call) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.calls[c.id] == c {
		delete(n.calls, c.id)
	}
}

// Close ends all calls, closes the port and waits until nothing of the node runs.
// It must not be called from a send function.
func (n *Node) Close() error {
	n.mu.Lock()
	n.closed = true
	calls := make([]*Call, 0, len(n.calls))
	for _, c := range n.calls {
		calls = append(calls, c)
	}
	n.mu.Unlock()
	for _, c := range calls {
		c.Close()
	}
	if err := n.mux.Close(); err != nil {
		return fmt.Errorf("media: closing the port: %w", err)
	}
	n.running.Wait()
	return nil
}

// listen opens the sockets of address: one, or one for each address of the
// machine of the families that are wanted, so that an answer leaves from the
// address that was asked.
func listen(address string, v4, v6 bool) ([]net.PacketConn, error) {
	at, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return nil, fmt.Errorf("%w: listen address: %w", ErrConfig, err)
	}
	hosts := []net.IP{at.IP}
	if at.IP == nil || at.IP.IsUnspecified() {
		if hosts, err = localAddresses(v4, v6 && at.IP.To4() == nil); err != nil {
			return nil, err
		}
	}
	var sockets []net.PacketConn
	port := at.Port
	for _, ip := range hosts {
		s, err := openSocket(&net.UDPAddr{IP: ip, Port: port, Zone: at.Zone})
		if len(hosts) > 1 && errors.Is(err, syscall.EADDRNOTAVAIL) {
			continue // an address that is coming or going
		}
		if err != nil {
			for _, s := range sockets {
				_ = s.Close()
			}
			return nil, fmt.Errorf("media: opening the port: %w", err)
		}
		sockets = append(sockets, s)
		port = s.LocalAddr().(*net.UDPAddr).Port
	}
	if len(sockets) == 0 {
		return nil, fmt.Errorf("%w: no address to listen on", ErrConfig)
	}
	return sockets, nil
}

// localAddresses lists the machine's addresses of these families, except
// link-local ones.
func localAddresses(v4, v6 bool) ([]net.IP, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("media: listing addresses: %w", err)
	}
	var ips []net.IP
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLinkLocalUnicast() || n.IP.IsMulticast() {
			continue
		}
		if is4 := n.IP.To4() != nil; is4 && !v4 || !is4 && !v6 {
			continue
		}
		ips = append(ips, n.IP)
	}
	return ips, nil
}
