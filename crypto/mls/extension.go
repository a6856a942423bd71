package mls

import (
	"bytes"
	"slices"
)

// Extension types (RFC 9420 §17.3). Types from 0xF000 are for private use.
const (
	ExtensionApplicationID        uint16 = 1
	ExtensionRatchetTree          uint16 = 2
	ExtensionRequiredCapabilities uint16 = 3
	ExtensionExternalPub          uint16 = 4
	ExtensionExternalSenders      uint16 = 5
)

// Extension is a typed piece of data in a leaf node, a key package, the group
// context or a GroupInfo (§13.4).
type Extension struct {
	Type uint16
	Data []byte
}

// defaultExtension says whether every client is taken to know the type (§7.2).
func defaultExtension(t uint16) bool {
	return t >= ExtensionApplicationID && t <= ExtensionExternalSenders
}

// FindExtension gives the data of the extension with this type.
func FindExtension(list []Extension, t uint16) (data []byte, ok bool) {
	for _, e := range list {
		if e.Type == t {
			return e.Data, true
		}
	}
	return nil, false
}

func appendExtensions(b []byte, list []Extension) []byte {
	return appendList(b, func(b []byte) []byte {
		for _, e := range list {
			b = appendUint16(b, e.Type)
			b = appendVector(b, e.Data)
		}
		return b
	})
}

func (d *decoder) extensions() []Extension {
	list := d.list()
	var exts []Extension
	for list.more() {
		exts = append(exts, Extension{Type: list.uint16(), Data: list.vector()})
	}
	d.joined(list)
	if d.err == nil {
		d.failErr(checkDuplicates(exts))
	}
	return exts
}

// checkDuplicates refuses two extensions of one type (§13.4).
func checkDuplicates(list []Extension) error {
	for i, e := range list {
		if i >= 16 { // long lists: not quadratic
			break
		}
		for _, f := range list[:i] {
			if e.Type == f.Type {
				return rule(ErrMalformed, "13.4", "two extensions of type 0x%04x", e.Type)
			}
		}
	}
	if len(list) > 16 {
		seen := make(map[uint16]bool, len(list))
		for _, e := range list {
			if seen[e.Type] {
				return rule(ErrMalformed, "13.4", "two extensions of type 0x%04x", e.Type)
			}
			seen[e.Type] = true
		}
	}
	return nil
}

func equalExtensions(a, b []Extension) bool {
	return slices.EqualFunc(a, b, func(x, y Extension) bool {
		return x.Type == y.Type && bytes.Equal(x.Data, y.Data)
	})
}

// cloneExtensions detaches a list from the memory of whoever handed it in.
func cloneExtensions(list []Extension) []Extension {
	out := slices.Clone(list)
	for i := range out {
		out[i].Data = bytes.Clone(out[i].Data)
	}
	return out
}

// RequiredCapabilities is the group context extension that lists what every
// member must support (§11.1).
type RequiredCapabilities struct {
	Extensions  []uint16
	Proposals   []uint16
	Credentials []uint16
}

// Extension encodes the list for a group context.
func (r RequiredCapabilities) Extension() Extension {
	b := appendUint16s(nil, r.Extensions)
	b = appendUint16s(b, r.Proposals)
	b = appendUint16s(b, r.Credentials)
	return Extension{Type: ExtensionRequiredCapabilities, Data: b}
}

// ParseRequiredCapabilities decodes the data of a required_capabilities extension.
func ParseRequiredCapabilities(b []byte) (RequiredCapabilities, error) {
	return decodeAll(b, "required_capabilities", func(d *decoder) RequiredCapabilities {
		return RequiredCapabilities{Extensions: d.uint16s(), Proposals: d.uint16s(), Credentials: d.uint16s()}
	})
}

// ExternalSender is somebody outside the group who may send proposals to it
// (§12.1.8.1).
type ExternalSender struct {
	SignatureKey []byte
	Credential   Credential
}

// ExternalSenders encodes the group context extension that admits the senders;
// a sender is named by its place in the list.
func ExternalSenders(senders ...ExternalSender) Extension {
	return Extension{Type: ExtensionExternalSenders, Data: appendList(nil, func(b []byte) []byte {
		for _, s := range senders {
			b = appendVector(b, s.SignatureKey)
			b = s.Credential.append(b)
		}
		return b
	})}
}

// ParseExternalSenders decodes the data of an external_senders extension. The
// application judges the credentials in it when it comes into the group (§5.3.1).
func ParseExternalSenders(b []byte) ([]ExternalSender, error) {
	return decodeAll(bytes.Clone(b), "external_senders", func(d *decoder) []ExternalSender {
		list := d.list()
		var out []ExternalSender
		for list.more() {
			out = append(out, ExternalSender{SignatureKey: list.vector(), Credential: list.credential()})
		}
		d.joined(list)
		return out
	})
}

// checkContextExtensions refuses group context extensions that cannot be read.
func checkContextExtensions(list []Extension) error {
	if err := checkDuplicates(list); err != nil {
		return err
	}
	for _, e := range list {
		var err error
		switch e.Type {
		case ExtensionRequiredCapabilities:
			_, err = ParseRequiredCapabilities(e.Data)
		case ExtensionExternalSenders:
			_, err = ParseExternalSenders(e.Data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
