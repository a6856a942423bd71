package client

import (
	"context"
	"strings"

	"github.com/ensemble-sante/ensemble/crypto/order"
	"github.com/ensemble-sante/ensemble/rooms"
)

// mostHits bounds the result of a search.
const mostHits = 60

// search looks for words in everything that this device may read. All words must
// be there, in any order; case and accents do not count.
func search(ctx context.Context, c *Core, args SearchArgs) (SearchResult, error) {
	words := strings.Fields(simple(args.Text))
	var result SearchResult
	if len(words) == 0 {
		return result, nil
	}
	err := c.do(ctx, func(e *engine) error {
		seen := map[ID]bool{}
		for _, r := range e.rooms {
			if r.fold == nil || r.kind == rooms.KindCall || r.kind == rooms.KindSession {
				continue
			}
			dossier := r.public().Genesis().Case
			if !dossier.IsZero() && !seen[dossier] {
				seen[dossier] = true
				if name := e.personName(dossier); matches(words, name) {
					result.Hits = append(result.Hits, SearchHit{Kind: "CASE", Case: dossier, Title: name, At: r.public().Time()})
				}
			}
			result.Hits = append(result.Hits, e.searchRoom(r, words)...)
		}
		return nil
	})
	order.StablyBy(result.Hits, func(a, b SearchHit) int {
		if (a.Kind == "CASE") != (b.Kind == "CASE") {
			if a.Kind == "CASE" {
				return -1
			}
			return 1
		}
		return int(b.At - a.At)
	})
	result.Hits = result.Hits[:min(len(result.Hits), mostHits)]
	return result, err
}

func matches(words []string, texts ...string) bool {
	text := simple(strings.Join(texts, "\n"))
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

func (e *engine) searchRoom(r *room, words []string) []SearchHit {
	var hits []SearchHit
	dossier, title := r.public().Genesis().Case, e.title(r).Title
	for _, p := range r.fold.Thread().Posts() {
		if p.Retracted != 0 {
			continue
		}
		h := SearchHit{Case: dossier, Room: r.id, Target: p.ID, At: p.At, Title: title}
		switch {
		case p.Document != nil && matches(words, p.Document.Name, p.Text):
			h.Kind, h.Target, h.Title, h.Text = "DOCUMENT", p.Document.Document, p.Document.Name, oneLine(p.Text)
		case p.Document == nil && matches(words, p.Text):
			h.Kind, h.Text = "MESSAGE", oneLine(p.Text)
		default:
			continue
		}
		hits = append(hits, h)
	}
	if it := r.fold.Item(); it != nil && it.Opened != nil && matches(words, it.Opened.Item.Question, it.Opened.Item.Context) {
		hits = append(hits, SearchHit{
			Kind: "ITEM", Case: dossier, Room: r.id, Target: r.id, Title: it.Opened.Item.Question,
			Text: oneLine(it.Opened.Item.Context), At: it.Opened.At,
		})
	}
	if plan := r.fold.Plan(); plan != nil {
		for _, a := range plan.Actions() {
			if matches(words, a.Action.Text, a.Action.Problem, a.Action.Goal, a.Action.PerformerName) {
				hits = append(hits, SearchHit{
					Kind: "ACTION", Case: dossier, Room: r.id, Target: a.Action.Action, Title: a.Action.Text,
					Text: oneLine(a.Action.Goal), At: a.At,
				})
			}
		}
	}
	return hits
}
