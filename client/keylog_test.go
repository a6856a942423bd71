package client_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// bodyOf decodes the body of a frame.
func bodyOf[T any](f wire.Frame) *T {
	v := new(T)
	if wire.NewCodec().Body(f, v) != nil {
		return nil
	}
	return v
}

// followsLog waits until somebody has seen a key log of at least this size, and asks for
// nothing.
func (p *person) followsLog(size uint64) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		got, err := p.core.KeyLogSize(p.t.Context())
		return err == nil && got >= size
	}, patience, 10*time.Millisecond)
}

// logSize is how long the true log is.
func (n *network) logSize() uint64 { return uint64(len(n.leaves())) }

func (n *network) leaves() [][]byte {
	n.t.Helper()
	db, err := pgx.Connect(n.t.Context(), n.dsn)
	require.NoError(n.t, err)
	defer func() { require.NoError(n.t, db.Close(n.t.Context())) }()
	rows, err := db.Query(n.t.Context(), "SELECT leaf FROM key_log ORDER BY number")
	require.NoError(n.t, err)
	leaves, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	require.NoError(n.t, err)
	return leaves
}

// otherLog is a key log with one leaf more than the true one, the first, signed by the
// same key.
type otherLog struct {
	n      *network
	hashes []tlog.Hash
	size   uint64
}

func (o *otherLog) ReadHashes(positions []int64) ([]tlog.Hash, error) {
	var list []tlog.Hash
	for _, p := range positions {
		if p >= int64(len(o.hashes)) {
			return nil, errors.New("no such hash")
		}
		list = append(list, o.hashes[p])
	}
	return list, nil
}

func (o *otherLog) answer(request, answer wire.Frame) any {
	q, p := bodyOf[wire.LogQuery](request), bodyOf[wire.LogProof](answer)
	t := o.n.t
	extra := identity.LogLeaf{Kind: identity.LeafKeyChain, Subject: identity.ID{1}, Number: 1}
	for i, b := range append([][]byte{extra.Bytes()}, o.n.leaves()...) {
		if uint64(i) < o.size {
			continue
		}
		leaf, err := identity.ParseLogLeaf(b)
		require.NoError(t, err)
		growth, err := identity.OpenLog(o.size, o).Append(leaf)
		require.NoError(t, err)
		o.hashes, o.size = append(o.hashes, growth.Hashes...), growth.Size
	}
	key, err := identity.NewLogKey(o.n.http.Listener.Addr().String()+"/keylog", logSeed)
	require.NoError(t, err)
	log := identity.OpenLog(o.size, o)
	p.Head, err = log.Sign(key)
	require.NoError(t, err)
	p.Consistency = nil
	for _, size := range q.Sizes {
		proof, err := log.ProveConsistency(min(size, o.size), o.size)
		require.NoError(t, err)
		p.Consistency = append(p.Consistency, together(proof))
	}
	for i := range p.Chains {
		p.Chains[i].Index++
		proof, err := log.ProveInclusion(o.size, p.Chains[i].Index)
		require.NoError(t, err)
		p.Chains[i].Proof = together(proof)
	}
	return p
}

func together(hashes []tlog.Hash) (b []byte) {
	for _, h := range hashes {
		b = append(b, h[:]...)
	}
	return b
}

func TestEverybodyFollowsTheKeyLog(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	c := camille.opensCase(client.IdentityFields{})
	camille.consents(c, vidal, "ALL", c.team)
	vidal.ready(c.team)
	phone := vidal.secondDevice()
	phone.ready(c.team)
	camille.followsLog(n.logSize())
	vidal.followsLog(n.logSize())
	phone.followsLog(n.logSize())
	camille.restart()
	camille.online()
	camille.followsLog(n.logSize())
	for _, p := range []*person{camille, vidal, phone} {
		quiet(p)
	}
}

func TestTwoMembersWhoAreShownTwoKeyLogsAreTold(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal, server := n.behindLiar("Dr Vidal")
	server.answers(wire.OpKeyLog, (&otherLog{n: n}).answer)
	vidal.enrols("GENERAL_PRACTITIONER")
	vidal.followsLog(1)
	c := camille.opensCase(client.IdentityFields{})
	camille.followsLog(1)
	quiet(camille)
	quiet(vidal)
	camille.consents(c, vidal, "ALL", c.team)
	alarmed(camille, rooms.CodeForked)
	vidal.ready(c.team)
	camille.consents(c, vidal, "NOW", c.plan) // with a commit of Camille's, that cites hers
	vidal.ready(c.plan)
	alarmed(vidal, rooms.CodeForked)
}

