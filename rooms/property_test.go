package rooms_test

import (
	"crypto/sha256"
	"flag"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/roomstest"
)

// A unit test takes few logs; -rapid.checks=1000 takes more.
func init() { _ = flag.Set("rapid.checks", "25") }

// machine drives one room with honest and dishonest acts, against a server that is
// honest, or places everything that it is given. It keeps its own book of who may be
// in, written from the rules in security.md and not from the code under test.
type machine struct {
	t      *rapid.T
	w      *roomstest.World
	l      *roomstest.Log
	users  []*roomstest.User // the first opened the room, the last is the person
	ghosts []*roomstest.User // the same ids with other keys
	evil   bool

	book    map[ID]*right
	old     [][]byte // statements and commits that were made before, to be sent again
	oldKind []record.Kind
}

type ID = rooms.ID

// right is what the book says of a user.
type right struct {
	key       [32]byte
	number    uint
	withdrawn bool
	expires   int64
	collector bool
}

func newMachine(t *rapid.T, evil bool) *machine {
	w := roomstest.New(t)
	if rapid.Bool().Draw(t, "an older room") {
		w.Suite = mls.X25519ChaCha
	}
	m := &machine{t: t, w: w, evil: evil, book: map[ID]*right{}}
	for _, name := range []string{"A", "B", "C", "D", "P"} {
		u := w.User(name, "NURSE")
		m.users = append(m.users, u)
		m.ghosts = append(m.ghosts, u.Impostor())
		m.book[u.ID] = &right{key: u.Key.Hash()}
	}
	person := m.users[4].Party()
	m.l = w.Open(m.users[0], rooms.Genesis{
		Kind: rooms.KindThread, Case: identity.NewID(), Person: &person,
	})
	m.book[m.users[0].ID].collector = true
	require.NoError(t, m.l.Consent(m.users[0], m.users[0]))
	m.book[m.users[0].ID].number = 1
	return m
}

// entitled is the book's answer to "may a device with this key be in now?".
func (m *machine) entitled(user ID, key [32]byte, at int64) bool {
	r := m.book[user]
	if r == nil || r.key != key || r.withdrawn {
		return false
	}
	if r.number == 0 {
		return user == m.users[4].ID // the person needs no receipt
	}
	return r.expires == 0 || at < r.expires
}

func (m *machine) acts(by *roomstest.User, at int64) (collector, person bool) {
	r := m.book[by.ID]
	own := by.Key.Hash() == r.key
	collector = own && r.collector && !r.withdrawn && (r.expires == 0 || at < r.expires)
	return collector, own && by.ID == m.users[4].ID
}

// Draws are numbers, so that a failure can be told and repeated although keys differ
// from run to run.
func (m *machine) below(n int, name string) int { return rapid.IntRange(0, n-1).Draw(m.t, name) }

func (m *machine) user(name string) *roomstest.User { return m.users[m.below(len(m.users), name)] }

func (m *machine) anyUser(name string) *roomstest.User {
	if m.below(10, name+" ghost") == 9 {
		return m.ghosts[m.below(len(m.ghosts), name)]
	}
	return m.user(name)
}

// send gives a payload to the server. It tells whether it was accepted.
func (m *machine) send(kind record.Kind, payload, info []byte) bool {
	m.old, m.oldKind = append(m.old, payload), append(m.oldKind, kind)
	before := m.l.Public.Clone()
	if m.evil {
		e := m.l.Place(kind, payload)
		return before.Apply(e) == nil
	}
	stood := digest2(m.t, m.l.Public)
	if err := m.l.Append(kind, payload, info); err != nil {
		require.NotEqual(m.t, rooms.CodeInternal, rooms.CodeOf(err), "%v", err)
		require.Equal(m.t, stood, digest2(m.t, m.l.Public)) // refused: nothing has changed
		return false
	}
	return true
}

func digest2(t *rapid.T, p *rooms.Public) [32]byte {
	b, err := p.MarshalBinary()
	require.NoError(t, err)
	return sha256.Sum256(b)
}

func (m *machine) receipt() {
	by, to := m.anyUser("by"), m.anyUser("to")
	r := m.l.Receipt(to)
	r.Number = uint(int(r.Number) + rapid.SampledFrom([]int{0, 0, 0, 0, -1, 1}).Draw(m.t, "off"))
	if rapid.IntRange(0, 4).Draw(m.t, "expiring") == 0 {
		r.Expires = m.w.Now + rapid.Int64Range(-2000, 20_000).Draw(m.t, "for")
	}
	ok := m.send(record.KindStatement, m.l.Sign(by, rooms.StatementReceipt, r), nil)
	at := m.w.Now
	collector, person := m.acts(by, at)
	was := m.book[to.ID]
	right := (collector || person) && r.Number == was.number+1 && (r.Expires == 0 || r.Expires > at) &&
		(!was.withdrawn || by.ID != to.ID || person)
	require.Equal(m.t, right, ok)
	if ok {
		was.collector = was.collector && was.key == to.Key.Hash()
		was.key, was.number, was.expires, was.withdrawn = to.Key.Hash(), r.Number, r.Expires, false
	}
}

