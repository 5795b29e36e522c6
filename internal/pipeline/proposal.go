package pipeline

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/policytest"
	"github.com/rolecall/rolecall/internal/replay"
	"github.com/rolecall/rolecall/internal/store"
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
	if g.Policy == nil || p == nil || p.Policy == nil || p.Own == nil && p.Floor == nil || g.Pull.State != "open" || g.Pull.Base.Ref != g.Pull.DefaultBranch {
		return nil, nil
	}
	versions, cacheable := "", true
	for _, s := range []*policy.Source{p.Own, p.Floor} {
		if s != nil {
			versions += s.Name + "@" + s.Blob + " "
			cacheable = cacheable && s.Blob != ""
		}
	}
	for _, s := range d.Policy {
		versions = s.Name + "@" + s.Blob + " " + versions
		cacheable = cacheable && s.Blob != ""
	}
	if p.Floor != nil && g.Pull.Public {
		versions += "public" // who reads it decides what it may say
	}
	if cacheable {
		if known, ok, err := l.Records.Impact(ctx, d.Pull, versions); err != nil || ok {
			return &known, err
		}
	}
	replays := l.onRepository
	if p.Floor != nil {
		replays = l.onOrganisation
	}
	out, err := replays(ctx, g, d.Pull)
	if err != nil {
		return nil, err
	}
	if cacheable {
		err = l.Records.SaveImpact(ctx, d.Pull, versions, out)
	}
	return &out, err
}

const (
	noTime  = "the time for replays ran out"
	notKept = "the facts that they were decided on are no longer kept"
)

// onRepository replays a new version of a repository's policy on its pull
// requests.
func (l *Line) onRepository(ctx context.Context, g gather.Gathered, ref fact.Ref) (policy.Impact, error) {
	i := replay.NewImpact(g.Policy, g.Proposed.Policy)
	left := time.Now().Add(replaying)
	err := l.Records.LatestFacts(ctx, ref, replayed, func(pull fact.Pull, ok bool) error {
		switch {
		case time.Now().After(left):
			i.Skip(noTime)
		case !ok:
			i.Skip(notKept)
		default:
			i.Add(pull)
		}
		return ctx.Err()
	})
	return i.Result(), err
}

// onOrganisation replays a new version of the floor on the pull requests of
// all the organisation's repositories, each beside the policy that its
// repository had when it was decided.
func (l *Line) onOrganisation(ctx context.Context, g gather.Gathered, ref fact.Ref) (policy.Impact, error) {
	type pair struct {
		before, after *policy.Policy
		why           string // there is no after
	}
	pairs := map[string]pair{}
	load := func(own *policy.Source, here bool) pair {
		key := ""
		if own != nil {
			key = string(own.Bytes)
		}
		changed := here && g.Proposed.Own != nil
		if changed {
			key += "\x00"
		}
		known, ok := pairs[key]
		if !ok {
			known.before, _ = policy.Load(g.Floor, own)
			if changed {
				own = g.Proposed.Own
			}
			var diags []policy.Diagnostic
			if known.after, diags = policy.Load(g.Proposed.Floor, own); known.after == nil {
				known.why = firstError(diags)
			}
			pairs[key] = known
		}
		return known
	}
	var i replay.Impact
	var of []fact.Pull // by i.Result().Different
	left := time.Now().Add(replaying)
	err := l.Records.LatestOfOwner(ctx, ref, replayed, func(d store.Decision, ok bool) error {
		if time.Now().After(left) {
			i.Skip(noTime)
			return ctx.Err()
		}
		if !ok {
			i.Skip(notKept)
			return ctx.Err()
		}
		by := load(d.Own, strings.EqualFold(d.Ref.Repo, ref.Repo))
		switch {
		case by.before == nil:
			i.Skip("the policies that they were decided by do not load")
		case by.after == nil:
			i.Between(by.before, nil).Break(d.Pull, by.why)
		default:
			i.Between(by.before, by.after).Add(d.Pull)
		}
		if len(i.Result().Different) > len(of) {
			of = append(of, d.Pull)
		}
		return ctx.Err()
	})
	return told(i.Result(), of, g.Pull), err
}

func firstError(diags []policy.Diagnostic) string {
	for _, d := range diags {
		if d.Severity == policy.SeverityError {
			return fmt.Sprintf("%s:%d: %s. %s", d.Source, d.Line, d.Summary, d.Detail)
		}
	}
	return "it does not load"
}

// told says of which repositories' pull requests an impact is, as far as
// whoever can read the pull request at may know: of a repository that not
// everybody may read, nobody learns a title or the files from it, and from a
// public one not even its name.
func told(i policy.Impact, of []fact.Pull, at fact.Pull) policy.Impact {
	i.Floor = true
	all := i.Different
	i.Different = nil
	for n, d := range all {
		if ref := of[n].Ref; !strings.EqualFold(ref.Repo, at.Repo) {
			if at.Public && !of[n].Public {
				i.Hidden++
				continue
			}
			d.Repo = ref.Owner + "/" + ref.Repo
			if !of[n].Public {
				d.Title = ""
				if d.Broken != "" {
					d.Broken = "what it declares does not fit beside the new floor"
				}
				for _, asked := range [][]policy.Asked{d.Gained, d.Lost} {
					for k := range asked {
						asked[k].Reasons = nil
					}
				}
			}
		}
		i.Different = append(i.Different, d)
	}
	return i
}
