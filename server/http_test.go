package server_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server"
	"github.com/ensemble-sante/ensemble/server/accounts"
	"github.com/ensemble-sante/ensemble/server/blobs"
	"github.com/ensemble-sante/ensemble/server/servertest"
)

func TestAnEnrolmentCodeIsGoodOnce(t *testing.T) {
	n := startOne(t)
	w := world(t)
	a, b := w.User("A", "GP"), w.User("B", "GP")
	code, err := n.server.Accounts().NewCode(t.Context(), accounts.Invitation{Kind: accounts.Person}, time.Hour)
	require.NoError(t, err)
	body := func(code, kind string, entries [][]byte, device rooms.ID) map[string]any {
		list := []string{}
		for _, e := range entries {
			list = append(list, b64(e))
		}
		return map[string]any{"code": code, "kind": kind, "chain": list, "device": device}
	}
	of := a.Entries
	device := a.Device().ID()
	for name, c := range map[string]struct {
		in   any
		code rooms.Code
	}{
		"no such code":           {body("aaaaa-aaaaa-aaaaa-aaaaa", accounts.Person, of, device), rooms.CodeNotAllowed},
		"another kind":           {body(code, accounts.Professional, of, device), rooms.CodeInvalid},
		"one entry":              {body(code, accounts.Person, of[:1], device), rooms.CodeMalformed},
		"entries out of order":   {body(code, accounts.Person, [][]byte{of[1], of[0]}, device), rooms.CodeConflict},
		"another device":         {body(code, accounts.Person, of, b.Device().ID()), rooms.CodeBadCertificate},
		"an entry that is not":   {body(code, accounts.Person, [][]byte{of[0], {1, 2, 3}}, device), rooms.CodeMalformed},
		"a changed signature":    {body(code, accounts.Person, [][]byte{of[0], flip(of[1])}, device), rooms.CodeBadSignature},
		"a field that is not":    {map[string]any{"code": code, "admin": true}, rooms.CodeMalformed},
		"bytes that are no JSON": {[]byte("{"), rooms.CodeMalformed},
	} {
		got := n.call("POST", "/api/enrol", nil, c.in, nil)
		require.Equal(t, c.code, got.Code, "%s: %s", name, got.body)
	}
	typed := strings.ToUpper(strings.ReplaceAll(code, "-", " ")) // as people write them
	got := n.call("POST", "/api/enrol", nil, body(typed, accounts.Person, of, device), nil)
	require.Equal(t, http.StatusCreated, got.status, "%s", got.body)
	// The answer got lost: the same again.
	require.Equal(t, http.StatusCreated, n.call("POST", "/api/enrol", nil, body(code, accounts.Person, of, device), nil).status)
	got = n.call("POST", "/api/enrol", nil, body(code, accounts.Person, b.Entries, b.Device().ID()), nil)
	require.Equal(t, rooms.CodeNotAllowed, got.Code)
}

func flip(b []byte) []byte {
	b = bytes.Clone(b)
	b[len(b)-1] ^= 1
	return b
}

