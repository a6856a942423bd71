package client

import (
	"time"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// accessEvery is how often, at most, the audit of a case is asked for while
// somebody looks at it.
const accessEvery = 30 * time.Second

// audit is what the server says of who was given a room's content.
type audit struct {
	list   []wire.Access
	asked  time.Time
	asking bool
}

// askDirectory learns which accounts the network has. Their names come from
// their profiles; the key hash that the server names is compared with what their
// key chain shows.
func (e *engine) askDirectory() {
	e.request(wire.OpDirectory, wire.DirectoryQuery{}, func(f wire.Frame, err error) {
		var d wire.Directory
		if err != nil || e.codec.Body(f, &d) != nil {
			return
		}
		e.accounts = d.Accounts
		for _, a := range d.Accounts {
			if c := e.chains[a.User]; c != nil && len(c.keys.IdentityKey()) > 0 && identity.KeyHash(c.keys.IdentityKey()) != a.KeyHash {
				e.refreshChain(a.User, func(chain *identity.KeyChain, err error) {
					if err == nil && identity.KeyHash(chain.IdentityKey()) != a.KeyHash {
						e.alarm(rooms.CodeBadCertificate, ID{})
					}
				})
			}
		}
		e.dirtyAll()
	})
}

// accessesOf gives the audit of a case as last known, and asks for it again.
func (e *engine) accessesOf(dossier ID) []wire.Access {
	a := e.audits[dossier]
	if a == nil {
		a = &audit{}
		e.audits[dossier] = a
	}
	d := e.rooms[dossier]
	if d == nil || d.fold == nil || !e.online() || a.asking || e.cfg.Now().Sub(a.asked) < accessEvery {
		return a.list
	}
	if !d.public().IsPerson(e.device.user) && !e.collects(d) {
		return nil
	}
	a.asking = true
	e.later(0, func(e *engine) {
		e.request(wire.OpAccess, wire.RoomRef{Room: dossier}, func(f wire.Frame, err error) {
			a.asking, a.asked = false, e.cfg.Now()
			var list wire.AccessList
			if err != nil || e.codec.Body(f, &list) != nil {
				return
			}
			a.list = list.Accesses
			e.dirtyRoom(dossier)
		})
	})
	return a.list
}

// accessText names the document that an access was to, where we can read it.
func (e *engine) accessText(a wire.Access) string {
	if a.Target.IsZero() {
		return ""
	}
	for _, r := range e.rooms {
		if r.fold == nil {
			continue
		}
		if p, ok := r.fold.Thread().Document(a.Target); ok && p.Document != nil {
			return p.Document.Name
		}
	}
	return ""
}
