package rooms

import (
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/ensemble-sante/ensemble/crypto/record"
)

// writing is the place and the author of an event that is judged.
type writing struct {
	id      ID
	by      ID
	device  LeafMember
	written int64
	seq     uint64
	at      int64
}

// eventBodies gives an empty body for every type of event that this version knows.
func eventBody(eventType string) any {
	switch eventType {
	case EventIdentity:
		return new(PersonIdentity)
	case EventLifeProject:
		return new(LifeProject)
	case EventLeaflet:
		return new(Leaflet)
	case EventParty:
		return new(CircleParty)
	case EventConsentRecorded:
		return new(ConsentRecord)
	case EventConsentRefused:
		return new(ConsentRefused)
	case EventConsentEnded:
		return new(ConsentEnded)
	case EventRoomOpened:
		return new(RoomOpened)
	case EventTitle:
		return new(Title)
	case EventMessage:
		return new(Message)
	case EventMessageEdited:
		return new(MessageEdited)
	case EventMessageRetracted:
		return new(MessageRetracted)
	case EventDocumentShared:
		return new(DocumentShared)
	case EventDocumentOpened:
		return new(DocumentOpened)
	case EventSessionPlanned:
		return new(SessionPlanned)
	case EventSessionAnswered:
		return new(SessionAnswered)
	case EventItem:
		return new(Item)
	case EventOpinion:
		return new(Opinion)
	case EventPosition:
		return new(Position)
	case EventAttendance:
		return new(Attendance)
	case EventMinutesSnapshot:
		return new(MinutesSnapshot)
	case EventMinutesProposed:
		return new(MinutesProposed)
	case EventMinutesReopened:
		return new(MinutesReopened)
	case EventMinutesSigned:
		return new(MinutesSigned)
	case EventMinutesSealed:
		return new(MinutesSealed)
	case EventMinutesAddendum:
		return new(MinutesAddendum)
	case EventActionAdded:
		return new(ActionAdded)
	case EventActionAccepted:
		return new(ActionAccepted)
	case EventActionStatus:
		return new(ActionStatus)
	case EventActionRanked:
		return new(ActionRanked)
	case EventProfile:
		return new(Profile)
	}
	return nil
}

// DecodeEvent reads an event's body into a pointer to its type. CodeUnknown means a
// type or version of a later program.
func DecodeEvent(ev record.Event) (any, error) {
	body := eventBody(ev.Type)
	if body == nil || ev.Version != EventVersion {
		return nil, Errorf(CodeUnknown, "event of unknown type or version %d", ev.Version)
	}
	if err := unmarshal(ev.Body, body, MaxBody, "event body"); err != nil {
		return nil, err
	}
	return body, nil
}

// subjectOf is what a timeline row points to.
func subjectOf(body any) ID {
	switch b := body.(type) {
	case *CircleParty:
		return b.Party
	case *ConsentRecord:
		return b.Participant
	case *ConsentRefused:
		return b.Party
	case *ConsentEnded:
		return b.Participant
	case *RoomOpened:
		return b.Room
	case *MessageEdited:
		return b.Target
	case *MessageRetracted:
		return b.Target
	case *DocumentShared:
		return b.Document
	case *DocumentOpened:
		return b.Document
	case *ActionAdded:
		return b.Action
	case *ActionAccepted:
		return b.Action
	case *ActionStatus:
		return b.Action
	}
	return ID{}
}

