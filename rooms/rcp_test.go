package rooms_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/crypto/sign"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/roomstest"
)

// rcp is a session with one item about Odette's case.
type rcp struct {
	*cast
	traore  *roomstest.User
	session *follower
	item    *follower
}

func newRcp(t testing.TB) *rcp {
	r := &rcp{cast: newCast(t)}
	r.traore = r.w.User("Mme Traoré", "SOCIAL_WORKER")
	chair, person := r.camille.Party(), r.odette.Party()
	session := r.w.Open(r.camille, rooms.Genesis{Kind: rooms.KindSession, Chair: &chair})
	item := r.w.Open(r.camille, rooms.Genesis{
		Kind: rooms.KindItem, Case: r.dossier.ID, Session: session.ID, Chair: &chair, Person: &person,
	})
	for _, l := range []*roomstest.Log{session, item} {
		require.NoError(t, l.Consent(r.camille, r.camille))
		for _, u := range []*roomstest.User{r.vidal, r.yann, r.traore} {
			require.NoError(t, l.Consent(r.camille, u))
			require.NoError(t, l.Join(u.Device()))
		}
	}
	require.NoError(t, item.Join(r.odette.Device()))
	r.session, r.item = follow(t, session), follow(t, item)
	for _, u := range []*roomstest.User{r.camille, r.vidal, r.yann, r.traore, r.odette} {
		r.item.accept(u, rooms.EventProfile, rooms.Profile{Name: u.Name, Role: u.Role})
	}
	r.item.accept(r.camille, rooms.EventItem, rooms.Item{
		Number: 1, Question: "Is she safe at home?", Requester: r.vidal.ID, Person: "Odette Marchal",
		Wish: "To stay at home", Dossier: r.dossier.ID, Type: "DAC", Attending: r.vidal.ID,
	})
	return r
}

func (r *rcp) attendance(users ...*roomstest.User) rooms.Attendance {
	a := rooms.Attendance{From: r.w.Now - 3_600_000, To: r.w.Now}
	for _, u := range users {
		duty := rooms.DutyParticipant
		switch u {
		case r.camille:
			duty = rooms.DutyChair
		case r.traore:
			duty = rooms.DutySecretary
		}
		a.Present = append(a.Present, rooms.Attendee{User: u.ID, Name: u.Name, Role: u.Role, Duty: duty})
	}
	return a
}

func draft() rooms.MinutesDraft {
	return rooms.MinutesDraft{
		Title: "RCP of January", Zone: "Europe/Paris", Discussion: "Falls on the stairs.", Synthesis: "She stays at home, with help.",
		Decisions: []string{"Stay home", "APA file"},
		Actions: []rooms.MinutesAction{
			{Text: "Drug review", PerformerName: "Mme Pons", Due: "2026-01-21"},
			{Text: "APA file", Due: "2026-01-29", Criterion: "sent"},
		},
	}
}

func (r *rcp) compose(t testing.TB) rooms.MinutesContent {
	t.Helper()
	r.item.catchUp()
	c, err := r.item.room.ComposeMinutes(draft(), r.item.room.Public().Place())
	require.NoError(t, err)
	return c
}

func (r *rcp) propose(t testing.TB, by *roomstest.User) rooms.MinutesProposed {
	t.Helper()
	p, err := rooms.ProposeMinutes(r.compose(t))
	require.NoError(t, err)
	r.item.accept(by, rooms.EventMinutesProposed, p)
	return p
}

func (r *rcp) declaration(t testing.TB, u *roomstest.User, position rooms.PositionCode) rooms.MinutesSigned {
	t.Helper()
	d, err := r.item.room.ComposeDeclaration(u.ID, position, "", r.w.Now)
	require.NoError(t, err)
	s, err := rooms.SignMinutes(d, u.Key, u.Device().Cert.Bytes())
	require.NoError(t, err)
	return s
}

// held gets the item to the point where minutes can be proposed.
func (r *rcp) held(t testing.TB) {
	r.item.accept(r.camille, rooms.EventAttendance, r.attendance(r.camille, r.vidal, r.yann, r.traore))
	r.item.accept(r.vidal, rooms.EventPosition, rooms.Position{Position: rooms.PositionAgree})
	r.item.accept(r.traore, rooms.EventPosition, rooms.Position{Position: rooms.PositionReservation, Text: "the stairs"})
}

// seal gets the item all the way.
func (r *rcp) seal(t testing.TB) {
	r.held(t)
	r.propose(t, r.traore)
	for _, u := range []*roomstest.User{r.camille, r.vidal, r.traore} {
		r.item.accept(u, rooms.EventMinutesSigned, r.declaration(t, u, ""))
	}
	s, bundle, err := r.item.room.NextSeal()
	require.NoError(t, err)
	require.NoError(t, r.item.log.State(r.camille, rooms.StatementSeal, s))
	require.Equal(t, rooms.Accepted, r.item.catchUp().Status)
	r.item.accept(r.camille, rooms.EventMinutesSealed, rooms.MinutesSealed{Version: s.Version, Bundle: bundle})
}

func TestPositionsAreNeverOverwritten(t *testing.T) {
	r := newRcp(t)
	r.item.accept(r.traore, rooms.EventPosition, rooms.Position{Position: rooms.PositionAgree})
	r.item.accept(r.traore, rooms.EventPosition, rooms.Position{Position: rooms.PositionReservation, Text: "the stairs"})
	r.item.refuse(rooms.CodeInvalid, r.yann, rooms.EventPosition, rooms.Position{Position: "MAYBE"})
	it := r.item.room.Item()
	require.Len(t, it.Positions, 2)
	require.Len(t, it.Current(), 1)
	require.Equal(t, rooms.PositionReservation, it.Current()[0].Position)
	r.item.accept(r.odette, rooms.EventOpinion, rooms.Opinion{Text: "I want to stay"})
	require.Equal(t, "PERSON", it.Opinions[0].Role)
}

