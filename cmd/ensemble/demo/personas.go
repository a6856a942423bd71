// Package demo is the demonstration network: invented people around invented
// cases, played through the ordinary client core against the ordinary server.
//
// It keeps every persona's first device running, as a phone in somebody's
// pocket would, and lets a visitor's browser become a further device of a
// persona without a passkey: that door, the persona picker, exists only here,
// and nothing in `ensemble serve` can open it.
package demo

import "github.com/ensemble-sante/ensemble/client"

// Persona is one invented person with an account.
type Persona struct {
	Key          string // host label: KEY.localhost
	Name         string
	Role         string // code of the glossary, see Roles in the web client
	Kind         string // PROFESSIONAL, PERSON, RELATED, VOLUNTEER
	Organisation string
	RPPS         string
	Specialty    string
	Mail         string // neutral: an address names nobody
	Line         string // what the start page says of them, French
	LineEN       string
	Case         string // A, B or AB: where they take part
}

// Personas lists everybody, alphabetically by family name within each case, as
// the house shows people: no hierarchy of status.
func Personas() []Persona {
	return []Persona{
		{Key: "aydin", Name: "Emre Aydin", Role: "PHYSIOTHERAPIST", Kind: "PROFESSIONAL", Organisation: "Cabinet de kinésithérapie des Lilas", RPPS: "99900000151", Mail: "kine@reseau.example", Line: "Kinésithérapeute, voit Odette deux fois par semaine.", LineEN: "Physiotherapist, sees Odette twice a week.", Case: "A"},
		{Key: "camille", Name: "Camille Renaud", Role: "NURSE_COORDINATOR", Kind: "PROFESSIONAL", Organisation: "DAC du Val d’Orge", RPPS: "99900000128", Mail: "coordination@reseau.example", Line: "Infirmière coordinatrice du DAC : elle ouvre les dossiers, recueille les consentements et anime les réunions.", LineEN: "Coordinating nurse: she opens cases, collects consents and chairs the meetings.", Case: "AB"},
		{Key: "helene", Name: "Hélène Marchal", Role: "DAUGHTER", Kind: "RELATED", Mail: "proche1@reseau.example", Line: "La fille d’Odette. Elle participe parce que sa mère le veut bien.", LineEN: "Odette’s daughter. She takes part because her mother agreed.", Case: "A"},
		{Key: "legoff", Name: "Yann Le Goff", Role: "NURSE", Kind: "PROFESSIONAL", Organisation: "Cabinet infirmier du Pont", RPPS: "99900000136", Mail: "infirmier@reseau.example", Line: "Infirmier libéral, passe chez Odette chaque matin.", LineEN: "Private nurse, visits Odette every morning.", Case: "AB"},
		{Key: "lenoir", Name: "Paul Lenoir", Role: "VOLUNTEER", Kind: "VOLUNTEER", Organisation: "Visiteurs du quartier", Mail: "benevole@reseau.example", Line: "Bénévole. Odette l’a invité pour parler de l’isolement, et de cela seulement.", LineEN: "Volunteer. Odette invited him to talk about isolation, and nothing else.", Case: "A"},
		{Key: "odette", Name: "Odette Marchal", Role: "PERSON", Kind: "PERSON", Mail: "personne1@reseau.example", Line: "87 ans, vit seule et veut rester chez elle. C’est son dossier : elle décide qui en parle.", LineEN: "87, lives alone and wants to stay at home. It is her case: she decides who talks about it.", Case: "A"},
		{Key: "okafor", Name: "Dr Ada Okafor", Role: "GERIATRICIAN", Kind: "PROFESSIONAL", Organisation: "Hôpital de jour gériatrique", RPPS: "99900000110", Specialty: "Gériatrie", Mail: "geriatrie@reseau.example", Line: "Gériatre à l’hôpital de jour.", LineEN: "Geriatrician at the day hospital.", Case: "A"},
		{Key: "pons", Name: "Mireille Pons", Role: "PHARMACIST", Kind: "PROFESSIONAL", Organisation: "Pharmacie de la Place", RPPS: "99900000144", Mail: "pharmacie@reseau.example", Line: "Pharmacienne, connaît toutes les ordonnances.", LineEN: "Pharmacist, knows every prescription.", Case: "AB"},
		{Key: "traore", Name: "Aminata Traoré", Role: "SOCIAL_WORKER", Kind: "PROFESSIONAL", Organisation: "CCAS", Mail: "social@reseau.example", Line: "Assistante sociale, tient le compte-rendu des réunions.", LineEN: "Social worker, keeps the minutes.", Case: "A"},
		{Key: "vidal", Name: "Dr Antoine Vidal", Role: "GENERAL_PRACTITIONER", Kind: "PROFESSIONAL", Organisation: "Maison de santé du Pont", RPPS: "99900000102", Specialty: "Médecine générale", Mail: "medecin@reseau.example", Line: "Médecin traitant d’Odette et de Karim. C’est lui qui pose les questions de la réunion.", LineEN: "GP of Odette and Karim. He asks the meeting’s questions.", Case: "AB"},

		{Key: "bernard", Name: "Sophie Bernard", Role: "HOME_HOSPITAL_COORDINATOR", Kind: "PROFESSIONAL", Organisation: "Hospitalisation à domicile", RPPS: "99900000169", Mail: "had@reseau.example", Line: "Coordonne l’hospitalisation à domicile de Karim.", LineEN: "Coordinates Karim’s hospital-at-home.", Case: "B"},
		{Key: "karim", Name: "Karim Belkacem", Role: "PERSON", Kind: "PERSON", Mail: "personne2@reseau.example", Line: "64 ans. Il veut être soigné chez lui, et le dit avec ses mots.", LineEN: "64. He wants to be cared for at home, and says so in his own words.", Case: "B"},
		{Key: "lemaire", Name: "Dr Nadia Lemaire", Role: "PALLIATIVE_PHYSICIAN", Kind: "PROFESSIONAL", Organisation: "Équipe mobile de soins palliatifs", RPPS: "99900000177", Specialty: "Médecine palliative", Mail: "palliatif@reseau.example", Line: "Médecin de l’équipe mobile de soins palliatifs.", LineEN: "Physician of the palliative mobile team.", Case: "B"},
		{Key: "moreau", Name: "Julien Moreau", Role: "PSYCHOLOGIST", Kind: "PROFESSIONAL", Organisation: "Équipe mobile de soins palliatifs", Mail: "psychologue@reseau.example", Line: "Psychologue, accompagne Karim et sa femme.", LineEN: "Psychologist, supports Karim and his wife.", Case: "B"},
		{Key: "samia", Name: "Samia Belkacem", Role: "SPOUSE", Kind: "RELATED", Mail: "proche2@reseau.example", Line: "La femme de Karim, sa personne de confiance.", LineEN: "Karim’s wife, his trusted person.", Case: "B"},
	}
}

// Profile is what the persona's core says of them in every room.
func (p Persona) Profile() client.ProfileFields {
	return client.ProfileFields{Name: p.Name, Role: p.Role, Organisation: p.Organisation, RPPS: p.RPPS, Specialty: p.Specialty}
}
