package server_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

func TestARequestForHistoryGoesFromMemberToMemberUntilItIsGranted(t *testing.T) {
	na, nb := twoNodes(t, nil)
	w := world(t)
	camille, vidal, yann := w.User("Camille", "NURSE"), w.User("Vidal", "GP"), w.User("Yann", "NURSE")
	na.enrol(camille, vidal, yann)
	c, v, y := na.dial(camille.Device()), na.dial(vidal.Device()), nb.dial(yann.Device())
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	r.consent(c, vidal)
	r.consent(c, yann)
	r.enter(v)
	r.say(c, "before Yann came")
	r.enter(y)
	r.follow(c)
	r.follow(v)
	r.follow(y)

	y.refused(rooms.CodeMalformed, wire.OpAskHistory, wire.HistoryRequest{Room: r.ID, Epochs: []uint64{2}})
	y.refused(rooms.CodeMalformed, wire.OpAskHistory, wire.HistoryRequest{Room: r.ID, Epochs: []uint64{0, 9}})
	y.must(wire.OpAskHistory, wire.HistoryRequest{Room: r.ID, Epochs: []uint64{0, 1}}, nil)

	// It is offered to one, and when that one does not answer, to the other.
	isRequest := func(f wire.Frame) bool {
		var m wire.Mail
		return f.Op == wire.OpMail && codec.Body(f, &m) == nil && m.Request != nil
	}
	asked := make(chan *link, 2)
	for _, l := range []*link{c, v} {
		go func() {
			if f, ok := l.awaitFor(patience, isRequest); ok {
				var m wire.Mail
				_ = codec.Body(f, &m)
				if m.Request.User == yann.ID && m.Request.Device == yann.Device().ID() && m.Request.Epochs[1] == 1 {
					asked <- l
				}
			}
		}()
	}
	first := <-asked
	second := <-asked
	require.NotEqual(t, first, second)

	// The second grants it, while the recipient is away.
	require.NoError(t, y.ws.Close())
	<-y.closed
	keys := map[record.EpochID]record.Key{}
	for id, key := range r.All {
		if id.Epoch <= 1 {
			keys[id] = key
		}
	}
	d := second.device
	sealed, err := record.SealGrant(d.Key, yann.Device().Cert, yann.Device().Key.SealPublic(), r.ID, keys, time.Now().UnixMilli())
	require.NoError(t, err)
	hash := sha256.Sum256(sealed)
	statement := func(g rooms.Grant) []byte { return r.Sign(d.User, rooms.StatementGrant, g) }
	good := rooms.Grant{User: yann.ID, Device: yann.Device().ID(), From: 0, To: 1, Hash: hash}
	delivery := wire.GrantDelivery{Room: r.ID, User: yann.ID, Device: yann.Device().ID(), Sealed: sealed}
	other := good
	other.Hash[0] ^= 1
	delivery.Statement = statement(other)
	second.refused(rooms.CodeChanged, wire.OpSendGrant, delivery)
	delivery.Statement = statement(good)
	second.must(wire.OpSendGrant, delivery, nil)
	second.must(wire.OpSendGrant, delivery, nil) // an answer that got lost

	// It waits in the mailbox, once, until it is taken.
	y = nb.dial(yann.Device())
	var box wire.Mailbox
	y.must(wire.OpMailbox, wire.MailboxAck{}, &box)
	require.Len(t, box.Mails, 1)
	require.Equal(t, sealed, box.Mails[0].Grant)
	require.Equal(t, d.User.ID, box.Mails[0].From)
	grant, err := record.OpenGrant(yann.Device().Key, d.Key.Public(), box.Mails[0].Grant)
	require.NoError(t, err)
	require.Len(t, grant.Keys, 2)
	c.must(wire.OpMailbox, wire.MailboxAck{Done: []rooms.ID{box.Mails[0].ID}}, nil) // another's: nothing happens
	y.must(wire.OpMailbox, wire.MailboxAck{}, &box)
	require.Len(t, box.Mails, 1)
	y.must(wire.OpMailbox, wire.MailboxAck{Done: []rooms.ID{box.Mails[0].ID}}, &box)
	require.Empty(t, box.Mails)
}

func TestAGrantReachesADeviceOnAnotherNode(t *testing.T) {
	na, nb := twoNodes(t, nil)
	w := world(t)
	camille, yann := w.User("Camille", "NURSE"), w.User("Yann", "NURSE")
	na.enrol(camille, yann)
	c, y := na.dial(camille.Device()), nb.dial(yann.Device())
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	r.consent(c, yann)
	r.enter(y)
	r.follow(c)
	r.follow(y)
	y.must(wire.OpAskHistory, wire.HistoryRequest{Room: r.ID, Epochs: []uint64{0, 0}}, nil)
	c.await(ofOp(wire.OpMail)) // asked at the other node
	sealed, err := record.SealGrant(camille.Device().Key, yann.Device().Cert, yann.Device().Key.SealPublic(), r.ID,
		map[record.EpochID]record.Key{{Group: string(r.Public.GroupID())}: r.All[record.EpochID{Group: string(r.Public.GroupID())}]}, time.Now().UnixMilli())
	require.NoError(t, err)
	c.must(wire.OpSendGrant, wire.GrantDelivery{
		Room: r.ID, User: yann.ID, Device: yann.Device().ID(), Sealed: sealed,
		Statement: r.Sign(camille, rooms.StatementGrant, rooms.Grant{User: yann.ID, Device: yann.Device().ID(), Hash: sha256.Sum256(sealed)}),
	}, nil)
	y.await(func(f wire.Frame) bool {
		var m wire.Mail
		return f.Op == wire.OpMail && codec.Body(f, &m) == nil && string(m.Grant) == string(sealed)
	})
}