func TestMinutesGoFromDraftToSeal(t *testing.T) {
	r := newRcp(t)
	f, it := r.item, r.item.room.Item()
	f.refuse(rooms.CodeNotAllowed, r.vidal, rooms.EventAttendance, r.attendance(r.vidal))
	f.accept(r.yann, rooms.EventMinutesSnapshot, rooms.MinutesSnapshot{Format: "yjs.1", State: []byte{1}})
	require.Equal(t, rooms.StateDraft, it.Minutes.State)
	_, err := f.room.ComposeMinutes(draft(), f.room.Public().Place())
	requireCode(t, rooms.CodeUnknown, err) // nobody was there yet
	r.held(t)

	content := r.compose(t)
	require.True(t, content.Quorum.Reached, content.Quorum)
	require.ElementsMatch(t, []rooms.ID{r.camille.ID, r.vidal.ID, r.traore.ID}, content.Signers)
	proposed, err := rooms.ProposeMinutes(content)
	require.NoError(t, err)
	f.refuse(rooms.CodeNotAllowed, r.vidal, rooms.EventMinutesProposed, proposed)

	for name, change := range map[string]func(*rooms.MinutesContent){
		"a position left out":   func(c *rooms.MinutesContent) { c.Positions = c.Positions[:1] },
		"another attendance":    func(c *rooms.MinutesContent) { c.Attendance = c.Attendance[1:] },
		"another rule":          func(c *rooms.MinutesContent) { c.Rule.PositionHoldersSign = false },
		"another signer":        func(c *rooms.MinutesContent) { c.Signers = c.Signers[:1] },
		"another quorum":        func(c *rooms.MinutesContent) { c.Quorum.Present = 9 },
		"another question":      func(c *rooms.MinutesContent) { c.Question = "?" },
		"another version":       func(c *rooms.MinutesContent) { c.Version = 2 },
		"another key of theirs": func(c *rooms.MinutesContent) { c.Attendance[0].KeyHash = c.Attendance[1].KeyHash },
	} {
		t.Run(name, func(t *testing.T) {
			bad := r.compose(t)
			change(&bad)
			p, err := rooms.ProposeMinutes(bad)
			require.NoError(t, err)
			f.refuse(rooms.CodeChanged, r.camille, rooms.EventMinutesProposed, p)
		})
	}
	t.Run("a digest of other minutes", func(t *testing.T) {
		bad := proposed
		bad.Digest[0]++
		f.refuse(rooms.CodeChanged, r.camille, rooms.EventMinutesProposed, bad)
	})
	t.Run("a place in another log", func(t *testing.T) {
		c := r.compose(t)
		c.Place.Chain = hex.EncodeToString(make([]byte, 32))
		p, err := rooms.ProposeMinutes(c)
		require.NoError(t, err)
		f.refuse(rooms.CodeForked, r.camille, rooms.EventMinutesProposed, p)
	})

	p := r.propose(t, r.traore)
	require.Equal(t, rooms.StateProposed, it.Minutes.State)
	f.refuse(rooms.CodeConflict, r.yann, rooms.EventMinutesSnapshot, rooms.MinutesSnapshot{Format: "yjs.1", State: []byte{1}})
	f.refuse(rooms.CodeConflict, r.yann, rooms.EventPosition, rooms.Position{Position: rooms.PositionAgree})
	f.refuse(rooms.CodeConflict, r.camille, rooms.EventAttendance, r.attendance(r.camille))

	t.Run("who may not sign", func(t *testing.T) {
		_, err := f.room.ComposeDeclaration(r.odette.ID, "", "", r.w.Now)
		requireCode(t, rooms.CodeNotSigner, err)
		d, err := f.room.ComposeDeclaration(r.vidal.ID, "", "", r.w.Now)
		require.NoError(t, err)
		d.User, d.Name = r.odette.ID, r.odette.Name
		s, err := rooms.SignMinutes(d, r.odette.Key, nil)
		require.NoError(t, err)
		f.refuse(rooms.CodeNotSigner, r.odette, rooms.EventMinutesSigned, s)
	})
	t.Run("signatures that are not theirs", func(t *testing.T) {
		good := r.declaration(t, r.vidal, rooms.PositionAgree)
		f.refuse(rooms.CodeForgedAuthor, r.yann, rooms.EventMinutesSigned, good)
		bad := good
		bad.Signature = bytes.Clone(good.Signature)
		bad.Signature[9] ^= 1
		f.refuse(rooms.CodeBadSignature, r.vidal, rooms.EventMinutesSigned, bad)
		bad = good
		bad.Digest[0]++
		f.refuse(rooms.CodeChanged, r.vidal, rooms.EventMinutesSigned, bad)
		bad = good
		bad.Certificate = r.yann.Device().Cert.Bytes()
		f.refuse(rooms.CodeBadCertificate, r.vidal, rooms.EventMinutesSigned, bad)
		d, err := f.room.ComposeDeclaration(r.vidal.ID, "", "", r.w.Now)
		require.NoError(t, err)
		d.Duty = rooms.DutyChair
		bad, err = rooms.SignMinutes(d, r.vidal.Key, nil)
		require.NoError(t, err)
		f.refuse(rooms.CodeChanged, r.vidal, rooms.EventMinutesSigned, bad)
	})
	f.accept(r.vidal, rooms.EventMinutesSigned, r.declaration(t, r.vidal, rooms.PositionAgree))
	f.refuse(rooms.CodeConflict, r.vidal, rooms.EventMinutesSigned, r.declaration(t, r.vidal, ""))
	f.accept(r.yann, rooms.EventMinutesSigned, r.declaration(t, r.yann, rooms.PositionNotCompetent)) // present, not required

	t.Run("the seal waits for the required signers", func(t *testing.T) {
		require.Len(t, it.Minutes.Proposal().Awaited(), 2)
		_, _, err := f.room.NextSeal()
		requireCode(t, rooms.CodeConflict, err)
		early := rooms.Seal{Version: p.Version, Digest: p.Digest}
		requireCode(t, rooms.CodeNotAllowed, f.log.State(r.vidal, rooms.StatementSeal, early)) // the server's part
		require.NoError(t, f.log.State(r.camille, rooms.StatementSeal, early))
		out := f.catchUp()
		require.Equal(t, rooms.Refused, out.Status)
		require.Equal(t, rooms.StateProposed, it.Minutes.State)
	})
	t.Run("a proposal can be taken back", func(t *testing.T) {
		f.refuse(rooms.CodeNotAllowed, r.yann, rooms.EventMinutesReopened, rooms.MinutesReopened{Version: 1})
		f.refuse(rooms.CodeConflict, r.camille, rooms.EventMinutesReopened, rooms.MinutesReopened{Version: 9})
		f.accept(r.camille, rooms.EventMinutesReopened, rooms.MinutesReopened{Version: 1, Reason: "a name is wrong"})
		second := r.propose(t, r.camille)
		require.EqualValues(t, 2, second.Version)
		again, err := it.Minutes.Proposal().Minutes()
		require.NoError(t, err)
		require.Equal(t, hex.EncodeToString(p.Digest[:]), again.Predecessor)
		require.Len(t, it.Minutes.Proposals, 2)
		require.Len(t, it.Minutes.Proposals[0].Signatures, 2) // history is kept
		require.Contains(t, again.Signers, r.yann.ID)         // they took a position by signing
	})
	for _, u := range []*roomstest.User{r.camille, r.vidal, r.traore, r.yann} {
		f.accept(u, rooms.EventMinutesSigned, r.declaration(t, u, ""))
	}
	seal, bundle, err := f.room.NextSeal()
	require.NoError(t, err)
	wrong := seal
	wrong.Bundle[0]++
	require.NoError(t, f.log.State(r.camille, rooms.StatementSeal, wrong))
	require.Equal(t, rooms.CodeChanged, f.catchUp().Code)
	require.NoError(t, f.log.State(r.camille, rooms.StatementSeal, seal))
	require.Equal(t, rooms.Accepted, f.catchUp().Status)
	require.Equal(t, rooms.StateSealed, it.Minutes.State)

	t.Run("after the seal only addenda", func(t *testing.T) {
		f.refuse(rooms.CodeSealed, r.camille, rooms.EventMinutesReopened, rooms.MinutesReopened{Version: 2})
		f.refuse(rooms.CodeSealed, r.yann, rooms.EventMinutesSnapshot, rooms.MinutesSnapshot{Format: "yjs.1", State: []byte{1}})
		f.refuse(rooms.CodeSealed, r.yann, rooms.EventPosition, rooms.Position{Position: rooms.PositionAgree})
		f.refuse(rooms.CodeSealed, r.camille, rooms.EventAttendance, r.attendance(r.camille))
		f.refuse(rooms.CodeSealed, r.camille, rooms.EventMinutesProposed, proposed)
		require.NoError(t, f.log.State(r.camille, rooms.StatementSeal, seal))
		require.Equal(t, rooms.CodeSealed, f.catchUp().Code)
		f.refuse(rooms.CodeChanged, r.camille, rooms.EventMinutesSealed, rooms.MinutesSealed{Version: 2, Bundle: bundle[1:]})
		f.refuse(rooms.CodeNotAllowed, r.yann, rooms.EventMinutesSealed, rooms.MinutesSealed{Version: 2, Bundle: bundle})
		f.accept(r.camille, rooms.EventMinutesSealed, rooms.MinutesSealed{Version: 2, Bundle: bundle})
		f.refuse(rooms.CodeConflict, r.camille, rooms.EventMinutesSealed, rooms.MinutesSealed{Version: 2, Bundle: bundle})

		of := hex.EncodeToString(seal.Digest[:])
		add := func(u *roomstest.User, c rooms.AddendumContent) rooms.MinutesAddendum {
			a, err := rooms.SignAddendum(c, u.Key)
			require.NoError(t, err)
			return a
		}
		good := rooms.AddendumContent{Format: rooms.FormatAddendum, Of: of, Text: "It was the left hip.", User: r.vidal.ID, Name: r.vidal.Name, At: r.w.Now}
		f.accept(r.vidal, rooms.EventMinutesAddendum, add(r.vidal, good))
		other := good
		other.User, other.Name = r.odette.ID, r.odette.Name
		f.refuse(rooms.CodeNotSigner, r.odette, rooms.EventMinutesAddendum, add(r.odette, other))
		f.refuse(rooms.CodeForgedAuthor, r.yann, rooms.EventMinutesAddendum, add(r.vidal, good))
		f.accept(r.yann, rooms.EventMessage, rooms.Message{Text: "thank you all"}) // people may still talk
	})
	f.sameAfterRestore()
}

