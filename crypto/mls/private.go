package mls

import "bytes"

// senderKey gives the key and nonce of encrypted_sender_data (RFC 9420 §6.3.2).
func (s *suite) senderKey(senderDataSecret, ciphertext []byte) (key, nonce []byte) {
	sample := ciphertext[:min(s.nh, len(ciphertext))]
	return s.expandWithLabel(senderDataSecret, "key", sample, s.keySize),
		s.expandWithLabel(senderDataSecret, "nonce", sample, s.nonceLen)
}

// senderDataAAD is SenderDataAAD of §6.3.2; with the authenticated data behind
// it, it is PrivateContentAAD of §6.3.1.
func (p *privateMessage) senderDataAAD() []byte {
	b := appendVector(make([]byte, 0, len(p.groupID)+len(p.authenticatedData)+24), p.groupID)
	b = appendUint64(b, p.epoch)
	return append(b, byte(p.contentType))
}

func (p *privateMessage) contentAAD() []byte {
	return appendVector(p.senderDataAAD(), p.authenticatedData)
}

// guarded gives the nonce XORed with the reuse guard (§6.3.1).
func guarded(nonce, guard []byte) []byte {
	n := bytes.Clone(nonce)
	for i := range guard {
		n[i] ^= guard[i]
	}
	return n
}

// protect encrypts signed content of a member (§6.3).
func (s *suite) protect(senderDataSecret []byte, tree *secretTree, a *authenticatedContent, padding int) (*privateMessage, error) {
	c := a.content
	generation, key, err := tree.ratchet(LeafIndex(c.sender.Index), c.contentType).use(s)
	if err != nil {
		return nil, err
	}
	defer key.wipe()
	p := &privateMessage{groupID: c.groupID, epoch: c.epoch, contentType: c.contentType, authenticatedData: c.authenticatedData}
	guard := randomBytes(4)
	aead, err := s.newAEAD(key.key)
	if err != nil {
		return nil, err
	}
	plain := a.auth.append(c.appendBody(make([]byte, 0, len(c.application)+padding+128)), c.contentType)
	plain = append(plain, make([]byte, padding)...)
	p.ciphertext = aead.Seal(nil, guarded(key.nonce, guard), plain, p.contentAAD())

	data := appendUint32(nil, c.sender.Index)
	data = appendUint32(data, generation)
	data = append(data, guard...)
	senderKey, senderNonce := s.senderKey(senderDataSecret, p.ciphertext)
	if aead, err = s.newAEAD(senderKey); err != nil {
		return nil, err
	}
	p.encryptedSenderData = aead.Seal(nil, senderNonce, data, p.senderDataAAD())
	return p, nil
}

// senderData is SenderData of §6.3.2.
type senderData struct {
	leaf       LeafIndex
	generation uint32
	guard      []byte
}

func (s *suite) openSenderData(senderDataSecret []byte, p *privateMessage) (senderData, error) {
	key, nonce := s.senderKey(senderDataSecret, p.ciphertext)
	aead, err := s.newAEAD(key)
	if err != nil {
		return senderData{}, err
	}
	plain, err := aead.Open(nil, nonce, p.encryptedSenderData, p.senderDataAAD())
	if err != nil {
		return senderData{}, rule(ErrDecrypt, "6.3.2", "encrypted_sender_data")
	}
	return decodeAll(plain, "sender data", func(d *decoder) senderData {
		return senderData{leaf: LeafIndex(d.uint32()), generation: d.uint32(), guard: d.bytes(4)}
	})
}

// unprotect decrypts a message. The key is consumed only when the caller, having
// verified the signature, says so.
func (s *suite) unprotect(tree *secretTree, sender senderData, p *privateMessage) (*authenticatedContent, *opening, error) {
	o, err := tree.open(sender.leaf, p.contentType, sender.generation)
	if err != nil {
		return nil, nil, err
	}
	aead, err := s.newAEAD(o.key.key)
	if err != nil {
		return nil, nil, err
	}
	plain, err := aead.Open(nil, guarded(o.key.nonce, sender.guard), p.ciphertext, p.contentAAD())
	if err != nil {
		return nil, nil, rule(ErrDecrypt, "6.3.1", "ciphertext of the message")
	}
	d := newDecoder(plain)
	d.types = p.types
	c := &framedContent{
		groupID:           p.groupID,
		epoch:             p.epoch,
		sender:            Sender{Type: SenderMember, Index: uint32(sender.leaf)},
		authenticatedData: p.authenticatedData,
		contentType:       p.contentType,
	}
	c.body(d)
	a := &authenticatedContent{wireFormat: WirePrivateMessage, content: c, auth: d.authData(p.contentType)}
	if d.err != nil {
		return nil, nil, d.err
	}
	for _, b := range d.bytes(d.rest()) {
		if b != 0 {
			return nil, nil, rule(ErrMalformed, "6.3.1", "padding is not all zero")
		}
	}
	c.raw = c.append(nil)
	return a, o, nil
}
