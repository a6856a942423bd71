package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// fetchAtMost is how many entries are asked for at once.
const fetchAtMost = 500

// welcomed begins a connection: first the account, then the rooms.
func (e *engine) welcomed(w *wire.Welcome) {
	e.welcome = w
	e.clock = w.Time - e.now()
	c := e.core
	if e.device.state != deviceReady {
		e.spawn(func(ctx context.Context) {
			err := c.openAccount(ctx)
			_ = c.do(ctx, func(e *engine) error {
				e.ownChain.known = err == nil
				e.answerOpened(err)
				if err != nil {
					e.log.Warn("the account does not open", "code", string(rooms.CodeOf(err)))
					e.dropLink(rooms.Errorf(rooms.CodeUnavailable, "the account does not open"))
					return nil
				}
				e.logNamed(w.Log)
				e.catchUp()
				return nil
			})
		})
		return
	}
	e.logNamed(w.Log)
	e.followAccount()
	e.catchUp()
}

// catchUp follows every room that the server lists.
func (e *engine) catchUp() {
	if e.welcome == nil {
		return
	}
	listed := map[ID]bool{}
	for _, s := range e.welcome.Rooms {
		listed[s.Room] = true
		e.roomListed(s)
	}
	for _, r := range e.rooms {
		if !listed[r.id] && r.known {
			r.known = false
		}
	}
	e.askMailbox(nil)
	e.askDirectory()
	e.resetOutbox()
	e.dirtyAll()
}

// disconnected forgets what holds only while connected.
func (e *engine) disconnected() {
	e.ownChain.known, e.ownChain.asked = false, time.Time{}
	for _, r := range e.rooms {
		r.following, r.caughtUp = false, false
		r.attempt = nil
		r.history.asked = time.Time{}
		clear(r.online)
		clear(r.typing)
	}
	e.dirtyAll()
}

// roomListed takes in what the server says of a room for this account.
func (e *engine) roomListed(s wire.RoomSummary) {
	r := e.rooms[s.Room]
	if s.Kind == rooms.KindCall && !e.wantsCall(s.Room) && r == nil {
		return // entered by the device that waits in the lobby, and by no other
	}
	if r == nil {
		if s.Gone {
			return
		}
		r = newRoom(s.Room, s.Kind)
		e.rooms[s.Room] = r
	}
	r.known = true
	r.last = max(r.last, s.Seq)
	if s.Gone != r.gone {
		r.gone = s.Gone
		e.saveRoom(r)
	}
	if r.gone {
		r.following = false
		e.ended(r)
	} else {
		e.follow(r)
	}
	e.dirtyRoom(r.id)
}

// follow asks for what we do not have of a room, then for everything that comes.
func (e *engine) follow(r *room) {
	if r.following || r.broken != "" || e.link == nil {
		return
	}
	r.following = true
	e.request(wire.OpFollow, wire.Follow{Room: r.id, After: r.place().Seq, Limit: fetchAtMost}, func(f wire.Frame, err error) {
		if err != nil {
			r.following = false
			e.fetchFailed(r, err)
			return
		}
		e.entriesAnswered(r, f)
		e.askCursors(r)
	})
}

func (e *engine) fetchFailed(r *room, err error) {
	switch rooms.CodeOf(err) {
	case rooms.CodeUnavailable:
	case rooms.CodeWithdrawn, rooms.CodeExpired, rooms.CodeNotConsented, rooms.CodeNotMember, rooms.CodeUnknownRoom, rooms.CodeUnauthorised:
		r.gone = true
		e.saveRoom(r)
		e.ended(r)
	default:
		e.log.Warn("a room cannot be followed", "room", r.id.String(), "code", string(rooms.CodeOf(err)))
		e.later(2*time.Second, func(e *engine) { e.follow(r) })
	}
	e.dirtyRoom(r.id)
}

func (e *engine) entriesAnswered(r *room, f wire.Frame) {
	var es wire.Entries
	if err := e.codec.Body(f, &es); err != nil || es.Room != r.id {
		e.log.Warn("an answer that does not decode", "room", r.id.String())
		return
	}
	e.entriesCame(r, es)
}

// entriesCame takes in consecutive entries, pushed or asked for, and asks for
// what is missing before or after them.
func (e *engine) entriesCame(r *room, es wire.Entries) {
	r.last = max(r.last, es.Last)
	if n := len(es.Entries); n > 0 {
		r.last = max(r.last, es.Entries[n-1].Seq)
	}
	gap := false
	took := false
	for _, entry := range es.Entries {
		have := r.place().Seq
		if entry.Seq <= have {
			continue
		}
		if entry.Seq != have+1 {
			gap = true
			break
		}
		if !e.take(r, entry) {
			return
		}
		took = true
	}
	if took {
		e.took(r)
	}
	if r.place().Seq < r.last || gap {
		r.caughtUp = false
		e.fetch(r)
	} else if !r.caughtUp {
		r.caughtUp = true
		e.dirtyRoom(r.id)
	}
}

