package rooms_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/roomstest"
)

// cast is Odette's case: a dossier with its people, some of whom are in.
type cast struct {
	w                                    *roomstest.World
	camille, vidal, yann, odette, helene *roomstest.User
	paul                                 *roomstest.User
	dossier                              *roomstest.Log
}

func newCast(t testing.TB) *cast { return newCastOn(t, rooms.Suite) }

// newCastOn is newCast with rooms of a suite.
func newCastOn(t testing.TB, suite mls.CipherSuite) *cast {
	w := roomstest.New(t)
	w.Suite = suite
	c := &cast{
		w:       w,
		camille: w.User("Camille Renaud", "NURSE_COORDINATOR"), vidal: w.User("Dr Vidal", "GENERAL_PRACTITIONER"),
		yann: w.User("Yann Le Goff", "NURSE"), odette: w.User("Odette Marchal", "PERSON"),
		helene: w.User("Hélène", "DAUGHTER"), paul: w.User("Paul Lenoir", "VOLUNTEER"),
	}
	person := c.odette.Party()
	c.dossier = w.Open(c.camille, rooms.Genesis{Kind: rooms.KindDossier, Person: &person})
	require.NoError(t, c.dossier.Consent(c.camille, c.camille))
	for _, u := range []*roomstest.User{c.vidal, c.yann} {
		require.NoError(t, c.dossier.Consent(c.camille, u))
		require.NoError(t, c.dossier.Join(u.Device()))
	}
	return c
}

func requireCode(t testing.TB, want rooms.Code, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, want, rooms.CodeOf(err), "%v", err)
}

// unchanged runs f and checks that the log's state is the same after it.
func unchanged(t testing.TB, l *roomstest.Log, f func() error) error {
	t.Helper()
	before, n := digest(t, l.Public), len(l.Entries)
	got := f()
	require.Equal(t, before, digest(t, l.Public))
	require.Len(t, l.Entries, n)
	return got
}

// digest names a state; whole states would drown a failure's message.
func digest(t testing.TB, v interface{ MarshalBinary() ([]byte, error) }) [32]byte {
	t.Helper()
	b, err := v.MarshalBinary()
	require.NoError(t, err)
	return sha256.Sum256(b)
}

func TestConsentedDevicesEnterAndWrite(t *testing.T) {
	c := newCast(t)
	require.Len(t, c.dossier.Public.Members(), 3)
	require.True(t, c.dossier.Public.IsMember(c.vidal.ID))
	_, err := c.dossier.Write(c.vidal.Device(), rooms.EventMessage, rooms.Message{Text: "Bonjour"})
	require.NoError(t, err)

	second := c.vidal.NewDevice()
	require.NoError(t, c.dossier.Join(second))
	_, err = c.dossier.Write(second, rooms.EventMessage, rooms.Message{Text: "from the phone"})
	require.NoError(t, err)
}

func TestThePersonNeedsNoReceiptInTheirOwnCase(t *testing.T) {
	c := newCast(t)
	_, err := c.dossier.Public.MayEnter(c.odette.ID, c.odette.Key.Hash(), c.w.Now)
	require.NoError(t, err)
	require.NoError(t, c.dossier.Join(c.odette.Device()))
	from, ok := c.dossier.Public.HistoryFrom(c.odette.ID)
	require.True(t, ok)
	require.Zero(t, from)
}

func TestWhoIsRefusedEntry(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	join := func(d *roomstest.Device, data rooms.CommitData) error {
		return unchanged(t, l, func() error { return l.JoinWith(d, data, nil) })
	}
	ground := func(u *roomstest.User) rooms.Citation { return l.Ground(u)[0] }

	t.Run("without a receipt", func(t *testing.T) {
		requireCode(t, rooms.CodeNotConsented, join(c.paul.Device(), l.CommitData()))
	})
	t.Run("with another's receipt", func(t *testing.T) {
		requireCode(t, rooms.CodeNotConsented, join(c.paul.Device(), l.CommitData(rooms.Citation{User: c.paul.ID, Hash: ground(c.vidal).Hash})))
		requireCode(t, rooms.CodeNotConsented, join(c.paul.Device(), l.CommitData(ground(c.vidal))))
	})
	t.Run("without citing the receipt", func(t *testing.T) {
		requireCode(t, rooms.CodeNotConsented, join(c.vidal.NewDevice(), l.CommitData()))
	})
	t.Run("with a substituted identity", func(t *testing.T) {
		requireCode(t, rooms.CodeNotConsented, join(c.vidal.Impostor().Device(), l.CommitData(ground(c.vidal))))
		requireCode(t, rooms.CodeNotConsented, join(c.odette.Impostor().Device(), l.CommitData()))
	})
	t.Run("with the same device twice", func(t *testing.T) {
		_, err := l.TryJoin(c.vidal.Device(), l.CommitData(ground(c.vidal)), nil)
		require.Error(t, err) // RFC 9420 §7.3: signature keys are unique
	})
	t.Run("with a certificate of another device", func(t *testing.T) {
		d := *c.vidal.NewDevice()
		d.Cert = c.vidal.Device().Cert
		requireCode(t, rooms.CodeBadCertificate, join(&d, l.CommitData(ground(c.vidal))))
	})
	t.Run("with a certificate by somebody else", func(t *testing.T) {
		d := *c.vidal.NewDevice()
		var err error
		d.Cert, err = c.paul.Key.Certify(d.Key.Keys(), c.w.Now, 2)
		require.NoError(t, err)
		requireCode(t, rooms.CodeNotConsented, join(&d, l.CommitData(ground(c.vidal))))
	})
	t.Run("with a ground for a bystander", func(t *testing.T) {
		requireCode(t, rooms.CodeBadCommit, join(c.vidal.NewDevice(), l.CommitData(ground(c.vidal), ground(c.yann))))
	})
	t.Run("of a pending receipt", func(t *testing.T) {
		r := l.Receipt(c.paul)
		r.Participant.KeyHash = [32]byte{}
		require.NoError(t, l.State(c.camille, rooms.StatementReceipt, r))
		requireCode(t, rooms.CodeNotConsented, join(c.paul.Device(), l.CommitData(ground(c.paul))))
		require.NoError(t, l.Consent(c.camille, c.paul)) // number 2 binds the key
		require.Contains(t, l.Public.Awaited(c.w.Now), c.paul.Party())
		require.NoError(t, l.Join(c.paul.Device()))
		require.Empty(t, l.Public.Awaited(c.w.Now))
	})
	t.Run("with an older receipt than the newest", func(t *testing.T) {
		old := ground(c.vidal)
		require.NoError(t, l.Consent(c.camille, c.vidal))
		requireCode(t, rooms.CodeOldReceipt, join(c.vidal.NewDevice(), l.CommitData(old)))
		require.NoError(t, l.Join(c.vidal.NewDevice()))
	})
	t.Run("who saw another log", func(t *testing.T) {
		data := l.CommitData(ground(c.vidal))
		data.Seen.Chain[0]++
		requireCode(t, rooms.CodeForked, join(c.vidal.NewDevice(), data))
		data = l.CommitData(ground(c.vidal))
		data.Seen.Seq++
		requireCode(t, rooms.CodeForked, join(c.vidal.NewDevice(), data))
		data.Seen = record.Place{}
		requireCode(t, rooms.CodeMalformed, join(c.vidal.NewDevice(), data))
	})
	t.Run("after expiry", func(t *testing.T) {
		r := l.Receipt(c.helene)
		r.Expires = c.w.Now + 10*c.w.Step
		require.NoError(t, l.State(c.camille, rooms.StatementReceipt, r))
		c.w.Now += 60_000
		requireCode(t, rooms.CodeExpired, join(c.helene.Device(), l.CommitData(ground(c.helene))))
		requireCode(t, rooms.CodeExpired, l.Public.MayDeliver(c.helene.ID, c.w.Now))
	})
}

