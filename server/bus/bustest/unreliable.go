package bustest

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/ensemble-sante/ensemble/server/bus"
)

// Faults says how bad an unreliable bus is; zero is as good as the one beneath.
type Faults struct {
	Seed      uint64
	Drop      float64       // probability that something told is lost
	Duplicate float64       // probability that it is told twice
	Delay     time.Duration // each is held back for up to this long, so that order is lost
}

// Unreliable is a bus that drops, repeats and reorders what its node tells, as
// a bus may.
type Unreliable struct {
	bus.Bus
	faults Faults

	mu     sync.Mutex
	random *rand.Rand
	late   sync.WaitGroup
	closed bool
}

var _ bus.Bus = (*Unreliable)(nil)

// NewUnreliable spoils a bus. It closes the one beneath when it is closed.
func NewUnreliable(beneath bus.Bus, faults Faults) *Unreliable {
	return &Unreliable{Bus: beneath, faults: faults, random: rand.New(rand.NewPCG(faults.Seed, 0))}
}

// Wake may be lost, repeated or late.
func (u *Unreliable) Wake(topic string, number uint64) error {
	if err := bus.CheckTopic(topic); err != nil {
		return err
	}
	return u.spoil(func() error { return u.Bus.Wake(topic, number) })
}

// Send may be lost, repeated or late.
func (u *Unreliable) Send(topic string, payload []byte) error {
	if err := bus.CheckTopic(topic); err != nil {
		return err
	}
	if len(payload) > bus.MaxPayload {
		return bus.ErrTooLarge
	}
	payload = slices.Clone(payload)
	return u.spoil(func() error { return u.Bus.Send(topic, payload) })
}

func (u *Unreliable) spoil(tell func() error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return bus.ErrClosed
	}
	if u.random.Float64() < u.faults.Drop {
		return nil
	}
	times := 1
	if u.random.Float64() < u.faults.Duplicate {
		times = 2
	}
	for range times {
		if u.faults.Delay == 0 {
			if err := tell(); err != nil {
				return err
			}
			continue
		}
		u.late.Add(1)
		time.AfterFunc(time.Duration(u.random.Int64N(int64(u.faults.Delay))), func() {
			defer u.late.Done()
			_ = tell() // too late to say
		})
	}
	return nil
}

// Flush waits for what is late.
func (u *Unreliable) Flush(ctx context.Context) error {
	u.late.Wait()
	return u.Bus.Flush(ctx)
}

// Close waits for what is late and closes the bus beneath.
func (u *Unreliable) Close() error {
	u.mu.Lock()
	u.closed = true
	u.mu.Unlock()
	u.late.Wait()
	return u.Bus.Close()
}
