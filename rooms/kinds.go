package rooms

import (
	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/record"
)

// ID names a user, a device, a room, a case, an event or a document: 16 random
// bytes, lower-case base32 in text.
type ID = identity.ID

// Kind says what a room is for. The codes are stored and sent: never reused.
type Kind uint8

const (
	KindDossier Kind = 1 // the person's identity, life project, care circle
	KindThread  Kind = 2 // a conversation of the case
	KindPlan    Kind = 3 // the person's care plan
	KindSession Kind = 4 // an RCP session: names, roles, order, admissions; no case content
	KindItem    Kind = 5 // one agenda item: question, opinions, positions, minutes
	KindCall    Kind = 6 // the running item's video keys; ephemeral
	KindNetwork Kind = 7 // a space without patient data
)

// Rules is the number of the rule set by which this version folds a log. A room
// says in its genesis which one it follows.
const Rules = 1

// Suite is the cipher suite of groups that begin now: its key exchange withstands
// quantum computers. Rooms that began on another one move to it: see
// [CommitData.Successor].
const Suite = mls.MLKEM768X25519ChaCha

// Suites are those that a room may have, the strongest first. A room moves only to a
// stronger one than its own.
func Suites() []mls.CipherSuite { return []mls.CipherSuite{Suite, mls.X25519ChaCha} }

// Entry is one place of a room's log: the envelope that the chain covers, and
// the bytes whose hash the envelope carries.
//
//   - Kind commit: Payload is an MLSMessage holding a PublicMessage commit.
//   - Kind event: Payload is an encoded [SealedEvent].
//   - Kind statement: Payload is an encoded [SignedStatement].
type Entry struct {
	Envelope record.Envelope
	Payload  []byte
}

// SealedEvent is an event as the server stores it: who sent it under which
// keys, and bytes that only members can read.
type SealedEvent struct {
	ID     ID     `cbor:"1,keyasint"` // the event's id, and the idempotency key
	Author ID     `cbor:"2,keyasint"`
	Device ID     `cbor:"3,keyasint"`
	Group  []byte `cbor:"4,keyasint"` // MLS group id: room id ‖ generation
	Epoch  uint64 `cbor:"5,keyasint"` // of the room: see [Public.Epoch]
	Sealed []byte `cbor:"6,keyasint"` // record.Key.Seal of the signed event
}

// CommitData is what a commit says in its MLS authenticated_data.
type CommitData struct {
	Seen      record.Place `cbor:"1,keyasint"` // the place in the chain the committer had last seen
	Citations []Citation   `cbor:"2,keyasint,omitempty"`
	// Revocations are the entries of key chains by which the commit removes devices
	// that their users have revoked.
	Revocations [][]byte `cbor:"3,keyasint,omitempty"`
	// Log is the newest signed tree head of the key log that the committer knows, as
	// [identity.TreeHead] describes it; none in a network without a log. Members
	// compare it with theirs.
	Log []byte `cbor:"4,keyasint,omitempty"`
	// Successor is the GroupInfo of the room's next group, in a commit that ends the one
	// before by ReInit: its first epoch, with the committer as the only member. The
	// others enter it by external commit.
	Successor []byte `cbor:"5,keyasint,omitempty"`
}

// Citation is the ground on which a commit adds or removes a user: the hash of
// the statement (receipt, admission, withdrawal) in this room's log.
type Citation struct {
	User ID       `cbor:"1,keyasint"`
	Hash [32]byte `cbor:"2,keyasint"`
}

// LeafIdentity is the identity of the MLS basic credential: user id ‖ device id.
type LeafIdentity struct{ User, Device ID }

// Extension types of Ensemble in MLS, from the private-use range of RFC 9420
// section 17.3.
const (
	ExtensionDeviceCertificate uint16 = 0xF0E1 // LeafNode: identity.DeviceCertificate
	ExtensionPlace             uint16 = 0xF0E2 // GroupInfo: CBOR record.Place the signer had last seen
	ExtensionRules             uint16 = 0xF0E3 // GroupContext: CBOR {1: rules}
	ExtensionKeyChainHead      uint16 = 0xF0E4 // LeafNode: identity.Head, the newest of the user's key chain that the device knows
)
