package client_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/rooms"
)

// meeting is a session with one item about one case, planned by its chair.
type meeting struct {
	aCase
	session, item ID
}

func (n *network) meets(chair *person, others ...*person) meeting {
	n.t.Helper()
	var circle []client.PartyFields
	for _, p := range others {
		circle = append(circle, party(p, "NURSE"))
	}
	m := meeting{aCase: chair.opensCase(client.IdentityFields{}, circle...)}
	people := []client.PlanPersonFields{{User: chair.user, Duty: rooms.DutyChair, Items: []int{0}}}
	for _, p := range others {
		chair.consents(m.aCase, p, "ALL", m.dossier, m.team, m.plan)
		people = append(people, client.PlanPersonFields{User: p.user, Votes: true, Items: []int{0}})
	}
	m.session = ask[client.SessionRef](chair, "rcp.plan", client.PlanSessionArgs{
		Title: "RCP", Type: "DAC", Starts: time.Now().Add(time.Hour).UnixMilli(), Zone: "Europe/Paris", Minutes: 60,
		Items: []client.PlanItemFields{{Case: m.dossier, Question: "Que faire ?", Minutes: 20}}, Participants: people,
	}).Session
	m.item = watch(chair, "session", inCall(m.session), func(v client.SessionView) bool {
		return len(v.Items) == 1 && v.Items[0].Known
	}).Items[0].Room
	for _, p := range others {
		p.ready(m.session)
		p.ready(m.item)
	}
	return m
}

func TestWhoIsSilentIsTakenOutOfTheCallAndComesBack(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	legoff := n.enrol("Yann Le Goff", "NURSE", "PROFESSIONAL")
	m := n.meets(camille, vidal, legoff)
	camille.do("rcp.open", client.SessionRef{Session: m.session})
	for _, p := range []*person{camille, vidal, legoff} {
		p.do("call.knock", client.SessionRef{Session: m.session})
	}
	camille.do("rcp.start_item", client.ItemArgs{Session: m.session, Item: m.item})
	for _, p := range []*person{vidal, legoff} {
		camille.do("rcp.admit", client.AdmitArgs{Session: m.session, User: p.user})
	}
	before := roster(camille, m.session, 3)
	roster(vidal, m.session, 3)
	roster(legoff, m.session, 3)
	seen := ask[client.CallContext](legoff, "call.context", client.SessionRef{Session: m.session})

	legoff.stop() // the laptop is closed: no good-bye
	after := roster(camille, m.session, 2)
	require.Greater(t, after.Epoch, before.Epoch)
	roster(vidal, m.session, 2)

	legoff.start()
	legoff.online()
	legoff.do("call.knock", client.SessionRef{Session: m.session})
	roster(legoff, m.session, 3)
	again := ask[client.CallContext](legoff, "call.context", client.SessionRef{Session: m.session})
	require.Greater(t, again.Context, seen.Context, "no context is given twice, not even after a restart")

	// A page that is loaded again within seconds enters anew in the place of its leaf.
	vidal.restart()
	vidal.online()
	vidal.do("call.knock", client.SessionRef{Session: m.session})
	roster(vidal, m.session, 3)

	camille.do("rcp.remove", client.AdmitArgs{Session: m.session, User: vidal.user})
	roster(camille, m.session, 2)
	out := watch(vidal, "call", inCall(m.session), func(v client.CallView) bool { return v.State == "REMOVED" })
	require.NotEmpty(t, out.Why)
	camille.do("rcp.admit", client.AdmitArgs{Session: m.session, User: vidal.user})
	vidal.do("call.knock", client.SessionRef{Session: m.session})
	roster(vidal, m.session, 3)
	camille.do("rcp.end_item", client.ItemArgs{Session: m.session, Item: m.item})
	item := watch(vidal, "item", inRoom(m.item), func(v client.ItemView) bool { return len(v.Attendance) == 3 })
	require.Equal(t, "DONE", watch(vidal, "item", inRoom(m.item), func(v client.ItemView) bool { return v.Status == "DONE" }).Status)
	require.False(t, item.Quorum.Reached)
	for _, p := range []*person{camille, vidal, legoff} {
		require.Empty(t, watch(p, "status", nil, func(v client.StatusView) bool { return v.Outbox == 0 }).Alarms, p.name)
	}
}

func TestASessionIsChangedAndItsItemPostponed(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	pons := n.enrol("Mme Pons", "PHARMACIST", "PROFESSIONAL")
	m := n.meets(camille, vidal)
	camille.do("circle.party", client.PartyArgs{Case: m.dossier, Party: party(pons, "PHARMACIST")})
	camille.consents(m.aCase, pons, "ALL", m.dossier)
	plan := client.PlanSessionArgs{
		Title: "RCP de mars", Type: "DAC", Starts: time.Now().Add(2 * time.Hour).UnixMilli(), Zone: "Europe/Paris", Minutes: 90,
		Items: []client.PlanItemFields{
			{Case: m.dossier, Question: "Que faire demain ?", Minutes: 20, Room: m.item},
			{Case: m.dossier, Question: "Les médicaments", Minutes: 20},
		},
		Participants: []client.PlanPersonFields{
			{User: camille.user, Duty: rooms.DutyChair, Items: []int{0, 1}},
			{User: pons.user, Votes: true, Items: []int{0, 1}},
			{User: vidal.user, Votes: true, Items: []int{1}},
		},
	}
	camille.do("rcp.change", client.ChangeSessionArgs{Session: m.session, Plan: plan})
	v := watch(pons, "session", inCall(m.session), func(v client.SessionView) bool {
		return v.Sequence == 2 && len(v.Items) == 2 && v.Items[0].Known && v.Items[1].Known
	})
	require.Equal(t, "RCP de mars", v.Title)
	require.Equal(t, "Que faire demain ?", v.Items[0].Question)
	vidal.ready(v.Items[1].Room)
	watch(vidal, "room", inRoom(m.item), func(v client.RoomView) bool { return v.State == "ENDED" })
	_, err := vidal.try("rcp.change", client.ChangeSessionArgs{Session: m.session, Plan: plan})
	require.Error(t, err)

	camille.do("rcp.open", client.SessionRef{Session: m.session})
	camille.do("rcp.postpone_item", client.ItemArgs{Session: m.session, Item: m.item})
	watch(pons, "session", inCall(m.session), func(v client.SessionView) bool { return v.Items[0].Status == "POSTPONED" })
	camille.do("rcp.close", client.SessionRef{Session: m.session})
	_, err = camille.try("rcp.start_item", client.ItemArgs{Session: m.session, Item: v.Items[1].Room})
	require.Equal(t, rooms.CodeConflict, rooms.CodeOf(err))
}

