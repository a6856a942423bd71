package client

import "github.com/ensemble-sante/ensemble/rooms"

// ID is rooms.ID; in JSON 26 characters of lower-case base32, "" when zero.
type ID = rooms.ID

// Views are JSON snapshots, pushed whole to the user interface. Instants are
// UTC milliseconds, dates civil (YYYY-MM-DD), codes the glossary's. The user
// interface holds no rule of its own: whatever may be done now stands in Can.
//
// View names and their params:
//
//	status                      StatusView
//	home                        HomeView
//	case     {case}             CaseView
//	consents {case}             ConsentsView
//	room     {room}             RoomView
//	documents {case}            DocumentsView
//	agenda                      AgendaView
//	session  {session}          SessionView
//	item     {room}             ItemView
//	call     {session}          CallView
//	plan     {case}             PlanView
//	network                     NetworkView
//	settings                    SettingsView

// StatusView says how the core stands.
type StatusView struct {
	Phase   string `json:"phase"` // SIGNED_OUT, OPENING, CATCHING_UP, READY
	Online  bool   `json:"online"`
	Outbox  int    `json:"outbox"` // entries not yet acknowledged
	Me      *Me    `json:"me,omitempty"`
	Version string `json:"version"`
	// Alarms are security findings that people must see: a forked room, a
	// changed identity. They stay until acknowledged.
	Alarms []Alarm `json:"alarms"`
}

type Me struct {
	User   ID     `json:"user"`
	Device ID     `json:"device"`
	Name   string `json:"name"`
	Role   string `json:"role"`
	Kind   string `json:"kind"` // PROFESSIONAL, PERSON, RELATED, VOLUNTEER
}

type Alarm struct {
	ID   ID         `json:"id"`
	Code rooms.Code `json:"code"`
	Room ID         `json:"room"`
	At   int64      `json:"at"`
}

// HomeView is the worklist first, then meetings, then cases.
type HomeView struct {
	Worklist []Work        `json:"worklist"`
	Meetings []MeetingCard `json:"meetings"`
	Cases    []CaseCard    `json:"cases"`
	Threads  []RoomCard    `json:"threads"` // conversations with something unread, newest first
	CanOpen  bool          `json:"can_open_case"`
}

// Work is one thing that waits for me.
type Work struct {
	Kind    string `json:"kind"` // ANSWER_INVITATION, GIVE_OPINION, SIGN_MINUTES, ACCEPT_ACTION, ACTION_DUE, READ_MENTION, FEW_COLLECTORS, ACCEPT_ACTION_FOR_PERSON
	Case    ID     `json:"case"`
	Person  string `json:"person"`
	Room    ID     `json:"room"` // where to go: session, item, plan or thread
	Session ID     `json:"session"`
	Target  ID     `json:"target"` // event or action
	Title   string `json:"title"`  // question, action or session title
	Due     string `json:"due,omitempty"`
	At      int64  `json:"at"`
}

type MeetingCard struct {
	Session ID     `json:"session"`
	Title   string `json:"title"`
	Starts  int64  `json:"starts"`
	Zone    string `json:"zone"`
	Minutes uint   `json:"minutes"`
	Status  string `json:"status"` // PLANNED, OPEN, RUNNING, CLOSED
	Answer  string `json:"answer"` // mine: "", COMES, CANNOT, OPINION
	Items   int    `json:"items"`
	People  int    `json:"people"`
}

type CaseCard struct {
	Case   ID       `json:"case"`
	Person string   `json:"person"` // display name
	Born   string   `json:"born,omitempty"`
	Unread int      `json:"unread"`
	Rooms  int      `json:"rooms"`
	Lead   string   `json:"lead,omitempty"`
	At     int64    `json:"at"` // newest activity
	Frozen bool     `json:"frozen"`
	Warn   []string `json:"warn"` // FEW_COLLECTORS, FORKED
}

