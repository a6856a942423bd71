package client

import (
	"context"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
)

// planRoom finds the care plan of a case.
func (c *Core) planRoom(ctx context.Context, dossier ID) (ID, error) {
	var id ID
	err := c.do(ctx, func(e *engine) error {
		r := e.roomOfKind(dossier, rooms.KindPlan)
		if r == nil {
			return rooms.Errorf(rooms.CodeUnknownRoom, "this device knows no plan of this case")
		}
		id = r.id
		return nil
	})
	return id, err
}

// roomOfKind finds the room of a kind in a case; nil if this device knows none.
func (e *engine) roomOfKind(dossier ID, kind rooms.Kind) *room {
	for _, id := range e.roomsOf(dossier) {
		if e.rooms[id].kind == kind {
			return e.rooms[id]
		}
	}
	return nil
}

func (c *Core) planEvent(ctx context.Context, dossier ID, eventType string, body any) error {
	id, err := c.planRoom(ctx, dossier)
	if err != nil {
		return err
	}
	_, err = c.publish(ctx, id, ID{}, eventType, body)
	return err
}

func planAdd(ctx context.Context, c *Core, args AddActionArgs) (ActionRef, error) {
	action := identity.NewID()
	var name string
	if !args.Performer.IsZero() {
		if err := c.do(ctx, func(e *engine) error {
			name = e.who(args.Performer, e.roomOfKind(args.Case, rooms.KindPlan)).name
			return nil
		}); err != nil {
			return ActionRef{}, err
		}
	}
	err := c.planEvent(ctx, args.Case, rooms.EventActionAdded, rooms.ActionAdded{
		Action: action, Problem: args.Problem, Goal: args.Goal, Text: args.Text, Performer: args.Performer,
		PerformerName: name, Due: args.Due, Criterion: args.Criterion,
	})
	return ActionRef{action}, err
}

func planAccept(ctx context.Context, c *Core, args AcceptArgs) error {
	return c.planEvent(ctx, args.Case, rooms.EventActionAccepted, rooms.ActionAccepted{Action: args.Action, As: args.As})
}

func planStatus(ctx context.Context, c *Core, args StatusArgs) error {
	return c.planEvent(ctx, args.Case, rooms.EventActionStatus, rooms.ActionStatus{
		Action: args.Action, Status: args.Status, Reason: args.Reason, Note: args.Note,
	})
}

func planRank(ctx context.Context, c *Core, args RankArgs) error {
	return c.planEvent(ctx, args.Case, rooms.EventActionRanked, rooms.ActionRanked{Order: args.Order})
}
