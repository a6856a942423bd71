package mls

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// ofList lets member 1 commit a list of proposals by value.
func ofList(list func(t *testing.T, f *field) []Proposal) func(*testing.T, refusal) {
	return func(t *testing.T, r refusal) {
		f := newField(t)
		r.everybody(t, f, 1, (&forgery{as: f.groups[1], list: byValue(f.groups[1], list(t, f)...)}).message(t))
	}
}

func fixed(list ...Proposal) func(*testing.T, *field) []Proposal {
	return func(*testing.T, *field) []Proposal { return list }
}

// ofReferences lets member 1 commit proposals by reference, each shared by its
// maker, and others by value.
func ofReferences(by []int, shared func(t *testing.T, as *Group) Proposal, values ...Proposal) func(*testing.T, refusal) {
	return func(t *testing.T, r refusal) {
		f := newField(t)
		list := byValue(f.groups[1], values...)
		for _, i := range by {
			list = append(list, f.share(t, i, forgedProposal(t, f.groups[i], shared(t, f.groups[i]), nil)))
		}
		r.everybody(t, f, 1, (&forgery{as: f.groups[1], list: list}).message(t))
	}
}

// external lets somebody enter with these proposals beside so many ExternalInits.
func external(inits int, list func(t *testing.T, f *field) []Proposal) func(*testing.T, refusal) {
	return func(t *testing.T, r refusal) {
		f := newField(t)
		r.everybody(t, f, -1, f.joiner(t, inits, list(t, f)...).message(t))
	}
}

func updateOf(t *testing.T, as *Group) Proposal { return forgedUpdate(t, as, nil) }

// listRules are those of §12.2 and §12.3.
func listRules() []brokenRule {
	newcomer := func(t *testing.T) AddProposal { return forgedPackage(t, newClient(t, X25519ChaCha, "new"), nil, nil) }
	none := GroupContextExtensionsProposal{}
	reInit := ReInitProposal{GroupID: []byte("next"), Version: mls10, Suite: X25519ChaCha}
	return []brokenRule{
		{"12.2-1", "Update of the committer by value", ErrProposalList, "12.2", ofList(func(t *testing.T, f *field) []Proposal {
			return []Proposal{forgedUpdate(t, f.groups[1], nil)}
		})},
		{"12.2-1", "Update of the committer by reference", ErrProposalList, "12.2", ofReferences([]int{1}, updateOf)},
		{"12.2-2", "Remove of the committer by value", ErrProposalList, "12.2", ofList(fixed(RemoveProposal{LeafIndex: 1}))},
		{"12.2-2", "Remove of the committer by reference", ErrProposalList, "12.2", ofReferences([]int{2}, func(*testing.T, *Group) Proposal {
			return RemoveProposal{LeafIndex: 1}
		})},
		{"12.2-3", "Update and Remove of one leaf", ErrProposalList, "12.2", ofReferences([]int{2}, updateOf, RemoveProposal{LeafIndex: 2})},
		{"12.2-3", "two Updates of one leaf", ErrProposalList, "12.2", ofReferences([]int{2, 2}, updateOf)},
		{"12.2-3", "two Removes of one leaf", ErrProposalList, "12.2", ofList(fixed(RemoveProposal{LeafIndex: 2}, RemoveProposal{LeafIndex: 2}))},
		{"12.2-4", "one key package twice", ErrLeafNode, "7.3", ofList(func(t *testing.T, _ *field) []Proposal {
			p := newcomer(t)
			return []Proposal{p, p}
		})},
		{"12.2-4", "two key packages of one client", ErrLeafNode, "7.3", ofList(func(t *testing.T, _ *field) []Proposal {
			c := newClient(t, X25519ChaCha, "new")
			return []Proposal{forgedPackage(t, c, nil, nil), forgedPackage(t, c, nil, nil)}
		})},
		{"12.2-5", "Add of a client who is there", ErrLeafNode, "7.3", func(t *testing.T, r refusal) {
			f := newField(t)
			again := forgedPackage(t, f.groups[2].client, nil, nil)
			r.everybody(t, f, 1, (&forgery{as: f.groups[1], list: byValue(f.groups[1], again)}).message(t))
			// With its removal it is valid.
			f.accepted(t, 1, (&forgery{as: f.groups[1], list: byValue(f.groups[1], again, RemoveProposal{LeafIndex: 2})}).message(t))
		}},
		{"12.2-6", "one pre-shared key twice", ErrProposalList, "12.2", ofList(fixed(pskNamed("a"), pskNamed("a")))},
		{"12.2-7", "two GroupContextExtensions", ErrProposalList, "12.2", ofList(fixed(none, none))},
		{"12.2-8", "ReInit and Remove", ErrProposalList, "12.2", ofList(fixed(reInit, RemoveProposal{LeafIndex: 2}))},
		{"12.2-8", "ReInit and pre-shared key", ErrProposalList, "12.2", ofList(fixed(pskNamed("a"), reInit))},
		{"12.2-8", "two ReInits", ErrProposalList, "12.2", ofList(fixed(reInit, reInit))},
		{"12.2-9", "ExternalInit in a member's commit", ErrProposalList, "12.2", ofList(fixed(ExternalInitProposal{KEMOutput: make([]byte, 32)}))},
		{"12.2-10", "custom proposal that a member does not support", ErrProposalList, "12.2", func(t *testing.T, r refusal) {
			f := newField(t)
			list := byValue(f.groups[1], CustomProposal{Type: proposalTopic, Body: OpaqueBody(nil)})
			message := (&forgery{as: f.groups[1], list: list}).message(t)
			able := *f
			able.groups = f.groups[:3]
			r.everybody(t, &able, 1, message)
			// The one who does not know the type cannot even read it.
			able.groups = f.groups[3:]
			refusal{ErrUnsupported, "12.1"}.members(t, &able, -1, message)
		}},
		{"12.2-11", "tree with one encryption key twice", ErrLeafNode, "7.3", ofList(func(t *testing.T, _ *field) []Proposal {
			a := newcomer(t)
			b := forgedPackage(t, newClient(t, X25519ChaCha, "b"), func(l *LeafNode) { l.EncryptionKey = a.KeyPackage.Leaf.EncryptionKey }, nil)
			return []Proposal{a, b}
		})},
		{"12.2-12", "external commit without ExternalInit", ErrProposalList, "12.2", external(0, fixed())},
		{"12.2-12", "external commit with two ExternalInits", ErrProposalList, "12.2", external(2, fixed())},
		{"12.2-13", "external commit with two Removes", ErrProposalList, "12.2", external(1, fixed(RemoveProposal{LeafIndex: 1}, RemoveProposal{LeafIndex: 2}))},
		{"12.2-14", "external commit with the key of the leaf it removes", ErrLeafNode, "7.3", func(t *testing.T, r refusal) {
			f := newField(t)
			fg := f.joiner(t, 1, RemoveProposal{LeafIndex: 2})
			fg.fresh = func(l *LeafNode) { l.EncryptionKey = f.server.state.tree.leaf(2).EncryptionKey }
			r.everybody(t, f, -1, fg.message(t))
		}},
		{"12.2-15", "external commit with an Add", ErrProposalList, "12.2", external(1, func(t *testing.T, _ *field) []Proposal { return []Proposal{newcomer(t)} })},
		{"12.2-15", "external commit with GroupContextExtensions", ErrProposalList, "12.2", external(1, fixed(none))},
		{"12.2-15", "external commit with ReInit", ErrProposalList, "12.2", external(1, fixed(reInit))},
		{"12.2-15", "external commit with an Update", ErrProposal, "12.1.2", external(1, func(t *testing.T, f *field) []Proposal {
			return []Proposal{forgedUpdate(t, f.groups[0], nil)}
		})},
		{"12.3-1", "Add that lacks what the same commit comes to require", ErrLeafNode, "11.1", newContext(RequiredCapabilities{Extensions: []uint16{extensionRoom}}.Extension())},
		{"12.3-1", "Add that lacks an extension which the same commit brings", ErrLeafNode, "13.4", newContext(Extension{Type: extensionRoom})},
	}
}

