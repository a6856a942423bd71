// Package appender is the only writer of room logs. It judges what somebody
// wants to append against the room's folded public state (rooms.Public), gives
// it its place, time and chain, and makes it durable before anybody hears of it.
//
// # Batches
//
// One goroutine takes whatever has arrived while the last batch was written,
// for any rooms, into one transaction: it locks the rooms' rows in the order of
// their ids, brings its states up to what other nodes have appended meanwhile,
// judges every act in order, writes all entries at once and commits. Only then
// are the acts acknowledged and handed on. An act that is refused does not
// touch the others of its batch. When the commit fails, nobody knows whether it
// took place: all acts of the batch are answered "unavailable", and whoever
// sends the same again gets the same answer as if the first had arrived.
//
// # Acts
//
// An [Act] is one thing that is appended whole or not at all: one event or
// commit, a statement with its copies in every room that it names, a new room
// with what belongs to it. An entry's id is its author's; for a commit it comes
// from its bytes.
//
// # States
//
// States are kept between batches. [Appender.View] gives an immutable copy of
// one to whoever must know who may do what; it changes with commits and
// statements only, never with events. What other nodes append reaches the
// states when the rows are locked, or earlier by [Appender.Refresh].
//
// The package reads no frame and knows no connection. Who may knock at all is
// decided before, by package authz.
package appender
