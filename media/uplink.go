package media

import (
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// An Uplink is a track as it arrives from its publisher. It reorders nothing: a
// packet is forwarded when it comes, and kept for whoever misses it.
type Uplink struct {
	id     string
	mid    string
	medium Medium
	peer   *Peer // the publisher

	ssrc, rtx uint32
	write     func([]rtcp.Packet) error // to the publisher
	cache     *cache                    // nil for audio
	losses    losses
	keyFrames keyFrames
	reception reception
	clock     senderClock
	closed    atomic.Bool
	mu        sync.Mutex // held while downlinks is replaced
	downlinks atomic.Pointer[[]*Downlink]
}

func newUplink(id, mid string, medium Medium, peer *Peer, ssrc, rtx uint32, write func([]rtcp.Packet) error) *Uplink {
	u := &Uplink{id: id, mid: mid, medium: medium, peer: peer, ssrc: ssrc, rtx: rtx, write: write}
	u.downlinks.Store(new([]*Downlink))
	u.reception.rate = 48000
	if medium.Video() {
		u.reception.rate = 90000
		u.cache = new(cache)
		u.losses.have = u.cache.has
		u.losses.request = u.sendNACK
		u.losses.give = u.keyFrames.request
		u.keyFrames.send = u.sendPLI
	}
	return u
}

// start reads the track and its RTCP until the receiver is stopped.
func (u *Uplink) start(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	running := &u.peer.call.node.running
	running.Go(func() {
		u.readRTP(track)
		u.close()
		u.peer.call.unpublish(u)
	})
	running.Go(func() { u.readRTCP(receiver) })
}

func (u *Uplink) readRTP(track *webrtc.TrackRemote) {
	p := new(packet)
	var header rtp.Header
	for {
		n, _, err := track.Read(p.data[:])
		switch {
		case err == nil:
			p = u.receive(p, n, &header)
		case n > 0 || errors.Is(err, io.ErrShortBuffer):
			// A payload type that was not negotiated, or an oversized packet.
		default:
			return
		}
		if u.closed.Load() {
			return
		}
	}
}

// receive takes the packet in the first n bytes of p's data and returns the
// packet to read into next. Only the goroutine that reads the track calls it.
func (u *Uplink) receive(p *packet, n int, header *rtp.Header) *packet {
	if !p.parse(n) {
		return p
	}
	now := time.Now()
	first, next := u.reception.add(p.seq, p.ts, now)
	if first != next && u.cache != nil {
		u.losses.gap(first, next, now)
	}
	return u.forward(p, header)
}

// recovered takes a retransmitted packet and returns the packet to read into
// next. Only the goroutine that reads the retransmissions calls it.
func (u *Uplink) recovered(p *packet, header *rtp.Header) *packet {
	if u.closed.Load() || u.cache == nil || u.cache.has(p.seq) {
		return p
	}
	return u.forward(p, header)
}

// forward sends p to every downlink and keeps it. header is the calling
// goroutine's, to be overwritten.
func (u *Uplink) forward(p *packet, header *rtp.Header) *packet {
	key := true // a sound can be heard from any packet on
	if u.cache != nil {
		if key = startsKeyFrame(p.payload); key {
			u.keyFrames.seen()
		}
	}
	header.Version = 2
	header.Marker = p.marker
	header.SequenceNumber = p.seq
	header.Timestamp = p.ts
	for _, d := range *u.downlinks.Load() {
		d.write(header, p.payload, key)
	}
	if u.cache == nil {
		return p
	}
	return u.cache.put(p)
}

// readRTCP follows the publisher's sender reports.
func (u *Uplink) readRTCP(receiver *webrtc.RTPReceiver) {
	b := make([]byte, maxPacket)
	for {
		n, _, err := receiver.Read(b)
		if errors.Is(err, io.ErrShortBuffer) {
			continue
		}
		if err != nil {
			return
		}
		packets, err := rtcp.Unmarshal(b[:n])
		if err != nil {
			continue
		}
		for _, p := range packets {
			if sr, ok := p.(*rtcp.SenderReport); ok && sr.SSRC == u.ssrc {
				u.clock.last.Store(&senderTime{ntp: sr.NTPTime, rtp: sr.RTPTime, at: time.Now()})
			}
		}
	}
}

func (u *Uplink) sendNACK(seqs []uint16) {
	u.send(&rtcp.TransportLayerNack{
		SenderSSRC: reporterSSRC, MediaSSRC: u.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(seqs),
	})
}

func (u *Uplink) sendPLI() {
	u.send(&rtcp.PictureLossIndication{SenderSSRC: reporterSSRC, MediaSSRC: u.ssrc})
}

func (u *Uplink) send(p rtcp.Packet) {
	if !u.closed.Load() {
		_ = u.write([]rtcp.Packet{p}) // fails only while the connection is down
	}
}

// attach adds d to those to whom the track goes.
func (u *Uplink) attach(d *Downlink) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed.Load() {
		return
	}
	list := append(slices.Clone(*u.downlinks.Load()), d)
	u.downlinks.Store(&list)
}

// detach ends what attach began.
func (u *Uplink) detach(d *Downlink) {
	u.mu.Lock()
	defer u.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(*u.downlinks.Load()), func(x *Downlink) bool { return x == d })
	u.downlinks.Store(&list)
}

// close ends forwarding at once. The goroutines end when the receiver stops.
func (u *Uplink) close() {
	u.mu.Lock()
	u.closed.Store(true)
	u.downlinks.Store(new([]*Downlink))
	u.mu.Unlock()
	u.losses.close()
	u.keyFrames.close()
}

// end closes u and takes it out of the call.
func (u *Uplink) end(rtx *rtxStreams) {
	u.close()
	if u.rtx != 0 {
		rtx.remove(u)
	}
	u.peer.call.unpublish(u)
}

func (u *Uplink) describe(mid string) Track {
	return Track{MID: mid, ID: u.id, Peer: u.peer.name, Medium: u.medium}
}
