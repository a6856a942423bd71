package order_test

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ensemble-sante/ensemble/crypto/order"
)

type pair struct{ Key, Place int }

func byKey(a, b pair) int { return cmp.Compare(a.Key, b.Key) }

func TestOrderIsThatOfTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in []pair
		for i, k := range rapid.SliceOf(rapid.IntRange(0, 9)).Draw(t, "keys") {
			in = append(in, pair{k, i})
		}
		want := slices.Clone(in)
		slices.SortStableFunc(want, byKey)

		stable := slices.Clone(in)
		order.StablyBy(stable, byKey)
		require.Equal(t, want, stable)

		sorted := slices.Clone(in)
		order.By(sorted, byKey)
		require.True(t, slices.IsSortedFunc(sorted, byKey))
		require.ElementsMatch(t, in, sorted)
	})
}

func TestKeysComeInOrder(t *testing.T) {
	require.Equal(t, []string{"a", "b", "c"}, order.Keys(map[string]bool{"c": true, "a": false, "b": true}, cmp.Compare[string]))
	require.Empty(t, order.Keys(map[string]bool(nil), cmp.Compare[string]))
}

func BenchmarkBy(b *testing.B) {
	in := make([]pair, 50)
	for i := range in {
		in[i] = pair{i * 7919 % 50, i}
	}
	s := make([]pair, len(in))
	for name, sort := range map[string]func(){
		"order":  func() { order.By(s, byKey) },
		"slices": func() { slices.SortFunc(s, byKey) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				copy(s, in)
				sort()
			}
		})
	}
}
