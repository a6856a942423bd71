package demo

import (
	"context"
	"slices"
	"time"

	"github.com/ensemble-sante/ensemble/client"
)

// Cast gives the players of a scenario by their key.
type Cast map[string]*Player

// member is somebody let into a case: by which category and basis, how.
type member struct {
	key      string
	party    client.PartyFields
	category string
	basis    string
	how      string
	rooms    []string // names of rooms: dossier, plan, team, family
}

// opened are the rooms of a case by name.
type opened struct {
	id    client.ID
	rooms map[string]client.ID
}

// party gives the fields of the care circle for a persona.
func (c Cast) party(key, category, relation string) client.PartyFields {
	p := c[key]
	return client.PartyFields{
		Party: p.User, Name: p.Name, Role: p.Role, Category: category,
		Relation: relation, Organisation: p.Organisation, RPPS: p.RPPS,
	}
}

// CaseB plays Karim Belkacem's case as it stands when a visitor arrives: the
// dossier, three conversations, and a plan that has begun.
func CaseB(ctx context.Context, cast Cast, now time.Time) (client.ID, error) {
	camille := cast["camille"]
	today := now.Format(time.DateOnly)
	ref, err := Do[client.CaseRef](ctx, camille, "case.create", client.CreateCaseArgs{
		Person: client.IdentityFields{
			FamilyName: "Belkacem", GivenName: "Karim", BirthDate: "1961-11-04", Sex: "M",
			INS: "161119999900291", Phone: "01 99 00 21 47", User: cast["karim"].User,
		},
		LifeProject: "Je veux rester à la maison, dans mon fauteuil près de la fenêtre. Je ne veux pas souffrir la nuit. Et je veux que Samia puisse dormir.",
		Leaflet:     client.LeafletFields{Version: "v3", Date: today, How: "WRITTEN"},
		Circle: []client.PartyFields{
			{Name: "Mehdi Belkacem", Role: "FAMILY", Category: "ENTOURAGE", Relation: "Frère"},
		},
	})
	if err != nil {
		return client.ID{}, err
	}
	standing, err := caseRooms(ctx, camille, ref.Case)
	if err != nil {
		return client.ID{}, err
	}
	all := []string{"dossier", "plan", "team"}
	members := []member{
		{key: "vidal", category: "CARE_TEAM", basis: "NON_OPPOSITION", how: "ORAL", rooms: all},
		{key: "bernard", category: "CARE_TEAM", basis: "NON_OPPOSITION", how: "ORAL", rooms: all},
		{key: "legoff", category: "CARE_TEAM", basis: "NON_OPPOSITION", how: "ORAL", rooms: all},
		{key: "lemaire", category: "CARE_TEAM", basis: "NON_OPPOSITION", how: "ORAL", rooms: all},
		{key: "moreau", category: "CARE_TEAM", basis: "NON_OPPOSITION", how: "ORAL", rooms: all},
		{key: "pons", category: "CARE_TEAM", basis: "NON_OPPOSITION", how: "ORAL", rooms: all},
		{key: "samia", category: "ENTOURAGE", basis: "EXPRESS_CONSENT", how: "WRITTEN", rooms: []string{"dossier", "plan"}},
	}
	for i := range members {
		m := &members[i]
		m.party = cast.party(m.key, m.category, "")
		switch m.key {
		case "vidal":
			m.party.Attending = true
		case "bernard":
			m.party.Lead = true
		case "samia":
			m.party.Relation, m.party.Trusted, m.party.Emergency = "Épouse", true, true
		}
	}
	if err := admit(ctx, camille, standing, members, today); err != nil {
		return client.ID{}, err
	}
	family, err := Do[client.RoomRef](ctx, camille, "room.open", client.OpenRoomArgs{
		Case: ref.Case, Title: "Avec Karim et Samia", Audience: "FAMILY",
		Members: []client.ID{cast["karim"].User, cast["samia"].User, cast["lemaire"].User, cast["bernard"].User, cast["moreau"].User},
	})
	if err != nil {
		return client.ID{}, err
	}
	standing.rooms["family"] = family.Room

	lines := []struct{ by, room, text string }{
		{"lemaire", "team", "Vu Karim ce matin. Douleur à 6 la nuit dernière malgré les interdoses. Je propose une pompe ; on en parle à la réunion ?"},
		{"vidal", "team", "D’accord avec vous. Je prépare les prescriptions anticipées en attendant."},
		{"legoff", "team", "La nuit, je ne peux pas me déplacer après 22 h. Il faut savoir qui on appelle."},
		{"bernard", "team", "L’HAD a une astreinte infirmière de nuit : 01 99 00 45 10. Je la mets sur la fiche."},
		{"samia", "family", "Bonjour à tous. Il a mal dormi, mais il a souri ce matin. Je peux lui donner la dose d’avance avant la toilette ?"},
		{"lemaire", "family", "Oui Samia, vingt minutes avant. Et appelez-nous sans hésiter si cela ne suffit pas."},
		{"karim", "family", "Merci. Pensez à Samia aussi, elle ne le dira pas mais elle est fatiguée."},
	}
	for _, l := range lines {
		if err := await(ctx, cast[l.by], standing.rooms[l.room]); err != nil {
			return client.ID{}, err
		}
		if err := Act(ctx, cast[l.by], "room.send", client.SendArgs{Room: standing.rooms[l.room], Text: l.text}); err != nil {
			return client.ID{}, err
		}
	}
	actions := []client.AddActionArgs{
		{Case: ref.Case, Problem: "Douleur la nuit", Goal: "Des nuits sous 3 sur 10", Text: "Poser la pompe et former l’équipe de nuit", Performer: cast["bernard"].User, Due: now.AddDate(0, 0, 1).Format(time.DateOnly), Criterion: "Douleur notée deux nuits de suite"},
		{Case: ref.Case, Problem: "Urgence", Goal: "Que le SAMU sache ce que Karim veut", Text: "Envoyer la fiche d’urgence au SAMU", Performer: cast["vidal"].User, Due: now.AddDate(0, 0, 2).Format(time.DateOnly)},
		{Case: ref.Case, Problem: "Épuisement de Samia", Goal: "Deux nuits de repos par semaine", Text: "Trouver une garde de nuit", Performer: camille.User, Due: now.AddDate(0, 0, 5).Format(time.DateOnly)},
	}
	for _, a := range actions {
		if err := Act(ctx, camille, "plan.add", a); err != nil {
			return client.ID{}, err
		}
	}
	return ref.Case, nil
}

