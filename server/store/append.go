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

	Rooms   []LockRoomsRow    // those of the rooms that exist
	Known   []KnownEntriesRow // those of the entries that are there already
	Revoked [][]byte          // those of the devices that are revoked

	conn  *pgxpool.Conn
	write pgx.Batch
	done  bool
}

// AppendingParams says what an append is about.
type AppendingParams struct {
	Rooms   [][]byte           // locked in the order of their ids
	Known   KnownEntriesParams // entries (room, id) that may be there already
	Devices [][]byte           // that append
}

// BeginAppending locks rooms, and finds what is known of entries and devices.
func (s *Store) BeginAppending(ctx context.Context, p AppendingParams) (_ *Appending, err error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("beginning an append: %w", err)
	}
	a := &Appending{Queries: New(conn), conn: conn}
	defer func() {
		if err != nil {
			a.Rollback(ctx)
		}
	}()
	var batch pgx.Batch
	batch.Queue("BEGIN")
	batch.Queue(lockRooms, p.Rooms)
	batch.Queue(knownEntries, p.Known.Rooms, p.Known.Ids)
	batch.Queue(revokedDevices, p.Devices)
	results := conn.SendBatch(ctx, &batch)
	err = a.read(results)
	if err := errors.Join(err, results.Close()); err != nil {
		return nil, fmt.Errorf("locking rooms: %w", err)
	}
	return a, nil
}

func (a *Appending) read(results pgx.BatchResults) error {
	if _, err := results.Exec(); err != nil {
		return err
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	if a.Rooms, err = pgx.CollectRows(rows, pgx.RowToStructByPos[LockRoomsRow]); err != nil {
		return err
	}
	if rows, err = results.Query(); err != nil {
		return err
	}
	if a.Known, err = pgx.CollectRows(rows, pgx.RowToStructByPos[KnownEntriesRow]); err != nil {
		return err
	}
	if rows, err = results.Query(); err != nil {
		return err
	}
	a.Revoked, err = pgx.CollectRows(rows, pgx.RowTo[[]byte])
	return err
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