func TestTheSealedFileIsVerifiedOffline(t *testing.T) {
	r := newRcp(t)
	r.seal(t)
	file, err := r.item.room.ExportMinutes()
	require.NoError(t, err)
	report, err := rooms.VerifyBundle(file)
	require.NoError(t, err)
	require.True(t, report.Whole, report.Problems)
	require.Len(t, report.Signed, 3)
	for _, s := range report.Signed {
		require.True(t, s.Valid)
		require.True(t, s.Required)
		require.Equal(t, r.camille.ID, s.VouchedBy)
	}
	require.Equal(t, []rooms.NamedUser{{User: r.yann.ID, Name: r.yann.Name, Role: r.yann.Role}}, report.PresentNotSigned)
	require.Empty(t, report.RequiredNotSigned)
	require.Equal(t, r.camille.ID, report.Seal.User)
	require.True(t, report.Seal.Valid)
	require.Len(t, report.Trust, 1)
	require.Equal(t, "FOUNDER", report.Trust[0].As)
	require.Equal(t, rooms.KeyFingerprint(r.camille.Key.Public()), report.Trust[0].Fingerprint)
	require.Contains(t, report.Trust[0].VouchedFor, r.vidal.ID)
	require.Equal(t, "Is she safe at home?", report.Minutes.Question)

	t.Run("with addenda", func(t *testing.T) {
		a, err := rooms.SignAddendum(rooms.AddendumContent{
			Format: rooms.FormatAddendum, Of: report.Digest, Text: "Opioid changed.", User: r.vidal.ID, Name: r.vidal.Name, At: r.w.Now,
		}, r.vidal.Key)
		require.NoError(t, err)
		r.item.accept(r.vidal, rooms.EventMinutesAddendum, a)
		file, err := r.item.room.ExportMinutes()
		require.NoError(t, err)
		report, err := rooms.VerifyBundle(file)
		require.NoError(t, err)
		require.True(t, report.Whole)
		require.Len(t, report.Addenda, 1)
		require.True(t, report.Addenda[0].Valid)
	})
	t.Run("the bundle in the log is the same without its seal", func(t *testing.T) {
		bundle, err := r.item.room.Bundle()
		require.NoError(t, err)
		report, err := rooms.VerifyBundle(bundle)
		require.NoError(t, err)
		require.True(t, report.Whole)
		require.Nil(t, report.Seal)
	})
	t.Run("every changed byte is noticed", func(t *testing.T) {
		for i := 0; i < len(file); i += 11 {
			bad := bytes.Clone(file)
			bad[i] ^= 1
			report, err := rooms.VerifyBundle(bad)
			if err == nil {
				require.False(t, report.Whole, "byte %d: %q", i, bad[max(0, i-20):min(len(bad), i+20)])
			}
		}
	})
	edit := func(t *testing.T, change func(f *rooms.MinutesFile, b *rooms.Bundle)) *rooms.Report {
		t.Helper()
		var f rooms.MinutesFile
		require.NoError(t, sign.Parse(file, &f))
		var b rooms.Bundle
		require.NoError(t, sign.Parse(f.Bundle, &b))
		change(&f, &b)
		var err error
		f.Bundle, err = sign.Canonical(b)
		require.NoError(t, err)
		out, err := sign.Canonical(f)
		require.NoError(t, err)
		report, err := rooms.VerifyBundle(out)
		require.NoError(t, err)
		require.False(t, report.Whole)
		return report
	}
	codes := func(r *rooms.Report) (all []rooms.Code) {
		for _, p := range r.Problems {
			all = append(all, p.Code)
		}
		return all
	}
	t.Run("a changed decision", func(t *testing.T) {
		got := edit(t, func(_ *rooms.MinutesFile, b *rooms.Bundle) {
			b.Minutes = json.RawMessage(bytes.Replace(b.Minutes, []byte("Stay home"), []byte("Move out"), 1))
		})
		require.Contains(t, codes(got), rooms.CodeChanged)
		for _, s := range got.Signed {
			require.False(t, s.Valid)
		}
	})
	t.Run("a declaration left out", func(t *testing.T) {
		got := edit(t, func(_ *rooms.MinutesFile, b *rooms.Bundle) { b.Declarations = b.Declarations[1:] })
		require.Len(t, got.RequiredNotSigned, 1)
		require.False(t, got.Seal.Valid)
	})
	t.Run("a signature by a foreign key", func(t *testing.T) {
		thief := identity.NewUserKey()
		got := edit(t, func(_ *rooms.MinutesFile, b *rooms.Bundle) {
			b.Declarations[0].Signature = sign.Sign(thief, rooms.LabelDeclaration, b.Declarations[0].Declaration)
		})
		require.Contains(t, codes(got), rooms.CodeForgedAuthor)
	})
	t.Run("a seal by somebody else", func(t *testing.T) {
		got := edit(t, func(f *rooms.MinutesFile, _ *rooms.Bundle) {
			s, err := rooms.InspectStatement(f.Seal)
			require.NoError(t, err)
			s.Author = r.vidal.ID
			f.Seal, _, err = rooms.SignStatement(s, r.vidal.Key)
			require.NoError(t, err)
		})
		require.Contains(t, codes(got), rooms.CodeForgedAuthor)
	})
	t.Run("without the room's genesis nobody vouches", func(t *testing.T) {
		got := edit(t, func(_ *rooms.MinutesFile, b *rooms.Bundle) { b.Evidence = b.Evidence[1:] })
		require.Contains(t, codes(got), rooms.CodeForgedAuthor)
	})
	t.Run("what is no such file", func(t *testing.T) {
		for _, b := range [][]byte{nil, []byte("{}"), []byte("x"), make([]byte, rooms.MaxFile+1)} {
			_, err := rooms.VerifyBundle(b)
			require.Error(t, err)
		}
	})
}

