package media

import (
	"sync"
	"time"
)

const (
	nackDelay  = 10 * time.Millisecond // a packet may be out of order for this long
	nackRepeat = 80 * time.Millisecond // then it is asked for again
	nackTries  = 8                     // and again, so often
	maxMissing = 256                   // more than this are not worth asking for: a key frame is
)

// losses remembers which packets of an uplink are missing and when to ask for
// them. Its lock is taken when a gap is seen and when a timer fires, and not for
// packets that come in order.
type losses struct {
	mu      sync.Mutex
	missing []missing
	timer   *time.Timer
	closed  bool

	have    func(seq uint16) bool // has the packet arrived by now?
	request func(seqs []uint16)   // ask for these
	give    func()                // too much is missing: ask for a key frame
}

type missing struct {
	seq   uint16
	tries int
	due   time.Time
}

// gap notes that the packets from first up to but not including next have not
// arrived.
func (l *losses) gap(first, next uint16, now time.Time) {
	n := int(next - first)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	if n+len(l.missing) > maxMissing {
		l.missing = l.missing[:0]
		go l.give()
		return
	}
	for seq := first; seq != next; seq++ {
		l.missing = append(l.missing, missing{seq: seq, due: now.Add(nackDelay)})
	}
	l.arm(now)
}

// arm sets the timer to the earliest request. l.mu is held.
func (l *losses) arm(now time.Time) {
	if len(l.missing) == 0 {
		return
	}
	due := l.missing[0].due
	for _, m := range l.missing {
		if m.due.Before(due) {
			due = m.due
		}
	}
	d := max(due.Sub(now), time.Millisecond)
	if l.timer == nil {
		l.timer = time.AfterFunc(d, l.fire)
	} else {
		l.timer.Reset(d)
	}
}

func (l *losses) fire() {
	now := time.Now()
	var ask []uint16
	lost := false
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	kept := l.missing[:0]
	for _, m := range l.missing {
		switch {
		case l.have(m.seq):
			continue
		case now.Before(m.due):
		case m.tries == nackTries:
			lost = true
			continue
		default:
			ask = append(ask, m.seq)
			m.tries++
			m.due = now.Add(nackRepeat)
		}
		kept = append(kept, m)
	}
	l.missing = kept
	l.arm(now)
	l.mu.Unlock()

	if len(ask) > 0 {
		l.request(ask)
	}
	if lost {
		l.give()
	}
}

// close ends all asking.
func (l *losses) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.missing = nil
	if l.timer != nil {
		l.timer.Stop()
	}
}
