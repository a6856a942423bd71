package mls

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// brokenRule is a row of the table of negative tests: a message in which exactly
// one rule of RFC 9420 is broken, by somebody who can sign and encrypt as a member
// can, and how it is refused.
type brokenRule struct {
	id      string // in docs/mls-conformance.md, "Rules a receiver checks"
	broken  string
	kind    error
	section string // which the error names
	try     func(t *testing.T, r refusal)
}

// refusal is the error that a row expects.
type refusal struct {
	kind    error
	section string
}

func (r refusal) check(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, r.kind)
	var typed *Error
	require.ErrorAs(t, err, &typed)
	require.Equal(t, r.section, typed.Section, "%v", err)
}

// members lets all members but the author refuse a message; nothing changes.
func (r refusal) members(t *testing.T, f *field, author int, message []byte) {
	t.Helper()
	for i, g := range f.groups {
		if i == author {
			continue
		}
		before, err := g.MarshalBinary()
		require.NoError(t, err)
		_, err = g.Process(message, testNow)
		r.check(t, err)
		after, err := g.MarshalBinary()
		require.NoError(t, err)
		require.True(t, bytes.Equal(before, after), "the state of member %d has changed", i)
	}
}

// server lets the public group refuse a message; nothing changes.
func (r refusal) server(t *testing.T, f *field, message []byte) {
	t.Helper()
	before, err := f.server.MarshalBinary()
	require.NoError(t, err)
	m, err := parseMessage(message, f.server.state.types...)
	if err == nil && m.public != nil && m.public.content.contentType == ContentProposal {
		err = f.server.ProcessProposal(message, testNow)
	} else {
		_, err = f.server.Process(message, testNow)
	}
	r.check(t, err)
	after, err := f.server.MarshalBinary()
	require.NoError(t, err)
	require.True(t, bytes.Equal(before, after), "the state of the public group has changed")
}

// everybody is both: the rule needs no secrets.
func (r refusal) everybody(t *testing.T, f *field, author int, message []byte) {
	t.Helper()
	r.members(t, f, author, message)
	r.server(t, f, message)
}

// onlyMembers is for what cannot be seen without secrets.
func (r refusal) onlyMembers(t *testing.T, f *field, author int, message []byte) {
	t.Helper()
	r.members(t, f, author, message)
	_, err := f.server.Process(message, testNow)
	require.NoError(t, err, "a public group cannot see it")
}

// brokenRules is the whole table.
func brokenRules() (all []brokenRule) {
	for _, part := range [][]brokenRule{
		leafRules(), pathRules(), proposalRules(), listRules(), commitRules(), treeRules(), welcomeRules(), successorRules(),
	} {
		all = append(all, part...)
	}
	return all
}

func TestBrokenRulesAreRefused(t *testing.T) {
	for _, row := range brokenRules() {
		t.Run(row.id+" "+row.broken, func(t *testing.T) {
			row.try(t, refusal{row.kind, row.section})
		})
	}
}

var (
	docRow  = regexp.MustCompile("(?m)^\\| `([0-9.]+-[0-9]+)` \\|(.*)\\|$")
	docTest = regexp.MustCompile("`(Test[A-Za-z0-9]+)`")
	docRef  = regexp.MustCompile("`(Err[A-Za-z]+)` §([0-9.]+)")
)

// TestTableOfRulesIsTheDocuments counts the table against the list of rules in
// docs/mls-conformance.md: every rule there has a row or names another test that
// exists, and every row, with its error, is there.
func TestTableOfRulesIsTheDocuments(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(moduleRoot(t), "docs", "mls-conformance.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(b), "\n## Rules a receiver checks\n")
	require.True(t, found, "the section is gone")
	section, _, _ = strings.Cut(section, "\n## ")
	sources, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var code strings.Builder
	for _, name := range sources {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		code.Write(b)
	}

	refusals := map[string]map[string]bool{} // of the rows, by rule
	for _, r := range brokenRules() {
		if refusals[r.id] == nil {
			refusals[r.id] = map[string]bool{}
		}
		refusals[r.id]["`"+nameOf(t, r.kind)+"` §"+r.section] = true
	}
	documented := map[string]bool{}
	tests := 0
	for _, m := range docRow.FindAllStringSubmatch(section, -1) {
		id, text := m[1], m[2]
		require.False(t, documented[id], "rule %s is there twice", id)
		documented[id] = true
		if !strings.Contains(text, "| table ") {
			names := docTest.FindAllStringSubmatch(text, -1)
			require.NotEmpty(t, names, "rule %s is not tested", id)
			for _, name := range names {
				require.Contains(t, code.String(), "func "+name[1]+"(", "the test of rule %s", id)
			}
			require.Empty(t, refusals[id], "rule %s has rows, and the document says otherwise", id)
			tests++
			continue
		}
		want := map[string]bool{}
		for _, ref := range docRef.FindAllString(text, -1) {
			want[ref] = true
		}
		require.Equal(t, want, refusals[id], "the errors of rule %s", id)
	}
	for id := range refusals {
		require.True(t, documented[id], "rule %s is not in the document", id)
	}
	t.Logf("%d rules: %d with %d rows of the table, %d with other tests", len(documented), len(refusals), len(brokenRules()), tests)
}

// nameOf is the name of a kind of error in the documentation.
func nameOf(t *testing.T, kind error) string {
	names := map[error]string{
		ErrMalformed: "ErrMalformed", ErrUnsupported: "ErrUnsupported", ErrStaleEpoch: "ErrStaleEpoch",
		ErrFutureEpoch: "ErrFutureEpoch", ErrWrongGroup: "ErrWrongGroup", ErrSignature: "ErrSignature",
		ErrMembershipTag: "ErrMembershipTag", ErrConfirmationTag: "ErrConfirmationTag", ErrDecrypt: "ErrDecrypt",
		ErrSender: "ErrSender", ErrCredential: "ErrCredential", ErrLeafNode: "ErrLeafNode", ErrKeyPackage: "ErrKeyPackage",
		ErrLifetime: "ErrLifetime", ErrProposal: "ErrProposal", ErrProposalList: "ErrProposalList",
		ErrUnknownProposal: "ErrUnknownProposal", ErrPath: "ErrPath", ErrTree: "ErrTree", ErrPSK: "ErrPSK",
		ErrWelcome: "ErrWelcome", ErrGroupInfo: "ErrGroupInfo", ErrReInit: "ErrReInit", ErrSuccessor: "ErrSuccessor",
	}
	require.Contains(t, names, kind)
	return names[kind]
}
