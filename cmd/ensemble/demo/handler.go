package demo

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"

	"github.com/ensemble-sante/ensemble/client"
)

// maxLink bounds a link request: a device's public keys are 1.3 KB.
const maxLink = 16 << 10

// Outbox lists the mail that a mail server would have been given.
type Outbox func(r *http.Request) ([]Mail, error)

// Handler puts the demonstration's own pages before the server: the start page
// on the bare host, and below /demo/ the persona picker on every host.
func (n *Network) Handler(server http.Handler, host string, outbox Outbox) (http.Handler, error) {
	_, port, _ := strings.Cut(host, ":")
	p, err := newPages(n.config.Personas, func(key string) string {
		return "http://" + key + ".localhost:" + port + "/"
	})
	if err != nil {
		return nil, err
	}
	style, err := fs.ReadFile(startFiles, "start/start.css")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo/personas", n.personas)
	mux.HandleFunc("POST /demo/link", n.link)
	mux.HandleFunc("GET /demo/start.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(style) // the visitor went away: nothing to do
	})
	mux.HandleFunc("GET /demo/outbox", func(w http.ResponseWriter, r *http.Request) {
		mails, err := outbox(r)
		if err != nil {
			n.config.Logger.Error("reading the outbox", "error", err)
			http.Error(w, "the outbox cannot be read now", http.StatusServiceUnavailable)
			return
		}
		p.outbox(w, r, mails)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/demo/"):
			mux.ServeHTTP(w, r)
		case r.URL.Path == "/" && !strings.HasSuffix(hostname(r.Host), ".localhost"):
			p.start(w, r)
		default:
			server.ServeHTTP(w, r)
		}
	}), nil
}

func hostname(host string) string {
	name, _, _ := strings.Cut(host, ":")
	return name
}

// personaRow is one line of GET /demo/personas.
type personaRow struct {
	Key          string `json:"key"`
	Name         string `json:"name"`
	Role         string `json:"role"`
	Kind         string `json:"kind"`
	Organisation string `json:"organisation,omitempty"`
	Line         string `json:"line"`
	LineEN       string `json:"line_en"`
}

func (n *Network) personas(w http.ResponseWriter, _ *http.Request) {
	rows := make([]personaRow, 0, len(n.config.Personas))
	for _, p := range n.config.Personas {
		rows = append(rows, personaRow{p.Key, p.Name, p.Role, p.Kind, p.Organisation, p.Line, p.LineEN})
	}
	answer(w, n.config.Logger, http.StatusOK, rows)
}

type linkRequest struct {
	Persona string `json:"persona"`
	client.DevicePublic
}

func (n *Network) link(w http.ResponseWriter, r *http.Request) {
	// A page of another origin must not add devices: browsers say where a
	// request comes from, and it must be from here.
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
		answer(w, n.config.Logger, http.StatusForbidden, map[string]string{"code": "not_allowed"})
		return
	}
	var in linkRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxLink)).Decode(&in); err != nil {
		answer(w, n.config.Logger, http.StatusBadRequest, map[string]string{"code": "malformed"})
		return
	}
	user, err := n.Link(r.Context(), in.Persona, in.DevicePublic)
	switch {
	case errors.Is(err, errNoPersona):
		answer(w, n.config.Logger, http.StatusNotFound, map[string]string{"code": "unknown"})
	case err != nil:
		n.config.Logger.Error("linking a device", "error", err)
		answer(w, n.config.Logger, http.StatusServiceUnavailable, map[string]string{"code": "unavailable"})
	default:
		answer(w, n.config.Logger, http.StatusOK, map[string]client.ID{"user": user})
	}
}

func answer(w http.ResponseWriter, logger *slog.Logger, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		logger.Debug("answering", "error", err)
	}
}
