package rooms

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"maps"
	"slices"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/record"
)

func newID() ID { return identity.NewID() }

func edPublic(b []byte) ed25519.PublicKey { return ed25519.PublicKey(b) }

// Public is what commits and statements give of a room, without any key: who is in,
// by which consent, who may collect consents, how the session runs. The server folds
// it to refuse what must not be appended, every client to believe nobody. Both come
// to the same.
//
// A Public is not safe for concurrent use.
type Public struct {
	room    ID
	genesis Genesis
	begun   int64 // server time of the genesis
	hash    [32]byte

	chain  [][32]byte // chain[i] is the chain after entry i+1
	time   int64      // server time of the newest entry
	ids    map[ID]struct{}
	group  *mls.PublicGroup
	epochs []uint64 // epochs[i] is the entry that began epoch i

	devices    map[ID]LeafMember
	heads      map[ID]identity.Head // the newest key chain that a leaf of each user has shown
	consents   map[ID]*Consent
	collectors []Party
	person     *Party
	session    *SessionState
	seals      []SealState
	grants     []GrantState
	frozen     bool
	over       bool            // a call that has ended
	evidence   []EvidenceEntry // statements on which signatures in this room rest; items only

	pending    []Citation // users whose leaves must go, whatever the time
	nextExpiry int64      // the first instant at which pending may grow; 0 is never
}

// EvidenceEntry is a statement of the log that binds or authorises somebody, kept
// with its bytes so that minutes can be verified far from the log.
type EvidenceEntry struct {
	Seq     uint64 `cbor:"1,keyasint"`
	Time    int64  `cbor:"2,keyasint"`
	Payload []byte `cbor:"3,keyasint"`
}

// SealState is a seal statement of the chair. Whether the required signers had
// signed is judged by those who read: see [Item].
type SealState struct {
	Seal
	Seq  uint64 `cbor:"4,keyasint"`
	Time int64  `cbor:"5,keyasint"`
	By   ID     `cbor:"6,keyasint"`
}

// GrantState is a logged history grant.
type GrantState struct {
	Grant
	Seq uint64 `cbor:"6,keyasint"`
	By  ID     `cbor:"7,keyasint"`
}

// Begin starts a room from its genesis, which must be the entry with sequence
// number 1. Errors have the code of what is wrong with it.
func Begin(e Entry) (*Public, error) {
	if e.Envelope.Seq != 1 || e.Envelope.Kind != record.KindStatement {
		return nil, Errorf(CodeBadChain, "a room begins with its genesis")
	}
	if sha256.Sum256(e.Payload) != e.Envelope.Payload {
		return nil, Errorf(CodeBadChain, "payload is not the one that the envelope names")
	}
	s, key, hash, err := ParseStatement(e.Payload)
	if err != nil {
		return nil, err
	}
	if s.Type != StatementGenesis {
		return nil, Errorf(CodeMalformed, "a room begins with its genesis")
	}
	body, err := DecodeStatement(s)
	if err != nil {
		return nil, err
	}
	g := body.(*Genesis)
	if err := checkGenesis(g, s, key, e.Envelope.Room); err != nil {
		return nil, err
	}
	p := &Public{
		room: e.Envelope.Room, genesis: *g, begun: e.Envelope.Time, hash: hash,
		ids:        map[ID]struct{}{s.ID: {}},
		epochs:     []uint64{1},
		devices:    map[ID]LeafMember{},
		heads:      map[ID]identity.Head{},
		consents:   map[ID]*Consent{},
		collectors: slices.Clone(g.Collectors),
		person:     g.Person,
	}
	slices.SortFunc(p.collectors, func(a, b Party) int { return a.User.Compare(b.User) })
	if g.Kind == KindSession {
		p.session = &SessionState{Status: SessionPlannedStatus}
	}
	if p.group, err = mls.NewPublicGroup(g.GroupInfo, instant(e.Envelope.Time)); err != nil {
		return nil, Errorf(CodeBadCommit, "genesis: %w", err)
	}
	if err := p.checkFirstGroup(s); err != nil {
		return nil, err
	}
	p.advance(e)
	p.keepEvidence(e)
	p.reckon()
	return p, nil
}

