package rooms_test

import (
	"crypto/ed25519"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/roomstest"
)

// newOldCast is newCast as it began once, on a suite without post-quantum security.
// Groups that begin from now on are of the newest.
func newOldCast(t testing.TB) *cast {
	c := newCastOn(t, mls.X25519ChaCha)
	c.w.Suite = rooms.Suite
	return c
}

func TestARoomMovesToTheNewestSuite(t *testing.T) {
	c := newOldCast(t)
	l := c.dossier
	require.True(t, l.Public.Outdated())
	before := l.Public.Epoch()
	_, err := l.Write(c.yann.Device(), rooms.EventMessage, rooms.Message{Text: "before"})
	require.NoError(t, err)

	require.NoError(t, l.Move(c.vidal.Device()))
	require.False(t, l.Public.Outdated())
	require.Equal(t, rooms.Suite, l.Public.Group().Suite())
	require.Equal(t, rooms.GroupID(l.ID, 1), l.Public.GroupID())
	require.Equal(t, before+1, l.Public.Epoch(), "the room's epochs go on")
	require.Equal(t, []roomstest.ID{c.vidal.ID}, l.Public.Users())
	began, ok := l.Public.EpochBegan(l.Public.Epoch())
	require.True(t, ok)
	require.Equal(t, l.Public.Place().Seq, began)

	// Nobody has left: they take part, write as soon as they have entered, and are no newcomers.
	require.Len(t, l.Public.Participants(), 3)
	require.True(t, l.Public.TakesPart(c.yann.ID))
	require.False(t, l.Public.TakesPart(c.helene.ID))
	_, err = l.Write(c.yann.Device(), rooms.EventMessage, rooms.Message{Text: "too soon"})
	requireCode(t, rooms.CodeNotMember, err)
	require.NoError(t, l.Join(c.yann.Device()))
	_, err = l.Write(c.yann.Device(), rooms.EventMessage, rooms.Message{Text: "after"})
	require.NoError(t, err)
	require.Len(t, l.Public.Participants(), 3)

	f := follow(t, l)
	require.Len(t, f.room.Thread().Posts(), 2)
	require.Empty(t, f.room.Missing())
	for _, row := range f.room.Timeline()[began-1:] {
		require.Empty(t, row.Left, "entry %d", row.Seq)
		require.Empty(t, row.Joined, "entry %d", row.Seq)
	}
	row, _ := f.room.Row(began)
	require.Equal(t, c.vidal.ID, row.By)

	// Somebody new enters the new group as they would have entered the old one.
	require.NoError(t, l.Consent(c.camille, c.paul))
	require.NoError(t, l.Join(c.paul.Device()))
	row, _ = follow(t, l).room.Row(l.Public.Place().Seq)
	require.Len(t, row.Joined, 1)
}

// onOldSuite does something as it was done before rooms moved.
func onOldSuite(c *cast, f func() error) error {
	c.w.Suite = mls.X25519ChaCha
	defer func() { c.w.Suite = rooms.Suite }()
	return f()
}

// firstGroupInfo makes a group and gives the GroupInfo of its first epoch.
func firstGroupInfo(t testing.TB, w *roomstest.World, c mls.Client, id []byte, extensions []mls.Extension) []byte {
	t.Helper()
	group, err := mls.NewGroup(c, id, extensions, time.UnixMilli(w.Now))
	require.NoError(t, err)
	info, err := group.GroupInfo(nil)
	require.NoError(t, err)
	return info
}

