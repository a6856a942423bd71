package accounts

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/store"
)

// ErrLogKey reports a configured key that is not the one with which the log began:
// every member would be told that the log has been replaced, as it would be.
var ErrLogKey = errors.New("the key of the key log is not the one that it began with")

// logKey is what signs the heads of the key log.
type logKey struct {
	name string
	seed []byte // configured; nil for the one in the database

	mu     sync.Mutex
	key    identity.LogKey
	view   *identity.LogView // with the public half
	size   uint64            // of the newest head that was signed
	signed []byte
}

// WithLog says how the key log is called and which key signs it: a seed of 32 bytes, or
// nil for one that is made when it is first needed and kept in the database. The first
// name stays.
func (a *Accounts) WithLog(name string, seed []byte) *Accounts {
	a.log.name, a.log.seed = name, seed
	return a
}

// LogVerifier gives the public key of the key log. It fails with ErrLogKey where the
// configured key is not the log's.
func (a *Accounts) LogVerifier(ctx context.Context) (string, error) {
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	if err := a.openLogKey(ctx); err != nil {
		return "", err
	}
	return a.log.key.Verifier(), nil
}

// openLogKey reads the log's key once, or makes it. The caller holds the lock.
func (a *Accounts) openLogKey(ctx context.Context) error {
	l := &a.log
	if l.view != nil {
		return nil
	}
	row, err := a.store.KeyLogKey(ctx)
	if errors.Is(err, store.ErrNotFound) {
		if err = a.newLogKey(ctx); err == nil {
			row, err = a.store.KeyLogKey(ctx) // another node may have been faster
		}
	}
	if err != nil {
		return fmt.Errorf("reading the key of the key log: %w", err)
	}
	seed := row.Seed
	if l.seed != nil {
		seed = l.seed
	}
	if seed == nil {
		return fmt.Errorf("%w: it was configured, and is no longer", ErrLogKey)
	}
	key, err := identity.NewLogKey(row.Name, seed)
	if err != nil {
		return fmt.Errorf("reading the key of the key log: %w", err)
	}
	if key.Verifier() != row.Verifier {
		return ErrLogKey
	}
	view, err := identity.NewLogView(row.Verifier)
	if err != nil {
		return fmt.Errorf("reading the key of the key log: %w", err)
	}
	l.key, l.view = key, view
	return nil
}

func (a *Accounts) newLogKey(ctx context.Context) error {
	row := store.InsertKeyLogKeyParams{Name: a.log.name}
	seed := a.log.seed
	if seed == nil {
		seed = make([]byte, 32)
		_, _ = rand.Read(seed) // never fails
		row.Seed = seed
	}
	key, err := identity.NewLogKey(a.log.name, seed)
	if err != nil {
		return err
	}
	row.Verifier = key.Verifier()
	return a.store.InsertKeyLogKey(ctx, row)
}

// signedHead gives the log's head as a note; that of a size is signed once.
func (a *Accounts) signedHead(ctx context.Context, log *identity.Log) ([]byte, error) {
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	if err := a.openLogKey(ctx); err != nil {
		return nil, err
	}
	if a.log.signed != nil && a.log.size == log.Size() {
		return a.log.signed, nil
	}
	signed, err := log.Sign(a.log.key)
	if err != nil {
		return nil, err
	}
	a.log.size, a.log.signed = log.Size(), signed
	return signed, nil
}

// CheckHead judges the tree head that a commit cites: it must be one of this log's.
// Errors have code bad_signature.
func (a *Accounts) CheckHead(ctx context.Context, signed []byte) error {
	a.log.mu.Lock()
	defer a.log.mu.Unlock()
	if err := a.openLogKey(ctx); err != nil {
		return err
	}
	if bytes.Equal(signed, a.log.signed) {
		return nil
	}
	if _, _, err := a.log.view.Open(signed); err != nil {
		return rooms.Errorf(rooms.CodeBadSignature, "%w", err)
	}
	return nil
}

// maxProof is how many bytes of key-chain entries one proof carries, about: what does
// not fit is asked for again.
const maxProof = 1 << 20