func TestWithdrawalEndsDeliveryAtOnceAndStopsWritingUntilTheRemove(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	require.NoError(t, l.Join(c.odette.Device()))
	require.NoError(t, l.Public.MayDeliver(c.yann.ID, c.w.Now))
	epoch := l.Public.Epoch()
	require.NoError(t, l.Withdraw(c.odette, c.yann))

	requireCode(t, rooms.CodeWithdrawn, l.Public.MayDeliver(c.yann.ID, c.w.Now))
	pending := l.Public.RemovalPending(c.w.Now)
	require.Len(t, pending, 1)
	require.Equal(t, c.yann.ID, pending[0].User)

	write := func(u *roomstest.User) error {
		return unchanged(t, l, func() error {
			_, err := l.Write(u.Device(), rooms.EventMessage, rooms.Message{Text: "x"})
			return err
		})
	}
	requireCode(t, rooms.CodeRemovalPending, write(c.vidal))
	requireCode(t, rooms.CodeWithdrawn, write(c.yann))

	commit := func(d *roomstest.Device, data rooms.CommitData, p ...mls.Proposal) error {
		return unchanged(t, l, func() error { return l.Commit(d, data, p...) })
	}
	leafOf := func(u *roomstest.User) mls.LeafIndex {
		m, ok := l.Public.Device(u.Device().ID())
		require.True(t, ok)
		return m.Leaf
	}
	requireCode(t, rooms.CodeRemovalPending, commit(c.vidal.Device(), l.CommitData()))
	requireCode(t, rooms.CodeWithdrawn, commit(c.yann.Device(), l.CommitData()))
	requireCode(t, rooms.CodeNotAllowed, commit(c.vidal.Device(), l.CommitData(), mls.RemoveProposal{LeafIndex: leafOf(c.yann)}))
	requireCode(t, rooms.CodeNotAllowed, commit(c.vidal.Device(), l.CommitData(rooms.Citation{User: c.yann.ID, Hash: l.Ground(c.yann)[0].Hash}),
		mls.RemoveProposal{LeafIndex: leafOf(c.yann)}))
	requireCode(t, rooms.CodeNotAllowed, commit(c.vidal.Device(), l.CommitData(pending...),
		mls.RemoveProposal{LeafIndex: leafOf(c.yann)}, mls.RemoveProposal{LeafIndex: leafOf(c.camille)}))
	requireCode(t, rooms.CodeWithdrawn, unchanged(t, l, func() error { return l.Join(c.yann.NewDevice()) }))

	require.NoError(t, l.Remove(c.vidal.Device()))
	require.Empty(t, l.Public.RemovalPending(c.w.Now))
	require.False(t, l.Public.IsMember(c.yann.ID))
	require.NoError(t, write2(l, c.vidal.Device()))

	// At the level of keys: nothing that Yann's device holds opens what follows.
	_, has := l.Rings[c.yann.Device().ID()].RecordKey(l.Public.GroupID(), epoch+1)
	require.False(t, has)
	last := l.Entries[len(l.Entries)-1]
	sealed, err := rooms.ParseSealedEvent(last.Payload)
	require.NoError(t, err)
	for id, key := range l.Rings[c.yann.Device().ID()] {
		_, err := key.Open(record.Header{Room: l.ID, Group: []byte(id.Group), Epoch: sealed.Epoch, Sender: sealed.Device}, sealed.Sealed)
		require.Error(t, err)
	}

	// A removed member's commit, staged before, is refused; so is an old receipt.
	requireCode(t, rooms.CodeWithdrawn, unchanged(t, l, func() error { return l.Join(c.yann.NewDevice()) }))
	old := l.Receipt(c.yann)
	old.Number = 1
	requireCode(t, rooms.CodeOldReceipt, unchanged(t, l, func() error { return l.State(c.camille, rooms.StatementReceipt, old) }))
	require.NoError(t, l.Consent(c.camille, c.yann))
	require.NoError(t, l.Join(c.yann.NewDevice()))
}

func write2(l *roomstest.Log, d *roomstest.Device) error {
	_, err := l.Write(d, rooms.EventMessage, rooms.Message{Text: "y"})
	return err
}

