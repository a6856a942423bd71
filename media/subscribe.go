package media

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// maxReports is the number of sender reports that go into one packet.
const maxReports = 40

// answerTimeout is how long an offer is given before a client that asks for a
// restart is taken to have failed on it.
const answerTimeout = 5 * time.Second

// subscriber is a peer's subscribe connection: the node offers, the downlinks go
// out. The peer's goroutine owns it; pion's goroutines call its state handler.
type subscriber struct {
	peer *Peer
	pc   *connection

	links   map[*Uplink]*Downlink
	free    map[Medium][]*webrtc.RTPTransceiver // sections without a track, to be used again
	pending bool                                // an offer is out
	offered time.Time                           // since then
	restart bool                                // the next offer restarts ICE
	told    []Track                             // what the client knows to exist

	broken    atomic.Bool
	connected atomic.Bool
}

// reconcile brings the connection to what the call publishes. While an offer is
// out it only ends what is to end; the rest follows the answer.
func (s *subscriber) reconcile() {
	theirs := s.peer.call.uplinksFor(s.peer)
	s.tell(theirs)
	for u, d := range s.links {
		if !slices.Contains(theirs, u) {
			d.close()
		}
	}
	if s.connected.Swap(false) {
		s.refresh()
	}
	if s.broken.Swap(false) {
		s.restart = true
	}
	if s.pc != nil && s.pc.ConnectionState() == webrtc.PeerConnectionStateClosed {
		s.drop() // the client has closed it
	}
	if s.pending {
		return
	}
	changed := s.restart && s.pc != nil
	for u, d := range s.links {
		if d.closed.Load() {
			s.unlink(u, d)
			changed = true
		}
	}
	for _, u := range theirs {
		if s.links[u] != nil {
			continue
		}
		if err := s.link(u); err != nil {
			s.fail(err)
			return
		}
		changed = true
	}
	if changed {
		if err := s.offer(); err != nil {
			s.fail(err)
		}
	}
}

// tell sends the list of tracks if it has changed.
func (s *subscriber) tell(theirs []*Uplink) {
	tracks := make([]Track, len(theirs))
	for i, u := range theirs {
		tracks[i] = u.describe("")
	}
	if slices.Equal(tracks, s.told) {
		return
	}
	s.told = tracks
	s.peer.post(Signal{Type: Tracks, Tracks: tracks})
}

// link adds a section for u to the connection.
func (s *subscriber) link(u *Uplink) error {
	if s.pc == nil {
		if err := s.connect(); err != nil {
			return err
		}
	}
	d := &Downlink{uplink: u, peer: s.peer}
	if free := s.free[u.medium]; len(free) > 0 {
		d.transceiver = free[0]
		s.free[u.medium] = free[1:]
		sender, err := s.pc.api.NewRTPSender(d, s.pc.SCTP().Transport())
		if err != nil {
			return fmt.Errorf("media: making a sender: %w", err)
		}
		if err := d.transceiver.SetSender(sender, d); err != nil {
			return fmt.Errorf("media: using a section again: %w", err)
		}
	} else {
		t, err := s.pc.AddTransceiverFromTrack(d, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			return fmt.Errorf("media: adding a section: %w", err)
		}
		d.transceiver = t
	}
	sender := d.transceiver.Sender()
	s.peer.call.node.running.Go(func() { d.readRTCP(sender) })
	s.links[u] = d
	u.attach(d)
	return nil
}

// unlink frees the section of a downlink that has been closed.
func (s *subscriber) unlink(u *Uplink, d *Downlink) {
	delete(s.links, u)
	if err := s.pc.RemoveTrack(d.transceiver.Sender()); err != nil {
		s.peer.call.node.logger.Debug("media: removing a track", "error", err)
		return
	}
	s.free[u.medium] = append(s.free[u.medium], d.transceiver)
}

func (s *subscriber) connect() error {
	pc, err := s.peer.call.node.newSubscribeConnection()
	if err != nil {
		return err
	}
	s.pc = pc
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		switch state {
		case webrtc.PeerConnectionStateConnected:
			s.connected.Store(true)
		case webrtc.PeerConnectionStateDisconnected, webrtc.PeerConnectionStateFailed:
			s.broken.Store(true)
		default:
			return
		}
		s.peer.poke()
	})
	return nil
}

