package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ensemble-sante/ensemble/server/config"
	"github.com/ensemble-sante/ensemble/server/servertest"
	"github.com/ensemble-sante/ensemble/webclient"
)

// TestCommandLine runs the scripts of testdata. They find the program as
// ensemble, a file of sealed minutes as minutes.json, and these commands:
//
//	exits CODE PROGRAM…     runs a program that must end with this code
//	database                gives ENSEMBLE_DATABASE_URL an empty database
//	node                    gives what else a node needs, and ORIGIN
//	get PATH, post PATH     asks the node, for JSON; the status is on standard output
//	replace OLD NEW FILE    writes FILE with the first OLD changed
//	cut BYTES FILE          leaves so much of FILE
//	variables FILE          every variable of the program stands in FILE
func TestCommandLine(t *testing.T) {
	minutes := sealedMinutes(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			return os.WriteFile(filepath.Join(e.WorkDir, "minutes.json"), minutes, 0o600)
		},
		Condition: func(cond string) (bool, error) {
			if cond == "webclient" {
				return webclient.Built(), nil
			}
			return false, fmt.Errorf("no condition %q", cond)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				code, want := 0, number(ts, args[0])
				err := ts.Exec(args[1], args[2:]...)
				var ended *exec.ExitError
				if errors.As(err, &ended) {
					code, err = ended.ExitCode(), nil
				}
				ts.Check(err)
				if code != want {
					ts.Fatalf("it ended with %d, not %d", code, want)
				}
			},
			"database": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Setenv("ENSEMBLE_DATABASE_URL", servertest.Database(t, servertest.Empty()))
			},
			"node": func(ts *testscript.TestScript, _ bool, _ []string) {
				host := "127.0.0.1:" + strconv.Itoa(servertest.Port(t))
				ts.Setenv("ORIGIN", "http://"+host)
				ts.Setenv("ENSEMBLE_PUBLIC_URL", "http://"+host)
				ts.Setenv("ENSEMBLE_LISTEN", host)
				ts.Setenv("ENSEMBLE_MEDIA_UDP", "127.0.0.1:"+strconv.Itoa(servertest.Port(t)))
				ts.Setenv("ENSEMBLE_OBJECTS_DIR", ts.MkAbs("objects"))
			},
			"get":  func(ts *testscript.TestScript, _ bool, args []string) { request(ts, http.MethodGet, args[0]) },
			"post": func(ts *testscript.TestScript, _ bool, args []string) { request(ts, http.MethodPost, args[0]) },
			"replace": func(ts *testscript.TestScript, _ bool, args []string) {
				text := ts.ReadFile(args[2])
				if !strings.Contains(text, args[0]) {
					ts.Fatalf("%s does not hold %q", args[2], args[0])
				}
				ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(strings.Replace(text, args[0], args[1], 1)), 0o600))
			},
			"cut": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.Truncate(ts.MkAbs(args[1]), int64(number(ts, args[0]))))
			},
			"variables": func(ts *testscript.TestScript, _ bool, args []string) {
				text := ts.ReadFile(args[0])
				for _, v := range config.Variables() {
					if !strings.Contains(text, v.Name) || !strings.Contains(text, v.Meaning) {
						ts.Fatalf("%s is not told of", v.Name)
					}
				}
			},
		},
	})
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

// request asks the node of a script, as soon as it listens.
func request(ts *testscript.TestScript, method, path string) {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for late := time.After(patience); ; {
		r, err := http.NewRequest(method, ts.Getenv("ORIGIN")+path, nil)
		ts.Check(err)
		r.Header.Set("Accept", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err == nil {
			body, err := io.ReadAll(answer.Body)
			ts.Check(errors.Join(err, answer.Body.Close()))
			_, err = fmt.Fprintf(ts.Stdout(), "%d\n%s\n", answer.StatusCode, body)
			ts.Check(err)
			return
		}
		select {
		case <-again.C:
		case <-late:
			ts.Fatalf("the node does not answer: %v", err)
		}
	}
}
