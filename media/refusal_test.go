package media_test

import (
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/media"
	"github.com/ensemble-sante/ensemble/media/mediatest"
)

// offer is what a client would offer to publish these.
func offer(t testing.TB, mediums ...media.Medium) media.Signal {
	t.Helper()
	var offer media.Signal
	bot := mediatest.New("offering", func(s media.Signal) error { offer = s; return nil }, mediatest.Options{})
	defer bot.Close()
	require.NoError(t, bot.Publish(mediums...))
	return offer
}

func TestBadSignalsAreRefused(t *testing.T) {
	call := newNode(t).Call("call")
	peer, err := call.Join("a", func(media.Signal) {})
	require.NoError(t, err)
	good := offer(t, media.Camera, media.Audio)
	mids := make(map[media.Medium]string)
	for _, track := range good.Tracks {
		mids[track.Medium] = track.MID
	}
	with := func(change func(*media.Signal)) media.Signal {
		s := good
		s.Tracks = append([]media.Track(nil), good.Tracks...)
		change(&s)
		return s
	}
	replace := func(old, by string) media.Signal {
		require.Contains(t, good.SDP, old)
		return with(func(s *media.Signal) { s.SDP = strings.ReplaceAll(s.SDP, old, by) })
	}
	for name, c := range map[string]struct {
		signal media.Signal
		want   error
	}{
		"unknown type":                     {media.Signal{Type: "publish.later"}, media.ErrSignal},
		"no type":                          {media.Signal{}, media.ErrSignal},
		"a signal of the node's":           {with(func(s *media.Signal) { s.Type = media.PublishAnswer }), media.ErrSignal},
		"offer without description":        {media.Signal{Type: media.PublishOffer}, media.ErrSignal},
		"not a description":                {with(func(s *media.Signal) { s.SDP = "hello" }), media.ErrSDP},
		"no section":                       {with(func(s *media.Signal) { s.SDP, _, _ = strings.Cut(s.SDP, "m=") }), media.ErrSDP},
		"no fingerprint":                   {replace("a=fingerprint:", "a=finger:"), media.ErrSDP},
		"no ICE password":                  {replace("a=ice-pwd:", "a=ice-pw:"), media.ErrSDP},
		"no MID":                           {replace("a=mid:", "a=mud:"), media.ErrSDP},
		"one MID twice":                    {replace("a=mid:1", "a=mid:0"), media.ErrSDP},
		"data":                             {replace("m=audio", "m=application"), media.ErrSDP},
		"simulcast":                        {replace("a=mid:0", "a=mid:0\r\na=rid:h send\r\na=simulcast:send h"), media.ErrSDP},
		"description too large":            {with(func(s *media.Signal) { s.SDP += strings.Repeat("a=x\r\n", media.MaxSDP/4) }), media.ErrTooLarge},
		"too many sections":                {with(func(s *media.Signal) { s.SDP += manySections(media.MaxSections) }), media.ErrTooLarge},
		"no VP8":                           {replace("VP8/90000", "VP9/90000"), media.ErrCodec},
		"no Opus":                          {replace("opus/48000/2", "speex/32000"), media.ErrCodec},
		"no tracks":                        {with(func(s *media.Signal) { s.Tracks = nil }), media.ErrTracks},
		"track without section":            {with(func(s *media.Signal) { s.Tracks = append(s.Tracks, media.Track{MID: "9", Medium: media.Screen}) }), media.ErrTracks},
		"two of one medium":                {with(func(s *media.Signal) { s.Tracks[0].Medium, s.Tracks[1].Medium = media.Camera, media.Camera }), media.ErrTracks},
		"sound in a section of video":      {with(func(s *media.Signal) { s.Tracks[0].Medium, s.Tracks[1].Medium = s.Tracks[1].Medium, s.Tracks[0].Medium }), media.ErrTracks},
		"unknown medium":                   {with(func(s *media.Signal) { s.Tracks[0].Medium = "smell" }), media.ErrSignal},
		"too many tracks":                  {with(func(s *media.Signal) { s.Tracks = make([]media.Track, media.MaxTracks+1) }), media.ErrTooLarge},
		"answer without an offer":          {media.Signal{Type: media.SubscribeAnswer, SDP: good.SDP}, media.ErrState},
		"restart of nothing":               {media.Signal{Type: media.Restart, PC: media.Subscribe}, media.ErrState},
		"restart of the wrong connection":  {media.Signal{Type: media.Restart, PC: media.Publish}, media.ErrSignal},
		"key frame of nothing":             {media.Signal{Type: media.KeyFrame}, media.ErrSignal},
		"key frame of an unknown section":  {media.Signal{Type: media.KeyFrame, Tracks: []media.Track{{MID: "7"}}}, media.ErrTracks},
		"candidate of no connection":       {media.Signal{Type: media.Candidate, Candidate: "candidate:1"}, media.ErrSignal},
		"candidate that is far too long":   {media.Signal{Type: media.Candidate, PC: media.Publish, Candidate: strings.Repeat("x", 5000)}, media.ErrTooLarge},
		"track named beyond what is right": {with(func(s *media.Signal) { s.Tracks[0].MID = strings.Repeat("1", 65) }), media.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, peer.Handle(c.signal), c.want)
		})
	}
	require.NoError(t, peer.Handle(good), "after all that the peer works")
	require.NoError(t, peer.Handle(media.Signal{Type: media.Candidate, PC: media.Publish, Candidate: "candidate:1 1 udp 1 127.0.0.1 1 typ host"}))

	changed := with(func(s *media.Signal) {
		for i := range s.Tracks {
			if s.Tracks[i].Medium == media.Camera {
				s.Tracks[i].Medium = media.Screen
			}
		}
	})
	require.ErrorIs(t, peer.Handle(changed), media.ErrTracks, "a camera does not become a screen while it sends")
	require.NotEmpty(t, mids)

	require.NoError(t, peer.Handle(media.Signal{Type: media.Left}))
	require.ErrorIs(t, peer.Handle(good), media.ErrClosed)
	require.Empty(t, call.Peers())
}

