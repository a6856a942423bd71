package authz

import "github.com/ensemble-sante/ensemble/crypto/record"

// OfAppend gives the operation of appending an entry of a kind; false if there
// is no such kind.
func OfAppend(kind record.Kind) (Operation, bool) {
	switch kind {
	case record.KindCommit:
		return AppendCommit, true
	case record.KindEvent:
		return AppendEvent, true
	case record.KindStatement:
		return AppendStatement, true
	}
	return "", false
}
