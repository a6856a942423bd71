package client

// Contract is one line of what the user interface and the core agree upon: the
// name of a command with its arguments and result, or of a view with its
// parameters and value. Args and Result are zero values of the Go types, nil for
// nothing; the TypeScript types are generated from them (package tsgen), and the
// core refuses to start when a command of the table has no handler.
type Contract struct {
	Name         string
	Args, Result any
}

// Parameters of the views.
type (
	CaseParams struct {
		Case ID `json:"case"`
	}
	RoomParams struct {
		Room ID `json:"room"`
	}
	SessionParams struct {
		Session ID `json:"session"`
	}
)

// Commands is the table of commands.
func Commands() []Contract {
	return []Contract{
		{"device.state", nil, DeviceState{}},
		{"device.new", DeviceNewArgs{}, DevicePublic{}},
		{"device.adopt", DeviceAdoptArgs{}, nil},
		{"enrol", EnrolArgs{}, nil},
		{"session.open", OpenArgs{}, nil},
		{"session.sign_out", nil, nil},
		{"case.create", CreateCaseArgs{}, CaseRef{}},
		{"case.identity", IdentityArgs{}, nil},
		{"case.life_project", LifeProjectArgs{}, nil},
		{"circle.party", PartyArgs{}, PartyRef{}},
		{"consent.give", ConsentArgs{}, nil},
		{"consent.refuse", RefuseArgs{}, nil},
		{"consent.withdraw", WithdrawArgs{}, nil},
		{"consent.collector", CollectorArgs{}, nil},
		{"contact.add", ContactArgs{}, nil},
		{"room.open", OpenRoomArgs{}, RoomRef{}},
		{"room.send", SendArgs{}, EventRef{}},
		{"room.edit", EditArgs{}, nil},
		{"room.retract", TargetArgs{}, nil},
		{"room.retry", TargetArgs{}, nil},
		{"room.discard", TargetArgs{}, nil},
		{"room.read", ReadArgs{}, nil},
		{"room.typing", RoomRef{}, nil},
		{"room.draft", DraftArgs{}, nil},
		{"room.older", RoomRef{}, nil},
		{"form.keep", FormArgs{}, nil},
		{"form.read", FormRef{}, Form{}},
		{"document.begin", DocumentBeginArgs{}, DocumentUpload{}},
		{"document.share", DocumentShareArgs{}, EventRef{}},
		{"document.key", DocumentRef{}, DocumentKey{}},
		{"rcp.plan", PlanSessionArgs{}, SessionRef{}},
		{"rcp.change", ChangeSessionArgs{}, nil},
		{"rcp.answer", AnswerArgs{}, nil},
		{"rcp.opinion", OpinionArgs{}, nil},
		{"rcp.open", SessionRef{}, nil},
		{"rcp.start_item", ItemArgs{}, nil},
		{"rcp.end_item", ItemArgs{}, nil},
		{"rcp.postpone_item", ItemArgs{}, nil},
		{"rcp.admit", AdmitArgs{}, nil},
		{"rcp.remove", AdmitArgs{}, nil},
		{"rcp.close", SessionRef{}, nil},
		{"call.knock", SessionRef{}, nil},
		{"call.leave", SessionRef{}, nil},
		{"call.signal", SignalArgs{}, nil},
		{"call.context", SessionRef{}, CallContext{}},
		{"call.hand", HandArgs{}, nil},
		{"item.position", PositionArgs{}, nil},
		{"minutes.update", CoeditArgs{}, nil},
		{"minutes.snapshot", CoeditArgs{}, nil},
		{"minutes.propose", ProposeArgs{}, nil},
		{"minutes.reopen", ReopenArgs{}, nil},
		{"minutes.sign", SignArgs{}, nil},
		{"minutes.addendum", AddendumArgs{}, nil},
		{"minutes.export", ItemArgs{}, Export{}},
		{"plan.add", AddActionArgs{}, ActionRef{}},
		{"plan.accept", AcceptArgs{}, nil},
		{"plan.status", StatusArgs{}, nil},
		{"plan.rank", RankArgs{}, nil},
		{"alarm.seen", AlarmArgs{}, nil},
		{"search", SearchArgs{}, SearchResult{}},
	}
}

// Views is the table of views.
func Views() []Contract {
	return []Contract{
		{"status", nil, StatusView{}},
		{"home", nil, HomeView{}},
		{"case", CaseParams{}, CaseView{}},
		{"consents", CaseParams{}, ConsentsView{}},
		{"room", RoomParams{}, RoomView{}},
		{"documents", CaseParams{}, DocumentsView{}},
		{"agenda", nil, AgendaView{}},
		{"session", SessionParams{}, SessionView{}},
		{"item", RoomParams{}, ItemView{}},
		{"call", SessionParams{}, CallView{}},
		{"plan", CaseParams{}, PlanView{}},
		{"network", nil, NetworkView{}},
		{"settings", nil, SettingsView{}},
	}
}

// LiveEvents is the table of live events: Result is the event's JSON. A "keys"
// event comes with the SFrame base key as bytes.
func LiveEvents() []Contract {
	return []Contract{
		{"signal", nil, SignalEvent{}},
		{"coedit", nil, CoeditEvent{}},
		{"keys", nil, KeysEvent{}},
		{"curtain", nil, CurtainEvent{}},
	}
}
