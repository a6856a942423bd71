package media

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/sdp/v3"
)

// feedbackInterval is the time between two reports of arrivals.
const feedbackInterval = 100 * time.Millisecond

// arrivals notes when each packet of one publish connection arrives, by its
// transport-wide sequence number, and reports it to the client
// (draft-holmer-rmcat-transport-wide-cc-extensions-01). From that a browser works
// out at once what its way to the node can carry; from receiver reports alone it
// takes half a minute to dare to send a sharp picture.
type arrivals struct {
	interceptor.NoOp
	began time.Time

	mu       sync.Mutex
	recorder *twcc.Recorder
	news     bool
}

func newArrivals() *arrivals {
	return &arrivals{began: time.Now(), recorder: twcc.NewRecorder(reporterSSRC)}
}

// NewInterceptor makes a its own factory: there is one for each connection.
func (a *arrivals) NewInterceptor(string) (interceptor.Interceptor, error) { return a, nil }

// BindRemoteStream is called by pion for every incoming stream.
func (a *arrivals) BindRemoteStream(info *interceptor.StreamInfo, reader interceptor.RTPReader) interceptor.RTPReader {
	for _, e := range info.RTPHeaderExtensions {
		if e.URI == sdp.TransportCCURI && e.ID > 0 && e.ID < 256 {
			return &arrivalReader{arrivals: a, reader: reader, ssrc: info.SSRC, id: uint8(e.ID)}
		}
	}
	return reader
}

type arrivalReader struct {
	arrivals *arrivals
	reader   interceptor.RTPReader
	ssrc     uint32
	id       uint8
}

func (r *arrivalReader) Read(b []byte, a interceptor.Attributes) (int, interceptor.Attributes, error) {
	n, a, err := r.reader.Read(b, a)
	if err == nil {
		if v := headerExtension(b[:n], r.id); len(v) == 2 {
			r.arrivals.add(r.ssrc, binary.BigEndian.Uint16(v))
		}
	}
	return n, a, err
}

func (a *arrivals) add(ssrc uint32, seq uint16) {
	at := time.Since(a.began).Microseconds()
	a.mu.Lock()
	a.recorder.Record(ssrc, seq, at)
	a.news = true
	a.mu.Unlock()
}

// feedback returns the report on what has arrived since the last one.
func (a *arrivals) feedback() []rtcp.Packet {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.news {
		return nil
	}
	a.news = false
	return a.recorder.BuildFeedbackPacket()
}
