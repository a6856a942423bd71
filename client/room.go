package client

import (
	"fmt"
	"strings"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// checkpointEvery is after how many entries a room's checkpoint is written, a few
// more in long rooms: so many are folded again when a device starts.
const checkpointEvery = 64

// windowStep is how many rows of a timeline a view shows, and by how many more
// room.older widens it.
const windowStep = 100

// room is one room as this device has it.
type room struct {
	id   ID
	kind rooms.Kind

	fold         *rooms.Room // nil before the first entry
	stored       uint64      // the newest entry on disk
	checkpointed uint64      // the entry of the stored checkpoint

	keys  *keyring
	group *mls.Group // nil while this device is not in
	casts castState

	known     bool // the server lists it for this account
	gone      bool // delivery has ended
	broken    rooms.Code
	following bool
	fetching  bool
	joining   bool // a GroupInfo is being asked for
	caughtUp  bool
	last      uint64 // the server's newest, as it last said

	attempt  *attempt  // our commit on its way
	notUntil time.Time // when to try to join again
	failures int
	removal  *turn
	eviction *turn            // of revoked devices
	move     *turn            // of the room to the newest suite
	leaving  map[ID]time.Time // in a session: when to take out those to whom nothing of it is left

	sealing    bool      // a seal is on its way
	actionsDue time.Time // when we carry actions into the plan ourselves

	history history
	grants  map[ID]bool // mails that we are about to answer

	profileSent bool
	checked     map[ID]uint64 // devices found in their users' key chains, with the head that their leaf shows
	reviewed    review
	revoked     []revokedLeaf // that are still in
	online      map[ID]bool
	cursors     map[ID]uint64
	readTo      uint64
	typing      map[ID]time.Time
	draft       string
	window      int
}

// attempt is a commit of ours that the server may or may not put into the log.
type attempt struct {
	staged  *mls.StagedCommit
	message []byte
	next    *mls.Group // that takes the place of the room's group; nil if the commit does not end it
}

type storedRoom struct {
	Kind    rooms.Kind `cbor:"1,keyasint"`
	Stored  uint64     `cbor:"4,keyasint"`
	Gone    bool       `cbor:"5,keyasint,omitempty"`
	Broken  rooms.Code `cbor:"6,keyasint,omitempty"`
	ReadTo  uint64     `cbor:"7,keyasint,omitempty"`
	Profile bool       `cbor:"8,keyasint,omitempty"`
}

func newRoom(id ID, kind rooms.Kind) *room {
	return &room{
		id: id, kind: kind, keys: newKeyring(), window: windowStep,
		checked: map[ID]uint64{}, online: map[ID]bool{}, cursors: map[ID]uint64{},
		typing: map[ID]time.Time{}, grants: map[ID]bool{}, leaving: map[ID]time.Time{},
	}
}

// lasting says whether a room is kept on the device: calls are not.
func (r *room) lasting() bool { return r.kind != rooms.KindCall }

// public is the public half of the fold; nil before the first entry.
func (r *room) public() *rooms.Public {
	if r.fold == nil {
		return nil
	}
	return r.fold.Public()
}

// place is where our copy of the log stands.
func (r *room) place() record.Place {
	if r.fold == nil {
		return record.Place{}
	}
	return r.public().Place()
}

func (e *engine) ownLeaf(r *room) (rooms.LeafMember, bool) {
	if r.fold == nil {
		return rooms.LeafMember{}, false
	}
	return r.public().Device(e.device.key.Device())
}

// saveRoom puts a room's state into this turn's batch.
func (e *engine) saveRoom(r *room) {
	if !r.lasting() {
		return
	}
	e.putCBOR(keyRoom+r.id.String(), storedRoom{
		Kind: r.kind, Stored: r.stored, Gone: r.gone, Broken: r.broken, ReadTo: r.readTo,
		Profile: r.profileSent,
	})
}

type storedGroup struct {
	State []byte `cbor:"1,keyasint"` // of the MLS group
	Ahead uint   `cbor:"2,keyasint"` // generations given out beyond it: see castState
}

// saveGroup puts a room's MLS group into this turn's batch, together with the
// entry of the log that brought it there.
func (e *engine) saveGroup(r *room) {
	if !r.lasting() {
		return
	}
	if r.group == nil {
		e.put(keyGroup+r.id.String(), nil)
		return
	}
	b, err := r.group.MarshalBinary()
	if err != nil {
		e.fail(fmt.Errorf("client: keeping a group: %w", err))
		return
	}
	e.putCBOR(keyGroup+r.id.String(), storedGroup{b, r.casts.reserve()})
}

func entryKey(room ID, seq uint64) string {
	return fmt.Sprintf("%s%s/%016x", keyEntry, room, seq)
}

type storedEntry struct {
	Time    int64       `cbor:"1,keyasint"`
	Kind    record.Kind `cbor:"2,keyasint"`
	Payload []byte      `cbor:"3,keyasint"`
}

// loadRooms reads what the device keeps of its rooms.
func (e *engine) loadRooms() error {
	pairs, err := e.store.scan(e.ctx, keyRoom)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		ids, err := parseIDs(strings.TrimPrefix(p.Key, keyRoom))
		if err != nil {
			return err
		}
		var s storedRoom
		if err := decodeState(p.Value, &s); err != nil {
			return err
		}
		r := newRoom(ids[0], s.Kind)
		r.stored, r.gone, r.broken, r.readTo, r.profileSent = s.Stored, s.Gone, s.Broken, s.ReadTo, s.Profile
		if err := e.loadRoom(r); err != nil {
			return fmt.Errorf("room %s: %w", r.id, err)
		}
		e.rooms[r.id] = r
	}
	return nil
}

