package mls

import (
	"bytes"
	"crypto/hpke"

	"github.com/stretchr/testify/require"
)

// life is all that a device ever had between coming in and going out: every state
// that it stored, every commit that it staged, every key package.
type life struct {
	client   Client
	packages []*KeyPackagePrivate
	states   [][]byte
	staged   [][]byte
	until    uint64 // the first epoch in which it is out

	resumption map[string][]byte // what the application kept of each epoch
}

// save keeps what a device has in hand.
func (l *life) save(t require.TestingT, d *device) {
	b, err := d.group.MarshalBinary()
	require.NoError(t, err)
	if n := len(l.states); n == 0 || !bytes.Equal(l.states[n-1], b) {
		l.states = append(l.states, b)
	}
	if d.staged != nil {
		l.keep(t, d.staged)
	}
}

func (l *life) keep(t require.TestingT, s *StagedCommit) {
	b, err := s.MarshalBinary()
	require.NoError(t, err)
	l.staged = append(l.staged, b)
}

// groups brings all states back.
func (l *life) groups(t require.TestingT) []*Group {
	var out []*Group
	for _, b := range l.states {
		g, err := UnmarshalGroup(b, l.client)
		require.NoError(t, err)
		out = append(out, g)
	}
	for _, b := range l.staged {
		s, err := UnmarshalStagedCommit(b, l.client)
		require.NoError(t, err)
		out = append(out, s.next)
	}
	return out
}

// cannotSucceed requires that nobody who is out comes into the successor of their
// group, even with the key packages of members.
func (l *life) cannotSucceed(t require.TestingT, welcome []byte, private []*KeyPackagePrivate) {
	for _, g := range l.groups(t) {
		for _, p := range append(private[len(private)-1:len(private):len(private)], l.packages...) {
			_, err := JoinWelcome(l.client, welcome, p, JoinOptions{From: g})
			require.Error(t, err)
		}
	}
}

// outsider is somebody with all that they had in some lives, and the epochs in which
// they were not in.
type outsider struct {
	lives  []*life
	out    func(epoch uint64) bool
	groups []*Group
	keys   map[string]hpke.PrivateKey
}

// outsiders requires that those who are out can do nothing in the epochs since, with
// all that they ever had; and those who came back nothing in the epochs between, with
// what they have now beside it.
func (m *model) outsiders() {
	for _, gone := range m.gone {
		m.staysOut(&outsider{lives: []*life{gone}, out: func(epoch uint64) bool { return epoch >= gone.until }})
	}
	for _, d := range m.devices {
		if d.returned {
			m.staysOut(&outsider{lives: d.lives, out: func(epoch uint64) bool { return !m.rosters[epoch][d.key()] }})
		}
	}
}

func (m *model) staysOut(o *outsider) {
	o.keys = map[string]hpke.PrivateKey{}
	for _, l := range o.lives {
		o.groups = append(o.groups, l.groups(m.t)...)
		for _, p := range l.packages {
			o.keys[string(p.encryptionKey.PublicKey().Bytes())] = p.encryptionKey
			o.keys[string(p.initKey.PublicKey().Bytes())] = p.initKey
		}
	}
	for _, g := range o.groups {
		for _, k := range g.keys {
			o.keys[string(k.PublicKey().Bytes())] = k
		}
		for _, k := range g.updates {
			o.keys[string(k.PublicKey().Bytes())] = k
		}
	}
	m.secretsDiffer(o)
	m.commitsStayShut(o)
	m.messagesStayShut(o)
}

