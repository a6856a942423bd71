package rooms

import (
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/sign"
)

// States of an item's minutes.
const (
	StateNone     = "NONE"
	StateDraft    = "DRAFT"    // co-edited
	StateProposed = "PROPOSED" // to be signed
	StateSealed   = "SEALED"   // never changes
)

// Formats and labels of what is signed. The minutes themselves are hashed under
// identity.LabelMinutes, addenda signed under identity.LabelAddendum.
const (
	FormatMinutes     = "ensemble.minutes.1"
	FormatDeclaration = "ensemble.declaration.1"
	FormatAddendum    = "ensemble.addendum.1"

	LabelDeclaration = identity.LabelDeclaration

	formatSnapshot = "yjs.1"
)

// MinutesState is where an item's minutes stand: draft, proposals with their
// signatures, the seal, addenda.
type MinutesState struct {
	State     string          `cbor:"1,keyasint"`
	Snapshot  *SnapshotState  `cbor:"2,keyasint"`
	Proposals []ProposalState `cbor:"3,keyasint"` // every version, oldest first
	Sealed    *SealState      `cbor:"4,keyasint"`
	Exported  bool            `cbor:"5,keyasint"` // the bundle is in the log
	Addenda   []AddendumState `cbor:"6,keyasint"`
}

// SnapshotState is the newest state of the co-edited draft.
type SnapshotState struct {
	Format string `cbor:"1,keyasint"`
	State  []byte `cbor:"2,keyasint"`
	By     ID     `cbor:"3,keyasint"`
	At     int64  `cbor:"4,keyasint"`
	Seq    uint64 `cbor:"5,keyasint"`
}

// ProposalState is one version of the minutes that was proposed.
type ProposalState struct {
	Version    uint             `cbor:"1,keyasint"`
	Content    []byte           `cbor:"2,keyasint"` // canonical JSON of MinutesContent
	Digest     [32]byte         `cbor:"3,keyasint"`
	By         ID               `cbor:"4,keyasint"`
	At         int64            `cbor:"5,keyasint"`
	Seq        uint64           `cbor:"6,keyasint"`
	Present    []ID             `cbor:"7,keyasint"` // who attended
	Required   []ID             `cbor:"8,keyasint"` // who must sign
	Signatures []SignatureState `cbor:"9,keyasint"`
	Reopened   *ReopenedState   `cbor:"10,keyasint"` // set when it was taken back
}

// ReopenedState says who took a proposal back, and why.
type ReopenedState struct {
	By     ID     `cbor:"1,keyasint"`
	At     int64  `cbor:"2,keyasint"`
	Reason string `cbor:"3,keyasint"`
}

// SignatureState is one participant's declaration.
type SignatureState struct {
	User        ID     `cbor:"1,keyasint"`
	Seq         uint64 `cbor:"2,keyasint"`
	At          int64  `cbor:"3,keyasint"`
	Declaration []byte `cbor:"4,keyasint"` // canonical JSON
	Key         []byte `cbor:"5,keyasint"`
	Signature   []byte `cbor:"6,keyasint"`
	Certificate []byte `cbor:"7,keyasint"`
}

// AddendumState is a correction of the sealed minutes.
type AddendumState struct {
	User      ID     `cbor:"1,keyasint"`
	Seq       uint64 `cbor:"2,keyasint"`
	At        int64  `cbor:"3,keyasint"`
	Content   []byte `cbor:"4,keyasint"` // canonical JSON of AddendumContent
	Key       []byte `cbor:"5,keyasint"`
	Signature []byte `cbor:"6,keyasint"`
}

// Minutes decodes the proposal's content.
func (p *ProposalState) Minutes() (*MinutesContent, error) {
	var c MinutesContent
	if err := sign.Parse(p.Content, &c); err != nil {
		return nil, Errorf(CodeMalformed, "minutes: %w", err)
	}
	return &c, nil
}

// Declared decodes a declaration.
func (s *SignatureState) Declared() (*Declaration, error) {
	var d Declaration
	if err := sign.Parse(s.Declaration, &d); err != nil {
		return nil, Errorf(CodeMalformed, "declaration: %w", err)
	}
	return &d, nil
}

// Corrects decodes an addendum.
func (a *AddendumState) Corrects() (*AddendumContent, error) {
	var c AddendumContent
	if err := sign.Parse(a.Content, &c); err != nil {
		return nil, Errorf(CodeMalformed, "addendum: %w", err)
	}
	return &c, nil
}

// Proposal is the newest proposal, also when it was reopened; nil before there is one.
func (m *MinutesState) Proposal() *ProposalState {
	if len(m.Proposals) == 0 {
		return nil
	}
	return &m.Proposals[len(m.Proposals)-1]
}

// Signed finds a user's signature under a proposal.
func (p *ProposalState) Signed(user ID) (SignatureState, bool) {
	for _, s := range p.Signatures {
		if s.User == user {
			return s, true
		}
	}
	return SignatureState{}, false
}

// Awaited are the required signers who have not signed.
func (p *ProposalState) Awaited() []ID { return p.unsigned(p.Required) }

// PresentNotSigned are those who attended and have not signed.
func (p *ProposalState) PresentNotSigned() []ID { return p.unsigned(p.Present) }

func (p *ProposalState) unsigned(of []ID) []ID {
	var all []ID
	for _, id := range of {
		if _, ok := p.Signed(id); !ok {
			all = append(all, id)
		}
	}
	return all
}

// MaySign says whether a user attended or is a required signer.
func (p *ProposalState) MaySign(user ID) bool {
	return slices.Contains(p.Present, user) || slices.Contains(p.Required, user)
}
