package server

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/server/authz"
)

func TestEveryRouteHasItsOperationAndEveryOperationItsRoute(t *testing.T) {
	routed := map[authz.Operation]bool{authz.Connect: true}
	for _, rt := range (&Server{}).table() {
		_, ok := authz.Rule(rt.op)
		require.True(t, ok, "%s has no rule", rt.pattern)
		require.Equal(t, rt.op == authz.Connect, !strings.HasPrefix(string(rt.op), "http."), rt.pattern)
		routed[rt.op] = true
	}
	for _, op := range authz.Operations() {
		if strings.HasPrefix(string(op), "http.") {
			require.True(t, routed[op], "%s has no route", op)
		}
	}
}

func FuzzByteRange(f *testing.F) {
	for _, seed := range []string{"", "bytes=0-1", "bytes=-5", "bytes=9-", "bytes=5-2", "bytes=0-1,3-4", "bytes=99999999999999999999-", "lines=1-2"} {
		f.Add(seed, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size <= 0 {
			return
		}
		from, length, _, err := byteRange(header, size)
		if err == nil && (from < 0 || length < 1 || from+length > size) {
			t.Fatalf("bytes %d+%d of %d", from, length, size)
		}
	})
}
