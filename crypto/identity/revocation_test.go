package identity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
)

func TestARevocationProvesItselfWithoutItsChain(t *testing.T) {
	p := newPerson(t)
	phone := p.device()
	cert := p.certify(phone)
	entry := p.apply(p.chain.AppendRevoke(p.key, phone.Device(), now))
	r, err := identity.ParseRevocation(entry)
	require.NoError(t, err)
	require.Equal(t, p.id, r.User)
	require.Equal(t, phone.Device(), r.Device)
	require.NoError(t, p.chain.Includes(r.Head))
	require.NoError(t, r.Verify(cert.IdentityKey))
	require.ErrorIs(t, r.Verify(identity.NewUserKey().Public()), identity.ErrSignature)
	for name, bad := range map[string][]byte{
		"another entry": p.log[1], "nothing": nil, "cut": entry[:len(entry)-1], "longer": append(entry[:len(entry):len(entry)], 0),
	} {
		_, err := identity.ParseRevocation(bad)
		require.ErrorIs(t, err, identity.ErrMalformed, name)
	}
}

func FuzzRevocation(f *testing.F) {
	p := newPerson(f)
	phone := p.device()
	cert := p.certify(phone)
	for _, entry := range append(p.log, p.apply(p.chain.AppendRevoke(p.key, phone.Device(), now)), nil) {
		f.Add(entry)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := identity.ParseRevocation(b)
		if err == nil && r.Verify(cert.IdentityKey) == nil {
			require.Equal(t, phone.Device(), r.Device, "a revocation that nobody signed")
		}
	})
}