func TestACommitByARemovedMemberIsRefused(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	staged, err := l.StageCommit(c.yann.Device(), l.CommitData())
	require.NoError(t, err)
	require.NoError(t, l.Withdraw(c.yann, c.yann))
	requireCode(t, rooms.CodeWithdrawn, unchanged(t, l, func() error {
		return l.Append(record.KindCommit, staged.Message(), staged.GroupInfo())
	}))
	group := l.Groups[c.yann.Device().ID()]
	require.NoError(t, l.Remove(c.vidal.Device()))
	requireCode(t, rooms.CodeStaleEpoch, unchanged(t, l, func() error {
		return l.Append(record.KindCommit, staged.Message(), staged.GroupInfo())
	}))
	require.NotNil(t, group)
}

func TestACommitWithoutItsGroupInfoIsRefused(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	staged, err := l.StageCommit(c.vidal.Device(), l.CommitData())
	require.NoError(t, err)
	requireCode(t, rooms.CodeBadCommit, unchanged(t, l, func() error {
		return l.Append(record.KindCommit, staged.Message(), l.Info)
	}))
	requireCode(t, rooms.CodeBadCommit, unchanged(t, l, func() error {
		return l.Append(record.KindCommit, staged.Message(), nil)
	}))
	bad := append([]byte(nil), staged.Message()...)
	bad[len(bad)/2] ^= 1
	requireCode(t, rooms.CodeBadCommit, unchanged(t, l, func() error {
		return l.Append(record.KindCommit, bad, staged.GroupInfo())
	}))
}

func TestForeignGroupContextExtensionsAreRefused(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	foreign := append(rooms.GroupExtensions(), mls.ExternalSenders(mls.ExternalSender{
		SignatureKey: c.paul.Device().Key.Public(), Credential: mls.BasicCredential([]byte("server")),
	}))
	requireCode(t, rooms.CodeBadCommit, unchanged(t, l, func() error {
		return l.Commit(c.vidal.Device(), l.CommitData(), mls.GroupContextExtensionsProposal{Extensions: foreign})
	}))

	id := identity.NewID()
	group, err := mls.NewGroup(c.camille.Device().Client(), rooms.GroupID(id, 0), foreign, time.UnixMilli(c.w.Now))
	require.NoError(t, err)
	g := c.w.Genesis(id, c.camille, rooms.Genesis{Kind: rooms.KindDossier})
	g.GroupInfo, err = group.GroupInfo(nil)
	require.NoError(t, err)
	_, err = c.w.OpenAs(id, c.camille, g)
	requireCode(t, rooms.CodeBadCommit, err)
}

func TestAResyncRemovesOnlyTheUsersOwnDevices(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	own, _ := l.Public.Device(c.vidal.Device().ID())
	other, _ := l.Public.Device(c.yann.Device().ID())
	require.Error(t, unchanged(t, l, func() error {
		return l.JoinWith(c.vidal.NewDevice(), l.CommitData(l.Ground(c.vidal)...), &other.Leaf)
	}))
	delete(l.Groups, c.vidal.Device().ID())
	require.NoError(t, l.JoinWith(c.vidal.Device(), l.CommitData(l.Ground(c.vidal)...), &own.Leaf))
	again, ok := l.Public.Device(c.vidal.Device().ID())
	require.True(t, ok)
	require.Greater(t, again.Since, own.Since)
}

func TestEnteringDuringAPendingRemovalIsAllowedAndWritingIsNot(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	require.NoError(t, l.Withdraw(c.camille, c.yann))
	phone := c.vidal.NewDevice()
	require.NoError(t, l.Join(phone))
	requireCode(t, rooms.CodeRemovalPending, unchanged(t, l, func() error { return write2(l, phone) }))
	require.NoError(t, l.Remove(phone))
	require.NoError(t, write2(l, phone))
}

func TestANewIdentityInheritsNothing(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	renewed := c.vidal.Renewed() // Dr Vidal with a new identity key
	requireCode(t, rooms.CodeNotConsented, unchanged(t, l, func() error { return l.Join(renewed.Device()) }))
	require.NoError(t, l.Consent(c.camille, renewed))
	pending := l.Public.RemovalPending(c.w.Now)
	require.Len(t, pending, 1) // the old identity's device must go
	requireCode(t, rooms.CodeNotConsented, unchanged(t, l, func() error { return write2(l, c.vidal.Device()) }))
	require.NoError(t, l.Remove(c.yann.Device()))
	require.NoError(t, l.Join(renewed.Device()))
	require.NoError(t, write2(l, renewed.Device()))
}

func TestAnIdentityIsNotSubstitutedEvenWithAReceipt(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	other := c.vidal.Impostor() // another key chain of the same user
	require.NoError(t, l.Consent(c.camille, other))
	require.NoError(t, l.Remove(c.yann.Device()))
	requireCode(t, rooms.CodeForked, unchanged(t, l, func() error { return l.Join(other.Device()) }))
}

func TestWhoMayCollectConsents(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	state := func(by *roomstest.User, st rooms.StatementType, body any) error {
		return unchanged(t, l, func() error { return l.State(by, st, body) })
	}
	requireCode(t, rooms.CodeNotAllowed, state(c.vidal, rooms.StatementReceipt, l.Receipt(c.paul)))
	requireCode(t, rooms.CodeNotAllowed, state(c.paul, rooms.StatementReceipt, l.Receipt(c.paul)))
	requireCode(t, rooms.CodeForgedAuthor, state(c.camille.Impostor(), rooms.StatementReceipt, l.Receipt(c.paul)))
	requireCode(t, rooms.CodeNotAllowed, state(c.vidal, rooms.StatementWithdrawal, rooms.Withdrawal{Participant: c.yann.ID}))
	requireCode(t, rooms.CodeUnknown, state(c.camille, rooms.StatementWithdrawal, rooms.Withdrawal{Participant: c.paul.ID}))
	requireCode(t, rooms.CodeNotAllowed, state(c.vidal, rooms.StatementCollectors, rooms.CollectorsChange{Add: []rooms.Party{c.vidal.Party()}}))
	requireCode(t, rooms.CodeInvalid, state(c.camille, rooms.StatementCollectors, rooms.CollectorsChange{Remove: []rooms.ID{c.camille.ID}}))
	requireCode(t, rooms.CodeConflict, state(c.camille, rooms.StatementCollectors, rooms.CollectorsChange{Add: []rooms.Party{c.camille.Party()}}))
	gap := l.Receipt(c.paul)
	gap.Number = 7
	requireCode(t, rooms.CodeConflict, state(c.camille, rooms.StatementReceipt, gap))

	require.NoError(t, l.State(c.camille, rooms.StatementCollectors, rooms.CollectorsChange{Add: []rooms.Party{c.vidal.Party()}}))
	require.NoError(t, l.Consent(c.vidal, c.paul))
	require.NoError(t, l.Withdraw(c.odette, c.camille))
	require.Len(t, l.Public.Collectors(), 1)
	// Nobody acts for others, or lets themself in again, whose consent has ended.
	requireCode(t, rooms.CodeNotAllowed, state(c.camille, rooms.StatementReceipt, l.Receipt(c.camille)))
	requireCode(t, rooms.CodeNotAllowed, state(c.camille, rooms.StatementReceipt, l.Receipt(c.helene)))
	require.NoError(t, l.Consent(c.odette, c.camille)) // the person may
}

