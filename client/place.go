package client

import (
	"context"

	"github.com/ensemble-sante/ensemble/crypto/record"
)

// Place says where this device stands in a room's log: the number of the last
// entry that it has taken, and the chain up to there. Two devices at the same
// place have read the same log, byte for byte. It fails with CodeUnknownRoom.
func (c *Core) Place(ctx context.Context, id ID) (record.Place, error) {
	var place record.Place
	err := c.withRoom(ctx, id, func(_ *engine, r *room) error {
		place = r.place()
		return nil
	})
	return place, err
}
