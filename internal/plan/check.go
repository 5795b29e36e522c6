package plan

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// refreshAfter is the age at which an unfinished check run is replaced: GitHub
// calls it stale after 14 days.
// https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/about-status-checks
const refreshAfter = 13 * 24 * time.Hour

// State returns the check run's status and conclusion for a decision. Waiting
// is in_progress; "neutral" and "skipped" would pass as required checks and
// are never used.
func State(d policy.Decision) (status, conclusion string) {
	if d.Observe && d.Status != policy.Broken {
		return "completed", "success"
	}
	switch d.Status {
	case policy.Met, policy.Idle, policy.Owed:
		return "completed", "success"
	case policy.Waiting:
		return "in_progress", ""
	case policy.Stuck:
		return "completed", "action_required"
	default: // refused, broken, and whatever is not known
		return "completed", "failure"
	}
}

// Strictest returns which of two decisions a check shows that they share: the
// one that is further from success, and of equals the one on the older pull
// request, so that both agree.
func Strictest(d, other policy.Decision) policy.Decision {
	rank := func(d policy.Decision) int {
		_, conclusion := State(d)
		return slices.Index([]string{"success", "", "action_required", "failure"}, conclusion)
	}
	if cmp.Or(rank(other)-rank(d), d.Pull.Number-other.Pull.Number) > 0 {
		return other
	}
	return d
}

// shown is what the check is to say.
func shown(d policy.Decision, pull fact.Pull, o Options, a asks) Shown {
	s := Shown{Decision: d, Asked: a.asked, Choices: a.choices, Closed: a.closed, Draft: pull.Draft && d.Status == policy.Waiting, Findings: pull.Findings}
	for _, other := range o.Siblings {
		if other.Check == d.Check && other.Head == d.Head && other.Pull.Number != d.Pull.Number {
			s.Decision = Strictest(s.Decision, other)
			s.Shares = append(s.Shares, other.Pull.Number)
			s.Asked, s.Choices, s.Closed, s.Draft, s.Findings = nil, nil, nil, false, fact.Findings{} // the pull requests must agree on every word
		}
	}
	if len(s.Shares) > 0 {
		s.Shares = append(s.Shares, d.Pull.Number)
		slices.Sort(s.Shares)
		s.Shares = slices.DeleteFunc(s.Shares, func(n int) bool { return n == s.Decision.Pull.Number })
	}
	for _, r := range pull.Checks {
		if !r.Ours && r.Name == d.Check && r.SHA == d.Head {
			s.Forged = append(s.Forged, cmp.Or(r.Conclusion, r.Status))
		}
	}
	slices.Sort(s.Forged)
	return s
}

// check brings the check run at the evaluated SHA to show s. GitHub does not
// take a completed run back to in_progress, and whether it lets a conclusion
// change is not documented (behaviour 9 in docs/github-behaviour.md), so
// whatever a completed run must no longer say takes a new run of the same
// name; everything else is an update.
func check(s Shown, pull fact.Pull, o Options) Action {
	d := s.Decision
	want := Check{
		Name: d.Check, SHA: d.Head, Shown: s,
		ExternalID: ExternalID{Number: pull.Number, Generation: o.Generation, Digest: o.Digest(s)},
	}
	want.Status, want.Conclusion = State(d)

	run, ok := latest(pull.Checks, d.Check, d.Head)
	switch {
	case !ok:
		return Action{Kind: CreateCheck, Check: want, Why: "there is no check at this head yet"}
	case run.Status == "completed" && want.Status != "completed":
		return Action{Kind: CreateCheck, Check: want, Why: "a completed check has to wait again"}
	case run.Status == "completed" && run.Conclusion != want.Conclusion:
		return Action{Kind: CreateCheck, Check: want, Why: fmt.Sprintf("a completed check has to say otherwise: the decision is now %s", d.Status)}
	case run.Rerun:
		return Action{Kind: CreateCheck, Check: want, Why: "somebody asked for the check to run again"}
	case run.Status != "completed" && want.Status != "completed" && !run.StartedAt.IsZero() && pull.Now.Sub(run.StartedAt) >= refreshAfter:
		return Action{Kind: CreateCheck, Check: want, Why: "the check would soon be called stale"}
	case run.Status != want.Status || run.Conclusion != want.Conclusion:
		want.ID = run.ID
		return renewed(Action{Kind: UpdateCheck, Check: want, Why: fmt.Sprintf("the decision is now %s", d.Status)})
	}
	if id, err := ParseExternalID(run.ExternalID); err != nil || id.Digest != want.ExternalID.Digest {
		want.ID = run.ID
		return renewed(Action{Kind: UpdateCheck, Check: want, Why: "what the check says has changed"})
	}
	return Action{}
}

// renewed makes a new run of an update where the run has, or may have had,
// annotations: GitHub adds those of an update to the ones that are there.
// https://docs.github.com/en/rest/checks/runs#update-a-check-run
func renewed(a Action) Action {
	if a.Check.Shown.Decision.Proposal != nil {
		a.Kind, a.Check.ID = CreateCheck, 0
	}
	return a
}

// Standing is the external_id of the check that shows the decision once the
// plan is done: the one that it writes, or the one that is left as it is. It
// is "" where there is none.
func (p Plan) Standing(d policy.Decision, pull fact.Pull) string {
	for _, a := range p.Actions {
		if a.Kind == CreateCheck || a.Kind == UpdateCheck {
			return a.Check.ExternalID.String()
		}
	}
	run, _ := latest(pull.Checks, d.Check, d.Head)
	return run.ExternalID
}

// Refresh is when the check that stands once the plan is done has to be
// written anew, because GitHub would call it stale; zero where it is complete.
func (p Plan) Refresh(d policy.Decision, pull fact.Pull) time.Time {
	if pull.State != "open" {
		return time.Time{}
	}
	run, unfinished := latest(pull.Checks, d.Check, d.Head)
	started := run.StartedAt
	unfinished = unfinished && run.Status != "completed"
	for _, a := range p.Actions {
		switch a.Kind {
		case CreateCheck:
			started, unfinished = pull.Now, a.Check.Status != "completed"
		case UpdateCheck:
			unfinished = a.Check.Status != "completed"
		}
	}
	if !unfinished || started.IsZero() {
		return time.Time{}
	}
	return started.Add(refreshAfter)
}

// latest returns the run that GitHub goes by: the newest of rolecall's own.
func latest(runs []fact.CheckRun, name, sha string) (last fact.CheckRun, ok bool) {
	for _, r := range runs {
		if r.Ours && r.Name == name && r.SHA == sha && (!ok || r.ID > last.ID) {
			last, ok = r, true
		}
	}
	return last, ok
}

// Group is the plan for a merge group, whose head is the decision's: one check
// that is complete, since nobody reviews a group and the queue waits for it.
func Group(d policy.Decision, o Options) Plan {
	s := Shown{Decision: d}
	want := Check{Name: d.Check, SHA: d.Head, Shown: s, ExternalID: ExternalID{Generation: o.Generation, Digest: o.Digest(s)}}
	want.Status, want.Conclusion = State(d)
	if want.Status != "completed" {
		want.Status, want.Conclusion = "completed", "failure"
	}
	return Plan{Actions: []Action{{Kind: CreateCheck, Check: want, Why: "the merge queue asks"}}}
}
