package record_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/bits"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

var (
	room   = identity.ID([]byte("room............"))
	author = identity.ID([]byte("author.........."))
	device = identity.ID([]byte("device.........."))
	group  = append([]byte("room............"), 0, 0, 0, 1)
)

func envelope(seq uint64) record.Envelope {
	return record.Envelope{Room: room, Seq: seq, Time: 1_800_000_000_000, Kind: record.KindEvent, Payload: sha256.Sum256([]byte{1})}
}

func TestChainFormatIsFrozen(t *testing.T) {
	e := envelope(1)
	require.Equal(t, "ensemble envelope 1room............"+
		"\x00\x00\x00\x00\x00\x00\x00\x01"+"\x00\x00\x01\xa3\x18\x5c\x50\x00"+"\x02"+string(e.Payload[:]), string(e.Canonical()))
	want := sha256.Sum256(append(make([]byte, 32), e.Canonical()...))
	require.Equal(t, want, record.Next([32]byte{}, e))
	got, err := record.ParseEnvelope(e.Canonical())
	require.NoError(t, err)
	require.Equal(t, e, got)
}

func TestChainDependsOnEveryFieldAndOnOrder(t *testing.T) {
	base := record.Next([32]byte{}, envelope(1))
	for name, change := range map[string]func(*record.Envelope){
		"room":    func(e *record.Envelope) { e.Room[0]++ },
		"seq":     func(e *record.Envelope) { e.Seq++ },
		"time":    func(e *record.Envelope) { e.Time++ },
		"kind":    func(e *record.Envelope) { e.Kind = record.KindCommit },
		"payload": func(e *record.Envelope) { e.Payload[31]++ },
	} {
		t.Run(name, func(t *testing.T) {
			e := envelope(1)
			change(&e)
			require.NotEqual(t, base, record.Next([32]byte{}, e))
		})
	}
	require.NotEqual(t, base, record.Next([32]byte{1}, envelope(1)))
}

func TestPlacesFollowWithoutGaps(t *testing.T) {
	p1, err := record.Place{}.Next(envelope(1))
	require.NoError(t, err)
	require.Equal(t, record.Place{Seq: 1, Chain: record.Next([32]byte{}, envelope(1))}, p1)
	_, err = p1.Next(envelope(1))
	require.ErrorIs(t, err, record.ErrMalformed)
	_, err = p1.Next(envelope(3))
	require.ErrorIs(t, err, record.ErrMalformed)
	b, err := cbor.Marshal(p1)
	require.NoError(t, err)
	require.Equal(t, "a20101025820"+hex.EncodeToString(p1.Chain[:]), hex.EncodeToString(b))
}

func TestMalformedEnvelopesAreRefused(t *testing.T) {
	e := envelope(1)
	e.Kind = 4
	for _, b := range [][]byte{nil, e.Canonical(), envelope(0).Canonical(), envelope(1).Canonical()[1:], append(envelope(1).Canonical(), 0)} {
		_, err := record.ParseEnvelope(b)
		require.ErrorIs(t, err, record.ErrMalformed)
	}
}

func newEvent() record.Event {
	return record.Event{
		ID: identity.NewID(), Type: "message.posted", Version: 1, Body: []byte("bonjour"),
		Author: author, Device: device, Room: room, Group: group, Epoch: 3, Time: 5,
		Seen: record.Place{Seq: 2, Chain: [32]byte{7}},
	}
}

func TestSignedEventRoundTrips(t *testing.T) {
	k, err := identity.NewDeviceKey(author)
	require.NoError(t, err)
	e := newEvent()
	b := record.SignEvent(e, k.SignatureKey())
	require.NotNil(t, b)
	got, verify, err := record.ParseEvent(b)
	require.NoError(t, err)
	require.Equal(t, e, got)
	require.NoError(t, verify(k.Public()))
	require.ErrorIs(t, verify(identity.NewUserKey().Public()), identity.ErrSignature)
	for i := range b {
		bad := bytes.Clone(b)
		bad[i] ^= 1
		_, verify, err := record.ParseEvent(bad)
		if err == nil {
			err = verify(k.Public())
		}
		require.Error(t, err, "byte %d", i)
	}
	require.Less(t, len(b)-len(e.Body), 300)
}

