package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/server/accounts"
	"github.com/ensemble-sante/ensemble/server/authz"
)

// A route is one operation over HTTP. Those of a room ask authz again, when
// they know the room.
type route struct {
	pattern string
	op      authz.Operation
	signIn  bool // counts against the limit of sign-ins
	handle  func(w http.ResponseWriter, r *http.Request, by asker) error
}

// asker is who sent a request.
type asker struct {
	authz.Actor
	session accounts.Session
}

// table lists the routes; every one has its operation.
func (s *Server) table() []route {
	return []route{
		{"POST /api/enrol", authz.Enrol, true, s.enrol},
		{"POST /api/session/challenge", authz.Challenge, true, s.challenge},
		{"POST /api/session", authz.SessionOpen, true, s.openSession},
		{"GET /api/session", authz.SessionShow, false, s.showSession},
		{"DELETE /api/session", authz.SessionClose, false, s.closeSession},
		{"GET /api/ws", authz.Connect, false, s.connect},
		{"POST /api/documents", authz.DocumentBegin, false, s.beginDocument},
		{"PUT /api/documents/{id}/parts/{n}", authz.DocumentPart, false, s.putPart},
		{"GET /api/documents/{id}/parts", authz.DocumentParts, false, s.listParts},
		{"POST /api/documents/{id}/complete", authz.DocumentComplete, false, s.completeDocument},
		{"GET /api/documents/{id}", authz.DocumentRead, false, s.readDocument},
		{"DELETE /api/documents/{id}", authz.DocumentDelete, false, s.deleteDocument},
		{"GET /healthz", authz.Health, false, s.healthy},
		{"GET /readyz", authz.Ready, false, s.ready},
		{"GET /.well-known/ensemble-client", authz.ClientHash, false, s.clientHash},
		{"/", authz.Web, false, s.page},
	}
}

// inRoom are the operations whose rule asks for a room: their handlers find it
// and ask then.
func inRoom(op authz.Operation) bool {
	need, _ := authz.Rule(op)
	return need&(authz.Anybody|authz.Account) == 0
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range s.table() {
		mux.Handle(rt.pattern, s.serve(rt))
	}
	mux.Handle("/api/", s.serve(route{"/api/", authz.Web, false, func(http.ResponseWriter, *http.Request, asker) error {
		return rooms.Errorf(rooms.CodeUnknown, "no such address")
	}}))
	return mux
}

// serve is what all routes share: limits, session, authorisation, headers, log.
func (s *Server) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := s.Now()
		id := identity.NewID().String()
		out := &recorder{ResponseWriter: w}
		s.headers(out, r, rt)
		out.Header().Set("X-Request-Id", id)
		defer func() {
			if p := recover(); p != nil {
				if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(p)
				}
				s.log.Error("a handler panicked", "request", id, "route", rt.pattern)
				s.refuse(out, rooms.Errorf(rooms.CodeInternal, "something went wrong"))
			}
			took := s.Now().Sub(begun)
			s.requests.WithLabelValues(rt.pattern, strconv.Itoa(out.status())).Observe(took.Seconds())
			s.log.Debug("request", "request", id, "route", rt.pattern, "status", out.status(), "took", took)
		}()
		err := s.admit(out, r, rt)
		if err != nil {
			s.refuse(out, err)
			if rooms.CodeOf(err) == rooms.CodeInternal {
				s.log.Error("request", "request", id, "route", rt.pattern, "error", err)
			}
		}
	})
}

func (s *Server) admit(w http.ResponseWriter, r *http.Request, rt route) error {
	address := s.addressOf(r)
	if !s.limits.address(address) || rt.signIn && !s.limits.signIn(address) {
		return rooms.Errorf(rooms.CodeRateLimited, "too many requests from this address")
	}
	if !s.hostAllowed(r.Host) && rt.op != authz.Health && rt.op != authz.Ready {
		return rooms.Errorf(rooms.CodeNotAllowed, "this host is not the network")
	}
	if !s.originAllowed(r, rt.op == authz.Connect) {
		return rooms.Errorf(rooms.CodeNotAllowed, "a request from another origin")
	}
	var by asker
	if need, _ := authz.Rule(rt.op); need&authz.Anybody == 0 {
		session, err := s.session(r)
		if err != nil {
			return err
		}
		by = asker{authz.Actor{User: session.User, Device: session.Device}, session}
		if !inRoom(rt.op) {
			if err := authz.Allow(rt.op, by.Actor, authz.Standing{}); err != nil {
				return err
			}
		}
	}
	return rt.handle(w, r, by)
}

