package server

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/ensemble-sante/ensemble/media"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/authz"
	"github.com/ensemble-sante/ensemble/server/store"
)

const (
	leaseTime   = 6 * time.Second
	lookAtCalls = time.Second
	holderTime  = 2 * time.Second // a lease of another node is believed for so long

	topicSignals = "signals." // message: media signals for a node
)

// calls joins the signalling of calls to the node that forwards their media: this
// one, or whichever holds the lease in the database; then signals travel over the
// bus, and media goes straight there. Who may be in a call is asked for every
// signal that brings somebody in, and again for everybody whenever a log says that
// it may have changed, and each second.
type calls struct {
	s    *Server
	wake chan struct{}

	mu      sync.Mutex
	hosted  map[rooms.ID]map[rooms.ID]*caller // by call, by device
	holders map[rooms.ID]holder
}

// caller is a device in a call that this node forwards.
type caller struct {
	user rooms.ID
	node string // where its websocket is
	peer *media.Peer
}

type holder struct {
	node string
	at   time.Time
}

// relayedSignal is a signal on its way between nodes.
type relayedSignal struct {
	Call   rooms.ID `cbor:"1,keyasint"`
	User   rooms.ID `cbor:"2,keyasint"`
	Device rooms.ID `cbor:"3,keyasint"`
	From   string   `cbor:"4,keyasint"`           // node
	Down   bool     `cbor:"5,keyasint,omitempty"` // from the media to the client
	Signal []byte   `cbor:"6,keyasint"`           // JSON
}

func newCalls(s *Server) *calls {
	return &calls{s: s, wake: make(chan struct{}, 1), hosted: make(map[rooms.ID]map[rooms.ID]*caller), holders: make(map[rooms.ID]holder)}
}

// signal takes a client's media signal.
func (s *Server) signal(ctx context.Context, q *request) error {
	in, err := body[wire.Signal](s, q)
	if err != nil {
		return err
	}
	signal, err := media.ParseJSON(in.Signal)
	if err != nil {
		return rooms.Errorf(rooms.CodeMalformed, "%w", err)
	}
	p, err := s.allow(ctx, authz.Signal, q.actor(), in.Call, signal.Type == media.PublishOffer)
	if err != nil {
		return err
	}
	if s.Media == nil {
		return rooms.Errorf(rooms.CodeUnavailable, "this node forwards no media")
	}
	if p.view.Kind() != rooms.KindCall || p.view.Over() {
		return rooms.Errorf(rooms.CodeNotAllowed, "no call is running in this room")
	}
	node, err := s.media.holder(ctx, in.Call)
	if err != nil {
		return err
	}
	if node != s.Node {
		err = s.media.send(node, relayedSignal{Call: in.Call, User: q.User, Device: q.Device, From: s.Node, Signal: in.Signal})
	} else {
		err = s.media.handle(in.Call, q.User, q.Device, s.Node, signal)
	}
	if err != nil {
		return err
	}
	return q.done(nil)
}

// holder finds the node that forwards a call; this one, if none did.
func (m *calls) holder(ctx context.Context, call rooms.ID) (string, error) {
	now := m.s.Now()
	m.mu.Lock()
	h, ok := m.holders[call]
	m.mu.Unlock()
	if ok && now.Sub(h.at) < holderTime {
		return h.node, nil
	}
	node, err := m.s.Store.TakeLease(ctx, store.TakeLeaseParams{CallID: call[:], Node: m.s.Node, Seconds: leaseTime.Seconds()})
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	m.holders[call] = holder{node, now}
	m.mu.Unlock()
	return node, nil
}

// handle gives a signal to the media, where the device joins with its first.
func (m *calls) handle(call, user, device rooms.ID, node string, signal media.Signal) error {
	m.mu.Lock()
	devices := m.hosted[call]
	if devices == nil {
		devices = make(map[rooms.ID]*caller)
		m.hosted[call] = devices
	}
	c := devices[device]
	if c != nil && ended(c.peer) {
		c = nil
	}
	if c == nil {
		if signal.Type == media.Left {
			m.mu.Unlock()
			return nil
		}
		c = &caller{user: user, node: node}
		peer, err := m.s.Media.Call(call.String()).Join(device.String(), func(sig media.Signal) { m.deliver(call, device, c, sig) })
		if err != nil {
			m.mu.Unlock()
			return rooms.Errorf(rooms.CodeUnavailable, "joining the call: %w", err)
		}
		c.peer = peer
		devices[device] = c
	}
	c.node = node
	peer := c.peer
	m.mu.Unlock()
	if signal.Type == media.Left {
		m.remove(call, device)
		return nil
	}
	if err := peer.Handle(signal); err != nil {
		return rooms.Errorf(rooms.CodeMalformed, "%w", err)
	}
	return nil
}

func ended(p *media.Peer) bool {
	select {
	case <-p.Done():
		return true
	default:
		return false
	}
}

// deliver hands a signal of the media to the client, here or at another node.
func (m *calls) deliver(call, device rooms.ID, c *caller, signal media.Signal) {
	b, err := json.Marshal(signal)
	if err != nil {
		return // strings always encode
	}
	m.mu.Lock()
	node := c.node
	m.mu.Unlock()
	if node == m.s.Node {
		m.s.feed.ToDevice(c.user, device, wire.OpSignalP, wire.Signal{Call: call, Signal: b})
		return
	}
	if err := m.send(node, relayedSignal{Call: call, User: c.user, Device: device, From: m.s.Node, Down: true, Signal: b}); err != nil {
		m.s.log.Warn("relaying a media signal", "error", err)
	}
}

