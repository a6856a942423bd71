package mlsx509

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/mls"
)

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// issuer certifies others.
type issuer struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newKey(t require.TestingT, suite mls.CipherSuite) crypto.Signer {
	key, err := suite.GenerateSignatureKey()
	require.NoError(t, err)
	return key
}

// issue makes a certificate; without an issuer, one signed by itself.
func issue(t require.TestingT, by *issuer, name string, key crypto.Signer, change func(*x509.Certificate)) *issuer {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
	if change != nil {
		change(template)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &issuer{cert: cert, key: key}
}

func authority(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign }

type network struct {
	root, middle *issuer
	options      x509.VerifyOptions
}

func newNetwork(t require.TestingT) *network {
	n := &network{}
	n.root = issue(t, nil, "root", newKey(t, mls.P256AES128), authority)
	n.middle = issue(t, n.root, "hospital", newKey(t, mls.P384AES256), authority)
	n.options = x509.VerifyOptions{Roots: x509.NewCertPool(), CurrentTime: now}
	n.options.Roots.AddCert(n.root.cert)
	return n
}

func (n *network) client(t require.TestingT, suite mls.CipherSuite, name string) mls.Client {
	key := newKey(t, suite)
	end := issue(t, n.middle, name, key, nil)
	return mls.Client{Suite: suite, Credential: Credential(end.cert, n.middle.cert), SignatureKey: key}
}

func TestMembersWithCertificatesMeet(t *testing.T) {
	n := newNetwork(t)
	for _, suite := range mls.CipherSuites() {
		t.Run(suite.String(), func(t *testing.T) {
			ada := n.client(t, suite, "Ada")
			group, err := mls.NewGroup(ada, []byte("ward"), nil, now)
			require.NoError(t, err)
			bob := n.client(t, suite, "Bob")
			kp, private, err := mls.NewKeyPackage(bob, now, time.Hour)
			require.NoError(t, err)
			staged, err := group.Commit(mls.CommitOptions{Proposals: []mls.Proposal{mls.AddProposal{KeyPackage: kp}}, Now: now})
			require.NoError(t, err)
			for _, m := range staged.Changes().Added {
				_, err := VerifyLeaf(m.Leaf, n.options)
				require.NoError(t, err)
			}
			require.NoError(t, group.Merge(staged))
			joined, err := mls.JoinWelcome(bob, staged.Welcome(), private, mls.JoinOptions{Now: now})
			require.NoError(t, err)
			var names []string
			for _, m := range joined.Members() {
				require.Contains(t, m.Leaf.Capabilities.Credentials, mls.CredentialX509)
				chains, err := VerifyLeaf(m.Leaf, n.options)
				require.NoError(t, err)
				require.Len(t, chains[0], 3)
				names = append(names, chains[0][0].Subject.CommonName)
			}
			require.Equal(t, []string{"Ada", "Bob"}, names)
		})
	}
}

func TestMembersWithOtherCredentialsMeetWhereBothAreSupported(t *testing.T) {
	n := newNetwork(t)
	ada := n.client(t, mls.P256AES128, "Ada")
	bob := mls.Client{Suite: mls.P256AES128, Credential: mls.BasicCredential([]byte("Bob")), SignatureKey: newKey(t, mls.P256AES128)}
	add := func() error {
		group, err := mls.NewGroup(ada, []byte("ward"), nil, now)
		require.NoError(t, err)
		kp, _, err := mls.NewKeyPackage(bob, now, time.Hour)
		require.NoError(t, err)
		_, err = group.Commit(mls.CommitOptions{Proposals: []mls.Proposal{mls.AddProposal{KeyPackage: kp}}, Now: now})
		return err
	}
	require.ErrorIs(t, add(), mls.ErrLeafNode)
	ada.Capabilities.Credentials = []uint16{mls.CredentialBasic}
	require.ErrorIs(t, add(), mls.ErrLeafNode)
	bob.Capabilities.Credentials = []uint16{mls.CredentialX509}
	require.NoError(t, add())
}

func TestCertificatesThatDoNotHoldAreRefused(t *testing.T) {
	n := newNetwork(t)
	key, other := newKey(t, mls.X25519ChaCha), newKey(t, mls.X25519ChaCha)
	signatureKey, err := mls.X25519ChaCha.SignaturePublicKey(key)
	require.NoError(t, err)
	end := func(change func(*x509.Certificate)) *x509.Certificate {
		return issue(t, n.middle, "Ada", key, change).cert
	}
	good := end(nil)
	stranger := issue(t, nil, "stranger", newKey(t, mls.P256AES128), authority)

	_, err = Verify(Credential(good, n.middle.cert), signatureKey, n.options)
	require.NoError(t, err)
	known := n.options
	known.Intermediates = x509.NewCertPool()
	known.Intermediates.AddCert(n.middle.cert)
	_, err = Verify(Credential(good), signatureKey, known)
	require.NoError(t, err, "certificates that peers have may be left out")

	for name, c := range map[string]mls.Credential{
		"of another key":       Credential(issue(t, n.middle, "Ada", other, nil).cert, n.middle.cert),
		"of another algorithm": Credential(issue(t, n.middle, "Ada", newKey(t, mls.P256AES128), nil).cert, n.middle.cert),
		"not for signatures":   Credential(end(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }), n.middle.cert),
		"expired":              Credential(end(func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) }), n.middle.cert),
		"not yet valid":        Credential(end(func(c *x509.Certificate) { c.NotBefore = now.Add(time.Minute) }), n.middle.cert),
		"without its issuer":   Credential(good),
		"of a stranger":        Credential(issue(t, stranger, "Ada", key, nil).cert, stranger.cert),
		"signed by itself":     Credential(issue(t, nil, "Ada", key, nil).cert),
		"in the wrong order":   Credential(n.middle.cert, good),
		"empty":                Credential(),
		"not DER":              mls.X509Credential([]byte("certificate")),
		"followed by rubbish":  mls.X509Credential(good.Raw, []byte("rubbish")),
		"too long":             Credential(append([]*x509.Certificate{good}, make17(n.middle.cert)...)...),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Verify(c, signatureKey, n.options)
			require.ErrorIs(t, err, mls.ErrCredential)
		})
	}
	_, err = Verify(mls.BasicCredential([]byte("Ada")), signatureKey, n.options)
	require.ErrorIs(t, err, mls.ErrUnsupported)
	_, err = Verify(Credential(good, n.middle.cert), signatureKey, x509.VerifyOptions{CurrentTime: now})
	require.ErrorIs(t, err, mls.ErrCredential)
	_, err = Verify(Credential(good, n.middle.cert), signatureKey, x509.VerifyOptions{Roots: n.options.Roots})
	require.ErrorIs(t, err, mls.ErrCredential)

	_, err = Verify(Credential(good), signatureKey, n.options)
	var unknown x509.UnknownAuthorityError
	require.ErrorAs(t, err, &unknown, "the reason is kept")
}

