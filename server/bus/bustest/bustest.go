// Package bustest is the suite that every bus of package bus passes, and a bus
// that is as bad as a bus may be.
package bustest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/server/bus"
)

// patience bounds the wait for something that will come.
const patience = 30 * time.Second

// Run holds a bus to its contract. open gives two nodes on a bus of their own
// each time, and closes what the test has not.
func Run(t *testing.T, open func(t *testing.T) (a, b bus.Bus)) {
	tests := []struct {
		behaviour string
		test      func(t *testing.T, a, b bus.Bus)
	}{
		{"a wake-up reaches the other node and not its own", wakes},
		{"wake-ups of a topic coalesce while a subscriber is busy", coalesces},
		{"messages arrive as they were, in order", messages},
		{"a slow subscriber loses the oldest and delays nobody", slow},
		{"a pattern names many topics", patterns},
		{"every subscriber hears", everybody},
		{"after cancelling nothing is heard", cancels},
		{"a handler may use the bus, and cancel itself", reenters},
		{"what is no topic or too large is refused", refuses},
		{"a closed bus says so", closes},
		{"many goroutines may use it", concurrent},
	}
	for _, test := range tests {
		t.Run(test.behaviour, func(t *testing.T) {
			a, b := open(t)
			test.test(t, a, b)
		})
	}
}

// Heard is something that a subscription heard.
type Heard struct {
	Topic   string
	Number  uint64 // of a wake-up
	Payload string // of a message
	Message bool
}

// Listen subscribes b to a pattern and returns what it hears, from the moment
// on when a reaches b.
func Listen(t *testing.T, a, b bus.Bus, pattern string) <-chan Heard {
	t.Helper()
	heard := make(chan Heard, 100_000)
	subscribe(t, b, pattern, bus.Handler{
		Wake: func(topic string, number uint64) { heard <- Heard{Topic: topic, Number: number} },
		Message: func(topic string, payload []byte) {
			heard <- Heard{Topic: topic, Payload: string(payload), Message: true}
		},
	})
	Meet(t, a, b)
	return heard
}

func subscribe(t *testing.T, b bus.Bus, pattern string, handler bus.Handler) bus.Subscription {
	t.Helper()
	s, err := b.Subscribe(t.Context(), pattern, handler)
	require.NoError(t, err)
	t.Cleanup(s.Cancel)
	return s
}

// meetings numbers the topics of Meet: a cluster may still have word of an
// earlier subscription to the same topic, and deliver by that.
var meetings atomic.Int64

// Meet returns when what a tells reaches b, and with it every subscription
// that b made before: word of them gets round in their order.
func Meet(t *testing.T, a, b bus.Bus) {
	t.Helper()
	topic := fmt.Sprintf("bustest.meet.%d", meetings.Add(1))
	met := make(chan struct{}, 1)
	s, err := b.Subscribe(t.Context(), topic, bus.Handler{Wake: func(string, uint64) {
		select {
		case met <- struct{}{}:
		default:
		}
	}})
	require.NoError(t, err)
	defer s.Cancel()
	deadline := time.After(patience)
	for {
		require.NoError(t, a.Wake(topic, 0))
		select {
		case <-met:
			return
		case <-time.After(10 * time.Millisecond): // and say it again
		case <-deadline:
			require.FailNow(t, "the nodes did not meet")
		}
	}
}

// Next is the next thing heard.
func Next(t *testing.T, heard <-chan Heard) Heard {
	t.Helper()
	select {
	case h := <-heard:
		return h
	case <-time.After(patience):
		require.FailNow(t, "nothing was heard")
		return Heard{}
	}
}

// requireQuiet sends a last message and requires that it is the next thing heard.
func requireQuiet(t *testing.T, a bus.Bus, topic string, heard <-chan Heard) {
	t.Helper()
	require.NoError(t, a.Send(topic, []byte("last")))
	require.Equal(t, Heard{Topic: topic, Payload: "last", Message: true}, Next(t, heard))
}

func wakes(t *testing.T, a, b bus.Bus) {
	own := Listen(t, b, a, "room.1")
	heard := Listen(t, a, b, "room.1")
	require.NoError(t, a.Check())
	require.NoError(t, a.Wake("room.1", 7))
	require.Equal(t, Heard{Topic: "room.1", Number: 7}, Next(t, heard))
	require.NoError(t, a.Wake("room.1", 1<<63))
	require.Equal(t, Heard{Topic: "room.1", Number: 1 << 63}, Next(t, heard))
	require.NoError(t, a.Wake("room.2", 1))
	require.NoError(t, a.Flush(t.Context()))
	requireQuiet(t, a, "room.1", heard)
	requireQuiet(t, b, "room.1", own) // a heard b, and nothing of itself
}

