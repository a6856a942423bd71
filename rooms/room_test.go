package rooms_test

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/roomstest"
)

// follower folds a log as its entries come.
type follower struct {
	t    testing.TB
	log  *roomstest.Log
	room *rooms.Room
	keys rooms.Keys
}

func follow(t testing.TB, l *roomstest.Log) *follower {
	r, err := rooms.BeginRoom(l.Entries[0])
	require.NoError(t, err)
	f := &follower{t: t, log: l, room: r, keys: l.All}
	f.catchUp()
	return f
}

func (f *follower) catchUp() (last rooms.Outcome) {
	f.t.Helper()
	for _, e := range f.log.Entries[f.room.Public().Place().Seq:] {
		var err error
		last, err = f.room.Apply(e, f.keys)
		require.NoError(f.t, err)
	}
	return last
}

// write appends an event and gives what the room made of it.
func (f *follower) write(u *roomstest.User, eventType string, body any) rooms.Outcome {
	f.t.Helper()
	f.catchUp()
	may := f.room.MayDo(u.ID, eventType, body)
	_, err := f.log.Write(u.Device(), eventType, body)
	require.NoError(f.t, err)
	out := f.catchUp()
	if may == nil { // May tells beforehand what Apply does
		require.Equal(f.t, rooms.Accepted, out.Status, "%s: %s", eventType, out.Code)
	} else {
		require.Equal(f.t, rooms.CodeOf(may), out.Code, "%s: %v", eventType, may)
	}
	return out
}

func (f *follower) accept(u *roomstest.User, eventType string, body any) rooms.Outcome {
	f.t.Helper()
	out := f.write(u, eventType, body)
	require.Equal(f.t, rooms.Accepted, out.Status, "%s: %s", eventType, out.Code)
	return out
}

// refuse checks that an event is refused with a code and changes nothing but the row.
func (f *follower) refuse(code rooms.Code, u *roomstest.User, eventType string, body any) {
	f.t.Helper()
	f.catchUp()
	before := f.folded()
	out := f.write(u, eventType, body)
	require.Equal(f.t, rooms.Refused, out.Status, eventType)
	require.Equal(f.t, code, out.Code, eventType)
	require.Equal(f.t, before, f.folded(), eventType)
}

// folded names everything that events gave, without the log itself.
func (f *follower) folded() [32]byte {
	f.t.Helper()
	b, err := rooms.FoldedState(f.room)
	require.NoError(f.t, err)
	return sha256.Sum256(b)
}

func openThread(t testing.TB) (*cast, *follower) {
	c := newCast(t)
	person := c.odette.Party()
	l := c.w.Open(c.camille, rooms.Genesis{Kind: rooms.KindThread, Case: c.dossier.ID, Person: &person})
	require.NoError(t, l.Consent(c.camille, c.camille))
	for _, u := range []*roomstest.User{c.vidal, c.yann} {
		require.NoError(t, l.Consent(c.camille, u))
		require.NoError(t, l.Join(u.Device()))
	}
	return c, follow(t, l)
}