// CaseView is one case, the person first.
type CaseView struct {
	Case        ID            `json:"case"`
	Person      PersonView    `json:"person"`
	LifeProject *WordsView    `json:"life_project,omitempty"`
	Leaflet     *LeafletView  `json:"leaflet,omitempty"`
	Circle      []PartyView   `json:"circle"` // alphabetical
	Rooms       []RoomCard    `json:"rooms"`
	Sessions    []MeetingCard `json:"sessions"`
	Plan        *PlanCard     `json:"plan,omitempty"`
	Timeline    []TimelineRow `json:"timeline"` // newest first
	Accesses    []AccessRow   `json:"accesses"`
	Warn        []string      `json:"warn"`
	Frozen      bool          `json:"frozen"`
	Audience    Audience      `json:"audience"` // of the dossier
	Can         Can           `json:"can"`
	State       string        `json:"state"` // LOADING, READY, AWAITING_HISTORY
}

type PersonView struct {
	Display    string `json:"display"` // "Odette Marchal"
	FamilyName string `json:"family_name"`
	GivenName  string `json:"given_name"`
	BirthDate  string `json:"birth_date"`
	Sex        string `json:"sex,omitempty"`
	INS        string `json:"ins,omitempty"`
	Phone      string `json:"phone,omitempty"`
	Address    string `json:"address,omitempty"`
	User       ID     `json:"user"`
}

type WordsView struct {
	Text string `json:"text"`
	Said string `json:"said,omitempty"`
	By   string `json:"by"` // who wrote it down
	At   int64  `json:"at"`
}

type LeafletView struct {
	Version string `json:"version"`
	Date    string `json:"date"`
	By      string `json:"by"`
}

type PartyView struct {
	Party        ID     `json:"party"`
	Name         string `json:"name"`
	Role         string `json:"role"`
	Category     string `json:"category"`
	Relation     string `json:"relation,omitempty"`
	Organisation string `json:"organisation,omitempty"`
	RPPS         string `json:"rpps,omitempty"`
	Phone        string `json:"phone,omitempty"`
	Trusted      bool   `json:"trusted,omitempty"`
	Emergency    bool   `json:"emergency,omitempty"`
	Lead         bool   `json:"lead,omitempty"`
	Attending    bool   `json:"attending,omitempty"`
	// Consent is ACTIVE, AWAITED (consented, no device in yet), REFUSED,
	// WITHDRAWN, EXPIRED, NONE, SELF (the person).
	Consent string `json:"consent"`
	Rooms   []ID   `json:"rooms"` // which of the rooms I know they are in
}

// RoomCard is a room in a list.
type RoomCard struct {
	Room     ID     `json:"room"`
	Case     ID     `json:"case"`
	Person   string `json:"person,omitempty"`
	Kind     string `json:"kind"` // DOSSIER, THREAD, PLAN, SESSION, ITEM
	Title    string `json:"title"`
	Audience string `json:"audience"` // TEAM, FAMILY, ITEM, PLAN, SESSION, NETWORK
	People   int    `json:"people"`
	Unread   int    `json:"unread"`
	Mention  bool   `json:"mention"`
	Last     string `json:"last,omitempty"` // newest message, one line
	LastBy   string `json:"last_by,omitempty"`
	At       int64  `json:"at"`
	State    string `json:"state"` // JOINING, READY, AWAITING_HISTORY, ENDED
}

// Audience says who reads this, in faces.
type Audience struct {
	Code    string   `json:"code"`
	Title   string   `json:"title"`
	Members []Member `json:"members"` // alphabetical
	Awaited []Member `json:"awaited"` // consented, no device in yet
}

type Member struct {
	User   ID     `json:"user"`
	Name   string `json:"name"`
	Role   string `json:"role"`
	Online bool   `json:"online"`
	Me     bool   `json:"me"`
	Cursor uint64 `json:"cursor"` // read up to this sequence number
}

// Can says which acts are mine here and now.
type Can struct {
	Write           bool   `json:"write"`
	WhyNot          string `json:"why_not,omitempty"` // a rooms.Code
	ManageConsents  bool   `json:"manage_consents"`
	EditPerson      bool   `json:"edit_person"`
	EditLifeProject bool   `json:"edit_life_project"`
	OpenRoom        bool   `json:"open_room"`
	PlanSession     bool   `json:"plan_session"`
}

type TimelineRow struct {
	At   int64  `json:"at"`
	Kind string `json:"kind"` // an event or statement type
	By   string `json:"by"`
	Room ID     `json:"room"`
	Text string `json:"text,omitempty"` // title, question, name of the participant
}

