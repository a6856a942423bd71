package config

import "log/slog"

// Prefix begins every variable.
const Prefix = "ENSEMBLE_"

// A Variable is a setting as it is seen from outside.
type Variable struct {
	Name    string // ENSEMBLE_S3_BUCKET
	Flag    string // s3-bucket; empty for a secret
	Default string
	Meaning string
	Secret  bool // then Name+"_FILE" may name a file that holds it
	Part    Part
}

// Part is what of a node a command runs.
type Part int

const (
	// Database is what commands need that only work on the database.
	Database Part = iota
	// Node is everything.
	Node
)

// A setting is a variable and the place of its value.
type setting struct {
	Variable
	set func(text string) error // of a text that is not empty
}

// settings are all there is, in the order in which help shows them. Defaults
// are set like any value.
func settings(c *Config, password *Secret) []setting {
	return []setting{
		{Variable{Name: "PUBLIC_URL", Meaning: "origin at which people reach the network, such as https://ensemble.example", Part: Node}, origin(&c.PublicURL)},
		{Variable{Name: "NETWORK_NAME", Default: "Ensemble", Meaning: "what the network calls itself, in pages and mail", Part: Node}, text(&c.NetworkName)},
		{Variable{Name: "LISTEN", Default: ":8420", Meaning: "TCP address of HTTP and websockets", Part: Node}, address(&c.Listen)},
		{Variable{Name: "METRICS_LISTEN", Meaning: "TCP address of metrics; none if not set", Part: Node}, address(&c.MetricsListen)},
		{Variable{Name: "TLS_CERT", Meaning: "PEM file of the certificate, when no proxy ends TLS", Part: Node}, file(&c.TLSCertificate)},
		{Variable{Name: "TLS_KEY", Meaning: "PEM file of its key", Part: Node}, file(&c.TLSKey)},
		{Variable{Name: "TRUSTED_PROXIES", Meaning: "addresses or networks of proxies whose X-Forwarded-For is believed, with commas", Part: Node}, prefixes(&c.TrustedProxies)},

		{Variable{Name: "DATABASE_URL", Secret: true, Meaning: "PostgreSQL 15 or later: postgres://user@host/database?sslmode=…", Part: Database}, secret(&c.DatabaseURL)},
		{Variable{Name: "DATABASE_PASSWORD", Secret: true, Meaning: "password, when the address holds none", Part: Database}, secret(password)},

		{Variable{Name: "LOG_KEY", Secret: true, Meaning: "private key of the key log, 64 hexadecimal digits, never changed; if not set, one is made and kept in the database", Part: Node}, seed(&c.LogSeed)},

		{Variable{Name: "OBJECTS_DIR", Meaning: "folder for documents, for a node that is alone; else S3", Part: Node}, text(&c.ObjectsDir)},
		{Variable{Name: "S3_ENDPOINT", Meaning: "object store for documents: host or host:port", Part: Node}, endpoint(&c.S3.Endpoint)},
		{Variable{Name: "S3_BUCKET", Meaning: "bucket; made when it is not there", Part: Node}, text(&c.S3.Bucket)},
		{Variable{Name: "S3_REGION", Meaning: "region, if the store has any", Part: Node}, text(&c.S3.Region)},
		{Variable{Name: "S3_ACCESS_KEY", Meaning: "access key", Part: Node}, text(&c.S3.AccessKey)},
		{Variable{Name: "S3_SECRET_KEY", Secret: true, Meaning: "secret key", Part: Node}, secret(&c.S3.SecretKey)},
		{Variable{Name: "S3_USE_TLS", Default: "true", Meaning: "whether the store speaks TLS: true or false", Part: Node}, boolean(&c.S3.UseTLS)},

		{Variable{Name: "NATS_URL", Secret: true, Meaning: "NATS cluster, with commas: nats://host:4222; none for a node that is alone", Part: Node}, secret(&c.NATS.URL)},
		{Variable{Name: "NATS_CREDENTIALS", Meaning: "NATS credentials file", Part: Node}, file(&c.NATS.Credentials)},

		{Variable{Name: "SMTP_HOST", Meaning: "mail server; none if no mail is sent", Part: Node}, text(&c.SMTP.Host)},
		{Variable{Name: "SMTP_PORT", Default: "587", Meaning: "its port", Part: Node}, port(&c.SMTP.Port)},
		{Variable{Name: "SMTP_SECURITY", Default: StartTLS, Meaning: "starttls, tls (from the first byte) or none", Part: Node}, oneOf(&c.SMTP.Security, StartTLS, TLS, NoTLS)},
		{Variable{Name: "SMTP_USERNAME", Meaning: "user, if it asks for one", Part: Node}, text(&c.SMTP.Username)},
		{Variable{Name: "SMTP_PASSWORD", Secret: true, Meaning: "password", Part: Node}, secret(&c.SMTP.Password)},
		{Variable{Name: "SMTP_FROM", Meaning: "address that mail comes from", Part: Node}, mailAddress(&c.SMTP.From)},

		{Variable{Name: "MEDIA_UDP", Default: ":8421", Meaning: "UDP address of calls", Part: Node}, address(&c.Media.UDP)},
		{Variable{Name: "MEDIA_PUBLIC_IPS", Meaning: "addresses at which browsers reach it, with commas; those of the machine if not set", Part: Node}, addresses(&c.Media.PublicIPs)},

		{Variable{Name: "LOG_LEVEL", Default: slog.LevelInfo.String(), Meaning: "DEBUG, INFO, WARN or ERROR", Part: Database}, level(&c.LogLevel)},
		{Variable{Name: "LOG_FORMAT", Default: "text", Meaning: "text or json", Part: Database}, oneOf(&c.LogFormat, "text", "json")},
	}
}

// Variables lists what the program reads. A secret's file variable is listed
// beside it.
func Variables() []Variable {
	var c Config
	var password Secret
	var list []Variable
	for _, s := range settings(&c, &password) {
		list = append(list, s.outside())
	}
	return list
}

// outside is the variable with its full name and flag.
func (s setting) outside() Variable {
	v := s.Variable
	if !v.Secret {
		v.Flag = flagName(v.Name)
	}
	v.Name = Prefix + v.Name
	return v
}
