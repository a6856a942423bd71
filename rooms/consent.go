package rooms

import (
	"maps"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/crypto/record"
)

// Consent is what a room's log says of one user's right to be in: by the newest
// receipt, in a call by the newest admission.
type Consent struct {
	Party       Party    `cbor:"1,keyasint"` // the identity that was let in; key hash zero while pending
	Number      uint     `cbor:"2,keyasint"` // of the newest receipt; 0 where there never was one
	Hash        [32]byte `cbor:"3,keyasint"` // of the newest receipt or admission
	Seq         uint64   `cbor:"4,keyasint"`
	At          int64    `cbor:"5,keyasint"` // server time, UTC ms
	By          ID       `cbor:"6,keyasint"`
	HistoryFrom uint64   `cbor:"7,keyasint"`
	Expires     int64    `cbor:"8,keyasint"` // UTC ms; 0 is none
	Private     [32]byte `cbor:"9,keyasint"`
	Ended       bool     `cbor:"10,keyasint"` // withdrawn; in a call, removed
	EndHash     [32]byte `cbor:"11,keyasint"`
	EndSeq      uint64   `cbor:"12,keyasint"`
	EndAt       int64    `cbor:"13,keyasint"`
	EndBy       ID       `cbor:"14,keyasint"`
	Withdrawn   bool     `cbor:"15,keyasint"` // ended by a withdrawal, not by the chair
}

// State is ACTIVE, WITHDRAWN or EXPIRED at a server time.
func (c Consent) State(at int64) string {
	switch {
	case c.Ended:
		return "WITHDRAWN"
	case c.Expires != 0 && at >= c.Expires:
		return "EXPIRED"
	}
	return "ACTIVE"
}

// Consent gives the state of a user's consent in this room. The person in their own
// case, and whoever opened a call, are in without one.
func (p *Public) Consent(user ID) (Consent, bool) {
	c, ok := p.consents[user]
	if !ok {
		return Consent{}, false
	}
	return *c, true
}

// Consents are the states of all consents that the log knows, sorted by user.
func (p *Public) Consents() []Consent {
	all := make([]Consent, 0, len(p.consents))
	for _, c := range p.consents {
		all = append(all, *c)
	}
	order.By(all, func(a, b Consent) int { return a.Party.User.Compare(b.Party.User) })
	return all
}

// MayEnter says whether a user with this identity key may have a device in the room
// at a server time, and on what ground: the citation that the joining commit must
// carry, with a zero hash where none is needed. Errors have CodeNotConsented,
// CodeWithdrawn or CodeExpired.
func (p *Public) MayEnter(user ID, keyHash [32]byte, at int64) (Citation, error) {
	if p.over {
		return Citation{}, Errorf(CodeNotConsented, "the call has ended")
	}
	c, ok := p.consents[user]
	if !ok {
		if key, implicit := p.implicit(user); !implicit {
			return Citation{}, Errorf(CodeNotConsented, "no receipt covers the user")
		} else if key != keyHash {
			return Citation{}, Errorf(CodeNotConsented, "another identity key than the one let in")
		}
		return Citation{User: user}, nil
	}
	switch {
	case c.Ended:
		return Citation{}, Errorf(CodeWithdrawn, "the consent was withdrawn")
	case c.Expires != 0 && at >= c.Expires:
		return Citation{}, Errorf(CodeExpired, "the receipt has expired")
	case c.Party.KeyHash == [32]byte{}:
		return Citation{}, Errorf(CodeNotConsented, "the receipt is not yet bound to a key")
	case c.Party.KeyHash != keyHash:
		return Citation{}, Errorf(CodeNotConsented, "another identity key than the one let in")
	}
	return Citation{User: user, Hash: c.Hash}, nil
}

// MayDeliver says whether entries may be delivered to a user at a server time. It
// ends at once on withdrawal, before the keys have changed.
func (p *Public) MayDeliver(user ID, at int64) error {
	key, ok := p.KeyHash(user)
	if !ok {
		return Errorf(CodeNotConsented, "no receipt covers the user")
	}
	_, err := p.MayEnter(user, key, at)
	return err
}

// implicit gives the key of those who are in without a receipt.
func (p *Public) implicit(user ID) (key [32]byte, ok bool) {
	switch {
	case p.person != nil && p.person.User == user && p.genesis.Kind != KindCall:
		return p.person.KeyHash, true
	case p.genesis.Kind == KindCall && p.genesis.Creator.User == user:
		return p.genesis.Creator.KeyHash, true
	}
	return key, false
}

// KeyHash gives the identity key by which the user may be in the room, or by which
// they were last let in: what signatures and certificates are compared with.
func (p *Public) KeyHash(user ID) ([32]byte, bool) {
	if c, ok := p.consents[user]; ok {
		return c.Party.KeyHash, c.Party.KeyHash != [32]byte{}
	}
	return p.implicit(user)
}

