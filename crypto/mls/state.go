package mls

import (
	"bytes"
	"crypto/hpke"
	"maps"
	"slices"
)

// Serialised states begin with stateMagic, a version and a kind. They are
// encoded as MLS structures are. States that hold secrets are to be encrypted by
// whoever keeps them. Version 1 is read as well: it knew no parameters of a ReInit.
const (
	stateMagic   = "MLSs"
	stateVersion = 2
)

type stateKind uint8

const (
	statePublicGroup stateKind = 1
	stateGroup       stateKind = 2
	stateKeyPackage  stateKind = 3
	stateStaged      stateKind = 4
)

func appendStateHeader(b []byte, kind stateKind) []byte {
	b = append(b, stateMagic...)
	b = appendUint16(b, stateVersion)
	return append(b, byte(kind))
}

// decodeState reads a state; whatever is wrong with it is ErrState.
func decodeState[T any](b []byte, kind stateKind, read func(*decoder) T) (T, error) {
	v, err := decodeAll(bytes.Clone(b), "state", func(d *decoder) T {
		var zero T
		if string(d.bytes(len(stateMagic))) != stateMagic {
			d.fail("not a state of this package")
			return zero
		}
		if d.version = d.uint16(); d.version < 1 || d.version > stateVersion {
			d.fail("state of version %d", d.version)
			return zero
		}
		if k := stateKind(d.uint8()); k != kind {
			d.fail("state of kind %d where %d is expected", k, kind)
			return zero
		}
		return read(d)
	})
	if err != nil {
		return v, &Error{Kind: ErrState, Section: "14", Rule: err.Error()}
	}
	return v, nil
}

func (p *publicState) append(b []byte) []byte {
	b = p.context.append(b)
	b = appendVector(b, p.confirmationTag)
	b = p.tree.append(b)
	b = appendReInit(b, p.reInit)
	return appendList(b, func(b []byte) []byte {
		for _, r := range p.pending {
			b = appendVector(b, []byte(r.Ref))
			b = r.Sender.append(b)
			b = appendVector(b, r.AuthenticatedData)
			b = appendKept(b, r.Proposal)
		}
		return b
	})
}

func (d *decoder) publicState() *publicState {
	p := &publicState{context: d.groupContext()}
	tag := d.vector()
	s := suites[p.context.suite]
	if d.err == nil && s == nil {
		d.fail("%v is not supported", p.context.suite)
	}
	if d.err != nil {
		return p
	}
	p.suite = s
	p.tree = d.ratchetTree(s)
	p.reInit = d.optionalReInit()
	list := d.list()
	for list.more() {
		p.pending = append(p.pending, &ReceivedProposal{
			Ref:               ProposalRef(list.vector()),
			Sender:            list.sender(),
			AuthenticatedData: list.vector(),
			Proposal:          list.keptProposal(),
		})
	}
	d.joined(list)
	if d.err != nil {
		return p
	}
	if !bytes.Equal(p.tree.rootHash(), p.context.treeHash) {
		d.fail("tree hash differs from that of the group context")
		return p
	}
	if err := p.tree.checkUnmerged(); err != nil {
		d.failErr(err)
		return p
	}
	p.encoded = p.context.encode()
	p.confirm(tag)
	return p
}

func appendReInit(b []byte, p *ReInitProposal) []byte {
	b = appendOptional(b, p != nil)
	if p != nil {
		b = p.append(b)
	}
	return b
}

func (d *decoder) optionalReInit() *ReInitProposal {
	if d.version < 2 || !d.optional() {
		return nil
	}
	return d.reInit().detached()
}

// MarshalBinary encodes the group.
func (p *PublicGroup) MarshalBinary() ([]byte, error) {
	return p.state.append(appendStateHeader(nil, statePublicGroup)), nil
}

// UnmarshalPublicGroup decodes what MarshalBinary gave. The state is trusted:
// signatures in it are not verified again. The types are those that
// [NewPublicGroup] was given: they are not part of the state.
func UnmarshalPublicGroup(b []byte, types ...ProposalType) (*PublicGroup, error) {
	if err := proposalTypes(types).check(); err != nil {
		return nil, err
	}
	state, err := decodeState(b, statePublicGroup, (*decoder).publicState)
	if err != nil {
		return nil, err
	}
	state.types = slices.Clone(types)
	return &PublicGroup{state: state}, nil
}

// MarshalBinary encodes the group with all its secrets. What the Client holds is
// not part of it. The state must be written anew before what Encrypt gave is
// sent: from an older one the same key would be used again.
func (g *Group) MarshalBinary() ([]byte, error) {
	return g.append(appendStateHeader(nil, stateGroup))
}

func (g *Group) append(b []byte) ([]byte, error) {
	b = g.public.append(b)
	b = appendUint32(b, uint32(g.own))
	b = append(b, endedCode(g.ended))
	b = appendOptional(b, g.secrets != nil)
	if g.secrets == nil {
		return b, nil
	}
	var failed error
	private := func(b []byte, k hpke.PrivateKey) []byte {
		key, err := k.Bytes() // not to be wiped: some keys give their own memory
		if err != nil {
			failed = err
		}
		b = appendVector(b, key)
		return b
	}
	for _, p := range g.secrets.all() {
		b = appendVector(b, *p)
	}
	b = appendList(b, func(b []byte) []byte {
		for _, x := range slices.Sorted(maps.Keys(g.keys)) {
			b = private(appendUint32(b, uint32(x)), g.keys[x])
		}
		return b
	})
	b = appendOptional(b, g.tree != nil)
	if g.tree != nil {
		b = g.tree.append(b)
	}
	b = appendList(b, func(b []byte) []byte {
		for _, ref := range slices.Sorted(maps.Keys(g.updates)) {
			b = private(appendVector(b, []byte(ref)), g.updates[ref])
		}
		return b
	})
	b = appendList(b, func(b []byte) []byte {
		for _, p := range g.resumption {
			b = appendVector(appendUint64(b, p.epoch), p.secret)
		}
		return b
	})
	b = g.appendPast(b)
	return b, failed
}

