package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// demonstrationIn makes a folder as a demonstration leaves it.
func demonstrationIn(t *testing.T) *demonstration {
	d := &demonstration{folder: t.TempDir(), state: demoState{Port: 8420}}
	require.NoError(t, d.save())
	for _, name := range []string{"postgres", "objects", "devices"} {
		require.NoError(t, os.Mkdir(filepath.Join(d.folder, name), 0o700))
	}
	require.NoError(t, os.WriteFile(filepath.Join(d.folder, "postgres.lock"), nil, 0o600))
	return d
}

func TestADemonstrationThatIsForgottenBeginsAnew(t *testing.T) {
	d := demonstrationIn(t)
	require.NoError(t, d.forget())
	entries, err := os.ReadDir(d.folder)
	require.NoError(t, err)
	require.Empty(t, entries)
	anew := &demonstration{folder: d.folder}
	require.NoError(t, anew.remember())
	require.Zero(t, anew.state.Port)
}

func TestADemonstrationThatRunsIsNotForgotten(t *testing.T) {
	d := demonstrationIn(t)
	lock, err := os.Open(filepath.Join(d.folder, "postgres.lock"))
	require.NoError(t, err)
	defer func() { require.NoError(t, lock.Close()) }()
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	require.ErrorContains(t, d.forget(), "stop it")
	for _, name := range []string{"postgres", "objects", "devices", "demonstration.json"} {
		_, err := os.Stat(filepath.Join(d.folder, name))
		require.NoError(t, err, name)
	}
}

func TestADemonstrationLeavesAForeignFolderAlone(t *testing.T) {
	folder := t.TempDir()
	letter := filepath.Join(folder, "letter")
	require.NoError(t, os.WriteFile(letter, []byte("dear"), 0o600))
	d := &demonstration{folder: folder}
	require.NoError(t, d.forget())
	require.ErrorContains(t, d.remember(), "holds no demonstration")
	require.FileExists(t, letter)
	require.NoError(t, os.Rename(letter, filepath.Join(folder, "postgres.lock")))
	require.NoError(t, d.remember(), "a lock alone was left by earlier versions")
}
