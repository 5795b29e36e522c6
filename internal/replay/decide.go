package replay

import (
	"cmp"
	"slices"

	"github.com/rolecall/rolecall/internal/analyse"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Decide makes the facts of a change and decides on it as the server does,
// from the same code. Who holds the roles is people's answer, for the moment
// of the facts.
func (r *Reader) Decide(p *policy.Policy, c Change, people func(*policy.Policy, fact.Pull) fact.Roster) (fact.Pull, policy.Decision, error) {
	needs := p.Needs()
	pull, err := r.Pull(c)
	if err != nil {
		return fact.Pull{}, policy.Decision{}, err
	}
	if err := r.Find(&pull, needs.Names); err != nil {
		return fact.Pull{}, policy.Decision{}, err
	}
	pull.Roster = people(p, pull)
	return pull, TeamsUnread(p.Evaluate(pull)), nil
}

// Find sets the findings behind the names.
func (r *Reader) Find(pull *fact.Pull, names []string) error {
	var contents fact.Contents
	for wants := analyse.Wants(pull.Files, names, contents); len(wants) > 0; wants = analyse.Wants(pull.Files, names, contents) {
		if err := r.Read(*pull, wants, &contents); err != nil {
			return err
		}
	}
	memory := r.options.Memory
	if memory == nil {
		memory = new(analyse.Memory)
	}
	pull.Findings = memory.Analyse(pull.Files, contents)
	return nil
}

// TeamsUnread takes a requirement for one that waits, and not for one that
// nobody can meet, where all that hinders it is that only GitHub knows who is
// in a team. Nothing becomes met by it.
func TeamsUnread(d policy.Decision) policy.Decision {
	rules := slices.Clone(d.Rules)
	worst := policy.Met
	for i, rule := range rules {
		changed := false
		rule.Require, changed = unreadAll(rule.Require)
		if changed {
			rule.Reasons = slices.DeleteFunc(slices.Clone(rule.Reasons), func(r policy.Reason) bool {
				return r.Code == policy.TooFewDistinct || r.Code == policy.TooManyAlternatives
			})
			rule.Status = worstOf(rule.Require)
			if len(rule.Reasons) < len(rules[i].Reasons) {
				rule.Status = later(rule.Status, policy.Waiting)
			}
		}
		rules[i] = rule
		if rule.InForce && !rule.Advice {
			worst = later(worst, rule.Status)
		}
	}
	d.Rules = rules
	if d.Status != policy.Broken {
		d.Status = worst
	}
	return d
}

func unreadAll(in []policy.Requirement) (out []policy.Requirement, changed bool) {
	for _, q := range in {
		var inside bool
		q.Children, inside = unreadAll(q.Children)
		switch {
		case inside && q.Kind == policy.KindAll:
			q.Status = worstOf(q.Children)
		case inside && q.Kind == policy.KindAny:
			q.Status = slices.MinFunc(q.Children, func(a, b policy.Requirement) int {
				return cmp.Compare(severity(a.Status), severity(b.Status))
			}).Status
		case q.Kind == policy.KindRole && q.Status == policy.Stuck && len(q.Teams) > 0 && slices.ContainsFunc(q.Reasons, unread):
			q.Status = policy.Waiting
			q.Reasons = slices.DeleteFunc(slices.Clone(q.Reasons), func(r policy.Reason) bool {
				return unread(r) || r.Code == policy.TooFewPeople
			})
			inside = true
		}
		changed = changed || inside
		out = append(out, q)
	}
	return out, changed
}

func unread(r policy.Reason) bool { return r.Code == policy.HoldersUnknown }

// severity orders statuses from what lets a change through to what is
// furthest from it.
func severity(s policy.Status) int {
	return slices.Index([]policy.Status{policy.Idle, policy.Met, policy.Owed, policy.Waiting, policy.Stuck, policy.Refused, policy.Broken}, s)
}

func later(a, b policy.Status) policy.Status {
	if severity(b) > severity(a) {
		return b
	}
	return a
}

func worstOf(in []policy.Requirement) policy.Status {
	out := policy.Met
	for _, q := range in {
		out = later(out, q.Status)
	}
	return out
}
