package client_test

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/rooms"
)

// keys collects the SFrame base keys that a device hands out.
type keys struct {
	mu   sync.Mutex
	seen map[ID]map[uint64]string // call → epoch → key
	more chan struct{}
}

func listen(p *person) *keys {
	k := &keys{seen: map[ID]map[uint64]string{}, more: make(chan struct{}, 1)}
	p.t.Cleanup(p.core.Live(func(j, secret []byte) {
		var e client.KeysEvent
		if json.Unmarshal(j, &e) != nil || e.Event != "keys" {
			return
		}
		k.mu.Lock()
		if k.seen[e.Call] == nil {
			k.seen[e.Call] = map[uint64]string{}
		}
		k.seen[e.Call][e.Epoch] = string(secret)
		k.mu.Unlock()
		select {
		case k.more <- struct{}{}:
		default:
		}
	}))
	return k
}

func (k *keys) at(call ID, epoch uint64) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seen[call][epoch]
}

func inCall(session ID) client.SessionParams { return client.SessionParams{Session: session} }

// roster waits until a device is in a call with so many others in it.
func roster(p *person, session ID, people int) client.CallView {
	p.t.Helper()
	return watch(p, "call", inCall(session), func(v client.CallView) bool { return v.State == "IN" && len(v.Roster) == people })
}

