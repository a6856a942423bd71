package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// witness stands on the line between cores and the server and writes down what
// the server acknowledged.
type witness struct {
	codec *wire.Codec

	mu       sync.Mutex
	changed  *sync.Cond
	inFlight int // appends without an answer
	acks     []ack
}

// ack is an entry that the server said is durable.
type ack struct {
	room  client.ID
	seq   uint64
	entry string // see sameEntry
}

// sameEntry names an entry however often it is sent: an event, which is sealed
// anew each time, by its id, and anything else by its bytes.
func sameEntry(kind record.Kind, payload []byte) string {
	if kind == record.KindEvent {
		if e, err := rooms.ParseSealedEvent(payload); err == nil {
			return "event " + e.ID.String()
		}
	}
	sum := sha256.Sum256(payload)
	return hex.EncodeToString(sum[:])
}

func newWitness() *witness {
	w := &witness{codec: wire.NewCodec()}
	w.changed = sync.NewCond(&w.mu)
	return w
}

// acknowledged gives what was acknowledged until now.
func (w *witness) acknowledged() []ack {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]ack(nil), w.acks...)
}

// midway waits until so many entries were acknowledged and others are on their
// way at this moment.
func (w *witness) midway(ctx context.Context, count int) error {
	stop := context.AfterFunc(ctx, w.changed.Broadcast)
	defer stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.acks) < count || w.inFlight == 0 {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.changed.Wait()
	}
	return nil
}

// between gives the transport with the witness on it.
func (w *witness) between(t client.Transport) client.Transport { return &witnessed{t, w} }

type witnessed struct {
	client.Transport
	*witness
}

func (t *witnessed) Dial(ctx context.Context, url string) (client.Conn, error) {
	c, err := t.Transport.Dial(ctx, url)
	if err != nil {
		return nil, err
	}
	return &witnessedConn{Conn: c, witness: t.witness, asked: map[uint64]string{}}, nil
}

type witnessedConn struct {
	client.Conn
	*witness
	asked map[uint64]string // entries of appends, by request; guarded by mu
	over  bool              // guarded by mu
}

func (c *witnessedConn) Write(ctx context.Context, message []byte) error {
	var in wire.Append
	if f, err := c.codec.Decode(message); err == nil && f.Op == wire.OpAppend && c.codec.Body(f, &in) == nil {
		c.mu.Lock()
		if !c.over {
			c.asked[f.ID] = sameEntry(in.Kind, in.Payload)
			c.inFlight++
			c.changed.Broadcast()
		}
		c.mu.Unlock()
	}
	return c.Conn.Write(ctx, message)
}

func (c *witnessedConn) Read(ctx context.Context) ([]byte, error) {
	b, err := c.Conn.Read(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.changed.Broadcast()
	if err != nil { // what was on its way will never be answered
		c.over = true
		c.inFlight -= len(c.asked)
		clear(c.asked)
		return nil, err
	}
	f, err := c.codec.Decode(b)
	entry, ours := c.asked[f.ID]
	if err != nil || !ours {
		return b, nil
	}
	delete(c.asked, f.ID)
	c.inFlight--
	var placed wire.Placed
	if f.Op == wire.OpOK && c.codec.Body(f, &placed) == nil {
		for _, p := range placed.Places {
			c.acks = append(c.acks, ack{p.Room, p.Seq, entry})
		}
	}
	return b, nil
}