// newContext commits an Add, and behind it a context that the newcomer, and nobody
// else, does not support.
func newContext(e Extension) func(*testing.T, refusal) {
	return func(t *testing.T, r refusal) {
		f := newField(t, RequiredCapabilities{}.Extension())
		add := forgedPackage(t, newClient(t, X25519ChaCha, "new"), func(l *LeafNode) {
			l.Capabilities.Credentials = []uint16{CredentialBasic, CredentialX509}
		}, nil)
		list := byValue(f.groups[1], add, GroupContextExtensionsProposal{Extensions: []Extension{e}})
		r.everybody(t, f, 1, (&forgery{as: f.groups[1], list: list}).message(t))
		f.accepted(t, 1, (&forgery{as: f.groups[1], list: slices.Delete(list, 0, 1)}).message(t))
	}
}

// TestForgeriesThatBreakNoRuleAreAccepted shows that what the table's messages are
// refused for is the broken rule, and not how they are made.
func TestForgeriesThatBreakNoRuleAreAccepted(t *testing.T) {
	for name, make := range map[string]func(t *testing.T, f *field) (int, *forgery){
		"empty": func(_ *testing.T, f *field) (int, *forgery) { return 1, &forgery{as: f.groups[1]} },
		"without path": func(t *testing.T, f *field) (int, *forgery) {
			add := forgedPackage(t, newClient(t, X25519ChaCha, "new"), nil, nil)
			return 1, &forgery{as: f.groups[1], list: byValue(f.groups[1], add, pskNamed("a"), pskNamed("b")), noPath: true}
		},
		"of every kind": func(t *testing.T, f *field) (int, *forgery) {
			add := forgedPackage(t, newClient(t, X25519ChaCha, "new"), nil, nil)
			list := byValue(f.groups[1], add, RemoveProposal{LeafIndex: 3}, GroupContextExtensionsProposal{}, pskNamed("a"))
			update, err := f.groups[2].ProposeUpdate(nil, nil)
			require.NoError(t, err)
			return 1, &forgery{as: f.groups[1], list: append(list, f.share(t, 2, update))}
		},
		"ReInit": func(_ *testing.T, f *field) (int, *forgery) {
			p := ReInitProposal{GroupID: []byte("next"), Version: mls10, Suite: X25519ChaCha}
			return 1, &forgery{as: f.groups[1], list: byValue(f.groups[1], p), noPath: true}
		},
		"external": func(t *testing.T, f *field) (int, *forgery) { return -1, f.joiner(t, 1) },
		"resync": func(t *testing.T, f *field) (int, *forgery) {
			return -1, f.joiner(t, 1, RemoveProposal{LeafIndex: 2}, pskNamed("a"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newField(t)
			author, fg := make(t, f)
			f.accepted(t, author, fg.message(t))
		})
	}
}