func make17(c *x509.Certificate) []*x509.Certificate {
	list := make([]*x509.Certificate, 17)
	for i := range list {
		list[i] = c
	}
	return list
}

func TestMembersWithoutCertificateAreRefused(t *testing.T) {
	for name, c := range map[string]mls.Credential{"no chain": mls.X509Credential(), "an empty certificate": mls.X509Credential(nil)} {
		_, err := mls.NewGroup(mls.Client{Suite: mls.X25519ChaCha, Credential: c, SignatureKey: newKey(t, mls.X25519ChaCha)}, []byte("ward"), nil, now)
		require.ErrorIs(t, err, mls.ErrCredential, name)
	}
}

func FuzzVerify(f *testing.F) {
	n := newNetwork(f)
	key := newKey(f, mls.P256AES128)
	signatureKey, err := mls.P256AES128.SignaturePublicKey(key)
	require.NoError(f, err)
	end := issue(f, n.middle, "Ada", key, nil)
	f.Add(end.cert.Raw, n.middle.cert.Raw, signatureKey)
	f.Add([]byte{0x30, 0x80}, []byte(nil), []byte{4})
	f.Fuzz(func(t *testing.T, first, second, key []byte) {
		if chains, err := Verify(mls.X509Credential(first, second), key, n.options); err == nil {
			require.True(t, certifies(chains[0][0], key))
		}
	})
}
