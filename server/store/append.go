package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// An Appending is a transaction that appends entries to rooms: it holds the rows
// of its rooms from Lock to Commit. It makes two round trips: one that begins,
// locks and looks up, one that writes and commits. Whoever begins one ends it
// with Commit or Rollback. It is used by one goroutine.
type Appending struct {
	*Queries // for what is read in between, under the locks
	conn     *pgxpool.Conn
	write    pgx.Batch
	done     bool
}

// BeginAppending locks rooms, in the order of their ids, and finds which of the
// entries (room, id) are there already. Rooms that do not exist are not among
// the rows.
func (s *Store) BeginAppending(ctx context.Context, rooms [][]byte, known KnownEntriesParams) (_ *Appending, _ []LockRoomsRow, _ []KnownEntriesRow, err error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("beginning an append: %w", err)
	}
	a := &Appending{Queries: New(conn), conn: conn}
	defer func() {
		if err != nil {
			a.Rollback(ctx)
		}
	}()
	var batch pgx.Batch
	batch.Queue("BEGIN")
	batch.Queue(lockRooms, rooms)
	batch.Queue(knownEntries, known.Rooms, known.Ids)
	results := conn.SendBatch(ctx, &batch)
	locked, found, err := readLocked(results)
	if err := errors.Join(err, results.Close()); err != nil {
		return nil, nil, nil, fmt.Errorf("locking rooms: %w", err)
	}
	return a, locked, found, nil
}

func readLocked(results pgx.BatchResults) (locked []LockRoomsRow, found []KnownEntriesRow, err error) {
	if _, err := results.Exec(); err != nil {
		return nil, nil, err
	}
	rows, err := results.Query()
	if err != nil {
		return nil, nil, err
	}
	if locked, err = pgx.CollectRows(rows, pgx.RowToStructByPos[LockRoomsRow]); err != nil {
		return nil, nil, err
	}
	if rows, err = results.Query(); err != nil {
		return nil, nil, err
	}
	found, err = pgx.CollectRows(rows, pgx.RowToStructByPos[KnownEntriesRow])
	return locked, found, err
}

// NewRoom writes a room; if somebody else did meanwhile, Commit fails with an
// error that IsDuplicate knows.
func (a *Appending) NewRoom(r InsertRoomParams) {
	a.write.Queue(insertRoom, r.RoomID, r.Kind, r.CaseID, r.SessionID, r.ItemID, r.Seq, r.Chain, r.Time, r.Epoch,
		r.GroupInfo, r.Snapshot, r.SnapshotSeq)
}

// Entries writes entries.
func (a *Appending) Entries(e InsertEntriesParams) {
	a.write.Queue(insertEntries, e.Rooms, e.Seqs, e.Ids, e.Kinds, e.Times, e.Payloads, e.Chains)
}

// Move writes where rooms stand now.
func (a *Appending) Move(m MoveRoomsParams) {
	a.write.Queue(moveRooms, m.Rooms, m.Seqs, m.Chains, m.Times, m.Epochs)
}

// Snapshot writes a room's folded state.
func (a *Appending) Snapshot(s SetSnapshotParams) {
	a.write.Queue(setSnapshot, s.Snapshot, s.SnapshotSeq, s.RoomID)
}

// GroupInfo writes a room's GroupInfo.
func (a *Appending) GroupInfo(g SetGroupInfoParams) {
	a.write.Queue(setGroupInfo, g.GroupInfo, g.RoomID)
}

// Participations writes who is let in.
func (a *Appending) Participations(p PutParticipationsParams) {
	a.write.Queue(putParticipations, p.Rooms, p.Users, p.Opens, p.Expiries, p.Seqs)
}

// Commit sends what was written and makes it durable. When it fails after the
// connection broke nobody knows whether it happened.
func (a *Appending) Commit(ctx context.Context) error {
	a.write.Queue("COMMIT")
	err := a.conn.SendBatch(ctx, &a.write).Close()
	if err != nil {
		a.Rollback(ctx)
		return fmt.Errorf("committing an append: %w", err)
	}
	a.done = true
	a.conn.Release()
	return nil
}

// Rollback ends the transaction without a change, and does nothing after Commit.
func (a *Appending) Rollback(ctx context.Context) {
	if a.done {
		return
	}
	a.done = true
	if !a.conn.Conn().IsClosed() {
		if _, err := a.conn.Exec(context.WithoutCancel(ctx), "ROLLBACK"); err != nil {
			_ = a.conn.Conn().Close(context.WithoutCancel(ctx)) // the server rolls back
		}
	}
	a.conn.Release()
}
