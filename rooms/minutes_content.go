package rooms

// The JSON documents that are signed (RFC 8785 canonical form). Instants are
// UTC milliseconds, dates civil, ids base32, hashes lower-case hexadecimal.

// MinutesContent is the whole of an item's minutes; its digest is
// sign.Sum("ensemble minutes", canonical).
type MinutesContent struct {
	Format      string            `json:"format"` // "ensemble.minutes.1"
	Room        ID                `json:"room"`
	Session     ID                `json:"session"`
	Item        uint              `json:"item"`
	Version     uint              `json:"version"`
	Predecessor string            `json:"predecessor,omitempty"` // digest of the version before
	Rule        RcpRule           `json:"rule"`
	Title       string            `json:"title"` // the session's
	Held        MinutesHeld       `json:"held"`
	Person      string            `json:"person"`
	Question    string            `json:"question"`
	Requester   ID                `json:"requester"`
	Wish        string            `json:"wish,omitempty"` // the person's words
	Attendance  []MinutesAttendee `json:"attendance"`
	Quorum      QuorumResult      `json:"quorum"`
	Place       MinutesPlace      `json:"place"` // the chain position the proposer had seen
	Discussion  string            `json:"discussion"`
	Synthesis   string            `json:"synthesis"`
	Decisions   []string          `json:"decisions"`
	Positions   []MinutesPosition `json:"positions"`
	Actions     []MinutesAction   `json:"actions"`
	Signers     []ID              `json:"required_signers"`
}

type MinutesHeld struct {
	From int64  `json:"from"`
	To   int64  `json:"to"`
	Zone string `json:"zone"`
}

type MinutesPlace struct {
	Seq   uint64 `json:"seq"`
	Chain string `json:"chain"`
}

type MinutesAttendee struct {
	User    ID     `json:"user"`
	KeyHash string `json:"key_hash"` // of their identity key, as the room's log binds it
	Name    string `json:"name"`
	Role    string `json:"role"`
	Duty    string `json:"duty"`
	Remote  bool   `json:"remote"`
}

type MinutesPosition struct {
	User     ID           `json:"user"`
	Name     string       `json:"name"`
	Position PositionCode `json:"position"`
	Text     string       `json:"text,omitempty"`
	At       int64        `json:"at"`
}

type MinutesAction struct {
	Problem       string `json:"problem,omitempty"`
	Goal          string `json:"goal,omitempty"`
	Text          string `json:"text"`
	Performer     ID     `json:"performer,omitzero"`
	PerformerName string `json:"performer_name,omitempty"`
	Due           string `json:"due,omitempty"` // civil date
	Criterion     string `json:"criterion,omitempty"`
}

// Declaration is what one signer signs, label "ensemble declaration".
type Declaration struct {
	Format   string       `json:"format"` // "ensemble.declaration.1"
	Digest   string       `json:"digest"` // of the minutes, hexadecimal
	User     ID           `json:"user"`
	Name     string       `json:"name"`
	Role     string       `json:"role"`
	Duty     string       `json:"duty"`
	Position PositionCode `json:"position,omitzero"`
	Text     string       `json:"text,omitempty"`
	At       int64        `json:"at"`
}

// AddendumContent is a correction of sealed minutes, label "ensemble addendum".
type AddendumContent struct {
	Format string `json:"format"` // "ensemble.addendum.1"
	Of     string `json:"of"`     // digest of the sealed minutes
	Text   string `json:"text"`
	User   ID     `json:"user"`
	Name   string `json:"name"`
	At     int64  `json:"at"`
}
