// Package feed takes what has been appended to the rooms that somebody follows
// on this node, from wherever it was appended, and hands it to the hub: once, in
// order, and only to those who may have it.
//
// # The way of an entry
//
// The node's own appender calls [Feed.Committed]; the bus says that another node
// has appended something; and a clock looks at the database by itself, so that
// a bus that loses everything only costs time. All three lead to one place: a
// room knows the last entry that it handed on. What continues from there goes
// straight to the hub; whatever leaves a gap is read from the database, by one
// goroutine per room that lives as long as there is something to read.
//
// # Who may have it
//
// Before an entry is handed on that changes who is in (a commit, a statement),
// the room's state is brought up to it and the followers who may have entries no
// more are dropped: they get neither that entry nor anything after it, and are
// told that the room is gone for them. Receipts that expire are looked for by
// the clock, and before anything is handed on. A call's followers also need to
// be let into its item and its session.
//
// # What is not kept
//
// Casts, cursors and presence go to this node's followers at once and to the
// others over the bus; what gets lost there is lost. Presence is repeated, and
// what a node has not repeated for a while is over.
//
// # Goroutines
//
// [Feed.Run] owns the clock. Locks are taken in the order Feed.mu, room.mu.
package feed