type AccessRow struct {
	At   int64  `json:"at"`
	By   string `json:"by"`
	What string `json:"what"`
	Text string `json:"text,omitempty"`
}

// RoomView is a conversation with its timeline.
type RoomView struct {
	Room     ID         `json:"room"`
	Case     ID         `json:"case"`
	Kind     string     `json:"kind"`
	Person   string     `json:"person,omitempty"`
	Title    string     `json:"title"`
	Audience Audience   `json:"audience"`
	Items    []RoomItem `json:"items"` // oldest first; at most the newest Window
	More     bool       `json:"more"`  // older ones exist: command room.older
	Draft    string     `json:"draft"`
	Typing   []string   `json:"typing"`
	ReadTo   uint64     `json:"read_to"` // my own cursor
	Can      Can        `json:"can"`
	State    string     `json:"state"` // JOINING, READY, AWAITING_HISTORY, ENDED, FORKED
	// Epoch is that of the room's keys: live co-editing compares its state when it
	// changes.
	Epoch uint64 `json:"epoch,omitempty"`
	// RemovalPending names who is being taken out; nobody writes meanwhile.
	RemovalPending []string `json:"removal_pending"`
}

// RoomItem is one row of a timeline. Kind says which fields count.
type RoomItem struct {
	ID   ID     `json:"id"`
	Seq  uint64 `json:"seq"` // 0 while in the outbox
	At   int64  `json:"at"`
	By   ID     `json:"by"`
	Name string `json:"name"`
	Mine bool   `json:"mine"`
	// Kind is MESSAGE, DOCUMENT, JOINED, LEFT, CONSENT_GIVEN, CONSENT_WITHDRAWN,
	// KEYS_CHANGED, REFUSED, UNREADABLE (no key yet), UNKNOWN, NOTE.
	Kind      string        `json:"kind"`
	Text      string        `json:"text,omitempty"`
	ReplyTo   *Quote        `json:"reply_to,omitempty"`
	Mentions  []ID          `json:"mentions"`
	Edited    []Version     `json:"edited"` // former texts, oldest first
	Retracted bool          `json:"retracted"`
	Document  *DocumentView `json:"document,omitempty"`
	Why       string        `json:"why,omitempty"`     // code or reason, for REFUSED and CONSENT_WITHDRAWN
	Subject   string        `json:"subject,omitempty"` // the name of whom it concerns
	// Delivery is SENDING, SENT (acknowledged), FAILED (see Why).
	Delivery string   `json:"delivery"`
	ReadBy   []string `json:"read_by"` // names whose cursor has passed, for mine
}

type Quote struct {
	ID        ID     `json:"id"`
	Name      string `json:"name"`
	Text      string `json:"text"`
	Retracted bool   `json:"retracted"`
}

type Version struct {
	At   int64  `json:"at"`
	Text string `json:"text"`
}

type DocumentView struct {
	Document  ID       `json:"document"`
	Room      ID       `json:"room"`
	Name      string   `json:"name"`
	MediaType string   `json:"media_type"`
	Size      int64    `json:"size"`
	Caption   string   `json:"caption,omitempty"`
	By        string   `json:"by"`
	At        int64    `json:"at"`
	OpenedBy  []Opened `json:"opened_by"`
	Audience  string   `json:"audience"`
	People    int      `json:"people"`
}

type Opened struct {
	Name string `json:"name"`
	At   int64  `json:"at"`
}

type DocumentsView struct {
	Case      ID             `json:"case"`
	Person    string         `json:"person"`
	Documents []DocumentView `json:"documents"` // newest first
	Rooms     []RoomCard     `json:"rooms"`     // where I may share
}

// ConsentsView is the register of one case.
type ConsentsView struct {
	Case    ID           `json:"case"`
	Person  string       `json:"person"`
	Rows    []ConsentRow `json:"rows"` // alphabetical
	Rooms   []RoomCard   `json:"rooms"`
	Leaflet *LeafletView `json:"leaflet,omitempty"`
	Can     Can          `json:"can"`
	// Directory are the network's members who could be let in.
	Directory []DirectoryRow `json:"directory"`
	Warn      []string       `json:"warn"`
}

