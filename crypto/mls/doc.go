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
// dropped.
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
// # Limits
//
// Handshake messages are sent as PublicMessage; both wire formats are
// received. Lifetimes are judged when a key package is added, not of members who
// are in the tree already. Messages of past epochs are refused: the keys of an
// epoch go with it.
//
// A commit with a ReInit proposal is followed by members, and ends the group;
// making its successor, joining it, and subgroup branching are not yet here.
package mls
