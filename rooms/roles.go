package rooms

// Role is somebody's profession or place beside the person. The codes are
// stored; the web client translates them.
type Role struct {
	Code         string
	Professional bool // counts for an RCP's quorum
	Physician    bool
	Category     string // the usual category of consent
}

// Roles is the table of role codes, alphabetical. A code outside it is kept,
// shown as "other", and counts as no professional.
func Roles() []Role {
	return []Role{
		{"DAUGHTER", false, false, "ENTOURAGE"},
		{"DIETITIAN", true, false, "CARE_TEAM"},
		{"FAMILY", false, false, "ENTOURAGE"},
		{"GENERAL_PRACTITIONER", true, true, "CARE_TEAM"},
		{"GERIATRICIAN", true, true, "CARE_TEAM"},
		{"GUARDIAN", false, false, "OUTSIDE_CARE_TEAM"},
		{"HOME_HELPER", true, false, "CARE_TEAM"},
		{"HOME_HOSPITAL_COORDINATOR", true, false, "CARE_TEAM"},
		{"NEIGHBOUR", false, false, "ENTOURAGE"},
		{"NURSE", true, false, "CARE_TEAM"},
		{"NURSE_COORDINATOR", true, false, "CARE_TEAM"},
		{"OCCUPATIONAL_THERAPIST", true, false, "CARE_TEAM"},
		{"OTHER", false, false, "OUTSIDE_CARE_TEAM"},
		{"PALLIATIVE_PHYSICIAN", true, true, "CARE_TEAM"},
		{"PERSON", false, false, "PERSON"},
		{"PHARMACIST", true, false, "CARE_TEAM"},
		{"PHYSICIAN", true, true, "CARE_TEAM"},
		{"PHYSIOTHERAPIST", true, false, "CARE_TEAM"},
		{"PSYCHOLOGIST", true, false, "CARE_TEAM"},
		{"SCHOOL", false, false, "GUEST"},
		{"SOCIAL_WORKER", true, false, "CARE_TEAM"},
		{"SON", false, false, "ENTOURAGE"},
		{"SPEECH_THERAPIST", true, false, "CARE_TEAM"},
		{"SPOUSE", false, false, "ENTOURAGE"},
		{"VOLUNTEER", false, false, "GUEST"},
	}
}

// RoleOf gives the row of a code, and whether the table has it.
func RoleOf(code string) (Role, bool) {
	for _, r := range Roles() {
		if r.Code == code {
			return r, true
		}
	}
	return Role{Code: code}, false
}