func TestAWithdrawnSignerIsNotWaitedForInTheNextVersion(t *testing.T) {
	r := newRcp(t)
	r.held(t)
	r.propose(t, r.camille)
	require.Contains(t, r.item.room.Item().Minutes.Proposal().Awaited(), r.traore.ID)
	require.NoError(t, r.item.log.Withdraw(r.odette, r.traore))
	require.NoError(t, r.item.log.Remove(r.camille.Device()))
	r.item.accept(r.camille, rooms.EventMinutesReopened, rooms.MinutesReopened{Version: 1})
	r.propose(t, r.camille)
	require.NotContains(t, r.item.room.Item().Minutes.Proposal().Awaited(), r.traore.ID)
}

func TestQuorumOfTheDacPreset(t *testing.T) {
	rule, ok := rooms.Rule("DAC")
	require.True(t, ok)
	gp := identity.NewID()
	at := func(roles ...string) (all []rooms.Attendee) {
		for _, r := range roles {
			id := identity.NewID()
			if r == "GENERAL_PRACTITIONER" {
				id = gp
			}
			all = append(all, rooms.Attendee{User: id, Role: r})
		}
		return all
	}
	item := rooms.Item{Wish: "at home", Attending: gp}
	for name, tc := range map[string]struct {
		present  []rooms.Attendee
		opinions []rooms.OpinionState
		item     rooms.Item
		missing  []string
	}{
		"reached":                        {at("GENERAL_PRACTITIONER", "NURSE", "SOCIAL_WORKER"), nil, item, nil},
		"two professionals":              {at("GENERAL_PRACTITIONER", "NURSE", "DAUGHTER"), nil, item, []string{"PROFESSIONALS"}},
		"one profession":                 {at("GENERAL_PRACTITIONER", "GERIATRICIAN", "PHYSICIAN"), nil, item, []string{"PROFESSIONS"}},
		"nurses are one profession":      {at("NURSE", "NURSE_COORDINATOR", "NURSE"), []rooms.OpinionState{{By: gp}}, item, []string{"PROFESSIONS"}},
		"attending physician missing":    {at("GERIATRICIAN", "NURSE", "SOCIAL_WORKER"), nil, item, []string{"ATTENDING_PHYSICIAN"}},
		"attending physician in writing": {at("GERIATRICIAN", "NURSE", "SOCIAL_WORKER"), []rooms.OpinionState{{By: gp}}, item, nil},
		"a general practitioner stands":  {at("GENERAL_PRACTITIONER", "NURSE", "SOCIAL_WORKER"), nil, rooms.Item{Wish: "x"}, nil},
		"neither person nor wish":        {at("GENERAL_PRACTITIONER", "NURSE", "SOCIAL_WORKER"), nil, rooms.Item{Attending: gp}, []string{"PERSON_OR_WISH"}},
		"the person is there":            {at("GENERAL_PRACTITIONER", "NURSE", "SOCIAL_WORKER", "PERSON"), nil, rooms.Item{Attending: gp}, nil},
		"nobody":                         {nil, nil, rooms.Item{Attending: gp}, []string{"PROFESSIONALS", "PROFESSIONS", "ATTENDING_PHYSICIAN", "PERSON_OR_WISH"}},
	} {
		t.Run(name, func(t *testing.T) {
			q := rooms.Quorum(rule, tc.present, tc.opinions, tc.item)
			require.Equal(t, tc.missing, q.Missing)
			require.Equal(t, len(tc.missing) == 0, q.Reached)
			require.EqualValues(t, len(tc.present), q.Present)
		})
	}
}

