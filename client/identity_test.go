package client_test

import (
	"testing"

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
