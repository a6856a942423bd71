package client

import (
	"slices"
	"strings"

	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/rooms"
)

// dueSoon is how far ahead the worklist looks for actions, in civil days.
const dueSoon = 3

func homeView(e *engine, _ nothing) (any, error) {
	e.readsAll()
	v := HomeView{
		Worklist: e.worklist(),
		Meetings: e.meetings(func(r *room) bool { return r.public().Session().Status != rooms.SessionClosedStatus }),
		Cases:    e.cases(), CanOpen: e.account.kind == "PROFESSIONAL",
	}
	for _, r := range e.rooms {
		e.reads(r.id)
		if r.fold == nil || r.gone || r.kind != rooms.KindThread && r.kind != rooms.KindItem && r.kind != rooms.KindNetwork {
			continue
		}
		if c := e.roomCard(r); c.Unread > 0 {
			v.Threads = append(v.Threads, c)
		}
	}
	order.By(v.Threads, func(a, b RoomCard) int { return int(b.At - a.At) })
	return v, nil
}

// worklist is what waits for us, the most pressing first.
func (e *engine) worklist() []Work {
	var list []Work
	for _, r := range e.rooms {
		if r.fold == nil || r.gone || r.group == nil {
			continue
		}
		switch r.kind {
		case rooms.KindSession:
			list = append(list, e.sessionWork(r)...)
		case rooms.KindItem:
			list = append(list, e.itemWork(r)...)
		case rooms.KindPlan:
			list = append(list, e.planWork(r)...)
		case rooms.KindDossier:
			if slices.Contains(e.caseWarnings(r.id), warnFewCollectors) {
				list = append(list, Work{Kind: warnFewCollectors, Case: r.id, Person: e.personName(r.id), Room: r.id, At: r.public().Begun()})
			}
		}
		if r.kind == rooms.KindThread || r.kind == rooms.KindItem {
			list = append(list, e.mentionWork(r)...)
		}
	}
	kinds := []string{
		"SIGN_MINUTES", "ANSWER_INVITATION", "READ_MENTION", "GIVE_OPINION", "ACTION_DUE", "ACCEPT_ACTION",
		"ACCEPT_ACTION_FOR_PERSON", warnFewCollectors,
	}
	order.StablyBy(list, func(a, b Work) int {
		if i, j := slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind); i != j {
			return i - j
		}
		if a.Due != b.Due {
			return strings.Compare(a.Due, b.Due)
		}
		return int(a.At - b.At)
	})
	return list
}

func (e *engine) sessionWork(r *room) []Work {
	s := r.fold.Session()
	if s.Planned == nil || r.public().Session().Status == rooms.SessionClosedStatus {
		return nil
	}
	p, invited := s.Participant(e.device.user)
	if !invited || p.Duty == rooms.DutyChair {
		return nil
	}
	w := Work{Room: r.id, Session: r.id, Title: s.Planned.Title, At: s.Planned.Starts}
	for _, item := range p.Items {
		if i := e.rooms[item]; i != nil && i.fold != nil {
			w.Case = i.public().Genesis().Case
			w.Person = e.personName(w.Case)
			break
		}
	}
	switch s.Answer(e.device.user) {
	case "":
		w.Kind = "ANSWER_INVITATION"
		return []Work{w}
	case "OPINION":
		var list []Work
		for _, item := range p.Items {
			i := e.rooms[item]
			if i == nil || i.fold == nil || i.group == nil || i.fold.Item() == nil || i.fold.Item().Opened == nil {
				continue
			}
			given := slices.ContainsFunc(i.fold.Item().Opinions, func(o rooms.OpinionState) bool { return o.By == e.device.user })
			if given || e.may(i, rooms.EventOpinion, rooms.Opinion{Text: "-"}) != nil {
				continue
			}
			list = append(list, Work{
				Kind: "GIVE_OPINION", Case: i.public().Genesis().Case, Person: i.fold.Item().Opened.Item.Person, Room: item,
				Session: r.id, Title: i.fold.Item().Opened.Item.Question, At: s.Planned.Starts,
			})
		}
		return list
	}
	return nil
}

func (e *engine) itemWork(r *room) []Work {
	m := &r.fold.Item().Minutes
	p := m.Proposal()
	if m.State != rooms.StateProposed || !p.MaySign(e.device.user) || r.fold.Item().Opened == nil {
		return nil
	}
	if _, signed := p.Signed(e.device.user); signed {
		return nil
	}
	g := r.public().Genesis()
	return []Work{{
		Kind: "SIGN_MINUTES", Case: g.Case, Person: e.personName(g.Case), Room: r.id, Session: g.Session,
		Title: r.fold.Item().Opened.Item.Question, At: p.At,
	}}
}