func TestASessionNeedsTheDevicesSignatureForThisHost(t *testing.T) {
	n := startOne(t)
	w := world(t)
	camille, vidal := w.User("Camille", "NURSE"), w.User("Vidal", "GP")
	n.enrol(camille)
	d := camille.Device()
	host := strings.TrimPrefix(n.http.URL, "http://")
	challenge := func() string {
		a := n.call("POST", "/api/session/challenge", nil, map[string]any{"user": camille.ID, "device": d.ID()}, nil)
		var c struct{ Nonce string }
		require.NoError(t, json.Unmarshal(a.body, &c))
		return c.Nonce
	}
	try := func(nonce string, signature []byte) answer {
		return n.call("POST", "/api/session", nil, map[string]any{
			"user": camille.ID, "device": d.ID(), "nonce": nonce, "signature": b64(signature),
		}, nil)
	}
	sign := func(label, nonce, host string) []byte {
		b, err := decode64(nonce)
		require.NoError(t, err)
		return d.Key.Sign(label, append(b, host...))
	}
	nonce := challenge()
	require.Equal(t, rooms.CodeBadSignature, try(nonce, sign(identity.LabelSession, nonce, "elsewhere.example")).Code)
	require.Equal(t, rooms.CodeBadSignature, try(nonce, sign(identity.LabelSession, nonce, host)).Code, "a challenge serves once")
	nonce = challenge()
	require.Equal(t, rooms.CodeBadSignature, try(nonce, sign(identity.LabelEvent, nonce, host)).Code)
	nonce = challenge()
	b, err := decode64(nonce)
	require.NoError(t, err)
	require.Equal(t, rooms.CodeBadSignature, try(nonce, vidal.Device().Key.Sign(identity.LabelSession, append(b, host...))).Code)
	nonce = challenge()
	ok := try(nonce, sign(identity.LabelSession, nonce, host))
	require.Equal(t, http.StatusOK, ok.status)
	c := ok.cookie()
	require.True(t, c.Secure && c.HttpOnly && c.SameSite == http.SameSiteStrictMode && c.Path == "/" && c.Domain == "")

	got := n.call("GET", "/api/session", c, nil, nil)
	require.JSONEq(t, fmt.Sprintf(`{"user":%q,"device":%q}`, camille.ID, d.ID()), string(got.body))
	require.Equal(t, http.StatusUnauthorized, n.call("GET", "/api/session", nil, nil, nil).status)
	require.Equal(t, http.StatusUnauthorized, n.call("GET", "/api/session", &http.Cookie{Name: c.Name, Value: strings.Repeat("A", 43)}, nil, nil).status)
	require.Equal(t, http.StatusNoContent, n.call("DELETE", "/api/session", c, nil, nil).status)
	require.Equal(t, http.StatusUnauthorized, n.call("GET", "/api/session", c, nil, nil).status)
}

func TestForeignOriginsAndHostsAreRefused(t *testing.T) {
	n := start(t, servertest.Database(t), nil, func(c *server.Config) {
		c.Hosts = func(host string) bool { return strings.HasPrefix(host, "vidal.localhost:") }
	})
	w := world(t)
	camille := w.User("Camille", "NURSE")
	n.enrol(camille)
	cookie := n.signIn(camille.Device())
	origin := func(o string) func(*http.Request) { return func(r *http.Request) { r.Header.Set("Origin", o) } }
	require.Equal(t, http.StatusForbidden, n.call("DELETE", "/api/session", cookie, nil, origin("https://evil.example")).status)
	require.Equal(t, http.StatusForbidden, n.call("GET", "/api/session", cookie, nil, func(r *http.Request) { r.Host = "evil.example" }).status)
	require.Equal(t, http.StatusOK, n.call("GET", "/api/session", cookie, nil, func(r *http.Request) { r.Host = "vidal.localhost:1" }).status)
	dial := func(origin, protocol string) int {
		d := websocket.Dialer{Subprotocols: []string{protocol}}
		h := http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}}
		if origin != "" {
			h.Set("Origin", origin)
		}
		ws, res, err := d.Dial("ws"+strings.TrimPrefix(n.http.URL, "http")+"/api/ws", h)
		if err == nil {
			_ = ws.Close()
		}
		require.NotNil(t, res)
		_ = res.Body.Close()
		return res.StatusCode
	}
	require.Equal(t, http.StatusForbidden, dial("https://evil.example", wire.Subprotocol))
	require.Equal(t, http.StatusForbidden, dial("null", wire.Subprotocol))
	require.Equal(t, http.StatusBadRequest, dial(n.http.URL, "ensemble.99"))
	require.Equal(t, http.StatusSwitchingProtocols, dial(n.http.URL, wire.Subprotocol))
	require.Equal(t, http.StatusSwitchingProtocols, dial("", wire.Subprotocol), "a program that is no browser")
	cookie = &http.Cookie{Name: cookie.Name, Value: strings.Repeat("A", 43)}
	require.Equal(t, http.StatusUnauthorized, dial(n.http.URL, wire.Subprotocol))
}