func TestAMoveKeepsWhatTheLogHasSaid(t *testing.T) {
	c := newOldCast(t)
	l := c.dossier
	require.NoError(t, l.Consent(c.camille, c.paul))
	require.NoError(t, onOldSuite(c, func() error { return l.Join(c.paul.Device()) }))
	from, ok := l.Public.HistoryFrom(c.yann.ID)
	require.True(t, ok)
	head := l.Public.KeyChainHead(c.yann.ID)
	old := l.Public.GroupID()
	last := l.Public.Epoch()
	require.NoError(t, l.Move(c.camille.Device()))

	group, ok := l.Public.GroupOf(last)
	require.True(t, ok)
	require.Equal(t, old, group)
	group, ok = l.Public.GroupOf(last + 1)
	require.True(t, ok)
	require.Equal(t, l.Public.GroupID(), group)
	_, ok = l.Public.GroupOf(last + 2)
	require.False(t, ok)
	still, ok := l.Public.HistoryFrom(c.yann.ID)
	require.True(t, ok)
	require.Equal(t, from, still)
	require.Equal(t, head, l.Public.KeyChainHead(c.yann.ID))

	// Whoever withdraws before they have come back takes part no more, and is let in by nobody.
	require.NoError(t, l.Withdraw(c.paul, c.paul))
	require.False(t, l.Public.TakesPart(c.paul.ID))
	require.Empty(t, l.Public.RemovalPending(c.w.Now), "they have no key of this group")
	requireCode(t, rooms.CodeWithdrawn, unchanged(t, l, func() error { return l.Join(c.paul.Device()) }))

	b, err := l.Public.MarshalBinary()
	require.NoError(t, err)
	again, err := rooms.UnmarshalPublic(b)
	require.NoError(t, err)
	require.Equal(t, digest(t, l.Public), digest(t, again))
	require.Equal(t, l.Public.Participants(), again.Participants())
	require.Equal(t, l.Public.Epoch(), again.Epoch())
}

func TestAnEventOfTheGroupBeforeIsStale(t *testing.T) {
	c := newOldCast(t)
	l := c.dossier
	ev := l.Event(c.camille.Device(), rooms.EventMessage, rooms.Message{Text: "on its way"})
	sealed := l.SealEvent(ev, c.camille.Device())
	require.NoError(t, l.Move(c.camille.Device()))
	requireCode(t, rooms.CodeStaleEpoch, unchanged(t, l, func() error { return l.Append(record.KindEvent, sealed, nil) }))
	ev.Epoch = l.Public.Epoch()
	l.All[record.EpochID{Group: string(ev.Group), Epoch: ev.Epoch}] = l.All[record.EpochID{Group: string(ev.Group), Epoch: ev.Epoch - 1}]
	requireCode(t, rooms.CodeStaleEpoch, unchanged(t, l, func() error {
		return l.Append(record.KindEvent, l.SealEvent(ev, c.camille.Device()), nil)
	}))
}

