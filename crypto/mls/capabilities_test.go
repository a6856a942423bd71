package mls

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	extensionRoom  uint16 = 0xf0b1 // for the group context
	extensionBadge uint16 = 0xf0b2 // for leaf nodes
	extensionHint  uint16 = 0xf0b3 // for key packages and GroupInfos
)

// clientOf makes a client that supports the given types of extensions, and shows
// a badge if that is among them.
func clientOf(t require.TestingT, name string, supported ...uint16) Client {
	c := newClient(t, X25519ChaCha, name)
	c.Capabilities.Extensions = supported
	return c
}

func TestCustomExtensionsReachEverybodyAsTheyWere(t *testing.T) {
	room := Extension{Type: extensionRoom, Data: []byte("room")}
	c := clientOf(t, "creator", extensionRoom)
	c.LeafExtensions = []Extension{{Type: extensionBadge, Data: []byte("creator's badge")}, {Type: ExtensionApplicationID, Data: []byte("id")}}
	creator, err := NewGroup(c, groupID, []Extension{room}, testNow)
	require.NoError(t, err)

	n := clientOf(t, "newcomer", extensionRoom)
	n.LeafExtensions = []Extension{{Type: extensionBadge, Data: nil}}
	n.KeyPackageExtensions = []Extension{{Type: extensionHint, Data: []byte("hint")}}
	kp, private := newKeyPackage(t, n)
	require.Contains(t, kp.Leaf.Capabilities.Extensions, extensionHint, "§10: what a key package holds is in the capabilities")
	encoded, err := kp.MarshalBinary()
	require.NoError(t, err)
	kp, err = ParseKeyPackage(encoded, testNow)
	require.NoError(t, err)
	require.Equal(t, n.KeyPackageExtensions, kp.Extensions)
	staged, err := creator.Commit(CommitOptions{
		Proposals: []Proposal{AddProposal{KeyPackage: kp}}, Now: testNow,
		GroupInfoExtensions: []Extension{{Type: extensionHint, Data: []byte("welcome")}},
	})
	require.NoError(t, err)
	require.NoError(t, creator.Merge(staged))
	newcomer, err := JoinWelcome(n, staged.Welcome(), private, JoinOptions{Now: testNow})
	require.NoError(t, err)

	data, ok := FindExtension(newcomer.GroupInfoExtensions(), extensionHint)
	require.True(t, ok)
	require.Equal(t, []byte("welcome"), data)
	state, err := newcomer.MarshalBinary()
	require.NoError(t, err)
	restored, err := UnmarshalGroup(state, n)
	require.NoError(t, err)
	for _, g := range []*Group{creator, newcomer, restored} {
		require.Equal(t, []Extension{room}, g.Extensions())
		leaf, _ := g.Member(0)
		require.Equal(t, c.LeafExtensions, leaf.Extensions)
		leaf, _ = g.Member(1)
		data, ok := FindExtension(leaf.Extensions, extensionBadge)
		require.True(t, ok)
		require.Empty(t, data)
	}

	// A leaf's extensions can be replaced, and stay when they are not.
	groups := []*Group{creator, newcomer}
	badge := []Extension{{Type: extensionBadge, Data: []byte("another badge")}}
	commitAndDeliver(t, groups, 1, CommitOptions{LeafExtensions: badge})
	commitAndDeliver(t, groups, 1, CommitOptions{})
	leaf, _ := creator.Member(1)
	require.Equal(t, badge, leaf.Extensions)
}

func TestExtensionsTwiceOfOneTypeAreRefused(t *testing.T) {
	twice := []Extension{{Type: extensionBadge, Data: []byte("a")}, {Type: extensionBadge, Data: []byte("b")}}
	c := clientOf(t, "c", extensionBadge)
	_, err := NewGroup(c, groupID, twice, testNow)
	require.ErrorIs(t, err, ErrMalformed)
	g, err := NewGroup(c, groupID, nil, testNow)
	require.NoError(t, err)
	_, err = g.GroupInfo(twice)
	require.ErrorIs(t, err, ErrMalformed)
	_, err = g.Commit(CommitOptions{LeafExtensions: twice})
	require.ErrorIs(t, err, ErrMalformed)
	_, err = g.Commit(CommitOptions{Proposals: []Proposal{GroupContextExtensionsProposal{Extensions: twice}}})
	require.ErrorIs(t, err, ErrMalformed)
	for _, change := range []func(*Client){
		func(c *Client) { c.LeafExtensions = twice },
		func(c *Client) { c.KeyPackageExtensions = twice },
	} {
		d := c
		change(&d)
		_, _, err = NewKeyPackage(d, testNow, time.Hour)
		require.ErrorIs(t, err, ErrMalformed)
	}
}

