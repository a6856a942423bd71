package identity_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

const now = int64(1_800_000_000_000)

type person struct {
	t     testing.TB
	id    identity.ID
	key   identity.UserKey
	chain *identity.KeyChain
	log   [][]byte
}

func newPerson(t testing.TB) *person {
	p := &person{t: t, id: identity.NewID(), key: identity.NewUserKey(), chain: new(identity.KeyChain)}
	p.apply(p.chain.AppendInit(p.key, p.id, now))
	return p
}

func (p *person) apply(entry []byte, err error) []byte {
	p.t.Helper()
	require.NoError(p.t, err)
	require.NoError(p.t, p.chain.Apply(entry))
	p.log = append(p.log, entry)
	return entry
}

func (p *person) device() identity.DeviceKey {
	p.t.Helper()
	k, err := identity.NewDeviceKey(p.id)
	require.NoError(p.t, err)
	return k
}

func (p *person) certify(k identity.DeviceKey) identity.DeviceCertificate {
	p.t.Helper()
	p.apply(p.chain.AppendCertify(p.key, k.Keys(), now))
	d, ok := p.chain.Device(k.Device())
	require.True(p.t, ok)
	return d.Certificate
}

func TestChainTellsTheStateOfAUsersKeys(t *testing.T) {
	p := newPerson(t)
	require.Equal(t, p.id, p.chain.User())
	require.Equal(t, p.key.Public(), p.chain.IdentityKey())
	phone, laptop := p.device(), p.device()
	cert := p.certify(phone)
	p.certify(laptop)
	require.NoError(t, cert.Verify())
	require.NoError(t, p.chain.CheckCertificate(cert))
	require.Equal(t, uint64(2), cert.Number)
	require.Less(t, len(cert.Bytes()), 260)

	d, ok := p.chain.Device(phone.Device())
	require.True(t, ok)
	require.Equal(t, phone.SealPublic(), d.SealKey)
	require.False(t, d.Revoked)
	require.Len(t, p.chain.Devices(), 2)
	_, ok = p.chain.Device(identity.NewID())
	require.False(t, ok)

	p.apply(p.chain.AppendRevoke(p.key, phone.Device(), now))
	d, _ = p.chain.Device(phone.Device())
	require.True(t, d.Revoked)
	require.Equal(t, uint64(4), d.RevokedBy)
	require.ErrorIs(t, p.chain.CheckCertificate(cert), identity.ErrRevoked)

	_, ok = p.chain.Vault()
	require.False(t, ok)
	p.apply(p.chain.AppendVault(p.key, 3, [32]byte{9}, now))
	v, ok := p.chain.Vault()
	require.True(t, ok)
	require.Equal(t, identity.VaultHead{Version: 3, Hash: [32]byte{9}}, v)

	replayed, err := identity.ReplayKeyChain(p.log)
	require.NoError(t, err)
	require.Equal(t, p.chain, replayed)
}

func TestRotationEndsEveryDeviceUntilItIsCertifiedAgain(t *testing.T) {
	p := newPerson(t)
	kept, lost, revoked := p.device(), p.device(), p.device()
	old := p.certify(kept)
	p.certify(lost)
	p.certify(revoked)
	p.apply(p.chain.AppendRevoke(p.key, revoked.Device(), now))

	fresh := identity.NewUserKey()
	p.apply(p.chain.AppendRotate(p.key, fresh, now))
	before := p.key
	p.key = fresh
	require.Equal(t, fresh.Public(), p.chain.IdentityKey())
	require.Equal(t, uint64(6), p.chain.IdentitySince())
	require.ErrorIs(t, p.chain.CheckCertificate(old), identity.ErrRevoked)

	renewed := p.certify(kept)
	require.NoError(t, p.chain.CheckCertificate(renewed))
	require.ErrorIs(t, p.chain.CheckCertificate(old), identity.ErrCertificate)
	d, _ := p.chain.Device(lost.Device())
	require.True(t, d.Revoked)

	_, err := p.chain.AppendCertify(fresh, revoked.Keys(), now)
	require.ErrorIs(t, err, identity.ErrRevoked, "a revoked device never comes back")
	_, err = p.chain.AppendVault(before, 1, [32]byte{}, now)
	require.ErrorIs(t, err, identity.ErrSignature, "the old key signs nothing more")
	_, err = p.chain.AppendRotate(fresh, before, now)
	require.ErrorIs(t, err, identity.ErrMalformed, "a replaced key never comes back")
}

