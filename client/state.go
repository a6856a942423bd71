package client

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/ensemble-sante/ensemble/crypto/identity"
)

// Keys of storage. Ids stand in their text form.
const (
	keyDevice      = "device"
	keyAccount     = "account"
	keyMeta        = "meta"
	keyChain       = "chain/"       // user → entries of their key chain
	keyRoom        = "room/"        // room → storedRoom
	keyGroup       = "group/"       // room → MLS group
	keyFold        = "fold/"        // room → checkpoint of the folded state
	keyEntry       = "entry/"       // room/seq → a log entry
	keyKeys        = "keys/"        // room → record keys
	keyOutbox      = "outbox/"      // place → an event to send
	keyDraft       = "draft/"       // room → text
	keyForm        = "form/"        // form → what was entered
	keyUndertaking = "undertaking/" // undertaking → keptUndertaking
)

var errState = errors.New("client: stored state does not decode")

// encodeState and decodeState are the CBOR of what only this device reads.
func encodeState(v any) ([]byte, error) { return cbor.Marshal(v) }

func decodeState(b []byte, v any) error {
	if err := cbor.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", errState, err)
	}
	return nil
}

// meta is what concerns the whole device.
type meta struct {
	Alarms []storedAlarm `cbor:"1,keyasint,omitempty"`
	// Contexts is the next SFrame context of this device, of all calls.
	Contexts uint64 `cbor:"2,keyasint,omitempty"`
	// Outbox is the next place in the outbox.
	Outbox uint64 `cbor:"3,keyasint,omitempty"`
	// Mails are those that were dealt with and not yet acknowledged.
	Mails []ID `cbor:"4,keyasint,omitempty"`
	// Lobby are the users whom I, as chair, let into a session: they are
	// admitted to each of its items that they may see.
	Lobby map[ID][]ID `cbor:"5,keyasint,omitempty"`
}

func (e *engine) saveMeta() { e.putCBOR(keyMeta, e.meta) }

// load reads the device's state.
func (e *engine) load() error {
	b, err := e.store.get(e.ctx, keyMeta)
	if err != nil {
		return err
	}
	if b != nil {
		if err := decodeState(b, &e.meta); err != nil {
			return err
		}
	}
	if err := e.loadDevice(); err != nil {
		return err
	}
	if err := e.loadAccount(); err != nil {
		return err
	}
	if e.device.state != deviceReady {
		return nil
	}
	if err := e.loadChains(); err != nil {
		return err
	}
	if err := e.loadRooms(); err != nil {
		return err
	}
	if err := e.loadOutbox(); err != nil {
		return err
	}
	return e.loadUndertakings()
}

func parseIDs(parts ...string) ([]ID, error) {
	out := make([]ID, len(parts))
	for i, p := range parts {
		id, err := identity.ParseID(p)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errState, err)
		}
		out[i] = id
	}
	return out, nil
}
