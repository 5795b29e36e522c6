package apply

import (
	"context"
	"errors"
	"fmt"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// reply answers a comment's commands, and writes down in the same comment what
// became of a /break-glass, so that there is never one without the other.
func (a *Applier) reply(ctx context.Context, ref fact.Ref, action plan.Action, d policy.Decision) (*fact.GlassNote, error) {
	body := ""
	var note *fact.GlassNote
	for _, v := range action.Verdicts {
		if v.Note != nil && (note == nil || v.Note.Kind == fact.GlassBroken) {
			note = v.Note
		}
	}
	if note != nil {
		written := *note
		if written.Kind == fact.GlassBroken && d.Glass != nil {
			issue, err := a.issue(ctx, ref, d)
			if err != nil {
				return nil, err
			}
			glass := *d.Glass
			glass.Issue = issue
			written.Issue, d.Glass = issue, &glass
		}
		note = &written
		body += note.Marker() + "\n"
	}
	return note, a.comment(ctx, ref, plan.ReplyMarker(action.Comment), body+report.Reply(d, action.Verdicts, a.Commands))
}

// debtMarker is the invisible first line of the issue that tracks the debt of
// a pull request.
func debtMarker(number int) string { return fmt.Sprintf("<!-- rolecall:debt:%d -->", number) }

// issue returns the number of the issue that tracks what is owed, which is
// opened where there is none and the installation lets it be; else 0.
func (a *Applier) issue(ctx context.Context, ref fact.Ref, d policy.Decision) (int, error) {
	if d.Glass.Issue != 0 || len(d.Glass.Open()) == 0 {
		return d.Glass.Issue, nil
	}
	may, err := a.GitHub.MayWriteIssues(ctx)
	if err != nil || !may {
		return 0, err
	}
	marker := debtMarker(ref.Number)
	number, err := a.GitHub.FindIssue(ctx, ref.Owner, ref.Repo, fact.GlassLabel, marker)
	if err == nil && number == 0 {
		err = a.once(ctx, ref, marker, func() (err error) {
			title, body := report.DebtIssue(d)
			number, err = a.GitHub.CreateIssue(ctx, ref.Owner, ref.Repo, title, marker+"\n"+body, fact.GlassLabel)
			return err
		})
	}
	if pointlessIssue(err) {
		return 0, nil // a repository without issues: the check and the label tell of it
	}
	return number, err
}

// pointlessIssue reports whether GitHub will never take the issue.
func pointlessIssue(err error) bool {
	var e *github.Error
	return errors.As(err, &e) && (pointless(plan.Action{Kind: plan.Remark}, err) || e.Status == 410)
}

// remark writes down on the pull request what time or a review has brought. An
// issue is closed first: once the note stands, nothing comes back to it.
func (a *Applier) remark(ctx context.Context, ref fact.Ref, note fact.GlassNote, d policy.Decision) error {
	text := ""
	switch note.Kind {
	case fact.GlassReminded:
		text = report.DebtReminder(d, note.Turn)
	case fact.GlassCleared:
		text = report.DebtCleared(d, d.Glass != nil && !d.Glass.MergedAt.IsZero())
		if note.Issue != 0 {
			if err := a.GitHub.CloseIssue(ctx, ref.Owner, ref.Repo, note.Issue); err != nil && !pointlessIssue(err) {
				return err
			}
		}
	default:
		return fmt.Errorf("unknown kind of note %q", note.Kind)
	}
	return a.comment(ctx, ref, note.Marker(), text)
}
