package mls

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// fullGroup makes a group of n in which everybody has come in by an external
// commit, so that no node above a member is blank. It gives the first two.
func fullGroup(b *testing.B, suite CipherSuite, n int) []*Group {
	kept := newGroup(b, suite, 2)
	for range n - 2 {
		info, err := kept[0].GroupInfo(nil)
		require.NoError(b, err)
		staged, err := JoinExternal(newClient(b, suite, "member"), info, ExternalOptions{})
		require.NoError(b, err)
		deliver(b, kept, -1, staged)
	}
	commitAndDeliver(b, kept, 0, CommitOptions{})
	commitAndDeliver(b, kept, 1, CommitOptions{})
	require.Len(b, kept[0].Members(), n)
	return kept
}

// BenchmarkFullTree measures what grows with the number of members, in trees
// without a blank node: a commit costs its path, which grows with log n, beside
// what the RFC makes linear, the tree's hashes and copies.
func BenchmarkFullTree(b *testing.B) {
	for _, n := range []int{2, 10, 50, 200, 1000} {
		groups := fullGroup(b, X25519ChaCha, n)
		staged, err := groups[0].Commit(CommitOptions{})
		require.NoError(b, err)
		message, info := staged.Message(), staged.GroupInfo()
		run := func(what string, f func() error) {
			b.Run(fmt.Sprintf("%s/members=%d", what, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := f(); err != nil {
						b.Fatal(err)
					}
				}
				switch what {
				case "commit":
					b.ReportMetric(float64(len(message)), "bytes/commit")
				case "state":
					state, tree := stateSize(b, groups[0])
					b.ReportMetric(float64(state), "bytes/state")
					b.ReportMetric(float64(state-tree)/float64(n), "bytes/member-beyond-the-tree")
				}
			})
		}
		run("commit", func() error {
			_, err := groups[0].Commit(CommitOptions{})
			return err
		})
		run("process", func() error {
			_, err := groups[1].Process(message, testNow)
			return err
		})
		server := groups[1].Public()
		run("process in public", func() error {
			followed, err := server.Process(message, testNow)
			if err != nil {
				return err
			}
			return followed.CheckGroupInfo(info)
		})
		before, err := groups[0].GroupInfo(nil)
		require.NoError(b, err)
		c := newClient(b, X25519ChaCha, "newcomer")
		run("external commit", func() error {
			_, err := JoinExternal(c, before, ExternalOptions{})
			return err
		})
		run("state", func() error {
			_, err := groups[0].MarshalBinary()
			return err
		})
	}
}

// stateSize gives the size of a serialised group, and of the tree in it.
func stateSize(b *testing.B, g *Group) (state, tree int) {
	encoded, err := g.MarshalBinary()
	require.NoError(b, err)
	return len(encoded), len(g.public.tree.append(nil))
}

func BenchmarkCommitOfSuite(b *testing.B) {
	for _, suite := range CipherSuites() {
		b.Run(suite.String(), func(b *testing.B) {
			groups := fullGroup(b, suite, 50)
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				staged, err := groups[0].Commit(CommitOptions{})
				if err != nil {
					b.Fatal(err)
				}
				size = len(staged.message)
			}
			b.ReportMetric(float64(size), "bytes/commit")
		})
	}
}

func BenchmarkProcessOfSuite(b *testing.B) {
	for _, suite := range CipherSuites() {
		b.Run(suite.String(), func(b *testing.B) {
			groups := fullGroup(b, suite, 50)
			staged, err := groups[0].Commit(CommitOptions{})
			if err != nil {
				b.Fatal(err)
			}
			message := staged.Message()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := groups[1].Process(message, testNow); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncrypt(b *testing.B) {
	groups := fullGroup(b, X25519ChaCha, 10)
	data := make([]byte, 700)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := groups[0].Encrypt(data, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecrypt(b *testing.B) {
	groups := fullGroup(b, X25519ChaCha, 10)
	data := make([]byte, 700)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		m, err := groups[0].Encrypt(data, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if _, err := groups[1].Process(m, testNow); err != nil {
			b.Fatal(err)
		}
	}
}
