package identity

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
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
// Merkle tree (RFC 6962, section 2.1). Commits carry the newest that their author
// knows. In CBOR {1: size, 2: root}.
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

// LogView is a client's memory of the key log: the newest head that it has seen.
type LogView struct {
	log       note.Verifier
	witnesses []note.Verifier
	head      TreeHead
	signed    []byte
}

// NewLogView returns a view that has seen nothing, of the log with this verifier
// key (see [LogKey.Verifier]). Witnesses are verifier keys of others who cosign.
func NewLogView(verifier string, witnesses ...string) (*LogView, error) {
	v := new(LogView)
	var err error
	if v.log, err = note.NewVerifier(verifier); err != nil {
		return nil, fmt.Errorf("%w log verifier: %w", ErrMalformed, err)
	}
	for _, w := range witnesses {
		witness, err := note.NewVerifier(w)
		if err != nil {
			return nil, fmt.Errorf("%w witness verifier: %w", ErrMalformed, err)
		}
		v.witnesses = append(v.witnesses, witness)
	}
	return v, nil
}

// Head returns the newest head seen; zeros before the first.
func (v *LogView) Head() TreeHead { return v.head }

// Signed returns the note of the newest head seen, to be kept: [LogView.Restore]
// takes it back.
func (v *LogView) Signed() []byte { return bytes.Clone(v.signed) }

// Restore makes a note that this client kept the newest head seen.
func (v *LogView) Restore(signed []byte) error {
	head, _, err := v.Open(signed)
	if err != nil {
		return err
	}
	v.head, v.signed = head, bytes.Clone(signed)
	return nil
}

// Open checks that a note is a head signed by the log, and returns it with the
// names of the witnesses who cosigned it. It does not say whether the head
// continues the one seen.
func (v *LogView) Open(signed []byte) (head TreeHead, witnesses []string, err error) {
	n, err := note.Open(signed, note.VerifierList(append([]note.Verifier{v.log}, v.witnesses...)...))
	if err != nil {
		return TreeHead{}, nil, fmt.Errorf("tree head: %w: %w", ErrSignature, err)
	}
	byLog := false
	for _, s := range n.Sigs {
		if s.Name == v.log.Name() && s.Hash == v.log.KeyHash() {
			byLog = true
		} else {
			witnesses = append(witnesses, s.Name)
		}
	}
	if !byLog {
		return TreeHead{}, nil, fmt.Errorf("tree head: %w: not by the log", ErrSignature)
	}
	head, err = parseTreeHead(n.Text, v.log.Name())
	if err != nil {
		return TreeHead{}, nil, err
	}
	return head, witnesses, nil
}

// Update takes a newer signed head, with the proof that it continues the one seen.
// Errors wrap ErrSignature, ErrMalformed, ErrOldHead or ErrSplitView, and change
// nothing.
func (v *LogView) Update(signed []byte, proof tlog.TreeProof) error {
	head, _, err := v.Open(signed)
	if err != nil {
		return err
	}
	if head.Size < v.head.Size {
		return fmt.Errorf("%w: size %d after %d", ErrOldHead, head.Size, v.head.Size)
	}
	if err := checkConsistency(v.head, head, proof); err != nil {
		return err
	}
	v.head, v.signed = head, bytes.Clone(signed)
	return nil
}

// CheckConsistency checks a head that somebody else has seen, as commits cite it,
// against the newest seen here: one must continue the other, by a proof from the
// smaller size to the larger. A head that is larger than ours is not taken over:
// [LogView.Update] wants it signed. Errors wrap ErrSplitView.
func (v *LogView) CheckConsistency(other TreeHead, proof tlog.TreeProof) error {
	if other.Size > v.head.Size {
		return checkConsistency(v.head, other, proof)
	}
	return checkConsistency(other, v.head, proof)
}

func checkConsistency(older, newer TreeHead, proof tlog.TreeProof) error {
	switch {
	case older.Size == 0:
		if older.Root != (TreeHead{}).Root && older.Root != sha256.Sum256(nil) {
			return fmt.Errorf("%w: an empty log has no root", ErrSplitView)
		}
		return nil
	case older.Size == newer.Size:
		if older.Root != newer.Root {
			return fmt.Errorf("%w: two roots of size %d", ErrSplitView, newer.Size)
		}
		return nil
	case newer.Size > 1<<62:
		return fmt.Errorf("%w tree head: size", ErrMalformed)
	}
	if tlog.CheckTree(proof, int64(newer.Size), newer.Root, int64(older.Size), older.Root) != nil {
		return fmt.Errorf("%w: size %d does not continue size %d", ErrSplitView, newer.Size, older.Size)
	}
	return nil
}

// CheckInclusion checks that a leaf stands at index in the log as it was last seen.
// Errors wrap ErrNotLogged.
func (v *LogView) CheckInclusion(leaf LogLeaf, index uint64, proof tlog.RecordProof) error {
	return v.head.CheckInclusion(leaf, index, proof)
}

// CheckInclusion checks that a leaf stands at index in the log of this head, which
// must have been verified.
func (h TreeHead) CheckInclusion(leaf LogLeaf, index uint64, proof tlog.RecordProof) error {
	if index >= h.Size || h.Size > 1<<62 {
		return fmt.Errorf("%w: leaf %d of %d", ErrNotLogged, index, h.Size)
	}
	if tlog.CheckRecord(proof, int64(h.Size), h.Root, int64(index), tlog.RecordHash(leaf.Bytes())) != nil {
		return fmt.Errorf("%w: leaf %d of %d", ErrNotLogged, index, h.Size)
	}
	return nil
}
