package deploy_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/ensemble-sante/ensemble/server/bus"
	"github.com/ensemble-sante/ensemble/server/config"
)

// compose is what the tests look at in docker-compose.yml.
type compose struct {
	Services map[string]service
	Volumes  map[string]any
	Secrets  map[string]struct{ File string }
	Networks map[string]struct {
		Internal bool
		IPAM     struct{ Config []struct{ Subnet string } } `yaml:"ipam"`
	}
}

type service struct {
	Image       string
	Build       string
	Command     []string
	Environment map[string]string
	Secrets     []string
	Volumes     []string
	Networks    []string
	Ports       []string
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	Healthcheck struct {
		Test    []string
		Disable bool
	}
}

// nodes are the services that run Ensemble.
func (c compose) nodes() map[string]service {
	nodes := map[string]service{}
	for name, s := range c.Services {
		if s.Build != "" {
			nodes[name] = s
		}
	}
	return nodes
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	require.NoError(t, err)
	return string(text)
}

func load(t *testing.T) compose {
	t.Helper()
	var c compose
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "docker-compose.yml")), &c))
	require.NotEmpty(t, c.Services)
	return c
}

var interpolation = regexp.MustCompile(`\$\{([A-Z_]+)(?::([-?])([^}]*))?\}`)

// interpolate fills in ${NAME:-default} and ${NAME:?message} as compose does.
func interpolate(t *testing.T, text string, environment map[string]string) string {
	t.Helper()
	return interpolation.ReplaceAllStringFunc(text, func(found string) string {
		parts := interpolation.FindStringSubmatch(found)
		if value := environment[parts[1]]; value != "" {
			return value
		}
		require.NotEqual(t, "?", parts[2], "%s is needed", parts[1])
		return parts[3]
	})
}

// example is the example's environment.
func example(t *testing.T) map[string]string {
	t.Helper()
	environment := map[string]string{}
	for line := range strings.Lines(read(t, "deploy/network.env.example")) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			environment[name] = value
		}
	}
	return environment
}

// secrets runs the script that makes them, twice.
func secrets(t *testing.T) (folder string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "secrets")
	var first map[string]string
	for range 2 {
		out, err := exec.Command("/bin/sh", "secrets.sh", folder).CombinedOutput()
		require.NoError(t, err, string(out))
		made := map[string]string{}
		entries, err := os.ReadDir(folder)
		require.NoError(t, err)
		for _, entry := range entries {
			content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
			require.NoError(t, err)
			made[entry.Name()] = string(content)
			require.NotContains(t, string(out), strings.TrimSpace(string(content))+"\n", "a secret is printed")
		}
		if first == nil {
			first = made
		}
		require.Equal(t, first, made, "what is there stays")
	}
	return folder
}

func TestEveryVariableThatComposeSetsIsOneTheProgramReads(t *testing.T) {
	known := map[string]bool{}
	for _, v := range config.Variables() {
		known[v.Name] = true
		known[v.Name+"_FILE"] = v.Secret
	}
	set := 0
	for name, s := range load(t).nodes() {
		for variable := range s.Environment {
			require.True(t, known[variable], "%s sets %s, which the program does not read", name, variable)
			set++
		}
	}
	require.Greater(t, set, 20)
}

