package authz_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
	"github.com/ensemble-sante/ensemble/server/authz"
)

var update = flag.Bool("update", false, "rewrite testdata/matrix.txt")

var someone = authz.Actor{User: identity.ID{1}, Device: identity.ID{2}}

// roles are all kinds of people that an operation can meet.
var roles = []struct {
	name  string
	actor authz.Actor
	in    authz.Standing
}{
	{"nobody", authz.Actor{}, authz.Standing{}},
	{"nobody_in_a_room", authz.Actor{}, authz.Standing{Exists: true, Participant: true, Leaf: true, Collector: true, Person: true, Chair: true, Uploader: true}},
	{"user_without_device", authz.Actor{User: identity.ID{1}}, authz.Standing{Exists: true, Participant: true, Leaf: true}},
	{"account", someone, authz.Standing{}},
	{"outsider", someone, authz.Standing{Exists: true}},
	{"consented", someone, authz.Standing{Exists: true, Participant: true}},
	{"member", someone, authz.Standing{Exists: true, Participant: true, Leaf: true}},
	{"uploader", someone, authz.Standing{Exists: true, Participant: true, Leaf: true, Uploader: true}},
	{"withdrawn", someone, authz.Standing{Exists: true, Leaf: true, Refusal: rooms.Errorf(rooms.CodeWithdrawn, "withdrawn")}},
	{"withdrawn_uploader", someone, authz.Standing{Exists: true, Leaf: true, Uploader: true, Refusal: rooms.Errorf(rooms.CodeWithdrawn, "withdrawn")}},
	{"expired", someone, authz.Standing{Exists: true, Refusal: rooms.Errorf(rooms.CodeExpired, "expired")}},
	{"collector", someone, authz.Standing{Exists: true, Collector: true}},
	{"person", someone, authz.Standing{Exists: true, Person: true}},
	{"chair", someone, authz.Standing{Exists: true, Chair: true}},
}

func TestEveryOperationIsDecidedForEveryRole(t *testing.T) {
	ops := authz.Operations()
	slices.Sort(ops)
	var b strings.Builder
	for _, op := range ops {
		fmt.Fprintf(&b, "%s\n", op)
		for _, role := range roles {
			verdict := "yes"
			if err := authz.Allow(op, role.actor, role.in); err != nil {
				verdict = string(rooms.CodeOf(err))
			}
			fmt.Fprintf(&b, "\t%-22s%s\n", role.name, verdict)
		}
	}
	golden := filepath.Join("testdata", "matrix.txt")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String(), "the matrix has changed: read the difference, then run with -update")
}

func TestNobodyWithoutASessionGetsAnythingOfARoom(t *testing.T) {
	for _, op := range authz.Operations() {
		need, _ := authz.Rule(op)
		err := authz.Allow(op, authz.Actor{}, roles[1].in)
		if need&authz.Anybody != 0 {
			require.NoError(t, err, op)
			continue
		}
		require.Equal(t, rooms.CodeUnauthorised, rooms.CodeOf(err), op)
	}
}

func TestAnUnknownOperationIsRefused(t *testing.T) {
	require.Error(t, authz.Allow("no.such", someone, roles[6].in))
}

func TestARoomLooksTheSameToOutsidersWhetherItExistsOrNot(t *testing.T) {
	for _, op := range authz.Operations() {
		absent := authz.Allow(op, someone, authz.Standing{})
		outside := authz.Allow(op, someone, authz.Standing{Exists: true})
		require.Equal(t, absent == nil, outside == nil, op)
		if absent != nil {
			require.Equal(t, absent.Error(), outside.Error(), op)
		}
	}
}

// The requests of the subprotocol are the Op constants from OpHello up to the
// first push; each must have an operation, and each operation a rule.
func TestEveryRequestOfTheSubprotocolHasARule(t *testing.T) {
	found := 0
	for name, op := range requests(t) {
		found++
		operation, ok := authz.OfWire(op)
		require.True(t, ok, "%s has no operation", name)
		_, ok = authz.Rule(operation)
		require.True(t, ok, "%s has no rule", name)
	}
	require.Greater(t, found, 20)
}

func TestEveryDeclaredOperationHasARule(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "rules.go", nil, 0)
	require.NoError(t, err)
	found := 0
	for _, spec := range constants(file) {
		if t1, ok := spec.Type.(*ast.Ident); !ok || t1.Name != "Operation" {
			continue
		}
		for _, value := range spec.Values {
			text := strings.Trim(value.(*ast.BasicLit).Value, `"`)
			_, ok := authz.Rule(authz.Operation(text))
			require.True(t, ok, "%s has no rule", text)
			found++
		}
	}
	require.Len(t, authz.Operations(), found, "a rule without an operation")
}

func requests(t *testing.T) map[string]wire.Op {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "rooms", "wire", "wire.go"), nil, 0)
	require.NoError(t, err)
	list := make(map[string]wire.Op)
	for _, spec := range constants(file) {
		if t1, ok := spec.Type.(*ast.Ident); !ok || t1.Name != "Op" {
			continue
		}
		for i, value := range spec.Values {
			var op wire.Op
			_, err := fmt.Sscan(value.(*ast.BasicLit).Value, &op)
			require.NoError(t, err)
			if op >= wire.OpHello && op < wire.OpEntries {
				list[spec.Names[i].Name] = op
			}
		}
	}
	return list
}

func constants(file *ast.File) (list []*ast.ValueSpec) {
	for _, decl := range file.Decls {
		if g, ok := decl.(*ast.GenDecl); ok && g.Tok == token.CONST {
			for _, spec := range g.Specs {
				list = append(list, spec.(*ast.ValueSpec))
			}
		}
	}
	return list
}
