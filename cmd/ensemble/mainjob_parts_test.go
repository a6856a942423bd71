package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/cmd/ensemble/demo"
	"github.com/ensemble-sante/ensemble/crypto/document"
	"github.com/ensemble-sante/ensemble/media"
	"github.com/ensemble-sante/ensemble/rooms"
)

// prescription is a document of 9 MB, two parts of the object store, that has
// the run's mark in it.
func prescription() []byte {
	return append([]byte("%PDF-1.7 Ordonnance de Odette Marchal, neuf médicaments\n"), bytes.Repeat([]byte("amlodipine 5 mg le matin\n"), 9<<20/25)...)
}

const prescriptionName = "ordonnance-marchal.pdf"

// shareDocuments is the first half of part 2: a document reaches those of its
// room, whole, and is noticed when its bytes are changed.
func (j *job) shareDocuments() {
	t, plain := j.t, prescription()
	vidal := j.cast["vidal"]
	up, err := demo.Do[client.DocumentUpload](j.ctx, vidal, "document.begin", client.DocumentBeginArgs{Room: j.c.Team, Size: int64(len(plain))})
	require.NoError(t, err)
	var sealed bytes.Buffer
	w, err := document.Encrypt(&sealed, up.Key)
	require.NoError(t, err)
	_, err = w.Write(plain)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	digest := w.Digest()
	ciphertext := sealed.Bytes()
	for n := int64(0); n*up.PartSize < int64(len(ciphertext)); n++ {
		part := ciphertext[n*up.PartSize : min((n+1)*up.PartSize, int64(len(ciphertext)))]
		status, body, err := vidal.HTTP.Do(j.ctx, http.MethodPut, fmt.Sprintf("/api/documents/%s/parts/%d", up.Document, n+1), part)
		require.NoError(t, err)
		require.Less(t, status, 300, string(body))
	}
	sum := hex.EncodeToString(digest.SHA256[:])
	status, body, err := vidal.HTTP.Do(j.ctx, http.MethodPost, fmt.Sprintf("/api/documents/%s/complete", up.Document),
		[]byte(fmt.Sprintf(`{"sha256":%q,"size":%d}`, base64.RawURLEncoding.EncodeToString(digest.SHA256[:]), digest.Size)))
	require.NoError(t, err)
	require.Less(t, status, 300, string(body))
	_, err = demo.Do[client.EventRef](j.ctx, vidal, "document.share", client.DocumentShareArgs{
		Room: j.c.Team, Document: up.Document, Name: prescriptionName, MediaType: "application/pdf",
		Size: int64(len(plain)), Key: up.Key, SHA256: sum, Ciphertext: digest.Size,
	})
	require.NoError(t, err)

	view(j, "legoff", "room", client.RoomRef{Room: j.c.Team}, func(v client.RoomView) bool {
		return slices.ContainsFunc(v.Items, func(i client.RoomItem) bool { return i.Document != nil && i.Document.Name == prescriptionName })
	})
	legoff := j.cast["legoff"]
	key, err := demo.Do[client.DocumentKey](j.ctx, legoff, "document.key", client.DocumentRef{Room: j.c.Team, Document: up.Document})
	require.NoError(t, err)
	path := "/api/documents/" + up.Document.String()
	status, got, err := legoff.HTTP.Do(j.ctx, http.MethodGet, path, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	open := func(ciphertext []byte) ([]byte, error) {
		r, err := document.DecryptVerified(bytes.NewReader(ciphertext), key.Key, digest)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	}
	opened, err := open(got)
	require.NoError(t, err)
	require.Equal(t, plain, opened)
	got[len(got)/2] ^= 1
	_, err = open(got)
	require.Error(t, err, "changed bytes are refused")

	status, _, err = j.cast["helene"].HTTP.Do(j.ctx, http.MethodGet, path, nil)
	require.NoError(t, err)
	require.GreaterOrEqual(t, status, 400, "the family is not in the team's room")
	view(j, "vidal", "documents", client.CaseParams{Case: j.c.Case}, func(v client.DocumentsView) bool {
		return len(v.Documents) == 1 && len(v.Documents[0].OpenedBy) > 0
	})
}

// plan is the second half of part 2.
func (j *job) plan() {
	t := j.t
	session, err := demo.PlanA(j.ctx, j.cast, j.c, time.Now().Add(time.Hour))
	require.NoError(t, err)
	j.session = session
	ref := client.SessionParams{Session: session}
	planned := view(j, "vidal", "session", ref, func(v client.SessionView) bool {
		return v.State == "READY" && len(v.Items) == 3 && v.Items[0].Known && v.Items[1].Known && v.Items[2].Known
	})
	for _, item := range planned.Items {
		j.items = append(j.items, item.Room)
	}
	lenoir := view(j, "lenoir", "session", ref, func(v client.SessionView) bool { return len(v.Items) == 3 && v.Items[2].Known })
	require.False(t, lenoir.Items[0].Known, "the volunteer is invited to the third item only")
	require.False(t, lenoir.Items[1].Known)
	require.Empty(t, lenoir.Items[0].Question)
	helene := view(j, "helene", "session", ref, func(v client.SessionView) bool {
		return len(v.Items) == 3 && v.Items[0].Known && v.Items[2].Known
	})
	require.False(t, helene.Items[1].Known)

	for who, rooms := range map[string][]client.ID{"vidal": {session}, "legoff": {session, j.items[0]}} {
		for _, room := range rooms {
			view(j, who, "room", client.RoomParams{Room: room}, func(v client.RoomView) bool { return v.State == "READY" })
		}
	}
	j.do("vidal", "rcp.answer", client.AnswerArgs{Session: session, Answer: "COMES"})
	j.do("legoff", "rcp.answer", client.AnswerArgs{Session: session, Answer: "OPINION"})
	j.do("legoff", "rcp.opinion", client.OpinionArgs{Room: j.items[0], Text: "L’escalier est le vrai danger."})
	view(j, "camille", "session", ref, func(v client.SessionView) bool {
		answers := map[string]string{}
		for _, p := range v.Participants {
			answers[p.Name] = p.Answer
		}
		return answers["Dr Antoine Vidal"] == "COMES" && answers["Yann Le Goff"] == "OPINION"
	})
	view(j, "odette", "item", client.RoomRef{Room: j.items[0]}, func(v client.ItemView) bool { return len(v.Opinions) == 1 })
	mails, err := j.store.Outbox(j.ctx, 100)
	require.NoError(t, err)
	require.NotEmpty(t, mails)
	for _, m := range mails {
		require.Contains(t, string(m.Calendar), "BEGIN:VCALENDAR")
	}
}

// meet is part 3: who is admitted to the running item sees and hears, and
// nobody else can.
func (j *job) meet() {
	t := j.t
	ref := client.SessionRef{Session: j.session}
	params := client.SessionParams{Session: j.session}
	present := []string{"camille", "odette", "traore", "vidal"}
	callers := map[string]*caller{}
	for _, key := range append([]string{"lenoir"}, present...) {
		callers[key] = listenTo(t, j.cast[key])
	}
	j.do("camille", "rcp.open", ref)
	for _, key := range append([]string{"lenoir"}, present...) {
		view(j, key, "session", params, func(v client.SessionView) bool { return v.Status == "OPEN" || v.Status == "RUNNING" })
		j.do(key, "call.knock", ref)
	}
	view(j, "camille", "session", params, func(v client.SessionView) bool {
		waiting := 0
		for _, p := range v.Participants {
			if p.Lobby == "WAITING" {
				waiting++
			}
		}
		return waiting >= len(present)
	})
	j.do("camille", "rcp.start_item", client.ItemArgs{Session: j.session, Item: j.items[0]})
	for _, key := range present[1:] {
		j.do("camille", "rcp.admit", client.AdmitArgs{Session: j.session, User: j.cast[key].User})
	}
	var last client.CallView
	for _, key := range present {
		last = view(j, key, "call", params, func(v client.CallView) bool { return v.State == "IN" && len(v.Roster) == len(present) })
	}
	for _, key := range present {
		require.Eventually(t, func() bool { return callers[key].frames.has(last.Epoch) }, patience, 20*time.Millisecond)
	}
	for _, key := range present {
		callers[key].publish(j.ctx, t, j.session)
	}
	for _, to := range present {
		for _, from := range present {
			if to != from {
				peer := peerOf(last, j.cast[from].User)
				require.NotEmpty(t, peer)
				require.NoError(t, callers[to].bot.WaitFrames(j.ctx, peer, media.Camera, 5), "%s sees %s", to, from)
				require.NoError(t, callers[to].bot.WaitFrames(j.ctx, peer, media.Audio, 5), "%s hears %s", to, from)
			}
		}
	}
	// The volunteer waits: no key, no signalling.
	waiting := view(j, "lenoir", "call", params, func(v client.CallView) bool { return v.State != "" })
	require.NotEqual(t, "IN", waiting.State)
	require.False(t, callers["lenoir"].frames.has(0))
	err := demo.Act(j.ctx, j.cast["lenoir"], "call.signal", client.SignalArgs{Session: j.session, Signal: media.Signal{Type: "publish.offer"}})
	require.Error(t, err)

	// Somebody leaves: they are out of the group, and the key changes.
	before := last.Epoch
	j.do("traore", "call.leave", ref)
	view(j, "camille", "call", params, func(v client.CallView) bool { return v.Epoch > before && len(v.Roster) == len(present)-1 })
	j.do("traore", "call.knock", ref)
	view(j, "camille", "call", params, func(v client.CallView) bool { return len(v.Roster) == len(present) })

	j.do("odette", "item.position", client.PositionArgs{Room: j.items[0], Position: rooms.PositionAgree, Text: "Je reste chez moi."})
	j.do("vidal", "item.position", client.PositionArgs{Room: j.items[0], Position: rooms.PositionAgree})
	j.do("traore", "item.position", client.PositionArgs{Room: j.items[0], Position: rooms.PositionReservation, Text: "L’escalier reste dangereux."})
	view(j, "camille", "item", client.RoomRef{Room: j.items[0]}, func(v client.ItemView) bool { return len(v.Positions) == 3 })
	j.do("camille", "rcp.end_item", client.ItemArgs{Session: j.session, Item: j.items[0]})
	view(j, "vidal", "item", client.RoomRef{Room: j.items[0]}, func(v client.ItemView) bool { return len(v.Attendance) == len(present) })
}

const decision = "Odette Marchal reste chez elle, avec une téléalarme."

// sign is part 4, first half: minutes, signatures, seal.
func (j *job) sign() {
	t := j.t
	room := client.RoomRef{Room: j.items[0]}
	j.do("traore", "minutes.snapshot", client.CoeditArgs{Room: j.items[0], Update: []byte{0, 0}})
	j.do("camille", "minutes.propose", client.ProposeArgs{
		Room: j.items[0], Discussion: "Deux chutes, un escalier, une volonté claire.", Synthesis: "Le maintien à domicile est possible.",
		Decisions: []string{decision}, Actions: demo.ActionsA(j.cast, 0, time.Now()),
	})
	proposed := view(j, "vidal", "item", room, func(v client.ItemView) bool { return v.Minutes.State == "PROPOSED" })
	require.Len(t, proposed.Minutes.Content.Positions, 3)
	require.NotEmpty(t, proposed.Minutes.Awaited)

	err := demo.Act(j.ctx, j.cast["legoff"], "minutes.sign", client.SignArgs{Room: j.items[0], Digest: proposed.Minutes.Digest})
	require.Error(t, err, "somebody who was not there does not sign")
	for _, key := range []string{"vidal", "odette", "traore", "camille"} {
		view(j, key, "item", room, func(v client.ItemView) bool { return v.Minutes.State == "PROPOSED" && v.Can.Sign })
		j.do(key, "minutes.sign", client.SignArgs{Room: j.items[0], Digest: proposed.Minutes.Digest})
	}
	view(j, "odette", "item", room, func(v client.ItemView) bool { return v.Minutes.State == "SEALED" })
	export, err := demo.Do[client.Export](j.ctx, j.cast["vidal"], "minutes.export", client.ItemArgs{Session: j.session, Item: j.items[0]})
	require.NoError(t, err)
	j.export = export.Bytes

	report, err := rooms.VerifyBundle(export.Bytes)
	require.NoError(t, err)
	require.True(t, report.Whole, "%+v", report.Problems)
	require.Len(t, report.Signed, 4)
	require.Contains(t, report.Minutes.Decisions, decision)
	forged := bytes.Replace(export.Bytes, []byte("téléalarme"), []byte("telealarme"), 1)
	if !bytes.Equal(forged, export.Bytes) {
		report, err = rooms.VerifyBundle(forged)
		require.True(t, err != nil || !report.Whole, "a changed decision is noticed")
	}
}

// act is part 4, second half: the actions are in the plan once, with their
// provenance, and move as their performers say.
func (j *job) act() {
	t := j.t
	params := client.CaseParams{Case: j.c.Case}
	ready := func(v client.PlanView) bool { return len(v.Actions) == 2 }
	plan := view(j, "odette", "plan", params, ready)
	helenes := client.ActionView{}
	for _, a := range plan.Actions {
		require.NotNil(t, a.Provenance)
		require.Equal(t, uint(1), a.Provenance.Number)
		require.Equal(t, uint(4), a.Provenance.Signers)
		require.Equal(t, "PROPOSED", a.Status)
		if a.Performer == j.cast["helene"].User {
			helenes = a
		}
	}
	view(j, "helene", "plan", params, ready)
	j.do("helene", "plan.accept", client.AcceptArgs{Case: j.c.Case, Action: helenes.Action, As: "PERFORMER"})
	j.do("odette", "plan.accept", client.AcceptArgs{Case: j.c.Case, Action: helenes.Action, As: "PERSON"})
	status := func(want string) func(client.PlanView) bool {
		return func(v client.PlanView) bool {
			return slices.ContainsFunc(v.Actions, func(a client.ActionView) bool { return a.Action == helenes.Action && a.Status == want })
		}
	}
	view(j, "helene", "plan", params, status("ACCEPTED"))
	j.do("helene", "plan.status", client.StatusArgs{Case: j.c.Case, Action: helenes.Action, Status: "IN_PROGRESS"})
	view(j, "helene", "plan", params, status("IN_PROGRESS"))
	err := demo.Act(j.ctx, j.cast["helene"], "plan.status", client.StatusArgs{Case: j.c.Case, Action: helenes.Action, Status: "NOT_DONE"})
	require.Error(t, err, "not done needs a reason")
	j.do("helene", "plan.status", client.StatusArgs{Case: j.c.Case, Action: helenes.Action, Status: "NOT_DONE", Reason: "PERSON_REFUSES", Note: "Maman n’en veut pas."})
	view(j, "camille", "plan", params, status("NOT_DONE"))
}

// withdraw ends the volunteer's consent: he gets nothing more and the others go on.
func (j *job) withdraw() {
	t := j.t
	j.do("odette", "consent.withdraw", client.WithdrawArgs{Case: j.c.Case, Party: j.cast["lenoir"].User, Reason: "Je préfère en parler avec les miens."})
	third := client.RoomRef{Room: j.items[2]}
	view(j, "camille", "item", third, func(v client.ItemView) bool {
		return v.Can.Write && !slices.ContainsFunc(v.Audience.Members, func(m client.Member) bool { return m.User == j.cast["lenoir"].User })
	})
	_, err := demo.Do[client.EventRef](j.ctx, j.cast["camille"], "room.send", client.SendArgs{Room: j.items[2], Text: "Paul ne participe plus."})
	require.NoError(t, err)
	view(j, "vidal", "item", third, func(v client.ItemView) bool { return slices.Contains(messages(v.Chat), "Paul ne participe plus.") })
	_, err = demo.Do[client.EventRef](j.ctx, j.cast["lenoir"], "room.send", client.SendArgs{Room: j.items[2], Text: "Je suis encore là ?"})
	require.Error(t, err)
	var refused *rooms.Error
	require.True(t, errors.As(err, &refused), "%v", err)
}