func TestASessionIsPlannedAndAnswered(t *testing.T) {
	r := newRcp(t)
	f := r.session
	plan := func(sequence uint) rooms.SessionPlanned {
		return rooms.SessionPlanned{
			Title: "RCP", Type: "DAC", Starts: r.w.Now, Zone: "Europe/Paris", Minutes: 60, Sequence: sequence,
			Items: []rooms.PlannedItem{{Room: r.item.log.ID, Minutes: 20}},
			Participants: []rooms.PlannedParticipant{
				{User: r.camille.ID, Name: r.camille.Name, Role: r.camille.Role, Duty: rooms.DutyChair, Items: []rooms.ID{r.item.log.ID}},
				{User: r.vidal.ID, Name: r.vidal.Name, Role: r.vidal.Role, Duty: rooms.DutyRequester, Votes: true, Items: []rooms.ID{r.item.log.ID}},
			},
		}
	}
	f.refuse(rooms.CodeUnknown, r.vidal, rooms.EventSessionAnswered, rooms.SessionAnswered{Answer: "COMES"})
	f.refuse(rooms.CodeNotAllowed, r.vidal, rooms.EventSessionPlanned, plan(0))
	f.accept(r.camille, rooms.EventSessionPlanned, plan(0))
	f.refuse(rooms.CodeConflict, r.camille, rooms.EventSessionPlanned, plan(0))
	f.accept(r.camille, rooms.EventSessionPlanned, plan(1))
	for name, change := range map[string]func(*rooms.SessionPlanned){
		"another chair":       func(p *rooms.SessionPlanned) { p.Participants[1].Duty = rooms.DutyChair },
		"an unknown type":     func(p *rooms.SessionPlanned) { p.Type = "X" },
		"no length":           func(p *rooms.SessionPlanned) { p.Minutes = 0 },
		"an item twice":       func(p *rooms.SessionPlanned) { p.Items = append(p.Items, p.Items[0]) },
		"a foreign item":      func(p *rooms.SessionPlanned) { p.Participants[1].Items = []rooms.ID{identity.NewID()} },
		"a participant twice": func(p *rooms.SessionPlanned) { p.Participants = append(p.Participants, p.Participants[1]) },
		"a voting facilitator": func(p *rooms.SessionPlanned) {
			p.Participants[1].Duty = rooms.DutyFacilitator
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(9)
			change(&p)
			f.refuse(rooms.CodeInvalid, r.camille, rooms.EventSessionPlanned, p)
		})
	}
	f.accept(r.vidal, rooms.EventSessionAnswered, rooms.SessionAnswered{Answer: "COMES"})
	f.accept(r.vidal, rooms.EventSessionAnswered, rooms.SessionAnswered{Answer: "OPINION"})
	f.refuse(rooms.CodeNotAllowed, r.yann, rooms.EventSessionAnswered, rooms.SessionAnswered{Answer: "COMES"})
	f.refuse(rooms.CodeInvalid, r.vidal, rooms.EventSessionAnswered, rooms.SessionAnswered{Answer: "PERHAPS"})
	require.Equal(t, "OPINION", f.room.Session().Answer(r.vidal.ID))
	require.True(t, f.room.Session().Invited(r.vidal.ID, r.item.log.ID))
	f.refuse(rooms.CodeNotAllowed, r.vidal, rooms.EventMessage, rooms.Message{Text: "case content"})
	f.sameAfterRestore()
}