func TestAConversationKeepsItsTraces(t *testing.T) {
	c, f := openThread(t)
	first := f.accept(c.vidal, rooms.EventMessage, rooms.Message{Text: "She fell again", Mentions: []rooms.ID{c.yann.ID}})
	f.accept(c.yann, rooms.EventMessage, rooms.Message{Text: "I pass at noon", ReplyTo: first.ID})
	f.accept(c.vidal, rooms.EventMessageEdited, rooms.MessageEdited{Target: first.ID, Text: "She fell again yesterday"})
	p, ok := f.room.Thread().Post(first.ID)
	require.True(t, ok)
	require.Equal(t, "She fell again yesterday", p.Text)
	require.Len(t, p.Former, 1)
	require.Equal(t, "She fell again", p.Former[0].Text)

	f.refuse(rooms.CodeNotAllowed, c.yann, rooms.EventMessageEdited, rooms.MessageEdited{Target: first.ID, Text: "x"})
	f.refuse(rooms.CodeNotAllowed, c.yann, rooms.EventMessageRetracted, rooms.MessageRetracted{Target: first.ID})
	f.refuse(rooms.CodeUnknown, c.yann, rooms.EventMessageEdited, rooms.MessageEdited{Target: identity.NewID(), Text: "x"})
	f.refuse(rooms.CodeInvalid, c.yann, rooms.EventMessage, rooms.Message{})
	f.refuse(rooms.CodeTooLarge, c.yann, rooms.EventMessage, rooms.Message{Text: string(make([]byte, 70_000))})

	f.accept(c.vidal, rooms.EventMessageRetracted, rooms.MessageRetracted{Target: first.ID})
	require.NotZero(t, p.Retracted)
	require.Empty(t, p.Text)
	require.Empty(t, p.Former)
	f.refuse(rooms.CodeConflict, c.vidal, rooms.EventMessageEdited, rooms.MessageEdited{Target: first.ID, Text: "x"})

	doc := rooms.DocumentShared{
		Document: identity.NewID(), Name: "scan.pdf", MediaType: "application/pdf", Size: 10,
		Key: "AGE-SECRET-KEY-PQ-1…", SHA256: [32]byte{1}, Ciphertext: 300,
	}
	f.accept(c.yann, rooms.EventDocumentShared, doc)
	f.refuse(rooms.CodeConflict, c.vidal, rooms.EventDocumentShared, doc)
	f.accept(c.vidal, rooms.EventDocumentOpened, rooms.DocumentOpened{Document: doc.Document})
	f.accept(c.vidal, rooms.EventDocumentOpened, rooms.DocumentOpened{Document: doc.Document})
	shared, ok := f.room.Thread().Document(doc.Document)
	require.True(t, ok)
	require.Len(t, shared.Opened, 1)
	require.Len(t, f.room.Thread().Documents(), 1)
	f.accept(c.yann, rooms.EventMessageRetracted, rooms.MessageRetracted{Target: shared.ID})
	require.Empty(t, shared.Document.Key) // the key goes from the folded state
	require.Empty(t, f.room.Thread().Documents())
	f.refuse(rooms.CodeConflict, c.vidal, rooms.EventDocumentOpened, rooms.DocumentOpened{Document: doc.Document})

	f.accept(c.camille, rooms.EventTitle, rooms.Title{Title: "Équipe", Audience: "TEAM", Person: "Odette Marchal"})
	f.refuse(rooms.CodeNotAllowed, c.yann, rooms.EventTitle, rooms.Title{Title: "x", Audience: "TEAM"})
	f.accept(c.yann, rooms.EventProfile, rooms.Profile{Name: "Yann Le Goff", Role: "NURSE"})
	profile, ok := f.room.Profile(c.yann.ID)
	require.True(t, ok)
	require.Equal(t, "Yann Le Goff", profile.Name)
	f.refuse(rooms.CodeNotAllowed, c.camille, rooms.EventIdentity, rooms.PersonIdentity{})
	f.refuse(rooms.CodeNotAllowed, c.camille, rooms.EventActionRanked, rooms.ActionRanked{})

	require.Len(t, f.room.Timeline(), len(f.log.Entries))
	for i, row := range f.room.Timeline() {
		require.Equal(t, uint64(i)+1, row.Seq)
	}
}

func TestEveryMemberComesToTheSameState(t *testing.T) {
	c, f := openThread(t)
	f.accept(c.vidal, rooms.EventMessage, rooms.Message{Text: "one"})
	require.NoError(t, f.log.Withdraw(c.odette, c.yann))
	require.NoError(t, f.log.Remove(c.camille.Device()))
	f.catchUp()
	f.accept(c.vidal, rooms.EventMessage, rooms.Message{Text: "two"})
	joined := f.room.Timeline()[len(f.room.Timeline())-2]
	require.Equal(t, []rooms.Seat{{User: c.yann.ID, Device: c.yann.Device().ID()}}, joined.Left)
	require.Equal(t, c.camille.ID, joined.By)

	want, err := f.room.Checkpoint()
	require.NoError(t, err)
	again, err := f.log.Fold(f.log.All).Checkpoint()
	require.NoError(t, err)
	require.Equal(t, sha256.Sum256(want), sha256.Sum256(again))
	restored, err := rooms.RestoreRoom(want)
	require.NoError(t, err)
	third, err := restored.Checkpoint()
	require.NoError(t, err)
	require.Equal(t, sha256.Sum256(want), sha256.Sum256(third))
}

func TestAStateOfAnotherVersionIsNotRead(t *testing.T) {
	_, f := openThread(t)
	checkpoint, err := f.room.Checkpoint()
	require.NoError(t, err)
	state, err := f.room.Public().MarshalBinary()
	require.NoError(t, err)
	for _, version := range [][]byte{nil, {rooms.FoldVersion - 1}, {rooms.FoldVersion + 1}} {
		_, err := rooms.RestoreRoom(append(version, checkpoint[1:]...))
		requireCode(t, rooms.CodeUnknown, err)
		_, err = rooms.UnmarshalPublic(append(version, state[1:]...))
		requireCode(t, rooms.CodeUnknown, err)
		_, err = rooms.UnmarshalPublic(version)
		requireCode(t, rooms.CodeUnknown, err)
	}
}

