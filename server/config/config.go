package config

import (
	"log/slog"
	"net/netip"
	"net/url"
)

// Config is the configuration of a node.
type Config struct {
	// PublicURL is the origin at which people reach the network, without path:
	// https://ensemble.example.
	PublicURL *url.URL

	// NetworkName is what the network calls itself, in pages and mail.
	NetworkName string

	Listen         string         // TCP address of HTTP: host:port or :port
	MetricsListen  string         // TCP address of metrics and health; empty for none
	TLSCertificate string         // path of a PEM file; empty when a proxy ends TLS
	TLSKey         string         // path of a PEM file
	TrustedProxies []netip.Prefix // who may say for whom a request comes (X-Forwarded-For)

	DatabaseURL Secret // postgres://…, with the password in it

	LogSeed Secret // hexadecimal, 32 bytes: the key log's private key; empty for the one in the database

	ObjectsDir string // folder of the objects; empty when S3 is used
	S3         S3

	NATS NATS
	SMTP SMTP

	Media Media

	LogLevel  slog.Level
	LogFormat string // text or json

	// Unknown lists the variables that begin as ours do and are none: most
	// likely misspelt.
	Unknown []string
}

// S3 is an object store.
type S3 struct {
	Endpoint  string // host or host:port; empty when a folder is used
	Bucket    string
	Region    string
	AccessKey string
	SecretKey Secret
	UseTLS    bool
}

// NATS is the bus between nodes.
type NATS struct {
	URL         Secret // may hold a password; empty for a node that is alone
	Credentials string // path of a NATS credentials file; may be empty
}

// SMTP is how mail leaves.
type SMTP struct {
	Host     string // empty when no mail is sent
	Port     int
	Security string // starttls, tls or none
	Username string
	Password Secret
	From     string // address of the sender
}

// Media is the SFU of this node.
type Media struct {
	UDP       string       // UDP address: host:port or :port
	PublicIPs []netip.Addr // addresses at which browsers reach it; empty for those of the machine
}

// Security of SMTP.
const (
	StartTLS = "starttls"
	TLS      = "tls"
	NoTLS    = "none"
)

// Alone tells whether this node is the whole network, with no bus to others.
func (c *Config) Alone() bool { return c.NATS.URL == "" }
