package replay

import (
	"reflect"
	"slices"
	"time"

	"github.com/rolecall/rolecall/internal/roster"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Differ says what two decisions on the same facts require differently,
// whether or not it has been met; ok is false where nothing differs.
func Differ(before, after policy.Decision) (d policy.Difference, ok bool) {
	was, is := required(before), required(after)
	d = policy.Difference{
		Number: after.Pull.Number, Before: before.Status, After: after.Status,
		Gained: beyond(is, was), Lost: beyond(was, is),
	}
	if len(d.Gained)+len(d.Lost) == 0 && d.Before != d.After {
		d.Gained = unmet(is, was)
		d.Lost = unmet(was, is)
	}
	return d, len(d.Gained)+len(d.Lost) > 0 || d.Before != d.After
}

// need is a requirement of a rule that blocks.
type need struct {
	policy.Asked
	met     bool
	reasons []policy.Reason // of the requirement
}

// required lists what the rules in force require, each once, advice left out.
func required(d policy.Decision) []need {
	var out []need
	for _, r := range d.Rules {
		if !r.InForce || r.Advice {
			continue
		}
		for _, q := range r.Require {
			called, met := q.Called(), q.Status == policy.Met
			i := slices.IndexFunc(out, func(n need) bool { return n.Called == called })
			switch {
			case i < 0:
				out = append(out, need{policy.Asked{Called: called, Rule: r.Name, Reasons: first(r.Reasons)}, met, q.Reasons})
			case out[i].met && !met:
				out[i].met, out[i].reasons = false, q.Reasons
			}
		}
	}
	return out
}

func first(reasons []policy.Reason) []policy.Reason {
	return slices.Clone(reasons[:min(1, len(reasons))])
}

func beyond(a, b []need) []policy.Asked {
	var out []policy.Asked
	for _, n := range a {
		if !slices.ContainsFunc(b, func(o need) bool { return o.Called == n.Called }) {
			out = append(out, n.Asked)
		}
	}
	return out
}

// unmet are those of a that are not met and were in b.
func unmet(a, b []need) []policy.Asked {
	var out []policy.Asked
	for _, n := range a {
		if !n.met && slices.ContainsFunc(b, func(o need) bool { return o.Called == n.Called && o.met }) {
			out = append(out, policy.Asked{Called: n.Called, Rule: n.Rule, Reasons: first(n.reasons)})
		}
	}
	return out
}

// Impact collects what a new version of a policy decides differently on facts
// that were stored.
type Impact struct {
	before, after *policy.Policy
	out           policy.Impact
}

// NewImpact returns the impact of replacing before by after on nothing yet.
func NewImpact(before, after *policy.Policy) *Impact { return &Impact{before: before, after: after} }

// Between has what is added from now on decided by another pair of policies:
// those of another repository, of which one part is replaced.
func (i *Impact) Between(before, after *policy.Policy) *Impact {
	i.before, i.after = before, after
	return i
}

// Break adds a pull request of a repository whose policy would no longer load,
// and why.
func (i *Impact) Break(pull fact.Pull, why string) {
	i.out.Replayed++
	i.out.Different = append(i.out.Different, policy.Difference{
		Number: pull.Number, Title: pull.Title, Before: i.decide(i.before, pull).Status, After: policy.Broken, Broken: why,
	})
}

// Add decides by both policies on a pull request's stored facts. Facts hold
// what the policy of their time asked for; where the new version meets
// something that was not read then, the pull request is skipped.
func (i *Impact) Add(pull fact.Pull) {
	before, after := i.decide(i.before, pull), i.decide(i.after, pull)
	known := doubtful(before)
	for _, why := range doubtful(after) {
		if !slices.Contains(known, why) {
			i.Skip("what the new version asks about was not read when they were decided")
			return
		}
	}
	i.out.Replayed++
	if d, ok := Differ(before, after); ok {
		d.Title = pull.Title
		i.out.Different = append(i.out.Different, d)
	}
}

func (i *Impact) decide(p *policy.Policy, pull fact.Pull) policy.Decision {
	pull.Roster = i.people(p, pull.Roster, &pull)
	return TeamsUnread(p.Evaluate(pull))
}

// Skip counts a pull request that cannot be replayed.
func (i *Impact) Skip(reason string) {
	for n := range i.out.Skipped {
		if i.out.Skipped[n].Reason == reason {
			i.out.Skipped[n].Count++
			return
		}
	}
	i.out.Skipped = append(i.out.Skipped, policy.Skipped{Reason: reason, Count: 1})
}

// Result is what was found.
func (i *Impact) Result() policy.Impact { return i.out }

// people says who held p's roles at the time of the facts: as it was stored
// where the role is the same in both policies, and else by the teams that
// were read then.
func (i *Impact) people(p *policy.Policy, stored fact.Roster, pull *fact.Pull) fact.Roster {
	var times []time.Time
	for _, r := range pull.Reviews {
		times = append(times, r.At)
	}
	for _, c := range pull.Commands {
		times = append(times, c.At)
	}
	out := roster.Resolve(p, roster.Input{Teams: stored.Teams, Now: pull.Now, Times: times})
	out.People = stored.People
	was := i.before.Roles()
	for _, def := range p.Roles() {
		same := slices.ContainsFunc(was, func(o policy.RoleDef) bool { return reflect.DeepEqual(o, def) })
		if holders, ok := stored.Roles[def.Key()]; ok && same {
			out.Roles[def.Key()] = holders
		}
	}
	return out
}

// doubtful lists why rules of a decision could not be told.
func doubtful(d policy.Decision) []string {
	var out []string
	for _, r := range d.Rules {
		for _, why := range r.Reasons {
			if doubts[why.Code] {
				out = append(out, why.Detail)
			}
		}
	}
	return out
}
