package client

import (
	"context"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/rooms"
)

// control states one act of the chair in the session's log, and in the call's.
func (c *Core) control(ctx context.Context, session ID, control rooms.Control, alsoCall ID) error {
	in := []ID{session}
	if !alsoCall.IsZero() {
		in = append(in, alsoCall)
	}
	return c.state(ctx, rooms.StatementControl, control, in...)
}

// sessionState reads how a session runs.
func (c *Core) sessionState(ctx context.Context, session ID) (s rooms.SessionState, err error) {
	err = c.withRoom(ctx, session, func(_ *engine, r *room) error {
		if r.public().Session() == nil {
			return rooms.Errorf(rooms.CodeUnknownRoom, "no such session")
		}
		s = *r.public().Session()
		return nil
	})
	return s, err
}

func rcpOpen(ctx context.Context, c *Core, args SessionRef) error {
	return c.control(ctx, args.Session, rooms.Control{Op: rooms.ControlOpen}, ID{})
}

func rcpClose(ctx context.Context, c *Core, args SessionRef) error {
	if err := c.endRunning(ctx, args.Session); err != nil {
		return err
	}
	if err := c.control(ctx, args.Session, rooms.Control{Op: rooms.ControlClose}, ID{}); err != nil {
		return err
	}
	return c.do(ctx, func(e *engine) error {
		if _, ok := e.meta.Lobby[args.Session]; ok {
			delete(e.meta.Lobby, args.Session)
			e.saveMeta()
		}
		return nil
	})
}

// endRunning ends the item that runs, if one does.
func (c *Core) endRunning(ctx context.Context, session ID) error {
	s, err := c.sessionState(ctx, session)
	if err != nil || s.Status != rooms.SessionRunningStatus {
		return err
	}
	return rcpEndItem(ctx, c, ItemArgs{session, s.Current})
}

// rcpStartItem makes the call of an item, ends the one before, and admits those
// whom the chair has let into the session and who may be in this item.
func rcpStartItem(ctx context.Context, c *Core, args ItemArgs) error {
	s, err := c.sessionState(ctx, args.Session)
	if err != nil {
		return err
	}
	if s.Status == rooms.SessionPlannedStatus {
		if err := rcpOpen(ctx, c, SessionRef{args.Session}); err != nil {
			return err
		}
	}
	if err := c.endRunning(ctx, args.Session); err != nil {
		return err
	}
	call := identity.NewID()
	var genesis rooms.Genesis
	if err := c.withRoom(ctx, args.Item, func(e *engine, r *room) error {
		me := e.me()
		if chair, ok := r.public().Chair(); !ok || chair != me {
			return rooms.Errorf(rooms.CodeNotAllowed, "the chair starts an item")
		}
		genesis = rooms.Genesis{Kind: rooms.KindCall, Session: args.Session, Item: args.Item, Chair: &me}
		e.callOf(args.Session).wanted = true
		return nil
	}); err != nil {
		return err
	}
	start := rooms.Control{Op: rooms.ControlStartItem, Item: args.Item, Call: call}
	if _, err := c.createRoom(ctx, roomSpec{
		id: call, genesis: genesis,
		also: []alsoStatement{{rooms.StatementControl, start, []ID{args.Session}}},
	}); err != nil {
		return err
	}
	var admit []ID
	if err := c.do(ctx, func(e *engine) error {
		admit = slices.Clone(e.meta.Lobby[args.Session])
		return nil
	}); err != nil {
		return err
	}
	for _, user := range admit {
		if err := c.admit(ctx, args.Session, args.Item, call, user); err != nil {
			switch rooms.CodeOf(err) {
			case rooms.CodeNotConsented, rooms.CodeWithdrawn, rooms.CodeExpired, rooms.CodeConflict:
				continue // not for this item: they wait in the lobby
			}
			return err
		}
	}
	return nil
}

// admit states that somebody may enter a call.
func (c *Core) admit(ctx context.Context, session, item, call, user ID) error {
	var control rooms.Control
	if err := c.withRoom(ctx, item, func(e *engine, r *room) error {
		s := e.rooms[session]
		if s == nil || s.fold == nil {
			return rooms.Errorf(rooms.CodeUnknownRoom, "no such session")
		}
		if plan := s.fold.Session(); plan.Planned != nil && !plan.Invited(user, item) {
			return rooms.Errorf(rooms.CodeNotConsented, "not invited to this item")
		}
		key := keyOf(r.public(), user)
		control = rooms.Control{Op: rooms.ControlAdmit, Item: item, Call: call, User: user, KeyHash: key}
		return rooms.CheckAdmission(s.public(), r.public(), user, key, e.serverNow())
	}); err != nil {
		return err
	}
	return c.control(ctx, session, control, call)
}

