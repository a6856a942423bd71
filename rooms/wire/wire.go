// Package wire is the vocabulary of the websocket subprotocol "ensemble.1": the
// frames that the client core and the hub exchange, as CBOR maps with integer
// keys. It encodes and decodes and does nothing else; docs/protocol.md tells
// the same in prose.
//
// # Shape
//
// One binary websocket message carries one [Frame]. A request has an ID chosen
// by the client, and is answered by exactly one frame with the same ID: OpOK
// with a result body, or OpError. Frames of the server's own accord have ID 0.
//
// # Limits
//
// A frame is at most [MaxFrame] bytes; a payload of an entry at most
// [MaxPayload]. A frame that does not decode closes the connection with 1007, a
// larger one with 1009.
package wire

import (
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
)

// Subprotocol is the websocket subprotocol that this package speaks.
const Subprotocol = "ensemble.1"

// Sizes in bytes.
const (
	MaxFrame   = 4 << 20
	MaxPayload = rooms.MaxPayload
)

type ID = rooms.ID

// Op says what a frame is. Numbers are never reused.
type Op uint8

const (
	OpOK    Op = 1 // server: the answer to a request
	OpError Op = 2 // server: the refusal of a request

	// Requests.
	OpHello       Op = 10 // Hello → Welcome
	OpCreate      Op = 11 // Create → Placed
	OpAppend      Op = 12 // Append → Placed
	OpFetch       Op = 13 // Fetch → Entries
	OpFollow      Op = 14 // Follow → Entries; from then on entries, casts and cursors of the room are pushed
	OpUnfollow    Op = 15 // RoomRef → nothing
	OpGroupInfo   Op = 16 // RoomRef → GroupInfo: for an external commit
	OpCast        Op = 17 // Cast → nothing: ephemeral, to the room's members who are online
	OpCursor      Op = 18 // Cursor → nothing
	OpCursors     Op = 19 // RoomRef → Cursors
	OpAskHistory  Op = 20 // HistoryRequest → nothing
	OpSendGrant   Op = 21 // GrantDelivery → nothing
	OpMailbox     Op = 22 // MailboxAck → Mailbox: what waits for this device
	OpChain       Op = 23 // ChainRef → Chain: a user's key chain
	OpChainAppend Op = 24 // ChainAppend → nothing
	OpVault       Op = 25 // nothing → Vault
	OpVaultPut    Op = 26 // Vault → nothing
	OpSignal      Op = 27 // Signal → nothing: media signalling to the SFU
	OpInvite      Op = 28 // Invite → nothing: the mail and calendar file for a session
	OpAccess      Op = 29 // RoomRef → AccessList: who fetched what (audit), for the person and collectors
	OpDirectory   Op = 30 // DirectoryQuery → Directory: accounts of the network (pseudonymous id, kind)
	OpKeyLog      Op = 31 // LogQuery → LogProof: the key log's newest head, what it continues, and key chains in it

	// Pushes.
	OpEntries Op = 40 // Entries
	OpCasts   Op = 41 // Cast
	OpCursorP Op = 42 // Cursor
	OpRoom    Op = 43 // RoomSummary: a room has become open to this account, or is so no longer
	OpMail    Op = 44 // Mail: a history request or a grant for this device
	OpSignalP Op = 45 // Signal
	OpOnline  Op = 46 // Presence
	OpResync  Op = 47 // RoomRef: the connection was too slow; fetch again from where you stand
)

// Frame is one message either way. Body is the CBOR of the op's type.
type Frame struct {
	Op   Op     `cbor:"1,keyasint"`
	ID   uint64 `cbor:"2,keyasint,omitempty"`
	Body Raw    `cbor:"3,keyasint,omitempty"`
}

// Failure is the body of OpError.
type Failure struct {
	Code   rooms.Code `cbor:"1,keyasint"`
	Detail string     `cbor:"2,keyasint,omitempty"`
	Place  *Place     `cbor:"3,keyasint,omitempty"` // where the room stands, for stale_epoch and conflict
}

// Place is where a room's log stands.
type Place struct {
	Seq   uint64 `cbor:"1,keyasint"`
	Epoch uint64 `cbor:"2,keyasint"`
}

// Hello begins a connection. The session cookie has said who and which device.
type Hello struct {
	Client string `cbor:"1,keyasint,omitempty"` // version of the client core
}

// Welcome lists what the account may enter.
type Welcome struct {
	User   ID            `cbor:"1,keyasint"`
	Device ID            `cbor:"2,keyasint"`
	Time   int64         `cbor:"3,keyasint"` // server time, UTC ms
	Rooms  []RoomSummary `cbor:"4,keyasint"`
	Node   string        `cbor:"5,keyasint,omitempty"`
	// Log is the public key of the key log, in the form of golang.org/x/mod/sumdb/note.
	// A device pins the first that it is shown.
	Log string `cbor:"6,keyasint,omitempty"`
}

