package client

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/ensemble-sante/ensemble/rooms"
)

const (
	coeditUpdate    = "update"
	coeditVector    = "vector"
	coeditAwareness = "awareness"

	snapshotFormat = "yjs.1"

	labelSealedFile  = "ensemble sealed file"
	labelActionEvent = "ensemble action event"
)

// minutesUpdate says a live change of the draft to those who are there.
func minutesUpdate(ctx context.Context, c *Core, args CoeditArgs) error {
	switch args.Kind {
	case "":
		args.Kind = coeditUpdate
	case coeditUpdate, coeditVector, coeditAwareness:
	default:
		return invalidField("kind", "update, vector or awareness")
	}
	return c.withRoom(ctx, args.Room, func(e *engine, r *room) error {
		return e.castTo(r, cast{Kind: castCoedit, Coedit: args.Kind, Data: args.Update})
	})
}

func (e *engine) coeditCame(r *room, by ID, c cast) {
	switch c.Coedit {
	case coeditUpdate, coeditVector, coeditAwareness:
		e.tellLive(CoeditEvent{Event: "coedit", Room: r.id, Kind: c.Coedit, Update: c.Data, By: by}, nil)
	}
}

func minutesSnapshot(ctx context.Context, c *Core, args CoeditArgs) error {
	_, err := c.publish(ctx, args.Room, ID{}, rooms.EventMinutesSnapshot, rooms.MinutesSnapshot{
		Format: snapshotFormat, State: args.Update,
	})
	return err
}

// minutesPropose composes the minutes of an item out of the draft and of what the
// room knows, and proposes them to be signed.
func minutesPropose(ctx context.Context, c *Core, args ProposeArgs) error {
	var body rooms.MinutesProposed
	err := c.withRoom(ctx, args.Room, func(e *engine, r *room) error {
		if r.fold.Item() == nil {
			return rooms.Errorf(rooms.CodeUnknownRoom, "no such item")
		}
		draft := rooms.MinutesDraft{
			Discussion: args.Discussion, Synthesis: args.Synthesis, Decisions: args.Decisions, Actions: args.Actions,
			Title: "RCP", Zone: "Europe/Paris",
		}
		if s := e.rooms[r.public().Genesis().Session]; s != nil && s.fold != nil && s.fold.Session() != nil && s.fold.Session().Planned != nil {
			draft.Title, draft.Zone = s.fold.Session().Planned.Title, s.fold.Session().Planned.Zone
		}
		content, err := r.fold.ComposeMinutes(draft, r.place())
		if err != nil {
			return err
		}
		body, err = rooms.ProposeMinutes(content)
		return err
	})
	if err != nil {
		return err
	}
	_, err = c.publish(ctx, args.Room, ID{}, rooms.EventMinutesProposed, body)
	return err
}

func minutesReopen(ctx context.Context, c *Core, args ReopenArgs) error {
	var version uint
	if err := c.withRoom(ctx, args.Room, func(_ *engine, r *room) error {
		if r.fold.Item() == nil || r.fold.Item().Minutes.Proposal() == nil {
			return rooms.Errorf(rooms.CodeConflict, "no minutes are proposed")
		}
		version = r.fold.Item().Minutes.Proposal().Version
		return nil
	}); err != nil {
		return err
	}
	_, err := c.publish(ctx, args.Room, ID{}, rooms.EventMinutesReopened, rooms.MinutesReopened{Version: version, Reason: args.Reason})
	return err
}

// minutesSign signs what was on screen with the identity key: digest and own
// declaration.
func minutesSign(ctx context.Context, c *Core, args SignArgs) error {
	var body rooms.MinutesSigned
	err := c.withRoom(ctx, args.Room, func(e *engine, r *room) error {
		if r.fold.Item() == nil || r.fold.Item().Minutes.Proposal() == nil {
			return rooms.Errorf(rooms.CodeConflict, "no minutes are proposed")
		}
		p := r.fold.Item().Minutes.Proposal()
		if hex.EncodeToString(p.Digest[:]) != args.Digest {
			return rooms.Errorf(rooms.CodeChanged, "the minutes have changed since they were shown")
		}
		d, err := r.fold.ComposeDeclaration(e.device.user, args.Position, args.Text, e.now())
		if err != nil {
			return err
		}
		cert, err := e.certificate()
		if err != nil {
			return err
		}
		body, err = rooms.SignMinutes(d, e.account.key, cert.Bytes())
		return err
	})
	if err != nil {
		return err
	}
	_, err = c.publish(ctx, args.Room, ID{}, rooms.EventMinutesSigned, body)
	return err
}

func minutesAddendum(ctx context.Context, c *Core, args AddendumArgs) error {
	var body rooms.MinutesAddendum
	err := c.withRoom(ctx, args.Room, func(e *engine, r *room) error {
		if r.fold.Item() == nil || r.fold.Item().Minutes.Sealed == nil {
			return rooms.Errorf(rooms.CodeConflict, "the minutes are not sealed")
		}
		digest := r.fold.Item().Minutes.Sealed.Digest
		name := e.who(e.device.user, r).name
		if a, ok := r.fold.Item().Attendee(e.device.user); ok {
			name = a.Name
		}
		var err error
		body, err = rooms.SignAddendum(rooms.AddendumContent{
			Format: rooms.FormatAddendum, Of: hex.EncodeToString(digest[:]), Text: args.Text,
			User: e.device.user, Name: name, At: e.now(),
		}, e.account.key)
		return err
	})
	if err != nil {
		return err
	}
	_, err = c.publish(ctx, args.Room, ID{}, rooms.EventMinutesAddendum, body)
	return err
}

