package client

import "github.com/ensemble-sante/ensemble/rooms"

// Views of meetings: their agenda, items, minutes and calls.

type AgendaView struct {
	Meetings []MeetingCard `json:"meetings"` // by time
	// Types are the kinds of RCP that can be planned, with their quorum rules.
	Types []rooms.RcpRule `json:"types"`
}

// SessionView is an RCP session, planned or running.
type SessionView struct {
	Session      ID              `json:"session"`
	Title        string          `json:"title"`
	Type         rooms.RcpRule   `json:"type"`
	Starts       int64           `json:"starts"`
	Zone         string          `json:"zone"`
	Minutes      uint            `json:"minutes"`
	Sequence     uint            `json:"sequence"`
	Status       string          `json:"status"` // PLANNED, OPEN, RUNNING, CLOSED
	Items        []SessionItem   `json:"items"`
	Participants []SessionPerson `json:"participants"` // alphabetical
	Me           SessionPerson   `json:"me"`
	Audience     Audience        `json:"audience"`
	Can          SessionCan      `json:"can"`
	State        string          `json:"state"` // JOINING, READY, AWAITING_HISTORY, ENDED
}

type SessionItem struct {
	Room         ID     `json:"room"`
	Number       uint   `json:"number"`
	Minutes      uint   `json:"minutes"`
	Known        bool   `json:"known"` // I am in the item's room: Question and Person are filled
	Question     string `json:"question,omitempty"`
	Person       string `json:"person,omitempty"`
	Case         ID     `json:"case"`
	Requester    string `json:"requester,omitempty"`
	Status       string `json:"status"` // WAITING, RUNNING, DONE, POSTPONED
	Started      int64  `json:"started,omitempty"`
	Invited      []ID   `json:"invited"`
	MinutesState string `json:"minutes_state"` // NONE, DRAFT, PROPOSED, SEALED
}

type SessionPerson struct {
	User    ID     `json:"user"`
	Name    string `json:"name"`
	Role    string `json:"role"`
	Duty    string `json:"duty"`
	Votes   bool   `json:"votes"`
	Items   []ID   `json:"items"`
	Answer  string `json:"answer"`  // "", COMES, CANNOT, OPINION
	Consent string `json:"consent"` // ACTIVE, AWAITED, WITHDRAWN, EXPIRED, NONE: for the items' rooms
	Online  bool   `json:"online"`
	// Lobby is "", WAITING (asks to come in), ADMITTED, IN_CALL.
	Lobby string `json:"lobby"`
}

type SessionCan struct {
	Edit   bool `json:"edit"`  // the coordinator, before it runs
	Chair  bool `json:"chair"` // opens, starts, admits, ends
	Answer bool `json:"answer"`
	Enter  bool `json:"enter"`
}

// ItemView is one agenda item: question, opinions, positions, minutes.
type ItemView struct {
	Room       ID                 `json:"room"`
	Session    ID                 `json:"session"`
	Case       ID                 `json:"case"`
	Number     uint               `json:"number"`
	Person     string             `json:"person"`
	Question   string             `json:"question"`
	Context    string             `json:"context,omitempty"`
	Wish       string             `json:"wish,omitempty"`
	Requester  string             `json:"requester"`
	Opinions   []OpinionView      `json:"opinions"`
	Positions  []PositionView     `json:"positions"` // the newest of each, alphabetical; History holds the earlier ones
	Attendance []AttendeeView     `json:"attendance"`
	Quorum     rooms.QuorumResult `json:"quorum"`
	Minutes    MinutesView        `json:"minutes"`
	Chat       RoomView           `json:"chat"`
	Audience   Audience           `json:"audience"`
	Can        ItemCan            `json:"can"`
	Status     string             `json:"status"` // WAITING, RUNNING, DONE, POSTPONED
}

type OpinionView struct {
	By   ID     `json:"by"`
	Name string `json:"name"`
	Role string `json:"role"`
	Text string `json:"text"`
	At   int64  `json:"at"`
}

type PositionView struct {
	By       ID                 `json:"by"`
	Name     string             `json:"name"`
	Role     string             `json:"role"`
	Position rooms.PositionCode `json:"position"`
	Text     string             `json:"text,omitempty"`
	At       int64              `json:"at"`
	History  []PositionView     `json:"history"`
}

type AttendeeView struct {
	User   ID     `json:"user"`
	Name   string `json:"name"`
	Role   string `json:"role"`
	Duty   string `json:"duty"`
	Remote bool   `json:"remote"`
}

// MinutesView: NONE, DRAFT (co-edited), PROPOSED (to sign), SEALED.
type MinutesView struct {
	State            string                `json:"state"`
	Version          uint                  `json:"version"`
	Snapshot         []byte                `json:"snapshot,omitempty"` // base64: newest Yjs state
	Content          *rooms.MinutesContent `json:"content,omitempty"`  // when proposed or sealed
	Digest           string                `json:"digest,omitempty"`
	Signatures       []SignatureView       `json:"signatures"`
	Awaited          []Member              `json:"awaited"` // required signers who have not signed
	PresentNotSigned []string              `json:"present_not_signed"`
	SealedAt         int64                 `json:"sealed_at,omitempty"`
	Addenda          []AddendumView        `json:"addenda"`
	// Previous is the content of the version before, for the diff.
	Previous *rooms.MinutesContent `json:"previous,omitempty"`
}

type SignatureView struct {
	User     ID                 `json:"user"`
	Name     string             `json:"name"`
	Role     string             `json:"role"`
	Position rooms.PositionCode `json:"position,omitempty"`
	Text     string             `json:"text,omitempty"`
	At       int64              `json:"at"`
}

type AddendumView struct {
	By   string `json:"by"`
	At   int64  `json:"at"`
	Text string `json:"text"`
}

type ItemCan struct {
	Write    bool   `json:"write"`
	Opinion  bool   `json:"opinion"`
	Position bool   `json:"position"`
	Draft    bool   `json:"draft"`
	Propose  bool   `json:"propose"`
	Reopen   bool   `json:"reopen"`
	Sign     bool   `json:"sign"`
	Addendum bool   `json:"addendum"`
	WhyNot   string `json:"why_not,omitempty"`
}

// CallView is the running call of a session, as this device sees it.
type CallView struct {
	Session ID           `json:"session"`
	Call    ID           `json:"call"` // zero when no item runs
	Item    ID           `json:"item"`
	State   string       `json:"state"`         // NONE, WAITING (lobby), JOINING, IN, LEFT, REMOVED
	Why     string       `json:"why,omitempty"` // code, for REMOVED
	Roster  []CallPerson `json:"roster"`        // in join order of leaves; names come from here, never from signalling
	Hands   []ID         `json:"hands"`         // one queue, first come first
	Epoch   uint64       `json:"epoch"`
}

type CallPerson struct {
	User   ID     `json:"user"`
	Device ID     `json:"device"`
	Leaf   uint32 `json:"leaf"`
	Peer   string `json:"peer"` // the SFU's name for this device: base32 of the device id
	Name   string `json:"name"`
	Role   string `json:"role"`
	Me     bool   `json:"me"`
}
