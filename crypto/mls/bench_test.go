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

var benchmarkSizes = []int{2, 10, 50, 200}

func BenchmarkCommit(b *testing.B) {
	for _, n := range benchmarkSizes {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			groups := fullGroup(b, X25519ChaCha, n)
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

func BenchmarkProcess(b *testing.B) {
	for _, n := range benchmarkSizes {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			groups := fullGroup(b, X25519ChaCha, n)
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

func BenchmarkPublicProcess(b *testing.B) {
	for _, n := range benchmarkSizes {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			groups := fullGroup(b, X25519ChaCha, n)
			staged, err := groups[0].Commit(CommitOptions{})
			if err != nil {
				b.Fatal(err)
			}
			server, message, info := groups[1].Public(), staged.Message(), staged.GroupInfo()
			b.ReportAllocs()
			for b.Loop() {
				followed, err := server.Process(message, testNow)
				if err != nil {
					b.Fatal(err)
				}
				if err := followed.CheckGroupInfo(info); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkJoinExternal(b *testing.B) {
	for _, n := range benchmarkSizes {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			groups := fullGroup(b, X25519ChaCha, n)
			info, err := groups[0].GroupInfo(nil)
			if err != nil {
				b.Fatal(err)
			}
			c := newClient(b, X25519ChaCha, "newcomer")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := JoinExternal(c, info, ExternalOptions{}); err != nil {
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

func BenchmarkMarshalGroup(b *testing.B) {
	for _, n := range benchmarkSizes {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			groups := fullGroup(b, X25519ChaCha, n)
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				state, err := groups[0].MarshalBinary()
				if err != nil {
					b.Fatal(err)
				}
				size = len(state)
			}
			b.ReportMetric(float64(size), "bytes/state")
		})
	}
}
