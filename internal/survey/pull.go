package survey

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Pull is a pull request as the latest look at it found it.
type Pull struct {
	Facts    fact.Pull
	Decision policy.Decision
}

func (p Pull) open() bool { return p.Facts.State == "open" }

func name(r fact.Ref) string { return r.String() }

// leaves visits every role requirement of the rules in force, advice left out.
func (p Pull) leaves(visit func(policy.RuleResult, policy.Requirement)) {
	p.Decision.EachRole(func(rule policy.RuleResult, r policy.Requirement) {
		if !rule.Advice {
			visit(rule, r)
		}
	})
}

// asked is when a person was last asked for their review; zero where they were
// not.
func (p Pull) asked(login string) time.Time {
	var at time.Time
	for _, e := range p.Facts.RequestEvents {
		if e.Login == login && e.Added && e.At.After(at) {
			at = e.At
		}
	}
	return at
}

// age is a time span for people: its largest unit alone.
func age(d time.Duration) string {
	switch {
	case d < 0:
		return "0 min"
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

func byAge(pulls []Pull) []Pull {
	out := slices.Clone(pulls)
	slices.SortFunc(out, func(a, b Pull) int {
		return cmp.Or(a.Facts.CreatedAt.Compare(b.Facts.CreatedAt), cmp.Compare(name(a.Facts.Ref), name(b.Facts.Ref)))
	})
	return out
}
