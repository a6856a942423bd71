package mail_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/server/mail"
)

func newBase64(r io.Reader) io.Reader { return base64.NewDecoder(base64.StdEncoding, r) }

// memoryOutbox is an outbox that lives for one test. changed gets a word
// whenever a message is settled.
type memoryOutbox struct {
	mu      sync.Mutex
	waiting []mail.Queued
	fate    map[string]string
	later   map[string]time.Time
	changed chan string
}

func newOutbox(messages ...mail.Queued) *memoryOutbox {
	return &memoryOutbox{waiting: messages, fate: map[string]string{}, later: map[string]time.Time{}, changed: make(chan string, 1000)}
}

func (o *memoryOutbox) Take(_ context.Context, most int) ([]mail.Queued, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := min(most, len(o.waiting))
	taken := o.waiting[:n]
	o.waiting = o.waiting[n:]
	for i := range taken {
		taken[i].Attempts++
	}
	return taken, nil
}

func (o *memoryOutbox) settle(id []byte, fate string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fate[string(id)] = fate
	o.changed <- string(id)
	return nil
}

func (o *memoryOutbox) Sent(_ context.Context, id []byte) error { return o.settle(id, "sent") }
func (o *memoryOutbox) GiveUp(_ context.Context, id []byte) error {
	return o.settle(id, "given up")
}

func (o *memoryOutbox) Later(_ context.Context, id []byte, at time.Time) error {
	o.mu.Lock()
	o.later[string(id)] = at
	o.mu.Unlock()
	return o.settle(id, "later")
}

func (o *memoryOutbox) add(m mail.Queued) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting = append(o.waiting, m)
}

func (o *memoryOutbox) await(t *testing.T, id, fate string) {
	t.Helper()
	select {
	case got := <-o.changed:
		require.Equal(t, id, got)
	case <-time.After(30 * time.Second):
		require.FailNow(t, "the courier did nothing")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	require.Equal(t, fate, o.fate[id])
}

func queued(t *testing.T, id, to string, attempts int) mail.Queued {
	t.Helper()
	i := invitation(t)
	i.To = to
	return mail.Queued{Message: message(t, i), ID: []byte(id), Attempts: attempts}
}

func TestACourierCarriesAndTriesAgain(t *testing.T) {
	s := newSMTPServer(t, func(*smtpServer) {})
	full := newSMTPServer(t, func(s *smtpServer) { s.answers["RCPT"] = "452 vidal@cabinet.example is full" })
	never := newSMTPServer(t, func(s *smtpServer) { s.answers["RCPT"] = "550 no vidal@cabinet.example here" })
	senders := byDomain{
		"good.example":  sender(t, s, func(*mail.SMTPConfig) {}),
		"full.example":  sender(t, full, func(*mail.SMTPConfig) {}),
		"never.example": sender(t, never, func(*mail.SMTPConfig) {}),
	}
	outbox := newOutbox(
		queued(t, "one", "vidal@good.example", 0),
		queued(t, "two", "vidal@full.example", 3),
		queued(t, "three", "vidal@never.example", 0),
		queued(t, "four", "vidal@full.example", 11),
		queued(t, "five", "vidal@good.example", 5),
	)
	var log lockedLog
	courier := mail.NewCourier(outbox, senders, slog.New(slog.NewTextHandler(&log, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { courier.Run(ctx); close(done) }()

	outbox.await(t, "one", "sent")
	outbox.await(t, "two", "later")
	require.WithinDuration(t, time.Now().Add(8*time.Minute), outbox.later["two"], time.Minute)
	outbox.await(t, "three", "given up")
	outbox.await(t, "four", "given up")
	outbox.await(t, "five", "sent")
	for range 45 { // more than one batch, on a call
		outbox.add(queued(t, "more", "vidal@good.example", 0))
	}
	courier.Call()
	for range 45 {
		outbox.await(t, "more", "sent")
	}
	cancel()
	<-done
	require.Len(t, s.mails(), 47)
	require.Contains(t, log.String(), "given up")
	require.NotContains(t, log.String(), "vidal", "no address and no server's words in the log")
}

func TestACourierThatIsStoppedSettlesNothing(t *testing.T) {
	outbox := newOutbox(queued(t, "one", "vidal@good.example", 0))
	ctx, cancel := context.WithCancel(t.Context())
	courier := mail.NewCourier(outbox, senderFunc(func(ctx context.Context, _ mail.Message) error {
		cancel()
		<-ctx.Done()
		return errors.Join(ctx.Err())
	}), nil)
	courier.Run(ctx)
	require.Empty(t, outbox.fate, "so that it is due again")
}

type senderFunc func(context.Context, mail.Message) error

func (f senderFunc) Send(ctx context.Context, m mail.Message) error { return f(ctx, m) }

type byDomain map[string]mail.Sender

func (b byDomain) Send(ctx context.Context, m mail.Message) error {
	_, domain, _ := strings.Cut(m.To, "@")
	return b[domain].Send(ctx, m)
}

type lockedLog struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
