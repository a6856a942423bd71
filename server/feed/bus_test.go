package feed

import (
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// What comes over the bus is read without harm, whatever it is.
func FuzzMessagesOfOtherNodes(f *testing.F) {
	for _, seed := range []any{
		present{"node", []presentRoom{{rooms.ID{1}, []rooms.ID{{2}}, []rooms.ID{{3}}}}},
		present{"node", []presentRoom{{rooms.ID{1}, []rooms.ID{{2}}, nil}}},
		relayed{Op: wire.OpCasts, Body: []byte{0xa0}},
		relayed{Op: wire.OpEntries, Body: []byte{0xa0}},
		nil,
	} {
		b, err := cbor.Marshal(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := parsePresent(b); err == nil {
			for _, one := range p.Rooms {
				if len(one.Users) != len(one.Devices) {
					t.Fatal("users and devices differ")
				}
			}
		}
		if r, err := parseRelayed(b); err == nil && r.Op != wire.OpCasts && r.Op != wire.OpCursorP {
			t.Fatalf("op %d is relayed", r.Op)
		}
	})
}
