package feed

import (
	"context"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/bus"
	"github.com/ensemble-sante/ensemble/server/hub"
)

const (
	repeatEvery = 6                // looks: about ten seconds
	forgetAfter = 25 * time.Second // what a node has not repeated is over
)

// present tells who follows rooms on a node; for each room it replaces what the
// node said before.
type present struct {
	Node  string        `cbor:"1,keyasint"`
	Rooms []presentRoom `cbor:"2,keyasint"`
}

type presentRoom struct {
	Room    rooms.ID   `cbor:"1,keyasint"`
	Users   []rooms.ID `cbor:"2,keyasint"`
	Devices []rooms.ID `cbor:"3,keyasint"`
}

// arrived tells a room that somebody is there, and them who is. The caller holds
// r.mu.
func (f *Feed) arrived(r *room, c *hub.Conn) {
	online := f.users(r)
	for user := range online {
		if user != c.User {
			c.Send(wire.OpOnline, 0, wire.Presence{Room: r.id, User: user, Online: true})
		}
	}
	if online[c.User] == 1 {
		f.castPresence(r, c.User, true)
	}
	f.announce(r)
}

// left tells a room that somebody is there no more, if it was their last
// connection. The caller holds r.mu and has removed c.
func (f *Feed) left(r *room, c *hub.Conn) {
	if f.users(r)[c.User] == 0 {
		f.castPresence(r, c.User, false)
	}
	f.announce(r)
}

func (f *Feed) castPresence(r *room, user rooms.ID, online bool) {
	// Followers on this node only: the other nodes find out by themselves.
	if err := f.Hub.Cast(r.id, wire.OpOnline, wire.Presence{Room: r.id, User: user, Online: online}, nil, rooms.ID{}); err != nil {
		f.Logger.Error("telling who is present", "error", err)
	}
}

// users counts the devices by which users are present in a room, on any node.
// The caller holds r.mu.
func (f *Feed) users(r *room) map[rooms.ID]int {
	n := make(map[rooms.ID]int)
	for c := range r.conns {
		n[c.User]++
	}
	f.elsewhere.mu.Lock()
	defer f.elsewhere.mu.Unlock()
	for _, s := range f.elsewhere.rooms[r.id] {
		for _, user := range s.devices {
			n[user]++
		}
	}
	return n
}

// Devices lists the devices that are present in a room, on any node, with their
// users.
func (f *Feed) devices(r *room) map[rooms.ID]rooms.ID {
	list := make(map[rooms.ID]rooms.ID)
	for c := range r.conns {
		list[c.Device] = c.User
	}
	f.elsewhere.mu.Lock()
	defer f.elsewhere.mu.Unlock()
	for _, s := range f.elsewhere.rooms[r.id] {
		for device, user := range s.devices {
			list[device] = user
		}
	}
	return list
}

// announce tells the other nodes who is in a room here. The caller holds r.mu.
func (f *Feed) announce(r *room) { f.send(present{f.Node, []presentRoom{r.present()}}) }

func (r *room) present() presentRoom {
	p := presentRoom{Room: r.id}
	for c := range r.conns {
		p.Users = append(p.Users, c.User)
		p.Devices = append(p.Devices, c.Device)
	}
	return p
}

func (f *Feed) send(p present) {
	b, err := cbor.Marshal(p)
	if err == nil {
		err = f.Bus.Send(topicPresence, b)
	}
	if err != nil {
		f.Logger.Debug("telling the other nodes who is present", "error", err)
	}
}

// heartbeat repeats who is here, and forgets nodes that have fallen silent.
func (f *Feed) heartbeat(_ context.Context, n int) {
	if n%repeatEvery != 0 {
		return
	}
	p, size := present{Node: f.Node}, 0
	for _, r := range f.followed() {
		r.mu.Lock()
		one := r.present()
		r.mu.Unlock()
		p.Rooms = append(p.Rooms, one)
		if size += 64 + 40*len(one.Users); size > bus.MaxPayload/2 {
			f.send(p)
			p.Rooms, size = nil, 0
		}
	}
	if len(p.Rooms) > 0 {
		f.send(p)
	}
	f.forget()
}

