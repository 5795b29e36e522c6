package github

import (
	"context"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/google/go-github/v60/github"

	"github.com/rolecall/rolecall/policy/fact"
)

// The bounds that GitHub puts on a check run's output.
// https://docs.github.com/rest/checks/runs
const (
	maxCheckText        = 65535
	maxCheckAnnotations = 50
	maxCheckActions     = 3
)

// CheckRun is a check run to be written. Zero fields are left out.
type CheckRun struct {
	Name       string
	HeadSHA    string
	Status     string // "queued", "in_progress", "completed"
	Conclusion string // only with "completed"
	ExternalID string
	DetailsURL string
	Title      string
	Summary    string // Markdown, at most 65,535 characters
	Text       string // Markdown, at most 65,535 characters
	// Annotations beyond 50 are left out.
	Annotations []Annotation
	// Actions beyond three are left out.
	Actions     []CheckAction
	StartedAt   time.Time
	CompletedAt time.Time
}

// Annotation is a remark at lines of a file.
type Annotation struct {
	Path               string
	StartLine, EndLine int    // 1-based
	Level              string // "notice", "warning", "failure"
	Title, Message     string
}

// CheckAction is a button on a check run.
type CheckAction struct {
	Label       string // at most 20 characters
	Description string // at most 40 characters
	Identifier  string // at most 20 characters
}

// CreateCheckRun writes a new check run and returns its number. GitHub's
// latest run of a name is the one that counts, so trying twice does no harm
// but a second entry.
func (c *Client) CreateCheckRun(ctx context.Context, owner, repo string, run CheckRun) (int64, error) {
	var now writtenRun
	err := c.send(ctx, "create check run", http.MethodPost, fmt.Sprintf("repos/%s/%s/check-runs", owner, repo),
		github.CreateCheckRunOptions{
			Name:        run.Name,
			HeadSHA:     run.HeadSHA,
			Status:      optional(run.Status),
			Conclusion:  optional(run.Conclusion),
			ExternalID:  optional(run.ExternalID),
			DetailsURL:  optional(run.DetailsURL),
			StartedAt:   optionalTime(run.StartedAt),
			CompletedAt: optionalTime(run.CompletedAt),
			Output:      run.output(),
			Actions:     run.actions(),
		}, &now)
	return now.ID, err
}

// writtenRun is what matters of GitHub's answer to a check run's writing.
type writtenRun struct {
	ID         int64  `json:"id"`
	Status     string `json:"status"`
	Conclusion string `json:"conclusion"`
}

// UpdateCheckRun changes the check run with number id. GitHub does not take a
// completed run back to "in_progress": took is false where the run, by GitHub's
// answer, shows another status or conclusion than it was given, because it had
// been completed meanwhile. That needs a new run.
func (c *Client) UpdateCheckRun(ctx context.Context, owner, repo string, id int64, run CheckRun) (took bool, err error) {
	var now writtenRun
	err = c.send(ctx, "update check run", http.MethodPatch, fmt.Sprintf("repos/%s/%s/check-runs/%d", owner, repo, id),
		github.UpdateCheckRunOptions{
			Name:        run.Name,
			Status:      optional(run.Status),
			Conclusion:  optional(run.Conclusion),
			ExternalID:  optional(run.ExternalID),
			DetailsURL:  optional(run.DetailsURL),
			CompletedAt: optionalTime(run.CompletedAt),
			Output:      run.output(),
			Actions:     run.actions(),
		}, &now)
	return err == nil && now.Status == run.Status && now.Conclusion == run.Conclusion, err
}

// LatestCheckRun returns the run of the App's own that GitHub goes by at a
// commit, of one name; ok is false where there is none.
// https://docs.github.com/en/rest/checks/runs#list-check-runs-for-a-git-reference
func (c *Client) LatestCheckRun(ctx context.Context, owner, repo, sha, name string) (last fact.CheckRun, ok bool, err error) {
	err = c.do(ctx, "latest check run", true, func(ctx context.Context) (*github.Response, error) {
		last, ok = fact.CheckRun{}, false
		list, resp, err := c.rest.Checks.ListCheckRunsForRef(ctx, owner, repo, sha, &github.ListCheckRunsOptions{
			CheckName: &name, AppID: &c.app.id, Filter: github.String("latest"), ListOptions: github.ListOptions{PerPage: 100},
		})
		if err != nil {
			return resp, err
		}
		for _, r := range list.CheckRuns {
			if !ok || r.GetID() > last.ID {
				ok, last = true, fact.CheckRun{
					ID: r.GetID(), Name: name, SHA: sha, Ours: true,
					Status: r.GetStatus(), Conclusion: r.GetConclusion(), ExternalID: r.GetExternalID(), StartedAt: r.GetStartedAt().UTC(),
				}
			}
		}
		return resp, nil
	})
	return last, ok, err
}

func (r CheckRun) output() *github.CheckRunOutput {
	if r.Title == "" && r.Summary == "" && r.Text == "" {
		return nil
	}
	out := &github.CheckRunOutput{
		Title:   github.String(r.Title),
		Summary: github.String(cut(r.Summary, maxCheckText)),
		Text:    optional(cut(r.Text, maxCheckText)),
	}
	for _, a := range r.Annotations[:min(len(r.Annotations), maxCheckAnnotations)] {
		out.Annotations = append(out.Annotations, &github.CheckRunAnnotation{
			Path:            github.String(a.Path),
			StartLine:       github.Int(max(a.StartLine, 1)),
			EndLine:         github.Int(max(a.EndLine, a.StartLine, 1)),
			AnnotationLevel: github.String(a.Level),
			Title:           optional(cut(a.Title, 255)),
			Message:         github.String(cut(a.Message, maxCheckText)),
		})
	}
	return out
}

func (r CheckRun) actions() []*github.CheckRunAction {
	var out []*github.CheckRunAction
	for _, a := range r.Actions[:min(len(r.Actions), maxCheckActions)] {
		out = append(out, &github.CheckRunAction{
			Label:       cut(a.Label, 20),
			Description: cut(a.Description, 40),
			Identifier:  cut(a.Identifier, 20),
		})
	}
	return out
}

// cut shortens s to at most n characters.
func cut(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func optionalTime(t time.Time) *github.Timestamp {
	if t.IsZero() {
		return nil
	}
	return &github.Timestamp{Time: t.UTC()}
}
