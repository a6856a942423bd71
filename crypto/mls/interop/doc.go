// Package interop holds the tests of crypto/mls against a second, independent
// implementation of RFC 9420: clients of both stand in one group, and a seeded
// random script drives them.
package interop
