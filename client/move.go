package client

import (
	"time"

	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/rooms"
)

// considerMove moves a room whose group is of an older suite to the one of groups that
// begin now, when it is our turn: the lowest leaf that is online first, the others
// later, in case it does not. Nobody is taken out: the others enter the new group by
// themselves, those who are away when they come back.
func (e *engine) considerMove(r *room) {
	if e.suites[0] != rooms.Suite || r.fold == nil || r.group == nil || r.gone || !r.caughtUp || !e.online() || !r.lasting() {
		r.move = nil
		return
	}
	p := r.public()
	if !p.Outdated() || len(p.RemovalPending(e.serverNow())) > 0 || len(r.revoked) > 0 || len(e.calls) > 0 {
		r.move = nil // first that one, and never during a meeting
		return
	}
	if !e.isOurs(r, &r.move, 1+e.rank(r, nil)) {
		return
	}
	var err error
	switch own, in := e.ownLeaf(r); {
	case !in:
		return
	case !knowsSuite(p, own):
		err = e.commit(r, nil) // which renews our leaf: the others see that we could follow
	case e.somebodyCannotFollow(r):
		return
	default:
		err = e.moveRoom(r)
	}
	if err != nil {
		e.joinFailed(r, err)
	}
}

// knowsSuite says whether the program that made a leaf knew the suite that rooms move to.
func knowsSuite(p *rooms.Public, m rooms.LeafMember) bool {
	leaf, ok := p.Group().Member(m.Leaf)
	return ok && leaf.Supports(rooms.Suite)
}

// somebodyCannotFollow says whether somebody is here with nothing but programs of
// before the suite, such as a tab left open. Those who are away hold nothing up: they
// come back with a program of that day.
func (e *engine) somebodyCannotFollow(r *room) bool {
	p := r.public()
	can := map[ID]bool{}
	for _, m := range p.Members() {
		can[m.User] = can[m.User] || knowsSuite(p, m)
	}
	for user, knows := range can {
		if !knows && r.online[user] {
			return true
		}
	}
	return false
}

// moveRoom makes the next group of a room, with nobody but us in it, and the commit that
// ends the present one in its favour.
func (e *engine) moveRoom(r *room) error {
	p := r.public()
	c, err := e.mlsClient(rooms.Suite)
	if err != nil {
		return err
	}
	now := time.UnixMilli(e.serverNow())
	next, err := mls.NewGroup(c, p.NextGroupID(), rooms.GroupExtensions(), now)
	if err != nil {
		return rooms.Errorf(rooms.CodeBadCommit, "making a group: %w", err)
	}
	info, err := next.GroupInfo(nil)
	if err != nil {
		return rooms.Errorf(rooms.CodeBadCommit, "making a group: %w", err)
	}
	data, err := e.commitData(r, rooms.CommitData{Successor: info})
	if err != nil {
		return err
	}
	staged, err := r.group.Commit(mls.CommitOptions{
		Proposals: []mls.Proposal{mls.ReInitProposal{
			GroupID: p.NextGroupID(), Suite: rooms.Suite, Extensions: rooms.GroupExtensions(),
		}},
		AuthenticatedData: data, OmitPath: true, Now: now,
	})
	if err != nil {
		return rooms.Errorf(rooms.CodeBadCommit, "ending a group: %w", err)
	}
	e.sendAttempt(r, &attempt{staged: staged, message: staged.Message(), next: next}, info)
	return nil
}