func TestAnExpiredCollectorHasNoAuthority(t *testing.T) {
	w := roomstest.New(t)
	a, b := w.User("A", "NURSE"), w.User("B", "NURSE")
	l := w.Open(a, rooms.Genesis{Kind: rooms.KindNetwork})
	r := l.Receipt(a)
	r.Expires = w.Now + 20*w.Step
	require.NoError(t, l.State(a, rooms.StatementReceipt, r))
	require.NoError(t, l.Consent(a, b))
	require.NoError(t, l.Join(b.Device()))
	require.Empty(t, l.Public.RemovalPending(w.Now))
	w.Now += 60_000
	require.Len(t, l.Public.RemovalPending(w.Now), 1)
	requireCode(t, rooms.CodeNotAllowed, unchanged(t, l, func() error { return l.Consent(a, a) }))
	requireCode(t, rooms.CodeExpired, unchanged(t, l, func() error { return write2(l, a.Device()) }))
	requireCode(t, rooms.CodeRemovalPending, unchanged(t, l, func() error { return write2(l, b.Device()) }))
	require.NoError(t, l.Remove(b.Device()))
	require.NoError(t, write2(l, b.Device()))
}

func TestEventsThatPublicRefuses(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	send := func(ev record.Event, signer *roomstest.Device) error {
		return unchanged(t, l, func() error { return l.Append(record.KindEvent, l.SealEvent(ev, signer), nil) })
	}
	msg := func(d *roomstest.Device) record.Event {
		return l.Event(d, rooms.EventMessage, rooms.Message{Text: "z"})
	}
	t.Run("a stale epoch", func(t *testing.T) {
		ev := msg(c.vidal.Device())
		ev.Epoch--
		requireCode(t, rooms.CodeStaleEpoch, send(ev, c.vidal.Device()))
	})
	t.Run("of no member", func(t *testing.T) {
		ev := msg(c.paul.Device())
		requireCode(t, rooms.CodeNotMember, send(ev, c.paul.Device()))
	})
	t.Run("a device that is another's", func(t *testing.T) {
		ev := msg(c.vidal.Device())
		ev.Author = c.yann.ID
		requireCode(t, rooms.CodeForgedAuthor, send(ev, c.vidal.Device()))
	})
	t.Run("a replay", func(t *testing.T) {
		ev := msg(c.vidal.Device())
		payload := l.SealEvent(ev, c.vidal.Device())
		require.NoError(t, l.Append(record.KindEvent, payload, nil))
		requireCode(t, rooms.CodeReplay, unchanged(t, l, func() error { return l.Append(record.KindEvent, payload, nil) }))
		requireCode(t, rooms.CodeReplay, send(ev, c.vidal.Device())) // the same id sealed anew
	})
	t.Run("of another group", func(t *testing.T) {
		ev := msg(c.vidal.Device())
		payload := l.SealEvent(ev, c.vidal.Device())
		s, err := rooms.ParseSealedEvent(payload)
		require.NoError(t, err)
		s.Group = rooms.GroupID(l.ID, 1)
		b, err := rooms.EncodeBody(s)
		require.NoError(t, err)
		requireCode(t, rooms.CodeStaleEpoch, unchanged(t, l, func() error { return l.Append(record.KindEvent, b, nil) }))
	})
	t.Run("malformed or oversized", func(t *testing.T) {
		for _, b := range [][]byte{nil, {0xff}, {0xa0}, make([]byte, 100)} {
			requireCode(t, rooms.CodeMalformed, unchanged(t, l, func() error { return l.Append(record.KindEvent, b, nil) }))
		}
		requireCode(t, rooms.CodeTooLarge, unchanged(t, l, func() error {
			return l.Append(record.KindEvent, make([]byte, rooms.MaxPayload+1), nil)
		}))
	})
	t.Run("in a frozen case", func(t *testing.T) {
		requireCode(t, rooms.CodeNotAllowed, unchanged(t, l, func() error { return l.State(c.vidal, rooms.StatementFreeze, rooms.Freeze{}) }))
		require.NoError(t, l.State(c.camille, rooms.StatementFreeze, rooms.Freeze{}))
		require.True(t, l.Public.Frozen())
		requireCode(t, rooms.CodeFrozen, send(msg(c.vidal.Device()), c.vidal.Device()))
		requireCode(t, rooms.CodeFrozen, unchanged(t, l, func() error { return l.Consent(c.camille, c.paul) }))
		require.NoError(t, l.Withdraw(c.camille, c.yann)) // consents end also then
		require.NoError(t, l.Remove(c.vidal.Device()))
		require.NoError(t, l.State(c.camille, rooms.StatementFreeze, rooms.Freeze{Lift: true}))
		require.NoError(t, write2(l, c.vidal.Device()))
	})
}

