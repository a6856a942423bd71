package client

import (
	"slices"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/rooms"
)

// turn is when it is ours to commit what any member could: the lowest leaf that is
// online first, the others later, in case it does not.
type turn struct {
	epoch uint64
	due   time.Time
}

// alarmAfter is how long somebody who withdrew waits for the Remove before
// their core says that nothing happens.
const alarmAfter = time.Minute

// considerRemoval commits the Remove of those whose consent has ended, when it
// is our turn.
func (e *engine) considerRemoval(r *room) {
	if r.fold == nil || r.group == nil || r.gone || !r.caughtUp || !e.online() {
		r.removal = nil
		return
	}
	p := r.public()
	pending := p.RemovalPending(e.serverNow())
	if len(pending) == 0 {
		r.removal = nil
		return
	}
	mine := slices.ContainsFunc(pending, func(c rooms.Citation) bool { return c.User == e.device.user })
	if mine {
		e.watchOwnRemoval(r)
		return
	}
	if !e.isOurs(r, &r.removal, e.rank(r, pending)) {
		return
	}
	var proposals []mls.Proposal
	for _, m := range p.Members() {
		if slices.ContainsFunc(pending, func(c rooms.Citation) bool { return c.User == m.User }) {
			proposals = append(proposals, mls.RemoveProposal{LeafIndex: m.Leaf})
		}
	}
	if err := e.commit(r, proposals, pending...); err != nil {
		e.joinFailed(r, err)
	}
}

// isOurs says whether a turn has come, for which so many others are waited for since
// the epoch began, and nothing else of ours is on its way.
func (e *engine) isOurs(r *room, t **turn, others int) bool {
	p := r.public()
	if *t == nil || (*t).epoch != p.Epoch() {
		wait := time.Duration(others) * e.cfg.RemoveDelay
		*t = &turn{p.Epoch(), e.cfg.Now().Add(wait)}
		if wait > 0 {
			e.laterRoom(r, wait+10*time.Millisecond)
		}
	}
	now := e.cfg.Now()
	return r.attempt == nil && !now.Before((*t).due) && !now.Before(r.notUntil)
}

// rank is our place among the devices in a room that are online and stay.
func (e *engine) rank(r *room, leaving []rooms.Citation) int {
	n := 0
	own := e.device.key.Device()
	for _, m := range r.public().Members() { // by leaf
		if m.Device == own {
			return n
		}
		leaves := slices.ContainsFunc(leaving, func(c rooms.Citation) bool { return c.User == m.User })
		if !leaves && (r.online[m.User] || m.User == e.device.user) {
			n++
		}
	}
	return n
}

// watchOwnRemoval raises an alarm if our own withdrawal has no effect: a server
// that goes on delivering, or members who do not take us out.
func (e *engine) watchOwnRemoval(r *room) {
	if r.removal != nil {
		return
	}
	r.removal = &turn{epoch: r.public().Epoch()}
	e.watchWithdrawal(e.device.user, []ID{r.id})
}

// watchWithdrawal raises an alarm if a withdrawal that we made, or that concerns
// us, does not appear in a room's log, or its Remove does not: a server that
// holds either back is found out.
func (e *engine) watchWithdrawal(user ID, in []ID) {
	e.later(alarmAfter, func(e *engine) {
		for _, id := range in {
			r := e.rooms[id]
			if r == nil || r.fold == nil || r.gone || !r.lasting() || !e.online() {
				continue
			}
			consent, ok := r.public().Consent(user)
			if !ok || consent.State(e.serverNow()) == "ACTIVE" && consent.At > e.serverNow()-alarmAfter.Milliseconds() {
				continue // let in again meanwhile
			}
			if r.public().IsMember(user) {
				e.alarm(rooms.CodeRemovalPending, id)
			}
		}
	})
}