func TestEntriesThatDoNotFitAreRefusedAndChangeNothing(t *testing.T) {
	p := newPerson(t)
	phone := p.device()
	p.certify(phone)
	p.apply(p.chain.AppendVault(p.key, 5, [32]byte{1}, now))
	stranger := newPerson(t)
	other := p.device()

	// resign changes fields of the next entry and signs it again.
	resign := func(e []byte, k identity.UserKey, change func(m map[uint64]any)) []byte {
		s, err := identity.ParseSigned(e, identity.MaxEntry)
		require.NoError(t, err)
		var m map[uint64]any
		require.NoError(t, strictcbor.Unmarshal(s.Payload, &m, identity.MaxEntry))
		change(m)
		payload, err := strictcbor.Marshal(m)
		require.NoError(t, err)
		return identity.Signed{Payload: payload, Signature: k.Sign(identity.LabelKeyChain, payload)}.Bytes()
	}
	next, err := p.chain.AppendCertify(p.key, other.Keys(), now)
	require.NoError(t, err)
	body := func(fields map[uint64]any) []byte {
		b, err := strictcbor.Marshal(fields)
		require.NoError(t, err)
		return b
	}
	wrongNumber, err := p.key.Certify(other.Keys(), now, 9)
	require.NoError(t, err)
	foreign, err := stranger.key.Certify(other.Keys(), now, 4)
	require.NoError(t, err)
	right, err := p.key.Certify(other.Keys(), now, 4)
	require.NoError(t, err)
	forged := right
	forged.Signature = bytes.Clone(right.Signature)
	forged.Signature[9] ^= 1
	strangers := stranger.device()
	theirs, err := p.key.Certify(strangers.Keys(), now, 4)
	require.NoError(t, err)

	for name, tc := range map[string]struct {
		entry []byte
		want  error
	}{
		"signed by a stranger":      {resign(next, stranger.key, func(map[uint64]any) {}), identity.ErrSignature},
		"the first again":           {p.log[0], identity.ErrOutOfOrder},
		"the newest again":          {p.log[2], identity.ErrOutOfOrder},
		"one missing":               {resign(next, p.key, func(m map[uint64]any) { m[3] = uint64(5) }), identity.ErrOutOfOrder},
		"another history":           {resign(next, p.key, func(m map[uint64]any) { m[4] = make([]byte, 32) }), identity.ErrForked},
		"another user":              {resign(next, p.key, func(m map[uint64]any) { m[2] = stranger.id.Bytes() }), identity.ErrMalformed},
		"unknown version":           {resign(next, p.key, func(m map[uint64]any) { m[1] = uint64(2) }), identity.ErrMalformed},
		"unknown type":              {resign(next, p.key, func(m map[uint64]any) { m[5] = uint64(6) }), identity.ErrMalformed},
		"init in the middle":        {resign(next, p.key, func(m map[uint64]any) { m[5] = uint64(1) }), identity.ErrOutOfOrder},
		"unknown field":             {resign(next, p.key, func(m map[uint64]any) { m[8] = uint64(1) }), identity.ErrMalformed},
		"body of another type":      {resign(next, p.key, func(m map[uint64]any) { m[5] = uint64(5) }), identity.ErrMalformed},
		"certificate of another no": {resign(next, p.key, func(m map[uint64]any) { m[7] = body(map[uint64]any{1: wrongNumber.Bytes(), 2: other.SealPublic()}) }), identity.ErrCertificate},
		"certificate by a stranger": {resign(next, p.key, func(m map[uint64]any) { m[7] = body(map[uint64]any{1: foreign.Bytes(), 2: other.SealPublic()}) }), identity.ErrCertificate},
		"certificate forged":        {resign(next, p.key, func(m map[uint64]any) { m[7] = body(map[uint64]any{1: forged.Bytes(), 2: other.SealPublic()}) }), identity.ErrSignature},
		"certificate for a stranger": {resign(next, p.key, func(m map[uint64]any) {
			m[7] = body(map[uint64]any{1: theirs.Bytes(), 2: strangers.SealPublic()})
		}), identity.ErrCertificate},
		"another seal key": {resign(next, p.key, func(m map[uint64]any) { m[7] = body(map[uint64]any{1: right.Bytes(), 2: phone.SealPublic()}) }), identity.ErrCertificate},
		"no seal key":      {resign(next, p.key, func(m map[uint64]any) { m[7] = body(map[uint64]any{1: right.Bytes(), 2: []byte{}}) }), identity.ErrMalformed},
		"old vault": {resign(next, p.key, func(m map[uint64]any) {
			m[5] = uint64(5)
			m[7] = body(map[uint64]any{1: uint64(5), 2: make([]byte, 32)})
		}), identity.ErrOutOfOrder},
		"unknown device": {resign(next, p.key, func(m map[uint64]any) { m[5] = uint64(3); m[7] = body(map[uint64]any{1: identity.NewID().Bytes()}) }), identity.ErrUnknownDevice},
		"rotation unproved": {resign(next, p.key, func(m map[uint64]any) {
			m[5] = uint64(4)
			m[7] = body(map[uint64]any{1: []byte(stranger.key.Public()), 2: stranger.key.Sign("x", nil)})
		}), identity.ErrSignature},
		"trailing byte":      {append(bytes.Clone(next), 0), identity.ErrMalformed},
		"truncated":          {next[:len(next)-1], identity.ErrMalformed},
		"empty":              {nil, identity.ErrMalformed},
		"oversized":          {make([]byte, identity.MaxEntry+1), identity.ErrMalformed},
		"one bit of payload": {flip(next, 20), nil},
	} {
		t.Run(name, func(t *testing.T) {
			before, err := identity.ReplayKeyChain(p.log)
			require.NoError(t, err)
			err = p.chain.Apply(tc.entry)
			require.Error(t, err)
			if tc.want != nil {
				require.ErrorIs(t, err, tc.want)
			}
			require.Equal(t, before, p.chain)
		})
	}
	require.NoError(t, p.chain.Apply(next))
	_, err = p.chain.AppendCertify(p.key, other.Keys(), now)
	require.ErrorIs(t, err, identity.ErrCertificate, "certified twice")
	_, err = p.chain.AppendInit(p.key, p.id, now)
	require.ErrorIs(t, err, identity.ErrOutOfOrder)
}

