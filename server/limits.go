package server

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/ensemble-sante/ensemble/rooms"
)

// Limits say how much one account and one address may ask. Zero fields have
// defaults.
type Limits struct {
	AccountRate  float64 // websocket requests a second of one account; 100
	AccountBurst int     // 1000
	AddressRate  float64 // HTTP requests a second of one address; 100
	AddressBurst int     // 500
	SignInRate   float64 // enrolments and sign-ins a second of one address; 5
	SignInBurst  int     // 100
	Connections  int     // websockets of one account on this node; 50
}

// limits holds the buckets of accounts and addresses.
type limits struct {
	Limits
	now func() time.Time

	mu        sync.Mutex
	accounts  map[rooms.ID]*bucket
	addresses map[netip.Addr]*bucket
	signIns   map[netip.Addr]*bucket
}

type bucket struct {
	*rate.Limiter
	used time.Time
}

func newLimits(l Limits, now func() time.Time) *limits {
	set := func(rate *float64, burst *int, r float64, b int) {
		if *rate == 0 {
			*rate = r
		}
		if *burst == 0 {
			*burst = b
		}
	}
	set(&l.AccountRate, &l.AccountBurst, 100, 1000)
	set(&l.AddressRate, &l.AddressBurst, 100, 500)
	set(&l.SignInRate, &l.SignInBurst, 5, 100)
	if l.Connections == 0 {
		l.Connections = 50
	}
	return &limits{Limits: l, now: now, accounts: make(map[rooms.ID]*bucket),
		addresses: make(map[netip.Addr]*bucket), signIns: make(map[netip.Addr]*bucket)}
}

// account gives the limiter that all connections of an account share.
func (l *limits) account(user rooms.ID) *rate.Limiter {
	return get(l, l.accounts, user, l.AccountRate, l.AccountBurst)
}

func (l *limits) address(a netip.Addr) bool {
	return get(l, l.addresses, block(a), l.AddressRate, l.AddressBurst).Allow()
}

func (l *limits) signIn(a netip.Addr) bool {
	return get(l, l.signIns, block(a), l.SignInRate, l.SignInBurst).Allow()
}

// block is what counts as one address: of IPv6 the network of a customer.
func block(a netip.Addr) netip.Addr {
	if a.Is6() && !a.Is4In6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a.Unmap()
}

func get[K comparable](l *limits, buckets map[K]*bucket, key K, r float64, burst int) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := buckets[key]
	if b == nil {
		b = &bucket{Limiter: rate.NewLimiter(rate.Limit(r), burst)}
		buckets[key] = b
	}
	b.used = l.now()
	return b.Limiter
}

// sweep forgets buckets that are full again.
func (l *limits) sweep() {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.now().Add(-10 * time.Minute)
	sweepBuckets(l.accounts, before)
	sweepBuckets(l.addresses, before)
	sweepBuckets(l.signIns, before)
}

func sweepBuckets[K comparable](buckets map[K]*bucket, before time.Time) {
	for key, b := range buckets {
		if b.used.Before(before) && b.Tokens() >= float64(b.Burst()) {
			delete(buckets, key)
		}
	}
}

// addressOf is the address that a request comes from: of a trusted proxy, the
// last one that it or a proxy behind it did not make up.
func (s *Server) addressOf(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	forwarded := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(forwarded) - 1; i >= 0 && s.trusted(address); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(forwarded[i]))
		if err != nil {
			break
		}
		address = next
	}
	return address
}

func (s *Server) trusted(a netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}
