package client

import (
	"crypto/sha256"
	"slices"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// askAgain is how long a device waits for a grant before it asks again.
const askAgain = 20 * time.Second

// history is what this device still lacks of a room's past.
type history struct {
	asked   time.Time
	lacking bool
	// wrong are the users who have granted keys that open nothing: others are asked.
	wrong map[ID]bool
}

// maxWrong is after how many of those nobody is asked any more, until the device starts
// again: what is left was never readable.
const maxWrong = 8

// lackingEpochs gives the first and last epoch that our receipt covers, in which
// something was written, and whose record key we do not have.
func (e *engine) lackingEpochs(r *room) (from, to uint64, lacking bool) {
	p := r.public()
	first, ok := p.HistoryFrom(e.device.user)
	if !ok {
		return 0, 0, false
	}
	for _, epoch := range r.fold.Missing() {
		group, _ := p.GroupOf(epoch)
		if _, have := r.keys.RecordKey(group, epoch); have || epoch < first || epoch >= p.Epoch() || len(r.history.wrong) >= maxWrong {
			continue
		}
		if !lacking {
			from, lacking = epoch, true
		}
		to = epoch
	}
	return from, to, lacking
}

// considerHistory asks the members for the keys of what was written before this
// device came.
func (e *engine) considerHistory(r *room) {
	if r.fold == nil || r.group == nil || !r.lasting() {
		return
	}
	from, to, lacking := e.lackingEpochs(r)
	if lacking != r.history.lacking {
		r.history.lacking = lacking
		e.dirtyRoom(r.id)
	}
	if !lacking || !e.online() || !r.caughtUp {
		return
	}
	now := e.cfg.Now()
	if !r.history.asked.IsZero() && now.Sub(r.history.asked) < askAgain {
		return
	}
	r.history.asked = now
	q := wire.HistoryRequest{Room: r.id, Epochs: []uint64{from, to}}
	for user := range r.history.wrong {
		q.Not = append(q.Not, user)
	}
	e.tell(wire.OpAskHistory, q)
	e.laterRoom(r, askAgain+time.Second)
}

// askMailbox acknowledges mails and asks for those that wait.
func (e *engine) askMailbox(done []ID) {
	e.request(wire.OpMailbox, wire.MailboxAck{Done: done}, func(f wire.Frame, err error) {
		var box wire.Mailbox
		if err != nil || e.codec.Body(f, &box) != nil {
			return
		}
		for _, m := range box.Mails {
			e.mailCame(m)
		}
	})
}

func (e *engine) mailDone(id ID) {
	if !id.IsZero() {
		e.tell(wire.OpMailbox, wire.MailboxAck{Done: []ID{id}})
	}
}

// mailCame takes in a grant for us, or a request that we may answer.
func (e *engine) mailCame(m wire.Mail) {
	r := e.rooms[m.Room]
	switch {
	case m.Grant != nil:
		if r == nil || r.fold == nil || !r.caughtUp {
			e.later(time.Second, func(e *engine) {
				if e.online() {
					e.mailCame(m)
				}
			})
			return
		}
		if err := e.takeGrant(r, m.Grant); err != nil {
			e.log.Warn("a history grant was refused", "room", m.Room.String(), "code", string(rooms.CodeOf(err)))
		}
		e.mailDone(m.ID)
	case m.Request != nil:
		if r == nil || r.group == nil || r.grants[m.ID] || m.Request.Device == e.device.key.Device() {
			return
		}
		r.grants[m.ID] = true
		wait := time.Duration(e.rank(r, nil)) * e.cfg.RemoveDelay / 2
		e.later(wait, func(e *engine) { e.answerHistory(r, m, 0) })
	}
}

// takeGrant opens a grant and reads again what it lets us read.
func (e *engine) takeGrant(r *room, b []byte) error {
	g, err := record.ParseGrant(b)
	if err != nil {
		return rooms.Errorf(rooms.CodeMalformed, "%w", err)
	}
	granter, ok := r.public().Device(g.GranterDevice)
	if !ok || granter.User != g.Granter || g.Room != r.id {
		return rooms.Errorf(rooms.CodeNotMember, "a grant by somebody who is not in the room")
	}
	if err := g.Verify(granter.Certificate); err != nil {
		return rooms.Errorf(rooms.CodeBadSignature, "%w", err)
	}
	keys, err := g.Open(e.device.key)
	if err != nil {
		return rooms.Errorf(rooms.CodeMalformed, "%w", err)
	}
	opens, err := e.opener(r)
	if err != nil {
		return err
	}
	p := r.public()
	groupOf := func(epoch uint64) string {
		group, _ := p.GroupOf(epoch)
		return string(group)
	}
	missing := map[uint64]bool{}
	for _, epoch := range r.fold.Missing() {
		missing[epoch] = true
	}
	took, wrong := false, false
	for id, key := range keys {
		if id.Group != groupOf(id.Epoch) || id.Epoch >= p.Epoch() || !missing[id.Epoch] {
			continue // nothing there is closed to us
		}
		if r.keys.grant(id, key, opens(id)) {
			took = true
		} else {
			wrong = true
		}
	}
	if took {
		e.saveKeys(r)
		e.refold(r)
	}
	if wrong || slices.ContainsFunc(r.fold.Missing(), func(epoch uint64) bool {
		_, given := keys[record.EpochID{Group: groupOf(epoch), Epoch: epoch}]
		return given
	}) {
		e.log.Warn("a member has granted a record key that is another's", "room", r.id.String())
		if r.history.wrong == nil {
			r.history.wrong = map[ID]bool{}
		}
		r.history.wrong[g.Granter] = true
		r.history.asked = time.Time{} // somebody else, at once
		e.dirtyRoom(r.id)
	}
	return nil
}

// answerHistory seals the keys that a requester's receipt covers to their device,
// unless somebody has done so meanwhile.
func (e *engine) answerHistory(r *room, m wire.Mail, tries int) {
	again := func() {
		if tries < 5 && e.online() {
			e.later(time.Second, func(e *engine) { e.answerHistory(r, m, tries+1) })
			return
		}
		delete(r.grants, m.ID)
	}
	if !e.online() || r.group == nil || r.gone {
		delete(r.grants, m.ID)
		return
	}
	q := m.Request
	p := r.public()
	member, in := p.Device(q.Device)
	if !in || member.User != q.User || !r.caughtUp {
		again() // its commit may not have reached us
		return
	}
	if _, err := p.MayEnter(q.User, member.KeyHash(), e.serverNow()); err != nil || len(q.Epochs) != 2 {
		e.mailDone(m.ID)
		return
	}
	first, ok := p.HistoryFrom(q.User)
	if !ok {
		e.mailDone(m.ID)
		return
	}
	keys := map[record.EpochID]record.Key{}
	from, to := max(first, q.Epochs[0]), min(q.Epochs[1], p.Epoch())
	lowest, highest := to, from
	for epoch := from; epoch <= to && len(keys) < record.MaxGrantKeys; epoch++ {
		if granted(p, q, member.Since, epoch) {
			continue
		}
		group, _ := p.GroupOf(epoch)
		id := record.EpochID{Group: string(group), Epoch: epoch}
		if key, have := r.keys.best(id); have {
			keys[id] = key
			lowest, highest = min(lowest, epoch), max(highest, epoch)
		}
	}
	if len(keys) == 0 {
		delete(r.grants, m.ID)
		return
	}
	e.withChain(q.User, member.Certificate.Number, func(chain *identity.KeyChain, err error) {
		if err == nil && chain.CheckCertificate(member.Certificate) != nil {
			err = rooms.Errorf(rooms.CodeBadCertificate, "not in its user's key chain")
		}
		switch rooms.CodeOf(err) {
		case "":
		case rooms.CodeBadCertificate, rooms.CodeForked:
			e.alarm(rooms.CodeBadCertificate, r.id)
			delete(r.grants, m.ID)
			return
		default:
			again()
			return
		}
		device, _ := chain.Device(q.Device)
		sealed, err := record.SealGrant(e.device.key, member.Certificate, device.SealKey, r.id, keys, e.now())
		if err != nil {
			e.log.Error("a history grant does not seal", "room", r.id.String())
			return
		}
		statement, _, err := e.statement(rooms.StatementGrant, rooms.Grant{
			User: q.User, Device: q.Device, From: lowest, To: highest, Hash: sha256.Sum256(sealed),
		}, r.id)
		if err != nil {
			e.log.Error("a history grant does not sign", "room", r.id.String())
			return
		}
		e.request(wire.OpSendGrant, wire.GrantDelivery{
			Room: r.id, User: q.User, Device: q.Device, Sealed: sealed, Statement: statement,
		}, func(_ wire.Frame, err error) {
			switch rooms.CodeOf(err) {
			case rooms.CodeUnavailable, rooms.CodeRateLimited:
				again()
			default:
				delete(r.grants, m.ID)
				e.mailDone(m.ID)
			}
		})
	})
}

// granted says whether the log shows that an epoch was granted to a requester's device
// since it came, by somebody whose keys it does not call wrong.
func granted(p *rooms.Public, q *wire.HistoryRequest, since, epoch uint64) bool {
	for _, g := range p.Grants() {
		if g.Device == q.Device && g.Seq > since && g.From <= epoch && epoch <= g.To && !slices.Contains(q.Not, g.By) {
			return true
		}
	}
	return false
}
