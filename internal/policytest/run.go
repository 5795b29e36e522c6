package policytest

import (
	"github.com/rolecall/rolecall/internal/replay"
	"github.com/rolecall/rolecall/policy"
)

// Result is what became of one test.
type Result struct {
	File     string
	Line     int
	Name     string
	Failures []Failure // none: it passed
	Decision policy.Decision
}

// Failure is one expectation that was not met.
type Failure struct {
	Line      int
	What      string // "waiting_for"
	Want, Got string // as the test writes them
}

// Run decides on the test's pull request as the server would, and compares.
// A role of which nobody says who holds it waits, as it does locally.
func (s *Suite) Run(t Test) Result {
	d := replay.TeamsUnread(s.policy.Evaluate(t.given.facts(s.policy)))
	r := Result{File: s.File, Line: t.Line, Name: t.Name, Decision: d}
	for _, e := range t.expect {
		if got, ok := e.got(d); !ok {
			r.Failures = append(r.Failures, Failure{e.line, e.what, e.want, got})
		}
	}
	return r
}

// Coverage adds up what tests have seen of a policy's rules.
type Coverage struct {
	rules   []string
	inForce map[string]bool
	waiting map[string]bool
}

// NewCoverage returns the coverage of p's rules by no test. The implicit rule
// over the policy's own files is left out.
func NewCoverage(p *policy.Policy) *Coverage {
	c := &Coverage{inForce: map[string]bool{}, waiting: map[string]bool{}}
	for _, name := range newNames(p).rules {
		if name != policy.KeepersRule {
			c.rules = append(c.rules, name)
		}
	}
	return c
}

// Add counts a test's decision in.
func (c *Coverage) Add(d policy.Decision) {
	for _, r := range d.Rules {
		if r.InForce {
			c.inForce[r.Name] = true
			if r.Status != policy.Met {
				c.waiting[r.Name] = true
			}
		}
	}
}

// Rules is how many rules there are.
func (c *Coverage) Rules() int { return len(c.rules) }

// NeverInForce are the rules that no test brought into force, and NeverWaiting
// those that no test left unmet though in force, in the policy's order.
func (c *Coverage) NeverInForce() []string { return c.without(c.inForce, nil) }

// NeverWaiting says which rules were in force and met each time.
func (c *Coverage) NeverWaiting() []string { return c.without(c.waiting, c.inForce) }

func (c *Coverage) without(seen, among map[string]bool) []string {
	out := []string{}
	for _, name := range c.rules {
		if !seen[name] && (among == nil || among[name]) {
			out = append(out, name)
		}
	}
	return out
}
