-- name: LockRooms :many
-- Locks in the order of ids, so that nodes never wait for each other in a circle.
SELECT room_id, seq, chain, snapshot_seq FROM rooms
WHERE room_id = ANY(@rooms::bytea[]) ORDER BY room_id FOR UPDATE;

-- name: KnownEntries :many
SELECT e.room_id, e.entry_id, e.seq, e.time, e.kind, e.payload FROM entries e
JOIN (SELECT unnest(@rooms::bytea[]) AS room_id, unnest(@ids::bytea[]) AS entry_id) AS k
ON e.room_id = k.room_id AND e.entry_id = k.entry_id;

-- name: InsertRoom :exec
INSERT INTO rooms (room_id, kind, case_id, session_id, item_id, seq, chain, time, epoch, group_info, snapshot, snapshot_seq)
VALUES (@room_id, @kind, @case_id, @session_id, @item_id, @seq, @chain, @time, @epoch, @group_info, @snapshot, @snapshot_seq);

-- name: InsertEntries :exec
INSERT INTO entries (room_id, seq, entry_id, kind, time, payload, chain)
SELECT unnest(@rooms::bytea[]), unnest(@seqs::bigint[]), unnest(@ids::bytea[]), unnest(@kinds::smallint[]),
	unnest(@times::bigint[]), unnest(@payloads::bytea[]), unnest(@chains::bytea[]);

-- name: MoveRooms :execrows
UPDATE rooms AS r SET seq = m.seq, chain = m.chain, time = m.time, epoch = m.epoch
FROM (SELECT unnest(@rooms::bytea[]) AS room_id, unnest(@seqs::bigint[]) AS seq,
	unnest(@chains::bytea[]) AS chain, unnest(@times::bigint[]) AS time, unnest(@epochs::bigint[]) AS epoch) AS m
WHERE r.room_id = m.room_id;

-- name: SetSnapshot :exec
UPDATE rooms SET snapshot = @snapshot, snapshot_seq = @snapshot_seq WHERE room_id = @room_id;

-- name: SetGroupInfo :exec
UPDATE rooms SET group_info = @group_info WHERE room_id = @room_id;

-- name: Snapshot :one
SELECT snapshot FROM rooms WHERE room_id = @room_id;

-- name: GroupInfo :one
SELECT epoch, group_info FROM rooms WHERE room_id = @room_id;

-- name: Entries :many
-- At most so many, and none that begins after so many bytes of payload; one in any case.
SELECT p.seq, p.kind, p.time, p.payload FROM (
	SELECT e.seq, e.kind, e.time, e.payload,
		sum(octet_length(e.payload)) OVER (ORDER BY e.seq) - octet_length(e.payload) AS bytes_before
	FROM (
		SELECT seq, kind, time, payload FROM entries
		WHERE room_id = @room_id AND seq > @after ORDER BY seq LIMIT @most
	) AS e
) AS p
WHERE p.bytes_before < @bytes::bigint ORDER BY p.seq;

-- name: RoomSeq :one
SELECT seq FROM rooms WHERE room_id = @room_id;

-- name: RoomSeqs :many
SELECT room_id, seq FROM rooms WHERE room_id = ANY(@rooms::bytea[]);

-- name: PutParticipations :exec
INSERT INTO participations AS p (room_id, user_id, open, expires, seq, changed_at)
SELECT unnest(@rooms::bytea[]), unnest(@users::bytea[]), unnest(@opens::boolean[]), unnest(@expiries::bigint[]),
	unnest(@seqs::bigint[]), clock_timestamp()
ON CONFLICT (room_id, user_id) DO UPDATE
SET open = excluded.open, expires = excluded.expires, seq = excluded.seq, changed_at = excluded.changed_at;

-- name: RoomsOf :many
SELECT r.room_id, r.kind, r.case_id, r.seq, r.epoch, p.open, p.expires
FROM participations p JOIN rooms r ON r.room_id = p.room_id
WHERE p.user_id = @user_id ORDER BY r.created_at, r.room_id;

-- name: ParticipationChanges :many
SELECT p.user_id, r.room_id, r.kind, r.case_id, r.seq, r.epoch, p.open, p.expires, p.seq AS changed_seq, p.changed_at
FROM participations p JOIN rooms r ON r.room_id = p.room_id
WHERE p.user_id = ANY(@users::bytea[]) AND p.changed_at > @since ORDER BY p.changed_at;

-- name: Now :one
SELECT clock_timestamp()::timestamptz;
