package server

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/authz"
	"github.com/ensemble-sante/ensemble/server/store"
)

// What an audit's line says.
const (
	auditRead     = "READ"     // entries of the room were given to a device
	auditDocument = "DOCUMENT" // so was a document
	auditRefused  = "REFUSED"  // somebody asked who may not
)

// auditEvery is for how long one device reads a room or a document, or is refused,
// in one line.
const auditEvery = 15 * time.Minute

// audit notes who was given what. A line is written before anything is given.
type audit struct {
	store *store.Store
	now   func() time.Time
	log   *slog.Logger

	mu     sync.Mutex
	lately map[auditKey]time.Time
}

type auditKey struct {
	room, device, target rooms.ID
	what                 string
}

func newAudit(s *store.Store, now func() time.Time, log *slog.Logger) *audit {
	return &audit{store: s, now: now, log: log, lately: make(map[auditKey]time.Time)}
}

// read notes that a device is given entries of a room.
func (a *audit) read(ctx context.Context, who authz.Actor, room rooms.ID) error {
	return a.once(ctx, who, room, auditRead, rooms.ID{})
}

// document notes that a device is given a document, or ranges of it.
func (a *audit) document(ctx context.Context, who authz.Actor, room, document rooms.ID) error {
	return a.once(ctx, who, room, auditDocument, document)
}

// refused notes that somebody asked for what they may not have. That it cannot
// be written changes nothing for them.
func (a *audit) refused(ctx context.Context, who authz.Actor, room rooms.ID) {
	if err := a.once(ctx, who, room, auditRefused, rooms.ID{}); err != nil {
		a.log.Error("noting a refusal", "error", err)
	}
}

func (a *audit) once(ctx context.Context, who authz.Actor, room rooms.ID, what string, target rooms.ID) error {
	key, now := auditKey{room, who.Device, target, what}, a.now()
	a.mu.Lock()
	if now.Sub(a.lately[key]) < auditEvery {
		a.mu.Unlock()
		return nil
	}
	a.lately[key] = now
	if len(a.lately) > 1<<16 {
		for k, at := range a.lately {
			if now.Sub(at) >= auditEvery {
				delete(a.lately, k)
			}
		}
	}
	a.mu.Unlock()
	var about []byte
	if !target.IsZero() {
		about = target[:]
	}
	err := a.write(ctx, who, room, what, about)
	if err != nil {
		a.mu.Lock()
		delete(a.lately, key)
		a.mu.Unlock()
	}
	return err
}

func (a *audit) write(ctx context.Context, who authz.Actor, room rooms.ID, what string, target []byte) error {
	err := a.store.InsertAudit(ctx, store.InsertAuditParams{
		Times: []int64{a.now().UnixMilli()}, Rooms: [][]byte{room[:]}, Users: [][]byte{who.User[:]},
		Devices: [][]byte{who.Device[:]}, Whats: []string{what}, Targets: [][]byte{target},
	})
	if err != nil {
		return fmt.Errorf("writing the audit: %w", err)
	}
	return nil
}

// maxAudit is how many lines are shown, the newest first.
const maxAudit = 1000

func (a *audit) list(ctx context.Context, room rooms.ID) (wire.AccessList, error) {
	rows, err := a.store.Audit(ctx, store.AuditParams{RoomID: room[:], Most: maxAudit})
	if err != nil {
		return wire.AccessList{}, fmt.Errorf("reading the audit: %w", err)
	}
	list := wire.AccessList{}
	for _, r := range rows {
		access := wire.Access{Time: r.Time, User: rooms.ID(r.UserID), Device: rooms.ID(r.DeviceID), What: r.What}
		if len(r.Target) == len(access.Target) {
			access.Target = rooms.ID(r.Target)
		}
		list.Accesses = append(list.Accesses, access)
	}
	return list, nil
}
