package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/internal/github"
)

// branch looks at what a merge into a branch requires, and who need not care.
func (f Facts) branch(b Branch) []Finding {
	out := []Finding{f.required(b), f.direct(b)}
	return append(out, f.bypass(b)...)
}

// check is the name of the branch's check.
func (f Facts) check(branch string) string {
	if f.Policy != nil {
		return f.Policy.CheckName(branch)
	}
	return "rolecall: " + branch
}

// required looks for the check among those that are required, from this App.
func (f Facts) required(b Branch) Finding {
	check := f.check(b.Name)
	subject := "required check on " + b.Name
	all := slices.Clone(b.Required)
	for _, r := range b.Rules {
		all = append(all, r.Required...)
	}
	loose, others := false, []int64(nil)
	for _, r := range all {
		switch {
		case r.Context != check:
		case r.App == f.AppID:
			return Finding{Level: Fine, Subject: subject, Says: fmt.Sprintf("%q is required, from this App", check)}
		case r.App == 0:
			loose = true
		default:
			others = append(others, r.App)
		}
	}
	switch {
	case loose:
		return Finding{Problem, subject, fmt.Sprintf("%q is required from any source: whoever can write to the repository can post one of that name", check),
			"In the ruleset, choose this App as the check's source."}
	case len(others) > 0:
		return Finding{Problem, subject, fmt.Sprintf("%q is required from another App (%d), so this App's check counts for nothing", check, others[0]),
			"In the ruleset, choose this App as the check's source."}
	}
	return Finding{Problem, subject, fmt.Sprintf("%q is not required: pull requests merge without it", check),
		fmt.Sprintf("Add a branch ruleset for %s that requires the status check %q from this App.", b.Name, check)}
}

// direct looks whether changes can come without a pull request.
func (f Facts) direct(b Branch) Finding {
	subject := "pushes to " + b.Name
	if slices.ContainsFunc(b.Rules, func(r github.Rule) bool { return r.Type == "pull_request" }) {
		return Finding{Level: Fine, Subject: subject, Says: "changes need a pull request"}
	}
	remedy := "In the ruleset, switch on “Require a pull request before merging”; no approvals need be asked for there."
	if b.Protected {
		return Finding{Unknown, subject, "classic branch protection may require a pull request, which GitHub shows to administrators alone", remedy}
	}
	return Finding{Problem, subject, "whoever can write can push without any pull request, past every review", remedy}
}

// bypass looks who may pass the rules by that hold the branch.
func (f Facts) bypass(b Branch) []Finding {
	subject := "bypass list on " + b.Name
	var out []Finding
	seen := map[int64]bool{}
	for _, r := range b.Rules {
		if seen[r.Ruleset] || r.Type != "pull_request" && !f.carries(r, b.Name) {
			continue
		}
		seen[r.Ruleset] = true
		from := fmt.Sprintf("the ruleset %d of %s", r.Ruleset, r.Source)
		actors, read := b.Bypass[r.Ruleset]
		switch {
		case !read:
			out = append(out, Finding{Unknown, subject, "who may pass by " + from + " was not read", "Look at it in the settings of " + r.Source + "."})
		case !actors.IsKnown():
			out = append(out, Finding{Unknown, subject, "who may pass by " + from + " is not known: " + actors.Unknown, "Look at it in the settings of " + r.Source + ": the list should be empty."})
		case len(actors.Value) == 0:
			out = append(out, Finding{Level: Fine, Subject: subject, Says: "nobody may pass by " + from})
		default:
			var who []string
			for _, a := range actors.Value {
				who = append(who, describe(a))
			}
			out = append(out, Finding{Warning, subject, from + " does not hold " + strings.Join(who, ", "),
				"Empty the list; an incident's fix can merge by /break-glass, which is on record."})
		}
	}
	return out
}

// carries reports whether the rule requires rolecall's check.
func (f Facts) carries(r github.Rule, branch string) bool {
	return slices.ContainsFunc(r.Required, func(c github.Required) bool { return c.Context == f.check(branch) })
}

func describe(a github.Actor) string {
	who := map[string]string{
		"OrganizationAdmin": "owners of the organisation", "DeployKey": "deploy keys", "Team": "the team %d",
		"RepositoryRole": "the repository role %d", "Integration": "the App %d", "User": "the user %d",
	}[a.Kind]
	if who == "" {
		who = a.Kind + " %d"
	}
	if strings.Contains(who, "%d") {
		who = fmt.Sprintf(who, a.ID)
	}
	if a.Mode == "pull_request" {
		who += " (in pull requests only)"
	}
	return who
}
