package client

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

const (
	hereEvery  = 3 * time.Second // a device of a call says that it is there
	knockEvery = 4 * time.Second // somebody in the lobby says that they wait
	callTick   = time.Second
	enterAgain = 4 * time.Second // somebody who may enter a call and is not in looks at its log again

	// sframeLabel and sframeKeySize are those of RFC 9605, section 5.2, for
	// AES_128_GCM_SHA256_128.
	sframeLabel   = "SFrame 1.0 Base Key"
	sframeKeySize = 16
)

// call is what this device knows of the calls of one session. Nothing of it is
// kept: a page that is loaded again enters anew.
type call struct {
	session ID
	wanted  bool // this device waits in the lobby, or is in
	left    bool // it has left by itself
	room    ID   // the call's room that we follow
	before  []ID // who was in the item before
	removed rooms.Code

	said    time.Time        // when we last said that we wait
	here    time.Time        // when we last said that we are there
	stood   time.Time        // when we last looked at the log of a call that we are not in
	hand    *hand            // our own
	waiting map[ID]time.Time // users in the lobby
	heard   map[ID]time.Time // devices in the call
	gone    map[ID]time.Time // devices to be taken out, since when
	hands   []hand
	ticking bool
}

type hand struct {
	user ID
	at   int64
}

// callOf gives the call state of a session, making it if need be.
func (e *engine) callOf(session ID) *call {
	c := e.calls[session]
	if c == nil {
		c = &call{session: session, waiting: map[ID]time.Time{}, heard: map[ID]time.Time{}, gone: map[ID]time.Time{}}
		e.calls[session] = c
	}
	return c
}

// wantsCall says whether this device waits for a call's room.
func (e *engine) wantsCall(room ID) bool {
	for _, c := range e.calls {
		if !c.wanted {
			continue
		}
		if c.room == room {
			return true
		}
		if s := e.rooms[c.session]; s != nil && s.fold != nil && s.public().Session() != nil && s.public().Session().Call == room {
			return true
		}
	}
	return false
}

// callOfRoom finds the call state to which a call's room belongs.
func (e *engine) callOfRoom(room ID) *call {
	for _, c := range e.calls {
		if c.room == room {
			return c
		}
	}
	return nil
}

// workCalls follows, at the end of each turn, what the sessions' logs say.
func (e *engine) workCalls() {
	for _, c := range e.calls {
		s := e.rooms[c.session]
		if s == nil || s.fold == nil || s.public().Session() == nil {
			continue
		}
		state := s.public().Session()
		if c.room != state.Call {
			e.changeCall(c, s, state.Call)
		}
		if !c.wanted || state.Call.IsZero() {
			continue
		}
		chair, _ := s.public().Chair()
		if !state.IsAdmitted(e.device.user) && chair.User != e.device.user {
			continue
		}
		r := e.rooms[state.Call]
		if r == nil {
			r = newRoom(state.Call, rooms.KindCall)
			e.rooms[r.id] = r
		}
		if !r.following && e.online() {
			r.gone = false
			e.follow(r)
		}
		if r.group != nil {
			e.removeGone(c, r, e.cfg.Now())
		}
	}
}

// changeCall drops the call that is over and draws the curtain: who leaves, who
// comes.
func (e *engine) changeCall(c *call, s *room, next ID) {
	if old := e.rooms[c.room]; old != nil {
		c.before = nil
		if old.fold != nil {
			c.before = old.public().Users()
		}
		if e.online() {
			e.tell(wire.OpUnfollow, wire.RoomRef{Room: old.id})
		}
		e.dropCall(old)
	}
	c.room, c.removed, c.left = next, "", false
	c.hands, c.hand = nil, nil
	clear(c.heard)
	clear(c.gone)
	e.dirtyRoom(s.id)
	if next.IsZero() || !c.wanted {
		return
	}
	plan := s.fold.Session()
	item := s.public().Session().Current
	curtain := CurtainEvent{Event: "curtain", Session: s.id}
	for _, u := range c.before {
		if !plan.Invited(u, item) {
			curtain.Leaves = append(curtain.Leaves, e.who(u, s).name)
		}
	}
	for u := range c.waiting {
		if plan.Invited(u, item) && !slices.Contains(c.before, u) {
			curtain.Comes = append(curtain.Comes, e.who(u, s).name)
		}
	}
	order.By(curtain.Leaves, compareNames)
	order.By(curtain.Comes, compareNames)
	e.tellLive(curtain, nil)
}