// secretsDiffer compares what was kept with the secrets of the epochs outside.
func (m *model) secretsDiffer(o *outsider) {
	t := m.t
	had := map[string]bool{}
	for _, g := range o.groups {
		if g.secrets == nil {
			continue
		}
		for _, p := range g.secrets.all() {
			had[string(*p)] = true
		}
		for _, p := range g.resumption {
			had[string(p.secret)] = true
		}
		exported, err := g.Export("model", []byte("context"), 32)
		require.NoError(t, err)
		had[string(exported)] = true
	}
	for _, l := range o.lives {
		for _, secret := range l.resumption {
			had[string(secret)] = true
		}
	}
	delete(had, string(make([]byte, suites[m.suite].nh))) // wiped
	for epoch, known := range m.truths {
		if !o.out(epoch) {
			continue
		}
		for _, secret := range append(known.secrets, known.exported, known.authenticator, known.resumption) {
			require.False(t, had[string(secret)], "somebody outside has a secret of epoch %d", epoch)
		}
		for key := range o.keys {
			require.False(t, known.nodeKeys[key], "somebody outside has a key in the tree of epoch %d", epoch)
		}
	}
}

// commitsStayShut tries all keys on the path secrets of the commit that took
// somebody out and of the next one, and on every Welcome while they were out.
func (m *model) commitsStayShut(o *outsider) {
	t, s := m.t, suites[m.suite]
	tried := 0
	for _, entry := range m.log {
		if !o.out(entry.letter.epoch + 1) {
			tried = 0
			continue
		}
		for _, l := range o.lives {
			for _, p := range l.packages {
				if entry.welcome != nil {
					_, err := JoinWelcome(l.client, entry.welcome, p, JoinOptions{})
					require.ErrorIs(t, err, ErrWelcome)
				}
			}
		}
		parsed, err := parseMessage(entry.letter.message)
		require.NoError(t, err)
		for _, g := range o.groups {
			if g.Epoch() == entry.letter.epoch && g.secrets != nil && string(g.GroupID()) == entry.letter.group {
				require.False(t, m.follows(entry, g), "a removed member follows the commit that removed it")
			}
		}
		path := parsed.public.content.commit.path
		if tried++; tried > 2 || path == nil {
			continue
		}
		provisional := entry.transition.provisional()
		context := provisional.encode()
		for _, n := range path.nodes {
			for _, c := range n.secrets {
				for _, key := range o.keys {
					_, err := s.decryptWithLabel(key, "UpdatePathNode", context, c)
					require.ErrorIs(t, err, ErrDecrypt)
				}
			}
		}
	}
}

// follows says whether somebody who has the secrets of the epoch before, and all
// pre-shared keys, derives the epoch that a commit begins without the secret of its
// path.
func (m *model) follows(entry *commitLog, g *Group) bool {
	t, s := m.t, g.suite
	init := g.secrets.init
	if entry.transition.external {
		key, err := s.externalKey(g.secrets)
		require.NoError(t, err)
		init, err = s.externalInitReceiver(key, entry.transition.externalInit)
		require.NoError(t, err)
	}
	joiner := s.joinerSecret(init, s.zero(), entry.next.encoded)
	psk := s.pskSecret(m.keys(entry.transition.psks))
	secrets, _ := s.epochFromMember(s.memberSecret(joiner, psk), entry.next.encoded)
	return s.macEqual(secrets.confirmation, entry.next.context.confirmedTranscriptHash, entry.next.confirmationTag)
}

// messagesStayShut tries all states on messages of the epochs outside, as they are
// and as if they were of the state's epoch.
func (m *model) messagesStayShut(o *outsider) {
	t := m.t
	tried := 0
	for i := len(m.sent) - 1; i >= 0 && tried < 3; i-- {
		l := m.sent[i]
		if l.group != string(m.server.GroupID()) || !o.out(l.epoch) {
			continue
		}
		tried++
		m.tally["messages tried by somebody outside"]++
		for _, g := range o.groups {
			_, err := g.Process(l.message, testNow)
			require.Error(t, err)
			parsed, err := parseMessage(l.message)
			require.NoError(t, err)
			parsed.private.groupID, parsed.private.epoch = g.GroupID(), g.Epoch()
			_, err = g.Process(parsed.append(nil), testNow)
			require.Error(t, err)
			if g.secrets != nil {
				_, err = g.suite.openSenderData(g.secrets.senderData, parsed.private)
				require.ErrorIs(t, err, ErrDecrypt)
			}
		}
	}
}
