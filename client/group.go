package client

import (
	"bytes"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// exporterLabel is that of the MLS exporter from which record keys come.
const exporterLabel = "ensemble record"

// mlsClient is what makes our leaves in groups of a suite.
func (e *engine) mlsClient(suite mls.CipherSuite) (mls.Client, error) {
	cert, err := e.certificate()
	if err != nil {
		return mls.Client{}, err
	}
	c := rooms.Client(suite, e.device.key, cert, e.account.head())
	c.Capabilities.CipherSuites = e.suites
	return c, nil
}

// restoreGroup reads a kept group and skips the generations that may have been
// used since it was written.
func (e *engine) restoreGroup(r *room, state []byte, ahead uint) error {
	p := r.public()
	if p == nil {
		return rooms.Errorf(rooms.CodeStaleEpoch, "a group is kept of a log that is not")
	}
	c, err := e.mlsClient(p.Group().Suite())
	if err != nil {
		return err
	}
	g, err := mls.UnmarshalGroup(state, c)
	if err != nil {
		return err
	}
	if g.Epoch() != p.Group().Epoch() || !bytes.Equal(g.GroupID(), p.GroupID()) {
		return rooms.Errorf(rooms.CodeStaleEpoch, "the kept group is not that of the log")
	}
	if err := r.casts.restore(g, ahead); err != nil {
		return err
	}
	r.group = g
	return nil
}

// followCommit moves our group along with a commit that the log accepted.
func (e *engine) followCommit(r *room, w wire.Entry, did *rooms.Commit) {
	at := time.UnixMilli(w.Time)
	mine := r.attempt != nil && bytes.Equal(r.attempt.message, w.Payload)
	var err error
	switch {
	case mine && r.attempt.next != nil:
		r.group = r.attempt.next
	case mine && r.attempt.staged.Group() != nil:
		r.group = r.attempt.staged.Group()
		r.failures, r.notUntil = 0, time.Time{}
	case mine:
		err = r.group.Merge(r.attempt.staged)
	case r.group != nil:
		var p *mls.Processed
		if p, err = r.group.Process(w.Payload, at); err == nil {
			switch {
			case p.Commit == nil:
				err = rooms.Errorf(rooms.CodeBadCommit, "a commit that is none")
			case p.Commit.SelfRemoved():
				e.leftGroup(r)
				return
			default:
				err = r.group.Merge(p.Commit)
			}
		}
		if err == nil && did.Moved {
			e.leftGroup(r) // for the next one, which we enter by ourselves
			return
		}
	}
	r.attempt = nil // of an epoch that is over, if it was another's commit
	if err != nil {
		// The public half is good, so the server took it, and the secrets do not
		// follow: a tag, or a secret meant for us, is not what it must be. It is
		// shown, and we enter anew with all that we have. Of a commit of our own that
		// was under way when the connection or this device stopped, the secrets are
		// merely lost.
		e.log.Warn("a commit cannot be followed", "room", r.id.String(), "seq", w.Seq)
		if did.Committer.Device != e.device.key.Device() {
			e.alarm(rooms.CodeBadCommit, r.id)
		}
		r.group = nil
	}
	if r.group == nil {
		e.saveGroup(r)
		return
	}
	r.casts.newEpoch()
	e.saveGroup(r)
	e.keepRecordKey(r)
	e.epochBegan(r)
}

func (e *engine) leftGroup(r *room) {
	r.group, r.attempt = nil, nil
	e.saveGroup(r)
	e.epochBegan(r)
}

// keepRecordKey exports the record key of the group's epoch.
func (e *engine) keepRecordKey(r *room) {
	if !r.lasting() {
		return
	}
	secret, err := r.group.Export(exporterLabel, r.id.Bytes(), record.KeySize)
	if err != nil {
		e.log.Error("no record key", "room", r.id.String())
		return
	}
	id := record.EpochID{Group: string(r.group.GroupID()), Epoch: r.group.Epoch()}
	if p := r.public(); p != nil { // else it is just being made
		id.Epoch = p.Epoch()
	}
	if r.keys.add(id, record.DeriveKey(secret)) {
		e.saveKeys(r)
	}
}

// commitData is the authenticated data of a commit made now.
func (e *engine) commitData(r *room, d rooms.CommitData) ([]byte, error) {
	d.Seen = r.place()
	if e.keyLog.view != nil {
		d.Log = e.keyLog.view.Signed()
	}
	return rooms.EncodeCommitData(d)
}

// placeExtension hands those who join by our GroupInfo the place we have seen.
func (r *room) placeExtension() ([]mls.Extension, error) {
	x, err := rooms.PlaceExtension(r.place())
	if err != nil {
		return nil, err
	}
	return []mls.Extension{x}, nil
}

// considerJoin enters a room by an external commit as soon as this device may.
func (e *engine) considerJoin(r *room) {
	if !e.online() || r.fold == nil || !r.caughtUp || r.gone || r.broken != "" || r.group != nil || r.attempt != nil {
		return
	}
	if e.cfg.Now().Before(r.notUntil) || r.joining || !e.ownChain.known || !e.showsOwnChain(r) {
		return
	}
	if r.kind == rooms.KindCall && !e.wantsCall(r.id) {
		return
	}
	p := r.public()
	me := e.me()
	citation, err := p.MayEnter(me.User, me.KeyHash, e.serverNow())
	if err != nil {
		return
	}
	r.joining = true
	e.request(wire.OpGroupInfo, wire.RoomRef{Room: r.id}, func(f wire.Frame, err error) {
		r.joining = false
		var gi wire.GroupInfo
		if err == nil {
			err = e.codec.Body(f, &gi)
		}
		if err == nil {
			err = e.join(r, citation, gi)
		}
		if err != nil {
			e.joinFailed(r, err)
		}
	})
}

// join makes the external commit and sends it.
func (e *engine) join(r *room, citation rooms.Citation, gi wire.GroupInfo) error {
	p := r.public()
	switch {
	case r.group != nil || r.attempt != nil:
		return nil
	case gi.Epoch > p.Epoch():
		return nil // the entries are on their way, and the next turn sees to it
	case gi.Epoch < p.Epoch():
		// A commit overtook the answer, and nothing more may come: ask again.
		e.dirtyRoom(r.id)
		return nil
	}
	if err := e.checkGroupInfo(r, gi.GroupInfo); err != nil {
		return err
	}
	c, err := e.mlsClient(p.Group().Suite())
	if err != nil {
		return err
	}
	var o mls.ExternalOptions
	var cite []rooms.Citation
	if citation.Hash != [32]byte{} {
		cite = append(cite, citation)
	}
	if o.AuthenticatedData, err = e.commitData(r, rooms.CommitData{Citations: cite}); err != nil {
		return err
	}
	if o.GroupInfoExtensions, err = r.placeExtension(); err != nil {
		return err
	}
	if old, ok := p.Device(e.device.key.Device()); ok {
		leaf := old.Leaf
		o.Resync = &leaf
	}
	o.Now = time.UnixMilli(e.serverNow())
	staged, err := mls.JoinExternal(c, gi.GroupInfo, o)
	if err != nil {
		return rooms.Errorf(rooms.CodeBadCommit, "entering by an external commit: %w", err)
	}
	e.sendCommit(r, staged)
	return nil
}

// checkGroupInfo compares a GroupInfo with our own fold: another group, or a
// place that is not in our log, means that the server shows us something else
// than it shows its signer.
func (e *engine) checkGroupInfo(r *room, b []byte) error {
	gi, err := mls.ParseGroupInfo(b)
	if err != nil {
		return rooms.Errorf(rooms.CodeBadCommit, "GroupInfo: %w", err)
	}
	p := r.public()
	if !bytes.Equal(gi.GroupID(), p.GroupID()) || gi.Epoch() != p.Group().Epoch() || gi.Suite() != p.Group().Suite() {
		return rooms.Errorf(rooms.CodeBadCommit, "GroupInfo of another group or epoch")
	}
	if gi.Epoch() == 0 {
		return nil // in the log itself, where the group begins
	}
	seen, err := rooms.ParsePlaceExtension(gi.Extensions())
	if err != nil {
		return err
	}
	if chain, ok := p.ChainAt(seen.Seq); !ok || chain != seen.Chain {
		e.alarm(rooms.CodeForked, r.id)
		return rooms.Errorf(rooms.CodeForked, "the signer of the GroupInfo saw another log")
	}
	return nil
}

// sendCommit appends a commit of ours with the GroupInfo of its epoch. It takes
// effect when it comes back in the log.
func (e *engine) sendCommit(r *room, staged *mls.StagedCommit) {
	e.sendAttempt(r, &attempt{staged: staged, message: staged.Message()}, staged.GroupInfo())
}

func (e *engine) sendAttempt(r *room, a *attempt, groupInfo []byte) {
	r.attempt = a
	e.request(wire.OpAppend, wire.Append{
		Room: r.id, Kind: record.KindCommit, Payload: a.message, GroupInfo: groupInfo,
	}, func(_ wire.Frame, err error) {
		switch {
		case r.attempt != a:
		case err != nil:
			r.attempt = nil
			e.joinFailed(r, err)
		default:
			e.later(ownCommitWithin, func(e *engine) { e.fetchOwnCommit(r, a) })
		}
	})
}

// ownCommitWithin is how long a commit that the server took may need to come back
// in the log.
const ownCommitWithin = 3 * time.Second

// fetchOwnCommit asks again for the log of a room in which a commit of ours, that
// the server took, has not come back.
func (e *engine) fetchOwnCommit(r *room, a *attempt) {
	if r.attempt != a || !e.online() || e.rooms[r.id] != r {
		return
	}
	e.log.Debug("a commit of ours has not come back", "room", r.id.String())
	r.following = false
	e.follow(r)
	e.later(ownCommitWithin, func(e *engine) { e.fetchOwnCommit(r, a) })
}

// joinFailed lets some time pass before the next attempt; none where somebody
// was merely faster, whose commit we wait for.
func (e *engine) joinFailed(r *room, err error) {
	e.log.Debug("a commit was not taken", "room", r.id.String(), "code", string(rooms.CodeOf(err)), "error", err)
	wait := 200 * time.Millisecond
	switch rooms.CodeOf(err) {
	case rooms.CodeUnavailable:
		if !e.online() {
			return // the next connection looks at every room
		}
	case rooms.CodeStaleEpoch, rooms.CodeConflict, rooms.CodeRemovalPending, rooms.CodeRateLimited:
	default:
		r.failures = min(r.failures+1, 8)
		wait <<= r.failures
	}
	r.notUntil = e.cfg.Now().Add(wait)
	e.laterRoom(r, wait+10*time.Millisecond)
}

// commit makes a commit as a member and sends it.
func (e *engine) commit(r *room, proposals []mls.Proposal, citations ...rooms.Citation) error {
	return e.commitWith(r, proposals, rooms.CommitData{Citations: citations})
}

// commitWith is commit with what the commit says beside its place.
func (e *engine) commitWith(r *room, proposals []mls.Proposal, says rooms.CommitData) error {
	if r.group == nil || r.attempt != nil {
		return rooms.Errorf(rooms.CodeConflict, "a commit is on its way")
	}
	if !e.showsOwnChain(r) {
		return rooms.Errorf(rooms.CodeUnavailable, "our key chain has grown, and is being asked for")
	}
	c, err := e.mlsClient(r.public().Group().Suite())
	if err != nil {
		return err
	}
	data, err := e.commitData(r, says)
	if err != nil {
		return err
	}
	place, err := r.placeExtension()
	if err != nil {
		return err
	}
	staged, err := r.group.Commit(mls.CommitOptions{
		Proposals: proposals, AuthenticatedData: data, GroupInfoExtensions: place, LeafExtensions: c.LeafExtensions,
		Now: time.UnixMilli(e.serverNow()),
	})
	if err != nil {
		return rooms.Errorf(rooms.CodeBadCommit, "committing: %w", err)
	}
	e.sendCommit(r, staged)
	return nil
}
