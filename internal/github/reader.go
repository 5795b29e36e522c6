package github

import (
	"context"
	"net/http"

	"github.com/google/go-github/v60/github"
)

// NewReader returns an App that speaks with a token in the place of an App's
// key, as one person's tool does: every installation is the same to it. c
// needs no App's ID and no key. It makes no call.
func NewReader(c Config, token string) (*App, error) {
	a, err := newApp(c)
	if err != nil {
		return nil, err
	}
	a.token = token
	a.self = a.newClient(0)
	return a, nil
}

// bearer sends a token with each request.
type bearer struct {
	token string
	next  http.RoundTripper
}

func (t bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+t.token)
	return t.next.RoundTrip(req)
}

// Installation finds the App's installation that reaches a repository;
// [NotFound] where there is none. With a token there are none, and it is 0.
// https://docs.github.com/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app
func (a *App) Installation(ctx context.Context, owner, repo string) (int64, error) {
	if a.token != "" {
		return 0, nil
	}
	var id int64
	err := a.self.do(ctx, "installation", true, func(ctx context.Context) (*github.Response, error) {
		i, resp, err := a.self.rest.Apps.FindRepositoryInstallation(ctx, owner, repo)
		id = i.GetID()
		return resp, err
	})
	return id, err
}
