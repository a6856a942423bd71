package mls

import (
	"crypto/hpke"
	"slices"
)

// check finds the suite and refuses a client that could sign nothing valid.
func (c *Client) check() (*suite, error) {
	s, err := c.Suite.lookup()
	if err != nil {
		return nil, err
	}
	if _, err := s.signature.public(c.SignatureKey); err != nil {
		return nil, err
	}
	if err := c.Credential.check(); err != nil {
		return nil, err
	}
	if err := checkDuplicates(c.LeafExtensions); err != nil {
		return nil, err
	}
	if err := proposalTypes(c.ProposalTypes).check(); err != nil {
		return nil, err
	}
	if err := checkDuplicates(c.KeyPackageExtensions); err != nil {
		return nil, err
	}
	return s, nil
}

// capabilities completes what the application listed.
func (c *Client) capabilities(leafExtensions []Extension) Capabilities {
	add := func(list []uint16, t uint16) []uint16 {
		if slices.Contains(list, t) {
			return list
		}
		return append(list, t)
	}
	full := Capabilities{
		Versions:     add(slices.Clone(c.Capabilities.Versions), mls10),
		CipherSuites: slices.Clone(c.Capabilities.CipherSuites),
		Credentials:  add(slices.Clone(c.Capabilities.Credentials), c.Credential.Type),
	}
	if !slices.Contains(full.CipherSuites, c.Suite) {
		full.CipherSuites = append(full.CipherSuites, c.Suite)
	}
	for _, t := range c.Capabilities.Extensions {
		if !defaultExtension(t) {
			full.Extensions = add(full.Extensions, t)
		}
	}
	for _, e := range slices.Concat(leafExtensions, c.KeyPackageExtensions) {
		if !defaultExtension(e.Type) {
			full.Extensions = add(full.Extensions, e.Type)
		}
	}
	for _, t := range c.ProposalTypes {
		full.Proposals = add(full.Proposals, t.Type)
	}
	for _, t := range c.Capabilities.Proposals {
		if !defaultProposal(t) {
			full.Proposals = add(full.Proposals, t)
		}
	}
	return full
}

// secretTree makes the secret tree of an epoch, with the client's window.
func (c *Client) secretTree(s *suite, leaves int, encryptionSecret []byte) *secretTree {
	t := newSecretTree(s, leaves, encryptionSecret)
	t.window = c.Window
	return t
}

// newLeaf makes an unsigned leaf node with a fresh encryption key. The caller
// sets the source and signs.
func (c *Client) newLeaf(s *suite) (*LeafNode, hpke.PrivateKey, error) {
	public, err := s.signature.public(c.SignatureKey)
	if err != nil {
		return nil, nil, err
	}
	key, err := s.generateKeyPair()
	if err != nil {
		return nil, nil, err
	}
	leaf := &LeafNode{
		EncryptionKey: key.PublicKey().Bytes(),
		SignatureKey:  slices.Clone(public),
		Credential:    c.Credential,
		Capabilities:  c.capabilities(c.LeafExtensions),
		Extensions:    cloneExtensions(c.LeafExtensions),
	}
	if c.GREASE {
		leaf.grease(s)
	}
	return leaf, key, nil
}
