//go:build !js

// Command build makes the browser's core as it is shipped. In the folder that is
// its argument it writes
//
//   - core.wasm, the program of cmd/ensemble-wasm;
//   - core.json, its decoded size in bytes, for an honest progress bar, and its
//     SHA-256, under which browsers may keep it for ever;
//   - wasm_exec.js, the loader of exactly the toolchain that compiled it.
//
// What it writes follows from the sources and the toolchain alone: not from the
// folders where they lie, the cache, or the state of a version control system. It
// runs anywhere in the module. Decision 13 says what keeps the program small.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const program = "github.com/ensemble-sante/ensemble/cmd/ensemble-wasm"

// flags are those of go build.
var flags = []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="}

// notInlined are packages whose functions are not copied into their callers: such
// copies, and the tables that find the way back from them, are a tenth of the
// program. These packages wait for people, disks and networks. Cryptography, CBOR,
// JSON, reflection and the runtime keep their speed.
var notInlined = []string{
	"github.com/ensemble-sante/ensemble/client/...",
	"github.com/ensemble-sante/ensemble/rooms/...",
	"filippo.io/...",
	"github.com/gowebpki/...",
	"golang.org/x/mod/...",
	"fmt",
	"math/big",
	"regexp/...",
	"time",
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: build FOLDER")
		os.Exit(2)
	}
	if err := build(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "core:", err)
		os.Exit(1)
	}
}

func build(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // to be read by all, as what it is served from
		return fmt.Errorf("failed to make the folder: %w", err)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("failed to find the toolchain: %w", err)
	}
	loader, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return fmt.Errorf("failed to read the loader: %w", err)
	}
	wasm, err := compile()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(wasm)
	description, err := json.Marshal(struct {
		Bytes  int    `json:"bytes"`
		SHA256 string `json:"sha256"`
	}{len(wasm), hex.EncodeToString(sum[:])})
	if err != nil {
		return fmt.Errorf("failed to describe the core: %w", err)
	}
	for name, content := range map[string][]byte{
		"wasm_exec.js": loader, "core.wasm": wasm, "core.json": append(description, '\n'),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil { //nolint:gosec // as above
			return fmt.Errorf("failed to write %s: %w", name, err)
		}
	}
	fmt.Printf("core: %.1f MB, sha256 %x…\n", float64(len(wasm))/1e6, sum[:8])
	return nil
}

// compile returns the program with its data joined.
func compile() ([]byte, error) {
	folder, err := os.MkdirTemp("", "ensemble-core-")
	if err != nil {
		return nil, fmt.Errorf("failed to make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }() // of no use, and in the temporary folder
	out := filepath.Join(folder, "core.wasm")
	args := append([]string{"build", "-o", out}, flags...)
	for _, pattern := range notInlined {
		args = append(args, "-gcflags="+pattern+"=-l")
	}
	cmd := exec.Command("go", append(args, program)...)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("failed to compile: %w", err)
	}
	module, err := os.ReadFile(out)
	if err != nil {
		return nil, fmt.Errorf("failed to read what was compiled: %w", err)
	}
	return joinData(module)
}
