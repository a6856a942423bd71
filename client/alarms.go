package client

import (
	"context"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
)

// storedAlarm is a security finding that stays until somebody has seen it.
type storedAlarm struct {
	ID   ID         `cbor:"1,keyasint"`
	Code rooms.Code `cbor:"2,keyasint"`
	Room ID         `cbor:"3,keyasint,omitzero"`
	At   int64      `cbor:"4,keyasint"`
	Seen bool       `cbor:"5,keyasint,omitempty"`
}

// alarm records a finding, once for each room and code.
func (e *engine) alarm(code rooms.Code, room ID) {
	for _, a := range e.meta.Alarms {
		if a.Code == code && a.Room == room {
			return
		}
	}
	e.log.Warn("alarm", "code", string(code), "room", room.String())
	e.meta.Alarms = append(e.meta.Alarms, storedAlarm{ID: identity.NewID(), Code: code, Room: room, At: e.now()})
	e.saveMeta()
	e.dirtyAll()
}

func alarmSeen(ctx context.Context, c *Core, args AlarmArgs) error {
	return c.do(ctx, func(e *engine) error {
		i := slices.IndexFunc(e.meta.Alarms, func(a storedAlarm) bool { return a.ID == args.ID })
		if i < 0 {
			return rooms.Errorf(rooms.CodeUnknown, "no such alarm")
		}
		e.meta.Alarms[i].Seen = true
		e.saveMeta()
		e.dirtyAll()
		return nil
	})
}
