package demo

import (
	"context"
	"time"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/rooms"
)

// OpenA opens Odette Marchal's case: identity, life project, leaflet, care
// circle, receipts; her son is refused; the family thread has other members
// than the team's.
func OpenA(ctx context.Context, cast Cast, now time.Time) (CaseA, error) {
	camille := cast["camille"]
	today := now.Format(time.DateOnly)
	ref, err := Do[client.CaseRef](ctx, camille, "case.create", client.CreateCaseArgs{
		Person: client.IdentityFields{
			FamilyName: "Marchal", GivenName: "Odette", BirthDate: "1938-05-17", Sex: "F",
			INS: "238059999900106", Phone: "01 99 00 38 17", User: cast["odette"].User,
		},
		LifeProject: "Je veux rester chez moi, avec mon chat et mes voisins. J’ai toujours marché jusqu’au marché le jeudi, et je veux y retourner.",
		Leaflet:     client.LeafletFields{Version: "v3", Date: today, How: "ORAL"},
	})
	if err != nil {
		return CaseA{}, err
	}
	c, err := caseRooms(ctx, camille, ref.Case)
	if err != nil {
		return CaseA{}, err
	}
	all := []string{"dossier", "plan", "team"}
	members := []member{
		{key: "aydin", category: "CARE_TEAM", basis: "NON_OPPOSITION", how: "ORAL", rooms: all},
		{key: "helene", category: "ENTOURAGE", basis: "EXPRESS_CONSENT", how: "ORAL", rooms: []string{"dossier", "plan"}},
		{key: "legoff", category: "CARE_TEAM", basis: "NON_OPPOSITION", how: "ORAL", rooms: all},
		{key: "lenoir", category: "GUEST", basis: "EXPRESS_CONSENT", how: "ORAL"},
		{key: "okafor", category: "CARE_TEAM", basis: "NON_OPPOSITION", how: "ORAL", rooms: all},
		{key: "pons", category: "CARE_TEAM", basis: "NON_OPPOSITION", how: "ORAL", rooms: all},
		{key: "traore", category: "CARE_TEAM", basis: "NON_OPPOSITION", how: "ORAL", rooms: all},
		{key: "vidal", category: "CARE_TEAM", basis: "NON_OPPOSITION", how: "ORAL", rooms: all},
	}
	members = present(cast, members)
	for i := range members {
		m := &members[i]
		m.party = cast.party(m.key, m.category, "")
		switch m.key {
		case "vidal":
			m.party.Attending = true
		case "helene":
			m.party.Relation, m.party.Trusted, m.party.Emergency = "Fille", true, true
		}
	}
	if err := admit(ctx, camille, c, members, today); err != nil {
		return CaseA{}, err
	}
	son, err := Do[client.PartyRef](ctx, camille, "circle.party", client.PartyArgs{Case: c.id, Party: client.PartyFields{
		Name: "Philippe Marchal", Role: "SON", Category: "ENTOURAGE", Relation: "Fils",
	}})
	if err != nil {
		return CaseA{}, err
	}
	if err := Act(ctx, camille, "consent.refuse", client.RefuseArgs{Case: c.id, Party: son.Party, Date: today, Note: "Odette ne souhaite pas que son fils soit informé."}); err != nil {
		return CaseA{}, err
	}
	var family []client.ID
	for _, key := range []string{"odette", "helene", "legoff", "vidal"} {
		if p, ok := cast[key]; ok {
			family = append(family, p.User)
		}
	}
	thread, err := Do[client.RoomRef](ctx, camille, "room.open", client.OpenRoomArgs{
		Case: c.id, Title: "Avec Odette et Hélène", Audience: "FAMILY", Members: family,
	})
	if err != nil {
		return CaseA{}, err
	}
	return CaseA{Case: c.id, Plan: c.rooms["plan"], Team: c.rooms["team"], Family: thread.Room, Son: son.Party}, nil
}

// CaseA names the rooms of Odette's case.
type CaseA struct {
	Case, Plan, Team, Family, Son client.ID
}

// TalkA says the first words in both threads.
func TalkA(ctx context.Context, cast Cast, c CaseA) error {
	lines := []struct {
		by   string
		room client.ID
		text string
	}{
		{"vidal", c.Team, "Odette est tombée deux fois en dix jours. Je voudrais qu’on se voie : maison, médicaments, solitude."},
		{"legoff", c.Team, "Ce matin elle se tenait aux meubles. L’escalier m’inquiète."},
		{"traore", c.Team, "Je peux déposer le dossier APA dès qu’on est d’accord sur le plan d’aide."},
		{"helene", c.Family, "Maman a peur qu’on la place. Pouvez-vous lui redire que ce n’est pas le sujet ?"},
		{"odette", c.Family, "Je vous écoute tous. Mais je reste chez moi."},
	}
	for _, l := range lines {
		p, ok := cast[l.by]
		if !ok {
			continue
		}
		if err := await(ctx, p, l.room); err != nil {
			return err
		}
		if err := Act(ctx, p, "room.send", client.SendArgs{Room: l.room, Text: l.text}); err != nil {
			return err
		}
	}
	return nil
}

