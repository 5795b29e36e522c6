package audit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy"
)

// Glass is a broken glass: who let the change through without the reviews that
// the policy asks for, and whether these were given afterwards.
type Glass struct {
	By     string   `json:"by"`               // login; "" where nothing is left that tells
	Second string   `json:"second,omitempty"` // who confirmed it, where somebody had to
	Also   []string `json:"also,omitempty"`   // who else broke or confirmed it, in another layer
	// At is when it broke, and Reason what its author wrote.
	At      time.Time `json:"at"`
	Reason  string    `json:"reason"`
	Comment int64     `json:"comment,omitempty"` // ID of the command's comment
	Head    string    `json:"head,omitempty"`    // SHA that it was broken for
	Issue   int       `json:"issue,omitempty"`   // number of the issue that tracked it
	Skipped []Skipped `json:"skipped"`
	// Repaid is when the last of the reviews was given; zero while one is owed.
	Repaid time.Time `json:"repaid,omitzero"`
	// Record is the hash of the entry of the last decision that tells of it.
	Record string `json:"record"`
}

// Skipped is one requirement that a broken glass skipped.
type Skipped struct {
	Rule    string   `json:"rule"`
	Roles   []string `json:"roles"` // several are alternatives
	Project string   `json:"project,omitempty"`
	State   Debt     `json:"state"`
	// Given are the reviews that were given for it since the glass broke.
	Given []policy.Approval `json:"given"`
	May   []string          `json:"may,omitempty"` // who could give one, where it is owed
}

// Debt is what became of a skipped requirement.
type Debt string

// The values of Debt. A requirement is dropped where the latest decision does
// not know it any more, since the policy has changed, and nobody reviewed.
const (
	Owed    Debt = "owed"
	Repaid  Debt = "repaid"
	Dropped Debt = "dropped"
)

// told is one decision, with the hash of its entry.
type told struct {
	decision policy.Decision
	record   string
}

// broken sums up what decisions, oldest first, tell of a broken glass: nil
// where it was not broken. What a later one has forgotten, since a comment was
// deleted, the earlier one tells.
func broken(decisions []told) *Glass {
	var g *Glass
	for _, t := range decisions {
		now := t.decision.Glass
		if now == nil { // the policy could not be read then, or it was not broken yet
			continue
		}
		if g == nil || g.By == "" || now.Head != "" && now.Head != g.Head {
			skipped := []Skipped{}
			if g != nil {
				skipped = g.Skipped
			}
			g = &Glass{By: now.By, Second: now.Second, Also: now.Also, At: now.At, Reason: now.Reason, Comment: now.Comment, Head: now.Head, Skipped: skipped}
		}
		g.Record = t.record
		if now.Issue != 0 {
			g.Issue = now.Issue
		}
		g.reckon(t.decision)
	}
	if g == nil {
		return nil
	}
	for _, s := range g.Skipped {
		if s.State == Owed {
			g.Repaid = time.Time{}
			return g
		}
		for _, a := range s.Given {
			if a.At.After(g.Repaid) {
				g.Repaid = a.At
			}
		}
	}
	return g
}

// reckon brings the skipped requirements to where a decision has them.
func (g *Glass) reckon(d policy.Decision) {
	have := map[string]int{}
	for i, s := range g.Skipped {
		have[s.key()] = i
		if s.State == Owed {
			g.Skipped[i].State, g.Skipped[i].May = Dropped, nil
		}
	}
	for _, debt := range d.Glass.Debts {
		s := Skipped{Rule: debt.Rule, Roles: debt.Roles, Project: debt.Project, State: Owed, Given: given(d, debt, g.At), May: debt.May}
		if debt.Cleared {
			s.State = Repaid
		}
		if i, ok := have[s.key()]; ok {
			g.Skipped[i] = s
		} else {
			g.Skipped = append(g.Skipped, s)
		}
	}
}

func (s Skipped) key() string {
	return strings.Join(append([]string{s.Rule, s.Project}, s.Roles...), "\x00")
}

// given are the approvals since a time that count for what a debt is of.
func given(d policy.Decision, debt policy.Debt, since time.Time) []policy.Approval {
	out := []policy.Approval{}
	for _, rule := range d.Rules {
		if rule.Name != debt.Rule || !rule.InForce {
			continue
		}
		for _, r := range required(nil, rule, rule.Require) {
			if !slices.Contains(debt.Roles, r.Role) || debt.Project != "" && r.Project != debt.Project {
				continue
			}
			for _, a := range r.Counted {
				if !a.At.Before(since) {
					out = append(out, a)
				}
			}
		}
	}
	return out
}

// columns are the fields of [Columns] that tell of a broken glass.
func (g *Glass) columns() []string {
	if g == nil {
		return make([]string, 5)
	}
	var skipped []string
	for _, s := range g.Skipped {
		text := strings.Join(s.Roles, " or ")
		if s.Project != "" {
			text += " of " + s.Project
		}
		text += " " + string(s.State)
		for _, a := range s.Given {
			text += fmt.Sprintf(" by %s at %s", a.By, a.At.Format(time.RFC3339))
		}
		skipped = append(skipped, text)
	}
	confirmed := slices.DeleteFunc(append([]string{g.Second}, g.Also...), func(s string) bool { return s == "" })
	return []string{g.By, strings.Join(confirmed, " "), g.At.Format(time.RFC3339), g.Reason, strings.Join(skipped, "; ")}
}