// call opens the call of an item by its chair.
func (r *rcp) call() *roomstest.Log {
	chair, person := r.camille.Party(), r.odette.Party()
	return r.w.Open(r.camille, rooms.Genesis{
		Kind: rooms.KindCall, Case: r.dossier.ID, Session: r.session.log.ID, Item: r.item.log.ID, Chair: &chair, Person: &person,
	})
}

// both appends a control to the session's log and to the call's, as the server does.
func (r *rcp) both(call *roomstest.Log, by *roomstest.User, c rooms.Control) error {
	payload := r.session.log.Sign(by, rooms.StatementControl, c, call.ID)
	if err := call.Public.JudgeStatement(payload, r.w.Now); err != nil {
		return err
	}
	if err := r.session.log.Append(record.KindStatement, payload, nil); err != nil {
		return err
	}
	return call.Append(record.KindStatement, payload, nil)
}

func TestTheChairRunsTheSession(t *testing.T) {
	r := newRcp(t)
	s := r.session.log
	do := func(by *roomstest.User, c rooms.Control) error { return s.State(by, rooms.StatementControl, c) }
	refused := func(code rooms.Code, by *roomstest.User, c rooms.Control) {
		t.Helper()
		requireCode(t, code, unchanged(t, s, func() error { return do(by, c) }))
	}
	item, call := r.item.log.ID, identity.NewID()
	admit := rooms.Control{Op: rooms.ControlAdmit, Call: call, User: r.vidal.ID, KeyHash: r.vidal.Key.Hash()}

	refused(rooms.CodeNotAllowed, r.vidal, rooms.Control{Op: rooms.ControlOpen})
	refused(rooms.CodeConflict, r.camille, rooms.Control{Op: rooms.ControlStartItem, Item: item, Call: call})
	refused(rooms.CodeConflict, r.camille, rooms.Control{Op: rooms.ControlClose})
	refused(rooms.CodeUnknown, r.camille, rooms.Control{Op: "DANCE"})
	require.NoError(t, do(r.camille, rooms.Control{Op: rooms.ControlOpen}))
	refused(rooms.CodeConflict, r.camille, rooms.Control{Op: rooms.ControlOpen})
	refused(rooms.CodeConflict, r.camille, admit)
	refused(rooms.CodeInvalid, r.camille, rooms.Control{Op: rooms.ControlStartItem, Item: item})
	require.NoError(t, do(r.camille, rooms.Control{Op: rooms.ControlStartItem, Item: item, Call: call}))
	require.Equal(t, rooms.SessionRunningStatus, s.Public.Session().Status)
	require.Equal(t, rooms.ItemRunning, s.Public.Session().Progress(item).Status)

	require.NoError(t, do(r.camille, admit))
	refused(rooms.CodeConflict, r.camille, admit)
	stranger := admit
	stranger.User, stranger.KeyHash = r.paul.ID, r.paul.Key.Hash()
	refused(rooms.CodeNotConsented, r.camille, stranger)
	swapped := admit
	swapped.User, swapped.KeyHash = r.yann.ID, r.paul.Key.Hash()
	refused(rooms.CodeNotConsented, r.camille, swapped)
	require.True(t, s.Public.Session().IsAdmitted(r.vidal.ID))
	require.NoError(t, do(r.camille, rooms.Control{Op: rooms.ControlRemove, Call: call, User: r.vidal.ID}))
	refused(rooms.CodeUnknown, r.camille, rooms.Control{Op: rooms.ControlRemove, Call: call, User: r.vidal.ID})
	refused(rooms.CodeConflict, r.camille, rooms.Control{Op: rooms.ControlClose})
	require.NoError(t, do(r.camille, rooms.Control{Op: rooms.ControlEndItem, Item: item}))
	require.Equal(t, rooms.ItemDone, s.Public.Session().Progress(item).Status)
	refused(rooms.CodeConflict, r.camille, rooms.Control{Op: rooms.ControlEndItem, Item: item})
	refused(rooms.CodeConflict, r.camille, rooms.Control{Op: rooms.ControlStartItem, Item: item, Call: call}) // the call was used
	later := identity.NewID()
	require.NoError(t, do(r.camille, rooms.Control{Op: rooms.ControlPostpone, Item: later}))
	require.Equal(t, rooms.ItemPostponed, s.Public.Session().Progress(later).Status)
	require.NoError(t, do(r.camille, rooms.Control{Op: rooms.ControlClose}))
	refused(rooms.CodeConflict, r.camille, rooms.Control{Op: rooms.ControlOpen})
}