func TestStatementsThatPublicRefuses(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	payload := l.Sign(c.camille, rooms.StatementReceipt, l.Receipt(c.paul))
	app := func(b []byte) error {
		return unchanged(t, l, func() error { return l.Append(record.KindStatement, b, nil) })
	}
	t.Run("altered", func(t *testing.T) {
		for i := 0; i < len(payload); i += 13 {
			bad := append([]byte(nil), payload...)
			bad[i] ^= 4
			require.Error(t, app(bad), "byte %d", i)
		}
	})
	t.Run("who saw another log", func(t *testing.T) {
		place := l.Public.Place()
		place.Chain[3]++
		requireCode(t, rooms.CodeForked, app(l.SignSeen(c.camille, rooms.StatementReceipt, map[rooms.ID]record.Place{l.ID: place}, l.Receipt(c.paul))))
	})
	t.Run("of another room", func(t *testing.T) {
		other := c.w.Open(c.camille, rooms.Genesis{Kind: rooms.KindDossier})
		requireCode(t, rooms.CodeMalformed, app(other.Sign(c.camille, rooms.StatementReceipt, other.Receipt(c.paul))))
	})
	t.Run("a receipt for another room, or for several", func(t *testing.T) {
		r := l.Receipt(c.paul)
		r.Room = identity.NewID()
		requireCode(t, rooms.CodeInvalid, app(l.Sign(c.camille, rooms.StatementReceipt, r)))
		requireCode(t, rooms.CodeInvalid, app(l.Sign(c.camille, rooms.StatementReceipt, l.Receipt(c.paul), identity.NewID())))
	})
	t.Run("a second genesis", func(t *testing.T) {
		requireCode(t, rooms.CodeConflict, app(l.Sign(c.camille, rooms.StatementGenesis, l.Genesis)))
	})
	t.Run("of an unknown type", func(t *testing.T) {
		requireCode(t, rooms.CodeUnknown, app(l.Sign(c.camille, "from.the.future", rooms.Freeze{})))
	})
	t.Run("a replay", func(t *testing.T) {
		require.NoError(t, l.Append(record.KindStatement, payload, nil))
		requireCode(t, rooms.CodeReplay, app(payload))
	})
	t.Run("control of a room that is no session", func(t *testing.T) {
		requireCode(t, rooms.CodeNotAllowed, app(l.Sign(c.camille, rooms.StatementControl, rooms.Control{Op: rooms.ControlOpen})))
	})
	t.Run("a seal of a room that is no item", func(t *testing.T) {
		requireCode(t, rooms.CodeNotAllowed, app(l.Sign(c.camille, rooms.StatementSeal, rooms.Seal{Version: 1})))
	})
	t.Run("by somebody whom the log does not know", func(t *testing.T) {
		stranger := c.w.User("X", "OTHER")
		requireCode(t, rooms.CodeNotAllowed, app(l.Sign(stranger, rooms.StatementReceipt, l.Receipt(stranger))))
	})
}

func TestTheChainMustContinue(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	payload := l.Sign(c.camille, rooms.StatementReceipt, l.Receipt(c.paul))
	good := l.Entry(record.KindStatement, payload)
	for name, change := range map[string]func(*rooms.Entry){
		"a gap":           func(e *rooms.Entry) { e.Envelope.Seq++ },
		"a repetition":    func(e *rooms.Entry) { e.Envelope.Seq-- },
		"another room":    func(e *rooms.Entry) { e.Envelope.Room = identity.NewID() },
		"another payload": func(e *rooms.Entry) { e.Payload = append([]byte{0}, e.Payload...) },
		"time going back": func(e *rooms.Entry) { e.Envelope.Time = l.Public.Time() - 1 },
		"an unknown kind": func(e *rooms.Entry) { e.Envelope.Kind = 9 },
	} {
		t.Run(name, func(t *testing.T) {
			e := good
			change(&e)
			requireCode(t, rooms.CodeBadChain, unchanged(t, l, func() error { return l.Public.Apply(e) }))
			requireCode(t, rooms.CodeBadChain, unchanged(t, l, func() error { return l.Public.Refuse(e) }))
		})
	}
	require.NoError(t, l.Public.Apply(good))
}

