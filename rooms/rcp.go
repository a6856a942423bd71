package rooms

// RcpRule is the rule of an RcpType: quorum, roles and signers are
// configuration outside oncology.
type RcpRule struct {
	Code                string `json:"code"`
	Name                string `json:"name"`
	MinProfessionals    uint   `json:"min_professionals"`
	MinProfessions      uint   `json:"min_professions"`
	AttendingOrWritten  bool   `json:"attending_or_written"` // the attending physician is present or has answered in writing
	PersonOrWish        bool   `json:"person_or_wish"`       // the person, or their recorded wish
	ChairSigns          bool   `json:"chair_signs"`
	PositionHoldersSign bool   `json:"position_holders_sign"`
	DispatchAlarmDays   uint   `json:"dispatch_alarm_days"`
}

// QuorumResult says whether the quorum is reached and, if not, what is missing.
type QuorumResult struct {
	Reached bool     `json:"reached"`
	Missing []string `json:"missing,omitempty"` // PROFESSIONALS, PROFESSIONS, ATTENDING_PHYSICIAN, PERSON_OR_WISH
	Present uint     `json:"present"`
}
