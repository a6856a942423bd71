package client

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
)

// maxGranted is how many different keys members may have granted for one epoch.
const maxGranted = 4

// keyring holds the record keys of a room: those of the epochs in which this device was
// in, which are certain, and those that members have granted, which are kept only if
// they open something, and may be several for an epoch. It implements rooms.Granted.
type keyring struct {
	keys    map[record.EpochID]record.Key
	granted map[record.EpochID][]record.Key
}

func newKeyring() *keyring {
	return &keyring{map[record.EpochID]record.Key{}, map[record.EpochID][]record.Key{}}
}

// RecordKey implements rooms.Keys.
func (k *keyring) RecordKey(group []byte, epoch uint64) (record.Key, bool) {
	key, ok := k.keys[record.EpochID{Group: string(group), Epoch: epoch}]
	return key, ok
}

// GrantedKeys implements rooms.Granted.
func (k *keyring) GrantedKeys(group []byte, epoch uint64) []record.Key {
	return k.granted[record.EpochID{Group: string(group), Epoch: epoch}]
}

// best is the key to hand on to others: our own, or the granted one that was found to
// open most.
func (k *keyring) best(id record.EpochID) (record.Key, bool) {
	if key, ok := k.keys[id]; ok {
		return key, true
	}
	if list := k.granted[id]; len(list) > 0 {
		return list[0], true
	}
	return record.Key{}, false
}

// add takes in the key of an epoch in which this device is.
func (k *keyring) add(id record.EpochID, key record.Key) bool {
	if _, ok := k.keys[id]; ok {
		return false
	}
	k.keys[id] = key
	delete(k.granted, id)
	return true
}

// grant takes in a key that a member has granted; opens says how many of the epoch's
// events each key opens. One that opens none is refused.
func (k *keyring) grant(id record.EpochID, key record.Key, opens func(record.Key) int) bool {
	list := k.granted[id]
	if _, own := k.keys[id]; own || len(list) >= maxGranted || slices.Contains(list, key) || opens(key) == 0 {
		return false
	}
	list = append(slices.Clone(list), key)
	order.StablyBy(list, func(a, b record.Key) int { return cmp.Compare(opens(b), opens(a)) })
	k.granted[id] = list
	return true
}

type storedKey struct {
	Group   []byte `cbor:"1,keyasint"`
	Epoch   uint64 `cbor:"2,keyasint"`
	Key     []byte `cbor:"3,keyasint"`
	Granted bool   `cbor:"4,keyasint,omitempty"`
}

func (k *keyring) load(b []byte) error {
	var list []storedKey
	if err := decodeState(b, &list); err != nil {
		return err
	}
	for _, s := range list {
		key, err := record.KeyFromBytes(s.Key)
		if err != nil {
			return fmt.Errorf("%w: %w", errState, err)
		}
		id := record.EpochID{Group: string(s.Group), Epoch: s.Epoch}
		if s.Granted {
			k.granted[id] = append(k.granted[id], key)
		} else {
			k.add(id, key)
		}
	}
	return nil
}

func (k *keyring) stored() []storedKey {
	list := make([]storedKey, 0, len(k.keys)+len(k.granted))
	for id, key := range k.keys {
		list = append(list, storedKey{[]byte(id.Group), id.Epoch, key.Bytes(), false})
	}
	for id, keys := range k.granted {
		for _, key := range keys {
			list = append(list, storedKey{[]byte(id.Group), id.Epoch, key.Bytes(), true})
		}
	}
	order.StablyBy(list, func(a, b storedKey) int {
		return cmp.Or(slices.Compare(a.Group, b.Group), cmp.Compare(a.Epoch, b.Epoch))
	})
	return list
}

// opener counts, by a room's stored events, how much each key opens.
func (e *engine) opener(r *room) (func(record.EpochID) func(record.Key) int, error) {
	e.flush() // the entries are read from the disk
	sealed := map[record.EpochID][]rooms.SealedEvent{}
	pairs, err := e.store.scan(e.ctx, keyEntry+r.id.String()+"/")
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		var s storedEntry
		if err := decodeState(p.Value, &s); err != nil {
			return nil, err
		}
		if s.Kind != record.KindEvent {
			continue
		}
		if ev, err := rooms.ParseSealedEvent(s.Payload); err == nil {
			id := record.EpochID{Group: string(ev.Group), Epoch: ev.Epoch}
			sealed[id] = append(sealed[id], ev)
		}
	}
	return func(id record.EpochID) func(record.Key) int {
		return func(key record.Key) (n int) {
			for _, ev := range sealed[id] {
				_, err := key.Open(record.Header{Room: r.id, Group: ev.Group, Epoch: ev.Epoch, Sender: ev.Device}, ev.Sealed)
				if err == nil || errors.Is(err, record.ErrAltered) {
					n++
				}
			}
			return n
		}
	}, nil
}
