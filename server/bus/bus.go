// Package bus wakes the other nodes: it tells them that a topic has news, and
// carries what nobody keeps (typing, co-editing, signalling).
//
// The bus is a courtesy, not the truth. What it says may be lost, repeated or
// out of order; whoever hears of news reads them from PostgreSQL, and looks by
// itself from time to time. Nothing may depend on a message of the bus, and
// nothing readable may be in one: payloads are ciphertext or pseudonymous ids.
//
// # Wake-ups and messages
//
// A wake-up names a topic and a number, such as a room's last sequence number.
// Wake-ups of one topic coalesce on both sides: a subscriber that is busy gets
// one, with the highest number, when it is ready again. Messages do not
// coalesce; a subscriber that does not keep up loses the oldest.
//
// # Goroutines
//
// [Bus.Wake] and [Bus.Send] wait neither for a subscriber nor for the network:
// one goroutine of the bus carries away what they leave. Each subscription has
// one goroutine, which calls its handler, one call at a time. It ends when the
// subscription is cancelled or the bus closed; from then on no call begins,
// though one may still be running. A bus does not hear itself.
package bus

import (
	"context"
	"errors"
	"fmt"
)

const (
	// MaxPayload is the largest message, in bytes.
	MaxPayload = 256 << 10

	// MaxTopic is the longest topic, in bytes.
	MaxTopic = 200

	// MaxWaiting is how many messages wait for a subscriber before the oldest
	// is dropped.
	MaxWaiting = 4096
)

// Errors that callers decide on.
var (
	ErrTopic    = errors.New("not a topic")
	ErrTooLarge = errors.New("the message is too large")
	ErrClosed   = errors.New("the bus is closed")
)

// A Bus connects one node to the others. Its methods may be called from
// several goroutines.
type Bus interface {
	// Wake tells the other nodes that topic has news up to number. ErrTopic,
	// ErrClosed.
	Wake(topic string, number uint64) error

	// Send carries a message to the other nodes. The payload may be changed
	// after Send returns. ErrTopic, ErrTooLarge, ErrClosed.
	Send(topic string, payload []byte) error

	// Subscribe hears a topic, or all that a pattern names: "*" stands for one
	// word, ">" at the end for one or more. When it returns, the bus knows of
	// the subscription; in a cluster the word may take a moment to get round.
	// ErrTopic, ErrClosed.
	Subscribe(ctx context.Context, pattern string, handler Handler) (Subscription, error)

	// Flush returns when everything told before has left this process.
	Flush(ctx context.Context) error

	// Check tells whether the bus is connected.
	Check() error

	// Close ends all subscriptions and tells what was still to be told.
	Close() error
}

// Handler is what a subscription calls; either function may be nil.
type Handler struct {
	// Wake hears of news, at most once for all wake-ups of a topic that came
	// since the last call.
	Wake func(topic string, number uint64)

	// Message hears a message. The payload belongs to the handler.
	Message func(topic string, payload []byte)
}

// A Subscription is ended by Cancel, which may be called again.
type Subscription interface{ Cancel() }

// CheckTopic refuses what is no topic: words of letters, digits, dashes and
// underscores, with points between them, at most MaxTopic bytes.
func CheckTopic(topic string) error { return check(topic, false) }

// CheckPattern refuses what Subscribe would refuse.
func CheckPattern(pattern string) error { return check(pattern, true) }

func check(topic string, pattern bool) error {
	if topic == "" || len(topic) > MaxTopic {
		return fmt.Errorf("%w: its length is %d", ErrTopic, len(topic))
	}
	start := 0 // of the word
	for i := 0; i <= len(topic); i++ {
		if i < len(topic) && topic[i] != '.' {
			continue
		}
		word := topic[start:i]
		last := i == len(topic)
		if !isWord(word) && (!pattern || word != "*" && (word != ">" || !last)) {
			return fmt.Errorf("%w: the word at byte %d", ErrTopic, start)
		}
		start = i + 1
	}
	return nil
}

func isWord(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return s != ""
}

// Matches tells whether a topic is one that the pattern names.
func Matches(pattern, topic string) bool {
	for {
		p, morePattern, inPattern := cut(pattern)
		t, moreTopic, inTopic := cut(topic)
		switch {
		case p == ">":
			return true
		case p != "*" && p != t:
			return false
		case !inPattern || !inTopic:
			return inPattern == inTopic
		}
		pattern, topic = morePattern, moreTopic
	}
}

func cut(s string) (word, rest string, more bool) {
	for i := range len(s) {
		if s[i] == '.' {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}
