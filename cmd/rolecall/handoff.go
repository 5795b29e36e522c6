package main

import (
	"context"
	"slices"
	"time"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/survey"
	"github.com/rolecall/rolecall/policy/fact"
)

// handoffCmd is `rolecall handoff`.
type handoffCmd struct {
	surveyFlags
	storeFlags
}

// Help is the long help.
func (c *handoffCmd) Help() string {
	return "Reads the server's database, which may be in use, or with --github GitHub itself."
}

// Run prints what whoever takes over the on-call duty has to know.
func (c *handoffCmd) Run(ctx context.Context, s streams) error {
	var pulls []survey.Pull
	var err error
	if c.Github {
		pulls, err = c.fromGitHub(ctx, openAndBroken)
	} else {
		pulls, err = c.fromStore(ctx)
	}
	if err != nil {
		return err
	}
	return c.print(s, survey.Left(pulls, time.Now().UTC()))
}

// fromStore reads what is open, and what owes reviews.
func (c *handoffCmd) fromStore(ctx context.Context) (pulls []survey.Pull, err error) {
	st, err := store.OpenReadOnly(ctx, store.Options{URL: c.DatabaseURL, Dir: c.Data})
	if err != nil {
		return nil, err
	}
	defer func() { _ = st.Close() }()
	have := map[fact.Ref]bool{}
	add := func(d store.Decision) error {
		ref := d.Decision.Pull
		if c.wanted(ref) && !have[ref] {
			have[ref] = true
			p, err := asRecorded(ctx, st, d)
			if err != nil {
				return err
			}
			pulls = append(pulls, p)
		}
		return nil
	}
	if err := st.Latest(ctx, time.Now(), add); err != nil {
		return nil, err
	}
	debts, err := st.Debts(ctx, "", "")
	if err != nil {
		return nil, err
	}
	for _, d := range debts {
		if !d.ClearedAt.IsZero() {
			continue
		}
		latest, ok, err := st.LatestDecision(ctx, d.Ref)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if err := add(latest); err != nil {
			return nil, err
		}
	}
	return pulls, nil
}

// openAndBroken are the pull requests of a repository that are open, and those
// that bear the label of a broken glass.
func openAndBroken(ctx context.Context, client *github.Client, r fact.Ref) ([]fact.Ref, error) {
	refs, err := client.OpenPulls(ctx, r.Owner, r.Repo)
	if err != nil {
		return nil, err
	}
	broken, err := client.Labelled(ctx, r.Owner, r.Repo, fact.GlassLabel)
	if err != nil {
		return nil, err
	}
	for _, l := range broken {
		if !slices.Contains(refs, l.Ref) {
			refs = append(refs, l.Ref)
		}
	}
	return refs, nil
}