// Prove answers what the key log says now. Errors have code too_large or unknown (of a
// user without a chain).
func (a *Accounts) Prove(ctx context.Context, q wire.LogQuery) (wire.LogProof, error) {
	var p wire.LogProof
	if len(q.Sizes) > wire.MaxLogSizes || len(q.Chains) > wire.MaxLogChains {
		return p, rooms.Errorf(rooms.CodeTooLarge, "at most %d sizes and %d chains", wire.MaxLogSizes, wire.MaxLogChains)
	}
	// The chains first: whatever is in them is in the log by then.
	leaves, err := a.chainsFor(ctx, q.Chains, &p)
	if err != nil {
		return p, err
	}
	size, err := a.store.KeyLogSize(ctx)
	if err != nil {
		return p, fmt.Errorf("reading the key log: %w", err)
	}
	log := identity.OpenLog(uint64(size), remembered(hashes(ctx, a.store.Queries))) //nolint:gosec // counts leaves
	if p.Head, err = a.signedHead(ctx, log); err != nil {
		return p, err
	}
	for _, seen := range q.Sizes {
		var proof tlog.TreeProof
		if seen <= log.Size() {
			if proof, err = log.ProveConsistency(seen, log.Size()); err != nil {
				return p, err
			}
		}
		p.Consistency = append(p.Consistency, joined(proof))
	}
	if len(leaves) == 0 {
		return p, nil
	}
	rows, err := a.store.KeyLogLeaves(ctx, leaves)
	if err != nil {
		return p, fmt.Errorf("reading the key log: %w", err)
	}
	at := make(map[string]uint64, len(rows))
	for _, r := range rows {
		at[string(r.Leaf)] = uint64(r.Number) //nolint:gosec // counts leaves
	}
	for i := range p.Chains {
		index, ok := at[string(leaves[i])]
		if !ok {
			return p, fmt.Errorf("the key log lacks the head of a key chain")
		}
		proof, err := log.ProveInclusion(log.Size(), index)
		if err != nil {
			return p, err
		}
		p.Chains[i].Index, p.Chains[i].Proof = index, joined(proof)
	}
	return p, nil
}

// chainsFor reads the growth of key chains into p, and gives the leaves of their heads.
func (a *Accounts) chainsFor(ctx context.Context, refs []wire.ChainRef, p *wire.LogProof) (leaves [][]byte, err error) {
	bytes := 0
	for _, ref := range refs {
		if bytes > maxProof {
			break
		}
		head, err := a.store.KeyChainHead(ctx, ref.User[:])
		if errors.Is(err, store.ErrNotFound) {
			return nil, rooms.Errorf(rooms.CodeUnknown, "no such account")
		}
		if err != nil {
			return nil, fmt.Errorf("reading a key chain: %w", err)
		}
		c := wire.LoggedChain{User: ref.User}
		if uint64(head.Number) > ref.After { //nolint:gosec // counts entries
			if c.Entries, err = a.Chain(ctx, ref.User, ref.After); err != nil {
				return nil, err
			}
			last, err := identity.InspectEntry(c.Entries[len(c.Entries)-1])
			if err != nil {
				return nil, fmt.Errorf("reading a key chain: %w", err)
			}
			head.Number, head.Hash = int64(last.Number), last.Hash[:] //nolint:gosec // counts entries
		}
		for _, e := range c.Entries {
			bytes += len(e)
		}
		p.Chains = append(p.Chains, c)
		leaf := identity.LogLeaf{Kind: identity.LeafKeyChain, Subject: ref.User, Number: uint64(head.Number), Hash: [32]byte(head.Hash)} //nolint:gosec // counts entries
		leaves = append(leaves, leaf.Bytes())
	}
	return leaves, nil
}

func joined(proof []tlog.Hash) []byte {
	var b []byte
	for _, h := range proof {
		b = append(b, h[:]...)
	}
	return b
}

// remembered keeps what was read of the tree: proofs share most of it.
func remembered(r tlog.HashReader) tlog.HashReader {
	have := make(map[int64]tlog.Hash)
	return tlog.HashReaderFunc(func(positions []int64) ([]tlog.Hash, error) {
		var lack []int64
		for _, p := range positions {
			if _, ok := have[p]; !ok {
				lack = append(lack, p)
			}
		}
		if len(lack) > 0 {
			read, err := r.ReadHashes(lack)
			if err != nil {
				return nil, err
			}
			for i, p := range lack {
				have[p] = read[i]
			}
		}
		list := make([]tlog.Hash, len(positions))
		for i, p := range positions {
			list[i] = have[p]
		}
		return list, nil
	})
}
