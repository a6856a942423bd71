// Command ensemble hosts a health network: `serve` runs a node, `demo` an
// invented network with everything embedded, `migrate` prepares the database,
// `admin` makes enrolment codes, and `verify` checks signed minutes offline.
//
// It holds flags and environment, and nothing else.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `ensemble: secure messaging and concertation for health networks

    ensemble demo                an invented network on this computer
    ensemble serve               a node of a real one
    ensemble migrate             bring the database to this version
    ensemble admin enrol         make an enrolment link
    ensemble verify FILE         check signed minutes, offline
    ensemble version

"ensemble COMMAND --help" tells more.
`

// version is set by the linker for releases.
var version = "development"

// errUsage is an error already explained to the person.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(errs, usage)
		return 2
	}
	commands := map[string]func(context.Context, []string, io.Writer, io.Writer) error{
		"serve":   serve,
		"demo":    demonstrate,
		"migrate": migrate,
		"admin":   admin,
		"verify":  verify,
	}
	switch args[0] {
	case "help", "-h", "--help":
		fmt.Fprint(out, usage)
		return 0
	case "version", "--version":
		fmt.Fprintln(out, "ensemble", version)
		return 0
	}
	command, ok := commands[args[0]]
	if !ok {
		fmt.Fprintf(errs, "ensemble: there is no command %q\n\n%s", args[0], usage)
		return 2
	}
	err := command(ctx, args[1:], out, errs)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	case errors.Is(err, errNotGenuine):
		return 1 // the report has said why
	}
	fmt.Fprintln(errs, "ensemble:", err)
	return 1
}