func flip(b []byte, i int) []byte {
	b = bytes.Clone(b)
	b[i] ^= 1
	return b
}

func TestMembersNoticeARolledBackOrForkedChain(t *testing.T) {
	p := newPerson(t)
	p.certify(p.device())
	n, h := p.chain.Head()
	seen := identity.Head{Number: n, Hash: h}

	same, err := identity.ParseHead(seen.Bytes())
	require.NoError(t, err)
	require.Equal(t, seen, same)
	_, err = identity.ParseHead(append(seen.Bytes(), 0))
	require.ErrorIs(t, err, identity.ErrMalformed)

	fork, err := identity.ReplayKeyChain(p.log[:1])
	require.NoError(t, err)
	require.ErrorIs(t, fork.Includes(seen), identity.ErrOutOfOrder, "shorter than what was seen")
	hidden, err := fork.AppendCertify(p.key, p.device().Keys(), now)
	require.NoError(t, err)
	require.NoError(t, fork.Apply(hidden))
	require.ErrorIs(t, fork.Includes(seen), identity.ErrForked)

	p.certify(p.device())
	require.NoError(t, p.chain.Includes(seen))
	require.NoError(t, p.chain.Includes(identity.Head{}))
	require.ErrorIs(t, p.chain.Includes(identity.Head{Hash: h}), identity.ErrForked)
}

func TestEmptyChainTakesOnlyInit(t *testing.T) {
	var c identity.KeyChain
	n, h := c.Head()
	require.Zero(t, n)
	require.Zero(t, h)
	_, err := c.AppendVault(identity.NewUserKey(), 1, [32]byte{}, now)
	require.Error(t, err)
	_, err = c.AppendInit(identity.NewUserKey(), identity.ID{}, now)
	require.ErrorIs(t, err, identity.ErrMalformed)
	_, err = c.AppendCertify(identity.NewUserKey(), identity.DeviceRequest{}, now)
	require.Error(t, err)
}

func TestEntriesAreInspectedWithoutTheChain(t *testing.T) {
	p := newPerson(t)
	e := p.apply(p.chain.AppendVault(p.key, 1, [32]byte{}, now+5))
	info, err := identity.InspectEntry(e)
	require.NoError(t, err)
	_, h := p.chain.Head()
	require.Equal(t, identity.EntryInfo{
		User: p.id, Number: 2, Previous: info.Previous, Type: identity.EntryVault, Time: now + 5, Hash: h,
	}, info)
}

func TestCertificateIsRefusedWhenAnythingInItChanges(t *testing.T) {
	p := newPerson(t)
	k := p.device()
	cert, err := p.key.Certify(k.Keys(), now, 2)
	require.NoError(t, err)
	b := cert.Bytes()
	got, err := identity.ParseDeviceCertificate(b)
	require.NoError(t, err)
	require.Equal(t, cert, got)
	require.NoError(t, got.Verify())
	for i := range b {
		bad, err := identity.ParseDeviceCertificate(flip(b, i))
		if err == nil {
			err = bad.Verify()
		}
		require.Error(t, err, "byte %d", i)
	}
	require.NoError(t, cert.CheckSealKey(k.SealPublic()))
	require.ErrorIs(t, cert.CheckSealKey(p.device().SealPublic()), identity.ErrCertificate)
}

