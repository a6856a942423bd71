package mls

import "slices"

// This file sends GREASE (RFC 9420 §13.5): reserved values that mean nothing, in
// places where receivers must ignore what they do not know, so that one that does
// not is found out early. Receivers have no rule for them. The values follow from
// the signature key, so that a renewed leaf says what the one before it said.

// greaseValue gives one of the fifteen values: 0x0a0a, 0x1a1a, to 0xeaea.
func greaseValue(n byte) uint16 { return 0x0a0a + 0x1010*uint16(n%15) }

func isGREASE(t uint16) bool {
	return t&0x0f0f == 0x0a0a && t>>8 == t&0xff && t != 0xfafa
}

// grease puts one or two values for a field of a leaf, given by name, somewhere
// into a list.
func grease[T ~uint16](s *suite, leaf *LeafNode, field string, list []T) []T {
	h := s.refHash("GREASE "+field, leaf.SignatureKey)
	for i := range 1 + int(h[0]%2) {
		if v := T(greaseValue(h[1+i])); !slices.Contains(list, v) {
			list = slices.Insert(list, int(h[3+i])%(len(list)+1), v)
		}
	}
	return list
}

// grease adds values to the capabilities and an extension to an unsigned leaf.
func (l *LeafNode) grease(s *suite) {
	c := &l.Capabilities
	c.CipherSuites = grease(s, l, "cipher_suites", c.CipherSuites)
	c.Proposals = grease(s, l, "proposals", c.Proposals)
	c.Credentials = grease(s, l, "credentials", c.Credentials)
	e := s.greaseExtension(l.SignatureKey)
	l.Extensions = withExtension(l.Extensions, e)
	if !slices.Contains(c.Extensions, e.Type) {
		c.Extensions = append(c.Extensions, e.Type)
	}
	c.Extensions = grease(s, l, "extensions", c.Extensions)
}

// greaseExtension is the one of a client's leaves and key packages, of up to 15
// bytes.
func (s *suite) greaseExtension(signatureKey []byte) Extension {
	h := s.refHash("GREASE extension", signatureKey)
	return Extension{Type: greaseValue(h[0]), Data: h[2 : 2+int(h[1]%16)]}
}

// withExtension adds an extension unless there is one of its type.
func withExtension(list []Extension, e Extension) []Extension {
	if _, found := FindExtension(list, e.Type); found {
		return list
	}
	return append(slices.Clip(list), e)
}

// withoutGREASE is what a client's capabilities say to itself.
func (c *Capabilities) withoutGREASE() *Capabilities {
	real := func(list []uint16) []uint16 { return slices.DeleteFunc(slices.Clone(list), isGREASE) }
	return &Capabilities{
		Versions: c.Versions, CipherSuites: c.CipherSuites,
		Extensions: real(c.Extensions), Proposals: real(c.Proposals), Credentials: real(c.Credentials),
	}
}
