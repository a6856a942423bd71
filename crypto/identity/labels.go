package identity

// The table of labels: everything that is signed, hashed, derived or sealed
// carries one of these, and no two purposes share one. A format that changes
// takes a new label. They are plain strings, so that a signature can be checked
// by other programs.
const (
	// Signatures of this package.
	LabelDeviceCertificate = "ensemble device certificate"
	LabelDeviceRequest     = "ensemble device request"
	LabelKeyChain          = "ensemble key chain"
	LabelKeyRotation       = "ensemble key rotation"

	// Signatures of devices in rooms.
	LabelEvent        = "ensemble event"
	LabelStatement    = "ensemble statement"
	LabelHistoryGrant = "ensemble history grant"
	LabelBinding      = "ensemble binding"   // an inviter binds an invitee's identity key
	LabelAdmission    = "ensemble admission" // the chair admits a device to a call

	// Signatures of people, over canonical JSON (package sign).
	LabelConsent  = "ensemble consent"
	LabelMinutes  = "ensemble minutes"
	LabelAddendum = "ensemble addendum"
	LabelPlan     = "ensemble plan"
	LabelSeal     = "ensemble seal"

	LabelDeclaration = "ensemble declaration" // of somebody present, on minutes
	LabelAction      = "ensemble action"      // of a plan

	// Signatures to the server, which prove the possession of a key.
	LabelSession = "ensemble session"

	// Digests.
	LabelKeyHash      = "ensemble key hash"
	LabelDeviceID     = "ensemble device id"
	LabelKeyChainHash = "ensemble key chain hash"
	LabelVaultHash    = "ensemble vault hash"
	LabelReceiptHash  = "ensemble receipt hash"

	// Chains. It begins the canonical envelope and names its version.
	LabelEnvelope = "ensemble envelope 1"

	// Derivations (HKDF info).
	LabelRecordEncryption = "ensemble record encryption"
	LabelRecordCommitment = "ensemble record commitment"
	LabelSlotKey          = "ensemble vault slot key"

	// Sealing (additional data and HPKE info).
	LabelRecord           = "ensemble record"
	LabelHistoryGrantSeal = "ensemble history grant seal"
	LabelVault            = "ensemble vault"
	LabelVaultSlot        = "ensemble vault slot"
)

// Labels returns the whole table, in no particular order.
func Labels() []string {
	return []string{
		LabelDeviceCertificate, LabelDeviceRequest, LabelKeyChain, LabelKeyRotation,
		LabelEvent, LabelStatement, LabelHistoryGrant, LabelBinding, LabelAdmission,
		LabelConsent, LabelMinutes, LabelAddendum, LabelPlan, LabelSeal,
		LabelDeclaration, LabelAction,
		LabelSession,
		LabelKeyHash, LabelDeviceID, LabelKeyChainHash, LabelVaultHash, LabelReceiptHash,
		LabelEnvelope,
		LabelRecordEncryption, LabelRecordCommitment, LabelSlotKey,
		LabelRecord, LabelHistoryGrantSeal, LabelVault, LabelVaultSlot,
	}
}
