package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// MinimumVersion is the oldest major version whose SQL the program may use.
const MinimumVersion = 15

// ErrNotInstalled says that the machine has no suitable PostgreSQL server.
var ErrNotInstalled = errors.New("no suitable PostgreSQL server on this machine")

// Binaries is one installation of the PostgreSQL server.
type Binaries struct {
	Folder string // holds postgres and initdb
	Major  int    // for example 15
}

func (b Binaries) postgres() string { return filepath.Join(b.Folder, "postgres") }
func (b Binaries) initdb() string   { return filepath.Join(b.Folder, "initdb") }

// places are the folders, as patterns, where systems put server binaries that
// they keep out of PATH.
var places = []string{
	"/usr/lib/postgresql/*/bin",         // Debian, Ubuntu
	"/usr/pgsql-*/bin",                  // PostgreSQL's own RPMs
	"/usr/libexec/postgresql*",          // Alpine
	"/opt/homebrew/opt/postgresql*/bin", // macOS, arm64
	"/usr/local/opt/postgresql*/bin",    // macOS, amd64
}

// Find looks for server binaries in PATH and in the places where systems keep
// them. With major zero it returns the first in PATH that is recent enough,
// else the newest; otherwise only that major version will do, since a data
// folder can be read by no other. The error is [ErrNotInstalled] when there
// is none.
func Find(ctx context.Context, major int) (Binaries, error) {
	var found []Binaries
	for _, folder := range folders() {
		b, err := inspect(ctx, folder)
		if err != nil {
			continue // an unusable installation is the same as none
		}
		if major == 0 && b.Major >= MinimumVersion || major != 0 && b.Major == major {
			found = append(found, b)
		}
	}
	if err := ctx.Err(); err != nil {
		return Binaries{}, fmt.Errorf("looking for PostgreSQL: %w", err)
	}
	if len(found) == 0 {
		if major != 0 {
			return Binaries{}, fmt.Errorf("%w: the data need version %d", ErrNotInstalled, major)
		}
		return Binaries{}, fmt.Errorf("%w: version %d or later is needed (Debian: apt-get install postgresql)", ErrNotInstalled, MinimumVersion)
	}
	return found[0], nil
}

// folders lists, in order of preference and once each, the folders that hold
// both binaries.
func folders() []string {
	candidates := filepath.SplitList(os.Getenv("PATH"))
	for _, pattern := range places {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			continue
		}
		slices.SortFunc(matches, func(a, b string) int { return versionIn(b) - versionIn(a) })
		candidates = append(candidates, matches...)
	}
	var result []string
	for _, folder := range candidates {
		// A link in PATH leads to the real folder, where initdb finds its kin.
		real, err := filepath.EvalSymlinks(filepath.Join(folder, "postgres"))
		if err != nil {
			continue
		}
		folder = filepath.Dir(real)
		if _, err := os.Stat(filepath.Join(folder, "initdb")); err != nil || slices.Contains(result, folder) {
			continue
		}
		result = append(result, folder)
	}
	return result
}

var number = regexp.MustCompile(`\d+`)

// versionIn reads the version that a folder's path names; zero if none.
func versionIn(folder string) int {
	n, err := strconv.Atoi(number.FindString(folder))
	if err != nil {
		return 0
	}
	return n
}

var versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

func inspect(ctx context.Context, folder string) (Binaries, error) {
	b := Binaries{Folder: folder}
	out, err := exec.CommandContext(ctx, b.postgres(), "--version").Output()
	if err != nil {
		return Binaries{}, fmt.Errorf("asking %s for its version: %w", b.postgres(), err)
	}
	match := versionLine.FindSubmatch(out)
	if match == nil {
		return Binaries{}, fmt.Errorf("%s does not name a PostgreSQL version", b.postgres())
	}
	b.Major, err = strconv.Atoi(string(match[1]))
	return b, err
}