func (m *machine) withdraw() {
	by, of := m.anyUser("by"), m.user("of")
	at := m.w.Now + m.w.Step
	collector, person := m.acts(by, at)
	was := m.book[of.ID]
	own := by.ID == of.ID && by.Key.Hash() == was.key && (was.number > 0 || of.ID == m.users[4].ID)
	right := (collector || person || own) && !was.withdrawn && (was.number > 0 || of.ID == m.users[4].ID)
	ok := m.send(record.KindStatement, m.l.Sign(by, rooms.StatementWithdrawal, rooms.Withdrawal{Participant: of.ID}), nil)
	require.Equal(m.t, right, ok)
	if ok {
		was.withdrawn, was.collector = true, false
	}
}

func (m *machine) collectors() {
	by, to := m.anyUser("by"), m.user("to")
	if m.send(record.KindStatement, m.l.Sign(by, rooms.StatementCollectors, rooms.CollectorsChange{Add: []rooms.Party{to.Party()}}), nil) {
		collector, person := m.acts(by, m.w.Now)
		require.True(m.t, collector || person)
		require.False(m.t, m.book[to.ID].withdrawn)
		if m.book[to.ID].number > 0 {
			require.Equal(m.t, m.book[to.ID].key, to.Key.Hash())
		}
		m.book[to.ID].key, m.book[to.ID].collector = to.Key.Hash(), true
	}
}

// join tries to enter: with the right citation, a forged, foreign or old one, or none.
func (m *machine) join() {
	u := m.anyUser("who")
	d := u.Device()
	if _, in := m.l.Public.Device(d.ID()); in || rapid.IntRange(0, 3).Draw(m.t, "new device") == 0 {
		d = u.NewDevice()
	}
	var cited []rooms.Citation
	switch rapid.IntRange(0, 5).Draw(m.t, "citation") {
	case 0:
		cited = []rooms.Citation{{User: u.ID, Hash: sha256.Sum256([]byte("forged"))}}
	case 1:
		c, _ := m.l.Public.Consent(m.user("whose").ID) // somebody else's receipt
		cited = []rooms.Citation{{User: u.ID, Hash: c.Hash}}
	case 2: // none
	default:
		cited = m.l.Ground(u)
	}
	s := m.l.JoinCommit(d, m.l.CommitData(cited...), nil)
	if m.send(record.KindCommit, s.Message(), s.GroupInfo()) {
		require.True(m.t, m.entitled(u.ID, u.Key.Hash(), m.w.Now), "a device entered without consent")
		m.entered(d, s)
	}
}

func (m *machine) entered(d *roomstest.Device, s *mls.StagedCommit) {
	require.NoError(m.t, m.l.Entered(d, s))
}

// commit lets a member commit: nothing, or the removal of some devices with true or
// false grounds.
func (m *machine) commit() {
	members := m.l.Public.Members()
	by := members[m.below(len(members), "by")]
	d := m.device(by.Device)
	cited := m.l.Public.RemovalPending(m.w.Now + m.w.Step)
	if rapid.IntRange(0, 4).Draw(m.t, "false ground") == 0 {
		cited = nil
	}
	var proposals []mls.Proposal
	var gone []rooms.LeafMember
	for _, v := range members {
		out := false
		for _, c := range cited {
			out = out || c.User == v.User
		}
		if rapid.IntRange(0, 9).Draw(m.t, "extra") == 0 {
			out = !out
		}
		if out && v.Device != by.Device {
			proposals, gone = append(proposals, removeOf(v)), append(gone, v)
		}
	}
	s, err := m.l.StageCommit(d, m.l.CommitData(cited...), proposals...)
	require.NoError(m.t, err)
	if !m.send(record.KindCommit, s.Message(), s.GroupInfo()) {
		return
	}
	require.True(m.t, m.entitled(by.User, d.User.Key.Hash(), m.w.Now), "a commit by somebody without consent")
	for _, v := range gone {
		if v.User != by.User {
			require.False(m.t, m.entitled(v.User, v.KeyHash(), m.w.Now), "somebody with consent was thrown out")
		}
	}
	require.NoError(m.t, m.l.Committed(d, s))
}

func (m *machine) device(id ID) *roomstest.Device {
	for _, u := range append(append([]*roomstest.User{}, m.users...), m.ghosts...) {
		for _, d := range u.Devices {
			if d.ID() == id {
				return d
			}
		}
	}
	require.Fail(m.t, "a device that nobody made is in the room")
	return nil
}

