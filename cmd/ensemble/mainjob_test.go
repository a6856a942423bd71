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

// patience is how long a view may take to show what was done.
const patience = 3 * time.Minute

// stage is a node on a real PostgreSQL and a real MinIO, with players on it.
type stage struct {
	node    *server.Server
	store   *store.Store
	network *demo.Network
	logs    *logBook
	bus     *recordingBus
	dsn     string
	objects servertest.ObjectStore
	origin  string
}

func newStage(t *testing.T, keys ...string) *stage {
	t.Helper()
	ctx := t.Context()
	st := &stage{logs: &logBook{}}
	logger := slog.New(slog.NewTextHandler(st.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	st.dsn = servertest.Database(t)
	s, err := store.Open(ctx, store.Config{DSN: st.dsn})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	st.store = s
	minio := servertest.MinIO(t)
	st.objects = minio
	bucket, err := s3.Open(ctx, s3.Config{Endpoint: minio.Endpoint, Bucket: "main-job", AccessKey: minio.AccessKey, SecretKey: minio.SecretKey})
	require.NoError(t, err)
	messages, closeBus, err := ownBus()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, closeBus()) })
	st.bus = &recordingBus{Bus: messages}
	sfu, err := media.NewNode(media.Config{Listen: "127.0.0.1:0", Logger: logger})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sfu.Close()) })

	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's own port
	require.NoError(t, err)
	st.origin = "http://" + listener.Addr().String()
	public, err := url.Parse(st.origin)
	require.NoError(t, err)
	st.node, err = server.New(server.Config{
		Store: s, Blobs: bucket, Bus: st.bus, Media: sfu, PublicURL: public, MailFrom: "ensemble@reseau.example", Logger: logger,
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
// with native client cores on a real PostgreSQL and a real MinIO, and media by
// pion peers.
func TestMainJob(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	st := newStage(t, "camille", "helene", "legoff", "lenoir", "odette", "traore", "vidal")
	j := &job{t: t, ctx: ctx, stage: st, cast: st.network.Cast()}
	j.converse()
	j.shareDocuments()
	j.plan()
	j.meet()
	j.sign()
	j.act()
	j.withdraw()
	j.requireNothingLeaked()
}

// job is one run of the main job, part by part.
type job struct {
	t   *testing.T
	ctx context.Context
	*stage
	cast    demo.Cast
	c       demo.CaseA
	session client.ID
	items   []client.ID
	export  []byte
}

// converse is part 1: a conversation that only its people can read.
func (j *job) converse() {
	c, err := demo.OpenA(j.ctx, j.cast, time.Now())
	require.NoError(j.t, err)
	j.c = c
	require.NoError(j.t, demo.TalkA(j.ctx, j.cast, c))
	team := view(j, "traore", "room", client.RoomRef{Room: c.Team}, func(v client.RoomView) bool { return len(messages(v)) == 3 })
	require.Equal(j.t, "TEAM", team.Audience.Code)
	family := view(j, "helene", "room", client.RoomRef{Room: c.Family}, func(v client.RoomView) bool { return len(messages(v)) == 2 })
	require.Equal(j.t, "FAMILY", family.Audience.Code)

	_, err = demo.Do[client.EventRef](j.ctx, j.cast["helene"], "room.send", client.SendArgs{Room: c.Team, Text: "Je ne suis pas de l’équipe."})
	require.Error(j.t, err, "the family does not write into the team's thread")
	_, err = demo.Do[client.EventRef](j.ctx, j.cast["lenoir"], "room.send", client.SendArgs{Room: c.Family, Text: "Ni moi de la famille."})
	require.Error(j.t, err)
	circle := view(j, "vidal", "case", client.CaseParams{Case: c.Case}, func(v client.CaseView) bool { return len(v.Circle) >= 7 })
	refused := 0
	for _, p := range circle.Circle {
		if p.Consent == "REFUSED" {
			refused++
			require.Equal(j.t, "SON", p.Role)
		}
	}
	require.Equal(j.t, 1, refused)
	require.Contains(j.t, circle.LifeProject.Text, "Je veux rester chez moi")
}

// view awaits a view of a player.
func view[V any](j *job, key, name string, params any, ready func(V) bool) V {
	j.t.Helper()
	ctx, cancel := context.WithTimeout(j.ctx, patience)
	defer cancel()
	v, err := demo.Await(ctx, j.cast[key], name, params, ready)
	require.NoError(j.t, err)
	return v
}

// act gives a command that must succeed.
func (j *job) do(key, method string, args any) {
	j.t.Helper()
	require.NoError(j.t, demo.Act(j.ctx, j.cast[key], method, args))
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
