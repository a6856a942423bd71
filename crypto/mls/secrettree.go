package mls

import (
	"slices"
)

// Window limits the reordering of one sender's messages within an epoch (RFC 9420
// §15.3). It bounds what a sender can make a receiver derive and keep.
type Window struct {
	// Forward is how many generations a message may be ahead of the next one that
	// is expected. Zero stands for 1024; negative allows none to be passed over.
	Forward int
	// Skipped is how many keys of messages that were passed over are kept for each
	// sender; the oldest are given up first. Zero stands for 256; negative keeps
	// none.
	Skipped int
}

// The window where the client sets none.
const (
	maxForward = 1024
	maxSkipped = 256
)

func (w Window) limits() (forward, skipped int) {
	limit := func(n, otherwise int) int {
		if n == 0 {
			return otherwise
		}
		return max(0, n)
	}
	return limit(w.Forward, maxForward), limit(w.Skipped, maxSkipped)
}

// messageKey encrypts one message.
type messageKey struct{ key, nonce []byte }

func (k messageKey) wipe() { wipe(k.key, k.nonce) }

// ratchet is one of the two hash ratchets of a sender (§9.1): the secret of the
// next generation, and the keys of generations that were passed over.
type ratchet struct {
	secret  []byte
	next    uint64 // generation of secret; 2^32 when it is at its end
	skipped []skippedKey
}

type skippedKey struct {
	generation uint32
	messageKey
}

// secretTree gives each sender's message keys (§9). Secrets above a leaf are
// dropped when the leaf is first used.
type secretTree struct {
	suite   *suite
	leaves  int
	secrets map[nodeIndex][]byte
	senders map[LeafIndex]*senderRatchets
	window  Window
}

type senderRatchets struct{ handshake, application ratchet }

func newSecretTree(s *suite, leaves int, encryptionSecret []byte) *secretTree {
	return &secretTree{
		suite:   s,
		leaves:  leaves,
		secrets: map[nodeIndex][]byte{rootOf(leaves): encryptionSecret},
		senders: map[LeafIndex]*senderRatchets{},
	}
}

// ratchet gives the ratchet for a sender and a type of content.
func (t *secretTree) ratchet(l LeafIndex, content ContentType) *ratchet {
	sender := t.senders[l]
	if sender == nil {
		secret := t.leafSecret(l)
		sender = &senderRatchets{
			handshake:   ratchet{secret: t.suite.deriveSecret(secret, "handshake")},
			application: ratchet{secret: t.suite.deriveSecret(secret, "application")},
		}
		wipe(secret)
		t.senders[l] = sender
	}
	if content == ContentApplication {
		return &sender.application
	}
	return &sender.handshake
}

// open finds the key of a message without changing the tree: the secrets are
// derived, and dropped, once the message has proved authentic.
func (t *secretTree) open(l LeafIndex, content ContentType, generation uint32) (*opening, error) {
	r := &ratchet{}
	if sender := t.senders[l]; sender == nil {
		label := "handshake"
		if content == ContentApplication {
			label = "application"
		}
		secret := t.peekLeaf(l)
		r.secret = t.suite.deriveSecret(secret, label)
		wipe(secret)
	} else {
		r = t.ratchet(l, content)
	}
	o, err := r.open(t.suite, generation, t.window)
	if err != nil {
		return nil, err
	}
	o.consume = func() { o.commit(t.ratchet(l, content)) }
	return o, nil
}

// peekLeaf derives the secret of a leaf that was not used yet.
func (t *secretTree) peekLeaf(l LeafIndex) []byte {
	x := l.node()
	for t.secrets[x] == nil {
		x = x.parent()
	}
	secret := slices.Clone(t.secrets[x])
	for x != l.node() {
		side := "left"
		if l.node() < x {
			x = x.left()
		} else {
			x, side = x.right(), "right"
		}
		next := t.suite.expandWithLabel(secret, "tree", []byte(side), t.suite.nh)
		wipe(secret)
		secret = next
	}
	return secret
}

