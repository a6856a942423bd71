// Package rooms is the domain of Ensemble: cases, care circles, consents, room
// logs, RCP sessions, minutes and care plans, as functions over a log.
//
// # One log per room
//
// Everything that happens in a room is an [Entry] of its one log: an MLS
// commit, an encrypted event, or a signed statement in the clear. The package
// folds a log, entry by entry and in order, into a state, and judges every
// entry against the state before it: may this author do this, now? "Now" is
// the entry's place in the log and the server time of its envelope, never the
// reader's clock, so that everybody comes to the same state.
//
// The state has two halves. [Public] is what commits and statements alone give:
// who is in, by which consent, who may collect consents, how the session runs.
// The server folds it to refuse what must not be appended; every client folds
// it again and believes nobody. [Room] adds what only the members can read.
//
// # Judging and folding
//
// An entry is judged whole before anything of it is folded, so that one that is
// refused changes nothing. There are two ways of being refused. An entry that
// does not continue the chain (CodeBadChain) has no place at all. Any other that
// the rules refuse keeps its place, for the chain covers it, has no effect, and is
// shown as refused; the server does not append such a thing, and if a lying one
// does, [Public.Refuse] and [Room.Apply] pass over it, in every client alike.
//
// # Who may be in
//
// A device is in a room by its user's receipt: numbered, bound to the hash of an
// identity key, signed by a collector or the person, cited by the commit that
// brings the device in. [Public.MayEnter] gives the ground, and every later
// judgement asks it again: a withdrawal, an expiry or another identity key end the
// right at that very entry. While a device whose right has ended is still in
// ([Public.RemovalPending]), nothing is written, and members commit nothing but its
// removal. Only entering stays possible, which helps whoever has to remove and
// lets nobody write. In a call the chair's admission stands for the receipt.
//
// # What members judge alone
//
// Some rules need what only members can read: who may edit a message, whether the
// required signers have signed. The server accepts what they refuse; it makes no
// difference to who is in. A reader who lacks the keys of an epoch cannot tell
// whether what depends on it is right: such entries are unreadable to them rather
// than refused, until the keys come and the log is folded again.
//
// # What it never does
//
// It performs no I/O, reads no clock, keeps no global state and starts no
// goroutine. Randomness is crypto/rand, for ids only.
package rooms
