package strictcbor_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/strictcbor"
)

type thing struct {
	Version uint              `cbor:"1,keyasint"`
	ID      [4]byte           `cbor:"2,keyasint"`
	Body    []byte            `cbor:"3,keyasint"`
	Names   map[uint64]string `cbor:"4,keyasint,omitempty"`
}

func TestRoundTripIsDeterministic(t *testing.T) {
	v := thing{Version: 1, ID: [4]byte{1, 2, 3, 4}, Names: map[uint64]string{9: "b", 1: "a", 300: "c"}}
	b, err := strictcbor.Marshal(v)
	require.NoError(t, err)
	require.Equal(t, "a40101024401020304034004a301616109616219012c6163", hex.EncodeToString(b))
	var got thing
	require.NoError(t, strictcbor.Unmarshal(b, &got, 100))
	v.Body = []byte{}
	require.Equal(t, v, got)
}

func TestOnlyOneSpellingIsAccepted(t *testing.T) {
	for name, in := range map[string]string{
		"empty":                "",
		"truncated":            "a30101024401020304",
		"trailing byte":        "a30101024401020304034000",
		"unsorted keys":        "a30244010203040101" + "0340",
		"duplicate key":        "a401010101024401020304" + "0340",
		"unknown key":          "a401010244010203040340" + "0700",
		"padded integer":       "a3011801024401020304" + "0340",
		"indefinite map":       "bf01010244010203040340ff",
		"indefinite string":    "a30101024401020304035f40ff",
		"tag":                  "c6a301010244010203040340",
		"null for bytes":       "a3010102440102030403f6",
		"short array":          "a3010102430102030340",
		"long array":           "a301010245010203040503" + "40",
		"wrong type":           "a301610102440102030403" + "40",
		"missing field":        "a201010244010203" + "04",
		"text with bad UTF-8":  "a401010244010203040340" + "04a10161ff",
		"deep nesting":         strings.Repeat("81", 40) + "00",
		"huge declared length": "a30101024401020304035b7fffffffffffffff",
		"float for integer":    "a301f93c00024401020304" + "0340",
	} {
		t.Run(name, func(t *testing.T) {
			b, err := hex.DecodeString(in)
			require.NoError(t, err)
			var v thing
			require.ErrorIs(t, strictcbor.Unmarshal(b, &v, 1000), strictcbor.ErrMalformed)
		})
	}
}

func TestLargerThanTheLimitIsRefused(t *testing.T) {
	b, err := strictcbor.Marshal(thing{Body: make([]byte, 100)})
	require.NoError(t, err)
	var v thing
	require.ErrorIs(t, strictcbor.Unmarshal(b, &v, len(b)-1), strictcbor.ErrTooLarge)
	require.NoError(t, strictcbor.Unmarshal(b, &v, len(b)))
}

func FuzzUnmarshal(f *testing.F) {
	for _, s := range []string{"a301010244010203040340", "a40101024401020304034004a301616109616219012c6163", "bf", "a3"} {
		b, err := hex.DecodeString(s)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v thing
		if strictcbor.Unmarshal(b, &v, 1<<16) != nil {
			return
		}
		again, err := strictcbor.Marshal(v)
		require.NoError(t, err)
		require.Equal(t, b, again)
	})
}
