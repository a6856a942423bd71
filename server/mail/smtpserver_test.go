package mail_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// smtpServer speaks enough of RFC 5321, 3207 and 4954 to receive mail.
type smtpServer struct {
	t        *testing.T
	listener net.Listener
	tls      *tls.Config
	roots    *x509.CertPool
	implicit bool              // TLS from the first byte
	starttls bool              // offers STARTTLS
	password string            // required, if not empty
	answers  map[string]string // command → what is answered instead

	mu       sync.Mutex
	received []received
	commands []string
}

type received struct {
	from, to  string
	data      string
	encrypted bool
	as        string // user
}

func newSMTPServer(t *testing.T, change func(*smtpServer)) *smtpServer {
	t.Helper()
	s := &smtpServer{t: t, starttls: true, answers: map[string]string{}}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	s.roots = x509.NewCertPool()
	s.roots.AddCert(certificate)
	s.tls = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
	change(s)
	s.listener, err = net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.listener.Close() })
	go func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s
}

func (s *smtpServer) port() int { return s.listener.Addr().(*net.TCPAddr).Port }

func (s *smtpServer) mails() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.received
}

func (s *smtpServer) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.commands, "\n")
}

func (s *smtpServer) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	var m received
	if s.implicit {
		conn = tls.Server(conn, s.tls)
		m.encrypted = true
	}
	reader := bufio.NewReader(conn)
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(conn, format+"\r\n", args...) }
	say("220 test")
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.mu.Lock()
		s.commands = append(s.commands, line)
		s.mu.Unlock()
		verb, rest, _ := strings.Cut(line, " ")
		verb = strings.ToUpper(verb)
		if answer, ok := s.answers[verb]; ok {
			say("%s", answer)
			continue
		}
		switch verb {
		case "EHLO":
			say("250-test")
			if s.starttls && !m.encrypted {
				say("250-STARTTLS")
			}
			if s.password != "" {
				say("250-AUTH PLAIN")
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go ahead")
			conn = tls.Server(conn, s.tls)
			reader = bufio.NewReader(conn)
			m.encrypted = true
		case "AUTH":
			_, encoded, _ := strings.Cut(rest, " ")
			plain, _ := base64.StdEncoding.DecodeString(encoded)
			parts := strings.Split(string(plain), "\x00")
			if len(parts) != 3 || parts[2] != s.password {
				say("535 no")
				continue
			}
			m.as = parts[1]
			say("235 welcome")
		case "MAIL":
			if s.password != "" && m.as == "" {
				say("530 who are you")
				continue
			}
			m.from = rest
			say("250 ok")
		case "RCPT":
			m.to = rest
			say("250 ok")
		case "DATA":
			say("354 go on")
			data, err := io.ReadAll(textproto.NewReader(reader).DotReader())
			if err != nil {
				return
			}
			m.data = string(data)
			s.mu.Lock()
			s.received = append(s.received, m)
			s.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}