func TestACallHoldsExactlyThoseAdmitted(t *testing.T) {
	r := newRcp(t)
	call := r.call()
	item := r.item.log.ID
	require.NoError(t, r.session.log.State(r.camille, rooms.StatementControl, rooms.Control{Op: rooms.ControlOpen}))
	require.NoError(t, r.session.log.State(r.camille, rooms.StatementControl, rooms.Control{Op: rooms.ControlStartItem, Item: item, Call: call.ID}))
	admit := func(u *roomstest.User) error {
		return r.both(call, r.camille, rooms.Control{Op: rooms.ControlAdmit, Call: call.ID, User: u.ID, KeyHash: u.Key.Hash()})
	}
	join := func(u *roomstest.User) error { return call.Join(u.Device()) }

	requireCode(t, rooms.CodeNotConsented, unchanged(t, call, func() error { return join(r.vidal) }))
	requireCode(t, rooms.CodeNotConsented, unchanged(t, call, func() error { return join(r.odette) })) // the person too is admitted
	require.NoError(t, admit(r.vidal))
	require.NoError(t, join(r.vidal))
	requireCode(t, rooms.CodeNotConsented, unchanged(t, call, func() error {
		return call.JoinWith(r.yann.Device(), call.CommitData(call.Ground(r.vidal)...), nil)
	}))
	requireCode(t, rooms.CodeNotAllowed, unchanged(t, call, func() error {
		return call.State(r.vidal, rooms.StatementControl, rooms.Control{Op: rooms.ControlAdmit, Call: call.ID, User: r.yann.ID, KeyHash: r.yann.Key.Hash()})
	}))
	require.NoError(t, admit(r.yann))
	require.NoError(t, join(r.yann))
	requireCode(t, rooms.CodeNotAllowed, unchanged(t, call, func() error { return write2(call, r.yann.Device()) }))
	requireCode(t, rooms.CodeNotAllowed, unchanged(t, call, func() error { return call.Consent(r.camille, r.traore) }))

	t.Run("whoever is gone is taken out by any other, and may come back", func(t *testing.T) {
		m, _ := call.Public.Device(r.yann.Device().ID())
		require.NoError(t, call.Commit(r.vidal.Device(), call.CommitData(), removeOf(m)))
		require.NoError(t, join(r.yann))
	})
	t.Run("the chair removes, and admits again", func(t *testing.T) {
		require.NoError(t, r.both(call, r.camille, rooms.Control{Op: rooms.ControlRemove, Call: call.ID, User: r.yann.ID}))
		requireCode(t, rooms.CodeWithdrawn, call.Public.MayDeliver(r.yann.ID, r.w.Now))
		require.NoError(t, call.Remove(r.vidal.Device()))
		requireCode(t, rooms.CodeWithdrawn, unchanged(t, call, func() error { return join(r.yann) }))
		require.NoError(t, admit(r.yann))
		require.NoError(t, join(r.yann))
	})
	t.Run("a withdrawn consent ends it for good", func(t *testing.T) {
		require.NoError(t, call.State(r.odette, rooms.StatementWithdrawal, rooms.Withdrawal{Participant: r.yann.ID}))
		require.Len(t, call.Public.RemovalPending(r.w.Now), 1)
		require.NoError(t, call.Remove(r.camille.Device()))
		requireCode(t, rooms.CodeWithdrawn, admit(r.yann))
	})
	t.Run("the roster is drawn from the item's room", func(t *testing.T) {
		require.NoError(t, rooms.CheckAdmission(r.session.log.Public, r.item.log.Public, r.traore.ID, r.traore.Key.Hash(), r.w.Now))
		require.NoError(t, r.item.log.Withdraw(r.odette, r.traore))
		requireCode(t, rooms.CodeWithdrawn, rooms.CheckAdmission(r.session.log.Public, r.item.log.Public, r.traore.ID, r.traore.Key.Hash(), r.w.Now))
	})
	t.Run("it ends with the item", func(t *testing.T) {
		require.NoError(t, r.both(call, r.camille, rooms.Control{Op: rooms.ControlEndItem, Item: item}))
		require.True(t, call.Public.Over())
		requireCode(t, rooms.CodeNotConsented, call.Public.MayDeliver(r.vidal.ID, r.w.Now))
		requireCode(t, rooms.CodeNotConsented, unchanged(t, call, func() error { return call.Join(r.vidal.NewDevice()) }))
	})
}

