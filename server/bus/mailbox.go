package bus

import (
	"context"
	"sync"
)

// A mailbox holds what came until somebody is free for it: one wake-up for
// each topic, and a bounded queue of messages. Both ends of the bus have one:
// before the network, and before a subscription's handler. Its goroutine owns
// the calls to the handler.
type mailbox struct {
	handler Handler
	ready   chan struct{} // has room for one: something came, or the end

	mu       sync.Mutex
	wakes    map[string]uint64
	order    []string // topics in wakes, the longest waiting first
	messages []message
	waiters  []chan struct{} // closed when nothing waits
	closed   bool
}

type message struct {
	topic   string
	payload []byte
}

func newMailbox(handler Handler) *mailbox {
	m := &mailbox{
		handler: handler,
		ready:   make(chan struct{}, 1),
		wakes:   make(map[string]uint64),
	}
	go m.run()
	return m
}

// wake leaves a wake-up; false when the mailbox is closed.
func (m *mailbox) wake(topic string, number uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	known, waiting := m.wakes[topic]
	if !waiting {
		m.order = append(m.order, topic)
	}
	m.wakes[topic] = max(known, number)
	m.signal()
	return true
}

// message leaves a message, in place of the oldest if too many wait; false
// when the mailbox is closed.
func (m *mailbox) message(topic string, payload []byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	if len(m.messages) == MaxWaiting {
		copy(m.messages, m.messages[1:])
		m.messages = m.messages[:MaxWaiting-1]
	}
	m.messages = append(m.messages, message{topic, payload})
	m.signal()
	return true
}

// empty returns when everything that was left before has been handled.
func (m *mailbox) empty(ctx context.Context) error {
	done := make(chan struct{})
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return ErrClosed
	}
	m.waiters = append(m.waiters, done)
	m.signal()
	m.mu.Unlock()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close drops what waits. No call begins after it returns.
func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.wakes, m.order, m.messages = nil, nil, nil
	m.release()
	m.signal()
}

func (m *mailbox) release() {
	for _, waiter := range m.waiters {
		close(waiter)
	}
	m.waiters = nil
}

func (m *mailbox) signal() {
	select {
	case m.ready <- struct{}{}:
	default: // the goroutine will look anyway
	}
}

func (m *mailbox) run() {
	var messages []message
	var order []string
	var numbers map[string]uint64
	for range m.ready {
		for {
			m.mu.Lock()
			if m.closed {
				m.mu.Unlock()
				return
			}
			if len(m.messages) == 0 && len(m.order) == 0 {
				m.release()
				m.mu.Unlock()
				break
			}
			messages, m.messages = m.messages, messages[:0]
			order, m.order = m.order, order[:0]
			numbers, m.wakes = m.wakes, make(map[string]uint64)
			m.mu.Unlock()
			for i := range messages {
				if m.isClosed() {
					return
				}
				m.handler.Message(messages[i].topic, messages[i].payload)
				messages[i] = message{} // lets go of the payload
			}
			for _, topic := range order {
				if m.isClosed() {
					return
				}
				m.handler.Wake(topic, numbers[topic])
			}
		}
	}
}

func (m *mailbox) isClosed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed
}