func TestWhatCannotBeReadWaitsForItsKey(t *testing.T) {
	c, f := openThread(t)
	old := f.accept(c.vidal, rooms.EventMessage, rooms.Message{Text: "before"})
	require.NoError(t, f.log.Consent(c.camille, c.helene))
	require.NoError(t, f.log.Join(c.helene.Device()))
	f.catchUp()
	f.accept(c.vidal, rooms.EventMessageEdited, rooms.MessageEdited{Target: old.ID, Text: "before, edited"})
	f.accept(c.vidal, rooms.EventMessage, rooms.Message{Text: "after"})

	hers := f.log.Fold(f.log.Rings[c.helene.Device().ID()])
	require.NotEmpty(t, hers.Missing())
	require.Len(t, hers.Thread().Posts(), 1)
	row, _ := hers.Row(old.Seq)
	require.Equal(t, rooms.Unreadable, row.Status)
	edit, _ := hers.Row(uint64(len(f.log.Entries)) - 1)
	require.Equal(t, rooms.Unreadable, edit.Status) // not refused: it concerns what she cannot read

	// The history grant comes: the log is folded again.
	whole := f.log.Fold(f.log.All)
	require.Empty(t, whole.Missing())
	require.Len(t, whole.Thread().Posts(), 2)
}

