package client_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/client/native"
	"github.com/ensemble-sante/ensemble/crypto/identity"
	"github.com/ensemble-sante/ensemble/rooms"
	"github.com/ensemble-sante/ensemble/rooms/wire"
)

// shows changes what a liar's server says of key chains.
func (l *liar) shows(change func(*wire.Chain)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.chain = change
}

// until cuts a user's key chain after an entry.
func until(user ID, last uint64) func(*wire.Chain) {
	return func(c *wire.Chain) {
		if c.User != user {
			return
		}
		for i, e := range c.Entries {
			if info, err := identity.InspectEntry(e); err != nil || info.Number > last {
				c.Entries = c.Entries[:i]
				return
			}
		}
	}
}

// quiet requires that nothing has alarmed somebody.
func quiet(p *person) {
	p.t.Helper()
	v := watch(p, "status", nil, func(client.StatusView) bool { return true })
	require.Empty(p.t, v.Alarms)
}

// secondDevice gives somebody a further device, certified by the first.
func (p *person) secondDevice() *person {
	p.t.Helper()
	d := p.network.device(p.name+" (2)", native.NewMemory())
	keys, err := d.core.NewDevice(p.t.Context(), ID{})
	require.NoError(p.t, err)
	require.NoError(p.t, p.core.Certify(p.t.Context(), keys))
	require.NoError(p.t, d.core.Adopt(p.t.Context(), p.user))
	d.user = p.user
	return d
}

func TestAKeyChainThatIsKeptFromMembersIsShown(t *testing.T) {
	n := startNetwork(t)
	camille, server := n.lied("Camille Renaud", "NURSE_COORDINATOR")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	c := camille.opensCase(client.IdentityFields{})
	quiet(camille)
	server.shows(until(vidal.user, 2)) // Vidal's leaf shows a later entry, that of the vault
	camille.consents(c, vidal, "ALL", c.team)
	vidal.ready(c.team)
	alarmed(camille, rooms.CodeBadCertificate)
	quiet(vidal)
}

func TestADeviceThatIsShownAnOldKeyChainDoesNotEnterWithIt(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal, server := n.lied("Dr Vidal", "GENERAL_PRACTITIONER")
	phone := vidal.secondDevice()
	phone.online()
	c := camille.opensCase(client.IdentityFields{})
	camille.consents(c, vidal, "ALL", c.team)
	phone.ready(c.team)
	vidal.ready(c.team)
	// The phone certifies a third device, whose leaf shows the longer chain; the
	// first device is not told of it.
	server.shows(func(c *wire.Chain) { c.Entries = nil })
	third := phone.secondDevice()
	third.ready(c.team)
	watch(camille, "room", inRoom(c.team), func(v client.RoomView) bool { return v.State == "READY" })
	vidal.says(c.team, "toujours là")
	camille.reads(c.team, "toujours là")
	quiet(camille)

	server.shows(nil)
	camille.consents(c, vidal, "ALL", c.plan)
	vidal.ready(c.plan)
	quiet(camille)
}

// device gives the id of somebody's device.
func (p *person) device() ID {
	p.t.Helper()
	return ask[client.DeviceState](p, "device.state", nil).Device
}

// alters changes the database behind the server's back.
func (n *network) alters(query string, args ...any) {
	n.t.Helper()
	db, err := pgx.Connect(n.t.Context(), n.dsn)
	require.NoError(n.t, err)
	defer func() { require.NoError(n.t, db.Close(n.t.Context())) }()
	tag, err := db.Exec(n.t.Context(), query, args...)
	require.NoError(n.t, err)
	require.NotZero(n.t, tag.RowsAffected())
}

// leaves waits until so many devices are in a room.
func (p *person) leaves(room ID, want int) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		in, err := p.core.Devices(p.t.Context(), room)
		return err == nil && len(in) == want
	}, patience, 10*time.Millisecond)
}

func TestARevokedDeviceIsTakenOutOfEveryRoom(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	phone := vidal.secondDevice()
	c := camille.opensCase(client.IdentityFields{})
	camille.consents(c, vidal, "ALL", c.team)
	camille.consents(c, vidal, "ALL", c.plan)
	for _, room := range []ID{c.team, c.plan} {
		vidal.ready(room)
		phone.ready(room)
		camille.leaves(room, 3)
	}
	require.Equal(t, rooms.CodeNotAllowed, rooms.CodeOf(vidal.core.Revoke(t.Context(), vidal.device())))
	require.Equal(t, rooms.CodeUnknown, rooms.CodeOf(vidal.core.Revoke(t.Context(), identity.NewID())))
	require.NoError(t, vidal.core.Revoke(t.Context(), phone.device()))
	watch(phone, "status", nil, func(v client.StatusView) bool { return !v.Online })
	for _, room := range []ID{c.team, c.plan} {
		camille.leaves(room, 2)
		vidal.leaves(room, 2)
	}
	camille.says(c.team, "sans le téléphone")
	vidal.reads(c.team, "sans le téléphone")
	vidal.says(c.team, "bien reçu")
	camille.reads(c.team, "sans le téléphone", "bien reçu")
	watch(vidal, "settings", nil, func(v client.SettingsView) bool {
		return slices.ContainsFunc(v.Devices, func(d client.DeviceView) bool { return d.Revoked })
	})
	require.NoError(t, vidal.core.Revoke(t.Context(), phone.device()), "again")
	quiet(camille)
	quiet(vidal)
	vidal.restart()
	vidal.online()
	vidal.says(c.team, "le coffre s'ouvre")
	camille.reads(c.team, "sans le téléphone", "bien reçu", "le coffre s'ouvre")
}