func TestGenesisIsJudged(t *testing.T) {
	w := roomstest.New(t)
	a, b := w.User("A", "NURSE"), w.User("B", "PHYSICIAN")
	pa, pb := a.Party(), b.Party()
	for name, tc := range map[string]struct {
		want   rooms.Code
		change func(*rooms.Genesis)
	}{
		"another creator":         {rooms.CodeForgedAuthor, func(g *rooms.Genesis) { g.Creator = pb; g.Collectors = []rooms.Party{pb} }},
		"another key":             {rooms.CodeForgedAuthor, func(g *rooms.Genesis) { g.Creator.KeyHash[0]++; g.Collectors = []rooms.Party{g.Creator} }},
		"creator not a collector": {rooms.CodeMalformed, func(g *rooms.Genesis) { g.Collectors = []rooms.Party{pb} }},
		"collector twice":         {rooms.CodeMalformed, func(g *rooms.Genesis) { g.Collectors = []rooms.Party{pa, pb, pb} }},
		"collector without key":   {rooms.CodeMalformed, func(g *rooms.Genesis) { g.Collectors = []rooms.Party{pa, {User: b.ID}} }},
		"rules of the future":     {rooms.CodeUnknown, func(g *rooms.Genesis) { g.Rules = 2 }},
		"unknown kind":            {rooms.CodeUnknown, func(g *rooms.Genesis) { g.Kind = 99 }},
		"case of another":         {rooms.CodeMalformed, func(g *rooms.Genesis) { g.Case = identity.NewID() }},
		"chair of a dossier":      {rooms.CodeMalformed, func(g *rooms.Genesis) { g.Chair = &pa }},
		"group of another room":   {rooms.CodeMalformed, func(g *rooms.Genesis) { g.Group = rooms.GroupID(identity.NewID(), 0) }},
		"another suite":           {rooms.CodeBadCommit, func(g *rooms.Genesis) { g.Suite = 1 }},
		"no group":                {rooms.CodeBadCommit, func(g *rooms.Genesis) { g.GroupInfo = []byte{1, 2, 3} }},
		"session without chair":   {rooms.CodeMalformed, func(g *rooms.Genesis) { g.Kind = rooms.KindSession; g.Case = rooms.ID{} }},
		"item without session":    {rooms.CodeMalformed, func(g *rooms.Genesis) { g.Kind = rooms.KindItem; g.Case = identity.NewID(); g.Chair = &pa }},
	} {
		t.Run(name, func(t *testing.T) {
			id := identity.NewID()
			g := w.Genesis(id, a, rooms.Genesis{Kind: rooms.KindDossier})
			tc.change(&g)
			_, err := w.OpenAs(id, a, g)
			requireCode(t, tc.want, err)
		})
	}
	t.Run("group of another's device", func(t *testing.T) {
		id := identity.NewID()
		g := w.Genesis(id, a, rooms.Genesis{Kind: rooms.KindDossier})
		group, err := mls.NewGroup(b.Device().Client(), g.Group, rooms.GroupExtensions(), time.UnixMilli(w.Now))
		require.NoError(t, err)
		g.GroupInfo, err = group.GroupInfo(nil)
		require.NoError(t, err)
		_, err = w.OpenAs(id, a, g)
		requireCode(t, rooms.CodeForgedAuthor, err)
	})
	begun := func(suite mls.CipherSuite) error {
		id := identity.NewID()
		g := w.Genesis(id, a, rooms.Genesis{Kind: rooms.KindDossier})
		c := a.Device().Client()
		c.Suite, g.Suite = suite, uint16(suite)
		group, err := mls.NewGroup(c, g.Group, rooms.GroupExtensions(), time.UnixMilli(w.Now))
		require.NoError(t, err)
		g.GroupInfo, err = group.GroupInfo(nil)
		require.NoError(t, err)
		_, err = w.OpenAs(id, a, g)
		return err
	}
	t.Run("the suites of rooms", func(t *testing.T) {
		require.NoError(t, begun(rooms.Suite))
		require.NoError(t, begun(mls.X25519ChaCha), "as rooms began once")
		requireCode(t, rooms.CodeUnknown, begun(mls.X25519AES128))
	})
	t.Run("not first", func(t *testing.T) {
		l := w.Open(a, rooms.Genesis{Kind: rooms.KindNetwork})
		e := l.Entries[0]
		e.Envelope.Seq = 2
		_, err := rooms.Begin(e)
		requireCode(t, rooms.CodeBadChain, err)
		e = l.Entries[0]
		e.Payload = append([]byte{}, e.Payload...)
		e.Payload[len(e.Payload)-1] ^= 1
		e.Envelope.Payload = sha256.Sum256(e.Payload)
		_, err = rooms.Begin(e)
		require.Error(t, err)
	})
}

func TestHistoryIsGrantedWithinTheReceiptOnly(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	require.NoError(t, write2(l, c.vidal.Device()))
	r := l.Receipt(c.helene)
	r.HistoryFrom = l.Public.Place().Seq + 1
	require.NoError(t, l.State(c.camille, rooms.StatementReceipt, r))
	before := l.Public.Epoch()
	require.NoError(t, l.Join(c.helene.Device()))
	from, ok := l.Public.HistoryFrom(c.helene.ID)
	require.True(t, ok)
	require.Equal(t, before+1, from)

	grant := func(by *roomstest.User, to *roomstest.Device, from, until uint64) error {
		return l.State(by, rooms.StatementGrant, rooms.Grant{User: to.User.ID, Device: to.ID(), From: from, To: until})
	}
	requireCode(t, rooms.CodeNotAllowed, unchanged(t, l, func() error { return grant(c.vidal, c.helene.Device(), before, before) }))
	requireCode(t, rooms.CodeInvalid, unchanged(t, l, func() error { return grant(c.vidal, c.helene.Device(), before+1, before+9) }))
	requireCode(t, rooms.CodeNotMember, unchanged(t, l, func() error { return grant(c.vidal, c.paul.Device(), 0, 0) }))
	requireCode(t, rooms.CodeNotMember, unchanged(t, l, func() error { return grant(c.odette, c.helene.Device(), before+1, before+1) }))
	phone := c.yann.NewDevice()
	require.NoError(t, l.Join(phone))
	require.NoError(t, grant(c.vidal, phone, 0, l.Public.Epoch()-1))
	require.Len(t, l.Public.Grants(), 1)
}

func TestPublicStateSurvivesSerialisationAndCloning(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	require.NoError(t, l.Withdraw(c.camille, c.yann))
	b, err := l.Public.MarshalBinary()
	require.NoError(t, err)
	again, err := rooms.UnmarshalPublic(b)
	require.NoError(t, err)
	require.Equal(t, digest(t, l.Public), digest(t, again))
	require.Equal(t, l.Public.RemovalPending(c.w.Now), again.RemovalPending(c.w.Now))
	require.Equal(t, l.Public.Members(), again.Members())

	clone, frozen := l.Public.Clone(), digest(t, l.Public)
	require.NoError(t, l.Remove(c.vidal.Device()))
	require.NoError(t, write2(l, c.vidal.Device()))
	require.NoError(t, l.Consent(c.camille, c.paul))
	require.Equal(t, frozen, digest(t, clone))
	for _, e := range l.Entries[clone.Place().Seq:] {
		require.NoError(t, clone.Apply(e))
		require.NoError(t, again.Apply(e))
	}
	require.Equal(t, digest(t, l.Public), digest(t, clone))
	require.Equal(t, digest(t, l.Public), digest(t, again))
}

func removeOf(m rooms.LeafMember) mls.Proposal { return mls.RemoveProposal{LeafIndex: m.Leaf} }

func TestALeafShowsNoOlderKeyChainThanTheRoomHasSeen(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	device := func(number uint64, hash byte) *roomstest.Device {
		d := c.vidal.NewDevice()
		d.Cert, _ = c.vidal.Key.Certify(d.Key.Keys(), c.w.Now, 2)
		d.Head = identity.Head{Number: number, Hash: [32]byte{hash}}
		return d
	}
	join := func(d *roomstest.Device) error { return unchanged(t, l, func() error { return l.Join(d) }) }
	require.NoError(t, l.Join(device(5, 1)))
	requireCode(t, rooms.CodeBadCertificate, join(device(4, 1))) // a revocation was hidden from it
	requireCode(t, rooms.CodeForked, join(device(5, 2)))
	requireCode(t, rooms.CodeBadCertificate, join(device(1, 1))) // older than its own certificate
	require.NoError(t, l.Join(device(5, 1)))
	require.NoError(t, l.Join(device(6, 3)))
	requireCode(t, rooms.CodeBadCertificate, join(device(5, 1)))

	again, err := rooms.UnmarshalPublic(func() []byte { b, err := l.Public.MarshalBinary(); require.NoError(t, err); return b }())
	require.NoError(t, err)
	require.Equal(t, digest(t, l.Public), digest(t, again))
}

