package rooms

import (
	"bytes"
	"maps"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/crypto/record"
)

// Room is the room's id.
func (p *Public) Room() ID { return p.room }

// Kind is what the room is for.
func (p *Public) Kind() Kind { return p.genesis.Kind }

// Genesis is how the room began. It must not be changed.
func (p *Public) Genesis() Genesis { return p.genesis }

// Begun is the server time of the genesis, UTC milliseconds.
func (p *Public) Begun() int64 { return p.begun }

// Place is the place of the newest entry.
func (p *Public) Place() record.Place {
	return record.Place{Seq: uint64(len(p.chain)), Chain: p.chain[len(p.chain)-1]}
}

// ChainAt is the chain after an entry, to compare with what others saw.
func (p *Public) ChainAt(seq uint64) (chain [32]byte, ok bool) {
	if seq == 0 || seq > uint64(len(p.chain)) {
		return chain, false
	}
	return p.chain[seq-1], true
}

// Time is the server time of the newest entry, UTC milliseconds.
func (p *Public) Time() int64 { return p.time }

// Epoch is the room's current epoch. It counts the commits of all the groups that the
// room has had, and is the group's own epoch as long as there was one: what names an
// epoch of a room means this number.
func (p *Public) Epoch() uint64 { return p.groups[len(p.groups)-1].From + p.group.Epoch() }

// EpochBegan is the sequence number of the entry that began an epoch.
func (p *Public) EpochBegan(epoch uint64) (seq uint64, ok bool) {
	if epoch >= uint64(len(p.epochs)) {
		return 0, false
	}
	return p.epochs[epoch], true
}

// GroupID is the id of the room's MLS group.
func (p *Public) GroupID() []byte { return bytes.Clone(p.groups[len(p.groups)-1].ID) }

// Group is the public half of the MLS group. It must not be changed.
func (p *Public) Group() *mls.PublicGroup { return p.group }

// HasID says whether an event or statement with this id is in the log.
func (p *Public) HasID(id ID) bool {
	_, ok := p.ids[id]
	return ok
}

// Members are the devices in the room, by leaf.
func (p *Public) Members() []LeafMember {
	all := slices.Collect(maps.Values(p.devices))
	order.By(all, func(a, b LeafMember) int { return int(a.Leaf) - int(b.Leaf) })
	return all
}

// Users are the users with a device in the room, sorted.
func (p *Public) Users() []ID {
	var all []ID
	for _, m := range p.devices {
		all = append(all, m.User)
	}
	order.By(all, ID.Compare)
	return slices.Compact(all)
}

// Device finds a device in the room.
func (p *Public) Device(device ID) (LeafMember, bool) {
	m, ok := p.devices[device]
	return m, ok
}

// KeyChainHead is the newest head of a user's key chain that the room has seen, in a
// leaf or with a revocation; zero if none. Every new leaf of the user shows this one or
// a later.
func (p *Public) KeyChainHead(user ID) identity.Head { return p.heads[user] }

// Revoked says whether a commit has shown that a device is revoked: it never enters
// again.
func (p *Public) Revoked(device ID) bool {
	_, ok := p.revoked[device]
	return ok
}

// IsMember says whether a user has a device in the room.
func (p *Public) IsMember(user ID) bool {
	for _, m := range p.devices {
		if m.User == user {
			return true
		}
	}
	return false
}

// Chair is who runs the session, item or call; false in other rooms.
func (p *Public) Chair() (Party, bool) {
	if p.genesis.Chair == nil {
		return Party{}, false
	}
	return *p.genesis.Chair, true
}

// Person is the person whose case it is, where known to the platform.
func (p *Public) Person() (Party, bool) {
	if p.person == nil {
		return Party{}, false
	}
	return *p.person, true
}

// IsPerson says whether user is the person whose case it is.
func (p *Public) IsPerson(user ID) bool { return p.person != nil && p.person.User == user }

// Collectors are those who may collect consents, sorted by user.
func (p *Public) Collectors() []Party { return slices.Clone(p.collectors) }

// Seals are the seal statements of the chair, in order.
func (p *Public) Seals() []SealState { return slices.Clone(p.seals) }

// Grants are the logged history grants, in order.
func (p *Public) Grants() []GrantState { return slices.Clone(p.grants) }

// Frozen says whether the case is frozen.
func (p *Public) Frozen() bool { return p.frozen }

// Over says whether a call has ended.
func (p *Public) Over() bool { return p.over }
