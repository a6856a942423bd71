package client

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// Storage is where a device keeps its state: a small ordered map. Keys are short
// ASCII strings. Implementations are safe for concurrent use.
type Storage interface {
	// Get gives the value of a key; nil without an error when there is none.
	Get(ctx context.Context, key string) ([]byte, error)
	// Scan gives all pairs whose key begins with prefix, in the order of keys.
	Scan(ctx context.Context, prefix string) ([]Pair, error)
	// Batch applies all operations or none, durably.
	Batch(ctx context.Context, ops []Op) error
}

// Pair is a key and its value.
type Pair struct {
	Key   string
	Value []byte
}

// Op sets a key, or deletes it where Value is nil.
type Op struct {
	Key   string
	Value []byte
}

// StorageKeySize is the length in bytes of [Config.StorageKey].
const StorageKeySize = chacha20poly1305.KeySize

// sealedStorage keeps every value under the storage key, with its key as
// additional data, so that values cannot be read, changed or moved.
type sealedStorage struct {
	inner Storage
	aead  cipher.AEAD
}

func newSealedStorage(inner Storage, key []byte) (*sealedStorage, error) {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("client: storage key: %w", err)
	}
	return &sealedStorage{inner, aead}, nil
}

func (s *sealedStorage) seal(key string, value []byte) []byte {
	out := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(value)+s.aead.Overhead())
	_, _ = rand.Read(out) // never fails
	return s.aead.Seal(out, out, value, []byte(key))
}

func (s *sealedStorage) open(key string, sealed []byte) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, fmt.Errorf("client: a stored value is too short")
	}
	value, err := s.aead.Open(nil, sealed[:n], sealed[n:], []byte(key))
	if err != nil {
		return nil, fmt.Errorf("client: a stored value was changed, or sealed under another key")
	}
	return value, nil
}

func (s *sealedStorage) get(ctx context.Context, key string) ([]byte, error) {
	b, err := s.inner.Get(ctx, key)
	if err != nil || b == nil {
		return nil, err
	}
	return s.open(key, b)
}

func (s *sealedStorage) scan(ctx context.Context, prefix string) ([]Pair, error) {
	pairs, err := s.inner.Scan(ctx, prefix)
	if err != nil {
		return nil, err
	}
	for i := range pairs {
		if pairs[i].Value, err = s.open(pairs[i].Key, pairs[i].Value); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

func (s *sealedStorage) batch(ctx context.Context, ops []Op) error {
	if len(ops) == 0 {
		return nil
	}
	sealed := make([]Op, len(ops))
	for i, op := range ops {
		sealed[i].Key = op.Key
		if op.Value != nil {
			sealed[i].Value = s.seal(op.Key, op.Value)
		}
	}
	if err := s.inner.Batch(ctx, sealed); err != nil {
		return fmt.Errorf("client: writing to storage: %w", err)
	}
	return nil
}