// write lets somebody write: a member or not, under the epoch's key or an older one.
func (m *machine) write() {
	d := m.anyUser("by").Device()
	ev := m.l.Event(d, rooms.EventMessage, rooms.Message{Text: rapid.StringN(1, 20, 80).Draw(m.t, "text")})
	if ev.Epoch > 0 && rapid.IntRange(0, 5).Draw(m.t, "stale") == 0 {
		ev.Epoch--
		ev.Group, _ = m.l.Public.GroupOf(ev.Epoch)
	}
	epoch := m.l.Public.Epoch()
	if m.send(record.KindEvent, m.l.SealEvent(ev, d), nil) {
		require.Equal(m.t, epoch, ev.Epoch)
		require.True(m.t, m.entitled(d.User.ID, d.User.Key.Hash(), m.w.Now), "somebody without consent wrote")
		for _, v := range m.l.Public.Members() {
			require.True(m.t, m.entitled(v.User, v.KeyHash(), m.w.Now), "written while somebody without consent holds the keys")
		}
	}
}

// move lets a device whose group the room has move it to the newest suite.
func (m *machine) move() {
	var in []*roomstest.Device
	for _, v := range m.l.Public.Members() {
		if d := m.device(v.Device); m.l.Groups[d.ID()] != nil {
			in = append(in, d)
		}
	}
	if len(in) == 0 {
		return
	}
	d := in[m.below(len(in), "by")]
	suite, took := m.w.Suite, m.l.Public.Participants()
	m.w.Suite = rooms.Suite
	staged, data, next := m.l.StageMove(d, nil)
	if !m.send(record.KindCommit, staged.Message(), data.Successor) {
		m.w.Suite = suite
		return
	}
	require.NotEqual(m.t, rooms.Suite, suite, "a room moved to where it was")
	require.True(m.t, m.entitled(d.User.ID, d.User.Key.Hash(), m.w.Now), "somebody without consent moved the room")
	require.Equal(m.t, took, m.l.Public.Participants(), "somebody was lost on the way")
	m.l.Moved(d, next, data.Successor)
}

// again sends something a second time.
func (m *machine) again() {
	if len(m.old) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.old)-1).Draw(m.t, "which")
	payload, kind := m.old[i], m.oldKind[i]
	known := false
	for _, e := range m.l.Entries {
		known = known || e.Envelope.Payload == sha256.Sum256(payload)
	}
	if known { // what is in the log, accepted or refused, has no effect a second time
		require.False(m.t, m.send(kind, payload, m.l.Info))
	}
}

func (m *machine) wait() { m.w.Now += rapid.Int64Range(0, 15_000).Draw(m.t, "wait") }

// check holds after every act: nobody is in who never had consent by that key.
func (m *machine) check() {
	pending := map[ID]bool{}
	for _, c := range m.l.Public.RemovalPending(m.w.Now) {
		pending[c.User] = true
	}
	for _, v := range m.l.Public.Members() {
		if !m.entitled(v.User, v.KeyHash(), m.w.Now) {
			require.True(m.t, pending[v.User], "a device is in without consent and nobody notices")
			require.Error(m.t, m.l.Public.MayWrite(v.User, v.Device, m.w.Now))
		}
	}
	for _, u := range m.users {
		require.Equal(m.t, m.entitled(u.ID, m.book[u.ID].key, m.w.Now), m.l.Public.MayDeliver(u.ID, m.w.Now) == nil)
	}
}

func (m *machine) run() {
	m.t.Repeat(map[string]func(*rapid.T){
		"receipt":    func(t *rapid.T) { m.t = t; m.receipt() },
		"withdraw":   func(t *rapid.T) { m.t = t; m.withdraw() },
		"collectors": func(t *rapid.T) { m.t = t; m.collectors() },
		"join":       func(t *rapid.T) { m.t = t; m.join() },
		"commit":     func(t *rapid.T) { m.t = t; m.commit() },
		"move":       func(t *rapid.T) { m.t = t; m.move() },
		"write":      func(t *rapid.T) { m.t = t; m.write() },
		"again":      func(t *rapid.T) { m.t = t; m.again() },
		"wait":       func(t *rapid.T) { m.t = t; m.wait() },
		"":           func(t *rapid.T) { m.t = t; m.check() },
	})
}

func TestNoLogLetsInSomebodyWithoutConsent(t *testing.T) {
	for name, evil := range map[string]bool{"an honest server": false, "a server that places everything": true} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { newMachine(t, evil).run() })
		})
	}
}

func TestALogFoldsToTheSameStateEverywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t, rapid.Bool().Draw(t, "evil"))
		m.run()
		m.t = t
		at := rapid.IntRange(1, len(m.l.Entries)).Draw(t, "checkpoint at")
		whole, err := m.l.Fold(m.l.All).Checkpoint()
		require.NoError(t, err)
		r, err := rooms.BeginRoom(m.l.Entries[0])
		require.NoError(t, err)
		for i, e := range m.l.Entries {
			if i == at {
				b, err := r.Checkpoint()
				require.NoError(t, err)
				r, err = rooms.RestoreRoom(b)
				require.NoError(t, err)
			}
			if i > 0 {
				_, err = r.Apply(e, m.l.All)
				require.NoError(t, err)
			}
		}
		parts, err := r.Checkpoint()
		require.NoError(t, err)
		require.Equal(t, sha256.Sum256(whole), sha256.Sum256(parts))
		require.Equal(t, digest2(t, m.l.Public), digest2(t, r.Public())) // the server's state too
	})
}
