package native

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// maxAnswer is the most bytes of an HTTP answer that are read.
const maxAnswer = 32 << 20

// Network reaches one origin by HTTP and websocket, with one cookie jar.
type Network struct {
	origin *url.URL
	jar    *originJar
	http   *http.Client
	dialer websocket.Dialer
}

// Options of a [Network]; the zero value is good.
type Options struct {
	// TLS is used for https origins.
	TLS *tls.Config
	// Dial replaces the way to the server, for tests that cut it.
	Transport *http.Transport
}

// NewNetwork gives the way to an origin such as "https://ensemble.example".
func NewNetwork(origin string, o Options) (*Network, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("native: %q is no origin", origin)
	}
	inner, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("native: making a cookie jar: %w", err)
	}
	jar := &originJar{inner}
	t := o.Transport
	if t == nil {
		t = &http.Transport{TLSClientConfig: o.TLS, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute}
	}
	n := &Network{
		origin: &url.URL{Scheme: u.Scheme, Host: u.Host},
		jar:    jar,
		http:   &http.Client{Transport: t, Jar: jar, Timeout: time.Minute},
		dialer: websocket.Dialer{
			NetDialContext:   t.DialContext,
			TLSClientConfig:  o.TLS,
			HandshakeTimeout: 10 * time.Second,
			Subprotocols:     []string{wire.Subprotocol},
			Jar:              jar,
		},
	}
	return n, nil
}

// Do implements [client.Doer].
func (n *Network) Do(ctx context.Context, method, path string, body []byte) (int, []byte, error) {
	u := *n.origin
	if i := strings.IndexByte(path, '?'); i >= 0 {
		u.Path, u.RawQuery = path[:i], path[i+1:]
	} else {
		u.Path = path
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("native: %w", err)
	}
	req.Header.Set("Origin", n.origin.String())
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := n.http.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("native: %s %s: %w", method, path, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return 0, nil, fmt.Errorf("native: reading the answer to %s %s: %w", method, path, err)
	}
	return res.StatusCode, answer, nil
}

// Dial implements [client.Transport].
func (n *Network) Dial(ctx context.Context, address string) (client.Conn, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("native: %w", err)
	}
	c, res, err := n.dialer.DialContext(ctx, address, http.Header{"Origin": {n.origin.String()}})
	if res != nil {
		defer res.Body.Close() //nolint:errcheck // gorilla has read it
	}
	if err != nil {
		if res != nil && res.StatusCode == http.StatusUnauthorized {
			return nil, fmt.Errorf("native: dialling %s: %w", u.Path, client.ErrNoSession)
		}
		return nil, fmt.Errorf("native: dialling %s: %w", u.Path, err)
	}
	c.SetReadLimit(wire.MaxFrame + 1024)
	return &conn{ws: c}, nil
}

// conn is a websocket; the server's pings are answered by gorilla.
type conn struct{ ws *websocket.Conn }

func (c *conn) Read(ctx context.Context) ([]byte, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.ws.Close() })
	defer stop()
	for {
		kind, b, err := c.ws.ReadMessage()
		if err != nil {
			return nil, errors.Join(ctx.Err(), err)
		}
		if kind == websocket.BinaryMessage {
			return b, nil
		}
	}
}

func (c *conn) Write(ctx context.Context, message []byte) error {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(20 * time.Second)
	}
	if err := c.ws.SetWriteDeadline(deadline); err != nil {
		return err
	}
	return c.ws.WriteMessage(websocket.BinaryMessage, message)
}

func (c *conn) Close() error {
	deadline := time.Now().Add(time.Second)
	_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), deadline)
	return c.ws.Close()
}

// originJar keeps the cookies of one origin. Browsers treat loopback addresses
// as secure contexts and so do we: a Secure cookie set by http://localhost is
// sent back to it, and to the websocket of the same host.
type originJar struct{ inner *cookiejar.Jar }

func (j *originJar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.inner.SetCookies(secure(u), cookies)
}

func (j *originJar) Cookies(u *url.URL) []*http.Cookie { return j.inner.Cookies(secure(u)) }

func secure(u *url.URL) *url.URL {
	host := u.Hostname()
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || host == "127.0.0.1" || host == "::1" || u.Scheme == "wss" {
		v := *u
		v.Scheme = "https"
		return &v
	}
	return u
}
