package client

import (
	"encoding/base64"
	"fmt"
)

// Commands are what the user interface asks of the core: a name, JSON
// arguments, a JSON result or a rooms.Error. Argument types are named after
// the command; a command answers when its effect is durable on this device
// (messages: in the outbox) or acknowledged by the server (everything else).
//
//	device.state        → DeviceState                  before anything else: are there keys here?
//	device.new          DeviceNewArgs → DevicePublic   makes this device's keys; the public half is certified elsewhere
//	device.adopt        DeviceAdoptArgs → nothing      certified: open the session and the vault
//	enrol               EnrolArgs → nothing            first device of a new account
//	session.open        OpenArgs → nothing             open the device's keys and connect
//	session.sign_out    → nothing
//	case.create         CreateCaseArgs → CaseRef
//	case.identity       IdentityArgs → nothing
//	case.life_project   LifeProjectArgs → nothing
//	circle.party        PartyArgs → PartyRef
//	consent.give        ConsentArgs → nothing
//	consent.refuse      RefuseArgs → nothing
//	consent.withdraw    WithdrawArgs → nothing
//	consent.collector   CollectorArgs → nothing
//	contact.add         ContactArgs → nothing          people met by invitation, into the vault
//	room.open           OpenRoomArgs → RoomRef         a new thread of a case
//	room.send           SendArgs → EventRef
//	room.edit           EditArgs → nothing
//	room.retract        TargetArgs → nothing
//	room.retry          TargetArgs → nothing           a message that failed
//	room.discard        TargetArgs → nothing
//	room.read           ReadArgs → nothing             moves my cursor
//	room.typing         RoomRef → nothing
//	room.draft          DraftArgs → nothing
//	room.older          RoomRef → nothing              widens the view's window
//	form.keep           FormArgs → nothing             a form half filled in, sealed on this device
//	form.read           FormRef → Form
//	document.begin      DocumentBeginArgs → DocumentUpload
//	document.share      DocumentShareArgs → EventRef   after the upload is complete
//	document.key        DocumentRef → DocumentKey      to decrypt in the document Worker; records "opened"
//	rcp.plan            PlanSessionArgs → SessionRef
//	rcp.change          ChangeSessionArgs → nothing
//	rcp.answer          AnswerArgs → nothing
//	rcp.opinion         OpinionArgs → nothing
//	rcp.open            SessionRef → nothing           chair: the lobby opens
//	rcp.start_item      ItemArgs → nothing             chair
//	rcp.end_item        ItemArgs → nothing             chair: writes the attendance record
//	rcp.postpone_item   ItemArgs → nothing
//	rcp.admit           AdmitArgs → nothing            chair
//	rcp.remove          AdmitArgs → nothing            chair
//	rcp.close           SessionRef → nothing
//	call.knock          SessionRef → nothing           wait in the lobby
//	call.leave          SessionRef → nothing
//	call.signal         SignalArgs → nothing           to the SFU; answers come as live event "signal"
//	call.context        SessionRef → CallContext       a new SFrame context, never given twice
//	call.hand           HandArgs → nothing
//	item.position       PositionArgs → nothing
//	minutes.update      CoeditArgs → nothing           live Yjs update
//	minutes.snapshot    CoeditArgs → nothing           kept
//	minutes.propose     ProposeArgs → nothing
//	minutes.reopen      ReopenArgs → nothing
//	minutes.sign        SignArgs → nothing
//	minutes.addendum    AddendumArgs → nothing
//	minutes.export      ItemArgs → Export              the sealed file
//	plan.add            AddActionArgs → ActionRef
//	plan.accept         AcceptArgs → nothing
//	plan.status         StatusArgs → nothing
//	plan.rank           RankArgs → nothing
//	alarm.seen          AlarmArgs → nothing
//	search              SearchArgs → SearchResult      over what this device may read
//
// Live events are pushed beside the views, for what is not a state:
//
//	{"event":"signal","call":ID,"signal":{…}}            media signalling from the SFU
//	{"event":"coedit","room":ID,"update":base64,"by":ID}  Yjs update of somebody else; kind says update, vector or awareness
//	{"event":"keys","call":ID,"epoch":n,"own_leaf":n}     with the SFrame base key as bytes: to the media Worker only
//	{"event":"curtain","session":ID,"leaves":[names],"comes":[names]}

// SignalEvent is media signalling from the SFU.
type SignalEvent struct {
	Event  string `json:"event"`
	Call   ID     `json:"call"`
	Signal any    `json:"signal"` // media.Signal
}

