// Package pipeline is the one place that knows the order of the rooms: gather,
// analyse, evaluate, plan, apply. It holds no rule of its own about reviews,
// and must never talk to GitHub or decide anything except through them.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/rolecall/rolecall/internal/analyse"
	"github.com/rolecall/rolecall/internal/apply"
	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Gatherer collects the facts of a pull request.
type Gatherer interface {
	Pull(ctx context.Context, ref fact.Ref, hint gather.Hint) (gather.Gathered, error)
	// Check returns rolecall's latest check run of that name at a commit, as
	// GitHub has it now; ok is false where there is none.
	Check(ctx context.Context, ref fact.Ref, sha, name string) (run fact.CheckRun, ok bool, err error)
}

// Applier performs a plan on GitHub. Refused are the logins and teams
// ("org/slug") whose review GitHub does not let be requested.
type Applier interface {
	Apply(ctx context.Context, ref fact.Ref, p plan.Plan, d policy.Decision) (refused []string, err error)
}

// Records is the part of the store that decisions go through.
type Records interface {
	// Generation returns the greatest generation of ref's checks so far, and
	// NextGeneration gives out one for a merge group's.
	Generation(ctx context.Context, ref fact.Ref) (int64, error)
	NextGeneration(ctx context.Context, ref fact.Ref) (int64, error)
	// SaveDecision keeps a decision with all that it was made from, and
	// returns the hash of the record of it. It fails where its generation is
	// not greater than every one before, since another look came between.
	SaveDecision(ctx context.Context, d store.Decision) (head string, err error)
	// SaveGroup keeps what was decided on a merge group, and returns the hash
	// of the record of it.
	SaveGroup(ctx context.Context, g store.GroupDecision) (head string, err error)
	// Looked notes a look at a pull request that no policy governs.
	Looked(ctx context.Context, ref fact.Ref, at, seen time.Time, state string) error
	// SaveGlass records how a broken glass stands: nil where it is broken no
	// longer; over where nothing will be owed.
	SaveGlass(ctx context.Context, ref fact.Ref, g *policy.Glass, over bool, now time.Time) error
	// Greens returns the checks of a pull request that were to show success,
	// and ForgetGreens forgets some of them.
	Greens(ctx context.Context, ref fact.Ref) ([]store.Green, error)
	ForgetGreens(ctx context.Context, ref fact.Ref, list ...store.Green) error
	// Decided returns the latest decision on a pull request, if there is one.
	Decided(ctx context.Context, ref fact.Ref) (policy.Decision, bool, error)
	// PullsAt returns the other open pull requests of ref's repository whose
	// head is sha, as far as they are known.
	PullsAt(ctx context.Context, ref fact.Ref, sha string) ([]fact.Ref, error)
	// Impact returns what was found for a pair of versions of the policy of
	// ref's repository, and SaveImpact keeps it.
	Impact(ctx context.Context, ref fact.Ref, versions string) (policy.Impact, bool, error)
	SaveImpact(ctx context.Context, ref fact.Ref, versions string, i policy.Impact) error
	// LatestFacts hands on the facts of the latest decision on each of the n
	// most recent pull requests of ref's repository, ref itself left out; ok is
	// false where they are no longer kept.
	LatestFacts(ctx context.Context, ref fact.Ref, n int, each func(pull fact.Pull, ok bool) error) error
	// LatestOfOwner hands on the latest decision on each of the n pull requests
	// that were decided last in all repositories of ref's owner, ref itself left
	// out; ok is false where what they were decided on is no longer kept.
	LatestOfOwner(ctx context.Context, ref fact.Ref, n int, each func(d store.Decision, ok bool) error) error
	// SetAsked remembers whose review of a pull request is requested now, and
	// why, and Learn who worked on which files of one that was merged.
	SetAsked(ctx context.Context, ref fact.Ref, now time.Time, asked []store.Asked) error
	Learn(ctx context.Context, ref fact.Ref, pulls ...store.Merged) error
	// SetUnrequestable remembers, for a while, whose review cannot be
	// requested in ref's repository, unless teams or members have changed since
	// their version was read.
	SetUnrequestable(ctx context.Context, ref fact.Ref, reviewers []string, version int64) error
	TeamsVersion(ctx context.Context, installation int64, org string) (int64, error)
}

// Metrics hears what the pipeline does.
type Metrics interface {
	Evaluated(status policy.Status, took time.Duration)
}

