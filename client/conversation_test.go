package client_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/client"
	"github.com/ensemble-sante/ensemble/client/native"
	"github.com/ensemble-sante/ensemble/rooms"
)

func TestTwoCoresTalk(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	c := camille.opensCase(client.IdentityFields{}, party(vidal, "GENERAL_PRACTITIONER"))
	camille.says(c.team, "Bonjour à tous.")
	camille.consents(c, vidal, "ALL", c.dossier, c.team, c.plan)
	vidal.ready(c.team)
	vidal.reads(c.team, "Bonjour à tous.")
	vidal.says(c.team, "Bonjour Camille.")
	camille.reads(c.team, "Bonjour à tous.", "Bonjour Camille.")

	v := watch(vidal, "case", client.CaseParams{Case: c.dossier}, func(v client.CaseView) bool {
		return v.State == "READY" && v.LifeProject != nil
	})
	require.Equal(t, "Odette Marchal", v.Person.Display)
	require.Equal(t, "Rester chez moi, avec mon chat.", v.LifeProject.Text)
}

func TestEditRetractReplyMentionAndReadState(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	c := camille.opensCase(client.IdentityFields{}, party(vidal, "GENERAL_PRACTITIONER"))
	camille.consents(c, vidal, "ALL", c.dossier, c.team)
	vidal.ready(c.team)

	first := camille.says(c.team, "Visite mardi")
	camille.reads(c.team, "Visite mardi")
	camille.do("room.edit", client.EditArgs{Room: c.team, Target: first, Text: "Visite jeudi"})
	v := vidal.reads(c.team, "Visite jeudi")
	item := v.Items[len(v.Items)-1]
	require.Equal(t, "Visite mardi", item.Edited[0].Text)

	answer := ask[client.EventRef](vidal, "room.send", client.SendArgs{
		Room: c.team, Text: "Entendu @Camille", ReplyTo: first, Mentions: []ID{camille.user},
	}).ID
	home := watch(camille, "home", nil, func(v client.HomeView) bool { return len(v.Threads) == 1 })
	require.True(t, home.Threads[0].Mention)
	require.Equal(t, "READ_MENTION", home.Worklist[0].Kind)

	seen := camille.reads(c.team, "Visite jeudi", "Entendu @Camille")
	last := seen.Items[len(seen.Items)-1]
	require.Equal(t, "Visite jeudi", last.ReplyTo.Text)
	camille.do("room.read", client.ReadArgs{Room: c.team, Seq: last.Seq})
	watch(vidal, "room", inRoom(c.team), func(v client.RoomView) bool {
		i := v.Items[len(v.Items)-1]
		return i.ID == answer && len(i.ReadBy) == 1 && i.ReadBy[0] == "Camille Renaud"
	})

	vidal.do("room.retract", client.TargetArgs{Room: c.team, Target: answer})
	watch(camille, "room", inRoom(c.team), func(v client.RoomView) bool {
		i := v.Items[len(v.Items)-1]
		return i.ID == answer && i.Retracted && i.Text == ""
	})
	_, err := camille.try("room.edit", client.EditArgs{Room: c.team, Target: answer, Text: "?"})
	require.Equal(t, rooms.CodeNotAllowed, rooms.CodeOf(err))

	vidal.do("room.typing", client.RoomRef{Room: c.team})
	watch(camille, "room", inRoom(c.team), func(v client.RoomView) bool {
		return len(v.Typing) == 1 && v.Typing[0] == "Dr Vidal"
	})
}

func TestAClosedDeviceSendsItsOutboxWhenItComesBack(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	traore := n.enrol("Mme Traoré", "SOCIAL_WORKER", "PROFESSIONAL")
	c := camille.opensCase(client.IdentityFields{}, party(vidal, "GENERAL_PRACTITIONER"))
	camille.consents(c, vidal, "ALL", c.dossier, c.team)
	vidal.ready(c.team)
	camille.says(c.team, "un")
	vidal.reads(c.team, "un")

	vidal.unplug()
	vidal.says(c.team, "deux")
	vidal.says(c.team, "trois")
	watch(vidal, "room", inRoom(c.team), func(v client.RoomView) bool {
		k := len(v.Items)
		return k > 1 && v.Items[k-1].Text == "trois" && v.Items[k-1].Delivery == "SENDING"
	})
	vidal.stop() // the laptop is closed

	// Meanwhile the epoch changes: what waits must be encrypted anew.
	camille.consents(c, traore, "ALL", c.dossier, c.team)
	traore.ready(c.team)

	vidal.line.set(false)
	vidal.start()
	vidal.reads(c.team, "un", "deux", "trois")
	camille.reads(c.team, "un", "deux", "trois")
	traore.reads(c.team, "un", "deux", "trois")
	watch(vidal, "status", nil, func(v client.StatusView) bool { return v.Outbox == 0 && len(v.Alarms) == 0 })
}

func TestALostConnectionLosesAndDoublesNothing(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	vidal := n.enrol("Dr Vidal", "GENERAL_PRACTITIONER", "PROFESSIONAL")
	c := camille.opensCase(client.IdentityFields{}, party(vidal, "GENERAL_PRACTITIONER"))
	camille.consents(c, vidal, "ALL", c.dossier, c.team)
	vidal.ready(c.team)
	var want []string
	for i := range 20 {
		text := fmt.Sprintf("message %d", i)
		want = append(want, text)
		vidal.says(c.team, text)
		if i%7 == 3 {
			vidal.unplug()
		}
		if i%7 == 5 {
			vidal.plug()
		}
	}
	camille.reads(c.team, want...)
	vidal.reads(c.team, want...)
}

func TestAFurtherDeviceEntersWithItsHistory(t *testing.T) {
	n := startNetwork(t)
	camille := n.enrol("Camille Renaud", "NURSE_COORDINATOR", "PROFESSIONAL")
	c := camille.opensCase(client.IdentityFields{})
	camille.says(c.team, "écrit sur le premier")

	phone := n.device("Camille's phone", native.NewMemory())
	keys, err := phone.core.NewDevice(t.Context(), ID{})
	require.NoError(t, err)
	require.Equal(t, "PENDING", ask[client.DeviceState](phone, "device.state", nil).State)
	require.NoError(t, camille.core.Certify(t.Context(), keys))
	require.NoError(t, phone.core.Adopt(t.Context(), camille.user))
	require.Equal(t, "READY", ask[client.DeviceState](phone, "device.state", nil).State)
	phone.ready(c.team)
	phone.reads(c.team, "écrit sur le premier")
	phone.says(c.team, "écrit sur le second")
	camille.reads(c.team, "écrit sur le premier", "écrit sur le second")
	v := watch(phone, "settings", nil, func(v client.SettingsView) bool { return len(v.Devices) == 2 })
	require.Equal(t, "Camille Renaud", v.Me.Name)

	phone.restart()
	phone.reads(c.team, "écrit sur le premier", "écrit sur le second")
	phone.online()
	camille.says(c.team, "après le redémarrage")
	phone.reads(c.team, "écrit sur le premier", "écrit sur le second", "après le redémarrage")

	other := n.device("a stranger", native.NewMemory())
	_, err = other.core.NewDevice(t.Context(), ID{})
	require.NoError(t, err)
	err = other.core.Adopt(t.Context(), camille.user)
	require.Error(t, err, "nobody has certified this device")
}
