// Package mls implements the Messaging Layer Security protocol, RFC 9420:
// the keys of a group of devices, agreed without anybody outside it learning
// them.
//
// # Three views of a group
//
// A [Group] is a member's view, with secrets: it proposes, commits, encrypts
// and decrypts. A [PublicGroup] is what somebody without secrets can know of
// the same group from its handshake messages: a server that orders commits
// runs one to refuse what no member would accept. A [GroupInfo] is a signed
// snapshot of the public view, by which a newcomer enters: they check it,
// and join by an external commit ([JoinExternal]).
//
// # Staging
//
// The delivery service decides which commit of an epoch counts. So
// [Group.Commit] and [Group.Process] change nothing: both give a
// [StagedCommit], whose [Changes] the application judges (who came in, with
// which certificate), and which takes effect with [Group.Merge], or is
// dropped. Only a commit that is sent encrypted takes something at once, a key of
// its sender's handshake ratchet: see Client.PrivateHandshakes.
//
// # What the caller owes
//
// The package checks every rule of the RFC that does not belong to the
// application. The application's own part is: whether a credential belongs to
// its signature key and may be in this group, at every member that
// [Changes] names and at every member of a group that is joined; that the
// same group is not joined twice; that key packages are used once; and that
// lifetimes are not absurdly long.
//
// The package does no I/O and reads no clock: times are handed in, and where a
// time is zero the lifetime of key packages is not judged. Randomness is
// crypto/rand. No value of this package is safe for concurrent use.
//
// Go cannot promise that a secret leaves memory, nor that WebAssembly runs in
// constant time; secrets that were consumed are overwritten and dropped, which
// is what the language allows.
//
// # Suites
//
// [CipherSuites] lists the suites: 1, 2, 3, 5 and 7 of the RFC, and
// [MLKEM768X25519ChaCha], which is post-quantum in what it keeps secret. Built
// for GOOS=js the package leaves out 2, 5 and 7: the curves of NIST and ECDSA
// would add half a megabyte (50 kB compressed) to what a browser loads.
//
// Credentials are basic or X.509 ones. Certificates are judged by the package
// mlsx509, apart from this one, for the same reason.
//
// # From one group to another
//
// A commit that covers a [ReInitProposal] ends a group; [Group.Successor] makes
// the one that it names, of the same members, with another suite if need be.
// [Group.Branch] makes a group of some of the members, and the first one goes on.
// Both carry a secret of the group before, and are joined with it in
// [JoinOptions]. Groups can be tied to each other otherwise by pre-shared keys:
// [Group.ResumptionSecret] gives what Client.PSK of the other group looks up.
//
// # What is kept, and for how long
//
// Secrets go when the RFC says that they are consumed (§9.2), from memory as far
// as Go allows and from the serialised state for certain. Two things are kept
// within limits that [Client] sets: keys of messages that were passed over
// (Window), and resumption secrets of past epochs (ResumptionEpochs). Secret trees
// of past epochs, for messages that come late, are kept only if PastEpochs says
// so: whoever takes the device can then read what was not yet received of them.
//
// # Limits
//
// Handshake messages are sent as PublicMessage; both wire formats are received.
// Lifetimes are judged when a key package is proposed or added, not of members who
// are in the tree already. There is one protocol version: a group that is
// reinitialised to another one ends without a successor.
//
// The length of a proposal of an unknown type cannot be told: messages that hold
// one are refused, unless the type is registered ([ProposalType]). What a custom
// proposal does beyond the path that it may need is the application's.
//
// A pre-shared key of usage reinit or branch is accepted from a Welcome that is
// joined together with the group before, and nowhere else. The members of a branch
// are compared with those of that group as it is when the branch is joined, not
// as it was in the epoch whose secret the branch carries. A commit gives one
// Welcome for all that it adds.
package mls
