package github

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/rolecall/rolecall/policy/fact"
)

// Push is a push to a branch.
type Push struct {
	SHA    string // the commit that the branch is at from then on
	Before string // the commit that it was at
	By     fact.Person
	// Account is the number of By's account.
	Account int64
	At      time.Time
}

// BranchPushes lists the pushes to a branch, the latest first, without those of
// which GitHub does not tell who made them. It looks at the last hundred.
// https://docs.github.com/en/rest/repos/repos#list-repository-activities
func (c *Client) BranchPushes(ctx context.Context, owner, repo, branch string) ([]Push, error) {
	var out []Push
	q := url.Values{"ref": {"refs/heads/" + branch}, "per_page": {"100"}}
	err := c.do(ctx, "branch pushes", true, func(ctx context.Context) (*github.Response, error) {
		var list []struct {
			Before, After string
			Timestamp     time.Time
			Actor         *struct {
				Login, Type string
				ID          int64
			}
		}
		resp, err := c.fetch(ctx, fmt.Sprintf("repos/%s/%s/activity?%s", url.PathEscape(owner), url.PathEscape(repo), q.Encode()), &list)
		if err != nil {
			return resp, err
		}
		out = out[:0]
		for _, a := range list {
			if a.Actor != nil && a.Actor.Login != "" {
				out = append(out, Push{
					SHA: a.After, Before: a.Before, At: a.Timestamp.UTC(),
					By: fact.Person{Login: fact.Login(a.Actor.Login), Bot: a.Actor.Type == "Bot"}, Account: a.Actor.ID,
				})
			}
		}
		return resp, nil
	})
	return out, err
}
