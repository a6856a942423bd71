package mail

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// sending bounds one conversation with a mail server.
const sending = 60 * time.Second

// Security says how the connection to a mail server is protected.
type Security string

// The values of Security.
const (
	StartTLS Security = "starttls" // required, after the first words
	TLS      Security = "tls"      // from the first byte
	NoTLS    Security = "none"
)

// SMTPConfig is a mail server and who we are to it.
type SMTPConfig struct {
	Host     string
	Port     int
	Security Security
	Username string // empty when it asks for none
	Password string
	From     string // address alone

	// TLS, if set, replaces the usual check of the server's certificate.
	TLS *tls.Config
}

// SMTP sends through a mail server, with a connection for each message.
type SMTP struct{ config SMTPConfig }

var _ Sender = (*SMTP)(nil)

// NewSMTP makes a sender. It connects when it first sends.
func NewSMTP(config SMTPConfig) (*SMTP, error) {
	if !isAddress(config.From) {
		return nil, errors.New("preparing mail: the sender is no address")
	}
	s := &SMTP{config: config}
	if _, err := s.client(); err != nil {
		return nil, errors.New("preparing mail: the server's host, port or security cannot be used")
	}
	return s, nil
}

func (s *SMTP) client() (*gomail.Client, error) {
	options := []gomail.Option{gomail.WithTimeout(sending), gomail.WithoutNoop()}
	switch s.config.Security {
	case StartTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case TLS:
		options = append(options, gomail.WithSSL())
	case NoTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("no such security: %q", s.config.Security)
	}
	options = append(options, gomail.WithPort(s.config.Port))
	if s.config.TLS != nil {
		options = append(options, gomail.WithTLSConfig(s.config.TLS))
	}
	if s.config.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(s.config.Username), gomail.WithPassword(s.config.Password))
	}
	return gomail.NewClient(s.config.Host, options...)
}

// Send delivers a message to the mail server. Its errors are SMTPError, or
// ErrRefused for a message that is none.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	letter, err := s.letter(m)
	if err != nil {
		return fmt.Errorf("%w: it cannot be written", ErrRefused)
	}
	client, err := s.client()
	if err != nil {
		return &SMTPError{}
	}
	ctx, cancel := context.WithTimeout(ctx, sending)
	defer cancel()
	if err := client.DialAndSendWithContext(ctx, letter); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("sending mail: %w", ctx.Err())
		}
		return answer(err)
	}
	return nil
}

// answer keeps the code of a mail server's answer and leaves out its words.
func answer(err error) error {
	var refused *gomail.SendError
	if !errors.As(err, &refused) {
		return &SMTPError{}
	}
	code := refused.ErrorCode()
	return &SMTPError{Code: code, Permanent: code >= 500 && !refused.IsTemp()}
}

// letter is the message in its envelope. The calendar is there twice: as
// another form of the text, which calendars act upon, and as a file.
func (s *SMTP) letter(m Message) (*gomail.Msg, error) {
	if !isAddress(m.To) {
		return nil, ErrInvitation
	}
	letter := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := errors.Join(letter.From(s.config.From), letter.To(m.To)); err != nil {
		return nil, err
	}
	letter.Subject(m.Subject)
	letter.SetDate()
	_, domain, _ := strings.Cut(s.config.From, "@")
	letter.SetMessageIDWithValue(strings.ToLower(rand.Text()) + "@" + domain) // the machine's name is nobody's business
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetGenHeader("X-Auto-Response-Suppress", "All")
	letter.SetBodyString(gomail.TypeTextPlain, m.Text)
	if len(m.Calendar) > 0 {
		letter.AddAlternativeString(gomail.ContentType("text/calendar; method="+m.Method), string(m.Calendar))
		err := letter.AttachReader("rcp.ics", bytes.NewReader(m.Calendar), gomail.WithFileContentType("text/calendar; method="+gomail.ContentType(m.Method)))
		if err != nil {
			return nil, err
		}
	}
	return letter, nil
}
