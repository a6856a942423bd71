package server

import (
	"context"
	"errors"
	"slices"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/server/authz"
	"github.com/ensemble-sante/ensemble/server/store"
)

// A placed actor is what somebody is in a room, with the room's state.
type placed struct {
	authz.Standing
	view *rooms.Public // nil where the room does not exist
}

// standing reads from a room's log what an actor is there, now. Where content is
// about to be given, fresh looks at the database for what another node has
// appended this very moment; else this node's knowledge is used, which the bus
// and the clock keep up.
func (s *Server) standing(ctx context.Context, actor authz.Actor, room rooms.ID, fresh bool) (placed, error) {
	view, err := s.viewOf(ctx, room, fresh)
	if errors.Is(err, &rooms.Error{Code: rooms.CodeUnknownRoom}) || errors.Is(err, store.ErrNotFound) {
		return placed{}, nil
	}
	if err != nil {
		return placed{}, err
	}
	at := s.Now().UnixMilli()
	p := placed{Standing: authz.Standing{Exists: true}, view: view}
	refusal := view.MayDeliver(actor.User, at)
	if view.Kind() == rooms.KindCall && refusal == nil {
		// Whoever is in a call is let into its item and its session, still.
		g := view.Genesis()
		for _, id := range []rooms.ID{g.Item, g.Session} {
			above, err := s.viewOf(ctx, id, fresh)
			if err != nil {
				return placed{}, err
			}
			if refusal = above.MayDeliver(actor.User, at); refusal != nil {
				break
			}
		}
	}
	p.Participant = refusal == nil
	if c := rooms.CodeOf(refusal); c == rooms.CodeWithdrawn || c == rooms.CodeExpired {
		p.Refusal = refusal
	}
	if m, ok := view.Device(actor.Device); ok && m.User == actor.User {
		p.Leaf = true
	}
	p.Person = view.IsPerson(actor.User)
	if p.Refusal == nil { // nobody acts for others whose own consent has ended
		p.Collector = slices.ContainsFunc(view.Collectors(), func(q rooms.Party) bool { return q.User == actor.User })
		chair, ok := view.Chair()
		p.Chair = ok && chair.User == actor.User
	}
	return p, nil
}

func (s *Server) viewOf(ctx context.Context, room rooms.ID, fresh bool) (*rooms.Public, error) {
	if fresh {
		return s.appender.Refresh(ctx, room)
	}
	return s.appender.View(ctx, room)
}

// allow asks authz about an operation in a room, and notes refusals in its audit.
// Nobody is refused for what this node has not heard yet.
func (s *Server) allow(ctx context.Context, op authz.Operation, actor authz.Actor, room rooms.ID, fresh bool) (placed, error) {
	p, err := s.standing(ctx, actor, room, fresh)
	if err != nil {
		return p, err
	}
	err = authz.Allow(op, actor, p.Standing)
	if err != nil && !fresh {
		if p, err = s.standing(ctx, actor, room, true); err != nil {
			return p, err
		}
		err = authz.Allow(op, actor, p.Standing)
	}
	if err != nil {
		if p.Exists && gives(op) {
			s.audit.refused(ctx, actor, room)
		}
		return p, err
	}
	return p, nil
}

// gives says whether an operation hands out what a room holds.
func gives(op authz.Operation) bool {
	return op == authz.Fetch || op == authz.Follow || op == authz.GroupInfo || op == authz.DocumentRead || op == authz.Access
}