func instant(ms int64) time.Time { return time.UnixMilli(ms) }

func checkGenesis(g *Genesis, s Statement, key ed25519.PublicKey, room ID) error {
	bad := func(what string) error { return Errorf(CodeMalformed, "genesis: %s", what) }
	whole := func(p *Party) bool { return p != nil && !p.User.IsZero() && p.KeyHash != [32]byte{} }
	switch {
	case len(s.Rooms) != 1 || s.Rooms[0] != room:
		return bad("it names another room")
	case g.Rules != Rules:
		return Errorf(CodeUnknown, "genesis: rules %d", g.Rules)
	case !whole(&g.Creator) || g.Creator.User != s.Author:
		return Errorf(CodeForgedAuthor, "genesis: the creator is not its author")
	case g.Creator.KeyHash != identity.KeyHash(key):
		return Errorf(CodeForgedAuthor, "genesis: signed by another key than the creator's")
	case !slices.Contains(g.Collectors, g.Creator) || len(g.Collectors) > maxList:
		return bad("the creator is not a collector")
	case g.Person != nil && !whole(g.Person):
		return bad("person without key")
	case g.Chair != nil && !whole(g.Chair):
		return bad("chair without key")
	case len(g.Group) != 20 || !bytes.HasPrefix(g.Group, room[:]):
		return bad("the group's id is not the room's")
	}
	seen := map[ID]bool{}
	for i := range g.Collectors {
		c := &g.Collectors[i]
		if !whole(c) || seen[c.User] {
			return bad("collectors")
		}
		seen[c.User] = true
	}
	for _, other := range []*Party{g.Person, g.Chair} {
		for _, c := range g.Collectors {
			if other != nil && other.User == c.User && other.KeyHash != c.KeyHash {
				return bad("two keys for one user")
			}
		}
	}
	none := ID{}
	var fits bool
	switch g.Kind {
	case KindDossier:
		fits = g.Case == room && g.Session == none && g.Item == none && g.Chair == nil
	case KindThread, KindPlan:
		fits = g.Case != none && g.Case != room && g.Session == none && g.Item == none && g.Chair == nil
	case KindSession:
		fits = g.Case == none && g.Session == none && g.Item == none && g.Chair != nil && g.Person == nil
	case KindItem:
		fits = g.Case != none && g.Case != room && g.Session != none && g.Item == none && g.Chair != nil
	case KindCall:
		fits = g.Session != none && g.Item != none && g.Chair != nil && *g.Chair == g.Creator
	case KindNetwork:
		fits = g.Case == none && g.Session == none && g.Item == none && g.Chair == nil && g.Person == nil
	default:
		return Errorf(CodeUnknown, "genesis: room of kind %d", g.Kind)
	}
	if !fits {
		return bad("its fields do not fit the kind of room")
	}
	return nil
}

// checkFirstGroup judges the group of the genesis: epoch 0, one leaf, the creator's.
func (p *Public) checkFirstGroup(s Statement) error {
	g, members := p.group, p.group.Members()
	switch {
	case !bytes.Equal(g.GroupID(), p.genesis.Group) || g.Epoch() != 0 || len(members) != 1:
		return Errorf(CodeBadCommit, "genesis: not the first epoch of the room's group")
	case uint16(g.Suite()) != p.genesis.Suite:
		return Errorf(CodeBadCommit, "genesis: another cipher suite")
	case !slices.EqualFunc(g.Extensions(), GroupExtensions(), equalExtension):
		return Errorf(CodeBadCommit, "genesis: foreign group context extensions")
	}
	leaf, err := ParseLeaf(members[0])
	if err != nil {
		return err
	}
	if leaf.User != s.Author || leaf.Device != s.Device || leaf.KeyHash() != p.genesis.Creator.KeyHash {
		return Errorf(CodeForgedAuthor, "genesis: the first leaf is not the creator's device")
	}
	leaf.Since = 1
	p.devices[leaf.Device] = leaf
	p.noteHeads()
	return nil
}

func equalExtension(a, b mls.Extension) bool { return a.Type == b.Type && bytes.Equal(a.Data, b.Data) }

