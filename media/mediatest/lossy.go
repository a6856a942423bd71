package mediatest

import (
	"strings"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// lossy is a network that loses packets of video between the bot and the node.
type lossy struct {
	interceptor.NoOp
	sent, received func(seq uint16) bool
}

func (l *lossy) NewInterceptor(string) (interceptor.Interceptor, error) { return l, nil }

func (l *lossy) BindLocalStream(info *interceptor.StreamInfo, w interceptor.RTPWriter) interceptor.RTPWriter {
	if l.sent == nil || !strings.EqualFold(info.MimeType, webrtc.MimeTypeVP8) {
		return w
	}
	return interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
		if h.SSRC == info.SSRC && l.sent(h.SequenceNumber) {
			return len(payload), nil
		}
		return w.Write(h, payload, a)
	})
}

func (l *lossy) BindRemoteStream(info *interceptor.StreamInfo, r interceptor.RTPReader) interceptor.RTPReader {
	if l.received == nil || !strings.EqualFold(info.MimeType, webrtc.MimeTypeVP8) {
		return r
	}
	return interceptor.RTPReaderFunc(func(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
		for {
			n, attributes, err := r.Read(b, a)
			if err != nil || n < 4 || !l.received(uint16(b[2])<<8|uint16(b[3])) {
				return n, attributes, err
			}
		}
	})
}