func TestAnRCPFromPlanToCarePlan(t *testing.T) {
	n := startNetwork(t)
	odette := n.enrol("Odette Marchal", "PERSON", "PERSON")
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	traore := n.enrol("Mme Traoré", "SOCIAL_WORKER", "PROFESSIONAL")
	paul := n.enrol("Paul Lenoir", "VOLUNTEER", "VOLUNTEER")
	gp := party(vidal, "GENERAL_PRACTITIONER")
	gp.Attending = true
	c := camille.opensCase(client.IdentityFields{
		FamilyName: "Marchal", GivenName: "Odette", BirthDate: "1938-05-12", INS: "238059999900106", User: odette.user,
	}, gp, party(traore, "SOCIAL_WORKER"),
		client.PartyFields{Party: paul.user, Name: "Paul Lenoir", Role: "VOLUNTEER", Category: rooms.CategoryGuest})
	for _, p := range []*person{vidal, traore} {
		camille.consents(c, p, "ALL", c.dossier, c.team, c.plan)
	}
	for _, p := range []*person{odette, vidal, traore} {
		p.ready(c.dossier)
		p.ready(c.plan)
	}

	session := ask[client.SessionRef](camille, "rcp.plan", client.PlanSessionArgs{
		Title: "RCP de janvier", Type: "DAC", Starts: time.Now().Add(time.Hour).UnixMilli(), Zone: "Europe/Paris", Minutes: 60,
		Items: []client.PlanItemFields{
			{Case: c.dossier, Question: "En sécurité à la maison ?", Wish: "Rester chez moi", Requester: vidal.user, Minutes: 20},
			{Case: c.dossier, Question: "L'isolement", Requester: vidal.user, Minutes: 20},
		},
		Participants: []client.PlanPersonFields{
			{User: camille.user, Duty: rooms.DutyChair, Items: []int{0, 1}},
			{User: vidal.user, Duty: rooms.DutyRequester, Votes: true, Items: []int{0, 1}},
			{User: traore.user, Duty: rooms.DutySecretary, Votes: true, Items: []int{0, 1}},
			{User: paul.user, Duty: rooms.DutyGuest, Votes: true, Items: []int{1}},
			{User: odette.user, Duty: rooms.DutyParticipant, Votes: true, Items: []int{0}},
		},
	}).Session
	planned := watch(camille, "session", inCall(session), func(v client.SessionView) bool {
		return len(v.Items) == 2 && v.Items[0].Known && v.Items[1].Known
	})
	require.True(t, planned.Can.Chair)
	require.True(t, planned.Can.Edit)
	one, two := planned.Items[0].Room, planned.Items[1].Room
	for _, p := range planned.Participants {
		if p.User == paul.user {
			require.Equal(t, "NONE", p.Consent)
		}
	}
	// Paul is let into the second item only, and so into the session.
	camille.do("consent.give", client.ConsentArgs{
		Case: c.dossier, Party: paul.user, Rooms: []ID{two}, Category: rooms.CategoryGuest, Basis: rooms.BasisExpress,
		GivenBy: "PERSON", Date: "2026-01-10", How: "ORAL", History: "ALL",
	})
	for _, p := range []*person{vidal, traore, odette} {
		p.ready(session)
		p.ready(one)
	}
	paul.ready(session)
	paul.ready(two)
	require.False(t, watch(paul, "session", inCall(session), func(v client.SessionView) bool {
		return len(v.Items) == 2 && v.Items[1].Known
	}).Items[0].Known, "Paul knows nothing of the first item")

	home := watch(vidal, "home", nil, func(v client.HomeView) bool { return len(v.Worklist) == 1 && len(v.Meetings) == 1 })
	require.Equal(t, "ANSWER_INVITATION", home.Worklist[0].Kind)
	vidal.do("rcp.answer", client.AnswerArgs{Session: session, Answer: "COMES"})
	watch(camille, "session", inCall(session), func(v client.SessionView) bool {
		for _, p := range v.Participants {
			if p.User == vidal.user && p.Answer == "COMES" {
				return true
			}
		}
		return false
	})

	// The lobby.
	everybody := []*person{camille, vidal, traore, paul, odette}
	heard := map[*person]*keys{}
	for _, p := range everybody {
		heard[p] = listen(p)
	}
	camille.do("rcp.open", client.SessionRef{Session: session})
	for _, p := range everybody {
		watch(p, "session", inCall(session), func(v client.SessionView) bool { return v.Status == "OPEN" })
		p.do("call.knock", client.SessionRef{Session: session})
	}
	watch(camille, "session", inCall(session), func(v client.SessionView) bool {
		waiting := 0
		for _, p := range v.Participants {
			if p.Lobby == "WAITING" {
				waiting++
			}
		}
		return waiting == 5
	})
	for _, p := range everybody[1:] {
		camille.do("rcp.admit", client.AdmitArgs{Session: session, User: p.user})
	}
	camille.do("rcp.start_item", client.ItemArgs{Session: session, Item: one})
	var call client.CallView
	for _, p := range []*person{camille, vidal, traore, odette} {
		call = roster(p, session, 4)
	}
	// All of them have the same key, and Paul has none.
	for _, p := range []*person{camille, vidal, traore} {
		require.Equal(t, heard[odette].at(call.Call, call.Epoch), heard[p].at(call.Call, call.Epoch))
		require.Len(t, heard[p].at(call.Call, call.Epoch), 16)
	}
	require.Empty(t, heard[paul].seen)
	require.Equal(t, "WAITING", watch(paul, "call", inCall(session), func(v client.CallView) bool { return v.State != "NONE" }).State)

	a := ask[client.CallContext](vidal, "call.context", client.SessionRef{Session: session})
	b := ask[client.CallContext](vidal, "call.context", client.SessionRef{Session: session})
	require.NotEqual(t, a.Context, b.Context)

	vidal.do("call.hand", client.HandArgs{Session: session, Raised: true})
	watch(camille, "call", inCall(session), func(v client.CallView) bool { return len(v.Hands) == 1 && v.Hands[0] == vidal.user })

	// Who leaves is removed by the lowest leaf that remains, and the keys change.
	odette.do("call.leave", client.SessionRef{Session: session})
	after := roster(vidal, session, 3)
	require.Greater(t, after.Epoch, call.Epoch)
	require.Empty(t, heard[odette].at(after.Call, after.Epoch))
	odette.do("call.knock", client.SessionRef{Session: session})
	roster(odette, session, 4)

	// The session moves on, and with it who is in.
	vidal.do("item.position", client.PositionArgs{Room: one, Position: rooms.PositionAgree})
	traore.do("item.position", client.PositionArgs{Room: one, Position: rooms.PositionReservation, Text: "l'escalier"})
	camille.do("rcp.start_item", client.ItemArgs{Session: session, Item: two})
	second := roster(paul, session, 4)
	for _, p := range []*person{camille, vidal, traore} {
		roster(p, session, 4)
	}
	require.NotEqual(t, call.Call, second.Call)
	require.Empty(t, heard[odette].seen[second.Call], "Odette is not in the second item")

	// A withdrawal during the call takes its person out.
	began := time.Now()
	odette.do("consent.withdraw", client.WithdrawArgs{Case: c.dossier, Party: paul.user, Reason: "fatiguée"})
	out := roster(vidal, session, 3)
	t.Logf("out of the call %s after the withdrawal", time.Since(began).Round(time.Millisecond))
	require.Empty(t, heard[paul].at(out.Call, out.Epoch))

	camille.do("rcp.end_item", client.ItemArgs{Session: session, Item: two})
	camille.do("rcp.close", client.SessionRef{Session: session})

	// The minutes of the first item.
	item := watch(traore, "item", inRoom(one), func(v client.ItemView) bool { return len(v.Attendance) == 4 && len(v.Positions) == 2 })
	require.True(t, item.Quorum.Reached, "%v", item.Quorum.Missing)
	require.True(t, item.Can.Draft && item.Can.Propose)
	traore.do("minutes.snapshot", client.CoeditArgs{Room: one, Update: []byte{1, 2, 3}})
	traore.do("minutes.propose", client.ProposeArgs{
		Room: one, Discussion: "On a parlé.", Synthesis: "Maintien à domicile.", Decisions: []string{"Rester chez soi"},
		Actions: []rooms.MinutesAction{
			{Text: "Dossier APA", Performer: traore.user, PerformerName: "Mme Traoré", Due: "2026-02-01"},
			{Text: "Bilan des médicaments", Performer: vidal.user, PerformerName: "Dr Vidal"},
		},
	})
	for _, p := range []*person{vidal, traore, camille} {
		v := watch(p, "item", inRoom(one), func(v client.ItemView) bool { return v.Minutes.State == "PROPOSED" && v.Can.Sign })
		_, err := p.try("minutes.sign", client.SignArgs{Room: one, Digest: "00"})
		require.Equal(t, rooms.CodeChanged, rooms.CodeOf(err))
		p.do("minutes.sign", client.SignArgs{Room: one, Digest: v.Minutes.Digest})
	}
	sealed := watch(odette, "item", inRoom(one), func(v client.ItemView) bool { return v.Minutes.State == "SEALED" })
	require.Equal(t, []string{"Odette Marchal"}, sealed.Minutes.PresentNotSigned)
	require.Len(t, sealed.Minutes.Signatures, 3)
	file := ask[client.Export](vidal, "minutes.export", client.ItemArgs{Session: session, Item: one})
	report, err := rooms.VerifyBundle(file.Bytes)
	require.NoError(t, err)
	require.True(t, report.Whole, "%v", report.Problems)
	_, err = vidal.try("item.position", client.PositionArgs{Room: one, Position: rooms.PositionAgree})
	require.Equal(t, rooms.CodeSealed, rooms.CodeOf(err))
	vidal.do("minutes.addendum", client.AddendumArgs{Room: one, Text: "Une précision."})
	watch(camille, "item", inRoom(one), func(v client.ItemView) bool { return len(v.Minutes.Addenda) == 1 })

	// The plan of care holds both actions, once.
	plan := watch(odette, "plan", client.CaseParams{Case: c.dossier}, func(v client.PlanView) bool { return len(v.Actions) == 2 })
	require.Equal(t, uint(1), plan.Actions[0].Provenance.Number)
	require.Equal(t, uint(3), plan.Actions[0].Provenance.Signers)
	for _, a := range plan.Actions {
		odette.do("plan.accept", client.AcceptArgs{Case: c.dossier, Action: a.Action, As: "PERSON"})
	}
	mine := watch(traore, "plan", client.CaseParams{Case: c.dossier}, func(v client.PlanView) bool {
		return len(v.Actions) == 2 && len(v.Actions[0].AcceptedBy) == 1
	}).Actions[0]
	require.Equal(t, "PERFORMER", mine.CanAccept)
	traore.do("plan.accept", client.AcceptArgs{Case: c.dossier, Action: mine.Action, As: "PERFORMER"})
	traore.do("plan.status", client.StatusArgs{Case: c.dossier, Action: mine.Action, Status: "IN_PROGRESS"})
	traore.do("plan.status", client.StatusArgs{Case: c.dossier, Action: mine.Action, Status: "NOT_DONE", Reason: "PERSON_REFUSES"})
	watch(odette, "plan", client.CaseParams{Case: c.dossier}, func(v client.PlanView) bool {
		return v.Actions[0].Status == "NOT_DONE" && v.Actions[0].Reason == "PERSON_REFUSES"
	})

	hits := ask[client.SearchResult](vidal, "search", client.SearchArgs{Text: "medicament"}).Hits
	require.Len(t, hits, 1)
	require.Equal(t, "ACTION", hits[0].Kind)
	for _, p := range everybody {
		v := watch(p, "status", nil, func(v client.StatusView) bool { return v.Outbox == 0 })
		require.Empty(t, v.Alarms, p.name)
	}
}