func TestTooManyRequestsAreRefused(t *testing.T) {
	n := start(t, servertest.Database(t), nil, func(c *server.Config) {
		c.Limits = server.Limits{SignInRate: 0.001, SignInBurst: 6, AccountRate: 0.001, AccountBurst: 10, Connections: 2}
	})
	w := world(t)
	camille := w.User("Camille", "NURSE")
	n.enrol(camille)              // 1
	l := n.dial(camille.Device()) // 2, 3; one request
	for range 9 {
		l.must(wire.OpVault, nil, nil)
	}
	l.refused(rooms.CodeRateLimited, wire.OpVault, nil)
	second := n.dialWith(camille.Device(), l.cookie)
	second.refused(rooms.CodeRateLimited, wire.OpVault, nil) // of the account, not of the connection
	require.Equal(t, http.StatusTooManyRequests, n.call("GET", "/api/ws", l.cookie, nil, nil).status, "a third connection")
	for range 3 {
		require.NotEqual(t, http.StatusTooManyRequests, n.call("POST", "/api/session/challenge", nil, map[string]any{}, nil).status)
	}
	got := n.call("POST", "/api/session/challenge", nil, map[string]any{}, nil)
	require.Equal(t, http.StatusTooManyRequests, got.status)
	require.NotEmpty(t, got.header.Get("Retry-After"))
}

func TestMalformedAndOversizedFramesEndTheConnection(t *testing.T) {
	n := startOne(t)
	w := world(t)
	camille := w.User("Camille", "NURSE")
	n.enrol(camille)
	for name, c := range map[string]struct {
		kind  int
		bytes []byte
		code  int
	}{
		"not CBOR":      {websocket.BinaryMessage, []byte("hello"), websocket.CloseInvalidFramePayloadData},
		"empty":         {websocket.BinaryMessage, nil, websocket.CloseInvalidFramePayloadData},
		"text":          {websocket.TextMessage, []byte("{}"), websocket.CloseUnsupportedData},
		"too large":     {websocket.BinaryMessage, make([]byte, wire.MaxFrame+1), websocket.CloseMessageTooBig},
		"without an op": {websocket.BinaryMessage, []byte{0xa1, 0x02, 0x01}, websocket.CloseInvalidFramePayloadData},
	} {
		t.Run(name, func(t *testing.T) {
			l := n.dialWith(camille.Device(), n.signIn(camille.Device()))
			_ = l.ws.WriteMessage(c.kind, c.bytes) // fails if it is refused before its end
			select {
			case <-l.closed:
			case <-time.After(patience):
				t.Fatal("the connection stands")
			}
			if name == "too large" && !websocket.IsCloseError(l.err, c.code) {
				return // reset while we were still writing
			}
			require.True(t, websocket.IsCloseError(l.err, c.code), "%v", l.err)
		})
	}
	// A body that does not fit its op is only refused.
	l := n.dial(camille.Device())
	l.refused(rooms.CodeMalformed, wire.OpFetch, []int{1, 2})
	l.refused(rooms.CodeMalformed, wire.Op(99), nil)
	l.refused(rooms.CodeMalformed, wire.OpAppend, wire.Append{Kind: 9})
	l.refused(rooms.CodeMalformed, wire.OpCreate, wire.Create{})
	l.must(wire.OpVault, nil, nil)
}

func TestTheVaultOnlyGoesForward(t *testing.T) {
	n := startOne(t)
	w := world(t)
	camille, vidal := w.User("Camille", "NURSE"), w.User("Vidal", "GP")
	n.enrol(camille, vidal)
	c, v := n.dial(camille.Device()), n.dial(vidal.Device())
	var got wire.Vault
	c.must(wire.OpVault, nil, &got)
	require.Zero(t, got.Version)
	one := wire.Vault{Version: 1, Blob: []byte("sealed one")}
	c.must(wire.OpVaultPut, one, nil)
	c.must(wire.OpVaultPut, one, nil) // an answer that got lost
	c.refused(rooms.CodeConflict, wire.OpVaultPut, wire.Vault{Version: 1, Blob: []byte("other")})
	c.refused(rooms.CodeConflict, wire.OpVaultPut, wire.Vault{Version: 3, Blob: []byte("three")})
	c.must(wire.OpVaultPut, wire.Vault{Version: 2, Blob: []byte("sealed two")}, nil)
	c.must(wire.OpVault, nil, &got)
	require.Equal(t, wire.Vault{Version: 2, Blob: []byte("sealed two")}, got)
	v.must(wire.OpVault, nil, &got)
	require.Zero(t, got.Version, "one's own only")
	var dir wire.Directory
	v.must(wire.OpDirectory, wire.DirectoryQuery{Users: []rooms.ID{camille.ID}}, &dir)
	require.Equal(t, []wire.Account{{User: camille.ID, Kind: accounts.Professional, KeyHash: camille.Key.Hash()}}, dir.Accounts)
}

