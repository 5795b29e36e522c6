package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/replay"
	"github.com/rolecall/rolecall/internal/roster"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// commits are the flags of a command over a range of a local repository.
type commits struct {
	Repo string `placeholder:"DIR" default:"." help:"The git repository (${default})." type:"path"`
	Base string `placeholder:"REV" required:"" help:"Where the change is to go: a branch, tag or commit."`
	Head string `placeholder:"REV" required:"" help:"What the change ends in."`
}

// open resolves the range in its repository.
func (c *commits) open(ctx context.Context) (*replay.Repository, replay.Change, error) {
	repo, err := replay.Open(ctx, c.Repo)
	if err != nil {
		return nil, replay.Change{}, fmt.Errorf("repository %s: %w", relative(c.Repo), err)
	}
	base, err := repo.Resolve(ctx, c.Base)
	if err != nil {
		return nil, replay.Change{}, fmt.Errorf("--base: %w", err)
	}
	head, err := repo.Resolve(ctx, c.Head)
	if err != nil {
		return nil, replay.Change{}, fmt.Errorf("--head: %w", err)
	}
	return repo, replay.Change{Base: base, Head: head}, nil
}

// readerOptions make a local reader as wary as the server's.
var readerOptions = replay.Options{Strange: github.StrangePath}

// holders says who holds the roles of a policy as far as it names people:
// only GitHub knows who is in a team.
func holders(p *policy.Policy, pull fact.Pull) fact.Roster { return holdersWith(nil)(p, pull) }

// holdersWith is like holders, with the members of some teams.
func holdersWith(members map[string][]string) func(*policy.Policy, fact.Pull) fact.Roster {
	return func(p *policy.Policy, pull fact.Pull) fact.Roster {
		teams := make(map[string]fact.Maybe[[]string])
		for _, t := range p.Needs().Teams {
			if logins, known := members[t]; known {
				teams[t] = fact.Known(logins)
			} else {
				teams[t] = fact.Unknown[[]string]("only GitHub knows them")
			}
		}
		return roster.Resolve(p, roster.Input{Teams: teams, Now: pull.Now})
	}
}

// loadPolicy loads a policy, after saying what there is to say of it.
func loadPolicy(s streams, floor, own *policy.Source) (*policy.Policy, error) {
	p, diags := policy.Load(floor, own)
	if err := policy.FormatDiagnostics(s.err, diags, isTerminal(streams{out: s.err})); err != nil {
		return nil, err
	}
	if p == nil {
		return nil, errors.New("the policy does not load")
	}
	return p, nil
}
