package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/rolecall/rolecall/internal/doctor"
	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/webhook"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// doctorCmd is `rolecall doctor`.
type doctorCmd struct {
	credentials
	Repository string   `name:"repo" required:"" placeholder:"OWNER/NAME" help:"The repository to look at."`
	Branch     []string `placeholder:"NAME" sep:"none" help:"A base branch that is to be protected; may be given several times; left out: the default branch."`
	Format     string   `enum:"terminal,json" default:"terminal" help:"One of ${enum}."`
}

// Help is the long help.
func (c *doctorCmd) Help() string {
	return "Reads only. Exit code 0: nothing lets a change around its reviews, as far as can be told; 1: something does, or an error."
}

// Run prints what it found, and fails where one of the findings is a problem.
func (c *doctorCmd) Run(ctx context.Context, s streams) error {
	owner, repo, ok := strings.Cut(c.Repository, "/")
	if !ok || owner == "" || repo == "" || strings.Contains(repo, "/") || github.StrangePath(c.Repository) != "" {
		return fmt.Errorf("--repo %q is no repository: write OWNER/NAME", c.Repository)
	}
	key, err := c.key()
	if err != nil {
		return err
	}
	app, err := github.NewApp(github.Config{URL: c.GithubURL, AppID: c.AppID, PrivateKey: key, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	x := &examination{app: app, facts: doctor.Facts{
		Owner: owner, Repo: repo, AppID: c.AppID,
		Needs: github.Grant{Permissions: doctor.Permissions, Events: webhook.Events()},
	}}
	if err := x.read(ctx, c.Branch); err != nil {
		return fmt.Errorf("doctor: %w", err)
	}
	findings := doctor.Examine(x.facts)
	if c.Format == "json" {
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		if err := e.Encode(findings); err != nil {
			return err
		}
	} else {
		showFindings(s, findings)
	}
	if doctor.Worst(findings) == doctor.Problem {
		return exitCode(exitError)
	}
	return nil
}

// examination reads what the doctor looks at.
type examination struct {
	app    *github.App
	client *github.Client
	facts  doctor.Facts
}

func (x *examination) read(ctx context.Context, branches []string) (err error) {
	f := &x.facts
	if f.App, err = x.app.Grant(ctx); err != nil {
		return err
	}
	if f.Hook, err = x.app.Hook(ctx); err != nil {
		return err
	}
	installed, err := x.app.Installed(ctx, f.Owner, f.Repo)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	f.Installed = &installed
	if !installed.SuspendedAt.IsZero() {
		return nil
	}
	x.client = x.app.Client(installed.ID)
	main, err := x.client.DefaultBranch(ctx, f.Owner, f.Repo)
	if err != nil {
		return err
	}
	if len(branches) == 0 {
		branches = []string{main}
	}
	for _, name := range branches {
		if err := x.branch(ctx, name); err != nil {
			return err
		}
	}
	if err := x.policy(ctx, main); err != nil {
		return err
	}
	if f.Policy == nil {
		return nil
	}
	for _, team := range f.Policy.Needs().Teams {
		if err := x.team(ctx, team); err != nil {
			return err
		}
	}
	return nil
}

// branch reads what holds a branch, and who may pass that by.
func (x *examination) branch(ctx context.Context, name string) (err error) {
	owner, repo := x.facts.Owner, x.facts.Repo
	b := doctor.Branch{Bypass: map[int64]fact.Maybe[[]github.Actor]{}}
	if b.Branch, err = x.client.Branch(ctx, owner, repo, name); err != nil {
		return fmt.Errorf("branch %s: %w", name, err)
	}
	if b.Rules, err = x.client.Rules(ctx, owner, repo, name); err != nil {
		return err
	}
	for _, r := range b.Rules {
		if _, read := b.Bypass[r.Ruleset]; read {
			continue
		}
		actors, err := x.client.Bypass(ctx, owner, repo, r.Ruleset)
		if err != nil && !missing(err) { // an organisation's ruleset may be hidden
			return err
		}
		b.Bypass[r.Ruleset] = actors
	}
	x.facts.Branches = append(x.facts.Branches, b)
	return nil
}

// policy loads what is in force: the repository's own policy, and the
// organisation's.
func (x *examination) policy(ctx context.Context, main string) error {
	f := &x.facts
	own, err := x.source(ctx, f.Repo, main, policy.RepoPath)
	if err != nil {
		return err
	}
	var floor *policy.Source
	branch, err := x.client.DefaultBranch(ctx, f.Owner, ".github")
	switch {
	case missing(err):
	case err != nil:
		return err
	default:
		if floor, err = x.source(ctx, ".github", branch, policy.FloorPath); err != nil {
			return err
		}
	}
	if own != nil || floor != nil {
		f.Policy, f.Diagnostics = policy.Load(floor, own)
	}
	return nil
}

// source reads a policy file at the tip of a branch; nil where there is none.
func (x *examination) source(ctx context.Context, repo, branch, path string) (*policy.Source, error) {
	b, err := x.client.Branch(ctx, x.facts.Owner, repo, branch)
	if missing(err) {
		return nil, nil // an empty repository, or one that cannot be read
	}
	if err != nil {
		return nil, err
	}
	at := github.Place{Commit: b.SHA, Path: path}
	found, err := x.client.Objects(ctx, x.facts.Owner, repo, []github.Ask{{Place: at, Content: true}})
	if err != nil {
		return nil, err
	}
	o := found[at]
	switch {
	case !o.Bytes.IsKnown():
		return nil, fmt.Errorf("%s of %s/%s: %s", path, x.facts.Owner, repo, o.Bytes.Unknown)
	case o.Bytes.Value == nil:
		return nil, nil
	}
	return &policy.Source{Name: path, Blob: o.Entry.Value.Blob, Bytes: o.Bytes.Value}, nil
}

func (x *examination) team(ctx context.Context, name string) error {
	t := doctor.Team{Name: name}
	members, err := x.client.TeamMembers(ctx, name)
	switch why := github.Refusal(err); {
	case why != "":
		t.Members = fact.Unknown[[]string](why)
	case err != nil:
		return err
	default:
		t.Members = fact.Known(fact.Logins(members))
	}
	reaches, err := x.client.TeamReaches(ctx, name, x.facts.Owner, x.facts.Repo)
	switch why := github.Refusal(err); {
	case why != "":
		t.Reaches = fact.Unknown[bool](why)
	case err != nil:
		return err
	default:
		t.Reaches = fact.Known(reaches)
	}
	x.facts.Teams = append(x.facts.Teams, t)
	return nil
}

func missing(err error) bool {
	var e *github.Error
	return errors.As(err, &e) && e.Kind == github.NotFound
}

// showFindings prints one line for each finding, and its remedy below.
func showFindings(s streams, findings []doctor.Finding) {
	marks := map[doctor.Level]string{doctor.Fine: "✓", doctor.Unknown: "?", doctor.Warning: "!", doctor.Problem: "✗"}
	colors := map[doctor.Level]string{doctor.Fine: "\x1b[32m", doctor.Unknown: "\x1b[36m", doctor.Warning: "\x1b[33m", doctor.Problem: "\x1b[31m"}
	counts := map[doctor.Level]int{}
	for _, f := range findings {
		counts[f.Level]++
		mark := marks[f.Level]
		if isTerminal(s) {
			mark = colors[f.Level] + mark + "\x1b[0m"
		}
		fmt.Fprintf(s.out, "%s %s: %s\n", mark, oneLine(f.Subject), oneLine(f.Says))
		if f.Remedy != "" {
			fmt.Fprintf(s.out, "    %s\n", oneLine(f.Remedy))
		}
	}
	fmt.Fprintf(s.out, "\n%d in order, %d to be told elsewhere, %d to look at, %d to mend\n",
		counts[doctor.Fine], counts[doctor.Unknown], counts[doctor.Warning], counts[doctor.Problem])
}
