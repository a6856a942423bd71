package rooms

import "github.com/ensemble-sante/ensemble/crypto/record"

// StatementType names what a statement says. The codes are stored: never reused.
type StatementType string

const (
	StatementGenesis    StatementType = "genesis"
	StatementReceipt    StatementType = "receipt"
	StatementWithdrawal StatementType = "withdrawal"
	StatementCollectors StatementType = "collectors"
	StatementControl    StatementType = "session.control"
	StatementGrant      StatementType = "history.grant"
	StatementSeal       StatementType = "seal"
	StatementFreeze     StatementType = "freeze" // death of the person: nothing is written any more
)

// Statement is a thing that the server must see, signed by its author's user
// identity key. One that concerns several rooms names them all and is copied
// into each of their logs in one transaction.
type Statement struct {
	ID      ID                  `cbor:"1,keyasint"`
	Type    StatementType       `cbor:"2,keyasint"`
	Version uint                `cbor:"3,keyasint"`
	Author  ID                  `cbor:"4,keyasint"`
	Device  ID                  `cbor:"5,keyasint"`
	Rooms   []ID                `cbor:"6,keyasint"`           // sorted
	Time    int64               `cbor:"7,keyasint"`           // the author's clock, UTC ms: shown, never judged
	Seen    map[ID]record.Place `cbor:"8,keyasint,omitempty"` // per room, the place last seen
	Body    []byte              `cbor:"9,keyasint"`           // CBOR of the body type below
}

// SignedStatement is a statement with the key that signed it. The key counts
// only if the room's log binds its hash to the author.
type SignedStatement struct {
	Statement []byte `cbor:"1,keyasint"`
	Key       []byte `cbor:"2,keyasint"` // Ed25519 public identity key
	Signature []byte `cbor:"3,keyasint"` // identity label "ensemble statement"
}

// Party is a user bound to an identity key.
type Party struct {
	User    ID       `cbor:"1,keyasint"`
	KeyHash [32]byte `cbor:"2,keyasint"` // identity.KeyHash; zero while pending
}

// Genesis is the first entry of every room. It is the root of authority: it
// names who may collect consents there.
type Genesis struct {
	Kind       Kind    `cbor:"1,keyasint"`
	Rules      uint    `cbor:"2,keyasint"`
	Case       ID      `cbor:"3,keyasint,omitzero"` // the dossier's room id; zero for session and network
	Creator    Party   `cbor:"4,keyasint"`
	Collectors []Party `cbor:"5,keyasint"`           // first collectors; contains the creator
	Person     *Party  `cbor:"6,keyasint,omitempty"` // the person whose case it is, when known to the platform
	Session    ID      `cbor:"7,keyasint,omitzero"`  // for item and call: the session's room
	Item       ID      `cbor:"8,keyasint,omitzero"`  // for call: the item's room
	Chair      *Party  `cbor:"9,keyasint,omitempty"` // for session, item and call
	Suite      uint16  `cbor:"10,keyasint"`          // MLS cipher suite
	Group      []byte  `cbor:"11,keyasint"`          // MLS group id: room id ‖ generation (4 bytes)
	// GroupInfo is the signed GroupInfo of epoch 0 (MLSMessage), whose only leaf is
	// the creator's device: the log stands by itself.
	GroupInfo []byte `cbor:"12,keyasint"`
}

// Receipt is the open part of a ConsentReceipt (CSP L. 1110-4, L. 1110-12): it
// lets one participant into one room. Everything else (category, basis, who
// gave it, how) is the private part, an event "consent.recorded" of the
// dossier, whose salted hash stands here.
type Receipt struct {
	Participant Party `cbor:"1,keyasint"`
	Room        ID    `cbor:"2,keyasint"`
	Number      uint  `cbor:"3,keyasint"` // 1, 2, … per (participant, room); never goes back
	// HistoryFrom is the first sequence number whose content the participant
	// may read; 1 is everything.
	HistoryFrom uint64   `cbor:"4,keyasint"`
	Expires     int64    `cbor:"5,keyasint,omitempty"` // UTC ms; 0 is none
	Private     [32]byte `cbor:"6,keyasint"`           // SHA-256(salt ‖ encoded private part)
	Collector   bool     `cbor:"7,keyasint,omitempty"` // reserved: must be false, see CollectorsChange
}

// Withdrawal ends a participant's consent for the rooms it names; their
// delivery stops at once and their leaves must be removed before anybody
// writes again. The author is the person, the participant, or a collector on
// behalf of the person.
type Withdrawal struct {
	Participant ID       `cbor:"1,keyasint"`
	Private     [32]byte `cbor:"2,keyasint,omitzero"` // salted hash of the reason, told in the dossier
}

// CollectorsChange adds or removes a collector; only a collector, the person or
// their representative signs it.
type CollectorsChange struct {
	Add    []Party `cbor:"1,keyasint,omitempty"`
	Remove []ID    `cbor:"2,keyasint,omitempty"`
}

// ControlOp is one act of the chair that runs a session.
type ControlOp string

const (
	ControlOpen      ControlOp = "OPEN"       // the lobby opens
	ControlStartItem ControlOp = "START_ITEM" // Item becomes the current one, with Call as its call room
	ControlAdmit     ControlOp = "ADMIT"      // User may enter Call
	ControlRemove    ControlOp = "REMOVE"     // User leaves Call and may not come back unless admitted again
	ControlEndItem   ControlOp = "END_ITEM"
	ControlPostpone  ControlOp = "POSTPONE_ITEM"
	ControlClose     ControlOp = "CLOSE"
)

// Control is the body of a session.control statement. ADMIT and REMOVE are
// copied into the call's log, where the commits that follow cite them.
type Control struct {
	Op   ControlOp `cbor:"1,keyasint"`
	Item ID        `cbor:"2,keyasint,omitzero"`
	Call ID        `cbor:"3,keyasint,omitzero"`
	User ID        `cbor:"4,keyasint,omitzero"`
	// KeyHash binds an admitted user's identity key, so that the call's log
	// stands by itself.
	KeyHash [32]byte `cbor:"5,keyasint,omitzero"`
}

// Grant logs that a member's device sealed earlier record keys to another
// device. It carries no key.
type Grant struct {
	User   ID       `cbor:"1,keyasint"`
	Device ID       `cbor:"2,keyasint"`
	From   uint64   `cbor:"3,keyasint"` // first epoch granted
	To     uint64   `cbor:"4,keyasint"` // last epoch granted
	Hash   [32]byte `cbor:"5,keyasint"` // SHA-256 of the sealed grant
}

// Seal fixes the digest of an item's minutes: after it, they never change. Every
// member builds the bundle again and compares.
type Seal struct {
	Version uint     `cbor:"1,keyasint"`
	Digest  [32]byte `cbor:"2,keyasint"` // digest of the minutes
	Bundle  [32]byte `cbor:"3,keyasint"` // SHA-256 of the [Bundle]'s canonical JSON, carried by event minutes.sealed
}

// Freeze stops a case: after the person's death nothing is written in its rooms any
// more. Who was let in goes on reading; consents can still be withdrawn.
type Freeze struct {
	Lift bool `cbor:"1,keyasint,omitempty"` // a freeze made by mistake is lifted
}
