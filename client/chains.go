package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// chain is the key chain of another user, as far as we have seen it. It only
// ever grows: a server that shows less, or something else, raises an alarm.
type chain struct {
	user    ID
	keys    *identity.KeyChain
	entries [][]byte
	grown   uint64 // ownChain.count when it last grew
	asking  bool
	waiting []chainWait
}

// ownChain is what this connection has told of one's own key chain.
type ownChain struct {
	count  uint64 // how often any key chain that we have has grown, since this core runs
	grown  uint64 // as of a chain
	known  bool   // as it was when the connection began, at least
	asking bool
	asked  time.Time
	later  bool // asked again in a while
}

// ownChainPause is between two questions for one's own key chain, of a server that
// does not show what a room has seen of it.
const ownChainPause = 2 * time.Second

type chainWait struct {
	number uint64 // at least
	found  func(*identity.KeyChain, error)
}

func (e *engine) loadChains() error {
	if err := e.loadLog(); err != nil {
		return err
	}
	pairs, err := e.store.scan(e.ctx, keyChain)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		ids, err := parseIDs(strings.TrimPrefix(p.Key, keyChain))
		if err != nil {
			return err
		}
		c := &chain{user: ids[0]}
		if err := decodeState(p.Value, &c.entries); err != nil {
			return err
		}
		if c.keys, err = identity.ReplayKeyChain(c.entries); err != nil {
			return fmt.Errorf("%w: %w", errState, err)
		}
		e.chains[c.user] = c
	}
	return nil
}

// withChain finds a user's key chain that has at least number entries and calls
// found with it, at once where it is known, else when the server has answered.
func (e *engine) withChain(user ID, number uint64, found func(*identity.KeyChain, error)) {
	if user == e.device.user && e.account.chain != nil {
		if n, _ := e.account.chain.Head(); n >= number {
			found(e.account.chain, nil)
			return
		}
	}
	c := e.chains[user]
	if c == nil {
		c = &chain{user: user, keys: new(identity.KeyChain)}
		e.chains[user] = c
	}
	if n, _ := c.keys.Head(); n > 0 && n >= number {
		found(c.keys, nil)
		return
	}
	c.waiting = append(c.waiting, chainWait{number, found})
	e.askChain(c)
}

// refreshChain asks whether a user's chain has grown, for a device to be revoked
// or certified.
func (e *engine) refreshChain(user ID, found func(*identity.KeyChain, error)) {
	c := e.chains[user]
	if c == nil {
		e.withChain(user, 1, found)
		return
	}
	c.waiting = append(c.waiting, chainWait{0, found})
	e.askChain(c)
}

func (e *engine) askChain(c *chain) {
	if c.asking {
		return
	}
	c.asking = true
	after, _ := c.keys.Head()
	e.request(wire.OpChain, wire.ChainRef{User: c.user, After: after}, func(f wire.Frame, err error) {
		c.asking = false
		var news wire.Chain
		if err == nil {
			err = e.codec.Body(f, &news)
		}
		if err == nil {
			err = e.growChain(c, news.Entries)
		}
		waiting := c.waiting
		c.waiting = nil
		for _, w := range waiting {
			if n, _ := c.keys.Head(); err == nil && n < max(w.number, 1) {
				w.found(nil, rooms.Errorf(rooms.CodeBadCertificate, "a key chain is shorter than its owner says"))
				continue
			}
			w.found(c.keys, err)
		}
	})
}