func TestDeviceRequestProvesItsKey(t *testing.T) {
	p := newPerson(t)
	k := p.device()
	b, err := k.Request()
	require.NoError(t, err)
	got, err := identity.ParseDeviceRequest(b)
	require.NoError(t, err)
	require.Equal(t, k.Keys(), got)
	require.Equal(t, k.Device(), got.Device())
	for i := 0; i < len(b); i += 7 {
		_, err := identity.ParseDeviceRequest(flip(b, i))
		require.Error(t, err, "byte %d", i)
	}
}

func FuzzParseDeviceCertificate(f *testing.F) {
	p := newPerson(f)
	k := p.device()
	cert, err := p.key.Certify(k.Keys(), now, 2)
	require.NoError(f, err)
	f.Add(cert.Bytes())
	f.Add([]byte{0xa2, 1, 0x40, 2, 0x40})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := identity.ParseDeviceCertificate(b)
		if err != nil {
			return
		}
		require.Equal(t, b, c.Bytes())
		_ = c.Verify()
	})
}

func FuzzParseDeviceRequest(f *testing.F) {
	k := newPerson(f).device()
	b, err := k.Request()
	require.NoError(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := identity.ParseDeviceRequest(b)
		if err == nil {
			_ = r.Device()
		}
	})
}

func FuzzApply(f *testing.F) {
	p := newPerson(f)
	phone := p.device()
	p.certify(phone)
	for _, e := range p.log {
		f.Add(e)
	}
	for _, build := range []func() ([]byte, error){
		func() ([]byte, error) { return p.chain.AppendCertify(p.key, p.device().Keys(), now) },
		func() ([]byte, error) { return p.chain.AppendRevoke(p.key, phone.Device(), now) },
		func() ([]byte, error) { return p.chain.AppendRotate(p.key, identity.NewUserKey(), now) },
		func() ([]byte, error) { return p.chain.AppendVault(p.key, 1, [32]byte{}, now) },
	} {
		e, err := build()
		require.NoError(f, err)
		f.Add(e)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := identity.ReplayKeyChain(p.log)
		require.NoError(t, err)
		before, _ := c.Head()
		err = c.Apply(b)
		after, _ := c.Head()
		if err == nil {
			require.Equal(t, before+1, after)
			return
		}
		require.Equal(t, p.chain, c)
	})
}

func BenchmarkReplayKeyChain(b *testing.B) {
	p := newPerson(b)
	for range 5 {
		p.certify(p.device())
	}
	b.ReportAllocs()
	for b.Loop() {
		_, err := identity.ReplayKeyChain(p.log)
		require.NoError(b, err)
	}
}

func BenchmarkVerify(b *testing.B) {
	k := identity.NewUserKey()
	for _, n := range []int{100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			msg := make([]byte, n)
			sig := k.Sign(identity.LabelEvent, msg)
			b.ReportAllocs()
			for b.Loop() {
				if identity.Verify(k.Public(), identity.LabelEvent, msg, sig) != nil {
					b.Fatal("refused")
				}
			}
		})
	}
}

func TestALeafShowsWhatItsUsersChainSays(t *testing.T) {
	p := newPerson(t)
	head := func() identity.Head {
		n, h := p.chain.Head()
		return identity.Head{Number: n, Hash: h}
	}
	phone, laptop := p.device(), p.device()
	cert := p.certify(phone)
	first := head()
	other := p.certify(laptop)
	second := head()
	require.NoError(t, p.chain.CheckLeaf(cert, first))
	require.NoError(t, p.chain.CheckLeaf(cert, second))
	require.ErrorIs(t, p.chain.CheckLeaf(other, first), identity.ErrUnknownDevice, "certified later than the head")
	require.ErrorIs(t, p.chain.CheckLeaf(cert, identity.Head{Number: 2, Hash: second.Hash}), identity.ErrForked)
	require.ErrorIs(t, p.chain.CheckLeaf(cert, identity.Head{Number: 9}), identity.ErrOutOfOrder)
	renewed, err := p.key.Certify(phone.Keys(), now+1, 2)
	require.NoError(t, err)
	require.ErrorIs(t, p.chain.CheckLeaf(renewed, second), identity.ErrCertificate)

	p.apply(p.chain.AppendRevoke(p.key, phone.Device(), now))
	require.NoError(t, p.chain.CheckLeaf(cert, second), "what it showed before its revocation was true")
	require.ErrorIs(t, p.chain.CheckLeaf(cert, head()), identity.ErrRevoked)
	require.NoError(t, p.chain.CheckLeaf(other, head()))
}
