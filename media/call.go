package media

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
)

// A Call is a set of peers each of whom receives what all the others publish.
type Call struct {
	id   string
	node *Node

	mu      sync.Mutex
	peers   map[string]*Peer
	uplinks []*Uplink // in order of publication
	ids     int       // track ids given so far
	closed  bool
}

func newCall(n *Node, id string) *Call {
	return &Call{id: id, node: n, peers: make(map[string]*Peer)}
}

// Join adds a peer under a name that is unique in the call: letters, digits, '-',
// '_' and '.'. A peer of the same name is removed first: somebody's newest page
// is the one that counts.
//
// send gives a signal to the client; it is called from one goroutine, in order,
// not after the peer has been removed, and may call anything but [Node.Close]. A
// peer whose send function is more than a few hundred signals late is removed.
//
// Join fails with [ErrPeerName], [ErrFull] or [ErrClosed].
func (c *Call) Join(name string, send func(Signal)) (*Peer, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	c.Remove(name)
	p := newPeer(c, name, send)
	c.mu.Lock()
	switch {
	case c.closed:
		c.mu.Unlock()
		return nil, ErrClosed
	case c.peers[name] != nil:
		c.mu.Unlock()
		return nil, fmt.Errorf("%w: joined twice at the same time", ErrPeerName)
	case len(c.peers) >= MaxPeers:
		c.mu.Unlock()
		return nil, ErrFull
	}
	c.peers[name] = p
	c.mu.Unlock()
	p.start()
	return p, nil
}

// Remove ends a peer's part in the call: when it returns, nothing is forwarded
// from it or to it any more, and its connections are closed. The others are told.
// It does nothing if there is no such peer.
func (c *Call) Remove(name string) {
	c.mu.Lock()
	p := c.peers[name]
	c.mu.Unlock()
	if p != nil {
		c.remove(p)
	}
}

func (c *Call) remove(p *Peer) {
	p.cut.Store(true)
	c.mu.Lock()
	if c.peers[p.name] == p {
		delete(c.peers, p.name)
		c.uplinks = slices.DeleteFunc(slices.Clone(c.uplinks), func(u *Uplink) bool { return u.peer == p })
		for _, other := range c.peers {
			other.post(Signal{Type: Left, Peer: p.name})
			other.poke()
		}
	}
	c.mu.Unlock()
	p.stop()
}

// Peers returns the names of those in the call, sorted.
func (c *Call) Peers() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.peers))
}

// Close removes everybody and ends the call; [Node.Call] will make a new one.
func (c *Call) Close() {
	c.mu.Lock()
	c.closed = true
	peers := slices.Collect(maps.Values(c.peers))
	c.mu.Unlock()
	c.node.forget(c)
	for _, p := range peers {
		p.cut.Store(true)
	}
	for _, p := range peers {
		c.remove(p)
	}
}

// newID returns a track id that no track of the call has had.
func (c *Call) newID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids++
	return "t" + strconv.Itoa(c.ids)
}

// publish makes u known to all peers. It reports false if u's peer is gone.
func (c *Call) publish(u *Uplink) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.peers[u.peer.name] != u.peer {
		return false
	}
	c.uplinks = append(slices.Clip(c.uplinks), u)
	c.pokeOthers(u.peer)
	return true
}

// unpublish takes back what publish did.
func (c *Call) unpublish(u *Uplink) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.uplinks, u)
	if i < 0 {
		return
	}
	c.uplinks = slices.Delete(slices.Clone(c.uplinks), i, i+1)
	c.pokeOthers(u.peer)
}

func (c *Call) pokeOthers(p *Peer) {
	for _, other := range c.peers {
		if other != p {
			other.poke()
		}
	}
}

// uplinksFor returns what p receives. The slice is not to be changed.
func (c *Call) uplinksFor(p *Peer) []*Uplink {
	c.mu.Lock()
	all := c.uplinks
	c.mu.Unlock()
	theirs := make([]*Uplink, 0, len(all))
	for _, u := range all {
		if u.peer != p {
			theirs = append(theirs, u)
		}
	}
	return theirs
}