func (e *engine) planWork(r *room) []Work {
	var list []Work
	dossier := r.public().Genesis().Case
	now := e.cfg.Now()
	soon := today(now.AddDate(0, 0, dueSoon))
	for _, a := range r.fold.Plan().Actions() {
		w := Work{
			Case: dossier, Person: e.personName(dossier), Room: r.id, Target: a.Action.Action, Title: a.Action.Text,
			Due: a.Action.Due, At: a.At,
		}
		switch r.fold.CanAccept(e.device.user, a.Action.Action) {
		case rooms.AsPerformer:
			if a.Action.Performer == e.device.user {
				w.Kind = "ACCEPT_ACTION"
				list = append(list, w)
			}
			continue
		case rooms.AsPerson:
			w.Kind = "ACCEPT_ACTION_FOR_PERSON"
			if r.public().IsPerson(e.device.user) {
				w.Kind = "ACCEPT_ACTION"
			}
			list = append(list, w)
			continue
		}
		if a.Action.Performer == e.device.user && a.Open() && a.Status != rooms.ActionProposed &&
			a.Action.Due != "" && a.Action.Due <= soon {
			w.Kind = "ACTION_DUE"
			list = append(list, w)
		}
	}
	return list
}

func (e *engine) mentionWork(r *room) []Work {
	for _, p := range r.fold.Thread().Posts() {
		if p.Seq > r.readTo && p.Retracted == 0 && p.By != e.device.user && slices.Contains(p.Mentions, e.device.user) {
			dossier := r.public().Genesis().Case
			return []Work{{
				Kind: "READ_MENTION", Case: dossier, Person: e.personName(dossier), Room: r.id, Target: p.ID,
				Title: oneLine(p.Text), At: p.At,
			}}
		}
	}
	return nil
}

func (e *engine) planCard(r *room) *PlanCard {
	c := &PlanCard{Room: r.id}
	for _, a := range r.fold.Plan().Actions() {
		c.Actions++
		if a.Open() {
			c.Open++
			if a.Action.Performer == e.device.user {
				c.Mine++
			}
		}
	}
	return c
}

func planView(e *engine, p CaseParams) (any, error) {
	e.readsAll() // the plan may come into being
	e.reads(p.Case)
	r := e.roomOfKind(p.Case, rooms.KindPlan)
	if r == nil {
		return nil, rooms.Errorf(rooms.CodeUnknownRoom, "this device knows no plan of this case")
	}
	e.reads(r.id)
	v := PlanView{
		Case: p.Case, Room: r.id, Person: e.personName(p.Case), Audience: e.audience(r), Can: e.can(r), State: e.roomState(r),
	}
	if d := e.rooms[p.Case]; d != nil && d.fold != nil && d.fold.Dossier() != nil {
		v.LifeProject = e.lifeProject(d)
	}
	for n, a := range r.fold.Plan().Actions() {
		v.Actions = append(v.Actions, e.actionView(r, n, a))
	}
	return v, nil
}

func (e *engine) actionView(r *room, n int, a *rooms.ActionState) ActionView {
	b := a.Action
	v := ActionView{
		Action: b.Action, Rank: n + 1, Problem: b.Problem, Goal: b.Goal, Text: b.Text, Performer: b.Performer,
		PerformerName: b.PerformerName, Mine: b.Performer == e.device.user && !b.Performer.IsZero(), Due: b.Due,
		Criterion: b.Criterion, Status: a.Status, Reason: a.Reason, Note: a.Note, AcceptedBy: a.Accepted,
		CanAccept: r.fold.CanAccept(e.device.user, b.Action), CanMove: r.fold.CanMove(e.device.user, b.Action),
	}
	if w := e.who(b.Performer, r); w.name != "" {
		v.PerformerName = w.name
	}
	if p := b.Provenance; p != nil {
		v.Provenance = &ProvenanceView{Session: p.Session, Item: p.Item, Number: p.Number, Date: p.Date, Signers: p.Signers}
	}
	for _, h := range a.History {
		v.History = append(v.History, ActionHistory{
			At: h.At, By: e.who(h.By, r).name, Kind: h.Kind, As: h.As, Status: h.Status, Reason: h.Reason, Note: h.Note,
		})
	}
	return v
}
