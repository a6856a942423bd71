package mls

import "bytes"

// A staged commit that was sent, and of which it is not yet known whether it was
// accepted, can be kept: a client that starts again then needs no rejoin.

// MarshalBinary encodes the staged commit with the secrets of the epoch that it
// begins.
func (s *StagedCommit) MarshalBinary() ([]byte, error) {
	b := appendStateHeader(nil, stateStaged)
	for _, v := range [][]byte{s.message, s.welcome, s.groupInfo, s.authenticatedData, s.base} {
		b = appendVector(b, v)
	}
	b = s.sender.append(b)
	b = appendOptional(b, s.selfRemoved)
	b = appendOptional(b, s.joined)
	b = s.changes.append(b)
	return s.next.append(b)
}

// UnmarshalStagedCommit decodes what MarshalBinary gave.
func UnmarshalStagedCommit(b []byte, c Client) (*StagedCommit, error) {
	s, err := decodeState(b, stateStaged, func(d *decoder) *StagedCommit {
		s := &StagedCommit{}
		for _, v := range []*[]byte{&s.message, &s.welcome, &s.groupInfo, &s.authenticatedData, &s.base} {
			if *v = bytes.Clone(d.vector()); len(*v) == 0 {
				*v = nil
			}
		}
		s.sender = d.sender()
		s.selfRemoved, s.joined = d.optional(), d.optional()
		s.changes = d.changes()
		s.next = d.group()
		return s
	})
	if err != nil {
		return nil, err
	}
	return s, s.next.adopt(c)
}

func (c *Changes) append(b []byte) []byte {
	for _, list := range [][]Member{c.Added, c.Updated, c.Removed} {
		b = appendList(b, func(b []byte) []byte {
			for _, m := range list {
				b = m.Leaf.append(appendUint32(b, uint32(m.Index)))
			}
			return b
		})
	}
	b = appendOptional(b, c.ExtensionsChanged)
	b = appendOptional(b, c.External)
	b = appendUint32(b, uint32(c.Committer))
	b = appendReInit(b, c.ReInit)
	return appendList(b, func(b []byte) []byte {
		for _, p := range c.Custom {
			b = appendKept(p.Sender.append(b), p.Proposal)
		}
		return b
	})
}

func (d *decoder) changes() Changes {
	var c Changes
	for _, members := range []*[]Member{&c.Added, &c.Updated, &c.Removed} {
		list := d.list()
		for list.more() {
			*members = append(*members, Member{Index: LeafIndex(list.uint32()), Leaf: list.leafNode()})
		}
		d.joined(list)
	}
	c.ExtensionsChanged, c.External = d.optional(), d.optional()
	c.Committer = LeafIndex(d.uint32())
	c.ReInit = d.optionalReInit()
	if d.version < 2 {
		return c
	}
	list := d.list()
	for list.more() {
		sender := list.sender()
		p, ok := list.keptProposal().(CustomProposal)
		if !ok {
			list.fail("proposal of the RFC among custom ones")
		}
		c.Custom = append(c.Custom, CustomChange{Sender: sender, Proposal: p.detached()})
	}
	d.joined(list)
	return c
}
