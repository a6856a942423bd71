package client

import (
	"slices"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// retryLeaving is how long a refused withdrawal from a session waits before it is
// made again.
const retryLeaving = 30 * time.Second

// leavesSession says whether nothing of a session is left to somebody: every item
// that they were invited to is known here and lets them in no more, at least one
// because a consent ended. Rooms in besides count as ended. The chair stays.
func (e *engine) leavesSession(s *room, user ID, besides []ID) bool {
	if s.kind != rooms.KindSession || s.fold == nil || s.gone || s.fold.Session() == nil || s.fold.Session().Planned == nil {
		return false
	}
	if chair, ok := s.public().Chair(); ok && chair.User == user {
		return false
	}
	if consent, ok := s.public().Consent(user); !ok || consent.Ended {
		return false
	}
	ended := false
	for _, q := range s.fold.Session().Planned.Participants {
		if q.User != user {
			continue
		}
		for _, id := range q.Items {
			item := e.rooms[id]
			if item == nil || item.fold == nil || item.gone {
				return false
			}
			if slices.Contains(besides, id) {
				ended = true
				continue
			}
			switch rooms.CodeOf(item.public().MayDeliver(user, e.serverNow())) {
			case rooms.CodeNotConsented: // invited, and never let in
			case rooms.CodeWithdrawn, rooms.CodeExpired:
				ended = true
			default:
				return false
			}
		}
	}
	return ended
}

// sessionsLeft are the sessions that a withdrawal from rooms takes somebody out of,
// and that take the word of whoever withdraws.
func (e *engine) sessionsLeft(user ID, in []ID) []ID {
	var out []ID
	for _, s := range e.rooms {
		if !e.leavesSession(s, user, in) {
			continue
		}
		probe, _, err := e.statement(rooms.StatementWithdrawal, rooms.Withdrawal{Participant: user}, s.id)
		if err == nil && e.judge(probe, s.id) == nil {
			out = append(out, s.id)
		}
	}
	order.By(out, ID.Compare)
	return out
}

// considerSessionOf does what considerLeaving does, for the session of an item.
func (e *engine) considerSessionOf(r *room) {
	if r.kind == rooms.KindItem && r.fold != nil {
		if s := e.rooms[r.public().Genesis().Session]; s != nil {
			e.considerLeaving(s)
		}
	}
}

// considerLeaving takes those out of a session to whom nothing of it is left,
// because whoever withdrew their consent had no say in the session itself: the
// person, or another collector. The first of the session's collectors who is
// online does it, the others later, in case they do not.
func (e *engine) considerLeaving(s *room) {
	if s.kind != rooms.KindSession || s.fold == nil || s.gone || !s.caughtUp || !e.online() {
		return
	}
	rank := 0
	collects := false
	for _, q := range s.public().Collectors() {
		if collects = q.User == e.device.user; collects {
			break
		}
		if s.online[q.User] {
			rank++
		}
	}
	if !collects {
		return
	}
	for _, consent := range s.public().Consents() {
		user := consent.Party.User
		if user == e.device.user || !e.leavesSession(s, user, nil) {
			delete(s.leaving, user)
			continue
		}
		due, known := s.leaving[user]
		if !known {
			due = e.cfg.Now().Add(time.Duration(rank) * e.cfg.RemoveDelay)
			s.leaving[user] = due
		}
		if wait := due.Sub(e.cfg.Now()); wait > 0 {
			e.laterRoom(s, wait)
			continue
		}
		s.leaving[user] = e.cfg.Now().Add(retryLeaving)
		e.withdrawFromSession(s, user)
	}
}

// withdrawFromSession states it, once: what fails is considered again.
func (e *engine) withdrawFromSession(s *room, user ID) {
	payload, _, err := e.statement(rooms.StatementWithdrawal, rooms.Withdrawal{Participant: user}, s.id)
	if err == nil {
		err = e.judge(payload, s.id)
	}
	if err != nil {
		e.log.Warn("a consent that ended cannot be ended in the session", "room", s.id.String(), "error", err)
		return
	}
	e.request(wire.OpAppend, wire.Append{Room: s.id, Kind: record.KindStatement, Payload: payload}, func(_ wire.Frame, err error) {
		if err != nil {
			e.laterRoom(s, retryLeaving)
		}
	})
}
