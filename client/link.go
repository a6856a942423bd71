package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

const (
	backoffFirst   = 250 * time.Millisecond
	backoffMost    = 15 * time.Second
	answerTimeout  = 30 * time.Second
	watchEvery     = 5 * time.Second
	silence        = 40 * time.Second
	httpTimeout    = 30 * time.Second
	linkQueue      = 4096
	statusNoRight  = 401
	statusLimit    = 300
	sessionPath    = "/api/session"
	challengePath  = "/api/session/challenge"
	websocketPath  = "/api/ws"
	enrolPath      = "/api/enrol"
	documentsPath  = "/api/documents"
	statusConflict = 409
)

// link is a connection that stands. Its writer drains out; whoever finds out
// full drops the link, which comes back by itself.
type link struct {
	conn Conn
	out  chan []byte
	end  context.CancelFunc
}

type linkUp struct{ link *link }
type linkDown struct {
	link *link
	err  error
}
type notConnected struct{ err error }
type frameIn struct {
	link  *link
	frame wire.Frame
}

// keepConnected opens connections until ctx is done, waiting longer after each
// failure. A value on wake ends the wait.
func (c *Core) keepConnected(ctx context.Context, wake <-chan struct{}) {
	wait := backoffFirst
	for ctx.Err() == nil {
		began := time.Now()
		err := c.connect(ctx)
		if ctx.Err() != nil {
			return
		}
		c.cfg.Logger.Debug("connection ended", "code", string(rooms.CodeOf(err)))
		c.post(notConnected{err})
		if time.Since(began) > backoffMost {
			wait = backoffFirst
		}
		select {
		case <-time.After(wait/2 + rand.N(wait/2)):
			wait = min(2*wait, backoffMost)
		case <-wake:
			wait = backoffFirst
		case <-ctx.Done():
		}
	}
}

