package github

import (
	"context"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/rolecall/rolecall/policy/fact"
)

// MayWriteIssues reports whether the installation grants more than the
// manifest asks for: to write issues.
// https://docs.github.com/rest/apps/apps#get-an-installation-for-the-authenticated-app
func (c *Client) MayWriteIssues(ctx context.Context) (bool, error) {
	level := ""
	err := c.app.self.do(ctx, "installation", true, func(ctx context.Context) (*github.Response, error) {
		i, resp, err := c.app.self.rest.Apps.GetInstallation(ctx, c.installation)
		if err == nil {
			level = i.GetPermissions().GetIssues()
		}
		return resp, err
	})
	return level == "write", err
}

// FindIssue returns the number of the issue of rolecall's own that bears the
// label and begins with marker, open or closed; 0 where there is none.
func (c *Client) FindIssue(ctx context.Context, owner, repo, label, marker string) (int, error) {
	self, err := c.app.Identity(ctx)
	if err != nil {
		return 0, err
	}
	found := 0
	err = c.pages(ctx, "find issue", maxOpenPulls, func(ctx context.Context, o github.ListOptions) (*github.Response, error) {
		issues, resp, err := c.rest.Issues.ListByRepo(ctx, owner, repo, &github.IssueListByRepoOptions{
			State: "all", Labels: []string{label}, ListOptions: o,
		})
		for _, i := range issues {
			mine := fact.Login(i.GetUser().GetLogin()) == self.Login && i.GetUser().GetType() == "Bot"
			if mine && !i.IsPullRequest() && strings.HasPrefix(i.GetBody(), marker) && found == 0 {
				found = i.GetNumber()
			}
		}
		return resp, err
	})
	return found, err
}

// CreateIssue opens an issue and returns its number. Like a comment it is not
// tried again after a failure, since GitHub may have made it.
func (c *Client) CreateIssue(ctx context.Context, owner, repo, title, body, label string) (int, error) {
	n, err := write(ctx, c, "create issue", func(ctx context.Context) (*github.Issue, *github.Response, error) {
		return c.rest.Issues.Create(ctx, owner, repo, &github.IssueRequest{
			Title: github.String(title), Body: github.String(cut(body, maxCheckText)), Labels: &[]string{label},
		})
	}, func(i *github.Issue) int64 { return int64(i.GetNumber()) })
	return int(n), err
}

// CloseIssue closes an issue; closing it twice does nothing.
func (c *Client) CloseIssue(ctx context.Context, owner, repo string, number int) error {
	_, err := write(ctx, c, "close issue", func(ctx context.Context) (*github.Issue, *github.Response, error) {
		return c.rest.Issues.Edit(ctx, owner, repo, number, &github.IssueRequest{State: github.String("closed")})
	}, (*github.Issue).GetID)
	return err
}
