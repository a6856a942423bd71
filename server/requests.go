package server

import (
	"context"
	"errors"
	"time"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/authz"
	"github.com/ensemble-sante/ensemble/server/hub"
	"github.com/ensemble-sante/ensemble/server/store"
)

// requestTime bounds a request that asks the database.
const requestTime = 20 * time.Second

// A request is one frame of a client that is being answered.
type request struct {
	*hub.Conn
	frame wire.Frame
}

func (q *request) actor() authz.Actor { return authz.Actor{User: q.User, Device: q.Device} }

// Opened is the hub's: nothing happens before the first request.
func (s *Server) Opened(*hub.Conn) {}

// Closed is the hub's: a connection has ended.
func (s *Server) Closed(c *hub.Conn, followed []rooms.ID) { s.feed.Closed(c, followed) }

// Request is the hub's: it answers one frame.
func (s *Server) Request(c *hub.Conn, f wire.Frame) {
	q := &request{c, f}
	op, ok := authz.OfWire(f.Op)
	if !ok {
		c.Refuse(f.ID, rooms.Errorf(rooms.CodeMalformed, "no such request"), nil)
		return
	}
	if need, _ := authz.Rule(op); need&authz.Account != 0 { // the others are asked in their room
		if err := authz.Allow(op, q.actor(), authz.Standing{}); err != nil {
			c.Refuse(f.ID, err, nil)
			return
		}
	}
	switch f.Op {
	case wire.OpAppend, wire.OpCreate, wire.OpCast, wire.OpSignal:
		// In the order in which they were sent.
		ctx, cancel := context.WithTimeout(s.running, requestTime)
		defer cancel()
		s.inOrder(ctx, q)
	default:
		c.Begin()
		s.run.Go(func() {
			defer c.End()
			ctx, cancel := context.WithTimeout(s.running, requestTime)
			defer cancel()
			if err := s.answer(ctx, q); err != nil {
				s.fail(q, err, nil)
			}
		})
	}
}

// fail refuses a request, and logs what nobody foresaw.
func (s *Server) fail(q *request, err error, at *wire.Place) {
	if rooms.CodeOf(err) == rooms.CodeInternal {
		s.log.Error("answering a request", "op", uint8(q.frame.Op), "error", err)
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || store.Away(err) {
			err = rooms.Errorf(rooms.CodeUnavailable, "try again")
		}
	}
	q.Refuse(q.frame.ID, err, at)
}

func (s *Server) inOrder(ctx context.Context, q *request) {
	var err error
	switch q.frame.Op {
	case wire.OpAppend:
		err = s.append(ctx, q)
	case wire.OpCreate:
		err = s.create(ctx, q)
	case wire.OpCast:
		err = s.cast(ctx, q)
	case wire.OpSignal:
		err = s.signal(ctx, q)
	}
	if err != nil {
		s.fail(q, err, nil)
	}
}

// answer handles the requests that may wait for the database.
func (s *Server) answer(ctx context.Context, q *request) error {
	switch q.frame.Op {
	case wire.OpHello:
		return s.hello(ctx, q)
	case wire.OpFetch:
		return s.fetch(ctx, q)
	case wire.OpFollow:
		return s.follow(ctx, q)
	case wire.OpUnfollow:
		return s.unfollow(q)
	case wire.OpGroupInfo:
		return s.groupInfo(ctx, q)
	case wire.OpCursor:
		return s.cursor(ctx, q)
	case wire.OpCursors:
		return s.cursors(ctx, q)
	case wire.OpAskHistory:
		return s.askHistory(ctx, q)
	case wire.OpSendGrant:
		return s.sendGrant(ctx, q)
	case wire.OpMailbox:
		return s.mailbox(ctx, q)
	case wire.OpChain:
		return s.chain(ctx, q)
	case wire.OpChainAppend:
		return s.chainAppend(ctx, q)
	case wire.OpVault:
		return s.vault(ctx, q)
	case wire.OpVaultPut:
		return s.vaultPut(ctx, q)
	case wire.OpInvite:
		return s.invite(ctx, q)
	case wire.OpAccess:
		return s.access(ctx, q)
	case wire.OpDirectory:
		return s.directory(ctx, q)
	case wire.OpKeyLog:
		return s.keyLog(ctx, q)
	}
	return rooms.Errorf(rooms.CodeMalformed, "no such request")
}

// body decodes the body of a request.
func body[T any](s *Server, q *request) (T, error) {
	var v T
	if err := s.codec.Body(q.frame, &v); err != nil {
		return v, rooms.Errorf(rooms.CodeMalformed, "the body of the request does not decode")
	}
	return v, nil
}

// done answers with OpOK.
func (q *request) done(result any) error {
	q.Reply(q.frame.ID, result)
	return nil
}
