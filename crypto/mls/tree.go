package mls

import (
	"bytes"
	"slices"
)

// parentNode is ParentNode of RFC 9420 §7.1. It is never changed: the tree
// replaces it.
type parentNode struct {
	encryptionKey []byte
	parentHash    []byte
	unmerged      []LeafIndex // in increasing order
}

func (p *parentNode) append(b []byte) []byte {
	b = appendVector(b, p.encryptionKey)
	b = appendVector(b, p.parentHash)
	b = appendLength(b, 4*len(p.unmerged))
	for _, l := range p.unmerged {
		b = appendUint32(b, uint32(l))
	}
	return b
}

// maxSize is at least the size of the encoded node.
func (p *parentNode) maxSize() int {
	return len(p.encryptionKey) + len(p.parentHash) + 4*len(p.unmerged) + 12
}

func (d *decoder) parentNode() *parentNode {
	p := &parentNode{encryptionKey: d.vector(), parentHash: d.vector()}
	b := d.vector()
	if len(b)%4 != 0 {
		d.fail("unmerged_leaves of %d bytes", len(b))
		return p
	}
	list := newDecoder(b)
	if len(b) > 0 {
		p.unmerged = make([]LeafIndex, 0, len(b)/4)
	}
	for list.more() {
		l := LeafIndex(list.uint32())
		if n := len(p.unmerged); n > 0 && p.unmerged[n-1] >= l {
			d.failErr(rule(ErrTree, "7.1", "unmerged_leaves are not in increasing order"))
			return p
		}
		p.unmerged = append(p.unmerged, l)
	}
	return p
}

// ratchetTree is the public ratchet tree (§4, §7): a full binary tree, whose
// blank nodes are nil. Nodes are immutable and shared between copies, so that a
// copy costs two pointers and a hash reference a leaf.
type ratchetTree struct {
	suite   *suite
	leaves  []*LeafNode   // leaf L is node 2L; the length is a power of two
	parents []*parentNode // parent x is at x/2
	hashes  [][]byte      // tree hashes by node, nil where not known
}

func newTree(s *suite, first *LeafNode) *ratchetTree {
	return &ratchetTree{suite: s, leaves: []*LeafNode{first}, hashes: make([][]byte, 1)}
}

func (t *ratchetTree) clone() *ratchetTree {
	return &ratchetTree{
		suite:   t.suite,
		leaves:  slices.Clone(t.leaves),
		parents: slices.Clone(t.parents),
		hashes:  slices.Clone(t.hashes),
	}
}

func (t *ratchetTree) root() nodeIndex { return rootOf(len(t.leaves)) }

// leaf gives the leaf node, nil when it is blank or outside the tree.
func (t *ratchetTree) leaf(l LeafIndex) *LeafNode {
	if int64(l) >= int64(len(t.leaves)) {
		return nil
	}
	return t.leaves[l]
}

func (t *ratchetTree) parent(x nodeIndex) *parentNode { return t.parents[x/2] }

func (t *ratchetTree) blank(x nodeIndex) bool {
	if x.isLeaf() {
		return t.leaves[x/2] == nil
	}
	return t.parents[x/2] == nil
}

// key gives the encryption key of a node that is not blank.
func (t *ratchetTree) key(x nodeIndex) []byte {
	if x.isLeaf() {
		return t.leaves[x/2].EncryptionKey
	}
	return t.parents[x/2].encryptionKey
}

// touch forgets the hashes of x and of all nodes above it.
func (t *ratchetTree) touch(x nodeIndex) {
	root := t.root()
	for t.hashes[x] = nil; x != root; {
		x = x.parent()
		t.hashes[x] = nil
	}
}

func (t *ratchetTree) setLeaf(l LeafIndex, leaf *LeafNode) {
	t.leaves[l] = leaf
	t.touch(l.node())
}

// blankPath blanks the parents above the leaf.
func (t *ratchetTree) blankPath(l LeafIndex) {
	for _, x := range directPath(l, len(t.leaves)) {
		t.parents[x/2] = nil
	}
	t.touch(l.node())
}

