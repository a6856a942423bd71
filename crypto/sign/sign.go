// Package sign makes and checks signatures that last: over canonical JSON, so that
// minutes, plans and consents can be verified in twenty years, by anybody, with
// ordinary tools.
//
// # Formats
//
// A document is JSON in its canonical form (RFC 8785): one spelling, no white
// space, members sorted, no duplicate, and here also no integer that a double
// cannot hold. Bytes are base64 in strings, instants UTC milliseconds.
//
// A digest is
//
//	SHA-256("ensemble digest 1" ‖ uvarint(len(label)) ‖ label ‖ document)
//
// and a [Signature] is the JSON object {"alg":"Ed25519","key":base64,
// "value":base64} where value is the Ed25519 signature (RFC 8032) by key over
//
//	"ensemble signature 1" ‖ 0x01 ‖ uvarint(len(label)) ‖ label ‖ document
//
// Both are those of package identity, where the table of labels is. A signature
// says which key signed, never whose key it is: certificates and key chains do.
//
// The package does no I/O and reads no clock.
package sign

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gowebpki/jcs"

	"github.com/ensemble-sante/ensemble/crypto/identity"
)

var (
	// ErrNotCanonical reports JSON that is not in its canonical form, or has no
	// canonical form: duplicate members, integers beyond 2^53, bad UTF-8.
	ErrNotCanonical = errors.New("not canonical JSON")

	// ErrTooLarge reports a document larger or deeper than is allowed.
	ErrTooLarge = errors.New("document too large")
)

const (
	// MaxDocument is the most bytes that a canonical document may have.
	MaxDocument = 16 << 20

	maxDepth = 64
	maxInt   = 1<<53 - 1 // RFC 7493, section 2.2
)

// Canonical returns the canonical JSON (RFC 8785) of v, which encoding/json must
// be able to encode. A [json.RawMessage] is taken as JSON text.
func Canonical(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotCanonical, err)
	}
	if err := check(raw); err != nil {
		return nil, err
	}
	b, err := jcs.Transform(raw)
	if err != nil {
		return nil, ErrNotCanonical // the library's text would quote the document
	}
	return b, nil
}

// Parse reads a canonical document into v, a pointer to a zero value. It refuses
// whatever v would lose: what was read, made canonical again, must be the same
// bytes. Errors wrap ErrNotCanonical or ErrTooLarge.
func Parse(document []byte, v any) error {
	if err := check(document); err != nil {
		return err
	}
	if err := json.Unmarshal(document, v); err != nil {
		return fmt.Errorf("%w: %w", ErrNotCanonical, err)
	}
	again, err := Canonical(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(document, again) {
		return fmt.Errorf("%w: not what its type would say", ErrNotCanonical)
	}
	return nil
}

// check refuses JSON that has no canonical form.
func check(b []byte) error {
	if len(b) > MaxDocument {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(b), MaxDocument)
	}
	if !utf8.Valid(b) {
		return fmt.Errorf("%w: not UTF-8", ErrNotCanonical)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	type level struct {
		members map[string]bool // nil in an array
		value   bool            // the next token is the value of a member
	}
	var stack []level
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNotCanonical, err)
		}
		if n := len(stack); n > 0 && stack[n-1].members != nil && !stack[n-1].value {
			if name, ok := token.(string); ok { // a member's name; else the end of the object
				if stack[n-1].members[name] {
					return fmt.Errorf("%w: duplicate member", ErrNotCanonical)
				}
				stack[n-1].members[name] = true
				stack[n-1].value = true
				continue
			}
		} else if n > 0 {
			stack[n-1].value = false
		}
		switch t := token.(type) {
		case json.Delim:
			switch t {
			case '{':
				stack = append(stack, level{members: map[string]bool{}})
			case '[':
				stack = append(stack, level{})
			default:
				stack = stack[:len(stack)-1]
			}
			if len(stack) > maxDepth {
				return fmt.Errorf("%w: nested deeper than %d", ErrTooLarge, maxDepth)
			}
		case json.Number:
			if err := checkNumber(t.String()); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkNumber(s string) error {
	if strings.ContainsAny(s, ".eE") {
		return nil // a double in any case
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > maxInt || n < -maxInt {
		return fmt.Errorf("%w: an integer beyond 2^53", ErrNotCanonical)
	}
	return nil
}

// Sum returns the digest of a canonical document under the label of its kind.
func Sum(label string, canonical []byte) [32]byte { return identity.Hash(label, canonical) }

// Ed25519 is the name of the one signature algorithm, in [Signature.Alg].
const Ed25519 = "Ed25519"

// Signature is a signature over a canonical document, as it stands in JSON.
type Signature struct {
	Alg   string `json:"alg"`
	Key   []byte `json:"key"`   // the public key, 32 bytes for Ed25519
	Value []byte `json:"value"` // 64 bytes for Ed25519
}

// Signer is a key that signs under labels: an [identity.UserKey] or an
// [identity.DeviceKey].
type Signer interface {
	Public() ed25519.PublicKey
	Sign(label string, msg []byte) []byte
}

// Sign returns key's signature over a canonical document under the label of its
// kind.
func Sign(key Signer, label string, canonical []byte) Signature {
	return Signature{Ed25519, key.Public(), key.Sign(label, canonical)[1:]}
}

// Verify checks the signature against the key that it names. Whose key that is, is
// not known here. Errors wrap [identity.ErrSignature] or [identity.ErrAlgorithm].
func (s Signature) Verify(label string, canonical []byte) error {
	if s.Alg != Ed25519 {
		return fmt.Errorf("%w: %.20q", identity.ErrAlgorithm, s.Alg)
	}
	value := append([]byte{byte(identity.Ed25519)}, s.Value...)
	return identity.Verify(s.Key, label, canonical, value)
}
