-- The key that signs the heads of the key log.

-- +goose Up

-- key_log_key: the log's name and public key, for ever: members have pinned them. seed
-- is the private half where the operator has not configured one.
CREATE TABLE key_log_key (
	one      boolean PRIMARY KEY DEFAULT true CHECK (one),
	name     text NOT NULL,
	verifier text NOT NULL, -- as golang.org/x/mod/sumdb/note writes it
	seed     bytea CHECK (octet_length(seed) = 32)
);

-- Where a chain's head stands in the log.
CREATE UNIQUE INDEX key_log_leaf ON key_log (leaf);
