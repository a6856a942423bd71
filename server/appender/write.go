package appender

import (
	"fmt"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/server/store"
)

// snapshotEvery is after how many entries a changed room's state is written
// again; a long log is written less often, because its state is longer.
func snapshotEvery(seq uint64) uint64 { return max(32, seq/8) }

// write queues all that the batch changes.
func (b *batch) write(tx *store.Appending) error {
	var (
		entries store.InsertEntriesParams
		moved   store.MoveRoomsParams
		parts   store.PutParticipationsParams
		kept    []*roomBatch
	)
	for _, rb := range b.order {
		if len(rb.entries) == 0 {
			continue
		}
		room, at := rb.room.Bytes(), rb.work.Place()
		if rb.changed {
			rb.open = openTo(rb.work)
			rb.changes = changes(rb.before, rb.open)
		}
		if rb.new != nil {
			if err := rb.create(tx); err != nil {
				return err
			}
		} else {
			moved.Rooms = append(moved.Rooms, room)
			moved.Seqs = append(moved.Seqs, int64(at.Seq)) //nolint:gosec // counts entries
			moved.Chains = append(moved.Chains, at.Chain[:])
			moved.Times = append(moved.Times, rb.work.Time())
			moved.Epochs = append(moved.Epochs, int64(rb.work.Epoch())) //nolint:gosec // counts commits
			if rb.groupInfo != nil {
				tx.GroupInfo(store.SetGroupInfoParams{RoomID: room, GroupInfo: rb.groupInfo})
			}
			if at.Seq >= rb.snapshotSeq+snapshotEvery(at.Seq) {
				kept = append(kept, rb)
			}
		}
		for i, e := range rb.entries {
			entries.Rooms = append(entries.Rooms, room)
			entries.Seqs = append(entries.Seqs, int64(e.Seq)) //nolint:gosec // counts entries
			entries.Ids = append(entries.Ids, rb.ids[i].Bytes())
			entries.Kinds = append(entries.Kinds, int16(e.Kind))
			entries.Times = append(entries.Times, e.Time)
			entries.Payloads = append(entries.Payloads, e.Payload)
			entries.Chains = append(entries.Chains, rb.chains[i][:])
		}
		for _, c := range rb.changes {
			parts.Rooms = append(parts.Rooms, room)
			parts.Users = append(parts.Users, c.user.Bytes())
			parts.Opens = append(parts.Opens, c.open)
			parts.Expiries = append(parts.Expiries, c.expires)
			parts.Seqs = append(parts.Seqs, int64(at.Seq)) //nolint:gosec // counts entries
		}
	}
	if len(moved.Rooms) > 0 {
		tx.Move(moved)
	}
	for _, rb := range kept { // after the rooms have moved: a snapshot is never ahead
		if err := rb.keep(tx); err != nil {
			return err
		}
	}
	tx.Entries(entries)
	if len(parts.Rooms) > 0 {
		tx.Participations(parts)
	}
	return nil
}

// create writes the row of a new room.
func (rb *roomBatch) create(tx *store.Appending) error {
	snapshot, err := rb.work.MarshalBinary()
	if err != nil {
		return fmt.Errorf("encoding the state of a room: %w", err)
	}
	at := rb.work.Place()
	tx.NewRoom(store.InsertRoomParams{
		RoomID: rb.room.Bytes(), Kind: int16(rb.new.Kind),
		CaseID: optional(rb.new.Case), SessionID: optional(rb.new.Session), ItemID: optional(rb.new.Item),
		Seq: int64(at.Seq), Chain: at.Chain[:], Time: rb.work.Time(), Epoch: int64(rb.work.Epoch()), //nolint:gosec // small
		GroupInfo: rb.groupInfo, Snapshot: snapshot, SnapshotSeq: int64(at.Seq), //nolint:gosec // small
	})
	rb.snapshotSeq = at.Seq
	return nil
}

// keep writes the state of a room.
func (rb *roomBatch) keep(tx *store.Appending) error {
	snapshot, err := rb.work.MarshalBinary()
	if err != nil {
		return fmt.Errorf("encoding the state of a room: %w", err)
	}
	at := rb.work.Place().Seq
	tx.Snapshot(store.SetSnapshotParams{RoomID: rb.room.Bytes(), Snapshot: snapshot, SnapshotSeq: int64(at)}) //nolint:gosec // counts entries
	return nil
}

func optional(id rooms.ID) []byte {
	if id.IsZero() {
		return nil
	}
	return id.Bytes()
}