// judgeEvent judges an event of a member who may write, and gives what it changes.
func (r *Room) judgeEvent(w writing, eventType string, body any) (fold func(), err error) {
	kind := r.pub.Kind()
	misplaced := func() (func(), error) {
		return nil, Errorf(CodeNotAllowed, "events of this type do not belong in this room")
	}
	switch b := body.(type) {
	case *Profile:
		return r.judgeProfile(w, b)
	case *Title:
		return r.judgeTitle(w, b)
	}
	switch eventType {
	case EventMessage, EventMessageEdited, EventMessageRetracted, EventDocumentShared, EventDocumentOpened:
		if kind == KindSession {
			return misplaced() // a session holds no case content
		}
		return r.judgeThread(w, body)
	case EventIdentity, EventLifeProject, EventLeaflet, EventParty, EventConsentRecorded, EventConsentRefused,
		EventConsentEnded, EventRoomOpened:
		if kind != KindDossier {
			return misplaced()
		}
		return r.judgeDossier(w, body)
	case EventSessionPlanned, EventSessionAnswered:
		if kind != KindSession {
			return misplaced()
		}
		return r.judgeSession(w, body)
	case EventItem, EventOpinion, EventPosition, EventAttendance:
		if kind != KindItem {
			return misplaced()
		}
		return r.judgeItem(w, body)
	case EventMinutesSnapshot, EventMinutesProposed, EventMinutesReopened, EventMinutesSigned, EventMinutesSealed,
		EventMinutesAddendum:
		if kind != KindItem {
			return misplaced()
		}
		return r.judgeMinutes(w, body)
	case EventActionAdded, EventActionAccepted, EventActionStatus, EventActionRanked:
		if kind != KindPlan {
			return misplaced()
		}
		return r.judgePlan(w, body)
	}
	return nil, Errorf(CodeUnknown, "event of unknown type")
}

func (r *Room) judgeProfile(w writing, b *Profile) (func(), error) {
	if err := firstError(
		line("name", b.Name, true), line("role", b.Role, true), line("organisation", b.Organisation, false),
		line("rpps", b.RPPS, false), line("specialty", b.Specialty, false),
	); err != nil {
		return nil, err
	}
	return func() { r.profiles[w.by] = ProfileState{User: w.by, Profile: *b, At: w.at} }, nil
}

func (r *Room) judgeTitle(w writing, b *Title) (func(), error) {
	if err := r.mustManage(w, "name the room"); err != nil {
		return nil, err
	}
	if err := firstError(
		line("title", b.Title, true), line("audience", b.Audience, true), line("person", b.Person, false),
	); err != nil {
		return nil, err
	}
	return func() { r.title = &TitleState{Title: *b, By: w.by, At: w.at} }, nil
}

// rights is what the log lets an author do who is in with this device.
func (r *Room) rights(w writing) authority {
	a, err := r.pub.authority(w.by, w.device.KeyHash(), w.at)
	if err != nil {
		return authority{}
	}
	return a
}

// mustManage lets collectors, the person and the chair.
func (r *Room) mustManage(w writing, what string) error {
	if a := r.rights(w); !a.collector && !a.person && !a.chair {
		return Errorf(CodeNotAllowed, "the author may not %s", what)
	}
	return nil
}

// Checks of fields: an error has CodeInvalid or CodeTooLarge and the field's name.

func invalid(field, format string, args ...any) error {
	e := Errorf(CodeInvalid, format, args...)
	e.Field = field
	return e
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func bounded(field, s string, most int, required bool) error {
	switch {
	case len(s) > most:
		e := Errorf(CodeTooLarge, "%s of %d bytes, at most %d", field, len(s), most)
		e.Field = field
		return e
	case required && s == "":
		return invalid(field, "%s is missing", field)
	case !utf8.ValidString(s):
		return invalid(field, "%s is not text", field)
	}
	return nil
}

// line checks a name, a title, a code.
func line(field, s string, required bool) error { return bounded(field, s, maxLine, required) }

// text checks what somebody writes at length.
func text(field, s string, required bool) error { return bounded(field, s, maxText, required) }

func oneOf(field, s string, allowed ...string) error {
	if !slices.Contains(allowed, s) {
		return invalid(field, "%s is not one of the codes", field)
	}
	return nil
}

// civil checks a date YYYY-MM-DD.
func civil(field, s string, required bool) error {
	if s == "" && !required {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return invalid(field, "%s is not a date", field)
	}
	return nil
}

func present(field string, id ID) error {
	if id.IsZero() {
		return invalid(field, "%s is missing", field)
	}
	return nil
}

// idList checks a list without zero or repeated ids.
func idList(field string, ids []ID) error {
	if len(ids) > maxList {
		return invalid(field, "%d %s, at most %d", len(ids), field, maxList)
	}
	seen := make(map[ID]bool, len(ids))
	for _, id := range ids {
		if id.IsZero() || seen[id] {
			return invalid(field, "%s: an id is missing or twice", field)
		}
		seen[id] = true
	}
	return nil
}

func numbered(field string, i int) string { return field + " " + strconv.Itoa(i+1) }
