// Package accounts keeps who is on the network: accounts under a pseudonym,
// their key chains and vaults, and the sessions of their devices.
//
// An account is made with an enrolment code, once, together with the first two
// entries of its key chain. What the server knows of a device, it reads from
// that chain: an entry is verified before it is stored, and one that revokes a
// device ends its sessions in the same transaction. Every new head of a chain
// becomes a leaf of the key log, whose heads are signed by a key that members pin, and
// whose proofs are given to whoever has an account.
//
// A session is opened by a signature of the device's key over a challenge and
// the host that the browser sees, so that a challenge passed on from another
// site is of no use. Codes, challenges and session tokens are random; only their
// hashes are stored.
//
// The package knows no HTTP and no room.
package accounts
