-- name: InsertAccount :exec
INSERT INTO accounts (user_id, kind, key_hash, mail, language)
VALUES (@user_id, @kind, @key_hash, @mail, @language);

-- name: Account :one
SELECT user_id, kind, key_hash, mail, language FROM accounts WHERE user_id = @user_id;

-- name: LockAccount :one
SELECT user_id, kind, key_hash FROM accounts WHERE user_id = @user_id FOR UPDATE;

-- name: Accounts :many
SELECT user_id, kind, key_hash FROM accounts WHERE user_id = ANY(@users::bytea[]) ORDER BY user_id;

-- name: AllAccounts :many
SELECT user_id, kind, key_hash FROM accounts ORDER BY user_id LIMIT @most;

-- name: SetKeyHash :exec
UPDATE accounts SET key_hash = @key_hash WHERE user_id = @user_id;

-- name: SetMail :execrows
UPDATE accounts SET mail = @mail, language = @language WHERE user_id = @user_id;

-- name: MailsOf :many
SELECT user_id, mail, language FROM accounts WHERE user_id = ANY(@users::bytea[]) AND mail IS NOT NULL;

-- name: InsertEnrolmentCode :exec
INSERT INTO enrolment_codes (code_hash, kind, mail, language, expires_at)
VALUES (@code_hash, @kind, @mail, @language, @expires_at);

-- name: LockEnrolmentCode :one
SELECT kind, mail, language, used_by FROM enrolment_codes
WHERE code_hash = @code_hash AND expires_at > now() FOR UPDATE;

-- name: UseEnrolmentCode :exec
UPDATE enrolment_codes SET used_by = @user_id, used_at = now() WHERE code_hash = @code_hash;

-- name: KeyChain :many
SELECT entry FROM key_chain WHERE user_id = @user_id AND number > @after ORDER BY number;

-- name: KeyChainHead :one
SELECT number, hash FROM key_chain WHERE user_id = @user_id ORDER BY number DESC LIMIT 1;

-- name: InsertKeyChainEntry :exec
INSERT INTO key_chain (user_id, number, entry, hash) VALUES (@user_id, @number, @entry, @hash);

-- name: InsertDevice :exec
INSERT INTO devices (device_id, user_id, signature_key) VALUES (@device_id, @user_id, @signature_key)
ON CONFLICT (device_id) DO UPDATE SET revoked_at = NULL
WHERE devices.user_id = excluded.user_id AND devices.signature_key = excluded.signature_key;

-- name: RevokeDevices :exec
UPDATE devices SET revoked_at = now() WHERE user_id = @user_id AND device_id = ANY(@devices::bytea[]) AND revoked_at IS NULL;

-- name: Device :one
SELECT user_id, signature_key, revoked_at FROM devices WHERE device_id = @device_id;

-- name: RevokedDevices :many
SELECT device_id FROM devices WHERE device_id = ANY(@devices::bytea[]) AND revoked_at IS NOT NULL;

-- name: LeafStanding :one
SELECT d.signature_key, d.revoked_at, k.hash FROM devices d
LEFT JOIN key_chain k ON k.user_id = d.user_id AND k.number = @number
WHERE d.device_id = @device_id AND d.user_id = @user_id;

-- name: Vault :one
SELECT version, blob FROM vaults WHERE user_id = @user_id;

-- name: PutVault :execrows
INSERT INTO vaults AS v (user_id, version, blob) VALUES (@user_id, @version, @blob)
ON CONFLICT (user_id) DO UPDATE SET version = excluded.version, blob = excluded.blob, updated_at = now()
WHERE v.version = excluded.version - 1;

-- name: LockKeyLog :exec
SELECT pg_advisory_xact_lock(7165034);

-- name: KeyLogSize :one
SELECT coalesce(max(number) + 1, 0)::bigint FROM key_log;

-- name: KeyLogLeaves :many
SELECT number, leaf FROM key_log WHERE leaf = ANY(@leaves::bytea[]);

-- name: KeyLogKey :one
SELECT name, verifier, seed FROM key_log_key;

-- name: InsertKeyLogKey :exec
INSERT INTO key_log_key (name, verifier, seed) VALUES (@name, @verifier, @seed) ON CONFLICT DO NOTHING;

-- name: InsertKeyLogLeaf :exec
INSERT INTO key_log (number, leaf) VALUES (@number, @leaf);

-- name: InsertKeyLogHashes :exec
INSERT INTO key_log_hashes (position, hash) SELECT unnest(@positions::bigint[]), unnest(@hashes::bytea[]);

-- name: KeyLogHashes :many
SELECT position, hash FROM key_log_hashes WHERE position = ANY(@positions::bigint[]);
