package mls

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSecretsOfAnotherGroupEnterByTheApplication ties two groups of the same
// people: the second mixes in an epoch of the first, by proposal, by value, and
// where somebody joins by Welcome or by an external commit.
func TestSecretsOfAnotherGroupEnterByTheApplication(t *testing.T) {
	const s = X25519ChaCha
	first := namedGroup(t, s, 4)
	linked := PreSharedKeyID{Type: PSKResumption, Usage: ResumptionApplication, GroupID: groupID, Epoch: first[0].Epoch()}
	commitAndDeliver(t, first, 0, CommitOptions{})
	from := func(g *Group) func(PreSharedKeyID) []byte {
		return func(id PreSharedKeyID) []byte {
			if id.Type != PSKResumption || !bytes.Equal(id.GroupID, g.GroupID()) {
				return nil
			}
			secret, _ := g.ResumptionSecret(id.Epoch)
			return secret
		}
	}
	client := func(i int) Client {
		c := newClient(t, s, "in the second group")
		c.PSK = from(first[i])
		return c
	}
	g, err := NewGroup(client(0), []byte("second"), nil, testNow)
	require.NoError(t, err)
	second := []*Group{g}
	c := client(1)
	kp, private := newKeyPackage(t, c)
	staged := commitAndDeliver(t, second, 0, CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}, PreSharedKeyProposal{ID: linked}}})
	g, err = JoinWelcome(c, staged.Welcome(), private, JoinOptions{})
	require.NoError(t, err)
	second = append(second, g)

	m, err := second[1].ProposePreSharedKey(linked, nil)
	require.NoError(t, err)
	p, err := second[0].Process(m, testNow)
	require.NoError(t, err)
	id := p.Proposal.Proposal.(PreSharedKeyProposal).ID
	require.Len(t, id.Nonce, second[0].suite.nh) // fresh
	commitAndDeliver(t, second, 0, CommitOptions{ByReference: []ProposalRef{p.Proposal.Ref}})

	info, err := second[0].GroupInfo(nil)
	require.NoError(t, err)
	external, err := JoinExternal(client(2), info, ExternalOptions{PSKs: []PreSharedKeyID{linked}})
	require.NoError(t, err)
	deliver(t, second, -1, external)
	second = append(second, external.Group())
	agree(t, second)

	// Who was not in the first group cannot enter by it, nor follow.
	_, err = JoinExternal(newClient(t, s, "stranger"), info, ExternalOptions{PSKs: []PreSharedKeyID{linked}})
	require.ErrorIs(t, err, ErrPSK)
	second[2].client.PSK = nil
	staged, err = second[0].Commit(CommitOptions{Proposals: []Proposal{PreSharedKeyProposal{ID: linked}}})
	require.NoError(t, err)
	unchanged(t, second[2], ErrPSK, process(second[2], staged.Message()))

	_, ok := first[0].ResumptionSecret(first[0].Epoch() + 1)
	require.False(t, ok)
}

// TestReInitedGroupLetsMembersEnterByExternalCommit is the successor for those
// who come by themselves: the old group's secret has the usage application then.
func TestReInitedGroupLetsMembersEnterByExternalCommit(t *testing.T) {
	groups, h := reInited(t)
	groups[1] = reload(t, groups[1])
	link := PreSharedKeyID{Type: PSKResumption, Usage: ResumptionApplication, GroupID: groupID, Epoch: groups[1].Epoch()}
	wanted, _ := groups[0].ReInit()
	for i := range h.clients {
		h.clients[i].PSK = func(id PreSharedKeyID) []byte {
			secret, _ := groups[i].ResumptionSecret(id.Epoch)
			return secret
		}
	}
	first, err := NewGroup(h.clients[0], wanted.GroupID, wanted.Extensions, testNow)
	require.NoError(t, err)
	encoded, err := first.GroupInfo(nil)
	require.NoError(t, err)
	info, err := ParseGroupInfo(encoded)
	require.NoError(t, err)
	require.NoError(t, wanted.CheckGroupInfo(info))
	staged, err := JoinExternal(h.clients[1], encoded, ExternalOptions{PSKs: []PreSharedKeyID{link}})
	require.NoError(t, err)
	deliver(t, []*Group{first}, -1, staged)
	agree(t, []*Group{first, staged.Group()})
}

func TestPreSharedKeyProposalsThatAreRefused(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 2)
	for name, c := range map[string]struct {
		want error
		id   PreSharedKeyID
	}{
		"type":            {ErrProposal, PreSharedKeyID{Type: 3, ID: []byte("x")}},
		"no type":         {ErrProposal, PreSharedKeyID{ID: []byte("x")}},
		"usage reinit":    {ErrProposal, PreSharedKeyID{Type: PSKResumption, Usage: ResumptionReInit, GroupID: groupID, Epoch: 1}},
		"usage branch":    {ErrProposal, PreSharedKeyID{Type: PSKResumption, Usage: ResumptionBranch, GroupID: groupID, Epoch: 1}},
		"no usage":        {ErrProposal, PreSharedKeyID{Type: PSKResumption, GroupID: groupID, Epoch: 1}},
		"short nonce":     {ErrProposal, PreSharedKeyID{Type: PSKExternal, ID: []byte("x"), Nonce: []byte{1}}},
		"not known":       {ErrPSK, PreSharedKeyID{Type: PSKExternal, ID: []byte("x")}},
		"other group":     {ErrPSK, PreSharedKeyID{Type: PSKResumption, Usage: ResumptionApplication, GroupID: []byte("x"), Epoch: 1}},
		"epoch to come":   {ErrPSK, PreSharedKeyID{Type: PSKResumption, Usage: ResumptionApplication, GroupID: groupID, Epoch: 9}},
		"epoch forgotten": {ErrPSK, PreSharedKeyID{Type: PSKResumption, Usage: ResumptionApplication, GroupID: groupID, Epoch: 0}},
	} {
		t.Run(name, func(t *testing.T) {
			g := groups[1] // who joined in epoch 1
			unchanged(t, g, c.want, func() error {
				_, err := g.Commit(CommitOptions{Proposals: []Proposal{PreSharedKeyProposal{ID: c.id}}})
				return err
			})
		})
	}
}