// Apply judges the next entry against the state before it and folds it. On error
// nothing of p has changed. CodeBadChain means that the entry does not continue the
// log; with any other code it has its place there but takes no effect: whoever reads
// a log that holds it passes over it with [Public.Refuse].
func (p *Public) Apply(e Entry) error {
	fold, err := p.judge(e, nil)
	if err != nil {
		return err
	}
	p.take(e, fold)
	return nil
}

// ApplyCommit is Apply for a commit that comes with the signed GroupInfo of the new
// epoch: it must be of the same group, tree and confirmation, signed by the
// committer, and a place that it hands to newcomers must be one of this log. The server
// accepts no commit without.
func (p *Public) ApplyCommit(e Entry, groupInfo []byte) error {
	if e.Envelope.Kind != record.KindCommit {
		return Errorf(CodeMalformed, "only a commit comes with a GroupInfo")
	}
	fold, err := p.judge(e, func(s *mls.PublicStaged) error {
		if err := s.CheckGroupInfo(groupInfo); err != nil {
			return Errorf(CodeBadCommit, "GroupInfo of the new epoch: %w", err)
		}
		info, err := mls.ParseGroupInfo(groupInfo)
		if err != nil {
			return Errorf(CodeBadCommit, "GroupInfo of the new epoch: %w", err)
		}
		if _, ok := mls.FindExtension(info.Extensions(), ExtensionPlace); !ok {
			return nil
		}
		place, err := ParsePlaceExtension(info.Extensions())
		if err != nil {
			return err
		}
		return p.CheckPlace(place)
	})
	if err != nil {
		return err
	}
	p.take(e, fold)
	return nil
}

// Refuse passes over an entry that Apply refused: it keeps its place in the chain and
// has no effect, also not if the server places it again later. It fails with
// CodeBadChain as Apply does.
func (p *Public) Refuse(e Entry) error {
	if err := p.checkEnvelope(e); err != nil {
		return err
	}
	p.pass(e)
	return nil
}

func (p *Public) pass(e Entry) {
	p.advance(e)
	switch e.Envelope.Kind {
	case record.KindCommit:
		p.ids[commitID(e.Envelope.Payload)] = struct{}{}
	case record.KindEvent:
		if s, err := ParseSealedEvent(e.Payload); err == nil {
			p.ids[s.ID] = struct{}{}
		}
	case record.KindStatement:
		if s, err := InspectStatement(e.Payload); err == nil {
			p.ids[s.ID] = struct{}{}
		}
	}
}

// commitID names a commit that was refused. Those that were accepted need no name:
// their epoch is over.
func commitID(payload [32]byte) ID { return ID(payload[:16]) }

func (p *Public) take(e Entry, fold func()) {
	p.advance(e)
	fold()
	if e.Envelope.Kind != record.KindEvent {
		p.reckon()
	}
}

func (p *Public) advance(e Entry) {
	var before [32]byte
	if n := len(p.chain); n > 0 {
		before = p.chain[n-1]
	}
	p.chain = append(p.chain, record.Next(before, e.Envelope))
	p.time = e.Envelope.Time
}

func (p *Public) checkEnvelope(e Entry) error {
	switch {
	case e.Envelope.Room != p.room:
		return Errorf(CodeBadChain, "entry of another room")
	case e.Envelope.Seq != uint64(len(p.chain))+1:
		return Errorf(CodeBadChain, "entry %d after %d", e.Envelope.Seq, len(p.chain))
	case e.Envelope.Time < p.time:
		return Errorf(CodeBadChain, "server time goes back")
	case !e.Envelope.Kind.Valid():
		return Errorf(CodeBadChain, "entry of kind %d", e.Envelope.Kind)
	case sha256.Sum256(e.Payload) != e.Envelope.Payload:
		return Errorf(CodeBadChain, "payload is not the one that the envelope names")
	}
	return nil
}

