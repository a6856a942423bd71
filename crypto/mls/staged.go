package mls

import (
	"bytes"
	"time"
)

// Changes says what a commit does to the membership. The application judges
// it before it merges.
type Changes struct {
	Added   []Member // new members; the joiner of an external commit
	Updated []Member // members with a new leaf, the committer among them if there is a path
	Removed []Member // with the leaves they had

	ExtensionsChanged bool // the group context extensions differ
	External          bool // an external commit: the committer is in Added
	Committer         LeafIndex

	// ReInit is set when the commit ends the group in favour of another one.
	ReInit *ReInitProposal
	// Custom are the proposals of the application's own types, in their order.
	Custom []CustomChange
}

// StagedCommit is a commit that was made, or received and found valid, and has
// not taken effect.
type StagedCommit struct {
	message   []byte
	welcome   []byte
	groupInfo []byte

	changes           Changes
	sender            Sender
	authenticatedData []byte
	selfRemoved       bool

	base []byte // the encoded group context it follows
	next *Group // the state after it
	// joined is set where there is no group to merge into.
	joined bool
}

// Message gives the commit to send, an MLSMessage; nil for received commits, and
// for the first commit of a successor or of a branch, which only its maker is
// there to follow.
func (s *StagedCommit) Message() []byte { return bytes.Clone(s.message) }

// Welcome gives the MLSMessage for the members that the commit adds; nil if it
// adds none by key package, or was received. It must not be delivered before
// the commit is accepted.
func (s *StagedCommit) Welcome() []byte { return bytes.Clone(s.welcome) }

// GroupInfo gives the signed GroupInfo of the new epoch, an MLSMessage with
// ratchet_tree and external_pub; nil for received commits, and for a commit that
// ends the group by ReInit.
func (s *StagedCommit) GroupInfo() []byte { return bytes.Clone(s.groupInfo) }

// Changes says what the commit does to the membership.
func (s *StagedCommit) Changes() Changes { return s.changes }

// AuthenticatedData is what the committer signed beside the commit.
func (s *StagedCommit) AuthenticatedData() []byte { return bytes.Clone(s.authenticatedData) }

// Sender is the committer.
func (s *StagedCommit) Sender() Sender { return s.sender }

// Epoch is the epoch that the commit begins.
func (s *StagedCommit) Epoch() uint64 { return s.next.Epoch() }

// Extensions are the group context extensions of the new epoch.
func (s *StagedCommit) Extensions() []Extension { return s.next.Extensions() }

// Members are those of the new epoch.
func (s *StagedCommit) Members() []Member { return s.next.Members() }

// SelfRemoved says that the commit takes this member out. Its confirmation tag
// could then not be checked.
func (s *StagedCommit) SelfRemoved() bool { return s.selfRemoved }

// Group gives the group that an external commit of ours enters, or that we
// founded as a successor or a branch, to be used once the commit is accepted; nil
// for other commits, which are merged.
func (s *StagedCommit) Group() *Group {
	if !s.joined {
		return nil
	}
	return s.next
}

// CommitOptions says what a commit does. The zero value renews the committer's
// keys.
type CommitOptions struct {
	// Proposals are committed by value: AddProposal, RemoveProposal,
	// PreSharedKeyProposal, GroupContextExtensionsProposal, ReInitProposal,
	// CustomProposal.
	Proposals []Proposal
	// ByReference names proposals that were received, or sent, in this epoch.
	ByReference []ProposalRef
	// AuthenticatedData is signed and sent in the clear.
	AuthenticatedData []byte
	// GroupInfoExtensions stand in the GroupInfo, for those who join by it.
	GroupInfoExtensions []Extension
	// LeafExtensions replace those of the committer's leaf, unless nil.
	LeafExtensions []Extension
	// OmitPath leaves the committer's keys as they are: a smaller commit, made
	// faster in large groups, that heals nothing. Only proposals to add members,
	// to mix in pre-shared keys and to reinitialise allow it (RFC 9420 §12.4).
	OmitPath bool
	// Now is the time at which the lifetimes of added key packages must hold;
	// zero means that they are not judged.
	Now time.Time
}

// ProposalRef names a proposal within its epoch (RFC 9420 §5.2).
type ProposalRef string

// ReceivedProposal is a proposal that waits for a commit.
type ReceivedProposal struct {
	Ref               ProposalRef
	Proposal          Proposal
	Sender            Sender
	AuthenticatedData []byte
}

// Application is a decrypted application message.
type Application struct {
	Data              []byte
	AuthenticatedData []byte
	Epoch             uint64    // in which it was sent
	Sender            LeafIndex // in that epoch
	Leaf              *LeafNode // the sender's, in that epoch
}

// Processed is what a received message was: one field is set.
type Processed struct {
	Commit      *StagedCommit
	Proposal    *ReceivedProposal
	Application *Application
}

// JoinOptions is for JoinWelcome.
type JoinOptions struct {
	// RatchetTree is the encoded tree, for a Welcome that does not hold it.
	RatchetTree []byte
	// Now is the time of joining. Lifetimes of members already in the group are
	// not judged (RFC 9420 §7.3 does not ask it, and a member's key package
	// that has expired since would keep everybody out).
	Now time.Time
	// From is the group that the new one succeeds by ReInit, or of which it is a
	// branch; nil for other groups. Only then a Welcome that says so is accepted,
	// and no other one.
	From *Group
	// SameMember says whether a leaf of the group before and one of the new group
	// are the same member, and is to be an equivalence. Nil compares their
	// credentials.
	SameMember func(before, after *LeafNode) bool
}

// ExternalOptions is for JoinExternal.
type ExternalOptions struct {
	// RatchetTree is the encoded tree, for a GroupInfo that does not hold it.
	RatchetTree []byte
	// AuthenticatedData is signed and sent in the clear.
	AuthenticatedData []byte
	// Resync names our own old leaf, which the commit removes.
	Resync *LeafIndex
	// PSKs are mixed in; Client.PSK must know them.
	PSKs []PreSharedKeyID
	// GroupInfoExtensions stand in the GroupInfo of the new epoch.
	GroupInfoExtensions []Extension
	Now                 time.Time
}
