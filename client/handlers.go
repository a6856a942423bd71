package client

import (
	"context"
	"fmt"
)

// undertakings are the commands of many steps, which are carried through.
func undertakings() map[string]handler {
	return map[string]handler{
		"case.create":  command(caseCreate),
		"consent.give": plain(consentGive),
		"rcp.plan":     command(rcpPlan),
		"rcp.change":   plain(rcpChange),
		"room.open":    command(roomOpen),
	}
}

// newHandlers gives the handler of each command, and refuses to start with a
// command of the contract that has none, or with one that the contract lacks.
func newHandlers() (map[string]handler, error) {
	h := map[string]handler{
		"device.state": command(deviceState),
		"device.new": command(func(ctx context.Context, c *Core, a DeviceNewArgs) (DevicePublic, error) {
			return c.NewDevice(ctx, a.User)
		}),
		"device.adopt": plain(func(ctx context.Context, c *Core, a DeviceAdoptArgs) error { return c.Adopt(ctx, a.User) }),
		"enrol":        plain(func(ctx context.Context, c *Core, a EnrolArgs) error { return c.Enrol(ctx, a) }),

		"session.open":     plain(sessionOpen),
		"session.sign_out": plain(sessionSignOut),

		"case.identity":     plain(caseIdentity),
		"case.life_project": plain(caseLifeProject),
		"circle.party":      command(circleParty),
		"consent.refuse":    plain(consentRefuse),
		"consent.withdraw":  plain(consentWithdraw),
		"consent.collector": plain(consentCollector),

		"contact.add": plain(contactAdd),

		"room.send":    command(roomSend),
		"room.edit":    plain(roomEdit),
		"room.retract": plain(roomRetract),
		"room.retry":   plain(roomRetry),
		"room.discard": plain(roomDiscard),
		"room.read":    plain(roomRead),
		"room.typing":  plain(roomTyping),
		"room.draft":   plain(roomDraft),
		"room.older":   plain(roomOlder),

		"form.keep": plain(formKeep),
		"form.read": command(formRead),

		"document.begin": command(documentBegin),
		"document.share": command(documentShare),
		"document.key":   command(documentKey),

		"rcp.answer":        plain(rcpAnswer),
		"rcp.opinion":       plain(rcpOpinion),
		"rcp.open":          plain(rcpOpen),
		"rcp.start_item":    plain(rcpStartItem),
		"rcp.end_item":      plain(rcpEndItem),
		"rcp.postpone_item": plain(rcpPostponeItem),
		"rcp.admit":         plain(rcpAdmit),
		"rcp.remove":        plain(rcpRemove),
		"rcp.close":         plain(rcpClose),

		"call.knock":   plain(callKnock),
		"call.leave":   plain(callLeave),
		"call.signal":  plain(callSignal),
		"call.context": command(callContext),
		"call.hand":    plain(callHand),

		"item.position":    plain(itemPosition),
		"minutes.update":   plain(minutesUpdate),
		"minutes.snapshot": plain(minutesSnapshot),
		"minutes.propose":  plain(minutesPropose),
		"minutes.reopen":   plain(minutesReopen),
		"minutes.sign":     plain(minutesSign),
		"minutes.addendum": plain(minutesAddendum),
		"minutes.export":   command(minutesExport),

		"plan.add":    command(planAdd),
		"plan.accept": plain(planAccept),
		"plan.status": plain(planStatus),
		"plan.rank":   plain(planRank),

		"alarm.seen": plain(alarmSeen),
		"search":     command(search),
	}
	for method, one := range undertakings() {
		h[method] = undertaken(method, one)
	}
	for _, c := range Commands() {
		if h[c.Name] == nil {
			return nil, fmt.Errorf("client: command %s has no handler", c.Name)
		}
	}
	if len(h) != len(Commands()) {
		return nil, fmt.Errorf("client: %d handlers for %d commands", len(h), len(Commands()))
	}
	return h, nil
}
