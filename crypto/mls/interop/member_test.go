package interop

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/ensemble-sante/ensemble/crypto/mls"
)

// member is a client of either implementation. Commits of its own take effect
// with merge, or never, with discard.
type member interface {
	name() string
	keyPackage(mls.CipherSuite) ([]byte, error)
	create(s mls.CipherSuite, group []byte) error
	know(id, psk []byte) error
	join(welcome []byte) error
	joinExternal(s mls.CipherSuite, info []byte, resync bool) (commit []byte, err error)
	proposeSelf(s mls.CipherSuite, info []byte) (message []byte, err error)
	propose(p proposal, public bool) (message []byte, err error)
	commit(byValue []proposal, public bool) (commit, welcome []byte, err error)
	merge() error
	discard() error
	process(message []byte) (application []byte, err error)
	encrypt(data []byte) (message []byte, err error)
	groupInfo() ([]byte, error)
	succeed(s mls.CipherSuite, group []byte, packages [][]byte) (welcome []byte, err error)
	joinSuccessor(welcome []byte, from member) error
	view() (view, error)
}

// agreed is what all members of an epoch must agree on.
type agreed struct {
	epoch         uint64
	authenticator string
	exported      string
	treeHash      string
	members       int
}

type view struct {
	agreed
	leaf  mls.LeafIndex
	ended bool
}

// proposal is a proposal as both implementations can be given it.
type proposal struct {
	kind       string // add, remove, update, psk, extensions, reinit
	keyPackage []byte
	leaf       mls.LeafIndex
	psk, nonce []byte
	extensions []mls.Extension
	group      []byte
	suite      mls.CipherSuite
}

func (p proposal) wire() wireProposal {
	w := wireProposal{
		Kind: p.kind, KeyPackage: hex.EncodeToString(p.keyPackage), Leaf: p.leaf,
		PSK: hex.EncodeToString(p.psk), Nonce: hex.EncodeToString(p.nonce),
		Group: hex.EncodeToString(p.group), Suite: p.suite,
	}
	for _, e := range p.extensions {
		w.Extensions = append(w.Extensions, wireExtension{Type: e.Type, Data: hex.EncodeToString(e.Data)})
	}
	return w
}

func (p proposal) ours() (mls.Proposal, error) {
	switch p.kind {
	case "add":
		kp, err := mls.ParseKeyPackage(p.keyPackage, time.Time{})
		return mls.AddProposal{KeyPackage: kp}, err
	case "remove":
		return mls.RemoveProposal{LeafIndex: p.leaf}, nil
	case "psk":
		return mls.PreSharedKeyProposal{ID: mls.PreSharedKeyID{Type: mls.PSKExternal, ID: p.psk, Nonce: p.nonce}}, nil
	case "extensions":
		return mls.GroupContextExtensionsProposal{Extensions: p.extensions}, nil
	case "reinit":
		return mls.ReInitProposal{GroupID: p.group, Version: 1, Suite: p.suite}, nil
	default:
		return nil, fmt.Errorf("no proposal of kind %q", p.kind)
	}
}

// ours is a client of this package.
type ours struct {
	id      string
	client  mls.Client
	psks    map[string][]byte
	private *mls.KeyPackagePrivate
	group   *mls.Group
	staged  *mls.StagedCommit
}

func (m *ours) name() string { return m.id }

// begin makes the client for a suite.
func (m *ours) begin(s mls.CipherSuite) error {
	key, err := s.GenerateSignatureKey()
	if err != nil {
		return err
	}
	m.client = mls.Client{
		Suite: s, Credential: mls.BasicCredential([]byte(m.id)), SignatureKey: key,
		PSK: func(id mls.PreSharedKeyID) []byte {
			if id.Type != mls.PSKExternal {
				return nil
			}
			return m.psks[string(id.ID)]
		},
	}
	return nil
}

func (m *ours) keyPackage(s mls.CipherSuite) ([]byte, error) {
	if err := m.begin(s); err != nil {
		return nil, err
	}
	kp, private, err := mls.NewKeyPackage(m.client, time.Now(), 24*time.Hour)
	if err != nil {
		return nil, err
	}
	m.private = private
	return kp.MarshalBinary()
}

func (m *ours) create(s mls.CipherSuite, group []byte) (err error) {
	if err := m.begin(s); err != nil {
		return err
	}
	m.group, err = mls.NewGroup(m.client, group, nil, time.Now())
	return err
}

func (m *ours) know(id, psk []byte) error {
	m.psks[string(id)] = psk
	return nil
}

func (m *ours) join(welcome []byte) (err error) {
	m.group, err = mls.JoinWelcome(m.client, welcome, m.private, mls.JoinOptions{})
	return err
}

func (m *ours) joinExternal(s mls.CipherSuite, info []byte, resync bool) (commit []byte, err error) {
	var options mls.ExternalOptions
	if resync {
		own := m.group.OwnIndex()
		options.Resync = &own
	} else if err := m.begin(s); err != nil {
		return nil, err
	}
	if m.staged, err = mls.JoinExternal(m.client, info, options); err != nil {
		return nil, err
	}
	return m.staged.Message(), nil
}

