package rooms

import (
	"errors"
	"fmt"
)

// Code is a stable name of what went wrong, for programs; people read a message
// made at the edge, in their language.
type Code string

// The table of codes. crypto's errors and the server's are mapped to it.
const (
	CodeNotConsented   Code = "not_consented" // no active receipt covers it
	CodeWithdrawn      Code = "withdrawn"     // the receipt was withdrawn
	CodeExpired        Code = "expired"       // the receipt has expired
	CodeOldReceipt     Code = "old_receipt"   // a lower number than seen
	CodeNotMember      Code = "not_member"
	CodeNotAllowed     Code = "not_allowed"     // a member, but not for this
	CodeStaleEpoch     Code = "stale_epoch"     // encrypted for an earlier epoch
	CodeRemovalPending Code = "removal_pending" // nothing is written until the Remove is committed
	CodeBadSignature   Code = "bad_signature"
	CodeForgedAuthor   Code = "forged_author" // signed by somebody else than it says
	CodeReplay         Code = "replay"        // an id that the room has already
	CodeForked         Code = "forked"        // a cited place disagrees with one's own chain
	CodeBadChain       Code = "bad_chain"     // sequence or chain does not continue
	CodeBadCommit      Code = "bad_commit"    // the MLS commit is invalid
	CodeBadCertificate Code = "bad_certificate"
	CodeMalformed      Code = "malformed"
	CodeTooLarge       Code = "too_large"
	CodeUnknownRoom    Code = "unknown_room"
	CodeUnknown        Code = "unknown"    // the target (message, action, version…) does not exist
	CodeConflict       Code = "conflict"   // it is already so, or somebody was faster
	CodeFrozen         Code = "frozen"     // the case is frozen
	CodeSealed         Code = "sealed"     // sealed minutes never change
	CodeNotSigner      Code = "not_signer" // signs minutes of a meeting they did not attend
	CodeChanged        Code = "changed"    // bytes are not those that were announced
	CodeInvalid        Code = "invalid"    // a field is wrong: Field says which
	CodeRateLimited    Code = "rate_limited"
	CodeUnauthorised   Code = "unauthorised" // no session
	CodeUnavailable    Code = "unavailable"  // try again
	CodeInternal       Code = "internal"
)

// Error is an error with its code. Detail never holds clinical content, a name
// or a key. Field is the wrong field of a command, for CodeInvalid.
type Error struct {
	Code   Code
	Detail string
	Field  string
	err    error
}

// Errorf gives an error with a code; %w in the format is kept for errors.Is.
func Errorf(code Code, format string, args ...any) *Error { return newError(code, format, args) }

func newError(code Code, format string, args []any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Detail: err.Error(), err: errors.Unwrap(err)}
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Detail }
func (e *Error) Unwrap() error { return e.err }

// Is makes errors.Is compare by code: errors.Is(err, &Error{Code: CodeStaleEpoch}).
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Detail == ""
}

// CodeOf gives the code of err: that of the first *Error in its chain, else
// CodeInternal; "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
