package sign_test

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/sign"
)

type minutes struct {
	Room     identity.ID       `json:"room"`
	Decision string            `json:"decision"`
	Version  int               `json:"version"`
	Digest   []byte            `json:"digest,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
	Signed   []sign.Signature  `json:"signed,omitempty"`
}

func TestCanonicalIsRFC8785(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		// RFC 8785, sections 3.2.2 and 3.2.3.
		"example": {
			`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],` +
				`"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
			`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
				`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
		},
		"sorting": {
			`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew","1":"One","\ud83d\ude00":"Emoji","\u0080":"Control","\u00f6":"o"}`,
			`{"\r":"Carriage Return","1":"One","` + "\u0080" + `":"Control","ö":"o","€":"Euro Sign","😀":"Emoji","` + "\ufb33" + `":"Hebrew"}`,
		},
		"HTML is not escaped": {`"<a>&"`, `"<a>&"`},
		"largest integer":     {`9007199254740991`, `9007199254740991`},
		"empty":               {` { } `, `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sign.Canonical(json.RawMessage(tc.in))
			require.NoError(t, err)
			require.Equal(t, tc.want, string(got))
		})
	}
}

func TestWhatHasNoCanonicalFormIsRefused(t *testing.T) {
	for name, v := range map[string]any{
		"integer beyond 2^53":   uint64(1 << 53),
		"negative":              int64(-1 << 53),
		"huge integer":          json.RawMessage("123456789012345678901234567890"),
		"duplicate member":      json.RawMessage(`{"a":1,"b":{"c":1,"c":2}}`),
		"duplicate in an array": json.RawMessage(`[{"a":[1],"a":{}}]`),
		"escaped duplicate":     json.RawMessage(`{"a":1,"\u0061":2}`),
		"channel":               make(chan int),
		"infinite":              json.RawMessage("1e999"),
		"not JSON":              json.RawMessage("{"),
		"two values":            json.RawMessage("1 2"),
		"lone surrogate":        json.RawMessage(`"\ud800"`),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sign.Canonical(v)
			require.ErrorIs(t, err, sign.ErrNotCanonical)
		})
	}
	deep := strings.Repeat("[", 65) + strings.Repeat("]", 65)
	_, err := sign.Canonical(json.RawMessage(deep))
	require.ErrorIs(t, err, sign.ErrTooLarge)
	_, err = sign.Canonical(json.RawMessage(deep[1:129]))
	require.NoError(t, err)
	_, err = sign.Canonical(strings.Repeat("a", sign.MaxDocument))
	require.ErrorIs(t, err, sign.ErrTooLarge)
}

func TestParseReadsOnlyTheCanonicalForm(t *testing.T) {
	m := minutes{Room: identity.NewID(), Decision: "retour à domicile", Version: 2, Labels: map[string]string{"b": "2", "a": "1"}}
	b, err := sign.Canonical(m)
	require.NoError(t, err)
	var got minutes
	require.NoError(t, sign.Parse(b, &got))
	require.Equal(t, m, got)

	for name, change := range map[string]func(string) string{
		"white space":    func(s string) string { return s + "\n" },
		"unknown member": func(s string) string { return strings.Replace(s, "{", `{"a":1,`, 1) },
		"member by case": func(s string) string { return strings.Replace(s, "decision", "Decision", 1) },
		"order":          func(s string) string { return strings.Replace(s, `"a":"1","b":"2"`, `"b":"2","a":"1"`, 1) },
		"escape":         func(s string) string { return strings.Replace(s, "à", `\u00e0`, 1) },
		"number":         func(s string) string { return strings.Replace(s, `"version":2`, `"version":2.0`, 1) },
		"type":           func(s string) string { return strings.Replace(s, `"version":2`, `"version":"2"`, 1) },
		"duplicate":      func(s string) string { return strings.Replace(s, `"version":2`, `"version":1,"version":2`, 1) },
		"missing":        func(s string) string { return strings.Replace(s, `,"version":2`, ``, 1) },
		"bad UTF-8":      func(s string) string { return strings.Replace(s, "à", "\xff", 1) },
		"trailing":       func(s string) string { return s + s },
		"empty":          func(string) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			changed := change(string(b))
			require.NotEqual(t, string(b), changed)
			var got minutes
			require.ErrorIs(t, sign.Parse([]byte(changed), &got), sign.ErrNotCanonical)
		})
	}
}

func TestSignatureIsBoundToLabelDocumentAndKey(t *testing.T) {
	user := identity.NewUserKey()
	device, err := identity.NewDeviceKey(identity.NewID())
	require.NoError(t, err)
	doc := []byte(`{"decision":"oui"}`)
	for name, key := range map[string]sign.Signer{"user": user, "device": device} {
		t.Run(name, func(t *testing.T) {
			s := sign.Sign(key, identity.LabelMinutes, doc)
			require.NoError(t, s.Verify(identity.LabelMinutes, doc))
			require.ErrorIs(t, s.Verify(identity.LabelPlan, doc), identity.ErrSignature)
			require.ErrorIs(t, s.Verify(identity.LabelMinutes, []byte(`{"decision":"non"}`)), identity.ErrSignature)
			// What other programs are told to check.
			require.True(t, ed25519.Verify(s.Key, append([]byte("ensemble signature 1\x01\x10ensemble minutes"), doc...), s.Value))

			for what, change := range map[string]func(*sign.Signature){
				"key":       func(s *sign.Signature) { s.Key = identity.NewUserKey().Public() },
				"short key": func(s *sign.Signature) { s.Key = s.Key[:31] },
				"value":     func(s *sign.Signature) { s.Value = append([]byte{s.Value[0] ^ 1}, s.Value[1:]...) },
				"no value":  func(s *sign.Signature) { s.Value = nil },
				"long":      func(s *sign.Signature) { s.Value = append(s.Value[:64:64], 0) },
			} {
				bad := s
				change(&bad)
				require.ErrorIs(t, bad.Verify(identity.LabelMinutes, doc), identity.ErrSignature, what)
			}
			s.Alg = "ML-DSA-65"
			require.ErrorIs(t, s.Verify(identity.LabelMinutes, doc), identity.ErrAlgorithm)
		})
	}
}

func TestSignatureTravelsInADocument(t *testing.T) {
	key, err := identity.UserKeyFromSeed(make([]byte, 32))
	require.NoError(t, err)
	s := sign.Sign(key, identity.LabelMinutes, []byte(`{}`))
	b, err := sign.Canonical(minutes{Signed: []sign.Signature{s}})
	require.NoError(t, err)
	require.Contains(t, string(b), `"signed":[{"alg":"Ed25519","key":"O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=","value":"`)
	var got minutes
	require.NoError(t, sign.Parse(b, &got))
	require.NoError(t, got.Signed[0].Verify(identity.LabelMinutes, []byte(`{}`)))
}

func TestSumIsLabelled(t *testing.T) {
	// printf 'ensemble digest 1\x10ensemble minutes{}' | sha256sum
	require.Equal(t, "326675e1f8d8d429bcb347b01842303573a4c0a6d10706df7afbdd396490792f", fmt.Sprintf("%x", sign.Sum(identity.LabelMinutes, []byte("{}"))))
	require.NotEqual(t, sign.Sum(identity.LabelMinutes, []byte("{}")), sign.Sum(identity.LabelPlan, []byte("{}")))
}

func FuzzParse(f *testing.F) {
	b, err := sign.Canonical(minutes{Decision: "é", Labels: map[string]string{"a": "b"}})
	require.NoError(f, err)
	f.Add(b)
	f.Add([]byte(`{"a":{"b":[1,2.5,"\u0000"]}}`))
	f.Add([]byte(`[[[`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m minutes
		if sign.Parse(b, &m) == nil {
			again, err := sign.Canonical(m)
			require.NoError(t, err)
			require.Equal(t, b, again)
		}
		c, err := sign.Canonical(json.RawMessage(b))
		if err != nil {
			return
		}
		again, err := sign.Canonical(json.RawMessage(c))
		require.NoError(t, err)
		require.Equal(t, c, again, "canonical form is a fixed point")
	})
}

func BenchmarkCanonical(b *testing.B) {
	m := minutes{Decision: strings.Repeat("maintien à domicile ", 100), Labels: map[string]string{"a": "b", "c": "d"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sign.Canonical(m); err != nil {
			b.Fatal(err)
		}
	}
}