func TestThePlanTakesEachActionOnce(t *testing.T) {
	r := newRcp(t)
	r.seal(t)
	person := r.odette.Party()
	l := r.w.Open(r.camille, rooms.Genesis{Kind: rooms.KindPlan, Case: r.dossier.ID, Person: &person})
	require.NoError(t, l.Consent(r.camille, r.camille))
	for _, u := range []*roomstest.User{r.vidal, r.helene} {
		require.NoError(t, l.Consent(r.camille, u))
		require.NoError(t, l.Join(u.Device()))
	}
	require.NoError(t, l.Join(r.odette.Device()))
	f := follow(t, l)

	sealed := r.item.room.Item().Minutes.Sealed
	add := func(index uint, performer rooms.ID) rooms.ActionAdded {
		return rooms.ActionAdded{
			Action: rooms.ActionID(sealed.Digest, index), Text: "Tele-alarm", Performer: performer, Due: "2026-01-21",
			Provenance: &rooms.Provenance{
				Session: r.session.log.ID, Item: r.item.log.ID, Number: 1, Date: "2026-01-14", Digest: sealed.Digest,
				Index: index, Signers: 3, Bundle: sealed.Bundle,
			},
		}
	}
	alarm := add(0, r.helene.ID)
	f.accept(r.camille, rooms.EventActionAdded, alarm)
	f.refuse(rooms.CodeConflict, r.camille, rooms.EventActionAdded, alarm)
	f.refuse(rooms.CodeConflict, r.vidal, rooms.EventActionAdded, alarm) // whoever carries it over
	forged := add(1, r.helene.ID)
	forged.Action = identity.NewID()
	f.refuse(rooms.CodeInvalid, r.camille, rooms.EventActionAdded, forged)
	second := add(1, rooms.ID{})
	f.accept(r.vidal, rooms.EventActionAdded, second)

	id := alarm.Action
	status := func(s, reason string) rooms.ActionStatus {
		return rooms.ActionStatus{Action: id, Status: s, Reason: reason}
	}
	require.Equal(t, rooms.AsPerformer, f.room.CanAccept(r.helene.ID, id))
	require.Equal(t, rooms.AsPerson, f.room.CanAccept(r.odette.ID, id))
	require.Empty(t, f.room.CanAccept(r.vidal.ID, id))
	f.refuse(rooms.CodeConflict, r.helene, rooms.EventActionStatus, status(rooms.ActionInProgress, ""))
	f.refuse(rooms.CodeNotAllowed, r.vidal, rooms.EventActionAccepted, rooms.ActionAccepted{Action: id, As: rooms.AsPerformer})
	f.refuse(rooms.CodeNotAllowed, r.camille, rooms.EventActionAccepted, rooms.ActionAccepted{Action: id, As: rooms.AsPerson})
	f.accept(r.helene, rooms.EventActionAccepted, rooms.ActionAccepted{Action: id, As: rooms.AsPerformer})
	f.refuse(rooms.CodeConflict, r.helene, rooms.EventActionAccepted, rooms.ActionAccepted{Action: id, As: rooms.AsPerformer})
	a, _ := f.room.Plan().Action(id)
	require.Equal(t, rooms.ActionProposed, a.Status)
	f.accept(r.odette, rooms.EventActionAccepted, rooms.ActionAccepted{Action: id, As: rooms.AsPerson})
	require.Equal(t, rooms.ActionIsAccepted, a.Status)

	require.Equal(t, []string{rooms.ActionInProgress, rooms.ActionDone, rooms.ActionNotDone}, f.room.CanMove(r.helene.ID, id))
	require.Equal(t, []string{rooms.ActionCancelled}, f.room.CanMove(r.odette.ID, id))
	require.Empty(t, f.room.CanMove(r.vidal.ID, id))
	f.accept(r.helene, rooms.EventActionStatus, status(rooms.ActionInProgress, ""))
	f.refuse(rooms.CodeInvalid, r.helene, rooms.EventActionStatus, status(rooms.ActionNotDone, ""))
	f.refuse(rooms.CodeInvalid, r.helene, rooms.EventActionStatus, status(rooms.ActionNotDone, "OTHER"))
	f.refuse(rooms.CodeNotAllowed, r.vidal, rooms.EventActionStatus, status(rooms.ActionDone, ""))
	f.accept(r.helene, rooms.EventActionStatus, status(rooms.ActionNotDone, "PERSON_REFUSES"))
	require.False(t, a.Open())
	require.Len(t, a.History, 5)
	f.refuse(rooms.CodeUnknown, r.helene, rooms.EventActionStatus, rooms.ActionStatus{Action: identity.NewID(), Status: rooms.ActionDone})

	f.refuse(rooms.CodeNotAllowed, r.vidal, rooms.EventActionRanked, rooms.ActionRanked{Order: []rooms.ID{second.Action}})
	f.accept(r.odette, rooms.EventActionRanked, rooms.ActionRanked{Order: []rooms.ID{second.Action}})
	require.Equal(t, second.Action, f.room.Plan().Actions()[0].Action.Action)
	f.refuse(rooms.CodeUnknown, r.odette, rooms.EventActionRanked, rooms.ActionRanked{Order: []rooms.ID{identity.NewID()}})
	f.sameAfterRestore()
}

func TestActionIDsAreDistinctAndStable(t *testing.T) {
	d := sha256.Sum256([]byte("minutes"))
	require.Equal(t, rooms.ActionID(d, 0), rooms.ActionID(d, 0))
	require.NotEqual(t, rooms.ActionID(d, 0), rooms.ActionID(d, 1))
	require.NotEqual(t, rooms.ActionID(d, 0), rooms.ActionID(sha256.Sum256(nil), 0))
}
