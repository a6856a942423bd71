package media_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/media"
	"github.com/ensemble-sante/ensemble/media/mediatest"
)

var all = []media.Medium{media.Camera, media.Screen, media.Audio}

func newNode(t *testing.T) *media.Node {
	t.Helper()
	config := media.Config{Listen: "127.0.0.1:0"}
	if os.Getenv("MEDIA_LOG") != "" {
		config.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	node, err := media.NewNode(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, node.Close()) })
	return node
}

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// join has somebody join and publish.
func join(t *testing.T, call *media.Call, name string, o mediatest.Options, publish ...media.Medium) *mediatest.Bot {
	t.Helper()
	bot, err := mediatest.Join(call, name, o)
	require.NoError(t, err)
	t.Cleanup(bot.Close)
	if len(publish) > 0 {
		require.NoError(t, bot.Publish(publish...))
	}
	return bot
}

func requireFrames(t *testing.T, ctx context.Context, to *mediatest.Bot, from string, mediums ...media.Medium) {
	t.Helper()
	for _, m := range mediums {
		require.NoError(t, to.WaitFrames(ctx, from, m, 5))
		require.Zero(t, to.Count(from, m).Broken)
	}
}

func TestEachSeesAndHearsAllOthers(t *testing.T) {
	ctx := deadline(t)
	call := newNode(t).Call("call")
	bots := make(map[string]*mediatest.Bot)
	for i := range 3 {
		name := fmt.Sprintf("bot%d", i)
		bots[name] = join(t, call, name, mediatest.Options{}, all...)
	}
	require.Equal(t, []string{"bot0", "bot1", "bot2"}, call.Peers())
	for to, bot := range bots {
		for from := range bots {
			if from != to {
				requireFrames(t, ctx, bot, from, all...)
			}
		}
		require.Zero(t, bot.Count(to, media.Camera).Packets, "nobody receives themselves")
		require.Len(t, bot.Sections(), 6)
		require.NoError(t, bot.Err())
	}
}
