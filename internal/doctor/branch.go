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
	out = append(out, f.administrators(b)...)
	out = append(out, f.settings(b)...)
	return append(out, f.bypass(b)...)
}

// administrators looks whether classic protection holds them, where nothing
// else requires the check.
func (f Facts) administrators(b Branch) []Finding {
	subject := "administrators on " + b.Name
	pinned := slices.ContainsFunc(b.Rules, func(r github.Rule) bool {
		return slices.Contains(r.Required, github.Required{Context: f.check(b.Name), App: f.AppID})
	})
	if pinned || !slices.ContainsFunc(b.Required, func(r github.Required) bool { return r.Context == f.check(b.Name) }) {
		return nil
	}
	const remedy = "In the branch protection rule, switch on “Do not allow bypassing the above settings”; or use a ruleset, whose bypass list is empty."
	switch b.Enforcement {
	case "everyone":
		return []Finding{{Level: Fine, Subject: subject, Says: "classic branch protection holds them too"}}
	case "non_admins":
		return []Finding{{Warning, subject, "classic branch protection does not hold them: they merge without the check", remedy}}
	case "off":
		return []Finding{{Problem, subject, "classic branch protection lists the check and requires it of nobody", "In the branch protection rule, switch on “Require status checks to pass before merging”."}}
	}
	return []Finding{{Unknown, subject, "whether classic branch protection holds them is not shown", remedy}}
}

// settings looks at the settings of the rules beside the check itself.
func (f Facts) settings(b Branch) []Finding {
	has := func(kind string) bool {
		return slices.ContainsFunc(b.Rules, func(r github.Rule) bool { return r.Type == kind })
	}
	var out []Finding
	found := func(level Level, subject, says, remedy string) {
		out = append(out, Finding{level, subject + " " + b.Name, says, remedy})
	}
	switch {
	case has("non_fast_forward"):
		found(Fine, "force pushes to", "they are blocked", "")
	case b.Protected:
		found(Unknown, "force pushes to", "classic branch protection may block them, which GitHub shows to administrators alone",
			"In the branch protection rule, leave “Allow force pushes” off.")
	default:
		found(Warning, "force pushes to", "whoever may push can rewrite the branch, and the policy and the record of merges with it", "In the ruleset, switch on “Block force pushes”.")
	}
	if !has("deletion") && !b.Protected {
		found(Warning, "deletion of", "whoever may push can delete the branch and push another in its place", "In the ruleset, switch on “Restrict deletions”.")
	}
	strict := false
	for _, r := range b.Rules {
		strict = strict || r.Strict
		if r.NotOnCreation && f.carries(r, b.Name) {
			found(Warning, "new branches like", "the check is not required of what a branch is created with",
				"In the ruleset, switch off “Do not require status checks on creation”.")
		}
		if r.DismissStale {
			found(Warning, "stale approvals on", "a push dismisses every approval, also of what it did not touch, which rolecall would have kept",
				"In the ruleset, switch off “Dismiss stale pull request approvals when new commits are pushed”, unless that is what you want.")
		}
	}
	if !strict {
		found(Unknown, "up-to-date branches on", "where squash or rebase merges are allowed, a commit that was merged and reverted is green when it is offered again, until rolecall looks",
			"In the ruleset, switch on “Require branches to be up to date before merging”, or allow merge commits only.")
	}
	if has("merge_queue") {
		found(Fine, "merge queue of", "rolecall answers for its groups", "")
	}
	return out
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
