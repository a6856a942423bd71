package identity_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
)

func TestIDHasOneText(t *testing.T) {
	id, err := identity.IDFromBytes([]byte("0123456789abcdef"))
	require.NoError(t, err)
	require.Equal(t, "gaytemzugu3doobzmfrggzdfmy", id.String())
	got, err := identity.ParseID(id.String())
	require.NoError(t, err)
	require.Equal(t, id, got)

	for name, s := range map[string]string{
		"empty":      "",
		"short":      "gaytemzugu3doobzmfrggzdfm",
		"long":       "gaytemzugu3doobzmfrggzdfmya",
		"upper case": "GAYTEMZUGU3DOOBZMFRGGZDFMY",
		"padded":     "gaytemzugu3doobzmfrggzdfm=",
		"stray bits": "gaytemzugu3doobzmfrggzdfmz",
		"new line":   "gaytemzugu3doobzmfrggzdfm\n",
		"alphabet":   "0aytemzugu3doobzmfrggzdfmy",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := identity.ParseID(s)
			require.ErrorIs(t, err, identity.ErrMalformed)
		})
	}
}

func TestIDTravelsInJSONAndCBOR(t *testing.T) {
	id := identity.NewID()
	j, err := json.Marshal(map[identity.ID]identity.ID{id: id})
	require.NoError(t, err)
	require.Equal(t, `{"`+id.String()+`":"`+id.String()+`"}`, string(j))
	var fromJSON map[identity.ID]identity.ID
	require.NoError(t, json.Unmarshal(j, &fromJSON))
	require.Equal(t, id, fromJSON[id])

	c, err := cbor.Marshal([]identity.ID{id})
	require.NoError(t, err)
	require.Equal(t, append([]byte{0x81, 0x50}, id.Bytes()...), c)
	var fromCBOR []identity.ID
	require.NoError(t, cbor.Unmarshal(c, &fromCBOR))
	require.Equal(t, []identity.ID{id}, fromCBOR)

	// A library's own decoding of arrays would pad this one with a zero.
	short := append([]byte{0x81, 0x4f}, id[:15]...)
	require.ErrorIs(t, cbor.Unmarshal(short, &fromCBOR), identity.ErrMalformed)
}

func TestIDsAreDistinct(t *testing.T) {
	require.NotEqual(t, identity.NewID(), identity.NewID())
	require.False(t, identity.NewID().IsZero())
	require.True(t, identity.ID{}.IsZero())
}

func TestLabelsAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for _, l := range identity.Labels() {
		require.False(t, seen[l], l)
		require.True(t, strings.HasPrefix(l, "ensemble "), l)
		seen[l] = true
	}
	require.GreaterOrEqual(t, len(seen), 25)
}

func TestSignatureIsBoundToKeyLabelAndMessage(t *testing.T) {
	k := identity.NewUserKey()
	sig := k.Sign(identity.LabelMinutes, []byte("decision"))
	require.Len(t, sig, identity.SignatureSize)
	require.NoError(t, identity.Verify(k.Public(), identity.LabelMinutes, []byte("decision"), sig))

	other := identity.NewUserKey()
	require.ErrorIs(t, identity.Verify(other.Public(), identity.LabelMinutes, []byte("decision"), sig), identity.ErrSignature)
	require.ErrorIs(t, identity.Verify(k.Public(), identity.LabelConsent, []byte("decision"), sig), identity.ErrSignature)
	require.ErrorIs(t, identity.Verify(k.Public(), identity.LabelMinutes, []byte("decisiom"), sig), identity.ErrSignature)
	// Moving a byte from the label to the message changes what is signed.
	require.ErrorIs(t, identity.Verify(k.Public(), identity.LabelMinutes+"d", []byte("ecision"), sig), identity.ErrSignature)
	for i := range sig {
		bad := bytes.Clone(sig)
		bad[i] ^= 1
		require.Error(t, identity.Verify(k.Public(), identity.LabelMinutes, []byte("decision"), bad))
	}
	bad := bytes.Clone(sig)
	bad[0] = 2
	require.ErrorIs(t, identity.Verify(k.Public(), identity.LabelMinutes, []byte("decision"), bad), identity.ErrAlgorithm)
	require.ErrorIs(t, identity.Verify(k.Public(), identity.LabelMinutes, []byte("decision"), nil), identity.ErrSignature)
	require.ErrorIs(t, identity.Verify(k.Public(), identity.LabelMinutes, []byte("decision"), sig[:64]), identity.ErrSignature)
	require.ErrorIs(t, identity.Verify(k.Public()[:31], identity.LabelMinutes, []byte("decision"), sig), identity.ErrSignature)
}

