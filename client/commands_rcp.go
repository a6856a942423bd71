package client

import "github.com/ensemble-sante/ensemble/rooms"

// Arguments and results of the commands of meetings, calls, minutes and the care
// plan.

type PlanSessionArgs struct {
	Title        string             `json:"title"`
	Type         string             `json:"type"`
	Starts       int64              `json:"starts"`
	Zone         string             `json:"zone"`
	Minutes      uint               `json:"minutes"`
	Items        []PlanItemFields   `json:"items"`
	Participants []PlanPersonFields `json:"participants"`
}
type PlanItemFields struct {
	Case      ID     `json:"case"`
	Question  string `json:"question"`
	Context   string `json:"context,omitempty"`
	Wish      string `json:"wish,omitempty"`
	Requester ID     `json:"requester"`
	Minutes   uint   `json:"minutes"`
	Room      ID     `json:"room"` // zero for a new item
}
type PlanPersonFields struct {
	User  ID     `json:"user"`
	Duty  string `json:"duty"`
	Votes bool   `json:"votes"`
	Items []int  `json:"items"` // places in Items, from 0
}
type ChangeSessionArgs struct {
	Session ID              `json:"session"`
	Plan    PlanSessionArgs `json:"plan"`
}
type AnswerArgs struct {
	Session ID     `json:"session"`
	Answer  string `json:"answer"`
}
type OpinionArgs struct {
	Room ID     `json:"room"` // the item's
	Text string `json:"text"`
}
type ItemArgs struct {
	Session ID `json:"session"`
	Item    ID `json:"item"`
}
type AdmitArgs struct {
	Session ID `json:"session"`
	User    ID `json:"user"`
}
type SignalArgs struct {
	Session ID  `json:"session"`
	Signal  any `json:"signal"` // media.Signal
}

// CallContext is what a media Worker needs to make KIDs: never given twice.
type CallContext struct {
	Context uint64 `json:"context"`
	Leaf    uint32 `json:"leaf"`
	Epoch   uint64 `json:"epoch"`
}
type HandArgs struct {
	Session ID   `json:"session"`
	Raised  bool `json:"raised"`
}

type PositionArgs struct {
	Room     ID                 `json:"room"`
	Position rooms.PositionCode `json:"position"`
	Text     string             `json:"text,omitempty"`
}
type CoeditArgs struct {
	Room   ID     `json:"room"`
	Kind   string `json:"kind,omitempty"` // update, vector, awareness
	Update []byte `json:"update"`         // base64
}

// ProposeArgs is the draft's content; the core fills in what it knows itself
// (attendance, quorum, rule, positions, place, signers).
type ProposeArgs struct {
	Room       ID                    `json:"room"`
	Discussion string                `json:"discussion"`
	Synthesis  string                `json:"synthesis"`
	Decisions  []string              `json:"decisions"`
	Actions    []rooms.MinutesAction `json:"actions"`
}
type ReopenArgs struct {
	Room   ID     `json:"room"`
	Reason string `json:"reason,omitempty"`
}
type SignArgs struct {
	Room     ID                 `json:"room"`
	Digest   string             `json:"digest"` // what was on screen
	Position rooms.PositionCode `json:"position,omitempty"`
	Text     string             `json:"text,omitempty"`
}
type AddendumArgs struct {
	Room ID     `json:"room"`
	Text string `json:"text"`
}
type Export struct {
	Name  string `json:"name"`
	Bytes []byte `json:"bytes"` // base64
}

type AddActionArgs struct {
	Case      ID     `json:"case"`
	Problem   string `json:"problem,omitempty"`
	Goal      string `json:"goal,omitempty"`
	Text      string `json:"text"`
	Performer ID     `json:"performer"`
	Due       string `json:"due,omitempty"`
	Criterion string `json:"criterion,omitempty"`
}
type AcceptArgs struct {
	Case   ID     `json:"case"`
	Action ID     `json:"action"`
	As     string `json:"as"`
}
type StatusArgs struct {
	Case   ID     `json:"case"`
	Action ID     `json:"action"`
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
	Note   string `json:"note,omitempty"`
}
type RankArgs struct {
	Case  ID   `json:"case"`
	Order []ID `json:"order"`
}
