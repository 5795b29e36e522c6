package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/pipeline"
	"github.com/rolecall/rolecall/policy/fact"
)

// live is the flags of a command that reads a pull request from GitHub. Names
// in the environment are those of serve.
type live struct {
	Token          string `name:"token" env:"GITHUB_TOKEN" placeholder:"TOKEN" help:"A token that may read the repository and the organisation's teams. Better given by the environment than by the flag. Not needed with APP_ID."`
	AppID          string `name:"app-id" env:"APP_ID" placeholder:"ID" help:"The GitHub App's ID, to read as the App does."`
	PrivateKey     string `env:"PRIVATE_KEY" placeholder:"PEM" help:"The App's private key: PEM, or PEM in base64."`
	PrivateKeyPath string `env:"PRIVATE_KEY_PATH" placeholder:"FILE" help:"A file that holds the private key, in place of PRIVATE_KEY."`
	GithubURL      string `name:"github-url" env:"GITHUB_URL" default:"https://api.github.com/" placeholder:"URL" help:"The root of GitHub's REST API (${default}); for GitHub Enterprise Server https://HOST/api/v3/."`
}

// connect makes the way to GitHub, by the App's key or by a token, and finds
// the installation that reaches ref.
func (l *live) connect(ctx context.Context, ref *fact.Ref) (*github.App, error) {
	config := github.Config{URL: l.GithubURL, Logger: slog.New(slog.DiscardHandler)}
	if l.AppID == "" {
		if l.Token == "" {
			return nil, errors.New("no credentials for GitHub\nhint: set GITHUB_TOKEN, or APP_ID and PRIVATE_KEY or PRIVATE_KEY_PATH")
		}
		return github.NewReader(config, l.Token)
	}
	var err error
	if config.AppID, err = strconv.ParseInt(l.AppID, 10, 64); err != nil {
		return nil, fmt.Errorf("APP_ID is %q, and an App's ID is a number", l.AppID)
	}
	config.PrivateKey, err = (credentials{PrivateKey: l.PrivateKey, PrivateKeyPath: l.PrivateKeyPath}).key()
	if err != nil {
		return nil, err
	}
	app, err := github.NewApp(config)
	if err != nil {
		return nil, err
	}
	ref.Installation, err = app.Installation(ctx, ref.Owner, ref.Repo)
	var refused *github.Error
	if errors.As(err, &refused) && refused.Kind == github.NotFound {
		return nil, fmt.Errorf("the App is not installed on %s/%s, or there is no such repository", ref.Owner, ref.Repo)
	}
	return app, err
}

// look reads one pull request without keeping anything.
func look(ctx context.Context, app *github.App, ref fact.Ref, o gather.Options) (gather.Gathered, error) {
	o.Wants, o.Logger = pipeline.Wants, slog.New(slog.DiscardHandler)
	g, err := gather.New(app, gather.Once{}, o).Pull(ctx, ref, gather.Hint{})
	if err != nil {
		return g, fmt.Errorf("read %s: %w", pullName(ref), err)
	}
	return g, nil
}

// pullName names a pull request as people do.
func pullName(ref fact.Ref) string { return fmt.Sprintf("%s/%s#%d", ref.Owner, ref.Repo, ref.Number) }

var shortPull = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9-]*)/([A-Za-z0-9._-]+)#([0-9]{1,9})$`)

// pullRef reads a pull request's address, "https://HOST/OWNER/REPO/pull/N", or
// its short form, "OWNER/REPO#N". The host must be that of the API, so that
// credentials go nowhere else.
func (l *live) pullRef(address string) (fact.Ref, error) {
	if m := shortPull.FindStringSubmatch(address); m != nil {
		n, _ := strconv.Atoi(m[3])
		return fact.Ref{Owner: m[1], Repo: m[2], Number: n}, nil
	}
	u, err := url.Parse(address)
	wrong := fmt.Errorf("%q is no pull request's address: write https://github.com/OWNER/REPO/pull/N, or OWNER/REPO#N", address)
	if err != nil || u.Host == "" {
		return fact.Ref{}, wrong
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) < 4 || parts[2] != "pull" {
		return fact.Ref{}, wrong
	}
	n, err := strconv.Atoi(parts[3])
	if err != nil || n < 1 {
		return fact.Ref{}, wrong
	}
	api, err := url.Parse(l.GithubURL)
	if err != nil || u.Host != api.Host && "api."+u.Host != api.Host {
		return fact.Ref{}, fmt.Errorf("the pull request is on %s, and the API on %s\nhint: name the API with --github-url, such as https://%[1]s/api/v3/", u.Host, api.Host)
	}
	return fact.Ref{Owner: parts[0], Repo: parts[1], Number: n}, nil
}
