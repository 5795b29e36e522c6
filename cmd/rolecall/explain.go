package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/pipeline"
	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

type explainCmd struct {
	Pull   string   `arg:"" optional:"" name:"pull-request" help:"A pull request on GitHub, by its address or as OWNER/REPO#N; left out: the range from --base to --head of a local repository."`
	Repo   string   `placeholder:"DIR" default:"." help:"The local git repository (${default})." type:"path"`
	Base   string   `placeholder:"REV" help:"Where the change is to go: a branch, tag or commit."`
	Head   string   `placeholder:"REV" help:"What the change ends in."`
	Policy string   `placeholder:"FILE" help:"The policy of a local range; left out: .github/rolecall.hcl as it stands at --base." type:"path"`
	Floor  string   `placeholder:"FILE" help:"The organisation's policy for a local range." type:"path"`
	Branch string   `placeholder:"NAME" help:"The branch that a local range is to go to."`
	Author string   `placeholder:"LOGIN" help:"Who opens the pull request of a local range."`
	Label  []string `placeholder:"LABEL" sep:"none" help:"A label of a local range; may be given several times."`
	Format string   `enum:"terminal,json,markdown" default:"terminal" help:"One of ${enum}."`
	live
}

// Help is the long help.
func (c *explainCmd) Help() string {
	return "Every rule and why it is in force or not, its requirements, every review and what it counts for, and who is left out. Nothing is written to GitHub. A pull request is read without what a running server remembers of it."
}

// Run prints a decision as a tree.
func (c *explainCmd) Run(ctx context.Context, s streams) error {
	pull, d, err := c.decide(ctx, s)
	if err != nil {
		return err
	}
	switch c.Format {
	case "json":
		return report.JSON(s.out, d)
	case "markdown":
		return report.Markdown(s.out, d, pull.Findings)
	}
	return report.Tree(s.out, d, isTerminal(s))
}

func (c *explainCmd) decide(ctx context.Context, s streams) (fact.Pull, policy.Decision, error) {
	switch ranged := c.Base != "" || c.Head != ""; {
	case c.Pull != "" && ranged:
		return fact.Pull{}, policy.Decision{}, errors.New("a pull request and a local range are two things to explain: give one of them")
	case c.Pull == "" && (c.Base == "" || c.Head == ""):
		return fact.Pull{}, policy.Decision{}, errors.New("nothing to explain: name a pull request, or a local range with --base and --head")
	case ranged:
		local := checkCmd{
			commits: commits{Repo: c.Repo, Base: c.Base, Head: c.Head},
			Policy:  c.Policy, Floor: c.Floor, Branch: c.Branch, Author: c.Author, Label: c.Label,
		}
		return local.decide(ctx, s)
	}
	ref, err := c.pullRef(c.Pull)
	if err != nil {
		return fact.Pull{}, policy.Decision{}, err
	}
	app, err := c.connect(ctx, &ref)
	if err != nil {
		return fact.Pull{}, policy.Decision{}, err
	}
	g, err := look(ctx, app, ref, gather.Options{})
	if err != nil {
		return fact.Pull{}, policy.Decision{}, err
	}
	if g.Missing {
		return fact.Pull{}, policy.Decision{}, fmt.Errorf("there is no policy for %s, so rolecall says nothing of it\nhint: rolecall init writes one", pullName(ref))
	}
	g.Proposal = pipeline.Tested(ctx, g)
	pull, d := pipeline.Decide(g)
	return pull, d, nil
}
