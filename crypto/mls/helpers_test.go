package mls

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	testNow = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	groupID = []byte("a group")
)

const extensionPrivate uint16 = 0xf0a1

// newClient makes a client with a key of its own.
func newClient(t require.TestingT, s CipherSuite, name string) Client {
	key, err := s.GenerateSignatureKey()
	require.NoError(t, err)
	return Client{
		Suite:          s,
		Credential:     BasicCredential([]byte(name)),
		SignatureKey:   key,
		LeafExtensions: []Extension{{Type: extensionPrivate, Data: []byte("certificate of " + name)}},
	}
}

func newKeyPackage(t require.TestingT, c Client) (*KeyPackage, *KeyPackagePrivate) {
	kp, private, err := NewKeyPackage(c, testNow, 24*time.Hour)
	require.NoError(t, err)
	return kp, private
}

// newGroup makes a group of n members, all in the same epoch.
func newGroup(t require.TestingT, s CipherSuite, n int) []*Group {
	first, err := NewGroup(newClient(t, s, "member 0"), groupID, nil, testNow)
	require.NoError(t, err)
	return addMembers(t, []*Group{first}, n-1)
}

// addMembers lets the first member add n more in one commit.
func addMembers(t require.TestingT, groups []*Group, n int) []*Group {
	if n == 0 {
		return groups
	}
	var (
		proposals []Proposal
		clients   []Client
		private   []*KeyPackagePrivate
	)
	for range n {
		c := newClient(t, groups[0].Suite(), "member")
		kp, p := newKeyPackage(t, c)
		proposals, clients, private = append(proposals, AddProposal{KeyPackage: kp}), append(clients, c), append(private, p)
	}
	staged := commitAndDeliver(t, groups, 0, CommitOptions{Proposals: proposals, Now: testNow})
	for i := range n {
		g, err := JoinWelcome(clients[i], staged.Welcome(), private[i], JoinOptions{Now: testNow})
		require.NoError(t, err)
		groups = append(groups, g)
	}
	agree(t, groups)
	return groups
}

// commitAndDeliver lets member i commit, and all others follow.
func commitAndDeliver(t require.TestingT, groups []*Group, i int, opts CommitOptions) *StagedCommit {
	staged, err := groups[i].Commit(opts)
	require.NoError(t, err)
	deliver(t, groups, i, staged)
	return staged
}

func deliver(t require.TestingT, groups []*Group, from int, staged *StagedCommit) {
	for j, g := range groups {
		if j == from {
			continue
		}
		p, err := g.Process(staged.Message(), testNow)
		require.NoError(t, err)
		require.NotNil(t, p.Commit)
		require.NoError(t, g.Merge(p.Commit))
	}
	if from >= 0 {
		require.NoError(t, groups[from].Merge(staged))
	}
}

// agree requires that all groups are in the same state, and can read each
// other.
func agree(t require.TestingT, groups []*Group) {
	for _, g := range groups[1:] {
		require.Equal(t, groups[0].Epoch(), g.Epoch())
		require.Equal(t, groups[0].EpochAuthenticator(), g.EpochAuthenticator())
		require.Equal(t, groups[0].TreeHash(), g.TreeHash())
		require.Equal(t, groups[0].public.interim, g.public.interim)
	}
}

// chat lets member i send, and all others read.
func chat(t require.TestingT, groups []*Group, i int, text string) {
	m, err := groups[i].Encrypt([]byte(text), []byte("open"))
	require.NoError(t, err)
	for j, g := range groups {
		if j == i {
			continue
		}
		p, err := g.Process(m, testNow)
		require.NoError(t, err)
		leaf, _ := g.Member(groups[i].OwnIndex())
		require.Equal(t, &Application{
			Data: []byte(text), AuthenticatedData: []byte("open"),
			Epoch: groups[i].Epoch(), Sender: groups[i].OwnIndex(), Leaf: leaf,
		}, p.Application)
	}
}

// eachSuite runs a test for every suite of the table.
func eachSuite(t *testing.T, test func(*testing.T, CipherSuite)) {
	for _, id := range CipherSuites() {
		t.Run(id.String(), func(t *testing.T) { test(t, id) })
	}
}
