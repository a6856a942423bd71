// Package media is the forwarding unit of video calls (SFU): it takes the
// encoded tracks of each participant once and sends them on to every other
// participant of the same call, over WebRTC, without being able to see them.
//
// # What it is not
//
// It knows no case, no account, no HTTP and no room. Whoever calls it decides
// who is in a [Call]; being in means both publishing and receiving. It holds no
// media key: the frames are encrypted end to end by the clients (SFrame, RFC
// 9605), and the package reads RTP headers, and the VP8 payload descriptor that
// a client leaves in the clear, and nothing else. It writes no peer name, no
// address and no session description to its log above debug level.
//
// # Shape
//
//	Node ── Call ── Peer ─┬─ publish connection   ── Uplink (one per track)
//	                      └─ subscribe connection ── Downlink (one per track received)
//
// A [Node] is one UDP port. A [Peer] is one participant with two peer
// connections: on the publish connection the client offers, on the subscribe
// connection the node offers, so that offers never cross. An [Uplink] is a track
// as it arrives; a [Downlink] is that track on its way to one peer. The list of
// downlinks of an uplink is an immutable snapshot, replaced when it changes: the
// goroutine that reads the uplink writes to all downlinks without a lock of this
// package around it and without an allocation.
//
// Goroutines: each peer has one that owns its negotiation and one that calls its
// send function; each uplink has one that reads RTP, one that reads RTCP, and
// one of pion's that reads retransmissions; each downlink has one that reads
// RTCP. [Call.Remove] and [Node.Close] end them and wait.
//
// # Signalling
//
// A client and the node exchange [Signal] values, in order and without loss, over
// whatever the caller has (a websocket). From the client:
//
//	publish.offer     SDP and Tracks: MID and Medium of every section that sends
//	subscribe.answer  SDP, the answer to the last subscribe.offer
//	restart           PC "subscribe": make an offer with an ICE restart
//	keyframe          Tracks: MIDs of the subscribe connection that need a key frame
//	candidate         PC and Candidate; accepted and not needed (see below)
//	left              the client leaves the call
//
// From the node:
//
//	publish.answer    SDP and Tracks: MID, ID and Medium of what is published now
//	subscribe.offer   SDP and Tracks: MID, ID, Peer and Medium of what this offer carries
//	tracks            Tracks: ID, Peer and Medium of everything others publish;
//	                  precedes the subscribe.offer that carries it
//	restart           PC "publish": the way is broken, offer with an ICE restart
//	left              Peer has left; its tracks leave with the next subscribe.offer
//
// One peer publishes at most one track of each [Medium]. Sharing a screen is a
// second video section in a new publish.offer. Muting is either a track that is
// kept and sends nothing or silence, or a section made inactive by a new offer.
// A section of the subscribe connection that became free is used again for a
// track of the same medium, so a client may bind what depends on the medium to
// the transceiver. The "msid" stream of camera and audio is the peer's name, so
// that browsers keep them in step; the screen has a stream of its own.
//
// An ICE restart of the publish connection is a publish.offer with new
// credentials. A publish.offer of another RTCPeerConnection (another session id
// in its "o=" line) replaces the publish connection.
//
// The node is an ICE-lite agent (RFC 8445, section 2.5): its candidates are all
// in its descriptions, it learns the client's addresses from the client's
// checks, and so it neither trickles nor needs the client's candidates.
//
// # Media
//
// VP8 and Opus only, SRTP with AEAD_AES_128_GCM only (RFC 7714). Video is retransmitted as
// RTX (RFC 4588), in both directions, and never under its own SSRC: the same SRTP
// packet index would then be sealed twice, and as soon as a header extension
// changes on the way (a transport sequence number) that is a GCM nonce used twice.
// Losses on the way in are asked for by NACK from the node, which keeps the last
// packets of each uplink once, in a cache shared by all its downlinks, and answers
// their NACKs from it. Opus has in-band forward error correction and no
// retransmission. Key-frame requests (PLI and FIR, RFC 4585 and RFC 5104) are
// merged per uplink. Sender reports carry the publisher's clock, so that a
// receiver can keep picture and sound together. Publishers are told when each packet
// has arrived (transport-wide congestion control), by which browsers find their
// rate; that is the only header extension, and none is forwarded.
//
// Packets for the same address leave together, segmented by the system where it
// can (GSO).
//
// Simulcast, bandwidth estimation, active speaker, TURN and ICE-TCP are not here
// yet.
package media
