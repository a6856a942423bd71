package rooms

import "github.com/ensemble-sante/ensemble/crypto/strictcbor"

// FoldedState encodes what events gave a room: its checkpoint without the log's own
// state, rows and forks.
func FoldedState(r *Room) ([]byte, error) {
	s, err := r.checkpointState()
	if err != nil {
		return nil, err
	}
	s.Public, s.Rows, s.Forked = nil, nil, nil
	return strictcbor.Marshal(s)
}