func TestTheProgramRunsWithWhatComposeSets(t *testing.T) {
	c := load(t)
	folder := secrets(t)
	with := example(t)
	mailing := example(t)
	mailing["SMTP_HOST"], mailing["SMTP_USERNAME"], mailing["SMTP_FROM"] = "mail.example", "ensemble", "rcp@ensemble.example"
	require.Len(t, c.nodes(), 2)
	for _, environment := range []map[string]string{with, mailing} {
		for name, s := range c.nodes() {
			var environ []string
			for variable, value := range s.Environment {
				value = interpolate(t, value, environment)
				if secret, ok := strings.CutPrefix(value, "/run/secrets/"); ok {
					require.Contains(t, s.Secrets, secret, "%s names a secret it is not given", name)
					value = filepath.Join(folder, secret)
				}
				environ = append(environ, variable+"="+value)
			}
			read, err := config.Serve(nil, environ, t.Output())
			require.NoError(t, err, name)
			require.Empty(t, read.Unknown)
			require.Equal(t, "https://ensemble.example", read.PublicURL.String())
			require.False(t, read.Alone())
			require.Equal(t, environment["SMTP_HOST"], read.SMTP.Host)

			// Media is published at the port that the node tells browsers.
			_, port, err := net.SplitHostPort(read.Media.UDP)
			require.NoError(t, err)
			require.Contains(t, s.Ports, port+":"+port+"/udp")
			require.NotEmpty(t, read.Media.PublicIPs)

			// The proxy's network is the one that is believed.
			require.Contains(t, s.Networks, "front")
			require.Len(t, read.TrustedProxies, 1)
			require.Equal(t, netip.MustParsePrefix(c.Networks["front"].IPAM.Config[0].Subnet), read.TrustedProxies[0])
			require.Contains(t, strings.Join(s.Healthcheck.Test, " "), "127.0.0.1"+read.Listen+"/readyz")

			// What it connects to is there, and started before it.
			for _, other := range []string{"postgres", "minio", "nats"} {
				require.Equal(t, "service_healthy", s.DependsOn[other].Condition)
			}
			require.Contains(t, read.DatabaseURL.Reveal(), "@postgres:")
			require.Equal(t, "minio:9000", read.S3.Endpoint)
			require.Contains(t, read.NATS.URL.Reveal(), "@nats:4222")
			require.Equal(t, c.Services["minio"].Environment["MINIO_ROOT_USER"], read.S3.AccessKey)
		}
	}
}

func TestComposeWithoutItsSettingsIsRefused(t *testing.T) {
	text := read(t, "docker-compose.yml")
	for _, name := range []string{"DOMAIN", "PUBLIC_IPS"} {
		require.Contains(t, text, "${"+name+":?")
		require.NotEmpty(t, example(t)[name])
	}
	// Every setting is in the example.
	for _, found := range interpolation.FindAllStringSubmatch(text, -1) {
		require.Contains(t, example(t), found[1])
	}
}

func TestEveryServiceHasAHealthCheckAndAPinnedImage(t *testing.T) {
	c := load(t)
	require.Len(t, c.Services, 6)
	for name, s := range c.Services {
		require.False(t, s.Healthcheck.Disable, name)
		require.Greater(t, len(s.Healthcheck.Test), 1, name)
		require.Equal(t, "CMD", s.Healthcheck.Test[0], name)
		_, tag, ok := strings.Cut(s.Image, ":")
		require.True(t, ok && tag != "latest", "%s: %s", name, s.Image)
		for other, dependency := range s.DependsOn {
			require.Contains(t, c.Services, other)
			require.Equal(t, "service_healthy", dependency.Condition, "%s waits for %s", name, other)
		}
	}
}

func TestSecretsComeFromFilesThatTheScriptMakes(t *testing.T) {
	c := load(t)
	folder := secrets(t)
	used := map[string]bool{}
	sensitive := regexp.MustCompile(`PASSWORD|SECRET|TOKEN|CREDENTIAL`)
	for name, s := range c.Services {
		for variable, value := range s.Environment {
			if sensitive.MatchString(variable) {
				require.True(t, strings.HasSuffix(variable, "_FILE"), "%s sets %s itself", name, variable)
				require.True(t, strings.HasPrefix(value, "/run/secrets/"), "%s: %s", name, variable)
			}
			require.NotRegexp(t, `://[^/]*:[^/]*@`, value, "%s: %s has a password in it", name, variable)
		}
		for _, secret := range s.Secrets {
			require.Contains(t, c.Secrets, secret, name)
			used[secret] = true
		}
	}
	for name, secret := range c.Secrets {
		require.True(t, used[name], "nobody uses the secret %s", name)
		require.Equal(t, "./deploy/secrets/"+name, secret.File)
		info, err := os.Stat(filepath.Join(folder, name))
		require.NoError(t, err, "deploy/secrets.sh does not make %s", name)
		require.NotZero(t, info.Size())
	}
	info, err := os.Stat(folder)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	require.Contains(t, read(t, "deploy/.gitignore"), "/secrets/")
}