func TestEveryLeafShowsItsUsersKeyChain(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	d := c.vidal.Device()
	old, _ := l.Public.Device(d.ID())
	number, hash := c.vidal.Chain.Head()
	require.Equal(t, identity.Head{Number: number, Hash: hash}, old.Head)
	require.Equal(t, old.Head, l.Public.KeyChainHead(c.vidal.ID))
	only := func(mls.Extension) []mls.Extension {
		return []mls.Extension{{Type: rooms.ExtensionDeviceCertificate, Data: d.Cert.Bytes()}}
	}
	junk := func(x mls.Extension) []mls.Extension {
		return append(only(x), mls.Extension{Type: x.Type, Data: []byte{0xa0}})
	}
	for name, extensions := range map[string]func(mls.Extension) []mls.Extension{"none": only, "malformed": junk} {
		t.Run(name, func(t *testing.T) {
			client := d.Client()
			client.LeafExtensions = extensions(client.LeafExtensions[1])
			aad, err := rooms.EncodeCommitData(l.CommitData(l.Ground(c.vidal)...))
			require.NoError(t, err)
			s, err := mls.JoinExternal(client, l.Info, mls.ExternalOptions{AuthenticatedData: aad, Resync: &old.Leaf, Now: time.UnixMilli(c.w.Now)})
			require.NoError(t, err)
			requireCode(t, rooms.CodeBadCertificate, unchanged(t, l, func() error {
				return l.Append(record.KindCommit, s.Message(), s.GroupInfo())
			}))
			group, err := mls.NewGroup(client, rooms.GroupID(l.ID, 0), rooms.GroupExtensions(), time.UnixMilli(c.w.Now))
			require.NoError(t, err)
			g := l.Genesis
			g.Creator, g.Collectors = c.vidal.Party(), []rooms.Party{c.vidal.Party()}
			g.GroupInfo, err = group.GroupInfo(nil)
			require.NoError(t, err)
			_, err = c.w.OpenAs(l.ID, c.vidal, g)
			requireCode(t, rooms.CodeBadCertificate, err)
		})
	}
}

func TestAnUpdatedLeafShowsTheNewestKeyChainThatTheRoomHasSeen(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	first := c.vidal.Device()
	first.Head.Number, first.Head.Hash = c.vidal.Chain.Head()
	phone := c.vidal.NewDevice() // the key chain has grown
	require.NoError(t, l.Join(phone))
	requireCode(t, rooms.CodeBadCertificate, unchanged(t, l, func() error { return l.Commit(first, l.CommitData()) }))
	first.Head = identity.Head{}
	require.NoError(t, l.Commit(first, l.CommitData()))
}

func TestARevokedDeviceIsTakenOutByAnyMemberAndNeverComesBack(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	phone := c.vidal.NewDevice()
	require.NoError(t, l.Join(phone))
	leaf, _ := l.Public.Device(phone.ID())
	remove := func(by *roomstest.Device, entries ...[]byte) error {
		data := l.CommitData()
		data.Revocations = entries
		return unchanged(t, l, func() error { return l.Commit(by, data, removeOf(leaf)) })
	}
	requireCode(t, rooms.CodeNotAllowed, remove(c.yann.Device()))
	requireCode(t, rooms.CodeMalformed, remove(c.yann.Device(), c.vidal.Entries[1]))
	requireCode(t, rooms.CodeMalformed, remove(c.yann.Device(), []byte("x")))
	others := c.yann.NewDevice()
	requireCode(t, rooms.CodeBadCommit, remove(c.camille.Device(), c.yann.Revoke(others)))
	forged := c.vidal.Impostor() // the chain of somebody who says they are Dr Vidal
	forgery, err := forged.Chain.AppendCertify(forged.Key, phone.Key.Keys(), c.w.Now)
	require.NoError(t, err)
	require.NoError(t, forged.Chain.Apply(forgery))
	forgery, err = forged.Chain.AppendRevoke(forged.Key, phone.ID(), c.w.Now)
	require.NoError(t, err)
	requireCode(t, rooms.CodeBadSignature, remove(c.yann.Device(), forgery))

	entry := c.vidal.Revoke(phone)
	requireCode(t, rooms.CodeBadCommit, remove(c.yann.Device(), entry, entry))
	idle := l.CommitData()
	idle.Revocations = [][]byte{entry}
	requireCode(t, rooms.CodeBadCommit, unchanged(t, l, func() error { return l.Commit(c.yann.Device(), idle) }))
	data := l.CommitData()
	data.Revocations = [][]byte{entry}
	require.NoError(t, l.Commit(c.yann.Device(), data, removeOf(leaf)))
	require.True(t, l.Public.Revoked(phone.ID()))
	number, hash := c.vidal.Chain.Head()
	require.Equal(t, identity.Head{Number: number, Hash: hash}, l.Public.KeyChainHead(c.vidal.ID))

	requireCode(t, rooms.CodeBadCertificate, unchanged(t, l, func() error { return l.Join(phone) }))
	phone.Head = leaf.Head
	requireCode(t, rooms.CodeBadCertificate, unchanged(t, l, func() error { return l.Join(phone) }))
	b, err := l.Public.MarshalBinary()
	require.NoError(t, err)
	again, err := rooms.UnmarshalPublic(b)
	require.NoError(t, err)
	require.Equal(t, digest(t, l.Public), digest(t, again))
	require.True(t, again.Revoked(phone.ID()))
	require.NoError(t, write2(l, c.vidal.Device()))
	require.NoError(t, l.Commit(c.vidal.Device(), l.CommitData()))
}

