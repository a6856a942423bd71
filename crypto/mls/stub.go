package mls

import (
	"errors"
	"time"
)

var errTODO = errors.New("mls: not yet")

type Group struct{}

func NewGroup(c Client, groupID []byte, extensions []Extension, now time.Time) (*Group, error) {
	return nil, errTODO
}
func JoinWelcome(c Client, welcome []byte, kp *KeyPackagePrivate, opts JoinOptions) (*Group, error) {
	return nil, errTODO
}
func JoinExternal(c Client, groupInfo []byte, opts ExternalOptions) (*StagedCommit, error) {
	return nil, errTODO
}
func (g *Group) GroupID() []byte                             { return nil }
func (g *Group) Epoch() uint64                               { return 0 }
func (g *Group) OwnIndex() LeafIndex                         { return 0 }
func (g *Group) Members() []Member                           { return nil }
func (g *Group) Member(i LeafIndex) (*LeafNode, bool)        { return nil, false }
func (g *Group) Extensions() []Extension                     { return nil }
func (g *Group) GroupInfoExtensions() []Extension            { return nil }
func (g *Group) Suite() CipherSuite                          { return 0 }
func (g *Group) Public() *PublicGroup                        { return nil }
func (g *Group) Commit(CommitOptions) (*StagedCommit, error) { return nil, errTODO }
func (g *Group) ProposeAdd(kp *KeyPackage, authenticatedData []byte, now time.Time) ([]byte, error) {
	return nil, errTODO
}
func (g *Group) ProposeUpdate(leafExtensions []Extension, authenticatedData []byte) ([]byte, error) {
	return nil, errTODO
}
func (g *Group) ProposeRemove(i LeafIndex, authenticatedData []byte) ([]byte, error) {
	return nil, errTODO
}
func (g *Group) ProposeGroupContextExtensions(e []Extension, authenticatedData []byte) ([]byte, error) {
	return nil, errTODO
}
func (g *Group) PendingProposals() []ReceivedProposal                            { return nil }
func (g *Group) DiscardProposal(ref ProposalRef)                                 {}
func (g *Group) Process(message []byte, now time.Time) (*Processed, error)       { return nil, errTODO }
func (g *Group) Merge(s *StagedCommit) error                                     { return errTODO }
func (g *Group) Encrypt(data, authenticatedData []byte) ([]byte, error)          { return nil, errTODO }
func (g *Group) Export(label string, context []byte, length int) ([]byte, error) { return nil, errTODO }
func (g *Group) EpochAuthenticator() []byte                                      { return nil }
func (g *Group) GroupInfo(extensions []Extension) ([]byte, error)                { return nil, errTODO }
func (g *Group) MarshalBinary() ([]byte, error)                                  { return nil, errTODO }
func UnmarshalGroup(b []byte, c Client) (*Group, error)                          { return nil, errTODO }

type PublicGroup struct{}
type PublicStaged struct{}

func NewPublicGroup(groupInfo []byte, now time.Time) (*PublicGroup, error) { return nil, errTODO }
func (p *PublicGroup) Process(commit []byte, now time.Time) (*PublicStaged, error) {
	return nil, errTODO
}
func (p *PublicGroup) ProcessProposal(message []byte, now time.Time) error { return errTODO }
func (p *PublicGroup) Merge(s *PublicStaged) error                         { return errTODO }
func (p *PublicGroup) Members() []Member                                   { return nil }
func (p *PublicGroup) Member(i LeafIndex) (*LeafNode, bool)                { return nil, false }
func (p *PublicGroup) PendingProposals() []ReceivedProposal                { return nil }
func (p *PublicGroup) DiscardProposal(ref ProposalRef)                     {}
func (p *PublicGroup) GroupID() []byte                                     { return nil }
func (p *PublicGroup) Epoch() uint64                                       { return 0 }
func (p *PublicGroup) Suite() CipherSuite                                  { return 0 }
func (p *PublicGroup) Extensions() []Extension                             { return nil }
func (p *PublicGroup) MarshalBinary() ([]byte, error)                      { return nil, errTODO }
func UnmarshalPublicGroup(b []byte) (*PublicGroup, error)                  { return nil, errTODO }
func (s *PublicStaged) Changes() Changes                                   { return Changes{} }
func (s *PublicStaged) AuthenticatedData() []byte                          { return nil }
func (s *PublicStaged) Sender() Sender                                     { return Sender{} }
func (s *PublicStaged) Epoch() uint64                                      { return 0 }
func (s *PublicStaged) CheckGroupInfo(groupInfo []byte) error              { return errTODO }

func (l *LeafNode) validateAlone(s *suite, groupID []byte, index LeafIndex) error { return errTODO }
func (p *KeyPackagePrivate) MarshalBinary() ([]byte, error)                       { return nil, errTODO }
func UnmarshalKeyPackagePrivate(b []byte) (*KeyPackagePrivate, error)             { return nil, errTODO }
