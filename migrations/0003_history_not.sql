-- Whose grants were of no use to a device that asks again.

-- +goose Up
ALTER TABLE history_requests ADD COLUMN not_by bytea[] NOT NULL DEFAULT '{}'; -- users
