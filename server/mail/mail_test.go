package mail_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"flag"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/server/mail"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const session = "mfrggzdfmztwq2lknnwg23tpoa"

func invitation(t *testing.T) mail.Invitation {
	t.Helper()
	link, err := url.Parse("https://ensemble.example/session/" + session)
	require.NoError(t, err)
	paris, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	return mail.Invitation{
		Session: session,
		Starts:  time.Date(2026, time.March, 12, 14, 0, 0, 0, paris),
		Minutes: 75,
		Zone:    "Europe/Paris",
		To:      "vidal@cabinet.example", From: "rcp@ensemble.example",
		Language: mail.French, Network: "Réseau du Marais", Link: link,
		Now: time.Date(2026, time.March, 1, 9, 30, 0, 0, time.UTC),
	}
}

func message(t *testing.T, i mail.Invitation) mail.Message {
	t.Helper()
	m, err := i.Message()
	require.NoError(t, err)
	return m
}

func TestInvitationsReadAsTheyShould(t *testing.T) {
	for name, change := range map[string]func(*mail.Invitation){
		"invited.fr":   func(*mail.Invitation) {},
		"changed.fr":   func(i *mail.Invitation) { i.Sequence, i.Changed, i.Minutes = 2, true, 60*11 },
		"cancelled.fr": func(i *mail.Invitation) { i.Sequence, i.Cancelled = 3, true },
		"invited.en":   func(i *mail.Invitation) { i.Language = mail.English },
		"changed.en":   func(i *mail.Invitation) { i.Language, i.Sequence, i.Changed = mail.English, 2, true },
		"cancelled.en": func(i *mail.Invitation) { i.Language, i.Sequence, i.Cancelled = mail.English, 3, true },
	} {
		t.Run(name, func(t *testing.T) {
			i := invitation(t)
			change(&i)
			m := message(t, i)
			got := "Subject: " + m.Subject + "\nMethod: " + m.Method + "\n\n" + m.Text + "\n" + strings.ReplaceAll(string(m.Calendar), "\r\n", "\n")
			path := filepath.Join("testdata", name+".txt")
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

func TestACalendarFileKeepsToItsRFC(t *testing.T) {
	for _, zone := range []string{"Europe/Paris", "Indian/Reunion", "America/Miquelon", "Pacific/Noumea", "America/New_York", "Asia/Kathmandu", "Pacific/Chatham", "UTC"} {
		for month := time.January; month <= time.December; month++ {
			i := invitation(t)
			i.Zone = zone
			i.Network = "Réseau, du; Marais\\ " + strings.Repeat("é", 80)
			i.Starts = time.Date(2026, month, 28, 23, 30, 0, 0, time.UTC)
			i.Minutes = 120
			i.Sequence = int(month)
			m := message(t, i)
			for line := range strings.SplitSeq(strings.TrimSuffix(string(m.Calendar), "\r\n"), "\r\n") {
				require.LessOrEqual(t, len(line), 75, "octets in a line")
				require.NotContains(t, line, "\n")
				require.True(t, strings.ToValidUTF8(line, "") == line, "a letter is cut in two")
			}
			c, err := ics.ParseCalendar(bytes.NewReader(m.Calendar))
			require.NoError(t, err)
			require.Len(t, c.Events(), 1)
			e := c.Events()[0]
			require.Equal(t, session+"@ensemble.example", e.Id())
			require.Equal(t, i.Network+" : "+i.Link.String(), after(t, unescape(value(e, "DESCRIPTION")), "dans "))
			for property, want := range map[string]time.Time{"DTSTART": i.Starts, "DTEND": i.Starts.Add(2 * time.Hour)} {
				local := value(e, property)
				if zone == "UTC" {
					require.Equal(t, want.Format("20060102T150405Z"), local)
					require.Empty(t, c.Timezones())
					continue
				}
				// By the file's own description of the zone, not by Go's.
				require.Equal(t, want.UTC(), instant(t, c, local), "%s of %s in %s", property, i.Starts, zone)
			}
		}
	}
}

// instant reads a local time by the calendar's VTIMEZONE alone: the latest
// onset that is not after it tells the offset.
func instant(t *testing.T, c *ics.Calendar, local string) time.Time {
	t.Helper()
	require.Len(t, c.Timezones(), 1)
	at, err := time.Parse("20060102T150405", local)
	require.NoError(t, err)
	var latest time.Time
	var offset time.Duration
	for _, component := range c.Timezones()[0].Components {
		properties := map[string]string{}
		for _, p := range component.UnknownPropertiesIANAProperties() {
			properties[p.IANAToken] = p.Value
		}
		onset, err := time.Parse("20060102T150405", properties["DTSTART"])
		require.NoError(t, err)
		if !onset.After(at) && !onset.Before(latest) {
			latest = onset
			to, err := time.Parse("-0700", properties["TZOFFSETTO"])
			require.NoError(t, err)
			_, seconds := to.Zone()
			offset = time.Duration(seconds) * time.Second
		}
	}
	require.False(t, latest.IsZero(), "an observance covers the session")
	return at.Add(-offset)
}

func value(e *ics.VEvent, name string) string {
	if p := e.GetProperty(ics.ComponentProperty(name)); p != nil {
		return p.Value
	}
	return ""
}

func unescape(s string) string {
	return strings.NewReplacer(`\n`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`).Replace(s)
}

func after(t *testing.T, s, mark string) string {
	t.Helper()
	_, rest, found := strings.Cut(s, mark)
	require.True(t, found, s)
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

func TestAMailNamesNobodyButItsReceiver(t *testing.T) {
	m := message(t, invitation(t))
	c, err := ics.ParseCalendar(bytes.NewReader(m.Calendar))
	require.NoError(t, err)
	attendees := c.Events()[0].Attendees()
	require.Len(t, attendees, 1)
	require.Equal(t, "vidal@cabinet.example", attendees[0].Email())
	require.NotContains(t, string(m.Calendar), "CN=")
	require.NotContains(t, m.Text, "vidal")
	require.NotContains(t, m.Subject, "vidal")
}

func TestAnInvitationThatCannotBeIsRefused(t *testing.T) {
	for name, change := range map[string]func(*mail.Invitation){
		"no session":         func(i *mail.Invitation) { i.Session = "" },
		"a strange session":  func(i *mail.Invitation) { i.Session = "a\r\nX-EVIL:1" },
		"no time":            func(i *mail.Invitation) { i.Starts = time.Time{} },
		"no duration":        func(i *mail.Invitation) { i.Minutes = 0 },
		"days":               func(i *mail.Invitation) { i.Minutes = 3000 },
		"no zone":            func(i *mail.Invitation) { i.Zone = "" },
		"the machine's zone": func(i *mail.Invitation) { i.Zone = "Local" },
		"an unknown zone":    func(i *mail.Invitation) { i.Zone = "Europe/Marais" },
		"a zone as a path":   func(i *mail.Invitation) { i.Zone = "../../etc/passwd" },
		"before the first":   func(i *mail.Invitation) { i.Sequence = -1 },
		"no receiver":        func(i *mail.Invitation) { i.To = "" },
		"a named receiver":   func(i *mail.Invitation) { i.To = "Dr Vidal <vidal@cabinet.example>" },
		"two receivers":      func(i *mail.Invitation) { i.To = "a@b.c, d@e.f" },
		"a header more":      func(i *mail.Invitation) { i.To = "a@b.c\r\nBcc: d@e.f" },
		"no sender":          func(i *mail.Invitation) { i.From = "rcp" },
		"no language":        func(i *mail.Invitation) { i.Language = "de" },
		"no link":            func(i *mail.Invitation) { i.Link = nil },
		"a dangerous link":   func(i *mail.Invitation) { i.Link = &url.URL{Scheme: "javascript", Opaque: "x"} },
		"no network":         func(i *mail.Invitation) { i.Network = "" },
		"a broken network":   func(i *mail.Invitation) { i.Network = "a\nb" },
		"no present":         func(i *mail.Invitation) { i.Now = time.Time{} },
	} {
		t.Run(name, func(t *testing.T) {
			i := invitation(t)
			change(&i)
			_, err := i.Message()
			require.ErrorIs(t, err, mail.ErrInvitation)
			require.NotContains(t, err.Error(), "vidal")
		})
	}
}

func sender(t *testing.T, s *smtpServer, change func(*mail.SMTPConfig)) *mail.SMTP {
	t.Helper()
	config := mail.SMTPConfig{
		Host: "127.0.0.1", Port: s.port(), Security: mail.StartTLS, From: "rcp@ensemble.example",
		TLS: &tls.Config{RootCAs: s.roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12},
	}
	change(&config)
	m, err := mail.NewSMTP(config)
	require.NoError(t, err)
	return m
}

func TestAMailArrivesWithItsCalendar(t *testing.T) {
	for name, test := range map[string]struct {
		server    func(*smtpServer)
		sender    func(*mail.SMTPConfig)
		encrypted bool
		as        string
	}{
		"with STARTTLS": {func(*smtpServer) {}, func(*mail.SMTPConfig) {}, true, ""},
		"with STARTTLS and a password": {
			func(s *smtpServer) { s.password = "hush" },
			func(c *mail.SMTPConfig) { c.Username, c.Password = "ensemble", "hush" }, true, "ensemble",
		},
		"with TLS": {func(s *smtpServer) { s.implicit = true }, func(c *mail.SMTPConfig) { c.Security = mail.TLS }, true, ""},
		"in the clear, when told so": {
			func(s *smtpServer) { s.starttls = false },
			func(c *mail.SMTPConfig) { c.Security = mail.NoTLS }, false, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSMTPServer(t, test.server)
			m := message(t, invitation(t))
			require.NoError(t, sender(t, s, test.sender).Send(t.Context(), m))
			require.Len(t, s.mails(), 1)
			got := s.mails()[0]
			require.Equal(t, test.encrypted, got.encrypted)
			require.Equal(t, test.as, got.as)
			require.Contains(t, got.from, "<rcp@ensemble.example>")
			require.Contains(t, got.to, "<vidal@cabinet.example>")

			letter, err := netmail.ReadMessage(strings.NewReader(got.data))
			require.NoError(t, err)
			subject, err := new(mime.WordDecoder).DecodeHeader(letter.Header.Get("Subject"))
			require.NoError(t, err)
			require.Equal(t, m.Subject, subject)
			require.Equal(t, "<vidal@cabinet.example>", letter.Header.Get("To"))
			require.Equal(t, "auto-generated", letter.Header.Get("Auto-Submitted"))
			require.True(t, strings.HasSuffix(letter.Header.Get("Message-Id"), "@ensemble.example>"))
			require.Empty(t, letter.Header.Get("User-Agent"))
			parts := leaves(t, letter.Header.Get("Content-Type"), letter.Header.Get("Content-Transfer-Encoding"), letter.Body)
			require.Len(t, parts, 3)
			require.Equal(t, m.Text, strings.ReplaceAll(parts[0].body, "\r\n", "\n"))
			for _, part := range parts[1:] {
				kind, parameters, err := mime.ParseMediaType(part.kind)
				require.NoError(t, err)
				require.Equal(t, "text/calendar", kind)
				require.Equal(t, "REQUEST", parameters["method"])
				require.Equal(t, string(m.Calendar), strings.ReplaceAll(strings.ReplaceAll(part.body, "\r\n", "\n"), "\n", "\r\n"))
			}
		})
	}
}

type leaf struct{ kind, body string }

// leaves reads the parts of a mail that hold no parts.
func leaves(t *testing.T, kind, encoding string, body io.Reader) []leaf {
	t.Helper()
	media, parameters, err := mime.ParseMediaType(kind)
	require.NoError(t, err)
	if !strings.HasPrefix(media, "multipart/") {
		switch strings.ToLower(encoding) {
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		case "base64":
			body = newBase64(body)
		}
		text, err := io.ReadAll(body)
		require.NoError(t, err)
		return []leaf{{kind, string(text)}}
	}
	var all []leaf
	reader := multipart.NewReader(body, parameters["boundary"])
	for {
		part, err := reader.NextRawPart()
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		all = append(all, leaves(t, part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part)...)
	}
}

func TestAMailServersRefusalKeepsItsCodeAndNotItsWords(t *testing.T) {
	for name, test := range map[string]struct {
		answers   map[string]string
		code      int
		permanent bool
	}{
		"an unknown receiver": {map[string]string{"RCPT": "550 no vidal@cabinet.example here"}, 550, true},
		"a full mailbox":      {map[string]string{"RCPT": "452 vidal@cabinet.example is full"}, 452, false},
		"greylisting":         {map[string]string{"RCPT": "451 come back, vidal"}, 451, false},
		"a refused mail":      {map[string]string{"DATA": "554 vidal wants none"}, 554, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSMTPServer(t, func(s *smtpServer) { s.answers = test.answers })
			err := sender(t, s, func(*mail.SMTPConfig) {}).Send(t.Context(), message(t, invitation(t)))
			var answer *mail.SMTPError
			require.ErrorAs(t, err, &answer)
			require.Equal(t, test.code, answer.Code)
			require.Equal(t, test.permanent, answer.Permanent)
			if test.permanent {
				require.ErrorIs(t, err, mail.ErrRefused)
			} else {
				require.NotErrorIs(t, err, mail.ErrRefused)
			}
			require.NotContains(t, err.Error(), "vidal")
			require.Empty(t, s.mails())
		})
	}
}

func TestNothingIsSaidToAServerThatCannotProtectIt(t *testing.T) {
	for name, test := range map[string]struct {
		server func(*smtpServer)
		sender func(*mail.SMTPConfig)
	}{
		"no STARTTLS":           {func(s *smtpServer) { s.starttls = false }, func(*mail.SMTPConfig) {}},
		"an unknown issuer":     {func(*smtpServer) {}, func(c *mail.SMTPConfig) { c.TLS = nil }},
		"a wrong password":      {func(s *smtpServer) { s.password = "other" }, func(c *mail.SMTPConfig) { c.Username, c.Password = "ensemble", "hush" }},
		"nobody there":          {func(s *smtpServer) {}, func(c *mail.SMTPConfig) { c.Port = 1 }},
		"TLS with a plain port": {func(*smtpServer) {}, func(c *mail.SMTPConfig) { c.Security = mail.TLS }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSMTPServer(t, test.server)
			err := sender(t, s, test.sender).Send(t.Context(), message(t, invitation(t)))
			var answer *mail.SMTPError
			require.ErrorAs(t, err, &answer)
			require.NotErrorIs(t, err, mail.ErrRefused, "another day it may work")
			require.NotContains(t, err.Error(), "hush")
			require.NotContains(t, s.heard(), "MAIL")
			require.NotContains(t, s.heard(), "vidal")
		})
	}
}

func TestASenderThatCannotBeIsRefusedAtOnce(t *testing.T) {
	for _, config := range []mail.SMTPConfig{
		{Host: "mail", Port: 25, Security: mail.NoTLS, From: "nobody"},
		{Host: "", Port: 25, Security: mail.NoTLS, From: "a@b.c"},
		{Host: "mail", Port: 0, Security: mail.NoTLS, From: "a@b.c"},
		{Host: "mail", Port: 25, Security: "ssl", From: "a@b.c"},
	} {
		_, err := mail.NewSMTP(config)
		require.ErrorContains(t, err, "preparing mail")
	}
	s := newSMTPServer(t, func(*smtpServer) {})
	err := sender(t, s, func(*mail.SMTPConfig) {}).Send(t.Context(), mail.Message{To: "a@b.c\r\nX: y", Text: "x"})
	require.ErrorIs(t, err, mail.ErrRefused)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = sender(t, s, func(*mail.SMTPConfig) {}).Send(ctx, message(t, invitation(t)))
	require.ErrorIs(t, err, context.Canceled)
}
