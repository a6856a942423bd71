package client_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
)

func TestWithdrawalChangesTheKeys(t *testing.T) {
	n := startNetwork(t)
	odette := n.enrol("Odette Marchal", "PERSON", "PERSON")
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	paul := n.enrol("Paul Lenoir", "VOLUNTEER", "VOLUNTEER")
	c := camille.opensCase(client.IdentityFields{
		FamilyName: "Marchal", GivenName: "Odette", BirthDate: "1938-05-12", User: odette.user,
	}, client.PartyFields{Party: paul.user, Name: "Paul Lenoir", Role: "VOLUNTEER", Category: rooms.CategoryGuest})
	camille.do("consent.give", client.ConsentArgs{
		Case: c.dossier, Party: paul.user, Rooms: []ID{c.team}, Category: rooms.CategoryGuest, Basis: rooms.BasisExpress,
		GivenBy: "PERSON", Date: "2026-01-10", How: "ORAL", History: "NOW",
	})
	camille.says(c.team, "avant")
	odette.ready(c.team)
	paul.ready(c.team)
	odette.ready(c.dossier)
	paul.says(c.team, "bonjour de Paul")
	camille.reads(c.team, "avant", "bonjour de Paul")
	paul.reads(c.team, "avant", "bonjour de Paul")

	odette.do("consent.withdraw", client.WithdrawArgs{Case: c.dossier, Party: paul.user, Reason: "plus besoin"})
	camille.says(c.team, "après le retrait")
	camille.reads(c.team, "avant", "bonjour de Paul", "après le retrait")
	odette.says(c.team, "merci")
	camille.reads(c.team, "avant", "bonjour de Paul", "après le retrait", "merci")
	watch(paul, "room", inRoom(c.team), func(v client.RoomView) bool { return v.State == "ENDED" && !v.Can.Write })

	v := watch(camille, "room", inRoom(c.team), func(v client.RoomView) bool {
		for _, i := range v.Items {
			if i.Kind == "LEFT" && i.Name == "Paul Lenoir" {
				return true
			}
		}
		return false
	})
	require.Empty(t, v.RemovalPending)
	consents := watch(camille, "consents", client.CaseParams{Case: c.dossier}, func(v client.ConsentsView) bool {
		for _, r := range v.Rows {
			if r.Party.Name == "Paul Lenoir" && r.Party.Consent == "WITHDRAWN" && len(r.History) == 2 {
				return true
			}
		}
		return false
	})
	require.NotEmpty(t, consents.Rows)

	// With everything that Paul's device holds, nothing of what follows decrypts;
	// with what Camille's holds, it does.
	held := client.HeldKeys(t, paul.storage, testKey, c.team)
	require.NotEmpty(t, held)
	opened, closed := 0, 0
	for _, s := range client.StoredEvents(t, camille.storage, testKey, c.team) {
		h := record.Header{Room: c.team, Group: s.Group, Epoch: s.Epoch, Sender: s.Device}
		can := false
		for _, key := range held {
			if _, err := key.Open(h, s.Sealed); err == nil {
				can = true
			}
		}
		own := false
		for _, key := range client.HeldKeys(t, camille.storage, testKey, c.team) {
			if _, err := key.Open(h, s.Sealed); err == nil {
				own = true
			}
		}
		require.True(t, own)
		if can {
			opened++
		} else {
			closed++
		}
	}
	require.GreaterOrEqual(t, opened, 2, "what he could read stays readable")
	require.GreaterOrEqual(t, closed, 2, "the two messages after the withdrawal")

	_, err := paul.try("room.send", client.SendArgs{Room: c.team, Text: "encore moi"})
	require.Error(t, err)
}

