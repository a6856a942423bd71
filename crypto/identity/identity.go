// Package identity holds who somebody is: ids, the keys of users and devices, the
// certificates that join them, the chain in which a user's keys change, and the
// log that makes every chain public to its readers.
//
// # Keys
//
// A user has one identity key ([UserKey], Ed25519), kept in the vault. It
// certifies devices and signs what a person signs: consents, minutes, plans. A
// device has a signature key (Ed25519, also the one of its MLS leaves) and a seal
// key (HPKE, MLKEM768X25519) under which others send it secrets ([DeviceKey]). A
// [DeviceCertificate] says, signed by the identity key, that a device is the
// user's. A [KeyChain] is the numbered, hash-linked, signed history of all this,
// and the key log ([Log], [LogView]) is an append-only Merkle tree over the heads
// of all chains.
//
// Authentication is Ed25519 and so not post-quantum; every signature carries an
// algorithm id, so that another can join.
//
// # Formats
//
// Ids are 16 bytes, in text 26 characters of lower-case base32 without padding.
//
// Every signature is one byte of algorithm followed by the algorithm's own value
// (65 bytes for Ed25519). What is signed is
//
//	"ensemble signature 1" ‖ algorithm ‖ uvarint(len(label)) ‖ label ‖ message
//
// so that a signature made for one purpose never serves another: the labels are
// in one table (labels.go). The same device key signs MLS contents, which begin
// with the length of a label that starts with "MLS 1.0 ": no such label has the
// 9,582 bytes that "en" would announce, so the two never meet. Every digest is
//
//	SHA-256("ensemble digest 1" ‖ uvarint(len(label)) ‖ label ‖ message)
//
// Structures are deterministic CBOR (package strictcbor) with integer keys, whose
// key 1 is the version of the format. A signed structure is [Signed]: {1: payload,
// 2: signature}. The fields are listed at [DeviceCertificate], [DeviceRequest] and
// [KeyChain]; a tree head is described at [TreeHead].
//
// The package does no I/O and reads no clock: instants are UTC milliseconds and
// are handed in. Randomness is crypto/rand.
package identity

import "errors"

var (
	// ErrMalformed reports bytes or text that are not in the expected format, or
	// values that no format allows.
	ErrMalformed = errors.New("malformed")

	// ErrSignature reports a signature that is not the named key's over the
	// named bytes, or a key that no signature can be trusted under.
	ErrSignature = errors.New("signature does not verify")

	// ErrAlgorithm reports an algorithm that this version does not know.
	ErrAlgorithm = errors.New("unknown algorithm")

	// ErrCertificate reports a device certificate that does not fit what it is
	// shown for: another user, another identity key, another seal key.
	ErrCertificate = errors.New("certificate does not apply")

	// ErrOutOfOrder reports a key-chain entry that is not the next one.
	ErrOutOfOrder = errors.New("key chain entry is not the next")

	// ErrForked reports a key-chain entry or head that continues another history
	// than ours.
	ErrForked = errors.New("key chain is forked")

	// ErrRevoked reports the use of a device that its user has revoked.
	ErrRevoked = errors.New("device is revoked")

	// ErrUnknownDevice reports a device that the key chain does not name.
	ErrUnknownDevice = errors.New("device is unknown")
)