// Line takes pull requests from facts to GitHub. Its fields are set once; its
// methods are safe for concurrent use on different pull requests.
type Line struct {
	Gather  Gatherer
	Apply   Applier
	Records Records
	Metrics Metrics
	// Self returns the login of rolecall's own App, in the form of fact.Login.
	Self func(context.Context) (string, error)
	Log  *slog.Logger
}

// assignment is how long GitHub is given to put members in the place of a team
// that was asked. The events that tell of it bear rolecall's own name, and so
// are taken for echoes of what it did.
// https://docs.github.com/en/organizations/organizing-members-into-teams/managing-code-review-settings-for-your-team
const assignment = 500 * time.Millisecond

// Outcome is what became of one look at a pull request.
type Outcome struct {
	// Decision is nil where no policy governs the pull request.
	Decision *policy.Decision
	// Actions is how many actions were planned; zero when GitHub already
	// showed everything.
	Actions int
	// Next is when to look again although no event comes: when time alone may
	// change the decision, before GitHub calls its check stale, once a team
	// that was asked may have been replaced by its members, or at once where
	// GitHub refused part of it, where it got a label, or where a pull request
	// that shares the check was decided meanwhile. Zero when not.
	Next time.Time
	// Also is what else has to be looked at: the pull requests that shared a
	// check with this one and do no longer, or do from now on.
	Also []fact.Ref
}

// Pull looks at one pull request: it gathers, decides, and brings GitHub to
// show the decision. The error is one of gather's or apply's, and the look can
// be repeated.
func (l *Line) Pull(ctx context.Context, ref fact.Ref, hint gather.Hint) (Outcome, error) {
	started := time.Now()
	self, err := l.Self(ctx)
	if err != nil {
		return Outcome{}, fmt.Errorf("who looks at %s: %w", ref, err)
	}
	// Read first, so that no decision is saved on what another worker has changed
	// since it was gathered: of two that hold one pull request, because one of
	// them was taken for lost, the later to save is overtaken.
	generation, err := l.Records.Generation(ctx, ref)
	if err != nil {
		return Outcome{}, fmt.Errorf("the checks of %s: %w", ref, err)
	}
	g, err := l.Gather.Pull(ctx, ref, hint)
	if err != nil {
		return Outcome{}, fmt.Errorf("gather %s: %w", ref, err)
	}
	if g.Missing {
		return Outcome{}, l.Records.Looked(ctx, ref, g.Pull.Now, g.Pull.UpdatedAt, g.Pull.State)
	}
	g.Proposal = Tested(ctx, g)
	pull, decision := Decide(g)
	if decision.Proposal != nil {
		if decision.Proposal, err = l.foreseen(ctx, g, decision); err != nil {
			return Outcome{}, fmt.Errorf("replay the policy that %s brings: %w", ref, err)
		}
	}
	l.Metrics.Evaluated(decision.Status, time.Since(started))

	generation = max(generation, shownGeneration(pull)) + 1
	siblings, err := l.siblings(ctx, g, decision)
	if err != nil {
		return Outcome{}, fmt.Errorf("what shares a check with %s: %w", ref, err)
	}
	before, known, err := l.Records.Decided(ctx, ref)
	if err != nil {
		return Outcome{}, fmt.Errorf("the decision before on %s: %w", ref, err)
	}
	changed := ""
	if known {
		changed = report.Changed(policy.Compare(before, decision))
	}
	also, err := l.left(ctx, g, pull, before, decision)
	if err != nil {
		return Outcome{}, fmt.Errorf("what shared a check with %s: %w", ref, err)
	}
	greens, err := l.Records.Greens(ctx, ref)
	if err != nil {
		return Outcome{}, fmt.Errorf("the checks of %s so far: %w", ref, err)
	}
	actions := plan.Make(decision, pull, plan.Options{
		Generation: generation, Digest: apply.Digest, Self: self, Siblings: siblings, Greens: shownGreen(greens),
	})
	standing := actions.Standing(decision, pull)
	actions.Record, err = l.Records.SaveDecision(ctx, store.Decision{
		Ref: ref, Generation: generation, At: pull.Now, Standing: standing, Green: actions.Green(),
		Changed: changed, Decision: decision, Pull: pull, Floor: g.Floor, Own: g.Own, SeenUntil: seenUntil(pull, actions),
	})
	if err != nil {
		return Outcome{}, fmt.Errorf("save the decision on %s: %w", ref, err)
	}
	if decision.Glass != nil || len(pull.GlassNotes) > 0 && decision.Status != policy.Broken {
		over := pull.State == "closed" || pull.State == "merged" && len(decision.Glass.Open()) == 0
		if err := l.Records.SaveGlass(ctx, ref, decision.Glass, over, pull.Now); err != nil {
			return Outcome{}, err
		}
	}
	if also, err = l.alsoAt(ctx, ref, actions, also); err != nil {
		return Outcome{}, fmt.Errorf("what shares a check that %s leaves: %w", ref, err)
	}
	teams := int64(0)
	if actions.Asks() {
		if teams, err = l.Records.TeamsVersion(ctx, ref.Installation, ref.Owner); err != nil {
			return Outcome{}, err
		}
	}
	refused, err := l.Apply.Apply(ctx, ref, actions, decision)
	var unsettled *apply.Unsettled
	if err != nil && !errors.As(err, &unsettled) {
		return Outcome{}, fmt.Errorf("apply to %s: %w", ref, err)
	}
	if err := l.Records.ForgetGreens(ctx, ref, over(greens, actions, decision, pull)...); err != nil {
		return Outcome{}, err
	}
	if err := l.remember(ctx, pull, actions, refused); err != nil {
		return Outcome{}, err
	}
	next := sooner(sooner(decision.ValidUntil, actions.Next), actions.Refresh(decision, pull))
	if actions.AsksTeams() {
		next = sooner(next, time.Now().Add(assignment))
	}
	if actions.Labels() { // rules read labels, and the event of our own is no reason to look
		next = time.Now()
	}
	if pull.State != "open" {
		_, next = decision.Glass.Reminders(pull.Now) // nothing else of it matters any more
	}
	if unsettled != nil {
		next = sooner(next, unsettled.Until)
	}
	if len(refused) > 0 { // somebody else may have to be asked, and the check says who is
		if err := l.Records.SetUnrequestable(ctx, ref, refused, teams); err != nil {
			return Outcome{}, err
		}
		next = time.Now()
	}
	if pull.State != "open" {
		siblings = nil // the check is theirs alone
	}
	if again, err := l.overtaken(ctx, decision, siblings, standing); err != nil {
		return Outcome{}, err
	} else if again {
		next = time.Now()
	}
	l.Log.InfoContext(ctx, "decided",
		"head", decision.Head, "check", decision.Check, "status", decision.Status,
		"generation", generation, "actions", len(actions.Actions), "changed", changed)
	return Outcome{Decision: &decision, Actions: len(actions.Actions), Next: next, Also: also}, nil
}

