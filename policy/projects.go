package policy

import "github.com/rolecall/rolecall/policy/fact"

// ProjectsOf returns the names of the projects that a path belongs to, in the
// order of Projects. A path that differs from a pattern in no more than case
// or Unicode form belongs to it, as it does in a decision.
func (p *Policy) ProjectsOf(path string) []string {
	var out []string
	for _, l := range p.layers {
		for _, pr := range l.projects {
			if pr.set.match(path, fact.FoldPath(path)) != unmatched {
				out = append(out, pr.name)
			}
		}
	}
	return out
}
