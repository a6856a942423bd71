package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/ensemble-sante/ensemble/rooms"
)

// errNotGenuine says that a file was read and does not verify; the report has
// told why.
var errNotGenuine = errors.New("the file does not verify")

func verify(_ context.Context, args []string, out, errs io.Writer) error {
	flags := flag.NewFlagSet("verify", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	asJSON := flags.Bool("json", false, "")
	help := func(w io.Writer) {
		fmt.Fprint(w, `ensemble verify [--json] FILE

Checks a file of signed minutes without network or server: who signed what, who
was present and did not sign, whether anything was changed, and whose word that
relies on. Exit status 0: it verifies. 1: it does not.
`)
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		help(out)
		return err
	} else if err != nil || flags.NArg() != 1 {
		help(errs)
		return errUsage
	}
	f, err := os.Open(flags.Arg(0))
	if err != nil {
		return fmt.Errorf("reading the minutes: %w", err)
	}
	file, err := io.ReadAll(io.LimitReader(f, rooms.MaxFile+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("reading the minutes: %w", err)
	}
	report, err := rooms.VerifyBundle(file)
	if err != nil {
		return err
	}
	if *asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(report); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
	} else {
		tell(out, report)
	}
	if !report.Whole {
		return errNotGenuine
	}
	return nil
}

// tell writes a report for people.
func tell(w io.Writer, r *rooms.Report) {
	if r.Whole {
		fmt.Fprintln(w, "Genuine: nothing was changed since it was signed.")
	} else {
		fmt.Fprintln(w, "NOT GENUINE: this file must not be relied upon.")
		for _, p := range r.Problems {
			fmt.Fprintf(w, "  %s: %s (%s)\n", p.Where, p.Detail, p.Code)
		}
	}
	if m := r.Minutes; m != nil {
		fmt.Fprintf(w, "\nMinutes of %q, item %d, version %d, held %s\n", m.Title, m.Item, m.Version, instant(m.Held.From, m.Held.Zone))
		fmt.Fprintf(w, "About %s. Question: %s\n", m.Person, m.Question)
	}
	fmt.Fprintf(w, "Digest %s\n\nSigned by\n", r.Digest)
	for _, s := range r.Signed {
		state := ""
		if !s.Valid {
			state = "  INVALID SIGNATURE"
		}
		fmt.Fprintf(w, "  %s (%s), %s%s%s\n      key %s\n", s.Name, s.Role, instant(s.At, "UTC"), position(s), state, s.Fingerprint)
	}
	if len(r.Signed) == 0 {
		fmt.Fprintln(w, "  nobody")
	}
	list(w, "Present, and did not sign", r.PresentNotSigned)
	list(w, "Required, and did not sign", r.RequiredNotSigned)
	switch {
	case r.Seal == nil:
		fmt.Fprintln(w, "\nNot sealed.")
	case r.Seal.Valid:
		fmt.Fprintf(w, "\nSealed %s, key %s\n", instant(r.Seal.At, "UTC"), r.Seal.Fingerprint)
	default:
		fmt.Fprintln(w, "\nThe seal is INVALID.")
	}
	for _, a := range r.Addenda {
		state := ""
		if !a.Valid {
			state = "  INVALID SIGNATURE"
		}
		fmt.Fprintf(w, "\nAddendum by %s, %s%s\n  %s\n", a.Name, instant(a.At, "UTC"), state, a.Text)
	}
	fmt.Fprintln(w, "\nThis relies on the word of (compare the fingerprints by another way)")
	for _, t := range r.Trust {
		name := t.Name
		if name == "" {
			name = t.User.String()
		}
		fmt.Fprintf(w, "  %s, %s: %s\n", name, t.As, t.Fingerprint)
	}
	for _, kind := range r.NotChecked {
		fmt.Fprintf(w, "Not checked: a proof of kind %q, which this version does not know.\n", kind)
	}
}

func position(s rooms.SignerReport) string {
	if s.Position == "" {
		return ""
	}
	text := ", " + string(s.Position)
	if s.Text != "" {
		text += ": " + s.Text
	}
	return text
}

func list(w io.Writer, title string, users []rooms.NamedUser) {
	if len(users) == 0 {
		return
	}
	fmt.Fprintln(w, "\n"+title)
	for _, u := range users {
		fmt.Fprintf(w, "  %s (%s)\n", u.Name, u.Role)
	}
}

// instant writes UTC milliseconds in a zone, in UTC where the zone is unknown.
func instant(ms int64, zone string) string {
	location, err := time.LoadLocation(zone)
	if err != nil {
		location = time.UTC
	}
	return time.UnixMilli(ms).In(location).Format("2006-01-02 15:04 MST")
}