// forged makes a leaf of a client whose capabilities are what change makes of
// them, signed as if they were true.
func forged(t *testing.T, c Client, change func(*LeafNode)) *KeyPackage {
	kp, _ := newKeyPackage(t, c)
	s := suites[c.Suite]
	change(kp.Leaf)
	require.NoError(t, kp.Leaf.sign(s, c.SignatureKey, nil, 0))
	kp.raw = nil
	var err error
	kp.Signature, err = s.signWithLabel(c.SignatureKey, "KeyPackageTBS", kp.appendUnsigned(nil))
	require.NoError(t, err)
	return kp
}

func TestLeavesMustSupportWhatTheyHold(t *testing.T) {
	c := clientOf(t, "c")
	for name, test := range map[string]struct {
		want   error
		change func(*LeafNode)
	}{
		"as it is":                         {nil, func(*LeafNode) {}},
		"unknown extension, listed":        {nil, func(l *LeafNode) { addExtension(l, 0x4242, true) }},
		"unknown extension, not listed":    {ErrLeafNode, func(l *LeafNode) { addExtension(l, 0x4242, false) }},
		"GREASE extension, listed":         {nil, func(l *LeafNode) { addExtension(l, 0x5a5a, true) }},
		"GREASE extension, not listed":     {ErrLeafNode, func(l *LeafNode) { addExtension(l, 0x5a5a, false) }},
		"default extension, not listed":    {nil, func(l *LeafNode) { addExtension(l, ExtensionApplicationID, false) }},
		"unknown values everywhere":        {nil, func(l *LeafNode) { fillCapabilities(&l.Capabilities) }},
		"credential type not listed":       {ErrLeafNode, func(l *LeafNode) { l.Capabilities.Credentials = []uint16{CredentialX509} }},
		"version not listed":               {ErrLeafNode, func(l *LeafNode) { l.Capabilities.Versions = []uint16{2, 0xffff} }},
		"certificate chain without any":    {ErrCredential, func(l *LeafNode) { l.Credential = Credential{Type: CredentialX509} }},
		"signature key of another length":  {ErrMalformed, func(l *LeafNode) { l.SignatureKey = l.SignatureKey[:31] }},
		"encryption key of another length": {ErrMalformed, func(l *LeafNode) { l.EncryptionKey = append([]byte{4}, l.EncryptionKey...) }},
	} {
		t.Run(name, func(t *testing.T) {
			kp := forged(t, c, test.change)
			encoded, err := kp.MarshalBinary()
			require.NoError(t, err)
			_, err = ParseKeyPackage(encoded, testNow)
			g, made := NewGroup(clientOf(t, "g"), groupID, nil, testNow)
			require.NoError(t, made)
			_, added := g.Commit(CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}, Now: testNow})
			if test.want == nil {
				require.NoError(t, err)
				require.NoError(t, added)
				return
			}
			require.ErrorIs(t, err, test.want)
			require.ErrorIs(t, added, test.want)
		})
	}
}

func addExtension(l *LeafNode, t uint16, listed bool) {
	l.Extensions = append(l.Extensions, Extension{Type: t, Data: []byte{1}})
	if listed {
		l.Capabilities.Extensions = append(l.Capabilities.Extensions, t)
	}
}

// fillCapabilities lists every value there is.
func fillCapabilities(c *Capabilities) {
	for v := range 1 << 16 {
		c.Versions = append(c.Versions, uint16(v))
		c.CipherSuites = append(c.CipherSuites, CipherSuite(v))
		c.Extensions = append(c.Extensions, uint16(v))
		c.Proposals = append(c.Proposals, uint16(v))
		c.Credentials = append(c.Credentials, uint16(v))
	}
}

