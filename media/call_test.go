package media_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/sframe"
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
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
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
	t.Parallel()
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

func TestLateJoinerReceivesWhatIsAlreadyPublished(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	call := newNode(t).Call("call")
	first := join(t, call, "first", mediatest.Options{}, all...)
	second := join(t, call, "second", mediatest.Options{}, media.Audio)
	requireFrames(t, ctx, second, "first", all...)

	late := join(t, call, "late", mediatest.Options{})
	requireFrames(t, ctx, late, "first", all...)
	requireFrames(t, ctx, late, "second", media.Audio)
	require.Len(t, late.Tracks(), 4)
	require.Positive(t, late.Count("first", media.Camera).KeyFrames, "it begins with a key frame")
	require.Zero(t, first.Count("late", media.Camera).Packets)
}

func TestRemovedPeerNeitherSendsNorReceives(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	call := newNode(t).Call("call")
	a := join(t, call, "a", mediatest.Options{}, all...)
	b := join(t, call, "b", mediatest.Options{}, all...)
	c := join(t, call, "c", mediatest.Options{}, media.Camera)
	requireFrames(t, ctx, a, "b", all...)
	requireFrames(t, ctx, b, "a", all...)
	requireFrames(t, ctx, c, "b", all...)

	call.Remove("b")
	require.Equal(t, []string{"a", "c"}, call.Peers())

	require.NoError(t, a.Wait(ctx, func() bool { return len(a.Left()) == 1 && len(a.Tracks()) == 1 && len(a.Sections()) == 1 }))
	require.Equal(t, []string{"b"}, a.Left())
	fromB, toB := a.Count("b", media.Audio).Packets, b.Count("a", media.Audio).Packets
	requireFrames(t, ctx, a, "c", media.Camera)
	requireFrames(t, ctx, c, "a", all...)
	require.Equal(t, fromB, a.Count("b", media.Audio).Packets)
	require.Equal(t, toB, b.Count("a", media.Audio).Packets)
	require.NoError(t, b.Wait(ctx, func() bool { return b.State(media.Subscribe) == webrtc.PeerConnectionStateClosed }))
}

func TestSectionIsUsedAgainForTheSameMedium(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	call := newNode(t).Call("call")
	a := join(t, call, "a", mediatest.Options{})
	join(t, call, "b", mediatest.Options{}, all...)
	requireFrames(t, ctx, a, "b", all...)
	before := a.Sections()

	call.Remove("b")
	require.NoError(t, a.Wait(ctx, func() bool { return len(a.Sections()) == 0 }))
	join(t, call, "c", mediatest.Options{}, all...)
	requireFrames(t, ctx, a, "c", all...)
	after := a.Sections()
	require.Len(t, after, 3)
	for mid, track := range after {
		require.Equal(t, before[mid].Medium, track.Medium)
		require.Equal(t, "c", track.Peer)
	}
}

func TestScreenIsAddedAndRemovedByNegotiation(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	call := newNode(t).Call("call")
	a := join(t, call, "a", mediatest.Options{}, media.Camera, media.Audio)
	b := join(t, call, "b", mediatest.Options{})
	requireFrames(t, ctx, b, "a", media.Camera, media.Audio)

	for range 2 {
		require.NoError(t, a.Publish(media.Screen))
		requireFrames(t, ctx, b, "a", all...)
		require.NoError(t, a.Unpublish(media.Screen))
		require.NoError(t, b.Wait(ctx, func() bool { return len(b.Sections()) == 2 && len(b.Tracks()) == 2 }))
		requireFrames(t, ctx, b, "a", media.Camera, media.Audio)
	}
	// With the camera switched off as well, two sections are inactive in two
	// offers in a row, and then used again.
	require.NoError(t, a.Unpublish(media.Camera))
	require.NoError(t, b.Wait(ctx, func() bool { return len(b.Sections()) == 1 }))
	require.NoError(t, a.Publish(media.Screen, media.Camera))
	requireFrames(t, ctx, b, "a", all...)
	require.NoError(t, a.Err())
	require.NoError(t, b.Err())
}

func TestSamePersonJoiningAgainReplacesTheOldPeer(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	call := newNode(t).Call("call")
	a := join(t, call, "a", mediatest.Options{}, all...)
	b := join(t, call, "b", mediatest.Options{}, media.Camera)
	requireFrames(t, ctx, a, "b", media.Camera)
	again := join(t, call, "b", mediatest.Options{}, media.Camera)
	requireFrames(t, ctx, again, "a", all...)
	requireFrames(t, ctx, a, "b", media.Camera)
	require.NoError(t, b.Wait(ctx, func() bool { return b.State(media.Publish) == webrtc.PeerConnectionStateClosed }))
}

