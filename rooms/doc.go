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
// # What it never does
//
// It performs no I/O, reads no clock, keeps no global state and starts no
// goroutine. Randomness is crypto/rand, for ids only.
package rooms