// connect opens a session if need be and a websocket, and reads it to its end.
func (c *Core) connect(ctx context.Context) error {
	if err := c.ensureSession(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	address, err := websocketURL(c.cfg.Origin)
	if err != nil {
		return err
	}
	conn, err := c.cfg.Transport.Dial(ctx, address)
	if err != nil {
		return fmt.Errorf("client: connecting: %w", err)
	}
	defer func() { _ = conn.Close() }() // why it ended is known by then
	l := &link{conn: conn, out: make(chan []byte, linkQueue), end: cancel}
	if !c.post(linkUp{l}) {
		return errStopped
	}
	go func() {
		for {
			select {
			case b := <-l.out:
				if err := conn.Write(ctx, b); err != nil {
					cancel()
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		b, err := conn.Read(ctx)
		if err == nil {
			var f wire.Frame
			if f, err = c.engine.codec.Decode(b); err == nil {
				if !c.post(frameIn{l, f}) {
					return errStopped
				}
				continue
			}
		}
		c.post(linkDown{l, err})
		return fmt.Errorf("client: reading: %w", err)
	}
}

// splitOrigin gives the scheme, http or https, and the host with its port. An
// origin has nothing else, so that the core does without package net/url.
func splitOrigin(origin string) (scheme, host string, err error) {
	scheme, host, _ = strings.Cut(strings.TrimSuffix(origin, "/"), "://")
	scheme = strings.ToLower(scheme)
	if scheme != "http" && scheme != "https" || host == "" || strings.ContainsFunc(host, notOfHost) {
		return "", "", fmt.Errorf("client: %q is no origin", origin)
	}
	return scheme, host, nil
}

func notOfHost(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`/\?#@%"<>^`+"`{|}", r)
}

func websocketURL(origin string) (string, error) {
	scheme, host, err := splitOrigin(origin)
	if err != nil {
		return "", err
	}
	return strings.Replace(scheme, "http", "ws", 1) + "://" + host + websocketPath, nil
}

func originHost(origin string) string {
	_, host, _ := splitOrigin(origin)
	return host
}

type sessionWho struct {
	User   ID `json:"user"`
	Device ID `json:"device"`
}

// ensureSession opens a session with the device's signature key, unless our
// cookie still stands for this device.
func (c *Core) ensureSession(ctx context.Context) error {
	var who sessionWho
	var key identity.DeviceKey
	if err := c.do(ctx, func(e *engine) error {
		who = sessionWho{e.device.user, e.device.key.Device()}
		key = e.device.key
		return nil
	}); err != nil {
		return err
	}
	var now sessionWho
	err := c.http(ctx, "GET", sessionPath, nil, &now)
	if err == nil && now == who {
		return nil
	}
	if err != nil && rooms.CodeOf(err) != rooms.CodeUnauthorised {
		return err
	}
	var challenge struct {
		Nonce URLBytes `json:"nonce"`
	}
	if err := c.http(ctx, "POST", challengePath, who, &challenge); err != nil {
		return fmt.Errorf("client: asking for a session: %w", err)
	}
	signed := append([]byte(challenge.Nonce), originHost(c.cfg.Origin)...)
	err = c.http(ctx, "POST", sessionPath, struct {
		sessionWho
		Nonce     URLBytes `json:"nonce"`
		Signature URLBytes `json:"signature"`
	}{who, challenge.Nonce, key.Sign(identity.LabelSession, signed)}, nil)
	if err != nil {
		return fmt.Errorf("client: opening a session: %w", err)
	}
	return nil
}

// http makes a JSON request. A refusal is a *rooms.Error with the code that the
// server gave.
func (c *Core) http(ctx context.Context, method, path string, body, out any) error {
	ctx, cancel := context.WithTimeout(ctx, httpTimeout)
	defer cancel()
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			return fmt.Errorf("client: encoding a request: %w", err)
		}
	}
	status, answer, err := c.cfg.HTTP.Do(ctx, method, path, b)
	if err != nil {
		return rooms.Errorf(rooms.CodeUnavailable, "no answer from the server: %w", err)
	}
	if status >= statusLimit {
		return refusal(status, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return rooms.Errorf(rooms.CodeInternal, "the server's answer does not decode")
	}
	return nil
}

func refusal(status int, answer []byte) error {
	var f struct {
		Code   rooms.Code `json:"code"`
		Detail string     `json:"detail"`
	}
	if json.Unmarshal(answer, &f) == nil && f.Code != "" {
		return &rooms.Error{Code: f.Code, Detail: f.Detail}
	}
	switch {
	case status == statusNoRight:
		return rooms.Errorf(rooms.CodeUnauthorised, "no session")
	case status == statusConflict:
		return rooms.Errorf(rooms.CodeConflict, "status %d", status)
	case status >= 500:
		return rooms.Errorf(rooms.CodeUnavailable, "status %d", status)
	}
	return rooms.Errorf(rooms.CodeNotAllowed, "status %d", status)
}

func (ev linkUp) happen(e *engine) {
	e.dropLink(rooms.Errorf(rooms.CodeUnavailable, "replaced by a newer connection"))
	e.link = ev.link
	e.request(wire.OpHello, wire.Hello{Client: e.cfg.Version}, func(f wire.Frame, err error) {
		var w wire.Welcome
		if err == nil {
			err = e.codec.Body(f, &w)
		}
		if err == nil && (w.User != e.device.user || w.Device != e.device.key.Device()) {
			err = errors.New("welcomed as somebody else")
		}
		if err != nil {
			e.dropLink(err)
			return
		}
		e.welcomed(&w)
	})
	e.heard = e.cfg.Now()
	e.watchLink(ev.link)
}

// watchLink looks after a connection: one whose answers do not come is dropped,
// one that is silent is asked something.
func (e *engine) watchLink(l *link) {
	e.later(watchEvery, func(e *engine) {
		if e.link != l {
			return
		}
		now := e.cfg.Now()
		for _, pending := range e.requests {
			if now.Sub(pending.since) > answerTimeout {
				e.dropLink(rooms.Errorf(rooms.CodeUnavailable, "the server does not answer"))
				return
			}
		}
		for _, r := range e.rooms { // consents expire by themselves
			if r.fold != nil && len(r.public().RemovalPending(e.serverNow())) > 0 {
				e.dirtyRoom(r.id)
			}
		}
		if e.welcome != nil && now.Sub(e.heard) > silence && len(e.requests) == 0 {
			e.askMailbox(nil)
		}
		e.watchLink(l)
	})
}

func (ev linkDown) happen(e *engine) {
	if e.link == ev.link {
		e.dropLink(rooms.Errorf(rooms.CodeUnavailable, "the connection ended"))
	}
}

// happen tells those who wait for an account to open that the server does not
// know this device, and everybody else that it does so no longer.
func (ev notConnected) happen(e *engine) {
	switch code := rooms.CodeOf(ev.err); code {
	case rooms.CodeUnauthorised, rooms.CodeNotAllowed, rooms.CodeBadCertificate, rooms.CodeUnknown, rooms.CodeBadSignature:
		if e.device.state == deviceReady {
			e.alarm(rooms.CodeUnauthorised, ID{})
			return
		}
		e.answerOpened(ev.err)
		if e.device.stop != nil {
			e.device.stop()
		}
		e.device.wake, e.device.stop = nil, nil
		e.dirtyAll()
	}
}

func (ev frameIn) happen(e *engine) {
	if e.link != ev.link {
		return
	}
	f := ev.frame
	e.heard = e.cfg.Now()
	if f.ID == 0 {
		e.pushed(f)
		return
	}
	pending, ok := e.requests[f.ID]
	if !ok {
		return
	}
	delete(e.requests, f.ID)
	answer := pending.answer
	switch f.Op {
	case wire.OpOK:
		answer(f, nil)
	case wire.OpError:
		answer(wire.Frame{}, e.failure(f))
	default:
		answer(wire.Frame{}, rooms.Errorf(rooms.CodeMalformed, "an answer of op %d", f.Op))
	}
}

// refused is a refusal with the room's place, for stale epochs.
type refused struct {
	err   *rooms.Error
	place *wire.Place
}

func (r *refused) Error() string { return r.err.Error() }
func (r *refused) Unwrap() error { return r.err }

func (e *engine) failure(f wire.Frame) error {
	var fail wire.Failure
	if err := e.codec.Body(f, &fail); err != nil || fail.Code == "" {
		return rooms.Errorf(rooms.CodeInternal, "a refusal that does not decode")
	}
	return &refused{&rooms.Error{Code: fail.Code, Detail: fail.Detail}, fail.Place}
}

// transmit hands a frame to the link's writer.
func (e *engine) transmit(b []byte) {
	if e.link == nil {
		return
	}
	select {
	case e.link.out <- b:
	default:
		e.dropLink(rooms.Errorf(rooms.CodeUnavailable, "the connection is too slow"))
	}
}

// dropLink ends the connection and fails what waits for an answer.
func (e *engine) dropLink(err error) {
	if e.link == nil {
		return
	}
	e.link.end()
	e.link, e.welcome, e.frames = nil, nil, nil
	answers := e.requests
	e.requests = map[uint64]pendingRequest{}
	if rooms.CodeOf(err) == rooms.CodeInternal {
		err = rooms.Errorf(rooms.CodeUnavailable, "the connection ended: %w", err)
	}
	for _, pending := range answers {
		pending.answer(wire.Frame{}, err)
	}
	e.disconnected()
}
