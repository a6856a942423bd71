//go:build !js

package browser_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/client/native"
	"github.com/ensemble-sante/ensemble/server"
	"github.com/ensemble-sante/ensemble/server/accounts"
	"github.com/ensemble-sante/ensemble/server/blobs/folder"
	"github.com/ensemble-sante/ensemble/server/bus"
	"github.com/ensemble-sante/ensemble/server/servertest"
	"github.com/ensemble-sante/ensemble/server/store"
)

const patience = 90 * time.Second

// page loads the core, plays one half of a conversation, loads itself again and
// checks that everything is still there.
const page = `<!doctype html><meta charset="utf-8"><script src="/wasm_exec.js"></script><script src="/page.js"></script>`

const script = `
const tell = (o) => fetch("/told", { method: "POST", body: JSON.stringify(o) });
const call = async (m, a) => JSON.parse(await ensembleCall(m, JSON.stringify(a ?? null)));
const watch = (view, params, until) => new Promise((resolve) => {
  let n;
  n = ensembleWatch(view, JSON.stringify(params ?? null), (json) => {
    const v = JSON.parse(json);
    if (!v.error && until(v)) { resolve(v); setTimeout(() => ensembleUnwatch(n)); }
  });
});
const texts = (v) => v.items.filter((i) => i.kind === "MESSAGE" && i.seq > 0).map((i) => i.text);
async function play() {
  const setup = await (await fetch("/setup")).json();
  const state = await call("device.state");
  if (state.state === "EMPTY") {
    await call("enrol", { code: setup.code, kind: "PROFESSIONAL", profile: { name: "Camille Renaud", role: "NURSE_COORDINATOR" } });
    await watch("status", null, (v) => v.online && v.phase === "READY");
    const { case: dossier } = await call("case.create", {
      person: { family_name: "Marchal", given_name: "Odette", birth_date: "1938-05-12", user: "" },
      life_project: "", leaflet: { version: "v3", date: "2026-01-10" }, circle: [],
    });
    const v = await watch("case", { case: dossier }, (v) => v.rooms.length === 1);
    const room = v.rooms[0].room;
    await call("consent.give", {
      case: dossier, party: setup.vidal, rooms: [room], category: "CARE_TEAM", basis: "NON_OPPOSITION",
      given_by: "PERSON", date: "2026-01-10", how: "ORAL", history: "ALL",
    });
    await call("room.send", { room, text: "écrit dans un navigateur", reply_to: "", mentions: [] });
    await watch("room", { room }, (v) => texts(v).length === 2);
    let refused;
    try { await call("room.send", { room, text: "", reply_to: "", mentions: [] }); } catch (e) { refused = e; }
    localStorage.room = room;
    await tell({ room, refused });
    await ensembleClose();
    location.reload();
    return;
  }
  const room = localStorage.room;
  const kept = await watch("room", { room }, (v) => texts(v).length === 2);
  await watch("status", null, (v) => v.online && v.phase === "READY");
  await call("room.send", { room, text: "après le rechargement", reply_to: "", mentions: [] });
  await watch("room", { room }, (v) => texts(v).length === 3);
  await tell({ kept: texts(kept), state: state.state });
}
addEventListener("unhandledrejection", (e) => tell({ failed: String(e.reason?.detail ?? e.reason?.stack ?? e.reason) }));
globalThis.ensembleFailed = (json) => tell({ failed: json });
globalThis.ensembleReady = () => void play();
const go = new Go();
WebAssembly.instantiateStreaming(fetch("/core.wasm"), go.importObject).then(({ instance }) => go.run(instance));
`

// told is what the page says.
type told struct {
	Room    client.ID `json:"room"`
	Kept    []string  `json:"kept"`
	State   string    `json:"state"`
	Failed  string    `json:"failed"`
	Refused *struct {
		Code  string `json:"code"`
		Field string `json:"field"`
	} `json:"refused"`
}

// chromium finds the browser; without one the test is skipped, except in CI.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		require.Fail(t, "there is no Chromium")
	}
	t.Skip("there is no Chromium here")
	return ""
}

// buildCore makes the core that is shipped, and its loader.
func buildCore(t *testing.T) (wasm, loader []byte) {
	t.Helper()
	folder := t.TempDir()
	text, err := exec.CommandContext(t.Context(), "go", "run", "../../cmd/ensemble-wasm/build", folder).CombinedOutput()
	require.NoError(t, err, string(text))
	wasm, err = os.ReadFile(filepath.Join(folder, "core.wasm"))
	require.NoError(t, err)
	loader, err = os.ReadFile(filepath.Join(folder, "wasm_exec.js"))
	require.NoError(t, err)
	return wasm, loader
}

