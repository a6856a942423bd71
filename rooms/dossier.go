package rooms

import (
	"crypto/rand"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/order"
)

// Categories, bases and ways of consent (CSP L. 1110-4, L. 1110-12).
const (
	CategoryCareTeam  = "CARE_TEAM"
	CategoryOutside   = "OUTSIDE_CARE_TEAM"
	CategoryEntourage = "ENTOURAGE"
	CategoryGuest     = "GUEST"
	CategoryPerson    = "PERSON"

	BasisNonOpposition = "NON_OPPOSITION"
	BasisExpress       = "EXPRESS_CONSENT"
)

// DossierState is one case: the person, their words, their circle and its consents.
type DossierState struct {
	Identity    *IdentityState
	LifeProject []LifeProjectState // every version, oldest first; the last one counts
	Leaflets    []LeafletState     // oldest first; the last one counts
	Consents    []ConsentEvent     // the register, oldest first
	Rooms       []RoomEntry        // in the order in which they were opened
	circle      map[ID]*PartyState
}

// IdentityState is the person's identity as last recorded.
type IdentityState struct {
	Identity PersonIdentity `cbor:"1,keyasint"`
	By       ID             `cbor:"2,keyasint"`
	At       int64          `cbor:"3,keyasint"`
	Versions uint           `cbor:"4,keyasint"`
}

// LifeProjectState is one version of the life project.
type LifeProjectState struct {
	Words LifeProject `cbor:"1,keyasint"`
	By    ID          `cbor:"2,keyasint"`
	At    int64       `cbor:"3,keyasint"`
}

// LeafletState is one handing-over of the information leaflet.
type LeafletState struct {
	Leaflet Leaflet `cbor:"1,keyasint"`
	By      ID      `cbor:"2,keyasint"`
	At      int64   `cbor:"3,keyasint"`
}

// PartyState is somebody of the circle as last recorded.
type PartyState struct {
	Party CircleParty `cbor:"1,keyasint"`
	By    ID          `cbor:"2,keyasint"`
	At    int64       `cbor:"3,keyasint"`
	Since int64       `cbor:"4,keyasint"` // when first recorded
}

// ConsentEvent is one line of the register: exactly one of the three is set.
type ConsentEvent struct {
	Seq      uint64          `cbor:"1,keyasint"`
	At       int64           `cbor:"2,keyasint"`
	By       ID              `cbor:"3,keyasint"`
	Recorded *ConsentRecord  `cbor:"4,keyasint,omitempty"`
	Refused  *ConsentRefused `cbor:"5,keyasint,omitempty"`
	Ended    *ConsentEnded   `cbor:"6,keyasint,omitempty"`
}

// Party is whom the line concerns.
func (c ConsentEvent) Party() ID {
	switch {
	case c.Recorded != nil:
		return c.Recorded.Participant
	case c.Refused != nil:
		return c.Refused.Party
	case c.Ended != nil:
		return c.Ended.Participant
	}
	return ID{}
}

// RoomEntry is a room of the case.
type RoomEntry struct {
	Room RoomOpened `cbor:"1,keyasint"`
	By   ID         `cbor:"2,keyasint"`
	At   int64      `cbor:"3,keyasint"`
}

func newDossier() *DossierState { return &DossierState{circle: map[ID]*PartyState{}} }

// Circle is the care circle, sorted by party.
func (d *DossierState) Circle() []PartyState {
	all := make([]PartyState, 0, len(d.circle))
	for _, p := range d.circle {
		all = append(all, *p)
	}
	order.By(all, func(a, b PartyState) int { return a.Party.Party.Compare(b.Party.Party) })
	return all
}

// Party finds somebody of the circle.
func (d *DossierState) Party(id ID) (CircleParty, bool) {
	p, ok := d.circle[id]
	if !ok {
		return CircleParty{}, false
	}
	return p.Party, true
}

// Register gives the lines of the register that concern one party, oldest first.
func (d *DossierState) Register(party ID) []ConsentEvent {
	var all []ConsentEvent
	for _, c := range d.Consents {
		if c.Party() == party {
			all = append(all, c)
		}
	}
	return all
}

// HasRefused says whether the newest line about a party is the person's refusal.
func (d *DossierState) HasRefused(party ID) bool {
	lines := d.Register(party)
	return len(lines) > 0 && lines[len(lines)-1].Refused != nil
}

// Room finds a room of the case.
func (d *DossierState) Room(room ID) (RoomEntry, bool) {
	i := slices.IndexFunc(d.Rooms, func(e RoomEntry) bool { return e.Room.Room == room })
	if i < 0 {
		return RoomEntry{}, false
	}
	return d.Rooms[i], true
}

// NewSalt gives the salt of a ConsentRecord or ConsentEnded.
func NewSalt() []byte {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	return salt
}

// Hash is what the receipts of this record carry in the open: it tells nothing
// without the salt, and binds them to the private part.
func (b ConsentRecord) Hash() ([32]byte, error) { return privateHash(b) }

// Hash is what the withdrawal carries in the open.
func (b ConsentEnded) Hash() ([32]byte, error) { return privateHash(b) }

func privateHash(v any) ([32]byte, error) {
	b, err := EncodeBody(v)
	if err != nil {
		return [32]byte{}, err
	}
	return identity.Hash(identity.LabelReceiptHash, b), nil
}

