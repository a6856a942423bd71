package mls

import "bytes"

// Proposal types (RFC 9420 §17.4).
const (
	proposalAdd                    uint16 = 1
	proposalUpdate                 uint16 = 2
	proposalRemove                 uint16 = 3
	proposalPSK                    uint16 = 4
	proposalReInit                 uint16 = 5
	proposalExternalInit           uint16 = 6
	proposalGroupContextExtensions uint16 = 7
)

// Proposal is a change that a commit can bring about (§12.1): one of the
// Proposal types of this package.
type Proposal interface {
	proposalType() uint16
	append([]byte) []byte // the body, after the type
}

// AddProposal brings in the client of a key package (§12.1.1).
type AddProposal struct{ KeyPackage *KeyPackage }

// UpdateProposal replaces the leaf of its sender (§12.1.2). It is made by
// [Group.ProposeUpdate] only.
type UpdateProposal struct{ Leaf *LeafNode }

// RemoveProposal takes a member out (§12.1.3).
type RemoveProposal struct{ LeafIndex LeafIndex }

// PreSharedKeyProposal mixes a pre-shared key into the next epoch (§12.1.4).
type PreSharedKeyProposal struct{ ID PreSharedKeyID }

// ReInitProposal ends the group in favour of another one, with these parameters
// (§12.1.5). It is committed alone. [Group.Successor] makes the other group.
type ReInitProposal struct {
	GroupID    []byte
	Version    uint16 // 1 is MLS 1.0, which zero stands for in proposals of ours
	Suite      CipherSuite
	Extensions []Extension // of the group context
}

// ExternalInitProposal carries the key of an external commit (§12.1.6). It is
// made by [JoinExternal] only.
type ExternalInitProposal struct{ KEMOutput []byte }

// GroupContextExtensionsProposal replaces all extensions of the group context
// (§12.1.7).
type GroupContextExtensionsProposal struct{ Extensions []Extension }

func (AddProposal) proposalType() uint16                    { return proposalAdd }
func (UpdateProposal) proposalType() uint16                 { return proposalUpdate }
func (RemoveProposal) proposalType() uint16                 { return proposalRemove }
func (PreSharedKeyProposal) proposalType() uint16           { return proposalPSK }
func (ReInitProposal) proposalType() uint16                 { return proposalReInit }
func (ExternalInitProposal) proposalType() uint16           { return proposalExternalInit }
func (GroupContextExtensionsProposal) proposalType() uint16 { return proposalGroupContextExtensions }

func (p AddProposal) append(b []byte) []byte          { return p.KeyPackage.append(b) }
func (p UpdateProposal) append(b []byte) []byte       { return p.Leaf.append(b) }
func (p RemoveProposal) append(b []byte) []byte       { return appendUint32(b, uint32(p.LeafIndex)) }
func (p PreSharedKeyProposal) append(b []byte) []byte { return p.ID.append(b) }
func (p ExternalInitProposal) append(b []byte) []byte { return appendVector(b, p.KEMOutput) }
func (p GroupContextExtensionsProposal) append(b []byte) []byte {
	return appendExtensions(b, p.Extensions)
}

func (p ReInitProposal) append(b []byte) []byte {
	b = appendVector(b, p.GroupID)
	b = appendUint16(b, p.Version)
	b = appendUint16(b, uint16(p.Suite))
	return appendExtensions(b, p.Extensions)
}

// detached copies a proposal out of the message in which it came.
func (p ReInitProposal) detached() *ReInitProposal {
	p.GroupID, p.Extensions = bytes.Clone(p.GroupID), cloneExtensions(p.Extensions)
	return &p
}

func (d *decoder) reInit() ReInitProposal {
	return ReInitProposal{GroupID: d.vector(), Version: d.uint16(), Suite: CipherSuite(d.uint16()), Extensions: d.extensions()}
}

func appendProposal(b []byte, p Proposal) []byte {
	return p.append(appendUint16(b, p.proposalType()))
}