func TestMembersMustSupportTheGroupsExtensions(t *testing.T) {
	able := func(name string) Client {
		c := clientOf(t, name, extensionRoom)
		c.Capabilities.Proposals = []uint16{0xf0c1}
		c.Capabilities.Credentials = []uint16{CredentialX509}
		return c
	}
	for name, context := range map[string][]Extension{
		"extension in use":    {{Type: extensionRoom}},
		"required extension":  {RequiredCapabilities{Extensions: []uint16{extensionRoom}}.Extension()},
		"required proposal":   {RequiredCapabilities{Proposals: []uint16{0xf0c1}}.Extension()},
		"required credential": {RequiredCapabilities{Credentials: []uint16{CredentialX509}}.Extension()},
	} {
		t.Run(name, func(t *testing.T) {
			unable := clientOf(t, "unable")
			_, err := NewGroup(unable, groupID, context, testNow)
			require.ErrorIs(t, err, ErrLeafNode, "the creator")

			groups := []*Group{}
			g, err := NewGroup(able("first"), groupID, context, testNow)
			require.NoError(t, err)
			groups = append(groups, g)
			second := able("second")
			kp, private := newKeyPackage(t, second)
			staged := commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}, Now: testNow})
			joined, err := JoinWelcome(second, staged.Welcome(), private, JoinOptions{Now: testNow})
			require.NoError(t, err)
			groups = append(groups, joined)

			kp, _ = newKeyPackage(t, unable)
			_, err = g.Commit(CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}, Now: testNow})
			require.ErrorIs(t, err, ErrLeafNode, "a member who is added")
			info, err := g.GroupInfo(nil)
			require.NoError(t, err)
			_, err = JoinExternal(unable, info, ExternalOptions{})
			require.ErrorIs(t, err, ErrLeafNode, "a member who enters")

			// The rule goes with the extension, and comes back only when all can.
			drop := []Proposal{GroupContextExtensionsProposal{}}
			commitAndDeliver(t, groups, 1, CommitOptions{Proposals: drop})
			third, private := newKeyPackage(t, unable)
			staged = commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: third}}, Now: testNow})
			joined, err = JoinWelcome(unable, staged.Welcome(), private, JoinOptions{Now: testNow})
			require.NoError(t, err)
			_, err = g.Commit(CommitOptions{Proposals: []Proposal{GroupContextExtensionsProposal{Extensions: context}}})
			require.ErrorIs(t, err, ErrLeafNode, "with a member who cannot")
			groups = append(groups, joined)
			commitAndDeliver(t, groups, 1, CommitOptions{Proposals: []Proposal{
				RemoveProposal{LeafIndex: 2}, GroupContextExtensionsProposal{Extensions: context},
			}})
			require.ErrorIs(t, joined.Ended(), ErrRemoved)
			require.Equal(t, context[0].Type, g.Extensions()[0].Type)
			agree(t, groups[:2])
		})
	}
}

func TestRenewedLeavesMustStillSupportTheGroupsExtensions(t *testing.T) {
	context := []Extension{{Type: extensionRoom}}
	first, err := NewGroup(clientOf(t, "first", extensionRoom), groupID, context, testNow)
	require.NoError(t, err)
	groups := []*Group{first}
	c := clientOf(t, "second", extensionRoom)
	kp, private := newKeyPackage(t, c)
	staged := commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{AddProposal{KeyPackage: kp}}, Now: testNow})
	second, err := JoinWelcome(c, staged.Welcome(), private, JoinOptions{Now: testNow})
	require.NoError(t, err)

	// An Update that takes the support back.
	s := first.suite
	leaf, _, err := second.nextLeaf(nil)
	require.NoError(t, err)
	leaf.Source = LeafFromUpdate
	leaf.Capabilities.Extensions = []uint16{extensionPrivate}
	require.NoError(t, leaf.sign(s, c.SignatureKey, groupID, second.own))
	message, _, err := second.sendProposal(UpdateProposal{Leaf: leaf}, nil, testNow)
	require.NoError(t, err)
	p, err := first.Process(message, testNow)
	require.NoError(t, err)
	_, err = first.Commit(CommitOptions{ByReference: []ProposalRef{p.Proposal.Ref}})
	require.ErrorIs(t, err, ErrLeafNode)
}

func TestExtensionDataOfTheRFCAreReadAsTheyWereWritten(t *testing.T) {
	required := RequiredCapabilities{Extensions: []uint16{extensionRoom}, Proposals: []uint16{0xf0c1}, Credentials: []uint16{CredentialBasic}}
	r, err := ParseRequiredCapabilities(required.Extension().Data)
	require.NoError(t, err)
	require.Equal(t, required, r)
	senders := []ExternalSender{
		{SignatureKey: []byte("key"), Credential: BasicCredential([]byte("server"))},
		{SignatureKey: []byte("other"), Credential: X509Credential([]byte("end"), []byte("root"))},
	}
	data := ExternalSenders(senders...).Data
	parsed, err := ParseExternalSenders(data)
	require.NoError(t, err)
	clear(data)
	require.Equal(t, senders, parsed, "nothing of it is the caller's memory")
	for _, bad := range [][]byte{nil, {1}, {0x40}, {0xff}} {
		_, err = ParseRequiredCapabilities(bad)
		require.ErrorIs(t, err, ErrMalformed)
		_, err = ParseExternalSenders(bad)
		require.ErrorIs(t, err, ErrMalformed)
	}
}

func FuzzExtensionData(f *testing.F) {
	f.Add(RequiredCapabilities{Extensions: []uint16{1, 2}}.Extension().Data)
	f.Add(ExternalSenders(ExternalSender{SignatureKey: []byte("k"), Credential: X509Credential([]byte("c"))}).Data)
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := ParseRequiredCapabilities(b); err == nil {
			require.Equal(t, b, r.Extension().Data)
		}
		if senders, err := ParseExternalSenders(b); err == nil {
			require.Equal(t, b, ExternalSenders(senders...).Data)
		}
	})
}
