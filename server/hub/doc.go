// Package hub holds the websocket connections of one node and hands frames out
// to them: who is connected, who follows which room, and how bytes get to many
// sockets at little cost. It judges nothing and stores nothing: a [Handler]
// answers requests and tells the hub who follows what.
//
// # Shape
//
//	net/http ── Hub.Serve ── Conn ── read goroutine ── Handler.Request
//	Hub.Push ── shard inbox ── shard goroutine ── outbox ── socket
//
// Every connection belongs to one shard. A shard is one goroutine that owns,
// without a lock, who of its connections follows which room and how far each
// has been served. What happens to a room reaches it as small jobs in an inbox,
// in the order in which they were given to the hub. All jobs that are there are
// worked off before anything is written, so that under load several frames for
// one connection leave in one system call.
//
// # Bytes
//
// A push is encoded and framed once for all its receivers (a prepared message).
// An [outbox] stands between the websocket library and the socket: it writes
// without blocking, and what the socket does not take at once is kept, up to a
// limit, and written by a goroutine that lives only as long as there is
// something left. An idle connection is one sleeping goroutine with a small
// read buffer.
//
// # Slow consumers
//
// When a connection has more than [Config.QueueBytes] waiting, pushes of rooms
// are no longer queued for it. As soon as it has drained, it is told OpResync
// for each room of which it missed something, and is served again from there;
// the client fetches the rest. A connection that takes nothing for
// [Config.WriteTimeout] is closed.
//
// # Goroutines
//
// One per shard, and one that ticks, from New to Close. One per connection that
// reads; it calls Handler.Closed as its last act. Requests are handled on the
// reading goroutine: a Handler that waits starts its own, see [Conn.Begin].
package hub
