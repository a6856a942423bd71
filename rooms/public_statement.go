package rooms

import (
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/crypto/record"
)

// statementJudge judges one statement at its place.
type statementJudge struct {
	p    *Public
	e    record.Envelope
	s    Statement
	hash [32]byte
	key  [32]byte // hash of the key that signed
	may  authority
}

func (p *Public) judgeStatement(e Entry) (func(), error) {
	s, key, hash, err := ParseStatement(e.Payload)
	if err != nil {
		return nil, err
	}
	j := &statementJudge{p: p, e: e.Envelope, s: s, hash: hash, key: identity.KeyHash(key)}
	fold, err := j.judge()
	if err != nil {
		return nil, err
	}
	return func() {
		p.ids[s.ID] = struct{}{}
		fold()
		switch s.Type {
		case StatementReceipt, StatementCollectors, StatementWithdrawal, StatementSeal:
			p.keepEvidence(e)
		}
	}, nil
}

// JudgeStatement says whether the statement could be the next entry at a server
// time, as Apply would judge it. Nothing changes.
func (p *Public) JudgeStatement(payload []byte, at int64) error {
	s, key, hash, err := ParseStatement(payload)
	if err != nil {
		return err
	}
	j := &statementJudge{p: p, s: s, hash: hash, key: identity.KeyHash(key), e: record.Envelope{
		Room: p.room, Seq: uint64(len(p.chain)) + 1, Time: max(at, p.time), Kind: record.KindStatement, Payload: hash,
	}}
	_, err = j.judge()
	return err
}

func (j *statementJudge) judge() (fold func(), err error) {
	p := j.p
	if !j.s.names(p.room) {
		return nil, Errorf(CodeMalformed, "statement does not name the room")
	}
	if _, ok := p.ids[j.s.ID]; ok {
		return nil, Errorf(CodeReplay, "statement id is in the log already")
	}
	if seen, ok := j.s.Seen[p.room]; ok {
		if err := p.checkSeen(seen); err != nil {
			return nil, err
		}
	}
	body, err := DecodeStatement(j.s)
	if err != nil {
		return nil, err
	}
	if j.may, err = p.authority(j.s.Author, j.key, j.e.Time); err != nil {
		return nil, err
	}
	if p.frozen {
		switch b := body.(type) {
		case *Withdrawal, *Grant:
		case *Freeze:
			if !b.Lift {
				return nil, Errorf(CodeFrozen, "the case is frozen")
			}
		default:
			return nil, Errorf(CodeFrozen, "the case is frozen")
		}
	}
	switch b := body.(type) {
	case *Receipt:
		return j.receipt(b)
	case *Withdrawal:
		return j.withdrawal(b)
	case *CollectorsChange:
		return j.collectors(b)
	case *Control:
		return j.control(b)
	case *Grant:
		return j.grant(b)
	case *Seal:
		return j.seal(b)
	case *Freeze:
		return j.freeze(b)
	}
	return nil, Errorf(CodeConflict, "the room has its genesis")
}

func (j *statementJudge) receipt(r *Receipt) (func(), error) {
	p := j.p
	switch {
	case p.genesis.Kind == KindCall:
		return nil, Errorf(CodeNotAllowed, "a call admits, it takes no receipts")
	case !j.may.collector && !j.may.person:
		return nil, j.not("collect consents")
	case r.Room != p.room || len(j.s.Rooms) != 1:
		return nil, Errorf(CodeInvalid, "receipt of another room")
	case r.Participant.User.IsZero() || r.Collector || r.HistoryFrom == 0:
		return nil, Errorf(CodeInvalid, "receipt: participant, collector or history")
	case r.Expires != 0 && r.Expires <= j.e.Time:
		return nil, Errorf(CodeExpired, "receipt expires before it begins")
	}
	c, has := p.consents[r.Participant.User]
	last := uint(0)
	if has {
		last = c.Number
	}
	if r.Number <= last {
		return nil, Errorf(CodeOldReceipt, "receipt %d after %d", r.Number, last)
	}
	if r.Number != last+1 {
		return nil, Errorf(CodeConflict, "receipt %d after %d", r.Number, last)
	}
	if has && c.Ended && j.s.Author == r.Participant.User && !j.may.person {
		return nil, Errorf(CodeWithdrawn, "nobody lets themselves in again")
	}
	return func() {
		p.consents[r.Participant.User] = &Consent{
			Party: r.Participant, Number: r.Number, Hash: j.hash, Seq: j.e.Seq, At: j.e.Time, By: j.s.Author,
			HistoryFrom: r.HistoryFrom, Expires: r.Expires, Private: r.Private,
		}
		p.collectors = slices.DeleteFunc(p.collectors, func(q Party) bool {
			return q.User == r.Participant.User && q.KeyHash != r.Participant.KeyHash
		})
		if p.IsPerson(r.Participant.User) && r.Participant.KeyHash != [32]byte{} {
			p.person = &Party{r.Participant.User, r.Participant.KeyHash}
		}
	}, nil
}

