//go:build !js

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// place is where a build happens: its own copy of the sources, and what else
// could leave a trace in what is built.
type place struct {
	sources, out string
	env          []string
}

func (p place) run(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = p.sources
	cmd.Env = append(os.Environ(), p.env...)
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, string(text))
}

func (p place) sum(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(p.out, name))
	require.NoError(t, err)
	require.NotEmpty(t, b, name)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// copySources copies what is built, without what only tests and git need.
func copySources(t *testing.T, from, to string) {
	t.Helper()
	left := map[string]bool{".git": true, ".cache": true, "bin": true, "docs": true, "node_modules": true, "testdata": true, "e2e": true}
	require.NoError(t, filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if left[entry.Name()] {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		if !entry.Type().IsRegular() || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), b, info.Mode().Perm())
	}))
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	b, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(b))
}

// The first place builds with the cache of whoever runs the test. The second lies
// elsewhere, has an empty cache, another name for the folder of the modules, and
// a folder for temporary files of its own; so it compiles everything again, the
// standard library too.
func TestTwoBuildsGiveTheSameHash(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles everything")
	}
	node, err := exec.LookPath("node")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("there is no Node.js here")
	}
	require.NoError(t, err)

	top := t.TempDir()
	folder := func(parts ...string) string {
		path := filepath.Join(append([]string{top}, parts...)...)
		require.NoError(t, os.MkdirAll(path, 0o755))
		return path
	}
	elsewhere := folder("another", "place with a longer name")
	modules := filepath.Join(elsewhere, "modules")
	require.NoError(t, os.Symlink(goEnv(t, "GOMODCACHE"), modules))
	first := place{folder("first"), folder("out1"), []string{"GOPROXY=off", "GOTOOLCHAIN=local"}}
	second := place{folder("another", "place with a longer name", "ensemble"), folder("out2"), []string{
		"GOPROXY=off", "GOTOOLCHAIN=local", "GOMODCACHE=" + modules, "GOFLAGS=",
		"GOCACHE=" + folder("another", "cache"), "TMPDIR=" + folder("another", "tmp"),
	}}
	copySources(t, filepath.Join("..", "..", ".."), first.sources)
	copySources(t, first.sources, second.sources) // nobody changes them meanwhile

	both := []place{first, second}
	for _, p := range both {
		p.run(t, "go", "run", "./cmd/ensemble-wasm/build", p.out)
	}
	for _, name := range []string{"core.wasm", "core.json", "wasm_exec.js"} {
		require.Equal(t, first.sum(t, name), second.sum(t, name), name)
	}

	t.Run("packed and hosted", func(t *testing.T) {
		for name, p := range map[string]place{"first": first, "second": second} {
			t.Run("brotli "+name, func(t *testing.T) {
				t.Parallel()
				p.run(t, node, "webclient/scripts/brotli.mjs", filepath.Join(p.out, "core.wasm"))
			})
			t.Run("bin/ensemble "+name, func(t *testing.T) {
				t.Parallel()
				p.run(t, "scripts/binary.sh", filepath.Join(p.out, "ensemble"))
			})
		}
	})
	for _, name := range []string{"core.wasm.br", "ensemble"} {
		require.Equal(t, first.sum(t, name), second.sum(t, name), name)
	}
}