func TestRoomsCollectorsAndRefusals(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	helene := n.enrol("Hélène", "DAUGHTER", "RELATED")
	c := camille.opensCase(client.IdentityFields{}, party(vidal, "GENERAL_PRACTITIONER"),
		client.PartyFields{Party: helene.user, Name: "Hélène", Role: "DAUGHTER", Category: rooms.CategoryEntourage, Relation: "fille"},
		client.PartyFields{Name: "Marc", Role: "SON", Category: rooms.CategoryEntourage})
	camille.consents(c, vidal, "ALL", c.dossier, c.team)
	vidal.ready(c.dossier)
	first := watch(camille, "case", client.CaseParams{Case: c.dossier}, func(v client.CaseView) bool { return len(v.Circle) == 4 })
	require.Contains(t, first.Warn, "FEW_COLLECTORS")
	son := first.Circle[slices.IndexFunc(first.Circle, func(p client.PartyView) bool { return p.Name == "Marc" })]
	camille.do("consent.refuse", client.RefuseArgs{Case: c.dossier, Party: son.Party, Date: "2026-01-10"})
	camille.do("consent.collector", client.CollectorArgs{Case: c.dossier, Party: vidal.user, Add: true})
	v := watch(vidal, "case", client.CaseParams{Case: c.dossier}, func(v client.CaseView) bool {
		return v.Can.ManageConsents && len(v.Warn) == 0
	})
	require.Equal(t, "REFUSED", v.Circle[slices.IndexFunc(v.Circle, func(p client.PartyView) bool { return p.Name == "Marc" })].Consent)

	camille.do("consent.give", client.ConsentArgs{
		Case: c.dossier, Party: helene.user, Rooms: []ID{c.plan}, Category: rooms.CategoryEntourage, Basis: rooms.BasisExpress,
		GivenBy: "PERSON", Date: "2026-01-10", How: "WRITTEN", History: "ALL",
	})
	family := ask[client.RoomRef](camille, "room.open", client.OpenRoomArgs{
		Case: c.dossier, Title: "Avec la famille", Audience: "FAMILY", Members: []ID{helene.user, vidal.user},
	}).Room
	helene.ready(family)
	vidal.ready(family)
	helene.says(family, "Maman va mieux.")
	got := vidal.reads(family, "Maman va mieux.")
	require.Equal(t, "FAMILY", got.Audience.Code)
	require.Equal(t, "Avec la famille", got.Title)
	require.Len(t, got.Audience.Members, 3)
	_, err := camille.try("room.open", client.OpenRoomArgs{Case: c.dossier, Title: "Sans lui", Members: []ID{son.Party}})
	require.Equal(t, rooms.CodeNotConsented, rooms.CodeOf(err))
	_, err = helene.try("room.open", client.OpenRoomArgs{Case: c.dossier, Title: "À moi"})
	require.Error(t, err)

	_, err = camille.try("case.create", client.CreateCaseArgs{Person: client.IdentityFields{
		FamilyName: "X", GivenName: "Y", BirthDate: "1950-01-01", INS: "238059999900100",
	}})
	require.Equal(t, rooms.CodeInvalid, rooms.CodeOf(err), "the key of the INS is wrong")
	camille.do("case.life_project", client.LifeProjectArgs{Case: c.dossier, Text: "Voir la mer.", Said: "2026-02-01"})
	watch(vidal, "case", client.CaseParams{Case: c.dossier}, func(v client.CaseView) bool {
		return v.LifeProject != nil && v.LifeProject.Text == "Voir la mer."
	})
	camille.do("room.draft", client.DraftArgs{Room: c.team, Text: "à finir"})
	camille.restart()
	watch(camille, "room", inRoom(c.team), func(v client.RoomView) bool { return v.Draft == "à finir" })
	camille.do("consent.withdraw", client.WithdrawArgs{Case: c.dossier, Party: helene.user, Rooms: []ID{family}})
	watch(helene, "room", inRoom(family), func(v client.RoomView) bool { return v.State == "ENDED" })
	helene.ready(c.plan)

	camille.do("session.sign_out", nil)
	require.Equal(t, "EMPTY", ask[client.DeviceState](camille, "device.state", nil).State)
	pairs, err := camille.storage.Scan(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, pairs, "nothing stays on the device")
}

func TestNothingStaysOfWhatCameWhileSomebodySignedOut(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	require.NoError(t, camille.core.EraseAfter(t.Context(), "entry/late", []byte("sealed")))
	pairs, err := camille.storage.Scan(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, pairs)
}
