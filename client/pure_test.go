package client

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/document"
	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
)

// mapStorage is the least storage there is.
type mapStorage map[string][]byte

func (m mapStorage) Get(_ context.Context, key string) ([]byte, error) { return m[key], nil }

func (m mapStorage) Scan(_ context.Context, prefix string) ([]Pair, error) {
	var out []Pair
	for k, v := range m {
		if len(k) >= len(prefix) && k[:len(prefix)] == prefix {
			out = append(out, Pair{k, v})
		}
	}
	return out, nil
}

func (m mapStorage) Batch(_ context.Context, ops []Op) error {
	for _, op := range ops {
		if op.Value == nil {
			delete(m, op.Key)
		} else {
			m[op.Key] = op.Value
		}
	}
	return nil
}

func TestStoredValuesCannotBeReadChangedOrMoved(t *testing.T) {
	inner := mapStorage{}
	key := bytes.Repeat([]byte{7}, StorageKeySize)
	s, err := newSealedStorage(inner, key)
	require.NoError(t, err)
	require.NoError(t, s.batch(t.Context(), []Op{{"a", []byte("Odette Marchal")}, {"b", []byte("x")}}))
	require.NotContains(t, string(inner["a"]), "Odette")
	got, err := s.get(t.Context(), "a")
	require.NoError(t, err)
	require.Equal(t, "Odette Marchal", string(got))
	none, err := s.get(t.Context(), "c")
	require.NoError(t, err)
	require.Nil(t, none)

	moved := mapStorage{"b": inner["a"]}
	other, err := newSealedStorage(moved, key)
	require.NoError(t, err)
	_, err = other.get(t.Context(), "b")
	require.Error(t, err)

	inner["a"][len(inner["a"])-1] ^= 1
	_, err = s.get(t.Context(), "a")
	require.Error(t, err)
	_, err = s.scan(t.Context(), "")
	require.Error(t, err)

	wrong, err := newSealedStorage(inner, bytes.Repeat([]byte{8}, StorageKeySize))
	require.NoError(t, err)
	_, err = wrong.get(t.Context(), "b")
	require.Error(t, err)
	_, err = newSealedStorage(inner, key[:5])
	require.Error(t, err)
}

func TestEveryCommandAndViewOfTheContractIsThere(t *testing.T) {
	h, err := newHandlers()
	require.NoError(t, err)
	require.Len(t, h, len(Commands()))
	for _, v := range Views() {
		_, err := newView(v.Name, nil)
		require.NoError(t, err, v.Name)
	}
	_, err = newView("nowhere", nil)
	require.Equal(t, rooms.CodeInvalid, rooms.CodeOf(err))
	_, err = newView("room", []byte("{"))
	require.Equal(t, rooms.CodeMalformed, rooms.CodeOf(err))
}

func TestListsAreNeverNull(t *testing.T) {
	b, err := encodeJSON(ItemView{Minutes: MinutesView{Previous: &rooms.MinutesContent{}}, Positions: []PositionView{{}}})
	require.NoError(t, err)
	require.NotContains(t, string(b), "null")
	require.Contains(t, string(b), `"decisions":[]`)
	require.Contains(t, string(b), `"history":[]`)
}

func TestTheZeroIDIsTheEmptyText(t *testing.T) {
	b, err := json.Marshal(RoomRef{})
	require.NoError(t, err)
	require.JSONEq(t, `{"room":""}`, string(b))
	var args SendArgs
	require.NoError(t, json.Unmarshal([]byte(`{"room":"","reply_to":"","mentions":[]}`), &args))
	require.True(t, args.Room.IsZero())
	require.Error(t, json.Unmarshal([]byte(`{"room":"zzz"}`), &args))
}

