// Package client is the end-to-end client of Ensemble: it connects, catches up,
// decrypts, folds rooms into views, encrypts, sends, and keeps what was not yet
// sent. The same core runs in browsers as WebAssembly and natively in tests,
// tools and the demonstration.
//
// # Shape
//
// A [Core] has one goroutine, [Core.Run], that owns all state; everything else
// posts small events to it. The user interface asks by commands ([Core.Call],
// commands.go), watches views ([Core.Watch], views.go) and listens to what is
// not a state ([Core.Live]). It holds no rule of its own: whatever may be done is
// decided here by package rooms and said in the views.
//
// # What is kept on the device
//
// For each room the log's entries, a checkpoint of the folded state, the MLS
// group and the record keys, written in one atomic batch with the place in the
// log that they belong to; the outbox; the key chains of everybody met; the
// device's own keys and those of its vault. Every value is sealed under a storage
// key that the platform guards (client/browser: a WebCrypto key that cannot be
// read out; client/native: a file of its own).
//
// # What it never does
//
// It imports neither net/http nor os: [Storage], [Transport] and [Doer] are
// handed in. It believes the server in nothing that can be checked, and logs no
// content, no name and no key.
package client
