package client

import "time"

// work does, at the end of a turn, what rooms that changed have to do by
// themselves.
func (e *engine) work() {
	for len(e.busy) > 0 {
		busy := e.busy
		e.busy = map[ID]bool{}
		for id := range busy {
			if r := e.rooms[id]; r != nil {
				e.workRoom(r)
			}
		}
	}
	e.workCalls()
	e.considerUndertakings()
}

func (e *engine) workRoom(r *room) {
	if r.kind == 0 || e.device.state != deviceReady {
		return
	}
	e.answerPlaces(r)
	e.reviewMembers(r)
	e.considerJoin(r)
	e.considerRemoval(r)
	e.considerRevoked(r)
	e.considerMove(r)
	e.considerLeaving(r)
	e.considerSessionOf(r)
	e.considerHistory(r)
	if len(r.revoked) == 0 { // else nothing is written before they are out
		e.considerOutbox(r)
	}
	e.considerProfile(r)
	e.considerMinutes(r)
}

// laterRoom considers a room again after a time.
func (e *engine) laterRoom(r *room, d time.Duration) {
	e.later(d, func(e *engine) { e.dirtyRoom(r.id) })
}
