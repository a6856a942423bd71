package client_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/rooms"
)

func TestAFormHalfFilledInOutlivesARestartAndIsSealed(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	read := func(form string) string {
		return ask[client.Form](camille, "form.read", client.FormRef{Form: form}).Text
	}
	require.Empty(t, read("case-new"))
	camille.do("form.keep", client.FormArgs{Form: "case-new", Text: "Je veux rester chez moi"})
	camille.restart()
	require.Equal(t, "Je veux rester chez moi", read("case-new"))
	require.Empty(t, read("session-new"))
	pairs, err := camille.storage.Scan(t.Context(), "")
	require.NoError(t, err)
	for _, p := range pairs {
		require.NotContains(t, p.Key+string(p.Value), "rester chez moi")
	}
	camille.do("form.keep", client.FormArgs{Form: "case-new"})
	require.Empty(t, read("case-new"))

	for _, bad := range []client.FormArgs{{Form: ""}, {Form: "../device"}, {Form: strings.Repeat("a", 65)}, {Form: "a", Text: strings.Repeat("a", 256<<10+1)}} {
		_, err := camille.try("form.keep", bad)
		require.Equal(t, rooms.CodeInvalid, rooms.CodeOf(err))
	}
}
