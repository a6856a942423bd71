package mls

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"slices"
)

// treeHash is the tree hash of a node (RFC 9420 §7.8), remembered until
// something below it changes.
func (t *ratchetTree) treeHash(x nodeIndex) []byte {
	if h := t.hashes[x]; h != nil {
		return h
	}
	var h []byte
	if x.isLeaf() {
		h = t.leafHash(x.leaf(), t.leaves[x/2])
	} else {
		h = t.parentNodeHash(t.parent(x), t.treeHash(x.left()), t.treeHash(x.right()))
	}
	t.hashes[x] = h
	return h
}

// sum hashes one value; the nodes of large trees need no hash state of their own.
func (t *ratchetTree) sum(b []byte) []byte {
	switch t.suite.nh {
	case sha256.Size:
		h := sha256.Sum256(b)
		return h[:]
	case sha512.Size384:
		h := sha512.Sum384(b)
		return h[:]
	default:
		return t.suite.sum(b)
	}
}

// rootHash is the tree hash of the whole tree.
func (t *ratchetTree) rootHash() []byte { return t.treeHash(t.root()) }

func (t *ratchetTree) leafHash(l LeafIndex, leaf *LeafNode) []byte {
	size := 6 // of a blank leaf, of which a tree can have many
	if leaf != nil {
		size += len(leaf.raw)
	}
	b := append(make([]byte, 0, size), 1)
	b = appendUint32(b, uint32(l))
	b = appendOptional(b, leaf != nil)
	if leaf != nil {
		b = leaf.append(b)
	}
	return t.sum(b)
}

func (t *ratchetTree) parentNodeHash(p *parentNode, left, right []byte) []byte {
	size := 4 + len(left) + len(right)
	if p != nil {
		size += p.maxSize()
	}
	b := append(make([]byte, 0, size), 2)
	b = appendOptional(b, p != nil)
	if p != nil {
		b = p.append(b)
	}
	b = appendVector(b, left)
	b = appendVector(b, right)
	return t.sum(b)
}

// treeHashWithout is the tree hash of a node in the tree from which the leaves
// without, in increasing order, were blanked and taken out of all
// unmerged_leaves (§7.9).
func (t *ratchetTree) treeHashWithout(x nodeIndex, without []LeafIndex) []byte {
	without = leavesUnder(without, x)
	switch {
	case len(without) == 0:
		return t.treeHash(x)
	case x.isLeaf():
		return t.leafHash(x.leaf(), nil)
	}
	p := t.parent(x)
	if p != nil && len(p.unmerged) > 0 {
		kept := slices.DeleteFunc(slices.Clone(p.unmerged), func(l LeafIndex) bool {
			_, found := slices.BinarySearch(without, l)
			return found
		})
		p = &parentNode{encryptionKey: p.encryptionKey, parentHash: p.parentHash, unmerged: kept}
	}
	return t.parentNodeHash(p, t.treeHashWithout(x.left(), without), t.treeHashWithout(x.right(), without))
}

// leavesUnder gives the part of a sorted list that lies under x.
func leavesUnder(list []LeafIndex, x nodeIndex) []LeafIndex {
	from, _ := slices.BinarySearch(list, x.firstLeaf())
	to, found := slices.BinarySearch(list, x.lastLeaf())
	if found {
		to++
	}
	return list[from:to]
}

// parentHashOf is the parent hash of p with the given original sibling tree hash
// (§7.9).
func (t *ratchetTree) parentHashOf(p *parentNode, siblingHash []byte) []byte {
	b := make([]byte, 0, 256)
	b = appendVector(b, p.encryptionKey)
	b = appendVector(b, p.parentHash)
	b = appendVector(b, siblingHash)
	return t.suite.sum(b)
}

// setPath gives new keys to a filtered direct path, blanks the rest of the
// direct path, and returns the parent hash for the leaf (§7.5, §7.9).
func (t *ratchetTree) setPath(l LeafIndex, steps []pathStep, keys [][]byte) []byte {
	t.blankPath(l)
	hash := []byte{}
	for i := len(steps) - 1; i >= 0; i-- {
		p := &parentNode{encryptionKey: keys[i], parentHash: hash}
		t.parents[steps[i].node/2] = p
		hash = t.parentHashOf(p, t.treeHash(steps[i].copath))
	}
	return hash
}

// verifyParentHashes checks that every parent that is not blank has exactly one
// descendant whose parent hash is valid for it (§7.9.2).
func (t *ratchetTree) verifyParentHashes() error {
	var buffer []nodeIndex
	for i, p := range t.parents {
		if p == nil {
			continue
		}
		x := nodeIndex(2*i + 1)
		valid := 0
		for _, c := range [2]nodeIndex{x.left(), x.right()} {
			buffer = t.resolution(buffer[:0], c)
			d, ok := soleMerged(buffer, leavesUnder(p.unmerged, c))
			if !ok {
				continue
			}
			claimed, ok := t.claimedParentHash(d)
			if !ok {
				continue
			}
			sibling := t.treeHashWithout(c.sibling(), p.unmerged)
			if bytes.Equal(claimed, t.parentHashOf(p, sibling)) {
				valid++
			}
		}
		if valid != 1 {
			return rule(ErrTree, "7.9.2", "parent node %d has %d valid parent hashes below it", x, valid)
		}
	}
	return nil
}

// soleMerged gives the one node of a resolution that is not an unmerged leaf, if
// the others are exactly the unmerged ones.
func soleMerged(resolution []nodeIndex, unmerged []LeafIndex) (nodeIndex, bool) {
	if len(resolution) != len(unmerged)+1 {
		return 0, false
	}
	var sole nodeIndex
	others := 0
	for _, d := range resolution {
		if d.isLeaf() {
			if _, found := slices.BinarySearch(unmerged, d.leaf()); found {
				continue
			}
		}
		sole = d
		others++
	}
	return sole, others == 1
}

// claimedParentHash is the parent_hash field of a node, if it has one.
func (t *ratchetTree) claimedParentHash(x nodeIndex) ([]byte, bool) {
	if !x.isLeaf() {
		return t.parent(x).parentHash, true
	}
	l := t.leaves[x/2]
	return l.ParentHash, l.Source == LeafFromCommit
}
