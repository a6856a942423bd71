package server

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/server/accounts"
	"github.com/ensemble-sante/ensemble/server/hub"
)

// cookieName has the prefix by which browsers promise that the cookie came from
// this host alone, over a trustworthy connection.
const cookieName = "__Host-ensemble"

// bytes64 are bytes in JSON: base64url without padding (RFC 4648, section 5).
type bytes64 []byte

func (b bytes64) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

func (b *bytes64) UnmarshalText(text []byte) error {
	out, err := base64.RawURLEncoding.Strict().AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("not base64url: %w", err)
	}
	*b = out
	return nil
}

// who names an account and its device in JSON.
type who struct {
	User   rooms.ID `json:"user"`
	Device rooms.ID `json:"device"`
}

func (s *Server) enrol(w http.ResponseWriter, r *http.Request, _ asker) error {
	var in struct {
		Code   string    `json:"code"`
		Kind   string    `json:"kind"`
		Chain  []bytes64 `json:"chain"`
		Device rooms.ID  `json:"device"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	chain := make([][]byte, len(in.Chain))
	for i := range in.Chain {
		chain[i] = in.Chain[i]
	}
	user, err := s.accounts.Enrol(r.Context(), in.Code, in.Kind, chain, in.Device)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, who{user, in.Device})
	return nil
}

func (s *Server) challenge(w http.ResponseWriter, r *http.Request, _ asker) error {
	var in who
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	nonce, err := s.accounts.Challenge(r.Context(), in.User, in.Device)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		Nonce bytes64 `json:"nonce"`
	}{nonce})
	return nil
}

func (s *Server) openSession(w http.ResponseWriter, r *http.Request, _ asker) error {
	var in struct {
		who
		Nonce     bytes64 `json:"nonce"`
		Signature bytes64 `json:"signature"`
	}
	if err := readJSON(w, r, &in); err != nil {
		return err
	}
	token, session, err := s.accounts.Open(r.Context(), in.User, in.Device, in.Nonce, in.Signature, r.Host)
	if err != nil {
		return err
	}
	setCookie(w, token, session.Expires.Sub(s.Now()))
	writeJSON(w, http.StatusOK, in.who)
	return nil
}

func setCookie(w http.ResponseWriter, token string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: token, Path: "/", MaxAge: int(life.Seconds()),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}

func (s *Server) showSession(w http.ResponseWriter, _ *http.Request, by asker) error {
	writeJSON(w, http.StatusOK, who{by.User, by.Device})
	return nil
}

func (s *Server) closeSession(w http.ResponseWriter, r *http.Request, by asker) error {
	if err := s.accounts.End(r.Context(), by.session.Hash); err != nil {
		return err
	}
	s.endConnections(func(id hub.Identity) bool { return id.Session == by.session.Hash })
	s.sessionsChanged(by.User)
	setCookie(w, "", -time.Second)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// session finds the session of a request by its cookie.
func (s *Server) session(r *http.Request) (accounts.Session, error) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return accounts.Session{}, rooms.Errorf(rooms.CodeUnauthorised, "no session")
	}
	return s.accounts.Authenticate(r.Context(), cookie.Value)
}

func (s *Server) connect(w http.ResponseWriter, r *http.Request, by asker) error {
	if len(s.hub.Of(by.User)) >= s.limits.Connections {
		return rooms.Errorf(rooms.CodeRateLimited, "too many connections of this account")
	}
	if rec, ok := w.(*recorder); ok {
		rec.wrote = http.StatusSwitchingProtocols // or what the hub answers instead
	}
	s.hub.Serve(w, r, hub.Identity{User: by.User, Device: by.Device, Session: by.session.Hash})
	return nil
}

// endConnections closes the connections of sessions that are over.
func (s *Server) endConnections(ended func(hub.Identity) bool) {
	for _, c := range s.hub.Conns() {
		if ended(c.Identity) {
			c.Close(hub.CloseSessionEnded, "the session has ended")
		}
	}
}
