package client

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
)

// Audiences of rooms, as the interface colours them.
const (
	audienceCase    = "CASE" // team, person and relatives: all who may read the dossier
	audienceTeam    = "TEAM"
	audienceFamily  = "FAMILY"
	audienceItem    = "ITEM"
	audiencePlan    = "PLAN"
	audienceSession = "SESSION"
	audienceNetwork = "NETWORK"
)

// Titles of the rooms that every case has. The web client shows their codes in
// the reader's language; a title of its own overrides them.
const (
	titleDossier = "DOSSIER"
	titlePlan    = "PLAN"
	titleTeam    = "TEAM"
)

func (f IdentityFields) body() rooms.PersonIdentity {
	b := rooms.PersonIdentity{
		FamilyName: strings.TrimSpace(f.FamilyName), GivenName: strings.TrimSpace(f.GivenName), UsualName: f.UsualName,
		BirthDate: f.BirthDate, Sex: f.Sex, INS: strings.ReplaceAll(f.INS, " ", ""), Phone: f.Phone,
		Address: f.Address, User: f.User,
	}
	return b
}

func displayName(p rooms.PersonIdentity) string {
	family := p.UsualName
	if family == "" {
		family = p.FamilyName
	}
	return strings.TrimSpace(p.GivenName + " " + family)
}

func (f PartyFields) body() rooms.CircleParty {
	return rooms.CircleParty{
		Party: f.Party, Name: strings.TrimSpace(f.Name), Role: f.Role, Category: f.Category, Relation: f.Relation,
		Organisation: f.Organisation, RPPS: f.RPPS, Phone: f.Phone, Trusted: f.Trusted,
		Emergency: f.Emergency, Lead: f.Lead, Attending: f.Attending,
	}
}

// today is the civil date of an instant in this device's zone.
func today(now time.Time) string { return now.Format(time.DateOnly) }

// caseCreate opens a case: the dossier, the care plan and the team's thread.
func caseCreate(ctx context.Context, c *Core, args CreateCaseArgs) (CaseRef, error) {
	person := args.Person.body()
	if person.INS != "" {
		oid, err := checkINS(person.INS)
		if err != nil {
			return CaseRef{}, err
		}
		person.INSOID = oid
	}
	if person.FamilyName == "" || person.GivenName == "" {
		return CaseRef{}, invalidField("person.family_name", "a person without a name")
	}
	for i, p := range args.Circle {
		if err := checkParty(p); err != nil {
			return CaseRef{}, err
		}
		if p.Party.IsZero() {
			id, err := newID(ctx, c, fmt.Sprintf("party %d", i))
			if err != nil {
				return CaseRef{}, err
			}
			args.Circle[i].Party = id
		}
	}
	var party *rooms.Party
	if !person.User.IsZero() {
		keyHash, err := c.keyHash(ctx, person.User)
		if err != nil {
			return CaseRef{}, err
		}
		party = &rooms.Party{User: person.User, KeyHash: keyHash}
	}
	ids, err := decided(ctx, c, "rooms", func() ([]ID, error) {
		return []ID{identity.NewID(), identity.NewID(), identity.NewID()}, nil
	})
	if err != nil {
		return CaseRef{}, err
	}
	dossier, plan, thread := ids[0], ids[1], ids[2]
	name := displayName(person)
	record, receipts, err := c.ownConsent(ctx, ids)
	if err != nil {
		return CaseRef{}, err
	}
	steps := []struct {
		id       ID
		kind     rooms.Kind
		title    string
		audience string
	}{
		{dossier, rooms.KindDossier, titleDossier, audienceCase},
		{plan, rooms.KindPlan, titlePlan, audiencePlan},
		{thread, rooms.KindThread, titleTeam, audienceTeam},
	}
	for i, s := range steps {
		spec := roomSpec{id: s.id, genesis: rooms.Genesis{Kind: s.kind, Case: dossier, Person: party}}
		if receipts != nil {
			spec.receipts = receipts[i : i+1]
		}
		if _, err := c.createRoom(ctx, spec); err != nil {
			return CaseRef{}, err
		}
		title := rooms.Title{Title: s.title, Audience: s.audience, Person: name}
		if _, err := c.publish(ctx, s.id, ID{}, rooms.EventTitle, title); err != nil {
			return CaseRef{}, err
		}
	}
	var me ID
	var now time.Time
	var self PartyFields
	if err := c.do(ctx, func(e *engine) error {
		me, now = e.device.user, e.cfg.Now()
		p := e.account.profile
		self = PartyFields{Party: me, Name: p.Name, Role: p.Role, Category: rooms.CategoryCareTeam, Organisation: p.Organisation, RPPS: p.RPPS}
		return nil
	}); err != nil {
		return CaseRef{}, err
	}
	if me != person.User && !slices.ContainsFunc(args.Circle, func(f PartyFields) bool { return f.Party == me }) {
		args.Circle = append(args.Circle, self) // whoever opens the case is in its circle
	}
	type step struct {
		kind string
		body any
	}
	events := []step{{rooms.EventIdentity, person}}
	if args.LifeProject != "" {
		events = append(events, step{rooms.EventLifeProject, rooms.LifeProject{Text: args.LifeProject, Said: today(now)}})
	}
	if args.Leaflet.Version != "" {
		events = append(events, step{rooms.EventLeaflet, rooms.Leaflet{
			Version: args.Leaflet.Version, Date: args.Leaflet.Date, By: me, How: args.Leaflet.How,
		}})
	}
	if record != nil {
		events = append(events, step{rooms.EventConsentRecorded, *record})
	}
	events = append(events,
		step{rooms.EventRoomOpened, rooms.RoomOpened{Room: plan, Kind: rooms.KindPlan, Title: titlePlan, Audience: audiencePlan}},
		step{rooms.EventRoomOpened, rooms.RoomOpened{Room: thread, Kind: rooms.KindThread, Title: titleTeam, Audience: audienceTeam}},
	)
	for _, p := range args.Circle {
		events = append(events, step{rooms.EventParty, p.body()})
	}
	for _, s := range events {
		if _, err := c.publish(ctx, dossier, ID{}, s.kind, s.body); err != nil {
			return CaseRef{}, err
		}
	}
	return CaseRef{dossier}, nil
}