func (j *statementJudge) withdrawal(w *Withdrawal) (func(), error) {
	p := j.p
	own := w.Participant == j.s.Author && (j.may.participant || j.may.collector)
	if !own && !j.may.person && !j.may.collector {
		return nil, j.not("withdraw another's consent")
	}
	c, has := p.consents[w.Participant]
	_, implicit := p.implicit(w.Participant)
	switch {
	case !has && !implicit && !p.IsMember(w.Participant):
		return nil, Errorf(CodeUnknown, "there is no consent to withdraw")
	case has && c.Ended && (c.Withdrawn || p.genesis.Kind != KindCall):
		return nil, Errorf(CodeConflict, "the consent was withdrawn already")
	}
	return func() { p.end(w.Participant, j.hash, j.e, j.s.Author, true) }, nil
}

func (j *statementJudge) collectors(c *CollectorsChange) (func(), error) {
	p := j.p
	switch {
	case p.genesis.Kind == KindCall:
		return nil, Errorf(CodeNotAllowed, "a call has no collectors of its own")
	case !j.may.collector && !j.may.person:
		return nil, j.not("change the collectors")
	case len(c.Add)+len(c.Remove) == 0 || len(c.Add)+len(c.Remove) > maxList:
		return nil, Errorf(CodeInvalid, "collectors: nothing changes")
	}
	next := slices.Clone(p.collectors)
	for _, id := range c.Remove {
		i := slices.IndexFunc(next, func(q Party) bool { return q.User == id })
		if i < 0 {
			return nil, Errorf(CodeUnknown, "collectors: nobody to remove")
		}
		next = slices.Delete(next, i, i+1)
	}
	for _, a := range c.Add {
		if a.User.IsZero() || a.KeyHash == ([32]byte{}) {
			return nil, Errorf(CodeInvalid, "collectors: a collector without key")
		}
		if slices.ContainsFunc(next, func(q Party) bool { return q.User == a.User }) {
			return nil, Errorf(CodeConflict, "collectors: already one")
		}
		if had, ok := p.consents[a.User]; ok && had.State(j.e.Time) != "ACTIVE" {
			return nil, Errorf(CodeWithdrawn, "collectors: their own consent has ended")
		}
		if key, ok := p.KeyHash(a.User); ok && key != a.KeyHash {
			return nil, Errorf(CodeNotConsented, "collectors: another identity key than the one let in")
		}
		next = append(next, a)
	}
	if len(next) == 0 {
		return nil, Errorf(CodeInvalid, "collectors: none would be left")
	}
	order.By(next, func(a, b Party) int { return a.User.Compare(b.User) })
	return func() { p.collectors = next }, nil
}

func (j *statementJudge) grant(g *Grant) (func(), error) {
	p := j.p
	m, ok := p.devices[g.Device]
	from, _ := p.HistoryFrom(g.User)
	switch {
	case p.genesis.Kind == KindCall:
		return nil, Errorf(CodeNotAllowed, "nothing is stored in a call")
	case !ok || m.User != g.User:
		return nil, Errorf(CodeNotMember, "grant to a device that is not in the room")
	case g.From > g.To || g.To > p.Epoch():
		return nil, Errorf(CodeInvalid, "grant of epochs %d to %d", g.From, g.To)
	case g.From < from:
		return nil, Errorf(CodeNotAllowed, "grant of epochs before the recipient's consent")
	}
	by, ok := p.devices[j.s.Device]
	if !ok || by.User != j.s.Author {
		return nil, Errorf(CodeNotMember, "grant by a device that is not in the room")
	}
	for _, q := range []LeafMember{by, m} {
		if _, err := p.MayEnter(q.User, q.KeyHash(), j.e.Time); err != nil {
			return nil, err
		}
	}
	return func() {
		p.grants = append(p.grants, GrantState{Grant: *g, Seq: j.e.Seq, By: j.s.Author})
	}, nil
}

func (j *statementJudge) seal(s *Seal) (func(), error) {
	p := j.p
	switch {
	case p.genesis.Kind != KindItem:
		return nil, Errorf(CodeNotAllowed, "minutes are those of an item")
	case !j.may.chair:
		return nil, j.not("seal minutes")
	case s.Version == 0:
		return nil, Errorf(CodeInvalid, "seal of version 0")
	}
	return func() {
		p.seals = append(p.seals, SealState{Seal: *s, Seq: j.e.Seq, Time: j.e.Time, By: j.s.Author})
	}, nil
}

func (j *statementJudge) freeze(f *Freeze) (func(), error) {
	p := j.p
	switch p.genesis.Kind {
	case KindSession, KindCall, KindNetwork:
		return nil, Errorf(CodeNotAllowed, "only the rooms of a case are frozen")
	}
	if !j.may.collector {
		return nil, j.not("freeze the case")
	}
	if f.Lift != p.frozen {
		return nil, Errorf(CodeConflict, "it is so already")
	}
	return func() { p.frozen = !f.Lift }, nil
}

func (j *statementJudge) not(what string) error {
	return Errorf(CodeNotAllowed, "the author may not %s", what)
}
