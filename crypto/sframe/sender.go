package sframe

import (
	"fmt"
	"sync"
)

// Sender encrypts the frames of one track of one device, in the order in which
// they are given.
type Sender struct {
	suite   CipherSuite
	context uint64

	mu    sync.Mutex
	epoch uint64
	kid   uint64
	key   *key
	ctr   uint64 // the next
	spent bool   // the last counter was used
}

// NewSender returns a sender for a leaf of the call's group. The context must never
// have been given to another Sender of this leaf, also not before a restart or in
// another process: it is what keeps nonces apart.
func NewSender(suite CipherSuite, epoch uint64, leaf uint32, context uint64, baseKey []byte) (*Sender, error) {
	s := &Sender{suite: suite, context: context}
	if err := s.setKey(epoch, leaf, baseKey); err != nil {
		return nil, err
	}
	return s, nil
}

// SetEpoch makes the sender use the key of a newer epoch, from the next frame on.
// Its counter goes on. Ask the encoder for a key frame with it. Errors wrap
// ErrStaleEpoch, ErrSuite or ErrMalformed and change nothing.
func (s *Sender) SetEpoch(epoch uint64, leaf uint32, baseKey []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if epoch <= s.epoch {
		return fmt.Errorf("%w: %d after %d", ErrStaleEpoch, epoch, s.epoch)
	}
	return s.setKey(epoch, leaf, baseKey)
}

func (s *Sender) setKey(epoch uint64, leaf uint32, baseKey []byte) error {
	kid, err := KID(epoch, leaf, s.context)
	if err != nil {
		return err
	}
	if err := checkBaseKey(s.suite, baseKey); err != nil {
		return err
	}
	k, err := newKey(s.suite, kid, baseKey)
	if err != nil {
		return err
	}
	s.epoch, s.kid, s.key = epoch, kid, k
	return nil
}

func checkBaseKey(c CipherSuite, baseKey []byte) error {
	if n := c.BaseKeySize(); n == 0 || len(baseKey) != n {
		return fmt.Errorf("%w: %s with a base key of %d bytes", ErrSuite, c, len(baseKey))
	}
	return nil
}

// KID returns the present key id.
func (s *Sender) KID() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kid
}

// Encrypt returns a new frame that holds plaintext and authenticates metadata.
func (s *Sender) Encrypt(metadata, plaintext []byte) ([]byte, error) {
	dst := make([]byte, 0, MaxHeader+len(plaintext)+16)
	return s.AppendEncrypt(dst, metadata, plaintext)
}

// AppendEncrypt appends the frame to dst, whose spare capacity must not overlap
// plaintext, and returns the extended slice. With capacity for [MaxHeader] bytes,
// plaintext and tag, and a GCM suite, it allocates nothing. Once ErrExhausted, it
// stays so.
func (s *Sender) AppendEncrypt(dst, metadata, plaintext []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spent {
		return dst, ErrExhausted
	}
	ctr := s.ctr
	s.ctr++
	s.spent = s.ctr == 0
	return s.key.seal(dst, s.kid, ctr, metadata, plaintext), nil
}