// Awaited are those who were let in and never had a device in the room, sorted by user.
// Pending receipts, without key, are among them.
func (p *Public) Awaited(at int64) []Party {
	in := map[ID]bool{}
	for _, user := range p.Participants() {
		in[user] = true
	}
	var all []Party
	for _, c := range p.consents {
		if !in[c.Party.User] && c.State(at) == "ACTIVE" {
			all = append(all, c.Party)
		}
	}
	order.By(all, func(a, b Party) int { return a.User.Compare(b.User) })
	return all
}

// RemovalPending names the users whose consent has ended while their devices are
// still in, each with the statement that a Remove must cite. Until they are out,
// nobody writes. It is sorted by user.
func (p *Public) RemovalPending(at int64) []Citation {
	if p.nextExpiry == 0 || at < p.nextExpiry {
		return p.pending
	}
	return p.pendingAmong(maps.Values(p.devices), at)
}

// pendingAmong judges the leaves of a sequence at a time.
func (p *Public) pendingAmong(leaves func(yield func(LeafMember) bool), at int64) []Citation {
	var all []Citation
	for m := range leaves {
		c, ok := p.consents[m.User]
		if !ok {
			continue // in without receipt, or the creator before their own
		}
		switch {
		case c.Ended:
			all = append(all, Citation{m.User, c.EndHash})
		case c.Expires != 0 && at >= c.Expires, c.Party.KeyHash != m.KeyHash():
			all = append(all, Citation{m.User, c.Hash})
		}
	}
	order.By(all, func(a, b Citation) int { return a.User.Compare(b.User) })
	return slices.Compact(all)
}

// reckon prepares what every event asks: who must go, and when that may change by
// itself.
func (p *Public) reckon() {
	p.pending = p.pendingAmong(maps.Values(p.devices), p.time)
	p.nextExpiry = 0
	for _, m := range p.devices {
		c, ok := p.consents[m.User]
		if ok && !c.Ended && c.Expires > p.time && (p.nextExpiry == 0 || c.Expires < p.nextExpiry) {
			p.nextExpiry = c.Expires
		}
	}
}

// HistoryFrom is the first epoch whose record keys may be granted to a user: the
// first that began where their receipt begins, or later. The person in their own case
// may have all.
func (p *Public) HistoryFrom(user ID) (epoch uint64, ok bool) {
	from := uint64(1)
	if c, has := p.consents[user]; has && !p.IsPerson(user) {
		from = c.HistoryFrom
	} else if _, implicit := p.implicit(user); !has && !implicit {
		return 0, false
	}
	for e, seq := range p.epochs {
		if seq >= from {
			return uint64(e), true
		}
	}
	return uint64(len(p.epochs)), true
}

// authority is what the log lets an author do.
type authority struct {
	collector, person, chair, participant bool
}

// authority finds what user may do who signs with this key. Errors have CodeNotAllowed
// (the log does not know them), CodeForgedAuthor (it knows them by another key).
func (p *Public) authority(user ID, key [32]byte, at int64) (authority, error) {
	var a authority
	known := false
	match := func(q *Party) bool {
		if q == nil || q.User != user {
			return false
		}
		known = true
		return q.KeyHash == key
	}
	a.person = match(p.person)
	a.chair = match(p.genesis.Chair)
	for i := range p.collectors {
		if p.collectors[i].User == user {
			a.collector = match(&p.collectors[i])
		}
	}
	c, has := p.consents[user]
	if has {
		a.participant = match(&c.Party)
	} else if implicit, ok := p.implicit(user); ok && implicit == key {
		a.participant = true
	}
	_ = match(&p.genesis.Creator)
	if a == (authority{}) {
		if known {
			return a, Errorf(CodeForgedAuthor, "signed by another key than the author's")
		}
		return a, Errorf(CodeNotAllowed, "the log does not know the author")
	}
	// Nobody acts for others whose own consent has ended, or they could let
	// themselves in again; nor by an identity that another has replaced.
	if has && (c.State(at) != "ACTIVE" || c.Party.KeyHash != key) {
		a.collector, a.chair = false, false
		if a == (authority{}) {
			return a, Errorf(CodeForgedAuthor, "signed by an identity that another has replaced")
		}
	}
	return a, nil
}

// end ends a consent by a statement. The user need not have a receipt: the person in
// their own case may leave it.
func (p *Public) end(user ID, hash [32]byte, e record.Envelope, by ID, withdrawn bool) {
	c, ok := p.consents[user]
	if !ok {
		key, _ := p.implicit(user)
		if key == ([32]byte{}) && p.genesis.Creator.User == user {
			key = p.genesis.Creator.KeyHash
		}
		c = &Consent{Party: Party{user, key}, HistoryFrom: 1}
		p.consents[user] = c
	}
	c.Ended, c.EndHash, c.EndSeq, c.EndAt, c.EndBy = true, hash, e.Seq, e.Time, by
	c.Withdrawn = c.Withdrawn || withdrawn
	p.collectors = slices.DeleteFunc(p.collectors, func(q Party) bool { return q.User == user })
}