func TestRecordKeysAreKept(t *testing.T) {
	ring := newKeyring()
	for epoch := range uint64(5) {
		require.True(t, ring.add(record.EpochID{Group: "g", Epoch: epoch}, record.DeriveKey([]byte{byte(epoch)})))
	}
	require.False(t, ring.add(record.EpochID{Group: "g", Epoch: 2}, record.DeriveKey([]byte{9})), "a key is not replaced")
	granted := record.EpochID{Group: "g", Epoch: 9}
	opens := func(of byte, n int) func(record.Key) int {
		return func(k record.Key) int {
			if k == record.DeriveKey([]byte{of}) {
				return n
			}
			return 1
		}
	}
	require.False(t, ring.grant(granted, record.DeriveKey([]byte{1}), opens(1, 0)), "it opens nothing")
	require.True(t, ring.grant(granted, record.DeriveKey([]byte{2}), opens(2, 1)))
	require.False(t, ring.grant(granted, record.DeriveKey([]byte{2}), opens(2, 1)), "known")
	require.True(t, ring.grant(granted, record.DeriveKey([]byte{3}), opens(3, 2)))
	best, ok := ring.best(granted)
	require.True(t, ok)
	require.Equal(t, record.DeriveKey([]byte{3}), best, "the one that opens most")
	require.Len(t, ring.GrantedKeys([]byte("g"), 9), 2)
	_, ok = ring.RecordKey([]byte("g"), 9)
	require.False(t, ok, "what others say is not certain")
	require.False(t, ring.grant(record.EpochID{Group: "g", Epoch: 2}, record.DeriveKey([]byte{9}), opens(9, 9)), "our own stands")
	b, err := encodeState(ring.stored())
	require.NoError(t, err)
	again := newKeyring()
	require.NoError(t, again.load(b))
	require.Equal(t, ring, again)
	_, ok = again.RecordKey([]byte("h"), 1)
	require.False(t, ok)
	require.Error(t, again.load([]byte{0xff}))
}

func TestSearchAndOrderIgnoreCaseAndAccents(t *testing.T) {
	require.True(t, matches([]string{"medicament", "vidal"}, "Bilan des Médicaments", "Dr VIDAL"))
	require.False(t, matches([]string{"medicament", "pons"}, "Bilan des médicaments"))
	require.Negative(t, compareNames("Élise", "Fanny"))
	require.Negative(t, compareNames("okafor", "Pons"))
	require.Equal(t, "coeur", simple("CŒUR"))
}

func TestOneLineCutsAndFlattens(t *testing.T) {
	require.Equal(t, "a b c", oneLine("a\nb\tc"))
	require.Len(t, []rune(oneLine(string(bytes.Repeat([]byte("é"), 300)))), 141)
}

func TestTheSizeOfAnEncryptedDocumentIsKnownBefore(t *testing.T) {
	key := document.NewKey()
	for _, n := range []int64{0, 1, ageChunk - 1, ageChunk, ageChunk + 1, 3 * ageChunk, 3*ageChunk + 17} {
		want, err := ciphertextSize(key, n)
		require.NoError(t, err)
		var out bytes.Buffer
		w, err := document.Encrypt(&out, key)
		require.NoError(t, err)
		_, err = w.Write(make([]byte, n))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		require.Equal(t, int64(out.Len()), want, "%d bytes", n)
	}
}

func TestDerivedIDsTellTheirPartsApart(t *testing.T) {
	a := derivedID("label", []byte("ab"), []byte("c"))
	require.Equal(t, a, derivedID("label", []byte("ab"), []byte("c")))
	require.NotEqual(t, a, derivedID("label", []byte("a"), []byte("bc")))
	require.NotEqual(t, a, derivedID("other", []byte("ab"), []byte("c")))
}

func TestOnlyTheNewestRowsAreShown(t *testing.T) {
	var rows []rooms.Row
	for i := range 50 {
		row := rooms.Row{Seq: uint64(i + 1), Status: rooms.Accepted, Kind: record.KindEvent, Type: rooms.EventMessage}
		if i%2 == 1 {
			row.Type = rooms.EventMessageEdited // has no row of its own
		}
		rows = append(rows, row)
	}
	require.Equal(t, 0, windowStart(rows, 100))
	require.Equal(t, 30, windowStart(rows, 10))
}

func TestCastsReserveGenerationsInBlocks(t *testing.T) {
	var c castState
	c.newEpoch()
	require.GreaterOrEqual(t, c.used, c.reserved, "nothing may be used before it was written")
	require.Equal(t, uint(castBlock), c.reserve())
	for range castBlock {
		require.Less(t, c.used, c.reserved)
		c.used++
	}
	require.GreaterOrEqual(t, c.used, c.reserved)
}

