-- The first schema. PostgreSQL 15 or newer.
--
-- Conventions: ids are 16 random bytes; ciphertext and whatever was signed are
-- BYTEA, byte for byte as they came, never JSONB; hashes are SHA-256 (32 bytes)
-- unless said otherwise; an instant that takes part in a rule or in a chain is
-- BIGINT, UTC milliseconds, and one that only the operator reads is timestamptz.
-- Codes (kind, state) are numbers or capitals from the program, never reused.

-- +goose Up

-- accounts: somebody of the network, under a pseudonym. The name is not the
-- server's to know. mail is where invitations go, when the account has one.
CREATE TABLE accounts (
	user_id    bytea PRIMARY KEY CHECK (octet_length(user_id) = 16),
	kind       text NOT NULL CHECK (kind IN ('PROFESSIONAL', 'PERSON', 'RELATED', 'VOLUNTEER')),
	key_hash   bytea NOT NULL CHECK (octet_length(key_hash) = 32), -- of the present identity key
	mail       text,
	language   text NOT NULL DEFAULT 'fr',
	created_at timestamptz NOT NULL DEFAULT now()
);

-- enrolment_codes: each lets one account in, once. Only a hash of the code is
-- kept.
CREATE TABLE enrolment_codes (
	code_hash  bytea PRIMARY KEY CHECK (octet_length(code_hash) = 32),
	kind       text NOT NULL CHECK (kind IN ('PROFESSIONAL', 'PERSON', 'RELATED', 'VOLUNTEER')),
	mail       text,
	language   text NOT NULL DEFAULT 'fr',
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL,
	used_by    bytea REFERENCES accounts,
	used_at    timestamptz
);

-- key_chain: each user's numbered, hash-linked, signed history of keys. The
-- tables devices and accounts.key_hash only repeat what it says.
CREATE TABLE key_chain (
	user_id    bytea NOT NULL REFERENCES accounts,
	number     bigint NOT NULL CHECK (number > 0),
	entry      bytea NOT NULL,
	hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (user_id, number)
);

-- devices: those that a key chain has ever certified.
CREATE TABLE devices (
	device_id     bytea PRIMARY KEY CHECK (octet_length(device_id) = 16),
	user_id       bytea NOT NULL REFERENCES accounts,
	signature_key bytea NOT NULL CHECK (octet_length(signature_key) = 32),
	created_at    timestamptz NOT NULL DEFAULT now(),
	revoked_at    timestamptz
);
CREATE INDEX devices_user ON devices (user_id);

