package plan

import (
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// latched marks a pull request whose glass is broken, so that it is found
// again without any other record, and marks it again where somebody removes
// the label.
func latched(d policy.Decision, pull fact.Pull) []Action {
	bears := slices.ContainsFunc(pull.Labels, func(l string) bool { return strings.EqualFold(l, fact.GlassLabel) })
	if d.Glass == nil || bears {
		return nil
	}
	return []Action{{Kind: Label, Label: fact.GlassLabel, Why: "the glass is broken"}}
}

// aftermath is what a broken glass leaves to do once the pull request is
// merged: the check and the label go on telling of it, the reviews owed are
// reminded of, and their end is written down. Of a pull request that was
// closed without being merged nothing is owed.
func aftermath(d policy.Decision, pull fact.Pull, o Options) (p Plan) {
	broken, cleared, turn := noted(pull.GlassNotes)
	note := fact.GlassNote{Comment: broken.Comment, Issue: broken.Issue, At: pull.Now}
	if pull.State == "closed" {
		if broken.Issue != 0 && !cleared {
			note.Kind = fact.GlassCleared
			p.add(Action{Kind: Remark, Note: note, Why: "it was closed, so nothing is owed"})
		}
		return p
	}
	if d.Glass == nil {
		return p
	}
	if d.Status == policy.Owed || d.Status == policy.Met {
		p.add(check(shown(d, pull, o, asks{}), pull, o))
	}
	p.add(latched(d, pull)...)
	p.add(answers(d, pull)...)
	due, _ := d.Glass.Reminders(pull.Now)
	switch open := len(d.Glass.Open()); {
	case open == 0 && !cleared && broken.Kind != "":
		note.Kind = fact.GlassCleared
		p.add(Action{Kind: Remark, Note: note, Why: "every review owed has been given"})
	case open > 0 && due > turn:
		note.Kind, note.Turn = fact.GlassReminded, due
		p.add(Action{Kind: Remark, Note: note, Why: "reviews are owed for a broken glass"})
	}
	return p
}

// noted is the latest broken glass that is written down, whether it is cleared
// since, and how often it was reminded of.
func noted(notes []fact.GlassNote) (broken fact.GlassNote, cleared bool, turn int) {
	issue := 0
	for _, n := range notes {
		switch n.Kind {
		case fact.GlassBroken:
			broken, cleared, turn = n, false, 0
		case fact.GlassReminded:
			turn = max(turn, n.Turn)
		case fact.GlassCleared:
			cleared = true
		}
		if n.Issue != 0 {
			issue = n.Issue
		}
	}
	broken.Issue = issue
	return broken, cleared, turn
}
