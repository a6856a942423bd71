package rooms

// Event types and their bodies (CBOR, integer keys never reused). An event of
// an unknown type is kept and shown as "from a newer version".
//
// A body's codes are the glossary's, in capitals, and translated only on screen.
const (
	// In the dossier.
	EventIdentity        = "case.identity"
	EventLifeProject     = "case.life_project"
	EventLeaflet         = "case.leaflet"
	EventParty           = "circle.party"
	EventConsentRecorded = "consent.recorded"
	EventConsentRefused  = "consent.refused"
	EventConsentEnded    = "consent.ended"
	EventRoomOpened      = "room.opened"

	// In threads and items.
	EventTitle            = "room.title"
	EventMessage          = "message.posted"
	EventMessageEdited    = "message.edited"
	EventMessageRetracted = "message.retracted"
	EventDocumentShared   = "document.shared"
	EventDocumentOpened   = "document.opened"

	// In the session.
	EventSessionPlanned  = "session.planned"
	EventSessionAnswered = "session.answered"

	// In an item.
	EventItem            = "item.opened"
	EventOpinion         = "opinion.given"
	EventPosition        = "position.recorded"
	EventAttendance      = "attendance.recorded"
	EventMinutesSnapshot = "minutes.snapshot"
	EventMinutesProposed = "minutes.proposed"
	EventMinutesReopened = "minutes.reopened"
	EventMinutesSigned   = "minutes.signed"
	EventMinutesSealed   = "minutes.sealed"
	EventMinutesAddendum = "minutes.addendum"

	// In the plan.
	EventActionAdded    = "action.added"
	EventActionAccepted = "action.accepted"
	EventActionStatus   = "action.status"
	EventActionRanked   = "action.ranked"

	// In every room: who somebody is, in their own words.
	EventProfile = "profile"
)

// PersonIdentity is the identity of the person whose case it is.
type PersonIdentity struct {
	FamilyName string `cbor:"1,keyasint"`
	GivenName  string `cbor:"2,keyasint"`
	UsualName  string `cbor:"3,keyasint,omitempty"`
	BirthDate  string `cbor:"4,keyasint"`           // civil date, YYYY-MM-DD
	Sex        string `cbor:"5,keyasint,omitempty"` // F, M, U
	INS        string `cbor:"6,keyasint,omitempty"` // 13 + 2 characters, only if qualified
	INSOID     string `cbor:"7,keyasint,omitempty"`
	Phone      string `cbor:"8,keyasint,omitempty"`
	Address    string `cbor:"9,keyasint,omitempty"`
	User       ID     `cbor:"10,keyasint,omitzero"` // the person's own account, when they have one
}

// LifeProject is what the person wants, in their own words.
type LifeProject struct {
	Text string `cbor:"1,keyasint"`
	Said string `cbor:"2,keyasint,omitempty"` // civil date
}

// Leaflet records that the information leaflet was handed over (CSP L. 1110-12).
type Leaflet struct {
	Version string `cbor:"1,keyasint"`
	Date    string `cbor:"2,keyasint"`
	By      ID     `cbor:"3,keyasint"`
	How     string `cbor:"4,keyasint,omitempty"`
}

// CircleParty is somebody of the care circle. Party is the user's id where they
// have an account, else a fresh id; later bodies with the same Party replace it.
type CircleParty struct {
	Party        ID     `cbor:"1,keyasint"`
	Name         string `cbor:"2,keyasint"`
	Role         string `cbor:"3,keyasint"` // code: see Roles
	Category     string `cbor:"4,keyasint"` // CARE_TEAM, OUTSIDE_CARE_TEAM, ENTOURAGE, GUEST, PERSON
	Relation     string `cbor:"5,keyasint,omitempty"`
	Organisation string `cbor:"6,keyasint,omitempty"`
	RPPS         string `cbor:"7,keyasint,omitempty"`
	Phone        string `cbor:"8,keyasint,omitempty"`
	Trusted      bool   `cbor:"9,keyasint,omitempty"`  // personne de confiance
	Emergency    bool   `cbor:"10,keyasint,omitempty"` // personne à prévenir
	Lead         bool   `cbor:"11,keyasint,omitempty"` // référent du PPS
	Attending    bool   `cbor:"12,keyasint,omitempty"` // médecin traitant
}

