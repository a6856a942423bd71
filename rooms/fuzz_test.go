package rooms_test

import (
	"bytes"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/roomstest"
)

// seedLog is a log with every kind of entry.
func seedLog(f *testing.F) *roomstest.Log {
	w := roomstest.New(f)
	a, b := w.User("A", "NURSE"), w.User("B", "PHYSICIAN")
	l := w.Open(a, rooms.Genesis{Kind: rooms.KindNetwork})
	require.NoError(f, l.Consent(a, a))
	require.NoError(f, l.Consent(a, b))
	require.NoError(f, l.Join(b.Device()))
	_, err := l.Write(b.Device(), rooms.EventMessage, rooms.Message{Text: "Bonjour"})
	require.NoError(f, err)
	require.NoError(f, l.Withdraw(a, b))
	require.NoError(f, l.Remove(a.Device()))
	return l
}

func FuzzParseStatement(f *testing.F) {
	for _, e := range seedLog(f).Entries {
		if e.Envelope.Kind == record.KindStatement {
			f.Add(e.Payload)
		}
	}
	f.Add([]byte{0xa3, 1, 0x40, 2, 0x40, 3, 0x40})
	key := identity.NewUserKey()
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := rooms.InspectStatement(b)
		if err != nil {
			_, _, _, err = rooms.ParseStatement(b)
			require.Error(t, err)
			return
		}
		// What was read can be signed again and says the same.
		payload, hash, err := rooms.SignStatement(s, key)
		if err != nil {
			requireCode(t, rooms.CodeTooLarge, err)
			return
		}
		again, signer, hash2, err := rooms.ParseStatement(payload)
		require.NoError(t, err)
		require.Equal(t, s, again)
		require.Equal(t, hash, hash2)
		require.True(t, signer.Equal(key.Public()))
		if body, err := rooms.DecodeStatement(s); err == nil {
			encoded, err := rooms.EncodeBody(body)
			require.NoError(t, err)
			require.Equal(t, s.Body, encoded)
		}
	})
}

func FuzzParseSealedEvent(f *testing.F) {
	for _, e := range seedLog(f).Entries {
		if e.Envelope.Kind == record.KindEvent {
			f.Add(e.Payload)
		}
	}
	f.Add([]byte{0xa6})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := rooms.ParseSealedEvent(b)
		if err != nil {
			return
		}
		again, err := rooms.EncodeBody(s)
		require.NoError(t, err)
		require.Equal(t, b, again)
		_, err = rooms.OpenEvent(s, identity.NewID(), nil, roomstest.Ring{
			{Group: string(s.Group), Epoch: s.Epoch}: record.DeriveKey(make([]byte, 32)),
		})
		require.Error(t, err)
	})
}

var eventTypes = []string{
	rooms.EventIdentity, rooms.EventLifeProject, rooms.EventLeaflet, rooms.EventParty, rooms.EventConsentRecorded,
	rooms.EventConsentRefused, rooms.EventConsentEnded, rooms.EventRoomOpened, rooms.EventTitle, rooms.EventMessage,
	rooms.EventMessageEdited, rooms.EventMessageRetracted, rooms.EventDocumentShared, rooms.EventDocumentOpened,
	rooms.EventSessionPlanned, rooms.EventSessionAnswered, rooms.EventItem, rooms.EventOpinion, rooms.EventPosition,
	rooms.EventAttendance, rooms.EventMinutesSnapshot, rooms.EventMinutesProposed, rooms.EventMinutesReopened,
	rooms.EventMinutesSigned, rooms.EventMinutesSealed, rooms.EventMinutesAddendum, rooms.EventActionAdded,
	rooms.EventActionAccepted, rooms.EventActionStatus, rooms.EventActionRanked, rooms.EventProfile,
}