// PlanA plans the RCP: three items; Paul Lenoir for the third only, Hélène for
// the first and third.
func PlanA(ctx context.Context, cast Cast, c CaseA, starts time.Time) (client.ID, error) {
	wish := "Je reste chez moi."
	args := client.PlanSessionArgs{
		Title: "Réunion de concertation du réseau", Type: "DAC", Starts: starts.UnixMilli(), Zone: "Europe/Paris", Minutes: 45,
		Items: []client.PlanItemFields{
			{Case: c.Case, Question: "Odette peut-elle vivre chez elle en sécurité ?", Context: "Deux chutes en dix jours, escalier sans rampe.", Wish: wish, Requester: cast["vidal"].User, Minutes: 15},
			{Case: c.Case, Question: "Neuf médicaments : lesquels arrêter ?", Context: "Somnolence le matin, hypotension.", Requester: cast["vidal"].User, Minutes: 15},
			{Case: c.Case, Question: "Comment rompre l’isolement ?", Wish: "J’aimerais retourner au marché le jeudi.", Requester: cast["vidal"].User, Minutes: 15},
		},
	}
	add := func(key, duty string, votes bool, items ...int) {
		if p, ok := cast[key]; ok {
			args.Participants = append(args.Participants, client.PlanPersonFields{User: p.User, Duty: duty, Votes: votes, Items: items})
		}
	}
	add("aydin", "PARTICIPANT", true, 0, 1, 2)
	add("camille", "CHAIR", false, 0, 1, 2)
	add("helene", "GUEST", true, 0, 2)
	add("legoff", "PARTICIPANT", true, 0, 1, 2)
	add("lenoir", "GUEST", true, 2)
	add("odette", "PARTICIPANT", true, 0, 1, 2)
	add("okafor", "PARTICIPANT", true, 0, 1, 2)
	add("pons", "PARTICIPANT", true, 0, 1, 2)
	add("traore", "SECRETARY", true, 0, 1, 2)
	add("vidal", "REQUESTER", true, 0, 1, 2)
	camille := cast["camille"]
	ref, err := Do[client.SessionRef](ctx, camille, "rcp.plan", args)
	if err != nil {
		return client.ID{}, err
	}
	guest, ok := cast["lenoir"]
	if !ok {
		return ref.Session, nil
	}
	planned, err := Await(ctx, camille, "session", client.SessionParams(ref), func(v client.SessionView) bool {
		return len(v.Items) == 3 && v.Items[2].Known
	})
	if err != nil {
		return client.ID{}, err
	}
	return ref.Session, Act(ctx, camille, "consent.give", client.ConsentArgs{
		Case: c.Case, Party: guest.User, Rooms: []client.ID{planned.Items[2].Room}, Category: "GUEST", Basis: "EXPRESS_CONSENT",
		GivenBy: "PERSON", Date: time.Now().Format(time.DateOnly), How: "ORAL", Leaflet: "v3", History: "ALL",
		Note: "Pour le troisième point seulement.",
	})
}

// ActionsA are the actions decided, by item.
func ActionsA(cast Cast, item int, day time.Time) []rooms.MinutesAction {
	due := func(days int) string { return day.AddDate(0, 0, days).Format(time.DateOnly) }
	performer := func(key string) (client.ID, string) {
		if p, ok := cast[key]; ok {
			return p.User, p.Name
		}
		return client.ID{}, ""
	}
	action := func(key, text, problem, goal string, days int) rooms.MinutesAction {
		id, name := performer(key)
		return rooms.MinutesAction{Problem: problem, Goal: goal, Text: text, Performer: id, PerformerName: name, Due: due(days)}
	}
	switch item {
	case 0:
		return []rooms.MinutesAction{
			action("aydin", "Exercices d’équilibre, deux séances par semaine", "Chutes", "Marcher jusqu’au marché", 10),
			action("helene", "Installer la téléalarme", "Chutes", "Être secourue vite", 7),
		}
	case 1:
		return []rooms.MinutesAction{action("pons", "Revoir l’ordonnance avec le médecin traitant", "Neuf médicaments", "Moins de somnolence", 7)}
	default:
		return []rooms.MinutesAction{action("traore", "Déposer le dossier APA", "Isolement", "Une aide deux fois par semaine", 15)}
	}
}

// present keeps the members whose players run.
func present(cast Cast, members []member) []member {
	kept := members[:0]
	for _, m := range members {
		if _, ok := cast[m.key]; ok {
			kept = append(kept, m)
		}
	}
	return kept
}
