package media

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"
)

// Types of a [Signal]. The package documentation says who sends which and when.
const (
	PublishOffer    = "publish.offer"
	PublishAnswer   = "publish.answer"
	SubscribeOffer  = "subscribe.offer"
	SubscribeAnswer = "subscribe.answer"
	Candidate       = "candidate"
	Restart         = "restart"
	Tracks          = "tracks"
	KeyFrame        = "keyframe"
	Left            = "left"
)

// Values of Signal.PC: the connection that a signal is about.
const (
	Publish   = "publish"
	Subscribe = "subscribe"
)

// Limits of what a client may send.
const (
	MaxSDP       = 256 << 10 // bytes of a session description
	MaxCandidate = 1 << 10   // bytes of a candidate
	MaxName      = 64        // bytes of a peer's name, a MID or a track id
	MaxSections  = 32        // media sections of a publish.offer, inactive ones included
	MaxTracks    = 256       // entries of Signal.Tracks
	MaxPeers     = 64        // peers of a call
)

// maxSignal is the size of the largest encoded signal that is decoded at all.
const maxSignal = 2*MaxSDP + MaxTracks*4*MaxName

// A Medium is what a track shows. Clients authenticate it with each frame.
type Medium string

// The media there are; one peer publishes at most one track of each.
const (
	Camera Medium = "camera"
	Screen Medium = "screen"
	Audio  Medium = "audio"
)

// Video says whether m is a picture.
func (m Medium) Video() bool { return m == Camera || m == Screen }

func (m Medium) valid() bool { return m.Video() || m == Audio }

// A Track is one published track. Which fields are set depends on the type of
// the signal.
type Track struct {
	MID    string `json:"mid,omitempty" cbor:"1,keyasint,omitempty"`    // media section of the connection that the signal is about
	ID     string `json:"id,omitempty" cbor:"2,keyasint,omitempty"`     // the node's name for the track, unique in the call
	Peer   string `json:"peer,omitempty" cbor:"3,keyasint,omitempty"`   // who publishes it
	Medium Medium `json:"medium,omitempty" cbor:"4,keyasint,omitempty"` // what it shows
}

// A Signal is one message between a client and the node, in JSON or CBOR. It is
// the whole vocabulary of signalling.
type Signal struct {
	Type      string  `json:"type" cbor:"1,keyasint"`
	PC        string  `json:"pc,omitempty" cbor:"2,keyasint,omitempty"`        // Publish or Subscribe, in Candidate and Restart
	SDP       string  `json:"sdp,omitempty" cbor:"3,keyasint,omitempty"`       // in offers and answers
	Candidate string  `json:"candidate,omitempty" cbor:"4,keyasint,omitempty"` // candidate attribute (RFC 8839, section 5.1)
	Tracks    []Track `json:"tracks,omitempty" cbor:"5,keyasint,omitempty"`
	Peer      string  `json:"peer,omitempty" cbor:"6,keyasint,omitempty"` // in Left
}

// ParseJSON decodes and checks a client's signal in JSON. It fails with
// [ErrSignal] or [ErrTooLarge].
func ParseJSON(b []byte) (Signal, error) {
	return parse(b, json.Unmarshal)
}

// ParseCBOR decodes and checks a client's signal in CBOR. It fails with
// [ErrSignal] or [ErrTooLarge].
func ParseCBOR(b []byte) (Signal, error) {
	return parse(b, cbor.Unmarshal)
}

func parse(b []byte, decode func([]byte, any) error) (Signal, error) {
	if len(b) > maxSignal {
		return Signal{}, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(b))
	}
	var s Signal
	if err := decode(b, &s); err != nil {
		return Signal{}, fmt.Errorf("%w: not decodable", ErrSignal)
	}
	if err := s.Check(); err != nil {
		return Signal{}, err
	}
	return s, nil
}

// Check says whether s is something that a client may send, as far as that can
// be said without knowing the client's connections. It fails with [ErrSignal] or
// [ErrTooLarge].
func (s Signal) Check() error {
	switch {
	case len(s.SDP) > MaxSDP:
		return fmt.Errorf("%w: description of %d bytes", ErrTooLarge, len(s.SDP))
	case len(s.Candidate) > MaxCandidate:
		return fmt.Errorf("%w: candidate of %d bytes", ErrTooLarge, len(s.Candidate))
	case len(s.Tracks) > MaxTracks:
		return fmt.Errorf("%w: %d tracks", ErrTooLarge, len(s.Tracks))
	}
	for _, t := range s.Tracks {
		if len(t.MID) > MaxName || len(t.ID) > MaxName || len(t.Peer) > MaxName {
			return fmt.Errorf("%w: name in a track", ErrTooLarge)
		}
		if !utf8.ValidString(t.MID) || t.Medium != "" && !t.Medium.valid() {
			return fmt.Errorf("%w: track", ErrSignal)
		}
	}
	switch s.Type {
	case PublishOffer, SubscribeAnswer:
		if s.SDP == "" {
			return fmt.Errorf("%w: %s without a description", ErrSignal, s.Type)
		}
	case KeyFrame:
		if len(s.Tracks) == 0 {
			return fmt.Errorf("%w: %s without tracks", ErrSignal, s.Type)
		}
	case Candidate:
		if s.PC != Publish && s.PC != Subscribe {
			return fmt.Errorf("%w: %s of no connection", ErrSignal, s.Type)
		}
	case Restart:
		if s.PC != Subscribe {
			return fmt.Errorf("%w: only the subscribe connection is restarted by asking", ErrSignal)
		}
	case Left:
	default:
		return fmt.Errorf("%w: type", ErrSignal)
	}
	return nil
}

// checkName checks the name of a peer.
func checkName(name string) error {
	if name == "" || len(name) > MaxName {
		return ErrPeerName
	}
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return ErrPeerName
		}
	}
	return nil
}
