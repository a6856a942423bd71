package server

import (
	"context"
	"strings"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/server/bus"
	"github.com/ensemble-sante/ensemble/server/hub"
)

// topicSessions is the wake-up that sessions of a user have ended; an id follows.
const topicSessions = "sessions."

// listen hears what other nodes send to this one.
func (s *Server) listen() error {
	for pattern, handler := range map[string]bus.Handler{
		topicSignals + s.Node: {Message: s.media.heard},
		topicSessions + "*": {Wake: func(topic string, _ uint64) {
			if user, err := identity.ParseID(strings.TrimPrefix(topic, topicSessions)); err == nil {
				s.checkSessions(s.hub.Of(user))
				s.media.changed(rooms.ID{})
			}
		}},
	} {
		sub, err := s.Bus.Subscribe(s.running, pattern, handler)
		if err != nil {
			return err
		}
		s.subscriptions = append(s.subscriptions, sub)
	}
	return nil
}

// sessionsChanged tells the other nodes that sessions of a user have ended.
func (s *Server) sessionsChanged(user rooms.ID) {
	if err := s.Bus.Wake(topicSessions+user.String(), uint64(s.Now().UnixMilli())); err != nil { //nolint:gosec // after 1970
		s.log.Debug("telling the other nodes", "error", err)
	}
}

// checkSessions closes the connections whose sessions are over.
func (s *Server) checkSessions(conns []*hub.Conn) {
	if len(conns) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(s.running, 10*time.Second)
	defer cancel()
	list := make([][32]byte, len(conns))
	for i, c := range conns {
		list[i] = c.Session
	}
	live, err := s.accounts.Live(ctx, list)
	if err != nil {
		s.log.Warn("looking at sessions", "error", err)
		return
	}
	for _, c := range conns {
		if !live[c.Session] {
			c.Close(hub.CloseSessionEnded, "the session has ended")
		}
	}
}
