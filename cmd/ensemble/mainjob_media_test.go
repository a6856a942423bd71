package main

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/cmd/ensemble/demo"
	"github.com/ensemble-sante/ensemble/crypto/sframe"
	"github.com/ensemble-sante/ensemble/media"
	"github.com/ensemble-sante/ensemble/media/mediatest"
)

const frameSuite = sframe.AES_128_GCM_SHA256_128

// frames is a player's SFrame state: what the media Worker is in a browser. The
// key ring follows the core's live events.
type frames struct {
	mu       sync.Mutex
	sender   *sframe.Sender
	receiver *sframe.Receiver
	key      []byte
	epoch    uint64
	leaf     uint32
}

func (f *frames) Encrypt(metadata, plaintext []byte) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sender.Encrypt(metadata, plaintext)
}

func (f *frames) Decrypt(metadata, frame []byte) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.receiver.Decrypt(metadata, frame)
}

func (f *frames) set(e client.KeysEvent, key []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.key, f.epoch, f.leaf = key, e.Epoch, e.OwnLeaf
	var others []uint32
	for leaf := range uint32(64) {
		if leaf != e.OwnLeaf {
			others = append(others, leaf)
		}
	}
	if f.sender != nil {
		if err := f.sender.SetEpoch(e.Epoch, e.OwnLeaf, key); err != nil {
			return err
		}
	}
	return f.receiver.SetEpoch(e.Epoch, key, others)
}

// begin makes the sender, with a context that the core has never given before.
func (f *frames) begin(c client.CallContext) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var err error
	f.sender, err = sframe.NewSender(frameSuite, f.epoch, f.leaf, c.Context, f.key)
	return err
}

func (f *frames) has(epoch uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.key != nil && f.epoch >= epoch
}

// caller is a player in a call: the core's keys and a pion peer.
type caller struct {
	player *demo.Player
	frames *frames
	mu     sync.Mutex
	bot    *mediatest.Bot
	failed error
	cancel func()
}

// listen follows a player's live events: keys into the key ring, signalling to
// the peer.
func listenTo(t *testing.T, p *demo.Player) *caller {
	t.Helper()
	receiver, err := sframe.NewReceiver(frameSuite)
	require.NoError(t, err)
	c := &caller{player: p, frames: &frames{receiver: receiver}}
	c.cancel = p.Core.Live(func(b, secret []byte) {
		var head struct {
			Event  string       `json:"event"`
			Signal media.Signal `json:"signal"`
		}
		err := json.Unmarshal(b, &head)
		c.mu.Lock()
		defer c.mu.Unlock()
		switch {
		case err != nil:
			c.failed = err
		case head.Event == "keys":
			var keys client.KeysEvent
			if err := json.Unmarshal(b, &keys); err != nil {
				c.failed = err
				return
			}
			if err := c.frames.set(keys, append([]byte(nil), secret...)); err != nil {
				c.failed = err
			}
		case head.Event == "signal" && c.bot != nil:
			c.bot.Handle(head.Signal)
		}
	})
	t.Cleanup(c.cancel)
	return c
}

// publish enters the SFU and sends sound and picture.
func (c *caller) publish(ctx context.Context, t *testing.T, session client.ID) {
	t.Helper()
	given, err := demo.Do[client.CallContext](ctx, c.player, "call.context", client.SessionRef{Session: session})
	require.NoError(t, err)
	require.NoError(t, c.frames.begin(given))
	bot := mediatest.New(c.player.Key, func(s media.Signal) error {
		return demo.Act(ctx, c.player, "call.signal", client.SignalArgs{Session: session, Signal: s})
	}, mediatest.Options{Cipher: c.frames})
	t.Cleanup(bot.Close)
	c.mu.Lock()
	c.bot = bot
	c.mu.Unlock()
	require.NoError(t, bot.Publish(media.Camera, media.Audio))
}

// peer is the SFU's name of a player's device in a call.
func peerOf(v client.CallView, user client.ID) string {
	for _, p := range v.Roster {
		if p.User == user {
			return p.Peer
		}
	}
	return ""
}
