package client

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/mls"
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

// Knows makes a device run a program of when rooms began on other suites, the first of
// these, and did not move.
func (c *Core) Knows(ctx context.Context, suites ...mls.CipherSuite) error {
	return c.do(ctx, func(e *engine) error {
		e.suites = suites
		return nil
	})
}

// SuiteOf gives the cipher suite of a room, and whether this device would move it if
// nobody were there who cannot follow.
func (c *Core) SuiteOf(ctx context.Context, id ID) (suite mls.CipherSuite, held bool, err error) {
	err = c.withRoom(ctx, id, func(e *engine, r *room) error {
		if r.fold == nil {
			return rooms.Errorf(rooms.CodeUnknownRoom, "nothing of the room is here")
		}
		own, in := e.ownLeaf(r)
		suite = r.public().Group().Suite()
		held = in && knowsSuite(r.public(), own) && r.move != nil && !e.cfg.Now().Before(r.move.due) && e.somebodyCannotFollow(r)
		return nil
	})
	return suite, held, err
}

// EraseAfter erases a device in the turn in which it takes something in.
func (c *Core) EraseAfter(ctx context.Context, key string, value []byte) error {
	return c.do(ctx, func(e *engine) error {
		e.put(key, value)
		return e.erase(ctx)
	})
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

// SpoilTag flips a bit of the confirmation tag of an external commit of this device, and
// signs its GroupInfo anew: what the server can check of it holds.
func (c *Core) SpoilTag(ctx context.Context, commit, groupInfo []byte) (badCommit, badInfo []byte, err error) {
	const tagSize, signatureSize, messageHead, vectorHead = 48, 64, 4, 2 // of rooms.Suite; RFC 9420, section 6
	badCommit, badInfo = bytes.Clone(commit), bytes.Clone(groupInfo)
	tag := commit[len(commit)-tagSize:]
	at := bytes.LastIndex(groupInfo, tag)
	if at < 0 {
		return nil, nil, errState
	}
	badCommit[len(badCommit)-1] ^= 1
	badInfo[at+tagSize-1] ^= 1
	signed := badInfo[messageHead : len(badInfo)-signatureSize-vectorHead]
	label := "MLS 1.0 GroupInfoTBS" // section 5.1.2
	content := append([]byte{byte(len(label))}, label...)
	content = append(binary.BigEndian.AppendUint16(content, 1<<14|uint16(len(signed))), signed...)
	err = c.do(ctx, func(e *engine) error {
		copy(badInfo[len(badInfo)-signatureSize:], ed25519.Sign(e.device.key.SignatureKey(), content))
		return nil
	})
	return badCommit, badInfo, err
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
