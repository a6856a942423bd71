package config

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

// maxSecretFile is the largest file that is read as a secret, in bytes.
const maxSecretFile = 64 << 10

// A Problem is a setting that is missing or wrong.
type Problem struct {
	Variable string
	Text     string // completes the sentence that the variable begins
}

// Problems is the error of a configuration that cannot be used.
type Problems []Problem

func (p Problems) Error() string {
	lines := []string{"the configuration cannot be used:"}
	for _, problem := range p {
		lines = append(lines, "  "+problem.Variable+" "+problem.Text)
	}
	return strings.Join(lines, "\n")
}

// A Loader fills a Config. Commands with flags of their own let it add its
// flags to theirs; it then reads the environment it was given.
type Loader struct {
	environ  map[string]string
	part     Part
	config   Config
	password Secret
	settings []setting
	flags    map[string]string // by variable, what flags said
}

// NewLoader makes a loader for what a command runs, from an environment in the
// form of os.Environ.
func NewLoader(environ []string, part Part) *Loader {
	l := &Loader{environ: make(map[string]string), part: part, flags: make(map[string]string)}
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok && strings.HasPrefix(name, Prefix) {
			l.environ[name] = value
		}
	}
	l.settings = slices.DeleteFunc(settings(&l.config, &l.password), func(s setting) bool { return s.Part > part })
	return l
}

// Serve reads the configuration of a whole node. On --help it writes the list
// of settings and returns flag.ErrHelp.
func Serve(args, environ []string, out io.Writer) (*Config, error) {
	l := NewLoader(environ, Node)
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	l.AddFlags(flags)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		_, _ = fmt.Fprint(out, "ensemble serve runs a node of the network. Settings, as variables and flags:\n\n")
		l.Usage(out)
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("reading the command line: %w", err)
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("reading the command line: serve takes no argument such as %q", flags.Arg(0))
	}
	return l.Load()
}

// AddFlags adds a flag for every setting that is no secret.
func (l *Loader) AddFlags(flags *flag.FlagSet) {
	for _, s := range l.settings {
		if !s.Secret {
			flags.Func(flagName(s.Name), s.Meaning, func(value string) error {
				l.flags[s.Name] = value
				return nil
			})
		}
	}
}

// Usage lists the settings.
func (l *Loader) Usage(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range l.settings {
		v := s.outside()
		second := "--" + v.Flag
		if v.Secret {
			second = "or " + v.Name + "_FILE"
		}
		meaning := v.Meaning
		if v.Default != "" {
			meaning += " (" + v.Default + ")"
		}
		_, _ = fmt.Fprintf(w, "  %s\t%s\t%s\n", v.Name, second, meaning)
	}
	_ = w.Flush()
}

// Load reads everything and checks it together. Its error is of type Problems.
func (l *Loader) Load() (*Config, error) {
	var problems Problems
	wrong := func(name, format string, args ...any) {
		problems = append(problems, Problem{Prefix + name, fmt.Sprintf(format, args...)})
	}
	for _, s := range l.settings {
		value, name, err := l.value(s)
		if err == nil && value != "" {
			err = s.set(value)
		}
		if err != nil {
			wrong(name, "%v", err)
		}
	}
	l.check(wrong)
	if len(problems) > 0 {
		return nil, problems
	}
	l.config.Unknown = l.unknown()
	return &l.config, nil
}

// value is what was said of a setting, and the variable that says it.
func (l *Loader) value(s setting) (value, name string, err error) {
	if value, ok := l.flags[s.Name]; ok {
		return value, s.Name, nil
	}
	value = l.environ[Prefix+s.Name]
	if s.Secret {
		name := s.Name + "_FILE"
		if path := l.environ[Prefix+name]; path != "" {
			if value != "" {
				return "", name, fmt.Errorf("and %s%s are both set: choose one", Prefix, s.Name)
			}
			value, err := readSecret(path)
			return value, name, err
		}
	}
	if value == "" {
		value = s.Default
	}
	return value, s.Name, nil
}

