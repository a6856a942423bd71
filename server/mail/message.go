package mail

import (
	"context"
	"errors"
	"fmt"
)

// Message is a mail to one person.
type Message struct {
	To       string // address alone
	Subject  string
	Text     string
	Calendar []byte // iCalendar, RFC 5545; may be empty
	Method   string // of the calendar, RFC 5546: REQUEST or CANCEL
}

// A Sender hands a message over to somebody who delivers it. It may be used
// from several goroutines. An error that no later attempt will mend is
// ErrRefused.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// ErrRefused says that a message will never be taken.
var ErrRefused = errors.New("the mail was refused for good")

// SMTPError is a mail server's answer, without its words.
type SMTPError struct {
	Code      int // RFC 5321; zero when there was no answer
	Permanent bool
}

func (e *SMTPError) Error() string {
	if e.Code == 0 {
		return "sending mail: the mail server cannot be reached or breaks off"
	}
	return fmt.Sprintf("sending mail: the mail server answered %d", e.Code)
}

// Is makes a permanent error ErrRefused.
func (e *SMTPError) Is(target error) bool { return e.Permanent && target == ErrRefused }