// ConsentRecord is the private part of one or more receipts.
type ConsentRecord struct {
	Participant ID     `cbor:"1,keyasint"`
	Rooms       []ID   `cbor:"2,keyasint"`
	Numbers     []uint `cbor:"3,keyasint"` // receipt numbers, in the order of Rooms
	Salt        []byte `cbor:"4,keyasint"` // 16 bytes
	Category    string `cbor:"5,keyasint"` // CARE_TEAM, OUTSIDE_CARE_TEAM, ENTOURAGE, GUEST
	Basis       string `cbor:"6,keyasint"` // NON_OPPOSITION, EXPRESS_CONSENT
	GivenBy     string `cbor:"7,keyasint"` // PERSON, LEGAL_REPRESENTATIVE, PARENTAL_AUTHORITY
	CollectedBy ID     `cbor:"8,keyasint"`
	CollectedOn string `cbor:"9,keyasint"`  // civil date
	How         string `cbor:"10,keyasint"` // WRITTEN, ORAL, APP
	Leaflet     string `cbor:"11,keyasint,omitempty"`
	Scope       string `cbor:"12,keyasint,omitempty"` // in words
	Expires     int64  `cbor:"13,keyasint,omitempty"`
	Note        string `cbor:"14,keyasint,omitempty"`
}

// ConsentRefused records that the person does not want somebody to take part.
type ConsentRefused struct {
	Party ID     `cbor:"1,keyasint"`
	Date  string `cbor:"2,keyasint"`
	Note  string `cbor:"3,keyasint,omitempty"`
}

// ConsentEnded tells the case why a withdrawal was made.
type ConsentEnded struct {
	Participant ID     `cbor:"1,keyasint"`
	Rooms       []ID   `cbor:"2,keyasint"`
	By          string `cbor:"3,keyasint"` // PERSON, PARTICIPANT, COLLECTOR_FOR_PERSON
	Reason      string `cbor:"4,keyasint,omitempty"`
	Salt        []byte `cbor:"5,keyasint,omitempty"`
}

// RoomOpened lists a room of the case in its dossier.
type RoomOpened struct {
	Room     ID     `cbor:"1,keyasint"`
	Kind     Kind   `cbor:"2,keyasint"`
	Title    string `cbor:"3,keyasint"`
	Audience string `cbor:"4,keyasint"` // CASE, TEAM, FAMILY, ITEM, PLAN, SESSION, NETWORK
	Session  ID     `cbor:"5,keyasint,omitzero"`
}

// Title names a room inside it, with its audience and, for a room of a case,
// whom the case is about.
type Title struct {
	Title    string `cbor:"1,keyasint"`
	Audience string `cbor:"2,keyasint"`
	Person   string `cbor:"3,keyasint,omitempty"` // display name of the person
}

// Profile is how a member presents themself in a room.
type Profile struct {
	Name         string `cbor:"1,keyasint"`
	Role         string `cbor:"2,keyasint"`
	Organisation string `cbor:"3,keyasint,omitempty"`
	RPPS         string `cbor:"4,keyasint,omitempty"`
	Specialty    string `cbor:"5,keyasint,omitempty"`
}

// Message is something said in a conversation.
type Message struct {
	Text     string `cbor:"1,keyasint"`
	ReplyTo  ID     `cbor:"2,keyasint,omitzero"`
	Mentions []ID   `cbor:"3,keyasint,omitzero"`
}

// MessageEdited replaces the text of the author's own message; the former
// texts stay visible.
type MessageEdited struct {
	Target   ID     `cbor:"1,keyasint"`
	Text     string `cbor:"2,keyasint"`
	Mentions []ID   `cbor:"3,keyasint,omitzero"`
}

// MessageRetracted takes back the author's own message; a trace stays.
type MessageRetracted struct {
	Target ID `cbor:"1,keyasint"`
}

// DocumentShared gives the members the key to an age file among the objects.
type DocumentShared struct {
	Document   ID       `cbor:"1,keyasint"`
	Name       string   `cbor:"2,keyasint"`
	MediaType  string   `cbor:"3,keyasint"`
	Size       int64    `cbor:"4,keyasint"` // plaintext bytes
	Key        string   `cbor:"5,keyasint"` // age hybrid identity
	SHA256     [32]byte `cbor:"6,keyasint"` // of the ciphertext
	Ciphertext int64    `cbor:"7,keyasint"` // bytes
	Caption    string   `cbor:"8,keyasint,omitempty"`
	ReplyTo    ID       `cbor:"9,keyasint,omitzero"`
}

