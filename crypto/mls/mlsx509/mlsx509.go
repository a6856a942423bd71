// Package mlsx509 judges the X.509 credentials of MLS (RFC 9420 §5.3): a chain of
// certificates, of which the first certifies the signature key of a leaf node or
// of an external sender.
//
// It stands apart from package mls so that programs whose members have other
// credentials carry no parser of certificates. Like that package it reads no
// clock and no file: [Verify] asks for the time and for the roots.
//
// Whom a certificate names, and whether they may be in the group, the application
// judges, with the chain that Verify gives: for every member of a group that is
// joined, every member that [mls.Changes] names as added or updated, and every
// external sender when the group's list changes (§5.3.1). Where a member's
// credential changes it also judges whether the new one may succeed the old.
package mlsx509

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/x509"
	"fmt"

	"github.com/ensemble-sante/ensemble/crypto/mls"
)

// Credential presents a chain of certificates, the end entity's first. Those
// that all peers have may be left out.
func Credential(chain ...*x509.Certificate) mls.Credential {
	der := make([][]byte, len(chain))
	for i, c := range chain {
		der[i] = c.Raw
	}
	return mls.X509Credential(der...)
}

// maxChain bounds the certificates that are read: a longer chain is no one's.
const maxChain = 16

// Chain decodes the certificates of a credential, the end entity's first. Nothing
// is verified. A credential of another type is [mls.ErrUnsupported], and
// certificates that cannot be read are [mls.ErrCredential].
func Chain(c mls.Credential) ([]*x509.Certificate, error) {
	if c.Type != mls.CredentialX509 {
		return nil, &mls.Error{Kind: mls.ErrUnsupported, Section: "5.3", Rule: fmt.Sprintf("credential of type %d is not an X.509 one", c.Type)}
	}
	if len(c.Certificates) == 0 || len(c.Certificates) > maxChain {
		return nil, invalid("chain of %d certificates", len(c.Certificates))
	}
	chain := make([]*x509.Certificate, len(c.Certificates))
	for i, der := range c.Certificates {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", invalid("certificate %d cannot be read", i), err)
		}
		chain[i] = cert
	}
	return chain, nil
}

// VerifyLeaf is [Verify] for a leaf node.
func VerifyLeaf(leaf *mls.LeafNode, opts x509.VerifyOptions) ([][]*x509.Certificate, error) {
	return Verify(leaf.Credential, leaf.SignatureKey, opts)
}

// Verify checks that the end-entity certificate certifies the signature key (as
// leaf nodes and external senders encode it), that it may sign, and that it chains
// up to one of the roots at the given time. It returns all such chains.
//
// CurrentTime and Roots must be set. The credential's other certificates are
// added to the intermediates; certificates for any extended usage are taken
// unless KeyUsages asks for some. What does not hold is [mls.ErrCredential], and
// wraps the error of crypto/x509 where there is one.
func Verify(c mls.Credential, signatureKey []byte, opts x509.VerifyOptions) ([][]*x509.Certificate, error) {
	if opts.Roots == nil || opts.CurrentTime.IsZero() {
		return nil, invalid("no roots, or no time, to judge the chain by")
	}
	chain, err := Chain(c)
	if err != nil {
		return nil, err
	}
	end := chain[0]
	if !certifies(end, signatureKey) {
		return nil, invalid("the end-entity certificate is for another key than signature_key")
	}
	if end.KeyUsage != 0 && end.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return nil, invalid("the end-entity certificate is not for signatures")
	}
	intermediates := x509.NewCertPool()
	if opts.Intermediates != nil {
		intermediates = opts.Intermediates.Clone()
	}
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	opts.Intermediates = intermediates
	if len(opts.KeyUsages) == 0 {
		opts.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
	}
	verified, err := end.Verify(opts)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", invalid("the chain does not lead to a root"), err)
	}
	return verified, nil
}

// certifies says whether a certificate's public key is the encoded one (§5.1.1).
func certifies(cert *x509.Certificate, signatureKey []byte) bool {
	var key []byte
	switch k := cert.PublicKey.(type) {
	case ed25519.PublicKey:
		key = k
	case *ecdsa.PublicKey:
		b, err := k.Bytes()
		if err != nil {
			return false
		}
		key = b
	}
	return len(key) > 0 && bytes.Equal(key, signatureKey)
}

func invalid(format string, args ...any) error {
	return &mls.Error{Kind: mls.ErrCredential, Section: "5.3", Rule: fmt.Sprintf(format, args...)}
}