// FuzzEventBody judges bodies of every type in every kind of room, by members who may
// write there.
func FuzzEventBody(f *testing.F) {
	w := roomstest.New(f)
	chair, person := w.User("Chair", "NURSE"), w.User("Person", "PERSON")
	cp, pp := chair.Party(), person.Party()
	var all []*rooms.Room
	for _, g := range []rooms.Genesis{
		{Kind: rooms.KindDossier, Person: &pp},
		{Kind: rooms.KindThread, Case: identity.NewID(), Person: &pp},
		{Kind: rooms.KindPlan, Case: identity.NewID(), Person: &pp},
		{Kind: rooms.KindSession, Chair: &cp},
		{Kind: rooms.KindItem, Case: identity.NewID(), Session: identity.NewID(), Chair: &cp},
		{Kind: rooms.KindNetwork},
	} {
		l := w.Open(chair, g)
		require.NoError(f, l.Consent(chair, chair))
		all = append(all, l.Fold(l.All))
	}
	for i, body := range []any{
		rooms.PersonIdentity{FamilyName: "M", GivenName: "O", BirthDate: "1938-05-12"}, rooms.LifeProject{Text: "x"},
		rooms.Leaflet{Version: "v3"}, rooms.CircleParty{Name: "x"}, rooms.ConsentRecord{Numbers: []uint{1}},
	} {
		b, err := rooms.EncodeBody(body)
		require.NoError(f, err)
		f.Add(uint8(i), b)
	}
	for i := range eventTypes {
		f.Add(uint8(i), []byte{0xa0})
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		eventType := eventTypes[int(which)%len(eventTypes)]
		for _, r := range all {
			if err := r.May(chair.ID, eventType, b); err != nil {
				require.NotEqual(t, rooms.CodeInternal, rooms.CodeOf(err), "%v", err)
			}
		}
		body, err := rooms.DecodeEvent(record.Event{Type: eventType, Version: 1, Body: b})
		if err == nil {
			again, err := rooms.EncodeBody(body)
			require.NoError(t, err)
			require.Equal(t, b, again)
		}
	})
}

// FuzzApply places any bytes into a room as any kind of entry.
func FuzzApply(f *testing.F) {
	l := seedLog(f)
	for _, e := range l.Entries {
		f.Add(uint8(e.Envelope.Kind-1), e.Payload)
	}
	start, err := l.Fold(l.All).Checkpoint()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, kind uint8, payload []byte) {
		r, err := rooms.RestoreRoom(start)
		require.NoError(t, err)
		e := rooms.Entry{Payload: payload, Envelope: record.Envelope{
			Room: l.ID, Seq: r.Public().Place().Seq + 1, Time: r.Public().Time(), Kind: record.Kind(kind%3 + 1),
			Payload: sha256.Sum256(payload),
		}}
		out, err := r.Apply(e, l.All)
		require.NoError(t, err)
		require.NotEqual(t, rooms.CodeInternal, out.Code)
		require.Equal(t, e.Envelope.Seq, r.Public().Place().Seq)
		b, err := r.Checkpoint()
		require.NoError(t, err)
		_, err = rooms.RestoreRoom(b)
		require.NoError(t, err)
	})
}

func FuzzRestoreRoom(f *testing.F) {
	l := seedLog(f)
	b, err := l.Fold(l.All).Checkpoint()
	require.NoError(f, err)
	f.Add(b)
	p, err := l.Public.MarshalBinary()
	require.NoError(f, err)
	f.Add(p)
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := rooms.RestoreRoom(b); err == nil {
			again, err := r.Checkpoint()
			require.NoError(t, err)
			_, err = rooms.RestoreRoom(again)
			require.NoError(t, err)
		}
		if p, err := rooms.UnmarshalPublic(b); err == nil {
			_, err := p.MarshalBinary()
			require.NoError(t, err)
		}
	})
}

func FuzzVerifyBundle(f *testing.F) {
	r := newRcp(f)
	r.seal(f)
	file, err := r.item.room.ExportMinutes()
	require.NoError(f, err)
	bundle, err := r.item.room.Bundle()
	require.NoError(f, err)
	f.Add(file)
	f.Add(bundle)
	f.Add([]byte(`{"format":"ensemble.bundle.1"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		report, err := rooms.VerifyBundle(b)
		if err != nil {
			require.Nil(t, report)
			return
		}
		require.Equal(t, len(report.Problems) == 0, report.Whole)
		founder := rooms.KeyFingerprint(r.camille.Key.Public())
		if report.Whole && report.Seal != nil && report.Trust[0].Fingerprint == founder {
			require.True(t, bytes.Equal(file, b), "a sealed file was made up")
		}
	})
}

func FuzzCommitData(f *testing.F) {
	b, err := rooms.EncodeCommitData(rooms.CommitData{Seen: record.Place{Seq: 1}, Citations: []rooms.Citation{{}}})
	require.NoError(f, err)
	f.Add(b)
	ext, err := rooms.PlaceExtension(record.Place{Seq: 7})
	require.NoError(f, err)
	f.Add(ext.Data)
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, err := rooms.ParseCommitData(b); err == nil {
			again, err := rooms.EncodeCommitData(d)
			require.NoError(t, err)
			require.Equal(t, b, again)
		}
		if p, err := rooms.ParsePlaceExtension([]mls.Extension{{Type: rooms.ExtensionPlace, Data: b}}); err == nil {
			again, err := rooms.PlaceExtension(p)
			require.NoError(t, err)
			require.Equal(t, b, again.Data)
		}
		if l, err := rooms.ParseLeafIdentity(b); err == nil {
			require.True(t, bytes.Equal(b, rooms.EncodeLeafIdentity(l)))
		}
	})
}
