package accounts

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/server/store"
)

// Chain gives a user's key chain after entry number after; code unknown if there
// is no such user.
func (a *Accounts) Chain(ctx context.Context, user rooms.ID, after uint64) ([][]byte, error) {
	rows, err := a.store.KeyChain(ctx, store.KeyChainParams{UserID: user[:], After: int64(min(after, 1<<62))}) //nolint:gosec // bounded
	if err != nil {
		return nil, fmt.Errorf("reading a key chain: %w", err)
	}
	if len(rows) == 0 {
		if _, err := a.store.Account(ctx, user[:]); errors.Is(err, store.ErrNotFound) {
			return nil, rooms.Errorf(rooms.CodeUnknown, "no such account")
		}
	}
	return rows, nil
}

// AppendChain appends an entry to a user's own key chain, and gives the devices
// that are revoked by it: their sessions are over. An entry that is there
// already is no error. Errors have code conflict (another device was faster),
// malformed, bad_signature, bad_certificate or not_allowed.
func (a *Accounts) AppendChain(ctx context.Context, user rooms.ID, entry []byte) (revoked []rooms.ID, err error) {
	info, err := identity.InspectEntry(entry)
	if err != nil {
		return nil, chainError(err)
	}
	if info.User != user {
		return nil, rooms.Errorf(rooms.CodeNotAllowed, "another user's key chain")
	}
	err = a.store.Tx(ctx, func(q *store.Queries) error {
		revoked = nil
		if _, err := q.LockAccount(ctx, user[:]); err != nil {
			return err
		}
		rows, err := q.KeyChain(ctx, store.KeyChainParams{UserID: user[:]})
		if err != nil {
			return err
		}
		if info.Number >= 1 && info.Number <= uint64(len(rows)) && string(rows[info.Number-1]) == string(entry) {
			return nil
		}
		chain, err := identity.ReplayKeyChain(rows)
		if err != nil {
			return fmt.Errorf("replaying a stored key chain: %w", err)
		}
		before := chain.Devices()
		if err := chain.Apply(entry); err != nil {
			return chainError(err)
		}
		err = q.InsertKeyChainEntry(ctx, store.InsertKeyChainEntryParams{
			UserID: user[:], Number: int64(info.Number), Entry: entry, Hash: info.Hash[:], //nolint:gosec // counts entries
		})
		if err != nil {
			return err
		}
		hash := identity.KeyHash(chain.IdentityKey())
		if err := q.SetKeyHash(ctx, store.SetKeyHashParams{UserID: user[:], KeyHash: hash[:]}); err != nil {
			return err
		}
		if err := writeDevices(ctx, q, chain); err != nil {
			return err
		}
		var ids [][]byte
		for _, d := range before {
			if now, ok := chain.Device(d.Certificate.Device); ok && now.Revoked && !d.Revoked {
				revoked = append(revoked, d.Certificate.Device)
				ids = append(ids, d.Certificate.Device.Bytes())
			}
		}
		if len(ids) > 0 {
			if err := q.RevokeDevices(ctx, store.RevokeDevicesParams{UserID: user[:], Devices: ids}); err != nil {
				return err
			}
			if err := q.DeleteSessionsOfDevices(ctx, ids); err != nil {
				return err
			}
		}
		return logHead(ctx, q, chain)
	})
	if err != nil {
		return nil, fmt.Errorf("appending to a key chain: %w", err)
	}
	return revoked, nil
}

// Check judges what a room's log cannot say of a commit: each of its leaves, by
// [CheckLeaf], and the tree head that it cites, by [Accounts.CheckHead]. It reads with q.
func (a *Accounts) Check(ctx context.Context, q *store.Queries, c rooms.Commit) error {
	for _, leaf := range c.Leaves {
		if err := CheckLeaf(ctx, q, leaf); err != nil {
			return err
		}
	}
	if c.Data.Log != nil {
		return a.CheckHead(ctx, c.Data.Log)
	}
	return nil
}

