package media

import (
	"encoding/binary"
	"strconv"
	"strings"
	"sync"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// rtxStreams takes the retransmissions that arrive on one publish connection
// (RFC 4588) and hands them to their uplinks at once. Left to itself, pion shows
// them only together with the next regular packet of the track, which for a still
// screen may be a second later. It is the only interceptor there is.
type rtxStreams struct {
	interceptor.NoOp

	mu      sync.RWMutex
	uplinks map[uint32]*Uplink // by SSRC of the retransmissions
}

// NewInterceptor makes r its own factory: there is one for each connection.
func (r *rtxStreams) NewInterceptor(string) (interceptor.Interceptor, error) { return r, nil }

func (r *rtxStreams) add(u *Uplink) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.uplinks == nil {
		r.uplinks = make(map[uint32]*Uplink)
	}
	r.uplinks[u.rtx] = u
}

func (r *rtxStreams) remove(u *Uplink) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.uplinks[u.rtx] == u {
		delete(r.uplinks, u.rtx)
	}
}

// BindRemoteStream is called by pion for every incoming stream.
func (r *rtxStreams) BindRemoteStream(info *interceptor.StreamInfo, reader interceptor.RTPReader) interceptor.RTPReader {
	if !strings.EqualFold(info.MimeType, webrtc.MimeTypeRTX) {
		return reader
	}
	return &rtxReader{streams: r, ssrc: info.SSRC, reader: reader, next: new(packet)}
}

type rtxReader struct {
	streams *rtxStreams
	ssrc    uint32
	reader  interceptor.RTPReader
	next    *packet
	header  rtp.Header
}

// Read reads one retransmission and leaves nothing of it to its caller.
func (r *rtxReader) Read(_ []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
	p := r.next
	n, a, err := r.reader.Read(p.data[:], a)
	if err != nil {
		return 0, a, err
	}
	if !p.parse(n) || len(p.payload) < 2 { // nothing but padding
		return 0, a, nil
	}
	p.seq = binary.BigEndian.Uint16(p.payload)
	p.payload = p.payload[2:]
	r.streams.mu.RLock()
	u := r.streams.uplinks[r.ssrc]
	r.streams.mu.RUnlock()
	if u != nil {
		r.next = u.recovered(p, &r.header)
	}
	return 0, a, nil
}

// rtxFor finds the payload type that retransmits pt.
func rtxFor(codecs []webrtc.RTPCodecParameters, pt webrtc.PayloadType) (webrtc.PayloadType, bool) {
	want := "apt=" + strconv.Itoa(int(pt))
	for _, c := range codecs {
		if strings.EqualFold(c.MimeType, webrtc.MimeTypeRTX) && c.SDPFmtpLine == want {
			return c.PayloadType, true
		}
	}
	return 0, false
}
