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
	Before string // the commit that the branch was at
	By     fact.Person
	// Account is the number of By's account.
	Account int64
	At      time.Time
}

// LastPush returns the latest push that brought a branch to sha; ok is false
// where GitHub does not tell it, or not who made it. It looks at the branch's
// last hundred pushes.
// https://docs.github.com/en/rest/repos/repos#list-repository-activities
func (c *Client) LastPush(ctx context.Context, owner, repo, branch, sha string) (p Push, ok bool, err error) {
	q := url.Values{"ref": {"refs/heads/" + branch}, "per_page": {"100"}}
	err = c.do(ctx, "last push", true, func(ctx context.Context) (*github.Response, error) {
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
		p, ok = Push{}, false
		for _, a := range list { // the newest first
			if a.After == sha {
				if a.Actor != nil && a.Actor.Login != "" {
					p, ok = Push{Before: a.Before, By: fact.Person{Login: fact.Login(a.Actor.Login), Bot: a.Actor.Type == "Bot"}, Account: a.Actor.ID, At: a.Timestamp.UTC()}, true
				}
				break
			}
		}
		return resp, nil
	})
	return p, ok, err
}
