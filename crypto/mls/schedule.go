package mls

import "crypto/hpke"

// epochSecrets are the secrets of an epoch (RFC 9420 §8, table 4), but for the
// encryption secret, which is consumed by the secret tree.
type epochSecrets struct {
	senderData    []byte
	exporter      []byte
	external      []byte
	confirmation  []byte
	membership    []byte
	resumption    []byte
	authenticator []byte
	init          []byte
}

// joinerSecret combines the last epoch with the commit (§8).
func (s *suite) joinerSecret(initSecret, commitSecret, groupContext []byte) []byte {
	prk := s.extract(initSecret, commitSecret)
	defer wipe(prk)
	return s.expandWithLabel(prk, "joiner", groupContext, s.nh)
}

// memberSecret is the secret between joiner_secret and epoch_secret, which the
// RFC leaves without a name.
func (s *suite) memberSecret(joinerSecret, pskSecret []byte) []byte {
	return s.extract(joinerSecret, pskSecret)
}

func (s *suite) welcomeSecret(memberSecret []byte) []byte {
	return s.deriveSecret(memberSecret, "welcome")
}

// epochFromMember gives the secrets of an epoch and its encryption secret.
func (s *suite) epochFromMember(memberSecret, groupContext []byte) (*epochSecrets, []byte) {
	epoch := s.expandWithLabel(memberSecret, "epoch", groupContext, s.nh)
	defer wipe(epoch)
	return s.epochSecrets(epoch)
}

// epochSecrets derives everything from epoch_secret.
func (s *suite) epochSecrets(epoch []byte) (secrets *epochSecrets, encryption []byte) {
	return &epochSecrets{
		senderData:    s.deriveSecret(epoch, "sender data"),
		exporter:      s.deriveSecret(epoch, "exporter"),
		external:      s.deriveSecret(epoch, "external"),
		confirmation:  s.deriveSecret(epoch, "confirm"),
		membership:    s.deriveSecret(epoch, "membership"),
		resumption:    s.deriveSecret(epoch, "resumption"),
		authenticator: s.deriveSecret(epoch, "authentication"),
		init:          s.deriveSecret(epoch, "init"),
	}, s.deriveSecret(epoch, "encryption")
}

func (e *epochSecrets) all() []*[]byte {
	return []*[]byte{&e.senderData, &e.exporter, &e.external, &e.confirmation, &e.membership, &e.resumption, &e.authenticator, &e.init}
}

func (e *epochSecrets) wipe() {
	for _, p := range e.all() {
		wipe(*p)
	}
}

// externalKey is the key pair of the whole group for external commits (§8).
func (s *suite) externalKey(e *epochSecrets) (hpke.PrivateKey, error) {
	return s.deriveKeyPair(e.external)
}

// export is MLS-Exporter of §8.5.
func (s *suite) export(exporter []byte, label string, context []byte, length int) []byte {
	secret := s.deriveSecret(exporter, label)
	defer wipe(secret)
	return s.expandWithLabel(secret, "exported", s.sum(context), length)
}

// confirmedTranscriptHash is that of the epoch which a commit begins (§8.2).
func (s *suite) confirmedTranscriptHash(interim []byte, a *authenticatedContent) []byte {
	input := appendUint16(make([]byte, 0, len(a.content.raw)+128), uint16(a.wireFormat))
	input = a.content.append(input)
	input = appendVector(input, a.auth.signature)
	return s.sum(interim, input)
}

// interimTranscriptHash is that of the epoch with this confirmation tag (§8.2).
func (s *suite) interimTranscriptHash(confirmed, confirmationTag []byte) []byte {
	return s.sum(confirmed, appendVector(nil, confirmationTag))
}
