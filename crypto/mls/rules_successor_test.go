package mls

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// succession is the way into a group that member 0 of an old one founds for member
// 1, after edit has made the old one's state, as its founder has it, say otherwise.
type succession struct {
	suite CipherSuite // of the new group, if not AES
	edit  func(evil *Group)
	// late changes the old group as member 1 has it.
	late     func(old *Group)
	usage    ResumptionUsage
	packages func(t *testing.T, h *heirs) []*KeyPackage
	v        func(v *invitation) // makes the Welcome anew
}

func anyone(_, _ *LeafNode) bool { return true }

// try lets member 1 of the old group refuse the new one.
func (c succession) try(t *testing.T, r refusal) {
	groups := namedGroup(t, X25519ChaCha, 3)
	suite := c.suite
	if suite == 0 {
		suite = X25519AES128
	}
	if c.usage == ResumptionReInit {
		commitAndDeliver(t, groups, 0, CommitOptions{Proposals: []Proposal{ReInitProposal{GroupID: []byte("next"), Suite: X25519AES128}}})
	} else if c.suite == 0 {
		suite = X25519ChaCha
	}
	h := newHeirs(t, suite, groups)
	packages := h.packages[1:]
	if c.packages != nil {
		packages = c.packages(t, h)
	}
	evil := reload(t, groups[0])
	if c.edit != nil {
		c.edit(evil)
	}
	if evil.public.reInit != nil { // what the founder itself checks, it makes fit
		evil.public.reInit.Suite = suite
	} else {
		evil.suite = suites[suite]
	}
	evil.public.tree = first0(t, h.clients[0], packages)
	id, extensions := []byte("next"), []Extension(nil)
	if p := evil.public.reInit; p != nil {
		id, extensions = p.GroupID, p.Extensions
	}
	first, err := evil.found(h.clients[0], id, extensions, c.usage, SuccessorOptions{KeyPackages: packages, SameMember: anyone})
	require.NoError(t, err)
	old := groups[1]
	if c.late != nil {
		c.late(old)
	}
	v := &invitation{by: first.Group(), newcomer: h.clients[1], kp: h.packages[1], private: h.private[1], from: old}
	// The secret of a link to somewhere else is known as well.
	secret := slices.Clone(groups[0].secrets.resumption)
	v.newcomer.PSK = func(PreSharedKeyID) []byte { return secret }
	link := PreSharedKeyID{Type: PSKResumption, Usage: c.usage, GroupID: groupID, Epoch: old.Epoch(), Nonce: make([]byte, 32)}
	v.psks = []preSharedKey{{link, secret}}
	if c.v != nil {
		c.v(v)
		r.welcome(t, v)
		return
	}
	before, err := old.MarshalBinary()
	require.NoError(t, err)
	_, err = v.join(first.Welcome())
	r.check(t, err)
	after, err := old.MarshalBinary()
	require.NoError(t, err)
	require.Equal(t, before, after, "the state of the group before has changed")
}

