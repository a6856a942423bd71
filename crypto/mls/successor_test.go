package mls

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// namedGroup is a group of members whose credentials all differ.
func namedGroup(t require.TestingT, s CipherSuite, n int) []*Group {
	first, err := NewGroup(newClient(t, s, "member 0"), groupID, nil, testNow)
	require.NoError(t, err)
	groups := []*Group{first}
	opts := CommitOptions{Now: testNow}
	var private []*KeyPackagePrivate
	var clients []Client
	for i := 1; i < n; i++ {
		c := newClient(t, s, fmt.Sprint("member ", i))
		kp, p := newKeyPackage(t, c)
		opts.Proposals = append(opts.Proposals, AddProposal{KeyPackage: kp})
		clients, private = append(clients, c), append(private, p)
	}
	staged := commitAndDeliver(t, groups, 0, opts)
	for i := range clients {
		g, err := JoinWelcome(clients[i], staged.Welcome(), private[i], JoinOptions{Now: testNow})
		require.NoError(t, err)
		groups = append(groups, g)
	}
	return groups
}

// heirs are the clients and key packages of a group's members for another group.
type heirs struct {
	clients  []Client
	packages []*KeyPackage
	private  []*KeyPackagePrivate
}

func newHeirs(t require.TestingT, s CipherSuite, groups []*Group) *heirs {
	h := &heirs{}
	for _, g := range groups {
		leaf, _ := g.Member(g.OwnIndex())
		c := newClient(t, s, string(leaf.Credential.Identity))
		kp, p := newKeyPackage(t, c)
		h.clients, h.packages, h.private = append(h.clients, c), append(h.packages, kp), append(h.private, p)
	}
	return h
}

// without gives the key packages of all but one.
func (h *heirs) without(i int) []*KeyPackage {
	return slices.Delete(slices.Clone(h.packages), i, i+1)
}

func reload(t require.TestingT, g *Group) *Group {
	b, err := g.MarshalBinary()
	require.NoError(t, err)
	g, err = UnmarshalGroup(b, g.client)
	require.NoError(t, err)
	return g
}

func TestReInitMovesTheGroupToAnotherSuite(t *testing.T) {
	for from := range suites {
		to := X25519ChaCha
		if from == to {
			to = X25519AES128
		}
		t.Run(fmt.Sprintf("%v to %v", from, to), func(t *testing.T) {
			groups := namedGroup(t, from, 4)
			server := groups[0].Public()
			wanted := ReInitProposal{
				GroupID: []byte("next"), Suite: to,
				Extensions: []Extension{{Type: extensionPrivate, Data: []byte("room")}},
			}
			// One proposes, another one commits, and a third one makes the successor.
			m, err := groups[1].ProposeReInit(wanted, []byte("why"))
			require.NoError(t, err)
			require.NoError(t, server.ProcessProposal(m, testNow))
			for i, g := range groups {
				if i != 1 {
					_, err := g.Process(m, testNow)
					require.NoError(t, err)
				}
			}
			staged, err := groups[0].Commit(CommitOptions{ByReference: []ProposalRef{server.PendingProposals()[0].Ref}})
			require.NoError(t, err)
			require.Nil(t, staged.GroupInfo())
			b, err := staged.MarshalBinary()
			require.NoError(t, err)
			staged, err = UnmarshalStagedCommit(b, groups[0].client)
			require.NoError(t, err)
			followed, err := server.Process(staged.Message(), testNow)
			require.NoError(t, err)
			require.NoError(t, server.Merge(followed))
			deliver(t, groups, 0, staged)
			agree(t, groups)

			wanted.Version = mls10
			require.Equal(t, &wanted, staged.Changes().ReInit)
			require.Equal(t, &wanted, followed.Changes().ReInit)
			require.ErrorIs(t, server.Ended(), ErrReInit)
			b, err = server.MarshalBinary()
			require.NoError(t, err)
			server, err = UnmarshalPublicGroup(b)
			require.NoError(t, err)
			require.ErrorIs(t, server.Ended(), ErrReInit)
			got, ok := server.ReInit()
			require.True(t, ok)
			require.Equal(t, wanted, got)
			for i, g := range groups {
				groups[i] = reload(t, g) // what is needed survives a restart
				require.Equal(t, g.EpochAuthenticator(), groups[i].EpochAuthenticator())
				require.ErrorIs(t, groups[i].Ended(), ErrReInit)
				got, ok := groups[i].ReInit()
				require.True(t, ok)
				require.Equal(t, wanted, got)
			}

			h := newHeirs(t, to, groups)
			first, err := groups[2].Successor(h.clients[2], SuccessorOptions{KeyPackages: h.without(2), Now: testNow})
			require.NoError(t, err)
			require.Nil(t, first.Message())
			require.EqualValues(t, 1, first.Epoch())
			b, err = first.MarshalBinary()
			require.NoError(t, err)
			first, err = UnmarshalStagedCommit(b, h.clients[2])
			require.NoError(t, err)
			info, err := ParseGroupInfo(first.GroupInfo())
			require.NoError(t, err)
			require.NoError(t, got.CheckGroupInfo(info))
			next := []*Group{first.Group()}
			for _, i := range []int{0, 1, 3} {
				g, err := JoinWelcome(h.clients[i], first.Welcome(), h.private[i], JoinOptions{From: groups[i], Now: testNow})
				require.NoError(t, err)
				next = append(next, g)
			}
			agree(t, next)
			require.Equal(t, to, next[0].Suite())
			require.Equal(t, wanted.Extensions, next[1].Extensions())
			chat(t, next, 3, "here again")
			server, err = NewPublicGroup(first.GroupInfo(), testNow)
			require.NoError(t, err)
			staged = commitAndDeliver(t, next, 1, CommitOptions{})
			followed, err = server.Process(staged.Message(), testNow)
			require.NoError(t, err)
			require.NoError(t, server.Merge(followed))
			agree(t, next)
		})
	}
}

