package sframe

import (
	"fmt"
	"slices"
	"sync"
)

// maxContexts is the most contexts that a receiver keeps for one leaf in one
// epoch: tracks × page loads.
const maxContexts = 64

// Receiver decrypts the frames of a call, from everybody, on all tracks: one for
// each call, so that a frame replayed on another track is noticed.
type Receiver struct {
	suite CipherSuite

	mu       sync.Mutex
	current  *epoch
	previous *epoch
}

// epoch holds the keys of one epoch.
type epoch struct {
	number  uint64
	baseKey []byte
	leaves  map[uint32]int // the roster, with how many contexts each has shown
	streams map[uint64]*stream
}

// stream is what a receiver knows of one KID.
type stream struct {
	key    *key
	replay window
}

// NewReceiver returns a receiver that has no keys yet.
func NewReceiver(suite CipherSuite) (*Receiver, error) {
	if _, err := suite.suite(); err != nil {
		return nil, err
	}
	return &Receiver{suite: suite}, nil
}

// SetEpoch gives the receiver the base key of a newer epoch and the leaf indices
// from which frames are taken: the roster without the own leaf. The epoch before
// stays for the frames under way until [Receiver.DropPrevious], the one before that
// goes. Errors wrap ErrStaleEpoch or ErrSuite and change nothing.
func (r *Receiver) SetEpoch(number uint64, baseKey []byte, leaves []uint32) error {
	if err := checkBaseKey(r.suite, baseKey); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current != nil && number <= r.current.number {
		return fmt.Errorf("%w: %d after %d", ErrStaleEpoch, number, r.current.number)
	}
	e := &epoch{number, slices.Clone(baseKey), map[uint32]int{}, map[uint64]*stream{}}
	for _, l := range leaves {
		e.leaves[l] = 0
	}
	r.previous, r.current = r.current, e
	if r.previous != nil && uint8(r.previous.number) == uint8(number) {
		r.previous = nil // RFC 9605, section 5.2: one epoch for each value of the low bits
	}
	return nil
}

// DropPrevious forgets the epoch before the current one. It is called a few seconds
// after a change, and at once when somebody was removed.
func (r *Receiver) DropPrevious() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.previous = nil
}

// Source says under which key a frame decrypted. The name shown with the media
// comes from Leaf, not from signalling.
type Source struct {
	Epoch   uint64
	Leaf    uint32
	Context uint64
	CTR     uint64
}

// Decrypt returns the plaintext of a frame, as [Receiver.AppendDecrypt] does.
func (r *Receiver) Decrypt(metadata, frame []byte) ([]byte, error) {
	plaintext, _, err := r.AppendDecrypt(make([]byte, 0, len(frame)), metadata, frame)
	if err != nil {
		return nil, err
	}
	return plaintext, nil
}

// AppendDecrypt appends the plaintext of a frame to dst, whose spare capacity must
// not overlap frame, and returns the extended slice and where the frame comes from.
// With capacity for the plaintext, a KID seen before and a GCM suite, it allocates
// nothing. Errors wrap ErrMalformed, ErrUnknownKey, ErrReplayed or ErrNotAuthentic;
// the frame is then to be dropped and counted.
func (r *Receiver) AppendDecrypt(dst, metadata, frame []byte) ([]byte, Source, error) {
	h, n, err := ParseHeader(frame)
	if err != nil {
		return dst, Source{}, err
	}
	low, leaf, context := ParseKID(h.KID)
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.epoch(low)
	if e == nil {
		return dst, Source{}, ErrUnknownKey
	}
	s, known := e.streams[h.KID]
	if !known {
		if s, err = r.newStream(e, leaf, h.KID); err != nil {
			return dst, Source{}, err
		}
	}
	if !s.replay.fresh(h.CTR) {
		return dst, Source{}, ErrReplayed
	}
	dst, err = s.key.open(dst, frame[:n], h.CTR, metadata, frame[n:])
	if err != nil {
		return dst, Source{}, err
	}
	s.replay.mark(h.CTR)
	if !known {
		e.streams[h.KID] = s
		e.leaves[leaf]++
	}
	return dst, Source{e.number, leaf, context, h.CTR}, nil
}

func (r *Receiver) epoch(low uint8) *epoch {
	for _, e := range [...]*epoch{r.current, r.previous} {
		if e != nil && uint8(e.number) == low {
			return e
		}
	}
	return nil
}

// newStream derives the key of a KID. It is kept only once a frame has decrypted,
// so that forged KIDs cost no memory.
func (r *Receiver) newStream(e *epoch, leaf uint32, kid uint64) (*stream, error) {
	contexts, member := e.leaves[leaf]
	if !member || contexts >= maxContexts {
		return nil, ErrUnknownKey
	}
	k, err := newKey(r.suite, kid, e.baseKey)
	if err != nil {
		return nil, err
	}
	return &stream{key: k}, nil
}

// window remembers which of the newest counters were seen (as RFC 6479 does for
// packets).
type window struct {
	top  uint64 // the highest seen
	any  bool
	bits [windowSize / 64]uint64 // bit ctr % windowSize
}

const windowSize = 1024

func (w *window) fresh(ctr uint64) bool {
	switch {
	case !w.any || ctr > w.top:
		return true
	case w.top-ctr >= windowSize:
		return false
	}
	return w.bits[ctr%windowSize/64]&(1<<(ctr%64)) == 0
}

// mark remembers a fresh counter.
func (w *window) mark(ctr uint64) {
	if !w.any || ctr > w.top {
		if !w.any || ctr-w.top >= windowSize {
			w.bits = [windowSize / 64]uint64{}
		} else {
			for c := w.top + 1; c < ctr; c++ {
				w.bits[c%windowSize/64] &^= 1 << (c % 64)
			}
		}
		w.top, w.any = ctr, true
	}
	w.bits[ctr%windowSize/64] |= 1 << (ctr % 64)
}
