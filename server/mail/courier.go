package mail

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

const (
	// batch is how many messages are taken from the outbox at a time.
	batch = 20

	// looking is how often the courier looks when nobody calls it.
	looking = 30 * time.Second

	firstRetry  = time.Minute
	lastRetry   = 6 * time.Hour
	maxAttempts = 12 // about two days
)

// Queued is a message that waits in the outbox.
type Queued struct {
	Message
	ID       []byte
	Attempts int // this one included
}

// Outbox is where messages wait. Several couriers may share one.
type Outbox interface {
	// Take claims messages that are due, at most so many. What is claimed is
	// due again after some minutes unless Sent, Later or GiveUp is called.
	Take(ctx context.Context, most int) ([]Queued, error)
	// Sent says that a message was handed over.
	Sent(ctx context.Context, id []byte) error
	// Later says when to try again.
	Later(ctx context.Context, id []byte, at time.Time) error
	// GiveUp says that a message will not be sent.
	GiveUp(ctx context.Context, id []byte) error
}

// A Courier carries messages from an outbox to a sender, one after the other:
// each at least once. Run owns its goroutine.
type Courier struct {
	outbox Outbox
	sender Sender
	logger *slog.Logger
	now    func() time.Time
	call   chan struct{}
}

// NewCourier makes a courier; nil discards its log, which holds counts and
// codes only.
func NewCourier(outbox Outbox, sender Sender, logger *slog.Logger) *Courier {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Courier{outbox: outbox, sender: sender, logger: logger, now: time.Now, call: make(chan struct{}, 1)}
}

// Call says that there is something new in the outbox. It never waits.
func (c *Courier) Call() {
	select {
	case c.call <- struct{}{}:
	default:
	}
}

// Run carries until the context ends.
func (c *Courier) Run(ctx context.Context) {
	tick := time.NewTicker(looking)
	defer tick.Stop()
	for {
		for c.carry(ctx) {
		}
		select {
		case <-ctx.Done():
			return
		case <-c.call:
		case <-tick.C:
		}
	}
}

// carry takes one batch and tells whether there may be more.
func (c *Courier) carry(ctx context.Context) (more bool) {
	if ctx.Err() != nil {
		return false
	}
	messages, err := c.outbox.Take(ctx, batch)
	if err != nil {
		if ctx.Err() == nil {
			c.logger.Error("reading the outbox", "error", err)
		}
		return false
	}
	for _, m := range messages {
		err := c.sender.Send(ctx, m.Message)
		if ctx.Err() != nil {
			return false // due again later, perhaps twice: better than never
		}
		if err := c.settle(ctx, m, err); err != nil {
			c.logger.Error("noting what became of a mail", "error", err)
			return false
		}
	}
	return len(messages) == batch
}

// settle notes what became of a message.
func (c *Courier) settle(ctx context.Context, m Queued, err error) error {
	switch {
	case err == nil:
		return c.outbox.Sent(ctx, m.ID)
	case errors.Is(err, ErrRefused), m.Attempts >= maxAttempts:
		c.logger.Error("a mail cannot be sent and is given up", "attempts", m.Attempts, "error", err)
		return c.outbox.GiveUp(ctx, m.ID)
	default:
		c.logger.Warn("a mail could not be sent yet", "attempts", m.Attempts, "error", err)
		return c.outbox.Later(ctx, m.ID, c.now().Add(delay(m.Attempts)))
	}
}

// delay doubles with every attempt.
func delay(attempts int) time.Duration {
	return min(firstRetry<<min(max(attempts-1, 0), 16), lastRetry)
}