// DocumentOpened records that its author opened a document.
type DocumentOpened struct {
	Document ID `cbor:"1,keyasint"`
}

// SessionPlanned describes an RCP session without case content. A later one
// replaces it; Sequence grows.
type SessionPlanned struct {
	Title        string               `cbor:"1,keyasint"`
	Type         string               `cbor:"2,keyasint"` // RcpType code: DAC
	Starts       int64                `cbor:"3,keyasint"` // UTC ms
	Zone         string               `cbor:"4,keyasint"` // IANA
	Minutes      uint                 `cbor:"5,keyasint"` // length
	Items        []PlannedItem        `cbor:"6,keyasint"`
	Participants []PlannedParticipant `cbor:"7,keyasint"`
	Sequence     uint                 `cbor:"8,keyasint"`
}

// PlannedItem is one item of the agenda, in order.
type PlannedItem struct {
	Room    ID   `cbor:"1,keyasint"`
	Minutes uint `cbor:"2,keyasint"`
}

// PlannedParticipant is somebody invited, with a role in the session and the
// items they are invited to.
type PlannedParticipant struct {
	User  ID     `cbor:"1,keyasint"`
	Name  string `cbor:"2,keyasint"`
	Role  string `cbor:"3,keyasint"` // profession code
	Duty  string `cbor:"4,keyasint"` // CHAIR, SECRETARY, REQUESTER, FACILITATOR, PARTICIPANT, GUEST
	Votes bool   `cbor:"5,keyasint"`
	Items []ID   `cbor:"6,keyasint"`
}

// SessionAnswered is an invitee's answer.
type SessionAnswered struct {
	Answer string `cbor:"1,keyasint"` // COMES, CANNOT, OPINION
}

// Item opens an agenda item.
type Item struct {
	Number    uint   `cbor:"1,keyasint"`
	Question  string `cbor:"2,keyasint"`
	Context   string `cbor:"3,keyasint,omitempty"`
	Requester ID     `cbor:"4,keyasint"`
	Person    string `cbor:"5,keyasint"`           // display name of the person
	Wish      string `cbor:"6,keyasint,omitempty"` // the person's recorded wish on this question
	Dossier   ID     `cbor:"7,keyasint"`
	Plan      ID     `cbor:"8,keyasint,omitzero"`
	Type      string `cbor:"9,keyasint"`           // RcpType code
	Attending ID     `cbor:"10,keyasint,omitzero"` // the attending physician, for the quorum
}

// Opinion is what an invitee who may not come thinks, ahead of time.
type Opinion struct {
	Text string `cbor:"1,keyasint"`
}

// PositionCode is what a participant thinks of the synthesis. Positions are
// never overwritten and never averaged away: a later one stands beside.
type PositionCode string

const (
	PositionAgree        PositionCode = "AGREE"
	PositionReservation  PositionCode = "RESERVATION"
	PositionDisagree     PositionCode = "DISAGREE"
	PositionAbstain      PositionCode = "ABSTAIN"
	PositionNotCompetent PositionCode = "NOT_COMPETENT"
)

// Position records one participant's position.
type Position struct {
	Position PositionCode `cbor:"1,keyasint"`
	Text     string       `cbor:"2,keyasint,omitempty"`
}

// Attendance is the attendance record of an item (émargement), by the chair.
type Attendance struct {
	From    int64      `cbor:"1,keyasint"` // UTC ms
	To      int64      `cbor:"2,keyasint"`
	Present []Attendee `cbor:"3,keyasint"`
}

// Attendee was present at an item.
type Attendee struct {
	User   ID     `cbor:"1,keyasint"`
	Name   string `cbor:"2,keyasint"`
	Role   string `cbor:"3,keyasint"`
	Duty   string `cbor:"4,keyasint"`
	Remote bool   `cbor:"5,keyasint"`
}

