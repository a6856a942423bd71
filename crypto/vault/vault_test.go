package vault_test

import (
	"bytes"
	"crypto/hpke"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
	"github.com/ensemble-sante/ensemble/crypto/vault"
)

func wayIn(t testing.TB, secret string) hpke.PrivateKey {
	k, err := vault.SlotKeyFromSecret([]byte(secret))
	require.NoError(t, err)
	return k
}

func newVault(t testing.TB) (v *vault.Vault, passkey, phrase identity.ID) {
	v = vault.New()
	var err error
	passkey, err = v.AddSlot(vault.Passkey, wayIn(t, "passkey secret").PublicKey())
	require.NoError(t, err)
	phrase, err = v.AddSlot(vault.Phrase, wayIn(t, "phrase secret").PublicKey())
	require.NoError(t, err)
	require.NoError(t, v.Set("identity", []byte("seed")))
	require.NoError(t, v.Set("empty", nil))
	return v, passkey, phrase
}

func contents(v *vault.Vault) map[string]string {
	m := map[string]string{}
	for name, value := range v.Range() {
		m[name] = string(value)
	}
	return m
}

func TestVaultOpensThroughEverySlot(t *testing.T) {
	v, passkey, phrase := newVault(t)
	blob, version, hash := v.Seal()
	require.Equal(t, uint64(1), version)
	require.Equal(t, vault.Hash(blob), hash)
	for slot, secret := range map[identity.ID]string{passkey: "passkey secret", phrase: "phrase secret"} {
		found, err := vault.FindSlot(blob, wayIn(t, secret).PublicKey())
		require.NoError(t, err)
		require.Equal(t, slot, found)
		got, err := vault.Open(blob, slot, wayIn(t, secret))
		require.NoError(t, err)
		require.Equal(t, map[string]string{"identity": "seed", "empty": ""}, contents(got))
		require.Equal(t, uint64(1), got.Version())
		require.Equal(t, v.Slots(), got.Slots())
		require.NoError(t, got.Set("more", []byte("x")))
		_, version, _ := got.Seal()
		require.Equal(t, uint64(2), version)
	}
	_, err := vault.FindSlot(blob, wayIn(t, "another secret").PublicKey())
	require.ErrorIs(t, err, vault.ErrNoSlot)
}

func TestWrongKeyWrongSlotAndAlteredBlobAreToldApart(t *testing.T) {
	v, passkey, phrase := newVault(t)
	blob, _, _ := v.Seal()
	_, err := vault.Open(blob, phrase, wayIn(t, "passkey secret"))
	require.ErrorIs(t, err, vault.ErrWrongKey)
	_, err = vault.Open(blob, identity.NewID(), wayIn(t, "passkey secret"))
	require.ErrorIs(t, err, vault.ErrNoSlot)
	for i := 0; i < len(blob); i += 5 {
		bad := bytes.Clone(blob)
		bad[i] ^= 1
		_, err := vault.Open(bad, passkey, wayIn(t, "passkey secret"))
		require.Error(t, err, "byte %d", i)
	}
	bad := bytes.Clone(blob)
	bad[len(bad)-1] ^= 1
	_, err = vault.Open(bad, passkey, wayIn(t, "passkey secret"))
	require.ErrorIs(t, err, vault.ErrAltered)
	_, err = vault.Open(blob[:len(blob)-1], passkey, wayIn(t, "passkey secret"))
	require.ErrorIs(t, err, vault.ErrMalformed)
	_, err = vault.Open(make([]byte, vault.MaxBlob+1), passkey, wayIn(t, "passkey secret"))
	require.ErrorIs(t, err, vault.ErrTooLarge)
}

