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
}

// New gives an empty world whose clock stands on 14 January 2026, 9:00 UTC.
func New(tb TB) *World { return &World{TB: tb, Now: 1768381200000, Step: 1000} }

// Suite is the cipher suite of all rooms here.
const Suite = mls.X25519ChaCha

// User is somebody with an identity key and devices.
type User struct {
	ID      ID
	Name    string
	Role    string
	Key     identity.UserKey
	Devices []*Device
	world   *World
}

// Device is one device of a user.
type Device struct {
	User *User
	Key  identity.DeviceKey
	Cert identity.DeviceCertificate
	Head []identity.Head // of the user's key chain, where the device shows one
}

// ID is the device's id.
func (d *Device) ID() ID { return d.Key.Device() }

// Client is what makes the device's leaves.
func (d *Device) Client() mls.Client { return rooms.Client(Suite, d.Key, d.Cert, d.Head...) }

// User makes a user with one device.
func (w *World) User(name, role string) *User {
	w.TB.Helper()
	u := &User{ID: identity.NewID(), Name: name, Role: role, Key: identity.NewUserKey(), world: w}
	u.NewDevice()
	return u
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
	cert, err := u.Key.Certify(key.Keys(), u.world.Now, uint64(len(u.Devices))+2)
	require.NoError(u.world.TB, err)
	d := &Device{User: u, Key: key, Cert: cert}
	u.Devices = append(u.Devices, d)
	return d
}

// Impostor is somebody who says they are the same user, with keys of their own.
func (u *User) Impostor() *User {
	u.world.TB.Helper()
	v := &User{ID: u.ID, Name: u.Name, Role: u.Role, Key: identity.NewUserKey(), world: u.world}
	v.NewDevice()
	return v
}
