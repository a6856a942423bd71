package rooms

import (
	"bytes"
	"crypto/ed25519"
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
)

func checkGenesis(g *Genesis, s Statement, key ed25519.PublicKey, room ID) error {
	bad := func(what string) error { return Errorf(CodeMalformed, "genesis: %s", what) }
	whole := func(p *Party) bool { return p != nil && !p.User.IsZero() && p.KeyHash != [32]byte{} }
	switch {
	case len(s.Rooms) != 1 || s.Rooms[0] != room:
		return bad("it names another room")
	case g.Rules != Rules:
		return Errorf(CodeUnknown, "genesis: rules %d", g.Rules)
	case !whole(&g.Creator) || g.Creator.User != s.Author:
		return Errorf(CodeForgedAuthor, "genesis: the creator is not its author")
	case g.Creator.KeyHash != identity.KeyHash(key):
		return Errorf(CodeForgedAuthor, "genesis: signed by another key than the creator's")
	case !slices.Contains(g.Collectors, g.Creator) || len(g.Collectors) > maxList:
		return bad("the creator is not a collector")
	case g.Person != nil && !whole(g.Person):
		return bad("person without key")
	case g.Chair != nil && !whole(g.Chair):
		return bad("chair without key")
	case len(g.Group) != 20 || !bytes.HasPrefix(g.Group, room[:]):
		return bad("the group's id is not the room's")
	}
	seen := map[ID]bool{}
	for i := range g.Collectors {
		c := &g.Collectors[i]
		if !whole(c) || seen[c.User] {
			return bad("collectors")
		}
		seen[c.User] = true
	}
	for _, other := range []*Party{g.Person, g.Chair} {
		for _, c := range g.Collectors {
			if other != nil && other.User == c.User && other.KeyHash != c.KeyHash {
				return bad("two keys for one user")
			}
		}
	}
	none := ID{}
	var fits bool
	switch g.Kind {
	case KindDossier:
		fits = g.Case == room && g.Session == none && g.Item == none && g.Chair == nil
	case KindThread, KindPlan:
		fits = g.Case != none && g.Case != room && g.Session == none && g.Item == none && g.Chair == nil
	case KindSession:
		fits = g.Case == none && g.Session == none && g.Item == none && g.Chair != nil && g.Person == nil
	case KindItem:
		fits = g.Case != none && g.Case != room && g.Session != none && g.Item == none && g.Chair != nil
	case KindCall:
		fits = g.Session != none && g.Item != none && g.Chair != nil && *g.Chair == g.Creator
	case KindNetwork:
		fits = g.Case == none && g.Session == none && g.Item == none && g.Chair == nil && g.Person == nil
	default:
		return Errorf(CodeUnknown, "genesis: room of kind %d", g.Kind)
	}
	if !fits {
		return bad("its fields do not fit the kind of room")
	}
	return nil
}

// checkFirstGroup judges the group of the genesis: epoch 0, one leaf, the creator's.
func (p *Public) checkFirstGroup(s Statement, leaf LeafMember) error {
	g := p.group
	switch {
	case !bytes.Equal(g.GroupID(), p.genesis.Group):
		return Errorf(CodeBadCommit, "genesis: not the first epoch of the room's group")
	case uint16(g.Suite()) != p.genesis.Suite:
		return Errorf(CodeBadCommit, "genesis: another cipher suite")
	case !slices.Contains(Suites(), g.Suite()):
		return Errorf(CodeUnknown, "genesis: %v", g.Suite())
	case !slices.EqualFunc(g.Extensions(), GroupExtensions(), equalExtension):
		return Errorf(CodeBadCommit, "genesis: foreign group context extensions")
	}
	if leaf.User != s.Author || leaf.Device != s.Device || leaf.KeyHash() != p.genesis.Creator.KeyHash {
		return Errorf(CodeForgedAuthor, "genesis: the first leaf is not the creator's device")
	}
	leaf.Since = 1
	p.devices[leaf.Device] = leaf
	p.noteHeads()
	return nil
}

func equalExtension(a, b mls.Extension) bool { return a.Type == b.Type && bytes.Equal(a.Data, b.Data) }