func coalesces(t *testing.T, a, b bus.Bus) {
	busy, free := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var calls int
	last := map[string]uint64{}
	finished := make(chan struct{})
	subscribe(t, b, "room.*", bus.Handler{
		Wake: func(topic string, number uint64) {
			once.Do(func() { close(busy); <-free })
			calls++
			last[topic] = max(last[topic], number)
			if topic == "room.end" {
				close(finished)
			}
		},
	})
	arrived := Listen(t, a, b, "room.*")
	require.NoError(t, a.Wake("room.1", 1))
	<-busy
	for number := uint64(2); number <= 5000; number++ {
		require.NoError(t, a.Wake("room.1", number))
		require.NoError(t, a.Wake("room.2", 10_000-number))
	}
	require.NoError(t, a.Flush(t.Context()))
	require.NoError(t, a.Wake("room.end", 1))
	for Next(t, arrived).Topic != "room.end" { // then all has reached b
	}
	close(free)
	<-finished
	require.Equal(t, map[string]uint64{"room.1": 5000, "room.2": 9998, "room.end": 1}, last)
	require.Less(t, calls, 5000, "nearly all of ten thousand had come while the handler was busy")
}

func messages(t *testing.T, a, b bus.Bus) {
	heard := Listen(t, a, b, "call.1")
	buffer := make([]byte, 8)
	for i := range uint64(1000) {
		binary.BigEndian.PutUint64(buffer, i)
		require.NoError(t, a.Send("call.1", buffer)) // the same buffer again
	}
	for i := range uint64(1000) {
		require.Equal(t, Heard{Topic: "call.1", Payload: string(binary.BigEndian.AppendUint64(nil, i)), Message: true}, Next(t, heard))
	}
	for _, payload := range []string{"", "\x00\xff", strings.Repeat("x", bus.MaxPayload)} {
		require.NoError(t, a.Send("call.1", []byte(payload)))
		require.True(t, payload == Next(t, heard).Payload)
	}
}

func slow(t *testing.T, a, b bus.Bus) {
	busy, free := make(chan struct{}), make(chan struct{})
	heard := make(chan Heard, 100_000)
	var once sync.Once
	subscribe(t, b, "call.1", bus.Handler{Message: func(topic string, payload []byte) {
		once.Do(func() { close(busy); <-free })
		heard <- Heard{Topic: topic, Payload: string(payload), Message: true}
	}})
	quick := Listen(t, a, b, "call.1")
	require.NoError(t, a.Send("call.1", []byte("first")))
	<-busy
	require.Equal(t, "first", Next(t, quick).Payload)
	// In portions that no queue on the way has to drop from.
	const portion = bus.MaxWaiting / 4
	const sent = 10 * portion
	for from := 0; from < sent; from += portion {
		for i := from; i < from+portion; i++ {
			require.NoError(t, a.Send("call.1", fmt.Append(nil, i)))
		}
		for i := from; i < from+portion; i++ {
			require.Equal(t, fmt.Sprint(i), Next(t, quick).Payload)
		}
	}
	close(free)
	require.Equal(t, "first", Next(t, heard).Payload)
	for last := -1; last < sent-1; { // the newest is never lost
		n, err := strconv.Atoi(Next(t, heard).Payload)
		require.NoError(t, err)
		require.Greater(t, n, last)
		last = n
	}
}

func patterns(t *testing.T, a, b bus.Bus) {
	one := Listen(t, a, b, "room.*.typing")
	rest := Listen(t, a, b, "room.>")
	for _, topic := range []string{"room.1.typing", "room", "room.1", "room.1.typing.now", "hall.1.typing", "room.2.typing"} {
		require.NoError(t, a.Send(topic, nil))
	}
	for _, topic := range []string{"room.1.typing", "room.2.typing"} {
		require.Equal(t, topic, Next(t, one).Topic)
	}
	for _, topic := range []string{"room.1.typing", "room.1", "room.1.typing.now", "room.2.typing"} {
		require.Equal(t, topic, Next(t, rest).Topic)
	}
	requireQuiet(t, a, "room.3.typing", one)
	require.Equal(t, "room.3.typing", Next(t, rest).Topic)
	requireQuiet(t, a, "room.4", rest)
}

