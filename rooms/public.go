package rooms

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/order"
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
	groups []groupSpan // every group that the room has had; the last one is group
	epochs []uint64    // epochs[i] is the entry that began epoch i

	devices    map[ID]LeafMember
	returning  []Seat               // in when the room moved to another group, and not in that one yet; sorted
	heads      map[ID]identity.Head // the newest key chain that the room has seen of each user
	revoked    map[ID]struct{}      // devices that a commit has shown to be revoked
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
		groups:     []groupSpan{{ID: g.Group}},
		devices:    map[ID]LeafMember{},
		heads:      map[ID]identity.Head{},
		revoked:    map[ID]struct{}{},
		consents:   map[ID]*Consent{},
		collectors: slices.Clone(g.Collectors),
		person:     g.Person,
	}
	order.By(p.collectors, func(a, b Party) int { return a.User.Compare(b.User) })
	if g.Kind == KindSession {
		p.session = &SessionState{Status: SessionPlannedStatus}
	}
	var leaf LeafMember
	if p.group, leaf, err = founded(g.GroupInfo, instant(e.Envelope.Time)); err != nil {
		return nil, err
	}
	if err := p.checkFirstGroup(s, leaf); err != nil {
		return nil, err
	}
	p.advance(e)
	p.keepEvidence(e)
	p.reckon()
	return p, nil
}

func instant(ms int64) time.Time { return time.UnixMilli(ms) }

// Apply judges the next entry against the state before it and folds it. On error
// nothing of p has changed. CodeBadChain means that the entry does not continue the
// log; with any other code it has its place there but takes no effect: whoever reads
// a log that holds it passes over it with [Public.Refuse].
func (p *Public) Apply(e Entry) error {
	fold, err := p.judge(e, commitCheck{})
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
//
// What the log cannot say, such as whether a device has been revoked, more may judge;
// nil judges nothing.
func (p *Public) ApplyCommit(e Entry, groupInfo []byte, more func(Commit) error) error {
	if e.Envelope.Kind != record.KindCommit {
		return Errorf(CodeMalformed, "only a commit comes with a GroupInfo")
	}
	fold, err := p.judge(e, commitCheck{leaves: more, hasInfo: true, groupInfo: groupInfo})
	if err != nil {
		return err
	}
	p.take(e, fold)
	return nil
}

// Commit is what a commit that the rules of a room accept does.
type Commit struct {
	Committer LeafMember
	Leaves    []LeafMember // those that it adds or renews
	Data      CommitData
	// Moved says that the room has another group from here on, with nobody but the
	// committer in it yet.
	Moved bool
}

// commitCheck is what is asked of a commit beyond the rules.
type commitCheck struct {
	hasInfo   bool // the signed GroupInfo of the new epoch is at hand
	groupInfo []byte
	leaves    func(Commit) error // may be nil
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
func (p *Public) judge(e Entry, check commitCheck) (fold func(), err error) {
	if err := p.checkEnvelope(e); err != nil {
		return nil, err
	}
	if len(e.Payload) > MaxPayload {
		return nil, Errorf(CodeTooLarge, "payload of %d bytes, at most %d", len(e.Payload), MaxPayload)
	}
	switch e.Envelope.Kind {
	case record.KindCommit:
		return p.judgeCommit(e, check)
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
	if !bytes.Equal(s.Group, p.GroupID()) {
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

func (p *Public) keepEvidence(e Entry) {
	if p.genesis.Kind == KindItem {
		p.evidence = append(p.evidence, EvidenceEntry{Seq: e.Envelope.Seq, Time: e.Envelope.Time, Payload: e.Payload})
	}
}
