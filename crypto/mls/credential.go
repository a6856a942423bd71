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
// belongs to the signature key beside it.
type Credential struct {
	Type         uint16
	Identity     []byte   // of a basic credential
	Certificates [][]byte // of an X.509 credential: DER, end entity first
}

// BasicCredential is the credential that asserts an identity.
func BasicCredential(identity []byte) Credential {
	return Credential{Type: CredentialBasic, Identity: bytes.Clone(identity)}
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
