package identity

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

var (
	// ErrNotLogged reports something that the key log does not contain where it
	// was said to be.
	ErrNotLogged = errors.New("not in the key log")

	// ErrSplitView reports two tree heads of which neither continues the other:
	// the server shows different logs to different people.
	ErrSplitView = errors.New("key log shows two histories")

	// ErrOldHead reports a tree head older than one that was seen.
	ErrOldHead = errors.New("tree head is older than one seen")
)

// LeafKind is what a leaf of the key log names.
type LeafKind uint8

// The kinds of leaves.
const (
	LeafKeyChain LeafKind = 1 // a user's key chain: its user, the number and hash of its head
	LeafRelease  LeafKind = 2 // a release of the browser client: zero subject, version number, hash of its files
	LeafSeal     LeafKind = 3 // sealed minutes: their room, version, digest
)

const (
	leafVersion = 1
	maxLeaf     = 128
)

// LogLeaf is one leaf of the key log. Its bytes are CBOR
//
//	{1: version 1, 2: kind, 3: subject, 4: number, 5: hash}
//
// and its place in the tree is that of an RFC 6962 leaf with these bytes.
type LogLeaf struct {
	Kind    LeafKind
	Subject ID
	Number  uint64
	Hash    [32]byte
}

type logLeaf struct {
	Version uint     `cbor:"1,keyasint"`
	Kind    LeafKind `cbor:"2,keyasint"`
	Subject ID       `cbor:"3,keyasint"`
	Number  uint64   `cbor:"4,keyasint"`
	Hash    [32]byte `cbor:"5,keyasint"`
}

// Leaf returns the leaf that logs the head of this chain.
func (c *KeyChain) Leaf() LogLeaf {
	number, hash := c.Head()
	return LogLeaf{LeafKeyChain, c.user, number, hash}
}

// Bytes returns the encoding of l.
func (l LogLeaf) Bytes() []byte {
	b, err := strictcbor.Marshal(logLeaf{leafVersion, l.Kind, l.Subject, l.Number, l.Hash})
	if err != nil {
		return nil // fields of fixed types always encode
	}
	return b
}

// ParseLogLeaf reads a leaf.
func ParseLogLeaf(b []byte) (LogLeaf, error) {
	var l logLeaf
	if err := strictcbor.Unmarshal(b, &l, maxLeaf); err != nil {
		return LogLeaf{}, fmt.Errorf("%w log leaf: %w", ErrMalformed, err)
	}
	if l.Version != leafVersion || l.Kind < LeafKeyChain || l.Kind > LeafSeal {
		return LogLeaf{}, fmt.Errorf("%w log leaf: version %d, kind %d", ErrMalformed, l.Version, l.Kind)
	}
	return LogLeaf{l.Kind, l.Subject, l.Number, l.Hash}, nil
}

// TreeHead names a state of the key log: its number of leaves and the root of its
// Merkle tree (RFC 6962, section 2.1). In CBOR {1: size, 2: root}. Commits carry the
// newest signed one that their author knows, so that whoever was shown another log holds
// the proof of it.
//
// The log signs its heads as notes (golang.org/x/mod/sumdb/note) of three lines,
//
//	<origin>
//	<size, decimal>
//	<root, base64>
//
// (the form of c2sp.org/tlog-checkpoint), with an Ed25519 key whose name is the
// origin. Witnesses add their signatures to the same note.
type TreeHead struct {
	Size uint64   `cbor:"1,keyasint"`
	Root [32]byte `cbor:"2,keyasint"`
}

func (h TreeHead) text(origin string) string {
	return origin + "\n" + strconv.FormatUint(h.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(h.Root[:]) + "\n"
}

func parseTreeHead(text, origin string) (TreeHead, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] != origin {
		return TreeHead{}, fmt.Errorf("%w tree head", ErrMalformed)
	}
	size, err := strconv.ParseUint(lines[1], 10, 63)
	if err != nil {
		return TreeHead{}, fmt.Errorf("%w tree head: size", ErrMalformed)
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != 32 {
		return TreeHead{}, fmt.Errorf("%w tree head: root", ErrMalformed)
	}
	h := TreeHead{size, [32]byte(root)}
	if h.text(origin) != text {
		return TreeHead{}, fmt.Errorf("%w tree head: spelling", ErrMalformed)
	}
	return h, nil
}

// Log is the server's half of the key log. It stores nothing: the hashes of the
// tree are read through a [tlog.HashReader] of the caller's, at the indices of
// [tlog.StoredHashIndex].
type Log struct {
	size   int64
	stored tlog.HashReader
}

// OpenLog returns the log with this many leaves, whose hashes are stored.
func OpenLog(size uint64, stored tlog.HashReader) *Log { return &Log{int64(size), stored} }

// Size returns the number of leaves.
func (l *Log) Size() uint64 { return uint64(l.size) }

// LogGrowth is what must be stored for leaves to be in the log: Hashes, at the
// consecutive indices from First on, and the new size, all at once.
type LogGrowth struct {
	Size   uint64 // after it
	First  int64
	Hashes []tlog.Hash
}

// Append returns what the log grows by with these leaves, the first of which will
// have the index Size. The log itself is as before: once the growth is stored, open
// it again with the new size.
func (l *Log) Append(leaves ...LogLeaf) (LogGrowth, error) {
	g := LogGrowth{Size: uint64(l.size), First: tlog.StoredHashCount(l.size)}
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		var old, place []int64
		for i, index := range indexes {
			if index >= g.First {
				hashes[i] = g.Hashes[index-g.First]
			} else {
				old, place = append(old, index), append(place, int64(i))
			}
		}
		if len(old) == 0 {
			return hashes, nil
		}
		read, err := l.stored.ReadHashes(old)
		if err != nil {
			return nil, err
		}
		if len(read) != len(old) {
			return nil, fmt.Errorf("%d hashes stored where %d are needed", len(read), len(old))
		}
		for i, h := range read {
			hashes[place[i]] = h
		}
		return hashes, nil
	})
	for _, leaf := range leaves {
		hashes, err := tlog.StoredHashes(int64(g.Size), leaf.Bytes(), reader)
		if err != nil {
			return LogGrowth{}, fmt.Errorf("failed to append to the key log: %w", err)
		}
		g.Hashes, g.Size = append(g.Hashes, hashes...), g.Size+1
	}
	return g, nil
}