func TestAMoveThatIsNotOneIsRefused(t *testing.T) {
	c := newOldCast(t)
	l := c.dossier
	vidal := c.vidal.Device()
	other := c.w.Open(c.vidal, rooms.Genesis{Kind: rooms.KindNetwork})
	second := c.vidal.NewDevice()
	founded := func(d *roomstest.Device, change func(*mls.Client, *[]byte, *[]mls.Extension)) []byte {
		client, id, extensions := d.Client(), l.Public.NextGroupID(), rooms.GroupExtensions()
		if change != nil {
			change(&client, &id, &extensions)
		}
		return firstGroupInfo(t, c.w, client, id, extensions)
	}
	type spoil = func(*mls.ReInitProposal, *rooms.CommitData)
	for name, test := range map[string]struct {
		code  rooms.Code
		spoil spoil
	}{
		"to another group's id": {rooms.CodeBadCommit, func(p *mls.ReInitProposal, _ *rooms.CommitData) { p.GroupID = []byte("elsewhere") }},
		"to a later generation": {rooms.CodeBadCommit, func(p *mls.ReInitProposal, _ *rooms.CommitData) { p.GroupID = rooms.GroupID(l.ID, 2) }},
		"to a suite that rooms do not have": {rooms.CodeBadCommit, func(p *mls.ReInitProposal, _ *rooms.CommitData) {
			p.Suite = mls.X25519AES128
		}},
		"to the suite that it has": {rooms.CodeBadCommit, func(p *mls.ReInitProposal, d *rooms.CommitData) {
			p.Suite = mls.X25519ChaCha
			d.Successor = founded(vidal, func(c *mls.Client, _ *[]byte, _ *[]mls.Extension) { c.Suite = mls.X25519ChaCha })
		}},
		"to foreign extensions": {rooms.CodeBadCommit, func(p *mls.ReInitProposal, d *rooms.CommitData) {
			p.Extensions = nil
			d.Successor = founded(vidal, func(_ *mls.Client, _ *[]byte, x *[]mls.Extension) { *x = nil })
		}},
		"without a successor": {rooms.CodeBadCommit, func(_ *mls.ReInitProposal, d *rooms.CommitData) { d.Successor = nil }},
		"with another room's group": {rooms.CodeBadCommit, func(_ *mls.ReInitProposal, d *rooms.CommitData) {
			d.Successor = other.Info
		}},
		"with a group of another suite than proposed": {rooms.CodeBadCommit, func(_ *mls.ReInitProposal, d *rooms.CommitData) {
			d.Successor = founded(vidal, func(c *mls.Client, _ *[]byte, _ *[]mls.Extension) { c.Suite = mls.X25519ChaCha })
		}},
		"with a group of other extensions than proposed": {rooms.CodeBadCommit, func(_ *mls.ReInitProposal, d *rooms.CommitData) {
			d.Successor = founded(vidal, func(_ *mls.Client, _ *[]byte, x *[]mls.Extension) { *x = (*x)[:1] })
		}},
		"with another member's group": {rooms.CodeForgedAuthor, func(_ *mls.ReInitProposal, d *rooms.CommitData) {
			d.Successor = founded(c.yann.Device(), nil)
		}},
		"with another device's group": {rooms.CodeForgedAuthor, func(_ *mls.ReInitProposal, d *rooms.CommitData) {
			d.Successor = founded(second, nil)
		}},
		"with a GroupInfo that nobody signed": {rooms.CodeBadCommit, func(_ *mls.ReInitProposal, d *rooms.CommitData) {
			d.Successor[len(d.Successor)-1] ^= 1
		}},
		"with a group that nobody can enter": {rooms.CodeBadCommit, func(_ *mls.ReInitProposal, d *rooms.CommitData) {
			d.Successor = closedGroupInfo(t, c, l)
		}},
		"that cites somebody": {rooms.CodeBadCommit, func(_ *mls.ReInitProposal, d *rooms.CommitData) {
			d.Citations = l.Ground(c.yann)
		}},
		"that saw another log": {rooms.CodeForked, func(_ *mls.ReInitProposal, d *rooms.CommitData) { d.Seen.Chain[0] ^= 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			staged, data, _ := l.StageMove(vidal, test.spoil)
			requireCode(t, test.code, unchanged(t, l, func() error {
				return l.Append(record.KindCommit, staged.Message(), data.Successor)
			}))
			// The clients, who have no GroupInfo beside it, judge as the server does.
			requireCode(t, test.code, unchanged(t, l, func() error {
				return l.Public.Apply(l.Entry(record.KindCommit, staged.Message()))
			}))
		})
	}
	t.Run("with another GroupInfo beside it", func(t *testing.T) {
		staged, _, _ := l.StageMove(vidal, nil)
		requireCode(t, rooms.CodeBadCommit, unchanged(t, l, func() error {
			return l.Append(record.KindCommit, staged.Message(), founded(vidal, nil))
		}))
	})
	t.Run("while somebody must be taken out", func(t *testing.T) {
		staged, data, _ := l.StageMove(vidal, nil)
		require.NoError(t, l.Withdraw(c.yann, c.yann))
		requireCode(t, rooms.CodeRemovalPending, unchanged(t, l, func() error {
			return l.Append(record.KindCommit, staged.Message(), data.Successor)
		}))
		require.NoError(t, l.Remove(vidal))
	})
	t.Run("with an older head of the key chain than the room has seen", func(t *testing.T) {
		l := newOldCast(t)
		d := l.vidal.Device()
		d.Head = l.dossier.Public.KeyChainHead(l.vidal.ID)
		l.vidal.NewDevice()
		require.NoError(t, onOldSuite(l, func() error { return l.dossier.Join(l.vidal.Devices[1]) }))
		require.Greater(t, l.dossier.Public.KeyChainHead(l.vidal.ID).Number, d.Head.Number)
		staged, data, _ := l.dossier.StageMove(d, nil)
		requireCode(t, rooms.CodeBadCertificate, unchanged(t, l.dossier, func() error {
			return l.dossier.Append(record.KindCommit, staged.Message(), data.Successor)
		}))
	})
	t.Run("by a commit that goes on", func(t *testing.T) {
		data := l.CommitData()
		data.Successor = founded(vidal, nil)
		staged, err := l.StageCommit(vidal, data)
		require.NoError(t, err)
		requireCode(t, rooms.CodeMalformed, unchanged(t, l, func() error {
			return l.Append(record.KindCommit, staged.Message(), staged.GroupInfo())
		}))
	})
	t.Run("back to where it came from", func(t *testing.T) {
		require.NoError(t, l.Move(vidal))
		c.w.Suite = mls.X25519ChaCha
		defer func() { c.w.Suite = rooms.Suite }()
		staged, data, _ := l.StageMove(vidal, nil)
		requireCode(t, rooms.CodeBadCommit, unchanged(t, l, func() error {
			return l.Append(record.KindCommit, staged.Message(), data.Successor)
		}))
	})
}

