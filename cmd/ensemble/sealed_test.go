package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/roomstest"
)

// sealedMinutes is an exported file as a core writes it: an item that was held,
// minuted, signed by those who must, and sealed. Mme Traoré was there and did
// not sign.
func sealedMinutes(t *testing.T) []byte {
	t.Helper()
	w := roomstest.New(t)
	camille, odette := w.User("Camille Renaud", "NURSE_COORDINATOR"), w.User("Odette Marchal", "PERSON")
	vidal, traore := w.User("Dr Antoine Vidal", "GENERAL_PRACTITIONER"), w.User("Aminata Traoré", "SOCIAL_WORKER")
	chair, person := camille.Party(), odette.Party()
	dossier := w.Open(camille, rooms.Genesis{Kind: rooms.KindDossier, Person: &person})
	session := w.Open(camille, rooms.Genesis{Kind: rooms.KindSession, Chair: &chair})
	item := w.Open(camille, rooms.Genesis{Kind: rooms.KindItem, Case: dossier.ID, Session: session.ID, Chair: &chair, Person: &person})
	for _, u := range []*roomstest.User{camille, vidal, traore} {
		require.NoError(t, item.Consent(camille, u))
	}
	for _, u := range []*roomstest.User{vidal, traore, odette} {
		require.NoError(t, item.Join(u.Device()))
	}
	say := func(by *roomstest.User, eventType string, body any) {
		t.Helper()
		_, err := item.Write(by.Device(), eventType, body)
		require.NoError(t, err)
	}
	fold := func() *rooms.Room { return item.Fold(item.All) }

	for _, u := range []*roomstest.User{camille, odette, vidal, traore} {
		say(u, rooms.EventProfile, rooms.Profile{Name: u.Name, Role: u.Role})
	}
	say(camille, rooms.EventItem, rooms.Item{
		Number: 1, Question: "Odette peut-elle vivre chez elle en sécurité ?", Requester: vidal.ID, Person: odette.Name,
		Wish: "Rester chez moi", Dossier: dossier.ID, Type: "DAC", Attending: vidal.ID,
	})
	attendee := func(u *roomstest.User, duty string) rooms.Attendee {
		return rooms.Attendee{User: u.ID, Name: u.Name, Role: u.Role, Duty: duty}
	}
	say(camille, rooms.EventAttendance, rooms.Attendance{From: w.Now - 3_600_000, To: w.Now, Present: []rooms.Attendee{
		attendee(camille, rooms.DutyChair), attendee(vidal, rooms.DutyParticipant), attendee(traore, rooms.DutyParticipant),
	}})
	say(vidal, rooms.EventPosition, rooms.Position{Position: rooms.PositionReservation, Text: "l’escalier"})

	content, err := fold().ComposeMinutes(rooms.MinutesDraft{
		Title: "Concertation de janvier", Zone: "Europe/Paris", Discussion: "Deux chutes.", Synthesis: "Avec de l’aide, oui.",
		Decisions: []string{"Maintien à domicile, avec une téléalarme"},
		Actions:   []rooms.MinutesAction{{Text: "Poser la téléalarme", Due: "2026-01-29"}},
	}, fold().Public().Place())
	require.NoError(t, err)
	proposed, err := rooms.ProposeMinutes(content)
	require.NoError(t, err)
	say(camille, rooms.EventMinutesProposed, proposed)
	sign := func(u *roomstest.User, position rooms.PositionCode, text string) {
		d, err := fold().ComposeDeclaration(u.ID, position, text, w.Now)
		require.NoError(t, err)
		s, err := rooms.SignMinutes(d, u.Key, u.Device().Cert.Bytes())
		require.NoError(t, err)
		say(u, rooms.EventMinutesSigned, s)
	}
	sign(camille, "", "")
	sign(vidal, rooms.PositionReservation, "l’escalier")
	seal, bundle, err := fold().NextSeal()
	require.NoError(t, err)
	require.NoError(t, item.State(camille, rooms.StatementSeal, seal))
	say(camille, rooms.EventMinutesSealed, rooms.MinutesSealed{Version: seal.Version, Bundle: bundle})
	file, err := fold().ExportMinutes()
	require.NoError(t, err)
	return file
}
