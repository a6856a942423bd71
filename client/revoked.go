package client

import (
	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/rooms"
)

// review is what the members of a room were last compared with.
type review struct {
	epoch  uint64
	seq    uint64
	chains uint64 // ownChain.count + 1; 0 for nothing
}

// revokedLeaf is a device in a room that its user has revoked.
type revokedLeaf struct {
	leaf  mls.LeafIndex
	user  ID
	entry []byte // of the key chain; nil where a change of identity revoked it
}

// reviewMembers compares the members of a room with the key chains that we know, when
// one or the other has changed: a certificate that is not in its chain alarms, a
// revoked device is taken out.
func (e *engine) reviewMembers(r *room) {
	if r.fold == nil || r.gone || r.broken != "" {
		return
	}
	p := r.public()
	before, now := r.reviewed, review{p.Epoch(), p.Place().Seq, e.ownChain.count + 1}
	if before.chains == now.chains && before.epoch == now.epoch {
		return
	}
	r.reviewed, r.revoked = now, nil
	for _, m := range p.Members() {
		if r.checked[m.Device] < m.Head.Number {
			r.checked[m.Device] = m.Head.Number
			e.checkMember(r.id, m)
		}
		keys, entries, grown := e.knownChain(m.User)
		if keys == nil || m.Device == e.device.key.Device() {
			continue
		}
		d, ok := keys.Device(m.Device)
		if !ok || !d.Revoked {
			continue
		}
		found := revokedLeaf{leaf: m.Leaf, user: m.User}
		if _, err := identity.ParseRevocation(entries[d.RevokedBy-1]); err == nil {
			found.entry = entries[d.RevokedBy-1]
		} else if m.User != e.device.user {
			continue // by a change of identity, which ends its user's consents
		}
		r.revoked = append(r.revoked, found)
		if before.chains > grown && m.Since > before.seq {
			// It came in after we knew that it must not: the server let it.
			e.log.Warn("a revoked device was let into a room", "room", r.id.String())
			e.alarm(rooms.CodeBadCertificate, r.id)
		}
	}
}

// knownChain is a user's key chain as we have it, without asking, with the review at
// which it was as it is; nil for none.
func (e *engine) knownChain(user ID) (keys *identity.KeyChain, entries [][]byte, grown uint64) {
	if user == e.device.user {
		return e.account.chain, e.account.entries, e.ownChain.grown
	}
	if c := e.chains[user]; c != nil && len(c.entries) > 0 {
		return c.keys, c.entries, c.grown
	}
	return nil, nil, 0
}

// considerRevoked takes out devices that their users have revoked. A user's own
// devices do it at once; other members after a while, in their turn, by the entry of
// the key chain.
func (e *engine) considerRevoked(r *room) {
	if len(r.revoked) == 0 {
		r.eviction = nil
		return
	}
	if r.group == nil || r.attempt != nil || !r.caughtUp || !e.online() || e.cfg.Now().Before(r.notUntil) {
		return
	}
	p := r.public()
	if len(p.RemovalPending(e.serverNow())) > 0 {
		return // first that one
	}
	ours := e.isOurs(r, &r.eviction, 1+e.rank(r, nil))
	var proposals []mls.Proposal
	var entries [][]byte
	for _, l := range r.revoked {
		if l.user != e.device.user && !ours {
			continue
		}
		proposals = append(proposals, mls.RemoveProposal{LeafIndex: l.leaf})
		if l.entry != nil {
			entries = append(entries, l.entry)
		}
	}
	if len(proposals) == 0 {
		return
	}
	if err := e.commitWith(r, proposals, rooms.CommitData{Revocations: entries}); err != nil {
		e.joinFailed(r, err)
	}
}
