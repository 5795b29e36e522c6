package github

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-github/v60/github"

	"github.com/rolecall/rolecall/policy/fact"
)

// RequestReviewers asks people and teams, by slug without the organisation,
// to review. GitHub refuses the whole call ([Unprocessable]) for one who has
// no access or is the author. Asking again who is already asked does nothing.
func (c *Client) RequestReviewers(ctx context.Context, pull fact.Ref, logins, teams []string) error {
	body := github.ReviewersRequest{Reviewers: logins, TeamReviewers: teams}
	return c.send(ctx, "request reviewers", http.MethodPost, requested(pull), body, io.Discard)
}

func requested(pull fact.Ref) string {
	return fmt.Sprintf("repos/%s/%s/pulls/%d/requested_reviewers", pull.Owner, pull.Repo, pull.Number)
}

// RemoveReviewers withdraws requests, of people and of teams by slug.
func (c *Client) RemoveReviewers(ctx context.Context, pull fact.Ref, logins, teams []string) error {
	// GitHub's contract requires "reviewers" here even where only teams go,
	// and go-github leaves an empty list out.
	body := struct {
		Reviewers     []string `json:"reviewers"`
		TeamReviewers []string `json:"team_reviewers"`
	}{append([]string{}, logins...), append([]string{}, teams...)}
	return c.send(ctx, "remove reviewers", http.MethodDelete, requested(pull), body, io.Discard)
}

// React sets a reaction ("+1", "-1", "eyes", "confused", "rocket", …) on a
// comment of a pull request's conversation; setting it twice does nothing.
func (c *Client) React(ctx context.Context, owner, repo string, comment int64, content string) error {
	_, err := write(ctx, c, "react", func(ctx context.Context) (*github.Reaction, *github.Response, error) {
		return c.rest.Reactions.CreateIssueCommentReaction(ctx, owner, repo, comment, content)
	}, (*github.Reaction).GetID)
	return err
}

// Assign adds assignees. GitHub silently leaves out who cannot be assigned.
func (c *Client) Assign(ctx context.Context, pull fact.Ref, logins []string) error {
	_, err := write(ctx, c, "assign", func(ctx context.Context) (*github.Issue, *github.Response, error) {
		return c.rest.Issues.AddAssignees(ctx, pull.Owner, pull.Repo, pull.Number, logins)
	}, (*github.Issue).GetID)
	return err
}

// Unassign removes assignees.
func (c *Client) Unassign(ctx context.Context, pull fact.Ref, logins []string) error {
	_, err := write(ctx, c, "unassign", func(ctx context.Context) (*github.Issue, *github.Response, error) {
		return c.rest.Issues.RemoveAssignees(ctx, pull.Owner, pull.Repo, pull.Number, logins)
	}, (*github.Issue).GetID)
	return err
}

// CreateComment adds a comment to the conversation and returns its number. It
// is not tried again after a failure, since GitHub may have written it.
func (c *Client) CreateComment(ctx context.Context, pull fact.Ref, body string) (int64, error) {
	return write(ctx, c, "create comment", func(ctx context.Context) (*github.IssueComment, *github.Response, error) {
		return c.rest.Issues.CreateComment(ctx, pull.Owner, pull.Repo, pull.Number,
			&github.IssueComment{Body: github.String(cut(body, maxCheckText))})
	}, (*github.IssueComment).GetID)
}

// AddLabel sets a label, which GitHub creates where the repository has none
// of that name.
func (c *Client) AddLabel(ctx context.Context, pull fact.Ref, label string) error {
	// go-github sends a bare list, which GitHub's contract does not have.
	return c.send(ctx, "add label", http.MethodPost, fmt.Sprintf("repos/%s/%s/issues/%d/labels", pull.Owner, pull.Repo, pull.Number),
		map[string][]string{"labels": {label}}, io.Discard)
}

// write performs one write and picks the number of what was written. Writes
// are never repeated here: whether that is safe is the caller's to know.
func write[T any](ctx context.Context, c *Client, op string, call func(context.Context) (T, *github.Response, error), id func(T) int64) (int64, error) {
	var out int64
	err := c.writeOnly(ctx, op, func(ctx context.Context) (*github.Response, error) {
		v, resp, err := call(ctx)
		if err == nil {
			out = id(v)
		}
		return resp, err
	})
	return out, err
}

// send performs one write that go-github has no call for, or whose answer it
// would take apart in full: all of a pull request, for the sake of nothing.
// Out is what the answer is decoded to, or io.Discard.
func (c *Client) send(ctx context.Context, op, method, path string, body, out any) error {
	return c.writeOnly(ctx, op, func(ctx context.Context) (*github.Response, error) {
		req, err := c.rest.NewRequest(method, path, body)
		if err != nil {
			return nil, err
		}
		return c.answer(ctx, req, out)
	})
}

// answer makes a call and decodes what is used of its answer; nothing where out
// is nil or io.Discard, or the answer is empty.
func (c *Client) answer(ctx context.Context, req *http.Request, out any) (*github.Response, error) {
	if out == nil || out == io.Discard {
		return c.rest.Do(ctx, req, out)
	}
	body := answers.Get().(*bytes.Buffer) //nolint:forcetypeassert // nothing else is in it
	defer done(body)
	resp, err := c.rest.Do(ctx, req, body)
	if err == nil && body.Len() > 0 {
		err = json.Unmarshal(body.Bytes(), out, lenient)
	}
	return resp, err
}

// answers are used again: what is decoded from them are copies.
var answers = sync.Pool{New: func() any { return &bytes.Buffer{} }}

// done gives an answer back; a large one is not worth keeping.
func done(answer *bytes.Buffer) {
	if answer.Cap() <= 256<<10 {
		answer.Reset()
		answers.Put(answer)
	}
}

// lenient takes JSON as encoding/json does: what GitHub sends is not ours to
// find fault with.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), json.MatchCaseInsensitiveNames(true))

func (c *Client) writeOnly(ctx context.Context, op string, call func(context.Context) (*github.Response, error)) error {
	return c.do(ctx, op, false, call)
}
