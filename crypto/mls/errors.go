package mls

import (
	"errors"
	"fmt"
)

// The kinds of error. Callers compare with errors.Is; the error itself is an
// [*Error] that names the rule.
var (
	// ErrMalformed: the bytes are not what RFC 9420 says they should be.
	ErrMalformed = errors.New("malformed message")
	// ErrUnsupported: a cipher suite, version, credential or proposal type that
	// this package does not know.
	ErrUnsupported = errors.New("unsupported")
	// ErrWrongGroup: a message of another group.
	ErrWrongGroup = errors.New("message of another group")
	// ErrStaleEpoch: a message of an epoch that is over.
	ErrStaleEpoch = errors.New("message of a past epoch")
	// ErrFutureEpoch: a message of an epoch not reached: a commit is missing.
	ErrFutureEpoch = errors.New("message of a future epoch")
	// ErrSignature: a signature does not verify.
	ErrSignature = errors.New("invalid signature")
	// ErrMembershipTag: the sender is not shown to be a member.
	ErrMembershipTag = errors.New("invalid membership tag")
	// ErrConfirmationTag: committer and receiver disagree about the new epoch.
	ErrConfirmationTag = errors.New("invalid confirmation tag")
	// ErrDecrypt: a ciphertext does not open.
	ErrDecrypt = errors.New("decryption failed")
	// ErrReplay: a message whose key was used before, or given up.
	ErrReplay = errors.New("message key already used")
	// ErrTooFarAhead: a message too many generations ahead of the last one.
	ErrTooFarAhead = errors.New("message too far ahead")
	// ErrSender: a sender that does not exist or may not send this.
	ErrSender = errors.New("invalid sender")
	// ErrOwnMessage: a message that this member sent itself.
	ErrOwnMessage = errors.New("own message")
	// ErrCredential: a credential does not belong to its signature key, or
	// presents nobody.
	ErrCredential = errors.New("invalid credential")
	// ErrLeafNode: a leaf node is not valid.
	ErrLeafNode = errors.New("invalid leaf node")
	// ErrKeyPackage: a key package is not valid.
	ErrKeyPackage = errors.New("invalid key package")
	// ErrLifetime: a key package is not, or no longer, valid at this time.
	ErrLifetime = errors.New("key package outside its lifetime")
	// ErrProposal: a proposal is not valid.
	ErrProposal = errors.New("invalid proposal")
	// ErrProposalList: proposals that may not stand in one commit.
	ErrProposalList = errors.New("invalid list of proposals")
	// ErrUnknownProposal: a commit refers to a proposal that was not received.
	ErrUnknownProposal = errors.New("unknown proposal")
	// ErrPendingProposals: a received proposal must be committed, or discarded,
	// before application data are sent.
	ErrPendingProposals = errors.New("proposals are pending")
	// ErrPath: the update path of a commit is missing or not valid.
	ErrPath = errors.New("invalid update path")
	// ErrTree: a ratchet tree is not valid.
	ErrTree = errors.New("invalid ratchet tree")
	// ErrPSK: a pre-shared key is needed and not to be had.
	ErrPSK = errors.New("missing pre-shared key")
	// ErrWelcome: a Welcome that is not for us, or does not fit.
	ErrWelcome = errors.New("invalid welcome")
	// ErrGroupInfo: a GroupInfo that does not fit.
	ErrGroupInfo = errors.New("invalid group info")
	// ErrRemoved: this member is no longer in the group.
	ErrRemoved = errors.New("removed from the group")
	// ErrReInit: the group was ended by a ReInit proposal.
	ErrReInit = errors.New("group was reinitialised")
	// ErrSuccessor: a group that is not what the ReInit proposal of the group
	// before it, or a subgroup branch, has to be.
	ErrSuccessor = errors.New("invalid successor group")
	// ErrNotStaged: a staged commit that does not follow this state.
	ErrNotStaged = errors.New("commit was not staged on this state")
	// ErrState: a serialised state that cannot be read.
	ErrState = errors.New("invalid serialised state")
	// ErrKey: a private key that does not fit the suite, or the leaf.
	ErrKey = errors.New("invalid private key")
)

// Error says which rule a message, a state or a call broke.
type Error struct {
	Kind    error  // one of the Err values of this package
	Section string // of RFC 9420, such as "12.4.2"
	Rule    string // what was wrong, in the terms of that section
}

func (e *Error) Error() string {
	return fmt.Sprintf("mls: %v: %s (RFC 9420 §%s)", e.Kind, e.Rule, e.Section)
}

// Unwrap gives the kind.
func (e *Error) Unwrap() error { return e.Kind }

func rule(kind error, section, format string, args ...any) error {
	return &Error{Kind: kind, Section: section, Rule: fmt.Sprintf(format, args...)}
}
