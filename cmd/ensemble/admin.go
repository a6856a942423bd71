package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ensemble-sante/ensemble/server/accounts"
	"github.com/ensemble-sante/ensemble/server/store"
)

// enrolmentLife is how long an enrolment link may wait to be opened.
const enrolmentLife = 7 * 24 * time.Hour

func admin(ctx context.Context, args []string, out, errs io.Writer) error {
	if len(args) == 0 || args[0] != "enrol" {
		fmt.Fprintln(errs, "ensemble admin enrol --kind PROFESSIONAL --mail ADDRESS --origin https://ensemble.example")
		return errUsage
	}
	flags := flag.NewFlagSet("admin enrol", flag.ContinueOnError)
	kinds := []string{"PROFESSIONAL", "PERSON", "RELATED", "VOLUNTEER"}
	kind := flags.String("kind", "PROFESSIONAL", strings.Join(kinds, ", "))
	mail := flags.String("mail", "", "where invitations go; need not name anybody")
	language := flags.String("language", "fr", "of mail: fr or en")
	origin := flags.String("origin", "", "the network's address, to print a whole link")
	cfg, err := databaseConfig("admin enrol", "makes an enrolment link that opens once, within a week:\n  --kind, --mail, --language, --origin, and", flags, args[1:], out)
	if err != nil {
		return err
	}
	if !slices.Contains(kinds, *kind) {
		return fmt.Errorf("--kind is one of %s", strings.Join(kinds, ", "))
	}
	s, err := store.Open(ctx, store.Config{DSN: cfg.DatabaseURL.Reveal(), MaxConns: 2})
	if err != nil {
		return err
	}
	defer s.Close()
	code, err := accounts.New(s, time.Now).NewCode(ctx, accounts.Invitation{Kind: *kind, Mail: *mail, Language: *language}, enrolmentLife)
	if err != nil {
		return err
	}
	link := url.URL{Path: "/enrol", Fragment: code}
	fmt.Fprintln(out, strings.TrimRight(*origin, "/")+link.String())
	return nil
}
