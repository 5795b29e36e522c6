package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Pull requests of one repository may share a head, and those into branches of
// one check share that check too: it shows the strictest of their decisions,
// whichever of them is looked at.
//
// Two of them may be decided at the same moment, each by what was known of the
// other before. So each look saves its decision, then writes, then reads the
// others' decisions and the check again, and is taken once more where either is
// news. Of two looks that overlap, take the one whose write GitHub has last:
// if the other's decision was saved when it reads, it sees that decision; if
// not, the other has yet to read the check, and sees that write.

// siblings returns the decisions on the other open pull requests that show the
// same check at the same head. The latest one that is on record counts; where
// there is none for this head, the pull request is decided here and now.
func (l *Line) siblings(ctx context.Context, g gather.Gathered, d policy.Decision) ([]policy.Decision, error) {
	var out []policy.Decision
	for _, s := range g.Pull.Siblings {
		if s.Number == d.Pull.Number || checkOf(g, s.Base) != d.Check {
			continue
		}
		ref := d.Pull
		ref.Number = s.Number
		known, ok, err := l.Records.Decided(ctx, ref)
		if err != nil {
			return nil, err
		}
		if !ok || known.Head != d.Head || known.Check != d.Check {
			other, err := l.Gather.Pull(ctx, ref, gather.Hint{HeadSHA: d.Head, BaseSHA: g.Pull.Base.SHA})
			if err != nil {
				return nil, fmt.Errorf("gather %s, which shares the head: %w", ref, err)
			}
			if other.Missing {
				continue
			}
			other.Proposal = Tested(ctx, other)
			_, known = Decide(other)
		}
		if known.Head == d.Head && known.Check == d.Check {
			out = append(out, known)
		}
	}
	return out, nil
}

// overtaken reports whether another look came between: a sibling's decision is
// news, or the check that was to stand is not what GitHub shows.
func (l *Line) overtaken(ctx context.Context, d policy.Decision, went []policy.Decision, standing string) (bool, error) {
	if len(went) == 0 {
		return false, nil
	}
	if moved, err := l.moved(ctx, went); err != nil || moved {
		return moved, err
	}
	run, ok, err := l.Gather.Check(ctx, d.Pull, d.Head, d.Check)
	if err != nil {
		return false, fmt.Errorf("the check of %s once it was written: %w", d.Pull, err)
	}
	for _, other := range went {
		d = plan.Strictest(d, other)
	}
	status, conclusion := plan.State(d)
	return !ok || run.Status != status || run.Conclusion != conclusion || !sameWords(run.ExternalID, standing), nil
}

// sameWords compares what two check runs say, by their external_id.
func sameWords(a, b string) bool {
	x, errX := plan.ParseExternalID(a)
	y, errY := plan.ParseExternalID(b)
	return errX == nil && errY == nil && x.Digest == y.Digest
}

// moved reports whether a sibling's decision is another than the one that a
// look went by.
func (l *Line) moved(ctx context.Context, went []policy.Decision) (bool, error) {
	for _, was := range went {
		now, ok, err := l.Records.Decided(ctx, was.Pull)
		if err != nil {
			return false, err
		}
		if ok && now.Head == was.Head && now.Check == was.Check && !same(now, was) {
			return true, nil
		}
	}
	return false, nil
}

// same compares decisions as they are recorded.
func same(a, b policy.Decision) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// left returns the pull requests that shared a check with this one, which has
// moved on to another head or base or is closed: the check is theirs alone now.
// With them come those whose check it shares from now on, since they may be
// looked at just now as if it were theirs alone. before is the decision before
// this one, zero where there was none.
func (l *Line) left(ctx context.Context, g gather.Gathered, pull fact.Pull, before, d policy.Decision) ([]fact.Ref, error) {
	if pull.State != "open" {
		var out []fact.Ref
		for _, s := range pull.Siblings {
			ref := pull.Ref
			ref.Number = s.Number
			out = append(out, ref)
		}
		return out, nil
	}
	if before.Head == d.Head && before.Check == d.Check {
		return nil, nil
	}
	var out []fact.Ref
	if before.Head != "" {
		var err error
		if out, err = l.Records.PullsAt(ctx, pull.Ref, before.Head); err != nil {
			return nil, err
		}
	}
	for _, s := range pull.Siblings {
		ref := pull.Ref
		ref.Number = s.Number
		if checkOf(g, s.Base) == d.Check && !slices.Contains(out, ref) {
			out = append(out, ref)
		}
	}
	return out, nil
}

// checkOf is the name of the check of a pull request into base.
func checkOf(g gather.Gathered, base string) string {
	if g.Policy == nil {
		return checkName(base)
	}
	return g.Policy.CheckName(base)
}
