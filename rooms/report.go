package rooms

// Report is what an exported file of minutes says and what of it is proven.
type Report struct {
	// Whole says that nothing was changed and no signature fails: Problems is empty.
	Whole    bool      `json:"whole"`
	Problems []Problem `json:"problems"`

	Minutes *MinutesContent `json:"minutes,omitempty"`
	Digest  string          `json:"digest"` // computed here

	Signed            []SignerReport   `json:"signed"`              // in the order of signing
	PresentNotSigned  []NamedUser      `json:"present_not_signed"`  // attended, no signature
	RequiredNotSigned []NamedUser      `json:"required_not_signed"` // without them there is no seal
	Seal              *SealReport      `json:"seal,omitempty"`
	Addenda           []AddendumReport `json:"addenda"`

	// Trust is whom the reader relies on, the founder of the room first: whoever
	// vouched that a key is a person's. Compare their fingerprints by another way.
	Trust []TrustReport `json:"trust"`
	// NotChecked names proofs in the file of kinds that this program does not know.
	NotChecked []string `json:"not_checked"`
}

// Problem is something that was changed, or does not verify. Code is one of the table.
type Problem struct {
	Code   Code   `json:"code"`
	Where  string `json:"where"` // minutes, declaration 2, evidence 1, seal, addendum 1
	Detail string `json:"detail"`
}

// NamedUser is somebody as the minutes name them.
type NamedUser struct {
	User ID     `json:"user"`
	Name string `json:"name"`
	Role string `json:"role"`
}

// SignerReport is one signature.
type SignerReport struct {
	User        ID           `json:"user"`
	Name        string       `json:"name"`
	Role        string       `json:"role"`
	Duty        string       `json:"duty"`
	Position    PositionCode `json:"position,omitempty"`
	Text        string       `json:"text,omitempty"`
	At          int64        `json:"at"` // by the signer's clock
	Valid       bool         `json:"valid"`
	Required    bool         `json:"required"`
	Present     bool         `json:"present"`
	Fingerprint string       `json:"fingerprint"`
	// VouchedBy is who bound the key to the signer; zero where nobody did.
	VouchedBy ID `json:"vouched_by,omitzero"`
}

// SealReport is the chair's seal.
type SealReport struct {
	User        ID     `json:"user"`
	At          int64  `json:"at"` // by the chair's clock
	Fingerprint string `json:"fingerprint"`
	Valid       bool   `json:"valid"`
}

// AddendumReport is a correction.
type AddendumReport struct {
	User        ID     `json:"user"`
	Name        string `json:"name"`
	Text        string `json:"text"`
	At          int64  `json:"at"`
	Valid       bool   `json:"valid"`
	Fingerprint string `json:"fingerprint"`
}

// TrustReport is somebody whose word the report relies on.
type TrustReport struct {
	User        ID     `json:"user"`
	Name        string `json:"name,omitempty"` // where the minutes name them
	As          string `json:"as"`             // FOUNDER, COLLECTOR, PERSON
	Fingerprint string `json:"fingerprint"`
	VouchedFor  []ID   `json:"vouched_for"`
}
