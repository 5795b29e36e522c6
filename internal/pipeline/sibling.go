package pipeline

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Pull requests of one repository may share a head, and those into branches of
// one check share that check too: it shows the strictest of their decisions,
// whichever of them is looked at.
//
// Two of them may be decided at the same moment, each by what was known of the
// other before. So each look reads the others' decisions again once it has
// written and its own decision is saved: of two looks that overlap, the one
// that reads later sees the other's decision, and is taken once more where
// that is news.

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
// before is the decision before this one, zero where there was none.
func (l *Line) left(ctx context.Context, pull fact.Pull, before, d policy.Decision) ([]fact.Ref, error) {
	if pull.State != "open" {
		var out []fact.Ref
		for _, s := range pull.Siblings {
			ref := pull.Ref
			ref.Number = s.Number
			out = append(out, ref)
		}
		return out, nil
	}
	if before.Head == "" || before.Head == d.Head && before.Check == d.Check {
		return nil, nil
	}
	return l.Records.PullsAt(ctx, pull.Ref, before.Head)
}

// checkOf is the name of the check of a pull request into base.
func checkOf(g gather.Gathered, base string) string {
	if g.Policy == nil {
		return checkName(base)
	}
	return g.Policy.CheckName(base)
}
