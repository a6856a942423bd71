package mls

import (
	"bytes"
	"crypto/hpke"
)

// groupSecrets is GroupSecrets of RFC 9420 §12.4.3.1; the path secret may be
// absent (nil).
type groupSecrets struct {
	joinerSecret []byte
	pathSecret   []byte
	psks         []PreSharedKeyID
}

func (g *groupSecrets) append(b []byte) []byte {
	b = appendVector(b, g.joinerSecret)
	b = appendOptional(b, g.pathSecret != nil)
	if g.pathSecret != nil {
		b = appendVector(b, g.pathSecret)
	}
	return appendList(b, func(b []byte) []byte {
		for _, p := range g.psks {
			b = p.append(b)
		}
		return b
	})
}

func (d *decoder) groupSecrets() *groupSecrets {
	g := &groupSecrets{joinerSecret: d.vector()}
	if d.optional() {
		g.pathSecret = d.vector()
		if g.pathSecret == nil {
			g.pathSecret = []byte{}
		}
	}
	list := d.list()
	for list.more() {
		g.psks = append(g.psks, list.preSharedKeyID())
	}
	d.joined(list)
	return g
}

// encryptedGroupSecrets is EncryptedGroupSecrets of §12.4.3.1.
type encryptedGroupSecrets struct {
	newMember []byte
	secrets   hpkeCiphertext
}

// welcomeMessage is Welcome of §12.4.3.1.
type welcomeMessage struct {
	suite              CipherSuite
	secrets            []encryptedGroupSecrets
	encryptedGroupInfo []byte
}

func (w *welcomeMessage) append(b []byte) []byte {
	b = appendUint16(b, uint16(w.suite))
	b = appendList(b, func(b []byte) []byte {
		for _, s := range w.secrets {
			b = appendVector(b, s.newMember)
			b = s.secrets.append(b)
		}
		return b
	})
	return appendVector(b, w.encryptedGroupInfo)
}

func (d *decoder) welcome() *welcomeMessage {
	w := &welcomeMessage{suite: CipherSuite(d.uint16())}
	list := d.list()
	for list.more() {
		w.secrets = append(w.secrets, encryptedGroupSecrets{newMember: list.vector(), secrets: list.hpkeCiphertext()})
	}
	d.joined(list)
	w.encryptedGroupInfo = d.vector()
	return w
}

// open decrypts the secrets that are meant for the key package with this
// reference.
func (w *welcomeMessage) open(s *suite, ref []byte, initKey hpke.PrivateKey) (*groupSecrets, error) {
	for _, e := range w.secrets {
		if !bytes.Equal(e.newMember, ref) {
			continue
		}
		plain, err := s.decryptWithLabel(initKey, "Welcome", w.encryptedGroupInfo, e.secrets)
		if err != nil {
			return nil, err
		}
		return decodeAll(plain, "group secrets", (*decoder).groupSecrets)
	}
	return nil, rule(ErrWelcome, "12.4.3.1", "no entry for this key package")
}

// welcomeAEAD gives the key and nonce of the encrypted GroupInfo.
func (s *suite) welcomeKey(welcomeSecret []byte) (key, nonce []byte) {
	return s.expandWithLabel(welcomeSecret, "key", nil, s.keySize),
		s.expandWithLabel(welcomeSecret, "nonce", nil, s.nonceLen)
}

func (w *welcomeMessage) openGroupInfo(s *suite, welcomeSecret []byte) (*GroupInfo, error) {
	key, nonce := s.welcomeKey(welcomeSecret)
	aead, err := s.newAEAD(key)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, nonce, w.encryptedGroupInfo, nil)
	if err != nil {
		return nil, rule(ErrDecrypt, "12.4.3.1", "encrypted_group_info")
	}
	return decodeAll(plain, "GroupInfo", (*decoder).groupInfo)
}

func (s *suite) sealGroupInfo(welcomeSecret, groupInfo []byte) ([]byte, error) {
	key, nonce := s.welcomeKey(welcomeSecret)
	aead, err := s.newAEAD(key)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nonce, groupInfo, nil), nil
}
