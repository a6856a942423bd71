package mls

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestApplicationMessagesOutOfOrderAndReplayed(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 3)
	alice, bob := groups[0], groups[1]
	const n = maxSkipped + 20
	var sent [][]byte
	for i := range n {
		m, err := alice.Encrypt([]byte{byte(i)}, nil)
		require.NoError(t, err)
		sent = append(sent, m)
	}
	unchanged(t, alice, ErrOwnMessage, process(alice, sent[0]))
	p, err := bob.Process(sent[n-1], testNow)
	require.NoError(t, err)
	require.Equal(t, []byte{byte((n - 1) % 256)}, p.Application.Data)
	unchanged(t, bob, ErrReplay, process(bob, sent[n-1]))
	// The oldest keys were given up, the window's are there, once.
	unchanged(t, bob, ErrReplay, process(bob, sent[n-2-maxSkipped]))
	for i := n - 1 - maxSkipped; i < n-1; i++ {
		p, err := bob.Process(sent[i], testNow)
		require.NoError(t, err)
		require.Equal(t, []byte{byte(i)}, p.Application.Data)
		unchanged(t, bob, ErrReplay, process(bob, sent[i]))
	}
	require.Empty(t, bob.tree.senders[0].application.skipped)

	// The other receiver takes them in order.
	for _, m := range sent {
		_, err := groups[2].Process(m, testNow)
		require.NoError(t, err)
	}

	// Too far ahead: nothing is derived.
	for range maxForward + 1 {
		_, err = alice.Encrypt(nil, nil)
		require.NoError(t, err)
	}
	far, err := alice.Encrypt([]byte("far"), nil)
	require.NoError(t, err)
	unchanged(t, bob, ErrTooFarAhead, process(bob, far))

	// A changed ciphertext, or other authenticated data, consumes nothing.
	m, err := bob.Encrypt([]byte("true"), []byte("data"))
	require.NoError(t, err)
	for _, change := range []func(*privateMessage){
		func(p *privateMessage) { p.ciphertext[len(p.ciphertext)-1] ^= 1 },
		func(p *privateMessage) { p.encryptedSenderData[0] ^= 1 },
		func(p *privateMessage) { p.authenticatedData = []byte("else") },
		func(p *privateMessage) { p.contentType = ContentProposal },
		func(p *privateMessage) { p.ciphertext = nil },
		func(p *privateMessage) { p.encryptedSenderData = nil },
	} {
		parsed, err := parseMessage(m)
		require.NoError(t, err)
		change(parsed.private)
		unchanged(t, groups[2], ErrDecrypt, process(groups[2], parsed.append(nil)))
	}
	_, err = groups[2].Process(m, testNow)
	require.NoError(t, err)

	// After the next commit the keys are gone.
	late, err := bob.Encrypt([]byte("late"), nil)
	require.NoError(t, err)
	commitAndDeliver(t, groups, 0, CommitOptions{})
	unchanged(t, groups[2], ErrStaleEpoch, process(groups[2], late))
}

func TestForgedPrivateMessageConsumesNothing(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 3)
	forge := func(change func(*authenticatedContent)) []byte {
		evil := groups[1]
		a := &authenticatedContent{wireFormat: WirePrivateMessage, content: &framedContent{
			groupID: groupID, epoch: evil.Epoch(), sender: Sender{Type: SenderMember, Index: 0},
			contentType: ContentApplication, application: []byte("in alice's name"),
		}}
		var err error
		a.auth.signature, err = evil.suite.signWithLabel(evil.client.SignatureKey, "FramedContentTBS", a.tbs(evil.public.encoded))
		require.NoError(t, err)
		change(a)
		// Every member can derive every sender's keys.
		b, err := evil.MarshalBinary()
		require.NoError(t, err)
		evil, err = UnmarshalGroup(b, evil.client)
		require.NoError(t, err)
		m, err := evil.suite.protect(evil.secrets.senderData, evil.tree, a, 0)
		require.NoError(t, err)
		return m.append(appendMessageHeader(nil, WirePrivateMessage))
	}
	unchanged(t, groups[2], ErrSignature, process(groups[2], forge(func(*authenticatedContent) {})))
	chat(t, []*Group{groups[0], groups[2]}, 0, "the true one")

	unchanged(t, groups[2], ErrSender, process(groups[2], forge(func(a *authenticatedContent) { a.content.sender.Index = 3 })))
}

func TestPaddingIsZero(t *testing.T) {
	groups := newGroup(t, X25519ChaCha, 2)
	groups[0].client.Padding = func(n int) int { return 256 - n }
	short, err := groups[0].Encrypt([]byte("a"), nil)
	require.NoError(t, err)
	long, err := groups[0].Encrypt(bytes.Repeat([]byte("a"), 50), nil)
	require.NoError(t, err)
	require.Len(t, long, len(short))
	for _, m := range [][]byte{short, long} {
		_, err := groups[1].Process(m, testNow)
		require.NoError(t, err)
	}
}
