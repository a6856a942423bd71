package server

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/media"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/accounts"
	"github.com/ensemble-sante/ensemble/server/appender"
	"github.com/ensemble-sante/ensemble/server/blobs"
	"github.com/ensemble-sante/ensemble/server/bus"
	"github.com/ensemble-sante/ensemble/server/feed"
	"github.com/ensemble-sante/ensemble/server/hub"
	"github.com/ensemble-sante/ensemble/server/store"
)

// Config is what a node stands on. Store, Blobs, Bus and PublicURL are needed;
// the server closes none of them.
type Config struct {
	// Node names the node among the others; empty is a random name.
	Node  string
	Store *store.Store
	Blobs blobs.Store
	Bus   bus.Bus
	// Media forwards calls; nil refuses media signals.
	Media *media.Node

	// PublicURL is the origin at which people reach the network.
	PublicURL *url.URL
	// Hosts says which other hosts (as in an Origin, with the port) are the
	// network too; the demonstration has one for each persona. Nil is none.
	Hosts func(host string) bool
	// TrustedProxies may say for whom a request comes (X-Forwarded-For).
	TrustedProxies []netip.Prefix

	// Web is the built client; nil serves none. ContentSecurityPolicy goes with
	// each of its files.
	Web                   fs.FS
	ContentSecurityPolicy string

	// MailFrom is the address that invitations come from; empty refuses them.
	// Network is what the network calls itself. MailWritten is called when the
	// outbox has something new: see [NewOutbox].
	MailFrom    string
	Network     string
	MailWritten func()

	// LogSeed is the private key of the key log, 32 bytes; nil for one that is made
	// once and kept in the database.
	LogSeed []byte

	Limits Limits
	Logger *slog.Logger
	Now    func() time.Time
	// Poll is how often the database is looked at when the bus is silent; 0 is a
	// second and a half.
	Poll time.Duration
}

// A Server is one node.
type Server struct {
	Config
	log      *slog.Logger
	codec    *wire.Codec
	accounts *accounts.Accounts
	appender *appender.Appender
	hub      *hub.Hub
	feed     *feed.Feed
	media    *calls
	limits   *limits
	audit    *audit
	web      *web
	handler  http.Handler
	registry *prometheus.Registry
	requests *prometheus.HistogramVec

	run     sync.WaitGroup
	stop    context.CancelFunc
	running context.Context // of everything that outlives a request
	closing sync.Once

	subscriptions []bus.Subscription
}

// New makes a node that serves as soon as its handler is called. Run looks at
// the database and sweeps; without it other nodes are heard over the bus only.
func New(c Config) (*Server, error) {
	if c.Store == nil || c.Blobs == nil || c.Bus == nil || c.PublicURL == nil {
		return nil, errors.New("server: a node needs a store, blobs, a bus and its public address")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Node == "" {
		c.Node = identity.NewID().String()
	}
	if c.MailWritten == nil {
		c.MailWritten = func() {}
	}
	if c.Network == "" {
		c.Network = "Ensemble"
	}
	s := &Server{Config: c, log: c.Logger, codec: wire.NewCodec(), registry: prometheus.NewRegistry()}
	s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "ensemble_http_seconds", Help: "Time of HTTP requests, by route and status.",
		Buckets: prometheus.ExponentialBuckets(0.001, 4, 8),
	}, []string{"route", "status"})
	s.registry.MustRegister(s.requests)
	s.running, s.stop = context.WithCancel(context.Background())
	s.limits = newLimits(c.Limits, c.Now)
	s.accounts = accounts.New(c.Store, c.Now).WithLog(c.PublicURL.Host+"/keylog", c.LogSeed)
	s.audit = newAudit(c.Store, c.Now, c.Logger)
	s.appender = appender.New(appender.Config{
		Store: c.Store, Now: c.Now, Logger: c.Logger, Registerer: s.registry,
		Committed: func(list []appender.Committed) { s.feed.Committed(list) },
		Check:     s.accounts.Check,
	})
	s.hub = hub.New(hub.Config{
		Handler: s, Codec: s.codec, Logger: c.Logger, Limiter: s.limits.account, Registerer: s.registry,
	})
	s.media = newCalls(s)
	var err error
	if s.feed, err = feed.New(feed.Config{
		Node: c.Node, Store: c.Store, Appender: s.appender, Hub: s.hub, Bus: c.Bus, Now: c.Now, Logger: c.Logger,
		Changed: s.media.changed, Poll: c.Poll,
	}); err != nil {
		s.hub.Close()
		s.stop()
		return nil, err
	}
	if err := s.listen(); err != nil {
		s.hub.Close()
		s.stop()
		return nil, err
	}
	if s.web, err = newWeb(c.Web); err != nil {
		s.hub.Close()
		s.stop()
		return nil, err
	}
	s.handler = s.routes()
	s.run.Go(func() { s.appender.Run(s.running) })
	s.run.Go(func() { s.media.run(s.running) })
	return s, nil
}

// Handler serves the public address.
func (s *Server) Handler() http.Handler { return s.handler }

// Metrics serves Prometheus metrics, for an address that is not public.
func (s *Server) Metrics() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{})
}

// Accounts gives what administrators need: enrolment codes.
func (s *Server) Accounts() *accounts.Accounts { return s.accounts }

// Run does what is to be done from time to time, until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stopped := context.AfterFunc(s.running, cancel)
	defer stopped()
	var run sync.WaitGroup
	run.Go(func() { s.feed.Run(ctx) })
	run.Go(func() { s.sweep(ctx) })
	run.Wait()
	return nil
}

const sweepPeriod = 10 * time.Minute

// sweep forgets what has expired and drops abandoned uploads.
func (s *Server) sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepPeriod)
	defer ticker.Stop()
	for {
		if err := s.accounts.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("sweeping", "error", err)
		}
		if err := s.sweepUploads(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("sweeping", "error", err)
		}
		s.limits.sweep()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Close ends all connections and what they began, and waits. What has been
// acknowledged is durable; what has not is refused.
func (s *Server) Close() error {
	s.closing.Do(func() {
		s.stop() // what is being written is finished; nothing new is taken
		s.hub.Close()
		s.media.close()
		s.run.Wait()
		for _, sub := range s.subscriptions {
			sub.Cancel()
		}
		s.feed.Close()
	})
	return nil
}