// growChain takes in entries. One that does not follow is refused, with an alarm
// when it shows another history than the one we have seen.
func (e *engine) growChain(c *chain, entries [][]byte) error {
	grown := false
	for _, entry := range entries {
		info, err := identity.InspectEntry(entry)
		if err != nil {
			return rooms.Errorf(rooms.CodeBadCertificate, "key chain: %w", err)
		}
		if info.User != c.user {
			return rooms.Errorf(rooms.CodeBadCertificate, "the key chain of somebody else")
		}
		if head, _ := c.keys.Head(); info.Number <= head {
			if err := c.keys.Includes(identity.Head{Number: info.Number, Hash: info.Hash}); err != nil {
				e.alarm(rooms.CodeForked, ID{})
				return rooms.Errorf(rooms.CodeForked, "key chain: %w", err)
			}
			continue
		}
		if err := c.keys.Apply(entry); err != nil {
			if errors.Is(err, identity.ErrForked) || errors.Is(err, identity.ErrSignature) {
				e.alarm(rooms.CodeForked, ID{})
			}
			return rooms.Errorf(rooms.CodeBadCertificate, "key chain: %w", err)
		}
		c.entries = append(c.entries, entry)
		grown = true
	}
	if grown {
		e.putCBOR(keyChain+c.user.String(), c.entries)
		e.ownChain.count++
		c.grown = e.ownChain.count
		e.logDue(c.user)
		for _, r := range e.rooms {
			if r.fold != nil && r.public().IsMember(c.user) {
				e.dirtyRoom(r.id)
			}
		}
	}
	return nil
}

// checkMember looks up in its user's key chain what a device's leaf shows: an alarm
// says that a device sits in a room which its user never certified or had revoked, or
// whose certificate or revocation is kept from us or from the device.
func (e *engine) checkMember(room ID, m rooms.LeafMember) {
	e.withChain(m.User, m.Head.Number, func(keys *identity.KeyChain, err error) {
		r := e.rooms[room]
		if r == nil {
			return
		}
		if err == nil {
			if err = keys.CheckLeaf(m.Certificate, m.Head); err != nil {
				err = rooms.Errorf(rooms.CodeBadCertificate, "%w", err)
			}
		}
		switch rooms.CodeOf(err) {
		case "":
		case rooms.CodeBadCertificate, rooms.CodeForked:
			e.log.Warn("a device in a room is not in its user's key chain", "room", room.String())
			e.alarm(rooms.CodeBadCertificate, room)
		default: // no answer: asked again with the next entries
			delete(r.checked, m.Device)
			r.reviewed = review{}
		}
	})
}

// followAccount takes in what other devices of the account have done, beside the
// engine; rooms that wait for it are considered again.
func (e *engine) followAccount() {
	own := &e.ownChain
	if own.asking || own.later {
		return
	}
	if wait := ownChainPause - e.cfg.Now().Sub(own.asked); wait > 0 && !own.asked.IsZero() {
		own.later = true
		e.later(wait, func(e *engine) {
			e.ownChain.later = false
			if e.online() {
				e.followAccount()
			}
		})
		return
	}
	own.asking, own.asked = true, e.cfg.Now()
	c := e.core
	e.spawn(func(ctx context.Context) {
		c.account.Lock()
		defer c.account.Unlock()
		err := c.followOwnChain(ctx)
		_ = c.do(ctx, func(e *engine) error {
			e.ownChain.asking = false
			e.ownChain.known = err == nil && e.online()
			switch rooms.CodeOf(err) {
			case rooms.CodeUnavailable, rooms.CodeRateLimited, rooms.CodeInternal:
				if e.online() {
					e.followAccount() // after a pause
				}
			}
			e.dirtyAll()
			return nil
		})
		if err == nil {
			err = c.ensureVault(ctx)
		}
		if err != nil {
			c.cfg.Logger.Warn("following one's own account", "code", string(rooms.CodeOf(err)))
		}
	})
}

// showsOwnChain says whether a leaf that we make for a room now shows our key chain as
// far as the room has seen it; if not, what is missing is asked for. A room refuses
// an older head.
func (e *engine) showsOwnChain(r *room) bool {
	if e.account.chain == nil {
		return false
	}
	if r.public().KeyChainHead(e.device.user).Number <= e.account.head().Number {
		return true
	}
	e.followAccount()
	return false
}
