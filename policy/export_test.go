package policy

import (
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// RuleState shows tests what the language alone says of a rule, before people
// come into it.
type RuleState = ruleState

// LabelStanding is for tests: whether a label is set, by somebody who may.
type LabelStanding struct{ InForce, Sure bool }

// States evaluates the rules of a policy's last layer, those over uncovered
// files last, with labels standing as given for whatever role is asked.
func States(p *Policy, pull fact.Pull, labels map[string]LabelStanding) map[string]RuleState {
	return states(p, pull, labels, false)
}

// SlowStates is States without compiled conditions.
func SlowStates(p *Policy, pull fact.Pull, labels map[string]LabelStanding) map[string]RuleState {
	return states(p, pull, labels, true)
}

func states(p *Policy, pull fact.Pull, labels map[string]LabelStanding, slow bool) map[string]RuleState {
	var inForce []string
	for name, s := range labels {
		if s.InForce {
			inForce = append(inForce, name)
		}
	}
	slices.Sort(inForce)
	l := p.layers[len(p.layers)-1]
	w := newWorld(l, &pull, treesOf(&pull), given{
		labels: inForce,
		label: func(name, _ string) labelStanding {
			st := labelStanding{inForce: labels[name].InForce, sure: labels[name].Sure}
			if st.inForce {
				st.by = "dan"
			}
			return st
		},
	})
	w.slow = slow
	out := map[string]RuleState{}
	covered := map[string]bool{}
	for _, r := range l.rules {
		if !w.usesUncovered(r) {
			s := w.state(r)
			out[r.name] = s
			for _, path := range s.Covers {
				covered[path] = true
			}
		}
	}
	var rest []string
	for _, f := range w.files {
		for _, path := range f.paths {
			if !covered[path] {
				rest = append(rest, path)
			}
		}
	}
	w.setUncovered(rest)
	for _, r := range l.rules {
		if w.usesUncovered(r) {
			out[r.name] = w.state(r)
		}
	}
	return out
}

// NamesForTest are all names of the schema, and ListAttributesForTest each
// list's name with each attribute of its elements.
func NamesForTest() (out []string) {
	for _, n := range names {
		if n.path != "pull.labels" {
			out = append(out, n.path)
		}
	}
	return out
}

func ListAttributesForTest() (out [][2]string) {
	for _, n := range names {
		for _, a := range kinds[n.kind] {
			out = append(out, [2]string{n.path, a.name})
		}
	}
	return out
}

// OccurringForTest are the attributes whose texts are known, by "kind.attribute",
// and whether the schema has such an attribute.
func OccurringForTest() map[string]bool {
	out := map[string]bool{}
	for key := range occurring {
		i := strings.LastIndexByte(key, '.')
		out[key] = attributeOf(key[:i], key[i+1:]) != nil
	}
	return out
}