func TestAKeyLogThatGoesBackIsShown(t *testing.T) {
	n := startNetwork(t)
	camille, server := n.behindLiar("Camille Renaud")
	var first *wire.LogProof
	server.answers(wire.OpKeyLog, func(_, answer wire.Frame) any {
		if first == nil {
			first = bodyOf[wire.LogProof](answer)
		}
		return nil
	})
	camille.enrols("NURSE_COORDINATOR")
	camille.followsLog(1)
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	c := camille.opensCase(client.IdentityFields{})
	camille.consents(c, vidal, "ALL", c.team)
	vidal.ready(c.team)
	camille.followsLog(3) // longer than the first answer, which had her own leaves
	server.answers(wire.OpKeyLog, func(_, answer wire.Frame) any {
		p := bodyOf[wire.LogProof](answer)
		p.Head = first.Head
		return p
	})
	quiet(camille)
	yann := n.enrol("Yann Le Goff", "NURSE", "PROFESSIONAL")
	camille.consents(c, yann, "ALL", c.team)
	alarmed(camille, rooms.CodeForked)
}

// The members who know that a device is revoked take it out themselves, when its
// user's other devices do not.
func TestMembersTakeARevokedDeviceOutForItsUser(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal, server := n.lied("Dr Vidal", "GENERAL_PRACTITIONER")
	phone := vidal.secondDevice()
	c := camille.opensCase(client.IdentityFields{})
	camille.consents(c, vidal, "ALL", c.team)
	vidal.ready(c.team)
	phone.ready(c.team)
	camille.leaves(c.team, 3)
	lost := phone.device()
	server.swallows(wire.OpAppend) // the laptop's own commit never arrives
	require.NoError(t, vidal.core.Revoke(t.Context(), lost))
	vidal.stop()
	camille.unplug()
	camille.plug() // and looks its members up
	camille.leaves(c.team, 2)
	camille.says(c.team, "sans le téléphone")
	camille.reads(c.team, "sans le téléphone")
	quiet(camille)
}

func TestAnIdentityThatTheServerHasSubstitutedIsShown(t *testing.T) {
	n := startNetwork(t)
	camille, server := n.lied("Camille Renaud", "NURSE_COORDINATOR")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	c := camille.opensCase(client.IdentityFields{})
	camille.followsLog(1)
	// The server says that Dr Vidal's keys are these, in all that it tells Camille, but
	// it cannot put them into the log in which Dr Vidal would find them.
	key := identity.NewUserKey()
	device, err := identity.NewDeviceKey(vidal.user)
	require.NoError(t, err)
	var entries [][]byte
	chain := new(identity.KeyChain)
	grow := func(entry []byte, err error) {
		require.NoError(t, err)
		require.NoError(t, chain.Apply(entry))
		entries = append(entries, entry)
	}
	grow(chain.AppendInit(key, vidal.user, 1))
	grow(chain.AppendCertify(key, device.Keys(), 2))
	server.shows(func(c *wire.Chain) {
		if c.User == vidal.user {
			c.Entries = entries
		}
	})
	server.answers(wire.OpDirectory, func(_, answer wire.Frame) any {
		d := bodyOf[wire.Directory](answer)
		for i, a := range d.Accounts {
			if a.User == vidal.user {
				d.Accounts[i].KeyHash = key.Hash()
			}
		}
		return d
	})
	server.answers(wire.OpKeyLog, func(request, answer wire.Frame) any {
		q, p := bodyOf[wire.LogQuery](request), bodyOf[wire.LogProof](answer)
		for i, c := range p.Chains {
			if c.User == vidal.user {
				p.Chains[i].Entries = entries[min(q.Chains[i].After, uint64(len(entries))):]
			}
		}
		return p
	})
	quiet(camille)
	camille.consents(c, vidal, "ALL", c.team)
	alarmed(camille, rooms.CodeBadCertificate)
}

func TestAnotherKeyOfTheKeyLogIsShown(t *testing.T) {
	n := startNetwork(t)
	camille, server := n.lied("Camille Renaud", "NURSE_COORDINATOR")
	camille.followsLog(1)
	quiet(camille)
	key, err := identity.NewLogKey("reseau.example/keylog", slices.Repeat([]byte{9}, 32))
	require.NoError(t, err)
	server.answers(wire.OpHello, func(_, answer wire.Frame) any {
		w := bodyOf[wire.Welcome](answer)
		w.Log = key.Verifier()
		return w
	})
	camille.restart()
	alarmed(camille, rooms.CodeForked)
}