-- key_log: the append-only Merkle log over the heads of all key chains: its
-- leaves in order, and the hashes that golang.org/x/mod/sumdb/tlog stores.
CREATE TABLE key_log (
	number     bigint PRIMARY KEY CHECK (number >= 0), -- of the leaf
	leaf       bytea NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE key_log_hashes (
	position bigint PRIMARY KEY CHECK (position >= 0), -- tlog.StoredHashIndex
	hash     bytea NOT NULL CHECK (octet_length(hash) = 32)
);

-- challenges: what a device signs to open a session; used once, and soon
-- forgotten. They are here because the next request may reach another node.
CREATE TABLE challenges (
	nonce_hash bytea PRIMARY KEY CHECK (octet_length(nonce_hash) = 32),
	user_id    bytea NOT NULL,
	device_id  bytea NOT NULL,
	expires_at timestamptz NOT NULL
);
CREATE INDEX challenges_expiry ON challenges (expires_at);

-- sessions: a browser that has proved its device key. Only a hash of the
-- cookie's token is kept. They end with their device.
CREATE TABLE sessions (
	token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
	user_id    bytea NOT NULL REFERENCES accounts,
	device_id  bytea NOT NULL REFERENCES devices,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_device ON sessions (device_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- vaults: the sealed secrets of each account; only its devices open them.
CREATE TABLE vaults (
	user_id    bytea PRIMARY KEY REFERENCES accounts,
	version    bigint NOT NULL CHECK (version > 0),
	blob       bytea NOT NULL,
	updated_at timestamptz NOT NULL DEFAULT now()
);

-- rooms: where each room's log stands. The row is locked by whoever appends.
-- snapshot is the folded public state (rooms.Public) after entry snapshot_seq:
-- the state now is the snapshot and the entries after it. group_info is the
-- signed MLS GroupInfo of the present epoch, by which others enter.
CREATE TABLE rooms (
	room_id      bytea PRIMARY KEY CHECK (octet_length(room_id) = 16),
	kind         smallint NOT NULL,
	case_id      bytea, -- the dossier's room; none for session and network
	session_id   bytea, -- of items and calls
	item_id      bytea, -- of calls
	seq          bigint NOT NULL CHECK (seq > 0),
	chain        bytea NOT NULL CHECK (octet_length(chain) = 32),
	time         bigint NOT NULL, -- of entry seq
	epoch        bigint NOT NULL CHECK (epoch >= 0),
	group_info   bytea NOT NULL,
	snapshot     bytea NOT NULL,
	snapshot_seq bigint NOT NULL CHECK (snapshot_seq > 0 AND snapshot_seq <= seq),
	created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX rooms_case ON rooms (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX rooms_session ON rooms (session_id) WHERE session_id IS NOT NULL;

-- entries: the logs. Nothing here is ever changed or removed. entry_id is the
-- author's (an event's, a statement's) or, for a commit, the first 16 bytes of
-- its hash: the same thing sent twice is there once. No foreign key: whoever
-- appends holds the room's row, and there is one such writer in the program.
CREATE TABLE entries (
	room_id  bytea NOT NULL,
	seq      bigint NOT NULL CHECK (seq > 0),
	entry_id bytea NOT NULL CHECK (octet_length(entry_id) = 16),
	kind     smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),
	time     bigint NOT NULL,
	payload  bytea NOT NULL,
	chain    bytea NOT NULL CHECK (octet_length(chain) = 32), -- after this entry
	PRIMARY KEY (room_id, seq)
);
CREATE UNIQUE INDEX entries_id ON entries (room_id, entry_id);
-- Payloads are ciphertext: compressing them would only cost time.
ALTER TABLE entries ALTER COLUMN payload SET STORAGE EXTERNAL;

-- participations: for each room the users who are or were let in, folded from
-- its log, so that somebody's rooms are found without folding them all.
CREATE TABLE participations (
	room_id    bytea NOT NULL REFERENCES rooms,
	user_id    bytea NOT NULL,
	open       boolean NOT NULL, -- entries are delivered
	expires    bigint NOT NULL DEFAULT 0, -- end of the receipt, UTC ms; 0 is none
	seq        bigint NOT NULL, -- the entry that made it so
	changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	PRIMARY KEY (room_id, user_id)
);
CREATE INDEX participations_user ON participations (user_id, changed_at);

-- cursors: how far each member has read a room. They only go forward.
CREATE TABLE cursors (
	room_id    bytea NOT NULL REFERENCES rooms,
	user_id    bytea NOT NULL REFERENCES accounts,
	seq        bigint NOT NULL CHECK (seq > 0),
	updated_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (room_id, user_id)
);

-- mailbox: what waits for one device until it acknowledges it: sealed history
-- grants.
CREATE TABLE mailbox (
	mail_id     bytea PRIMARY KEY CHECK (octet_length(mail_id) = 16),
	device_id   bytea NOT NULL REFERENCES devices, -- to whom
	user_id     bytea NOT NULL,
	room_id     bytea NOT NULL REFERENCES rooms,
	from_user   bytea NOT NULL,
	from_device bytea NOT NULL,
	sealed      bytea NOT NULL,
	created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX mailbox_device ON mailbox (device_id, created_at);

-- history_requests: devices that ask the members of a room for earlier record
-- keys. A request is offered to one member's device after another until one
-- grants it. A device asking again replaces its former request.
CREATE TABLE history_requests (
	request_id  bytea PRIMARY KEY CHECK (octet_length(request_id) = 16),
	room_id     bytea NOT NULL REFERENCES rooms,
	user_id     bytea NOT NULL,
	device_id   bytea NOT NULL REFERENCES devices,
	from_epoch  bigint NOT NULL,
	to_epoch    bigint NOT NULL,
	created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
	offered_to  bytea,                -- the last device asked
	offered_at  timestamptz,
	offers      integer NOT NULL DEFAULT 0,
	UNIQUE (room_id, device_id)
);
CREATE INDEX history_requests_due ON history_requests (offered_at NULLS FIRST);

-- documents: age files among the objects, and uploads of such that have not
-- been completed. sha256 and the final size are what the uploader says of the
-- ciphertext; readers check them against the signed event.
CREATE TABLE documents (
	document_id  bytea PRIMARY KEY CHECK (octet_length(document_id) = 16),
	room_id      bytea NOT NULL REFERENCES rooms,
	user_id      bytea NOT NULL REFERENCES accounts,
	device_id    bytea NOT NULL,
	size         bigint NOT NULL CHECK (size > 0), -- bytes of ciphertext, as announced
	sha256       bytea CHECK (octet_length(sha256) = 32), -- once complete
	upload       text, -- the object store's name of the upload, until it is complete
	created_at   timestamptz NOT NULL DEFAULT now(),
	touched_at   timestamptz NOT NULL DEFAULT now(),
	completed_at timestamptz
);
CREATE INDEX documents_room ON documents (room_id);
CREATE INDEX documents_unfinished ON documents (touched_at) WHERE completed_at IS NULL;

-- invitations: the schedule of a session as it was last mailed, one row for
-- each invitee. No title, no subject, no name.
CREATE TABLE invitations (
	session_id bytea NOT NULL REFERENCES rooms,
	user_id    bytea NOT NULL REFERENCES accounts,
	starts     bigint NOT NULL, -- UTC ms
	zone       text NOT NULL,   -- IANA
	minutes    integer NOT NULL CHECK (minutes > 0),
	sequence   integer NOT NULL CHECK (sequence >= 0), -- iCalendar SEQUENCE
	cancelled  boolean NOT NULL DEFAULT false,
	mailed_at  timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (session_id, user_id)
);

-- mails: what goes out. A mail is written in the transaction that asks for it
-- and sent afterwards by any node; the demonstration, which sends nothing,
-- shows this table.
CREATE TABLE mails (
	mail_id     bytea PRIMARY KEY CHECK (octet_length(mail_id) = 16),
	user_id     bytea NOT NULL REFERENCES accounts,
	recipient   text NOT NULL,
	subject     text NOT NULL,
	body        text NOT NULL,
	calendar    bytea, -- iCalendar, RFC 5545
	method      text NOT NULL DEFAULT '', -- of the calendar: REQUEST, CANCEL
	created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
	attempts    integer NOT NULL DEFAULT 0,
	next_at     timestamptz NOT NULL DEFAULT now(),
	sent_at     timestamptz
);
CREATE INDEX mails_due ON mails (next_at) WHERE sent_at IS NULL;

-- audit: who was given which content, when, and who was refused. It lives as
-- long as the case.
CREATE TABLE audit (
	number    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	time      bigint NOT NULL, -- UTC ms
	room_id   bytea NOT NULL,
	user_id   bytea NOT NULL,
	device_id bytea NOT NULL,
	what      text NOT NULL, -- READ, DOCUMENT, REFUSED
	target    bytea          -- a document
);
CREATE INDEX audit_room ON audit (room_id, number);

-- media_leases: which node forwards the media of a call. A lease that is not
-- renewed in time falls to whoever asks next.
CREATE TABLE media_leases (
	call_id bytea PRIMARY KEY REFERENCES rooms,
	node    text NOT NULL,
	expires timestamptz NOT NULL
);
