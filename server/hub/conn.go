package hub

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// Identity is whose connection it is.
type Identity struct {
	User, Device identity.ID
	Session      [32]byte // hash of the session's token
}

// A Conn is one websocket connection. Its methods may be called from several
// goroutines; none blocks on the network.
type Conn struct {
	Identity
	hub     *Hub
	shard   *shard
	ws      *websocket.Conn
	out     *outbox
	limiter *rate.Limiter

	write    sync.Mutex // one data frame at a time
	inFlight chan struct{}
	closed   atomic.Bool
	lagging  atomic.Bool // some follow of this connection missed something

	follows map[identity.ID]*follow // owned by the shard
	corked  bool                    // owned by the shard
}

// Limits of a connection.
const (
	maxInFlight    = 128              // requests being handled at a time
	readBuffer     = 1024             // bytes
	writeBuffer    = 4096             // bytes, pooled
	silence        = 70 * time.Second // without any frame or pong: closed
	pingPeriod     = 25 * time.Second // < silence / 2
	maxKeptReading = 64 << 10         // a larger read buffer is not pooled
	controlTime    = 100 * time.Millisecond
)

// Reply answers the request with that id: OpOK and a body, nil for none. A
// request without an id wants no answer.
func (c *Conn) Reply(id uint64, body any) {
	if id != 0 {
		c.Send(wire.OpOK, id, body)
	}
}

// Refuse answers the request with that id by an error. Its code and detail go
// to the client; an error that is no [rooms.Error] is only "internal".
func (c *Conn) Refuse(id uint64, err error, at *wire.Place) {
	if id == 0 {
		return
	}
	failure := wire.Failure{Code: rooms.CodeOf(err), Place: at}
	var e *rooms.Error
	if errors.As(err, &e) {
		failure.Detail = e.Detail
	}
	c.Send(wire.OpError, id, failure)
}

// Send sends one frame to this connection.
func (c *Conn) Send(op wire.Op, id uint64, body any) {
	b, err := c.hub.codec.Encode(op, id, body)
	if err != nil {
		c.hub.log.Error("encoding a frame", "op", op, "error", err)
		return
	}
	c.sendBytes(b)
}

func (c *Conn) sendBytes(b []byte) {
	c.write.Lock()
	defer c.write.Unlock()
	if err := c.ws.WriteMessage(websocket.BinaryMessage, b); err != nil && !c.closed.Load() {
		_ = c.out.Close() // the reader notices
	}
}

func (c *Conn) sendPrepared(p *websocket.PreparedMessage) {
	c.write.Lock()
	defer c.write.Unlock()
	if err := c.ws.WritePreparedMessage(p); err != nil && !c.closed.Load() {
		_ = c.out.Close()
	}
}

// Begin counts a request that will be answered later, from another goroutine,
// which must call End. It waits while too many are being handled: nothing more is
// read from the connection then. It is called on the reading goroutine.
func (c *Conn) Begin() { c.inFlight <- struct{}{} }

// End is the counterpart of Begin.
func (c *Conn) End() { <-c.inFlight }

// Close ends the connection with a websocket close code (RFC 6455 section
// 7.4.1) and a word for the client.
func (c *Conn) Close(code int, reason string) {
	if c.closed.Swap(true) {
		return
	}
	_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(controlTime))
	_ = c.out.Close()
}

// Close codes of our own (4000 to 4999 are for applications).
const (
	CloseSessionEnded = 4401 // the session is over: sign in again
	CloseTooFast      = 4429
)

// read is the connection's goroutine: it hands frames to the handler until the
// connection ends.
func (c *Conn) read() {
	defer c.hub.gone(c)
	c.ws.SetReadLimit(wire.MaxFrame)
	c.ws.SetPongHandler(func(string) error { return c.ws.SetReadDeadline(time.Now().Add(silence)) })
	_ = c.ws.SetReadDeadline(time.Now().Add(silence))
	for {
		if !c.readOne() {
			return
		}
	}
}

func (c *Conn) readOne() bool {
	kind, r, err := c.ws.NextReader()
	if err != nil {
		return false
	}
	buf := c.hub.reading.Get().(*readingBuffer)
	defer c.hub.putReading(buf)
	if _, err := io.Copy(buf, r); err != nil {
		return false // too large: the library has said 1009
	}
	if kind != websocket.BinaryMessage {
		c.Close(websocket.CloseUnsupportedData, "binary frames only")
		return false
	}
	frame, err := c.hub.codec.Decode(buf.b)
	if err != nil {
		c.Close(websocket.CloseInvalidFramePayloadData, "malformed frame")
		return false
	}
	if !c.limiter.Allow() {
		c.hub.limited.Inc()
		c.Refuse(frame.ID, rooms.Errorf(rooms.CodeRateLimited, "too many requests"), nil)
		return true
	}
	c.hub.handler.Request(c, frame)
	return true
}

// readingBuffer is an io.Writer over a slice that is used again.
type readingBuffer struct{ b []byte }

func (r *readingBuffer) Write(p []byte) (int, error) {
	r.b = append(r.b, p...)
	return len(p), nil
}
