package media

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// maxResent bounds how many packets a downlink retransmits in a second: more
// would fill a link that is full already.
const maxResent = 2000

// A Downlink is one track on its way to one peer. Sequence numbers and timestamps
// are the uplink's: the SSRC is new with every subscription. It implements
// webrtc.TrackLocal.
type Downlink struct {
	uplink *Uplink
	peer   *Peer // the receiver

	out     atomic.Pointer[outlet]
	started atomic.Bool // a key frame has begun, or it is audio
	closed  atomic.Bool
	packets atomic.Uint32
	octets  atomic.Uint32

	// of the goroutine that reads RTCP
	rtxSeq   uint16
	scratch  [maxPacket]byte
	resent   int
	resentIn time.Time

	// of the goroutine that negotiates
	transceiver *webrtc.RTPTransceiver
}

// outlet is where a negotiated downlink writes.
type outlet struct {
	stream  webrtc.TrackLocalWriter
	ssrc    uint32
	pt      uint8
	rtxSSRC uint32 // 0 if the receiver has no RTX
	rtxPT   uint8
}

// write sends one packet. key says whether a receiver can begin with it.
func (d *Downlink) write(header *rtp.Header, payload []byte, key bool) {
	out := d.out.Load()
	if out == nil || d.closed.Load() || d.peer.cut.Load() || d.uplink.peer.cut.Load() {
		return
	}
	started := d.started.Load()
	if !started && !key {
		d.uplink.keyFrames.request()
		return
	}
	header.SSRC = out.ssrc
	header.PayloadType = out.pt
	if n, err := out.stream.WriteRTP(header, payload); n == 0 || err != nil {
		return // the connection is not up yet, or not any more
	}
	if !started {
		d.started.Store(true)
	}
	d.packets.Add(1)
	d.octets.Add(uint32(len(payload)))
}

// readRTCP answers the receiver until its sender is stopped.
func (d *Downlink) readRTCP(sender *webrtc.RTPSender) {
	b := make([]byte, maxPacket)
	for {
		n, _, err := sender.Read(b)
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
			d.feedback(p)
		}
	}
}

func (d *Downlink) feedback(p rtcp.Packet) {
	out := d.out.Load()
	if out == nil || d.uplink.cache == nil {
		return
	}
	switch p := p.(type) {
	case *rtcp.PictureLossIndication:
		if p.MediaSSRC == out.ssrc {
			d.uplink.keyFrames.request()
		}
	case *rtcp.FullIntraRequest:
		for _, f := range p.FIR {
			if f.SSRC == out.ssrc {
				d.uplink.keyFrames.request()
			}
		}
	case *rtcp.TransportLayerNack:
		if p.MediaSSRC != out.ssrc {
			return
		}
		for _, pair := range p.Nacks {
			pair.Range(func(seq uint16) bool {
				d.retransmit(out, seq)
				return true
			})
		}
	}
}

// retransmit sends a packet again, as RTX (RFC 4588, section 4).
func (d *Downlink) retransmit(out *outlet, seq uint16) {
	if out.rtxSSRC == 0 || d.closed.Load() || d.peer.cut.Load() || d.uplink.peer.cut.Load() {
		return
	}
	if now := time.Now(); now.Sub(d.resentIn) > time.Second {
		d.resent, d.resentIn = 0, now
	}
	if d.resent++; d.resent > maxResent {
		return
	}
	p := d.uplink.cache.acquire(seq)
	if p == nil {
		return
	}
	binary.BigEndian.PutUint16(d.scratch[:], seq)
	n := 2 + copy(d.scratch[2:], p.payload)
	header := rtp.Header{
		Version: 2, Marker: p.marker, PayloadType: out.rtxPT,
		SequenceNumber: d.rtxSeq, Timestamp: p.ts, SSRC: out.rtxSSRC,
	}
	p.release()
	d.rtxSeq++
	_, _ = out.stream.WriteRTP(&header, d.scratch[:n]) // what is lost again is asked for again
}

// report returns the sender report of the track, if its publisher has sent one.
func (d *Downlink) report(now time.Time) (*rtcp.SenderReport, bool) {
	out := d.out.Load()
	if out == nil || !d.started.Load() {
		return nil, false
	}
	ntp, ts, ok := d.uplink.clock.at(now, d.uplink.reception.rate)
	if !ok {
		return nil, false
	}
	return &rtcp.SenderReport{
		SSRC: out.ssrc, NTPTime: ntp, RTPTime: ts,
		PacketCount: d.packets.Load(), OctetCount: d.octets.Load(),
	}, true
}

// Bind is called when the receiver has accepted the track.
func (d *Downlink) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	mime := webrtc.MimeTypeOpus
	if d.uplink.medium.Video() {
		mime = webrtc.MimeTypeVP8
	}
	codecs := ctx.CodecParameters()
	for _, c := range codecs {
		if !strings.EqualFold(c.MimeType, mime) {
			continue
		}
		out := &outlet{stream: ctx.WriteStream(), ssrc: uint32(ctx.SSRC()), pt: uint8(c.PayloadType)}
		if rtx, ok := rtxFor(codecs, c.PayloadType); ok {
			out.rtxSSRC, out.rtxPT = uint32(ctx.SSRCRetransmission()), uint8(rtx)
		}
		d.out.Store(out)
		return c, nil
	}
	return webrtc.RTPCodecParameters{}, ErrCodec
}

// Unbind is called when the track is removed from its connection.
func (d *Downlink) Unbind(webrtc.TrackLocalContext) error {
	d.out.Store(nil)
	return nil
}

// ID is the track part of the "msid".
func (d *Downlink) ID() string { return d.uplink.id }

// StreamID is the stream part of the "msid": tracks of the same stream are kept
// in step by browsers.
func (d *Downlink) StreamID() string {
	if d.uplink.medium == Screen {
		return d.uplink.peer.name + ".screen"
	}
	return d.uplink.peer.name
}

// RID is empty: a receiver gets one encoding.
func (d *Downlink) RID() string { return "" }

// Kind says whether it is audio or video.
func (d *Downlink) Kind() webrtc.RTPCodecType { return kind(d.uplink.medium) }

func kind(m Medium) webrtc.RTPCodecType {
	if m.Video() {
		return webrtc.RTPCodecTypeVideo
	}
	return webrtc.RTPCodecTypeAudio
}

// close ends the way at once.
func (d *Downlink) close() {
	d.closed.Store(true)
	d.uplink.detach(d)
}
