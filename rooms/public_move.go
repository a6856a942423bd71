package rooms

import (
	"bytes"
	"slices"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/order"
)

// This file is how a room moves to a stronger cipher suite. Its log goes on, and its
// group gives way to another one in a single entry, so that no room is ever without a
// group: a commit that ends the old one by ReInit (RFC 9420 §11.2) and names the new
// one, of which the committer is the only member. Everybody else enters it by external
// commit, by the consents that stand in the log.

// groupSpan is one of the groups that a room has had.
type groupSpan struct {
	ID   []byte `cbor:"1,keyasint"`
	From uint64 `cbor:"2,keyasint"` // the room's epoch that is epoch 0 of the group
}

// judgeMove judges a commit that ends the room's group by ReInit.
func (p *Public) judgeMove(e Entry, staged *mls.PublicStaged, check commitCheck) (func(), error) {
	at := e.Envelope.Time
	data, err := ParseCommitData(staged.AuthenticatedData())
	if err != nil {
		return nil, err
	}
	if err := p.checkSeen(data.Seen); err != nil {
		return nil, err
	}
	changes := staged.Changes()
	next := changes.ReInit
	switch {
	case p.genesis.Kind == KindCall:
		return nil, Errorf(CodeNotAllowed, "a call ends on the suite that it began with")
	case len(data.Citations)+len(data.Revocations) > 0:
		return nil, Errorf(CodeBadCommit, "a move to another group cites somebody")
	case !bytes.Equal(next.GroupID, p.NextGroupID()):
		return nil, Errorf(CodeBadCommit, "a move to another group than the room's next one")
	case !slices.EqualFunc(next.Extensions, GroupExtensions(), equalExtension):
		return nil, Errorf(CodeBadCommit, "a move to foreign group context extensions")
	case !stronger(next.Suite, p.group.Suite()):
		return nil, Errorf(CodeBadCommit, "a move from %v to %v", p.group.Suite(), next.Suite)
	case check.hasInfo && !bytes.Equal(check.groupInfo, data.Successor):
		return nil, Errorf(CodeBadCommit, "a move comes with another GroupInfo than it names")
	}
	committer, err := p.memberAt(changes.Committer, at)
	if err != nil {
		return nil, err
	}
	if len(p.RemovalPending(at)) > 0 {
		return nil, Errorf(CodeRemovalPending, "somebody must be taken out first")
	}
	for _, m := range p.devices {
		if _, err := p.MayEnter(m.User, m.KeyHash(), at); err != nil {
			return nil, Errorf(CodeNotAllowed, "a move would shut somebody out: %w", err)
		}
	}
	group, leaf, err := founded(data.Successor, instant(at))
	if err != nil {
		return nil, err
	}
	info, err := mls.ParseGroupInfo(data.Successor)
	if err != nil {
		return nil, Errorf(CodeBadCommit, "successor: %w", err)
	}
	if err := next.CheckGroupInfo(info); err != nil {
		return nil, Errorf(CodeBadCommit, "successor: %w", err)
	}
	if leaf.User != committer.User || leaf.Device != committer.Device || leaf.KeyHash() != committer.KeyHash() {
		return nil, Errorf(CodeForgedAuthor, "successor: its leaf is not the committer's device")
	}
	if err := laterHead(p.heads[leaf.User], leaf.Head); err != nil {
		return nil, err
	}
	leaf.Since = committer.Since
	if check.leaves != nil {
		if err := check.leaves(Commit{Committer: committer, Leaves: []LeafMember{leaf}, Data: data, Moved: true}); err != nil {
			return nil, err
		}
	}
	return func() {
		returning := slices.Clone(p.returning)
		for _, m := range p.devices {
			returning = append(returning, Seat{m.User, m.Device})
		}
		order.By(returning, func(a, b Seat) int { return a.Device.Compare(b.Device) })
		p.groups = append(p.groups, groupSpan{ID: bytes.Clone(next.GroupID), From: p.Epoch() + 1})
		p.group = group
		p.devices = map[ID]LeafMember{leaf.Device: leaf}
		p.returning = slices.DeleteFunc(returning, p.seated)
		p.noteHeads()
		p.epochs = append(p.epochs, e.Envelope.Seq)
	}, nil
}

// founded reads the first epoch of a group: one leaf, and a key by which others enter.
func founded(groupInfo []byte, now time.Time) (*mls.PublicGroup, LeafMember, error) {
	bad := func(err error) (*mls.PublicGroup, LeafMember, error) {
		return nil, LeafMember{}, Errorf(CodeBadCommit, "first epoch of a group: %w", err)
	}
	info, err := mls.ParseGroupInfo(groupInfo)
	if err != nil {
		return bad(err)
	}
	group, err := mls.NewPublicGroup(groupInfo, now)
	if err != nil {
		return bad(err)
	}
	members := group.Members()
	if _, enters := mls.FindExtension(info.Extensions(), mls.ExtensionExternalPub); !enters || group.Epoch() != 0 || len(members) != 1 {
		return nil, LeafMember{}, Errorf(CodeBadCommit, "not the first epoch of a group that others can enter")
	}
	leaf, err := ParseLeaf(members[0])
	return group, leaf, err
}

// stronger says whether a suite comes before another one in what this version knows.
func stronger(suite, than mls.CipherSuite) bool {
	known := Suites()
	i, j := slices.Index(known, suite), slices.Index(known, than)
	return i >= 0 && j >= 0 && i < j
}

// Outdated says whether the room's group is of a weaker suite than groups that begin
// now: any member may move it.
func (p *Public) Outdated() bool { return stronger(Suite, p.group.Suite()) }

// NextGroupID is the id of the group that a move would begin.
func (p *Public) NextGroupID() []byte {
	return GroupID(p.room, uint32(len(p.groups))) //nolint:gosec // as many as there are suites
}

// GroupOf is the id of the group that the room had in an epoch; false for one that has
// not begun.
func (p *Public) GroupOf(epoch uint64) (group []byte, ok bool) {
	if epoch > p.Epoch() {
		return nil, false
	}
	for _, g := range p.groups {
		if g.From <= epoch {
			group = g.ID
		}
	}
	return bytes.Clone(group), true
}

// seated says whether a device is in the room.
func (p *Public) seated(s Seat) bool {
	_, in := p.devices[s.Device]
	return in
}

// TakesPart says whether a user has a device in the room, or had one when the room moved
// to another group and only has to enter that one.
func (p *Public) TakesPart(user ID) bool {
	if p.IsMember(user) {
		return true
	}
	had := slices.ContainsFunc(p.returning, func(s Seat) bool { return s.User == user })
	return had && p.MayDeliver(user, p.time) == nil
}

// Participants are the users who take part, sorted.
func (p *Public) Participants() []ID {
	all := p.Users()
	for _, s := range p.returning {
		if p.TakesPart(s.User) {
			all = append(all, s.User)
		}
	}
	order.By(all, ID.Compare)
	return slices.Compact(all)
}