// TestADeviceThatLostTheNewGroupEntersIt is of a device that moves a room and stops
// before it has kept the group: nobody has its secrets then.
func TestADeviceThatLostTheNewGroupEntersIt(t *testing.T) {
	c := newOldCast(t)
	l := c.dossier
	require.NoError(t, l.Move(c.vidal.Device()))
	delete(l.Groups, c.vidal.Device().ID())
	own, ok := l.Public.Device(c.vidal.Device().ID())
	require.True(t, ok)
	require.NoError(t, l.JoinWith(c.vidal.Device(), l.CommitData(l.Ground(c.vidal)...), &own.Leaf))
	require.NoError(t, l.Join(c.yann.Device()))
	_, err := l.Write(c.yann.Device(), rooms.EventMessage, rooms.Message{Text: "after"})
	require.NoError(t, err)
}

// closedGroupInfo is the GroupInfo of a successor that vidal made without the key by
// which others enter, signed by him (RFC 9420 §12.4.3).
func closedGroupInfo(t testing.TB, c *cast, l *roomstest.Log) []byte {
	t.Helper()
	vidal := c.vidal.Device()
	b := firstGroupInfo(t, c.w, vidal.Client(), l.Public.NextGroupID(), rooms.GroupExtensions())
	const header = 2 + 2 // version and wire format
	rest := b[header+2+2:]
	_, rest = vector(rest) // group_id
	rest = rest[8:]        // epoch
	for range 3 {          // tree_hash, confirmed_transcript_hash, extensions
		_, rest = vector(rest)
	}
	signed := slices.Clone(b[header : len(b)-len(rest)])
	extensions, rest := vector(rest)
	tag, _ := vector(rest)
	var kept []byte
	for len(extensions) > 0 {
		kind := binary.BigEndian.Uint16(extensions)
		data, after := vector(extensions[2:])
		if kind != mls.ExtensionExternalPub {
			kept = appendVector(binary.BigEndian.AppendUint16(kept, kind), data)
		}
		extensions = after
	}
	signed = appendVector(appendVector(signed, kept), tag)
	signed = append(signed, 0, 0, 0, 0) // the signer's leaf
	content := appendVector(appendVector(nil, []byte("MLS 1.0 GroupInfoTBS")), signed)
	return appendVector(append(b[:header:header], signed...), ed25519.Sign(vidal.Key.SignatureKey(), content))
}

// vector splits a variable-size vector off (RFC 9420 §2.1.2).
func vector(b []byte) (v, rest []byte) {
	n := int(b[0] & 0x3f)
	size := 1 << (b[0] >> 6)
	for _, x := range b[1:size] {
		n = n<<8 | int(x)
	}
	return b[size : size+n], b[size+n:]
}

func appendVector(b, v []byte) []byte {
	if len(v) < 64 {
		return append(append(b, byte(len(v))), v...)
	}
	return append(binary.BigEndian.AppendUint16(b, 1<<14|uint16(len(v))), v...)
}
