package media_test

import (
	"encoding/json"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/media"
)

func samples(t testing.TB) []media.Signal {
	return []media.Signal{
		offer(t, media.Camera, media.Audio),
		{Type: media.SubscribeAnswer, SDP: "v=0\r\n"},
		{Type: media.Candidate, PC: media.Publish, Candidate: "candidate:1 1 udp 1 127.0.0.1 1 typ host"},
		{Type: media.Restart, PC: media.Subscribe},
		{Type: media.KeyFrame, Tracks: []media.Track{{MID: "2"}}},
		{Type: media.Left},
	}
}

func TestSignalsSurviveEncoding(t *testing.T) {
	for _, s := range samples(t) {
		b, err := json.Marshal(s)
		require.NoError(t, err)
		got, err := media.ParseJSON(b)
		require.NoError(t, err)
		require.Equal(t, s, got)

		b, err = cbor.Marshal(s)
		require.NoError(t, err)
		got, err = media.ParseCBOR(b)
		require.NoError(t, err)
		require.Equal(t, s, got)
	}
}

func TestSignalOnTheWire(t *testing.T) {
	s := media.Signal{Type: media.KeyFrame, Tracks: []media.Track{{MID: "2", Peer: "p", ID: "t1", Medium: media.Screen}}}
	b, err := json.Marshal(s)
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"keyframe","tracks":[{"mid":"2","id":"t1","peer":"p","medium":"screen"}]}`, string(b))
	b, err = cbor.Marshal(s)
	require.NoError(t, err)
	var raw map[int]any
	require.NoError(t, cbor.Unmarshal(b, &raw))
	require.Equal(t, map[int]any{1: "keyframe", 5: []any{
		map[any]any{uint64(1): "2", uint64(2): "t1", uint64(3): "p", uint64(4): "screen"},
	}}, raw)
}

func FuzzSignal(f *testing.F) {
	for _, s := range samples(f) {
		b, err := json.Marshal(s)
		require.NoError(f, err)
		f.Add(b)
		b, err = cbor.Marshal(s)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Add([]byte(`{"type":"keyframe","tracks":null}`))
	f.Add([]byte{0xa1, 0x01, 0x64, 'l', 'e', 'f', 't'})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, parse := range []func([]byte) (media.Signal, error){media.ParseJSON, media.ParseCBOR} {
			s, err := parse(b)
			if err != nil {
				require.Zero(t, s)
				continue
			}
			require.NoError(t, s.Check())
			require.LessOrEqual(t, len(s.SDP), media.MaxSDP)
		}
	})
}

// FuzzOffer gives a peer descriptions that were made from good ones.
func FuzzOffer(f *testing.F) {
	good := offer(f, media.Camera, media.Screen, media.Audio)
	tracks := good.Tracks
	f.Add(good.SDP)
	f.Add("")
	node, err := media.NewNode(media.Config{Listen: "127.0.0.1:0"})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, node.Close()) })
	f.Fuzz(func(t *testing.T, sdp string) {
		call := node.Call("call")
		peer, err := call.Join("a", func(media.Signal) {})
		require.NoError(t, err)
		for range 2 {
			_ = peer.Handle(media.Signal{Type: media.PublishOffer, SDP: sdp, Tracks: tracks})
		}
		call.Remove("a")
	})
}
