package mls

import "math/bits"

// The ratchet tree is a full binary tree of 2^d leaves, stored as an array in
// which the leaf L is at 2L and parents lie between their subtrees (RFC 9420
// appendix C). Everything here is arithmetic on positions in that array.

// nodeIndex is a position in the array.
type nodeIndex uint32

// maxLeaves bounds trees so that no index overflows.
const maxLeaves = 1 << 28

func (i LeafIndex) node() nodeIndex { return nodeIndex(i) * 2 }

func (x nodeIndex) isLeaf() bool    { return x&1 == 0 }
func (x nodeIndex) leaf() LeafIndex { return LeafIndex(x / 2) }

// level is the height of x: 0 for leaves.
func (x nodeIndex) level() int { return bits.TrailingZeros32(^uint32(x)) }

// left and right give the children of a parent; a leaf has none.
func (x nodeIndex) left() nodeIndex {
	return x ^ (1 << (x.level() - 1))
}

func (x nodeIndex) right() nodeIndex {
	return x ^ (3 << (x.level() - 1))
}

// parent gives the node above x, which must not be the root.
func (x nodeIndex) parent() nodeIndex {
	k := x.level()
	b := (x >> (k + 1)) & 1
	return (x | 1<<k) ^ (b << (k + 1))
}

// sibling gives the other child of x's parent; x must not be the root.
func (x nodeIndex) sibling() nodeIndex {
	p := x.parent()
	if x < p {
		return p.right()
	}
	return p.left()
}

// firstLeaf and lastLeaf bound the leaves under x.
func (x nodeIndex) firstLeaf() LeafIndex {
	return (x - (1<<x.level() - 1)).leaf()
}

func (x nodeIndex) lastLeaf() LeafIndex {
	return (x + (1<<x.level() - 1)).leaf()
}

// covers says whether the leaf is x or under x.
func (x nodeIndex) covers(l LeafIndex) bool {
	return x.firstLeaf() <= l && l <= x.lastLeaf()
}

// nodeWidth is the number of nodes of a tree with leaves leaves.
func nodeWidth(leaves int) int {
	if leaves == 0 {
		return 0
	}
	return 2*leaves - 1
}

// fullLeaves is the smallest power of two that is at least n.
func fullLeaves(n int) int {
	if n <= 1 {
		return n
	}
	return 1 << bits.Len(uint(n-1))
}

// rootOf is the root of a full tree with leaves leaves.
func rootOf(leaves int) nodeIndex { return nodeIndex(leaves - 1) }

// commonAncestor is the lowest node above both leaves (the leaf itself when
// they are the same).
func commonAncestor(a, b LeafIndex) nodeIndex {
	k := bits.Len32(uint32(a ^ b))
	if k == 0 {
		return a.node()
	}
	x := uint32(a.node()) >> (k + 1) << (k + 1)
	return nodeIndex(x | (1<<k - 1))
}

// directPath gives the nodes above the leaf, from its parent to the root of a
// tree with leaves leaves.
func directPath(l LeafIndex, leaves int) []nodeIndex {
	root := rootOf(leaves)
	x := l.node()
	if x == root {
		return nil
	}
	path := make([]nodeIndex, 0, root.level())
	for x != root {
		x = x.parent()
		path = append(path, x)
	}
	return path
}