func (m *calls) send(node string, r relayedSignal) error {
	b, err := cbor.Marshal(r)
	if err != nil {
		return err
	}
	if err := m.s.Bus.Send(topicSignals+node, b); err != nil {
		return rooms.Errorf(rooms.CodeUnavailable, "the node of the call cannot be reached")
	}
	return nil
}

// heard takes a signal from another node.
func (m *calls) heard(_ string, b []byte) {
	var r relayedSignal
	if err := cbor.Unmarshal(b, &r); err != nil {
		m.s.log.Warn("a signal from another node does not decode")
		return
	}
	if r.Down {
		m.s.feed.ToDevice(r.User, r.Device, wire.OpSignalP, wire.Signal{Call: r.Call, Signal: r.Signal})
		return
	}
	signal, err := media.ParseJSON(r.Signal)
	if err != nil || m.s.Media == nil {
		return
	}
	ctx, cancel := context.WithTimeout(m.s.running, 5*time.Second)
	defer cancel()
	if !m.allowed(ctx, r.Call, r.User, r.Device) { // both nodes ask
		return
	}
	node, err := m.holder(ctx, r.Call)
	if err == nil && node != m.s.Node {
		return // the lease has moved: the client begins anew there
	}
	if err == nil {
		err = m.handle(r.Call, r.User, r.Device, r.From, signal)
	}
	if err != nil {
		m.s.log.Warn("a signal from another node", "error", err)
	}
}

func (m *calls) allowed(ctx context.Context, call, user, device rooms.ID) bool {
	actor := authz.Actor{User: user, Device: device}
	p, err := m.s.standing(ctx, actor, call, false)
	return err == nil && authz.Allow(authz.Signal, actor, p.Standing) == nil && !p.view.Over()
}

// changed is told that somebody's standing in a room may have changed.
func (m *calls) changed(rooms.ID) {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func (m *calls) run(ctx context.Context) {
	ticker := time.NewTicker(lookAtCalls)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
			m.cut(ctx)
			continue
		case <-ticker.C:
		}
		m.cut(ctx)
		if n%2 == 0 {
			m.renew(ctx)
		}
		if n%5 == 0 {
			m.s.checkSessions(m.s.hub.Conns())
		}
	}
}

// cut takes out of their calls all who may not be there any more.
func (m *calls) cut(ctx context.Context) {
	type who struct{ call, user, device rooms.ID }
	var list []who
	m.mu.Lock()
	for call, devices := range m.hosted {
		for device, c := range devices {
			list = append(list, who{call, c.user, device})
		}
	}
	m.mu.Unlock()
	if len(list) == 0 {
		return
	}
	devices := make([][]byte, len(list))
	for i := range list {
		devices[i] = list[i].device[:]
	}
	ended, err := m.s.Store.RevokedDevices(ctx, devices)
	if err != nil && ctx.Err() == nil {
		m.s.log.Warn("looking for revoked devices", "error", err)
	}
	for _, w := range list {
		ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
		revoked := slices.ContainsFunc(ended, func(d []byte) bool { return rooms.ID(d) == w.device })
		if revoked || !m.allowed(ctx, w.call, w.user, w.device) {
			m.remove(w.call, w.device)
		}
		cancel()
	}
}

// remove ends a device's part in a call; when it returns nothing is forwarded
// from it or to it.
func (m *calls) remove(call, device rooms.ID) {
	m.s.Media.Call(call.String()).Remove(device.String())
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.hosted[call], device)
	if len(m.hosted[call]) == 0 {
		delete(m.hosted, call)
	}
}

// renew keeps the leases of the calls that this node forwards, drops those that
// are empty, and gives up those that another node has taken.
func (m *calls) renew(ctx context.Context) {
	m.mu.Lock()
	var ids [][]byte
	var list []rooms.ID
	for call, devices := range m.hosted {
		for device, c := range devices {
			if ended(c.peer) {
				delete(devices, device)
			}
		}
		ids = append(ids, call.Bytes())
		list = append(list, call)
	}
	now := m.s.Now()
	for call, h := range m.holders {
		if now.Sub(h.at) > leaseTime {
			delete(m.holders, call)
		}
	}
	m.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	kept, err := m.s.Store.RenewLeases(ctx, store.RenewLeasesParams{Node: m.s.Node, Calls: ids, Seconds: leaseTime.Seconds()})
	if err != nil {
		m.s.log.Warn("renewing leases", "error", err)
		return
	}
	mine := make(map[rooms.ID]bool, len(kept))
	for _, b := range kept {
		mine[rooms.ID(b)] = true
	}
	for _, call := range list {
		if !mine[call] {
			m.end(call)
		}
	}
}

// end gives up a call.
func (m *calls) end(call rooms.ID) {
	m.mu.Lock()
	delete(m.hosted, call)
	delete(m.holders, call)
	m.mu.Unlock()
	m.s.Media.Call(call.String()).Close()
}

// close gives back the leases of this node.
func (m *calls) close() {
	m.mu.Lock()
	list := make([]rooms.ID, 0, len(m.hosted))
	for call := range m.hosted {
		list = append(list, call)
	}
	m.mu.Unlock()
	for _, call := range list {
		m.end(call)
	}
	if len(list) > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		if err := m.s.Store.DropLeases(ctx, m.s.Node); err != nil {
			m.s.log.Warn("giving back leases", "error", err)
		}
	}
}
