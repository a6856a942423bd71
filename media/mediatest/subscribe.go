package mediatest

import (
	"fmt"
	"strings"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media/samplebuilder"

	"github.com/ensemble-sante/ensemble/media"
)

// RestartSubscribing asks the node to restart ICE on the subscribe connection.
func (b *Bot) RestartSubscribing() error {
	return b.toServer(media.Signal{Type: media.Restart, PC: media.Subscribe})
}

// RequestKeyFrame asks for a key frame of a received track, by signalling.
func (b *Bot) RequestKeyFrame(peer string, medium media.Medium) error {
	for mid, t := range b.Sections() {
		if t.Peer == peer && t.Medium == medium {
			return b.toServer(media.Signal{Type: media.KeyFrame, Tracks: []media.Track{{MID: mid}}})
		}
	}
	return fmt.Errorf("no %s of %s", medium, peer)
}

// RequestKeyFrameByRTCP asks for a key frame of a received track, as a decoder does.
func (b *Bot) RequestKeyFrameByRTCP(peer string, medium media.Medium) error {
	return b.wait(func() error {
		for _, t := range b.sub.GetTransceivers() {
			section := b.Sections()[t.Mid()]
			if section.Peer != peer || section.Medium != medium || t.Receiver() == nil || t.Receiver().Track() == nil {
				continue
			}
			ssrc := uint32(t.Receiver().Track().SSRC())
			return b.sub.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}})
		}
		return fmt.Errorf("no %s of %s", medium, peer)
	})
}

// subscribe answers a subscribe.offer.
func (b *Bot) subscribe(s media.Signal) error {
	var desc sdp.SessionDescription
	if err := desc.UnmarshalString(s.SDP); err != nil {
		return err
	}
	if b.sub != nil && b.subOrigin != desc.Origin.SessionID {
		if err := b.sub.GracefulClose(); err != nil {
			return err
		}
		b.sub = nil
	}
	if b.sub == nil {
		pc, err := b.connect(media.Subscribe)
		if err != nil {
			return err
		}
		b.sub, b.subOrigin = pc, desc.Origin.SessionID
		if !b.options.Deaf {
			pc.OnTrack(b.onTrack)
		}
	}
	sections := make(map[string]media.Track, len(s.Tracks))
	for _, t := range s.Tracks {
		sections[t.MID] = t
	}
	b.note(func() { b.sections = sections })
	// Pion cannot use a section again that has been inactive in two offers in a
	// row. Of a section in which only the node may send, recvonly says the same.
	text := strings.ReplaceAll(s.SDP, "a=inactive\r\n", "a=recvonly\r\n")
	if err := b.sub.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text}); err != nil {
		return err
	}
	answer, err := b.sub.CreateAnswer(nil)
	if err != nil {
		return err
	}
	text, err = setLocal(b.sub, answer)
	if err != nil {
		return err
	}
	b.applied(media.Subscribe, s.SDP)
	return b.toServer(media.Signal{Type: media.SubscribeAnswer, SDP: text})
}

// onTrack counts the frames of a received track until it ends.
func (b *Bot) onTrack(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	transceiver := receiver.RTPTransceiver()
	if transceiver == nil {
		return
	}
	section, ok := b.Sections()[transceiver.Mid()]
	if !ok {
		return
	}
	var depacketizer rtp.Depacketizer = new(codecs.OpusPacket)
	rate := uint32(48000)
	if section.Medium.Video() {
		depacketizer, rate = new(codecs.VP8Packet), 90000
	}
	key := trackKey{section.Peer, section.Medium}
	b.note(func() {
		if b.counts[key] == nil {
			b.counts[key] = new(Count)
		}
		b.counts[key].Last = 0
	})
	b.mu.Lock()
	count := b.counts[key]
	b.mu.Unlock()
	b.running.Go(func() {
		for {
			packets, _, err := receiver.ReadRTCP()
			if err != nil {
				return
			}
			for _, p := range packets {
				if _, ok := p.(*rtcp.SenderReport); ok {
					b.note(func() { count.SenderReports++ })
				}
			}
		}
	})
	builder := samplebuilder.New(b.options.MaxLate, depacketizer, rate)
	for {
		p, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		b.note(func() { count.Packets++ })
		builder.Push(p)
		for sample := builder.Pop(); sample != nil; sample = builder.Pop() {
			b.count(count, section.Medium, sample.Data)
		}
	}
}

// count looks at one complete frame.
func (b *Bot) count(count *Count, medium media.Medium, frame []byte) {
	if b.options.Cipher != nil {
		plain, err := open(b.options.Cipher, medium, frame)
		if err != nil {
			b.note(func() { count.Sealed++ })
			return
		}
		frame = plain
	}
	number, key, err := readFrame(medium, frame)
	b.note(func() {
		if err != nil {
			count.Broken++
			return
		}
		count.Frames++
		if key {
			count.KeyFrames++
		}
		if count.Last != 0 && number > count.Last+1 {
			count.Missing += int(number - count.Last - 1)
		}
		count.Last = number
	})
}