// ownConsent gives the receipts by which whoever opens rooms of a case lets
// themself in, and their private part; none for the person in their own case.
func (c *Core) ownConsent(ctx context.Context, in []ID) (*rooms.ConsentRecord, []rooms.Receipt, error) {
	var me rooms.Party
	var now time.Time
	if err := c.do(ctx, func(e *engine) error { me, now = e.me(), e.cfg.Now(); return nil }); err != nil {
		return nil, nil, err
	}
	record, err := decided(ctx, c, "own consent", func() (rooms.ConsentRecord, error) {
		return rooms.ConsentRecord{
			Participant: me.User, Rooms: in, Numbers: slices.Repeat([]uint{1}, len(in)), Salt: rooms.NewSalt(),
			Category: rooms.CategoryCareTeam, Basis: rooms.BasisNonOpposition, GivenBy: "PERSON",
			CollectedBy: me.User, CollectedOn: today(now), How: "ORAL",
		}, nil
	})
	if err != nil {
		return nil, nil, err
	}
	hash, err := record.Hash()
	if err != nil {
		return nil, nil, err
	}
	receipts := make([]rooms.Receipt, len(in))
	for i, id := range in {
		receipts[i] = rooms.Receipt{Participant: me, Room: id, Number: 1, HistoryFrom: 1, Private: hash}
	}
	return &record, receipts, nil
}

// keyHash gives the identity-key hash of a user, from their verified key chain.
func (c *Core) keyHash(ctx context.Context, user ID) ([32]byte, error) {
	type answer struct {
		hash [32]byte
		err  error
	}
	got := make(chan answer, 1)
	err := c.do(ctx, func(e *engine) error {
		if user == e.device.user {
			got <- answer{hash: e.account.key.Hash()}
			return nil
		}
		e.withChain(user, 1, func(chain *identity.KeyChain, err error) {
			if err != nil {
				got <- answer{err: err}
				return
			}
			got <- answer{hash: identity.KeyHash(chain.IdentityKey())}
		})
		return nil
	})
	if err != nil {
		return [32]byte{}, err
	}
	select {
	case a := <-got:
		return a.hash, a.err
	case <-ctx.Done():
		return [32]byte{}, ctx.Err()
	case <-c.stopped:
		return [32]byte{}, errStopped
	}
}