// RoomSummary is what the server knows of a room for this account.
type RoomSummary struct {
	Room  ID         `cbor:"1,keyasint"`
	Kind  rooms.Kind `cbor:"2,keyasint"`
	Case  ID         `cbor:"3,keyasint,omitzero"`
	Seq   uint64     `cbor:"4,keyasint"`
	Epoch uint64     `cbor:"5,keyasint"`
	Gone  bool       `cbor:"6,keyasint,omitempty"` // delivery has ended: withdrawn, expired, or the room is over
}

// RoomRef names a room.
type RoomRef struct {
	Room ID `cbor:"1,keyasint"`
}

// Entry is a log entry on the wire; the room is said once around it.
type Entry struct {
	Seq     uint64      `cbor:"1,keyasint"`
	Time    int64       `cbor:"2,keyasint"` // UTC ms, server
	Kind    record.Kind `cbor:"3,keyasint"`
	Payload []byte      `cbor:"4,keyasint"`
}

// Create makes a room: its genesis, the creator's own receipt if the rules ask
// for one, and further statements, all or nothing.
type Create struct {
	Statements [][]byte `cbor:"1,keyasint"` // encoded SignedStatement; the first is the genesis
	// Also are statements of other rooms that belong to the same act (a
	// session.control that names the call): appended in the same transaction.
	Also [][]byte `cbor:"2,keyasint,omitempty"`
}

// Append adds one entry. A statement is appended to every room that it names,
// in one transaction.
type Append struct {
	Room      ID          `cbor:"1,keyasint"`
	Kind      record.Kind `cbor:"2,keyasint"`
	Payload   []byte      `cbor:"3,keyasint"`
	GroupInfo []byte      `cbor:"4,keyasint,omitempty"` // with a commit: of the new epoch
}

// Placed says where entries stand now. It is sent after the commit to disk.
type Placed struct {
	Places []PlacedIn `cbor:"1,keyasint"`
}

// PlacedIn is one room's place.
type PlacedIn struct {
	Room ID     `cbor:"1,keyasint"`
	Seq  uint64 `cbor:"2,keyasint"`
	Time int64  `cbor:"3,keyasint"`
}

// Fetch asks for entries After (exclusive), at most Limit.
type Fetch struct {
	Room  ID     `cbor:"1,keyasint"`
	After uint64 `cbor:"2,keyasint"`
	Limit uint   `cbor:"3,keyasint,omitempty"`
}

// Follow asks for entries after a place, then everything that comes.
type Follow = Fetch

// Entries are consecutive entries of one room. Last is the room's newest
// sequence number when they were read: more to fetch if it is higher.
type Entries struct {
	Room    ID      `cbor:"1,keyasint"`
	Entries []Entry `cbor:"2,keyasint"`
	Last    uint64  `cbor:"3,keyasint"`
}

// GroupInfo is the stored GroupInfo of the room's current epoch.
type GroupInfo struct {
	Room      ID     `cbor:"1,keyasint"`
	Epoch     uint64 `cbor:"2,keyasint"`
	GroupInfo []byte `cbor:"3,keyasint"`
}

// Cast is something that is not kept: an MLS PrivateMessage to the room's
// members online, or to one device of them.
type Cast struct {
	Room    ID     `cbor:"1,keyasint"`
	Payload []byte `cbor:"2,keyasint"`
	To      ID     `cbor:"3,keyasint,omitzero"` // device
	User    ID     `cbor:"4,keyasint,omitzero"` // set by the server: from whom
	Device  ID     `cbor:"5,keyasint,omitzero"`
}

// Cursor is how far a member has read a room.
type Cursor struct {
	Room ID     `cbor:"1,keyasint"`
	Seq  uint64 `cbor:"2,keyasint"`
	User ID     `cbor:"3,keyasint,omitzero"`
}

// Cursors are those of a room's members.
type Cursors struct {
	Cursors []Cursor `cbor:"1,keyasint"`
}

// HistoryRequest asks the members for record keys of earlier epochs.
type HistoryRequest struct {
	Room   ID       `cbor:"1,keyasint"`
	Epochs []uint64 `cbor:"2,keyasint"`           // [from, to] inclusive, of the room's current group
	User   ID       `cbor:"3,keyasint,omitzero"`  // set by the server
	Device ID       `cbor:"4,keyasint,omitzero"`  // set by the server
	Not    []ID     `cbor:"5,keyasint,omitempty"` // users whose grants held wrong keys: others are to answer
}

// GrantDelivery hands a sealed HistoryGrant to a device. Statement is the
// signed "history.grant" that logs it.
type GrantDelivery struct {
	Room      ID     `cbor:"1,keyasint"`
	User      ID     `cbor:"2,keyasint"`
	Device    ID     `cbor:"3,keyasint"`
	Sealed    []byte `cbor:"4,keyasint"`
	Statement []byte `cbor:"5,keyasint"`
}