func (e *engine) loadRoom(r *room) error {
	b, err := e.store.get(e.ctx, keyKeys+r.id.String())
	if err != nil {
		return err
	}
	if b != nil {
		if err := r.keys.load(b); err != nil {
			return err
		}
	}
	if b, err = e.store.get(e.ctx, keyDraft+r.id.String()); err != nil {
		return err
	}
	r.draft = string(b)
	checkpoint, err := e.store.get(e.ctx, keyFold+r.id.String())
	if err != nil {
		return err
	}
	if checkpoint != nil {
		// One that was made by another version of the rules does not restore:
		// the entries are folded again.
		if fold, err := rooms.RestoreRoom(checkpoint); err == nil {
			r.fold, r.checkpointed = fold, fold.Public().Place().Seq
		}
	}
	if err := e.foldStored(r); err != nil {
		return err
	}
	if b, err = e.store.get(e.ctx, keyGroup+r.id.String()); err != nil || b == nil {
		return err
	}
	var g storedGroup
	if err := decodeState(b, &g); err != nil {
		return err
	}
	if err := e.restoreGroup(r, g.State, g.Ahead); err != nil {
		// Without its group the device enters the room again by itself.
		e.log.Warn("a group does not restore", "room", r.id.String())
		r.group = nil
	}
	return nil
}

// foldStored folds the entries on disk that come after the fold.
func (e *engine) foldStored(r *room) error {
	for seq := r.place().Seq + 1; seq <= r.stored; seq++ {
		b, err := e.store.get(e.ctx, entryKey(r.id, seq))
		if err != nil {
			return err
		}
		if b == nil {
			return fmt.Errorf("%w: entry %d is missing", errState, seq)
		}
		var s storedEntry
		if err := decodeState(b, &s); err != nil {
			return err
		}
		if _, err := r.apply(wire.Entry{Seq: seq, Time: s.Time, Kind: s.Kind, Payload: s.Payload}); err != nil {
			return err
		}
	}
	return nil
}

// refold folds a room's log from its beginning, when keys of earlier epochs have
// come.
func (e *engine) refold(r *room) {
	e.flush() // the entries are read from the disk
	old := r.fold
	r.fold, r.checkpointed = nil, 0
	if err := e.foldStored(r); err != nil || r.place() != old.Public().Place() {
		e.log.Error("a room does not fold again", "room", r.id.String())
		r.fold = old
		return
	}
	e.checkpoint(r)
	e.dirtyRoom(r.id)
}

// checkpoint keeps the folded state.
func (e *engine) checkpoint(r *room) {
	if !r.lasting() || r.fold == nil {
		return
	}
	b, err := r.fold.Checkpoint()
	if err != nil {
		e.log.Error("a room gives no checkpoint", "room", r.id.String())
		return
	}
	r.checkpointed = r.place().Seq
	e.put(keyFold+r.id.String(), b)
}

func (e *engine) saveKeys(r *room) {
	if r.lasting() {
		e.putCBOR(keyKeys+r.id.String(), r.keys.stored())
	}
}
