package mail

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"
	"time"
)

// Languages of mails.
const (
	French  = "fr"
	English = "en"
)

// ErrInvitation says that an invitation cannot be made from what was given.
var ErrInvitation = errors.New("not an invitation")

// Limits of a session's schedule.
const (
	maxMinutes = 24 * 60
	maxUID     = 64
)

// Invitation is what one invitee is told of a session: nothing but when, and
// where to read more. The next version of it, after a change, has a higher
// Sequence and says Changed to those who had the one before; Cancelled takes
// the session off the calendar.
type Invitation struct {
	Session   string    // id of the session, the calendar's UID
	Starts    time.Time // any zone
	Minutes   int       // how long, 1 to 1440
	Zone      string    // IANA zone of the meeting: Europe/Paris
	Sequence  int       // RFC 5545, 3.8.7.4
	Changed   bool      // this invitee had an earlier version
	Cancelled bool

	To       string   // address of the invitee, alone
	From     string   // address of the network, alone
	Language string   // fr or en
	Network  string   // what the network calls itself
	Link     *url.URL // the session in the client
	Now      time.Time
}

// Message is the mail, with its calendar file. ErrInvitation.
func (i Invitation) Message() (Message, error) {
	zone, err := i.check()
	if err != nil {
		return Message{}, err
	}
	t := i.texts(zone)
	return Message{
		To:       i.To,
		Subject:  t.subject,
		Text:     t.body,
		Calendar: i.calendar(zone, t),
		Method:   i.method(),
	}, nil
}

func (i Invitation) method() string {
	if i.Cancelled {
		return "CANCEL"
	}
	return "REQUEST"
}

func (i Invitation) ends() time.Time { return i.Starts.Add(time.Duration(i.Minutes) * time.Minute) }

func (i Invitation) check() (*time.Location, error) {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{ErrInvitation}, args...)...)
	}
	zone, err := location(i.Zone)
	switch {
	case err != nil:
		return nil, wrong("no such time zone")
	case i.Session == "" || len(i.Session) > maxUID || strings.Trim(i.Session, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return nil, wrong("the session's id has another form")
	case i.Minutes < 1 || i.Minutes > maxMinutes:
		return nil, wrong("it lasts %d minutes", i.Minutes)
	case i.Starts.Year() < 2000 || i.Starts.Year() > 9998 || i.Now.IsZero():
		return nil, wrong("its time is out of range")
	case i.Sequence < 0:
		return nil, wrong("its sequence is negative")
	case !isAddress(i.To) || !isAddress(i.From):
		return nil, wrong("an address cannot be used")
	case i.Language != French && i.Language != English:
		return nil, wrong("it is in neither of our languages")
	case i.Link == nil || i.Link.Host == "" || i.Link.Scheme != "https" && i.Link.Scheme != "http":
		return nil, wrong("it has no link")
	case i.Network == "" || strings.ContainsAny(i.Network, "\r\n\x00"):
		return nil, wrong("the network has no name")
	}
	return zone, nil
}

// location is the zone of that name. The machine's own zone is none.
func location(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, errors.New("no name of a zone")
	}
	return time.LoadLocation(name)
}

// isAddress tells whether s is an address alone, without a name, on one line.
func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s
}
