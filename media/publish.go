package media

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// publisher is a peer's publish connection: the client offers, the uplinks come
// in. The peer's goroutine owns it; pion's goroutines call onTrack and onState.
type publisher struct {
	peer   *Peer
	pc     *connection
	origin uint64 // session id of the client's descriptions
	rtx    *rtxStreams
	// arrivals of the connection
	arrivals *arrivals
	broken   atomic.Bool

	mu       sync.Mutex
	sections map[string]section // those that send, by MID
	uplinks  []*Uplink
	closed   bool
}

// A section is a media section in which the client sends.
type section struct {
	id     string
	medium Medium
}

// offer takes the client's offer and answers it.
func (p *publisher) offer(s Signal) error {
	offer, err := readOffer(s.SDP, s.Tracks)
	if err != nil {
		return err
	}
	fresh := p.pc == nil || p.pc.ConnectionState() == webrtc.PeerConnectionStateClosed || p.origin != offer.origin
	if fresh {
		p.drop()
	}
	sections := make(map[string]section, len(offer.media))
	p.mu.Lock()
	for mid, medium := range offer.media {
		sec, ok := p.sections[mid]
		switch {
		case !ok:
			sec = section{id: p.peer.call.newID(), medium: medium}
		case sec.medium != medium:
			p.mu.Unlock()
			return fmt.Errorf("%w: section changes from %s to %s while it sends", ErrTracks, sec.medium, medium)
		}
		sections[mid] = sec
	}
	p.sections = sections
	p.mu.Unlock()

	if fresh {
		if err := p.connect(offer.origin); err != nil {
			return err
		}
	}
	sdp, err := p.negotiate(offer.text)
	if err != nil {
		p.drop()
		return fmt.Errorf("%w: %w", ErrSDP, err)
	}
	p.retire(func(u *Uplink) bool { _, sends := sections[u.mid]; return !sends })

	answer := Signal{Type: PublishAnswer, SDP: sdp}
	for mid, sec := range sections {
		answer.Tracks = append(answer.Tracks, Track{MID: mid, ID: sec.id, Medium: sec.medium})
	}
	slices.SortFunc(answer.Tracks, byMID)
	p.peer.post(answer)
	return nil
}

func (p *publisher) connect(origin uint64) error {
	rtx, arrivals := new(rtxStreams), newArrivals()
	pc, err := p.peer.call.node.newPublishConnection(rtx, arrivals)
	if err != nil {
		return err
	}
	p.pc, p.rtx, p.arrivals, p.origin = pc, rtx, arrivals, origin
	pc.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) { p.onTrack(pc, rtx, track, receiver) })
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateDisconnected || s == webrtc.PeerConnectionStateFailed {
			p.broken.Store(true)
			p.peer.poke()
		}
	})
	return nil
}

func (p *publisher) negotiate(offer string) (answer string, err error) {
	if err = p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	desc, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	return gathered(p.pc.PeerConnection, func() error { return p.pc.SetLocalDescription(desc) })
}

// onTrack makes an uplink of a track that the client sends.
func (p *publisher) onTrack(pc *connection, rtx *rtxStreams, track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	transceiver := receiver.RTPTransceiver()
	if transceiver == nil {
		return
	}
	mid := transceiver.Mid()
	p.mu.Lock()
	sec, ok := p.sections[mid]
	if !ok || p.closed || kind(sec.medium) != track.Kind() {
		p.mu.Unlock()
		return
	}
	var old []*Uplink
	p.uplinks = slices.DeleteFunc(p.uplinks, func(u *Uplink) bool {
		if u.mid == mid {
			old = append(old, u)
		}
		return u.mid == mid
	})
	u := newUplink(sec.id, mid, sec.medium, p.peer, uint32(track.SSRC()), uint32(track.RtxSSRC()), pc.WriteRTCP)
	p.uplinks = append(p.uplinks, u)
	if u.rtx != 0 {
		rtx.add(u)
	}
	u.start(track, receiver)
	p.mu.Unlock()

	for _, o := range old {
		o.end(rtx)
	}
	p.peer.call.publish(u)
}

// retire ends the uplinks that gone chooses.
func (p *publisher) retire(gone func(*Uplink) bool) {
	var old []*Uplink
	p.mu.Lock()
	p.uplinks = slices.DeleteFunc(p.uplinks, func(u *Uplink) bool {
		g := gone(u)
		if g {
			old = append(old, u)
		}
		return g
	})
	p.mu.Unlock()
	for _, u := range old {
		u.end(p.rtx)
	}
}

// mend asks the client for an ICE restart if the connection has broken.
func (p *publisher) mend() {
	if p.broken.Swap(false) {
		p.peer.post(Signal{Type: Restart, PC: Publish})
	}
}

// report tells the client what arrives, by which it adapts what it sends.
func (p *publisher) report(now time.Time) {
	if p.pc == nil || p.pc.ConnectionState() != webrtc.PeerConnectionStateConnected {
		return
	}
	report := rtcp.ReceiverReport{SSRC: reporterSSRC}
	p.mu.Lock()
	for _, u := range p.uplinks {
		if r, ok := u.reception.report(u.ssrc, &u.clock, now); ok {
			report.Reports = append(report.Reports, r)
		}
	}
	p.mu.Unlock()
	if len(report.Reports) > 0 {
		_ = p.pc.WriteRTCP([]rtcp.Packet{&report}) // the next one makes up for it
	}
}

// feedback tells the client when its packets have arrived.
func (p *publisher) feedback() {
	if p.pc == nil {
		return
	}
	for _, report := range p.arrivals.feedback() { // one datagram each: together they may be too large
		_ = p.pc.WriteRTCP([]rtcp.Packet{report}) // the next ones make up for it
	}
}

// drop ends the connection and its uplinks.
func (p *publisher) drop() {
	p.retire(func(*Uplink) bool { return true })
	p.mu.Lock()
	p.sections = nil
	p.mu.Unlock()
	if p.pc != nil {
		_ = p.pc.GracefulClose()
		p.pc = nil
	}
	p.broken.Store(false)
}

func (p *publisher) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.drop()
}
