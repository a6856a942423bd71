package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// initialise makes the data of a new cluster beside its place and moves them
// there when they are whole: an interrupted start leaves no half of a cluster.
func (c *Cluster) initialise(ctx context.Context) error {
	data := c.config.Data
	made := data + ".new"
	if err := os.RemoveAll(made); err != nil {
		return err
	}
	if err := c.account.makeFolder(made); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, c.binaries.initdb(),
		"--pgdata="+made,
		"--username="+Superuser,
		"--auth=trust", // the socket's folder decides who may connect
		"--encoding=UTF8",
		"--locale="+locale(),
		"--data-checksums",
		"--no-instructions",
	)
	if c.config.Settings["fsync"] == "off" {
		cmd.Args = append(cmd.Args, "--no-sync")
	}
	cmd.Dir = made
	cmd.Env = environment()
	cmd.SysProcAttr = attributes(c.account)
	cmd.WaitDelay = 2 * time.Second // its own children may hold the output
	if out, err := onOneThread(cmd.CombinedOutput); err != nil {
		_ = os.RemoveAll(made)
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(out)))
	}
	if err := os.Remove(data); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // an empty folder stood there
	}
	if err := os.Rename(made, data); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(data))
}

// locale sorts by code point and knows the letters of every language, on
// systems that have such a locale.
func locale() string {
	if matches, _ := filepath.Glob("/usr/lib/locale/C.[uU][tT][fF]*8"); len(matches) > 0 {
		return "C.UTF-8"
	}
	return "C"
}

// environment leaves out everything that could change what the binaries do.
func environment() []string {
	env := []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
	for _, name := range []string{"LD_LIBRARY_PATH", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
