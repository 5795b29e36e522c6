package gather

import (
	"context"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy/fact"
)

// glass adds what rolecall itself wrote down on the pull request of a broken
// glass, and, where a command asks to break one, which were broken before.
func (r *reading) glass(ctx context.Context) error {
	p := &r.out.Pull
	p.GlassNotes = notes(p.Comments)
	answered := map[int64]bool{}
	for _, c := range p.Comments {
		answered[c.ID] = len(c.Reactions) > 0
	}
	asked := false
	for i := range p.Commands {
		c := &p.Commands[i]
		c.Answered = answered[c.Comment]
		if c.Name != "break-glass" {
			continue
		}
		asked = true
		for _, n := range p.GlassNotes {
			if n.Comment == c.Comment && (n.Kind == fact.GlassAsked || n.Kind == fact.GlassBroken) {
				c.Head = n.Head
			}
		}
	}
	for _, push := range r.pushes {
		if push.SHA == p.Head.SHA {
			p.PushedAt = push.At
		}
	}
	bare := !p.MergedAt.IsZero() && marked(p) && !slices.ContainsFunc(p.GlassNotes, func(n fact.GlassNote) bool { return n.Kind == fact.GlassBroken })
	if !asked && !bare {
		return nil
	}
	debts, err := r.g.records.Debts(ctx, r.ref.Owner, r.ref.Repo)
	if err != nil {
		return err
	}
	for _, d := range debts {
		// Nothing but the label is left on GitHub: who broke the glass, and so
		// cannot clear it, may be on record.
		if g := d.Glass; bare && d.Ref.Number == r.ref.Number && g.By != "" {
			p.GlassNotes = append(p.GlassNotes, fact.GlassNote{
				Kind: fact.GlassBroken, Comment: g.Comment, By: g.By, Second: g.Second, At: g.At, Head: g.Head, Issue: g.Issue,
			})
		}
	}
	if !asked {
		return nil
	}
	labelled, err := r.client.Labelled(ctx, r.ref.Owner, r.ref.Repo, fact.GlassLabel)
	if why := github.Refusal(err); why != "" {
		p.GlassUses = fact.Unknown[[]fact.GlassUse](why)
		return nil
	}
	if err != nil {
		return err
	}
	p.GlassUses = fact.Known(uses(r.ref.Number, labelled, debts))
	return nil
}

// marked reports whether an App has ever set the label of a broken glass.
func marked(p *fact.Pull) bool {
	return slices.ContainsFunc(p.LabelEvents, func(e fact.LabelEvent) bool {
		return e.Added && e.By.Bot && strings.EqualFold(e.Label, fact.GlassLabel)
	})
}

// notes are rolecall's own, as far as nobody has edited them.
func notes(comments []fact.Comment) []fact.GlassNote {
	var out []fact.GlassNote
	for _, c := range comments {
		if !c.Own || c.Edited {
			continue
		}
		if n, ok := fact.ParseGlassNote(c.Body); ok {
			out = append(out, n)
		}
	}
	return out
}

// uses are the glasses broken on other pull requests than number, by what
// GitHub shows and by what is on record: what either knows of counts.
func uses(number int, labelled []github.Labelled, debts []store.Debt) []fact.GlassUse {
	byNumber := map[int]fact.GlassUse{}
	for _, l := range labelled {
		u := fact.GlassUse{Number: l.Number, Open: l.State != "closed"}
		for _, n := range notes(l.Comments) {
			switch n.Kind {
			case fact.GlassBroken:
				u.By, u.At, u.Open = n.By, n.At, l.State != "closed"
			case fact.GlassCleared:
				u.Open = false
			}
		}
		byNumber[l.Number] = u
	}
	for _, d := range debts {
		u, known := byNumber[d.Ref.Number]
		switch {
		case !known:
			u = fact.GlassUse{Number: d.Ref.Number, By: d.Glass.By, At: d.Glass.At, Open: d.ClearedAt.IsZero()}
		case u.By == "": // its note is gone, or too far down
			u.By, u.At = d.Glass.By, d.Glass.At
		}
		byNumber[d.Ref.Number] = u
	}
	delete(byNumber, number)
	out := make([]fact.GlassUse, 0, len(byNumber))
	for _, u := range byNumber {
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b fact.GlassUse) int { return a.Number - b.Number })
	return out
}
