package apply

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// GitHub is what apply writes with: the client of one installation.
type GitHub interface {
	CreateCheckRun(ctx context.Context, owner, repo string, run github.CheckRun) (int64, error)
	UpdateCheckRun(ctx context.Context, owner, repo string, id int64, run github.CheckRun) (took bool, err error)
	RequestReviewers(ctx context.Context, pull fact.Ref, logins, teams []string) error
	RemoveReviewers(ctx context.Context, pull fact.Ref, logins, teams []string) error
	React(ctx context.Context, owner, repo string, comment int64, content string) error
	Assign(ctx context.Context, pull fact.Ref, logins []string) error
	Unassign(ctx context.Context, pull fact.Ref, logins []string) error
	CreateComment(ctx context.Context, pull fact.Ref, body string) (int64, error)
	AddLabel(ctx context.Context, pull fact.Ref, label string) error
	MayWriteIssues(ctx context.Context) (bool, error)
	FindIssue(ctx context.Context, owner, repo, label, marker string) (int, error)
	CreateIssue(ctx context.Context, owner, repo, title, body, label string) (int, error)
	CloseIssue(ctx context.Context, owner, repo string, number int) error
}

// Audit keeps the audit trail.
type Audit interface {
	Audit(ctx context.Context, entries ...store.Entry) error
}

// Recheck is the identifier of the check run's button.
const Recheck = "recheck"

// Applier performs plans for one installation.
type Applier struct {
	GitHub   GitHub
	Audit    Audit
	Sent     Sent
	Settled  time.Duration    // after which what was sent has arrived, or never will
	Commands []report.Command // what /help answers with
	Delivery string           // GUID of the delivery that led here, for the audit trail
	Log      *slog.Logger
	Now      func() time.Time
}

// Apply performs p, which was made for decision d. Check runs and reviewer
// requests go first, side by side; the rest follows one after the other, as
// GitHub asks of writers. Everything is tried unless GitHub wants no more
// calls, but a comment's commands are reacted to only once the rest that they
// ask for is done. The error is that of whatever failed and may succeed later;
// the whole may be planned and applied again; it is an [Unsettled] alone where
// nothing else is to be. Refused are the logins and teams
// ("org/slug") whose review GitHub does not let be requested.
// https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
func (a *Applier) Apply(ctx context.Context, ref fact.Ref, p plan.Plan, d policy.Decision) (refused []string, err error) {
	if len(p.Actions) == 0 {
		return nil, nil
	}
	var checks, revoked, requests, rest []plan.Action
	for _, action := range p.Actions {
		switch action.Kind {
		case plan.CreateCheck, plan.UpdateCheck:
			checks = append(checks, action)
		case plan.RevokeCheck:
			revoked = append(revoked, action)
		case plan.Request, plan.Withdraw:
			requests = append(requests, action)
		default:
			rest = append(rest, action)
		}
	}
	var asked, left outcome
	var wg sync.WaitGroup
	wg.Go(func() { asked = a.each(ctx, ref, requests, p.Record, d) })
	wg.Go(func() { left = a.each(ctx, ref, revoked, p.Record, d) })
	checked := a.each(ctx, ref, checks, p.Record, d)
	wg.Wait()
	err = errors.Join(checked.err, left.err, asked.err, a.audit(ctx, slices.Concat(checked.entries, left.entries, asked.entries)))
	if checked.over || left.over || asked.over || len(rest) == 0 {
		return asked.refused, err
	}
	last := a.each(ctx, ref, rest, p.Record, d)
	err = errors.Join(err, last.err, a.audit(ctx, last.entries))
	if err == nil && last.unsettled != nil {
		err = last.unsettled
	}
	return asked.refused, err
}

// audit records what was done, whether or not anybody still waits for it.
func (a *Applier) audit(ctx context.Context, entries []store.Entry) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTime)
	defer cancel()
	if err := a.Audit.Audit(ctx, entries...); err != nil {
		return fmt.Errorf("audit what was done: %w", err)
	}
	return nil
}

// auditTime bounds how long the database may take.
const auditTime = 10 * time.Second

// outcome is what became of some actions; over is true where no further call
// should be made.
type outcome struct {
	err  error
	over bool
	// unsettled is what may be on its way; nil for nothing.
	unsettled *Unsettled
	refused   []string // reviewers whom GitHub would not have
	entries   []store.Entry
}

