package wire_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// bodies is a filled-in body for every type of the subprotocol, by the ops that carry it.
func bodies() map[wire.Op]any {
	id := identity.NewID
	entry := wire.Entry{Seq: 7, Time: 1768381200000, Kind: record.KindEvent, Payload: []byte{1, 2}}
	entries := &wire.Entries{Room: id(), Entries: []wire.Entry{entry}, Last: 9}
	room := wire.RoomSummary{Room: id(), Kind: rooms.KindItem, Case: id(), Seq: 3, Epoch: 2, Gone: true}
	request := wire.HistoryRequest{Room: id(), Epochs: []uint64{0, 4}, User: id(), Device: id(), Not: []wire.ID{id()}}
	mail := wire.Mail{ID: id(), Room: id(), From: id(), Device: id(), Grant: []byte{3}, Request: &request}
	cast := &wire.Cast{Room: id(), Payload: []byte{9}, To: id(), User: id(), Device: id()}
	cursor := wire.Cursor{Room: id(), Seq: 4, User: id()}
	return map[wire.Op]any{
		wire.OpOK:          &wire.Placed{Places: []wire.PlacedIn{{Room: id(), Seq: 4, Time: 5}}},
		wire.OpError:       &wire.Failure{Code: rooms.CodeStaleEpoch, Detail: "x", Place: &wire.Place{Seq: 1, Epoch: 2}},
		wire.OpHello:       &wire.Hello{Client: "1"},
		wire.OpCreate:      &wire.Create{Statements: [][]byte{{1}}, Also: [][]byte{{2}}},
		wire.OpAppend:      &wire.Append{Room: id(), Kind: record.KindCommit, Payload: []byte{1}, GroupInfo: []byte{2}},
		wire.OpFetch:       &wire.Fetch{Room: id(), After: 3, Limit: 100},
		wire.OpFollow:      &wire.Follow{Room: id(), After: 3},
		wire.OpUnfollow:    &wire.RoomRef{Room: id()},
		wire.OpGroupInfo:   &wire.GroupInfo{Room: id(), Epoch: 3, GroupInfo: []byte{1}},
		wire.OpCast:        cast,
		wire.OpCursor:      &cursor,
		wire.OpCursors:     &wire.Cursors{Cursors: []wire.Cursor{cursor}},
		wire.OpAskHistory:  &request,
		wire.OpSendGrant:   &wire.GrantDelivery{Room: id(), User: id(), Device: id(), Sealed: []byte{1}, Statement: []byte{2}},
		wire.OpMailbox:     &wire.Mailbox{Mails: []wire.Mail{mail}},
		wire.OpChain:       &wire.Chain{User: id(), Entries: [][]byte{{1}, {2}}},
		wire.OpChainAppend: &wire.ChainAppend{Entry: []byte{1}},
		wire.OpVault:       &wire.Vault{Version: 3, Blob: []byte{1}},
		wire.OpVaultPut:    &wire.Vault{Version: 4, Blob: []byte{1}},
		wire.OpSignal:      &wire.Signal{Call: id(), Signal: []byte(`{}`)},
		wire.OpInvite:      &wire.Invite{Session: id(), Starts: 1, Zone: "Europe/Paris", Minutes: 60, Sequence: 1, Users: []wire.ID{id()}, Cancel: true},
		wire.OpAccess:      &wire.AccessList{Accesses: []wire.Access{{Time: 1, User: id(), Device: id(), What: "READ", Target: id()}}},
		wire.OpDirectory:   &wire.Directory{Accounts: []wire.Account{{User: id(), Kind: "PERSON", KeyHash: [32]byte{1}}}},
		wire.OpKeyLog: &wire.LogProof{Head: []byte("x"), Consistency: [][]byte{{1}, {}}, Chains: []wire.LoggedChain{
			{User: id(), Entries: [][]byte{{1}}, Index: 3, Proof: []byte{2}},
		}},
		wire.OpEntries: entries,
		wire.OpCasts:   cast,
		wire.OpCursorP: &cursor,
		wire.OpRoom:    &room,
		wire.OpMail:    &mail,
		wire.OpSignalP: &wire.Signal{Call: id(), Signal: []byte(`{}`)},
		wire.OpOnline:  &wire.Presence{Room: id(), User: id(), Online: true},
		wire.OpResync:  &wire.RoomRef{Room: id()},
	}
}

func TestEveryBodyComesBackAsItWasSent(t *testing.T) {
	c := wire.NewCodec()
	for op, body := range bodies() {
		b, err := c.Encode(op, 42, body)
		require.NoError(t, err)
		f, err := c.Decode(b)
		require.NoError(t, err)
		require.Equal(t, op, f.Op)
		require.EqualValues(t, 42, f.ID)
		got := reflect.New(reflect.TypeOf(body).Elem()).Interface()
		require.NoError(t, c.Body(f, got))
		require.Equal(t, body, got, "op %d", op)
	}
}

func TestAFrameWithoutBody(t *testing.T) {
	c := wire.NewCodec()
	b, err := c.Encode(wire.OpVault, 1, nil)
	require.NoError(t, err)
	f, err := c.Decode(b)
	require.NoError(t, err)
	require.Empty(t, f.Body)
	require.Error(t, c.Body(f, new(wire.Vault)))
}