// What a lying server or member places in the log is shown as refused, the same to
// everybody, and changes nothing.
func TestForgedEntriesAreShownAndHaveNoEffect(t *testing.T) {
	c, f := openThread(t)
	l := f.log
	place := func(kind record.Kind, payload []byte) rooms.Outcome {
		t.Helper()
		f.catchUp()
		before := f.folded()
		l.Place(kind, payload)
		out := f.catchUp()
		require.Equal(t, before, f.folded())
		return out
	}
	event := func(ev record.Event, signer *roomstest.Device) rooms.Outcome {
		t.Helper()
		return place(record.KindEvent, l.SealEvent(ev, signer))
	}
	msg := func(d *roomstest.Device) record.Event {
		return l.Event(d, rooms.EventMessage, rooms.Message{Text: "forged"})
	}
	refused := func(t *testing.T, code rooms.Code, out rooms.Outcome) {
		t.Helper()
		require.Equal(t, rooms.Refused, out.Status)
		require.Equal(t, code, out.Code)
	}
	t.Run("a forged author", func(t *testing.T) {
		refused(t, rooms.CodeForgedAuthor, event(msg(c.vidal.Device()), c.yann.Device()))
	})
	t.Run("an inside that is another's", func(t *testing.T) {
		inner := msg(c.yann.Device())
		key, _ := l.All.RecordKey(inner.Group, inner.Epoch)
		outer := msg(c.vidal.Device())
		sealed, err := key.Seal(record.Header{Room: l.ID, Group: outer.Group, Epoch: outer.Epoch, Sender: outer.Device},
			record.SignEvent(inner, c.yann.Device().Key.SignatureKey()))
		require.NoError(t, err)
		b, err := rooms.EncodeBody(rooms.SealedEvent{
			ID: outer.ID, Author: outer.Author, Device: outer.Device, Group: outer.Group, Epoch: outer.Epoch, Sealed: sealed,
		})
		require.NoError(t, err)
		refused(t, rooms.CodeForgedAuthor, place(record.KindEvent, b))
	})
	t.Run("an event moved from another room", func(t *testing.T) {
		ev := msg(c.vidal.Device())
		ev.Room = identity.NewID()
		refused(t, rooms.CodeForgedAuthor, func() rooms.Outcome {
			key, _ := l.All.RecordKey(ev.Group, ev.Epoch)
			sealed, err := key.Seal(record.Header{Room: l.ID, Group: ev.Group, Epoch: ev.Epoch, Sender: ev.Device},
				record.SignEvent(ev, c.vidal.Device().Key.SignatureKey()))
			require.NoError(t, err)
			b, err := rooms.EncodeBody(rooms.SealedEvent{
				ID: ev.ID, Author: ev.Author, Device: ev.Device, Group: ev.Group, Epoch: ev.Epoch, Sealed: sealed,
			})
			require.NoError(t, err)
			return place(record.KindEvent, b)
		}())
	})
	t.Run("a replay", func(t *testing.T) {
		ev := msg(c.vidal.Device())
		payload := l.SealEvent(ev, c.vidal.Device())
		require.NoError(t, l.Append(record.KindEvent, payload, nil))
		refused(t, rooms.CodeReplay, place(record.KindEvent, payload))
	})
	t.Run("a stale epoch", func(t *testing.T) {
		ev := msg(c.vidal.Device())
		ev.Epoch--
		refused(t, rooms.CodeStaleEpoch, event(ev, c.vidal.Device()))
	})
	t.Run("garbage under the room's key", func(t *testing.T) {
		ev := msg(c.vidal.Device())
		key, _ := l.All.RecordKey(ev.Group, ev.Epoch)
		sealed, err := key.Seal(record.Header{Room: l.ID, Group: ev.Group, Epoch: ev.Epoch, Sender: ev.Device}, []byte("garbage"))
		require.NoError(t, err)
		b, err := rooms.EncodeBody(rooms.SealedEvent{
			ID: ev.ID, Author: ev.Author, Device: ev.Device, Group: ev.Group, Epoch: ev.Epoch, Sealed: sealed,
		})
		require.NoError(t, err)
		refused(t, rooms.CodeMalformed, place(record.KindEvent, b))
	})
	t.Run("bytes that no key opens", func(t *testing.T) {
		ev := msg(c.vidal.Device())
		s, err := rooms.ParseSealedEvent(l.SealEvent(ev, c.vidal.Device()))
		require.NoError(t, err)
		s.Sealed[len(s.Sealed)-1] ^= 1
		b, err := rooms.EncodeBody(s)
		require.NoError(t, err)
		out := place(record.KindEvent, b)
		require.Equal(t, rooms.Unreadable, out.Status)
		require.Equal(t, rooms.CodeChanged, out.Code)
	})
	t.Run("a body that is none", func(t *testing.T) {
		ev := msg(c.vidal.Device())
		ev.Body = []byte{0xa1, 0x63}
		refused(t, rooms.CodeMalformed, event(ev, c.vidal.Device()))
	})
	t.Run("by a removed member", func(t *testing.T) {
		stranger := c.w.User("X", "OTHER")
		refused(t, rooms.CodeNotMember, event(msg(stranger.Device()), stranger.Device()))
	})
	t.Run("a ghost device", func(t *testing.T) {
		ghost := l.JoinCommit(c.paul.Device(), l.CommitData(), nil)
		members := len(f.room.Public().Members())
		refused(t, rooms.CodeNotConsented, place(record.KindCommit, ghost.Message()))
		require.Len(t, f.room.Public().Members(), members)
	})
	t.Run("a statement by somebody who may not", func(t *testing.T) {
		refused(t, rooms.CodeNotAllowed, place(record.KindStatement, l.Sign(c.yann, rooms.StatementReceipt, l.Receipt(c.paul))))
	})
	t.Run("a withdrawal of what was never given", func(t *testing.T) {
		refused(t, rooms.CodeUnknown, place(record.KindStatement, l.Sign(c.camille, rooms.StatementWithdrawal, rooms.Withdrawal{Participant: c.paul.ID})))
	})
	t.Run("a statement of a later program is kept", func(t *testing.T) {
		out := place(record.KindStatement, l.Sign(c.camille, "future.thing", rooms.Freeze{}))
		require.Equal(t, rooms.Unknown, out.Status)
	})
	t.Run("a type of a later program is kept", func(t *testing.T) {
		ev := msg(c.vidal.Device())
		ev.Type = "poll.opened"
		out := event(ev, c.vidal.Device())
		require.Equal(t, rooms.Unknown, out.Status)
		require.Equal(t, "poll.opened", out.Type)
		ev = msg(c.vidal.Device())
		ev.Version = 2
		require.Equal(t, rooms.Unknown, event(ev, c.vidal.Device()).Status)
	})
	// The room goes on as if nothing had been there.
	f.accept(c.vidal, rooms.EventMessage, rooms.Message{Text: "still here"})
	again, err := l.Fold(l.All).Checkpoint()
	require.NoError(t, err)
	mine, err := f.room.Checkpoint()
	require.NoError(t, err)
	require.Equal(t, sha256.Sum256(mine), sha256.Sum256(again))
}

