package mls

import (
	"fmt"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// modelMembers is how many members a group of the model may have.
const modelMembers = 50

// talk lets somebody send a message in the epoch in which they are.
func (m *model) talk() {
	d := m.some((*device).live)
	if len(d.group.PendingProposals()) > 0 {
		_, err := d.group.Encrypt([]byte("x"), nil)
		require.ErrorIs(m.t, err, ErrPendingProposals)
		if len(d.group.updates) > 0 || m.flip("wait for a commit") {
			return
		}
		m.discard(d)
	}
	m.send(d)
}

func (m *model) send(d *device) *letter {
	text := fmt.Sprintf("text %d", len(m.sent))
	message, err := d.group.Encrypt([]byte(text), nil)
	require.NoError(m.t, err)
	l := &letter{content: ContentApplication, message: message, group: string(d.group.GroupID()), epoch: d.group.Epoch(), from: d, text: text}
	m.post(l)
	return l
}

// discard lets a device forget all proposals. A commit that covers them sends it
// back to the service.
func (m *model) discard(d *device) {
	for _, p := range d.group.PendingProposals() {
		d.group.DiscardProposal(p.Ref)
	}
	for _, l := range m.old {
		if l.content == ContentProposal {
			delete(d.read, l)
		}
	}
}

// propose lets somebody propose something, or a device ask to be let in.
func (m *model) propose() {
	t := m.t
	d := m.some((*device).live)
	g := d.group
	var message []byte
	var err error
	switch rapid.IntRange(0, 5).Draw(t, "proposal") {
	case 0:
		message, err = g.ProposeUpdate(nil, nil)
	case 1:
		message, err = g.ProposeRemove(m.memberOf(g), nil)
	case 2:
		id := m.psk()
		if m.flip("resumption") {
			id = m.resumption(rapid.Uint64Range(m.first, g.Epoch()).Draw(t, "epoch"))
		}
		message, err = g.ProposePreSharedKey(id, nil)
	case 3:
		message, err = g.ProposeGroupContextExtensions(m.extensions(), nil)
	case 4:
		m.room()
		message, err = g.ProposeAdd(m.asks(m.device()), nil, testNow)
	default:
		m.room()
		d = m.device()
		message, err = m.server.ProposeSelf(d.client, m.asks(d), nil)
	}
	require.NoError(t, err)
	m.offer(d, message, d.group != nil)
}

// offer sends a proposal to the service, of a member or of somebody outside.
func (m *model) offer(d *device, message []byte, member bool) {
	t := m.t
	l := &letter{content: ContentProposal, message: message, group: string(m.server.GroupID()), epoch: m.server.Epoch(), from: d}
	err := m.server.ProcessProposal(message, testNow)
	if member && d.group.Epoch() < m.server.Epoch() {
		require.ErrorIs(t, err, ErrStaleEpoch)
		return
	}
	require.NoError(t, err)
	d.read[l] = member
	m.waiting = append(m.waiting, l)
	m.post(l)
}

func (m *model) room() {
	if len(m.server.Members())+len(m.waiting) >= modelMembers {
		m.t.Skip("the group is full")
	}
}

func (m *model) memberOf(g *Group) LeafIndex {
	return rapid.SampledFrom(g.Members()).Draw(m.t, "member").Index
}

func (m *model) extensions() []Extension {
	return []Extension{{Type: extensionPrivate, Data: randomBytes(8)}, RequiredCapabilities{Extensions: []uint16{extensionPrivate}}.Extension()}
}

// commit lets somebody commit in the epoch in which they are: others may do so at
// once, and whoever is late has lost.
func (m *model) commit() {
	t := m.t
	d := m.some(func(d *device) bool { return d.live() && d.staged == nil && d.entering == nil })
	g := d.group
	opts := CommitOptions{Now: testNow}
	touched := map[LeafIndex]bool{g.OwnIndex(): true}
	touch := func(l LeafIndex) bool {
		was := touched[l]
		touched[l] = true
		return !was
	}
	contexts := 0
	for _, p := range g.PendingProposals() {
		if rapid.IntRange(0, 3).Draw(t, "leave out") == 0 {
			continue
		}
		switch q := p.Proposal.(type) {
		case UpdateProposal:
			if !touch(LeafIndex(p.Sender.Index)) {
				continue
			}
		case RemoveProposal:
			if !touch(q.LeafIndex) {
				continue
			}
		case PreSharedKeyProposal:
			if !m.covers(d, p) {
				continue
			}
		case GroupContextExtensionsProposal:
			if contexts++; contexts > 1 {
				continue
			}
		}
		opts.ByReference = append(opts.ByReference, p.Ref)
	}
	for range rapid.IntRange(0, 2).Draw(t, "removed") {
		if l := m.memberOf(g); touch(l) {
			opts.Proposals = append(opts.Proposals, RemoveProposal{LeafIndex: l})
		}
	}
	if m.flip("psk") {
		opts.Proposals = append(opts.Proposals, PreSharedKeyProposal{ID: m.psk()})
	}
	opts.Proposals = append(opts.Proposals, m.resumed(d)...)
	if contexts == 0 && m.flip("extensions") {
		opts.Proposals = append(opts.Proposals, GroupContextExtensionsProposal{Extensions: m.extensions()})
	}
	m.sendCommit(d, opts)
}

// add brings in new devices by value.
func (m *model) add() {
	m.room()
	d := m.some(func(d *device) bool { return d.live() && d.staged == nil && d.entering == nil })
	opts := CommitOptions{Now: testNow, OmitPath: m.flip("without path"), Proposals: m.resumed(d)}
	for range rapid.IntRange(1, 3).Draw(m.t, "added") {
		opts.Proposals = append(opts.Proposals, AddProposal{KeyPackage: m.asks(m.device())})
	}
	m.sendCommit(d, opts)
}

func (m *model) sendCommit(d *device, opts CommitOptions) bool {
	before := m.stateOf(d)
	staged, err := d.group.Commit(opts)
	require.NoError(m.t, err)
	require.Equal(m.t, before, m.stateOf(d), "a commit has changed the state before the merge")
	d.staged = staged
	d.life.save(m.t, d)
	return m.submit(d, staged)
}

// groupInfo is what somebody gives to those who want to come in; it may be old.
func (m *model) groupInfo() []byte {
	if m.flip("of the service") {
		return m.info
	}
	info, err := m.some((*device).live).group.GroupInfo(nil)
	require.NoError(m.t, err)
	return info
}

// enter lets a new device come in by itself.
func (m *model) enter() {
	m.room()
	info := m.groupInfo()
	d := m.device()
	_, err := JoinExternal(d.client, info, ExternalOptions{PSKs: []PreSharedKeyID{m.resumption(m.first)}})
	require.ErrorIs(m.t, err, ErrPSK)
	m.enterBy(d, info, ExternalOptions{Now: testNow})
}

// comeBack lets a member take its own place again, because it lost something or
// for no reason.
func (m *model) comeBack() {
	d := m.some(func(d *device) bool {
		return (d.live() || d.lost) && d.entering == nil && d.invited == nil && m.rosters[m.server.Epoch()][d.key()]
	})
	m.comeBackBy(d, m.groupInfo(), m.resume(d, nil))
}

func (m *model) comeBackBy(d *device, info []byte, psks []PreSharedKeyID) {
	public, err := NewPublicGroup(info, testNow)
	require.NoError(m.t, err)
	opts := ExternalOptions{Now: testNow, PSKs: psks}
	if member, still := memberBy(public.Members(), d); still {
		opts.Resync = &member.Index
	}
	m.enterBy(d, info, opts)
}

func (m *model) enterBy(d *device, info []byte, opts ExternalOptions) {
	if m.flip("psk") {
		id := m.psk()
		id.Nonce = randomBytes(suites[m.suite].nh)
		opts.PSKs = append(opts.PSKs, id)
	}
	staged, err := JoinExternal(d.client, info, opts)
	require.NoError(m.t, err)
	if !m.submit(d, staged) {
		return
	}
	var asked []*KeyPackagePrivate
	if d.asking {
		asked = d.newLife.packages
	}
	d.entering, d.asking, d.newLife = staged, false, m.another(d)
	d.newLife.packages = asked
	d.newLife.keep(m.t, staged)
}

// settle brings everybody to the last epoch, those who lost their state among
// them, and lets the members talk.
func (m *model) settle() {
	t := m.t
	for _, d := range m.devices {
		m.catchUp(d)
		if d.lost && m.rosters[m.server.Epoch()][d.key()] {
			m.comeBackBy(d, m.info, nil)
			m.catchUp(d)
			require.False(t, d.lost)
		}
	}
	for _, d := range m.devices {
		m.catchUp(d)
	}
	if len(m.waiting) > 0 {
		m.sendCommit(m.some((*device).live), CommitOptions{})
		for _, d := range m.devices {
			m.catchUp(d)
		}
	}
	members := m.members()
	require.Len(t, members, len(m.server.Members()))
	for _, d := range members {
		require.Equal(t, m.server.state.interim, d.group.public.interim)
		for x, k := range d.group.keys {
			require.Equal(t, d.group.public.tree.key(x), k.PublicKey().Bytes())
			require.True(t, x.covers(d.group.OwnIndex()))
		}
	}
	l := m.send(rapid.SampledFrom(members).Draw(t, "speaker"))
	for _, d := range m.devices {
		m.take(d, l)
		require.True(t, d.read[l] == (d != l.from && m.rosters[l.epoch][d.key()]))
		for _, l := range d.inbox {
			m.take(d, l)
		}
		d.inbox = nil
	}
}

// members are the devices in the server's epoch.
func (m *model) members() []*device {
	var list []*device
	for _, d := range m.devices {
		if d.live() && string(d.group.GroupID()) == string(m.server.GroupID()) {
			require.Equal(m.t, m.server.Epoch(), d.group.Epoch())
			list = append(list, d)
		}
	}
	return list
}

// reInit moves everybody to another group.
func (m *model) reInit() {
	t := m.t
	if rapid.IntRange(0, 3).Draw(t, "seldom") != 0 {
		t.Skip("not now")
	}
	m.settle()
	m.outsiders()
	members := m.members()
	m.names++
	next := ReInitProposal{GroupID: fmt.Appendf(nil, "group %d", m.names), Suite: m.suite}
	require.True(t, m.sendCommit(rapid.SampledFrom(members).Draw(t, "who"), CommitOptions{Proposals: []Proposal{next}, OmitPath: m.flip("without path")}))
	var packages []*KeyPackage
	var private []*KeyPackagePrivate
	for _, d := range members {
		m.catchUp(d)
		require.ErrorIs(t, d.group.Ended(), ErrReInit)
		kp, p := newKeyPackage(t, d.client)
		packages, private = append(packages, kp), append(private, p)
	}
	first := members[0]
	staged, err := first.group.Successor(first.client, SuccessorOptions{KeyPackages: packages[1:], Now: testNow})
	require.NoError(t, err)
	for _, gone := range m.gone {
		gone.cannotSucceed(t, staged.Welcome(), private)
		gone.until = 0
	}
	m.serve(staged.GroupInfo())
	for i, d := range members {
		g := staged.Group()
		if i > 0 {
			g, err = JoinWelcome(d.client, staged.Welcome(), private[i], JoinOptions{From: d.group, Now: testNow})
			require.NoError(t, err)
		}
		d.in(g)
		d.life = m.another(d)
		d.life.packages = private[i : i+1]
		m.reached(d)
	}
	for _, d := range m.devices {
		d.asking = false
	}
}