// CheckLeaf judges by the key chains what a leaf of a room's group shows: its device is
// certified and not revoked, and its head is one of its user's chain. It reads with q.
// Errors have code bad_certificate.
func CheckLeaf(ctx context.Context, q *store.Queries, leaf rooms.LeafMember) error {
	bad := func(what string) error { return rooms.Errorf(rooms.CodeBadCertificate, "leaf: %s", what) }
	if leaf.Head.Number > 1<<62 {
		return bad("the head is not of its user's key chain")
	}
	row, err := q.LeafStanding(ctx, store.LeafStandingParams{
		DeviceID: leaf.Device[:], UserID: leaf.User[:], Number: int64(leaf.Head.Number), //nolint:gosec // bounded
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return bad("the device is not its user's")
	case err != nil:
		return fmt.Errorf("looking a leaf up: %w", err)
	case row.RevokedAt != nil:
		return bad("the device is revoked")
	case !bytes.Equal(row.SignatureKey, leaf.SignatureKey) || !bytes.Equal(row.Hash, leaf.Head.Hash[:]):
		return bad("the head is not of its user's key chain")
	}
	return nil
}

// writeDevices stores the devices that a chain certifies.
func writeDevices(ctx context.Context, q *store.Queries, chain *identity.KeyChain) error {
	user := chain.User()
	for _, d := range chain.Devices() {
		if d.Revoked {
			continue
		}
		err := q.InsertDevice(ctx, store.InsertDeviceParams{
			DeviceID: d.Certificate.Device.Bytes(), UserID: user[:], SignatureKey: d.Certificate.SignatureKey,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// logHead appends a chain's head to the key log.
func logHead(ctx context.Context, q *store.Queries, chain *identity.KeyChain) error {
	if err := q.LockKeyLog(ctx); err != nil {
		return err
	}
	size, err := q.KeyLogSize(ctx)
	if err != nil {
		return err
	}
	leaf := chain.Leaf()
	growth, err := identity.OpenLog(uint64(size), hashes(ctx, q)).Append(leaf) //nolint:gosec // counts leaves
	if err != nil {
		return err
	}
	if err := q.InsertKeyLogLeaf(ctx, store.InsertKeyLogLeafParams{Number: size, Leaf: leaf.Bytes()}); err != nil {
		return err
	}
	var rows store.InsertKeyLogHashesParams
	for i := range growth.Hashes {
		rows.Positions = append(rows.Positions, growth.First+int64(i))
		rows.Hashes = append(rows.Hashes, growth.Hashes[i][:])
	}
	return q.InsertKeyLogHashes(ctx, rows)
}

// hashes reads the key log's tree.
func hashes(ctx context.Context, q *store.Queries) tlog.HashReader {
	return tlog.HashReaderFunc(func(positions []int64) ([]tlog.Hash, error) {
		rows, err := q.KeyLogHashes(ctx, positions)
		if err != nil {
			return nil, err
		}
		at := make(map[int64]tlog.Hash, len(rows))
		for _, r := range rows {
			at[r.Position] = tlog.Hash(r.Hash)
		}
		list := make([]tlog.Hash, len(positions))
		for i, p := range positions {
			h, ok := at[p]
			if !ok {
				return nil, fmt.Errorf("the key log lacks hash %d", p)
			}
			list[i] = h
		}
		return list, nil
	})
}

// chainError maps the errors of package identity to codes.
func chainError(err error) error {
	for _, c := range [...]struct {
		is   error
		code rooms.Code
	}{
		{identity.ErrOutOfOrder, rooms.CodeConflict},
		{identity.ErrForked, rooms.CodeConflict},
		{identity.ErrSignature, rooms.CodeBadSignature},
		{identity.ErrAlgorithm, rooms.CodeBadSignature},
		{identity.ErrCertificate, rooms.CodeBadCertificate},
		{identity.ErrRevoked, rooms.CodeNotAllowed},
		{identity.ErrUnknownDevice, rooms.CodeUnknown},
		{identity.ErrMalformed, rooms.CodeMalformed},
	} {
		if errors.Is(err, c.is) {
			return rooms.Errorf(c.code, "key chain: %w", err)
		}
	}
	return fmt.Errorf("key chain: %w", err)
}
