package pipeline

import (
	"context"
	"slices"

	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

func shownGreen(list []store.Green) []plan.Green {
	var out []plan.Green
	for _, g := range list {
		out = append(out, plan.Green(g))
	}
	return out
}

// over lists the greens that need no more watching once a plan is applied:
// those that it took back or turned, and all where the pull request is merged,
// whose check is the record of it.
func over(list []store.Green, p plan.Plan, d policy.Decision, pull fact.Pull) (out []store.Green) {
	for _, g := range list {
		if stands := g.Head == d.Head && g.Check == d.Check && p.Green(); !stands || pull.State != "open" {
			out = append(out, g)
		}
	}
	return out
}

// alsoAt adds the other pull requests at the commits whose checks are taken
// back: they may go on showing them.
func (l *Line) alsoAt(ctx context.Context, ref fact.Ref, p plan.Plan, also []fact.Ref) ([]fact.Ref, error) {
	for _, a := range p.Actions {
		if a.Kind != plan.RevokeCheck {
			continue
		}
		others, err := l.Records.PullsAt(ctx, ref, a.Check.SHA)
		if err != nil {
			return nil, err
		}
		for _, o := range others {
			if !slices.Contains(also, o) {
				also = append(also, o)
			}
		}
	}
	return also, nil
}
