package pipeline

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/policytest"
	"github.com/rolecall/rolecall/internal/replay"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// The bounds of what a pull request that changes the policy may cost. Anybody
// can open one, with any policy and any tests in it.
const (
	maxTests  = 500
	maxFailed = 20               // failed tests that are told
	testing   = 10 * time.Second // all tests together
	replaying = 10 * time.Second // all replays together
	replayed  = 50               // pull requests
)

// Tested returns the proposal with its policy's tests run, which Decide needs
// to say what the server would. It changes nothing of g.
func Tested(ctx context.Context, g gather.Gathered) *policy.Proposal {
	if g.Proposal == nil || g.Proposed == nil || g.Proposed.Policy == nil || len(g.Proposed.Tests) == 0 {
		return g.Proposal
	}
	out := *g.Proposal
	out.Failed = append([]policy.TestFailure(nil), out.Failed...)
	ctx, cancel := context.WithTimeout(ctx, testing)
	defer cancel()
	fail := func(f policy.TestFailure) {
		if len(out.Failed) < maxFailed {
			out.Failed = append(out.Failed, f)
		}
	}
	for _, source := range g.Proposed.Tests {
		suite, diags := policytest.Load(&source, g.Proposed.Policy)
		if suite == nil {
			for _, d := range diags {
				if d.Severity == policy.SeverityError {
					fail(policy.TestFailure{Source: source.Name, Line: d.Line, Message: d.Summary + ". " + d.Detail})
				}
			}
			continue
		}
		for _, t := range suite.Tests {
			if out.Tests == maxTests || ctx.Err() != nil {
				fail(policy.TestFailure{Source: source.Name, Line: t.Line, Name: t.Name, Message: "it was not run: all tests together are too many, or take too long"})
				return &out
			}
			out.Tests++
			if r := suite.Run(t); len(r.Failures) > 0 {
				fail(failure(r))
			}
		}
	}
	return &out
}

func failure(r policytest.Result) policy.TestFailure {
	var said []string
	for _, f := range r.Failures {
		said = append(said, fmt.Sprintf("%s: want %s, got %s", f.What, f.Want, f.Got))
	}
	return policy.TestFailure{Source: r.File, Line: r.Line, Name: r.Name, Message: strings.Join(said, "; ")}
}

// foreseen returns the decision's proposal with its impact.
func (l *Line) foreseen(ctx context.Context, g gather.Gathered, d policy.Decision) (*policy.Proposal, error) {
	out := *d.Proposal
	var err error
	out.Impact, err = l.impact(ctx, g, d)
	return &out, err
}

// impact replays the policy in force, and the version that the pull request
// brings, on the stored facts of the pull requests decided last: once for each
// pair of versions, and at no call to GitHub. nil where nothing comes into
// force by merging it, or nothing would change.
func (l *Line) impact(ctx context.Context, g gather.Gathered, d policy.Decision) (*policy.Impact, error) {
	p := g.Proposed
	if g.Policy == nil || p == nil || p.Policy == nil || p.Own == nil || g.Pull.State != "open" || g.Pull.Base.Ref != g.Pull.DefaultBranch {
		return nil, nil
	}
	versions, cacheable := p.Own.Blob, p.Own.Blob != ""
	for _, s := range d.Policy {
		versions = s.Name + "@" + s.Blob + " " + versions
		cacheable = cacheable && s.Blob != ""
	}
	if cacheable {
		if known, ok, err := l.Records.Impact(ctx, d.Pull, versions); err != nil || ok {
			return &known, err
		}
	}
	i := replay.NewImpact(g.Policy, p.Policy)
	left := time.Now().Add(replaying)
	err := l.Records.LatestFacts(ctx, d.Pull, replayed, func(pull fact.Pull, ok bool) error {
		switch {
		case time.Now().After(left):
			i.Skip("the time for replays ran out")
		case !ok:
			i.Skip("the facts that they were decided on are no longer kept")
		default:
			i.Add(pull)
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	out := i.Result()
	if cacheable {
		err = l.Records.SaveImpact(ctx, d.Pull, versions, out)
	}
	return &out, err
}
