package mediatest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
	rtpmedia "github.com/pion/webrtc/v4/pkg/media"

	"github.com/ensemble-sante/ensemble/media"
)

const soundInterval = 20 * time.Millisecond

// sender makes the frames of one track.
type sender struct {
	medium      media.Medium
	track       *webrtc.TrackLocalStaticSample
	sender      *webrtc.RTPSender
	keyWanted   atomic.Bool
	keyRequests atomic.Int64
	reports     atomic.Int64 // receiver reports from the node
	arrivals    atomic.Int64 // packets that the node has reported to have arrived
	quit        chan struct{}
	once        sync.Once
}

func (s *sender) stop() { s.once.Do(func() { close(s.quit) }) }

// Publish begins to publish tracks. It returns when the offer has been sent.
func (b *Bot) Publish(mediums ...media.Medium) error {
	return b.wait(func() error {
		if b.pub == nil {
			pc, err := b.connect(media.Publish)
			if err != nil {
				return err
			}
			b.pub = pc
		}
		for _, m := range mediums {
			if err := b.add(m); err != nil {
				return err
			}
		}
		return b.offer(false)
	})
}

// Unpublish takes a track out of the connection.
func (b *Bot) Unpublish(medium media.Medium) error {
	return b.wait(func() error {
		b.mu.Lock()
		s := b.senders[medium]
		delete(b.senders, medium)
		b.mu.Unlock()
		if s == nil {
			return fmt.Errorf("%s is not published", medium)
		}
		s.stop()
		if err := b.pub.RemoveTrack(s.sender); err != nil {
			return err
		}
		return b.offer(false)
	})
}

// RestartPublishing restarts ICE on the publish connection.
func (b *Bot) RestartPublishing() error {
	return b.wait(func() error { return b.offer(true) })
}

// KeyFrameRequests is how often the node has asked for a key frame of a track.
func (b *Bot) KeyFrameRequests(medium media.Medium) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.senders[medium]; s != nil {
		return int(s.keyRequests.Load())
	}
	return 0
}

// Arrived is how many packets the node has reported to have arrived
// (transport-wide feedback), on all tracks.
func (b *Bot) Arrived() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, s := range b.senders {
		n += int(s.arrivals.Load())
	}
	return n
}

// ReceiverReports is how often the node has reported on a track.
func (b *Bot) ReceiverReports(medium media.Medium) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.senders[medium]; s != nil {
		return int(s.reports.Load())
	}
	return 0
}

func (b *Bot) add(medium media.Medium) error {
	mime := webrtc.MimeTypeOpus
	if medium.Video() {
		mime = webrtc.MimeTypeVP8
	}
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: mime}, string(medium), b.name)
	if err != nil {
		return err
	}
	rtpSender, err := b.pub.AddTrack(track) // in a section that is free, if there is one
	if err != nil {
		return err
	}
	s := &sender{medium: medium, track: track, sender: rtpSender, quit: make(chan struct{})}
	s.keyWanted.Store(true)
	b.note(func() { b.senders[medium] = s })
	b.running.Go(func() { b.listen(s, rtpSender) })
	b.running.Go(func() { b.produce(s) })
	return nil
}

// offer sends a publish.offer, at once or when the one that is out is answered.
func (b *Bot) offer(restart bool) error {
	if b.pub == nil {
		return nil
	}
	if b.pub.SignalingState() != webrtc.SignalingStateStable {
		b.again, b.againRestart = true, b.againRestart || restart
		return nil
	}
	b.again, b.againRestart = false, false
	desc, err := b.pub.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
	if err != nil {
		return err
	}
	sdp, err := setLocal(b.pub, desc)
	if err != nil {
		return err
	}
	signal := media.Signal{Type: media.PublishOffer, SDP: sdp}
	b.mu.Lock()
	for _, t := range b.pub.GetTransceivers() {
		for m, s := range b.senders {
			if t.Sender() == s.sender {
				signal.Tracks = append(signal.Tracks, media.Track{MID: t.Mid(), Medium: m})
			}
		}
	}
	b.mu.Unlock()
	return b.toServer(signal)
}

func (b *Bot) published(s media.Signal) error {
	if err := b.pub.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: s.SDP}); err != nil {
		return err
	}
	b.applied(media.Publish, s.SDP)
	if b.again {
		return b.offer(b.againRestart)
	}
	return nil
}

// listen follows what the node says of a track.
func (b *Bot) listen(s *sender, from *webrtc.RTPSender) {
	for {
		packets, _, err := from.ReadRTCP()
		if err != nil {
			return
		}
		b.note(func() {
			for _, p := range packets {
				switch p := p.(type) {
				case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
					s.keyRequests.Add(1)
					s.keyWanted.Store(true)
				case *rtcp.ReceiverReport:
					s.reports.Add(1)
				case *rtcp.TransportLayerCC:
					s.arrivals.Add(int64(len(p.RecvDeltas)))
				}
			}
		})
	}
}

// produce sends a frame at each tick.
func (b *Bot) produce(s *sender) {
	interval := soundInterval
	if s.medium.Video() {
		interval = b.options.FrameInterval
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for number := uint64(1); ; number++ {
		select {
		case <-ticker.C:
		case <-s.quit:
			return
		case <-b.quit:
			return
		}
		frame := newFrame(s.medium, number, s.keyWanted.Swap(false))
		if b.options.Cipher != nil {
			var err error
			if frame, err = seal(b.options.Cipher, s.medium, frame); err != nil {
				b.note(func() { b.err = fmt.Errorf("bot %s: sealing: %w", b.name, err) })
				return
			}
		}
		_ = s.track.WriteSample(rtpmedia.Sample{Data: frame, Duration: interval}) // fails while disconnected
	}
}

func setLocal(pc *webrtc.PeerConnection, desc webrtc.SessionDescription) (string, error) {
	complete := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(desc); err != nil {
		return "", err
	}
	<-complete
	return pc.LocalDescription().SDP, nil
}