// fetch asks for the next entries.
func (e *engine) fetch(r *room) {
	if r.fetching {
		return
	}
	r.fetching = true
	after := r.place().Seq
	e.request(wire.OpFetch, wire.Fetch{Room: r.id, After: after, Limit: fetchAtMost}, func(f wire.Frame, err error) {
		r.fetching = false
		if err != nil {
			e.fetchFailed(r, err)
			return
		}
		var es wire.Entries
		if err := e.codec.Body(f, &es); err != nil || es.Room != r.id {
			return
		}
		if len(es.Entries) == 0 && r.place().Seq == after {
			r.last = after // the server has no more than that
		}
		e.entriesCame(r, es)
	})
}

// envelope gives an entry of the wire its envelope.
func envelope(room ID, w wire.Entry) rooms.Entry {
	return rooms.Entry{
		Envelope: record.Envelope{Room: room, Seq: w.Seq, Time: w.Time, Kind: w.Kind, Payload: sha256.Sum256(w.Payload)},
		Payload:  w.Payload,
	}
}

// apply folds one entry. An error means that the entry does not continue the log.
func (r *room) apply(w wire.Entry) (rooms.Outcome, error) {
	entry := envelope(r.id, w)
	if r.fold == nil {
		fold, err := rooms.BeginRoom(entry)
		if err != nil {
			return rooms.Outcome{}, err
		}
		r.fold, r.kind = fold, fold.Public().Kind()
		return rooms.Outcome{}, nil
	}
	return r.fold.Apply(entry, r.keys)
}

// take folds one entry, follows it with the MLS group, and keeps both. False
// when the log is broken, which is shown.
func (e *engine) take(r *room, w wire.Entry) bool {
	outcome, err := r.apply(w)
	if err != nil {
		e.log.Warn("a log does not continue", "room", r.id.String(), "seq", w.Seq, "code", string(rooms.CodeOf(err)))
		r.broken, r.following = rooms.CodeBadChain, false
		e.alarm(rooms.CodeBadChain, r.id)
		e.saveRoom(r)
		e.dirtyRoom(r.id)
		return false
	}
	if outcome.Code == rooms.CodeForked {
		e.alarm(rooms.CodeForked, r.id)
	}
	if w.Seq == 1 {
		e.dirtyAll() // a room has come into being here
	}
	r.stored = w.Seq
	if r.lasting() {
		e.putCBOR(entryKey(r.id, w.Seq), storedEntry{w.Time, w.Kind, w.Payload})
	}
	switch w.Kind {
	case record.KindCommit:
		if refusedBy(outcome) == "" {
			e.followCommit(r, w, outcome.Commit)
			e.headCited(r.id, outcome.Commit.Data.Log)
		} else {
			e.log.Warn("a commit was refused", "room", r.id.String(), "code", string(outcome.Code))
			if r.attempt != nil && bytes.Equal(r.attempt.message, w.Payload) {
				r.attempt = nil
			}
			e.alarm(rooms.CodeBadCommit, r.id)
		}
	case record.KindEvent:
		e.outboxSees(r, w, outcome)
	}
	e.entryTaken(r, w, outcome)
	return true
}

// took ends a run of entries.
func (e *engine) took(r *room) {
	e.saveRoom(r)
	if r.stored >= r.checkpointed+checkpointEvery+r.checkpointed/16 {
		e.checkpoint(r)
	}
	e.dirtyRoom(r.id)
}

// ended is called when delivery of a room has ended for us.
func (e *engine) ended(r *room) {
	r.group, r.attempt, r.caughtUp = nil, nil, false
	e.saveGroup(r)
	e.failOutbox(r)
	e.callEnded(r)
}

// pushed handles what the server says by itself.
func (e *engine) pushed(f wire.Frame) {
	var err error
	switch f.Op {
	case wire.OpEntries:
		var es wire.Entries
		if err = e.codec.Body(f, &es); err == nil {
			if r := e.rooms[es.Room]; r != nil && r.broken == "" && !r.gone {
				e.entriesCame(r, es)
			}
		}
	case wire.OpCasts:
		var c wire.Cast
		if err = e.codec.Body(f, &c); err == nil {
			e.castCame(c)
		}
	case wire.OpCursorP:
		var c wire.Cursor
		if err = e.codec.Body(f, &c); err == nil {
			e.cursorCame(c)
		}
	case wire.OpRoom:
		var s wire.RoomSummary
		if err = e.codec.Body(f, &s); err == nil {
			e.roomListed(s)
		}
	case wire.OpMail:
		var m wire.Mail
		if err = e.codec.Body(f, &m); err == nil {
			e.mailCame(m)
		}
	case wire.OpSignalP:
		var s wire.Signal
		if err = e.codec.Body(f, &s); err == nil {
			e.signalCame(s)
		}
	case wire.OpOnline:
		var p wire.Presence
		if err = e.codec.Body(f, &p); err == nil {
			e.presenceCame(p)
		}
	case wire.OpResync:
		var ref wire.RoomRef
		if err = e.codec.Body(f, &ref); err == nil {
			if r := e.rooms[ref.Room]; r != nil {
				r.following = false
				e.follow(r)
			}
		}
	}
	if err != nil {
		e.log.Warn("a push that does not decode", "op", f.Op)
	}
}

func (e *engine) presenceCame(p wire.Presence) {
	r := e.rooms[p.Room]
	if r == nil {
		return
	}
	if p.Online {
		r.online[p.User] = true
	} else {
		delete(r.online, p.User)
		delete(r.typing, p.User)
	}
	e.dirtyRoom(p.Room)
}
