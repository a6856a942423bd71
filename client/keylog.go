package client

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// keyLog is what this device has seen of the key log: the log's public key, pinned when
// it was first shown, and the newest head. Every key chain that the device relies on
// must be in the log, every later head must continue the earlier, and every head that
// somebody cites in a commit must be of the same log: so the server cannot show one
// person other keys than another without both being told.
//
// The log is asked in the background, for many things at once, and never for a message.
type keyLog struct {
	verifier string
	view     *identity.LogView

	heads   map[uint64][32]byte // roots that belong to the log, by size: some of those seen
	claims  []claim             // heads that others have seen, to be compared
	chains  map[ID]bool         // users whose chains are to be looked up
	waiting bool                // the question is put in a moment
	asking  bool
	failed  int // times that the server has refused to say
}

// claim is a head that somebody has cited in a room.
type claim struct {
	room   ID
	signed []byte
	head   identity.TreeHead
}

const (
	keyOfLog    = "log" // in storage
	logDelay    = 200 * time.Millisecond
	logPause    = 5 * time.Second  // after a refusal
	logEvery    = 10 * time.Minute // chains are asked for again
	logRefusals = 3                // in a row, and somebody is told
	maxHeads    = 64
	maxClaims   = 256
)

type storedLog struct {
	Verifier string `cbor:"1,keyasint"`
	Head     []byte `cbor:"2,keyasint,omitempty"` // signed
}

func (e *engine) loadLog() error {
	b, err := e.store.get(e.ctx, keyOfLog)
	if err != nil || b == nil {
		return err
	}
	var s storedLog
	if err := decodeState(b, &s); err != nil {
		return err
	}
	l := &e.keyLog
	if l.view, err = identity.NewLogView(s.Verifier); err != nil {
		return fmt.Errorf("%w: %w", errState, err)
	}
	l.verifier = s.Verifier
	if s.Head != nil {
		if err := l.view.Restore(s.Head); err != nil {
			return fmt.Errorf("%w: %w", errState, err)
		}
	}
	return nil
}

func (e *engine) saveLog() {
	e.putCBOR(keyOfLog, storedLog{e.keyLog.verifier, e.keyLog.view.Signed()})
}

// logNamed is told, at the beginning of a connection, which key the server says the log
// has. The first is pinned; another later is another log.
func (e *engine) logNamed(verifier string) {
	l := &e.keyLog
	l.asking, l.waiting, l.failed = false, false, 0
	switch {
	case l.view == nil:
		view, err := identity.NewLogView(verifier)
		if err != nil {
			e.log.Warn("the server names no key log")
			e.alarm(rooms.CodeBadCertificate, ID{})
			return
		}
		l.verifier, l.view = verifier, view
		e.saveLog()
	case verifier != l.verifier:
		e.log.Warn("the key log has another key than before")
		e.alarm(rooms.CodeForked, ID{})
	}
	e.lookUpChains()
}

// lookUpChains asks for the key chains of everybody whom this device shares a room
// with, and whether they are in the log: now, and again after a while.
func (e *engine) lookUpChains() {
	e.logDue(e.device.user)
	for _, r := range e.rooms {
		if r.fold == nil || r.gone {
			continue
		}
		for _, user := range r.public().Users() {
			e.logDue(user)
		}
	}
	link := e.link
	e.later(logEvery, func(e *engine) {
		if e.link == link && e.online() {
			e.lookUpChains()
		}
	})
}

// logDue asks, in a moment, whether a user's chain is in the log.
func (e *engine) logDue(user ID) {
	l := &e.keyLog
	if l.chains == nil {
		l.chains = map[ID]bool{}
	}
	l.chains[user] = true
	e.askLogSoon(logDelay)
}

func (e *engine) askLogSoon(d time.Duration) {
	l := &e.keyLog
	if l.waiting || l.asking || l.view == nil || !e.online() {
		return
	}
	l.waiting = true
	link := e.link
	e.later(d, func(e *engine) {
		if e.link == link && e.online() {
			e.keyLog.waiting = false
			e.askLog()
		}
	})
}

// headCited compares a head of the log that somebody has cited in a commit with ours.
func (e *engine) headCited(room ID, signed []byte) {
	l := &e.keyLog
	if len(signed) == 0 || l.view == nil {
		return
	}
	head, _, err := l.view.Open(signed)
	if err != nil {
		e.log.Warn("a commit cites the head of another key log", "room", room.String())
		e.alarm(rooms.CodeForked, room)
		return
	}
	if !l.known(head) && len(l.claims) < maxClaims {
		l.claims = append(l.claims, claim{room, signed, head})
		e.askLogSoon(logDelay)
	}
}

// known says whether a head is one that was found to belong to the log.
func (l *keyLog) known(h identity.TreeHead) bool {
	if h == l.view.Head() {
		return true
	}
	root, ok := l.heads[h.Size]
	return ok && root == h.Root
}

func (l *keyLog) remember(h identity.TreeHead) {
	if l.heads == nil || len(l.heads) >= maxHeads {
		l.heads = map[uint64][32]byte{}
	}
	l.heads[h.Size] = h.Root
}

