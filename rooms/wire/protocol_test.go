package wire_test

import (
	"encoding/hex"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/crypto/record"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// example is one frame of docs/protocol.md: its gloss and its bytes.
type example struct {
	from, name string // client or server, and what the table calls the frame
	op         wire.Op
	gloss      string
	bytes      []byte
}

var (
	block     = regexp.MustCompile("(?s)```frame\n# (.*?)\n(.*?)```")
	glossed   = regexp.MustCompile(`^(client|server): (\d+) ([a-z ]+?)(,.*)?$`)
	mentioned = regexp.MustCompile(`operations? \(?(\d+)(?: (?:and|or) (\d+))?`)
	row       = regexp.MustCompile(`(?m)^\| (\d+) \| ([a-z ]+) \| (.*) \|$`)
)

func document(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/protocol.md")
	require.NoError(t, err)
	return string(b)
}

func examples(t *testing.T) []example {
	t.Helper()
	doc := document(t)
	var list []example
	for _, m := range block.FindAllStringSubmatch(doc, -1) {
		gloss := glossed.FindStringSubmatch(m[1])
		require.NotNil(t, gloss, "%q", m[1])
		op, err := strconv.ParseUint(gloss[2], 10, 8)
		require.NoError(t, err)
		b, err := hex.DecodeString(strings.Join(strings.Fields(m[2]), ""))
		require.NoError(t, err, m[1])
		list = append(list, example{gloss[1], gloss[3], wire.Op(op), m[1], b})
	}
	require.Len(t, list, strings.Count(doc, "```")/2, "every block is an example")
	require.NotContains(t, doc, "<!-- example")
	return list
}

// bodyOf gives an empty body for an example.
func bodyOf(e example) any {
	switch {
	case e.op == wire.OpOK && e.name == "welcome":
		return new(wire.Welcome)
	case e.op == wire.OpOK && e.name == "entries":
		return new(wire.Entries)
	case e.op == wire.OpOK && e.name == "log proof":
		return new(wire.LogProof)
	case e.op == wire.OpKeyLog:
		return new(wire.LogQuery)
	}
	if b, ok := bodies()[e.op]; ok {
		return reflect.New(reflect.TypeOf(b).Elem()).Interface()
	}
	return nil
}

func TestEveryExampleOfTheProtocolIsAFrame(t *testing.T) {
	c := wire.NewCodec()
	names := map[string]bool{}
	for _, e := range examples(t) {
		t.Run(e.gloss, func(t *testing.T) {
			f, err := c.Decode(e.bytes)
			require.NoError(t, err)
			require.Equal(t, e.op, f.Op)
			require.Equal(t, e.from == "client", f.Op >= wire.OpHello && f.Op < wire.OpEntries)
			require.Equal(t, f.Op >= wire.OpEntries, f.ID == 0, "what nobody asked for has no number")
			if f.ID != 0 {
				require.Regexp(t, `request `+strconv.FormatUint(f.ID, 10)+`\b`, e.gloss)
			}
			body := bodyOf(e)
			require.NotNil(t, body)
			require.NoError(t, c.Body(f, body))
			again, err := c.Encode(f.Op, f.ID, body)
			require.NoError(t, err)
			require.Equal(t, e.bytes, again, "the example is as we would write it")
			requireGenuine(t, body)
		})
		names[e.name] = true
	}
	for _, name := range []string{"hello", "welcome", "follow", "entries", "append", "placed", "refused", "cursor", "cast", "key log", "log proof"} {
		require.True(t, names[name], "an example of %s", name)
	}
}

// requireGenuine requires that what a body holds is what the page says it is.
func requireGenuine(t *testing.T, body any) {
	t.Helper()
	event := func(kind record.Kind, payload []byte) {
		require.Equal(t, record.KindEvent, kind)
		_, err := rooms.ParseSealedEvent(payload)
		require.NoError(t, err)
	}
	switch b := body.(type) {
	case *wire.Append:
		event(b.Kind, b.Payload)
	case *wire.Entries:
		for _, e := range b.Entries {
			event(e.Kind, e.Payload)
		}
	case *wire.Failure:
		require.Equal(t, rooms.CodeStaleEpoch, b.Code)
		require.NotNil(t, b.Place)
	case *wire.Cast:
		info, err := mls.InspectMessage(b.Payload)
		require.NoError(t, err)
		require.Equal(t, mls.WirePrivateMessage, info.WireFormat)
		require.Equal(t, rooms.GroupID(b.Room, 0), info.GroupID)
	}
}

// The examples tell one story: the entry that was appended is the one that was
// placed and pushed, in the room of the welcome.
func TestTheExamplesBelongTogether(t *testing.T) {
	c := wire.NewCodec()
	var welcome wire.Welcome
	var appended wire.Append
	var placed wire.Placed
	var pushed wire.Entries
	var query wire.LogQuery
	var proof wire.LogProof
	for _, e := range examples(t) {
		f, err := c.Decode(e.bytes)
		require.NoError(t, err)
		for name, body := range map[string]any{"1 welcome": &welcome, "12 append": &appended, "1 placed": &placed, "40 entries": &pushed, "31 key log": &query, "1 log proof": &proof} {
			if strconv.Itoa(int(e.op))+" "+e.name == name {
				require.NoError(t, c.Body(f, body))
			}
		}
	}
	require.Len(t, welcome.Rooms, 1)
	require.Len(t, placed.Places, 1)
	require.Len(t, pushed.Entries, 1)
	require.Equal(t, welcome.Rooms[0].Room, appended.Room)
	require.Equal(t, wire.PlacedIn{Room: appended.Room, Seq: welcome.Rooms[0].Seq + 1, Time: pushed.Entries[0].Time}, placed.Places[0])
	require.Equal(t, appended.Payload, pushed.Entries[0].Payload)
	require.Equal(t, placed.Places[0].Seq, pushed.Entries[0].Seq)

	view, err := identity.NewLogView(welcome.Log)
	require.NoError(t, err)
	head, _, err := view.Open(proof.Head)
	require.NoError(t, err)
	require.NoError(t, view.Update(proof.Head, nil))
	require.Len(t, proof.Chains, 1)
	chain := proof.Chains[0]
	require.Equal(t, wire.ChainRef{User: welcome.User, After: 2}, query.Chains[0])
	entry, err := identity.InspectEntry(chain.Entries[0])
	require.NoError(t, err)
	require.EqualValues(t, 3, entry.Number)
	leaf := identity.LogLeaf{Kind: identity.LeafKeyChain, Subject: chain.User, Number: entry.Number, Hash: entry.Hash}
	hashes := func(b []byte) (list []tlog.Hash) {
		for h := range slices.Chunk(b, tlog.HashSize) {
			list = append(list, tlog.Hash(h))
		}
		return list
	}
	require.NoError(t, head.CheckInclusion(leaf, chain.Index, hashes(chain.Proof)))
	require.Less(t, query.Sizes[0], head.Size)
	require.NotEmpty(t, hashes(proof.Consistency[0]))
}

// operations are the constants of the package with their comments, read from
// its source.
func operations(t *testing.T) map[wire.Op]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "wire.go", nil, parser.ParseComments)
	require.NoError(t, err)
	ops := map[wire.Op]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Op") {
			return true
		}
		value, ok := spec.Values[0].(*ast.BasicLit)
		require.True(t, ok)
		number, err := strconv.ParseUint(value.Value, 10, 8)
		require.NoError(t, err)
		require.NotContains(t, ops, wire.Op(number), "numbers are never reused")
		ops[wire.Op(number)] = strings.TrimSpace(spec.Comment.Text())
		return true
	})
	require.Contains(t, ops, wire.OpHello)
	return ops
}

