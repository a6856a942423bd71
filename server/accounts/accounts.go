package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/store"
)

// Accounts works on one database.
type Accounts struct {
	store *store.Store
	now   func() time.Time
	log   logKey
}

// New gives the accounts of a database.
func New(s *store.Store, now func() time.Time) *Accounts { return &Accounts{store: s, now: now} }

// Kinds of accounts, as the key-chain's owner is known to the network.
const (
	Professional = "PROFESSIONAL"
	Person       = "PERSON"
	Related      = "RELATED"
	Volunteer    = "VOLUNTEER"
)

func validKind(kind string) bool {
	return kind == Professional || kind == Person || kind == Related || kind == Volunteer
}

// An Invitation is what an administrator says of somebody who may enrol.
type Invitation struct {
	Kind     string
	Mail     string // where invitations to sessions go; may be empty
	Language string // "fr" or "en"; empty is "fr"
}

var codeEncoding = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

// NewCode makes an enrolment code that is good once, until ttl has gone by: 100
// random bits, in groups of five characters.
func (a *Accounts) NewCode(ctx context.Context, in Invitation, ttl time.Duration) (code string, err error) {
	if !validKind(in.Kind) {
		return "", &rooms.Error{Code: rooms.CodeInvalid, Field: "kind", Detail: "no such kind of account"}
	}
	if in.Language == "" {
		in.Language = "fr"
	}
	b := make([]byte, 13)
	_, _ = rand.Read(b) // never fails
	text := codeEncoding.EncodeToString(b)[:20]
	code = strings.Join([]string{text[:5], text[5:10], text[10:15], text[15:]}, "-")
	hash := hashCode(code)
	err = a.store.InsertEnrolmentCode(ctx, store.InsertEnrolmentCodeParams{
		CodeHash: hash[:], Kind: in.Kind, Mail: optional(in.Mail), Language: in.Language, ExpiresAt: a.now().Add(ttl),
	})
	if err != nil {
		return "", fmt.Errorf("making an enrolment code: %w", err)
	}
	return code, nil
}