// caseRooms waits until the rooms of a fresh case are in its dossier.
func caseRooms(ctx context.Context, p *Player, id client.ID) (opened, error) {
	v, err := Await(ctx, p, "case", map[string]any{"case": id}, func(v client.CaseView) bool {
		return v.State == "READY" && v.Plan != nil && hasTeamThread(v.Rooms)
	})
	if err != nil {
		return opened{}, err
	}
	o := opened{id: id, rooms: map[string]client.ID{"dossier": id, "plan": v.Plan.Room}}
	for _, r := range v.Rooms {
		if r.Kind == "THREAD" && r.Audience == "TEAM" {
			o.rooms["team"] = r.Room
		}
	}
	return o, nil
}

func hasTeamThread(cards []client.RoomCard) bool {
	return slices.ContainsFunc(cards, func(r client.RoomCard) bool { return r.Kind == "THREAD" && r.Audience == "TEAM" })
}

// admit puts people into the care circle and gives them the consent they need.
func admit(ctx context.Context, collector *Player, c opened, members []member, date string) error {
	for _, m := range members {
		if err := Act(ctx, collector, "circle.party", client.PartyArgs{Case: c.id, Party: m.party}); err != nil {
			return err
		}
		ids := make([]client.ID, len(m.rooms))
		for i, name := range m.rooms {
			ids[i] = c.rooms[name]
		}
		if len(ids) == 0 {
			continue
		}
		err := Act(ctx, collector, "consent.give", client.ConsentArgs{
			Case: c.id, Party: m.party.Party, Rooms: ids, Category: m.category, Basis: m.basis,
			GivenBy: "PERSON", Date: date, How: m.how, Leaflet: "v3", History: "ALL",
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// await waits until a player is in a room and may write there.
func await(ctx context.Context, p *Player, room client.ID) error {
	_, err := Await(ctx, p, "room", client.RoomRef{Room: room}, func(v client.RoomView) bool {
		return v.State == "READY" && v.Can.Write
	})
	return err
}
