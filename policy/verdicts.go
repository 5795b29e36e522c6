package policy

import (
	"github.com/rolecall/rolecall/policy/fact"
)

// verdicts collects what becomes of each review, over all layers.
type verdicts struct {
	counts  [][]RuleRole // by vote.index
	reasons [][]Reason   // by vote.index
}

func newVerdicts(votes int) *verdicts {
	return &verdicts{counts: make([][]RuleRole, votes), reasons: make([][]Reason, votes)}
}

func (v *verdicts) note(on *vote, why Reason) {
	v.reasons[on.index] = append(v.reasons[on.index], why)
}

// count notes that on counts for a requirement, once. A rule's requirements
// come one after the other.
func (v *verdicts) count(on *vote, of RuleRole) {
	have := v.counts[on.index]
	for i := len(have) - 1; i >= 0 && have[i].Rule == of.Rule; i-- {
		if have[i] == of {
			return
		}
	}
	v.counts[on.index] = append(have, of)
}

// list returns one verdict for each vote, in their order.
func (v *verdicts) list(votes []*vote, writers *contributors, ballots map[string]*ballot) []ReviewVerdict {
	out := make([]ReviewVerdict, len(votes))
	for i, one := range votes {
		r := ReviewVerdict{
			Review: one.review.ID, By: one.login, State: one.review.State, Commit: one.commit,
			Counts: v.counts[one.index],
		}
		r.Reasons = v.explain(one, r, writers, ballots[one.login])
		out[i] = r
	}
	return out
}

func (v *verdicts) explain(one *vote, r ReviewVerdict, writers *contributors, b *ballot) []Reason {
	if one.void != nil {
		return []Reason{*one.void}
	}
	if noted := v.reasons[one.index]; len(noted) > 0 {
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
