package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/ensemble-sante/ensemble/server"
	"github.com/ensemble-sante/ensemble/server/mail"
)

const (
	headerTime   = 10 * time.Second
	shutdownTime = 10 * time.Second
)

// host answers HTTP on a listener until ctx ends, and lets what runs finish.
func host(ctx context.Context, listener net.Listener, handler http.Handler, logger *slog.Logger) error {
	h := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTime, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		if err := h.Shutdown(bounded); err != nil {
			logger.Warn("closing connections", "error", err)
		}
	})
	err := h.Serve(listener)
	if !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("answering HTTP: %w", err)
	}
	<-stopped
	return nil
}

// listen opens an address, with TLS where there is a certificate.
func listen(ctx context.Context, address, certificate, key string) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	if certificate == "" {
		return l, nil
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading the TLS certificate: %w", err), l.Close())
	}
	return tls.NewListener(l, &tls.Config{
		Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
	}), nil
}

// work runs the parts of a node and stops them all when one fails or ctx ends.
func work(ctx context.Context, s *server.Server, courier *mail.Courier, parts ...func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	parts = append(parts, s.Run)
	if courier != nil {
		parts = append(parts, func(ctx context.Context) error { courier.Run(ctx); return nil })
	}
	done := make(chan error, len(parts))
	for _, part := range parts {
		go func() { done <- part(ctx) }()
	}
	var failed error
	for range parts {
		err := <-done
		if err != nil && failed == nil && ctx.Err() == nil {
			failed = err
		}
		if err != nil {
			cancel(err)
		}
		// The connections of the websocket outlive http.Server.Shutdown.
		if ctx.Err() != nil {
			failed = errors.Join(failed, s.Close())
		}
	}
	return failed
}