func (a *Applier) each(ctx context.Context, ref fact.Ref, actions []plan.Action, head string, d policy.Decision) (out outcome) {
	var errs []error
	failed := map[int64]bool{} // by comment; 0 is what belongs to none
	for _, action := range actions {
		if action.Kind == plan.React && (failed[0] || failed[action.Comment]) {
			continue
		}
		done, err := a.perform(ctx, ref, action, head, d)
		level := slog.LevelInfo
		if err != nil {
			level, done.Error = slog.LevelWarn, err.Error()
		}
		done.Why = action.Why
		out.refused = append(out.refused, done.Refused...)
		a.Log.Log(ctx, level, "acted", "action", action.Kind, "why", action.Why, "refused", done.Refused, "error", done.Error)
		if errors.As(err, &out.unsettled) { // nothing was done
			failed[action.Comment] = true
			continue
		}
		if err != nil && !pointless(action, err) {
			errs = append(errs, fmt.Errorf("%s: %w", action.Kind, err))
			failed[action.Comment] = true
		}
		out.entries = append(out.entries, store.Entry{At: a.Now(), Ref: ref, Delivery: a.Delivery, Kind: string(action.Kind), Actor: action.By, Data: done})
		if out.over = over(ctx, err); out.over {
			break
		}
	}
	out.err = errors.Join(errs...)
	return out
}

// over reports whether no further call should be made: GitHub wants none for a
// while, or nobody waits any longer.
func over(ctx context.Context, err error) bool {
	var e *github.Error
	return ctx.Err() != nil || errors.As(err, &e) && (e.Kind == github.RateLimited || e.Kind == github.Unauthorized)
}

// pointless reports whether an action failed that GitHub would refuse again,
// such as a reaction in a locked conversation: it is on record, and not worth
// trying for ever. That never holds for a check.
func pointless(action plan.Action, err error) bool {
	var e *github.Error
	if action.Kind == plan.CreateCheck || action.Kind == plan.UpdateCheck || !errors.As(err, &e) {
		return false
	}
	switch e.Kind {
	case github.NotFound, github.Permission, github.Forbidden, github.Unprocessable:
		return true
	}
	return false
}

// record is what the audit trail keeps of an action.
type record struct {
	Why        string   `json:"why"`
	Check      string   `json:"check,omitempty"`
	SHA        string   `json:"sha,omitempty"`
	Status     string   `json:"status,omitempty"`
	Conclusion string   `json:"conclusion,omitempty"`
	ExternalID string   `json:"external_id,omitempty"`
	Overtaken  bool     `json:"overtaken,omitempty"` // the run was completed meanwhile, so this is a new one
	Logins     []string `json:"logins,omitempty"`
	Teams      []string `json:"teams,omitempty"`
	Refused    []string `json:"refused,omitempty"` // reviewers whom GitHub would not have
	Comment    int64    `json:"comment,omitempty"`
	Reaction   string   `json:"reaction,omitempty"`
	Label      string   `json:"label,omitempty"`
	// Commands are those that a reply or a reaction answers.
	Commands []answered `json:"commands,omitempty"`
	// Choices say why whoever is requested was chosen, and Overdue what is
	// reminded of.
	Choices []fact.Choice `json:"choices,omitempty"`
	Overdue *plan.Overdue `json:"overdue,omitempty"`
	// Note is what was written down of a broken glass.
	Note  *fact.GlassNote `json:"note,omitempty"`
	Error string          `json:"error,omitempty"`
}

// answered is a command, and what became of it.
type answered struct {
	Text     string          `json:"text"`
	Accepted bool            `json:"accepted"`
	Reasons  []policy.Reason `json:"reasons,omitempty"`
}

func (a *Applier) perform(ctx context.Context, ref fact.Ref, action plan.Action, head string, d policy.Decision) (record, error) {
	done := record{Logins: action.Logins, Teams: action.Teams, Comment: action.Comment, Reaction: action.Reaction, Label: action.Label, Choices: action.Choices}
	for _, v := range action.Verdicts {
		done.Commands = append(done.Commands, answered{v.Command.Text, v.Accepted, v.Reasons})
	}
	var err error
	switch action.Kind {
	case plan.CreateCheck, plan.UpdateCheck, plan.RevokeCheck:
		c := action.Check
		done.Check, done.SHA, done.Status, done.Conclusion, done.ExternalID = c.Name, c.SHA, c.Status, c.Conclusion, c.ExternalID.String()
		run := a.checkRun(c, head)
		if action.Kind == plan.RevokeCheck {
			run = a.revoked(c)
		}
		if action.Kind == plan.UpdateCheck {
			done.Overtaken, err = a.update(ctx, ref, c.ID, run)
		} else {
			_, err = a.GitHub.CreateCheckRun(ctx, ref.Owner, ref.Repo, run)
		}
	case plan.Request:
		done.Refused, err = a.request(ctx, ref, action.Logins, action.Teams)
	case plan.Withdraw:
		err = a.GitHub.RemoveReviewers(ctx, ref, action.Logins, slugs(action.Teams))
	case plan.Assign:
		err = a.GitHub.Assign(ctx, ref, action.Logins)
	case plan.Unassign:
		err = a.GitHub.Unassign(ctx, ref, action.Logins)
	case plan.Label:
		err = a.GitHub.AddLabel(ctx, ref, action.Label)
	case plan.React:
		err = a.GitHub.React(ctx, ref.Owner, ref.Repo, action.Comment, action.Reaction)
	case plan.Remind:
		o := action.Overdue
		done.Overdue = &o
		err = a.comment(ctx, ref, o.Marker(), report.Overdue(d, report.Late{
			Role: o.Role, Project: o.Project, Step: o.Step, Within: o.Within, Asked: o.Asked, OnCall: o.OnCall, Fresh: action.Logins,
		}))
	case plan.Reply:
		done.Note, err = a.reply(ctx, ref, action, d)
	case plan.Remark:
		done.Note, err = &action.Note, a.remark(ctx, ref, action.Note, d)
	default:
		err = fmt.Errorf("unknown kind of action")
	}
	return done, err
}