// MinutesSnapshot is the state of the co-edited draft.
type MinutesSnapshot struct {
	Format string `cbor:"1,keyasint"` // "yjs.1"
	State  []byte `cbor:"2,keyasint"` // Y.encodeStateAsUpdate
}

// MinutesProposed fixes a version of the minutes for signature. Content is the
// canonical JSON of [MinutesContent] (RFC 8785).
type MinutesProposed struct {
	Version uint     `cbor:"1,keyasint"`
	Content []byte   `cbor:"2,keyasint"`
	Digest  [32]byte `cbor:"3,keyasint"`
}

// MinutesReopened takes a proposal back before it is sealed.
type MinutesReopened struct {
	Version uint   `cbor:"1,keyasint"`
	Reason  string `cbor:"2,keyasint,omitempty"`
}

// MinutesSigned is one participant's declaration on a proposed version:
// canonical JSON of [Declaration], and its signature by the identity key
// (identity.Sign, label [LabelDeclaration]).
type MinutesSigned struct {
	Digest      [32]byte `cbor:"1,keyasint"`
	Declaration []byte   `cbor:"2,keyasint"`
	Key         []byte   `cbor:"3,keyasint"` // Ed25519 public identity key
	Signature   []byte   `cbor:"4,keyasint"`
	Certificate []byte   `cbor:"5,keyasint,omitempty"` // device certificate of the signer's device
}

// MinutesSealed carries the bytes that the seal statement named: the canonical JSON of
// the [Bundle], the sealed part of the file that `ensemble verify` reads.
type MinutesSealed struct {
	Version uint   `cbor:"1,keyasint"`
	Bundle  []byte `cbor:"2,keyasint"`
}

// MinutesAddendum corrects sealed minutes: a document of its own, signed.
type MinutesAddendum struct {
	Of          [32]byte `cbor:"1,keyasint"` // digest of the sealed minutes
	Declaration []byte   `cbor:"2,keyasint"` // canonical JSON of AddendumContent
	Key         []byte   `cbor:"3,keyasint"`
	Signature   []byte   `cbor:"4,keyasint"`
}

// ActionAdded puts an action into the plan. The id of one born in an RCP is
// derived from the minutes' digest and the action's place there, so that it
// enters exactly once.
type ActionAdded struct {
	Action        ID          `cbor:"1,keyasint"`
	Problem       string      `cbor:"2,keyasint,omitempty"`
	Goal          string      `cbor:"3,keyasint,omitempty"`
	Text          string      `cbor:"4,keyasint"`
	Performer     ID          `cbor:"5,keyasint,omitzero"`
	PerformerName string      `cbor:"6,keyasint,omitempty"`
	Due           string      `cbor:"7,keyasint,omitempty"` // civil date
	Criterion     string      `cbor:"8,keyasint,omitempty"`
	Provenance    *Provenance `cbor:"9,keyasint,omitempty"`
}

// Provenance says in which RCP an action was decided.
type Provenance struct {
	Session ID       `cbor:"1,keyasint"`
	Item    ID       `cbor:"2,keyasint"`
	Number  uint     `cbor:"3,keyasint"`
	Date    string   `cbor:"4,keyasint"` // civil date of the session
	Digest  [32]byte `cbor:"5,keyasint"` // of the sealed minutes
	Index   uint     `cbor:"6,keyasint"` // the action's place in the minutes, from 0
	Signers uint     `cbor:"7,keyasint"`
	Bundle  [32]byte `cbor:"8,keyasint"` // SHA-256 of the sealed file
}

// ActionAccepted is the performer's or the person's agreement.
type ActionAccepted struct {
	Action ID     `cbor:"1,keyasint"`
	As     string `cbor:"2,keyasint"` // PERFORMER, PERSON
}

// ActionStatus moves an action: IN_PROGRESS, DONE, NOT_DONE, CANCELLED.
type ActionStatus struct {
	Action ID     `cbor:"1,keyasint"`
	Status string `cbor:"2,keyasint"`
	Reason string `cbor:"3,keyasint,omitempty"` // PERSON_REFUSES, CLINICAL_CHANGE, NO_RESOURCE, NOT_NEEDED, OTHER
	Note   string `cbor:"4,keyasint,omitempty"`
}

// ActionRanked orders the plan by priority.
type ActionRanked struct {
	Order []ID `cbor:"1,keyasint"`
}
