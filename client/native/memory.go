package native

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/ensemble-sante/ensemble/client"
)

// Memory is storage that lives as long as the process, for tests and tools.
type Memory struct {
	mu    sync.Mutex
	pairs map[string][]byte
}

// NewMemory gives empty storage.
func NewMemory() *Memory { return &Memory{pairs: map[string][]byte{}} }

// Get implements [client.Storage].
func (m *Memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.pairs[key]), nil
}

// Scan implements [client.Storage].
func (m *Memory) Scan(_ context.Context, prefix string) ([]client.Pair, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []client.Pair
	for k, v := range m.pairs {
		if strings.HasPrefix(k, prefix) {
			out = append(out, client.Pair{Key: k, Value: bytes.Clone(v)})
		}
	}
	slices.SortFunc(out, func(a, b client.Pair) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}

// Batch implements [client.Storage].
func (m *Memory) Batch(_ context.Context, ops []client.Op) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, op := range ops {
		if op.Value == nil {
			delete(m.pairs, op.Key)
		} else {
			m.pairs[op.Key] = bytes.Clone(op.Value)
		}
	}
	return nil
}

// Copy gives storage with the same content: what somebody holds who has taken
// the device, or a device that was closed at this instant.
func (m *Memory) Copy() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := NewMemory()
	for k, v := range m.pairs {
		out.pairs[k] = bytes.Clone(v)
	}
	return out
}