func everybody(t *testing.T, a, b bus.Bus) {
	one, two, wide := Listen(t, a, b, "room.1"), Listen(t, a, b, "room.1"), Listen(t, a, b, ">")
	require.NoError(t, a.Wake("room.1", 3))
	for _, heard := range []<-chan Heard{one, two, wide} {
		for {
			if h := Next(t, heard); h.Topic == "room.1" {
				require.Equal(t, Heard{Topic: "room.1", Number: 3}, h)
				break
			}
		}
	}
}

func cancels(t *testing.T, a, b bus.Bus) {
	heard := make(chan Heard, 1000)
	s := subscribe(t, b, "room.1", bus.Handler{Wake: func(topic string, number uint64) { heard <- Heard{Topic: topic, Number: number} }})
	other := Listen(t, a, b, "room.1")
	require.NoError(t, a.Wake("room.1", 1))
	require.Equal(t, uint64(1), Next(t, heard).Number)
	require.Equal(t, uint64(1), Next(t, other).Number)
	s.Cancel()
	s.Cancel()
	require.NoError(t, a.Wake("room.1", 2))
	require.Equal(t, uint64(2), Next(t, other).Number)
	require.Empty(t, heard)
}

func reenters(t *testing.T, a, b bus.Bus) {
	answers := Listen(t, b, a, "answer")
	done := make(chan error, 1)
	var s bus.Subscription
	ready := make(chan struct{})
	s = subscribe(t, b, "question", bus.Handler{Message: func(_ string, payload []byte) {
		<-ready
		err := b.Send("answer", payload)
		s.Cancel()
		done <- errors.Join(err, b.Flush(context.Background()))
	}})
	close(ready)
	Meet(t, a, b)
	require.NoError(t, a.Send("question", []byte("why")))
	require.NoError(t, <-done)
	require.Equal(t, "why", Next(t, answers).Payload)
}

func refuses(t *testing.T, a, _ bus.Bus) {
	bad := []string{"", ".", "a.", ".a", "a..b", "a b", "a\n", "é", "a/b", strings.Repeat("a", bus.MaxTopic+1)}
	for _, topic := range append(bad, "*", ">", "a.*", "a.>") {
		require.ErrorIs(t, a.Wake(topic, 1), bus.ErrTopic, "%q", topic)
		require.ErrorIs(t, a.Send(topic, nil), bus.ErrTopic, "%q", topic)
	}
	for _, pattern := range append(bad, ">.a", "a*", "a.>.b", "**") {
		_, err := a.Subscribe(t.Context(), pattern, bus.Handler{})
		require.ErrorIs(t, err, bus.ErrTopic, "%q", pattern)
	}
	require.ErrorIs(t, a.Send("a", make([]byte, bus.MaxPayload+1)), bus.ErrTooLarge)
}

func closes(t *testing.T, a, b bus.Bus) {
	heard := Listen(t, a, b, "room.1")
	require.NoError(t, a.Wake("room.1", 9))
	require.NoError(t, a.Close()) // tells what was to be told
	require.NoError(t, a.Close())
	require.Equal(t, uint64(9), Next(t, heard).Number)
	require.ErrorIs(t, a.Wake("room.1", 1), bus.ErrClosed)
	require.ErrorIs(t, a.Send("room.1", nil), bus.ErrClosed)
	require.ErrorIs(t, a.Flush(t.Context()), bus.ErrClosed)
	_, err := a.Subscribe(t.Context(), "room.1", bus.Handler{})
	require.ErrorIs(t, err, bus.ErrClosed)
	require.Error(t, a.Check())
	require.NoError(t, b.Check())
}

func concurrent(t *testing.T, a, b bus.Bus) {
	heard := Listen(t, a, b, "room.>")
	var group sync.WaitGroup
	const workers, each = 8, 200
	for w := range workers {
		group.Go(func() {
			for i := range each {
				_ = a.Wake(fmt.Sprintf("room.%d", w), uint64(i))
				_ = a.Send(fmt.Sprintf("room.%d", w), fmt.Append(nil, i))
				if s, err := b.Subscribe(t.Context(), "room.1", bus.Handler{Wake: func(string, uint64) {}}); err == nil {
					s.Cancel()
				}
			}
		})
	}
	group.Wait()
	numbers, received := map[string]uint64{}, map[string]int{}
	for done := 0; done < 2*workers; {
		h := Next(t, heard)
		if h.Message {
			require.Equal(t, fmt.Sprint(received[h.Topic]), h.Payload)
			received[h.Topic]++
			if received[h.Topic] == each {
				done++
			}
		} else if n := numbers[h.Topic]; h.Number > n {
			numbers[h.Topic] = h.Number
			if h.Number == each-1 {
				done++
			}
		}
	}
}
