package rooms

import (
	"errors"
	"maps"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
)

// judgeCommit judges an MLS commit: as RFC 9420 does, by the public group, and then
// by consent.
func (p *Public) judgeCommit(e Entry, check commitCheck) (func(), error) {
	if _, ok := p.ids[commitID(e.Envelope.Payload)]; ok {
		return nil, Errorf(CodeReplay, "the commit was refused before")
	}
	staged, err := p.group.Process(e.Payload, instant(e.Envelope.Time))
	if err != nil {
		return nil, commitError(err)
	}
	if staged.Changes().ReInit != nil {
		return p.judgeMove(e, staged, check)
	}
	if check.hasInfo {
		if err := p.checkGroupInfo(staged, check.groupInfo); err != nil {
			return nil, err
		}
	}
	j := commitJudge{p: p, at: e.Envelope.Time, seq: e.Envelope.Seq, changes: staged.Changes(), after: maps.Clone(p.devices)}
	if err := j.judge(staged.AuthenticatedData()); err != nil {
		return nil, err
	}
	if check.leaves != nil {
		if err := check.leaves(j.did); err != nil {
			return nil, err
		}
	}
	return func() {
		if err := p.group.Merge(staged); err != nil {
			return // it was staged on this very state
		}
		p.devices = j.after
		p.returning = slices.DeleteFunc(slices.Clone(p.returning), p.seated)
		p.noteHeads()
		for _, r := range j.revoked {
			p.revoked[r.Device] = struct{}{}
			if r.Head.Number > p.heads[r.User].Number {
				p.heads[r.User] = r.Head
			}
		}
		p.epochs = append(p.epochs, e.Envelope.Seq)
	}, nil
}

