package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/ensemble-sante/ensemble/rooms"
)

// web is the built client in memory: a few megabytes, with what was compressed
// when it was built.
type web struct {
	files  map[string]*webFile // by path, without the leading slash
	hashes map[string]string   // of every file, hexadecimal SHA-256
}

type webFile struct {
	kind    string // Content-Type
	forever bool   // its name carries its content's hash
	forms   map[string]webForm
}

// webForm is a file in one encoding ("" is none).
type webForm struct {
	content []byte
	etag    string
}

// encodings are the endings of compressed files, the best first.
var encodings = []struct{ ending, name string }{{".br", "br"}, {".gz", "gzip"}}

var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".wasm": "application/wasm", ".json": "application/json", ".webmanifest": "application/manifest+json",
	".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2",
	".txt": "text/plain; charset=utf-8",
}

func newWeb(files fs.FS) (*web, error) {
	w := &web{files: make(map[string]*webFile), hashes: make(map[string]string)}
	if files == nil {
		return w, nil
	}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		plain, encoding := name, ""
		for _, e := range encodings {
			if strings.HasSuffix(name, e.ending) {
				plain, encoding = strings.TrimSuffix(name, e.ending), e.name
			}
		}
		sum := sha256.Sum256(content)
		if encoding == "" {
			w.hashes[plain] = hex.EncodeToString(sum[:])
		}
		f := w.files[plain]
		if f == nil {
			f = &webFile{kind: kindOf(plain), forever: strings.HasPrefix(plain, "assets/"), forms: make(map[string]webForm)}
			w.files[plain] = f
		}
		f.forms[encoding] = webForm{content, `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the web client: %w", err)
	}
	for name, f := range w.files { // what is only there compressed is no page of ours
		if _, ok := f.forms[""]; !ok {
			delete(w.files, name)
		}
	}
	return w, nil
}

func kindOf(name string) string {
	if k, ok := kinds[path.Ext(name)]; ok {
		return k
	}
	if k := mime.TypeByExtension(path.Ext(name)); k != "" {
		return k
	}
	return "application/octet-stream"
}

// page serves the web client; a path that is no file is one of its screens, to
// whoever asks for a page.
func (s *Server) page(w http.ResponseWriter, r *http.Request, _ asker) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return rooms.Errorf(rooms.CodeUnknown, "no such address")
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	f := s.web.files[name]
	if f == nil && path.Ext(name) == "" && takesPages(r) {
		f = s.web.files["index.html"]
	}
	if f == nil {
		return rooms.Errorf(rooms.CodeUnknown, "no such page")
	}
	h := w.Header()
	form := f.forms[""]
	h.Set("Vary", "Accept-Encoding")
	for _, e := range encodings {
		if compressed, ok := f.forms[e.name]; ok && accepts(r, e.name) && r.Header.Get("Range") == "" {
			form = compressed
			h.Set("Content-Encoding", e.name)
			break
		}
	}
	h.Set("Content-Type", f.kind)
	h.Set("ETag", form.etag)
	h.Set("Cache-Control", "no-cache")
	if f.forever {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(form.content))
	return nil
}

// takesPages says whether a client would take HTML: a program that asks for JSON
// is told that there is none.
func takesPages(r *http.Request) bool {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	return accept == "" || strings.Contains(accept, "text/html") || strings.Contains(accept, "*/*")
}

// accepts says whether a client takes an encoding (RFC 9110, section 12.5.3).
func accepts(r *http.Request, encoding string) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			weight = strings.ReplaceAll(weight, " ", "")
			return weight != "q=0" && weight != "q=0.0" && weight != "q=0.00" && weight != "q=0.000"
		}
	}
	return false
}

// clientHash tells the SHA-256 of every file of the client, so that anybody can
// compare what they were served with what was published, and the public key of the key
// log, which devices have pinned.
func (s *Server) clientHash(w http.ResponseWriter, r *http.Request, _ asker) error {
	verifier, err := s.accounts.LogVerifier(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		Core  string            `json:"core"` // of core.wasm
		Files map[string]string `json:"files"`
		Log   string            `json:"log"` // public key of the key log
	}{s.web.hashes["core.wasm"], s.web.hashes, verifier})
	return nil
}
