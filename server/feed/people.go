package feed

import (
	"context"
	"sync"
	"time"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/store"
)

// overlap is how far back participations are read again at each look: longer
// than any transaction that writes them.
const overlap = 30 * time.Second

// people is what has been told to whom about rooms that opened or closed.
type people struct {
	changed chan struct{}

	// Of the goroutine of Run.
	until time.Time // by the database's clock
	sent  map[sentKey]time.Time
}

type sentKey struct {
	user, room rooms.ID
	at         int64 // changed_at, microseconds
}

// tell lets users know, here and on other nodes, that their rooms have changed.
func (f *Feed) tell(users []rooms.ID) {
	f.tellHere(users)
	for _, u := range users {
		f.wake(topicPeople+u.String(), uint64(f.Now().UnixMilli())) //nolint:gosec // after 1970
	}
}

func (f *Feed) tellHere(users []rooms.ID) {
	for _, u := range users {
		if len(f.Hub.Of(u)) > 0 {
			select {
			case f.people.changed <- struct{}{}:
			default:
			}
			return
		}
	}
}

// tellPeople looks up what has changed for the users who are here, and tells
// them. A change is told once to each connection, or twice: never not at all.
func (f *Feed) tellPeople(ctx context.Context) {
	users := f.Hub.Users()
	if len(users) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	now, err := f.Store.Now(ctx)
	if err != nil {
		return // the next look
	}
	if f.people.until.IsZero() {
		f.people.until = now
	}
	ids := make([][]byte, len(users))
	for i := range users {
		ids[i] = users[i][:]
	}
	rows, err := f.Store.ParticipationChanges(ctx, store.ParticipationChangesParams{Users: ids, Since: f.people.until.Add(-overlap)})
	if err != nil {
		f.Logger.Warn("looking for rooms that have opened", "error", err)
		return
	}
	f.people.until = now
	at := f.Now().UnixMilli()
	for _, row := range rows {
		key := sentKey{rooms.ID(row.UserID), rooms.ID(row.RoomID), row.ChangedAt.UnixMicro()}
		if _, done := f.people.sent[key]; done {
			continue
		}
		f.people.sent[key] = now
		summary := wire.RoomSummary{
			Room: key.room, Kind: rooms.Kind(row.Kind), Case: optionalID(row.CaseID), //nolint:gosec // written as such
			Seq: uint64(row.Seq), Epoch: uint64(row.Epoch), //nolint:gosec // written as such
			Gone: !row.Open || row.Expires != 0 && row.Expires <= at,
		}
		for _, c := range f.Hub.Of(key.user) {
			c.Send(wire.OpRoom, 0, summary)
		}
	}
	for key, when := range f.people.sent {
		if now.Sub(when) > 2*overlap {
			delete(f.people.sent, key)
		}
	}
}

func optionalID(b []byte) rooms.ID {
	if len(b) != len(rooms.ID{}) {
		return rooms.ID{}
	}
	return rooms.ID(b)
}

// elsewhere is who is present on the other nodes.
type elsewhere struct {
	mu    sync.Mutex
	rooms map[rooms.ID]map[string]seen // by node
}

// seen is who another node said is present in a room, and when.
type seen struct {
	at      time.Time
	devices map[rooms.ID]rooms.ID // device → user
}
