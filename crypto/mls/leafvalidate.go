package mls

import (
	"bytes"
	"slices"
)

// validateAlone follows RFC 9420 §7.3 as far as it concerns the leaf node by
// itself: keys, signature, and that it can do what it uses. Group and index are
// those of its place; they count unless it comes from a key package.
func (l *LeafNode) validateAlone(s *suite, groupID []byte, index LeafIndex) error {
	if err := s.checkHPKEKey(l.EncryptionKey); err != nil {
		return err
	}
	if err := s.signature.check(l.SignatureKey); err != nil {
		return err
	}
	// That the suite is in the capabilities is not asked for: §7.3 does not, and
	// leaves of other implementations leave it out.
	if err := l.Credential.check(); err != nil {
		return err
	}
	c := &l.Capabilities
	if !slices.Contains(c.Versions, mls10) {
		return rule(ErrLeafNode, "7.2", "capabilities without the version mls10")
	}
	if !c.supportsCredential(l.Credential.Type) {
		return rule(ErrLeafNode, "7.2", "credential type 0x%04x is not in the capabilities", l.Credential.Type)
	}
	for _, e := range l.Extensions {
		if !c.supportsExtension(e.Type) {
			return rule(ErrLeafNode, "7.3", "extension 0x%04x is not in the capabilities", e.Type)
		}
	}
	return l.verifySignature(s, groupID, index)
}

// requirements are what a group context asks of every leaf (§7.3, §13.4).
type requirements struct {
	extensions  []uint16 // in use
	required    []uint16 // extensions of required_capabilities
	proposals   []uint16
	credentials []uint16
}

func requirementsOf(context []Extension) (requirements, error) {
	var r requirements
	for _, e := range context {
		r.extensions = append(r.extensions, e.Type)
		if e.Type == ExtensionRequiredCapabilities {
			c, err := ParseRequiredCapabilities(e.Data)
			if err != nil {
				return r, err
			}
			r.required = append(r.required, c.Extensions...)
			r.proposals = append(r.proposals, c.Proposals...)
			r.credentials = append(r.credentials, c.Credentials...)
		}
	}
	return r, nil
}

func (r *requirements) check(l *LeafNode) error {
	return r.checkCapabilities(&l.Capabilities, ErrLeafNode)
}

// checkOwn is check for our own leaf, in which GREASE values stand for nothing
// that we support (§13.5).
func (r *requirements) checkOwn(l *LeafNode) error {
	return r.checkCapabilities(l.Capabilities.withoutGREASE(), ErrUnsupported)
}

// supportsContext is checkOwn for a whole group context.
func (l *LeafNode) supportsContext(context []Extension) error {
	req, err := requirementsOf(context)
	if err != nil {
		return err
	}
	return req.checkOwn(l)
}

func (r *requirements) checkCapabilities(c *Capabilities, kind error) error {
	for _, t := range r.extensions {
		if !c.supportsExtension(t) {
			return rule(kind, "13.4", "a member does not support the extension 0x%04x", t)
		}
	}
	for _, t := range r.required {
		if !c.supportsExtension(t) {
			return rule(kind, "11.1", "a member does not support the required extension 0x%04x", t)
		}
	}
	for _, t := range r.proposals {
		if !c.supportsProposal(t) {
			return rule(kind, "11.1", "a member does not support the proposal 0x%04x", t)
		}
	}
	for _, t := range r.credentials {
		if !c.supportsCredential(t) {
			return rule(kind, "11.1", "a member does not support the credential 0x%04x", t)
		}
	}
	return nil
}

// checkCredentials verifies that every member supports the credential types
// that are in use (§7.3).
func (t *ratchetTree) checkCredentials() error {
	var used []uint16
	for _, l := range t.leaves {
		if l != nil && !slices.Contains(used, l.Credential.Type) {
			used = append(used, l.Credential.Type)
		}
	}
	for i, l := range t.leaves {
		if l == nil {
			continue
		}
		for _, c := range used {
			if !l.Capabilities.supportsCredential(c) {
				return rule(ErrLeafNode, "7.3", "leaf %d does not support the credential type 0x%04x", i, c)
			}
		}
	}
	return nil
}

