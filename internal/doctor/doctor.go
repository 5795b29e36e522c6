package doctor

import (
	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Level is how a finding weighs.
type Level string

// The levels, from what is in order to what lets something through.
const (
	Fine    Level = "fine"
	Unknown Level = "unknown" // it cannot be told from here
	Warning Level = "warning"
	Problem Level = "problem" // reviews can be gone around, or checks do not come
)

// Finding is one thing that was looked at.
type Finding struct {
	Level   Level  `json:"level"`
	Subject string `json:"subject"` // "permission checks", "required check on main"
	Says    string `json:"says"`
	Remedy  string `json:"remedy,omitempty"` // what to do, where something is to be done
}

// Facts are what was read of GitHub for one repository.
type Facts struct {
	Owner, Repo string
	AppID       int64
	Slug        string
	// Needs is what rolecall has to be granted.
	Needs github.Grant
	App   github.Grant
	Hook  github.Hook
	// Installed is nil where no installation covers the repository; the rest
	// is then not looked at.
	Installed *github.Installed

	Branches []Branch
	// Policy is nil where none is in force or it does not load.
	Policy      *policy.Policy
	Diagnostics []policy.Diagnostic
	Teams       []Team // those that the policy names
}

// Branch is a base branch that is to be protected.
type Branch struct {
	github.Branch
	Rules []github.Rule
	// Bypass maps a ruleset among Rules to who may pass it by.
	Bypass map[int64]fact.Maybe[[]github.Actor]
}

// Team is a team that holds a role.
type Team struct {
	Name    string // "org/slug"
	Members fact.Maybe[[]string]
	// Reaches is whether it has access to the repository; GitHub lets no other
	// team be asked for a review.
	Reaches fact.Maybe[bool]
}

// Permissions are what rolecall has to be granted, as app.yml asks for them.
var Permissions = map[string]string{
	"checks":        "write",
	"contents":      "read",
	"issues":        "read",
	"members":       "read",
	"merge_queues":  "read",
	"metadata":      "read",
	"pull_requests": "write",
	"statuses":      "read",
}

// Examine looks everything over, in the order in which it would be mended.
func Examine(f Facts) []Finding {
	var out []Finding
	out = append(out, f.registration()...)
	out = append(out, f.hook())
	out = append(out, f.installation()...)
	if f.Installed == nil || !f.Installed.SuspendedAt.IsZero() {
		return out
	}
	out = append(out, f.policy()...)
	for _, t := range f.Teams {
		out = append(out, t.examine())
	}
	for _, b := range f.Branches {
		out = append(out, f.branch(b)...)
	}
	return out
}

// Worst is the gravest level among findings; Fine where there is none.
func Worst(findings []Finding) Level {
	worst := Fine
	for _, f := range findings {
		if rank[f.Level] > rank[worst] {
			worst = f.Level
		}
	}
	return worst
}

var rank = map[Level]int{Fine: 0, Unknown: 1, Warning: 2, Problem: 3}
