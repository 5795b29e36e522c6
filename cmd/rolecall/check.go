package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/internal/replay"
	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

type checkCmd struct {
	commits
	Policy  string   `placeholder:"FILE" help:"The policy; left out: .github/rolecall.hcl as it stands at --base." type:"path"`
	Floor   string   `placeholder:"FILE" help:"The organisation's policy, where there is one." type:"path"`
	Branch  string   `placeholder:"NAME" help:"The branch that the change is to go to; left out: what origin/HEAD says, or main."`
	Author  string   `placeholder:"LOGIN" help:"Who opens the pull request; left out: who wrote its first commit."`
	Label   []string `placeholder:"LABEL" sep:"none" help:"A label that the pull request has; may be given several times."`
	Format  string   `enum:"terminal,json,sarif,markdown" default:"terminal" help:"One of ${enum}."`
	Reasons bool     `help:"Print every reason, to a terminal too."`
}

// Help is the long help.
func (c *checkCmd) Help() string {
	return "Exit code 0: no review is required; 3: reviews are required; 1: an error; 2: flags that do not fit."
}

// Run decides on the range as the server would on a pull request of it.
func (c *checkCmd) Run(ctx context.Context, s streams) error {
	pull, d, err := c.decide(ctx, s)
	if err != nil {
		return err
	}
	if err := c.show(s, pull, d); err != nil {
		return err
	}
	if d.Status != policy.Met {
		return exitCode(exitRequired)
	}
	return nil
}

func (c *checkCmd) decide(ctx context.Context, s streams) (fact.Pull, policy.Decision, error) {
	repo, change, err := c.open(ctx)
	if err != nil {
		return fact.Pull{}, policy.Decision{}, err
	}
	reader, err := repo.Reader(ctx, readerOptions)
	if err != nil {
		return fact.Pull{}, policy.Decision{}, err
	}
	defer reader.Close()
	p, err := c.load(s, reader, change.Base)
	if err != nil {
		return fact.Pull{}, policy.Decision{}, err
	}
	change.Branch = cmp.Or(c.Branch, repo.DefaultBranch(ctx), "main")
	change.Labels = c.Label
	change.Now = time.Now().UTC()
	if c.Author != "" {
		change.Author = fact.Person{Login: fact.Login(c.Author)}
	}
	return reader.Decide(p, change, holders)
}

func (c *checkCmd) load(s streams, reader *replay.Reader, base string) (p *policy.Policy, err error) {
	var floor, own *policy.Source
	if c.Floor != "" {
		if floor, err = readPolicy(c.Floor); err != nil {
			return nil, err
		}
	}
	if c.Policy != "" {
		own, err = readPolicy(c.Policy)
	} else {
		own, err = reader.Policy(base)
	}
	if err != nil {
		return nil, err
	}
	if own == nil && floor == nil {
		return nil, fmt.Errorf("there is no %s at --base %s\nhint: name a policy with --policy FILE; rolecall init writes one", policy.RepoPath, c.Base)
	}
	return loadPolicy(s, floor, own)
}

func (c *checkCmd) show(s streams, pull fact.Pull, d policy.Decision) error {
	switch c.Format {
	case "json":
		return report.JSON(s.out, d)
	case "sarif":
		return report.SARIF(s.out, d, pull.Files, versionString())
	case "markdown":
		return report.Markdown(s.out, d, pull.Findings)
	}
	return report.Local(s.out, d, pull.Findings, c.Reasons, isTerminal(s))
}
