package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/ensemble-sante/ensemble/migrations"
	"github.com/ensemble-sante/ensemble/server/config"
)

// databaseConfig reads what commands need that only work on the database, with
// the flags of the command beside it.
func databaseConfig(name, about string, flags *flag.FlagSet, args []string, out io.Writer) (*config.Config, error) {
	loader := config.NewLoader(os.Environ(), config.Database)
	flags.SetOutput(io.Discard)
	loader.AddFlags(flags)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(out, "ensemble %s %s\n\n", name, about)
		loader.Usage(out)
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("reading the command line: %w", err)
	}
	return loader.Load()
}

func migrate(ctx context.Context, args []string, out, _ io.Writer) error {
	flags := flag.NewFlagSet("migrate", flag.ContinueOnError)
	cfg, err := databaseConfig("migrate", "brings the database to this version. Nothing is lost, and it may be repeated.", flags, args, out)
	if err != nil {
		return err
	}
	if err := migrations.Up(ctx, cfg.DatabaseURL.Reveal()); err != nil {
		return err
	}
	fmt.Fprintln(out, "The database is up to date.")
	return nil
}