// Head returns the log's tree head.
func (l *Log) Head() (TreeHead, error) {
	root, err := tlog.TreeHash(l.size, l.stored)
	if err != nil {
		return TreeHead{}, fmt.Errorf("failed to compute the tree head: %w", err)
	}
	return TreeHead{uint64(l.size), root}, nil
}

// Sign returns the log's tree head as a signed note.
func (l *Log) Sign(key LogKey) ([]byte, error) {
	head, err := l.Head()
	if err != nil {
		return nil, err
	}
	b, err := note.Sign(&note.Note{Text: head.text(key.origin)}, key)
	if err != nil {
		return nil, fmt.Errorf("failed to sign the tree head: %w", err)
	}
	return b, nil
}

// ProveInclusion returns the proof that the leaf at index is in the log of this
// size, for [LogView.CheckInclusion].
func (l *Log) ProveInclusion(size, index uint64) (tlog.RecordProof, error) {
	if size > uint64(l.size) || index >= size {
		return nil, fmt.Errorf("%w: leaf %d of %d", ErrNotLogged, index, size)
	}
	p, err := tlog.ProveRecord(int64(size), int64(index), l.stored)
	if err != nil {
		return nil, fmt.Errorf("failed to prove a leaf: %w", err)
	}
	return p, nil
}

// ProveConsistency returns the proof that the log of the newer size continues that
// of the older, for [LogView.Update] and [LogView.CheckConsistency].
func (l *Log) ProveConsistency(older, newer uint64) (tlog.TreeProof, error) {
	if newer > uint64(l.size) || older > newer {
		return nil, fmt.Errorf("%w: sizes %d and %d", ErrNotLogged, older, newer)
	}
	if older == 0 {
		return nil, nil // everything continues the empty log
	}
	p, err := tlog.ProveTree(int64(newer), int64(older), l.stored)
	if err != nil {
		return nil, fmt.Errorf("failed to prove the log's growth: %w", err)
	}
	return p, nil
}

// LogKey signs tree heads; it is used for nothing else. It is a [note.Signer].
type LogKey struct {
	origin  string
	hash    uint32
	private ed25519.PrivateKey
}

// NewLogKey returns the key of the log of this name, such as
// "reseau.example/keylog", from a seed of 32 bytes. The name has neither spaces nor
// plus signs.
func NewLogKey(origin string, seed []byte) (LogKey, error) {
	if len(seed) != ed25519.SeedSize {
		return LogKey{}, fmt.Errorf("%w log key: %d bytes", ErrMalformed, len(seed))
	}
	k := LogKey{origin: origin, private: ed25519.NewKeyFromSeed(seed)}
	v, err := note.NewVerifier(k.Verifier())
	if err != nil {
		return LogKey{}, fmt.Errorf("%w log key: name", ErrMalformed)
	}
	k.hash = v.KeyHash()
	return k, nil
}

// Name returns the log's name.
func (k LogKey) Name() string { return k.origin }

// KeyHash returns the hash by which signatures name the key.
func (k LogKey) KeyHash() uint32 { return k.hash }

// Sign signs the text of a note.
func (k LogKey) Sign(text []byte) ([]byte, error) { return ed25519.Sign(k.private, text), nil }

// Verifier returns the public key in the text form of package note:
// "<origin>+<hash>+<key>".
func (k LogKey) Verifier() string {
	s, err := note.NewEd25519VerifierKey(k.origin, ed25519.PublicKey(k.private[ed25519.PublicKeySize:]))
	if err != nil {
		return "" // only for a key of the wrong size
	}
	return s
}