func TestTheCoreRunsInChromiumAndSurvivesAReload(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a browser")
	}
	browser := chromium(t)
	wasm, loader := buildCore(t)
	b, err := bus.NewServer()
	require.NoError(t, err)
	t.Cleanup(b.Close)
	one, err := b.Connect()
	require.NoError(t, err)
	t.Cleanup(func() { _ = one.Close() })
	st, err := store.Open(t.Context(), store.Config{DSN: servertest.Database(t)})
	require.NoError(t, err)
	t.Cleanup(st.Close)
	objects, err := folder.Open(t.TempDir())
	require.NoError(t, err)

	var s *server.Server
	said := make(chan told, 16)
	setup := make(chan []byte, 1)
	h := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/told":
			var v told
			body, _ := io.ReadAll(r.Body)
			if err := json.Unmarshal(body, &v); err != nil {
				v.Failed = string(body)
			}
			said <- v
		case "/setup":
			b := <-setup
			setup <- b
			_, _ = w.Write(b)
		default:
			s.Handler().ServeHTTP(w, r)
		}
	}))
	origin := "http://" + h.Listener.Addr().String()
	public, err := url.Parse(origin)
	require.NoError(t, err)
	s, err = server.New(server.Config{
		Store: st, Blobs: objects, Bus: one, PublicURL: public, Logger: slog.New(slog.DiscardHandler),
		ContentSecurityPolicy: "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
		Web: fstest.MapFS{
			"index.html":   {Data: []byte(page)},
			"page.js":      {Data: []byte(script)},
			"wasm_exec.js": {Data: loader},
			"core.wasm":    {Data: wasm},
		},
	})
	require.NoError(t, err)
	h.Start()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, s.Close())
		h.Close()
		require.NoError(t, <-ended)
	})
	code := func() string {
		c, err := s.Accounts().NewCode(ctx, accounts.Invitation{Kind: accounts.Professional}, time.Hour)
		require.NoError(t, err)
		return c
	}

	// A native core is the other half of the conversation.
	network, err := native.NewNetwork(origin, native.Options{})
	require.NoError(t, err)
	vidal, err := client.New(client.Config{
		Origin: origin, Transport: network, HTTP: network, Storage: native.NewMemory(), StorageKey: make([]byte, client.StorageKeySize),
	})
	require.NoError(t, err)
	ran := make(chan error, 1)
	go func() { ran <- vidal.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.True(t, errors.Is(<-ran, context.Canceled))
	})
	require.NoError(t, vidal.Enrol(ctx, client.EnrolArgs{
		Code: code(), Kind: "PROFESSIONAL", Profile: client.ProfileFields{Name: "Dr Vidal", Role: "GENERAL_PRACTITIONER"},
	}))
	state, err := vidal.Call(ctx, "device.state", nil)
	require.NoError(t, err)
	var device client.DeviceState
	require.NoError(t, json.Unmarshal(state, &device))
	ready, err := json.Marshal(map[string]any{"code": code(), "vidal": device.User})
	require.NoError(t, err)
	setup <- ready

	rooms := make(chan client.ID, 4)
	stop, err := vidal.Watch("home", nil, func(b []byte) {
		var v client.HomeView
		if json.Unmarshal(b, &v) == nil && len(v.Threads) == 1 {
			select {
			case rooms <- v.Threads[0].Room:
			default:
			}
		}
	})
	require.NoError(t, err)
	defer stop()

	cmd := exec.CommandContext(ctx, browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--remote-debugging-port=0", "--enable-logging=stderr", "--user-data-dir="+t.TempDir(), origin+"/index.html")
	var output strings.Builder
	cmd.Stderr = &output
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		if t.Failed() {
			for line := range strings.Lines(output.String()) {
				if strings.Contains(line, "CONSOLE") {
					t.Log(line)
				}
			}
		}
	})
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	next := func() told {
		t.Helper()
		select {
		case v := <-said:
			require.Empty(t, v.Failed)
			return v
		case <-time.After(patience):
			require.Fail(t, "the page says nothing")
			return told{}
		}
	}
	var room client.ID
	select {
	case room = <-rooms:
	case v := <-said:
		require.Empty(t, v.Failed)
	case <-time.After(patience):
		require.Fail(t, "nothing was heard of the browser")
	}
	answer, err := json.Marshal(client.SendArgs{Room: room, Text: "lu dans un autre"})
	require.NoError(t, err)
	_, err = vidal.Call(ctx, "room.send", answer)
	require.NoError(t, err)
	first := next()
	require.Equal(t, room, first.Room)
	require.NotNil(t, first.Refused)
	require.Equal(t, "invalid", first.Refused.Code)
	require.Equal(t, "text", first.Refused.Field)
	second := next()
	require.Equal(t, "READY", second.State, "the device kept its keys")
	require.Equal(t, []string{"écrit dans un navigateur", "lu dans un autre"}, second.Kept)
}