// leafSecret derives down to the leaf and drops the secrets it passes.
func (t *secretTree) leafSecret(l LeafIndex) []byte {
	x := l.node()
	for t.secrets[x] == nil {
		x = x.parent()
	}
	for x != l.node() {
		secret := t.secrets[x]
		delete(t.secrets, x)
		t.secrets[x.left()] = t.suite.expandWithLabel(secret, "tree", []byte("left"), t.suite.nh)
		t.secrets[x.right()] = t.suite.expandWithLabel(secret, "tree", []byte("right"), t.suite.nh)
		wipe(secret)
		if l.node() < x {
			x = x.left()
		} else {
			x = x.right()
		}
	}
	secret := t.secrets[x]
	delete(t.secrets, x)
	return secret
}

// keyAt derives the key of the ratchet's next generation.
func (r *ratchet) keyAt(s *suite) messageKey {
	g := uint32(r.next)
	return messageKey{
		key:   s.deriveTreeSecret(r.secret, "key", g, s.keySize),
		nonce: s.deriveTreeSecret(r.secret, "nonce", g, s.nonceLen),
	}
}

// step moves on by one generation.
func (r *ratchet) step(s *suite) {
	secret := s.deriveTreeSecret(r.secret, "secret", uint32(r.next), s.nh)
	wipe(r.secret)
	r.secret = secret
	r.next++
}

// use gives the key for the next message to send, and consumes it.
func (r *ratchet) use(s *suite) (uint32, messageKey, error) {
	if r.next > 1<<32-1 {
		return 0, messageKey{}, rule(ErrTooFarAhead, "9.1", "all generations of this epoch are used")
	}
	g := uint32(r.next)
	k := r.keyAt(s)
	r.step(s)
	return g, k, nil
}

// opening is a key taken for trial: nothing is consumed before consume.
type opening struct {
	after   ratchet
	key     messageKey
	givenUp []skippedKey
	consume func()
}

// open finds the key of a generation without consuming it.
func (r *ratchet) open(s *suite, generation uint32, window Window) (*opening, error) {
	forward, skipped := window.limits()
	if uint64(generation) < r.next {
		i := slices.IndexFunc(r.skipped, func(k skippedKey) bool { return k.generation == generation })
		if i < 0 {
			return nil, rule(ErrReplay, "9.2", "key of generation %d was used or given up", generation)
		}
		o := &opening{key: r.skipped[i].messageKey, after: *r}
		o.after.skipped = slices.Delete(slices.Clone(r.skipped), i, i+1)
		return o, nil
	}
	if uint64(generation)-r.next > uint64(forward) {
		return nil, rule(ErrTooFarAhead, "15.3", "generation %d, expected %d", generation, r.next)
	}
	o := &opening{after: ratchet{secret: slices.Clone(r.secret), next: r.next, skipped: slices.Clip(r.skipped)}}
	for o.after.next < uint64(generation) {
		// Keys that would be given up at once are not derived.
		if uint64(generation)-o.after.next <= uint64(skipped) {
			o.after.skipped = append(o.after.skipped, skippedKey{uint32(o.after.next), o.after.keyAt(s)})
		}
		o.after.step(s)
	}
	o.key = o.after.keyAt(s)
	o.after.step(s)
	if drop := len(o.after.skipped) - skipped; drop > 0 {
		o.givenUp = slices.Clone(o.after.skipped[:drop])
		o.after.skipped = slices.Clone(o.after.skipped[drop:])
	}
	return o, nil
}

// commit moves a ratchet on to where the message was.
func (o *opening) commit(r *ratchet) {
	if o.after.next != r.next {
		wipe(r.secret)
	}
	o.key.wipe()
	for _, k := range o.givenUp {
		k.wipe()
	}
	*r = o.after
}

func (t *secretTree) wipe() {
	for _, s := range t.secrets {
		wipe(s)
	}
	for _, r := range t.senders {
		wipe(r.handshake.secret, r.application.secret)
		for _, k := range r.handshake.skipped {
			k.wipe()
		}
		for _, k := range r.application.skipped {
			k.wipe()
		}
	}
}