// rcpAdmit lets somebody out of the lobby: into the item that runs, and into
// those that follow and that they may see.
func rcpAdmit(ctx context.Context, c *Core, args AdmitArgs) error {
	if err := c.withRoom(ctx, args.Session, func(e *engine, r *room) error {
		if chair, ok := r.public().Chair(); !ok || chair != e.me() {
			return rooms.Errorf(rooms.CodeNotAllowed, "the chair admits")
		}
		if e.meta.Lobby == nil {
			e.meta.Lobby = map[ID][]ID{}
		}
		if list := e.meta.Lobby[args.Session]; !slices.Contains(list, args.User) {
			e.meta.Lobby[args.Session] = append(list, args.User)
			e.saveMeta()
		}
		e.dirtyRoom(args.Session)
		return nil
	}); err != nil {
		return err
	}
	s, err := c.sessionState(ctx, args.Session)
	if err != nil || s.Status != rooms.SessionRunningStatus || s.IsAdmitted(args.User) {
		return err
	}
	return c.admit(ctx, args.Session, s.Current, s.Call, args.User)
}

// rcpRemove takes somebody out of the call.
func rcpRemove(ctx context.Context, c *Core, args AdmitArgs) error {
	if err := c.do(ctx, func(e *engine) error {
		list := e.meta.Lobby[args.Session]
		if i := slices.Index(list, args.User); i >= 0 {
			e.meta.Lobby[args.Session] = slices.Delete(list, i, i+1)
			e.saveMeta()
			e.dirtyRoom(args.Session)
		}
		return nil
	}); err != nil {
		return err
	}
	s, err := c.sessionState(ctx, args.Session)
	if err != nil || s.Status != rooms.SessionRunningStatus || !s.IsAdmitted(args.User) {
		return err
	}
	return c.control(ctx, args.Session, rooms.Control{Op: rooms.ControlRemove, Call: s.Call, Item: s.Current, User: args.User}, s.Call)
}

// rcpEndItem writes the attendance record, from those who were in the call, and
// closes it.
func rcpEndItem(ctx context.Context, c *Core, args ItemArgs) error {
	s, err := c.sessionState(ctx, args.Session)
	if err != nil {
		return err
	}
	if s.Status != rooms.SessionRunningStatus || s.Current != args.Item {
		return rooms.Errorf(rooms.CodeConflict, "that item is not running")
	}
	var record rooms.Attendance
	if err := c.do(ctx, func(e *engine) error {
		record = e.attendance(args.Session, args.Item, s)
		return nil
	}); err != nil {
		return err
	}
	if len(record.Present) > 0 {
		if _, err := c.publish(ctx, args.Item, ID{}, rooms.EventAttendance, record); err != nil {
			switch rooms.CodeOf(err) {
			case rooms.CodeConflict, rooms.CodeSealed: // held again after its minutes were proposed
			default:
				return err
			}
		}
	}
	return c.control(ctx, args.Session, rooms.Control{Op: rooms.ControlEndItem, Item: args.Item, Call: s.Call}, s.Call)
}

func rcpPostponeItem(ctx context.Context, c *Core, args ItemArgs) error {
	s, err := c.sessionState(ctx, args.Session)
	if err != nil {
		return err
	}
	call := ID{}
	if s.Current == args.Item {
		call = s.Call
	}
	return c.control(ctx, args.Session, rooms.Control{Op: rooms.ControlPostpone, Item: args.Item, Call: call}, call)
}

// attendance gives who was in the call of an item, at any time, from the call's
// own log.
func (e *engine) attendance(session, item ID, s rooms.SessionState) rooms.Attendance {
	a := rooms.Attendance{From: s.Progress(item).Started, To: max(e.serverNow(), s.Progress(item).Started)}
	call := e.rooms[s.Call]
	plan := e.rooms[session].fold.Session()
	if call == nil || call.fold == nil {
		return a
	}
	seen := map[ID]bool{}
	note := func(user ID) {
		if seen[user] {
			return
		}
		seen[user] = true
		at := rooms.Attendee{User: user, Duty: rooms.DutyParticipant, Remote: true}
		if p, ok := plan.Participant(user); ok {
			at.Name, at.Role, at.Duty = p.Name, p.Role, p.Duty
		} else {
			who := e.who(user, e.rooms[item])
			at.Name, at.Role = who.name, who.role
		}
		if at.Name != "" && at.Role != "" {
			a.Present = append(a.Present, at)
		}
	}
	note(call.public().Genesis().Creator.User)
	for _, row := range call.fold.Timeline() {
		for _, seat := range row.Joined {
			note(seat.User)
		}
	}
	order.By(a.Present, func(x, y rooms.Attendee) int { return compareNames(x.Name, y.Name) })
	return a
}
