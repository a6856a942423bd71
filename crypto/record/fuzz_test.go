package record_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/record"
)

func FuzzParseEvent(f *testing.F) {
	k, err := identity.NewDeviceKey(author)
	require.NoError(f, err)
	f.Add(record.SignEvent(newEvent(), k.SignatureKey()))
	f.Add([]byte{0xa2, 1, 0x40, 2, 0x41, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, verify, err := record.ParseEvent(b)
		if err != nil {
			return
		}
		require.NoError(t, e.Check())
		if verify(k.Public()) == nil {
			require.Equal(t, b, record.SignEvent(e, k.SignatureKey()))
		}
	})
}

func FuzzParseEnvelope(f *testing.F) {
	f.Add(envelope(1).Canonical())
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := record.ParseEnvelope(b); err == nil {
			require.Equal(t, b, e.Canonical())
		}
	})
}

func FuzzOpen(f *testing.F) {
	k := record.DeriveKey(make([]byte, 32))
	sealed, err := k.Seal(header(), []byte("x"))
	require.NoError(f, err)
	f.Add(sealed)
	f.Add(sealed[:57])
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := k.Open(header(), b); err == nil {
			require.Equal(t, sealed, b)
		}
	})
}

func FuzzParseGrant(f *testing.F) {
	w := newGrant(f)
	f.Add(w.sealed)
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := record.ParseGrant(b)
		if err != nil {
			return
		}
		_, err = g.Open(w.recipient)
		if err == nil {
			_, err = record.OpenGrant(w.recipient, w.granter.Public(), b)
		}
		if !bytes.Equal(b, w.sealed) {
			require.Error(t, err)
		}
	})
}

func BenchmarkNext(b *testing.B) {
	chain, e := [32]byte{}, envelope(1)
	b.ReportAllocs()
	for b.Loop() {
		chain = record.Next(chain, e)
	}
}

func BenchmarkSignEvent(b *testing.B) {
	k, err := identity.NewDeviceKey(author)
	require.NoError(b, err)
	e := newEvent()
	b.ReportAllocs()
	for b.Loop() {
		record.SignEvent(e, k.SignatureKey())
	}
}

func BenchmarkParseAndVerifyEvent(b *testing.B) {
	k, err := identity.NewDeviceKey(author)
	require.NoError(b, err)
	signed := record.SignEvent(newEvent(), k.SignatureKey())
	b.ReportAllocs()
	for b.Loop() {
		_, verify, err := record.ParseEvent(signed)
		if err != nil || verify(k.Public()) != nil {
			b.Fatal("refused")
		}
	}
}

func BenchmarkSealAndOpen(b *testing.B) {
	k := record.DeriveKey(make([]byte, 32))
	for _, n := range []int{300, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			plaintext := make([]byte, n)
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				sealed, err := k.Seal(header(), plaintext)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := k.Open(header(), sealed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
