package mls

import (
	"slices"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// returns lets somebody who was removed come back, by a Welcome for a fresh key
// package or by itself. It may not even know yet that it was removed. Where nobody is
// out, somebody is taken out.
func (m *model) returns() {
	m.room()
	away := func(d *device) bool { return d.out && d.entering == nil && d.invited == nil }
	if !slices.ContainsFunc(m.devices, away) {
		m.remove()
		return
	}
	d := m.some(away)
	m.meanwhile()
	switch rapid.IntRange(0, 3).Draw(m.t, "way back") {
	case 0:
		m.returnByValue(d)
	case 1:
		m.returnByProposal(d)
	default:
		m.comeBackBy(d, m.groupInfo(), m.resume(d, nil))
	}
}

// remove lets a member take another one out.
func (m *model) remove() {
	by := m.some(func(d *device) bool { return m.current(d) && d.staged == nil && d.entering == nil })
	if l := m.memberOf(by.group); l != by.group.OwnIndex() {
		m.sendCommit(by, CommitOptions{Proposals: []Proposal{RemoveProposal{LeafIndex: l}}})
	}
}

// meanwhile lets a member say what those who are out must never read.
func (m *model) meanwhile() {
	for _, d := range m.devices {
		if m.current(d) && len(d.group.PendingProposals()) == 0 {
			m.send(d)
			return
		}
	}
}

// current says that a device is in the server's epoch.
func (m *model) current(d *device) bool {
	return d.live() && d.group.Epoch() == m.server.Epoch() && m.rosters[m.server.Epoch()][d.key()]
}

// returnByValue lets a member add who was removed. One who has not heard of the
// removal cannot: the signature key is taken.
func (m *model) returnByValue(d *device) {
	by := m.some(func(by *device) bool { return by != d && by.live() && by.staged == nil && by.entering == nil })
	opts := CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: m.asks(d)}}, OmitPath: m.flip("without path"), Now: testNow}
	if _, still := memberBy(by.group.Members(), d); still {
		m.cannotCommit(by, opts, ErrLeafNode)
		return
	}
	m.sendCommit(by, opts)
}

// returnByProposal lets it ask, or a member ask for it: who commits that, and when,
// remains to be seen.
func (m *model) returnByProposal(d *device) {
	if d.proposed {
		m.t.Skip("it has asked")
	}
	by, kp := d, m.asks(d)
	var message []byte
	var err error
	if m.flip("by itself") {
		message, err = m.server.ProposeSelf(d.client, kp, nil)
	} else {
		by = m.some(m.current)
		message, err = by.group.ProposeAdd(kp, nil, testNow)
	}
	require.NoError(m.t, err)
	m.offer(by, message, by != d)
	d.proposed = true
}

// memberBy finds the leaf of a device.
func memberBy(members []Member, d *device) (Member, bool) {
	for _, member := range members {
		if string(member.Leaf.SignatureKey) == d.key() {
			return member, true
		}
	}
	return Member{}, false
}

// moved notes who went out and who came in with an accepted commit.
func (m *model) moved(changes Changes) {
	for _, d := range m.devices {
		if _, removed := memberBy(changes.Removed, d); removed {
			ends := d.life
			if d.entering != nil || d.invited != nil {
				ends = d.newLife
			}
			ends.until = m.server.Epoch()
			m.gone = append(m.gone, ends)
			d.out = !m.rosters[m.server.Epoch()][d.key()]
		}
		if _, added := memberBy(changes.Added, d); added {
			d.joins = m.server.Epoch()
			if d.out {
				d.out, d.returned = false, true
				way := "returns by a Welcome"
				if changes.External {
					way = "returns by an external commit"
				}
				m.tally[way]++
			}
		}
		d.proposed = false
	}
}
