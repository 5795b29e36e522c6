package doctor

import (
	"fmt"

	"github.com/rolecall/rolecall/policy"
)

// policy looks at the policy that is in force.
func (f Facts) policy() []Finding {
	const subject = "policy"
	if f.Policy == nil {
		out := []Finding{}
		for _, d := range f.Diagnostics {
			if d.Severity == "error" {
				out = append(out, Finding{Problem, subject, fmt.Sprintf("%s:%d: %s: %s", d.Source, d.Line, d.Summary, d.Detail), "Mend it on the default branch; until then the check fails."})
			}
		}
		if len(out) == 0 {
			out = append(out, Finding{Problem, subject, "there is none, so no check is written", "Commit " + policy.RepoPath + " to the default branch; rolecall init writes one to start from."})
		}
		return out
	}
	out := []Finding{{Level: Fine, Subject: subject, Says: "it loads"}}
	for _, d := range f.Diagnostics {
		out = append(out, Finding{Warning, subject, fmt.Sprintf("%s:%d: %s", d.Source, d.Line, d.Summary), d.Detail})
	}
	return out
}

// examine looks whether a team's people can be known and asked.
func (t Team) examine() Finding {
	subject := "team @" + t.Name
	switch {
	case !t.Members.IsKnown():
		return Finding{Problem, subject, "its members cannot be read, so that nobody counts as one: " + t.Members.Unknown,
			"Check its name, make it visible, and let the installation read members."}
	case len(t.Members.Value) == 0:
		return Finding{Problem, subject, "it has no members, so that nobody can approve", "Add people to it, or name another team in the policy."}
	case !t.Reaches.IsKnown():
		return Finding{Unknown, subject, "whether it has access to the repository cannot be told: " + t.Reaches.Unknown, "See that it has."}
	case !t.Reaches.Value:
		return Finding{Warning, subject, "it has no access to the repository, so that GitHub lets nobody of it be asked by it", "Give the team access to the repository."}
	case len(t.Members.Value) == 1:
		return Finding{Warning, subject, "it has one member: changes by @" + t.Members.Value[0] + " find nobody in it", "Add a second person."}
	}
	return Finding{Level: Fine, Subject: subject, Says: fmt.Sprintf("%d members", len(t.Members.Value))}
}
