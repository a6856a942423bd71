package server_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/roomstest"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/bus/bustest"
)

// phoneOf certifies a further device of somebody at the server.
func phoneOf(l *link, u *roomstest.User) *roomstest.Device {
	l.t.Helper()
	d := u.NewDevice()
	l.must(wire.OpChainAppend, wire.ChainAppend{Entry: u.Entries[len(u.Entries)-1]}, nil)
	return d
}

func TestARevokedDeviceEntersNoRoomWhoeverBringsIt(t *testing.T) {
	n := startOne(t)
	w := world(t)
	camille, vidal := w.User("Camille", "NURSE"), w.User("Vidal", "GP")
	n.enrol(camille, vidal)
	c, v := n.dial(camille.Device()), n.dial(vidal.Device())
	phone := phoneOf(v, vidal)
	p := n.dial(phone)
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	r.consent(c, vidal)
	before := phone.Client() // whose head is that of before the revocation
	enters := r.JoinCommit(phone, r.CommitData(r.Ground(vidal)...), nil)
	commit := func(l *link, s *mls.StagedCommit) error {
		return r.append(l, record.KindCommit, s.Message(), s.GroupInfo())
	}
	require.Equal(t, rooms.CodeForgedAuthor, rooms.CodeOf(commit(c, enters)), "a commit comes from the device that made it")

	v.must(wire.OpChainAppend, wire.ChainAppend{Entry: vidal.Revoke(phone)}, nil)
	select {
	case <-p.closed:
	case <-time.After(patience):
		t.Fatal("the revoked device is still connected")
	}
	require.Equal(t, rooms.CodeForgedAuthor, rooms.CodeOf(commit(v, enters)), "by the user's other device")
	aad, err := rooms.EncodeCommitData(r.CommitData(r.Ground(vidal)...))
	require.NoError(t, err)
	for name, client := range map[string]mls.Client{"with an old head": before, "with the head that revokes it": phone.Client()} {
		kp, _, err := mls.NewKeyPackage(client, time.Now(), time.Hour)
		require.NoError(t, err)
		added, err := r.Groups[camille.Device().ID()].Commit(mls.CommitOptions{
			Proposals: []mls.Proposal{mls.AddProposal{KeyPackage: kp}}, AuthenticatedData: aad, Now: time.Now(),
		})
		require.NoError(t, err)
		require.Equal(t, rooms.CodeBadCertificate, rooms.CodeOf(commit(c, added)), name)
	}
	r.enter(v)
}

func TestALeafShowsAHeadOfItsUsersKeyChain(t *testing.T) {
	n := startOne(t)
	w := world(t)
	camille, vidal := w.User("Camille", "NURSE"), w.User("Vidal", "GP")
	n.enrol(camille, vidal)
	c, v := n.dial(camille.Device()), n.dial(vidal.Device())
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	r.consent(c, vidal)
	d := vidal.Device()
	number, hash := vidal.Chain.Head()
	for name, head := range map[string]identity.Head{
		"of another history": {Number: number, Hash: [32]byte{1}}, "not there yet": {Number: number + 1, Hash: hash},
		"beyond any chain": {Number: 1 << 63, Hash: hash},
	} {
		d.Head = head
		s := r.JoinCommit(d, r.CommitData(r.Ground(vidal)...), nil)
		err := r.append(v, record.KindCommit, s.Message(), s.GroupInfo())
		require.Equal(t, rooms.CodeBadCertificate, rooms.CodeOf(err), name)
		_, create := creationIn(t, v, rooms.Genesis{Kind: rooms.KindDossier})
		v.refused(rooms.CodeBadCertificate, wire.OpCreate, create)
	}
	d.Head = identity.Head{}
	r.enter(v)
}

// The other node has not heard of the revocation, and its connection stands.
func TestARevokedDeviceAppendsNothingAtAnyNode(t *testing.T) {
	na, nb := twoNodes(t, &bustest.Faults{Drop: 1})
	w := world(t)
	camille, vidal := w.User("Camille", "NURSE"), w.User("Vidal", "GP")
	na.enrol(camille, vidal)
	c, v := na.dial(camille.Device()), na.dial(vidal.Device())
	phone := phoneOf(v, vidal)
	p := nb.dial(phone)
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	r.consent(c, vidal)
	r.enter(p)
	r.say(p, "still here")
	event := r.message(phone, "too late")
	v.must(wire.OpChainAppend, wire.ChainAppend{Entry: vidal.Revoke(phone)}, nil)
	err := p.ask(wire.OpAppend, wire.Append{Room: r.ID, Kind: record.KindEvent, Payload: event}, nil)
	require.Error(t, err)
	select {
	case <-p.closed: // the node looks by itself
	default:
		require.Equal(t, rooms.CodeUnauthorised, rooms.CodeOf(err))
	}
	select {
	case <-p.closed:
	case <-time.After(patience):
		t.Fatal("the revoked device is still connected")
	}
	seq := r.Public.Place().Seq
	var page wire.Entries
	c.must(wire.OpFetch, wire.Fetch{Room: r.ID, After: seq}, &page)
	require.Equal(t, seq, page.Last, "something was appended")

	// Any member takes it out, by the entry of the key chain.
	leaf, ok := r.Public.Device(phone.ID())
	require.True(t, ok)
	data := r.CommitData()
	data.Revocations = vidal.Entries[len(vidal.Entries)-1:]
	s, err := r.StageCommit(camille.Device(), data, mls.RemoveProposal{LeafIndex: leaf.Leaf})
	require.NoError(t, err)
	require.NoError(t, r.append(c, record.KindCommit, s.Message(), s.GroupInfo()))
	require.NoError(t, r.Committed(camille.Device(), s))
	r.enter(v)
}