func TestMoreThanTheLogMayJudgeACommit(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	phone := c.vidal.NewDevice()
	data := l.CommitData(l.Ground(c.vidal)...)
	s := l.JoinCommit(phone, data, nil)
	e := l.Entry(record.KindCommit, s.Message())
	refusal := rooms.Errorf(rooms.CodeBadCertificate, "revoked")
	before := digest(t, l.Public)
	var got rooms.Commit
	require.ErrorIs(t, l.Public.ApplyCommit(e, s.GroupInfo(), func(c rooms.Commit) error { got = c; return refusal }), refusal)
	require.Equal(t, before, digest(t, l.Public))
	require.Equal(t, phone.ID(), got.Committer.Device)
	require.Len(t, got.Leaves, 1)
	require.Equal(t, phone.ID(), got.Leaves[0].Device)
	require.Equal(t, data, got.Data)

	update, err := l.StageCommit(c.yann.Device(), l.CommitData())
	require.NoError(t, err)
	e = l.Entry(record.KindCommit, update.Message())
	require.NoError(t, l.Public.ApplyCommit(e, update.GroupInfo(), func(c rooms.Commit) error { got = c; return nil }))
	require.Equal(t, c.yann.Device().ID(), got.Committer.Device)
	require.Len(t, got.Leaves, 1)
	require.Equal(t, c.yann.Device().ID(), got.Leaves[0].Device)
}

func TestAGroupInfoHandsOutAPlaceOfThisLog(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	try := func(p record.Place) error {
		ext, err := rooms.PlaceExtension(p)
		require.NoError(t, err)
		aad, err := rooms.EncodeCommitData(l.CommitData())
		require.NoError(t, err)
		s, err := l.Groups[c.vidal.Device().ID()].Commit(mls.CommitOptions{
			AuthenticatedData: aad, GroupInfoExtensions: []mls.Extension{ext},
		})
		require.NoError(t, err)
		info, err := mls.ParseGroupInfo(s.GroupInfo())
		require.NoError(t, err)
		got, err := rooms.ParsePlaceExtension(info.Extensions())
		require.NoError(t, err)
		require.Equal(t, p, got)
		return l.Append(record.KindCommit, s.Message(), s.GroupInfo())
	}
	other := l.Public.Place()
	other.Chain[0]++
	requireCode(t, rooms.CodeForked, unchanged(t, l, func() error { return try(other) }))
	require.NoError(t, try(l.Public.Place()))
}

func TestAnUpdatedLeafStaysTheSameDevice(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	d := c.vidal.Device()
	number, hash := c.vidal.Chain.Head()
	update := func(cert identity.DeviceCertificate) error {
		aad, err := rooms.EncodeCommitData(l.CommitData())
		require.NoError(t, err)
		s, err := l.Groups[d.ID()].Commit(mls.CommitOptions{
			AuthenticatedData: aad,
			LeafExtensions:    rooms.LeafExtensions(cert, identity.Head{Number: max(number, cert.Number), Hash: hash}),
		})
		require.NoError(t, err)
		if err := l.Append(record.KindCommit, s.Message(), s.GroupInfo()); err != nil {
			return err
		}
		return l.Committed(d, s)
	}
	foreign, err := c.paul.Key.Certify(d.Key.Keys(), c.w.Now, 9)
	require.NoError(t, err)
	requireCode(t, rooms.CodeNotConsented, unchanged(t, l, func() error { return update(foreign) }))
	requireCode(t, rooms.CodeBadCertificate, unchanged(t, l, func() error { return update(c.yann.Device().Cert) }))
	renewed, err := c.vidal.Key.Certify(d.Key.Keys(), c.w.Now, 9)
	require.NoError(t, err)
	before, _ := l.Public.Device(d.ID())
	require.NoError(t, update(renewed))
	after, _ := l.Public.Device(d.ID())
	require.True(t, after.Certificate.Equal(renewed))
	require.Equal(t, before.Since, after.Since)
}

func TestAMemberAddsOnlyThoseWithConsent(t *testing.T) {
	c := newCast(t)
	l := c.dossier
	add := func(u *roomstest.User, citations ...rooms.Citation) error {
		kp, _, err := mls.NewKeyPackage(u.Device().Client(), time.UnixMilli(c.w.Now), time.Hour)
		require.NoError(t, err)
		return l.Commit(c.vidal.Device(), l.CommitData(citations...), mls.AddProposal{KeyPackage: kp})
	}
	requireCode(t, rooms.CodeNotConsented, unchanged(t, l, func() error { return add(c.paul) }))
	require.NoError(t, l.Consent(c.camille, c.paul))
	requireCode(t, rooms.CodeNotConsented, unchanged(t, l, func() error { return add(c.paul) }))
	require.NoError(t, add(c.paul, l.Ground(c.paul)...))
	require.True(t, l.Public.IsMember(c.paul.ID))
	require.NoError(t, add(c.odette)) // the person needs no ground
}

func TestWhatPublicTellsOfARoom(t *testing.T) {
	c := newCast(t)
	p := c.dossier.Public
	require.Equal(t, c.dossier.ID, p.Room())
	require.Equal(t, c.dossier.ID, p.Genesis().Case)
	require.Equal(t, c.dossier.Entries[0].Envelope.Time, p.Begun())
	chain, ok := p.ChainAt(p.Place().Seq)
	require.True(t, ok)
	require.Equal(t, p.Place().Chain, chain)
	_, ok = p.ChainAt(p.Place().Seq + 1)
	require.False(t, ok)
	seq, ok := p.EpochBegan(p.Epoch())
	require.True(t, ok)
	require.Equal(t, p.Place().Seq, seq)
	_, ok = p.EpochBegan(p.Epoch() + 1)
	require.False(t, ok)
	s, err := rooms.InspectStatement(c.dossier.Entries[1].Payload)
	require.NoError(t, err)
	require.True(t, p.HasID(s.ID))
	require.Len(t, p.Users(), 3)
	require.Equal(t, p.Epoch(), p.Group().Epoch())
	_, ok = p.Chair()
	require.False(t, ok)
}