// A server that may write the blob puts in a way of its own, or puts its key in the
// place of another's, hoping that the next rewrap seals to it.
func TestForeignSlotIsNoticed(t *testing.T) {
	v, passkey, phrase := newVault(t)
	blob, _, _ := v.Seal()
	evil := wayIn(t, "evil secret").PublicKey().Bytes()
	for name, change := range map[string]func(m map[uint64]any){
		"added": func(m map[uint64]any) {
			slots := m[5].([]any)
			first := slots[0].(map[any]any)
			m[5] = append(slots, map[any]any{uint64(1): bytes.Repeat([]byte{0xff}, 16), uint64(2): uint64(1), uint64(3): evil, uint64(4): first[uint64(4)], uint64(5): first[uint64(5)]})
		},
		"replaced": func(m map[uint64]any) {
			for _, s := range m[5].([]any) {
				if s := s.(map[any]any); bytes.Equal(s[uint64(1)].([]byte), phrase.Bytes()) {
					s[uint64(3)] = evil
				}
			}
		},
		"removed": func(m map[uint64]any) {
			slots := m[5].([]any)
			for i, s := range slots {
				if bytes.Equal(s.(map[any]any)[uint64(1)].([]byte), passkey.Bytes()) {
					m[5] = slots[i : i+1]
				}
			}
		},
		"version": func(m map[uint64]any) { m[4] = uint64(9) },
	} {
		t.Run(name, func(t *testing.T) {
			var m map[uint64]any
			require.NoError(t, strictcbor.Unmarshal(blob, &m, vault.MaxBlob))
			change(m)
			bad, err := strictcbor.Marshal(m)
			require.NoError(t, err)
			_, err = vault.Open(bad, passkey, wayIn(t, "passkey secret"))
			require.ErrorIs(t, err, vault.ErrAltered)
		})
	}
}

func TestRemovedSlotOpensNothingNew(t *testing.T) {
	v, passkey, phrase := newVault(t)
	old, _, _ := v.Seal()
	// The device knows only public keys of the other ways in, and rewraps for all.
	device, err := vault.Open(old, phrase, wayIn(t, "phrase secret"))
	require.NoError(t, err)
	lost := wayIn(t, "passkey secret")
	require.NoError(t, device.RemoveSlot(passkey))
	blob, version, _ := device.Seal()
	require.Equal(t, uint64(2), version)
	_, err = vault.Open(blob, passkey, lost)
	require.ErrorIs(t, err, vault.ErrNoSlot)
	_, err = vault.Open(blob, phrase, lost)
	require.ErrorIs(t, err, vault.ErrWrongKey)
	// With the old slot spliced in, its old vault key opens nothing.
	var before, after map[uint64]any
	require.NoError(t, strictcbor.Unmarshal(old, &before, vault.MaxBlob))
	require.NoError(t, strictcbor.Unmarshal(blob, &after, vault.MaxBlob))
	after[5] = before[5]
	spliced, err := strictcbor.Marshal(after)
	require.NoError(t, err)
	_, err = vault.Open(spliced, passkey, lost)
	require.ErrorIs(t, err, vault.ErrAltered)

	_, err = vault.Open(blob, phrase, wayIn(t, "phrase secret"))
	require.NoError(t, err)
	require.ErrorIs(t, device.RemoveSlot(phrase), vault.ErrLastSlot)
	require.ErrorIs(t, device.RemoveSlot(passkey), vault.ErrNoSlot)
}

func TestRollbackIsVisible(t *testing.T) {
	v, _, _ := newVault(t)
	first, version1, hash1 := v.Seal()
	second, version2, hash2 := v.Seal()
	newest := identity.VaultHead{Version: version2, Hash: hash2}
	require.NoError(t, vault.Check(second, newest))
	require.ErrorIs(t, vault.Check(first, newest), vault.ErrRolledBack)
	require.ErrorIs(t, vault.Check(second, identity.VaultHead{Version: version1, Hash: hash1}), vault.ErrUnlogged)
	require.ErrorIs(t, vault.Check(second, identity.VaultHead{Version: version2, Hash: hash1}), vault.ErrRolledBack)
	require.ErrorIs(t, vault.Check(nil, newest), vault.ErrMalformed)
}

func TestSecretsAreCopiedAndBounded(t *testing.T) {
	v, _, _ := newVault(t)
	value := []byte("abc")
	require.NoError(t, v.Set("k", value))
	value[0] = 'X'
	got, ok := v.Get("k")
	require.True(t, ok)
	require.Equal(t, "abc", string(got))
	got[0] = 'X'
	got, _ = v.Get("k")
	require.Equal(t, "abc", string(got))
	v.Delete("k")
	v.Delete("k")
	_, ok = v.Get("k")
	require.False(t, ok)

	for _, name := range []string{"", strings.Repeat("n", vault.MaxName+1), "\xff"} {
		require.ErrorIs(t, v.Set(name, nil), vault.ErrMalformed)
	}
	before := contents(v)
	require.ErrorIs(t, v.Set("big", make([]byte, vault.MaxSecrets)), vault.ErrTooLarge)
	require.Equal(t, before, contents(v))
	require.NoError(t, v.Set("big", make([]byte, vault.MaxSecrets-100)))
	require.NoError(t, v.Set("big", make([]byte, vault.MaxSecrets-100)), "replaced, not added")
	require.ErrorIs(t, v.Set("more", make([]byte, 100)), vault.ErrTooLarge)
	blob, _, _ := v.Seal()
	require.LessOrEqual(t, len(blob), vault.MaxBlob)
	slot, err := vault.FindSlot(blob, wayIn(t, "passkey secret").PublicKey())
	require.NoError(t, err)
	again, err := vault.Open(blob, slot, wayIn(t, "passkey secret"))
	require.NoError(t, err)
	require.Equal(t, contents(v), contents(again))
	v.Delete("big")
	require.NoError(t, v.Set("more", make([]byte, 100)))
}

