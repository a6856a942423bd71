package mls

import (
	"bytes"
	"crypto/ed25519"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The model lets devices live behind a delivery service that delays, doubles,
// reorders and loses what they send each other, and lets them crash. What must
// hold is said where it is checked: in take (what a letter does to its reader), in
// reached (members of an epoch agree) and in outsiders (who is out stays out).
//
// -rapid.checks and -rapid.steps ask for more histories and for longer ones than
// modelChecks of each suite.
const modelChecks = 12

// letter is a message on its way.
type letter struct {
	content ContentType
	message []byte
	group   string
	epoch   uint64 // in which it was sent
	from    *device
	text    string
}

// device is a client, and what it has in hand.
type device struct {
	name   string
	client Client
	group  *Group // nil before it is in
	since  uint64 // the epoch in which group began
	inbox  []*letter
	held   []*letter // of epochs not reached
	read   map[*letter]bool
	life   *life
	lives  []*life           // all that it ever had
	keeps  bool              // its application keeps the resumption secret of every epoch
	told   map[string][]byte // resumption secrets that it had from others

	staged   *StagedCommit // sent, and not yet known to have won
	entering *StagedCommit // likewise, by which it comes in
	newLife  *life         // with entering, or from asking on
	asking   bool          // its key package was handed out
	proposed bool          // in the server's epoch
	invited  *commitLog    // whose Welcome is for it
	lost     bool          // it has to come in again by itself

	joins    uint64 // the epoch with which the server let it in
	out      bool   // it was removed
	returned bool   // it came in again after that
}

// truth is what all who reach an epoch must agree on.
type truth struct {
	authenticator, exported, treeHash, resumption []byte
	members                                       []Member
	secrets                                       [][]byte
	nodeKeys                                      map[string]bool
}

// commitLog is the delivery service's record of an accepted commit.
type commitLog struct {
	letter    *letter
	welcome   []byte
	groupInfo []byte
	proposals []*letter
	// What anybody can tell of it who follows the group without secrets.
	transition *transition
	next       *publicState
}

// model is a group, and everybody who ever knew of it.
type model struct {
	t       *rapid.T
	suite   CipherSuite
	devices []*device
	server  *PublicGroup
	first   uint64 // the epoch in which the log begins
	log     []*commitLog
	waiting []*letter // proposals of the current epoch
	truths  map[uint64]*truth
	rosters map[uint64]map[string]bool // signature keys of the members of each epoch
	sent    []*letter                  // application messages, of all groups
	old     []*letter                  // handshakes, of all groups
	gone    []*life
	info    []byte // the last GroupInfo that was accepted
	psks    map[string][]byte
	names   int
	tally   map[string]int // what happened, over all histories
}

func TestModel(t *testing.T) {
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if checks := flag.Lookup("rapid.checks"); !asked {
		before := checks.Value.String()
		require.NoError(t, checks.Value.Set(strconv.Itoa(modelChecks)))
		defer func() { require.NoError(t, checks.Value.Set(before)) }()
	}
	for _, suiteID := range []CipherSuite{X25519ChaCha, MLKEM768X25519ChaCha} {
		t.Run(suiteID.String(), func(t *testing.T) {
			tally := map[string]int{}
			rapid.Check(t, func(t *rapid.T) { runModel(t, suiteID, tally) })
			for _, what := range slices.Sorted(maps.Keys(tally)) {
				t.Logf("%7d %s", tally[what], what)
			}
		})
	}
}

func runModel(t *rapid.T, suiteID CipherSuite, tally map[string]int) {
	m := &model{t: t, suite: suiteID, psks: map[string][]byte{}, tally: tally}
	most := rapid.SampledFrom([]int{4, 8, 12, modelMembers}).Draw(t, "size")
	m.begin(rapid.IntRange(2, most).Draw(t, "members"))
	do := func(action func(*model)) func(*rapid.T) {
		return func(t *rapid.T) {
			m.t = t
			action(m)
			m.tally["steps"]++
		}
	}
	t.Repeat(map[string]func(*rapid.T){
		"deliver": do((*model).deliverSome), "deliver more": do((*model).deliverSome), "replay": do((*model).replay),
		"talk": do((*model).talk), "propose": do((*model).propose), "commit": do((*model).commit),
		"add": do((*model).add), "enter": do((*model).enter), "come back": do((*model).comeBack),
		"crash": do((*model).crash), "catch up": do((*model).catchUpOne), "reinit": do((*model).reInit),
		"return": do((*model).returns), "return again": do((*model).returns), "refuse an epoch": do((*model).refuseEpoch),
	})
	m.t = t
	m.settle()
	m.outsiders()
}

// begin makes a group of n, all in one epoch.
func (m *model) begin(n int) {
	t := m.t
	creator := m.device()
	g, err := NewGroup(creator.client, []byte("a group"), nil, testNow)
	require.NoError(t, err)
	opts := CommitOptions{Now: testNow}
	for range n - 1 {
		opts.Proposals = append(opts.Proposals, AddProposal{KeyPackage: m.asks(m.device())})
	}
	staged, err := g.Commit(opts)
	require.NoError(t, err)
	require.NoError(t, g.Merge(staged))
	creator.in(g)
	m.serve(staged.GroupInfo())
	m.reached(creator)
	m.invite(&commitLog{welcome: staged.Welcome()})
}

// serve lets the delivery service begin with an epoch.
func (m *model) serve(info []byte) {
	var err error
	m.server, err = NewPublicGroup(info, testNow)
	require.NoError(m.t, err)
	m.first, m.log, m.waiting, m.info = m.server.Epoch(), nil, nil, info
	m.truths, m.rosters = map[uint64]*truth{}, map[uint64]map[string]bool{}
	m.enrol()
	for _, d := range m.devices {
		d.joins, d.proposed = m.first, false
	}
}

// enrol notes who is a member of the server's epoch.
func (m *model) enrol() {
	roster := map[string]bool{}
	for _, member := range m.server.Members() {
		roster[string(member.Leaf.SignatureKey)] = true
	}
	m.rosters[m.server.Epoch()] = roster
}

// device makes a client that is nowhere yet.
func (m *model) device() *device {
	m.names++
	c := newClient(m.t, m.suite, fmt.Sprintf("device %d", m.names))
	c.PastEpochs = rapid.IntRange(0, 2).Draw(m.t, "past epochs")
	c.ResumptionEpochs = rapid.SampledFrom([]int{0, 0, 0, 0, 0, 3, 1, -1}).Draw(m.t, "resumption epochs")
	d := &device{name: string(c.Credential.Identity), read: map[*letter]bool{}, told: map[string][]byte{}, keeps: m.flip("keeps")}
	c.PSK = d.findPSK
	d.client = c
	d.life = m.another(d)
	m.devices = append(m.devices, d)
	return d
}

// asks gives a key package of a device, which waits to be added.
func (m *model) asks(d *device) *KeyPackage {
	kp, private := newKeyPackage(m.t, d.client)
	if !d.asking {
		d.newLife = m.another(d)
	}
	d.asking = true
	d.newLife.packages = append(d.newLife.packages, private)
	return kp
}

// key names a device for good: its signature key.
func (d *device) key() string {
	return string(d.client.SignatureKey.Public().(ed25519.PublicKey))
}

// in lets a device be in a group from now on.
func (d *device) in(g *Group) {
	d.group, d.since = g, g.Epoch()
	d.staged, d.entering, d.lost = nil, nil, false
}

// live says that a device takes part.
func (d *device) live() bool { return d.group != nil && d.group.Ended() == nil && !d.lost }

// invite sends the Welcome of a commit to those for whom it is.
func (m *model) invite(entry *commitLog) {
	if entry.welcome == nil {
		return
	}
	for _, d := range m.devices {
		if d.asking && m.rosters[m.server.Epoch()][d.key()] {
			d.asking, d.invited = false, entry
		}
	}
}

// join lets a device come in by its Welcome. If that names an epoch of which it has
// nothing, it has to come in by itself.
func (m *model) join(d *device) {
	entry, private := d.invited, d.newLife.packages[len(d.newLife.packages)-1]
	d.invited, d.life = nil, d.newLife
	g, err := JoinWelcome(d.client, entry.welcome, private, JoinOptions{Now: testNow})
	if entry.transition != nil && m.lacks(d, nil, entry.transition.psks...) {
		require.ErrorIs(m.t, err, ErrPSK)
		m.tally["Welcomes refused for want of a key"]++
		if !m.flip("is told") {
			d.group, d.staged, d.lost = nil, nil, true
			return
		}
		m.tell(d, entry.transition.psks)
		g, err = JoinWelcome(d.client, entry.welcome, private, JoinOptions{Now: testNow})
	}
	require.NoError(m.t, err)
	d.in(g)
	m.reached(d)
}

// some draws one of those who take part, or skips the step.
func (m *model) some(fits func(*device) bool) *device {
	var list []*device
	for _, d := range m.devices {
		if fits(d) {
			list = append(list, d)
		}
	}
	if len(list) == 0 {
		m.t.Skip("nobody can do that")
	}
	return list[rapid.IntRange(0, len(list)-1).Draw(m.t, "device")]
}

func (m *model) flip(what string) bool { return rapid.Bool().Draw(m.t, what) }

// post puts a letter into the inboxes; the service may lose application messages
// and double everything.
func (m *model) post(l *letter) {
	if l.content == ContentApplication {
		m.sent = append(m.sent, l)
	} else {
		m.old = append(m.old, l)
	}
	fates := rapid.Uint64().Draw(m.t, "fates") // two bits for each
	for i, d := range m.devices {
		copies := 1
		switch fate := fates >> (2 * (i % 32)) & 3; {
		case fate == 0 && l.content == ContentApplication:
			copies = 0
		case fate == 1:
			copies = 2
		}
		for range copies {
			d.inbox = append(d.inbox, l)
		}
	}
}

// submit sends a commit to the service: it counts, or it came too late.
func (m *model) submit(from *device, staged *StagedCommit) bool {
	t := m.t
	message := staged.Message()
	followed, err := m.server.Process(message, testNow)
	if bytes.Equal(staged.base, m.server.state.encoded) {
		require.NoError(t, err)
	} else {
		require.ErrorIs(t, err, ErrStaleEpoch)
		return false
	}
	require.Equal(t, staged.Changes(), followed.Changes())
	entry := &commitLog{
		letter:  &letter{content: ContentCommit, message: message, group: string(m.server.GroupID()), epoch: m.server.Epoch(), from: from},
		welcome: staged.Welcome(), groupInfo: staged.GroupInfo(), proposals: m.waiting,
	}
	parsed, err := parseMessage(message)
	require.NoError(t, err)
	entry.transition, entry.next, err = m.server.state.stage(parsed.public.authenticated(), testNow)
	require.NoError(t, err)
	if staged.Changes().ReInit == nil {
		require.NoError(t, followed.CheckGroupInfo(entry.groupInfo))
	}
	require.NoError(t, m.server.Merge(followed))
	m.log, m.waiting = append(m.log, entry), nil
	m.enrol()
	if entry.groupInfo != nil {
		m.info = entry.groupInfo
	}
	m.moved(staged.Changes())
	m.post(entry.letter)
	m.invite(entry)
	return true
}

// reached requires that a device which enters an epoch agrees with all who have
// been there.
func (m *model) reached(d *device) {
	t, g := m.t, d.group
	d.life.save(t, d)
	for _, l := range d.held {
		if l.group == string(g.GroupID()) && l.epoch <= g.Epoch() {
			d.inbox = append(d.inbox, l)
		}
	}
	d.held = nil
	exported, err := g.Export("model", []byte("context"), 32)
	require.NoError(t, err)
	require.True(t, g.Ended() != nil || m.rosters[g.Epoch()][d.key()], "%s is in an epoch of which it is no member", d.name)
	known := m.truths[g.Epoch()]
	if known == nil {
		known = &truth{
			authenticator: g.EpochAuthenticator(), exported: exported, treeHash: g.TreeHash(),
			members: g.Members(), nodeKeys: map[string]bool{},
		}
		known.resumption, _ = g.ResumptionSecret(g.Epoch())
		for _, p := range g.secrets.all() {
			known.secrets = append(known.secrets, bytes.Clone(*p))
		}
		for x := range nodeIndex(nodeWidth(len(g.public.tree.leaves))) {
			if !g.public.tree.blank(x) {
				known.nodeKeys[string(g.public.tree.key(x))] = true
			}
		}
		m.truths[g.Epoch()] = known
		require.Len(t, known.members, len(m.rosters[g.Epoch()]))
	}
	require.Equal(t, known.authenticator, g.EpochAuthenticator())
	require.Equal(t, known.exported, exported)
	require.Equal(t, known.treeHash, g.TreeHash())
	require.Equal(t, len(known.members), len(g.Members()))
	for i, member := range g.Members() {
		require.Equal(t, known.members[i].Index, member.Index)
		require.True(t, bytes.Equal(known.members[i].Leaf.append(nil), member.Leaf.append(nil)))
	}
	m.keepsSecrets(d)
}