// CoeditEvent is somebody else's Yjs message.
type CoeditEvent struct {
	Event  string `json:"event"`
	Room   ID     `json:"room"`
	Kind   string `json:"kind"` // update, vector, awareness
	Update []byte `json:"update"`
	By     ID     `json:"by"`
}

// KeysEvent announces a new SFrame base key, which comes as bytes beside it and
// goes to the media Worker only. Roster maps MLS leaf indices to SFU peers.
type KeysEvent struct {
	Event   string `json:"event"`
	Call    ID     `json:"call"`
	Epoch   uint64 `json:"epoch"`
	OwnLeaf uint32 `json:"own_leaf"`
}

// CurtainEvent names who leaves and who comes when the item changes.
type CurtainEvent struct {
	Event   string   `json:"event"`
	Session ID       `json:"session"`
	Leaves  []string `json:"leaves"`
	Comes   []string `json:"comes"`
}

// DeviceState says whether this device has keys, and whether they have been
// adopted by an account.
type DeviceState struct {
	// State is EMPTY (no keys), PENDING (keys made, not certified yet), READY.
	State  string `json:"state"`
	User   ID     `json:"user"`
	Device ID     `json:"device"`
}

// DeviceNewArgs names the account that the device is for, when it is known.
type DeviceNewArgs struct {
	User ID `json:"user"`
}

// DevicePublic is the public half of a device's keys.
type DevicePublic struct {
	User         ID       `json:"user"`
	Device       ID       `json:"device"`
	SignatureKey URLBytes `json:"signature_key"`
	SealKey      URLBytes `json:"seal_key"`
}

// URLBytes are bytes that are base64url without padding in JSON (RFC 4648
// section 5), as the HTTP API writes them.
type URLBytes []byte

// MarshalText gives the text form.
func (b URLBytes) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

// UnmarshalText reads the text form.
func (b *URLBytes) UnmarshalText(text []byte) error {
	out, err := base64.RawURLEncoding.Strict().AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("not base64url: %w", err)
	}
	*b = out
	return nil
}

type DeviceAdoptArgs struct {
	User ID `json:"user"`
}

// EnrolArgs makes the first device of a new account.
type EnrolArgs struct {
	Code    string        `json:"code"`
	Kind    string        `json:"kind"` // PROFESSIONAL, PERSON, RELATED, VOLUNTEER
	Profile ProfileFields `json:"profile"`
}

// ProfileFields is how I present myself in rooms.
type ProfileFields struct {
	Name         string `json:"name"`
	Role         string `json:"role"`
	Organisation string `json:"organisation,omitempty"`
	RPPS         string `json:"rpps,omitempty"`
	Specialty    string `json:"specialty,omitempty"`
}

type AlarmArgs struct {
	ID ID `json:"id"`
}

type RoomRef struct {
	Room ID `json:"room"`
}
type CaseRef struct {
	Case ID `json:"case"`
}
type PartyRef struct {
	Party ID `json:"party"`
}
type EventRef struct {
	ID ID `json:"id"`
}
type SessionRef struct {
	Session ID `json:"session"`
}
type ActionRef struct {
	Action ID `json:"action"`
}
type TargetArgs struct {
	Room   ID `json:"room"`
	Target ID `json:"target"`
}

type OpenArgs struct{}

// CreateCaseArgs opens a case: dossier, plan and team thread come into being.
type CreateCaseArgs struct {
	Person      IdentityFields `json:"person"`
	LifeProject string         `json:"life_project"`
	Leaflet     LeafletFields  `json:"leaflet"`
	Circle      []PartyFields  `json:"circle"`
}

type IdentityFields struct {
	FamilyName string `json:"family_name"`
	GivenName  string `json:"given_name"`
	UsualName  string `json:"usual_name,omitempty"`
	BirthDate  string `json:"birth_date"`
	Sex        string `json:"sex,omitempty"`
	INS        string `json:"ins,omitempty"`
	Phone      string `json:"phone,omitempty"`
	Address    string `json:"address,omitempty"`
	User       ID     `json:"user"` // the person's account, zero when none
}

type LeafletFields struct {
	Version string `json:"version"`
	Date    string `json:"date"`
	How     string `json:"how,omitempty"`
}

type PartyFields struct {
	Party        ID     `json:"party"` // user id, or zero for somebody without an account
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
}

