package policytest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy"
)

// expectation is one thing that a test expects of a decision. It returns what
// came as the test would have had to say it, and whether that is as expected.
type expectation struct {
	what, want string
	line       int
	got        func(policy.Decision) (got string, ok bool)
}

var statuses = []string{string(policy.Met), string(policy.Waiting), string(policy.Refused), string(policy.Stuck)}

func (d *decoder) expectations(v value, p *policy.Policy) []expectation {
	var out []expectation
	names := newNames(p)
	add := func(v value, want string, got func(policy.Decision) (string, bool)) {
		what := strings.TrimPrefix(v.name, "expect.")
		out = append(out, expectation{what, want, v.at.Start.Line, got})
	}
	// whole compares the list with all that there is, part only asks for what
	// the list names.
	whole := func(known []string, of func(policy.Decision) []string, doc string) func(value) {
		return func(v value) {
			want := d.known(v, doc, known)
			add(v, list(want), func(dec policy.Decision) (string, bool) {
				got := of(dec)
				return list(got), slices.Equal(sorted(got), sorted(want))
			})
		}
	}
	part := func(known []string, of func(policy.Decision) []string, doc string) func(value) {
		return func(v value) {
			want := d.known(v, doc, known)
			add(v, list(want), func(dec policy.Decision) (string, bool) {
				got := of(dec)
				return list(got), !slices.ContainsFunc(want, func(s string) bool { return !slices.Contains(got, s) })
			})
		}
	}
	people := func(of func(policy.Decision) []string) func(value) {
		return func(v value) {
			var want []string
			for _, login := range d.people(v) {
				want = append(want, "@"+login)
			}
			add(v, list(want), func(dec policy.Decision) (string, bool) {
				got := of(dec)
				return list(got), !slices.ContainsFunc(want, func(s string) bool { return !slices.Contains(got, s) })
			})
		}
	}
	d.object(v, "what the policy must decide", map[string]func(value){
		"status": func(v value) {
			want := d.word(v, statuses...)
			add(v, quote(want), func(dec policy.Decision) (string, bool) {
				return quote(string(dec.Status)), string(dec.Status) == want
			})
		},
		"check": func(v value) {
			want := d.text(v, "the check's name")
			add(v, quote(want), func(dec policy.Decision) (string, bool) { return quote(dec.Check), dec.Check == want })
		},
		"waiting_for":  whole(names.requirements, waitingFor, "the roles whose approval is missing, all of them"),
		"in_force":     part(names.rules, rulesThat(func(r policy.RuleResult) bool { return r.InForce }), "rules that must be in force"),
		"not_in_force": part(names.rules, rulesThat(func(r policy.RuleResult) bool { return !r.InForce }), "rules that must not be in force"),
		"met":          part(names.rules, rulesThat(func(r policy.RuleResult) bool { return r.InForce && r.Status == policy.Met }), "rules that must be in force and met"),
		"waiting":      part(names.rules, rulesThat(func(r policy.RuleResult) bool { return r.InForce && r.Status != policy.Met }), "rules that must be in force and not met"),
		"counts":       people(reviewersThat(func(v policy.ReviewVerdict) bool { return len(v.Counts) > 0 })),
		"ignored":      people(ignored),
		"labels":       whole(nil, labels, "the labels that rules see, all of them"),
		"reasons":      part(nil, reasons, "codes of reasons that the decision must hold"),
		"dri":          func(v value) { d.expectDRI(v, names, add) },
	})
	return out
}

// known reads a list of names; where known is given, each must be one.
func (d *decoder) known(v value, doc string, known []string) []string {
	out := []string{}
	for _, n := range d.texts(v, doc) {
		if known != nil && !slices.Contains(known, n.text) {
			d.errorf(n.at, "Unknown name", "The policy has no %q here.%s", n.text, policy.DidYouMean(n.text, known))
			continue
		}
		out = append(out, n.text)
	}
	return out
}