func (d *decoder) proposal() Proposal { return d.proposalBody(d.uint16()) }

func (d *decoder) proposalBody(t uint16) Proposal {
	switch t {
	case proposalAdd:
		return AddProposal{KeyPackage: d.keyPackage()}
	case proposalUpdate:
		return UpdateProposal{Leaf: d.leafNode()}
	case proposalRemove:
		return RemoveProposal{LeafIndex: LeafIndex(d.uint32())}
	case proposalPSK:
		return PreSharedKeyProposal{ID: d.preSharedKeyID()}
	case proposalReInit:
		return d.reInit()
	case proposalExternalInit:
		return ExternalInitProposal{KEMOutput: d.vector()}
	case proposalGroupContextExtensions:
		return GroupContextExtensionsProposal{Extensions: d.extensions()}
	default:
		return d.customProposal(t)
	}
}

// defaultProposal says whether every client is taken to know the type (§7.2).
func defaultProposal(t uint16) bool {
	return t >= proposalAdd && t <= proposalGroupContextExtensions
}

// externalProposal says whether an external sender may send a type of the RFC
// (§12.1.8).
func externalProposal(t uint16) bool {
	return t != proposalUpdate && t != proposalExternalInit && defaultProposal(t)
}

// pathRequired says whether a commit with a proposal of the RFC needs a path
// (§12.4).
func pathRequired(t uint16) bool {
	return t != proposalAdd && t != proposalPSK && t != proposalReInit
}

// proposalOrRef is ProposalOrRef of §12.4: one of both is set.
type proposalOrRef struct {
	proposal  Proposal
	reference []byte
}

// commit is Commit of §12.4.
type commit struct {
	proposals []proposalOrRef
	path      *updatePath
}

func (c *commit) append(b []byte) []byte {
	b = appendList(b, func(b []byte) []byte {
		for _, p := range c.proposals {
			if p.proposal != nil {
				b = appendProposal(append(b, 1), p.proposal)
			} else {
				b = appendVector(append(b, 2), p.reference)
			}
		}
		return b
	})
	b = appendOptional(b, c.path != nil)
	if c.path != nil {
		b = c.path.append(b)
	}
	return b
}

func (d *decoder) commit() *commit {
	c := &commit{}
	list := d.list()
	for list.more() {
		switch t := list.uint8(); t {
		case 1:
			c.proposals = append(c.proposals, proposalOrRef{proposal: list.proposal()})
		case 2:
			ref := list.vector()
			if len(ref) == 0 {
				list.fail("empty proposal reference")
			}
			c.proposals = append(c.proposals, proposalOrRef{reference: ref})
		default:
			list.fail("ProposalOrRef type %d", t)
		}
	}
	d.joined(list)
	if d.optional() {
		c.path = d.updatePath()
	}
	return c
}

// updatePath is UpdatePath of §7.6.
type updatePath struct {
	leaf  *LeafNode
	nodes []updatePathNode
}

// updatePathNode is UpdatePathNode of §7.6.
type updatePathNode struct {
	encryptionKey []byte
	secrets       []hpkeCiphertext
}

func (p *updatePath) append(b []byte) []byte {
	b = p.leaf.append(b)
	return appendList(b, func(b []byte) []byte {
		for _, n := range p.nodes {
			b = appendVector(b, n.encryptionKey)
			b = appendList(b, func(b []byte) []byte {
				for _, c := range n.secrets {
					b = c.append(b)
				}
				return b
			})
		}
		return b
	})
}

func (d *decoder) updatePath() *updatePath {
	p := &updatePath{leaf: d.leafNode()}
	nodes := d.list()
	for nodes.more() {
		n := updatePathNode{encryptionKey: nodes.vector()}
		secrets := nodes.list()
		for secrets.more() {
			n.secrets = append(n.secrets, secrets.hpkeCiphertext())
		}
		nodes.joined(secrets)
		p.nodes = append(p.nodes, n)
	}
	d.joined(nodes)
	return p
}