// hashCode ignores case, spaces and dashes: codes are read out and typed.
func hashCode(code string) [32]byte {
	code = strings.NewReplacer("-", "", " ", "").Replace(strings.ToLower(code))
	return sha256.Sum256([]byte("ensemble enrolment code " + code))
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Enrol makes an account from a code and the first entries of its key chain: the
// one that begins it and the one that certifies device. An enrolment sent twice
// succeeds twice. Errors have code not_allowed (the code), malformed, bad_signature,
// bad_certificate or conflict.
func (a *Accounts) Enrol(ctx context.Context, code, kind string, entries [][]byte, device rooms.ID) (rooms.ID, error) {
	if len(entries) != 2 {
		return rooms.ID{}, rooms.Errorf(rooms.CodeMalformed, "an enrolment has two key-chain entries")
	}
	chain := new(identity.KeyChain)
	for _, e := range entries {
		if err := chain.Apply(e); err != nil {
			return rooms.ID{}, chainError(err)
		}
	}
	user := chain.User()
	if d, ok := chain.Device(device); !ok || d.Revoked {
		return rooms.ID{}, rooms.Errorf(rooms.CodeBadCertificate, "the key chain does not certify the device")
	}
	err := a.store.Tx(ctx, func(q *store.Queries) error {
		hash := hashCode(code)
		row, err := q.LockEnrolmentCode(ctx, hash[:])
		if errors.Is(err, store.ErrNotFound) {
			return rooms.Errorf(rooms.CodeNotAllowed, "no such enrolment code, or it has expired")
		}
		if err != nil {
			return err
		}
		if row.UsedBy != nil {
			if rooms.ID(row.UsedBy) == user {
				return nil
			}
			return rooms.Errorf(rooms.CodeNotAllowed, "the enrolment code has been used")
		}
		if kind != "" && kind != row.Kind {
			return &rooms.Error{Code: rooms.CodeInvalid, Field: "kind", Detail: "the code is for another kind of account"}
		}
		key := identity.KeyHash(chain.IdentityKey())
		err = q.InsertAccount(ctx, store.InsertAccountParams{
			UserID: user[:], Kind: row.Kind, KeyHash: key[:], Mail: row.Mail, Language: row.Language,
		})
		if store.IsDuplicate(err) {
			return rooms.Errorf(rooms.CodeConflict, "the account exists")
		}
		if err != nil {
			return err
		}
		for i, e := range entries {
			info, err := identity.InspectEntry(e)
			if err != nil {
				return chainError(err)
			}
			err = q.InsertKeyChainEntry(ctx, store.InsertKeyChainEntryParams{
				UserID: user[:], Number: int64(i) + 1, Entry: e, Hash: info.Hash[:],
			})
			if err != nil {
				return err
			}
		}
		if err := writeDevices(ctx, q, chain); err != nil {
			return err
		}
		if err := logHead(ctx, q, chain); err != nil {
			return err
		}
		return q.UseEnrolmentCode(ctx, store.UseEnrolmentCodeParams{CodeHash: hash[:], UserID: user[:]})
	})
	if err != nil {
		return rooms.ID{}, fmt.Errorf("enrolling an account: %w", err)
	}
	return user, nil
}

// Vault gives an account's sealed vault; version 0 if there is none.
func (a *Accounts) Vault(ctx context.Context, user rooms.ID) (wire.Vault, error) {
	row, err := a.store.Vault(ctx, user[:])
	if errors.Is(err, store.ErrNotFound) {
		return wire.Vault{}, nil
	}
	if err != nil {
		return wire.Vault{}, fmt.Errorf("reading a vault: %w", err)
	}
	return wire.Vault{Version: uint64(row.Version), Blob: row.Blob}, nil //nolint:gosec // written as such
}

// MaxVault is the most bytes of a sealed vault.
const MaxVault = 2 << 20

// PutVault replaces the vault by its next version. Another version than the next
// has code conflict: another device was faster. The same again is no error.
func (a *Accounts) PutVault(ctx context.Context, user rooms.ID, v wire.Vault) error {
	switch {
	case len(v.Blob) == 0 || v.Version == 0 || v.Version > 1<<62:
		return rooms.Errorf(rooms.CodeMalformed, "a vault has a version and content")
	case len(v.Blob) > MaxVault:
		return rooms.Errorf(rooms.CodeTooLarge, "vault of %d bytes, at most %d", len(v.Blob), MaxVault)
	}
	err := a.store.Tx(ctx, func(q *store.Queries) error {
		if _, err := q.LockAccount(ctx, user[:]); err != nil {
			return err
		}
		now, err := q.Vault(ctx, user[:])
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if now.Version == int64(v.Version) && string(now.Blob) == string(v.Blob) {
			return nil
		}
		if now.Version != int64(v.Version)-1 {
			return rooms.Errorf(rooms.CodeConflict, "the vault is at version %d", now.Version)
		}
		_, err = q.PutVault(ctx, store.PutVaultParams{UserID: user[:], Version: int64(v.Version), Blob: v.Blob})
		return err
	})
	if err != nil {
		return fmt.Errorf("writing a vault: %w", err)
	}
	return nil
}

// maxDirectory bounds a directory that asks for everybody.
const maxDirectory = 1000

// Directory gives accounts: those named, or all.
func (a *Accounts) Directory(ctx context.Context, users []rooms.ID) ([]wire.Account, error) {
	if len(users) > maxDirectory {
		return nil, rooms.Errorf(rooms.CodeTooLarge, "at most %d accounts at a time", maxDirectory)
	}
	var list []wire.Account
	add := func(user []byte, kind string, hash []byte) {
		list = append(list, wire.Account{User: rooms.ID(user), Kind: kind, KeyHash: [32]byte(hash)})
	}
	if len(users) == 0 {
		rows, err := a.store.AllAccounts(ctx, maxDirectory)
		if err != nil {
			return nil, fmt.Errorf("reading the directory: %w", err)
		}
		for _, r := range rows {
			add(r.UserID, r.Kind, r.KeyHash)
		}
		return list, nil
	}
	ids := make([][]byte, len(users))
	for i := range users {
		ids[i] = users[i][:]
	}
	rows, err := a.store.Accounts(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading the directory: %w", err)
	}
	for _, r := range rows {
		add(r.UserID, r.Kind, r.KeyHash)
	}
	return list, nil
}