func TestSignatureFormatIsFrozen(t *testing.T) {
	k, err := identity.UserKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	require.NoError(t, err)
	require.Equal(t, "656e73656d626c65207369676e6174757265203101"+"10"+hex.EncodeToString([]byte("ensemble minutes"))+"ff",
		hex.EncodeToString(identity.SignedBytes(identity.LabelMinutes, []byte{0xff})))
	sig := sha256.Sum256(k.Sign(identity.LabelMinutes, []byte{0xff}))
	require.Equal(t, frozenSignature, hex.EncodeToString(sig[:]))
	h := identity.KeyHash(k.Public())
	require.Equal(t, frozenKeyHash, hex.EncodeToString(h[:]))
	require.Equal(t, h, k.Hash())
	require.Equal(t, bytes.Repeat([]byte{7}, 32), k.Seed())
}

// Computed from the package doc by two other implementations (Python's
// cryptography and Node's crypto).
const (
	frozenSignature = "1ec95b97da8d7a9c4962faeabd05ff7de77aa1a50954e184339e86fa8cb7c970"
	frozenKeyHash   = "587519948bd7605d10dc92c991f9179845d27d60941d87e87fb7a6b1286f30c7"
)

func TestKeysOfSmallOrderAreRefused(t *testing.T) {
	// With the identity as key and as R, S = 0 is a signature of everything.
	key := make(ed25519.PublicKey, 32)
	key[0] = 1
	sig := make([]byte, 64)
	sig[0] = 1
	msg := []byte("anything")
	require.True(t, ed25519.Verify(key, identity.SignedBytes(identity.LabelEvent, msg), sig), "the attack works on the bare primitive")
	require.ErrorIs(t, identity.Verify(key, identity.LabelEvent, msg, append([]byte{1}, sig...)), identity.ErrSignature)
	for _, s := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		b, err := hex.DecodeString(s)
		require.NoError(t, err)
		require.ErrorIs(t, identity.CheckPublicKey(b), identity.ErrSignature, s)
	}
	require.NoError(t, identity.CheckPublicKey(identity.NewUserKey().Public()))
}

func TestDeviceKeyComesBackFromItsSecret(t *testing.T) {
	user := identity.NewID()
	k, err := identity.NewDeviceKey(user)
	require.NoError(t, err)
	again, err := identity.DeviceKeyFromSecret(user, k.Secret())
	require.NoError(t, err)
	require.Equal(t, k.Device(), again.Device())
	require.Equal(t, k.Keys(), again.Keys())
	require.Len(t, k.SealPublic(), identity.SealKeySize)
	require.Equal(t, user, again.User())
	require.NoError(t, identity.Verify(k.Public(), "x", []byte("m"), again.Sign("x", []byte("m"))))
	_, err = identity.DeviceKeyFromSecret(user, k.Secret()[:63])
	require.ErrorIs(t, err, identity.ErrMalformed)
	_, err = identity.UserKeyFromSeed(k.Secret())
	require.ErrorIs(t, err, identity.ErrMalformed)
}

func TestCredentialHoldsUserAndDevice(t *testing.T) {
	u, d := identity.NewID(), identity.NewID()
	user, device, err := identity.ParseCredential(identity.Credential(u, d))
	require.NoError(t, err)
	require.Equal(t, []identity.ID{u, d}, []identity.ID{user, device})
	_, _, err = identity.ParseCredential(u.Bytes())
	require.ErrorIs(t, err, identity.ErrMalformed)
}
