package rooms

import (
	"bytes"
	"maps"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

// FoldVersion is the version of the folded state, and the first byte of what is kept of
// it. A state of another version is not read: the log is folded again. Those before 3
// began with a CBOR map, whose first byte no version will ever be.
const FoldVersion = 3

// kept gives a state its version.
func kept(state any, what string) ([]byte, error) {
	b, err := strictcbor.Marshal(state)
	if err != nil {
		return nil, Errorf(CodeInternal, "encoding %s: %w", what, err)
	}
	return append([]byte{FoldVersion}, b...), nil
}

// restore reads a state that kept gave; CodeUnknown means that it is of another version.
func restore(b []byte, state any, what string) error {
	if len(b) == 0 || b[0] != FoldVersion {
		return Errorf(CodeUnknown, "%s of another fold version", what)
	}
	return unmarshal(b[1:], state, maxState, what)
}

// maxState bounds a serialised state, which never comes from others.
const maxState = 1 << 30

// publicState is a Public as it is kept. Chain and ids are packed.
type publicState struct {
	Room       ID              `cbor:"2,keyasint"`
	Genesis    Genesis         `cbor:"3,keyasint"`
	Begun      int64           `cbor:"4,keyasint"`
	Hash       [32]byte        `cbor:"5,keyasint"`
	Chain      []byte          `cbor:"6,keyasint"` // 32 bytes each
	Time       int64           `cbor:"7,keyasint"`
	IDs        []byte          `cbor:"8,keyasint"` // 16 bytes each, sorted
	Group      []byte          `cbor:"9,keyasint"`
	Epochs     []uint64        `cbor:"10,keyasint"`
	Since      []uint64        `cbor:"11,keyasint"` // of the members, by leaf
	Consents   []Consent       `cbor:"12,keyasint"`
	Collectors []Party         `cbor:"13,keyasint"`
	Person     *Party          `cbor:"14,keyasint"`
	Session    *SessionState   `cbor:"15,keyasint"`
	Seals      []SealState     `cbor:"16,keyasint"`
	Grants     []GrantState    `cbor:"17,keyasint"`
	Frozen     bool            `cbor:"18,keyasint"`
	Over       bool            `cbor:"19,keyasint"`
	Evidence   []EvidenceEntry `cbor:"20,keyasint"`
	Heads      []headState     `cbor:"21,keyasint"` // sorted by user
	Revoked    []ID            `cbor:"22,keyasint"` // sorted
	Groups     []groupSpan     `cbor:"23,keyasint"`
	Returning  []Seat          `cbor:"24,keyasint"` // sorted
}

type headState struct {
	User ID            `cbor:"1,keyasint"`
	Head identity.Head `cbor:"2,keyasint"`
}

// MarshalBinary encodes the state: equal states give equal bytes.
func (p *Public) MarshalBinary() ([]byte, error) {
	s, err := p.state()
	if err != nil {
		return nil, err
	}
	return kept(s, "the state of a room")
}

func (p *Public) state() (*publicState, error) {
	group, err := p.group.MarshalBinary()
	if err != nil {
		return nil, Errorf(CodeInternal, "encoding the state of a group: %w", err)
	}
	s := &publicState{
		Room: p.room, Genesis: p.genesis, Begun: p.begun, Hash: p.hash,
		Chain: make([]byte, 0, 32*len(p.chain)), Time: p.time, IDs: make([]byte, 0, 16*len(p.ids)), Group: group,
		Epochs: p.epochs, Consents: p.Consents(), Collectors: p.collectors, Person: p.person, Session: p.session,
		Seals: p.seals, Grants: p.grants, Frozen: p.frozen, Over: p.over, Evidence: p.evidence,
		Groups: p.groups, Returning: p.returning,
	}
	for i := range p.chain {
		s.Chain = append(s.Chain, p.chain[i][:]...)
	}
	for _, id := range order.Keys(p.ids, ID.Compare) {
		s.IDs = append(s.IDs, id[:]...)
	}
	for _, id := range order.Keys(p.heads, ID.Compare) {
		s.Heads = append(s.Heads, headState{id, p.heads[id]})
	}
	s.Revoked = order.Keys(p.revoked, ID.Compare)
	for _, m := range p.Members() {
		s.Since = append(s.Since, m.Since)
	}
	return s, nil
}

// UnmarshalPublic reads a state that MarshalBinary gave. It has CodeUnknown for a
// state of another fold version.
func UnmarshalPublic(b []byte) (*Public, error) {
	var s publicState
	if err := restore(b, &s, "state of a room"); err != nil {
		return nil, err
	}
	return s.public()
}

func (s *publicState) public() (*Public, error) {
	bad := func(what string) (*Public, error) { return nil, Errorf(CodeMalformed, "state of a room: %s", what) }
	if len(s.Groups) == 0 || len(s.Chain) == 0 || len(s.Chain)%32 != 0 || len(s.IDs)%16 != 0 {
		return bad("lengths")
	}
	group, err := mls.UnmarshalPublicGroup(s.Group)
	if err != nil {
		return nil, Errorf(CodeMalformed, "state of a room: %w", err)
	}
	p := &Public{
		room: s.Room, genesis: s.Genesis, begun: s.Begun, hash: s.Hash, time: s.Time, group: group,
		chain: make([][32]byte, 0, len(s.Chain)/32), ids: make(map[ID]struct{}, len(s.IDs)/16), epochs: s.Epochs,
		devices: map[ID]LeafMember{}, consents: make(map[ID]*Consent, len(s.Consents)),
		collectors: s.Collectors, person: s.Person, session: s.Session, seals: s.Seals, grants: s.Grants,
		frozen: s.Frozen, over: s.Over, evidence: s.Evidence, groups: s.Groups, returning: s.Returning,
	}
	for c := range slices.Chunk(s.Chain, 32) {
		p.chain = append(p.chain, [32]byte(c))
	}
	for c := range slices.Chunk(s.IDs, 16) {
		p.ids[ID(c)] = struct{}{}
	}
	members := group.Members()
	if len(members) != len(s.Since) || !bytes.Equal(group.GroupID(), p.GroupID()) ||
		uint64(len(s.Epochs)) != p.Epoch()+1 || (s.Session != nil) != (s.Genesis.Kind == KindSession) {
		return bad("halves of two states")
	}
	for i, m := range members {
		leaf, err := ParseLeaf(m)
		if err != nil {
			return nil, err
		}
		leaf.Since = s.Since[i]
		p.devices[leaf.Device] = leaf
	}
	p.heads = make(map[ID]identity.Head, len(s.Heads))
	for _, h := range s.Heads {
		p.heads[h.User] = h.Head
	}
	p.revoked = make(map[ID]struct{}, len(s.Revoked))
	for _, id := range s.Revoked {
		p.revoked[id] = struct{}{}
	}
	for i := range s.Consents {
		p.consents[s.Consents[i].Party.User] = &s.Consents[i]
	}
	p.reckon()
	return p, nil
}

// Clone gives an independent copy.
func (p *Public) Clone() *Public {
	c := *p
	group := *p.group // its state is replaced, never changed
	c.group = &group
	c.chain = slices.Clip(p.chain) // only ever appended to
	c.groups = slices.Clip(p.groups)
	c.returning = slices.Clip(p.returning)
	c.epochs = slices.Clip(p.epochs)
	c.seals = slices.Clip(p.seals)
	c.grants = slices.Clip(p.grants)
	c.evidence = slices.Clip(p.evidence)
	c.ids = maps.Clone(p.ids)
	c.devices = maps.Clone(p.devices)
	c.heads = maps.Clone(p.heads)
	c.revoked = maps.Clone(p.revoked)
	c.collectors = slices.Clone(p.collectors)
	c.consents = make(map[ID]*Consent, len(p.consents))
	for id, v := range p.consents {
		copied := *v
		c.consents[id] = &copied
	}
	if p.session != nil {
		s := *p.session
		s.Items, s.Admitted = slices.Clone(s.Items), slices.Clone(s.Admitted)
		c.session = &s
	}
	return &c
}