type IdentityArgs struct {
	Case   ID             `json:"case"`
	Person IdentityFields `json:"person"`
}
type LifeProjectArgs struct {
	Case ID     `json:"case"`
	Text string `json:"text"`
	Said string `json:"said,omitempty"`
}
type PartyArgs struct {
	Case  ID          `json:"case"`
	Party PartyFields `json:"party"`
}

// ConsentArgs lets somebody into rooms of a case.
type ConsentArgs struct {
	Case     ID     `json:"case"`
	Party    ID     `json:"party"`
	Rooms    []ID   `json:"rooms"`
	Category string `json:"category"`
	Basis    string `json:"basis"`
	GivenBy  string `json:"given_by"`
	Date     string `json:"date"`
	How      string `json:"how"`
	Leaflet  string `json:"leaflet,omitempty"`
	// History is ALL or NOW: whether what was written before may be read.
	History string `json:"history"`
	Expires int64  `json:"expires,omitempty"`
	Note    string `json:"note,omitempty"`
}
type RefuseArgs struct {
	Case  ID     `json:"case"`
	Party ID     `json:"party"`
	Date  string `json:"date"`
	Note  string `json:"note,omitempty"`
}
type WithdrawArgs struct {
	Case   ID     `json:"case"`
	Party  ID     `json:"party"`
	Rooms  []ID   `json:"rooms"` // none: all of the case
	Reason string `json:"reason,omitempty"`
}
type CollectorArgs struct {
	Case  ID   `json:"case"`
	Party ID   `json:"party"`
	Add   bool `json:"add"`
}

// ContactArgs are people whose keys were checked when they were met.
type ContactArgs struct {
	Contacts []DirectoryRow `json:"contacts"`
}

type OpenRoomArgs struct {
	Case     ID     `json:"case"`
	Title    string `json:"title"`
	Audience string `json:"audience"` // TEAM, FAMILY
	Members  []ID   `json:"members"`  // parties whose consent covers it: their receipts are issued in the same act
}

type SendArgs struct {
	Room     ID     `json:"room"`
	Text     string `json:"text"`
	ReplyTo  ID     `json:"reply_to"`
	Mentions []ID   `json:"mentions"`
}
type EditArgs struct {
	Room     ID     `json:"room"`
	Target   ID     `json:"target"`
	Text     string `json:"text"`
	Mentions []ID   `json:"mentions"`
}
type ReadArgs struct {
	Room ID     `json:"room"`
	Seq  uint64 `json:"seq"`
}
type DraftArgs struct {
	Room ID     `json:"room"`
	Text string `json:"text"`
}

// FormRef names a form of the user interface.
type FormRef struct {
	Form string `json:"form"` // at most 64 of a-z, 0-9 and -
}

// FormArgs keeps what was entered into a form that has not been sent; an empty
// text forgets it.
type FormArgs struct {
	Form string `json:"form"`
	Text string `json:"text"` // at most 256 KiB
}
type Form struct {
	Text string `json:"text"` // "" when nothing is kept
}

type DocumentBeginArgs struct {
	Room ID    `json:"room"`
	Size int64 `json:"size"` // plaintext bytes
}

// DocumentUpload tells the document Worker where and under which key.
type DocumentUpload struct {
	Document ID     `json:"document"`
	Key      string `json:"key"` // age hybrid identity; stays within the origin's Workers
	PartSize int64  `json:"part_size"`
}
type DocumentShareArgs struct {
	Room       ID     `json:"room"`
	Document   ID     `json:"document"`
	Name       string `json:"name"`
	MediaType  string `json:"media_type"`
	Size       int64  `json:"size"`
	Key        string `json:"key"`
	SHA256     string `json:"sha256"` // hexadecimal
	Ciphertext int64  `json:"ciphertext"`
	Caption    string `json:"caption,omitempty"`
}
type DocumentRef struct {
	Room     ID `json:"room"`
	Document ID `json:"document"`
}
type DocumentKey struct {
	Key        string `json:"key"`
	SHA256     string `json:"sha256"`
	Ciphertext int64  `json:"ciphertext"`
	Name       string `json:"name"`
	MediaType  string `json:"media_type"`
	Size       int64  `json:"size"`
}

type SearchArgs struct {
	Text string `json:"text"`
}
type SearchResult struct {
	Hits []SearchHit `json:"hits"`
}
type SearchHit struct {
	Kind   string `json:"kind"` // CASE, MESSAGE, DOCUMENT, ITEM, ACTION
	Case   ID     `json:"case"`
	Room   ID     `json:"room"`
	Target ID     `json:"target"`
	Title  string `json:"title"`
	Text   string `json:"text"`
	At     int64  `json:"at"`
}
