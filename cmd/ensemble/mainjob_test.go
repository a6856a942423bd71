package main

import (
	"context"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/cmd/ensemble/demo"
	"github.com/ensemble-sante/ensemble/media"
	"github.com/ensemble-sante/ensemble/server"
	"github.com/ensemble-sante/ensemble/server/blobs/s3"
	"github.com/ensemble-sante/ensemble/server/servertest"
	"github.com/ensemble-sante/ensemble/server/store"
)

// stage is a node on a real PostgreSQL and a real MinIO, with players on it.
type stage struct {
	node    *server.Server
	store   *store.Store
	network *demo.Network
	logs    *logBook
	origin  string
}

func newStage(t *testing.T, keys ...string) *stage {
	t.Helper()
	ctx := t.Context()
	st := &stage{logs: &logBook{}}
	logger := slog.New(slog.NewTextHandler(st.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, err := store.Open(ctx, store.Config{DSN: servertest.Database(t)})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	st.store = s
	minio := servertest.MinIO(t)
	bucket, err := s3.Open(ctx, s3.Config{Endpoint: minio.Endpoint, Bucket: "main-job", AccessKey: minio.AccessKey, SecretKey: minio.SecretKey})
	require.NoError(t, err)
	messages, closeBus, err := ownBus()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, closeBus()) })
	sfu, err := media.NewNode(media.Config{Listen: "127.0.0.1:0", Logger: logger})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sfu.Close()) })

	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's own port
	require.NoError(t, err)
	st.origin = "http://" + listener.Addr().String()
	public, err := url.Parse(st.origin)
	require.NoError(t, err)
	st.node, err = server.New(server.Config{
		Store: s, Blobs: bucket, Bus: messages, Media: sfu, PublicURL: public, MailFrom: "ensemble@reseau.example", Logger: logger,
	})
	require.NoError(t, err)
	h := httptest.NewUnstartedServer(st.node.Handler())
	require.NoError(t, h.Listener.Close())
	h.Listener = listener
	h.Start()
	t.Cleanup(h.Close)
	t.Cleanup(func() { require.NoError(t, st.node.Close()) })
	run, stop := context.WithCancel(ctx)
	ran := make(chan error, 1)
	go func() { ran <- st.node.Run(run) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ran)
	})

	var personas []demo.Persona
	for _, p := range demo.Personas() {
		for _, key := range keys {
			if p.Key == key {
				personas = append(personas, p)
			}
		}
	}
	require.Len(t, personas, len(keys))
	st.network, err = demo.Start(ctx, demo.Config{
		Origin: st.origin, Enroller: enroller{st.node.Accounts()}, Personas: personas, Version: "test", Logger: logger,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.network.Close()) })
	return st
}

// TestMainJob plays Odette Marchal's case from nothing to actions in her plan,
// with native client cores on a real PostgreSQL and a real MinIO.
func TestMainJob(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	st := newStage(t, "camille", "helene", "legoff", "lenoir", "odette", "traore", "vidal")
	cast := st.network.Cast()

	// Part 1: a conversation that only its people can read.
	c, err := demo.OpenA(ctx, cast, time.Now())
	require.NoError(t, err)
	require.NoError(t, demo.TalkA(ctx, cast, c))
	team, err := demo.Await(ctx, cast["traore"], "room", client.RoomRef{Room: c.Team}, func(v client.RoomView) bool {
		return len(messages(v)) == 3
	})
	require.NoError(t, err)
	require.Equal(t, "TEAM", team.Audience.Code)
}

func messages(v client.RoomView) []string {
	var texts []string
	for _, item := range v.Items {
		if item.Kind == "MESSAGE" {
			texts = append(texts, item.Text)
		}
	}
	return texts
}
