package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/server/config"
)

// least is the shortest environment that a node runs with.
func least(more ...string) []string {
	return append([]string{
		"ENSEMBLE_PUBLIC_URL=https://Ensemble.Example",
		"ENSEMBLE_DATABASE_URL=postgres://ensemble@db/ensemble",
		"ENSEMBLE_OBJECTS_DIR=/srv/objects",
		"HOME=/nowhere",
	}, more...)
}

// s3 is an environment with everything.
func s3(t *testing.T, more ...string) []string {
	t.Helper()
	return append([]string{
		"ENSEMBLE_PUBLIC_URL=https://ensemble.example:8443/",
		"ENSEMBLE_DATABASE_URL=postgres://ensemble@db/ensemble?sslmode=verify-full",
		"ENSEMBLE_DATABASE_PASSWORD_FILE=" + file(t, "hush p@ss/word\n"),
		"ENSEMBLE_S3_ENDPOINT=minio:9000",
		"ENSEMBLE_S3_BUCKET=documents",
		"ENSEMBLE_S3_ACCESS_KEY=ensemble",
		"ENSEMBLE_S3_SECRET_KEY_FILE=" + file(t, "hush-s3\r\n"),
		"ENSEMBLE_S3_USE_TLS=false",
		"ENSEMBLE_NATS_URL=nats://u:hush-nats@one:4222,nats://two:4222",
		"ENSEMBLE_SMTP_HOST=mail.example",
		"ENSEMBLE_SMTP_USERNAME=ensemble",
		"ENSEMBLE_SMTP_PASSWORD=hush-smtp",
		"ENSEMBLE_SMTP_FROM=rcp@ensemble.example",
		"ENSEMBLE_MEDIA_PUBLIC_IPS=192.0.2.1, 2001:db8::1",
		"ENSEMBLE_TRUSTED_PROXIES=10.0.0.0/8,192.0.2.9",
		"ENSEMBLE_LOG_LEVEL=debug",
		"ENSEMBLE_LOG_KEY_FILE=" + file(t, strings.Repeat("68757368", 8)+"\n"), // "hush"
	}, more...)
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func serve(t *testing.T, environ []string, args ...string) (*config.Config, error) {
	t.Helper()
	return config.Serve(args, environ, t.Output())
}

func TestANodeRunsWithThreeSettings(t *testing.T) {
	c, err := serve(t, least())
	require.NoError(t, err)
	require.Equal(t, "https://ensemble.example", c.PublicURL.String())
	require.Equal(t, "postgres://ensemble@db/ensemble", c.DatabaseURL.Reveal())
	require.Equal(t, ":8420", c.Listen)
	require.Equal(t, ":8421", c.Media.UDP)
	require.Equal(t, slog.LevelInfo, c.LogLevel)
	require.True(t, c.Alone())
	require.Empty(t, c.Unknown)
}

func TestEverythingIsRead(t *testing.T) {
	c, err := serve(t, s3(t))
	require.NoError(t, err)
	require.Equal(t, "https://ensemble.example:8443", c.PublicURL.String())
	require.Equal(t, "postgres://ensemble:hush%20p%40ss%2Fword@db/ensemble?sslmode=verify-full", c.DatabaseURL.Reveal())
	require.Equal(t, config.S3{Endpoint: "minio:9000", Bucket: "documents", AccessKey: "ensemble", SecretKey: "hush-s3"}, c.S3)
	require.Equal(t, config.SMTP{
		Host: "mail.example", Port: 587, Security: config.StartTLS,
		Username: "ensemble", Password: "hush-smtp", From: "rcp@ensemble.example",
	}, c.SMTP)
	require.Equal(t, []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}, c.Media.PublicIPs)
	require.Equal(t, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.9/32")}, c.TrustedProxies)
	require.Equal(t, slog.LevelDebug, c.LogLevel)
	require.Equal(t, strings.Repeat("68757368", 8), c.LogSeed.Reveal())
	require.False(t, c.Alone())
}

func TestAFlagWinsOverItsVariable(t *testing.T) {
	c, err := serve(t, least("ENSEMBLE_LISTEN=:1"), "--listen", "127.0.0.1:9000", "--network-name=Réseau du Marais")
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:9000", c.Listen)
	require.Equal(t, "Réseau du Marais", c.NetworkName)
}

func TestWhatIsMissingOrWrongIsSaid(t *testing.T) {
	for _, test := range []struct {
		name    string
		environ []string
		args    []string
		says    []string
	}{
		{"nothing", nil, nil, []string{"ENSEMBLE_PUBLIC_URL is missing", "ENSEMBLE_DATABASE_URL is missing", "ENSEMBLE_S3_ENDPOINT is missing"}},
		{"no secure origin", least("ENSEMBLE_PUBLIC_URL=http://ensemble.example"), nil, []string{"ENSEMBLE_PUBLIC_URL must begin with https"}},
		{"no origin", least("ENSEMBLE_PUBLIC_URL=ensemble.example"), nil, []string{"ENSEMBLE_PUBLIC_URL must be like"}},
		{"a path", least("ENSEMBLE_PUBLIC_URL=https://example/ensemble"), nil, []string{"ENSEMBLE_PUBLIC_URL must be an origin alone"}},
		{"no database address", least("ENSEMBLE_DATABASE_URL=host=db"), nil, []string{"ENSEMBLE_DATABASE_URL must be like postgres://"}},
		{"two passwords", least("ENSEMBLE_DATABASE_URL=postgres://a:hush@db/x", "ENSEMBLE_DATABASE_PASSWORD=hush"), nil, []string{"ENSEMBLE_DATABASE_PASSWORD is set, and"}},
		{"two stores", least("ENSEMBLE_S3_ENDPOINT=minio"), nil, []string{"choose one", "ENSEMBLE_S3_BUCKET is missing", "ENSEMBLE_S3_ACCESS_KEY is missing", "ENSEMBLE_S3_SECRET_KEY is missing"}},
		{"a folder for many nodes", least("ENSEMBLE_NATS_URL=nats://x"), nil, []string{"ENSEMBLE_OBJECTS_DIR is for a node that is alone"}},
		{"an endpoint with a scheme", least("ENSEMBLE_OBJECTS_DIR=", "ENSEMBLE_S3_ENDPOINT=https://minio"), nil, []string{"ENSEMBLE_S3_ENDPOINT must be host or host:port"}},
		{"half of TLS", least("ENSEMBLE_TLS_CERT=" + os.Args[0]), nil, []string{"ENSEMBLE_TLS_CERT and ENSEMBLE_TLS_KEY go together"}},
		{"no such file", least("ENSEMBLE_TLS_CERT=/no/such", "ENSEMBLE_TLS_KEY=/no/such"), nil, []string{"ENSEMBLE_TLS_CERT names a file that cannot be read", "ENSEMBLE_TLS_KEY names"}},
		{"no such secret", least("ENSEMBLE_SMTP_PASSWORD_FILE=/no/such"), nil, []string{"ENSEMBLE_SMTP_PASSWORD_FILE names a file that cannot be read"}},
		{"a secret twice", least("ENSEMBLE_SMTP_PASSWORD=hush", "ENSEMBLE_SMTP_PASSWORD_FILE=/x"), nil, []string{"ENSEMBLE_SMTP_PASSWORD_FILE and ENSEMBLE_SMTP_PASSWORD are both set"}},
		{"mail without sender", least("ENSEMBLE_SMTP_HOST=mail"), nil, []string{"ENSEMBLE_SMTP_FROM is missing"}},
		{"a user without password", least("ENSEMBLE_SMTP_HOST=mail", "ENSEMBLE_SMTP_FROM=a@b.c", "ENSEMBLE_SMTP_USERNAME=a"), nil, []string{"ENSEMBLE_SMTP_PASSWORD is missing"}},
		{"a password in the clear", least("ENSEMBLE_SMTP_HOST=mail", "ENSEMBLE_SMTP_FROM=a@b.c", "ENSEMBLE_SMTP_USERNAME=a", "ENSEMBLE_SMTP_PASSWORD=hush", "ENSEMBLE_SMTP_SECURITY=none"), nil, []string{"in the clear"}},
		{"a sender with a name", least("ENSEMBLE_SMTP_FROM=RCP <a@b.c>"), nil, []string{"ENSEMBLE_SMTP_FROM must be a mail address alone"}},
		{"no port", least("ENSEMBLE_LISTEN=localhost", "ENSEMBLE_SMTP_PORT=0", "ENSEMBLE_MEDIA_UDP=:x"), nil, []string{"ENSEMBLE_LISTEN must be", "ENSEMBLE_SMTP_PORT must be a port", "ENSEMBLE_MEDIA_UDP has no port"}},
		{"a listening name", least("ENSEMBLE_LISTEN=example.org:80"), nil, []string{"by its address"}},
		{"no addresses", least("ENSEMBLE_MEDIA_PUBLIC_IPS=1.2.3", "ENSEMBLE_TRUSTED_PROXIES=10/8"), nil, []string{"ENSEMBLE_MEDIA_PUBLIC_IPS has an entry", "ENSEMBLE_TRUSTED_PROXIES has an entry"}},
		{"a short log key", least("ENSEMBLE_LOG_KEY=hush"), nil, []string{"ENSEMBLE_LOG_KEY must be 64 hexadecimal digits"}},
		{"no choice", least("ENSEMBLE_SMTP_SECURITY=ssl", "ENSEMBLE_LOG_LEVEL=loud", "ENSEMBLE_S3_USE_TLS=maybe"), nil, []string{"one of starttls, tls, none", "DEBUG, INFO", "true or false"}},
		{"an unknown flag", least(), []string{"--nonsense"}, []string{"nonsense"}},
		{"a secret as a flag", least(), []string{"--database-url=postgres://x"}, []string{"database-url"}},
		{"an argument", least(), []string{"now"}, []string{`"now"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := serve(t, test.environ, test.args...)
			require.Error(t, err)
			for _, text := range test.says {
				require.ErrorContains(t, err, text)
			}
			require.NotContains(t, err.Error(), "hush")
			var problems config.Problems
			if len(test.args) == 0 {
				require.True(t, errors.As(err, &problems))
				require.Len(t, problems, len(test.says), err.Error())
			}
		})
	}
}

func TestLocalOriginsMayDoWithoutTLS(t *testing.T) {
	for _, origin := range []string{"http://localhost:8420", "http://vidal.localhost:8420", "http://127.0.0.1", "http://[::1]:8420"} {
		c, err := serve(t, least("ENSEMBLE_PUBLIC_URL="+origin))
		require.NoError(t, err)
		require.Equal(t, origin, c.PublicURL.String())
	}
}

func TestASecretFileHoldsOneLine(t *testing.T) {
	for content, ok := range map[string]bool{
		"one": true, "one\n": true, "one\r\n": true, "with spaces ": true,
		"": false, "\n": false, "one\ntwo": false, "nul\x00": false, strings.Repeat("x", 1<<20): false,
	} {
		c, err := serve(t, least("ENSEMBLE_SMTP_PASSWORD_FILE="+file(t, content)))
		require.Equal(t, ok, err == nil, "%.20q: %v", content, err)
		if ok {
			require.Equal(t, strings.TrimRight(content, "\r\n"), c.SMTP.Password.Reveal())
		}
	}
}

func TestNoSecretIsEverPrinted(t *testing.T) {
	c, err := serve(t, s3(t))
	require.NoError(t, err)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&out, verb+verb+verb, c, *c, c.DatabaseURL)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("start", "config", c, "password", c.SMTP.Password)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("start", "config", c, "password", c.SMTP.Password)
	require.NoError(t, json.NewEncoder(&out).Encode(c))
	fmt.Fprintln(&out, error(config.Problems{{Variable: "X", Text: c.SMTP.Password.String()}}))
	require.NotContains(t, out.String(), "hush")
	require.NotContains(t, out.String(), fmt.Sprintf("%x", "hush"))
	require.Contains(t, out.String(), "(secret)")
	require.Contains(t, out.String(), "documents", "what is no secret is shown")
	require.Empty(t, config.Secret("").String())
}

func TestHelpListsEveryVariable(t *testing.T) {
	var out bytes.Buffer
	_, err := config.Serve([]string{"--help"}, nil, &out)
	require.ErrorIs(t, err, flag.ErrHelp)
	names := map[string]bool{}
	for _, v := range config.Variables() {
		require.Regexp(t, regexp.MustCompile(`^ENSEMBLE_[A-Z0-9_]+$`), v.Name)
		require.NotEmpty(t, v.Meaning)
		require.False(t, names[v.Name], v.Name)
		names[v.Name] = true
		require.Contains(t, out.String(), v.Name+" ")
		if v.Secret {
			require.Empty(t, v.Flag)
			require.Contains(t, out.String(), v.Name+"_FILE")
		} else {
			require.Contains(t, out.String(), "--"+v.Flag+" ")
		}
	}
}

func TestMisspeltVariablesAreListed(t *testing.T) {
	c, err := serve(t, least("ENSEMBLE_S3_BUKET=x", "ENSEMBLE_LISTEN_FILE=x", "ENSEMBLES=x"))
	require.NoError(t, err)
	require.Equal(t, []string{"ENSEMBLE_LISTEN_FILE", "ENSEMBLE_S3_BUKET"}, c.Unknown)
}

func TestACommandOnTheDatabaseNeedsNothingElse(t *testing.T) {
	l := config.NewLoader([]string{"ENSEMBLE_DATABASE_URL=postgres://db/x", "ENSEMBLE_PUBLIC_URL=wrong"}, config.Database)
	flags := flag.NewFlagSet("migrate", flag.ContinueOnError)
	dry := flags.Bool("dry", false, "of its own")
	l.AddFlags(flags)
	require.NoError(t, flags.Parse([]string{"--dry", "--log-level=warn"}))
	c, err := l.Load()
	require.NoError(t, err)
	require.True(t, *dry)
	require.Equal(t, slog.LevelWarn, c.LogLevel)
	require.Empty(t, c.Unknown)

	_, err = config.NewLoader(nil, config.Database).Load()
	require.ErrorContains(t, err, "ENSEMBLE_DATABASE_URL is missing")
}
