package mls

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// External keys are known to every device. The resumption secret of an epoch of the
// group is known to those who were in it and whose package still keeps it, and to
// those whose application kept it or was told. Whoever knows it not must refuse a
// commit that mixes it in, and a Welcome likewise, and cannot make one.

// psk makes an external key.
func (m *model) psk() PreSharedKeyID {
	name := fmt.Sprintf("psk %d", len(m.psks))
	m.psks[name] = randomBytes(32)
	return PreSharedKeyID{Type: PSKExternal, ID: []byte(name)}
}

// resumption names an epoch of the group.
func (m *model) resumption(epoch uint64) PreSharedKeyID {
	return PreSharedKeyID{Type: PSKResumption, Usage: ResumptionApplication, GroupID: m.server.GroupID(), Epoch: epoch}
}

func resumptionName(group []byte, epoch uint64) string { return fmt.Sprintf("%x/%d", group, epoch) }

// another begins a life of a device.
func (m *model) another(d *device) *life {
	l := &life{client: d.client, resumption: map[string][]byte{}}
	l.client.PSK = func(id PreSharedKeyID) []byte {
		if id.Type == PSKExternal {
			return m.psks[string(id.ID)]
		}
		return l.resumption[resumptionName(id.GroupID, id.Epoch)]
	}
	d.lives = append(d.lives, l)
	return l
}

// findPSK is Client.PSK of a device.
func (d *device) findPSK(id PreSharedKeyID) []byte {
	for _, l := range d.lives {
		if key := l.client.PSK(id); key != nil {
			return key
		}
	}
	return d.told[resumptionName(id.GroupID, id.Epoch)]
}

// remembers says whether a device's package has the resumption secret of an epoch,
// when it has been in the group from since to now.
func (d *device) remembers(epoch, since, now uint64) bool {
	limit := uint64(max(0, d.client.ResumptionEpochs))
	if d.client.ResumptionEpochs == 0 {
		limit = defaultResumptionEpochs
	}
	return since <= epoch && epoch <= now && now-epoch <= limit
}

// lacks says whether a device lacks one of the keys; g is nil before it is in.
func (m *model) lacks(d *device, g *Group, ids ...PreSharedKeyID) bool {
	return slices.ContainsFunc(ids, func(id PreSharedKeyID) bool {
		kept := id.Type == PSKResumption && g != nil && d.remembers(id.Epoch, d.since, g.Epoch())
		return d.findPSK(id) == nil && !kept
	})
}

// tell lets a device's application learn resumption secrets from somebody else's.
func (m *model) tell(d *device, ids []PreSharedKeyID) {
	for _, id := range ids {
		if id.Type == PSKResumption {
			d.told[resumptionName(id.GroupID, id.Epoch)] = m.truths[id.Epoch].resumption
		}
	}
}

// keys gives all that are named.
func (m *model) keys(ids []PreSharedKeyID) []preSharedKey {
	var keys []preSharedKey
	for _, id := range ids {
		key := m.psks[string(id.ID)]
		if id.Type == PSKResumption {
			key = m.truths[id.Epoch].resumption
		}
		keys = append(keys, preSharedKey{id: id, key: key})
	}
	return keys
}

// behind counts the members who will lack the resumption secret of an epoch.
func (m *model) behind(epoch uint64) int {
	n, now := 0, m.server.Epoch()
	for _, d := range m.devices {
		if d.lost || !m.rosters[now][d.key()] {
			continue
		}
		kept := d.keeps && d.joins <= epoch
		if d.findPSK(m.resumption(epoch)) == nil && !d.remembers(epoch, d.joins, now) && !kept {
			n++
		}
	}
	return n
}

// bearable is how many members a commit may leave behind, so that most of them go
// on.
func (m *model) bearable() int {
	return rapid.SampledFrom([]int{1, 2, len(m.server.Members()) / 3}).Draw(m.t, "left behind")
}

// resume now and then names an epoch of the group for a commit of d, which is a
// member or comes in: g is nil then.
func (m *model) resume(d *device, g *Group) []PreSharedKeyID {
	if rapid.IntRange(0, 2).Draw(m.t, "resume") != 0 {
		return nil
	}
	most := m.bearable()
	var list []PreSharedKeyID
	for epoch := m.first; epoch <= m.server.Epoch(); epoch++ {
		if id := m.resumption(epoch); !m.lacks(d, g, id) && m.behind(epoch) <= most {
			list = append(list, id)
		}
	}
	if len(list) == 0 {
		return nil
	}
	m.tally["commits that name an epoch of the group"]++
	if m.flip("oldest") { // of which most have nothing
		return list[:1]
	}
	return []PreSharedKeyID{rapid.SampledFrom(list).Draw(m.t, "epoch")}
}

// resumed is resume by value.
func (m *model) resumed(d *device) []Proposal {
	var list []Proposal
	for _, id := range m.resume(d, d.group) {
		list = append(list, PreSharedKeyProposal{ID: id})
	}
	return list
}

// covers says whether a commit of d may cover somebody's PreSharedKey proposal. If it
// lacks the key, it cannot.
func (m *model) covers(d *device, p ReceivedProposal) bool {
	id := p.Proposal.(PreSharedKeyProposal).ID
	if m.lacks(d, d.group, id) {
		m.cannotCommit(d, CommitOptions{ByReference: []ProposalRef{p.Ref}}, ErrPSK)
		return false
	}
	return id.Type == PSKExternal || m.behind(id.Epoch) <= m.bearable()
}

// cannotCommit requires that a device refuses to make a commit.
func (m *model) cannotCommit(d *device, opts CommitOptions, want error) {
	before := m.stateOf(d)
	staged, err := d.group.Commit(opts)
	require.ErrorIs(m.t, err, want)
	require.Nil(m.t, staged)
	require.Equal(m.t, before, m.stateOf(d))
	m.tally[fmt.Sprintf("commits not made: %v", want)]++
}

// refuseEpoch lets somebody try to name an epoch of which they have nothing.
func (m *model) refuseEpoch() {
	d := m.some((*device).live)
	id := m.resumption(rapid.Uint64Range(m.first, d.group.Epoch()+1).Draw(m.t, "epoch"))
	if m.lacks(d, d.group, id) {
		m.cannotCommit(d, CommitOptions{Proposals: []Proposal{PreSharedKeyProposal{ID: id}}}, ErrPSK)
	}
}

// keepsSecrets requires that a device has the resumption secrets of the epochs that
// it should have, which are those of everybody, and no other.
func (m *model) keepsSecrets(d *device) {
	t, g := m.t, d.group
	for epoch := m.first; epoch <= m.server.Epoch(); epoch++ {
		secret, ok := g.ResumptionSecret(epoch)
		require.Equal(t, d.remembers(epoch, d.since, g.Epoch()), ok, "the secret of epoch %d", epoch)
		if ok {
			require.True(t, bytes.Equal(m.truths[epoch].resumption, secret))
		}
	}
	if d.keeps {
		d.life.resumption[resumptionName(g.GroupID(), g.Epoch())] = bytes.Clone(m.truths[g.Epoch()].resumption)
	}
}
