package rooms

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/sign"
)

// Formats of the exported minutes.
const (
	FormatBundle = "ensemble.bundle.1"
	FormatFile   = "ensemble.minutes-file.1"
)

// Bundle is what a seal fixes: the minutes, every declaration made on them, and the
// statements of the room's log on which the signers' keys rest. It follows from the
// log alone, so that every member builds the same bytes.
type Bundle struct {
	Format       string              `json:"format"`
	Minutes      json.RawMessage     `json:"minutes"` // canonical MinutesContent
	Digest       string              `json:"digest"`
	Declarations []BundleDeclaration `json:"declarations"` // in the order of the log
	Evidence     []BundleEvidence    `json:"evidence"`     // in the order of the log; the first is the room's genesis
}

// BundleDeclaration is one signer's declaration.
type BundleDeclaration struct {
	Declaration json.RawMessage `json:"declaration"` // canonical
	Signature   sign.Signature  `json:"signature"`
	Certificate []byte          `json:"certificate,omitempty"` // device certificate by the same identity key
	Seq         uint64          `json:"seq"`
	At          int64           `json:"at"` // server time
}

// BundleEvidence is a signed statement of the room's log.
type BundleEvidence struct {
	Seq       uint64 `json:"seq"`
	At        int64  `json:"at"`
	Statement []byte `json:"statement"` // SignedStatement
}

// MinutesFile is the exported file: the sealed bundle, the chair's seal, and what has
// been added since. Proofs by others (of the key log, of witnesses, of time) will stand
// in Proofs; one of a kind that the reader does not know is reported as not checked.
type MinutesFile struct {
	Format  string          `json:"format"`
	Bundle  json.RawMessage `json:"bundle"`         // canonical
	Seal    []byte          `json:"seal,omitempty"` // SignedStatement
	Addenda []FileAddendum  `json:"addenda"`
	Proofs  []FileProof     `json:"proofs"`
}

// FileAddendum is a signed correction.
type FileAddendum struct {
	Addendum  json.RawMessage `json:"addendum"` // canonical
	Signature sign.Signature  `json:"signature"`
	Seq       uint64          `json:"seq"`
	At        int64           `json:"at"`
}

// FileProof is a proof by somebody else.
type FileProof struct {
	Kind string `json:"kind"`
	Data []byte `json:"data"`
}

// jsonSignature gives a signature of package identity as it stands in JSON.
func jsonSignature(key, signature []byte) sign.Signature {
	s := sign.Signature{Alg: sign.Ed25519, Key: key}
	if len(signature) > 0 {
		s.Value = signature[1:]
	}
	return s
}

// buildBundle gives the canonical bundle of the current proposal.
func (r *Room) buildBundle() ([]byte, error) {
	if r.item == nil || r.item.Minutes.Proposal() == nil {
		return nil, Errorf(CodeConflict, "no minutes are proposed")
	}
	p := r.item.Minutes.Proposal()
	b := Bundle{
		Format: FormatBundle, Minutes: p.Content, Digest: hex.EncodeToString(p.Digest[:]),
		Declarations: []BundleDeclaration{}, Evidence: []BundleEvidence{},
	}
	for _, s := range p.Signatures {
		b.Declarations = append(b.Declarations, BundleDeclaration{
			Declaration: s.Declaration, Signature: jsonSignature(s.Key, s.Signature),
			Certificate: s.Certificate, Seq: s.Seq, At: s.At,
		})
	}
	for _, e := range r.pub.evidence {
		if e.Seq > p.Seq || !concerns(e.Payload, p) {
			continue
		}
		b.Evidence = append(b.Evidence, BundleEvidence{Seq: e.Seq, At: e.Time, Statement: e.Payload})
	}
	canonical, err := sign.Canonical(b)
	if err != nil {
		return nil, Errorf(CodeInternal, "bundle: %w", err)
	}
	return canonical, nil
}

// concerns says whether a statement is needed to verify who may sign: the genesis, the
// collectors, and consents of those who may.
func concerns(payload []byte, p *ProposalState) bool {
	s, err := InspectStatement(payload)
	if err != nil {
		return false
	}
	body, err := DecodeStatement(s)
	if err != nil {
		return false
	}
	switch b := body.(type) {
	case *Receipt:
		return p.MaySign(b.Participant.User)
	case *Withdrawal:
		return p.MaySign(b.Participant)
	case *Genesis, *CollectorsChange:
		return true
	}
	return false
}

// Bundle gives the bytes that the seal fixed.
func (r *Room) Bundle() ([]byte, error) {
	if r.item == nil || r.item.Minutes.State != StateSealed {
		return nil, Errorf(CodeConflict, "the minutes are not sealed")
	}
	b, err := r.buildBundle()
	if err != nil {
		return nil, err
	}
	if sha256.Sum256(b) != r.item.Minutes.Sealed.Bundle {
		return nil, Errorf(CodeChanged, "not the bundle that was sealed")
	}
	return b, nil
}

// ExportMinutes gives the file of the sealed minutes with their addenda, which
// [VerifyBundle] reads.
func (r *Room) ExportMinutes() ([]byte, error) {
	bundle, err := r.Bundle()
	if err != nil {
		return nil, err
	}
	m := &r.item.Minutes
	f := MinutesFile{
		Format: FormatFile, Bundle: bundle,
		Addenda: []FileAddendum{}, Proofs: []FileProof{},
	}
	if i := slices.IndexFunc(r.pub.evidence, func(e EvidenceEntry) bool { return e.Seq == m.Sealed.Seq }); i >= 0 {
		f.Seal = r.pub.evidence[i].Payload
	}
	for _, a := range m.Addenda {
		f.Addenda = append(f.Addenda, FileAddendum{
			Addendum: a.Content, Signature: jsonSignature(a.Key, a.Signature), Seq: a.Seq, At: a.At,
		})
	}
	b, err := sign.Canonical(f)
	if err != nil {
		return nil, Errorf(CodeInternal, "exporting minutes: %w", err)
	}
	return b, nil
}

// Fingerprint is a hash of an identity key as people compare it: the first 20 bytes in
// hexadecimal, in groups of four.
func Fingerprint(keyHash [32]byte) string {
	h := hex.EncodeToString(keyHash[:20])
	out := make([]byte, 0, 50)
	for i := 0; i < len(h); i += 4 {
		if i > 0 {
			out = append(out, ' ')
		}
		out = append(out, h[i:i+4]...)
	}
	return string(out)
}

// KeyFingerprint is the Fingerprint of an identity key.
func KeyFingerprint(key []byte) string { return Fingerprint(identity.KeyHash(key)) }