func caseIdentity(ctx context.Context, c *Core, args IdentityArgs) error {
	person := args.Person.body()
	if person.INS != "" {
		oid, err := checkINS(person.INS)
		if err != nil {
			return err
		}
		person.INSOID = oid
	}
	_, err := c.publish(ctx, args.Case, ID{}, rooms.EventIdentity, person)
	return err
}

func caseLifeProject(ctx context.Context, c *Core, args LifeProjectArgs) error {
	_, err := c.publish(ctx, args.Case, ID{}, rooms.EventLifeProject, rooms.LifeProject{Text: args.Text, Said: args.Said})
	return err
}

func circleParty(ctx context.Context, c *Core, args PartyArgs) (PartyRef, error) {
	if err := checkParty(args.Party); err != nil {
		return PartyRef{}, err
	}
	if args.Party.Party.IsZero() {
		args.Party.Party = identity.NewID()
	}
	_, err := c.publish(ctx, args.Case, ID{}, rooms.EventParty, args.Party.body())
	return PartyRef{args.Party.Party}, err
}

func checkParty(p PartyFields) error {
	if strings.TrimSpace(p.Name) == "" {
		return invalidField("party.name", "somebody without a name")
	}
	if p.RPPS != "" {
		return checkRPPS(p.RPPS)
	}
	return nil
}

// roomOpen makes a new thread of a case and lets parties in whose consent covers
// the case, in one act.
func roomOpen(ctx context.Context, c *Core, args OpenRoomArgs) (RoomRef, error) {
	if strings.TrimSpace(args.Title) == "" {
		return RoomRef{}, invalidField("title", "a room without a title")
	}
	if args.Audience == "" {
		args.Audience = audienceTeam
	}
	var person *rooms.Party
	var name string
	members := slices.Clone(args.Members)
	err := c.withRoom(ctx, args.Case, func(e *engine, r *room) error {
		if r.fold.Dossier() == nil {
			return rooms.Errorf(rooms.CodeUnknownRoom, "no such case")
		}
		if err := e.mayOpenRoom(r); err != nil {
			return err
		}
		if p, ok := r.public().Person(); ok {
			person = &p
		}
		name = e.personName(r.id)
		members = slices.DeleteFunc(members, func(id ID) bool { return id == e.device.user || r.public().IsPerson(id) })
		for _, m := range members {
			if r.fold.Dossier().HasRefused(m) {
				return rooms.Errorf(rooms.CodeNotConsented, "the person does not want them to take part")
			}
		}
		return nil
	})
	if err != nil {
		return RoomRef{}, err
	}
	id, err := newID(ctx, c, "room")
	if err != nil {
		return RoomRef{}, err
	}
	record, receipts, err := c.ownConsent(ctx, []ID{id})
	if err != nil {
		return RoomRef{}, err
	}
	if _, err := c.createRoom(ctx, roomSpec{
		id: id, genesis: rooms.Genesis{Kind: rooms.KindThread, Case: args.Case, Person: person}, receipts: receipts,
	}); err != nil {
		return RoomRef{}, err
	}
	if _, err := c.publish(ctx, id, ID{}, rooms.EventTitle, rooms.Title{Title: args.Title, Audience: args.Audience, Person: name}); err != nil {
		return RoomRef{}, err
	}
	if _, err := c.publish(ctx, args.Case, ID{}, rooms.EventConsentRecorded, *record); err != nil {
		return RoomRef{}, err
	}
	if _, err := c.publish(ctx, args.Case, ID{}, rooms.EventRoomOpened, rooms.RoomOpened{
		Room: id, Kind: rooms.KindThread, Title: args.Title, Audience: args.Audience,
	}); err != nil {
		return RoomRef{}, err
	}
	for _, m := range members {
		if err := c.extendConsent(ctx, args.Case, m, []ID{id}); err != nil {
			return RoomRef{id}, err
		}
	}
	return RoomRef{id}, nil
}
