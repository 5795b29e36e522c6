package report

import (
	"fmt"
	"strings"

	"github.com/rolecall/rolecall/policy"
)

// Changes says what has changed from one decision to the next and why, one
// line each, in text for a terminal. Details are left out.
func Changes(list []policy.Change) []string {
	return changes(list, func(policy.Change) bool { return true })
}

// changes adds the reasons where because says so.
func changes(list []policy.Change, because func(policy.Change) bool) []string {
	var out []string
	for _, c := range list {
		said := change(c)
		if said == "" {
			continue
		}
		if why := (names{}).because(c.Reasons); why != "" && because(c) {
			said += " (" + why + ")"
		}
		out = append(out, strings.TrimSpace(Plain(said, false)))
	}
	return out
}

const (
	maxChanges    = 5   // of Changed
	maxChangeText = 400 // bytes of it
)

// Changed says the same in one short line, for a log: the first changes alone,
// and how many more there are. It is "" where nothing has changed.
func Changed(list []policy.Change) string {
	all := changes(list, func(c policy.Change) bool { return c.Kind == policy.ApprovalLost || c.Kind == policy.NoteAdded })
	some := all[:min(len(all), maxChanges)]
	text := visible(strings.Join(some, "; "), maxChangeText)
	if more := len(all) - len(some); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// change says one change in Markdown, without its reasons; "" where it is a
// detail.
func change(c policy.Change) string {
	of := "rule " + code(c.Rule)
	if c.Role != "" {
		of += ", " + code(c.Role)
	}
	if c.Project != "" {
		of += " of " + code(c.Project)
	}
	moved := func() string {
		return code(c.From) + " → " + code(c.To)
	}
	switch c.Kind {
	case policy.PullChanged:
		return fmt.Sprintf("another pull request: %s → %s", code(c.From), code(c.To))
	case policy.HeadChanged:
		return fmt.Sprintf("head %s → %s", sha(c.From), sha(c.To))
	case policy.BaseChanged:
		return fmt.Sprintf("check %s → %s", code(c.From), code(c.To))
	case policy.PolicyChanged:
		switch {
		case len(c.Removed) > 0:
			return "policy " + code(c.Removed[0]) + " is gone"
		case c.From == "":
			return "policy " + code(strings.Join(c.Added, ", ")) + " is new"
		}
		return fmt.Sprintf("policy %s: %s → %s", code(strings.Join(c.Added, ", ")), sha(c.From), sha(c.To))
	case policy.ModeChanged:
		return fmt.Sprintf("mode %s → %s", code(c.From), code(c.To))
	case policy.StatusChanged:
		return moved()
	case policy.RuleAdded:
		return of + " is new: " + code(c.To)
	case policy.RuleRemoved:
		return of + " is gone"
	case policy.RuleChanged:
		return of + ": " + moved()
	case policy.RequirementAdded:
		return of + " is asked for: " + code(c.To)
	case policy.RequirementRemoved:
		return of + " is asked for no longer"
	case policy.RequirementChanged:
		return of + ": " + moved()
	case policy.ApprovalCounts:
		return fmt.Sprintf("%s: the approval of %s counts", of, person(c.Person))
	case policy.ApprovalLost:
		return fmt.Sprintf("%s: the approval of %s counts no longer", of, person(c.Person))
	case policy.ChangesRequested:
		return fmt.Sprintf("%s: %s requests changes", of, person(c.Person))
	case policy.ChangesSettled:
		return fmt.Sprintf("%s: %s requests changes no longer", of, person(c.Person))
	case policy.StandInChanged:
		if c.To == "" {
			return of + ": nobody stands in any longer"
		}
		return of + ": " + code(c.To) + " stands in"
	case policy.ReviewAdded:
		return fmt.Sprintf("%s reviewed (%s)", person(c.Person), code(c.To))
	case policy.ReviewRemoved:
		return fmt.Sprintf("the review of %s is gone", person(c.Person))
	case policy.ReviewChanged:
		return fmt.Sprintf("the review of %s is %s", person(c.Person), code(c.To))
	case policy.PersonExcluded:
		return person(c.Person) + " cannot approve"
	case policy.PersonAdmitted:
		return person(c.Person) + " may approve again"
	case policy.ProjectChanged:
		if c.From == c.To {
			return "other files of project " + code(c.Project)
		}
		return fmt.Sprintf("project %s: its DRI is %s", code(c.Project), code(c.To))
	case policy.CommandAdded:
		return fmt.Sprintf("%s gave %s", person(c.Person), code(c.To))
	case policy.CommandRemoved:
		return fmt.Sprintf("%s of %s is gone", code(c.From), person(c.Person))
	case policy.CommandChanged:
		return fmt.Sprintf("%s of %s came out otherwise", code(c.To), person(c.Person))
	case policy.LabelSet:
		return "label " + code(c.Label) + " is in force"
	case policy.LabelGone:
		return "label " + code(c.Label) + " is in force no longer"
	case policy.LabelChanged:
		return "label " + code(c.Label) + " is in force otherwise"
	case policy.NoteAdded:
		return "a note"
	case policy.NoteGone:
		return "a note is gone"
	case policy.DiagnosticsChanged:
		if len(c.Added) == 0 {
			return "the policy has mistakes less"
		}
		return "the policy is wrong: " + code(strings.Join(c.Added, "; "))
	}
	return "" // scope, candidates, details, and until when it holds
}
