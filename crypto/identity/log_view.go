package identity

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

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