func endedCode(err error) byte {
	if e, ok := err.(*Error); ok {
		switch e.Kind {
		case ErrRemoved:
			return 1
		case ErrReInit:
			return 2
		default:
			return 3
		}
	}
	return 0
}

// UnmarshalGroup decodes what MarshalBinary gave, for the client whose group it
// is. The state is trusted, but must be consistent.
func UnmarshalGroup(b []byte, c Client) (*Group, error) {
	g, err := decodeState(b, stateGroup, (*decoder).group)
	if err != nil {
		return nil, err
	}
	return g, g.adopt(c)
}

// adopt checks that the group is the client's, and makes it so.
func (g *Group) adopt(c Client) error {
	s, err := c.check()
	if err != nil {
		return err
	}
	if s != g.suite {
		return rule(ErrKey, "5.1", "the group is of %v", g.suite.id)
	}
	if g.ended == nil {
		if err := c.owns(s, g.public.tree.leaf(g.own)); err != nil {
			return err
		}
	}
	g.client = c
	g.public.types = c.ProposalTypes
	if g.tree != nil {
		g.tree.window = c.Window
	}
	for _, f := range g.past {
		f.tree.window = c.Window
	}
	g.keepPast()
	return nil
}

func (d *decoder) group() *Group {
	g := &Group{public: d.publicState(), own: LeafIndex(d.uint32())}
	code := d.uint8()
	hasSecrets := d.optional()
	if d.err != nil {
		return g
	}
	s := g.public.suite
	g.suite = s
	switch code {
	case 0:
		if g.public.tree.leaf(g.own) == nil || !hasSecrets {
			d.fail("own leaf is blank, or secrets are missing")
		}
	case 1:
		g.ended = rule(ErrRemoved, "12.4.2", "a commit removed this member")
	case 2:
		g.ended = errReInit()
	default:
		g.ended = rule(ErrNotStaged, "14", "the commit is merged")
	}
	if d.err != nil || !hasSecrets {
		return g
	}
	// The public half refers to the bytes that are read; what follows it is
	// copied, and not to stay there.
	start := d.off
	defer func() { wipe(d.b[start:d.off]) }()
	g.secrets = &epochSecrets{}
	for _, p := range g.secrets.all() {
		*p = d.secret(s)
	}
	g.keys = privateKeys{}
	list := d.list()
	for list.more() {
		x := nodeIndex(list.uint32())
		key := list.privateKey(s)
		if list.err == nil && (int64(x) >= int64(nodeWidth(len(g.public.tree.leaves))) || g.public.tree.blank(x) ||
			!bytes.Equal(g.public.tree.key(x), key.PublicKey().Bytes())) {
			list.fail("private key does not belong to node %d", x)
		}
		g.keys[x] = key
	}
	d.joined(list)
	if d.version < 2 || d.optional() {
		g.tree = d.secretTree(s, len(g.public.tree.leaves))
	}
	g.updates = map[ProposalRef]hpke.PrivateKey{}
	list = d.list()
	for list.more() {
		ref := ProposalRef(list.vector())
		g.updates[ref] = list.privateKey(s)
	}
	d.joined(list)
	list = d.list()
	for list.more() {
		g.resumption = append(g.resumption, pastEpoch{epoch: list.uint64(), secret: list.secret(s)})
	}
	d.joined(list)
	if d.version >= 2 {
		g.past = d.past(g)
	}
	if d.err == nil && g.ended == nil && (g.keys[g.own.node()] == nil || g.tree == nil || g.public.reInit != nil) {
		d.fail("a group that goes on lacks secrets, or has a successor")
	}
	return g
}

// MarshalBinary encodes the key package with its secrets.
func (p *KeyPackagePrivate) MarshalBinary() ([]byte, error) {
	b := appendStateHeader(nil, stateKeyPackage)
	b = p.keyPackage.append(b)
	for _, k := range []hpke.PrivateKey{p.initKey, p.encryptionKey} {
		key, err := k.Bytes()
		if err != nil {
			return nil, err
		}
		b = appendVector(b, key)
	}
	return b, nil
}

// UnmarshalKeyPackagePrivate decodes what MarshalBinary gave.
func UnmarshalKeyPackagePrivate(b []byte) (*KeyPackagePrivate, error) {
	return decodeState(b, stateKeyPackage, func(d *decoder) *KeyPackagePrivate {
		p := &KeyPackagePrivate{keyPackage: d.keyPackage()}
		if d.err != nil {
			return p
		}
		s, err := p.keyPackage.Suite.lookup()
		if err != nil {
			d.failErr(err)
			return p
		}
		p.initKey, p.encryptionKey = d.privateKey(s), d.privateKey(s)
		if d.err == nil && (!bytes.Equal(p.initKey.PublicKey().Bytes(), p.keyPackage.InitKey) ||
			!bytes.Equal(p.encryptionKey.PublicKey().Bytes(), p.keyPackage.Leaf.EncryptionKey)) {
			d.fail("private keys do not belong to the key package")
		}
		return p
	})
}