// callEnded is called when delivery of a room has ended for us: for a call, we
// were taken out, or it is over.
func (e *engine) callEnded(r *room) {
	if r.kind != rooms.KindCall {
		return
	}
	if c := e.callOfRoom(r.id); c != nil {
		c.removed = rooms.CodeNotAllowed
		e.dirtyRoom(c.session)
	}
	e.dropCall(r)
}

// dropCall forgets the room of a call that is over for us. Commands that wait for
// a place in its log, such as the one that ended it, wait no longer.
func (e *engine) dropCall(r *room) {
	r.gone = true
	e.answerPlaces(r)
	delete(e.rooms, r.id)
}

// entryTaken sees every entry after it was folded.
func (e *engine) entryTaken(r *room, w wire.Entry, outcome rooms.Outcome) {
	if r.kind != rooms.KindCall {
		return
	}
	c := e.callOfRoom(r.id)
	if c == nil {
		return
	}
	e.dirtyRoom(c.session)
	now := e.cfg.Now()
	for _, seat := range outcome.Joined {
		c.heard[seat.Device] = now
		delete(c.gone, seat.Device)
		if c.hand != nil && seat.User != e.device.user {
			e.later(200*time.Millisecond, func(e *engine) { e.sayHand(c) })
		}
	}
	for _, seat := range outcome.Left {
		delete(c.heard, seat.Device)
		if !r.public().IsMember(seat.User) {
			c.dropHand(seat.User)
		}
	}
	if w.Seq == 1 && r.group != nil {
		e.epochBegan(r) // our own call, whose first epoch has no commit
	}
	if r.public().Over() {
		e.later(0, func(e *engine) { e.dirtyRoom(c.session) })
	}
}

// epochBegan hands out the keys of a call's new epoch.
func (e *engine) epochBegan(r *room) {
	if r.kind != rooms.KindCall {
		return
	}
	c := e.callOfRoom(r.id)
	if c == nil {
		return
	}
	e.dirtyRoom(c.session)
	if r.group == nil {
		if _, in := e.ownLeaf(r); !in && c.wanted {
			me := e.me()
			_, err := r.public().MayEnter(me.User, me.KeyHash, e.serverNow())
			c.removed = rooms.CodeOf(err)
		}
		return
	}
	c.removed = ""
	e.tick(c)
	if event, secret, err := e.callKeys(r); err == nil {
		e.afterwards(func() { e.tellLive(event, secret) })
	}
}

// callKeys exports the SFrame base key of a call's epoch (RFC 9605 section 5.2).
func (e *engine) callKeys(r *room) (KeysEvent, []byte, error) {
	secret, err := r.group.Export(sframeLabel, nil, sframeKeySize)
	if err != nil {
		return KeysEvent{}, nil, err
	}
	return KeysEvent{
		Event: "keys", Call: r.id, Epoch: r.group.Epoch(), OwnLeaf: uint32(r.group.OwnIndex()),
	}, secret, nil
}

// repeatKeys gives a new listener the keys of the calls that run.
func (e *engine) repeatKeys(push func(json, secret []byte)) {
	for _, c := range e.calls {
		r := e.rooms[c.room]
		if r == nil || r.group == nil || r.fold == nil {
			continue
		}
		if event, secret, err := e.callKeys(r); err == nil {
			if b, err := encodeJSON(event); err == nil {
				push(b, secret)
			}
		}
	}
}

// tick keeps a call's clock going while this device is in it or waits.
func (e *engine) tick(c *call) {
	if c.ticking {
		return
	}
	c.ticking = true
	e.later(callTick, func(e *engine) {
		c.ticking = false
		if e.calls[c.session] != c || !c.wanted {
			return
		}
		e.callTicked(c)
		e.tick(c)
	})
}

func (e *engine) callTicked(c *call) {
	now := e.cfg.Now()
	r := e.rooms[c.room]
	in := r != nil && r.group != nil
	s := e.rooms[c.session]
	for u, at := range c.waiting {
		if now.Sub(at) > 3*knockEvery {
			delete(c.waiting, u)
			e.dirtyRoom(c.session)
		}
	}
	if !in {
		e.enterCallAgain(c, r, now)
		if now.Sub(c.said) >= knockEvery && s != nil {
			if e.castTo(s, cast{Kind: castKnock, On: true}) == nil {
				c.said = now
			}
		}
		return
	}
	c.stood = time.Time{}
	if now.Sub(c.here) >= hereEvery {
		if e.castTo(r, cast{Kind: castHere}) == nil {
			c.here = now
		}
	}
}

