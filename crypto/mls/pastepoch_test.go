package mls

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// keepingGroup is a group whose members keep past epochs.
func keepingGroup(t require.TestingT, n, epochs int) []*Group {
	groups := newGroup(t, X25519ChaCha, n)
	for i, g := range groups {
		g.client.PastEpochs = epochs
		groups[i] = reload(t, g)
	}
	return groups
}

func TestLateMessagesAreReadWhileTheirEpochIsKept(t *testing.T) {
	groups := keepingGroup(t, 4, 2)
	carol := groups[2]
	var late [][]byte
	for _, text := range []string{"one", "two", "three"} {
		m, err := carol.Encrypt([]byte(text), []byte("open"))
		require.NoError(t, err)
		late = append(late, m)
	}
	sentIn := carol.Epoch()
	was, _ := carol.Member(2)
	own, err := groups[0].Encrypt([]byte("own"), nil)
	require.NoError(t, err)
	handshake, err := carol.ProposeRemove(1, nil)
	require.NoError(t, err)
	carol.DiscardProposal(carol.PendingProposals()[0].Ref)

	// Carol goes, and somebody else takes her leaf.
	commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{RemoveProposal{LeafIndex: 2}}})
	groups = addMembers(t, []*Group{groups[0], groups[1], groups[3]}, 1)
	bob := reload(t, groups[1])
	p, err := bob.Process(late[1], testNow)
	require.NoError(t, err)
	require.Equal(t, []byte("two"), p.Application.Data)
	require.Equal(t, sentIn, p.Application.Epoch)
	require.Equal(t, LeafIndex(2), p.Application.Sender)
	require.Equal(t, was.Signature, p.Application.Leaf.Signature)
	now, _ := bob.Member(2)
	require.NotEqual(t, now.Signature, p.Application.Leaf.Signature)
	unchanged(t, bob, ErrReplay, process(bob, late[1]))
	unchanged(t, groups[0], ErrOwnMessage, process(groups[0], own))
	unchanged(t, bob, ErrStaleEpoch, process(bob, handshake))

	forged := bytes.Clone(late[2])
	forged[len(forged)-1] ^= 1
	unchanged(t, bob, ErrDecrypt, process(bob, forged))
	bob = reload(t, bob)
	_, err = bob.Process(late[0], testNow) // the key of a message passed over
	require.NoError(t, err)

	// The limit passes by; who joined later has nothing.
	unchanged(t, groups[3], ErrStaleEpoch, process(groups[3], late[2]))
	groups[1] = bob
	commitAndDeliver(t, groups, 0, CommitOptions{})
	unchanged(t, bob, ErrStaleEpoch, process(bob, late[2]))
	p, err = groups[2].Process(own, testNow)
	require.ErrorIs(t, err, ErrStaleEpoch)
	require.Nil(t, p)
}

func TestPastEpochsAreForgotten(t *testing.T) {
	groups := keepingGroup(t, 3, 3)
	m, err := groups[0].Encrypt([]byte("late"), nil)
	require.NoError(t, err)
	bob := groups[1]
	k := known{"sender_data_secret": bytes.Clone(bob.secrets.senderData), "encryption_secret": bytes.Clone(bob.tree.secrets[rootOf(4)])}
	gone := known{"init_secret": bytes.Clone(bob.secrets.init), "membership_key": bytes.Clone(bob.secrets.membership)}
	commitAndDeliver(t, groups, 0, CommitOptions{})
	k.kept(t, bob)
	gone.deleted(t, bob)
	asleep := reload(t, bob)
	bob.ForgetPastEpochs(bob.Epoch() - 1)
	k.kept(t, bob)
	bob.ForgetPastEpochs(bob.Epoch())
	k.deleted(t, bob)
	unchanged(t, bob, ErrStaleEpoch, process(bob, m))

	// A client that starts again with a lower limit keeps no more than that.
	asleep.client.PastEpochs = 0
	asleep = reload(t, asleep)
	k.deleted(t, asleep)

	// As many epochs as the limit says, and no more.
	carol := groups[2]
	for range 3 {
		k.kept(t, carol)
		commitAndDeliver(t, groups, 0, CommitOptions{})
	}
	k.deleted(t, carol)
	require.Len(t, carol.past, 3)
}

func TestLateMessagesAreReadAfterReInit(t *testing.T) {
	groups := keepingGroup(t, 2, 1)
	m, err := groups[1].Encrypt([]byte("late"), nil)
	require.NoError(t, err)
	commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{ReInitProposal{GroupID: []byte("next"), Suite: X25519ChaCha}}})
	g := reload(t, groups[0])
	p, err := g.Process(m, testNow)
	require.NoError(t, err)
	require.Equal(t, []byte("late"), p.Application.Data)

}

func TestWindowIsTheClients(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 4)
	set := func(i int, w Window) *Group {
		groups[i].client.Window = w
		groups[i] = reload(t, groups[i])
		return groups[i]
	}
	inOrder, narrow, wide := set(1, Window{Forward: -1, Skipped: -1}), set(2, Window{Forward: 3, Skipped: 1}), set(3, Window{Forward: 4000, Skipped: 3000})
	var sent [][]byte
	for range 2001 {
		m, err := groups[0].Encrypt(nil, nil)
		require.NoError(t, err)
		sent = append(sent, m)
	}
	unchanged(t, inOrder, ErrTooFarAhead, process(inOrder, sent[1]))
	for i := range 3 {
		_, err := inOrder.Process(sent[i], testNow)
		require.NoError(t, err)
	}
	unchanged(t, narrow, ErrTooFarAhead, process(narrow, sent[4]))
	_, err := narrow.Process(sent[3], testNow)
	require.NoError(t, err)
	_, err = narrow.Process(sent[2], testNow)
	require.NoError(t, err)
	unchanged(t, narrow, ErrReplay, process(narrow, sent[1]))
	_, err = wide.Process(sent[2000], testNow)
	require.NoError(t, err)
	wide = reload(t, wide)
	for _, i := range []int{0, 1999, 1000} {
		_, err := wide.Process(sent[i], testNow)
		require.NoError(t, err)
	}
	// It holds in the epochs that come.
	commitAndDeliver(t, groups, 0, CommitOptions{})
	for range 2 {
		sent[0], err = groups[0].Encrypt(nil, nil)
		require.NoError(t, err)
	}
	unchanged(t, inOrder, ErrTooFarAhead, process(groups[1], sent[0]))
}