func TestReInitEndsTheGroup(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 2)
	server := groups[0].Public()
	staged, err := groups[0].Commit(CommitOptions{Proposals: []Proposal{ReInitProposal{GroupID: []byte("next"), Suite: X25519AES128}}})
	require.NoError(t, err)
	late, err := groups[1].Encrypt([]byte("late"), nil)
	require.NoError(t, err)
	followed, err := server.Process(staged.Message(), testNow)
	require.NoError(t, err)
	old, err := groups[0].GroupInfo(nil)
	require.NoError(t, err)
	require.ErrorIs(t, followed.CheckGroupInfo(old), ErrGroupInfo)
	require.NoError(t, server.Merge(followed))
	deliver(t, groups, 0, staged)
	agree(t, groups)
	for _, g := range groups {
		_, err := g.Encrypt([]byte("more"), nil)
		require.ErrorIs(t, err, ErrReInit)
		_, err = g.Commit(CommitOptions{})
		require.ErrorIs(t, err, ErrReInit)
		_, err = g.ProposeRemove(1, nil)
		require.ErrorIs(t, err, ErrReInit)
		_, err = g.ProposeUpdate(nil, nil)
		require.ErrorIs(t, err, ErrReInit)
		_, err = g.GroupInfo(nil)
		require.ErrorIs(t, err, ErrReInit)
		_, err = g.Process(late, testNow)
		require.ErrorIs(t, err, ErrReInit)
		_, err = g.Branch(g.client, []byte("branch"), nil, SuccessorOptions{})
		require.ErrorIs(t, err, ErrReInit)
		_, err = g.Export("label", nil, 32)
		require.NoError(t, err)
	}
	_, err = server.SignExternalProposal(groups[0].client.SignatureKey, 0, RemoveProposal{LeafIndex: 1}, nil)
	require.ErrorIs(t, err, ErrReInit)
	_, err = server.Process(staged.Message(), testNow)
	require.ErrorIs(t, err, ErrStaleEpoch)
	m, err := parseMessage(staged.Message())
	require.NoError(t, err)
	m.public.content.epoch++
	m.public.content.raw = nil
	_, err = server.Process(m.append(nil), testNow)
	require.ErrorIs(t, err, ErrReInit)
}

func TestReInitOfOneHasASuccessorOfOne(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 1)
	commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{ReInitProposal{GroupID: []byte("next"), Suite: X25519AES128}}})
	c := newClient(t, X25519AES128, "member 0")
	first, err := groups[0].Successor(c, SuccessorOptions{})
	require.NoError(t, err)
	require.Nil(t, first.Welcome())
	require.EqualValues(t, 1, first.Group().Epoch())
}

