package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ensemble-sante/ensemble/cmd/ensemble/demo"
	"github.com/ensemble-sante/ensemble/media"
	"github.com/ensemble-sante/ensemble/migrations"
	"github.com/ensemble-sante/ensemble/server"
	"github.com/ensemble-sante/ensemble/server/accounts"
	"github.com/ensemble-sante/ensemble/server/blobs/folder"
	"github.com/ensemble-sante/ensemble/server/postgres"
	"github.com/ensemble-sante/ensemble/server/store"
	"github.com/ensemble-sante/ensemble/webclient"
)

const demoUsage = `ensemble demo [--scenario a] [--data FOLDER] [--port 8420]

An invented health network with everything embedded, for this computer only:
a private PostgreSQL, objects in a folder, the bus in process, the media unit.
It stops with Ctrl-C and starts again with its data.

  --scenario a   also open Odette Marchal's case, plan its meeting and talk
  --data FOLDER  where it keeps everything
  --port N       HTTP, and UDP N+1 for media; remembered with the data
  --fresh        begin again from nothing
`

// A demonstration remembers its port (an origin includes it) and what has been
// played.
type demoState struct {
	Port   int      `json:"port"`
	Played []string `json:"played"`
}

func demonstrate(ctx context.Context, args []string, out, errs io.Writer) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	scenario := flags.String("scenario", "", "")
	data := flags.String("data", "", "")
	port := flags.Int("port", 0, "")
	fresh := flags.Bool("fresh", false, "")
	verbose := flags.Bool("verbose", false, "")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, demoUsage)
		return err
	} else if err != nil || flags.NArg() > 0 || (*scenario != "" && *scenario != "a") {
		fmt.Fprint(errs, demoUsage)
		return errUsage
	}
	level := slog.LevelWarn
	if *verbose {
		level = slog.LevelDebug
	}
	d := &demonstration{
		out: out, logger: slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: level})),
		scenario: *scenario, port: *port, folder: *data,
	}
	if d.folder == "" {
		folder, err := demoFolder()
		if err != nil {
			return err
		}
		d.folder = folder
	}
	if *fresh {
		if err := d.forget(); err != nil {
			return err
		}
	}
	return d.run(ctx)
}

// demoFolder is where the demonstration keeps its data unless told.
func demoFolder() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/lib/ensemble/demo", nil
	}
	if state := os.Getenv("XDG_STATE_HOME"); state != "" {
		return filepath.Join(state, "ensemble", "demo"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding a folder for the demonstration: %w", err)
	}
	return filepath.Join(home, ".local", "state", "ensemble", "demo"), nil
}

type demonstration struct {
	out      io.Writer
	logger   *slog.Logger
	folder   string
	scenario string
	port     int
	state    demoState
	closers  []func() error
}

func (d *demonstration) stateFile() string { return filepath.Join(d.folder, "demonstration.json") }

