package client

import (
	"cmp"
	"strings"
	"unicode"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
)

// identityHere is how somebody is called where we look at them.
type identityHere struct {
	name, role, organisation string
}

// who finds how a user is called: in the room at hand by their own profile, then
// in the session's plan, in the case's circle, in the network, anywhere. The
// server knows no names.
func (e *engine) who(user ID, r *room) identityHere {
	if user.IsZero() {
		return identityHere{}
	}
	if r != nil && r.fold != nil {
		if p, ok := r.fold.Profile(user); ok {
			return identityHere{p.Name, p.Role, p.Organisation}
		}
		if s := r.fold.Session(); s != nil {
			if p, ok := s.Participant(user); ok {
				return identityHere{p.Name, p.Role, ""}
			}
		}
		if w := e.inCircle(user, r); w.name != "" {
			return w
		}
	}
	if user == e.device.user && e.account.profile.Name != "" {
		return identityHere{e.account.profile.Name, e.account.profile.Role, e.account.profile.Organisation}
	}
	var found identityHere
	for _, other := range e.rooms {
		if other.fold == nil || other == r {
			continue
		}
		if p, ok := other.fold.Profile(user); ok {
			if other.kind == rooms.KindNetwork {
				return identityHere{p.Name, p.Role, p.Organisation}
			}
			found = identityHere{p.Name, p.Role, p.Organisation}
		} else if found.name == "" {
			if d := other.fold.Dossier(); d != nil {
				if p, ok := d.Party(user); ok {
					found = identityHere{p.Name, p.Role, p.Organisation}
				}
			}
		}
	}
	if found.name == "" {
		if row, ok := e.contact(user); ok {
			found = identityHere{row.Name, row.Role, row.Organisation}
		}
	}
	return found
}

// inCircle finds somebody in the care circle of a room's case.
func (e *engine) inCircle(user ID, r *room) identityHere {
	d := r
	if r.fold.Dossier() == nil {
		if d = e.rooms[r.public().Genesis().Case]; d == nil || d.fold == nil {
			return identityHere{}
		}
	}
	e.reads(d.id)
	dossier := d.fold.Dossier()
	if dossier == nil {
		return identityHere{}
	}
	if p, ok := dossier.Party(user); ok {
		return identityHere{p.Name, p.Role, p.Organisation}
	}
	if dossier.Identity != nil && dossier.Identity.Identity.User == user {
		return identityHere{displayName(dossier.Identity.Identity), "PERSON", ""}
	}
	return identityHere{}
}

// personName is the display name of the person whose case it is: from the
// dossier, else from the title of a room that this device may read.
func (e *engine) personName(dossier ID) string {
	if dossier.IsZero() {
		return ""
	}
	e.reads(dossier)
	if d := e.rooms[dossier]; d != nil && d.fold != nil && d.fold.Dossier() != nil && d.fold.Dossier().Identity != nil {
		return displayName(d.fold.Dossier().Identity.Identity)
	}
	for _, id := range e.roomsOf(dossier) {
		r := e.rooms[id]
		if t := r.fold.Title(); t != nil && t.Title.Person != "" {
			return t.Title.Person
		}
		if it := r.fold.Item(); it != nil && it.Opened != nil {
			return it.Opened.Item.Person
		}
	}
	return ""
}

// title is a room's name and audience.
func (e *engine) title(r *room) rooms.Title {
	if r.fold == nil {
		return rooms.Title{}
	}
	if t := r.fold.Title(); t != nil {
		return t.Title
	}
	out := rooms.Title{}
	if d := e.rooms[r.public().Genesis().Case]; d != nil && d.fold != nil && d.fold.Dossier() != nil {
		e.reads(d.id)
		if entry, ok := d.fold.Dossier().Room(r.id); ok {
			out.Title, out.Audience = entry.Room.Title, entry.Room.Audience
		}
	}
	if out.Audience == "" {
		out.Audience = map[rooms.Kind]string{
			rooms.KindDossier: audienceCase, rooms.KindThread: audienceTeam, rooms.KindPlan: audiencePlan,
			rooms.KindSession: audienceSession, rooms.KindItem: audienceItem, rooms.KindCall: audienceItem,
			rooms.KindNetwork: audienceNetwork,
		}[r.kind]
	}
	return out
}

func kindCode(k rooms.Kind) string {
	switch k {
	case rooms.KindDossier:
		return "DOSSIER"
	case rooms.KindThread:
		return "THREAD"
	case rooms.KindPlan:
		return "PLAN"
	case rooms.KindSession:
		return "SESSION"
	case rooms.KindItem:
		return "ITEM"
	case rooms.KindCall:
		return "CALL"
	case rooms.KindNetwork:
		return "NETWORK"
	}
	return ""
}

// mayOpenRoom says whether we may open rooms in a case.
func (e *engine) mayOpenRoom(d *room) error {
	return e.may(d, rooms.EventRoomOpened, rooms.RoomOpened{
		Room: identity.NewID(), Kind: rooms.KindThread, Title: "-", Audience: audienceTeam,
	})
}

// may says whether we may write an event, now or as soon as somebody has been
// taken out.
func (e *engine) may(r *room, eventType string, body any) error {
	if r == nil || r.fold == nil || r.gone {
		return rooms.Errorf(rooms.CodeUnknownRoom, "no such room")
	}
	err := r.fold.MayDo(e.device.user, eventType, body)
	if rooms.CodeOf(err) == rooms.CodeRemovalPending {
		return nil
	}
	return err
}

// simpler maps what French writing adds to the letters of ASCII.
var simpler = strings.NewReplacer(
	"à", "a", "â", "a", "ä", "a", "á", "a", "ã", "a", "å", "a", "ç", "c", "é", "e", "è", "e", "ê", "e", "ë", "e",
	"î", "i", "ï", "i", "í", "i", "ì", "i", "ñ", "n", "ô", "o", "ö", "o", "ó", "o", "ò", "o", "õ", "o",
	"ù", "u", "û", "u", "ü", "u", "ú", "u", "ÿ", "y", "ý", "y", "œ", "oe", "æ", "ae", "’", "'",
)

// simple is text without case and accents, for comparing and searching.
func simple(s string) string {
	return simpler.Replace(strings.Map(unicode.ToLower, s))
}

// compareNames orders names as a French directory does, nearly enough.
func compareNames(a, b string) int {
	return cmp.Or(cmp.Compare(simple(a), simple(b)), cmp.Compare(a, b))
}

// checkINS checks a national identity number and gives the identifier of its kind.
func checkINS(ins string) (oid string, err error) {
	if err := rooms.CheckINS(ins); err != nil {
		return "", err
	}
	if ins[0] == '1' || ins[0] == '2' {
		return rooms.OIDNIR, nil
	}
	return rooms.OIDNIA, nil
}

func checkRPPS(rpps string) error { return rooms.CheckRPPS(rpps) }
