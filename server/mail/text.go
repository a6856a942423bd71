package mail

import (
	"fmt"
	"strings"
	"time"
)

// texts are an invitation in the words of its language.
type texts struct {
	subject     string
	body        string
	summary     string // of the calendar's entry
	description string
}

func (i Invitation) texts(zone *time.Location) texts {
	if i.Language == English {
		return i.english(zone)
	}
	return i.french(zone)
}

func (i Invitation) french(zone *time.Location) texts {
	when := frenchPeriod(i.Starts.In(zone), i.ends().In(zone)) + " (" + frenchZone(i.Zone) + ")"
	day := frenchDay(i.Starts.In(zone)) + " à " + frenchHour(i.Starts.In(zone))
	t := texts{
		summary: "Réunion de concertation (RCP)",
		description: "L’ordre du jour et les documents sont dans " + i.Network + " : " + i.Link.String() +
			"\nPour protéger les personnes, rien d’autre n’est écrit ici.",
	}
	const discretion = `Pour protéger les personnes concernées, ce message et son fichier d’agenda
ne disent rien d’elles. Merci de ne pas y répondre : les réponses à cette
adresse ne sont pas lues.`
	switch {
	case i.Cancelled:
		t.subject = "Annulée : réunion de concertation du " + day
		t.body = fmt.Sprintf(`Bonjour,

La réunion de concertation prévue
    %s
n’aura pas lieu. Le fichier joint la retire de votre agenda.

Pour en savoir plus :
    %s

%s

%s
`, when, i.Link, discretion, i.Network)
	case i.Changed:
		t.subject = "Modifiée : réunion de concertation, " + day
		t.body = fmt.Sprintf(`Bonjour,

La réunion de concertation qui vous a été annoncée est modifiée. Elle aura
lieu
    %s

Le fichier joint met votre agenda à jour. Dites-nous si vous venez, si vous
ne pouvez pas, ou donnez votre avis à l’avance :
    %s

%s

%s
`, when, i.Link, discretion, i.Network)
	default:
		t.subject = "Réunion de concertation, " + day
		t.body = fmt.Sprintf(`Bonjour,

Nous vous convions à une réunion de concertation pluriprofessionnelle
    %s

L’ordre du jour et les documents vous attendent ici. Dites-nous si vous
venez, si vous ne pouvez pas, ou donnez votre avis à l’avance :
    %s

Le fichier joint l’inscrit dans votre agenda.

%s

%s
`, when, i.Link, discretion, i.Network)
	}
	return t
}

func (i Invitation) english(zone *time.Location) texts {
	when := englishPeriod(i.Starts.In(zone), i.ends().In(zone)) + " (" + englishZone(i.Zone) + ")"
	day := i.Starts.In(zone).Format("Monday 2 January 2006, 15:04")
	t := texts{
		summary: "Care conference (RCP)",
		description: "The agenda and the documents are in " + i.Network + ": " + i.Link.String() +
			"\nTo protect the people concerned, nothing else is written here.",
	}
	const discretion = `To protect the people concerned, this message and its calendar file say
nothing about them. Please do not reply: answers to this address are not
read.`
	switch {
	case i.Cancelled:
		t.subject = "Cancelled: care conference of " + day
		t.body = fmt.Sprintf(`Hello,

The care conference planned for
    %s
will not take place. The attached file takes it off your calendar.

To know more:
    %s

%s

%s
`, when, i.Link, discretion, i.Network)
	case i.Changed:
		t.subject = "Changed: care conference, " + day
		t.body = fmt.Sprintf(`Hello,

The care conference to which we invited you has changed. It takes place
    %s

The attached file brings your calendar up to date. Tell us whether you are
coming, or cannot, or give your opinion beforehand:
    %s

%s

%s
`, when, i.Link, discretion, i.Network)
	default:
		t.subject = "Care conference, " + day
		t.body = fmt.Sprintf(`Hello,

We invite you to a care conference
    %s

The agenda and the documents are waiting for you here. Tell us whether you
are coming, or cannot, or give your opinion beforehand:
    %s

The attached file puts it into your calendar.

%s

%s
`, when, i.Link, discretion, i.Network)
	}
	return t
}

var (
	frenchWeekdays = [...]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}
	frenchMonths   = [...]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}
)

// frenchDay is "jeudi 12 mars 2026"; the first of a month is the "1er".
func frenchDay(t time.Time) string {
	day := fmt.Sprint(t.Day())
	if t.Day() == 1 {
		day = "1er"
	}
	return fmt.Sprintf("%s %s %s %d", frenchWeekdays[t.Weekday()], day, frenchMonths[t.Month()-1], t.Year())
}

// frenchHour is "14 h 05", or "14 h" on the hour, with no-break spaces.
func frenchHour(t time.Time) string {
	if t.Minute() == 0 {
		return fmt.Sprintf("%d\u00a0h", t.Hour())
	}
	return fmt.Sprintf("%d\u00a0h\u00a0%02d", t.Hour(), t.Minute())
}

func frenchPeriod(from, to time.Time) string {
	if sameDay(from, to) {
		return fmt.Sprintf("le %s, de %s à %s", frenchDay(from), frenchHour(from), frenchHour(to))
	}
	return fmt.Sprintf("du %s à %s au %s à %s", frenchDay(from), frenchHour(from), frenchDay(to), frenchHour(to))
}

func englishPeriod(from, to time.Time) string {
	const day = "Monday 2 January 2006"
	if sameDay(from, to) {
		return fmt.Sprintf("on %s, from %s to %s", from.Format(day), from.Format("15:04"), to.Format("15:04"))
	}
	return fmt.Sprintf("from %s, %s to %s, %s", from.Format(day), from.Format("15:04"), to.Format(day), to.Format("15:04"))
}

func sameDay(a, b time.Time) bool { return a.YearDay() == b.YearDay() && a.Year() == b.Year() }

// frenchZones are the zones of France whose place needs its article or accent.
var frenchZones = map[string]string{
	"America/Cayenne":    "heure de Cayenne",
	"America/Guadeloupe": "heure de la Guadeloupe",
	"America/Martinique": "heure de la Martinique",
	"America/Miquelon":   "heure de Saint-Pierre-et-Miquelon",
	"Europe/Paris":       "heure de Paris",
	"Indian/Mayotte":     "heure de Mayotte",
	"Indian/Reunion":     "heure de La Réunion",
	"Pacific/Noumea":     "heure de Nouméa",
	"Pacific/Tahiti":     "heure de Tahiti",
}

func frenchZone(name string) string {
	if known, ok := frenchZones[name]; ok {
		return known
	}
	return "heure locale, " + place(name)
}

func englishZone(name string) string {
	if name == "UTC" {
		return name
	}
	return place(name) + " time"
}

// place is the last part of a zone's name.
func place(name string) string {
	return strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "_", " ")
}
