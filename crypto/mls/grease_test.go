package mls

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func newGreasedClient(t require.TestingT, s CipherSuite, name string) Client {
	c := newClient(t, s, name)
	c.GREASE = true
	return c
}

func TestGREASEValuesAreThoseOfTheRegistry(t *testing.T) {
	var values []uint16
	for i := range 15 {
		values = append(values, greaseValue(byte(i)))
	}
	require.Equal(t, []uint16{
		0x0a0a, 0x1a1a, 0x2a2a, 0x3a3a, 0x4a4a, 0x5a5a, 0x6a6a, 0x7a7a,
		0x8a8a, 0x9a9a, 0xaaaa, 0xbaba, 0xcaca, 0xdada, 0xeaea,
	}, values)
	for v := range 1 << 16 {
		require.Equal(t, slices.Contains(values, uint16(v)), isGREASE(uint16(v)), "%04x", v)
	}
}

// countGREASE counts the values in each of the seven fields of §13.5 but that of
// the GroupInfo.
func countGREASE(leaf *LeafNode) map[string]int {
	count := func(list []uint16) (n int) {
		for _, v := range list {
			if isGREASE(v) {
				n++
			}
		}
		return n
	}
	var suites, extensions []uint16
	for _, s := range leaf.Capabilities.CipherSuites {
		suites = append(suites, uint16(s))
	}
	for _, e := range leaf.Extensions {
		extensions = append(extensions, e.Type)
	}
	return map[string]int{
		"suites": count(suites), "extensions": count(leaf.Capabilities.Extensions), "proposals": count(leaf.Capabilities.Proposals),
		"credentials": count(leaf.Capabilities.Credentials), "leaf": count(extensions),
	}
}

func hasGREASE(list []Extension) bool {
	return slices.ContainsFunc(list, func(e Extension) bool { return isGREASE(e.Type) })
}

func TestGroupsWithGREASEGoOn(t *testing.T) {
	eachSuite(t, func(t *testing.T, id CipherSuite) {
		first, err := NewGroup(newGreasedClient(t, id, "first"), groupID, nil, testNow)
		require.NoError(t, err)
		groups := addMembers(t, []*Group{first}, 1) // one who sends none
		c := newGreasedClient(t, id, "second")
		kp, private := newKeyPackage(t, c)
		require.True(t, hasGREASE(kp.Extensions))
		encoded, err := kp.MarshalBinary()
		require.NoError(t, err)
		kp, err = ParseKeyPackage(encoded, testNow)
		require.NoError(t, err)
		staged := commitAndDeliver(t, groups, 1, CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}, Now: testNow})
		g, err := JoinWelcome(c, staged.Welcome(), private, JoinOptions{Now: testNow})
		require.NoError(t, err)
		groups = append(groups, g)

		info, err := groups[2].GroupInfo(nil)
		require.NoError(t, err)
		parsed, err := ParseGroupInfo(info)
		require.NoError(t, err)
		require.True(t, hasGREASE(parsed.Extensions()))
		_, err = NewPublicGroup(info, testNow)
		require.NoError(t, err)
		staged, err = JoinExternal(newGreasedClient(t, id, "third"), info, ExternalOptions{})
		require.NoError(t, err)
		deliver(t, groups, -1, staged)
		groups = append(groups, staged.Group())

		var before []map[string]int
		for _, m := range groups[0].Members() {
			n := countGREASE(m.Leaf)
			for field := range n {
				require.Equal(t, m.Index != 1, n[field] > 0, "%s of leaf %d", field, m.Index)
			}
			before = append(before, n)
		}
		for i := range groups { // renewed leaves say what they said
			commitAndDeliver(t, groups, i, CommitOptions{})
		}
		for i, m := range groups[0].Members() {
			require.Equal(t, before[i], countGREASE(m.Leaf))
		}
		agree(t, groups)
		for i := range groups {
			chat(t, groups, i, "with grease")
		}
	})
}

