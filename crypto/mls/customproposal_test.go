package mls

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	proposalTopic uint16 = 0xf0b1 // one vector; needs a path
	proposalFlags uint16 = 0xf0b2 // two bytes; needs none; from outside as well
)

// ownTypes are proposals that some application knows.
func ownTypes() []ProposalType {
	return []ProposalType{
		{Type: proposalTopic},
		{Type: proposalFlags, NoPath: true, External: true, Length: func(b []byte) (int, error) {
			if len(b) < 2 || b[0] == 0xff {
				return 0, errors.New("no flags")
			}
			return 2, nil
		}},
	}
}

// customGroup is a group of n members who know the types, and of others.
func customGroup(t require.TestingT, n int, others ...Client) []*Group {
	var groups []*Group
	for i := range n + len(others) {
		c := newClient(t, X25519ChaCha, "member")
		c.ProposalTypes = ownTypes()
		if i >= n {
			c = others[i-n]
		}
		if i == 0 {
			g, err := NewGroup(c, groupID, nil, testNow)
			require.NoError(t, err)
			groups = append(groups, g)
			continue
		}
		kp, private := newKeyPackage(t, c)
		staged := commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}})
		g, err := JoinWelcome(c, staged.Welcome(), private, JoinOptions{})
		require.NoError(t, err)
		groups = append(groups, g)
	}
	return groups
}

func TestCustomProposalsReachAllMembers(t *testing.T) {
	groups := customGroup(t, 3)
	info, err := groups[0].GroupInfo(nil)
	require.NoError(t, err)
	server, err := NewPublicGroup(info, testNow, ownTypes()...)
	require.NoError(t, err)
	topic := CustomProposal{Type: proposalTopic, Body: OpaqueBody([]byte("weather"))}
	flags := CustomProposal{Type: proposalFlags, Body: []byte{5, 0}}

	m, err := groups[1].ProposeCustom(topic, nil)
	require.NoError(t, err)
	for _, i := range []int{0, 2} {
		p, err := groups[i].Process(m, testNow)
		require.NoError(t, err)
		require.Equal(t, topic, p.Proposal.Proposal)
		groups[i] = reload(t, groups[i]) // with the proposal pending
	}
	require.NoError(t, server.ProcessProposal(m, testNow))
	b, err := server.MarshalBinary()
	require.NoError(t, err)
	server, err = UnmarshalPublicGroup(b, ownTypes()...)
	require.NoError(t, err)
	_, err = InspectMessage(m)
	require.ErrorIs(t, err, ErrUnsupported)
	_, err = InspectMessage(m, ownTypes()...)
	require.NoError(t, err)

	staged, err := groups[0].Commit(CommitOptions{
		ByReference: []ProposalRef{server.PendingProposals()[0].Ref},
		Proposals:   []Proposal{flags, RemoveProposal{LeafIndex: 2}},
	})
	require.NoError(t, err)
	want := []CustomChange{
		{Sender: Sender{Type: SenderMember, Index: 1}, Proposal: topic},
		{Sender: Sender{Type: SenderMember, Index: 0}, Proposal: flags},
	}
	require.Equal(t, want, staged.Changes().Custom)
	require.Equal(t, []byte("weather"), want[0].Proposal.Data())
	require.Nil(t, want[1].Proposal.Data())
	b, err = staged.MarshalBinary()
	require.NoError(t, err)
	staged, err = UnmarshalStagedCommit(b, groups[0].client)
	require.NoError(t, err)
	require.Equal(t, want, staged.Changes().Custom)
	followed, err := server.Process(staged.Message(), testNow)
	require.NoError(t, err)
	require.Equal(t, want, followed.Changes().Custom)
	require.NoError(t, server.Merge(followed))
	p, err := groups[1].Process(staged.Message(), testNow)
	require.NoError(t, err)
	require.Equal(t, want, p.Commit.Changes().Custom)
	deliver(t, groups, 0, staged)
	agree(t, groups[:2])
}

func TestCustomProposalSaysWhetherItNeedsAPath(t *testing.T) {
	groups := customGroup(t, 2)
	for _, c := range []struct {
		p    CustomProposal
		want error
	}{
		{CustomProposal{Type: proposalTopic, Body: OpaqueBody(nil)}, ErrPath},
		{CustomProposal{Type: proposalFlags, Body: []byte{1, 2}}, ErrConfirmationTag}, // as far as there is no tag for it
	} {
		staged, err := groups[0].Commit(CommitOptions{Proposals: []Proposal{c.p}})
		require.NoError(t, err)
		m, err := parseMessage(staged.Message(), ownTypes()...)
		require.NoError(t, err)
		m.public.content.commit.path = nil
		m.public.content.raw = nil
		a := m.public.authenticated()
		a.auth.signature, err = groups[0].suite.signWithLabel(groups[0].client.SignatureKey, "FramedContentTBS", a.tbs(groups[0].public.encoded))
		require.NoError(t, err)
		m.public.auth = a.auth
		m.public.membershipTag = a.membershipTag(groups[0].suite, groups[0].secrets.membership, groups[0].public.encoded)
		unchanged(t, groups[1], c.want, process(groups[1], m.append(nil)))
	}
}

