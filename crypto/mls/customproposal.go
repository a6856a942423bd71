package mls

import (
	"bytes"
	"slices"
)

// ProposalType describes a type of proposal beyond those of RFC 9420 (§12.1,
// §17.4). A client that registers it says so in its capabilities; a commit may
// cover such a proposal when all members who process it do (§12.2). What the
// proposal does is the application's, which finds it in [Changes].
//
// The encoding of a proposal does not say how long its body is: without the
// type's description a message that holds one can only be refused.
type ProposalType struct {
	Type uint16 // of the registry, or from 0xF000 on for private use

	// Length gives the length of the body that b begins with, or an error. Nil
	// stands for a body that is one vector, opaque<V> with its length before it.
	Length func(b []byte) (int, error)
	// NoPath says that a commit of nothing but such proposals, and others that need
	// none, may do without a path (§12.4).
	NoPath bool
	// External says that external senders may send it (§12.1.8).
	External bool
}

// CustomProposal is a proposal of a type that the application registered. The
// body is all that follows the type; see [OpaqueBody].
type CustomProposal struct {
	Type uint16
	Body []byte
}

// OpaqueBody encodes data as the body of a proposal type without Length.
func OpaqueBody(data []byte) []byte { return appendVector(nil, data) }

// Data gives what [OpaqueBody] was given, or nil for other bodies.
func (p CustomProposal) Data() []byte {
	data, err := decodeAll(p.Body, "proposal body", (*decoder).vector)
	if err != nil {
		return nil
	}
	return bytes.Clone(data)
}

func (p CustomProposal) proposalType() uint16     { return p.Type }
func (p CustomProposal) append(b []byte) []byte   { return append(b, p.Body...) }
func (p CustomProposal) detached() CustomProposal { return CustomProposal{p.Type, bytes.Clone(p.Body)} }

// CustomChange is a custom proposal that a commit covers.
type CustomChange struct {
	Sender   Sender // who proposed it
	Proposal CustomProposal
}

// proposalTypes are the types that an application registered.
type proposalTypes []ProposalType

// check refuses types that are not the application's to give: those of the RFC,
// and GREASE values, which no proposal may have (§13.5).
func (t proposalTypes) check() error {
	for i, p := range t {
		if p.Type == 0 || defaultProposal(p.Type) || isGREASE(p.Type) {
			return rule(ErrUnsupported, "17.4", "proposal type 0x%04x cannot be registered", p.Type)
		}
		if slices.ContainsFunc(t[:i], func(q ProposalType) bool { return q.Type == p.Type }) {
			return rule(ErrUnsupported, "17.4", "proposal type 0x%04x is registered twice", p.Type)
		}
	}
	return nil
}

func (t proposalTypes) find(id uint16) *ProposalType {
	for i := range t {
		if t[i].Type == id {
			return &t[i]
		}
	}
	return nil
}

// external says whether an external sender may send the type (§12.1.8).
func (t proposalTypes) external(id uint16) bool {
	if p := t.find(id); p != nil {
		return p.External
	}
	return externalProposal(id)
}

// needPath says whether a commit with such a proposal needs a path (§12.4).
func (t proposalTypes) needPath(id uint16) bool {
	if p := t.find(id); p != nil {
		return !p.NoPath
	}
	return pathRequired(id)
}

func (p *ProposalType) length(b []byte) (int, error) {
	if p.Length != nil {
		n, err := p.Length(b)
		if err == nil && (n < 0 || n > len(b)) {
			err = rule(ErrMalformed, "12.1", "structure ends too early")
		}
		return n, err
	}
	d := newDecoder(b)
	d.vector()
	return d.off, d.err
}

// customProposal reads a proposal of a registered type.
func (d *decoder) customProposal(id uint16) Proposal {
	t := d.types.find(id)
	if t == nil {
		d.failErr(rule(ErrUnsupported, "12.1", "proposal type 0x%04x", id))
	}
	if d.err != nil {
		return RemoveProposal{}
	}
	n, err := t.length(d.b[d.off:])
	if err != nil {
		d.failErr(rule(ErrMalformed, "12.1", "body of a proposal of type 0x%04x: %v", id, err))
		return RemoveProposal{}
	}
	return CustomProposal{Type: id, Body: d.bytes(n)}
}

// checkCustom judges a custom proposal by itself.
func (p *publicState) checkCustom(q CustomProposal) error {
	t := p.types.find(q.Type)
	if t == nil || defaultProposal(q.Type) {
		return rule(ErrUnsupported, "12.1", "proposal type 0x%04x", q.Type)
	}
	n, err := t.length(q.Body)
	if err != nil || n != len(q.Body) {
		return rule(ErrProposal, "12.1", "body of a proposal of type 0x%04x", q.Type)
	}
	return nil
}

// checkSupport verifies that all members who process a commit support the custom
// types of its proposals: whom it removes need not (§12.2).
func (t *transition) checkSupport() error {
	var types []uint16
	gone := map[LeafIndex]bool{}
	for _, c := range t.list {
		switch p := c.proposal.(type) {
		case CustomProposal:
			if !slices.Contains(types, p.Type) {
				types = append(types, p.Type)
			}
		case RemoveProposal:
			gone[p.LeafIndex] = true
		}
	}
	for _, id := range types {
		if err := t.from.checkSupport(id, gone); err != nil {
			return err
		}
	}
	return nil
}

func (p *publicState) checkSupport(id uint16, gone map[LeafIndex]bool) error {
	for i, l := range p.tree.leaves {
		if l != nil && !gone[LeafIndex(i)] && !l.Capabilities.supportsProposal(id) {
			return rule(ErrProposalList, "12.2", "leaf %d does not support the proposal type 0x%04x", i, id)
		}
	}
	return nil
}

// customs are the custom proposals of the commit, in their order.
func (t *transition) customs() (list []CustomChange) {
	for _, c := range t.list {
		if p, ok := c.proposal.(CustomProposal); ok {
			list = append(list, CustomChange{Sender: c.sender, Proposal: p.detached()})
		}
	}
	return list
}

// appendKept writes a proposal of a serialised state: the body of a custom one
// with its length, so that it can be read without its description.
func appendKept(b []byte, p Proposal) []byte {
	if q, ok := p.(CustomProposal); ok {
		return appendVector(appendUint16(b, q.Type), q.Body)
	}
	return appendProposal(b, p)
}

func (d *decoder) keptProposal() Proposal {
	id := d.uint16()
	if d.version < 2 || defaultProposal(id) {
		return d.proposalBody(id)
	}
	return CustomProposal{Type: id, Body: d.vector()}
}
