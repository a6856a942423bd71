package client_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/client/native"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// slow holds back the first answer with a GroupInfo, and lets everything else
// overtake it until it is released.
type slow struct {
	client.Transport
	once    sync.Once
	held    chan struct{} // closed when it is held
	release chan struct{}
}

func (s *slow) Dial(ctx context.Context, url string) (client.Conn, error) {
	c, err := s.Transport.Dial(ctx, url)
	if err != nil {
		return nil, err
	}
	conn := &slowConn{Conn: c, slow: s, codec: wire.NewCodec(), asked: map[uint64]bool{}, in: make(chan []byte), end: make(chan error, 1)}
	go conn.pump(ctx)
	return conn, nil
}

type slowConn struct {
	client.Conn
	slow  *slow
	codec *wire.Codec
	mu    sync.Mutex
	asked map[uint64]bool
	in    chan []byte
	end   chan error
}

func (c *slowConn) Write(ctx context.Context, b []byte) error {
	if f, err := c.codec.Decode(b); err == nil && f.Op == wire.OpGroupInfo {
		c.mu.Lock()
		c.asked[f.ID] = true
		c.mu.Unlock()
	}
	return c.Conn.Write(ctx, b)
}

func (c *slowConn) pump(ctx context.Context) {
	give := func(b []byte) {
		select {
		case c.in <- b:
		case <-ctx.Done():
		}
	}
	for {
		b, err := c.Conn.Read(ctx)
		if err != nil {
			c.end <- err
			return
		}
		f, err := c.codec.Decode(b)
		c.mu.Lock()
		groupInfo := err == nil && f.Op == wire.OpOK && c.asked[f.ID]
		c.mu.Unlock()
		first := false
		if groupInfo {
			c.slow.once.Do(func() { first = true })
		}
		if !first {
			give(b)
			continue
		}
		close(c.slow.held)
		go func() {
			select {
			case <-c.slow.release:
				give(b)
			case <-ctx.Done():
			}
		}()
	}
}

func (c *slowConn) Read(ctx context.Context) ([]byte, error) {
	select {
	case b := <-c.in:
		return b, nil
	case err := <-c.end:
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestADeviceEntersThoughACommitOvertookTheAnswerToItsQuestion(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	traore := n.enrol("Mme Traoré", "SOCIAL_WORKER", "PROFESSIONAL")
	vidal := &person{t: t, network: n, name: "Dr Vidal", storage: native.NewMemory(), key: testKey}
	s := &slow{held: make(chan struct{}), release: make(chan struct{})}
	vidal.through = func(way client.Transport) client.Transport {
		s.Transport = way
		return s
	}
	vidal.start()
	t.Cleanup(func() { vidal.stop() })
	require.NoError(t, vidal.core.Enrol(t.Context(), client.EnrolArgs{
		Code: n.code("PROFESSIONAL"), Kind: "PROFESSIONAL", Profile: client.ProfileFields{Name: vidal.name, Role: "GENERAL_PRACTITIONER"},
	}))
	vidal.user = watch(vidal, "status", nil, func(v client.StatusView) bool { return v.Me != nil && v.Online }).Me.User

	c := camille.opensCase(client.IdentityFields{}, party(vidal, "GENERAL_PRACTITIONER"), party(traore, "SOCIAL_WORKER"))
	camille.consents(c, vidal, "ALL", c.team)
	<-s.held
	camille.consents(c, traore, "ALL", c.team)
	traore.ready(c.team)
	camille.says(c.team, "bonjour")
	traore.reads(c.team, "bonjour")
	// Vidal has folded all of it, and nothing more will come.
	last := watch(camille, "room", inRoom(c.team), func(v client.RoomView) bool { return len(texts(v)) == 1 })
	watch(vidal, "room", inRoom(c.team), func(v client.RoomView) bool { return len(v.Items) >= len(last.Items)-1 })
	close(s.release)
	vidal.reads(c.team, "bonjour")
}