func TestTheWebClientIsServedWithItsPolicy(t *testing.T) {
	core := []byte("\x00asm")
	n := start(t, servertest.Database(t), nil, func(c *server.Config) {
		c.ContentSecurityPolicy = "default-src 'none'; script-src 'self'"
		c.Web = fstest.MapFS{
			"index.html": {Data: []byte("<!doctype html>")}, "index.html.br": {Data: []byte("brotli of it")},
			"core.wasm": {Data: core}, "core.wasm.br": {Data: []byte("small")},
			"assets/index-abc.js": {Data: []byte("1")},
		}
	})
	plain := func(r *http.Request) { r.Header.Set("Accept-Encoding", "identity") }
	brotli := func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip, br") }
	a := n.call("GET", "/", nil, nil, plain)
	require.Equal(t, "<!doctype html>", string(a.body))
	require.Equal(t, "default-src 'none'; script-src 'self'", a.header.Get("Content-Security-Policy"))
	require.Equal(t, "no-cache", a.header.Get("Cache-Control"))
	a = n.call("GET", "/session/abc", nil, nil, brotli) // a screen
	require.Equal(t, "brotli of it", string(a.body))
	require.Equal(t, "br", a.header.Get("Content-Encoding"))
	require.Equal(t, "text/html; charset=utf-8", a.header.Get("Content-Type"))
	etag := a.header.Get("ETag")
	a = n.call("GET", "/", nil, nil, func(r *http.Request) { brotli(r); r.Header.Set("If-None-Match", etag) })
	require.Equal(t, http.StatusNotModified, a.status)
	a = n.call("GET", "/assets/index-abc.js", nil, nil, nil)
	require.Contains(t, a.header.Get("Cache-Control"), "immutable")
	require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
	a = n.call("GET", "/core.wasm", nil, nil, plain)
	require.Equal(t, "application/wasm", a.header.Get("Content-Type"))
	for _, path := range []string{"/nothing.js", "/assets/gone.js", "/core.wasm.br", "/../go.mod", "/api/nothing"} {
		require.Equal(t, http.StatusNotFound, n.call("GET", path, nil, nil, nil).status, path)
	}
	require.Equal(t, http.StatusNotFound, n.call("POST", "/", nil, nil, nil).status)
	a = n.call("GET", "/.well-known/ensemble-client", nil, nil, nil)
	require.Contains(t, string(a.body), fmt.Sprintf(`"core":"%x"`, sha256.Sum256(core)))
	require.Equal(t, http.StatusNoContent, n.call("GET", "/healthz", nil, nil, nil).status)
	require.Equal(t, http.StatusNoContent, n.call("GET", "/readyz", nil, nil, nil).status)
}