func manySections(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:x%d\r\n", i)
	}
	return b.String()
}

func TestWrongAnswersAreRefusedAndRightOnesStillTaken(t *testing.T) {
	ctx := deadline(t)
	call := newNode(t).Call("call")
	join(t, call, "a", mediatest.Options{}, media.Camera, media.Audio)

	var peer *media.Peer
	ready := make(chan struct{})
	var refused []error
	bot := mediatest.New("b", func(s media.Signal) error {
		<-ready
		if s.Type == media.SubscribeAnswer {
			for _, bad := range []string{"x", strings.Replace(s.SDP, "a=mid:", "a=mid:9", 1), s.SDP + manySections(1)} {
				refused = append(refused, peer.Handle(media.Signal{Type: media.SubscribeAnswer, SDP: bad}))
			}
		}
		return peer.Handle(s)
	}, mediatest.Options{})
	t.Cleanup(bot.Close)
	peer, err := call.Join("b", bot.Handle)
	require.NoError(t, err)
	close(ready)
	requireFrames(t, ctx, bot, "a", media.Camera, media.Audio)
	require.NotEmpty(t, refused)
	for _, err := range refused {
		require.ErrorIs(t, err, media.ErrSDP)
	}
}

func TestJoiningIsRefused(t *testing.T) {
	node := newNode(t)
	call := node.Call("call")
	for _, name := range []string{"", "with space", "a\r\nm=audio", "é", strings.Repeat("x", media.MaxName+1)} {
		_, err := call.Join(name, func(media.Signal) {})
		require.ErrorIs(t, err, media.ErrPeerName, "%q", name)
	}
	for i := range media.MaxPeers {
		_, err := call.Join("p"+strings.Repeat("x", i%8)+string(rune('a'+i/8)), func(media.Signal) {})
		require.NoError(t, err)
	}
	_, err := call.Join("one-too-many", func(media.Signal) {})
	require.ErrorIs(t, err, media.ErrFull)
	call.Close()
	require.Empty(t, call.Peers())
	_, err = call.Join("late", func(media.Signal) {})
	require.ErrorIs(t, err, media.ErrClosed)
	require.NotSame(t, call, node.Call("call"))
}

func TestBadConfigurationIsRefused(t *testing.T) {
	for _, c := range []media.Config{
		{Listen: "nowhere"},
		{Listen: "127.0.0.1:0", PublicIPs: []string{"my house"}},
	} {
		_, err := media.NewNode(c)
		require.ErrorIs(t, err, media.ErrConfig)
	}
}