func TestLostPacketsAreRetransmitted(t *testing.T) {
	t.Parallel()
	everyTenth := func() func(uint16) bool {
		lost := make(map[uint16]bool)
		return func(seq uint16) bool {
			if seq%10 != 0 || lost[seq] {
				return false
			}
			lost[seq] = true
			return true
		}
	}
	for name, o := range map[string]struct{ publisher, receiver mediatest.Options }{
		"on the way in":  {publisher: mediatest.Options{LoseSent: everyTenth()}},
		"on the way out": {receiver: mediatest.Options{LoseReceived: everyTenth()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := deadline(t)
			call := newNode(t).Call("call")
			o.receiver.MaxLate = 400 // on a busy machine a retransmission takes its time
			join(t, call, "a", o.publisher, media.Camera)
			b := join(t, call, "b", o.receiver)
			require.NoError(t, b.WaitFrames(ctx, "a", media.Camera, 60))
			count := b.Count("a", media.Camera)
			require.Zero(t, count.Missing, "%+v", count)
			require.Zero(t, count.Broken, "%+v", count)
		})
	}
}

func TestKeyFrameRequestsReachThePublisherMerged(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	call := newNode(t).Call("call")
	a := join(t, call, "a", mediatest.Options{}, media.Camera)
	var receivers []*mediatest.Bot
	for i := range 4 {
		r := join(t, call, fmt.Sprintf("r%d", i), mediatest.Options{})
		requireFrames(t, ctx, r, "a", media.Camera)
		receivers = append(receivers, r)
	}
	for _, ask := range []func(*mediatest.Bot) error{
		func(r *mediatest.Bot) error { return r.RequestKeyFrame("a", media.Camera) },
		func(r *mediatest.Bot) error { return r.RequestKeyFrameByRTCP("a", media.Camera) },
	} {
		requests := a.KeyFrameRequests(media.Camera)
		keys := receivers[0].Count("a", media.Camera).KeyFrames
		for _, r := range receivers {
			require.NoError(t, ask(r))
		}
		require.NoError(t, receivers[0].Wait(ctx, func() bool { return receivers[0].Count("a", media.Camera).KeyFrames > keys }))
		require.Greater(t, a.KeyFrameRequests(media.Camera), requests)
		require.LessOrEqual(t, a.KeyFrameRequests(media.Camera), requests+2)
	}
}

func TestBothConnectionsSurviveAnICERestart(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	call := newNode(t).Call("call")
	a := join(t, call, "a", mediatest.Options{}, all...)
	b := join(t, call, "b", mediatest.Options{}, all...)
	requireFrames(t, ctx, a, "b", all...)
	requireFrames(t, ctx, b, "a", all...)
	for range 2 {
		pub, sub := a.Credentials(media.Publish), a.Credentials(media.Subscribe)
		require.NoError(t, a.RestartPublishing())
		require.NoError(t, a.RestartSubscribing())
		require.NoError(t, a.Wait(ctx, func() bool {
			return a.Credentials(media.Publish) != pub && a.Credentials(media.Subscribe) != sub
		}))
		requireFrames(t, ctx, a, "b", all...)
		requireFrames(t, ctx, b, "a", all...)
	}
	require.NoError(t, a.Err())
}

func TestPublisherIsToldWhatArrives(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	call := newNode(t).Call("call")
	a := join(t, call, "a", mediatest.Options{}, media.Camera, media.Audio)
	b := join(t, call, "b", mediatest.Options{})
	require.NoError(t, a.Wait(ctx, func() bool {
		return a.ReceiverReports(media.Camera) > 1 && a.ReceiverReports(media.Audio) > 1
	}))
	require.NoError(t, a.Wait(ctx, func() bool { return a.Arrived() > 100 }))
	require.NoError(t, b.Wait(ctx, func() bool {
		return b.Count("a", media.Camera).SenderReports > 0 && b.Count("a", media.Audio).SenderReports > 0
	}))
}

func TestSealedFramesOpenForThoseWithTheKeyAndNobodyElse(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	call := newNode(t).Call("call")
	join(t, call, "a", mediatest.Options{Cipher: newCipher(t, 0, 1)}, all...)
	insider := join(t, call, "insider", mediatest.Options{Cipher: newCipher(t, 1, 1)})
	outsider := join(t, call, "outsider", mediatest.Options{Cipher: newCipher(t, 2, 2)})
	requireFrames(t, ctx, insider, "a", all...)
	for _, m := range all {
		require.Zero(t, insider.Count("a", m).Sealed)
		require.NoError(t, outsider.Wait(ctx, func() bool { return outsider.Count("a", m).Sealed > 5 }))
		require.Zero(t, outsider.Count("a", m).Frames)
	}
}

// newCipher is SFrame as a leaf of a group uses it.
func newCipher(t *testing.T, leaf uint32, key byte) mediatest.FrameCipher {
	t.Helper()
	const suite, epoch, context = sframe.AES_128_GCM_SHA256_128, 1, 1
	base := bytes.Repeat([]byte{key}, suite.BaseKeySize())
	sender, err := sframe.NewSender(suite, epoch, leaf, context, base)
	require.NoError(t, err)
	receiver, err := sframe.NewReceiver(suite)
	require.NoError(t, err)
	require.NoError(t, receiver.SetEpoch(epoch, base, []uint32{0, 1, 2}))
	return struct {
		*sframe.Sender
		*sframe.Receiver
	}{sender, receiver}
}
