package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/internal/doctor"
	"github.com/rolecall/rolecall/internal/replay"
	"github.com/rolecall/rolecall/internal/roster"
	"github.com/rolecall/rolecall/internal/survey"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// ownershipCmd is `rolecall ownership`.
type ownershipCmd struct {
	surveyFlags
	Clone  string `name:"clone" placeholder:"DIR" default:"." help:"The git repository, without --github (${default})." type:"path"`
	Head   string `placeholder:"REV" default:"HEAD" help:"The commit to look at (${default})."`
	Policy string `placeholder:"FILE" help:"The policy; left out: .github/rolecall.hcl as it stands at --head." type:"path"`
}

// Help is the long help.
func (c *ownershipCmd) Help() string {
	return "Which paths no project covers, which projects have no DRI, and which roles have fewer than two reachable people. Only GitHub knows who is in a team: without --github those roles are marked as not known."
}

// Run prints what nobody owns.
func (c *ownershipCmd) Run(ctx context.Context, s streams) error {
	if c.Github {
		return c.fromGitHub(ctx, s)
	}
	repo, err := replay.Open(ctx, c.Clone)
	if err != nil {
		return fmt.Errorf("repository %s: %w", relative(c.Clone), err)
	}
	head, err := repo.Resolve(ctx, c.Head)
	if err != nil {
		return fmt.Errorf("--head: %w", err)
	}
	var own *policy.Source
	if c.Policy != "" {
		own, err = readPolicy(c.Policy)
	} else {
		var reader *replay.Reader
		if reader, err = repo.Reader(ctx, readerOptions); err != nil {
			return err
		}
		own, err = reader.Policy(head)
		reader.Close()
	}
	if err != nil {
		return err
	}
	if own == nil {
		return errors.New("there is no " + policy.RepoPath + " at --head\nhint: name a policy with --policy FILE; rolecall init writes one")
	}
	p, err := loadPolicy(s, nil, own)
	if err != nil {
		return err
	}
	files, err := repo.Paths(ctx, head)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	name := relative(c.Clone)
	return c.print(s, survey.Owned(cmp.Or(name, "."), p, files, holders(p, fact.Pull{Now: now}), now))
}

func (c *ownershipCmd) fromGitHub(ctx context.Context, s streams) error {
	app, err := c.app()
	if err != nil {
		return err
	}
	repos, err := c.repositories(ctx, app)
	if err != nil {
		return err
	}
	for _, r := range repos {
		x := &examination{app: app, client: app.Client(r.Installation), facts: doctor.Facts{Owner: r.Owner, Repo: r.Repo}}
		o, err := owned(ctx, s, x)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", r.Owner, r.Repo, err)
		}
		if err := c.print(s, o); err != nil {
			return err
		}
	}
	return nil
}

// owned surveys one repository as it stands on its default branch.
func owned(ctx context.Context, s streams, x *examination) (survey.Ownership, error) {
	owner, repo := x.facts.Owner, x.facts.Repo
	main, err := x.client.DefaultBranch(ctx, owner, repo)
	if err != nil {
		return survey.Ownership{}, err
	}
	if err := x.policy(ctx, main); err != nil {
		return survey.Ownership{}, err
	}
	if err := policy.FormatDiagnostics(s.err, x.facts.Diagnostics, isTerminal(streams{out: s.err})); err != nil {
		return survey.Ownership{}, err
	}
	p := x.facts.Policy
	if p == nil {
		return survey.Ownership{}, errors.New("there is no policy that loads")
	}
	branch, err := x.client.Branch(ctx, owner, repo, main)
	if err != nil {
		return survey.Ownership{}, err
	}
	files, err := x.client.Paths(ctx, owner, repo, branch.SHA)
	if err != nil {
		return survey.Ownership{}, err
	}
	teams := map[string]fact.Maybe[[]string]{}
	for _, name := range p.Needs().Teams {
		if err := x.team(ctx, name); err != nil {
			return survey.Ownership{}, err
		}
	}
	for _, t := range x.facts.Teams {
		teams[t.Name] = t.Members
	}
	now := time.Now().UTC()
	return survey.Owned(owner+"/"+repo, p, files, roster.Resolve(p, roster.Input{Teams: teams, Now: now}), now), nil
}
