package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/pipeline"
	"github.com/rolecall/rolecall/internal/replay"
	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

type simulateCmd struct {
	Pull   string `arg:"" name:"pull-request" help:"A pull request on GitHub, by its address or as OWNER/REPO#N."`
	Policy string `placeholder:"FILE" help:"A draft of the repository's policy." type:"path"`
	Floor  string `placeholder:"FILE" help:"A draft of the organisation's policy." type:"path"`
	Format string `enum:"terminal,json" default:"terminal" help:"One of ${enum}."`
	live
}

// Help is the long help.
func (c *simulateCmd) Help() string {
	return "Decides by the draft and by the policy in force, and says what differs and why. Nothing is written, to GitHub or to a database."
}

// simulated is both decisions, and their difference where there is one.
type simulated struct {
	Decision policy.Decision    `json:"decision"`
	InForce  *policy.Decision   `json:"in_force"` // null where there is no policy
	Differs  *policy.Difference `json:"differs"`  // null where nothing does
}

// Run decides on the pull request by the draft and prints what differs.
func (c *simulateCmd) Run(ctx context.Context, s streams) error {
	draft, err := c.draft()
	if err != nil {
		return err
	}
	ref, err := c.pullRef(c.Pull)
	if err != nil {
		return err
	}
	app, err := c.connect(ctx, &ref)
	if err != nil {
		return err
	}
	now, drafted, err := both(ctx, app, ref, draft)
	if err != nil {
		return err
	}
	if drafted.Policy == nil {
		if err := explained(s, drafted.Diagnostics); err != nil {
			return err
		}
		return errors.New("the draft does not load")
	}
	var out simulated
	drafted.Proposal = pipeline.Tested(ctx, drafted)
	_, out.Decision = pipeline.Decide(drafted)
	if !now.Missing {
		now.Proposal = pipeline.Tested(ctx, now)
		_, d := pipeline.Decide(now)
		out.InForce = &d
		if diff, ok := replay.Differ(d, out.Decision); ok {
			diff.Title = now.Pull.Title
			out.Differs = &diff
		}
	}
	if c.Format == "json" {
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		return e.Encode(out)
	}
	return c.show(s, out)
}

func (c *simulateCmd) draft() (d gather.Draft, err error) {
	if c.Policy == "" && c.Floor == "" {
		return d, errors.New("no draft: name it with --policy FILE, or --floor FILE for the organisation's")
	}
	if c.Policy != "" {
		if d.Own, err = readPolicy(c.Policy); err != nil {
			return d, err
		}
	}
	if c.Floor != "" {
		d.Floor, err = readPolicy(c.Floor)
	}
	return d, err
}

// tries is how often a pull request is read again that changed between the
// reading for the policy in force and that for the draft.
const tries = 3

// both reads the pull request as the policy in force and as the draft need it,
// in one state of it and for one moment. What both need is read once.
func both(ctx context.Context, app *github.App, ref fact.Ref, draft gather.Draft) (now, drafted gather.Gathered, err error) {
	at := time.Now()
	clock := func() time.Time { return at }
	for range tries {
		if now, err = look(ctx, app, ref, gather.Options{Now: clock}); err != nil {
			return now, drafted, err
		}
		if drafted, err = look(ctx, app, ref, gather.Options{Now: clock, Draft: draft}); err != nil {
			return now, drafted, err
		}
		if now.Pull.Head == drafted.Pull.Head && now.Pull.Base == drafted.Pull.Base && now.Pull.UpdatedAt.Equal(drafted.Pull.UpdatedAt) {
			return now, drafted, nil
		}
	}
	return now, drafted, fmt.Errorf("%s kept changing while it was read: try again", pullName(ref))
}

func (c *simulateCmd) show(s streams, out simulated) error {
	color := isTerminal(s)
	if err := report.Tree(s.out, out.Decision, color); err != nil {
		return err
	}
	fmt.Fprintln(s.out)
	switch {
	case out.InForce == nil:
		fmt.Fprintln(s.out, "There is no policy in force to compare with.")
	case out.Differs == nil:
		fmt.Fprintln(s.out, "The policy in force decides the same.")
	default:
		fmt.Fprintf(s.out, "What differs from the policy in force:\n%s", report.Different(*out.Differs, color))
	}
	return nil
}
