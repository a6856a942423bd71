package feed

import (
	"context"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/server/store"
)

// MoveCursor notes how far a user has read a room, and tells whether that is
// further than before. Beyond the end of the log has code invalid.
func (f *Feed) MoveCursor(ctx context.Context, room, user rooms.ID, seq uint64) (moved bool, err error) {
	last, err := f.Store.RoomSeq(ctx, room[:])
	if err != nil {
		return false, err
	}
	if seq == 0 || seq > uint64(last) { //nolint:gosec // written as such
		return false, &rooms.Error{Code: rooms.CodeInvalid, Field: "seq", Detail: "the log does not have that entry"}
	}
	n, err := f.Store.PutCursor(ctx, store.PutCursorParams{RoomID: room[:], UserID: user[:], Seq: int64(seq)}) //nolint:gosec // <= last
	return n > 0, err
}