// The server shows Vidal and Yann two rooms, which part at one entry. The next thing
// that either writes gives it away to the other.
func TestAForkedRoomIsShown(t *testing.T) {
	c, f := openThread(t)
	l := f.log
	other := l.Public.Clone()
	hidden := l.SealEvent(l.Event(c.camille.Device(), rooms.EventMessage, rooms.Message{Text: "for Vidal only"}), c.camille.Device())
	shown := l.SealEvent(l.Event(c.camille.Device(), rooms.EventMessage, rooms.Message{Text: "for Yann only"}), c.camille.Device())

	e := l.Entry(record.KindEvent, hidden)
	require.NoError(t, other.Apply(e)) // Vidal's log
	require.NoError(t, l.Append(record.KindEvent, shown, nil))
	f.catchUp()
	require.Empty(t, f.room.Forked())

	ev := l.Event(c.vidal.Device(), rooms.EventMessage, rooms.Message{Text: "I saw something else"})
	ev.Seen = other.Place()
	require.NoError(t, l.Append(record.KindEvent, l.SealEvent(ev, c.vidal.Device()), nil)) // the server cannot see it
	out := f.catchUp()
	require.Equal(t, rooms.Refused, out.Status)
	require.Equal(t, rooms.CodeForked, out.Code)
	require.Equal(t, []uint64{out.Seq}, f.room.Forked())

	b, err := f.room.Checkpoint()
	require.NoError(t, err)
	again, err := rooms.RestoreRoom(b)
	require.NoError(t, err)
	require.Equal(t, f.room.Forked(), again.Forked())
}

func TestALogThatDoesNotContinueChangesNothing(t *testing.T) {
	c, f := openThread(t)
	_, err := f.log.Write(c.vidal.Device(), rooms.EventMessage, rooms.Message{Text: "x"})
	require.NoError(t, err)
	before, err := f.room.Checkpoint()
	require.NoError(t, err)
	e := f.log.Entries[len(f.log.Entries)-1]
	e.Envelope.Seq++
	_, err = f.room.Apply(e, f.keys)
	requireCode(t, rooms.CodeBadChain, err)
	after, err := f.room.Checkpoint()
	require.NoError(t, err)
	require.Equal(t, sha256.Sum256(before), sha256.Sum256(after))
	f.catchUp()
}