func TestAnExpiredOrMissingConsentLetsNobodyIn(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	aydin := n.enrol("M. Aydin", "PHYSIOTHERAPIST", "PROFESSIONAL")
	c := camille.opensCase(client.IdentityFields{})
	_, err := aydin.try("room.send", client.SendArgs{Room: c.team, Text: "?"})
	require.Equal(t, rooms.CodeUnknownRoom, rooms.CodeOf(err))
	_, err = camille.try("consent.give", client.ConsentArgs{
		Case: c.dossier, Party: aydin.user, Rooms: []ID{c.team}, Category: rooms.CategoryGuest, Basis: rooms.BasisNonOpposition,
		GivenBy: "PERSON", Date: "2026-01-10", How: "ORAL", History: "ALL",
	})
	require.Equal(t, rooms.CodeInvalid, rooms.CodeOf(err), "a guest needs express consent")
	_, err = camille.try("consent.give", client.ConsentArgs{
		Case: c.dossier, Party: aydin.user, Rooms: []ID{c.team}, Category: rooms.CategoryCareTeam, Basis: rooms.BasisNonOpposition,
		GivenBy: "PERSON", Date: "2026-01-10", How: "ORAL", History: "ALL", Expires: 1,
	})
	require.Equal(t, rooms.CodeExpired, rooms.CodeOf(err))
}

func TestWhoLeavesACaseLeavesItsSessions(t *testing.T) {
	n := startNetwork(t)
	odette := n.enrol("Odette Marchal", "PERSON", "PERSON")
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	yann := n.enrol("Yann Le Goff", "NURSE", "PROFESSIONAL")
	paul := n.enrol("Paul Lenoir", "VOLUNTEER", "VOLUNTEER")
	c := camille.opensCase(client.IdentityFields{
		FamilyName: "Marchal", GivenName: "Odette", BirthDate: "1938-05-12", User: odette.user,
	}, party(vidal, "GENERAL_PRACTITIONER"), party(yann, "NURSE"), party(paul, "VOLUNTEER"))
	for _, p := range []*person{vidal, yann, paul} {
		camille.consents(c, p, "ALL", c.dossier, c.team)
	}
	everybody := []*person{odette, vidal, yann, paul}
	for _, p := range everybody {
		p.ready(c.dossier)
	}
	both := []int{0, 1}
	session := ask[client.SessionRef](camille, "rcp.plan", client.PlanSessionArgs{
		Title: "RCP", Type: "DAC", Starts: time.Now().Add(time.Hour).UnixMilli(), Zone: "Europe/Paris", Minutes: 60,
		Items: []client.PlanItemFields{{Case: c.dossier, Question: "Un ?"}, {Case: c.dossier, Question: "Deux ?"}},
		Participants: []client.PlanPersonFields{
			{User: camille.user, Duty: rooms.DutyChair, Items: both}, {User: vidal.user, Votes: true, Items: both},
			{User: yann.user, Votes: true, Items: both}, {User: paul.user, Duty: rooms.DutyGuest, Items: both[1:]},
			{User: odette.user, Items: both},
		},
	}).Session
	for _, p := range everybody {
		p.ready(session)
	}
	items := watch(camille, "session", inCall(session), func(v client.SessionView) bool { return len(v.Items) == 2 && v.Items[1].Known }).Items
	out := func(p *person) {
		t.Helper()
		watch(p, "home", nil, func(v client.HomeView) bool { return len(v.Meetings) == 0 })
		watch(camille, "session", inCall(session), func(v client.SessionView) bool {
			return slices.ContainsFunc(v.Participants, func(q client.SessionPerson) bool { return q.User == p.user && q.Consent == "WITHDRAWN" })
		})
	}

	// The chair's own word names the session.
	camille.do("consent.withdraw", client.WithdrawArgs{Case: c.dossier, Party: paul.user})
	out(paul)
	// The person has no say in the session: its collector follows hers.
	odette.do("consent.withdraw", client.WithdrawArgs{Case: c.dossier, Party: yann.user})
	out(yann)
	// Whoever keeps an item keeps the session, and loses it with the last one.
	camille.do("consent.withdraw", client.WithdrawArgs{Case: c.dossier, Party: vidal.user, Rooms: []ID{items[0].Room}})
	watch(vidal, "room", inRoom(items[0].Room), func(v client.RoomView) bool { return v.State == "ENDED" })
	watch(vidal, "home", nil, func(v client.HomeView) bool { return len(v.Meetings) == 1 })
	vidal.do("consent.withdraw", client.WithdrawArgs{Case: c.dossier, Party: vidal.user, Rooms: []ID{items[1].Room}})
	out(vidal)
	watch(odette, "home", nil, func(v client.HomeView) bool { return len(v.Meetings) == 1 })
}