func TestTheProtocolNamesTheOperationsThatThereAre(t *testing.T) {
	ops := operations(t)
	doc := document(t)
	count := 0
	for _, m := range mentioned.FindAllStringSubmatch(doc, -1) {
		for _, number := range m[1:] {
			if number == "" {
				continue
			}
			n, err := strconv.ParseUint(number, 10, 8)
			require.NoError(t, err)
			require.Contains(t, ops, wire.Op(n), m[0])
			count++
		}
	}
	require.GreaterOrEqual(t, count, 8)

	listed, named := map[wire.Op]string{}, map[wire.Op]string{}
	for _, m := range row.FindAllStringSubmatch(doc, -1) {
		n, err := strconv.ParseUint(m[1], 10, 8)
		require.NoError(t, err)
		named[wire.Op(n)], listed[wire.Op(n)] = m[2], m[3]
	}
	for _, e := range examples(t) {
		if e.op != wire.OpOK {
			require.Equal(t, named[e.op], e.name, "%d", e.op)
		}
	}
	require.Len(t, listed, len(ops), "the table lists every operation")
	for op, comment := range ops {
		if op >= wire.OpHello {
			require.Equal(t, comment, listed[op], "operation %d", op)
		}
		require.Contains(t, listed, op)
		require.Contains(t, bodies(), op, "and the tests of frames know it")
	}
}