func TestReInitThatCouldNotBeFollowedIsNotProposed(t *testing.T) {
	g := newGroup(t, X25519ChaCha, 2)[0]
	for name, c := range map[string]struct {
		want error
		p    ReInitProposal
	}{
		"suite":      {ErrUnsupported, ReInitProposal{GroupID: []byte("next"), Suite: 0x7777}},
		"version":    {ErrUnsupported, ReInitProposal{GroupID: []byte("next"), Suite: X25519ChaCha, Version: 2}},
		"same group": {ErrProposal, ReInitProposal{GroupID: groupID, Suite: X25519ChaCha}},
		"extensions": {ErrMalformed, ReInitProposal{GroupID: []byte("next"), Suite: X25519ChaCha, Extensions: []Extension{{Type: 9}, {Type: 9}}}},
	} {
		t.Run(name, func(t *testing.T) {
			unchanged(t, g, c.want, func() error {
				_, err := g.ProposeReInit(c.p, nil)
				return err
			})
			unchanged(t, g, c.want, func() error {
				_, err := g.Commit(CommitOptions{Proposals: []Proposal{c.p}})
				return err
			})
		})
	}
	unchanged(t, g, ErrSuccessor, func() error {
		_, err := g.Successor(g.client, SuccessorOptions{})
		return err
	})
}

// reInited is a group of three that ended, with the clients of its successor.
func reInited(t require.TestingT) ([]*Group, *heirs) {
	groups := namedGroup(t, X25519ChaCha, 3)
	commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{ReInitProposal{GroupID: []byte("next"), Suite: X25519AES128}}})
	return groups, newHeirs(t, X25519AES128, groups)
}

func TestSuccessorIsMadeWithAllMembersAndNobodyElse(t *testing.T) {
	groups, h := reInited(t)
	stranger, _ := newKeyPackage(t, newClient(t, X25519AES128, "stranger"))
	oldSuite, _ := newKeyPackage(t, newClient(t, X25519ChaCha, "member 2"))
	make := func(c Client, packages ...*KeyPackage) error {
		_, err := groups[0].Successor(c, SuccessorOptions{KeyPackages: packages, Now: testNow})
		return err
	}
	require.NoError(t, make(h.clients[0], h.packages[1], h.packages[2]))
	require.ErrorIs(t, make(h.clients[0], h.packages[1]), ErrSuccessor)
	require.ErrorIs(t, make(h.clients[0], h.packages[1], stranger), ErrSuccessor)
	require.ErrorIs(t, make(h.clients[0], h.packages[1], h.packages[2], stranger), ErrSuccessor)
	require.ErrorIs(t, make(h.clients[0], h.packages[1], oldSuite), ErrKeyPackage)
	require.ErrorIs(t, make(h.clients[0], h.packages[1], nil), ErrProposal)
	require.ErrorIs(t, make(h.clients[1], h.packages[1], h.packages[2]), ErrLeafNode) // signature key twice
	require.ErrorIs(t, make(groups[0].client, h.packages[1], h.packages[2]), ErrSuccessor)

	// An application whose credentials change form says who is who.
	c := newClient(t, X25519AES128, "MEMBER 0")
	require.ErrorIs(t, make(c, h.packages[1], h.packages[2]), ErrSuccessor)
	last := func(before, after *LeafNode) bool {
		a, b := before.Credential.Identity, after.Credential.Identity
		return a[len(a)-1] == b[len(b)-1]
	}
	first, err := groups[0].Successor(c, SuccessorOptions{KeyPackages: h.packages[1:], SameMember: last})
	require.NoError(t, err)
	_, err = JoinWelcome(h.clients[1], first.Welcome(), h.private[1], JoinOptions{From: groups[1]})
	require.ErrorIs(t, err, ErrSuccessor)
	_, err = JoinWelcome(h.clients[1], first.Welcome(), h.private[1], JoinOptions{From: groups[1], SameMember: last})
	require.NoError(t, err)
}