func TestEventsThatCannotBeReadAreNotSigned(t *testing.T) {
	k, err := identity.NewDeviceKey(author)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		change func(*record.Event)
		want   error
	}{
		"no id":        {func(e *record.Event) { e.ID = identity.ID{} }, record.ErrMalformed},
		"no author":    {func(e *record.Event) { e.Author = identity.ID{} }, record.ErrMalformed},
		"no device":    {func(e *record.Event) { e.Device = identity.ID{} }, record.ErrMalformed},
		"no room":      {func(e *record.Event) { e.Room = identity.ID{} }, record.ErrMalformed},
		"no type":      {func(e *record.Event) { e.Type = "" }, record.ErrMalformed},
		"bad type":     {func(e *record.Event) { e.Type = "Message" }, record.ErrMalformed},
		"long type":    {func(e *record.Event) { e.Type = strings.Repeat("a", 65) }, record.ErrMalformed},
		"no version":   {func(e *record.Event) { e.Version = 0 }, record.ErrMalformed},
		"no group":     {func(e *record.Event) { e.Group = nil }, record.ErrMalformed},
		"long group":   {func(e *record.Event) { e.Group = make([]byte, 65) }, record.ErrMalformed},
		"huge body":    {func(e *record.Event) { e.Body = make([]byte, record.MaxBody+1) }, record.ErrTooLarge},
		"largest body": {func(e *record.Event) { e.Body = make([]byte, record.MaxBody) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEvent()
			tc.change(&e)
			b := record.SignEvent(e, k.SignatureKey())
			if tc.want == nil {
				_, _, err := record.ParseEvent(b)
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, e.Check(), tc.want)
			require.Nil(t, b)
		})
	}
}

func header() record.Header {
	return record.Header{Room: room, Group: group, Epoch: 3, Sender: device}
}

func TestRecordOpensOnlyInItsPlaceAndUnderItsKey(t *testing.T) {
	k := record.DeriveKey(bytes.Repeat([]byte{1}, 32))
	sealed, err := k.Seal(header(), []byte("secret"))
	require.NoError(t, err)
	got, err := k.Open(header(), sealed)
	require.NoError(t, err)
	require.Equal(t, "secret", string(got))
	c, err := record.Commitment(sealed)
	require.NoError(t, err)
	require.Equal(t, k.Commitment, c)

	other := record.DeriveKey(bytes.Repeat([]byte{2}, 32))
	_, err = other.Open(header(), sealed)
	require.ErrorIs(t, err, record.ErrWrongKey)
	// The right commitment on a wrong key: what a lying granter might hand out.
	_, err = record.Key{Encryption: other.Encryption, Commitment: k.Commitment}.Open(header(), sealed)
	require.ErrorIs(t, err, record.ErrMalformed)
	_, err = record.Key{}.Seal(header(), nil)
	require.ErrorIs(t, err, record.ErrMalformed)

	for name, change := range map[string]func(*record.Header){
		"room":   func(h *record.Header) { h.Room[0]++ },
		"group":  func(h *record.Header) { h.Group = append(bytes.Clone(group), 0) },
		"epoch":  func(h *record.Header) { h.Epoch++ },
		"sender": func(h *record.Header) { h.Sender = author },
	} {
		t.Run(name, func(t *testing.T) {
			h := header()
			change(&h)
			_, err := k.Open(h, sealed)
			require.ErrorIs(t, err, record.ErrAltered)
		})
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		_, err := k.Open(header(), bad)
		switch {
		case i == 0:
			require.ErrorIs(t, err, record.ErrMalformed)
		case i < 33:
			require.ErrorIs(t, err, record.ErrWrongKey)
		default:
			require.ErrorIs(t, err, record.ErrAltered)
		}
	}
	_, err = k.Open(header(), sealed[:100])
	require.ErrorIs(t, err, record.ErrMalformed)
	_, err = k.Open(header(), make([]byte, record.MaxSealed+1))
	require.ErrorIs(t, err, record.ErrTooLarge)
	_, err = k.Open(record.Header{}, sealed)
	require.ErrorIs(t, err, record.ErrMalformed)
}

func TestPaddingHidesTheLength(t *testing.T) {
	k := record.DeriveKey(make([]byte, 32))
	length := func(n int) int {
		sealed, err := k.Seal(header(), bytes.Repeat([]byte{0x80}, n))
		require.NoError(t, err)
		got, err := k.Open(header(), sealed)
		require.NoError(t, err)
		require.Equal(t, bytes.Repeat([]byte{0x80}, n), append([]byte{}, got...))
		return len(sealed)
	}
	require.Equal(t, length(0), length(511))
	require.Less(t, length(511), length(512))
	require.Equal(t, length(512), length(540))
	zeros, err := k.Seal(header(), make([]byte, 600))
	require.NoError(t, err)
	got, err := k.Open(header(), zeros)
	require.NoError(t, err)
	require.Equal(t, make([]byte, 600), got)
	require.LessOrEqual(t, length(record.MaxPlaintext), record.MaxSealed)
	_, err = k.Seal(header(), make([]byte, record.MaxPlaintext+1))
	require.ErrorIs(t, err, record.ErrTooLarge)
}

