package client

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
)

// Devices gives the devices in a room, as this device sees it.
func (c *Core) Devices(ctx context.Context, id ID) (devices []ID, err error) {
	err = c.withRoom(ctx, id, func(_ *engine, r *room) error {
		if r.fold == nil {
			return rooms.Errorf(rooms.CodeUnknownRoom, "nothing of the room is here")
		}
		for _, m := range r.public().Members() {
			devices = append(devices, m.Device)
		}
		return nil
	})
	return devices, err
}

// KeyLogSize gives how much of the key log this device has seen.
func (c *Core) KeyLogSize(ctx context.Context) (size uint64, err error) {
	err = c.do(ctx, func(e *engine) error {
		if e.keyLog.view != nil && !e.keyLog.asking && len(e.keyLog.chains) == 0 && len(e.keyLog.claims) == 0 {
			size = e.keyLog.view.Head().Size
		}
		return nil
	})
	return size, err
}

// Spoil makes a device grant wrong keys of a room's epochs until now to others.
func (c *Core) Spoil(ctx context.Context, id ID) error {
	return c.withRoom(ctx, id, func(_ *engine, r *room) error {
		for id := range r.keys.keys {
			r.keys.keys[id] = record.DeriveKey([]byte("another key"))
		}
		return nil
	})
}

// HeldKeys gives the record keys of a room that a device's storage holds.
func HeldKeys(t testing.TB, s Storage, storageKey []byte, room ID) []record.Key {
	t.Helper()
	store, err := newSealedStorage(s, storageKey)
	require.NoError(t, err)
	b, err := store.get(t.Context(), keyKeys+room.String())
	require.NoError(t, err)
	ring := newKeyring()
	require.NoError(t, ring.load(b))
	var keys []record.Key
	for _, k := range ring.keys {
		keys = append(keys, k)
	}
	for _, list := range ring.granted {
		keys = append(keys, list...)
	}
	return keys
}

// StoredEvents gives the sealed events of a room that a device's storage holds.
func StoredEvents(t testing.TB, s Storage, storageKey []byte, room ID) []rooms.SealedEvent {
	t.Helper()
	store, err := newSealedStorage(s, storageKey)
	require.NoError(t, err)
	pairs, err := store.scan(t.Context(), keyEntry+room.String()+"/")
	require.NoError(t, err)
	var events []rooms.SealedEvent
	for _, p := range pairs {
		var e storedEntry
		require.NoError(t, decodeState(p.Value, &e))
		if e.Kind != record.KindEvent {
			continue
		}
		sealed, err := rooms.ParseSealedEvent(e.Payload)
		require.NoError(t, err)
		events = append(events, sealed)
	}
	require.True(t, len(pairs) > 0 && strings.HasPrefix(pairs[0].Key, keyEntry))
	return events
}
