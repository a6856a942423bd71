package media

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
)

const (
	outboxSize     = 512             // signals that may wait for a slow client
	reportInterval = time.Second     // between sender and receiver reports
	gatherTimeout  = 5 * time.Second // the node's candidates are known at once
)

// A Peer is one participant of a call. One goroutine owns its two connections;
// requests come to it by Handle, and news of the call by a poke.
type Peer struct {
	name string
	call *Call
	send func(Signal)

	cut      atomic.Bool // nothing passes any more, in either direction
	requests chan request
	wake     chan struct{}
	outbox   chan Signal
	quit     chan struct{}
	quitOnce sync.Once
	done     chan struct{}

	// of the goroutine that owns the connections
	publisher  publisher
	subscriber subscriber
}

type request struct {
	signal Signal
	reply  chan error
}

func newPeer(c *Call, name string, send func(Signal)) *Peer {
	p := &Peer{
		name:     name,
		call:     c,
		send:     send,
		requests: make(chan request),
		wake:     make(chan struct{}, 1),
		outbox:   make(chan Signal, outboxSize),
		quit:     make(chan struct{}),
		done:     make(chan struct{}),
	}
	p.publisher.peer = p
	p.subscriber = subscriber{peer: p, links: make(map[*Uplink]*Downlink), free: make(map[Medium][]*webrtc.RTPTransceiver)}
	return p
}

// Name is the name under which the peer joined.
func (p *Peer) Name() string { return p.name }

// Done is closed when the peer has been removed and its connections are closed.
func (p *Peer) Done() <-chan struct{} { return p.done }

// Handle takes a signal from the client. It returns when the signal has been
// dealt with, which takes milliseconds: nothing in it waits for the network.
//
// It fails with [ErrSignal], [ErrTooLarge], [ErrState], [ErrSDP], [ErrCodec],
// [ErrTracks] or [ErrClosed], and nothing has changed then; except that a
// description that passes all checks and is still refused by the WebRTC stack
// ends the connection that it was for. Publishing again begins a new connection; a new
// subscribe connection is offered at once.
func (p *Peer) Handle(s Signal) error {
	if err := s.Check(); err != nil {
		return err
	}
	if p.cut.Load() {
		return ErrClosed
	}
	if s.Type == Left {
		p.call.remove(p)
		return nil
	}
	r := request{signal: s, reply: make(chan error, 1)}
	select {
	case p.requests <- r:
	case <-p.quit:
		return ErrClosed
	}
	select {
	case err := <-r.reply:
		return err
	case <-p.done:
		return ErrClosed
	}
}

func (p *Peer) start() {
	running := &p.call.node.running
	running.Go(p.run)
	running.Go(p.deliver)
	p.poke()
}

// stop ends the peer and waits for its connections to be closed.
func (p *Peer) stop() {
	p.quitOnce.Do(func() { close(p.quit) })
	<-p.done
}

// poke makes the peer look at the call again.
func (p *Peer) poke() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// post puts a signal in line for the client.
func (p *Peer) post(s Signal) {
	select {
	case p.outbox <- s:
	default:
		if p.cut.CompareAndSwap(false, true) {
			p.call.node.logger.Warn("media: removing a peer that takes no signals")
			go p.call.remove(p)
		}
	}
}

func (p *Peer) deliver() {
	for {
		select {
		case s := <-p.outbox:
			if p.cut.Load() {
				return
			}
			p.send(s)
		case <-p.quit:
			return
		}
	}
}

func (p *Peer) run() {
	defer close(p.done)
	reports := time.NewTicker(reportInterval)
	defer reports.Stop()
	feedback := time.NewTicker(feedbackInterval)
	defer feedback.Stop()
	for {
		select {
		case <-p.quit:
			p.publisher.close()
			p.subscriber.close()
			return
		case r := <-p.requests:
			r.reply <- p.handle(r.signal)
		case <-p.wake:
			p.publisher.mend()
			p.subscriber.reconcile()
		case <-feedback.C:
			p.publisher.feedback()
		case now := <-reports.C:
			p.publisher.report(now)
			p.subscriber.report(now)
			p.subscriber.mend(now)
		}
	}
}

func (p *Peer) handle(s Signal) error {
	switch s.Type {
	case PublishOffer:
		return p.publisher.offer(s)
	case SubscribeAnswer:
		return p.subscriber.answer(s)
	case Restart:
		return p.subscriber.requestRestart()
	case KeyFrame:
		return p.subscriber.requestKeyFrames(s.Tracks)
	case Candidate: // an ICE-lite agent has no use for it
		return nil
	}
	return fmt.Errorf("%w: type", ErrSignal)
}

// gathered returns the local description with the candidates in it.
func gathered(pc *webrtc.PeerConnection, set func() error) (string, error) {
	complete := webrtc.GatheringCompletePromise(pc)
	if err := set(); err != nil {
		return "", err
	}
	select {
	case <-complete:
		return pc.LocalDescription().SDP, nil
	case <-time.After(gatherTimeout):
		return "", fmt.Errorf("media: no candidates within %v", gatherTimeout)
	}
}
