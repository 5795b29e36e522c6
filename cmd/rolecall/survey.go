package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/pipeline"
	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/survey"
	"github.com/rolecall/rolecall/policy/fact"
)

// surveyFlags are what the surveys share: how they are printed, and how they
// reach GitHub where they are asked to.
type surveyFlags struct {
	Github         bool     `help:"Read GitHub itself, as the App, in place of what is on this machine; needs --repo."`
	Repository     []string `name:"repo" sep:"," placeholder:"OWNER/NAME" help:"The repositories to look at; several, separated by commas."`
	AppID          int64    `name:"app-id" env:"APP_ID" placeholder:"ID" help:"The GitHub App's ID, for --github."`
	PrivateKey     string   `env:"PRIVATE_KEY" placeholder:"PEM" help:"The App's private key: PEM, or PEM in base64. Better given by the environment than by the flag."`
	PrivateKeyPath string   `env:"PRIVATE_KEY_PATH" placeholder:"FILE" help:"A file that holds the private key, in place of PRIVATE_KEY."`
	GithubURL      string   `name:"github-url" env:"GITHUB_URL" default:"https://api.github.com/" placeholder:"URL" help:"The root of GitHub's REST API (${default})."`
	Format         string   `enum:"table,json,markdown" default:"table" help:"One of ${enum}."`
}

// storeFlags say where the server keeps what it knows.
type storeFlags struct {
	DatabaseURL string `name:"database-url" env:"DATABASE_URL" placeholder:"URL" help:"postgres://… for PostgreSQL; left out: an SQLite file below --data. A running server is not disturbed."`
	Data        string `env:"ROLECALL_DATA" default:"data" placeholder:"DIR" help:"The folder of the SQLite file (${default})."`
}

// tabled is a survey: it prints as JSON and as tables.
type tabled interface{ Tables() []report.Table }

func (f surveyFlags) print(s streams, v tabled) error {
	switch f.Format {
	case "json":
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		return e.Encode(v)
	case "markdown":
		return report.TablesMarkdown(s.out, v.Tables())
	}
	return report.TablesText(s.out, v.Tables(), isTerminal(s))
}

// app is the way to GitHub.
func (f surveyFlags) app() (*github.App, error) {
	if f.AppID == 0 {
		return nil, errors.New("--github speaks as the App: set APP_ID, and PRIVATE_KEY or PRIVATE_KEY_PATH")
	}
	key, err := credentials{PrivateKey: f.PrivateKey, PrivateKeyPath: f.PrivateKeyPath}.key()
	if err != nil {
		return nil, err
	}
	return github.NewApp(github.Config{URL: f.GithubURL, AppID: f.AppID, PrivateKey: key, Logger: slog.New(slog.DiscardHandler)})
}

// repositories are the references of --repo, with their installations.
func (f surveyFlags) repositories(ctx context.Context, app *github.App) ([]fact.Ref, error) {
	if len(f.Repository) == 0 {
		return nil, errors.New("--github needs to know where to look: name repositories by --repo OWNER/NAME")
	}
	var out []fact.Ref
	for _, full := range f.Repository {
		owner, repo, ok := strings.Cut(full, "/")
		if !ok || owner == "" || repo == "" || strings.Contains(repo, "/") || github.StrangePath(full) != "" {
			return nil, fmt.Errorf("--repo %q is no repository: write OWNER/NAME", full)
		}
		installed, err := app.Installed(ctx, owner, repo)
		if missing(err) {
			return nil, fmt.Errorf("the App is not installed on %s", full)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, fact.Ref{Installation: installed.ID, Owner: owner, Repo: repo})
	}
	return out, nil
}

// fromGitHub decides on the pull requests that are listed of each repository,
// as they stand on GitHub now.
func (f surveyFlags) fromGitHub(ctx context.Context, list func(context.Context, *github.Client, fact.Ref) ([]fact.Ref, error)) ([]survey.Pull, error) {
	app, err := f.app()
	if err != nil {
		return nil, err
	}
	repos, err := f.repositories(ctx, app)
	if err != nil {
		return nil, err
	}
	var refs []fact.Ref
	for _, r := range repos {
		more, err := list(ctx, app.Client(r.Installation), r)
		if err != nil {
			return nil, err
		}
		refs = append(refs, more...)
	}
	return looks(ctx, app, refs, time.Now)
}

// wanted reports whether a survey of the store is to show the repository.
func (f surveyFlags) wanted(ref fact.Ref) bool {
	return len(f.Repository) == 0 || slices.ContainsFunc(f.Repository, func(full string) bool {
		return strings.EqualFold(full, ref.Owner+"/"+ref.Repo)
	})
}

// asRecorded is a decision from the store as a survey takes it. Whom a look
// itself asked is not among the facts that it went by, but on record.
func asRecorded(ctx context.Context, st *store.Store, d store.Decision) (survey.Pull, error) {
	p := survey.Pull{Facts: d.Pull, Decision: d.Decision}
	requests, err := st.RequestsOf(ctx, d.Decision.Pull)
	if err != nil {
		return survey.Pull{}, err
	}
	p.Facts.Requests, p.Facts.Choices = nil, nil
	for _, r := range requests {
		login, team := r.Who, ""
		if strings.Contains(r.Who, "/") {
			login, team = "", r.Who
		}
		if r.Until.IsZero() {
			p.Facts.Requests = append(p.Facts.Requests, fact.Request{Login: login, Team: team})
		}
		p.Facts.RequestEvents = append(p.Facts.RequestEvents, fact.RequestEvent{Login: login, Team: team, Added: true, At: r.At})
		if r.Choice != nil {
			p.Facts.Choices = append(p.Facts.Choices, *r.Choice)
		}
	}
	slices.SortStableFunc(p.Facts.RequestEvents, func(a, b fact.RequestEvent) int { return a.At.Compare(b.At) })
	return p, nil
}

// looks decides on pull requests as they stand on GitHub now, without writing
// anything anywhere.
func looks(ctx context.Context, app *github.App, refs []fact.Ref, now func() time.Time) (out []survey.Pull, err error) {
	dir, err := os.MkdirTemp("", "rolecall")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	// What a server would remember is not needed to decide; a place to keep it
	// for the moment is.
	records, err := store.Open(ctx, store.Options{URL: "sqlite:" + filepath.Join(dir, "look.db")})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, records.Close()) }()
	gatherer := gather.New(app, records, gather.Options{Wants: pipeline.Wants, Now: now, Logger: slog.New(slog.DiscardHandler)})
	results := make([]*survey.Pull, len(refs))
	errs := make([]error, len(refs))
	var wg sync.WaitGroup
	free := make(chan struct{}, 8)
	for i, ref := range refs {
		wg.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			g, err := gatherer.Pull(ctx, ref, gather.Hint{})
			if err != nil {
				errs[i] = fmt.Errorf("%s: %w", ref, err)
				return
			}
			if !g.Missing {
				g.Proposal = pipeline.Tested(ctx, g)
				pull, decision := pipeline.Decide(g)
				results[i] = &survey.Pull{Facts: pull, Decision: decision}
			}
		})
	}
	wg.Wait()
	for _, r := range results {
		if r != nil {
			out = append(out, *r)
		}
	}
	return out, errors.Join(errs...)
}
