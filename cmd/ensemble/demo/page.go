package demo

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

//go:embed start
var startFiles embed.FS

// Mail is one line of the outbox page: what a mail server would have been given.
type Mail struct {
	To, Subject, Text, Calendar string
	At                          time.Time
}

// pages draws the start page and the outbox in French or English.
type pages struct {
	templates *template.Template
	personas  []Persona
	address   func(key string) string // the origin of a persona
}

func newPages(personas []Persona, address func(string) string) (*pages, error) {
	t, err := template.ParseFS(startFiles, "start/*.html")
	if err != nil {
		return nil, err
	}
	return &pages{templates: t, personas: personas, address: address}, nil
}

type wording struct {
	Title, Heading, Lead, How, Tools, Outbox, OutboxLead, OutboxEmpty, Calendar, Foot string
	CaseA, StoryA, CaseB, StoryB                                                      string
}

var wordings = map[string]wording{
	"fr": {
		Title: "Ensemble, démonstration", Heading: "Qui voulez-vous être ?",
		Lead:  "Un réseau de santé inventé, avec ses professionnels, ses proches et deux personnes au centre.",
		How:   "Chacun s’ouvre dans son propre onglet, avec ses propres clés. Ouvrez-en plusieurs : ils se parlent vraiment, et personne d’autre ne peut les lire, pas même ce serveur.",
		Tools: "Dans les coulisses", Outbox: "Courriels envoyés", OutboxLead: "Ce que le serveur aurait envoyé : ni nom de patient, ni sujet.",
		OutboxEmpty: "Rien n’a encore été envoyé. Les invitations à une réunion apparaîtront ici.", Calendar: "Fichier d’agenda joint",
		Foot:  "Personnes, cas et numéros sont inventés. La démonstration n’écoute que cet ordinateur.",
		CaseA: "Autour d’Odette Marchal", StoryA: "Son dossier reste à ouvrir : commencez par Camille Renaud, qui coordonne.",
		CaseB: "Autour de Karim Belkacem", StoryB: "Le dossier est ouvert, l’équipe se parle déjà. Le docteur Vidal, Camille Renaud, Yann Le Goff et Mireille Pons y sont aussi.",
	},
	"en": {
		Title: "Ensemble, demonstration", Heading: "Who would you like to be?",
		Lead:  "An invented health network, with its professionals, its families, and two people at the centre.",
		How:   "Each opens in a tab of their own, with their own keys. Open several: they really talk to each other, and nobody else can read them, not even this server.",
		Tools: "Behind the scenes", Outbox: "Mail sent", OutboxLead: "What the server would have sent: no patient’s name, no subject matter.",
		OutboxEmpty: "Nothing has been sent yet. Invitations to a meeting will appear here.", Calendar: "Calendar file attached",
		Foot:  "People, cases and numbers are invented. The demonstration listens to this computer only.",
		CaseA: "Around Odette Marchal", StoryA: "Her case is yet to be opened: begin with Camille Renaud, who coordinates.",
		CaseB: "Around Karim Belkacem", StoryB: "The case is open and the team is already talking. Dr Vidal, Camille Renaud, Yann Le Goff and Mireille Pons are in it too.",
	},
}

func language(r *http.Request) string {
	switch r.URL.Query().Get("lang") {
	case "en":
		return "en"
	case "fr":
		return "fr"
	}
	if strings.HasPrefix(strings.ToLower(r.Header.Get("Accept-Language")), "en") {
		return "en"
	}
	return "fr"
}

type face struct {
	Name, Line, URL, Initials string
	Hue                       int
}

type group struct {
	ID, Title, Story string
	People           []face
}

func (p *pages) start(w http.ResponseWriter, r *http.Request) {
	lang := language(r)
	t := wordings[lang]
	groups := []group{{ID: "a", Title: t.CaseA, Story: t.StoryA}, {ID: "b", Title: t.CaseB, Story: t.StoryB}}
	for _, persona := range p.personas {
		line := persona.Line
		if lang == "en" {
			line = persona.LineEN
		}
		f := face{Name: persona.Name, Line: line, URL: p.address(persona.Key), Initials: initials(persona.Name), Hue: hue(persona.Key)}
		g := 0
		if persona.Case == "B" {
			g = 1
		}
		groups[g].People = append(groups[g].People, f)
	}
	p.draw(w, "page.html", map[string]any{"Lang": lang, "T": t, "Groups": groups})
}

func (p *pages) outbox(w http.ResponseWriter, r *http.Request, mails []Mail) {
	lang := language(r)
	type row struct {
		Mail
		ISO, When string
	}
	rows := make([]row, 0, len(mails))
	for _, m := range slices.Backward(mails) {
		rows = append(rows, row{Mail: m, ISO: m.At.UTC().Format(time.RFC3339), When: m.At.Local().Format("02/01/2006 15:04")})
	}
	p.draw(w, "outbox.html", map[string]any{"Lang": lang, "T": wordings[lang], "Mails": rows})
}

func (p *pages) draw(w http.ResponseWriter, name string, data any) {
	var b bytes.Buffer
	if err := p.templates.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, "page unavailable", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = b.WriteTo(w) // the visitor went away: nothing to do
}

func initials(name string) string {
	var letters []rune
	for _, word := range strings.Fields(strings.TrimPrefix(name, "Dr ")) {
		r, _ := utf8.DecodeRuneInString(word)
		letters = append(letters, r)
	}
	if len(letters) > 2 {
		letters = []rune{letters[0], letters[len(letters)-1]}
	}
	return string(letters)
}

func hue(key string) int {
	sum := 0
	for _, b := range []byte(key) {
		sum += int(b)
	}
	return sum % 6
}