func TestVolumesAndNetworksAreDeclared(t *testing.T) {
	c := load(t)
	used := map[string]bool{}
	for name, s := range c.Services {
		for _, volume := range s.Volumes {
			source, target, ok := strings.Cut(volume, ":")
			require.True(t, ok && strings.HasPrefix(target, "/"), volume)
			if strings.HasPrefix(source, ".") {
				require.FileExists(t, filepath.Join("..", source))
				require.True(t, strings.HasSuffix(volume, ":ro"), volume)
				continue
			}
			require.Contains(t, c.Volumes, source, name)
			used[source] = true
		}
		for _, network := range s.Networks {
			require.Contains(t, c.Networks, network, name)
		}
		require.NotEmpty(t, s.Networks, name)
	}
	for volume := range c.Volumes {
		require.True(t, used[volume], "nobody uses the volume %s", volume)
	}
	require.True(t, c.Networks["back"].Internal)
	for _, name := range []string{"postgres", "minio", "nats"} {
		require.Equal(t, []string{"back"}, c.Services[name].Networks, "%s is reached by nodes only", name)
		require.Empty(t, c.Services[name].Ports)
	}
}

func TestTheProxySharesAmongTheNodes(t *testing.T) {
	c := load(t)
	var upstreams []string
	for line := range strings.Lines(read(t, "deploy/Caddyfile")) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "reverse_proxy" {
			upstreams = fields[1 : len(fields)-1]
		}
	}
	var want []string
	for name, s := range c.nodes() {
		want = append(want, name+s.Environment["ENSEMBLE_LISTEN"])
	}
	require.ElementsMatch(t, want, upstreams)
	require.Contains(t, c.Services["caddy"].Environment, "DOMAIN")
}

func TestTheBusRunsWithTheSecretsThatAreMade(t *testing.T) {
	folder := secrets(t)
	options, err := server.ProcessConfigFile(filepath.Join(folder, "nats_config"))
	require.NoError(t, err)
	require.Equal(t, int32(bus.MaxPayload), options.MaxPayload)
	health := load(t).Services["nats"].Healthcheck.Test
	require.Contains(t, health[len(health)-1], fmt.Sprintf(":%d/healthz", options.HTTPPort))
	options.Host, options.Port, options.HTTPPort, options.NoSigs, options.NoLog = "127.0.0.1", server.RANDOM_PORT, 0, true, true
	nats, err := server.NewServer(options)
	require.NoError(t, err)
	nats.Start()
	t.Cleanup(func() { nats.Shutdown(); nats.WaitForShutdown() })
	require.True(t, nats.ReadyForConnections(30*time.Second))

	secret, err := os.ReadFile(filepath.Join(folder, "nats_url"))
	require.NoError(t, err)
	here := strings.Replace(strings.TrimSpace(string(secret)), "nats:4222", nats.Addr().String(), 1)
	node, err := bus.Open(bus.Config{URL: here})
	require.NoError(t, err)
	require.NoError(t, node.Check())
	require.NoError(t, node.Close())
	_, err = bus.Open(bus.Config{URL: "nats://" + nats.Addr().String()})
	require.Error(t, err, "nobody gets in without the password")
}

func TestTheImageIsBuiltWithTheGoOfTheModule(t *testing.T) {
	module := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	require.NotNil(t, module)
	require.Contains(t, read(t, "Dockerfile"), "FROM golang:"+module[1]+"-")
}
