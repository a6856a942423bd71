package rooms

import (
	"slices"

	"github.com/ensemble-sante/ensemble/crypto/order"
)

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

// RcpRules are the presets, by code. They never change under the same code: minutes
// carry the whole rule that they were made by.
func RcpRules() []RcpRule {
	return []RcpRule{{
		Code: "DAC", Name: "RCP de coordination",
		MinProfessionals: 3, MinProfessions: 2, AttendingOrWritten: true, PersonOrWish: true,
		ChairSigns: true, PositionHoldersSign: true, DispatchAlarmDays: 8,
	}}
}

// Rule gives the preset of an RcpType.
func Rule(code string) (RcpRule, bool) {
	for _, r := range RcpRules() {
		if r.Code == code {
			return r, true
		}
	}
	return RcpRule{}, false
}

// QuorumResult says whether the quorum is reached and, if not, what is missing.
type QuorumResult struct {
	Reached bool     `json:"reached"`
	Missing []string `json:"missing,omitempty"` // PROFESSIONALS, PROFESSIONS, ATTENDING_PHYSICIAN, PERSON_OR_WISH
	Present uint     `json:"present"`
}

// Quorum judges an item's attendance by a rule. Opinions given in writing count for
// the attending physician; the person's recorded wish counts for the person. Where the
// item does not name the attending physician, a general practitioner stands for them.
func Quorum(rule RcpRule, present []Attendee, opinions []OpinionState, item Item) QuorumResult {
	var professionals uint
	professions := map[string]bool{}
	attending, person := false, item.Wish != ""
	physician := func(user ID, role string) bool {
		if !item.Attending.IsZero() {
			return user == item.Attending
		}
		return role == "GENERAL_PRACTITIONER"
	}
	for _, a := range present {
		role, _ := RoleOf(a.Role)
		if role.Professional {
			professionals++
			professions[profession(role)] = true
		}
		attending = attending || physician(a.User, a.Role)
		person = person || a.Role == "PERSON"
	}
	for _, o := range opinions {
		attending = attending || physician(o.By, o.Role)
		person = person || o.Role == "PERSON"
	}
	q := QuorumResult{Present: uint(len(present))}
	miss := func(what string, missing bool) {
		if missing {
			q.Missing = append(q.Missing, what)
		}
	}
	miss("PROFESSIONALS", professionals < rule.MinProfessionals)
	miss("PROFESSIONS", uint(len(professions)) < rule.MinProfessions)
	miss("ATTENDING_PHYSICIAN", rule.AttendingOrWritten && !attending)
	miss("PERSON_OR_WISH", rule.PersonOrWish && !person)
	q.Reached = len(q.Missing) == 0
	return q
}

// profession groups role codes of one profession: physicians of any specialty, nurses
// in any post.
func profession(r Role) string {
	switch {
	case r.Physician:
		return "PHYSICIAN"
	case r.Code == "NURSE_COORDINATOR":
		return "NURSE"
	}
	return r.Code
}

// RequiredSigners are those without whose signature minutes are not sealed: the chair
// and everybody who recorded a position, as the rule says. They are sorted.
func RequiredSigners(rule RcpRule, chair ID, positions []PositionState) []ID {
	signers := []ID{}
	if rule.ChairSigns {
		signers = append(signers, chair)
	}
	if rule.PositionHoldersSign {
		for _, p := range positions {
			signers = append(signers, p.By)
		}
	}
	order.By(signers, ID.Compare)
	return slices.Compact(signers)
}