// TestSuccessorOtherThanProposedIsRefused lets a member of the old group make
// successors that are not what the proposal says.
func TestSuccessorOtherThanProposedIsRefused(t *testing.T) {
	anyone := func(_, _ *LeafNode) bool { return true }
	for name, edit := range map[string]func(evil *Group){
		"group id":   func(g *Group) { g.public.reInit.GroupID = []byte("other") },
		"extensions": func(g *Group) { g.public.reInit.Extensions = []Extension{{Type: extensionPrivate}} },
		"another epoch": func(g *Group) {
			g.secrets.resumption = g.ownResumption(PreSharedKeyID{Type: PSKResumption, GroupID: groupID, Epoch: 1})
			g.public.context.epoch--
		},
		"another group": func(g *Group) { g.public.context.groupID = []byte("other") },
		"another key":   func(g *Group) { g.secrets.resumption = make([]byte, 32) },
	} {
		t.Run(name, func(t *testing.T) {
			groups, h := reInited(t)
			evil := reload(t, groups[0])
			edit(evil)
			first, err := evil.Successor(h.clients[0], SuccessorOptions{KeyPackages: h.packages[1:]})
			require.NoError(t, err)
			client := h.clients[1]
			client.PSK = func(PreSharedKeyID) []byte { return groups[1].secrets.resumption }
			_, err = JoinWelcome(client, first.Welcome(), h.private[1], JoinOptions{From: groups[1]})
			if name == "another key" {
				require.ErrorIs(t, err, ErrDecrypt)
				return
			}
			require.ErrorIs(t, err, ErrSuccessor)
		})
	}
	t.Run("suite", func(t *testing.T) {
		groups, _ := reInited(t)
		h := newHeirs(t, X25519ChaCha, groups)
		evil := reload(t, groups[0])
		evil.public.reInit.Suite = X25519ChaCha
		first, err := evil.Successor(h.clients[0], SuccessorOptions{KeyPackages: h.packages[1:]})
		require.NoError(t, err)
		_, err = JoinWelcome(h.clients[1], first.Welcome(), h.private[1], JoinOptions{From: groups[1]})
		require.ErrorIs(t, err, ErrSuccessor)
	})
	t.Run("members", func(t *testing.T) {
		groups, h := reInited(t)
		stranger, _ := newKeyPackage(t, newClient(t, X25519AES128, "stranger"))
		for _, packages := range [][]*KeyPackage{
			{h.packages[1], stranger}, append(slices.Clone(h.packages[1:]), stranger), {h.packages[1]},
		} {
			evil := reload(t, groups[0])
			first, err := evil.found(h.clients[0], []byte("next"), nil, ResumptionReInit, SuccessorOptions{KeyPackages: packages, SameMember: anyone})
			if len(packages) != 2 { // as many as there were: refused at once
				require.ErrorIs(t, err, ErrSuccessor)
				evil.public.tree = first0(t, h.clients[0], packages)
				first, err = evil.found(h.clients[0], []byte("next"), nil, ResumptionReInit, SuccessorOptions{KeyPackages: packages, SameMember: anyone})
			}
			require.NoError(t, err)
			_, err = JoinWelcome(h.clients[1], first.Welcome(), h.private[1], JoinOptions{From: groups[1]})
			require.ErrorIs(t, err, ErrSuccessor)
		}
	})
	t.Run("not the first commit", func(t *testing.T) {
		groups, h := reInited(t)
		first, err := groups[0].Successor(h.clients[0], SuccessorOptions{KeyPackages: h.packages[1:]})
		require.NoError(t, err)
		_, err = JoinWelcome(h.clients[1], first.Welcome(), h.private[1], JoinOptions{})
		require.ErrorIs(t, err, ErrPSK) // the old group is needed
		// Who is added later is no heir.
		next := []*Group{first.Group()}
		late := newClient(t, X25519AES128, "member 1")
		kp, private := newKeyPackage(t, late)
		staged := commitAndDeliver(t, next, 0, CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}})
		_, err = JoinWelcome(late, staged.Welcome(), private, JoinOptions{From: groups[1]})
		require.ErrorIs(t, err, ErrSuccessor)
		_, err = JoinWelcome(late, staged.Welcome(), private, JoinOptions{})
		require.NoError(t, err)
	})
	t.Run("no ReInit before", func(t *testing.T) {
		groups, h := reInited(t)
		first, err := groups[0].Successor(h.clients[0], SuccessorOptions{KeyPackages: h.packages[1:]})
		require.NoError(t, err)
		groups[1].public.reInit = nil
		_, err = JoinWelcome(h.clients[1], first.Welcome(), h.private[1], JoinOptions{From: groups[1]})
		require.ErrorIs(t, err, ErrSuccessor)
	})
	t.Run("two links", func(t *testing.T) {
		groups, _ := reInited(t)
		id := PreSharedKeyID{Type: PSKResumption, Usage: ResumptionBranch, Nonce: make([]byte, 32)}
		_, err := (&groupSecrets{psks: []PreSharedKeyID{id, id}}).checkPSKs(groups[0].suite, groups[0])
		require.ErrorIs(t, err, ErrWelcome)
	})
}

// first0 is the tree of a group of these members.
func first0(t *testing.T, c Client, packages []*KeyPackage) *ratchetTree {
	g, err := NewGroup(c, groupID, nil, testNow)
	require.NoError(t, err)
	for _, kp := range packages {
		_, err := g.public.tree.add(kp.Leaf)
		require.NoError(t, err)
	}
	return g.public.tree
}