// readSecret reads a file that holds a secret, without the end of its line.
func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("names a file that cannot be read: %w", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return "", fmt.Errorf("names a file that cannot be read: %w", err)
	}
	secret := strings.TrimRight(string(content), "\r\n")
	if secret == "" || len(content) > maxSecretFile || strings.ContainsAny(secret, "\r\n\x00") {
		return "", fmt.Errorf("names a file, %s, that does not hold one line", path)
	}
	return secret, nil
}

// check looks at settings that depend on each other.
func (l *Loader) check(wrong func(name, format string, args ...any)) {
	c := &l.config
	l.checkDatabase(wrong)
	if l.part < Node {
		return
	}
	if c.PublicURL == nil && !l.said("PUBLIC_URL") {
		wrong("PUBLIC_URL", "is missing: the origin at which people reach the network")
	}
	if (c.TLSCertificate == "") != (c.TLSKey == "") && l.said("TLS_CERT") != l.said("TLS_KEY") {
		wrong("TLS_CERT", "and %sTLS_KEY go together", Prefix)
	}
	l.checkObjects(wrong)
	if c.SMTP.Host != "" {
		if c.SMTP.From == "" && !l.said("SMTP_FROM") {
			wrong("SMTP_FROM", "is missing: the address that mail comes from")
		}
		// A password alone is left over from a server that asked for one.
		if c.SMTP.Username != "" && c.SMTP.Password == "" && l.environ[Prefix+"SMTP_PASSWORD_FILE"] == "" {
			wrong("SMTP_PASSWORD", "is missing: the mail server's user has one")
		}
		if c.SMTP.Security == NoTLS && c.SMTP.Username != "" {
			wrong("SMTP_SECURITY", "is none, which would send the password in the clear")
		}
	}
	if c.NATS.URL != "" && c.ObjectsDir != "" {
		wrong("OBJECTS_DIR", "is for a node that is alone: nodes that share a bus share an object store, by %sS3_ENDPOINT", Prefix)
	}
}

func (l *Loader) checkDatabase(wrong func(name, format string, args ...any)) {
	if l.config.DatabaseURL == "" {
		if l.environ[Prefix+"DATABASE_URL_FILE"] == "" {
			wrong("DATABASE_URL", "is missing: where PostgreSQL is")
		}
		return
	}
	u, err := url.Parse(l.config.DatabaseURL.Reveal())
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		wrong("DATABASE_URL", "must be like postgres://user@host/database")
		return
	}
	if l.password != "" {
		if _, has := u.User.Password(); has {
			wrong("DATABASE_PASSWORD", "is set, and %sDATABASE_URL has a password too", Prefix)
			return
		}
		u.User = url.UserPassword(u.User.Username(), l.password.Reveal())
		l.config.DatabaseURL = Secret(u.String())
	}
}

func (l *Loader) checkObjects(wrong func(name, format string, args ...any)) {
	c := &l.config
	if c.S3.Endpoint == "" {
		if c.ObjectsDir == "" && !l.said("S3_ENDPOINT") {
			wrong("S3_ENDPOINT", "is missing: where documents are kept (or %sOBJECTS_DIR, for a node that is alone)", Prefix)
		}
		return
	}
	if c.ObjectsDir != "" {
		wrong("S3_ENDPOINT", "and %sOBJECTS_DIR are both set: choose one", Prefix)
	}
	for _, needed := range []struct{ name, value string }{
		{"S3_BUCKET", c.S3.Bucket}, {"S3_ACCESS_KEY", c.S3.AccessKey}, {"S3_SECRET_KEY", string(c.S3.SecretKey)},
	} {
		if needed.value == "" && !l.said(needed.name) && l.environ[Prefix+needed.name+"_FILE"] == "" {
			wrong(needed.name, "is missing: the object store needs it")
		}
	}
}

// said tells whether a setting was given at all, so that one that is wrong is
// not reported as missing too.
func (l *Loader) said(name string) bool {
	return l.flags[name] != "" || l.environ[Prefix+name] != ""
}

// unknown lists variables that begin as ours do and are none of ours.
func (l *Loader) unknown() []string {
	known := make(map[string]bool)
	for _, v := range Variables() {
		known[v.Name] = true
		known[v.Name+"_FILE"] = v.Secret
	}
	var names []string
	for name := range l.environ {
		if !known[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func flagName(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "_", "-")
}