func TestAServerThatLetsARevokedDeviceInIsShown(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	phone, server := n.behindLiar("Dr Vidal (2)")
	keys, err := phone.core.NewDevice(t.Context(), ID{})
	require.NoError(t, err)
	require.NoError(t, vidal.core.Certify(t.Context(), keys))
	require.NoError(t, phone.core.Adopt(t.Context(), vidal.user))
	c := camille.opensCase(client.IdentityFields{})
	camille.consents(c, vidal, "ALL", c.team)
	vidal.ready(c.team)
	phone.ready(c.team)
	camille.leaves(c.team, 3)
	// The phone is lost. Whoever has it works with the server, which lets it in again.
	server.shows(func(c *wire.Chain) { c.Entries = nil })
	require.NoError(t, vidal.core.Revoke(t.Context(), keys.Device))
	camille.leaves(c.team, 2)
	vidal.stop()
	n.alters("UPDATE devices SET revoked_at = NULL WHERE device_id = $1", keys.Device[:])
	phone.do("session.open", client.OpenArgs{})
	phone.online()
	camille.consents(c, vidal, "ALL", c.plan)
	alarmed(camille, rooms.CodeBadCertificate)
	camille.leaves(c.plan, 1) // and taken out at once
	camille.says(c.team, "le téléphone est perdu")
	camille.reads(c.team, "le téléphone est perdu")
}

func TestAWrongKeyInOneGrantDoesNotKeepTheRightOneAway(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	yann := n.enrol("Yann Le Goff", "NURSE", "PROFESSIONAL")
	c := camille.opensCase(client.IdentityFields{})
	camille.consents(c, vidal, "ALL", c.team)
	vidal.ready(c.team)
	camille.says(c.team, "ce qui fut dit avant")
	vidal.reads(c.team, "ce qui fut dit avant")
	require.NoError(t, camille.core.Spoil(t.Context(), c.team))
	camille.consents(c, yann, "ALL", c.team)
	yann.reads(c.team, "ce qui fut dit avant")
	yann.ready(c.team)
	yann.restart()
	yann.reads(c.team, "ce qui fut dit avant")
}

// spoils changes the next commit to a room.
func (l *liar) spoils(room ID, change func(*wire.Append)) {
	var once sync.Once
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commits = func(a *wire.Append) (changed bool) {
		if a.Room == room {
			once.Do(func() { change(a); changed = true })
		}
		return changed
	}
}

// What a member cannot follow although the server could not tell is shown to them, and
// they enter again with all that they had.
func TestACommitWithABadTagIsShownAndOvercome(t *testing.T) {
	for name, commits := range map[string]func(camille, vidal *person, c aCase, spoil func(change func(*wire.Append))){
		"membership tag of a member": func(camille, vidal *person, c aCase, spoil func(func(*wire.Append))) {
			camille.consents(c, vidal, "ALL", c.team)
			vidal.ready(c.team)
			phone := vidal.secondDevice()
			phone.ready(c.team)
			camille.leaves(c.team, 4)
			spoil(func(a *wire.Append) { a.Payload[len(a.Payload)-1] ^= 1 })
			require.NoError(vidal.t, vidal.core.Revoke(vidal.t.Context(), phone.device()))
		},
		"confirmation tag of somebody who enters": func(camille, vidal *person, c aCase, spoil func(func(*wire.Append))) {
			spoil(func(a *wire.Append) {
				if commit, info, err := vidal.core.SpoilTag(context.Background(), a.Payload, a.GroupInfo); err == nil {
					a.Payload, a.GroupInfo = commit, info
				}
			})
			camille.consents(c, vidal, "ALL", c.team)
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := startNetwork(t)
			camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
			yann := n.enrol("Yann Le Goff", "NURSE", "PROFESSIONAL")
			vidal, way := n.lied("Dr Vidal", "GENERAL_PRACTITIONER")
			c := camille.opensCase(client.IdentityFields{})
			camille.consents(c, yann, "ALL", c.team)
			yann.ready(c.team)
			camille.says(c.team, "avant")
			yann.reads(c.team, "avant")
			quiet(camille)
			commits(camille, vidal, c, func(change func(*wire.Append)) { way.spoils(c.team, change) })
			alarmed(camille, rooms.CodeBadCommit)
			alarmed(yann, rooms.CodeBadCommit)
			camille.says(c.team, "après")
			for _, p := range []*person{camille, yann, vidal} {
				p.reads(c.team, "avant", "après")
			}
			vidal.says(c.team, "entendu")
			camille.reads(c.team, "avant", "après", "entendu")
			yann.ready(c.team)
			camille.leaves(c.team, 3)
		})
	}
}