// forget removes what a demonstration left, and nothing that is not one.
func (d *demonstration) forget() error {
	_, err := os.Stat(d.stateFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	// The database first: who holds it is a demonstration that runs.
	err = postgres.Remove(filepath.Join(d.folder, "postgres"))
	if errors.Is(err, postgres.ErrInUse) {
		return fmt.Errorf("a demonstration is running in %s: stop it, then start with --fresh: %w", d.folder, err)
	}
	if err != nil {
		return fmt.Errorf("forgetting the earlier demonstration: %w", err)
	}
	for _, name := range []string{"objects", "devices", "demonstration.json"} {
		if err := os.RemoveAll(filepath.Join(d.folder, name)); err != nil {
			return fmt.Errorf("forgetting the earlier demonstration: %w", err)
		}
	}
	return nil
}

func (d *demonstration) run(ctx context.Context) (err error) {
	begun := time.Now()
	defer func() {
		for i := len(d.closers) - 1; i >= 0; i-- {
			err = errors.Join(err, d.closers[i]())
		}
	}()
	if !webclient.Built() {
		return errors.New("this binary was built without the web client: run make demo, which builds it")
	}
	if err := d.remember(); err != nil {
		return err
	}
	d.say("Starting the database…")
	cluster, err := postgres.Start(ctx, postgres.Config{Data: filepath.Join(d.folder, "postgres"), Logger: d.logger})
	if err != nil {
		return err
	}
	d.closers = append(d.closers, func() error {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		return cluster.Close(bounded)
	})
	dsn := cluster.DSN("postgres")
	if err := migrations.Up(ctx, dsn); err != nil {
		return err
	}
	s, err := store.Open(ctx, store.Config{DSN: dsn})
	if err != nil {
		return err
	}
	d.closers = append(d.closers, func() error { s.Close(); return nil })
	objects, err := folder.Open(filepath.Join(d.folder, "objects"))
	if err != nil {
		return err
	}
	d.closers = append(d.closers, objects.Close)
	messages, closeBus, err := ownBus()
	if err != nil {
		return err
	}
	d.closers = append(d.closers, closeBus)

	listener, err := d.listen(ctx)
	if err != nil {
		return err
	}
	sfu, err := media.NewNode(media.Config{Listen: net.JoinHostPort("127.0.0.1", strconv.Itoa(d.state.Port+1)), Logger: d.logger})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	d.closers = append(d.closers, sfu.Close)
	address := "localhost:" + strconv.Itoa(d.state.Port)
	node, err := server.New(server.Config{
		Store: s, Blobs: objects, Bus: messages, Media: sfu, PublicURL: &url.URL{Scheme: "http", Host: address},
		Hosts: func(h string) bool { return strings.HasSuffix(h, "."+address) },
		Web:   webclient.FS(), ContentSecurityPolicy: webclient.ContentSecurityPolicy(),
		MailFrom: "ensemble@reseau.example", Network: "Réseau de démonstration", Logger: d.logger,
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	d.closers = append(d.closers, node.Close)

	outbox := server.NewOutbox(s)
	var network *demo.Network
	handler := &later{}
	handler.set(node.Handler())
	return work(ctx, node, nil,
		func(ctx context.Context) error { return host(ctx, listener, handler, d.logger) },
		func(ctx context.Context) error {
			d.say("Waking the personas’ devices…")
			network, err = demo.Start(ctx, demo.Config{
				Origin: "http://" + address, Folder: filepath.Join(d.folder, "devices"), Enroller: enroller{node.Accounts()},
				Personas: demo.Personas(), Version: version, Logger: d.logger,
			})
			if err != nil {
				return err
			}
			defer func() {
				if err := network.Close(); err != nil {
					d.logger.Error("closing the personas’ devices", "error", err)
				}
			}()
			if err := d.play(ctx, network.Cast()); err != nil {
				return err
			}
			whole, err := network.Handler(node.Handler(), address, func(r *http.Request) ([]demo.Mail, error) {
				return mails(r.Context(), outbox)
			})
			if err != nil {
				return err
			}
			handler.set(whole)
			d.say(fmt.Sprintf("Ready after %.0f s. Open this in Chromium or Firefox:\n\n    http://%s/\n\nCtrl-C stops it; the data stays in %s.",
				time.Since(begun).Seconds(), address, d.folder))
			<-ctx.Done()
			return nil
		})
}

func (d *demonstration) say(text string) { fmt.Fprintln(d.out, text) }

// remember reads what an earlier start left.
func (d *demonstration) remember() error {
	if err := os.MkdirAll(d.folder, 0o755); err != nil { //nolint:gosec // the database's account passes through
		return fmt.Errorf("making the demonstration's folder: %w", err)
	}
	b, err := os.ReadFile(d.stateFile())
	if errors.Is(err, fs.ErrNotExist) {
		entries, err := os.ReadDir(d.folder)
		if err != nil {
			return fmt.Errorf("reading the demonstration's folder: %w", err)
		}
		// A lock alone is what earlier versions left behind with --fresh.
		foreign := func(e fs.DirEntry) bool { return e.Name() != "postgres.lock" }
		if slices.ContainsFunc(entries, foreign) {
			return fmt.Errorf("%s is not empty and holds no demonstration; name another folder with --data", d.folder)
		}
		return d.save()
	}
	if err != nil {
		return fmt.Errorf("reading the demonstration's state: %w", err)
	}
	if err := json.Unmarshal(b, &d.state); err != nil {
		return fmt.Errorf("reading the demonstration's state: %w", err)
	}
	return nil
}

func (d *demonstration) save() error {
	b, err := json.Marshal(d.state)
	if err != nil {
		return err
	}
	next := d.stateFile() + ".new"
	if err := os.WriteFile(next, b, 0o600); err != nil {
		return fmt.Errorf("keeping the demonstration's state: %w", err)
	}
	return os.Rename(next, d.stateFile())
}

const (
	firstPort = 8420
	lastPort  = 8498
)

// listen opens the remembered port; a new demonstration takes the first free
// one and keeps it.
func (d *demonstration) listen(ctx context.Context) (net.Listener, error) {
	wanted := d.port
	if wanted == 0 {
		wanted = d.state.Port
	}
	first, last := wanted, wanted
	if wanted == 0 {
		first, last = firstPort, lastPort
	}
	var lc net.ListenConfig
	var l net.Listener
	var err error
	for port := first; port <= last; port += 2 {
		if l, err = lc.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			d.state.Port = port
			return l, d.save()
		}
	}
	return nil, fmt.Errorf("opening port %d: is another demonstration running? %w", first, err)
}

// play loads what a visitor should find, once.
func (d *demonstration) play(ctx context.Context, cast demo.Cast) error {
	played := func(name string) bool {
		for _, p := range d.state.Played {
			if p == name {
				return true
			}
		}
		return false
	}
	note := func(name string) error {
		d.state.Played = append(d.state.Played, name)
		return d.save()
	}
	if played("b begun") && !played("b") {
		return errors.New("an earlier start was interrupted while it loaded its data: start again with --fresh")
	}
	if !played("b") {
		d.say("Loading Karim Belkacem’s case…")
		if err := note("b begun"); err != nil {
			return err
		}
		if _, err := demo.CaseB(ctx, cast, time.Now()); err != nil {
			return err
		}
		if err := note("b"); err != nil {
			return err
		}
	}
	if d.scenario == "a" && !played("a") {
		d.say("Playing Odette Marchal’s case…")
		c, err := demo.OpenA(ctx, cast, time.Now())
		if err != nil {
			return err
		}
		if err := demo.TalkA(ctx, cast, c); err != nil {
			return err
		}
		if _, err := demo.PlanA(ctx, cast, c, time.Now().Add(15*time.Minute).Truncate(time.Minute)); err != nil {
			return err
		}
		return note("a")
	}
	return nil
}

type enroller struct{ accounts *accounts.Accounts }

func (e enroller) Code(ctx context.Context, p demo.Persona) (string, error) {
	return e.accounts.NewCode(ctx, accounts.Invitation{Kind: p.Kind, Mail: p.Mail, Language: "fr"}, time.Hour)
}

// maxMails is how many mails the outbox page shows.
const maxMails = 200

func mails(ctx context.Context, outbox *server.Outbox) ([]demo.Mail, error) {
	list, err := outbox.List(ctx, maxMails)
	if err != nil {
		return nil, err
	}
	out := make([]demo.Mail, 0, len(list))
	for i := len(list) - 1; i >= 0; i-- { // the page shows the newest first
		m := list[i]
		out = append(out, demo.Mail{To: m.To, Subject: m.Subject, Text: m.Text, Calendar: string(m.Calendar), At: m.At})
	}
	return out, nil
}
