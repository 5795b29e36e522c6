package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/survey"
	"github.com/rolecall/rolecall/policy/fact"
)

// loadCmd is `rolecall load`.
type loadCmd struct {
	surveyFlags
	storeFlags
	Days int `default:"30" help:"How many days back requests count (${default}); 0: all that is known."`
}

// Help is the long help.
func (c *loadCmd) Help() string {
	return "The Gini figure says how unevenly requests lie on people: 0 where all have the same, towards 1 where one has all.\n\nReads the server's database, which may be in use, or with --github GitHub itself."
}

// Run prints who carries how many reviews.
func (c *loadCmd) Run(ctx context.Context, s streams) error {
	if c.Days < 0 {
		return fmt.Errorf("--days %d: a number of days back, or 0 for all", c.Days)
	}
	var since time.Time
	if c.Days > 0 {
		since = time.Now().UTC().AddDate(0, 0, -c.Days)
	}
	var pulls []survey.Pull
	var err error
	if c.Github {
		pulls, err = c.fromGitHub(ctx, func(ctx context.Context, client *github.Client, r fact.Ref) ([]fact.Ref, error) {
			return client.PullsSince(ctx, r.Owner, r.Repo, since)
		})
	} else {
		pulls, err = c.fromStore(ctx, since)
	}
	if err != nil {
		return err
	}
	return c.print(s, survey.Carried(pulls, since))
}

func (c *loadCmd) fromStore(ctx context.Context, since time.Time) (pulls []survey.Pull, err error) {
	st, err := store.OpenReadOnly(ctx, store.Options{URL: c.DatabaseURL, Dir: c.Data})
	if err != nil {
		return nil, err
	}
	defer func() { _ = st.Close() }()
	err = st.Latest(ctx, since, func(d store.Decision) error {
		if !c.wanted(d.Decision.Pull) {
			return nil
		}
		p, err := asRecorded(ctx, st, d)
		pulls = append(pulls, p)
		return err
	})
	return pulls, err
}