// A field that a later version adds does not stop an older one.
func TestUnknownFieldsAreIgnored(t *testing.T) {
	body, err := cbor.Marshal(map[int]any{1: "0.2", 99: "new"})
	require.NoError(t, err)
	b, err := cbor.Marshal(map[int]any{1: wire.OpHello, 2: 5, 3: cbor.RawMessage(body), 50: true})
	require.NoError(t, err)
	c := wire.NewCodec()
	f, err := c.Decode(b)
	require.NoError(t, err)
	var h wire.Hello
	require.NoError(t, c.Body(f, &h))
	require.Equal(t, "0.2", h.Client)
}

func TestMalformedFramesAreRefused(t *testing.T) {
	c := wire.NewCodec()
	deep := append(bytes.Repeat([]byte{0x81}, 40), 0)
	for name, b := range map[string][]byte{
		"empty":             {},
		"no map":            {0x01},
		"no op":             {0xa1, 2, 1},
		"op zero":           {0xa1, 1, 0},
		"op too large":      {0xa1, 1, 0x19, 1, 0},
		"op of text":        {0xa1, 1, 0x61, 'x'},
		"a key twice":       {0xa2, 1, 10, 1, 11},
		"indefinite length": {0xbf, 1, 10, 0xff},
		"a tag":             {0xa2, 1, 10, 3, 0xc1, 0},
		"cut short":         {0xa2, 1, 10},
		"something after":   {0xa1, 1, 10, 0},
		"too deep":          append([]byte{0xa2, 1, 10, 3}, deep...),
		"too many elements": append([]byte{0xa2, 1, 10, 3, 0x9a, 0, 2, 0, 0}, make([]byte, 0x20000)...),
		"too large":         make([]byte, wire.MaxFrame+1),
	} {
		t.Run(name, func(t *testing.T) {
			f, err := c.Decode(b)
			require.Error(t, err)
			require.Zero(t, f)
		})
	}
	t.Run("a body of another type", func(t *testing.T) {
		b, err := c.Encode(wire.OpAppend, 1, map[int]any{1: "not an id"})
		require.NoError(t, err)
		f, err := c.Decode(b)
		require.NoError(t, err)
		require.Error(t, c.Body(f, new(wire.Append)))
	})
	t.Run("an id of the wrong length", func(t *testing.T) {
		b, err := c.Encode(wire.OpFetch, 1, map[int]any{1: make([]byte, 15), 2: 0})
		require.NoError(t, err)
		f, err := c.Decode(b)
		require.NoError(t, err)
		require.Error(t, c.Body(f, new(wire.Fetch)))
	})
}

// Errors go into logs: they never repeat what a frame holds.
func TestErrorsDoNotQuoteContent(t *testing.T) {
	c := wire.NewCodec()
	b, err := c.Encode(wire.OpAppend, 1, map[int]any{1: "Odette Marchal", 3: "238059999900106"})
	require.NoError(t, err)
	f, err := c.Decode(b)
	require.NoError(t, err)
	err = c.Body(f, new(wire.Append))
	require.Error(t, err)
	require.False(t, strings.Contains(err.Error(), "Odette") || strings.Contains(err.Error(), "23805"), "%v", err)
}

func TestPayloadsFitFrames(t *testing.T) {
	c := wire.NewCodec()
	b, err := c.Encode(wire.OpAppend, 1, wire.Append{
		Room: identity.NewID(), Kind: record.KindCommit, Payload: make([]byte, wire.MaxPayload), GroupInfo: make([]byte, wire.MaxPayload),
	})
	require.NoError(t, err)
	require.LessOrEqual(t, len(b), wire.MaxFrame)
	require.Equal(t, rooms.MaxPayload, wire.MaxPayload)
}

func FuzzFrame(f *testing.F) {
	c := wire.NewCodec()
	types := map[wire.Op]reflect.Type{}
	for op, body := range bodies() {
		types[op] = reflect.TypeOf(body).Elem()
		b, err := c.Encode(op, 1, body)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Add([]byte{0xa1, 1, 10})
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := c.Decode(b)
		if err != nil {
			return
		}
		require.NotZero(t, frame.Op)
		typ, ok := types[frame.Op]
		if !ok {
			return
		}
		body := reflect.New(typ).Interface()
		if c.Body(frame, body) != nil {
			return
		}
		again, err := c.Encode(frame.Op, frame.ID, body)
		require.NoError(t, err)
		frame2, err := c.Decode(again)
		require.NoError(t, err)
		body2 := reflect.New(typ).Interface()
		require.NoError(t, c.Body(frame2, body2))
		third, err := c.Encode(frame.Op, frame.ID, body2)
		require.NoError(t, err)
		require.Equal(t, again, third)
	})
}

func BenchmarkEncodeEntries(b *testing.B) {
	c := wire.NewCodec()
	entries := wire.Entries{Room: identity.NewID(), Entries: []wire.Entry{{Seq: 1, Time: 1, Kind: record.KindEvent, Payload: make([]byte, 700)}}, Last: 1}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Encode(wire.OpEntries, 0, entries); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeAppend(b *testing.B) {
	c := wire.NewCodec()
	frame, err := c.Encode(wire.OpAppend, 9, wire.Append{Room: identity.NewID(), Kind: record.KindEvent, Payload: make([]byte, 700)})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		f, err := c.Decode(frame)
		if err != nil {
			b.Fatal(err)
		}
		var a wire.Append
		if err := c.Body(f, &a); err != nil {
			b.Fatal(err)
		}
	}
}
