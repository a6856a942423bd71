-- name: PutCursor :execrows
INSERT INTO cursors AS c (room_id, user_id, seq) VALUES (@room_id, @user_id, @seq)
ON CONFLICT (room_id, user_id) DO UPDATE SET seq = excluded.seq, updated_at = now()
WHERE c.seq < excluded.seq;

-- name: Cursors :many
SELECT user_id, seq FROM cursors WHERE room_id = @room_id ORDER BY user_id;

-- name: PutHistoryRequest :one
INSERT INTO history_requests AS h (request_id, room_id, user_id, device_id, from_epoch, to_epoch, not_by)
VALUES (@request_id, @room_id, @user_id, @device_id, @from_epoch, @to_epoch, @not_by)
ON CONFLICT (room_id, device_id) DO UPDATE
SET from_epoch = excluded.from_epoch, to_epoch = excluded.to_epoch, not_by = excluded.not_by, offered_to = NULL, offered_at = NULL
RETURNING request_id;

-- name: DueHistoryRequests :many
SELECT request_id, room_id, user_id, device_id, from_epoch, to_epoch, offered_to, offered_at, offers, not_by FROM history_requests
WHERE room_id = ANY(@rooms::bytea[]) AND (offered_at IS NULL OR offered_at < @before)
ORDER BY created_at LIMIT 256;

-- name: OfferHistoryRequest :execrows
-- Only one node wins when several offer the same request at once.
UPDATE history_requests SET offered_to = @device_id, offered_at = clock_timestamp(), offers = offers + 1
WHERE request_id = @request_id AND (offered_at IS NULL OR offered_at < @before);

-- name: HistoryRequestOf :one
SELECT request_id, from_epoch, to_epoch, offered_to, not_by FROM history_requests
WHERE room_id = @room_id AND device_id = @device_id;

-- name: DeleteHistoryRequest :exec
DELETE FROM history_requests WHERE room_id = @room_id AND device_id = @device_id;

-- name: InsertMail :exec
INSERT INTO mailbox (mail_id, device_id, user_id, room_id, from_user, from_device, sealed)
VALUES (@mail_id, @device_id, @user_id, @room_id, @from_user, @from_device, @sealed)
ON CONFLICT (mail_id) DO NOTHING;

-- name: Mailbox :many
SELECT m.mail_id, m.room_id, m.from_user, m.from_device, m.sealed FROM mailbox m
JOIN participations p ON p.room_id = m.room_id AND p.user_id = m.user_id
WHERE m.device_id = @device_id AND p.open AND (p.expires = 0 OR p.expires > @now::bigint)
ORDER BY m.created_at, m.mail_id LIMIT @most;

-- name: DeleteMails :exec
DELETE FROM mailbox WHERE device_id = @device_id AND mail_id = ANY(@mails::bytea[]);

-- name: DevicesWithMail :many
SELECT DISTINCT device_id FROM mailbox WHERE device_id = ANY(@devices::bytea[]) AND created_at > @since;

-- name: InsertAudit :exec
INSERT INTO audit (time, room_id, user_id, device_id, what, target)
SELECT unnest(@times::bigint[]), unnest(@rooms::bytea[]), unnest(@users::bytea[]), unnest(@devices::bytea[]),
	unnest(@whats::text[]), unnest(@targets::bytea[]);

-- name: Audit :many
SELECT time, user_id, device_id, what, target FROM audit WHERE room_id = @room_id ORDER BY number DESC LIMIT @most;
