//go:build !js

package mls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"io"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSuitesAreNamed(t *testing.T) {
	require.Equal(t, []CipherSuite{1, 2, 3, 5, 7, 0xf0a3}, CipherSuites())
	require.Equal(t, "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519", X25519ChaCha.String())
	require.Equal(t, "MLS_128_MLKEM768X25519_CHACHA20POLY1305_SHA384_Ed25519", MLKEM768X25519ChaCha.String())
	require.True(t, X25519AES128.Supported())
	require.False(t, CipherSuite(4).Supported())
	require.Equal(t, "cipher suite 0x0004", CipherSuite(4).String())
	_, err := CipherSuite(4).lookup()
	require.ErrorIs(t, err, ErrUnsupported)
	_, err = CipherSuite(6).GenerateSignatureKey()
	require.ErrorIs(t, err, ErrUnsupported)
}

func TestTheTableOfSuitesIsConsistent(t *testing.T) {
	kems := map[CipherSuite]uint16{1: 0x20, 2: 0x10, 3: 0x20, 5: 0x12, 7: 0x11, 0xf0a3: 0x647a}
	kdfs := map[CipherSuite]uint16{1: 1, 2: 1, 3: 1, 5: 3, 7: 2, 0xf0a3: 2}
	aeads := map[CipherSuite]uint16{1: 1, 2: 1, 3: 3, 5: 2, 7: 2, 0xf0a3: 3}
	for id, s := range suites {
		require.Equal(t, id, s.id)
		require.Equal(t, kems[id], s.kem.ID(), id)
		require.Equal(t, kdfs[id], s.kdf.ID(), id)
		require.Equal(t, aeads[id], s.aead.ID(), id)
		require.Equal(t, s.nh, s.hash().Size(), id)
		aead, err := s.newAEAD(make([]byte, s.keySize))
		require.NoError(t, err)
		require.Equal(t, s.nonceLen, aead.NonceSize())
	}
}

// signedElsewhere is a key that this program cannot see, as a smart card's.
type signedElsewhere struct{ key crypto.Signer }

func (s signedElsewhere) Public() crypto.PublicKey { return s.key.Public() }
func (s signedElsewhere) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.key.Sign(r, digest, opts)
}

func TestAnySignerThatFitsTheSuiteServes(t *testing.T) {
	eachSuite(t, func(t *testing.T, id CipherSuite) {
		groups := newGroup(t, id, 2)
		c := newClient(t, id, "card holder")
		c.SignatureKey = signedElsewhere{c.SignatureKey}
		kp, private := newKeyPackage(t, c)
		staged := commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}, Now: testNow})
		g, err := JoinWelcome(c, staged.Welcome(), private, JoinOptions{Now: testNow})
		require.NoError(t, err)
		groups = append(groups, g)
		commitAndDeliver(t, groups, 2, CommitOptions{})
		chat(t, groups, 2, "signed elsewhere")
		public, err := id.SignaturePublicKey(c.SignatureKey)
		require.NoError(t, err)
		leaf, _ := g.Member(2)
		require.Equal(t, leaf.SignatureKey, public)
	})
}

func TestSignatureKeysOfOtherSchemesAreRefused(t *testing.T) {
	keys := map[CipherSuite]crypto.Signer{}
	for _, id := range CipherSuites() {
		key, err := id.GenerateSignatureKey()
		require.NoError(t, err)
		keys[id] = key
	}
	edwards := []CipherSuite{X25519AES128, X25519ChaCha, MLKEM768X25519ChaCha}
	for id := range suites {
		for other, key := range keys {
			_, err := id.SignaturePublicKey(key)
			if id == other || slices.Contains(edwards, id) && slices.Contains(edwards, other) {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, ErrKey, "a key for %v in %v", other, id)
			}
		}
		for _, broken := range []crypto.Signer{
			nil, ed25519.PrivateKey{1, 2, 3}, (*ecdsa.PrivateKey)(nil), &ecdsa.PrivateKey{},
			&ecdsa.PrivateKey{PublicKey: ecdsa.PublicKey{Curve: elliptic.P256()}},
			&ecdsa.PrivateKey{PublicKey: ecdsa.PublicKey{Curve: elliptic.P384()}},
			&ecdsa.PrivateKey{PublicKey: ecdsa.PublicKey{Curve: elliptic.P521()}},
		} {
			_, err := id.SignaturePublicKey(broken)
			require.ErrorIs(t, err, ErrKey)
			_, err = NewGroup(Client{Suite: id, Credential: BasicCredential(nil), SignatureKey: broken}, groupID, nil, testNow)
			require.ErrorIs(t, err, ErrKey)
		}
	}
}

