package interop

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/stretchr/testify/require"
)

const (
	steps      = 240
	mostPeople = 9
)

// story is one group, its members of both implementations, and the script that
// drives them.
type story struct {
	t     *testing.T
	rng   *rand.Rand
	peer  *peer
	suite mls.CipherSuite
	group int // how many groups there were, with ReInit

	members []member
	views   map[string]view
	named   int
	psks    int

	lockedOut []string // members who were welcomed and could not enter

	// server follows what is sent in the clear, as a delivery service would; nil
	// while it cannot.
	server *mls.PublicGroup
	posted []letter
	count  map[string]int
}

// letter is an application message on its way to somebody.
type letter struct {
	to            member
	message, data []byte
}

func (s *story) chance(percent int) bool { return s.rng.IntN(100) < percent }

func pick[T any](s *story, from []T) T { return from[s.rng.IntN(len(from))] }

func (s *story) did(what string) { s.count[what]++ }

// somebody is a client that was never here, of either implementation.
func (s *story) somebody() member {
	s.named++
	if s.chance(50) {
		return &theirs{peer: s.peer, id: fmt.Sprintf("their %d", s.named)}
	}
	return &ours{id: fmt.Sprintf("our %d", s.named), psks: map[string][]byte{}}
}

// others are the members but one.
func (s *story) others(than ...member) []member {
	return slices.DeleteFunc(slices.Clone(s.members), func(m member) bool { return slices.Contains(than, m) })
}

func (s *story) leaf(m member) mls.LeafIndex { return s.views[m.name()].leaf }

// begin makes a group of one of each implementation.
func (s *story) begin() {
	first, second := member(&ours{id: "our 0", psks: map[string][]byte{}}), member(&theirs{peer: s.peer, id: "their 0"})
	if s.chance(50) {
		first, second = second, first
	}
	require.NoError(s.t, first.create(s.suite, s.groupID()))
	s.members = []member{first}
	s.look()
	kp, err := second.keyPackage(s.suite)
	require.NoError(s.t, err)
	s.commit(first, nil, []proposal{{kind: "add", keyPackage: kp}}, []member{second})
}

func (s *story) groupID() []byte { return []byte("group " + strconv.Itoa(s.group)) }

// look asks everybody what they see: they must see the same.
func (s *story) look() {
	var first view
	for i, m := range s.members {
		v, err := m.view()
		require.NoError(s.t, err, m.name())
		s.views[m.name()] = v
		if i == 0 {
			first = v
			continue
		}
		require.Equal(s.t, first.agreed, v.agreed, "%s and %s", s.members[0].name(), m.name())
		require.Equal(s.t, first.ended, v.ended, "%s and %s", s.members[0].name(), m.name())
	}
	for _, m := range s.members {
		s.t.Logf("  epoch %d leaf %d %s", first.epoch, s.leaf(m), m.name())
	}
	require.Equal(s.t, len(s.members)+len(s.lockedOut), first.members)
	if s.server != nil {
		require.Equal(s.t, first.treeHash, fmt.Sprintf("%x", s.server.TreeHash()))
		require.Equal(s.t, first.epoch, s.server.Epoch())
		return
	}
	info, err := pick(s, s.members).groupInfo()
	if err != nil { // a group that has ended
		require.True(s.t, first.ended, "%v", err)
		return
	}
	s.server, err = mls.NewPublicGroup(info, time.Time{})
	require.NoError(s.t, err)
}

// send has somebody write to all others, who get it when they get it.
func (s *story) send() {
	from := pick(s, s.members)
	data := make([]byte, s.rng.IntN(400))
	for i := range data {
		data[i] = byte(s.rng.Uint32())
	}
	message, err := from.encrypt(data)
	require.NoError(s.t, err, from.name())
	for _, to := range s.others(from) {
		s.posted = append(s.posted, letter{to, message, data})
	}
	s.did("message")
}

