package identity_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ensemble-sante/ensemble/crypto/identity"
)

const origin = "reseau.example/keylog"

// keyLog is a log with its storage, in memory.
type keyLog struct {
	t      testing.TB
	key    identity.LogKey
	size   uint64
	hashes []tlog.Hash
}

func newKeyLog(t testing.TB) *keyLog {
	key, err := identity.NewLogKey(origin, bytes.Repeat([]byte{4}, 32))
	require.NoError(t, err)
	return &keyLog{t: t, key: key}
}

func (l *keyLog) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(l.hashes)) {
			return nil, errors.New("no such hash")
		}
		out[i] = l.hashes[x]
	}
	return out, nil
}

func (l *keyLog) log() *identity.Log { return identity.OpenLog(l.size, l) }

func (l *keyLog) append(leaves ...identity.LogLeaf) {
	l.t.Helper()
	g, err := l.log().Append(leaves...)
	require.NoError(l.t, err)
	require.Equal(l.t, int64(len(l.hashes)), g.First)
	l.hashes, l.size = append(l.hashes, g.Hashes...), g.Size
}

func (l *keyLog) sign() []byte {
	l.t.Helper()
	b, err := l.log().Sign(l.key)
	require.NoError(l.t, err)
	return b
}

func (l *keyLog) grown(from uint64) tlog.TreeProof {
	l.t.Helper()
	p, err := l.log().ProveConsistency(from, l.size)
	require.NoError(l.t, err)
	return p
}

func leaf(n int) identity.LogLeaf {
	return identity.LogLeaf{Kind: identity.LeafKeyChain, Subject: identity.ID{byte(n)}, Number: uint64(n), Hash: [32]byte{byte(n), 1}}
}

func TestClientsFollowAGrowingLog(t *testing.T) {
	l := newKeyLog(t)
	v, err := identity.NewLogView(l.key.Verifier())
	require.NoError(t, err)
	require.NoError(t, v.Update(l.sign(), nil), "the empty log")
	next := 0
	for _, n := range []int{1, 1, 3, 0, 7, 30} {
		var batch []identity.LogLeaf
		for range n {
			batch = append(batch, leaf(next))
			next++
		}
		before := v.Head().Size
		l.append(batch...)
		require.NoError(t, v.Update(l.sign(), l.grown(before)))
		require.Equal(t, uint64(next), v.Head().Size)
		for i := range next {
			p, err := l.log().ProveInclusion(l.size, uint64(i))
			require.NoError(t, err)
			require.NoError(t, v.CheckInclusion(leaf(i), uint64(i), p))
			require.ErrorIs(t, v.CheckInclusion(leaf(i+1), uint64(i), p), identity.ErrNotLogged)
			if next > 1 {
				require.ErrorIs(t, v.CheckInclusion(leaf(i), uint64((i+1)%next), p), identity.ErrNotLogged)
			}
		}
		require.ErrorIs(t, v.CheckInclusion(leaf(next), uint64(next), nil), identity.ErrNotLogged)
	}
	again, err := identity.NewLogView(l.key.Verifier())
	require.NoError(t, err)
	require.NoError(t, again.Restore(v.Signed()))
	require.Equal(t, v.Head(), again.Head())

	_, err = l.log().ProveInclusion(l.size, l.size)
	require.ErrorIs(t, err, identity.ErrNotLogged)
	_, err = l.log().ProveConsistency(l.size, l.size+1)
	require.ErrorIs(t, err, identity.ErrNotLogged)
}

func TestSplitViewIsNoticed(t *testing.T) {
	honest, lying := newKeyLog(t), newKeyLog(t)
	honest.append(leaf(1), leaf(2), leaf(3))
	lying.append(leaf(1), leaf(9), leaf(3))
	alice, err := identity.NewLogView(honest.key.Verifier())
	require.NoError(t, err)
	require.NoError(t, alice.Update(honest.sign(), nil))
	head := alice.Head()

	require.ErrorIs(t, alice.Update(lying.sign(), nil), identity.ErrSplitView, "same size, another root")
	lying.append(leaf(4))
	require.ErrorIs(t, alice.Update(lying.sign(), lying.grown(3)), identity.ErrSplitView)
	bobs, err := lying.log().Head()
	require.NoError(t, err)
	require.ErrorIs(t, alice.CheckConsistency(bobs, lying.grown(3)), identity.ErrSplitView, "cited by Bob's commit")
	require.Equal(t, head, alice.Head())

	honest.append(leaf(4), leaf(5))
	newer, err := honest.log().Head()
	require.NoError(t, err)
	require.NoError(t, alice.CheckConsistency(newer, honest.grown(3)))
	require.ErrorIs(t, alice.CheckConsistency(newer, nil), identity.ErrSplitView)
	require.NoError(t, alice.Update(honest.sign(), honest.grown(3)))
	require.NoError(t, alice.CheckConsistency(head, honest.grown(3)), "an older head is a prefix")
	require.NoError(t, alice.CheckConsistency(identity.TreeHead{}, nil))
	require.ErrorIs(t, alice.CheckConsistency(identity.TreeHead{Root: [32]byte{1}}, nil), identity.ErrSplitView)
	require.Error(t, alice.CheckConsistency(identity.TreeHead{Size: 1<<64 - 1}, nil))
}