// successorRules are those of §11.2 and §11.3.
func successorRules() []brokenRule {
	reInit := func(c succession) func(*testing.T, refusal) {
		c.usage = ResumptionReInit
		return c.try
	}
	branch := func(c succession) func(*testing.T, refusal) {
		c.usage = ResumptionBranch
		return c.try
	}
	stranger := func(t *testing.T, s CipherSuite) *KeyPackage {
		kp, _ := newKeyPackage(t, newClient(t, s, "stranger"))
		return kp
	}
	wantVersion := func(g *Group) { g.public.reInit.Version = 2 }
	return []brokenRule{
		{"11.2-1", "version", ErrSuccessor, "11.2", reInit(succession{late: wantVersion})},
		{"11.2-1", "cipher_suite", ErrSuccessor, "11.2", reInit(succession{suite: X25519ChaCha})},
		{"11.2-1", "group_id", ErrSuccessor, "11.2", reInit(succession{edit: func(g *Group) { g.public.reInit.GroupID = []byte("other") }})},
		{"11.2-1", "extensions", ErrSuccessor, "11.2", reInit(succession{edit: func(g *Group) {
			g.public.reInit.Extensions = []Extension{{Type: extensionPrivate}}
		}})},
		{"11.2-2", "epoch", ErrSuccessor, "12.4.3.1", reInit(succession{v: func(v *invitation) { v.context = func(c *groupContext) { c.epoch = 2 } }})},
		{"11.2-3", "no pre-shared key", ErrSuccessor, "11.2", reInit(succession{v: func(v *invitation) { v.psks = nil }})},
		{"11.2-3", "pre-shared key of usage application", ErrSuccessor, "11.2", reInit(succession{v: func(v *invitation) { v.psks[0].id.Usage = ResumptionApplication }})},
		{"11.2-3", "pre-shared key of another group", ErrSuccessor, "11.2", reInit(succession{v: func(v *invitation) { v.psks[0].id.GroupID = []byte("other") }})},
		{"11.2-3", "pre-shared key of another epoch", ErrSuccessor, "11.2", reInit(succession{v: func(v *invitation) {
			k := &v.psks[0]
			k.id.Epoch--
			k.key, _ = v.from.ResumptionSecret(k.id.Epoch)
		}})},
		{"11.2-4", "usage reinit in a group that succeeds none", ErrPSK, "12.4.3.1", reInit(succession{v: func(v *invitation) { v.from = nil }})},
		{"11.2-4", "usage reinit after a commit without ReInit", ErrSuccessor, "12.4.3.1", reInit(succession{late: func(g *Group) { g.public.reInit = nil }})},
		{"11.2-5", "member left out", ErrSuccessor, "12.4.3.1", reInit(succession{packages: func(_ *testing.T, h *heirs) []*KeyPackage { return h.packages[1:2] }})},
		{"11.2-5", "member replaced", ErrSuccessor, "12.4.3.1", reInit(succession{packages: func(t *testing.T, h *heirs) []*KeyPackage {
			return []*KeyPackage{h.packages[1], stranger(t, X25519AES128)}
		}})},
		{"11.2-5", "stranger added", ErrSuccessor, "11.2", reInit(succession{packages: func(t *testing.T, h *heirs) []*KeyPackage {
			return append(slices.Clone(h.packages[1:]), stranger(t, X25519AES128))
		}})},
		{"11.3-1", "cipher_suite", ErrSuccessor, "11.3", branch(succession{suite: X25519AES128})},
		{"11.3-2", "epoch", ErrSuccessor, "12.4.3.1", branch(succession{v: func(v *invitation) { v.context = func(c *groupContext) { c.epoch = 2 } }})},
		{"11.3-3", "leaf of a stranger", ErrSuccessor, "11.3", branch(succession{packages: func(t *testing.T, h *heirs) []*KeyPackage {
			return []*KeyPackage{h.packages[1], stranger(t, X25519ChaCha)}
		}})},
		{"11.3-4", "usage branch in a group that is none", ErrPSK, "12.4.3.1", branch(succession{v: func(v *invitation) { v.from = nil }})},
		{"11.3-4", "branch of another group", ErrSuccessor, "11.2", branch(succession{v: func(v *invitation) { v.psks[0].id.GroupID = []byte("other") }})},
		{"11.3-5", "psk_nonce too short", ErrWelcome, "8.4", branch(succession{v: func(v *invitation) { v.psks[0].id.Nonce = make([]byte, 31) }})},
	}
}

func TestSuccessionsThatBreakNoRuleAreAccepted(t *testing.T) {
	for name, c := range map[string]succession{
		"reinit": {usage: ResumptionReInit}, "branch": {usage: ResumptionBranch},
	} {
		t.Run(name, func(t *testing.T) {
			c.v = func(v *invitation) {
				welcome, _ := v.make(t)
				_, err := v.join(welcome)
				require.NoError(t, err)
				v.psks = nil // and what try goes on with is refused
			}
			c.try(t, refusal{ErrSuccessor, "11.2"})
		})
	}
}