// judge decides about an entry and gives what it changes. Nothing changes before.
func (p *Public) judge(e Entry, alsoCommit func(*mls.PublicStaged) error) (fold func(), err error) {
	if err := p.checkEnvelope(e); err != nil {
		return nil, err
	}
	if len(e.Payload) > MaxPayload {
		return nil, Errorf(CodeTooLarge, "payload of %d bytes, at most %d", len(e.Payload), MaxPayload)
	}
	switch e.Envelope.Kind {
	case record.KindCommit:
		return p.judgeCommit(e, alsoCommit)
	case record.KindEvent:
		return p.judgeEvent(e)
	default:
		return p.judgeStatement(e)
	}
}

// judgeEvent judges what can be seen of an event without its key.
func (p *Public) judgeEvent(e Entry) (func(), error) {
	s, err := ParseSealedEvent(e.Payload)
	if err != nil {
		return nil, err
	}
	if _, ok := p.ids[s.ID]; ok {
		return nil, Errorf(CodeReplay, "event id is in the log already")
	}
	if err := p.MayWrite(s.Author, s.Device, e.Envelope.Time); err != nil {
		return nil, err
	}
	if !bytes.Equal(s.Group, p.genesis.Group) {
		return nil, Errorf(CodeStaleEpoch, "event of another group")
	}
	if s.Epoch != p.Epoch() {
		return nil, Errorf(CodeStaleEpoch, "event of epoch %d, the room is in %d", s.Epoch, p.Epoch())
	}
	return func() { p.ids[s.ID] = struct{}{} }, nil
}

// MayWrite says whether a device may append an event at a server time.
func (p *Public) MayWrite(user, device ID, at int64) error {
	m, ok := p.devices[device]
	switch {
	case !ok:
		return Errorf(CodeNotMember, "the device is not in the room")
	case m.User != user:
		return Errorf(CodeForgedAuthor, "the device is another user's")
	case p.genesis.Kind == KindCall:
		return Errorf(CodeNotAllowed, "nothing is stored in a call")
	case p.frozen:
		return Errorf(CodeFrozen, "the case is frozen")
	}
	if _, err := p.MayEnter(user, m.KeyHash(), at); err != nil {
		return err
	}
	if len(p.RemovalPending(at)) > 0 {
		return Errorf(CodeRemovalPending, "somebody must be taken out first")
	}
	return nil
}

// CheckPlace compares a place that somebody has seen, such as the one in a GroupInfo,
// with one's own chain: CodeForked means that the server shows people different rooms.
func (p *Public) CheckPlace(seen record.Place) error { return p.checkSeen(seen) }

// checkSeen compares a place that an author cites with one's own chain.
func (p *Public) checkSeen(seen record.Place) error {
	switch {
	case seen.Seq == 0:
		return Errorf(CodeMalformed, "no place seen")
	case seen.Seq > uint64(len(p.chain)):
		return Errorf(CodeForked, "the author saw entry %d, which comes later here", seen.Seq)
	case p.chain[seen.Seq-1] != seen.Chain:
		return Errorf(CodeForked, "the author saw another entry %d", seen.Seq)
	}
	return nil
}

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

// Epoch is the group's current epoch.
func (p *Public) Epoch() uint64 { return p.group.Epoch() }

// EpochBegan is the sequence number of the entry that began an epoch.
func (p *Public) EpochBegan(epoch uint64) (seq uint64, ok bool) {
	if epoch >= uint64(len(p.epochs)) {
		return 0, false
	}
	return p.epochs[epoch], true
}

// GroupID is the id of the room's MLS group.
func (p *Public) GroupID() []byte { return bytes.Clone(p.genesis.Group) }

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
	slices.SortFunc(all, func(a, b LeafMember) int { return int(a.Leaf) - int(b.Leaf) })
	return all
}

// Users are the users with a device in the room, sorted.
func (p *Public) Users() []ID {
	var all []ID
	for _, m := range p.devices {
		all = append(all, m.User)
	}
	slices.SortFunc(all, ID.Compare)
	return slices.Compact(all)
}

// Device finds a device in the room.
func (p *Public) Device(device ID) (LeafMember, bool) {
	m, ok := p.devices[device]
	return m, ok
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

func (p *Public) keepEvidence(e Entry) {
	if p.genesis.Kind == KindItem {
		p.evidence = append(p.evidence, EvidenceEntry{Seq: e.Envelope.Seq, Time: e.Envelope.Time, Payload: e.Payload})
	}
}
