package policy

import (
	"slices"

	"github.com/rolecall/rolecall/policy/fact"
)

// verdicts collects what becomes of each review, over all layers. Of many
// rules and reviews there are many thousands, so they are spelled out once all
// are known.
type verdicts struct{ counted, noted []noted }

// noted is that a review counts for a requirement, or why it does not.
type noted struct {
	on *vote
	of *RuleRole
	// why does not name the person or the requirement; nil where it counts.
	why *Reason
}

func (v *verdicts) note(on *vote, of *RuleRole, why *Reason) {
	v.noted = append(roomFor(v.noted), noted{on, of, why})
}

// count notes that on counts for a requirement.
func (v *verdicts) count(on *vote, of *RuleRole) {
	v.counted = append(roomFor(v.counted), noted{on: on, of: of})
}

// roomFor doubles a full list, which append would do to short ones alone.
func roomFor(list []noted) []noted {
	if len(list) == cap(list) {
		return slices.Grow(list, max(64, len(list)))
	}
	return list
}

// byVote spells the notes out, for each vote in the order in which they came.
func byVote[T any](votes []*vote, notes []noted, spell func(noted, *T)) [][]T {
	many := make([]int, len(votes))
	for _, n := range notes {
		many[n.on.index]++
	}
	all := make([]T, len(notes))
	out := make([][]T, len(votes))
	for i, n := range many {
		if n > 0 {
			out[i], all = all[:0:n], all[n:]
		}
	}
	for _, n := range notes {
		list := &out[n.on.index]
		*list = (*list)[:len(*list)+1]
		spell(n, &(*list)[len(*list)-1])
	}
	return out
}

func (n noted) reason(why *Reason) {
	*why = *n.why
	why.Person, why.Rule, why.Role, why.Project = n.on.login, n.of.Rule, n.of.Role, n.of.Project
}

// once drops what a vote counts for twice. A rule's requirements come one after
// the other.
func once(counts []RuleRole) []RuleRole {
	out := counts[:0]
	for _, c := range counts {
		again := false
		for i := len(out) - 1; i >= 0 && out[i].Rule == c.Rule && !again; i-- {
			again = out[i] == c
		}
		if !again {
			out = append(out, c)
		}
	}
	return out
}

// list returns one verdict for each vote, in their order.
func (v *verdicts) list(votes []*vote, writers *contributors, ballots map[string]*ballot) []ReviewVerdict {
	out := make([]ReviewVerdict, len(votes))
	counts := byVote(votes, v.counted, func(n noted, to *RuleRole) { *to = *n.of })
	reasons := byVote(votes, v.noted, noted.reason)
	for i, one := range votes {
		r := ReviewVerdict{
			Review: one.review.ID, By: one.login, State: one.review.State, Commit: one.commit,
			Counts: once(counts[one.index]),
		}
		r.Reasons = explain(one, r, reasons[one.index], writers, ballots[one.login])
		out[i] = r
	}
	return out
}

func explain(one *vote, r ReviewVerdict, noted []Reason, writers *contributors, b *ballot) []Reason {
	if one.void != nil {
		return []Reason{*one.void}
	}
	if len(noted) > 0 {
		return noted
	}
	if len(r.Counts) > 0 {
		return nil
	}
	if one.review.State == fact.ChangesRequested {
		if one.review.Author.Bot {
			return []Reason{{Code: IsBot, Person: one.login}}
		}
		return []Reason{{Code: ReviewShown, Person: one.login}}
	}
	if why, barred := writers.bars(one.login, b.bot, nil); barred {
		return []Reason{why}
	}
	if latest := b.approvals[0]; latest != one {
		return []Reason{*overtakenBy(latest)}
	}
	return []Reason{{Code: ReviewHoldsNothing, Person: one.login}}
}