func TestADocumentIsUploadedInPartsAndReadInRanges(t *testing.T) {
	n := startOne(t)
	w := world(t)
	camille, vidal, son := w.User("Camille", "NURSE"), w.User("Vidal", "GP"), w.User("Son", "FAMILY")
	n.enrol(camille, vidal, son)
	c, v := n.dial(camille.Device()), n.dial(vidal.Device())
	sons := n.signIn(son.Device())
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	r.consent(c, vidal)
	content := bytes.Repeat([]byte("0123456789abcdef"), (blobs.PartSize+4096)/16)
	sum := sha256.Sum256(content)

	begin := map[string]any{"room": r.ID, "ciphertext": len(content)}
	require.Equal(t, rooms.CodeUnknownRoom, n.call("POST", "/api/documents", sons, begin, nil).Code)
	require.Equal(t, rooms.CodeNotMember, n.call("POST", "/api/documents", v.cookie, begin, nil).Code, "not in the group yet")
	require.Equal(t, rooms.CodeTooLarge, n.call("POST", "/api/documents", c.cookie, map[string]any{"room": r.ID, "ciphertext": int64(1) << 40}, nil).Code)
	a := n.call("POST", "/api/documents", c.cookie, begin, nil)
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	var doc struct {
		Document string `json:"document"`
		PartSize int    `json:"part_size"`
	}
	require.NoError(t, json.Unmarshal(a.body, &doc))
	require.Equal(t, blobs.PartSize, doc.PartSize)
	at := "/api/documents/" + doc.Document

	r.enter(v)
	require.Equal(t, rooms.CodeNotAllowed, n.call("PUT", at+"/parts/1", v.cookie, content[:blobs.PartSize], nil).Code, "another's upload")
	require.Equal(t, http.StatusNotFound, n.call("GET", at, c.cookie, nil, nil).status, "not complete")
	require.Equal(t, http.StatusBadRequest, n.call("PUT", at+"/parts/2", c.cookie, content[:10], nil).status)
	require.Equal(t, http.StatusNotFound, n.call("PUT", at+"/parts/3", c.cookie, content[:10], nil).status)
	require.Equal(t, http.StatusNoContent, n.call("PUT", at+"/parts/2", c.cookie, content[blobs.PartSize:], nil).status)
	complete := map[string]any{"sha256": b64(sum[:]), "size": len(content)}
	require.Equal(t, http.StatusBadRequest, n.call("POST", at+"/complete", c.cookie, complete, nil).status, "a part is missing")
	a = n.call("GET", at+"/parts", c.cookie, nil, nil)
	require.Contains(t, string(a.body), `"parts":[2]`)
	require.Equal(t, http.StatusNoContent, n.call("PUT", at+"/parts/1", c.cookie, content[:blobs.PartSize], nil).status)
	require.Equal(t, http.StatusNoContent, n.call("POST", at+"/complete", c.cookie, complete, nil).status)
	require.Equal(t, http.StatusNoContent, n.call("POST", at+"/complete", c.cookie, complete, nil).status, "again")
	require.Equal(t, http.StatusConflict, n.call("PUT", at+"/parts/1", c.cookie, content[:blobs.PartSize], nil).status)
	require.Equal(t, http.StatusConflict, n.call("DELETE", at, c.cookie, nil, nil).status)

	a = n.call("GET", at, v.cookie, nil, nil)
	require.Equal(t, http.StatusOK, a.status)
	require.True(t, bytes.Equal(content, a.body))
	for header, want := range map[string][]byte{
		"bytes=0-9": content[:10], "bytes=8388606-8388611": content[8388606:8388612], "bytes=-5": content[len(content)-5:],
		"bytes=8392700-": content[8392700:],
	} {
		a = n.call("GET", at, v.cookie, nil, func(r *http.Request) { r.Header.Set("Range", header) })
		require.Equal(t, http.StatusPartialContent, a.status, header)
		require.True(t, bytes.Equal(want, a.body), header)
	}
	a = n.call("GET", at, v.cookie, nil, func(r *http.Request) { r.Header.Set("Range", "bytes=99999999-") })
	require.Equal(t, http.StatusRequestedRangeNotSatisfiable, a.status)
	require.Equal(t, rooms.CodeUnknown, n.call("GET", at, sons, nil, nil).Code)
	require.Equal(t, http.StatusUnauthorized, n.call("GET", at, nil, nil, nil).status)

	var list wire.AccessList
	c.must(wire.OpAccess, wire.RoomRef{Room: r.ID}, &list)
	var opened, refused int
	for _, l := range list.Accesses {
		switch {
		case l.What == "DOCUMENT" && l.User == vidal.ID && l.Target.String() == doc.Document:
			opened++
		case l.What == "REFUSED" && l.User == son.ID:
			refused++
		}
	}
	require.Equal(t, 1, opened, "the whole and its ranges, by one device in one go")
	require.Equal(t, 1, refused)

	// A withdrawn participant reads it no more.
	require.NoError(t, r.append(c, 3, r.Sign(camille, rooms.StatementWithdrawal, rooms.Withdrawal{Participant: vidal.ID}), nil))
	require.Equal(t, rooms.CodeWithdrawn, n.call("GET", at, v.cookie, nil, nil).Code)
}