func TestPublicKeysThatAreNoPointsOfTheCurveAreRefused(t *testing.T) {
	for _, id := range []CipherSuite{P256AES128, P384AES256, P521AES256} {
		s := suites[id]
		key, err := id.GenerateSignatureKey()
		require.NoError(t, err)
		good, err := id.SignaturePublicKey(key)
		require.NoError(t, err)
		require.NoError(t, s.signature.check(good))
		require.NoError(t, s.checkHPKEKey(good))
		size := len(good) / 2
		flipped := slices.Clone(good)
		flipped[len(good)-1] ^= 1
		compressed := append([]byte{2 | good[len(good)-1]&1}, good[1:1+size]...)
		overflow := append([]byte{4}, slices.Repeat([]byte{0xff}, 2*size)...)
		for name, bad := range map[string][]byte{
			"nothing": nil, "infinity": {0}, "compressed": compressed, "off the curve": flipped, "above the prime": overflow,
			"zero": append([]byte{4}, make([]byte, 2*size)...), "short": good[:len(good)-1], "long": append(slices.Clone(good), 0),
		} {
			require.ErrorIs(t, s.signature.check(bad), ErrMalformed, name)
			require.ErrorIs(t, s.checkHPKEKey(bad), ErrMalformed, name)
			require.False(t, s.signature.verify(bad, []byte("m"), []byte("s")), name)
			_, err := s.encryptWithLabel(bad, "x", nil, nil)
			require.ErrorIs(t, err, ErrMalformed, name)
		}
	}
}

func TestSignaturesInAnotherEncodingAreRefused(t *testing.T) {
	for _, id := range []CipherSuite{P256AES128, P384AES256, P521AES256} {
		s := suites[id]
		key, err := id.GenerateSignatureKey()
		require.NoError(t, err)
		public, err := id.SignaturePublicKey(key)
		require.NoError(t, err)
		signature, err := s.signWithLabel(key, "label", []byte("content"))
		require.NoError(t, err)
		require.True(t, s.verifyWithLabel(public, "label", []byte("content"), signature))
		require.Equal(t, byte(0x30), signature[0], "a DER sequence")
		require.False(t, s.verifyWithLabel(public, "label", []byte("content"), append(slices.Clone(signature), 0)))
		require.False(t, s.verifyWithLabel(public, "label", []byte("content"), make([]byte, len(public)-1)), "r and s side by side")
		require.False(t, s.verifyWithLabel(public, "label", []byte("content"), nil))
	}
}

func TestKeysForWhichEverybodyCanSignAreRefused(t *testing.T) {
	var points [][]byte
	for _, p := range smallOrderPoints {
		for _, sign := range []byte{0, 0x80} {
			q := p
			q[31] |= sign
			points = append(points, q[:])
		}
	}
	for _, key := range points {
		forged := 0
		require.ErrorIs(t, ed25519Scheme{}.check(key), ErrMalformed)
		for _, r := range points { // with s = 0 the point r alone is a signature of some messages
			for m := range byte(32) {
				signature := append(slices.Clone(r), make([]byte, 32)...)
				if ed25519.Verify(key, []byte{m}, signature) {
					forged++
					require.False(t, ed25519Scheme{}.verify(key, []byte{m}, signature))
				}
			}
		}
		require.Positive(t, forged, "%x is of small order", key)
	}
	key, err := X25519ChaCha.GenerateSignatureKey()
	require.NoError(t, err)
	public, err := X25519ChaCha.SignaturePublicKey(key)
	require.NoError(t, err)
	require.NoError(t, ed25519Scheme{}.check(public))
}

func FuzzSignatureKey(f *testing.F) {
	for _, id := range CipherSuites() {
		s := suites[id]
		key, err := id.GenerateSignatureKey()
		require.NoError(f, err)
		public, err := id.SignaturePublicKey(key)
		require.NoError(f, err)
		signature, err := s.signature.sign(key, []byte("message"))
		require.NoError(f, err)
		f.Add(public, []byte("message"), signature)
	}
	f.Add([]byte{4}, []byte(nil), []byte{0x30, 0x06, 2, 1, 0, 2, 1, 0})
	f.Fuzz(func(t *testing.T, public, message, signature []byte) {
		for _, s := range suites {
			if s.signature.verify(public, message, signature) {
				require.NoError(t, s.signature.check(public), "a key that verifies is one")
				require.False(t, s.signature.verify(public, append(slices.Clone(message), 0), signature))
			}
			_ = s.checkHPKEKey(public)
		}
	})
}
