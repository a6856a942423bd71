// Package mediatest is a participant of a call without a screen: a pion peer that
// speaks the signalling of package media, publishes made-up VP8 and Opus frames,
// sealed by whatever [FrameCipher] it is given, and counts the frames that reach
// it whole and open. It is for tests and for load.
package mediatest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/ensemble-sante/ensemble/media"
)

// Options of a [Bot]. The zero value is a bot that sends in the clear at 30
// frames a second over a network that loses nothing.
type Options struct {
	// Cipher seals what is sent and opens what is received; nil leaves it as it is.
	Cipher FrameCipher
	// FrameInterval is the time between two frames of video; 0 means 33 ms.
	FrameInterval time.Duration
	// Deaf bots receive packets and look at none of them: they count nothing, ask
	// for nothing and cost little.
	Deaf bool
	// MaxLate is how many packets a frame waits for one that is missing; 0 means 64.
	MaxLate uint16
	// LoseSent says which packets of video are lost on their way to the node.
	// Retransmissions are not lost.
	LoseSent func(seq uint16) bool
	// LoseReceived says which packets of video are lost on their way to the bot.
	LoseReceived func(seq uint16) bool
}

// Count is what a bot has received of one track.
type Count struct {
	Packets   int    // RTP packets, retransmissions included
	Frames    int    // frames that were complete, opened and intact
	KeyFrames int    // of these
	Sealed    int    // frames that did not open
	Broken    int    // frames that opened and were not what their publisher made
	Last      uint64 // number of the last frame
	Missing   int    // frames skipped between the first and the last

	SenderReports int // the node's reports of the publisher's clock
}

type trackKey struct {
	peer   string
	medium media.Medium
}

// A Bot is one participant.
type Bot struct {
	name     string
	toServer func(media.Signal) error
	options  Options
	tasks    chan func() error
	quit     chan struct{}
	running  sync.WaitGroup

	// of the goroutine that runs the tasks
	pub, sub  *webrtc.PeerConnection
	subOrigin uint64
	// another offer is due when the one that is out is answered
	again, againRestart bool

	mu       sync.Mutex
	changed  chan struct{} // closed at the next change of what follows
	err      error
	senders  map[media.Medium]*sender
	sections map[string]media.Track // of the subscribe connection, by MID
	tracks   []media.Track
	left     []string
	counts   map[trackKey]*Count
	states   map[string]webrtc.PeerConnectionState
	ufrags   map[string]string
}

// New makes a bot that gives its signals to toServer. Those of the server are to
// be given to Handle.
func New(name string, toServer func(media.Signal) error, o Options) *Bot {
	if o.FrameInterval == 0 {
		o.FrameInterval = 33 * time.Millisecond
	}
	if o.MaxLate == 0 {
		o.MaxLate = 64
	}
	b := &Bot{
		name: name, toServer: toServer, options: o,
		tasks:    make(chan func() error, 256),
		quit:     make(chan struct{}),
		changed:  make(chan struct{}),
		senders:  make(map[media.Medium]*sender),
		sections: make(map[string]media.Track),
		counts:   make(map[trackKey]*Count),
		states:   make(map[string]webrtc.PeerConnectionState),
		ufrags:   make(map[string]string),
	}
	b.running.Go(b.run)
	return b
}

// Join makes a bot and has it join a call of a node in this process.
func Join(call *media.Call, name string, o Options) (*Bot, error) {
	ready := make(chan struct{})
	var peer *media.Peer
	b := New(name, func(s media.Signal) error {
		<-ready
		return peer.Handle(s)
	}, o)
	peer, err := call.Join(name, b.Handle)
	close(ready)
	if err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// Handle takes a signal from the server. It does not block.
func (b *Bot) Handle(s media.Signal) {
	b.do(func() error {
		switch s.Type {
		case media.PublishAnswer:
			return b.published(s)
		case media.SubscribeOffer:
			return b.subscribe(s)
		case media.Restart:
			return b.offer(true)
		case media.Tracks:
			b.note(func() { b.tracks = s.Tracks })
		case media.Left:
			b.note(func() { b.left = append(b.left, s.Peer) })
		}
		return nil
	})
}

// do queues a task.
func (b *Bot) do(task func() error) {
	select {
	case b.tasks <- task:
	case <-b.quit:
	}
}

// Do runs a task in the goroutine that owns the connections and waits for it.
func (b *Bot) wait(task func() error) error {
	done := make(chan error, 1)
	b.do(func() error { done <- task(); return nil })
	select {
	case err := <-done:
		return err
	case <-b.quit:
		return media.ErrClosed
	}
}

func (b *Bot) run() {
	for {
		select {
		case task := <-b.tasks:
			if err := task(); err != nil {
				b.note(func() { b.err = fmt.Errorf("bot %s: %w", b.name, err) })
			}
		case <-b.quit:
			for _, pc := range []*webrtc.PeerConnection{b.pub, b.sub} {
				if pc != nil {
					_ = pc.GracefulClose()
				}
			}
			return
		}
	}
}

// note changes what Wait looks at.
func (b *Bot) note(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
	close(b.changed)
	b.changed = make(chan struct{})
}

// Wait returns when ok says so. ok is called again whenever something has changed.
// It fails when ctx ends or the bot has failed.
func (b *Bot) Wait(ctx context.Context, ok func() bool) error {
	for {
		b.mu.Lock()
		changed, err := b.changed, b.err
		b.mu.Unlock()
		if err != nil {
			return err
		}
		if ok() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("bot %s: %w", b.name, ctx.Err())
		}
	}
}

