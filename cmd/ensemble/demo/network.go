package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/client/native"
)

// Enroller makes enrolment codes: the part of an administrator.
type Enroller interface {
	Code(ctx context.Context, p Persona) (string, error)
}

// Config says where the network is and where its devices live.
type Config struct {
	Origin   string // of the server
	Folder   string // devices keep their state below it; in memory when empty
	Enroller Enroller
	Personas []Persona
	Version  string
	Logger   *slog.Logger
	Now      func() time.Time
}

// Network keeps the first device of every persona running.
type Network struct {
	config  Config
	cast    Cast
	cancel  context.CancelFunc
	running sync.WaitGroup
	folders []*native.Folder
}

// Start opens or makes every persona's device, enrols those that are new, and
// makes everybody known to everybody else, as invitations would have.
func Start(ctx context.Context, config Config) (*Network, error) {
	if config.Now == nil {
		config.Now = time.Now
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	n := &Network{config: config, cast: Cast{}, cancel: cancel}
	for _, p := range config.Personas {
		player, err := n.open(run, p)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("demo: opening the device of %s: %w", p.Key, err), n.Close())
		}
		n.cast[p.Key] = player
	}
	for _, p := range n.cast {
		if err := n.enrol(ctx, p); err != nil {
			return nil, errors.Join(err, n.Close())
		}
	}
	for _, p := range n.cast {
		if err := n.introduce(ctx, p); err != nil {
			return nil, errors.Join(err, n.Close())
		}
	}
	return n, nil
}

// Cast gives the players by key.
func (n *Network) Cast() Cast { return n.cast }

// Close stops the devices and waits for them.
func (n *Network) Close() error {
	n.cancel()
	n.running.Wait()
	var errs []error
	for _, f := range n.folders {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

func (n *Network) open(ctx context.Context, p Persona) (*Player, error) {
	network, err := native.NewNetwork(n.config.Origin, native.Options{})
	if err != nil {
		return nil, err
	}
	cfg := client.Config{
		Origin: n.config.Origin, Transport: network, HTTP: network, Now: n.config.Now,
		Version: n.config.Version, Logger: n.config.Logger,
	}
	if n.config.Folder == "" {
		cfg.Storage, cfg.StorageKey = native.NewMemory(), make([]byte, client.StorageKeySize)
		_, _ = rand.Read(cfg.StorageKey) // never fails
	} else {
		folder, err := native.OpenFolder(filepath.Join(n.config.Folder, p.Key))
		if err != nil {
			return nil, err
		}
		n.folders = append(n.folders, folder)
		cfg.Storage, cfg.StorageKey = folder, folder.Key()
	}
	core, err := client.New(cfg)
	if err != nil {
		return nil, err
	}
	n.running.Go(func() {
		if err := core.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			n.config.Logger.Error("a persona's device has stopped", "persona", p.Key, "error", err)
		}
	})
	return &Player{Persona: p, Core: core, HTTP: network}, nil
}

// enrol makes the account of a persona whose device is new.
func (n *Network) enrol(ctx context.Context, p *Player) error {
	state, err := Do[client.DeviceState](ctx, p, "device.state", nil)
	if err != nil {
		return err
	}
	if state.State != "READY" {
		code, err := n.config.Enroller.Code(ctx, p.Persona)
		if err != nil {
			return fmt.Errorf("demo: a code for %s: %w", p.Key, err)
		}
		if err := p.Core.Enrol(ctx, client.EnrolArgs{Code: code, Kind: p.Kind, Profile: p.Profile()}); err != nil {
			return fmt.Errorf("demo: enrolling %s: %w", p.Key, err)
		}
	}
	status, err := Await(ctx, p, "status", nil, func(s client.StatusView) bool { return s.Online && s.Me != nil })
	if err != nil {
		return err
	}
	p.User = status.Me.User
	return nil
}

// introduce puts the others into a persona's contacts.
func (n *Network) introduce(ctx context.Context, p *Player) error {
	known, err := Await(ctx, p, "network", nil, func(client.NetworkView) bool { return true })
	if err != nil {
		return err
	}
	have := map[client.ID]bool{}
	for _, m := range known.Members {
		have[m.User] = true
	}
	var contacts []client.DirectoryRow
	for _, other := range n.cast {
		if other.User != p.User && !have[other.User] {
			contacts = append(contacts, client.DirectoryRow{
				User: other.User, Name: other.Name, Role: other.Role, Kind: other.Kind, Organisation: other.Organisation,
			})
		}
	}
	if len(contacts) == 0 {
		return nil
	}
	return Act(ctx, p, "contact.add", client.ContactArgs{Contacts: contacts})
}

// Link certifies a browser's new device for a persona, as the person would with
// their phone in hand.
func (n *Network) Link(ctx context.Context, key string, device client.DevicePublic) (client.ID, error) {
	p, ok := n.cast[key]
	if !ok {
		return client.ID{}, errNoPersona
	}
	if err := p.Core.Certify(ctx, device); err != nil {
		return client.ID{}, fmt.Errorf("demo: certifying a device of %s: %w", key, err)
	}
	return p.User, nil
}

var errNoPersona = errors.New("demo: no such persona")