func TestNoGREASEIsSentUnasked(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 2)
	for _, m := range groups[0].Members() {
		for field, n := range countGREASE(m.Leaf) {
			require.Zero(t, n, field)
		}
	}
	info, err := groups[0].GroupInfo(nil)
	require.NoError(t, err)
	parsed, err := ParseGroupInfo(info)
	require.NoError(t, err)
	require.False(t, hasGREASE(parsed.Extensions()))
	kp, _ := newKeyPackage(t, newClient(t, X25519ChaCha, "c"))
	require.False(t, hasGREASE(kp.Extensions))
}

// claimed gives a value that the client's leaf claims to support, as GREASE.
func claimed(t *testing.T, leaf *LeafNode) uint16 {
	i := slices.IndexFunc(leaf.Capabilities.Extensions, isGREASE)
	require.GreaterOrEqual(t, i, 0)
	return leaf.Capabilities.Extensions[i]
}

func TestGREASEIsNoSupportForWhatAGroupAsks(t *testing.T) {
	c := newGreasedClient(t, X25519ChaCha, "greased")
	alone, err := NewGroup(c, groupID, nil, testNow)
	require.NoError(t, err)
	leaf, _ := alone.Member(0)
	demand := []Extension{{Type: claimed(t, leaf)}}

	_, err = NewGroup(c, groupID, demand, testNow)
	require.ErrorIs(t, err, ErrUnsupported, "making a group that asks for it")
	_, err = NewGroup(c, groupID, []Extension{RequiredCapabilities{Extensions: []uint16{demand[0].Type}}.Extension()}, testNow)
	require.ErrorIs(t, err, ErrUnsupported)
	_, err = alone.Commit(CommitOptions{Proposals: []Proposal{GroupContextExtensionsProposal{Extensions: demand}}})
	require.ErrorIs(t, err, ErrUnsupported, "committing it")

	// Somebody who supports the value, and asks for it.
	asking := newClient(t, X25519ChaCha, "asking")
	asking.Capabilities.Extensions = []uint16{demand[0].Type, extensionRoom}
	group, err := NewGroup(asking, groupID, nil, testNow)
	require.NoError(t, err)
	groups := []*Group{group}
	kp, private := newKeyPackage(t, c)
	staged := commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}, Now: testNow})
	joined, err := JoinWelcome(c, staged.Welcome(), private, JoinOptions{Now: testNow})
	require.NoError(t, err)
	staged, err = group.Commit(CommitOptions{Proposals: []Proposal{GroupContextExtensionsProposal{Extensions: []Extension{{Type: ExtensionApplicationID}}}}})
	require.NoError(t, err)
	message := tampered(t, group, staged.Message(), true, func(m *publicMessage) {
		m.content.commit.proposals[0].proposal = GroupContextExtensionsProposal{Extensions: demand}
	})
	unchanged(t, joined, ErrUnsupported, process(joined, message))

	group.public.context.extensions = demand // as if it had always asked
	info, err := group.signGroupInfo(nil)
	require.NoError(t, err)
	_, err = NewPublicGroup(info.encode(), testNow)
	require.NoError(t, err, "who has no leaf cannot tell")
	_, err = JoinExternal(c, info.encode(), ExternalOptions{Resync: &joined.own})
	require.ErrorIs(t, err, ErrUnsupported, "entering by an external commit")
	_, err = JoinWelcome(c, welcomeTo(t, kp, info), private, JoinOptions{Now: testNow})
	require.ErrorIs(t, err, ErrUnsupported, "entering by a welcome")
}

// welcomeTo makes a Welcome with any GroupInfo, for one who is in its tree.
func welcomeTo(t *testing.T, kp *KeyPackage, info *GroupInfo) []byte {
	s := suites[kp.Suite]
	group := groupSecrets{joinerSecret: s.random()}
	sealed, err := s.sealGroupInfo(s.welcomeSecret(s.memberSecret(group.joinerSecret, s.zero())), info.append(nil))
	require.NoError(t, err)
	secrets, err := s.encryptWithLabel(kp.InitKey, "Welcome", sealed, group.append(nil))
	require.NoError(t, err)
	w := &welcomeMessage{suite: s.id, encryptedGroupInfo: sealed, secrets: []encryptedGroupSecrets{{newMember: kp.Ref(), secrets: secrets}}}
	return w.append(appendMessageHeader(nil, WireWelcome))
}
