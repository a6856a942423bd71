package media

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	keyFrameInterval = 300 * time.Millisecond // at least so long between two requests
	keyFrameRepeat   = 500 * time.Millisecond // a request not answered by then is repeated
	keyFrameTries    = 6
)

// keyFrames merges the requests of all receivers for a key frame of one uplink
// into few to the publisher, and repeats them until one passes.
type keyFrames struct {
	pending atomic.Bool
	send    func() // asks the publisher

	mu     sync.Mutex
	timer  *time.Timer
	last   time.Time
	tries  int
	closed bool
}

// request asks for a key frame that begins after this call. It may be called for
// every packet.
func (k *keyFrames) request() {
	if k.pending.Load() || k.pending.Swap(true) {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return
	}
	k.tries = 0
	k.schedule(max(0, time.Until(k.last.Add(keyFrameInterval))))
}

// seen notes that a key frame begins to pass.
func (k *keyFrames) seen() {
	if k.pending.Load() {
		k.pending.Store(false)
	}
}

func (k *keyFrames) schedule(d time.Duration) {
	if k.timer == nil {
		k.timer = time.AfterFunc(d, k.fire)
	} else {
		k.timer.Reset(d)
	}
}

func (k *keyFrames) fire() {
	k.mu.Lock()
	if k.closed || !k.pending.Load() {
		k.mu.Unlock()
		return
	}
	k.last = time.Now()
	if k.tries++; k.tries < keyFrameTries {
		k.schedule(keyFrameRepeat)
	} else {
		k.pending.Store(false)
	}
	k.mu.Unlock()
	k.send()
}

func (k *keyFrames) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	if k.timer != nil {
		k.timer.Stop()
	}
}