// update changes a run. One that was completed since it was read keeps its
// conclusion, whatever it is told: it would go on being green with words that
// say otherwise. What it was to say then takes a new run (behaviour 9 in
// docs/github-behaviour.md).
func (a *Applier) update(ctx context.Context, ref fact.Ref, id int64, run github.CheckRun) (overtaken bool, err error) {
	took, err := a.GitHub.UpdateCheckRun(ctx, ref.Owner, ref.Repo, id, run)
	if err != nil || took {
		return false, err
	}
	_, err = a.GitHub.CreateCheckRun(ctx, ref.Owner, ref.Repo, run)
	return true, err
}

// Words is what a check says.
func Words(s plan.Shown) report.Output {
	o := report.Options{Asked: s.Asked, Choices: s.Choices, Draft: s.Draft, Findings: s.Findings, Shares: s.Shares, Forged: s.Forged}
	for _, c := range s.Closed {
		o.Closed = append(o.Closed, report.Closed(c))
	}
	return report.Check(s.Decision, o)
}

// Digest covers everything that a check says, but for what the database alone
// knows: what was replayed from it, and why people were chosen. A check is not
// written anew because that is another, or was lost.
func Digest(s plan.Shown) string {
	if p := s.Decision.Proposal; p != nil && p.Impact != nil {
		without := *p
		without.Impact = nil
		s.Decision.Proposal = &without
	}
	s.Choices = nil
	return Words(s).Digest()
}

// checkRun is the check run to write. The hash of the record is added to what
// it says after its digest was taken: an outcome that has not changed is not
// written again because its record has gone on.
func (a *Applier) checkRun(c plan.Check, head string) github.CheckRun {
	out := Words(c.Shown).WithRecord(head)
	run := github.CheckRun{
		Name: c.Name, HeadSHA: c.SHA, Status: c.Status, Conclusion: c.Conclusion, ExternalID: c.ExternalID.String(),
		Title: out.Title, Summary: out.Summary, Text: out.Text, StartedAt: a.Now(),
		Actions: []github.CheckAction{{Label: "Re-check", Description: "Look at this pull request again", Identifier: Recheck}},
	}
	for _, n := range out.Annotations {
		run.Annotations = append(run.Annotations, github.Annotation(n))
	}
	if c.Status == "completed" {
		run.CompletedAt = run.StartedAt
	}
	return run
}

// revoked is the check run that takes a green back. It is a new one: a
// completed run keeps its conclusion (behaviour 9 in docs/github-behaviour.md).
func (a *Applier) revoked(c plan.Check) github.CheckRun {
	out := report.Left(c.Shown.Decision)
	at := a.Now()
	return github.CheckRun{
		Name: c.Name, HeadSHA: c.SHA, Status: c.Status, Conclusion: c.Conclusion, ExternalID: c.ExternalID.String(),
		Title: out.Title, Summary: out.Summary, StartedAt: at, CompletedAt: at,
		Actions: []github.CheckAction{{Label: "Re-check", Description: "Look at this pull request again", Identifier: Recheck}},
	}
}

// request asks for reviews. GitHub refuses the whole call because of one
// reviewer without access, so then each is asked alone, and those whom GitHub
// will not have are named.
// https://docs.github.com/en/rest/pulls/review-requests#request-reviewers-for-a-pull-request
func (a *Applier) request(ctx context.Context, ref fact.Ref, logins, teams []string) (refused []string, err error) {
	err = a.GitHub.RequestReviewers(ctx, ref, logins, slugs(teams))
	if !unprocessable(err) {
		return nil, err
	}
	if len(logins)+len(teams) == 1 {
		return slices.Concat(logins, teams), nil
	}
	var errs []error
	for i, who := range slices.Concat(logins, teams) {
		var login, team []string
		if i < len(logins) {
			login = []string{who}
		} else {
			team = slugs([]string{who})
		}
		err := a.GitHub.RequestReviewers(ctx, ref, login, team)
		switch {
		case unprocessable(err):
			refused = append(refused, who)
		case err != nil:
			errs = append(errs, err)
		}
		if over(ctx, err) {
			break
		}
	}
	return refused, errors.Join(errs...)
}

func unprocessable(err error) bool {
	var e *github.Error
	return errors.As(err, &e) && e.Kind == github.Unprocessable
}

// slugs turns "org/slug" into the slug, as GitHub's request wants it.
func slugs(teams []string) []string {
	var out []string
	for _, t := range teams {
		_, slug, _ := strings.Cut(t, "/")
		out = append(out, slug)
	}
	return out
}