// members gives the leaves that are not blank.
func (t *ratchetTree) members() []Member {
	out := make([]Member, 0, len(t.leaves))
	for i, l := range t.leaves {
		if l != nil {
			out = append(out, Member{Index: LeafIndex(i), Leaf: l})
		}
	}
	return out
}

// freeLeaf gives the leftmost blank leaf, extending the tree when there is none
// (§7.7).
func (t *ratchetTree) freeLeaf() (LeafIndex, error) {
	if i := slices.Index(t.leaves, nil); i >= 0 {
		return LeafIndex(i), nil
	}
	n := len(t.leaves)
	if 2*n > maxLeaves {
		return 0, rule(ErrTree, "7.7", "the tree is full")
	}
	t.leaves = append(t.leaves, make([]*LeafNode, n)...)
	t.parents = append(t.parents, make([]*parentNode, n)...)
	t.hashes = append(t.hashes, make([][]byte, 2*n)...)
	return LeafIndex(n), nil
}

// add puts a leaf into the leftmost free place (§12.1.1).
func (t *ratchetTree) add(leaf *LeafNode) (LeafIndex, error) {
	l, err := t.freeLeaf()
	if err != nil {
		return 0, err
	}
	for _, x := range directPath(l, len(t.leaves)) {
		p := t.parent(x)
		if p == nil {
			continue
		}
		at, _ := slices.BinarySearch(p.unmerged, l)
		t.parents[x/2] = &parentNode{
			encryptionKey: p.encryptionKey,
			parentHash:    p.parentHash,
			unmerged:      slices.Insert(slices.Clone(p.unmerged), at, l),
		}
	}
	t.setLeaf(l, leaf)
	return l, nil
}

// update replaces a leaf and blanks the nodes above it (§12.1.2).
func (t *ratchetTree) update(l LeafIndex, leaf *LeafNode) {
	t.setLeaf(l, leaf)
	t.blankPath(l)
}

// remove blanks a leaf and the nodes above it (§12.1.3). The caller truncates
// when all removals are done.
func (t *ratchetTree) remove(l LeafIndex) {
	t.setLeaf(l, nil)
	t.blankPath(l)
}

// truncate drops right halves without members (§7.7).
func (t *ratchetTree) truncate() {
	last := len(t.leaves) - 1
	for last > 0 && t.leaves[last] == nil {
		last--
	}
	n := fullLeaves(last + 1)
	if n == len(t.leaves) {
		return
	}
	t.leaves = slices.Clone(t.leaves[:n])
	t.parents = slices.Clone(t.parents[:n-1])
	t.hashes = slices.Clone(t.hashes[:nodeWidth(n)])
}

// resolution appends the resolution of x to out (§4.1.1).
func (t *ratchetTree) resolution(out []nodeIndex, x nodeIndex) []nodeIndex {
	if x.isLeaf() {
		if t.leaves[x/2] != nil {
			out = append(out, x)
		}
		return out
	}
	if p := t.parent(x); p != nil {
		out = append(out, x)
		for _, l := range p.unmerged {
			out = append(out, l.node())
		}
		return out
	}
	return t.resolution(t.resolution(out, x.left()), x.right())
}

// empty says whether the resolution of x is empty.
func (t *ratchetTree) empty(x nodeIndex) bool {
	if !t.blank(x) {
		return false
	}
	return x.isLeaf() || (t.empty(x.left()) && t.empty(x.right()))
}

// pathStep is a node of a filtered direct path, with its child on the copath.
type pathStep struct{ node, copath nodeIndex }

// filteredPath is the filtered direct path of a leaf (§4.1.2).
func (t *ratchetTree) filteredPath(l LeafIndex) []pathStep {
	path := directPath(l, len(t.leaves))
	steps := make([]pathStep, 0, len(path))
	child := l.node()
	for _, x := range path {
		if copath := child.sibling(); !t.empty(copath) {
			steps = append(steps, pathStep{node: x, copath: copath})
		}
		child = x
	}
	return steps
}

