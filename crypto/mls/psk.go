package mls

// PSKType says how a pre-shared key came about (RFC 9420 §8.4).
type PSKType uint8

// The types of pre-shared keys.
const (
	PSKExternal   PSKType = 1
	PSKResumption PSKType = 2
)

// ResumptionUsage says what a resumption key is used for (§8.4).
type ResumptionUsage uint8

// The uses of resumption keys.
const (
	ResumptionApplication ResumptionUsage = 1
	ResumptionReInit      ResumptionUsage = 2
	ResumptionBranch      ResumptionUsage = 3
)

// PreSharedKeyID names a pre-shared key (§8.4).
type PreSharedKeyID struct {
	Type PSKType

	ID []byte // of an external key

	Usage   ResumptionUsage // of a resumption key
	GroupID []byte
	Epoch   uint64

	Nonce []byte // random, KDF.Nh bytes; made by this package when empty
}

func (p PreSharedKeyID) append(b []byte) []byte {
	b = append(b, byte(p.Type))
	if p.Type == PSKResumption {
		b = append(b, byte(p.Usage))
		b = appendVector(b, p.GroupID)
		b = appendUint64(b, p.Epoch)
	} else {
		b = appendVector(b, p.ID)
	}
	return appendVector(b, p.Nonce)
}

func (d *decoder) preSharedKeyID() PreSharedKeyID {
	p := PreSharedKeyID{Type: PSKType(d.uint8())}
	switch p.Type {
	case PSKExternal:
		p.ID = d.vector()
	case PSKResumption:
		p.Usage = ResumptionUsage(d.uint8())
		if d.err == nil && (p.Usage < ResumptionApplication || p.Usage > ResumptionBranch) {
			d.fail("resumption usage %d", p.Usage)
		}
		p.GroupID, p.Epoch = d.vector(), d.uint64()
	default:
		d.fail("pre-shared key type %d", p.Type)
	}
	p.Nonce = d.vector()
	return p
}

// maxPSKs is how many keys PSKLabel can count.
const maxPSKs = 1<<16 - 1

// preSharedKey is a key with its name.
type preSharedKey struct {
	id  PreSharedKeyID
	key []byte
}

// pskSecret is psk_secret of §8.4: the keys chained in their order, or zero.
func (s *suite) pskSecret(keys []preSharedKey) []byte {
	secret := s.zero()
	for i, k := range keys {
		label := k.id.append(nil)
		label = appendUint16(label, uint16(i))
		label = appendUint16(label, uint16(len(keys)))
		extracted := s.extract(s.zero(), k.key)
		input := s.expandWithLabel(extracted, "derived psk", label, s.nh)
		next := s.extract(input, secret)
		wipe(extracted, input, secret)
		secret = next
	}
	return secret
}