// checkUnique verifies that the signature and encryption keys of the given
// leaves are at no other node (§7.3).
func (t *ratchetTree) checkUnique(changed []LeafIndex) error {
	signature := make(map[string]LeafIndex, len(changed))
	encryption := make(map[string]LeafIndex, len(changed))
	for _, l := range changed {
		leaf := t.leaves[l]
		if _, twice := signature[string(leaf.SignatureKey)]; twice {
			return rule(ErrLeafNode, "7.3", "signature key of leaf %d is not unique", l)
		}
		if _, twice := encryption[string(leaf.EncryptionKey)]; twice {
			return rule(ErrLeafNode, "7.3", "encryption key of leaf %d is not unique", l)
		}
		signature[string(leaf.SignatureKey)] = l
		encryption[string(leaf.EncryptionKey)] = l
	}
	for i, leaf := range t.leaves {
		if leaf == nil {
			continue
		}
		if l, found := signature[string(leaf.SignatureKey)]; found && l != LeafIndex(i) {
			return rule(ErrLeafNode, "7.3", "leaves %d and %d have the same signature key", l, i)
		}
		if l, found := encryption[string(leaf.EncryptionKey)]; found && l != LeafIndex(i) {
			return rule(ErrLeafNode, "7.3", "leaves %d and %d have the same encryption key", l, i)
		}
	}
	for _, p := range t.parents {
		if p == nil {
			continue
		}
		if l, found := encryption[string(p.encryptionKey)]; found {
			return rule(ErrLeafNode, "7.3", "encryption key of leaf %d is also a parent's", l)
		}
	}
	return nil
}

// validate checks a whole tree, as somebody does who joins the group (§12.4.3.1):
// every leaf, every unmerged leaf, the keys and the parent hashes.
func (t *ratchetTree) validate(groupID []byte, context []Extension) error {
	req, err := requirementsOf(context)
	if err != nil {
		return err
	}
	var members []LeafIndex
	for i, l := range t.leaves {
		if l == nil {
			continue
		}
		members = append(members, LeafIndex(i))
		if err := l.validateAlone(t.suite, groupID, LeafIndex(i)); err != nil {
			return err
		}
		if err := req.check(l); err != nil {
			return err
		}
	}
	if err := t.checkCredentials(); err != nil {
		return err
	}
	if err := t.checkUnique(members); err != nil {
		return err
	}
	if err := t.checkParents(); err != nil {
		return err
	}
	if err := t.checkUnmerged(); err != nil {
		return err
	}
	return t.verifyParentHashes()
}

// checkParents verifies the keys of all parents (§12.4.3.1).
func (t *ratchetTree) checkParents() error {
	keys := make(map[string]bool, len(t.parents))
	for _, p := range t.parents {
		if p == nil {
			continue
		}
		if err := t.suite.checkHPKEKey(p.encryptionKey); err != nil {
			return err
		}
		if keys[string(p.encryptionKey)] {
			return rule(ErrTree, "12.4.3.1", "two parents have the same encryption key")
		}
		keys[string(p.encryptionKey)] = true
	}
	return nil
}

// checkUnmerged verifies the unmerged leaves of all parents (§12.4.3.1). All
// that walks over resolutions relies on it.
func (t *ratchetTree) checkUnmerged() error {
	for i, p := range t.parents {
		if p == nil {
			continue
		}
		x := nodeIndex(2*i + 1)
		for _, l := range p.unmerged {
			if t.leaf(l) == nil || !x.covers(l) {
				return rule(ErrTree, "12.4.3.1", "unmerged leaf %d is not under parent %d", l, x)
			}
			for y := l.node().parent(); y != x; y = y.parent() {
				q := t.parent(y)
				if q == nil {
					continue
				}
				if _, found := slices.BinarySearch(q.unmerged, l); !found {
					return rule(ErrTree, "12.4.3.1", "leaf %d is unmerged at %d and not at %d", l, x, y)
				}
			}
		}
	}
	return nil
}

// validateUpdate checks a leaf that takes the place of old (§7.3).
func (l *LeafNode) validateUpdate(s *suite, source LeafNodeSource, old *LeafNode, groupID []byte, index LeafIndex) error {
	if l.Source != source {
		return rule(ErrLeafNode, "7.3", "leaf_node_source is %d", l.Source)
	}
	if old != nil && bytes.Equal(l.EncryptionKey, old.EncryptionKey) {
		return rule(ErrLeafNode, "7.3", "encryption key is that of the leaf it replaces")
	}
	return l.validateAlone(s, groupID, index)
}