func TestPublicAddressesReplaceLocalOnes(t *testing.T) {
	for _, listen := range []string{"127.0.0.1:0", ":0"} {
		node, err := media.NewNode(media.Config{Listen: listen, PublicIPs: []string{"203.0.113.7"}})
		require.NoError(t, err)
		signals := make(chan media.Signal, 1)
		peer, err := node.Call("call").Join("a", func(s media.Signal) { signals <- s })
		require.NoError(t, err)
		require.NoError(t, peer.Handle(offer(t, media.Audio)))
		answer := <-signals
		candidates := regexp.MustCompile(`a=candidate:\S+ 1 udp \d+ (\S+) `).FindAllStringSubmatch(answer.SDP, -1)
		require.NotEmpty(t, candidates)
		for _, c := range candidates {
			require.Equal(t, "203.0.113.7", c[1])
		}
		require.NoError(t, node.Close())
	}
}

func TestOfferOfAnotherConnectionReplacesTheFirst(t *testing.T) {
	call := newNode(t).Call("call")
	signals := make(chan media.Signal, 1)
	peer, err := call.Join("a", func(s media.Signal) { signals <- s })
	require.NoError(t, err)
	first := offer(t, media.Camera, media.Audio)
	require.NoError(t, peer.Handle(first))
	one := <-signals
	require.NoError(t, peer.Handle(first))
	same := <-signals
	require.NoError(t, peer.Handle(offer(t, media.Camera, media.Audio)))
	other := <-signals
	for _, s := range []media.Signal{one, same, other} {
		require.Equal(t, media.PublishAnswer, s.Type)
		require.Len(t, s.Tracks, 2)
	}
	require.Equal(t, one.Tracks, same.Tracks)
	require.NotEqual(t, one.Tracks, other.Tracks)
}

func TestClientThatCannotUseAnOfferGetsAnotherConnection(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	call := newNode(t).Call("call")
	join(t, call, "a", mediatest.Options{}, media.Camera)

	offers := make(chan media.Signal, 10)
	peer, err := call.Join("b", func(s media.Signal) {
		if s.Type == media.SubscribeOffer {
			offers <- s
		}
	})
	require.NoError(t, err)
	origin := regexp.MustCompile(`(?m)^o=\S+ (\S+)`)
	next := func() string {
		select {
		case s := <-offers:
			return origin.FindStringSubmatch(s.SDP)[1]
		case <-ctx.Done():
			t.Fatal("no offer")
			return ""
		}
	}
	first := next()
	require.NoError(t, peer.Handle(media.Signal{Type: media.Restart, PC: media.Subscribe}))
	require.NotEqual(t, first, next())
}

func TestPeerThatTakesNoSignalsIsRemoved(t *testing.T) {
	call := newNode(t).Call("call")
	stuck := make(chan struct{})
	slow, err := call.Join("slow", func(media.Signal) { <-stuck })
	require.NoError(t, err)
	defer close(stuck)
	for range 600 {
		_, err := call.Join("guest", func(media.Signal) {})
		require.NoError(t, err)
		call.Remove("guest")
	}
	select {
	case <-slow.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("still there")
	}
	require.Empty(t, call.Peers())
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	ctx := deadline(t)
	before := runtime.NumGoroutine() + 1 // Eventually runs its condition in one more
	node, err := media.NewNode(media.Config{Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	var bots []*mediatest.Bot
	for _, name := range []string{"a", "b", "c"} {
		bot, err := mediatest.Join(node.Call("call"), name, mediatest.Options{})
		require.NoError(t, err)
		require.NoError(t, bot.Publish(all...))
		bots = append(bots, bot)
	}
	for _, m := range all {
		require.NoError(t, bots[0].WaitFrames(ctx, "b", m, 1))
		require.NoError(t, bots[2].WaitFrames(ctx, "a", m, 1))
	}
	require.NoError(t, node.Close())
	_, err = node.Call("call").Join("late", func(media.Signal) {})
	require.ErrorIs(t, err, media.ErrClosed)
	for _, b := range bots {
		b.Close()
	}
	if !assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= before }, 10*time.Second, 50*time.Millisecond) {
		stacks := make([]byte, 1<<20)
		t.Log(string(stacks[:runtime.Stack(stacks, true)]))
	}
}
