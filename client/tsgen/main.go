// Command tsgen writes the TypeScript types of the contract between the client
// core and the user interface: every view and command of package client, by
// reflection, with the comments of the Go source.
//
// Run it from the module's root:
//
//	go run ./client/tsgen > webclient/src/core/types.gen.ts
//
// The package's test compares that file with what would be written, so that the
// two sides never drift apart.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"

	"github.com/ensemble-sante/ensemble/client"
)

func main() {
	root := flag.String("root", ".", "the module's root, where the comments are read from")
	flag.Parse()
	out, err := Generate(*root, client.Commands(), client.Views(), client.LiveEvents())
	if err == nil {
		w := bufio.NewWriter(os.Stdout)
		_, _ = w.Write(out)
		err = w.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tsgen:", err)
		os.Exit(1)
	}
}
