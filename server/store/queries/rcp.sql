-- name: PutInvitation :execrows
-- A lower SEQUENCE than the one already mailed is stale.
INSERT INTO invitations AS i (session_id, user_id, starts, zone, minutes, sequence, cancelled)
VALUES (@session_id, @user_id, @starts, @zone, @minutes, @sequence, @cancelled)
ON CONFLICT (session_id, user_id) DO UPDATE
SET starts = excluded.starts, zone = excluded.zone, minutes = excluded.minutes, sequence = excluded.sequence,
	cancelled = excluded.cancelled, mailed_at = now()
WHERE excluded.sequence > i.sequence OR (excluded.cancelled AND NOT i.cancelled);

-- name: InsertOutgoingMail :exec
INSERT INTO mails (mail_id, user_id, recipient, subject, body, calendar, method)
VALUES (@mail_id, @user_id, @recipient, @subject, @body, @calendar, @method);

-- name: TakeMails :many
-- Mails due, claimed for five minutes by pushing their next attempt away.
UPDATE mails SET attempts = attempts + 1, next_at = now() + interval '5 minutes'
WHERE mail_id IN (
	SELECT m.mail_id FROM mails m WHERE m.sent_at IS NULL AND m.next_at <= now()
	ORDER BY m.next_at LIMIT @most FOR UPDATE SKIP LOCKED)
RETURNING mail_id, recipient, subject, body, calendar, method, attempts;

-- name: MailSent :exec
UPDATE mails SET sent_at = now() WHERE mail_id = @mail_id;

-- name: MailFailed :exec
UPDATE mails SET next_at = @next_at WHERE mail_id = @mail_id;

-- name: Outbox :many
SELECT mail_id, user_id, recipient, subject, body, calendar, method, created_at FROM mails
ORDER BY created_at DESC LIMIT @most;

-- name: TakeLease :one
-- The node that holds the lease after this: this one, if it was free or its own.
INSERT INTO media_leases AS l (call_id, node, expires)
VALUES (@call_id, @node, clock_timestamp() + make_interval(secs => @seconds::double precision))
ON CONFLICT (call_id) DO UPDATE
SET node = CASE WHEN l.node = excluded.node OR l.expires < clock_timestamp() THEN excluded.node ELSE l.node END,
	expires = CASE WHEN l.node = excluded.node OR l.expires < clock_timestamp() THEN excluded.expires ELSE l.expires END
RETURNING node;

-- name: RenewLeases :many
UPDATE media_leases SET expires = clock_timestamp() + make_interval(secs => @seconds::double precision)
WHERE node = @node AND call_id = ANY(@calls::bytea[]) RETURNING call_id;

-- name: DropLease :exec
DELETE FROM media_leases WHERE call_id = @call_id AND node = @node;

-- name: DropLeases :exec
DELETE FROM media_leases WHERE node = @node;

-- name: MailGivenUp :exec
UPDATE mails SET next_at = 'infinity' WHERE mail_id = @mail_id;

-- name: InvitationOf :one
SELECT sequence, cancelled FROM invitations WHERE session_id = @session_id AND user_id = @user_id FOR UPDATE;
