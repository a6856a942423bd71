package hub

import (
	"sync"

	"github.com/gorilla/websocket"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// A shard serves a part of the connections. Its goroutine owns followers and
// the follows of its connections.
type shard struct {
	hub *Hub

	mu    sync.Mutex
	more  sync.Cond
	inbox []job

	followers map[identity.ID][]*follow
	dirty     []*Conn // corked in this round
}

// A follow is one connection that gets what happens in one room.
type follow struct {
	conn   *Conn
	room   identity.ID
	pos    uint64 // the last sequence number that the connection has, or will get
	missed bool   // it was too slow: nothing more until it has drained
	at     int    // its index among the room's followers
}

type jobKind uint8

const (
	jobStop jobKind = iota
	jobGone
	jobJoin
	jobLeave
	jobPush
	jobCast
	jobKick
	jobDrained
)

// job is one thing that happened. Which fields count depends on the kind.
type job struct {
	kind     jobKind
	room     identity.ID
	conn     *Conn // gone, join, leave, drained; cast: all but this one
	seq      uint64
	push     *push
	device   identity.ID // cast: to this one only
	keep     func(Identity) bool
	kicked   func(*Conn)
	done     chan struct{}
	followed *[]identity.ID // gone: filled in
}

// push is a frame that goes to many; entries are those that it carries, with
// the sequence numbers first to last, none for a cast.
type push struct {
	first, last uint64
	entries     []wire.Entry
	frame       *websocket.PreparedMessage
	size        int
}

func newShard(h *Hub) *shard {
	s := &shard{hub: h, followers: make(map[identity.ID][]*follow)}
	s.more.L = &s.mu
	return s
}

// give puts a job into the inbox.
func (s *shard) give(j job) {
	s.mu.Lock()
	s.inbox = append(s.inbox, j)
	s.mu.Unlock()
	s.more.Signal()
}

func (s *shard) run() {
	var jobs []job
	for {
		s.mu.Lock()
		for len(s.inbox) == 0 {
			s.more.Wait()
		}
		jobs, s.inbox = s.inbox, jobs[:0]
		s.mu.Unlock()
		for i := range jobs {
			if jobs[i].kind == jobStop {
				return
			}
			s.do(&jobs[i], len(jobs) > 1)
		}
		for i, c := range s.dirty {
			c.corked = false
			c.out.uncork()
			s.dirty[i] = nil
		}
		s.dirty = s.dirty[:0]
		clear(jobs)
		if cap(jobs) > 4096 {
			jobs = nil
		}
	}
}

func (s *shard) do(j *job, several bool) {
	switch j.kind {
	case jobGone:
		for room, f := range j.conn.follows {
			*j.followed = append(*j.followed, room)
			s.remove(f)
		}
		j.conn.follows = nil
		close(j.done)
	case jobJoin:
		s.join(j.conn, j.room, j.seq)
	case jobLeave:
		if f := j.conn.follows[j.room]; f != nil {
			s.drop(f)
		}
	case jobPush:
		for _, f := range s.followers[j.room] {
			s.serve(f, j.push, several)
		}
	case jobCast:
		for _, f := range s.followers[j.room] {
			if f.conn != j.conn && (j.device.IsZero() || j.device == f.conn.Device) && !s.full(f.conn, j.push.size) {
				s.send(f.conn, j.push, several)
			}
		}
	case jobKick:
		for _, f := range append([]*follow(nil), s.followers[j.room]...) {
			if !j.keep(f.conn.Identity) {
				s.drop(f)
				j.kicked(f.conn)
			}
		}
	case jobDrained:
		s.resync(j.conn)
	}
}

func (s *shard) join(c *Conn, room identity.ID, pos uint64) {
	if f := c.follows[room]; f != nil {
		f.pos, f.missed = pos, false
		return
	}
	if c.follows == nil {
		c.follows = make(map[identity.ID]*follow)
	}
	f := &follow{conn: c, room: room, pos: pos, at: len(s.followers[room])}
	c.follows[room] = f
	s.followers[room] = append(s.followers[room], f)
}

func (s *shard) drop(f *follow) {
	delete(f.conn.follows, f.room)
	s.remove(f)
}

// remove takes f out of its room's followers, of which the order means nothing.
func (s *shard) remove(f *follow) {
	list := s.followers[f.room]
	last := len(list) - 1
	list[f.at] = list[last]
	list[f.at].at = f.at
	list[last] = nil
	if last == 0 {
		delete(s.followers, f.room)
		return
	}
	s.followers[f.room] = list[:last]
}

// serve gives one follower the entries that it does not have.
func (s *shard) serve(f *follow, p *push, several bool) {
	switch {
	case f.missed || p.last <= f.pos:
		return
	case s.full(f.conn, p.size):
		f.missed = true
		f.conn.lagging.Store(true)
		if f.conn.out.waiting() == 0 { // drained meanwhile, before it could see lagging
			s.resync(f.conn)
		}
		return
	}
	if p.first <= f.pos { // it has some of them already
		rest := p.entries[f.pos+1-p.first:]
		f.pos = p.last
		f.conn.Send(wire.OpEntries, 0, wire.Entries{Room: f.room, Entries: rest, Last: p.last})
		return
	}
	f.pos = p.last
	s.send(f.conn, p, several)
}

// resync tells a connection that has caught up on its bytes which rooms it must
// fetch, and serves them again.
func (s *shard) resync(c *Conn) {
	if !c.lagging.Swap(false) {
		return
	}
	for room, f := range c.follows {
		if f.missed {
			f.missed = false
			s.hub.resyncs.Inc()
			c.Send(wire.OpResync, 0, wire.RoomRef{Room: room})
		}
	}
}

func (s *shard) full(c *Conn, size int) bool {
	return c.out.waiting()+size > s.hub.queue && c.out.waiting() > 0
}

func (s *shard) send(c *Conn, p *push, several bool) {
	if several && !c.corked {
		c.corked = true
		c.out.cork()
		s.dirty = append(s.dirty, c)
	}
	s.hub.deliveries.Inc()
	c.sendPrepared(p.frame)
}

// drained is called when a connection that had something waiting has it no more.
func (c *Conn) drained() {
	if c.lagging.Load() {
		c.shard.give(job{kind: jobDrained, conn: c})
	}
}
