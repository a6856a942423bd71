package mls

import (
	"bytes"
	"errors"
	"slices"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// take lets a device read a letter. What comes twice, too late, from itself or
// from another group is refused by the error that says so, and changes nothing.
func (m *model) take(d *device, l *letter) {
	if d.entering != nil && l.from == d && bytes.Equal(l.message, d.entering.message) {
		m.entered(d)
		return
	}
	if d.invited != nil {
		m.join(d)
	}
	if d.group == nil || d.lost {
		return // it will ask for what it needs
	}
	if l.content == ContentCommit && m.own(d, l) {
		return
	}
	t, g := m.t, d.group
	before := m.stateOf(d)
	want := m.refusal(d, l)
	p, err := g.Process(l.message, testNow)
	if l.content == ContentCommit && want == nil {
		m.follow(d, l, before, p, err)
		return
	}
	if want != nil {
		require.ErrorIs(t, err, want)
		require.Nil(t, p)
		require.Equal(t, before, m.stateOf(d), "the state has changed")
		if want == ErrFutureEpoch {
			d.held = append(d.held, l)
		}
		return
	}
	require.NoError(t, err)
	if l.content == ContentProposal {
		if d.read[l] {
			require.Equal(t, before, m.stateOf(d), "a proposal that came twice has changed the state")
		}
		d.read[l] = true
		return
	}
	require.Equal(t, l.text, string(p.Application.Data))
	require.Equal(t, l.from.key(), string(p.Application.Leaf.SignatureKey))
	require.Equal(t, l.epoch, p.Application.Epoch)
	require.True(t, m.rosters[l.epoch][d.key()], "%s reads a message of an epoch of which it was no member", d.name)
	d.read[l] = true
}

// refusal is the error with which a device must refuse a letter, or nil.
func (m *model) refusal(d *device, l *letter) error {
	g := d.group
	epoch := g.Epoch()
	oldest := max(d.since, epoch-min(epoch, uint64(d.client.PastEpochs)))
	switch late := l.content == ContentApplication && l.epoch < epoch && l.epoch >= oldest; {
	case g.Ended() != nil && len(g.past) == 0:
		return g.Ended().(*Error).Kind
	case l.group != string(g.GroupID()) && g.Ended() == nil:
		return ErrWrongGroup
	case g.Ended() != nil && (!late || l.group != string(g.GroupID())):
		return g.Ended().(*Error).Kind
	case l.epoch > epoch:
		return ErrFutureEpoch
	case l.epoch < epoch && !late:
		return ErrStaleEpoch
	case l.content == ContentApplication && l.from == d:
		return ErrOwnMessage
	case l.content == ContentApplication && d.read[l]:
		return ErrReplay
	}
	return nil
}

// own lets a device that gets its own commit back merge what it kept of it.
func (m *model) own(d *device, l *letter) bool {
	if l.from != d || d.group.Ended() != nil || l.group != string(d.group.GroupID()) || l.epoch != d.group.Epoch() || l.epoch < d.since {
		return false
	}
	if d.staged == nil || !bytes.Equal(d.staged.message, l.message) {
		before := m.stateOf(d)
		_, err := d.group.Process(l.message, testNow)
		require.ErrorIs(m.t, err, ErrOwnMessage)
		require.Equal(m.t, before, m.stateOf(d))
		d.lost = true // what it staged went with a crash
		return true
	}
	m.merge(d, d.staged, l.epoch)
	return true
}

// follow takes in a commit of somebody else, perhaps with a crash on the way. Before
// is the state in which it came.
func (m *model) follow(d *device, l *letter, before []byte, p *Processed, err error) {
	t, g := m.t, d.group
	entry := m.log[l.epoch-m.first]
	for _, proposal := range entry.proposals {
		if !errors.Is(err, ErrUnknownProposal) {
			break
		}
		require.Equal(t, before, m.stateOf(d), "a commit that was refused has changed the state")
		_, missing := g.Process(proposal.message, testNow)
		require.NoError(t, missing)
		before = m.stateOf(d)
		p, err = g.Process(l.message, testNow)
	}
	removed := slices.ContainsFunc(entry.transition.removed, func(member Member) bool { return member.Index == g.OwnIndex() })
	if psks := entry.transition.psks; !removed && m.lacks(d, g, psks...) {
		require.ErrorIs(t, err, ErrPSK)
		require.Nil(t, p)
		m.tally["commits refused for want of a key"]++
		if d.lost = !m.flip("is told"); !d.lost {
			m.tell(d, psks)
		}
		require.Equal(t, before, m.stateOf(d), "a commit that was refused has changed the state")
		if d.lost {
			return
		}
		p, err = g.Process(l.message, testNow)
	}
	require.NoError(t, err)
	require.Equal(t, before, m.stateOf(d), "a commit has changed the state before the merge")
	staged := p.Commit
	switch rapid.IntRange(0, 5).Draw(t, "crash") {
	case 0: // what was staged is lost, and staged again
		m.restart(d)
		p, err := d.group.Process(l.message, testNow)
		require.NoError(t, err)
		staged = p.Commit
	case 1: // it was written down
		b, err := staged.MarshalBinary()
		require.NoError(t, err)
		m.restart(d)
		staged, err = UnmarshalStagedCommit(b, d.client)
		require.NoError(t, err)
	}
	require.Equal(t, before, m.stateOf(d), "the state has changed before the merge")
	m.merge(d, staged, l.epoch)
}

// merge lets a device go on to the next epoch. What it staged itself and was not
// accepted does not fit any more.
func (m *model) merge(d *device, staged *StagedCommit, epoch uint64) {
	t := m.t
	d.life.save(t, d)
	mine := d.staged
	d.staged = nil
	require.NoError(t, d.group.Merge(staged))
	require.Equal(t, epoch+1, d.group.Epoch())
	if mine != nil {
		require.ErrorIs(t, d.group.Merge(mine), orEnded(d))
	}
	require.ErrorIs(t, d.group.Merge(staged), orEnded(d))
	if staged.SelfRemoved() {
		require.ErrorIs(t, d.group.Ended(), ErrRemoved)
		require.False(t, m.rosters[epoch+1][d.key()] && d.entering == nil)
		d.life.save(t, d)
		return
	}
	m.reached(d)
}

func orEnded(d *device) error {
	if ended, ok := d.group.Ended().(*Error); ok {
		return ended.Kind
	}
	return ErrNotStaged
}

// entered lets a device use the group that it came into by itself.
func (m *model) entered(d *device) {
	staged := d.entering
	d.life = d.newLife
	d.in(staged.Group())
	m.reached(d)
}

// stateOf gives a device's state as it would be stored.
func (m *model) stateOf(d *device) []byte {
	b, err := d.group.MarshalBinary()
	require.NoError(m.t, err)
	return b
}

// restart brings a device back from what it stored.
func (m *model) restart(d *device) {
	var err error
	d.group, err = UnmarshalGroup(m.stateOf(d), d.client)
	require.NoError(m.t, err)
}

// crash lets a device begin anew. A commit of its own that it sent was written
// down, or is lost.
func (m *model) crash() {
	t := m.t
	d := m.some(func(d *device) bool { return d.group != nil || d.entering != nil })
	kept := m.flip("commit was kept")
	again := func(s *StagedCommit) *StagedCommit {
		if s == nil || !kept {
			return nil
		}
		b, err := s.MarshalBinary()
		require.NoError(t, err)
		s, err = UnmarshalStagedCommit(b, d.client)
		require.NoError(t, err)
		return s
	}
	entering := d.entering
	d.staged, d.entering = again(d.staged), again(d.entering)
	if d.entering == nil && entering != nil {
		d.life, d.lost = d.newLife, true // it may be in, without the keys
	}
	if d.group != nil {
		before := m.stateOf(d)
		m.restart(d)
		require.Equal(t, before, m.stateOf(d))
		d.life.save(t, d)
	}
	b, err := m.server.MarshalBinary()
	require.NoError(t, err)
	m.server, err = UnmarshalPublicGroup(b)
	require.NoError(t, err)
}

// deliverSome hands out letters to somebody, in any order.
func (m *model) deliverSome() {
	d := m.some(func(d *device) bool { return len(d.inbox) > 0 })
	for range rapid.IntRange(1, 6).Draw(m.t, "letters") {
		if len(d.inbox) == 0 {
			return
		}
		i := 0
		if m.flip("out of order") {
			i = rapid.IntRange(0, len(d.inbox)-1).Draw(m.t, "letter")
		}
		l := d.inbox[i]
		d.inbox = append(d.inbox[:i:i], d.inbox[i+1:]...)
		m.take(d, l)
	}
}

// replay hands somebody anything that was ever sent.
func (m *model) replay() {
	all := append(append([]*letter{}, m.sent...), m.old...)
	if len(all) == 0 {
		m.t.Skip("nothing was sent")
	}
	d := m.some(func(d *device) bool { return d.group != nil })
	m.take(d, rapid.SampledFrom(all).Draw(m.t, "old letter"))
}

// catchUp lets a device ask for all handshakes that it lacks.
func (m *model) catchUp(d *device) {
	if d.invited != nil {
		m.join(d)
	}
	if d.entering != nil {
		for _, entry := range m.log {
			if d.entering != nil && entry.letter.from == d && bytes.Equal(entry.letter.message, d.entering.message) {
				m.take(d, entry.letter)
			}
		}
		d.entering = nil
	}
	for d.live() && string(d.group.GroupID()) == string(m.server.GroupID()) && d.group.Epoch() < m.server.Epoch() {
		m.take(d, m.log[d.group.Epoch()-m.first].letter)
	}
	if d.live() {
		for _, l := range m.waiting {
			m.take(d, l)
		}
		d.staged = nil
	}
}

func (m *model) catchUpOne() {
	m.catchUp(m.some(func(d *device) bool { return d.live() || d.entering != nil || d.invited != nil }))
}
