package mls

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzPublicGroupProcess feeds a delivery service with handshakes, changed at some
// place: at and with say where, and what is put there.
func FuzzPublicGroupProcess(f *testing.F) {
	w := newFuzzWorld(f)
	for i := range w.messages {
		f.Add(byte(i), uint16(0), []byte{})
		f.Add(byte(i), uint16(60), []byte{0xbf, 0xff, 0xff, 0xff})
	}
	public := w.groups[1].Public()
	before, err := public.MarshalBinary()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, which byte, at uint16, with []byte) {
		b := bytes.Clone(w.messages[int(which)%len(w.messages)])
		copy(b[int(at)%len(b):], with)
		bounded(t, b, func() {
			staged, err := public.Process(b, testNow)
			if err == nil {
				require.NoError(t, staged.next.tree.validate(groupID, staged.Extensions()))
			}
			_ = w.groups[1].Public().ProcessProposal(b, testNow)
		})
		after, err := public.MarshalBinary()
		require.NoError(t, err)
		require.True(t, bytes.Equal(before, after), "the state has changed")
	})
}

// FuzzGroupProcessMutated does the same to a member.
func FuzzGroupProcessMutated(f *testing.F) {
	w := newFuzzWorld(f)
	for i := range w.messages {
		f.Add(byte(i), uint16(40), []byte{0xff, 0xff, 0xff, 0xff})
	}
	before, err := w.groups[1].MarshalBinary()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, which byte, at uint16, with []byte) {
		real := w.messages[int(which)%len(w.messages)]
		b := bytes.Clone(real)
		copy(b[int(at)%len(b):], with)
		g, err := UnmarshalGroup(before, w.groups[1].client)
		require.NoError(t, err)
		bounded(t, b, func() { _, err = g.Process(b, testNow) })
		if !bytes.Equal(b, real) {
			require.Error(t, err, "a changed message is taken")
		}
		if err != nil {
			after, err := g.MarshalBinary()
			require.NoError(t, err)
			require.True(t, bytes.Equal(before, after), "the state has changed")
		}
	})
}

// FuzzInsiderPrivate lets a member encrypt any content under any sender data.
func FuzzInsiderPrivate(f *testing.F) {
	w := newFuzzWorld(f)
	for _, content := range []byte{1, 2, 3} {
		f.Add(content, uint32(0), uint32(0), append(appendVector(nil, []byte("hello")), 0, 0))
	}
	for _, staged := range w.commits {
		m, err := parseMessage(staged.Message(), ownTypes()...)
		require.NoError(f, err)
		body := m.public.content.commit.append(nil)
		f.Add(byte(3), uint32(0), uint32(0), m.public.auth.append(body, ContentCommit))
	}
	f.Add(byte(2), uint32(1<<32-1), uint32(1<<32-1), m4(appendProposal(nil, RemoveProposal{LeafIndex: 2})))
	evil := w.groups[0]
	before, err := w.groups[1].MarshalBinary()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, content byte, leaf, generation uint32, plain []byte) {
		message := evil.sealRaw(t, ContentType(content%3+1), LeafIndex(leaf), generation%(2*maxForward), plain)
		g, err := UnmarshalGroup(before, w.groups[1].client)
		require.NoError(t, err)
		_, err = g.Process(message, testNow)
		require.Error(t, err) // nothing is signed
		after, err := g.MarshalBinary()
		require.NoError(t, err)
		require.True(t, bytes.Equal(before, after), "the state has changed")
	})
}

func m4(b []byte) []byte { return append(b, 0, 0, 0, 0) }

// FuzzInsiderWelcome lets whoever adds a client choose what its Welcome says: the
// group secrets, and the GroupInfo under the key that follows from them.
func FuzzInsiderWelcome(f *testing.F) {
	w := newFuzzWorld(f)
	s := suites[X25519ChaCha]
	m, err := parseMessage(w.commits[2].Welcome())
	require.NoError(f, err)
	secrets, err := m.welcome.open(s, w.private.keyPackage.Ref(), w.private.initKey)
	require.NoError(f, err)
	member := s.memberSecret(secrets.joinerSecret, s.zero())
	key := s.welcomeSecret(member)
	info, err := m.welcome.openGroupInfo(s, key)
	require.NoError(f, err)
	f.Add(secrets.append(nil), info.append(nil))
	f.Add((&groupSecrets{joinerSecret: secrets.joinerSecret}).append(nil), info.append(nil))
	f.Add((&groupSecrets{joinerSecret: secrets.joinerSecret, pathSecret: []byte{}}).append(nil), info.append(nil))
	f.Fuzz(func(t *testing.T, group, info []byte) {
		sealed, err := s.sealGroupInfo(key, info)
		require.NoError(t, err)
		c, err := s.encryptWithLabel(w.private.keyPackage.InitKey, "Welcome", sealed, group)
		require.NoError(t, err)
		welcome := (&welcomeMessage{suite: s.id, encryptedGroupInfo: sealed, secrets: []encryptedGroupSecrets{
			{newMember: w.private.keyPackage.Ref(), secrets: c},
		}}).append(appendMessageHeader(nil, WireWelcome))
		bounded(t, welcome, func() {
			g, err := JoinWelcome(w.client, welcome, w.private, JoinOptions{})
			if err == nil {
				require.NoError(t, g.public.tree.validate(g.GroupID(), g.Extensions()))
			}
		})
	})
}

// FuzzAllocation gives bytes to everything that reads some.
func FuzzAllocation(f *testing.F) {
	w := newFuzzWorld(f)
	read := readers(f, w)
	for _, b := range beginnings(f, w) {
		f.Add(b)
	}
	w.seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range read {
			bounded(t, b, func() { read(b) })
		}
	})
}
