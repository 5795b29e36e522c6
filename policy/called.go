package policy

import "strings"

// RuleDef is a rule as the policy defines it, for tools that name it.
type RuleDef struct {
	Name        string
	Description string
	Floor       bool
	Advice      bool
	// Requires has the name of each requirement, as [Requirement.Called] has
	// it; a DRI's without a project.
	Requires []string
}

// Rules returns the rules of all layers, the floor's first, and after each
// layer's the implicit one over the policy's own files.
func (p *Policy) Rules() []RuleDef {
	var out []RuleDef
	for _, l := range p.layers {
		for _, r := range l.rules {
			def := RuleDef{Name: r.name, Description: r.description, Floor: l.floor, Advice: r.advice}
			for _, q := range r.require {
				def.Requires = append(def.Requires, q.called())
			}
			out = append(out, def)
		}
		out = append(out, RuleDef{Name: KeepersRule, Floor: l.floor, Requires: append([]string{}, l.keepers...)})
	}
	return out
}

func (q *requirement) called() string {
	if q.kind == KindRole {
		return q.role
	}
	var names []string
	for _, c := range q.children {
		names = append(names, c.called())
	}
	return joined(q.kind, names)
}

// Called names a requirement in the policy's own words: a role, "dri of
// PROJECT", and a group by its parts, with "or" or "and" between them.
func (q Requirement) Called() string {
	if q.Kind == KindRole {
		if q.Project != "" {
			return q.Role + " of " + q.Project
		}
		return q.Role
	}
	var names []string
	for _, c := range q.Children {
		names = append(names, c.Called())
	}
	return joined(q.Kind, names)
}

func joined(kind string, names []string) string {
	if kind == KindAll {
		return strings.Join(names, " and ")
	}
	return strings.Join(names, " or ")
}