// Mail is something kept for one device until it acknowledges it, or a request
// that any member's core may answer.
type Mail struct {
	ID      ID              `cbor:"1,keyasint"`
	Room    ID              `cbor:"2,keyasint"`
	From    ID              `cbor:"3,keyasint"` // user
	Device  ID              `cbor:"4,keyasint"` // their device
	Grant   []byte          `cbor:"5,keyasint,omitempty"`
	Request *HistoryRequest `cbor:"6,keyasint,omitempty"`
}

// MailboxAck removes mails and asks for the others.
type MailboxAck struct {
	Done []ID `cbor:"1,keyasint,omitempty"`
}

// Mailbox is what waits for this device.
type Mailbox struct {
	Mails []Mail `cbor:"1,keyasint"`
}

// ChainRef asks for a user's key chain after a number.
type ChainRef struct {
	User  ID     `cbor:"1,keyasint"`
	After uint64 `cbor:"2,keyasint,omitempty"`
}

// Chain is a run of a user's key-chain entries.
type Chain struct {
	User    ID       `cbor:"1,keyasint"`
	Entries [][]byte `cbor:"2,keyasint"`
}

// Bounds of a LogQuery.
const (
	MaxLogSizes  = 16
	MaxLogChains = 64
)

// LogQuery asks what the key log says now. Sizes are those of heads that the client has
// seen, its own or others'; Chains are key chains that it relies on, After being the
// number of the last entry that it has.
type LogQuery struct {
	Sizes  []uint64   `cbor:"1,keyasint,omitempty"`
	Chains []ChainRef `cbor:"2,keyasint,omitempty"`
}

// LogProof is the newest head of the key log and what can be proved by it. Hashes are
// those of RFC 6962, section 2.1, 32 bytes each, one after the other.
type LogProof struct {
	Head        []byte        `cbor:"1,keyasint"`           // signed: see identity.TreeHead
	Consistency [][]byte      `cbor:"2,keyasint,omitempty"` // for each size: that Head continues it; none for a size beyond it
	Chains      []LoggedChain `cbor:"3,keyasint,omitempty"` // the first of those asked for, at least one
}

// LoggedChain is the growth of a key chain, and where its newest head stands in the log.
type LoggedChain struct {
	User    ID       `cbor:"1,keyasint"`
	Entries [][]byte `cbor:"2,keyasint,omitempty"`
	Index   uint64   `cbor:"3,keyasint"`
	Proof   []byte   `cbor:"4,keyasint,omitempty"` // that the leaf is in the log; of a log of one leaf, nothing
}

// ChainAppend adds an entry to one's own key chain.
type ChainAppend struct {
	Entry []byte `cbor:"1,keyasint"`
}

// Vault is the account's sealed vault.
type Vault struct {
	Version uint64 `cbor:"1,keyasint"`
	Blob    []byte `cbor:"2,keyasint,omitempty"`
}

// Signal is media signalling of a call: JSON of media.Signal.
type Signal struct {
	Call   ID     `cbor:"1,keyasint"`
	Signal []byte `cbor:"2,keyasint"`
}

// Invite asks the server to mail an invitation with a calendar file. Nothing in
// it names a person or a subject.
type Invite struct {
	Session  ID     `cbor:"1,keyasint"` // room
	Starts   int64  `cbor:"2,keyasint"` // UTC ms
	Zone     string `cbor:"3,keyasint"`
	Minutes  uint   `cbor:"4,keyasint"`
	Sequence uint   `cbor:"5,keyasint"`
	Users    []ID   `cbor:"6,keyasint"`
	Cancel   bool   `cbor:"7,keyasint,omitempty"`
}

// AccessList is the audit of a room: who was given its content, when.
type AccessList struct {
	Accesses []Access `cbor:"1,keyasint"`
}

// Access is one line of it.
type Access struct {
	Time   int64  `cbor:"1,keyasint"`
	User   ID     `cbor:"2,keyasint"`
	Device ID     `cbor:"3,keyasint,omitzero"`
	What   string `cbor:"4,keyasint"` // READ, DOCUMENT, REFUSED, …
	Target ID     `cbor:"5,keyasint,omitzero"`
}

// DirectoryQuery asks for accounts of the network.
type DirectoryQuery struct {
	Users []ID `cbor:"1,keyasint,omitempty"` // these only
}

// Directory lists accounts. Names are not the server's to know: cores learn
// them from profiles in the network room.
type Directory struct {
	Accounts []Account `cbor:"1,keyasint"`
}

// Account is what the server tells members of another account.
type Account struct {
	User    ID       `cbor:"1,keyasint"`
	Kind    string   `cbor:"2,keyasint"` // PROFESSIONAL, PERSON, RELATED, VOLUNTEER
	KeyHash [32]byte `cbor:"3,keyasint"` // of the identity key, to be checked against the key chain
}

// Presence says who of a room's members is online.
type Presence struct {
	Room   ID   `cbor:"1,keyasint"`
	User   ID   `cbor:"2,keyasint"`
	Online bool `cbor:"3,keyasint"`
}
