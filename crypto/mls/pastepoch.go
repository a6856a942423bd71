package mls

import (
	"bytes"
	"slices"
)

// This file keeps what is needed to read application messages that come after the
// end of their epoch (RFC 9420 §9.2, §15.3). It weakens forward secrecy for as
// long as it is kept, so that by default nothing is.

// formerEpoch is an epoch that is over, as its late messages need it.
type formerEpoch struct {
	context    groupContext
	encoded    []byte // the context
	senderData []byte
	tree       *secretTree
	leaves     []*LeafNode // its members
}

func (f *formerEpoch) wipe() {
	wipe(f.senderData)
	f.tree.wipe()
}

// former makes the current epoch one that is over. It takes the secret tree.
func (g *Group) former() *formerEpoch {
	return &formerEpoch{
		context:    g.public.context,
		encoded:    g.public.encoded,
		senderData: bytes.Clone(g.secrets.senderData),
		tree:       g.tree,
		leaves:     g.public.tree.leaves,
	}
}

// keepPast drops the oldest epochs above the client's limit.
func (g *Group) keepPast() {
	drop := len(g.past) - max(0, g.client.PastEpochs)
	if drop <= 0 {
		return
	}
	for _, f := range g.past[:drop] {
		f.wipe()
	}
	g.past = slices.Clone(g.past[drop:])
}

// ForgetPastEpochs gives up the message keys of the epochs below the given one,
// which Client.PastEpochs kept: their late messages are then ErrStaleEpoch. An
// application that bounds the time for which they are kept calls it.
func (g *Group) ForgetPastEpochs(below uint64) {
	g.past = slices.DeleteFunc(g.past, func(f *formerEpoch) bool {
		if f.context.epoch >= below {
			return false
		}
		f.wipe()
		return true
	})
}

// late finds the former epoch of an application message, or nil.
func (g *Group) late(m *privateMessage) *formerEpoch {
	if m.contentType != ContentApplication || !bytes.Equal(m.groupID, g.public.context.groupID) {
		return nil
	}
	for _, f := range g.past {
		if f.context.epoch == m.epoch {
			return f
		}
	}
	return nil
}

// processLate reads an application message of a former epoch.
func (g *Group) processLate(f *formerEpoch, m *privateMessage) (*Processed, error) {
	a, opening, err := g.open(m, f.senderData, f.tree, f.leaves)
	if err != nil {
		return nil, err
	}
	leaf := f.leaves[a.content.sender.Index]
	if err := a.verifySignature(g.suite, leaf.SignatureKey, f.encoded); err != nil {
		return nil, err
	}
	opening.consume()
	return &Processed{Application: a.application(leaf)}, nil
}

// application is what the caller gets of an authentic application message.
func (a *authenticatedContent) application(leaf *LeafNode) *Application {
	c := a.content
	return &Application{
		Data:              bytes.Clone(c.application),
		AuthenticatedData: bytes.Clone(c.authenticatedData),
		Epoch:             c.epoch,
		Sender:            LeafIndex(c.sender.Index),
		Leaf:              leaf,
	}
}

// How a leaf of a former epoch stands in a serialised state.
const (
	formerBlank   = 0
	formerCurrent = 1 // it is the current tree's at the same place
	formerOther   = 2
)

func (g *Group) appendPast(b []byte) []byte {
	return appendList(b, func(b []byte) []byte {
		for _, f := range g.past {
			b = appendVector(b, f.encoded)
			b = appendVector(b, f.senderData)
			b = appendUint32(b, uint32(len(f.leaves)))
			for i, l := range f.leaves {
				current := g.public.tree.leaf(LeafIndex(i))
				switch {
				case l == nil:
					b = append(b, formerBlank)
				case l == current || current != nil && bytes.Equal(l.append(nil), current.append(nil)):
					b = append(b, formerCurrent)
				default:
					b = appendVector(append(b, formerOther), l.append(nil))
				}
			}
			b = f.tree.append(b)
		}
		return b
	})
}

func (d *decoder) past(g *Group) []*formerEpoch {
	var past []*formerEpoch
	list := d.list()
	for list.more() {
		f := &formerEpoch{encoded: bytes.Clone(list.vector())}
		context := newDecoder(f.encoded)
		f.context = context.groupContext()
		list.failErr(context.done())
		f.senderData = list.secret(g.suite)
		n := int64(list.uint32())
		if list.err == nil && (n > int64(list.rest()) || n == 0 || n&(n-1) != 0) {
			list.fail("former epoch of %d leaves", n)
		}
		if list.err != nil {
			break
		}
		f.leaves = make([]*LeafNode, n)
		for i := range f.leaves {
			switch kind := list.uint8(); kind {
			case formerBlank:
			case formerCurrent:
				if f.leaves[i] = g.public.tree.leaf(LeafIndex(i)); f.leaves[i] == nil {
					list.fail("leaf %d of a former epoch is blank now", i)
				}
			case formerOther:
				leaf := newDecoder(bytes.Clone(list.vector()))
				if f.leaves[i] = leaf.leafNode(); list.err == nil {
					list.failErr(leaf.done())
				}
			default:
				list.fail("leaf of a former epoch of kind %d", kind)
			}
		}
		f.tree = list.secretTree(g.suite, int(n))
		if list.err == nil && (f.context.epoch >= g.public.context.epoch || !bytes.Equal(f.context.groupID, g.public.context.groupID)) {
			list.fail("former epoch %d", f.context.epoch)
		}
		past = append(past, f)
	}
	d.joined(list)
	return past
}
