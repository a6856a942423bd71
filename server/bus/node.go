package bus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// Subjects of NATS: what kind of thing it is, then the topic.
const (
	wakeSubject    = "ensemble.wake."
	messageSubject = "ensemble.message."
)

const (
	// closing is how long Close waits for what was still to be told.
	closing = 2 * time.Second

	// answering is how long NATS may take to answer a flush.
	answering = 10 * time.Second
)

// Config says how to reach a NATS cluster.
type Config struct {
	// URL is one address or several, with commas between them:
	// nats://host:4222, tls://host:4222.
	URL string

	// Credentials, if not empty, is the path of a NATS credentials file.
	Credentials string

	// Logger hears when the connection is lost and found. Nil discards.
	Logger *slog.Logger
}

// A Node is a connection to NATS. After a lost connection it connects again
// by itself, for as long as it takes.
type Node struct {
	conn     *nats.Conn
	outgoing *mailbox

	mu            sync.Mutex
	subscriptions map[*subscription]struct{}
	closed        bool
}

var _ Bus = (*Node)(nil)

// Open connects to a NATS cluster. The error names no address, since that may
// hold a password.
func Open(config Config) (*Node, error) {
	logger := config.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	options := []nats.Option{
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond),
		nats.RetryOnFailedConnect(false),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				logger.Warn("the bus is disconnected; news of other nodes come late", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { logger.Info("the bus is connected again") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			logger.Warn("the bus lost something", "error", err)
		}),
	}
	if config.Credentials != "" {
		options = append(options, nats.UserCredentials(config.Credentials))
	}
	return connect(config.URL, options...)
}

func connect(url string, options ...nats.Option) (*Node, error) {
	conn, err := nats.Connect(url, append(options, nats.Name("ensemble"), nats.NoEcho())...)
	if err != nil {
		return nil, fmt.Errorf("connecting to the bus: %w", withoutAddress(err))
	}
	n := &Node{conn: conn, subscriptions: make(map[*subscription]struct{})}
	n.outgoing = newMailbox(Handler{Wake: n.publishWake, Message: n.publishMessage})
	return n, nil
}

// withoutAddress keeps the errors of NATS, and of others only that there was one.
func withoutAddress(err error) error {
	for _, known := range []error{nats.ErrNoServers, nats.ErrTimeout, nats.ErrAuthorization, nats.ErrAuthExpired, nats.ErrSecureConnRequired, nats.ErrSecureConnWanted} {
		if errors.Is(err, known) {
			return known
		}
	}
	return errors.New("the address or the credentials cannot be used")
}

// What cannot be published is lost, as the bus may lose anything.

func (n *Node) publishWake(topic string, number uint64) {
	_ = n.conn.Publish(wakeSubject+topic, binary.BigEndian.AppendUint64(nil, number))
}

func (n *Node) publishMessage(topic string, payload []byte) {
	_ = n.conn.Publish(messageSubject+topic, payload)
}

// Wake leaves a wake-up for the goroutine that publishes.
func (n *Node) Wake(topic string, number uint64) error {
	if err := CheckTopic(topic); err != nil {
		return err
	}
	if !n.outgoing.wake(topic, number) {
		return ErrClosed
	}
	return nil
}

// Send leaves a copy of the message for the goroutine that publishes.
func (n *Node) Send(topic string, payload []byte) error {
	if err := CheckTopic(topic); err != nil {
		return err
	}
	if len(payload) > MaxPayload {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, len(payload))
	}
	if !n.outgoing.message(topic, slices.Clone(payload)) {
		return ErrClosed
	}
	return nil
}

type subscription struct {
	node    *Node
	mailbox *mailbox
	nats    []*nats.Subscription
}

// Subscribe asks NATS for the kinds of things that the handler takes.
func (n *Node) Subscribe(ctx context.Context, pattern string, handler Handler) (Subscription, error) {
	if err := CheckPattern(pattern); err != nil {
		return nil, err
	}
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return nil, ErrClosed
	}
	s := &subscription{node: n, mailbox: newMailbox(handler)}
	n.subscriptions[s] = struct{}{}
	n.mu.Unlock()

	err := s.listen(pattern, handler)
	if err == nil && n.conn.IsConnected() { // else NATS is told when it is there again
		err = n.flush(ctx)
		if errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			err = nil
		}
	}
	if err != nil {
		s.Cancel()
		if n.conn.IsClosed() {
			return nil, ErrClosed
		}
		return nil, fmt.Errorf("subscribing to the bus: %w", err)
	}
	return s, nil
}

// flush waits for the server's answer, not for ever.
func (n *Node) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answering)
	defer cancel()
	return n.conn.FlushWithContext(ctx)
}

func (s *subscription) listen(pattern string, handler Handler) error {
	subscribe := func(subject string, hear func(*nats.Msg)) error {
		sub, err := s.node.conn.Subscribe(subject+pattern, hear)
		if err != nil {
			return err
		}
		s.node.mu.Lock()
		s.nats = append(s.nats, sub)
		s.node.mu.Unlock()
		return nil
	}
	if handler.Wake != nil {
		err := subscribe(wakeSubject, func(m *nats.Msg) {
			if len(m.Data) == 8 {
				s.mailbox.wake(strings.TrimPrefix(m.Subject, wakeSubject), binary.BigEndian.Uint64(m.Data))
			}
		})
		if err != nil {
			return err
		}
	}
	if handler.Message != nil {
		return subscribe(messageSubject, func(m *nats.Msg) {
			s.mailbox.message(strings.TrimPrefix(m.Subject, messageSubject), m.Data)
		})
	}
	return nil
}

// Cancel ends the subscription.
func (s *subscription) Cancel() {
	s.mailbox.close()
	s.node.mu.Lock()
	listening := s.nats
	s.nats = nil
	delete(s.node.subscriptions, s)
	s.node.mu.Unlock()
	for _, sub := range listening {
		_ = sub.Unsubscribe() // fails only when the connection is closed
	}
}

// Flush waits for our goroutine, then for the server's answer.
func (n *Node) Flush(ctx context.Context) error {
	err := n.outgoing.empty(ctx)
	if err == nil {
		err = n.flush(ctx)
	}
	if errors.Is(err, nats.ErrConnectionClosed) {
		err = ErrClosed
	}
	if err != nil {
		return fmt.Errorf("flushing the bus: %w", err)
	}
	return nil
}

// Check tells whether the connection stands just now.
func (n *Node) Check() error {
	if status := n.conn.Status(); status != nats.CONNECTED {
		return fmt.Errorf("the bus is %s", strings.ToLower(status.String()))
	}
	return nil
}

// Close tells what was still to be told, for two seconds at most, and ends the
// connection.
func (n *Node) Close() error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return nil
	}
	n.closed = true
	open := n.subscriptions
	n.subscriptions = nil
	n.mu.Unlock()

	for s := range open {
		s.mailbox.close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	err := n.Flush(ctx)
	n.outgoing.close()
	n.conn.Close()
	if n.conn.IsClosed() && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrClosed)) {
		return nil // nobody was there to be told
	}
	return err
}