// offer sends an offer. None is out.
func (s *subscriber) offer() error {
	options := webrtc.OfferOptions{ICERestart: s.restart && s.pc.CurrentRemoteDescription() != nil}
	desc, err := s.pc.CreateOffer(&options)
	if err != nil {
		return err
	}
	sdp, err := gathered(s.pc.PeerConnection, func() error { return s.pc.SetLocalDescription(desc) })
	if err != nil {
		return err
	}
	signal := Signal{Type: SubscribeOffer, SDP: sdp}
	for u, d := range s.links {
		signal.Tracks = append(signal.Tracks, u.describe(d.transceiver.Mid()))
	}
	slices.SortFunc(signal.Tracks, byMID)
	s.pending, s.restart, s.offered = true, false, time.Now()
	s.peer.post(signal)
	return nil
}

// answer takes the client's answer to the offer that is out.
func (s *subscriber) answer(signal Signal) error {
	if !s.pending {
		return fmt.Errorf("%w: answer without an offer", ErrState)
	}
	if err := checkAnswer(signal.SDP, s.pc.LocalDescription().SDP); err != nil {
		return err
	}
	err := s.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: signal.SDP})
	if err != nil {
		s.drop()
		s.peer.poke()
		return fmt.Errorf("%w: %w", ErrSDP, err)
	}
	s.pending = false
	s.refresh()
	s.reconcile()
	return nil
}

// refresh asks for the key frames without which a downlink cannot begin.
func (s *subscriber) refresh() {
	for u, d := range s.links {
		if u.medium.Video() && !d.started.Load() {
			u.keyFrames.request()
		}
	}
}

func (s *subscriber) requestRestart() error {
	if s.pc == nil {
		return fmt.Errorf("%w: no connection to restart", ErrState)
	}
	s.restart = true
	s.reconcile()
	return nil
}

func (s *subscriber) requestKeyFrames(tracks []Track) error {
	uplinks := make([]*Uplink, 0, len(tracks))
	for _, t := range tracks {
		found := false
		for u, d := range s.links {
			if d.transceiver.Mid() == t.MID {
				uplinks = append(uplinks, u)
				found = true
			}
		}
		if !found {
			return fmt.Errorf("%w: no such section", ErrTracks)
		}
	}
	for _, u := range uplinks {
		if u.medium.Video() {
			u.keyFrames.request()
		}
	}
	return nil
}

// mend begins a new connection if the client wants a restart and does not answer
// the offer that is out: it could not use it.
func (s *subscriber) mend(now time.Time) {
	if s.pending && s.restart && now.Sub(s.offered) > answerTimeout {
		s.drop()
		s.reconcile()
	}
}

// report sends sender reports for what goes out.
func (s *subscriber) report(now time.Time) {
	if s.pc == nil || s.pc.ConnectionState() != webrtc.PeerConnectionStateConnected {
		return
	}
	reports := make([]rtcp.Packet, 0, len(s.links))
	for _, d := range s.links {
		if r, ok := d.report(now); ok {
			reports = append(reports, r)
		}
	}
	for some := range slices.Chunk(reports, maxReports) {
		_ = s.pc.WriteRTCP(some) // the next ones make up for it
	}
}

// fail gives up a connection that cannot be negotiated. The next change in the
// call, or the client's wish for a restart, begins a new one.
func (s *subscriber) fail(err error) {
	s.peer.call.node.logger.Warn("media: negotiation failed", "error", err)
	s.drop()
}

// drop ends the connection and its downlinks.
func (s *subscriber) drop() {
	for _, d := range s.links {
		d.close()
	}
	clear(s.links)
	clear(s.free)
	s.pending, s.restart = false, false
	if s.pc != nil {
		_ = s.pc.GracefulClose()
		s.pc = nil
	}
	s.broken.Store(false)
}

func (s *subscriber) close() { s.drop() }

func byMID(a, b Track) int { return strings.Compare(a.MID, b.MID) }
