// Package mail writes and sends the little that leaves the network in the
// clear: invitations to sessions, with a calendar file.
//
// Nothing in a mail names a person, says what a session is about, or is of
// anybody's health: it says when, and where to read the rest. Each invitee
// gets a mail of their own, in which no other appears.
//
// [Invitation] makes a [Message]. The server writes it to its outbox in the
// transaction that asks for it; a [Courier] takes what is due from there and
// gives it to a [Sender], which for a real network is [SMTP]. The demonstration
// has no courier and shows the outbox instead. Errors and logs hold neither an
// address nor a server's words, which may repeat one.
package mail

import (
	_ "time/tzdata" // zones are known in an image without files, too
)
