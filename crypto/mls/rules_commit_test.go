package mls

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// commitRules are those of §12 itself, §12.4, §12.4.2 and §12.4.3.2, but for the path's.
func commitRules() []brokenRule {
	withoutPath := func(list func(t *testing.T, f *field) []cited) func(*testing.T, refusal) {
		return func(t *testing.T, r refusal) {
			f := newField(t, RequiredCapabilities{}.Extension())
			fg := &forgery{as: f.groups[1], noPath: true}
			if list != nil {
				fg.list = list(t, f)
			}
			r.everybody(t, f, 1, fg.message(t))
		}
	}
	values := func(list ...Proposal) func(t *testing.T, f *field) []cited {
		return func(_ *testing.T, f *field) []cited { return byValue(f.groups[1], list...) }
	}
	inEpoch := func(change func(*framedContent)) func(*testing.T, refusal) {
		return func(t *testing.T, r refusal) {
			f := newField(t)
			r.everybody(t, f, 1, (&forgery{as: f.groups[1], content: change}).message(t))
		}
	}
	// joining changes an external commit.
	joining := func(change func(t *testing.T, f *field, fg *forgery)) func(*testing.T, refusal) {
		return func(t *testing.T, r refusal) {
			f := newField(t)
			fg := f.joiner(t, 1)
			change(t, f, fg)
			r.everybody(t, f, -1, fg.message(t))
		}
	}
	as := func(sender Sender) func(*testing.T, *field, *forgery) {
		return func(_ *testing.T, _ *field, fg *forgery) { fg.sender = &sender }
	}
	return []brokenRule{
		{"12-1", "commit of the last epoch that there can be", ErrProposalList, "12", func(t *testing.T, r refusal) {
			f := newField(t)
			states := []*publicState{f.server.state}
			for _, g := range f.groups {
				states = append(states, g.public)
			}
			for _, p := range states {
				p.context.epoch = 1<<64 - 1
				p.encoded = p.context.encode()
			}
			r.everybody(t, f, 1, (&forgery{as: f.groups[1]}).message(t))
		}},
		{"12.4-1", "empty commit without a path", ErrPath, "12.4", withoutPath(nil)},
		{"12.4-1", "Remove without a path", ErrPath, "12.4", withoutPath(values(RemoveProposal{LeafIndex: 2}))},
		{"12.4-1", "GroupContextExtensions without a path", ErrPath, "12.4", withoutPath(values(pskNamed("a"), GroupContextExtensionsProposal{}))},
		{"12.4-1", "custom proposal without the path it needs", ErrPath, "12.4", withoutPath(values(CustomProposal{Type: proposalTopic, Body: OpaqueBody(nil)}))},
		{"12.4-1", "Update without a path", ErrPath, "12.4", withoutPath(func(t *testing.T, f *field) []cited {
			return []cited{f.share(t, 2, forgedProposal(t, f.groups[2], forgedUpdate(t, f.groups[2], nil), nil))}
		})},
		{"12.4-2", "reference to nothing", ErrUnknownProposal, "12.4", func(t *testing.T, r refusal) {
			f := newField(t)
			list := byValue(f.groups[1], RemoveProposal{LeafIndex: 2})
			list[0].ref = "nothing"
			r.everybody(t, f, 1, (&forgery{as: f.groups[1], list: list}).message(t))
		}},
		{"12.4.2-1", "commit of the epoch before", ErrStaleEpoch, "12.4.2", inEpoch(func(c *framedContent) { c.epoch-- })},
		{"12.4.2-1", "commit of the epoch to come", ErrFutureEpoch, "12.4.2", inEpoch(func(c *framedContent) { c.epoch++ })},
		{"12.4.2-2", "membership tag", ErrMembershipTag, "6.2", func(t *testing.T, r refusal) {
			f := newField(t)
			m, err := parseMessage((&forgery{as: f.groups[1]}).message(t))
			require.NoError(t, err)
			m.public.membershipTag = broken(m.public.membershipTag)
			r.onlyMembers(t, f, 1, m.append(nil))
		}},
		{"12.4.2-3", "signature of a commit", ErrSignature, "6.1", func(t *testing.T, r refusal) {
			f := newField(t)
			fg := &forgery{as: f.groups[1], signed: func(a *authenticatedContent) { a.auth.signature = broken(a.auth.signature) }}
			r.everybody(t, f, 1, fg.message(t))
		}},
		{"12.4.2-3", "commit of somebody else", ErrSignature, "6.1", func(t *testing.T, r refusal) {
			f := newField(t)
			fg := &forgery{as: f.groups[1], sender: &Sender{Type: SenderMember, Index: 2}}
			g := f.groups[2]
			r.server(t, f, fg.message(t))
			f.groups = []*Group{f.groups[0], f.groups[3]}
			r.members(t, f, -1, fg.message(t))
			f.groups = []*Group{g}
			r.members(t, f, -1, fg.message(t))
		}},
		{"12.4.2-4", "pre-shared key that is not there", ErrPSK, "12.4.2", func(t *testing.T, r refusal) {
			f := newField(t)
			r.onlyMembers(t, f, 1, (&forgery{as: f.groups[1], list: byValue(f.groups[1], pskNamed("unknown"))}).message(t))
			r.onlyMembers(t, f, -1, f.joiner(t, 1, pskNamed("unknown")).message(t))
		}},
		{"12.4.2-6", "confirmation tag", ErrConfirmationTag, "12.4.2", func(t *testing.T, r refusal) {
			f := newField(t)
			spoil := func(tag []byte) { tag[0] ^= 1 }
			r.onlyMembers(t, f, 1, (&forgery{as: f.groups[1], tag: spoil}).message(t))
			fg := f.joiner(t, 1)
			fg.tag = spoil
			r.onlyMembers(t, f, -1, fg.message(t))
		}},
		{"12.4.2-7", "message after ReInit", ErrReInit, "12.4.2", func(t *testing.T, r refusal) {
			f := newField(t)
			late := (&forgery{as: f.groups[1], content: func(c *framedContent) { c.epoch++ }}).message(t)
			reInit := ReInitProposal{GroupID: []byte("next"), Version: mls10, Suite: X25519ChaCha}
			staged := commitAndDeliver(t, f.groups, 0, CommitOptions{Proposals: []Proposal{reInit}})
			followed, err := f.server.Process(staged.Message(), testNow)
			require.NoError(t, err)
			require.NoError(t, f.server.Merge(followed))
			r.everybody(t, f, 1, late)
		}},
		{"12.4.3.2-1", "external commit without a path", ErrSender, "12.4.3.2", joining(func(_ *testing.T, _ *field, fg *forgery) { fg.noPath = true })},
		{"12.4.3.2-2", "external commit with a reference", ErrProposalList, "12.4.3.2", joining(func(t *testing.T, f *field, fg *forgery) {
			fg.list = append(fg.list, f.share(t, 2, forgedProposal(t, f.groups[2], RemoveProposal{LeafIndex: 1}, nil)))
		})},
		{"12.4.3.2-3", "external commit signed by another key", ErrSignature, "6.1", joining(func(t *testing.T, f *field, fg *forgery) {
			fg.signed = func(a *authenticatedContent) {
				var err error
				g := f.groups[2] // a member's
				a.auth.signature, err = g.suite.signWithLabel(g.client.SignatureKey, "FramedContentTBS", a.tbs(g.public.encoded))
				require.NoError(t, err)
			}
		})},
		{"12.4.3.2-4", "external commit of an external sender", ErrSender, "6.1", joining(as(Sender{Type: SenderExternal}))},
		{"12.4.3.2-4", "external commit of a new member who proposes", ErrSender, "6.1", joining(as(Sender{Type: SenderNewMemberProposal}))},
		{"12.4.3.2-5", "external commit with another init secret", ErrConfirmationTag, "12.4.2", func(t *testing.T, r refusal) {
			f := newField(t)
			fg := f.joiner(t, 1)
			fg.initSecret = randomBytes(32)
			r.onlyMembers(t, f, -1, fg.message(t))
		}},
		{"12.4.3.2-5", "external commit with a kem_output that is none", ErrDecrypt, "8.3", func(t *testing.T, r refusal) {
			f := newField(t)
			fg := f.joiner(t, 1)
			fg.list[0].proposal = ExternalInitProposal{KEMOutput: []byte{1, 2, 3}}
			r.onlyMembers(t, f, -1, fg.message(t))
		}},
	}
}