func TestVaultWithoutAWayInIsNotSealed(t *testing.T) {
	v := vault.New()
	blob, version, _ := v.Seal()
	require.Nil(t, blob)
	require.Zero(t, version)
	_, err := v.AddSlot(9, wayIn(t, "passkey secret").PublicKey())
	require.ErrorIs(t, err, vault.ErrMalformed)
	k, err := hpke.MLKEM768().GenerateKey()
	require.NoError(t, err)
	_, err = v.AddSlot(vault.Device, k.PublicKey())
	require.ErrorIs(t, err, vault.ErrMalformed)
	_, err = vault.SlotKeyFromSecret(make([]byte, 9))
	require.ErrorIs(t, err, vault.ErrMalformed)
	for range vault.MaxSlots {
		_, err = v.AddSlot(vault.Passkey, wayIn(t, "passkey secret").PublicKey())
		require.NoError(t, err)
	}
	_, err = v.AddSlot(vault.Passkey, wayIn(t, "passkey secret").PublicKey())
	require.ErrorIs(t, err, vault.ErrTooLarge)
}

func TestSmallVaultsLookAlike(t *testing.T) {
	v, _, _ := newVault(t)
	small, _, _ := v.Seal()
	require.NoError(t, v.Set("key", make([]byte, 1000)))
	larger, _, _ := v.Seal()
	require.Len(t, larger, len(small))
}

func TestPhraseIsReadHoweverItIsTyped(t *testing.T) {
	for range 50 {
		phrase, secret := vault.NewPhrase()
		require.Len(t, phrase, 29)
		for _, typed := range []string{
			phrase, strings.ToLower(phrase), strings.ReplaceAll(phrase, "-", " "), " " + strings.ReplaceAll(phrase, "-", "") + "\n",
			strings.NewReplacer("0", "o", "1", "l").Replace(phrase), strings.NewReplacer("0", "O", "1", "I").Replace(phrase),
		} {
			got, err := vault.ParsePhrase(typed)
			require.NoError(t, err, typed)
			require.Equal(t, secret, got)
		}
		for _, typed := range []string{
			phrase[1:], phrase + "0", phrase[:28], "U" + phrase[1:], "*" + phrase[1:], "", phrase + phrase, strings.Repeat(" ", 300) + phrase,
		} {
			_, err := vault.ParsePhrase(typed)
			require.ErrorIs(t, err, vault.ErrPhrase, typed)
		}
	}
	refused := 0
	phrase, _ := vault.NewPhrase()
	for i := range phrase {
		for _, c := range []byte("0123456789ABCDEFGHJKMNPQRSTVWXYZ") {
			if phrase[i] == '-' || phrase[i] == c {
				continue
			}
			if _, err := vault.ParsePhrase(phrase[:i] + string(c) + phrase[i+1:]); err != nil {
				refused++
			}
		}
	}
	require.Greater(t, refused, 25*31*85/100, "most single slips are noticed")
}

func FuzzOpen(f *testing.F) {
	v, passkey, _ := newVault(f)
	blob, _, _ := v.Seal()
	key := wayIn(f, "passkey secret")
	f.Add(blob)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := vault.Open(b, passkey, key); err == nil {
			require.Equal(t, blob, b)
		}
	})
}

func FuzzParsePhrase(f *testing.F) {
	f.Add("4T9KX-00000-00000-00000-00000")
	f.Fuzz(func(t *testing.T, s string) {
		if secret, err := vault.ParsePhrase(s); err == nil {
			require.Len(t, secret, 15)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			v, _, _ := newVault(b)
			for i := range n {
				require.NoError(b, v.Set(fmt.Sprintf("record/%06d", i), make([]byte, 32)))
			}
			b.ReportAllocs()
			for b.Loop() {
				v.Seal()
			}
		})
	}
}