// removeGone takes out devices that left, have been silent, or whose users may no
// longer be in the item: the lowest leaf that remains does so at once, the others
// only if it does not.
func (e *engine) removeGone(c *call, r *room, now time.Time) {
	if r.group == nil || r.attempt != nil || now.Before(r.notUntil) || !r.caughtUp || !e.online() {
		return
	}
	own := e.device.key.Device()
	rank := 0
	for _, m := range r.public().Members() {
		if m.Device == own {
			break
		}
		if _, gone := c.gone[m.Device]; !gone {
			rank++
		}
	}
	var proposals []mls.Proposal
	for _, m := range r.public().Members() {
		if m.Device == own {
			continue
		}
		if _, gone := c.gone[m.Device]; !gone {
			at, heard := c.heard[m.Device]
			switch {
			case !heard:
				c.heard[m.Device] = now
				continue
			case now.Sub(at) > e.cfg.GoneAfter || !e.mayStay(r, m, now):
				c.gone[m.Device] = now
			default:
				continue
			}
		}
		if wait := time.Duration(rank)*e.cfg.RemoveDelay - now.Sub(c.gone[m.Device]); wait > 0 {
			e.later(wait, func(e *engine) { e.dirtyRoom(c.session) })
			continue
		}
		proposals = append(proposals, mls.RemoveProposal{LeafIndex: m.Leaf})
	}
	if len(proposals) == 0 {
		return
	}
	if err := e.commit(r, proposals); err != nil {
		e.joinFailed(r, err)
	}
}

// mayStay says whether somebody in a call may still be in its item and session: a
// withdrawal there takes them out here.
func (e *engine) mayStay(r *room, m rooms.LeafMember, now time.Time) bool {
	g := r.public().Genesis()
	for _, id := range []ID{g.Item, g.Session} {
		if above := e.rooms[id]; above != nil && above.fold != nil && !above.gone {
			if above.public().MayDeliver(m.User, now.UnixMilli()+e.clock) != nil {
				return false
			}
		}
	}
	return true
}

// enterCallAgain looks at the log of a call anew where this device may be in and is
// not: whatever was lost on the way, nobody stays before the door.
func (e *engine) enterCallAgain(c *call, r *room, now time.Time) {
	if r == nil || !e.online() {
		c.stood = time.Time{}
		return
	}
	if c.stood.IsZero() {
		c.stood = now
	}
	if now.Sub(c.stood) < enterAgain {
		return
	}
	c.stood = now
	e.log.Debug("not in the call yet", "room", r.id.String(), "following", r.following, "joining", r.joining, "attempt", r.attempt != nil)
	r.following, r.joining = false, false
	e.follow(r)
	e.dirtyRoom(r.id)
}

// callCastCame takes in what a device of a call says.
func (e *engine) callCastCame(r *room, from rooms.LeafMember, m cast) {
	c := e.callOfRoom(r.id)
	if c == nil {
		return
	}
	c.heard[from.Device] = e.cfg.Now()
	if m.Kind == castHere {
		delete(c.gone, from.Device) // too early: it was only slow
	}
	switch m.Kind {
	case castLeave:
		c.gone[from.Device] = e.cfg.Now()
		c.dropHand(from.User)
	case castHand:
		c.dropHand(from.User)
		if m.On {
			c.raise(hand{from.User, m.At})
		}
	default:
		return
	}
	e.dirtyRoom(c.session)
}

func (c *call) dropHand(user ID) {
	c.hands = slices.DeleteFunc(c.hands, func(h hand) bool { return h.user == user })
}

func (c *call) raise(h hand) {
	c.hands = append(c.hands, h)
	order.StablyBy(c.hands, func(a, b hand) int { return int(a.at - b.at) })
}

// knockCame notes who waits in the lobby of a session.
func (e *engine) knockCame(r *room, from rooms.LeafMember, m cast) {
	if r.kind != rooms.KindSession {
		return
	}
	c := e.callOf(r.id)
	if _, was := c.waiting[from.User]; was != m.On {
		e.dirtyRoom(r.id)
	}
	if m.On {
		c.waiting[from.User] = e.cfg.Now()
		e.later(3*knockEvery+callTick, func(e *engine) {
			if at, ok := c.waiting[from.User]; ok && e.cfg.Now().Sub(at) > 3*knockEvery {
				delete(c.waiting, from.User)
				e.dirtyRoom(r.id)
			}
		})
	} else {
		delete(c.waiting, from.User)
	}
}

// signalCame hands on what the SFU says.
func (e *engine) signalCame(s wire.Signal) {
	if e.rooms[s.Call] == nil || !json.Valid(s.Signal) {
		return
	}
	e.tellLive(SignalEvent{Event: "signal", Call: s.Call, Signal: json.RawMessage(s.Signal)}, nil)
}