func TestAKeyChainThatGoesBackOrForksIsRefused(t *testing.T) {
	user := identity.NewID()
	key := identity.NewUserKey()
	device, err := identity.NewDeviceKey(user)
	require.NoError(t, err)
	own := new(identity.KeyChain)
	var entries [][]byte
	grow := func(b []byte, err error) {
		require.NoError(t, err)
		require.NoError(t, own.Apply(b))
		entries = append(entries, b)
	}
	grow(own.AppendInit(key, user, 1))
	grow(own.AppendCertify(key, device.Keys(), 2))

	e := newTestEngine(t)
	known := &chain{user: user, keys: new(identity.KeyChain)}
	require.NoError(t, e.growChain(known, entries))
	require.NoError(t, e.growChain(known, entries), "the same again")
	require.Empty(t, e.meta.Alarms)

	fork := new(identity.KeyChain)
	first, err := fork.AppendInit(identity.NewUserKey(), user, 1)
	require.NoError(t, err)
	require.Equal(t, rooms.CodeForked, rooms.CodeOf(e.growChain(known, [][]byte{first})))
	require.Len(t, e.meta.Alarms, 1)

	require.Error(t, e.growChain(known, [][]byte{{1, 2, 3}}))
	n, _ := known.keys.Head()
	require.Equal(t, uint64(2), n, "nothing has changed")
}

// newTestEngine gives an engine that is driven by hand.
func newTestEngine(t *testing.T) *engine {
	t.Helper()
	c, err := New(Config{
		Origin: "http://127.0.0.1:1", Transport: noTransport{}, HTTP: noTransport{}, Storage: mapStorage{},
		StorageKey: make([]byte, StorageKeySize),
	})
	require.NoError(t, err)
	c.engine.ctx = t.Context()
	return c.engine
}

type noTransport struct{}

func (noTransport) Dial(context.Context, string) (Conn, error) { return nil, ErrNoSession }
func (noTransport) Do(context.Context, string, string, []byte) (int, []byte, error) {
	return 0, nil, ErrNoSession
}

func TestAConfigurationWithSomethingMissingIsRefused(t *testing.T) {
	_, err := New(Config{})
	require.Error(t, err)
	_, err = New(Config{Origin: "http://127.0.0.1:1"})
	require.Error(t, err)
	_, err = New(Config{
		Origin: "http://127.0.0.1:1", Transport: noTransport{}, HTTP: noTransport{}, Storage: mapStorage{}, StorageKey: []byte("short"),
	})
	require.Error(t, err)
}

func FuzzCommandArguments(f *testing.F) {
	for _, c := range Commands() {
		b, _ := json.Marshal(c.Args)
		f.Add(c.Name, b)
	}
	f.Add("room.send", []byte(`{"room":1}`))
	f.Add("", []byte(nil))
	h, err := newHandlers()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, name string, args []byte) {
		handler, ok := h[name]
		if !ok {
			return
		}
		c, err := New(Config{
			Origin: "http://127.0.0.1:1", Transport: noTransport{}, HTTP: noTransport{}, Storage: mapStorage{},
			StorageKey: make([]byte, StorageKeySize),
		})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = c.Run(ctx)
		}()
		if name != "enrol" && name != "device.adopt" { // which wait for a server
			_, _ = handler(ctx, c, args)
		}
		cancel()
		<-done
	})
}

func TestAStoppingCoreDoesNotWaitForWhoWaitsForIt(t *testing.T) {
	core, err := New(Config{
		Origin: "http://localhost", Transport: nowhere{}, HTTP: nowhere{}, Storage: mapStorage{}, StorageKey: make([]byte, StorageKeySize),
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- core.Run(ctx) }()
	late := make(chan error, 1)
	require.NoError(t, core.do(t.Context(), func(e *engine) error {
		e.spawn(func(ctx context.Context) {
			<-ctx.Done()
			late <- core.do(context.Background(), func(*engine) error { return nil })
		})
		return nil
	}))
	cancel()
	select {
	case err := <-ended:
		require.ErrorIs(t, err, context.Canceled)
	case <-time.After(30 * time.Second):
		require.Fail(t, "the core did not stop")
	}
	if err := <-late; err != nil { // or it came just in time
		require.ErrorIs(t, err, errStopped)
	}
}

// nowhere is a network that leads to no server.
type nowhere struct{}

func (nowhere) Dial(context.Context, string) (Conn, error) { return nil, errStopped }
func (nowhere) Do(context.Context, string, string, []byte) (int, []byte, error) {
	return 0, nil, errStopped
}
