package client

import "github.com/ensemble-sante/ensemble/rooms"

// refusedBy gives the code with which the room's rules refused an entry; empty
// where they did not, or where it cannot be judged without what came before.
func refusedBy(o rooms.Outcome) rooms.Code {
	if o.Status == rooms.Refused {
		return o.Code
	}
	return ""
}