// append encodes the tree as the ratchet_tree extension (§12.4.3.3).
func (t *ratchetTree) append(b []byte) []byte {
	last := nodeIndex(nodeWidth(len(t.leaves)) - 1)
	for last > 0 && t.blank(last) {
		last--
	}
	b = slices.Grow(b, t.encodedSize())
	return appendList(b, func(b []byte) []byte {
		for x := nodeIndex(0); x <= last; x++ {
			switch {
			case t.blank(x):
				b = append(b, 0)
			case x.isLeaf():
				b = t.leaves[x/2].append(append(b, 1, 1))
			default:
				b = t.parents[x/2].append(append(b, 1, 2))
			}
		}
		return b
	})
}

// encodedSize is at least the size of the encoded tree.
func (t *ratchetTree) encodedSize() int {
	n := 8 + 3*len(t.leaves) + 3*len(t.parents)
	for _, l := range t.leaves {
		if l != nil {
			n += len(l.raw)
		}
	}
	for _, p := range t.parents {
		if p != nil {
			n += p.maxSize()
		}
	}
	return n
}

// parseTree decodes a ratchet_tree extension. It is checked for form only.
func parseTree(s *suite, b []byte) (*ratchetTree, error) {
	return decodeAll(b, "ratchet tree", func(d *decoder) *ratchetTree { return d.ratchetTree(s) })
}

func (d *decoder) ratchetTree(s *suite) *ratchetTree {
	t := &ratchetTree{suite: s}
	list := d.list()
	last, x := -1, 0
	for ; list.more(); x++ {
		leaf := x%2 == 0
		present := list.optional()
		if present {
			last = x
			kind := list.uint8() // leaf(1) or parent(2)
			if list.err == nil && (kind != 1 && kind != 2 || (kind == 1) != leaf) {
				list.failErr(rule(ErrTree, "12.4.3.3", "node %d has type %d", x, kind))
			}
		}
		switch {
		case present && leaf:
			t.leaves = append(t.leaves, list.leafNode())
		case present:
			t.parents = append(t.parents, list.parentNode())
		case leaf:
			t.leaves = append(t.leaves, nil)
		default:
			t.parents = append(t.parents, nil)
		}
	}
	d.joined(list)
	if d.err == nil && (last < 0 || last != x-1) {
		d.failErr(rule(ErrTree, "12.4.3.3", "the last node is blank"))
	}
	if d.err != nil {
		return t
	}
	n := fullLeaves(len(t.leaves))
	if len(t.parents) >= n {
		n *= 2 // the last node is the parent of blank leaves
	}
	if n > maxLeaves {
		d.failErr(rule(ErrTree, "12.4.3.3", "tree of %d leaves", n))
		return t
	}
	t.leaves = append(t.leaves, make([]*LeafNode, n-len(t.leaves))...)
	t.parents = append(t.parents, make([]*parentNode, n-1-len(t.parents))...)
	t.hashes = make([][]byte, nodeWidth(n))
	return t
}

// holdsKey says whether a key stands at some node of the tree, or twice in
// keys.
func (t *ratchetTree) holdsKey(keys ...[]byte) bool {
	set := make(map[string]struct{}, len(keys))
	for _, k := range keys {
		if _, twice := set[string(k)]; twice {
			return true
		}
		set[string(k)] = struct{}{}
	}
	for _, l := range t.leaves {
		if l != nil {
			if _, found := set[string(l.EncryptionKey)]; found {
				return true
			}
		}
	}
	for _, p := range t.parents {
		if p != nil {
			if _, found := set[string(p.encryptionKey)]; found {
				return true
			}
		}
	}
	return false
}

// find gives the leaf that is identical to this one.
func (t *ratchetTree) find(leaf *LeafNode) (LeafIndex, bool) {
	raw := leaf.append(nil)
	for i, l := range t.leaves {
		if l != nil && bytes.Equal(l.raw, raw) {
			return LeafIndex(i), true
		}
	}
	return 0, false
}