// considerMinutes does what minutes ask of this device by themselves: the chair's
// core seals once all required signers have signed and files the sealed file;
// any core that may carries the actions into the plan, the chair's first.
func (e *engine) considerMinutes(r *room) {
	if r.kind != rooms.KindItem || r.fold == nil || r.group == nil || !r.caughtUp || !e.online() {
		return
	}
	m := &r.fold.Item().Minutes
	chair, _ := r.public().Chair()
	mine := chair.User == e.device.user
	switch {
	case m.State == rooms.StateProposed && mine && !r.sealing && len(m.Proposal().Awaited()) == 0:
		e.seal(r)
	case m.State == rooms.StateSealed:
		if mine && !m.Exported {
			e.file(r)
		}
		e.carryActions(r, mine)
	}
}

// seal states the seal of the proposed minutes.
func (e *engine) seal(r *room) {
	seal, _, err := r.fold.NextSeal()
	if err != nil {
		e.log.Warn("minutes cannot be sealed", "room", r.id.String(), "code", string(rooms.CodeOf(err)))
		return
	}
	r.sealing = true
	c, id := e.core, r.id
	e.spawn(func(ctx context.Context) {
		err := c.state(ctx, rooms.StatementSeal, seal, id)
		_ = c.do(ctx, func(e *engine) error {
			r.sealing = false
			if err != nil {
				e.log.Debug("a seal was not taken", "room", id.String(), "code", string(rooms.CodeOf(err)))
				e.laterRoom(r, 2*time.Second)
			} else {
				e.dirtyRoom(id)
			}
			return nil
		})
	})
}

// file puts the sealed file into the log, once.
func (e *engine) file(r *room) {
	m := &r.fold.Item().Minutes
	id := derivedID(labelSealedFile, r.id.Bytes(), m.Sealed.Digest[:])
	if e.outbox.find(id) != nil {
		return
	}
	bundle, err := r.fold.Bundle()
	if err == nil {
		_, err = e.write(r, id, rooms.EventMinutesSealed, rooms.MinutesSealed{Version: m.Sealed.Version, Bundle: bundle})
	}
	if err != nil {
		e.log.Warn("sealed minutes cannot be filed", "room", r.id.String(), "code", string(rooms.CodeOf(err)))
	}
}

// carryActions adds the actions of sealed minutes to the person's plan, each once
// whoever does it: their ids come from the minutes.
func (e *engine) carryActions(r *room, chair bool) {
	opened := r.fold.Item().Opened
	if opened == nil || opened.Item.Plan.IsZero() {
		return
	}
	plan := e.rooms[opened.Item.Plan]
	if plan == nil || plan.fold == nil || plan.group == nil || !plan.caughtUp || plan.history.lacking {
		return
	}
	m := &r.fold.Item().Minutes
	content, err := m.Proposal().Minutes()
	if err != nil {
		return
	}
	var missing []int
	for i := range content.Actions {
		id := rooms.ActionID(m.Sealed.Digest, uint(i))
		if _, there := plan.fold.Plan().Action(id); !there && e.outbox.find(actionEvent(id)) == nil {
			missing = append(missing, i)
		}
	}
	if len(missing) == 0 {
		return
	}
	if !chair {
		// The chair's core does it; ours, if it does not.
		wait := time.Duration(1+e.rank(plan, nil)) * e.cfg.RemoveDelay
		if r.actionsDue.IsZero() {
			r.actionsDue = e.cfg.Now().Add(wait)
			e.laterRoom(r, wait+10*time.Millisecond)
		}
		if e.cfg.Now().Before(r.actionsDue) {
			return
		}
	}
	for _, i := range missing {
		a := content.Actions[i]
		id := rooms.ActionID(m.Sealed.Digest, uint(i))
		_, err := e.write(plan, actionEvent(id), rooms.EventActionAdded, rooms.ActionAdded{
			Action: id, Problem: a.Problem, Goal: a.Goal, Text: a.Text, Performer: a.Performer,
			PerformerName: a.PerformerName, Due: a.Due, Criterion: a.Criterion,
			Provenance: &rooms.Provenance{
				Session: content.Session, Item: r.id, Number: content.Item,
				Date: e.civilDate(content.Held.From, content.Held.Zone), Digest: m.Sealed.Digest, Index: uint(i),
				Signers: uint(len(m.Proposal().Signatures)), Bundle: m.Sealed.Bundle,
			},
		})
		if err != nil {
			e.log.Warn("an action cannot enter the plan", "room", plan.id.String(), "code", string(rooms.CodeOf(err)))
			return
		}
	}
}

func actionEvent(action ID) ID { return derivedID(labelActionEvent, action.Bytes()) }

// civilDate is the date of an instant in an IANA zone; in UTC where the zone is
// not known here.
func (e *engine) civilDate(ms int64, zone string) string {
	if e.cfg.CivilDate != nil {
		if d := e.cfg.CivilDate(ms, zone); d != "" {
			return d
		}
	}
	t := time.UnixMilli(ms).UTC()
	if l, err := time.LoadLocation(zone); err == nil {
		t = t.In(l)
	}
	return t.Format(time.DateOnly)
}

// minutesExport gives the sealed minutes as one file, which `ensemble verify`
// reads.
func minutesExport(ctx context.Context, c *Core, args ItemArgs) (Export, error) {
	var out Export
	err := c.withRoom(ctx, args.Item, func(_ *engine, r *room) error {
		b, err := r.fold.ExportMinutes()
		if err != nil {
			return err
		}
		it := r.fold.Item()
		held := ""
		if n := len(it.Attendance); n > 0 {
			held = time.UnixMilli(it.Attendance[n-1].Attendance.From).UTC().Format(time.DateOnly) + "-"
		}
		out = Export{Name: "rcp-" + held + r.id.String()[:8] + ".ensemble.json", Bytes: b}
		return nil
	})
	return out, err
}