func TestPaddedIsPadme(t *testing.T) {
	for n, want := range map[int]int{-1: 0, 0: 0, 1: 1, 2: 2, 3: 3, 8: 8, 9: 10, 17: 18, 33: 36, 100: 104, 1000: 1024, 1025: 1088, 1 << 20: 1 << 20, 1<<20 + 1: 1<<20 + 1<<15} {
		require.Equal(t, want, record.Padded(n), n)
	}
	last := 0
	for n := range 100_000 {
		p := record.Padded(n)
		require.GreaterOrEqual(t, p, n)
		require.GreaterOrEqual(t, p, last)
		require.LessOrEqual(t, float64(p), float64(n)*1.12+1)
		require.Equal(t, p, record.Padded(p))
		if p > 2 {
			require.LessOrEqual(t, bits.Len(uint(p))-bits.TrailingZeros(uint(p)), bits.Len(uint(bits.Len(uint(p))))+1)
		}
		last = p
	}
}

func TestRecordKeyFormatIsFrozen(t *testing.T) {
	k := record.DeriveKey(bytes.Repeat([]byte{7}, 32))
	require.Equal(t, frozenEncryption, hex.EncodeToString(k.Encryption[:]))
	require.Equal(t, frozenCommitment, hex.EncodeToString(k.Commitment[:]))
	again, err := record.KeyFromBytes(k.Bytes())
	require.NoError(t, err)
	require.Equal(t, k, again)
	_, err = record.KeyFromBytes(k.Bytes()[1:])
	require.ErrorIs(t, err, record.ErrMalformed)
	sealed, err := hex.DecodeString(frozenRecord)
	require.NoError(t, err)
	got, err := k.Open(header(), sealed)
	require.NoError(t, err)
	require.Equal(t, "Odette", string(got))
}

// Computed from the package doc in Python, the record with the nonce 00 01 … 17.
const (
	frozenEncryption = "f4d60731c10e379fb554c27b107627a96041b93d2bf61a1e8a4165feea193cd7"
	frozenCommitment = "3705edf9ec3e51916dafa0685aef1b95f64c2d8c301cec2df496c038eeddbc83"
	frozenRecord     = "013705edf9ec3e51916dafa0685aef1b95f64c2d8c301cec2df496c038eeddbc83000102030405060708090a0b0c0d0e0f10" +
		"11121314151617dc288a75fe3e7c6adc2db24d15fa38896e3f0d2f8428adca249dbd542cc642dd72b8012e475d1cb4112ded" +
		"a804e2306c4740b824a3dabaeb310fd186055c8d06b910e434849eaf5b07d3442390f8181d21d311ee5151bc0252347f9a6d" +
		"2e0246ff4989c5f720807557f12f0d73e791c614282ed879aeb93f2f4f61b38905682c7a279520addcaee2ffad6a5ba6fb54" +
		"a8ee7a0deabe9e0af82d5b621ed2f8b6d789e84f9e48334ed9671f745be2830ed9eb7971758548be7c11417bd8344123920b" +
		"9783b2c4f06ef30bef0cb44b6f25a58d106b27ac50c4375be99d4a4182deae542435d06118ec4cdda5091c06a73391d88ca7" +
		"e433e561d6320dcb639aa2f935ca1f2498bf887f57497d190373d7110c39a1981d93051f40cc5930cb7bc55c86182a11edfc" +
		"ad6b7be944530f04ea101dc1f89c34c7e7522f9459d7e58e13802950db149c177f783db993fa1f114ac3ca6cabfdd6058347" +
		"f1d7818d0b19f4f1eb44a2a832e0a6675251686efe00fb7d2dc5f469ffd6df67ff97edc4934f7d6878941251676c741d00ae" +
		"ebac9c8592a33dbcd8937d78d007af7a3e3e582d7499331090c4ff3bcb69b8565c9a3cbcfbb5e1c91f545be0e6be32826115" +
		"c069a35a79d34c423a5553bf7be1c152d2761d788a5f3e786fe6d950280db7c34efb51e67ef316541433d8344980b42c74ba" +
		"5847d7f7890dac6a1e2a618d75fb259ce72d536d1e26f66c1027952f527db647461dce"
)

type grantWorld struct {
	granter, recipient identity.DeviceKey
	granterCert, cert  identity.DeviceCertificate
	keys               map[record.EpochID]record.Key
	sealed             []byte
}