// ownTime is how long rolecall's own writes take, generously.
const ownTime = 15 * time.Second

// seenUntil is until when the facts hold what happened to the pull request:
// its time on GitHub, which rolecall's own writes move on.
func seenUntil(pull fact.Pull, p plan.Plan) time.Time {
	for _, a := range p.Actions {
		if a.Kind != plan.CreateCheck && a.Kind != plan.UpdateCheck && a.Kind != plan.RevokeCheck && a.Kind != plan.React {
			return pull.Now.Add(ownTime)
		}
	}
	return pull.UpdatedAt
}

// sooner is the earlier of two times, of which zero is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Decide is the pure middle of the line: what was gathered → its findings →
// the decision. The pull request comes back with its findings filled in.
func Decide(g gather.Gathered) (fact.Pull, policy.Decision) {
	pull := g.Pull
	pull.Findings = analyse.Analyse(pull.Files, g.Contents)
	if g.Policy == nil {
		return pull, policy.BrokenDecision(pull, checkName(pull.Base.Ref), g.Sources, g.Diagnostics).Propose(g.Proposal)
	}
	return pull, g.Policy.Evaluate(pull).Propose(g.Proposal)
}

// checkName is the check's name where no policy can be asked for it.
func checkName(base string) string { return "rolecall: " + base }

// shownGeneration is the highest generation among rolecall's own checks that
// GitHub shows, so that a database that was lost never counts backwards.
func shownGeneration(pull fact.Pull) int64 {
	var highest int64
	for _, c := range pull.Checks {
		if !c.Ours {
			continue
		}
		if id, err := plan.ParseExternalID(c.ExternalID); err == nil {
			highest = max(highest, id.Generation)
		}
	}
	return highest
}
