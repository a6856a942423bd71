package mls

import (
	"bytes"
	"slices"
)

// Credential types (RFC 9420 §17.5).
const (
	CredentialBasic uint16 = 1
	CredentialX509  uint16 = 2
)

// Credential says who a member is (§5.3). The application judges whether it
// belongs to the signature key beside it; for certificates the package mlsx509
// helps.
type Credential struct {
	Type         uint16
	Identity     []byte   // of a basic credential
	Certificates [][]byte // of an X.509 credential: DER, end entity first
}

// BasicCredential is the credential that asserts an identity.
func BasicCredential(identity []byte) Credential {
	return Credential{Type: CredentialBasic, Identity: bytes.Clone(identity)}
}

// X509Credential is the credential that presents a chain of certificates in DER,
// the end entity's first, each certified by the one after it. The end entity's
// key must be the signature key of the leaf.
func X509Credential(chain ...[]byte) Credential {
	c := Credential{Type: CredentialX509, Certificates: make([][]byte, len(chain))}
	for i, der := range chain {
		c.Certificates[i] = bytes.Clone(der)
	}
	return c
}

// check refuses credentials that present nothing, or that this package cannot
// write.
func (c Credential) check() error {
	switch c.Type {
	case CredentialBasic:
		return nil
	case CredentialX509:
		if len(c.Certificates) == 0 || slices.ContainsFunc(c.Certificates, func(der []byte) bool { return len(der) == 0 }) {
			return rule(ErrCredential, "5.3", "X.509 credential without its end-entity certificate")
		}
		return nil
	default:
		return rule(ErrUnsupported, "5.3", "credential type 0x%04x", c.Type)
	}
}

// Equal says whether both present the same.
func (c Credential) Equal(o Credential) bool {
	return c.Type == o.Type && bytes.Equal(c.Identity, o.Identity) &&
		slices.EqualFunc(c.Certificates, o.Certificates, bytes.Equal)
}

func (c Credential) append(b []byte) []byte {
	b = appendUint16(b, c.Type)
	if c.Type == CredentialX509 {
		return appendList(b, func(b []byte) []byte {
			for _, cert := range c.Certificates {
				b = appendVector(b, cert)
			}
			return b
		})
	}
	return appendVector(b, c.Identity)
}

func (d *decoder) credential() Credential {
	c := Credential{Type: d.uint16()}
	switch c.Type {
	case CredentialBasic:
		c.Identity = d.vector()
	case CredentialX509:
		list := d.list()
		for list.more() {
			c.Certificates = append(c.Certificates, list.vector())
		}
		d.joined(list)
	default:
		d.failErr(rule(ErrUnsupported, "5.3", "credential type 0x%04x", c.Type))
	}
	return c
}
