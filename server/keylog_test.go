package server_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server"
	"github.com/ensemble-sante/ensemble/server/accounts"
	"github.com/ensemble-sante/ensemble/server/servertest"
)

func hashesOf(b []byte) (list []tlog.Hash) {
	for h := range slices.Chunk(b, tlog.HashSize) {
		list = append(list, tlog.Hash(h))
	}
	return list
}

func TestTheKeyLogProvesWhatTheServerSaysOfKeyChains(t *testing.T) {
	na, nb := twoNodes(t, nil)
	w := world(t)
	camille, vidal := w.User("Camille", "NURSE"), w.User("Vidal", "GP")
	na.enrol(camille, vidal)
	c := nb.dial(camille.Device())
	v := na.dial(vidal.Device())
	var welcome, other wire.Welcome
	c.must(wire.OpHello, wire.Hello{}, &welcome)
	v.must(wire.OpHello, wire.Hello{}, &other)
	require.Equal(t, welcome.Log, other.Log, "one log, at every node")
	a := na.call("GET", "/.well-known/ensemble-client", nil, nil, nil)
	require.Equal(t, http.StatusOK, a.status)
	var published struct{ Log string }
	require.NoError(t, json.Unmarshal(a.body, &published))
	require.Equal(t, welcome.Log, published.Log)
	view, err := identity.NewLogView(welcome.Log)
	require.NoError(t, err)

	ask := func(l *link, seen uint64, refs ...wire.ChainRef) wire.LogProof {
		t.Helper()
		var p wire.LogProof
		l.must(wire.OpKeyLog, wire.LogQuery{Sizes: []uint64{seen, 0}, Chains: refs}, &p)
		require.Len(t, p.Consistency, 2)
		require.Len(t, p.Chains, len(refs))
		require.NoError(t, view.Update(p.Head, hashesOf(p.Consistency[0])))
		for i, r := range refs {
			chain, err := identity.ReplayKeyChain(vidal.Entries[:r.After])
			require.NoError(t, err)
			for _, e := range p.Chains[i].Entries {
				require.NoError(t, chain.Apply(e))
			}
			require.NoError(t, view.CheckInclusion(chain.Leaf(), p.Chains[i].Index, hashesOf(p.Chains[i].Proof)))
		}
		return p
	}
	first := ask(c, 0, wire.ChainRef{User: vidal.ID})
	require.Equal(t, vidal.Entries, first.Chains[0].Entries)
	seen := view.Head()
	require.EqualValues(t, 2, seen.Size)
	again := ask(v, seen.Size, wire.ChainRef{User: vidal.ID, After: 2})
	require.Equal(t, first.Head, again.Head, "signed by the same key at the other node")
	require.Empty(t, again.Chains[0].Entries)
	phoneOf(v, vidal)
	grown := ask(c, seen.Size, wire.ChainRef{User: vidal.ID, After: 2}, wire.ChainRef{User: vidal.ID, After: 3})
	require.Equal(t, vidal.Entries[2:], grown.Chains[0].Entries)
	require.EqualValues(t, 3, view.Head().Size)

	var beyond wire.LogProof
	c.must(wire.OpKeyLog, wire.LogQuery{Sizes: []uint64{99, 1 << 63}}, &beyond)
	require.Equal(t, [][]byte{nil, nil}, [][]byte{nilIfEmpty(beyond.Consistency[0]), nilIfEmpty(beyond.Consistency[1])})
	c.refused(rooms.CodeUnknown, wire.OpKeyLog, wire.LogQuery{Chains: []wire.ChainRef{{User: identity.NewID()}}})
	c.refused(rooms.CodeTooLarge, wire.OpKeyLog, wire.LogQuery{Sizes: make([]uint64, wire.MaxLogSizes+1)})
	c.refused(rooms.CodeTooLarge, wire.OpKeyLog, wire.LogQuery{Chains: make([]wire.ChainRef, wire.MaxLogChains+1)})
	c.refused(rooms.CodeMalformed, wire.OpKeyLog, "nothing")
}

func nilIfEmpty(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

func TestACommitCitesOnlyHeadsOfTheKeyLog(t *testing.T) {
	n := startOne(t)
	w := world(t)
	camille := w.User("Camille", "NURSE")
	n.enrol(camille)
	c := n.dial(camille.Device())
	r := open(c, w, rooms.Genesis{Kind: rooms.KindDossier})
	var p wire.LogProof
	c.must(wire.OpKeyLog, wire.LogQuery{}, &p)
	foreign, err := identity.NewLogKey("reseau.example/keylog", make([]byte, 32))
	require.NoError(t, err)
	forged, err := identity.OpenLog(0, tlog.HashReaderFunc(func([]int64) ([]tlog.Hash, error) { return nil, nil })).Sign(foreign)
	require.NoError(t, err)
	commit := func(head []byte) error {
		data := r.CommitData()
		data.Log = head
		s, err := r.StageCommit(camille.Device(), data)
		require.NoError(t, err)
		if err := r.append(c, record.KindCommit, s.Message(), s.GroupInfo()); err != nil {
			return err
		}
		return r.Committed(camille.Device(), s)
	}
	require.Equal(t, rooms.CodeBadSignature, rooms.CodeOf(commit(forged)))
	require.Equal(t, rooms.CodeBadSignature, rooms.CodeOf(commit([]byte("x"))))
	require.NoError(t, commit(p.Head))
	require.NoError(t, commit(nil))
}

func TestTheKeyOfTheKeyLogNeverChanges(t *testing.T) {
	dsn := servertest.Database(t)
	with := func(seed []byte) (string, error) {
		n := start(t, dsn, nil, func(c *server.Config) { c.LogSeed = seed })
		return n.server.Accounts().LogVerifier(t.Context())
	}
	seed := slices.Repeat([]byte{5}, 32)
	first, err := with(seed)
	require.NoError(t, err)
	again, err := with(seed)
	require.NoError(t, err)
	require.Equal(t, first, again, "although the node has another address")
	_, err = with(slices.Repeat([]byte{6}, 32))
	require.ErrorIs(t, err, accounts.ErrLogKey)
	_, err = with(nil)
	require.ErrorIs(t, err, accounts.ErrLogKey, "a key that was configured is not kept")
}
