// Package server is one node of the network: HTTP, sessions, the websocket and
// what is behind it. It moves what people write without being able to read it,
// decides by package authz who may do what, and writes to the logs of rooms only
// what the rules of package rooms accept.
//
// # Parts
//
//	accounts   enrolment, key chains, vaults, sessions
//	appender   the one writer of room logs: judged, batched, durable
//	authz      the one function that says who may do what
//	feed       from any node's appender to the followers of this node
//	hub        connections and fan-out
//	store      PostgreSQL, the truth
//	blobs bus mail postgres config: what it stands on
//
// This package joins them: a [Server] has a [Server.Handler] for the public
// address and a [Server.Metrics] for a private one, works in [Server.Run] and
// ends with [Server.Close]. Nodes are equal, and hold nothing that cannot be
// lost.
//
// # The way of a request over the websocket
//
// The hub hands over one frame. requests.go finds the operation and its room,
// standing.go what the actor is there, authz decides, and then a handler of
// three kinds runs: on the reading goroutine, in order (appends, which are
// answered after they are durable; casts; media signals), or on one of its own,
// for whatever asks the database.
//
// Nothing here logs a name, a key or content, and no id of a person either:
// a request has a number.
package server