// checkGroupInfo judges the GroupInfo of the epoch that a commit begins.
func (p *Public) checkGroupInfo(staged *mls.PublicStaged, groupInfo []byte) error {
	if err := staged.CheckGroupInfo(groupInfo); err != nil {
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
}

func commitError(err error) error {
	if errors.Is(err, mls.ErrStaleEpoch) {
		return Errorf(CodeStaleEpoch, "commit: %w", err)
	}
	return Errorf(CodeBadCommit, "commit: %w", err)
}

// commitJudge judges what one commit does to the membership.
type commitJudge struct {
	p       *Public
	at      int64
	seq     uint64
	changes mls.Changes
	cited   map[ID][32]byte
	revoked map[ID]identity.Revocation // by device
	after   map[ID]LeafMember          // by device
	did     Commit
}

func (j *commitJudge) judge(authenticatedData []byte) error {
	data, err := ParseCommitData(authenticatedData)
	if err != nil {
		return err
	}
	if err := j.p.checkSeen(data.Seen); err != nil {
		return err
	}
	if len(data.Successor) > 0 {
		return Errorf(CodeMalformed, "commit names a successor of a group that goes on")
	}
	j.cited = make(map[ID][32]byte, len(data.Citations))
	for _, c := range data.Citations {
		if _, twice := j.cited[c.User]; twice {
			return Errorf(CodeMalformed, "commit cites two grounds for one user")
		}
		j.cited[c.User] = c.Hash
	}
	if j.changes.ExtensionsChanged {
		return Errorf(CodeBadCommit, "commit changes the group context extensions")
	}
	if err := j.readRevocations(data.Revocations); err != nil {
		return err
	}
	committer, err := j.committer()
	if err != nil {
		return err
	}
	j.did.Committer, j.did.Data = committer, data
	concerned := map[ID]bool{}
	for _, m := range j.changes.Removed {
		user, err := j.remove(m, committer)
		if err != nil {
			return err
		}
		concerned[user] = true
	}
	for _, m := range j.changes.Updated {
		if err := j.update(m); err != nil {
			return err
		}
	}
	for _, m := range j.changes.Added {
		user, err := j.add(m)
		if err != nil {
			return err
		}
		concerned[user] = true
	}
	for device := range j.revoked {
		if _, in := j.after[device]; in {
			return Errorf(CodeBadCommit, "commit cites the revocation of a device that it does not remove")
		}
	}
	for user := range j.cited {
		if !concerned[user] {
			return Errorf(CodeBadCommit, "commit cites a ground for somebody whom it neither adds nor removes")
		}
	}
	// Whoever enters by themself cannot take others out (RFC 9420 §12.2), and writes
	// nothing before somebody has: it would help nobody to keep them waiting.
	if left := j.p.pendingAmong(maps.Values(j.after), j.at); len(left) > 0 && !j.changes.External {
		return Errorf(CodeRemovalPending, "somebody must be taken out first")
	}
	return nil
}

// readRevocations reads the revocations that a commit cites: each of a device in the
// room, signed by the identity key that certified it.
func (j *commitJudge) readRevocations(entries [][]byte) error {
	j.revoked = make(map[ID]identity.Revocation, len(entries))
	for _, entry := range entries {
		r, err := identity.ParseRevocation(entry)
		if err != nil {
			return Errorf(CodeMalformed, "commit data: %w", err)
		}
		m, in := j.p.devices[r.Device]
		if _, twice := j.revoked[r.Device]; twice || !in || m.User != r.User {
			return Errorf(CodeBadCommit, "commit cites the revocation of a device that is not in the room")
		}
		if err := r.Verify(m.Certificate.IdentityKey); err != nil {
			return Errorf(CodeBadSignature, "commit data: %w", err)
		}
		j.revoked[r.Device] = r
	}
	return nil
}

// committer gives who makes the commit. They must have the right to be in.
func (j *commitJudge) committer() (LeafMember, error) {
	if j.changes.External {
		if len(j.changes.Added) != 1 {
			return LeafMember{}, Errorf(CodeBadCommit, "an external commit brings in one device")
		}
		return ParseLeaf(j.changes.Added[0]) // its right is judged as that of every added leaf
	}
	return j.p.memberAt(j.changes.Committer, j.at)
}

// memberAt gives the device at a leaf, whose user must have the right to be in.
func (p *Public) memberAt(leaf mls.LeafIndex, at int64) (LeafMember, error) {
	for _, m := range p.devices {
		if m.Leaf == leaf {
			_, err := p.MayEnter(m.User, m.KeyHash(), at)
			return m, err
		}
	}
	return LeafMember{}, Errorf(CodeNotMember, "the committer is not in the room")
}

func (j *commitJudge) remove(m mls.Member, committer LeafMember) (ID, error) {
	gone, ok := j.find(m)
	if !ok {
		return ID{}, Errorf(CodeBadCommit, "commit removes a device that is not in the room")
	}
	delete(j.after, gone.Device)
	own := gone.User == committer.User
	_, revoked := j.revoked[gone.Device]
	switch {
	case own:
	case revoked && !j.changes.External: // by their own user
	case j.changes.External:
		return ID{}, Errorf(CodeNotAllowed, "an external commit removes another user's device")
	case j.p.genesis.Kind == KindCall: // whoever is gone is taken out by any other
	default:
		i := slices.IndexFunc(j.p.pendingAmong(oneLeaf(gone), j.at), func(c Citation) bool { return c.User == gone.User })
		if i < 0 {
			return ID{}, Errorf(CodeNotAllowed, "commit removes a user whose consent stands")
		}
		if j.cited[gone.User] != j.p.pendingAmong(oneLeaf(gone), j.at)[i].Hash {
			return ID{}, Errorf(CodeNotAllowed, "commit removes a user without citing why")
		}
	}
	return gone.User, nil
}

func oneLeaf(m LeafMember) func(func(LeafMember) bool) {
	return func(yield func(LeafMember) bool) { yield(m) }
}

// find gives the device that a leaf of the tree before belongs to.
func (j *commitJudge) find(m mls.Member) (LeafMember, bool) {
	for _, d := range j.p.devices {
		if d.Leaf == m.Index {
			return d, true
		}
	}
	return LeafMember{}, false
}

// update judges a new leaf of a member: user, device and signature key stay.
func (j *commitJudge) update(m mls.Member) error {
	before, ok := j.find(m)
	if !ok {
		return Errorf(CodeBadCommit, "commit updates a device that is not in the room")
	}
	now, err := ParseLeaf(m)
	if err != nil {
		return err
	}
	if now.User != before.User || now.Device != before.Device || !edPublic(now.SignatureKey).Equal(edPublic(before.SignatureKey)) {
		return Errorf(CodeBadCertificate, "commit gives a leaf to another device")
	}
	if now.KeyHash() != before.KeyHash() {
		if _, err := j.p.MayEnter(now.User, now.KeyHash(), j.at); err != nil {
			return err
		}
	}
	if err := laterHead(j.p.heads[now.User], now.Head); err != nil {
		return err
	}
	now.Since = before.Since
	j.after[now.Device] = now
	j.did.Leaves = append(j.did.Leaves, now)
	return nil
}

// add judges a new leaf: its certificate must be bound by an active receipt, which
// the commit cites.
func (j *commitJudge) add(m mls.Member) (ID, error) {
	leaf, err := ParseLeaf(m)
	if err != nil {
		return ID{}, err
	}
	if _, twice := j.after[leaf.Device]; twice {
		return ID{}, Errorf(CodeConflict, "the device is in the room already")
	}
	ground, err := j.p.MayEnter(leaf.User, identity.KeyHash(leaf.Certificate.IdentityKey), j.at)
	if err != nil {
		return ID{}, err
	}
	if cited, ok := j.cited[leaf.User]; (ok || ground.Hash != [32]byte{}) && cited != ground.Hash {
		if ok && ground.Hash != ([32]byte{}) {
			return ID{}, Errorf(CodeOldReceipt, "commit cites another receipt than the newest")
		}
		return ID{}, Errorf(CodeNotConsented, "commit cites no receipt")
	}
	if err := laterHead(j.p.heads[leaf.User], leaf.Head); err != nil {
		return ID{}, err
	}
	_, before := j.p.revoked[leaf.Device]
	if _, now := j.revoked[leaf.Device]; before || now {
		return ID{}, Errorf(CodeBadCertificate, "the device is revoked")
	}
	leaf.Since = j.seq
	j.after[leaf.Device] = leaf
	j.did.Leaves = append(j.did.Leaves, leaf)
	return leaf.User, nil
}

// laterHead refuses a key chain that goes back, or goes another way, behind what was
// shown before.
func laterHead(before, now identity.Head) error {
	switch {
	case before.Number == 0 || now.Number > before.Number:
		return nil
	case now.Number < before.Number:
		return Errorf(CodeBadCertificate, "leaf shows key chain entry %d, the room has seen %d", now.Number, before.Number)
	case now.Hash != before.Hash:
		return Errorf(CodeForked, "leaf shows another key chain entry %d than the room has seen", now.Number)
	}
	return nil
}

// noteHeads keeps the newest key chain that each user's leaves have shown.
func (p *Public) noteHeads() {
	for _, m := range p.devices {
		if m.Head.Number > p.heads[m.User].Number {
			p.heads[m.User] = m.Head
		}
	}
}