func TestOldUnsignedAndMalformedHeadsAreRefused(t *testing.T) {
	l := newKeyLog(t)
	l.append(leaf(1))
	old := l.sign()
	l.append(leaf(2))
	v, err := identity.NewLogView(l.key.Verifier())
	require.NoError(t, err)
	require.NoError(t, v.Update(l.sign(), nil))
	require.ErrorIs(t, v.Update(old, nil), identity.ErrOldHead)

	stranger, err := identity.NewLogKey(origin, make([]byte, 32))
	require.NoError(t, err)
	foreign, err := l.log().Sign(stranger)
	require.NoError(t, err)
	require.ErrorIs(t, v.Update(foreign, nil), identity.ErrSignature)
	require.ErrorIs(t, v.Update(bytes.Replace(l.sign(), []byte("\n2\n"), []byte("\n3\n"), 1), nil), identity.ErrSignature)
	for name, text := range map[string]string{
		"another origin":  "elsewhere\n2\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
		"no root":         origin + "\n2\n",
		"negative":        origin + "\n-2\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
		"leading zero":    origin + "\n02\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
		"huge":            origin + "\n9223372036854775808\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
		"short root":      origin + "\n2\nAAAA\n",
		"stray root bits": origin + "\n2\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n",
		"more lines":      origin + "\n2\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nx\n",
	} {
		t.Run(name, func(t *testing.T) {
			b, err := note.Sign(&note.Note{Text: text}, l.key)
			require.NoError(t, err)
			require.ErrorIs(t, v.Update(b, nil), identity.ErrMalformed)
		})
	}
	require.Equal(t, uint64(2), v.Head().Size)
	for _, name := range []string{"", "a b", "a+b"} {
		_, err := identity.NewLogKey(name, make([]byte, 32))
		require.ErrorIs(t, err, identity.ErrMalformed)
	}
	_, err = identity.NewLogKey(origin, nil)
	require.ErrorIs(t, err, identity.ErrMalformed)
	_, err = identity.NewLogView("x")
	require.ErrorIs(t, err, identity.ErrMalformed)
}

func TestWitnessesCosignHeads(t *testing.T) {
	l := newKeyLog(t)
	l.append(leaf(1))
	witness, err := identity.NewLogKey("temoin.example", bytes.Repeat([]byte{8}, 32))
	require.NoError(t, err)
	v, err := identity.NewLogView(l.key.Verifier(), witness.Verifier())
	require.NoError(t, err)
	verifier, err := note.NewVerifier(l.key.Verifier())
	require.NoError(t, err)
	n, err := note.Open(l.sign(), note.VerifierList(verifier))
	require.NoError(t, err)
	cosigned, err := note.Sign(n, witness)
	require.NoError(t, err)
	head, witnesses, err := v.Open(cosigned)
	require.NoError(t, err)
	require.Equal(t, uint64(1), head.Size)
	require.Equal(t, []string{"temoin.example"}, witnesses)
	_, witnesses, err = v.Open(l.sign())
	require.NoError(t, err)
	require.Empty(t, witnesses)
	alone, err := note.Sign(&note.Note{Text: n.Text}, witness)
	require.NoError(t, err)
	_, _, err = v.Open(alone)
	require.ErrorIs(t, err, identity.ErrSignature, "a witness is not the log")
}

func TestLogFormatIsFrozen(t *testing.T) {
	l := newKeyLog(t)
	require.Equal(t, "reseau.example/keylog+7714dba9+AcqTrBcFGHBx1nuDx/8O/oEI6OxFMFdddyaHkzPb2r58", l.key.Verifier())
	require.Equal(t, "a50101020103500500000000000000000000000000000004050558200501"+strings.Repeat("00", 30), fmt.Sprintf("%x", leaf(5).Bytes()))
	got, err := identity.ParseLogLeaf(leaf(5).Bytes())
	require.NoError(t, err)
	require.Equal(t, leaf(5), got)
	_, err = identity.ParseLogLeaf(identity.LogLeaf{Kind: 4}.Bytes())
	require.ErrorIs(t, err, identity.ErrMalformed)
	p := newPerson(t)
	n, h := p.chain.Head()
	require.Equal(t, identity.LogLeaf{Kind: identity.LeafKeyChain, Subject: p.id, Number: n, Hash: h}, p.chain.Leaf())
}

func TestStorageErrorsPass(t *testing.T) {
	l := newKeyLog(t)
	l.append(leaf(1), leaf(2), leaf(3))
	l.hashes = nil
	_, err := l.log().Append(leaf(4))
	require.ErrorContains(t, err, "no such hash")
	_, err = l.log().Head()
	require.ErrorContains(t, err, "no such hash")
	short := identity.OpenLog(3, tlog.HashReaderFunc(func([]int64) ([]tlog.Hash, error) { return nil, nil }))
	_, err = short.Append(leaf(4))
	require.Error(t, err)
}

func FuzzOpenTreeHead(f *testing.F) {
	l := newKeyLog(f)
	l.append(leaf(1))
	valid := l.sign()
	f.Add(valid)
	f.Add([]byte(origin + "\n1\nAAAA\n\n— " + origin + " AAAA\n"))
	v, err := identity.NewLogView(l.key.Verifier())
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, b []byte) {
		if head, _, err := v.Open(b); err == nil {
			want, err := l.log().Head()
			require.NoError(t, err)
			require.Equal(t, want, head)
		}
	})
}

func FuzzParseLogLeaf(f *testing.F) {
	f.Add(leaf(3).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := identity.ParseLogLeaf(b); err == nil {
			require.Equal(t, b, l.Bytes())
		}
	})
}

func BenchmarkLogAppend(b *testing.B) {
	l := newKeyLog(b)
	for i := range 1000 {
		l.append(leaf(i))
	}
	b.ReportAllocs()
	for b.Loop() {
		_, err := l.log().Append(leaf(1), leaf(2), leaf(3))
		require.NoError(b, err)
	}
}
