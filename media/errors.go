package media

import "errors"

// Errors of this package, found with [errors.Is]. After any of them nothing has
// changed, except where [Peer.Handle] says otherwise.
var (
	// ErrClosed: the node, the call or the peer has ended.
	ErrClosed = errors.New("media: closed")
	// ErrPeerName: a peer name is empty, longer than MaxName or has bytes other
	// than letters, digits, '-', '_' and '.'.
	ErrPeerName = errors.New("media: bad peer name")
	// ErrFull: the call has MaxPeers peers.
	ErrFull = errors.New("media: call is full")
	// ErrSignal: a signal is malformed, of unknown type, or not the client's to send.
	ErrSignal = errors.New("media: bad signal")
	// ErrTooLarge: a signal or one of its parts exceeds its limit.
	ErrTooLarge = errors.New("media: signal too large")
	// ErrState: an answer without an offer, or a request for a connection that
	// does not exist.
	ErrState = errors.New("media: signal out of order")
	// ErrSDP: a session description cannot be parsed or lacks what it must have.
	ErrSDP = errors.New("media: bad session description")
	// ErrCodec: a section that sends offers neither VP8 nor Opus.
	ErrCodec = errors.New("media: no acceptable codec")
	// ErrTracks: the description and the list of its tracks do not fit, or two
	// tracks have the same medium.
	ErrTracks = errors.New("media: tracks do not match the description")
	// ErrConfig: a node cannot be made from its configuration.
	ErrConfig = errors.New("media: bad configuration")
)
