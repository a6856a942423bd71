package mls

import (
	"bytes"
	"crypto/hpke"
	"maps"
	"slices"
)

// This file is how secrets and the secret tree stand in a serialised group.

// secret reads a secret of the suite's size.
func (d *decoder) secret(s *suite) []byte {
	v := d.vector()
	if d.err == nil && len(v) != s.nh {
		d.fail("secret of %d bytes", len(v))
	}
	return bytes.Clone(v)
}

func (d *decoder) privateKey(s *suite) hpke.PrivateKey {
	b := d.vector()
	if d.err != nil {
		return nil
	}
	key, err := s.parsePrivateKey(bytes.Clone(b))
	if err != nil {
		d.failErr(err)
	}
	return key
}

func (t *secretTree) append(b []byte) []byte {
	b = appendList(b, func(b []byte) []byte {
		for _, x := range slices.Sorted(maps.Keys(t.secrets)) {
			b = appendVector(appendUint32(b, uint32(x)), t.secrets[x])
		}
		return b
	})
	return appendList(b, func(b []byte) []byte {
		for _, l := range slices.Sorted(maps.Keys(t.senders)) {
			b = appendUint32(b, uint32(l))
			b = t.senders[l].handshake.append(b)
			b = t.senders[l].application.append(b)
		}
		return b
	})
}

func (r *ratchet) append(b []byte) []byte {
	b = appendVector(b, r.secret)
	b = appendUint64(b, r.next)
	return appendList(b, func(b []byte) []byte {
		for _, k := range r.skipped {
			b = appendUint32(b, k.generation)
			b = appendVector(b, k.key)
			b = appendVector(b, k.nonce)
		}
		return b
	})
}

func (d *decoder) ratchet(s *suite) ratchet {
	r := ratchet{secret: d.secret(s), next: d.uint64()}
	list := d.list()
	for list.more() {
		k := skippedKey{generation: list.uint32(), messageKey: messageKey{key: bytes.Clone(list.vector()), nonce: bytes.Clone(list.vector())}}
		if list.err == nil && (len(k.key) != s.keySize || len(k.nonce) != s.nonceLen || uint64(k.generation) >= r.next) {
			list.fail("key of a skipped message")
		}
		r.skipped = append(r.skipped, k)
	}
	d.joined(list)
	if d.err == nil && r.next > 1<<32 {
		d.fail("ratchet out of bounds")
	}
	return r
}

func (d *decoder) secretTree(s *suite, leaves int) *secretTree {
	t := &secretTree{suite: s, leaves: leaves, secrets: map[nodeIndex][]byte{}, senders: map[LeafIndex]*senderRatchets{}}
	list := d.list()
	for list.more() {
		x := nodeIndex(list.uint32())
		if int64(x) >= int64(nodeWidth(leaves)) {
			list.fail("secret of node %d", x)
		}
		t.secrets[x] = list.secret(s)
	}
	d.joined(list)
	list = d.list()
	for list.more() {
		l := LeafIndex(list.uint32())
		if int64(l) >= int64(leaves) {
			list.fail("ratchets of leaf %d", l)
		}
		t.senders[l] = &senderRatchets{handshake: list.ratchet(s), application: list.ratchet(s)}
	}
	d.joined(list)
	if d.err == nil && !t.complete(rootOf(leaves)) {
		d.fail("a leaf has no secret")
	}
	return t
}

// complete says whether every leaf under x has its ratchets, or a secret above
// it from which they can be derived.
func (t *secretTree) complete(x nodeIndex) bool {
	if t.secrets[x] != nil {
		return true
	}
	if x.isLeaf() {
		return t.senders[x.leaf()] != nil
	}
	return t.complete(x.left()) && t.complete(x.right())
}
