// Package roomstest builds room logs for tests: users, devices, MLS groups, statements
// and events made by the real cryptography, and a server that appends what
// rooms.Public accepts, or, where a test asks for it, what it does not.
package roomstest

import (
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/crypto/mls"
	"github.com/ensemble-sante/ensemble/rooms"
)

// ID is rooms.ID.
type ID = rooms.ID

// TB is what the builder needs of *testing.T, *testing.B and *rapid.T.
type TB interface {
	require.TestingT
	Helper()
}

// World holds users and a clock.
type World struct {
	TB   TB
	Now  int64 // UTC ms; every entry advances it
	Step int64 // by so much
	// Suite is that of groups which begin now, and of the leaves that devices make.
	Suite mls.CipherSuite
}

// New gives an empty world whose clock stands on 14 January 2026, 9:00 UTC.
func New(tb TB) *World {
	return &World{TB: tb, Now: 1768381200000, Step: 1000, Suite: rooms.Suite}
}

// User is somebody with an identity key and devices.
type User struct {
	ID      ID
	Name    string
	Role    string
	Key     identity.UserKey
	Chain   *identity.KeyChain
	Entries [][]byte // of Chain
	Devices []*Device
	world   *World
}

// Device is one device of a user.
type Device struct {
	User *User
	Key  identity.DeviceKey
	Cert identity.DeviceCertificate
	Head identity.Head // of the user's key chain, that the device shows; zero for the newest
}

// ID is the device's id.
func (d *Device) ID() ID { return d.Key.Device() }

// Client is what makes the device's leaves.
func (d *Device) Client() mls.Client {
	head := d.Head
	if head == (identity.Head{}) {
		head.Number, head.Hash = d.User.Chain.Head()
	}
	return rooms.Client(d.User.world.Suite, d.Key, d.Cert, head)
}

// User makes a user with one device.
func (w *World) User(name, role string) *User {
	w.TB.Helper()
	return w.user(identity.NewID(), name, role)
}

func (w *World) user(id ID, name, role string) *User {
	w.TB.Helper()
	u := &User{ID: id, Name: name, Role: role, Key: identity.NewUserKey(), Chain: new(identity.KeyChain), world: w}
	u.grow(u.Chain.AppendInit(u.Key, id, w.Now))
	u.NewDevice()
	return u
}

// grow appends to the user's key chain.
func (u *User) grow(entry []byte, err error) {
	u.world.TB.Helper()
	require.NoError(u.world.TB, err)
	require.NoError(u.world.TB, u.Chain.Apply(entry))
	u.Entries = append(u.Entries, entry)
}

// Party binds the user to their identity key.
func (u *User) Party() rooms.Party { return rooms.Party{User: u.ID, KeyHash: u.Key.Hash()} }

// Device is the user's first device.
func (u *User) Device() *Device { return u.Devices[0] }

// NewDevice makes and certifies a further device.
func (u *User) NewDevice() *Device {
	u.world.TB.Helper()
	key, err := identity.NewDeviceKey(u.ID)
	require.NoError(u.world.TB, err)
	u.grow(u.Chain.AppendCertify(u.Key, key.Keys(), u.world.Now))
	certified, _ := u.Chain.Device(key.Device())
	d := &Device{User: u, Key: key, Cert: certified.Certificate}
	u.Devices = append(u.Devices, d)
	return d
}

// Revoke revokes one of the user's devices and gives the entry of the key chain.
func (u *User) Revoke(d *Device) []byte {
	u.world.TB.Helper()
	u.grow(u.Chain.AppendRevoke(u.Key, d.ID(), u.world.Now))
	return u.Entries[len(u.Entries)-1]
}

// Impostor is somebody who says they are the same user, with keys of their own.
func (u *User) Impostor() *User {
	u.world.TB.Helper()
	return u.world.user(u.ID, u.Name, u.Role)
}

// Renewed is the same user after a change of identity key, with a device that the new
// key has certified. The user as they were stays as it is.
func (u *User) Renewed() *User {
	u.world.TB.Helper()
	chain, err := identity.ReplayKeyChain(u.Entries)
	require.NoError(u.world.TB, err)
	v := &User{ID: u.ID, Name: u.Name, Role: u.Role, Key: identity.NewUserKey(), Chain: chain, Entries: u.Entries[:len(u.Entries):len(u.Entries)], world: u.world}
	v.grow(chain.AppendRotate(u.Key, v.Key, u.world.Now))
	v.NewDevice()
	return v
}