// hostAllowed says whether host, with its port, is one of the network's.
func (s *Server) hostAllowed(host string) bool {
	return host == s.PublicURL.Host || s.Hosts != nil && s.Hosts(host)
}

// originAllowed says whether a request comes from our own pages, or from a
// program that is no browser. Browsers send an Origin with every request that
// changes something and with every websocket.
func (s *Server) originAllowed(r *http.Request, websocket bool) bool {
	if !websocket && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		return true
	}
	origin := r.Header.Get("Origin")
	return origin == "" || origin == s.PublicURL.Scheme+"://"+r.Host
}

func (s *Server) headers(w http.ResponseWriter, r *http.Request, rt route) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), speaker-selection=(self), fullscreen=(self), geolocation=(), payment=(), usb=()")
	if s.PublicURL.Scheme == "https" {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	if rt.op == authz.Web && s.ContentSecurityPolicy != "" {
		h.Set("Content-Security-Policy", s.ContentSecurityPolicy)
		return
	}
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	h.Set("Cache-Control", "no-store")
	_ = r
}

// refuse answers with an error: {"code": …, "detail": …}.
func (s *Server) refuse(w *recorder, err error) {
	if w.wrote != 0 {
		return
	}
	code := rooms.CodeOf(err)
	body := struct {
		Code   rooms.Code `json:"code"`
		Detail string     `json:"detail,omitempty"`
		Field  string     `json:"field,omitempty"`
	}{Code: code}
	var e *rooms.Error
	if errors.As(err, &e) {
		body.Detail, body.Field = e.Detail, e.Field
	}
	if code == rooms.CodeRateLimited {
		w.Header().Set("Retry-After", "5")
	}
	writeJSON(w, statusOf(code), body)
}

func statusOf(code rooms.Code) int {
	switch code {
	case rooms.CodeUnauthorised:
		return http.StatusUnauthorized
	case rooms.CodeNotConsented, rooms.CodeWithdrawn, rooms.CodeExpired, rooms.CodeNotMember, rooms.CodeNotAllowed,
		rooms.CodeBadSignature, rooms.CodeForgedAuthor, rooms.CodeBadCertificate, rooms.CodeFrozen:
		return http.StatusForbidden
	case rooms.CodeUnknown, rooms.CodeUnknownRoom:
		return http.StatusNotFound
	case rooms.CodeConflict, rooms.CodeStaleEpoch, rooms.CodeReplay, rooms.CodeChanged:
		return http.StatusConflict
	case rooms.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case rooms.CodeRateLimited:
		return http.StatusTooManyRequests
	case rooms.CodeUnavailable:
		return http.StatusServiceUnavailable
	case rooms.CodeInternal:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		status, b = http.StatusInternalServerError, []byte(`{"code":"internal"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client has gone, if it fails
}

// maxJSON bounds a request in JSON: an enrolment is the largest.
const maxJSON = 64 << 10

func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	if t := r.Header.Get("Content-Type"); t != "" && t != "application/json" {
		return rooms.Errorf(rooms.CodeMalformed, "a request is application/json")
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxJSON))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return rooms.Errorf(rooms.CodeTooLarge, "a request of more than %d bytes", maxJSON)
		}
		return rooms.Errorf(rooms.CodeMalformed, "the request does not decode")
	}
	return nil
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	wrote int
}

func (r *recorder) WriteHeader(status int) {
	if r.wrote == 0 {
		r.wrote = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.wrote == 0 {
		r.wrote = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach what is beneath.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) status() int {
	if r.wrote == 0 {
		return http.StatusOK
	}
	return r.wrote
}

func (s *Server) healthy(w http.ResponseWriter, _ *http.Request, _ asker) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request, _ asker) error {
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	if err := errors.Join(s.Store.Ping(ctx), s.Blobs.Check(ctx), s.Bus.Check()); err != nil {
		s.log.Warn("not ready", "error", err)
		return rooms.Errorf(rooms.CodeUnavailable, "not ready")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