// WaitFrames returns when n more frames of a track have come.
func (b *Bot) WaitFrames(ctx context.Context, peer string, medium media.Medium, n int) error {
	before := b.Count(peer, medium).Frames
	if err := b.Wait(ctx, func() bool { return b.Count(peer, medium).Frames >= before+n }); err != nil {
		return fmt.Errorf("%s of %s: %+v: %w", medium, peer, b.Count(peer, medium), err)
	}
	return nil
}

// Count is what has come of a peer's track so far.
func (b *Bot) Count(peer string, medium media.Medium) Count {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.counts[trackKey{peer, medium}]; c != nil {
		return *c
	}
	return Count{}
}

// Err is the first thing that went wrong.
func (b *Bot) Err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// Tracks is what the node last said to exist.
func (b *Bot) Tracks() []media.Track {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tracks
}

// Sections is what the last subscribe.offer carried, by MID.
func (b *Bot) Sections() map[string]media.Track {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sections
}

// Left lists who the node said has left.
func (b *Bot) Left() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.left
}

// State is the state of the connection media.Publish or media.Subscribe.
func (b *Bot) State(connection string) webrtc.PeerConnectionState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.states[connection]
}

// Credentials is the ICE user fragment of the connection media.Publish or
// media.Subscribe at the node, as of the last description that was applied.
func (b *Bot) Credentials(connection string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ufrags[connection]
}

// Close ends the bot and waits for what it runs.
func (b *Bot) Close() {
	b.mu.Lock()
	for m, s := range b.senders {
		s.stop()
		delete(b.senders, m)
	}
	b.mu.Unlock()
	close(b.quit)
	b.running.Wait()
}

// applied notes the node's credentials in a description that has been applied.
func (b *Bot) applied(connection, description string) {
	_, rest, _ := strings.Cut(description, "a=ice-ufrag:")
	ufrag, _, _ := strings.Cut(rest, "\r\n")
	b.note(func() { b.ufrags[connection] = ufrag })
}

// connect makes one of the bot's two connections.
func (b *Bot) connect(name string) (*webrtc.PeerConnection, error) {
	engine := new(webrtc.MediaEngine)
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
	for _, c := range []webrtc.RTPCodecParameters{
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: feedback}, PayloadType: 100},
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=100"}, PayloadType: 101},
	} {
		if err := engine.RegisterCodec(c, webrtc.RTPCodecTypeVideo); err != nil {
			return nil, err
		}
	}
	opus := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}
	if err := engine.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: opus, PayloadType: 120}, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, err
	}
	for _, k := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		if err := engine.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: sdp.TransportCCURI}, k); err != nil {
			return nil, err
		}
	}
	registry := new(interceptor.Registry)
	registry.Add(&lossy{sent: b.options.LoseSent, received: b.options.LoseReceived})
	responder, err := nack.NewResponderInterceptor()
	if err != nil {
		return nil, err
	}
	generator, err := nack.NewGeneratorInterceptor(nack.GeneratorInterval(20 * time.Millisecond))
	if err != nil {
		return nil, err
	}
	sr, err := report.NewSenderInterceptor()
	if err != nil {
		return nil, err
	}
	rr, err := report.NewReceiverInterceptor()
	if err != nil {
		return nil, err
	}
	numbers, err := twcc.NewHeaderExtensionInterceptor()
	if err != nil {
		return nil, err
	}
	registry.Add(numbers)
	if !b.options.Deaf {
		for _, f := range []interceptor.Factory{responder, generator, sr, rr} {
			registry.Add(f)
		}
	}
	var settings webrtc.SettingEngine
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	settings.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	settings.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM)
	api := webrtc.NewAPI(webrtc.WithMediaEngine(engine), webrtc.WithSettingEngine(settings), webrtc.WithInterceptorRegistry(registry))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		b.note(func() { b.states[name] = s })
	})
	return pc, nil
}
