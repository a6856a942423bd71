package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// The functions here read one kind of value each. Their errors complete the
// sentence "NAME …" and never repeat a secret.

func text(to *string) func(string) error {
	return func(s string) error { *to = s; return nil }
}

func secret(to *Secret) func(string) error {
	return func(s string) error { *to = Secret(s); return nil }
}

// seed is a private key of 32 bytes in hexadecimal.
func seed(to *Secret) func(string) error {
	return func(s string) error {
		if b, err := hex.DecodeString(s); err != nil || len(b) != 32 {
			return errors.New("must be 64 hexadecimal digits")
		}
		*to = Secret(s)
		return nil
	}
}

func boolean(to *bool) func(string) error {
	return func(s string) error {
		b, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("must be true or false, not %q", s)
		}
		*to = b
		return nil
	}
}

func oneOf(to *string, allowed ...string) func(string) error {
	return func(s string) error {
		if !slices.Contains(allowed, s) {
			return fmt.Errorf("must be one of %s, not %q", strings.Join(allowed, ", "), s)
		}
		*to = s
		return nil
	}
}

func level(to *slog.Level) func(string) error {
	return func(s string) error {
		if err := to.UnmarshalText([]byte(s)); err != nil {
			return fmt.Errorf("must be DEBUG, INFO, WARN or ERROR, not %q", s)
		}
		return nil
	}
}

func port(to *int) func(string) error {
	return func(s string) error {
		n, err := strconv.ParseUint(s, 10, 16)
		if err != nil || n == 0 {
			return fmt.Errorf("must be a port, 1 to 65535, not %q", s)
		}
		*to = int(n)
		return nil
	}
}

// address is where to listen.
func address(to *string) func(string) error {
	return func(s string) error {
		host, p, err := net.SplitHostPort(s)
		if err != nil {
			return fmt.Errorf("must be host:port or :port, not %q", s)
		}
		if _, err := strconv.ParseUint(p, 10, 16); err != nil {
			return fmt.Errorf("has no port that is a number, in %q", s)
		}
		if host != "" && host != "localhost" {
			if _, err := netip.ParseAddr(host); err != nil {
				return fmt.Errorf("must name the host by its address, not %q", host)
			}
		}
		*to = s
		return nil
	}
}

// endpoint is a host to connect to.
func endpoint(to *string) func(string) error {
	return func(s string) error {
		if strings.Contains(s, "://") || strings.ContainsAny(s, "/@? ") {
			return fmt.Errorf("must be host or host:port alone, without https:// or path")
		}
		*to = s
		return nil
	}
}

// origin is scheme and host: https, or http on this computer.
func origin(to **url.URL) func(string) error {
	return func(s string) error {
		u, err := url.Parse(s)
		switch {
		case err != nil:
			return fmt.Errorf("is not a URL: %q", s)
		case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
			return fmt.Errorf("must be like https://ensemble.example, not %q", s)
		case u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
			return fmt.Errorf("must be an origin alone, without user, path or query")
		case u.Scheme == "http" && !isLocal(u.Hostname()):
			return errors.New("must begin with https: browsers give keys and cameras to secure origins only")
		}
		*to = &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}
		return nil
	}
}

func isLocal(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func file(to *string) func(string) error {
	return func(s string) error {
		f, err := os.Open(s)
		if err != nil {
			return fmt.Errorf("names a file that cannot be read: %w", err)
		}
		_ = f.Close()
		*to = s
		return nil
	}
}

func mailAddress(to *string) func(string) error {
	return func(s string) error {
		a, err := mail.ParseAddress(s)
		if err != nil || a.Name != "" {
			return fmt.Errorf("must be a mail address alone, not %q", s)
		}
		*to = a.Address
		return nil
	}
}

func addresses(to *[]netip.Addr) func(string) error {
	return list(to, netip.ParseAddr)
}

func prefixes(to *[]netip.Prefix) func(string) error {
	return list(to, func(s string) (netip.Prefix, error) {
		if ip, err := netip.ParseAddr(s); err == nil {
			return ip.Prefix(ip.BitLen())
		}
		return netip.ParsePrefix(s)
	})
}

// list reads values with commas between them.
func list[T any](to *[]T, parse func(string) (T, error)) func(string) error {
	return func(s string) error {
		var values []T
		for part := range strings.SplitSeq(s, ",") {
			part = strings.TrimSpace(part)
			if part == "" {
				continue
			}
			v, err := parse(part)
			if err != nil {
				return fmt.Errorf("has an entry that is no address: %q", part)
			}
			values = append(values, v)
		}
		*to = values
		return nil
	}
}