func TestTheDossierIsKeptByItsCollectorsAndThePerson(t *testing.T) {
	c := newCast(t)
	require.NoError(t, c.dossier.Join(c.odette.Device()))
	f := follow(t, c.dossier)
	id := rooms.PersonIdentity{FamilyName: "Marchal", GivenName: "Odette", BirthDate: "1938-05-12", Sex: "F", INS: "238059999900106", INSOID: rooms.OIDTest, User: c.odette.ID}
	f.accept(c.camille, rooms.EventIdentity, id)
	f.accept(c.odette, rooms.EventIdentity, id)
	f.refuse(rooms.CodeNotAllowed, c.vidal, rooms.EventIdentity, id)
	require.EqualValues(t, 2, f.room.Dossier().Identity.Versions)
	for field, bad := range map[string]rooms.PersonIdentity{
		"birth_date":  {FamilyName: "M", GivenName: "O", BirthDate: "12/05/1938"},
		"family_name": {GivenName: "O", BirthDate: "1938-05-12"},
		"sex":         {FamilyName: "M", GivenName: "O", BirthDate: "1938-05-12", Sex: "X"},
		"ins":         {FamilyName: "M", GivenName: "O", BirthDate: "1938-05-12", INS: "12"},
	} {
		var e *rooms.Error
		require.ErrorAs(t, f.room.MayDo(c.camille.ID, rooms.EventIdentity, bad), &e)
		require.Equal(t, field, e.Field)
		f.refuse(rooms.CodeInvalid, c.camille, rooms.EventIdentity, bad)
	}
	f.accept(c.odette, rooms.EventLifeProject, rooms.LifeProject{Text: "Rester chez moi, avec mon jardin.", Said: "2026-01-10"})
	f.accept(c.camille, rooms.EventLifeProject, rooms.LifeProject{Text: "Rester chez moi, avec mon jardin et mon chat."})
	f.refuse(rooms.CodeNotAllowed, c.yann, rooms.EventLifeProject, rooms.LifeProject{Text: "x"})
	require.Len(t, f.room.Dossier().LifeProject, 2)
	f.accept(c.camille, rooms.EventLeaflet, rooms.Leaflet{Version: "v3", Date: "2026-01-10", By: c.camille.ID, How: "ORAL"})
	f.accept(c.camille, rooms.EventParty, rooms.CircleParty{Party: c.vidal.ID, Name: "Dr Vidal", Role: "GENERAL_PRACTITIONER", Category: "CARE_TEAM", RPPS: "99900000102", Attending: true})
	f.accept(c.camille, rooms.EventParty, rooms.CircleParty{Party: c.vidal.ID, Name: "Dr Anne Vidal", Role: "GENERAL_PRACTITIONER", Category: "CARE_TEAM"})
	f.refuse(rooms.CodeInvalid, c.camille, rooms.EventParty, rooms.CircleParty{Party: c.vidal.ID, Name: "Dr Vidal", Role: "X", Category: "FRIEND"})
	require.Len(t, f.room.Dossier().Circle(), 1)
	party, _ := f.room.Dossier().Party(c.vidal.ID)
	require.Equal(t, "Dr Anne Vidal", party.Name)

	consent := rooms.ConsentRecord{
		Participant: c.helene.ID, Rooms: []rooms.ID{c.dossier.ID}, Numbers: []uint{1}, Salt: rooms.NewSalt(),
		Category: "ENTOURAGE", Basis: "EXPRESS_CONSENT", GivenBy: "PERSON", CollectedBy: c.camille.ID,
		CollectedOn: "2026-01-10", How: "ORAL", Leaflet: "v3",
	}
	f.accept(c.camille, rooms.EventConsentRecorded, consent)
	byDefault := consent
	byDefault.Basis = "NON_OPPOSITION"
	f.refuse(rooms.CodeInvalid, c.camille, rooms.EventConsentRecorded, byDefault) // CSP L. 1110-4
	f.refuse(rooms.CodeNotAllowed, c.vidal, rooms.EventConsentRecorded, consent)
	hash, err := consent.Hash()
	require.NoError(t, err)
	r := c.dossier.Receipt(c.helene)
	r.Private = hash
	require.NoError(t, c.dossier.State(c.camille, rooms.StatementReceipt, r))
	f.catchUp()
	got, _ := f.room.Public().Consent(c.helene.ID)
	recorded, err := f.room.Dossier().Register(c.helene.ID)[0].Recorded.Hash()
	require.NoError(t, err)
	require.Equal(t, got.Private, recorded)

	son := identity.NewID()
	f.accept(c.camille, rooms.EventConsentRefused, rooms.ConsentRefused{Party: son, Date: "2026-01-10"})
	require.True(t, f.room.Dossier().HasRefused(son))
	f.accept(c.vidal, rooms.EventConsentEnded, rooms.ConsentEnded{Participant: c.vidal.ID, Rooms: []rooms.ID{c.dossier.ID}, By: "PARTICIPANT"})
	f.refuse(rooms.CodeNotAllowed, c.vidal, rooms.EventConsentEnded, rooms.ConsentEnded{Participant: c.yann.ID, Rooms: []rooms.ID{c.dossier.ID}, By: "PARTICIPANT"})

	thread := identity.NewID()
	f.accept(c.camille, rooms.EventRoomOpened, rooms.RoomOpened{Room: thread, Kind: rooms.KindThread, Title: "Équipe", Audience: "TEAM"})
	f.refuse(rooms.CodeConflict, c.camille, rooms.EventRoomOpened, rooms.RoomOpened{Room: thread, Kind: rooms.KindThread, Title: "Équipe", Audience: "TEAM"})
	f.refuse(rooms.CodeInvalid, c.camille, rooms.EventRoomOpened, rooms.RoomOpened{Room: identity.NewID(), Kind: rooms.KindCall, Title: "x", Audience: "TEAM"})
	f.refuse(rooms.CodeNotAllowed, c.yann, rooms.EventRoomOpened, rooms.RoomOpened{Room: identity.NewID(), Kind: rooms.KindThread, Title: "x", Audience: "TEAM"})
	f.sameAfterRestore()
}

// sameAfterRestore checks that the checkpoint holds everything.
func (f *follower) sameAfterRestore() {
	f.t.Helper()
	b, err := f.room.Checkpoint()
	require.NoError(f.t, err)
	again, err := rooms.RestoreRoom(b)
	require.NoError(f.t, err)
	c, err := again.Checkpoint()
	require.NoError(f.t, err)
	require.Equal(f.t, sha256.Sum256(b), sha256.Sum256(c))
	require.Equal(f.t, f.folded(), (&follower{t: f.t, room: again}).folded())
}
