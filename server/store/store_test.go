package store_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/server/servertest"
	"github.com/ensemble-sante/ensemble/server/store"
)

func open(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{DSN: servertest.Database(t)})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func id() []byte { return identityBytes() }

func TestAnAppendIsAllOrNothing(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	room := id()
	require.NoError(t, s.InsertRoom(ctx, store.InsertRoomParams{RoomID: room, Kind: 1, Seq: 1, Chain: make([]byte, 32),
		Time: 1, GroupInfo: []byte{1}, Snapshot: []byte{1}, SnapshotSeq: 1}))

	append1 := func(entry []byte, seq int64, commit bool) error {
		a, err := s.BeginAppending(ctx, store.AppendingParams{
			Rooms: [][]byte{room}, Known: store.KnownEntriesParams{Rooms: [][]byte{room}, Ids: [][]byte{entry}},
		})
		require.NoError(t, err)
		require.Len(t, a.Rooms, 1)
		require.Empty(t, a.Known)
		require.Empty(t, a.Revoked)
		defer a.Rollback(context.Background())
		a.Entries(store.InsertEntriesParams{Rooms: [][]byte{room}, Seqs: []int64{seq}, Ids: [][]byte{entry}, Kinds: []int16{2},
			Times: []int64{seq}, Payloads: [][]byte{{byte(seq)}}, Chains: [][]byte{make([]byte, 32)}})
		a.Move(store.MoveRoomsParams{Rooms: [][]byte{room}, Seqs: []int64{seq}, Chains: [][]byte{make([]byte, 32)}, Times: []int64{seq}, Epochs: []int64{0}})
		if !commit {
			return nil
		}
		return a.Commit(ctx)
	}
	require.NoError(t, append1(id(), 2, true))
	require.NoError(t, append1(id(), 3, false), "rolled back")
	seq, err := s.RoomSeq(ctx, room)
	require.NoError(t, err)
	require.EqualValues(t, 2, seq)

	twice := id()
	require.NoError(t, append1(twice, 3, true))
	err = func() error { // the same place again: refused by the index, and the connection is usable after
		a, err := s.BeginAppending(ctx, store.AppendingParams{
			Rooms: [][]byte{room}, Known: store.KnownEntriesParams{Rooms: [][]byte{room}, Ids: [][]byte{twice}},
		})
		require.NoError(t, err)
		require.Len(t, a.Known, 1)
		a.Entries(store.InsertEntriesParams{Rooms: [][]byte{room}, Seqs: []int64{3}, Ids: [][]byte{id()}, Kinds: []int16{2},
			Times: []int64{3}, Payloads: [][]byte{{3}}, Chains: [][]byte{make([]byte, 32)}})
		return a.Commit(ctx)
	}()
	require.True(t, store.IsDuplicate(err), "%v", err)
	require.NoError(t, append1(id(), 4, true))
	entries, err := s.Entries(ctx, store.EntriesParams{RoomID: room, After: 1, Most: 10, Bytes: 1 << 20})
	require.NoError(t, err)
	require.Len(t, entries, 3)
	entries, err = s.Entries(ctx, store.EntriesParams{RoomID: room, After: 1, Most: 10, Bytes: 2})
	require.NoError(t, err)
	require.Len(t, entries, 2, "of a byte each")
	entries, err = s.Entries(ctx, store.EntriesParams{RoomID: room, After: 1, Most: 2, Bytes: 10})
	require.NoError(t, err)
	require.Len(t, entries, 2)
}

func identityBytes() []byte { i := identity.NewID(); return i[:] }