func (r *Room) judgeDossier(w writing, body any) (func(), error) {
	d, may := r.dossier, r.rights(w)
	manages := may.collector || may.person
	if ended, ok := body.(*ConsentEnded); !manages && (!ok || ended.Participant != w.by) {
		return nil, Errorf(CodeNotAllowed, "the author may not keep the case's register")
	}
	switch b := body.(type) {
	case *PersonIdentity:
		if err := b.check(); err != nil {
			return nil, err
		}
		return func() {
			n := uint(1)
			if d.Identity != nil {
				n = d.Identity.Versions + 1
			}
			d.Identity = &IdentityState{Identity: *b, By: w.by, At: w.at, Versions: n}
		}, nil

	case *LifeProject:
		if err := firstError(text("text", b.Text, true), civil("said", b.Said, false)); err != nil {
			return nil, err
		}
		return func() { d.LifeProject = append(d.LifeProject, LifeProjectState{*b, w.by, w.at}) }, nil

	case *Leaflet:
		if err := firstError(
			line("version", b.Version, true), civil("date", b.Date, true), present("by", b.By), line("how", b.How, false),
		); err != nil {
			return nil, err
		}
		return func() { d.Leaflets = append(d.Leaflets, LeafletState{*b, w.by, w.at}) }, nil

	case *CircleParty:
		if err := b.check(); err != nil {
			return nil, err
		}
		return func() {
			since := w.at
			if was, ok := d.circle[b.Party]; ok {
				since = was.Since
			}
			d.circle[b.Party] = &PartyState{Party: *b, By: w.by, At: w.at, Since: since}
		}, nil

	case *ConsentRecord:
		if err := b.check(); err != nil {
			return nil, err
		}
		return func() {
			d.Consents = append(d.Consents, ConsentEvent{Seq: w.seq, At: w.at, By: w.by, Recorded: b})
		}, nil

	case *ConsentRefused:
		if err := firstError(present("party", b.Party), civil("date", b.Date, true), text("note", b.Note, false)); err != nil {
			return nil, err
		}
		return func() {
			d.Consents = append(d.Consents, ConsentEvent{Seq: w.seq, At: w.at, By: w.by, Refused: b})
		}, nil

	case *ConsentEnded:
		if err := b.check(); err != nil {
			return nil, err
		}
		return func() {
			d.Consents = append(d.Consents, ConsentEvent{Seq: w.seq, At: w.at, By: w.by, Ended: b})
		}, nil

	case *RoomOpened:
		if err := firstError(
			present("room", b.Room), line("title", b.Title, true), line("audience", b.Audience, true),
		); err != nil {
			return nil, err
		}
		if b.Kind < KindThread || b.Kind > KindItem || b.Room == r.pub.room {
			return nil, invalid("kind", "not a room of a case")
		}
		if _, twice := d.Room(b.Room); twice {
			return nil, Errorf(CodeConflict, "the room is listed already")
		}
		return func() { d.Rooms = append(d.Rooms, RoomEntry{*b, w.by, w.at}) }, nil
	}
	return nil, Errorf(CodeUnknown, "event of unknown type")
}

func (b *PersonIdentity) check() error {
	if err := firstError(
		line("family_name", b.FamilyName, true), line("given_name", b.GivenName, true), line("usual_name", b.UsualName, false),
		civil("birth_date", b.BirthDate, true), line("phone", b.Phone, false), text("address", b.Address, false),
		line("ins_oid", b.INSOID, false), oneOf("sex", b.Sex, "", "F", "M", "U"),
	); err != nil {
		return err
	}
	if b.INS != "" && len(b.INS) != 15 {
		return invalid("ins", "an INS has 15 characters")
	}
	return nil
}

func (b *CircleParty) check() error {
	if err := firstError(
		present("party", b.Party), line("name", b.Name, true), line("role", b.Role, true),
		oneOf("category", b.Category, CategoryCareTeam, CategoryOutside, CategoryEntourage, CategoryGuest, CategoryPerson),
		line("relation", b.Relation, false), line("organisation", b.Organisation, false), line("phone", b.Phone, false),
	); err != nil {
		return err
	}
	if b.RPPS != "" && len(b.RPPS) != 11 {
		return invalid("rpps", "an RPPS number has 11 digits")
	}
	return nil
}

func (b *ConsentRecord) check() error {
	if err := firstError(
		present("participant", b.Participant), idList("rooms", b.Rooms),
		oneOf("category", b.Category, CategoryCareTeam, CategoryOutside, CategoryEntourage, CategoryGuest),
		oneOf("basis", b.Basis, BasisNonOpposition, BasisExpress),
		oneOf("given_by", b.GivenBy, "PERSON", "LEGAL_REPRESENTATIVE", "PARENTAL_AUTHORITY"),
		present("collected_by", b.CollectedBy), civil("collected_on", b.CollectedOn, true),
		oneOf("how", b.How, "WRITTEN", "ORAL", "APP"), line("leaflet", b.Leaflet, false),
		text("scope", b.Scope, false), text("note", b.Note, false),
	); err != nil {
		return err
	}
	switch {
	case len(b.Rooms) == 0 || len(b.Rooms) != len(b.Numbers) || slices.Contains(b.Numbers, 0):
		return invalid("rooms", "each room needs its receipt's number")
	case len(b.Salt) != 16:
		return invalid("salt", "a salt has 16 bytes")
	case b.Basis == BasisNonOpposition && b.Category != CategoryCareTeam:
		// CSP L. 1110-4: outside the care team, prior consent.
		return invalid("basis", "non-opposition is enough within the care team only")
	}
	return nil
}

func (b *ConsentEnded) check() error {
	if err := firstError(
		present("participant", b.Participant), idList("rooms", b.Rooms),
		oneOf("by", b.By, "PERSON", "PARTICIPANT", "COLLECTOR_FOR_PERSON"), text("reason", b.Reason, false),
	); err != nil {
		return err
	}
	if len(b.Salt) != 0 && len(b.Salt) != 16 {
		return invalid("salt", "a salt has 16 bytes")
	}
	return nil
}
