package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"

	"github.com/ensemble-sante/ensemble/media"
	"github.com/ensemble-sante/ensemble/migrations"
	"github.com/ensemble-sante/ensemble/server"
	"github.com/ensemble-sante/ensemble/server/accounts"
	"github.com/ensemble-sante/ensemble/server/blobs"
	"github.com/ensemble-sante/ensemble/server/blobs/folder"
	"github.com/ensemble-sante/ensemble/server/blobs/s3"
	"github.com/ensemble-sante/ensemble/server/bus"
	"github.com/ensemble-sante/ensemble/server/config"
	"github.com/ensemble-sante/ensemble/server/mail"
	"github.com/ensemble-sante/ensemble/server/store"
	"github.com/ensemble-sante/ensemble/webclient"
)

// serve runs a node of a network. It has no personas and no way to get any.
func serve(ctx context.Context, args []string, out, errs io.Writer) (err error) {
	cfg, err := config.Serve(args, os.Environ(), out)
	if err != nil {
		return err
	}
	logger := newLogger(errs, cfg)
	for _, name := range cfg.Unknown {
		logger.Warn("a variable that is none of ours, perhaps misspelt", "variable", name)
	}
	if !webclient.Built() {
		logger.Warn("this binary was built without the web client: run make build")
	}
	var closers []func() error
	defer func() {
		for i := len(closers) - 1; i >= 0; i-- {
			err = errors.Join(err, closers[i]())
		}
	}()
	if err := migrations.Up(ctx, cfg.DatabaseURL.Reveal()); err != nil {
		return err
	}
	s, err := store.Open(ctx, store.Config{DSN: cfg.DatabaseURL.Reveal()})
	if err != nil {
		return err
	}
	closers = append(closers, func() error { s.Close(); return nil })
	objects, closeObjects, err := openObjects(ctx, cfg)
	if err != nil {
		return err
	}
	closers = append(closers, closeObjects)
	messages, closeBus, err := openBus(cfg, logger)
	if err != nil {
		return err
	}
	closers = append(closers, closeBus)
	sfu, err := media.NewNode(media.Config{Listen: cfg.Media.UDP, PublicIPs: texts(cfg.Media.PublicIPs), Logger: logger})
	if err != nil {
		return err
	}
	closers = append(closers, sfu.Close)

	c := server.Config{
		Store: s, Blobs: objects, Bus: messages, Media: sfu, PublicURL: cfg.PublicURL,
		TrustedProxies: cfg.TrustedProxies, Web: webclient.FS(), ContentSecurityPolicy: webclient.ContentSecurityPolicy(),
		Network: cfg.NetworkName, Logger: logger,
	}
	var courier *mail.Courier
	if cfg.SMTP.Host != "" {
		sender, err := mail.NewSMTP(mail.SMTPConfig{
			Host: cfg.SMTP.Host, Port: cfg.SMTP.Port, Security: mail.Security(cfg.SMTP.Security),
			Username: cfg.SMTP.Username, Password: cfg.SMTP.Password.Reveal(), From: cfg.SMTP.From,
		})
		if err != nil {
			return err
		}
		courier = mail.NewCourier(server.NewOutbox(s), sender, logger)
		c.MailFrom, c.MailWritten = cfg.SMTP.From, courier.Call
	}
	if c.LogSeed, err = hex.DecodeString(cfg.LogSeed.Reveal()); err != nil || len(c.LogSeed) == 0 {
		c.LogSeed = nil // the one in the database
	}
	node, err := server.New(c)
	if err != nil {
		return err
	}
	closers = append(closers, node.Close)
	if _, err := node.Accounts().LogVerifier(ctx); errors.Is(err, accounts.ErrLogKey) {
		return err
	}

	public, err := listen(ctx, cfg.Listen, cfg.TLSCertificate, cfg.TLSKey)
	if err != nil {
		return err
	}
	parts := []func(context.Context) error{
		func(ctx context.Context) error { return host(ctx, public, node.Handler(), logger) },
	}
	if cfg.MetricsListen != "" {
		private, err := listen(ctx, cfg.MetricsListen, "", "")
		if err != nil {
			return errors.Join(err, public.Close())
		}
		parts = append(parts, func(ctx context.Context) error { return host(ctx, private, node.Metrics(), logger) })
	}
	logger.Info("ready", "listen", public.Addr().String(), "media", sfu.Addr().String(), "version", version)
	return work(ctx, node, courier, parts...)
}

func newLogger(w io.Writer, cfg *config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

func openObjects(ctx context.Context, cfg *config.Config) (blobs.Store, func() error, error) {
	if cfg.S3.Endpoint == "" {
		f, err := folder.Open(cfg.ObjectsDir)
		if err != nil {
			return nil, nil, err
		}
		return f, f.Close, nil
	}
	b, err := s3.Open(ctx, s3.Config{
		Endpoint: cfg.S3.Endpoint, Bucket: cfg.S3.Bucket, Region: cfg.S3.Region,
		AccessKey: cfg.S3.AccessKey, SecretKey: cfg.S3.SecretKey.Reveal(), TLS: cfg.S3.UseTLS,
	})
	if err != nil {
		return nil, nil, err
	}
	return b, func() error { return nil }, nil
}

// openBus connects to the cluster; a node that is alone has a bus of its own,
// in process and without a port.
func openBus(cfg *config.Config, logger *slog.Logger) (bus.Bus, func() error, error) {
	if !cfg.Alone() {
		n, err := bus.Open(bus.Config{URL: cfg.NATS.URL.Reveal(), Credentials: cfg.NATS.Credentials, Logger: logger})
		if err != nil {
			return nil, nil, err
		}
		return n, n.Close, nil
	}
	return ownBus()
}

func ownBus() (bus.Bus, func() error, error) {
	s, err := bus.NewServer()
	if err != nil {
		return nil, nil, err
	}
	n, err := s.Connect()
	if err != nil {
		s.Close()
		return nil, nil, fmt.Errorf("opening the bus: %w", err)
	}
	return n, func() error {
		defer s.Close()
		return n.Close()
	}, nil
}

func texts(list []netip.Addr) []string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.String()
	}
	return out
}
