package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

// Secret is a text that no format, log or encoder shows. Whoever needs it
// says so by Reveal.
type Secret string

const hidden = "(secret)"

var (
	_ fmt.Formatter  = Secret("")
	_ slog.LogValuer = Secret("")
	_ json.Marshaler = Secret("")
)

// Reveal is the text itself.
func (s Secret) Reveal() string { return string(s) }

// String tells only whether there is one.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// Format writes what String tells, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue is what String tells.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON writes what String tells.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText writes what String tells.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