type ConsentRow struct {
	Party     PartyView        `json:"party"`
	Scope     []ConsentScope   `json:"scope"`
	History   []ConsentHistory `json:"history"` // newest first
	CanEnd    bool             `json:"can_end"`
	Collector bool             `json:"collector"`
}

type ConsentScope struct {
	Room     ID     `json:"room"`
	Title    string `json:"title"`
	Audience string `json:"audience"`
	State    string `json:"state"` // ACTIVE, AWAITED, WITHDRAWN, EXPIRED
	Number   uint   `json:"number"`
	Expires  int64  `json:"expires,omitempty"`
}

type ConsentHistory struct {
	At       int64    `json:"at"`
	Kind     string   `json:"kind"` // GIVEN, REFUSED, WITHDRAWN
	Category string   `json:"category,omitempty"`
	Basis    string   `json:"basis,omitempty"`
	GivenBy  string   `json:"given_by,omitempty"`
	By       string   `json:"by"`
	How      string   `json:"how,omitempty"`
	Leaflet  string   `json:"leaflet,omitempty"`
	Note     string   `json:"note,omitempty"`
	Rooms    []string `json:"rooms"`
}

type DirectoryRow struct {
	User         ID     `json:"user"`
	Name         string `json:"name"`
	Role         string `json:"role"`
	Kind         string `json:"kind"`
	Organisation string `json:"organisation,omitempty"`
}

// PlanView is the person's care plan.
type PlanView struct {
	Case        ID           `json:"case"`
	Room        ID           `json:"room"`
	Person      string       `json:"person"`
	LifeProject *WordsView   `json:"life_project,omitempty"`
	Actions     []ActionView `json:"actions"` // by rank
	Audience    Audience     `json:"audience"`
	Can         Can          `json:"can"`
	State       string       `json:"state"`
}

type PlanCard struct {
	Room    ID  `json:"room"`
	Actions int `json:"actions"`
	Open    int `json:"open"`
	Mine    int `json:"mine"`
}

type ActionView struct {
	Action        ID              `json:"action"`
	Rank          int             `json:"rank"`
	Problem       string          `json:"problem,omitempty"`
	Goal          string          `json:"goal,omitempty"`
	Text          string          `json:"text"`
	Performer     ID              `json:"performer"`
	PerformerName string          `json:"performer_name,omitempty"`
	Mine          bool            `json:"mine"`
	Due           string          `json:"due,omitempty"`
	Criterion     string          `json:"criterion,omitempty"`
	Status        string          `json:"status"` // PROPOSED, ACCEPTED, IN_PROGRESS, DONE, NOT_DONE, CANCELLED
	Reason        string          `json:"reason,omitempty"`
	Note          string          `json:"note,omitempty"`
	AcceptedBy    []string        `json:"accepted_by"` // PERFORMER, PERSON
	Provenance    *ProvenanceView `json:"provenance,omitempty"`
	History       []ActionHistory `json:"history"`
	CanAccept     string          `json:"can_accept,omitempty"` // PERFORMER, PERSON: as whom I may accept now
	CanMove       []string        `json:"can_move"`             // statuses I may set now
}

type ProvenanceView struct {
	Session ID     `json:"session"`
	Item    ID     `json:"item"`
	Number  uint   `json:"number"`
	Date    string `json:"date"`
	Signers uint   `json:"signers"`
}

type ActionHistory struct {
	At     int64  `json:"at"`
	By     string `json:"by"`
	Kind   string `json:"kind"` // ADDED, ACCEPTED, STATUS
	As     string `json:"as,omitempty"`
	Status string `json:"status,omitempty"`
	Reason string `json:"reason,omitempty"`
	Note   string `json:"note,omitempty"`
}

type NetworkView struct {
	Members []DirectoryRow `json:"members"`
}

type SettingsView struct {
	Me      Me           `json:"me"`
	Devices []DeviceView `json:"devices"`
}

type DeviceView struct {
	Device  ID    `json:"device"`
	Current bool  `json:"current"`
	Revoked bool  `json:"revoked"`
	At      int64 `json:"at"`
}
