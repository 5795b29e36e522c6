package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/rolecall/rolecall/internal/apply"
	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Group is a merge group: what GitHub's merge queue is about to merge.
type Group struct {
	Installation int64
	Owner, Repo  string
	SHA          string // head of the group's own branch
	BaseRef      string // branch that it is to be merged into
	Pulls        []fact.Ref
}

// Group answers a merge group with one check at its head, which the queue
// waits for: success where every pull request of the group is met at this
// moment, or let through by a broken glass, failure otherwise, so that the queue goes on without it.
// https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue
func (l *Line) Group(ctx context.Context, group Group) error {
	if len(group.Pulls) == 0 {
		return fmt.Errorf("merge group %s of %s/%s: GitHub names no pull request in it", group.SHA, group.Owner, group.Repo)
	}
	saved := store.GroupDecision{
		Ref: fact.Ref{Installation: group.Installation, Owner: group.Owner, Repo: group.Repo}, Head: group.SHA,
	}
	var worst *policy.Decision
	var errs []error
	for _, ref := range group.Pulls {
		ref.Installation = group.Installation
		g, err := l.Gather.Pull(ctx, ref, gather.Hint{})
		if err != nil {
			errs = append(errs, fmt.Errorf("gather %s: %w", ref, err))
			continue
		}
		if g.Missing {
			continue
		}
		g.Proposal = Tested(ctx, g)
		pull, d := Decide(g)
		saved.At = pull.Now
		saved.Members = append(saved.Members, store.Decision{Ref: ref, Decision: d, Pull: pull, Floor: g.Floor, Own: g.Own})
		if worst == nil || severity[d.Status] > severity[worst.Status] {
			worst = &d
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err // not one of them may be left out: try again
	}
	if worst == nil {
		return nil
	}
	worst.Head = group.SHA // in the check, and not in what is kept
	ref := saved.Ref
	ref.Number = worst.Pull.Number
	generation, err := l.Records.NextGeneration(ctx, ref)
	if err != nil {
		return fmt.Errorf("next generation of %s: %w", ref, err)
	}
	actions := plan.Group(*worst, plan.Options{Generation: generation, Digest: apply.Digest})
	check := actions.Actions[0].Check
	saved.Entry = store.GroupEntry{
		Head: group.SHA, Base: group.BaseRef, Check: check.Name, Status: worst.Status, Conclusion: check.Conclusion, Standing: check.ExternalID.String(),
	}
	if actions.Record, err = l.Records.SaveGroup(ctx, saved); err != nil {
		return fmt.Errorf("merge group %s: %w", group.SHA, err)
	}
	_, err = l.Apply.Apply(ctx, ref, actions, *worst)
	return err
}

// severity orders statuses from what may merge to what needs most done.
var severity = map[policy.Status]int{
	policy.Idle: 0, policy.Met: 0, policy.Owed: 1, policy.Waiting: 2, policy.Stuck: 3, policy.Refused: 4, policy.Broken: 5,
}
