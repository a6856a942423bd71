package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/ensemble-sante/ensemble/crypto/sframe"
	"github.com/ensemble-sante/ensemble/media"
	"github.com/ensemble-sante/ensemble/media/mediatest"
)

// The bot's place in every call's group, and the first key of the tests.
const (
	botLeaf    = 9
	botEpoch   = 1
	botContext = 1
)

const suite = sframe.AES_128_GCM_SHA256_128

// bots are the native participants that a test has called in, by call.
type bots struct {
	node *media.Node
	mu   sync.Mutex
	all  map[string]*mediatest.Bot
}

// join brings a bot into a call; it sends camera and voice and opens what it gets.
func (b *bots) join(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("call")
	seal, err := newSealing(bytes.Repeat([]byte{botEpoch}, 16))
	if err == nil {
		var bot *mediatest.Bot
		if bot, err = mediatest.Join(b.node.Call(name), "bot", mediatest.Options{Cipher: seal}); err == nil {
			b.mu.Lock()
			b.all[name] = bot
			b.mu.Unlock()
			err = bot.Publish(media.Camera, media.Audio)
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// counts tells what a call's bot has received of a peer.
func (b *bots) counts(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	bot := b.all[r.URL.Query().Get("call")]
	b.mu.Unlock()
	if bot == nil {
		http.NotFound(w, r)
		return
	}
	peer := r.URL.Query().Get("peer")
	_ = json.NewEncoder(w).Encode(map[media.Medium]mediatest.Count{
		media.Camera: bot.Count(peer, media.Camera), media.Screen: bot.Count(peer, media.Screen), media.Audio: bot.Count(peer, media.Audio),
	})
}

func (b *bots) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, bot := range b.all {
		bot.Close()
	}
}

// sealing is a native participant's SFrame state.
type sealing struct {
	mu       sync.Mutex
	sender   *sframe.Sender
	receiver *sframe.Receiver
}

func newSealing(key []byte) (*sealing, error) {
	sender, err := sframe.NewSender(suite, botEpoch, botLeaf, botContext, key)
	if err != nil {
		return nil, err
	}
	receiver, err := sframe.NewReceiver(suite)
	if err != nil {
		return nil, err
	}
	return &sealing{sender: sender, receiver: receiver}, receiver.SetEpoch(botEpoch, key, []uint32{0, 1, 2, 3, 4, 5, 6, 7})
}

func (s *sealing) Encrypt(metadata, plaintext []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sender.Encrypt(metadata, plaintext)
}

func (s *sealing) Decrypt(metadata, frame []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.receiver.Decrypt(metadata, frame)
}
