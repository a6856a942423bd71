-- name: InsertChallenge :exec
INSERT INTO challenges (nonce_hash, user_id, device_id, expires_at)
VALUES (@nonce_hash, @user_id, @device_id, @expires_at);

-- name: TakeChallenge :one
DELETE FROM challenges WHERE nonce_hash = @nonce_hash
RETURNING user_id, device_id, expires_at;

-- name: InsertSession :exec
INSERT INTO sessions (token_hash, user_id, device_id, expires_at)
VALUES (@token_hash, @user_id, @device_id, @expires_at);

-- name: Session :one
SELECT s.user_id, s.device_id, s.expires_at FROM sessions s
JOIN devices d ON d.device_id = s.device_id
WHERE s.token_hash = @token_hash AND s.expires_at > now() AND d.revoked_at IS NULL;

-- name: DeleteSession :execrows
DELETE FROM sessions WHERE token_hash = @token_hash;

-- name: DeleteSessionsOfDevices :exec
DELETE FROM sessions WHERE device_id = ANY(@devices::bytea[]);

-- name: LiveSessions :many
SELECT s.token_hash FROM sessions s JOIN devices d ON d.device_id = s.device_id
WHERE s.token_hash = ANY(@tokens::bytea[]) AND s.expires_at > now() AND d.revoked_at IS NULL;

-- name: SweepSessions :execrows
DELETE FROM sessions WHERE expires_at < now();

-- name: SweepChallenges :execrows
DELETE FROM challenges WHERE expires_at < now();