func newGrant(t testing.TB) grantWorld {
	var w grantWorld
	var err error
	certify := func(k identity.DeviceKey) identity.DeviceCertificate {
		c, err := identity.NewUserKey().Certify(k.Keys(), 1, 2)
		require.NoError(t, err)
		return c
	}
	w.granter, err = identity.NewDeviceKey(author)
	require.NoError(t, err)
	w.recipient, err = identity.NewDeviceKey(identity.NewID())
	require.NoError(t, err)
	w.granterCert, w.cert = certify(w.granter), certify(w.recipient)
	w.keys = map[record.EpochID]record.Key{}
	for i := range 5 {
		w.keys[record.EpochID{Group: string(group), Epoch: uint64(i)}] = record.DeriveKey([]byte{byte(i)})
		w.keys[record.EpochID{Group: "generation 2", Epoch: uint64(i * 2)}] = record.DeriveKey([]byte{99, byte(i)})
	}
	w.sealed, err = record.SealGrant(w.granter, w.cert, w.recipient.SealPublic(), room, w.keys, 77)
	require.NoError(t, err)
	return w
}

func TestGrantOpensForItsRecipientOnly(t *testing.T) {
	w := newGrant(t)
	g, err := record.OpenGrant(w.recipient, w.granter.Public(), w.sealed)
	require.NoError(t, err)
	require.Equal(t, w.keys, g.Keys)
	require.Equal(t, record.GrantHeader{
		ID: g.ID, Room: room, Granter: author, GranterDevice: w.granter.Device(),
		Recipient: w.recipient.User(), RecipientDevice: w.recipient.Device(), SealHash: w.cert.SealHash, Time: 77,
	}, g.GrantHeader)
	require.False(t, g.ID.IsZero())

	p, err := record.ParseGrant(w.sealed)
	require.NoError(t, err)
	require.NoError(t, p.Verify(w.granterCert))
	require.ErrorIs(t, p.Verify(w.cert), identity.ErrCertificate)

	_, err = p.Open(w.granter)
	require.ErrorIs(t, err, record.ErrNotRecipient)
	_, err = record.OpenGrant(w.recipient, w.recipient.Public(), w.sealed)
	require.ErrorIs(t, err, identity.ErrSignature)
}

func TestAlteredGrantIsRefused(t *testing.T) {
	w := newGrant(t)
	for i := 0; i < len(w.sealed); i += 11 {
		bad := bytes.Clone(w.sealed)
		bad[i] ^= 1
		_, err := record.OpenGrant(w.recipient, w.granter.Public(), bad)
		require.Error(t, err, "byte %d", i)
	}
}

// A member takes another's grant, puts its own name and signature on it.
func TestGrantCannotBePassedOffAsAnothers(t *testing.T) {
	w := newGrant(t)
	thief, err := identity.NewDeviceKey(identity.NewID())
	require.NoError(t, err)
	s, err := identity.ParseSigned(w.sealed, record.MaxGrant)
	require.NoError(t, err)
	var payload map[uint64][]byte
	require.NoError(t, strictcbor.Unmarshal(s.Payload, &payload, record.MaxGrant))
	var h map[uint64]any
	require.NoError(t, strictcbor.Unmarshal(payload[1], &h, record.MaxGrant))
	h[5], h[6] = thief.User().Bytes(), thief.Device().Bytes()
	payload[1], err = strictcbor.Marshal(h)
	require.NoError(t, err)
	b, err := strictcbor.Marshal(payload)
	require.NoError(t, err)
	_, err = record.OpenGrant(w.recipient, thief.Public(), identity.Signed{
		Payload: b, Signature: thief.Sign(identity.LabelHistoryGrant, b),
	}.Bytes())
	require.ErrorIs(t, err, record.ErrAltered)
}

func TestGrantsThatCannotBeReadAreNotSealed(t *testing.T) {
	w := newGrant(t)
	many := map[record.EpochID]record.Key{}
	k := record.DeriveKey([]byte{1})
	for i := range record.MaxGrantKeys {
		many[record.EpochID{Group: strings.Repeat("g", record.MaxGroup), Epoch: 1<<63 + 2*uint64(i)}] = k
	}
	b, err := record.SealGrant(w.granter, w.cert, w.recipient.SealPublic(), room, many, 1)
	require.NoError(t, err)
	g, err := record.OpenGrant(w.recipient, w.granter.Public(), b)
	require.NoError(t, err)
	require.Equal(t, many, g.Keys)

	many[record.EpochID{Group: "g"}] = k
	for name, tc := range map[string]struct {
		keys map[record.EpochID]record.Key
		want error
	}{
		"none":         {nil, record.ErrMalformed},
		"too many":     {many, record.ErrTooLarge},
		"no group":     {map[record.EpochID]record.Key{{}: k}, record.ErrMalformed},
		"inconsistent": {map[record.EpochID]record.Key{{Group: "g"}: {Encryption: k.Encryption}}, record.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := record.SealGrant(w.granter, w.cert, w.recipient.SealPublic(), room, tc.keys, 1)
			require.ErrorIs(t, err, tc.want)
		})
	}
	_, err = record.SealGrant(w.granter, w.cert, w.granter.SealPublic(), room, w.keys, 1)
	require.ErrorIs(t, err, identity.ErrCertificate)
}