func (f *Feed) forget() {
	before := f.Now().Add(-forgetAfter)
	var stale []present
	f.elsewhere.mu.Lock()
	for id, nodes := range f.elsewhere.rooms {
		for node, s := range nodes {
			if s.at.Before(before) {
				stale = append(stale, present{node, []presentRoom{{Room: id}}})
			}
		}
	}
	f.elsewhere.mu.Unlock()
	for _, p := range stale {
		f.presenceIs(p)
	}
}

func (f *Feed) presenceHeard(b []byte) {
	p, err := parsePresent(b)
	if err != nil {
		f.Logger.Warn("a message from another node does not decode")
		return
	}
	if p.Node != f.Node {
		f.presenceIs(p)
	}
}

// parsePresent reads who is present on another node.
func parsePresent(b []byte) (present, error) {
	var p present
	if err := cbor.Unmarshal(b, &p); err != nil {
		return present{}, err
	}
	for _, one := range p.Rooms {
		if len(one.Users) != len(one.Devices) {
			return present{}, errNotRelayed
		}
	}
	return p, nil
}

// presenceIs takes in who is present on another node, and tells the followers
// here what has changed.
func (f *Feed) presenceIs(p present) {
	for _, one := range p.Rooms {
		r := f.find(one.Room)
		if r == nil {
			f.setElsewhere(p.Node, one)
			continue
		}
		r.mu.Lock()
		before := f.users(r)
		f.setElsewhere(p.Node, one)
		after := f.users(r)
		for user := range after {
			if before[user] == 0 {
				f.castPresence(r, user, true)
			}
		}
		for user := range before {
			if after[user] == 0 {
				f.castPresence(r, user, false)
			}
		}
		r.mu.Unlock()
	}
}

func (f *Feed) setElsewhere(node string, one presentRoom) {
	f.elsewhere.mu.Lock()
	defer f.elsewhere.mu.Unlock()
	nodes := f.elsewhere.rooms[one.Room]
	if len(one.Users) == 0 {
		delete(nodes, node)
		if len(nodes) == 0 {
			delete(f.elsewhere.rooms, one.Room)
		}
		return
	}
	if nodes == nil {
		nodes = make(map[string]seen)
		f.elsewhere.rooms[one.Room] = nodes
	}
	s := seen{at: f.Now(), devices: make(map[rooms.ID]rooms.ID, len(one.Devices))}
	for i, device := range one.Devices {
		s.devices[device] = one.Users[i]
	}
	nodes[node] = s
}

// goneAfter is how long a device of a call may be away before the others are
// told to remove it.
const goneAfter = 10 * time.Second

// announceGone tells the followers of each call, here, which devices of its
// group nobody has seen for goneAfter.
//
// While the bus is down nobody can say who is present on other nodes, and so
// nobody is gone.
func (f *Feed) announceGone(ctx context.Context, now time.Time) {
	silent := f.Bus.Check() != nil
	for _, r := range f.followed() {
		if r.kind != rooms.KindCall {
			continue
		}
		view, err := f.Appender.View(ctx, r.id)
		if err != nil {
			continue
		}
		r.mu.Lock()
		here := f.devices(r)
		if r.gone == nil || silent {
			r.gone, r.told = make(map[rooms.ID]time.Time), make(map[rooms.ID]bool)
		}
		still := make(map[rooms.ID]bool)
		for _, m := range view.Members() {
			if _, ok := here[m.Device]; ok {
				continue
			}
			still[m.Device] = true
			since, ok := r.gone[m.Device]
			if !ok {
				r.gone[m.Device] = now
				continue
			}
			if now.Sub(since) >= goneAfter && !r.told[m.Device] {
				r.told[m.Device] = true
				f.castGone(r, m.Device)
			}
		}
		for device := range r.gone {
			if !still[device] {
				delete(r.gone, device)
				delete(r.told, device)
			}
		}
		r.mu.Unlock()
	}
}

// castGone tells a call's followers here that a device has gone, in the words of
// media signalling.
func (f *Feed) castGone(r *room, device rooms.ID) {
	signal := wire.Signal{Call: r.id, Signal: []byte(`{"type":"left","peer":"` + device.String() + `"}`)}
	if err := f.Hub.Cast(r.id, wire.OpSignalP, signal, nil, rooms.ID{}); err != nil {
		f.Logger.Error("telling that a device has gone", "error", err)
	}
}