func TestCustomProposalsNeedTheSupportOfAllWhoStay(t *testing.T) {
	plain := newClient(t, X25519ChaCha, "plain")
	groups := customGroup(t, 2, plain)
	flags := CustomProposal{Type: proposalFlags, Body: []byte{5, 0}}
	unchanged(t, groups[0], ErrProposalList, func() error {
		_, err := groups[0].ProposeCustom(flags, nil)
		return err
	})
	unchanged(t, groups[0], ErrProposalList, func() error {
		_, err := groups[0].Commit(CommitOptions{Proposals: []Proposal{flags}})
		return err
	})
	// Whoever is removed by the same commit need not support it, nor who is added.
	kp, private := newKeyPackage(t, plain)
	staged, err := groups[0].Commit(CommitOptions{Proposals: []Proposal{flags, RemoveProposal{LeafIndex: 2}, AddProposal{KeyPackage: kp}}})
	require.NoError(t, err)
	unchanged(t, groups[2], ErrUnsupported, process(groups[2], staged.Message()))
	deliver(t, groups[:2], 0, staged)
	back, err := JoinWelcome(plain, staged.Welcome(), private, JoinOptions{})
	require.NoError(t, err)
	agree(t, []*Group{groups[0], groups[1], back})

	// A member who commits it all the same is refused.
	evil := reload(t, groups[0])
	for _, l := range evil.public.tree.leaves {
		if l != nil {
			l.Capabilities.Proposals = []uint16{proposalFlags}
		}
	}
	staged, err = evil.Commit(CommitOptions{Proposals: []Proposal{flags}})
	require.NoError(t, err)
	unchanged(t, groups[1], ErrProposalList, process(groups[1], staged.Message()))
	server := groups[1].Public()
	_, err = server.Process(staged.Message(), testNow)
	require.ErrorIs(t, err, ErrProposalList)
}

func TestCustomProposalsThatAreRefused(t *testing.T) {
	groups := customGroup(t, 2)
	for name, c := range map[string]struct {
		want error
		p    CustomProposal
	}{
		"of the RFC":     {ErrUnsupported, CustomProposal{Type: proposalAdd}},
		"not registered": {ErrUnsupported, CustomProposal{Type: 0xf0b3}},
		"body too long":  {ErrProposal, CustomProposal{Type: proposalFlags, Body: []byte{1, 2, 3}}},
		"body too short": {ErrProposal, CustomProposal{Type: proposalTopic, Body: []byte{3, 1}}},
		"body not known": {ErrProposal, CustomProposal{Type: proposalFlags, Body: []byte{0xff, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			unchanged(t, groups[0], c.want, func() error {
				_, err := groups[0].Commit(CommitOptions{Proposals: []Proposal{c.p}})
				return err
			})
		})
	}
	for _, types := range [][]ProposalType{
		{{Type: 0}}, {{Type: proposalReInit}}, {{Type: 0x0a0a}}, {{Type: 0xeaea}}, {{Type: 0xf0b1}, {Type: 0xf0b1}},
	} {
		c := newClient(t, X25519ChaCha, "x")
		c.ProposalTypes = types
		_, err := NewGroup(c, groupID, nil, testNow)
		require.ErrorIs(t, err, ErrUnsupported)
		info, err := groups[0].GroupInfo(nil)
		require.NoError(t, err)
		_, err = NewPublicGroup(info, testNow, types...)
		require.ErrorIs(t, err, ErrUnsupported)
	}
}

func TestExternalSendersProposeCustomTypesThatAllowIt(t *testing.T) {
	groups := customGroup(t, 2)
	key := newClient(t, X25519ChaCha, "server").SignatureKey
	public, err := groups[0].suite.signature.public(key)
	require.NoError(t, err)
	commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{GroupContextExtensionsProposal{
		Extensions: []Extension{ExternalSenders(ExternalSender{SignatureKey: public, Credential: BasicCredential([]byte("server"))})},
	}}})
	view := groups[0].Public()
	m, err := view.SignExternalProposal(key, 0, CustomProposal{Type: proposalFlags, Body: []byte{1, 2}}, nil)
	require.NoError(t, err)
	_, err = groups[1].Process(m, testNow)
	require.NoError(t, err)
	_, err = view.SignExternalProposal(key, 0, CustomProposal{Type: proposalTopic, Body: OpaqueBody(nil)}, nil)
	require.ErrorIs(t, err, ErrSender)
}

// FuzzCustomProposals reads messages with proposals of registered types.
func FuzzCustomProposals(f *testing.F) {
	for _, p := range []CustomProposal{{proposalTopic, OpaqueBody([]byte("topic"))}, {proposalFlags, []byte{1, 2}}} {
		f.Add((&commit{proposals: []proposalOrRef{{proposal: p}, {proposal: p}}}).append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := decodeAll(b, "commit", func(d *decoder) *commit {
			d.types = ownTypes()
			return d.commit()
		})
		if err != nil {
			return
		}
		for _, p := range c.proposals {
			if q, ok := p.proposal.(CustomProposal); ok {
				again, err := decodeAll(appendProposal(nil, q), "proposal", func(d *decoder) Proposal {
					d.types = ownTypes()
					return d.proposal()
				})
				require.NoError(t, err)
				require.Equal(t, q, again)
			}
		}
	})
}