// deliver brings what was posted, in any order; some of it never.
func (s *story) deliver() {
	s.rng.Shuffle(len(s.posted), func(i, j int) { s.posted[i], s.posted[j] = s.posted[j], s.posted[i] })
	for _, l := range s.posted {
		if s.chance(10) {
			s.did("lost")
			continue
		}
		got, err := l.to.process(l.message)
		require.NoError(s.t, err, l.to.name())
		require.Equal(s.t, l.data, append([]byte{}, got...), l.to.name())
	}
	s.posted = nil
}

// tell brings a handshake message to the server, if it can read it, and to members.
func (s *story) tell(message []byte, to []member) {
	for _, m := range to {
		_, err := m.process(message)
		require.NoError(s.t, err, m.name())
	}
	if s.server == nil {
		return
	}
	info, err := mls.InspectMessage(message)
	require.NoError(s.t, err)
	switch {
	case info.WireFormat != mls.WirePublicMessage:
		s.server = nil
	case info.ContentType == mls.ContentProposal:
		require.NoError(s.t, s.server.ProcessProposal(message, time.Time{}))
	default:
		staged, err := s.server.Process(message, time.Time{})
		require.NoError(s.t, err)
		require.NoError(s.t, s.server.Merge(staged))
	}
}

// plan is what a commit will hold, so that nothing in it contradicts the rest.
type plan struct {
	touched map[mls.LeafIndex]bool
	gone    []member
	joining []member
	context bool
	psks    [][2][]byte
}

// share tells members the pre-shared keys of a commit.
func (s *story) share(p *plan, with ...member) {
	for _, m := range with {
		for _, k := range p.psks {
			require.NoError(s.t, m.know(k[0], k[1]))
		}
	}
}

// draw makes up a proposal of a kind that somebody may make here.
func (s *story) draw(p *plan, committer, by member) proposal {
	kinds := []string{"psk"}
	if len(s.members)-len(p.gone)+len(p.joining) < mostPeople {
		kinds = append(kinds, "add", "add")
	}
	var removable []member
	for _, m := range s.others(committer, by) {
		if !p.touched[s.leaf(m)] {
			removable = append(removable, m)
		}
	}
	if len(removable) > 0 && len(s.members)-len(p.gone) > 3 {
		kinds = append(kinds, "remove")
	}
	if _, able := by.(*ours); able && by != committer && !p.touched[s.leaf(by)] {
		kinds = append(kinds, "update", "update") // the other implementation proposes none
	}
	if !p.context && !commitsContextWithoutPath(committer) {
		kinds = append(kinds, "extensions")
	}
	switch kind := pick(s, kinds); kind {
	case "psk":
		s.psks++
		id, psk := fmt.Appendf(nil, "key %d", s.psks), make([]byte, 32)
		psk[0] = byte(s.psks)
		p.psks = append(p.psks, [2][]byte{id, psk})
		s.share(p, slices.Concat(s.members, p.joining)...)
		nonce := make([]byte, map[bool]int{false: 32, true: 48}[s.suite == mls.MLKEM768X25519ChaCha]) // KDF.Nh
		nonce[1] = byte(s.psks)
		return proposal{kind: kind, psk: id, nonce: nonce}
	case "add":
		m := s.somebody()
		kp, err := m.keyPackage(s.suite)
		require.NoError(s.t, err)
		p.joining = append(p.joining, m)
		s.share(p, m)
		return proposal{kind: kind, keyPackage: kp}
	case "remove":
		m := pick(s, removable)
		p.touched[s.leaf(m)] = true
		p.gone = append(p.gone, m)
		return proposal{kind: kind, leaf: s.leaf(m)}
	case "update":
		p.touched[s.leaf(by)] = true
		return proposal{kind: kind}
	default:
		p.context = true
		required := mls.RequiredCapabilities{}
		if s.chance(50) {
			required.Credentials = []uint16{mls.CredentialBasic}
		}
		// Never none at all: the other implementation does not take extensions away.
		return proposal{kind: kind, extensions: []mls.Extension{required.Extension()}}
	}
}