// askLog puts one question: what is new, whether it continues what we and others have
// seen, and whether the chains that we rely on are in it.
func (e *engine) askLog() {
	l := &e.keyLog
	if l.asking || l.view == nil || len(l.chains) == 0 && len(l.claims) == 0 {
		return
	}
	seen := l.view.Head()
	q := wire.LogQuery{Sizes: []uint64{seen.Size}}
	claims := l.claims[:min(len(l.claims), wire.MaxLogSizes-1)]
	for _, c := range claims {
		q.Sizes = append(q.Sizes, c.head.Size)
	}
	for user := range l.chains {
		if len(q.Chains) == wire.MaxLogChains/2 {
			break
		}
		ref := wire.ChainRef{User: user}
		if keys, _, _ := e.knownChain(user); keys != nil {
			ref.After, _ = keys.Head()
		}
		q.Chains = append(q.Chains, ref)
	}
	l.asking = true
	link := e.link
	e.request(wire.OpKeyLog, q, func(f wire.Frame, err error) {
		if e.link != link {
			return // another connection asks anew
		}
		l.asking = false
		var p wire.LogProof
		if err == nil {
			err = e.codec.Body(f, &p)
		}
		if err == nil {
			err = e.logAnswered(q, claims, p)
		}
		switch {
		case err == nil:
			l.failed = 0
			l.claims = l.claims[len(claims):]
			if len(l.chains) > 0 || len(l.claims) > 0 {
				e.askLogSoon(0)
			}
		case rooms.CodeOf(err) == rooms.CodeUnavailable || rooms.CodeOf(err) == rooms.CodeRateLimited:
			e.askLogSoon(logPause)
		default:
			e.log.Warn("the key log cannot be checked", "code", string(rooms.CodeOf(err)))
			if l.failed++; l.failed >= logRefusals {
				e.alarm(rooms.CodeBadCertificate, ID{})
			}
			e.askLogSoon(logPause)
		}
	})
}

// logAnswered judges an answer. What is proved wrong alarms, once, and is not asked
// again; an error means that the answer is none.
func (e *engine) logAnswered(q wire.LogQuery, claims []claim, p wire.LogProof) error {
	l := &e.keyLog
	if len(p.Consistency) != len(q.Sizes) || len(q.Chains) > 0 && len(p.Chains) == 0 || len(p.Chains) > len(q.Chains) {
		return rooms.Errorf(rooms.CodeMalformed, "not an answer of the key log to what was asked")
	}
	var proofs []tlog.TreeProof
	for _, b := range p.Consistency {
		hashes, err := hashesOf(b)
		if err != nil {
			return err
		}
		proofs = append(proofs, hashes)
	}
	before := l.view.Head()
	switch err := l.view.Update(p.Head, proofs[0]); {
	case errors.Is(err, identity.ErrSplitView) || errors.Is(err, identity.ErrOldHead) || errors.Is(err, identity.ErrSignature):
		e.log.Warn("the key log does not continue what this device has seen")
		e.alarm(rooms.CodeForked, ID{})
		return rooms.Errorf(rooms.CodeForked, "key log: %w", err)
	case err != nil:
		return rooms.Errorf(rooms.CodeMalformed, "key log: %w", err)
	}
	if l.view.Head() != before {
		l.remember(before)
		e.saveLog()
	}
	for i, c := range claims {
		// A head beyond the newest that we are shown: ours is an old one.
		if c.head.Size > l.view.Head().Size || l.view.CheckConsistency(c.head, proofs[i+1]) != nil {
			e.log.Warn("somebody has been shown another key log", "room", c.room.String())
			e.alarm(rooms.CodeForked, c.room)
			continue
		}
		l.remember(c.head)
	}
	for i, c := range p.Chains {
		ref := q.Chains[i]
		if c.User != ref.User {
			return rooms.Errorf(rooms.CodeMalformed, "not the key chain that was asked for")
		}
		keys, err := e.grownBy(ref, c.Entries)
		if err == nil && keys == nil {
			continue // it has grown meanwhile: asked again
		}
		delete(l.chains, c.User)
		if err == nil {
			err = e.inLog(keys, c)
		}
		if err != nil {
			e.log.Warn("a key chain is not in the key log", "code", string(rooms.CodeOf(err)))
			e.alarm(rooms.CodeBadCertificate, ID{})
		}
	}
	return nil
}

// grownBy takes in what was told of a key chain after ref, and gives the chain as it is
// then; nil if it is longer by now.
func (e *engine) grownBy(ref wire.ChainRef, entries [][]byte) (*identity.KeyChain, error) {
	last := ref.After + uint64(len(entries))
	if ref.User != e.device.user {
		known := e.chains[ref.User]
		if known == nil {
			known = &chain{user: ref.User, keys: new(identity.KeyChain)}
			e.chains[ref.User] = known
		}
		if err := e.growChain(known, entries); err != nil {
			return nil, err
		}
		if n, _ := known.keys.Head(); n > last {
			return nil, nil
		}
		return known.keys, nil
	}
	// One's own is followed elsewhere; here it is only compared with the log.
	keys := e.account.chain
	if n, _ := keys.Head(); n > ref.After {
		return nil, nil
	}
	if len(entries) > 0 {
		var err error
		if keys, err = identity.ReplayKeyChain(slices.Concat(e.account.entries, entries)); err != nil {
			return nil, rooms.Errorf(rooms.CodeForked, "key chain: %w", err)
		}
		e.followAccount()
	}
	return keys, nil
}

func (e *engine) inLog(keys *identity.KeyChain, c wire.LoggedChain) error {
	proof, err := hashesOf(c.Proof)
	if err != nil {
		return err
	}
	if err := e.keyLog.view.CheckInclusion(keys.Leaf(), c.Index, tlog.RecordProof(proof)); err != nil {
		return rooms.Errorf(rooms.CodeBadCertificate, "%w", err)
	}
	return nil
}

// hashesOf reads hashes that stand one after the other.
func hashesOf(b []byte) ([]tlog.Hash, error) {
	if len(b)%tlog.HashSize != 0 {
		return nil, rooms.Errorf(rooms.CodeMalformed, "a proof of the key log is made of hashes")
	}
	list := make([]tlog.Hash, 0, len(b)/tlog.HashSize)
	for h := range slices.Chunk(b, tlog.HashSize) {
		list = append(list, tlog.Hash(h))
	}
	return list, nil
}
