package webclient_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/webclient"
)

func TestBuiltInterfaceIsWhole(t *testing.T) {
	if !webclient.Built() {
		_, err := fs.Stat(webclient.FS(), "index.html")
		require.ErrorIs(t, err, fs.ErrNotExist)
		t.Skip("the interface is not built: npm run build")
	}
	page, err := fs.ReadFile(webclient.FS(), "index.html")
	require.NoError(t, err)
	for _, part := range strings.Split(string(page), `"`) {
		if !strings.HasPrefix(part, "/assets/") {
			continue
		}
		_, err := fs.Stat(webclient.FS(), part[1:])
		require.NoError(t, err, "index.html names %s", part)
		if strings.HasSuffix(part, ".js") || strings.HasSuffix(part, ".css") {
			_, err = fs.Stat(webclient.FS(), part[1:]+".br")
			require.NoError(t, err, "%s is not compressed", part)
		}
	}
	for _, name := range []string{"wasm_exec.js", "manifest.webmanifest", "icon.svg"} {
		_, err := fs.Stat(webclient.FS(), name)
		require.NoError(t, err)
	}
}

func TestPolicyAllowsNothingFromElsewhere(t *testing.T) {
	policy := webclient.ContentSecurityPolicy()
	require.NotContains(t, policy, "\n")
	require.NotContains(t, policy, "http")
	require.NotContains(t, policy, "*")
	require.NotContains(t, policy, "'unsafe-inline'")
	require.NotContains(t, policy, "'unsafe-eval'")
	for _, directive := range []string{
		"default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "object-src 'none'", "base-uri 'none'",
		"frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types ensemble",
	} {
		require.Contains(t, policy, directive)
	}
}