func (d *decoder) expectDRI(v value, names names, add func(value, string, func(policy.Decision) (string, bool))) {
	for _, e := range d.entries(v, "who is the DRI of each project") {
		if !slices.Contains(names.projects, e.key) {
			d.errorf(e.at, "Unknown project", "The policy has no project %q.%s", e.key, policy.DidYouMean(e.key, names.projects))
			continue
		}
		var want []string
		for _, login := range d.people(e.value) {
			want = append(want, "@"+login)
		}
		add(e.value, list(want), func(dec policy.Decision) (string, bool) {
			var got []string
			for _, p := range dec.Projects {
				if p.Name == e.key {
					for _, login := range p.DRI {
						got = append(got, "@"+login)
					}
				}
			}
			return list(got), slices.Equal(sorted(got), sorted(want))
		})
	}
}

// names is what expectations may name of a policy.
type names struct{ rules, requirements, projects []string }

func newNames(p *policy.Policy) names {
	var n names
	for _, pr := range p.Projects() {
		n.projects = append(n.projects, pr.Name)
	}
	for _, r := range p.Rules() {
		n.rules = append(n.rules, r.Name)
		for _, q := range r.Requires {
			n.requirements = append(n.requirements, q)
			if strings.Contains(q, roleDRI) {
				for _, pr := range n.projects {
					n.requirements = append(n.requirements, strings.Replace(q, roleDRI, roleDRI+" of "+pr, 1))
				}
			}
		}
	}
	n.requirements = sorted(n.requirements)
	return n
}

func rulesThat(is func(policy.RuleResult) bool) func(policy.Decision) []string {
	return func(d policy.Decision) []string {
		out := []string{}
		for _, r := range d.Rules {
			if is(r) {
				out = append(out, r.Name)
			}
		}
		return out
	}
}

// waitingFor names what is required and missing, as a test's waiting_for
// does: a role, "dri of PROJECT", alternatives joined by "or".
func waitingFor(d policy.Decision) []string {
	out := []string{}
	for _, r := range d.Rules {
		if !r.InForce || r.Advice {
			continue
		}
		for _, q := range r.Require {
			if name := q.Called(); q.Status != policy.Met && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

func reviewersThat(is func(policy.ReviewVerdict) bool) func(policy.Decision) []string {
	return func(d policy.Decision) []string {
		out := []string{}
		for _, v := range d.Reviews {
			if login := "@" + v.By; is(v) && !slices.Contains(out, login) {
				out = append(out, login)
			}
		}
		return out
	}
}

// ignored are the reviewers of whom no review counts for anything.
func ignored(d policy.Decision) []string {
	counted := reviewersThat(func(v policy.ReviewVerdict) bool { return len(v.Counts) > 0 })(d)
	return slices.DeleteFunc(reviewersThat(func(policy.ReviewVerdict) bool { return true })(d), func(login string) bool {
		return slices.Contains(counted, login)
	})
}

func labels(d policy.Decision) []string {
	out := []string{}
	for _, l := range d.Labels {
		out = append(out, l.Label)
	}
	return out
}

// reasons are the codes of all the reasons of a decision.
func reasons(d policy.Decision) []string {
	found := map[string]bool{}
	add := func(rs []policy.Reason) {
		for _, r := range rs {
			found[string(r.Code)] = true
		}
	}
	var requirements func([]policy.Requirement)
	requirements = func(qs []policy.Requirement) {
		for _, q := range qs {
			add(q.Reasons)
			requirements(q.Children)
		}
	}
	add(d.Notes)
	for _, r := range d.Rules {
		add(r.Reasons)
		requirements(r.Require)
	}
	for _, v := range d.Reviews {
		add(v.Reasons)
	}
	for _, e := range d.Excluded {
		add(e.Reasons)
	}
	for _, c := range d.Commands {
		add(c.Reasons)
	}
	return slices.Sorted(maps.Keys(found))
}

func quote(s string) string { return fmt.Sprintf("%q", s) }

// list is a list as a test writes it.
func list(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

func sorted(words []string) []string {
	out := slices.Clone(words)
	slices.Sort(out)
	return slices.Compact(out)
}