func (m *ours) proposeSelf(s mls.CipherSuite, info []byte) ([]byte, error) {
	kp, err := m.keyPackage(s)
	if err != nil {
		return nil, err
	}
	public, err := mls.NewPublicGroup(info, time.Time{})
	if err != nil {
		return nil, err
	}
	parsed, err := mls.ParseKeyPackage(kp, time.Time{})
	if err != nil {
		return nil, err
	}
	return public.ProposeSelf(m.client, parsed, nil)
}

// inPublic has the next handshakes sent in the clear, or encrypted: the group is kept
// and read again by a client that does so.
func (m *ours) inPublic(public bool) error {
	if m.client.PrivateHandshakes == !public {
		return nil
	}
	kept, err := m.group.MarshalBinary()
	if err != nil {
		return err
	}
	m.client.PrivateHandshakes = !public
	m.group, err = mls.UnmarshalGroup(kept, m.client)
	return err
}

func (m *ours) propose(p proposal, public bool) ([]byte, error) {
	if err := m.inPublic(public); err != nil {
		return nil, err
	}
	switch p.kind {
	case "update":
		return m.group.ProposeUpdate(nil, nil)
	case "remove":
		return m.group.ProposeRemove(p.leaf, nil)
	case "extensions":
		return m.group.ProposeGroupContextExtensions(p.extensions, nil)
	}
	q, err := p.ours()
	if err != nil {
		return nil, err
	}
	switch q := q.(type) {
	case mls.AddProposal:
		return m.group.ProposeAdd(q.KeyPackage, nil, time.Time{})
	case mls.PreSharedKeyProposal:
		return m.group.ProposePreSharedKey(q.ID, nil)
	default:
		return nil, fmt.Errorf("%s is not proposed", p.kind)
	}
}

func (m *ours) commit(byValue []proposal, public bool) (commit, welcome []byte, err error) {
	if err := m.inPublic(public); err != nil {
		return nil, nil, err
	}
	// The path is left out now and then, where nothing needs it.
	options := mls.CommitOptions{OmitPath: m.group.Epoch()%2 == 0 && len(byValue) > 0}
	for _, r := range m.group.PendingProposals() {
		options.ByReference = append(options.ByReference, r.Ref)
		options.OmitPath = false
	}
	for _, p := range byValue {
		options.OmitPath = options.OmitPath && (p.kind == "add" || p.kind == "psk" || p.kind == "reinit")
		q, err := p.ours()
		if err != nil {
			return nil, nil, err
		}
		options.Proposals = append(options.Proposals, q)
	}
	if m.staged, err = m.group.Commit(options); err != nil {
		return nil, nil, err
	}
	return m.staged.Message(), m.staged.Welcome(), nil
}

func (m *ours) merge() error {
	staged := m.staged
	m.staged = nil
	if group := staged.Group(); group != nil {
		m.group = group
		return nil
	}
	return m.group.Merge(staged)
}

func (m *ours) discard() error {
	m.staged = nil
	return nil
}

func (m *ours) process(message []byte) ([]byte, error) {
	p, err := m.group.Process(message, time.Time{})
	if err != nil {
		return nil, err
	}
	switch {
	case p.Application != nil:
		return p.Application.Data, nil
	case p.Commit != nil:
		return nil, m.group.Merge(p.Commit)
	default:
		return nil, nil
	}
}

func (m *ours) encrypt(data []byte) ([]byte, error) { return m.group.Encrypt(data, nil) }

func (m *ours) groupInfo() ([]byte, error) { return m.group.GroupInfo(nil) }

func (m *ours) view() (view, error) {
	exported, err := m.group.Export("interop", []byte("context"), 40)
	if err != nil {
		return view{}, err
	}
	return view{
		agreed: agreed{
			epoch:         m.group.Epoch(),
			authenticator: hex.EncodeToString(m.group.EpochAuthenticator()),
			exported:      hex.EncodeToString(exported),
			treeHash:      hex.EncodeToString(m.group.TreeHash()),
			members:       len(m.group.Members()),
		},
		leaf:  m.group.OwnIndex(),
		ended: m.group.Ended() != nil,
	}, nil
}

func (m *ours) succeed(s mls.CipherSuite, _ []byte, packages [][]byte) ([]byte, error) {
	if err := m.begin(s); err != nil {
		return nil, err
	}
	var options mls.SuccessorOptions
	for _, p := range packages {
		kp, err := mls.ParseKeyPackage(p, time.Time{})
		if err != nil {
			return nil, err
		}
		options.KeyPackages = append(options.KeyPackages, kp)
	}
	staged, err := m.group.Successor(m.client, options)
	if err != nil {
		return nil, err
	}
	m.group = staged.Group()
	return staged.Welcome(), nil
}

func (m *ours) joinSuccessor(welcome []byte, from member) error {
	options := mls.JoinOptions{From: m.group}
	if _, so := from.(*theirs); so { // whose Welcome is without the tree
		b, err := from.groupInfo()
		if err != nil {
			return err
		}
		info, err := mls.ParseGroupInfo(b)
		if err != nil {
			return err
		}
		tree, _ := mls.FindExtension(info.Extensions(), mls.ExtensionRatchetTree)
		options.RatchetTree = tree
	}
	group, err := mls.JoinWelcome(m.client, welcome, m.private, options)
	if err != nil {
		return err
	}
	m.group = group
	return nil
}
