package github

import (
	"context"
	"strings"

	"github.com/shurcooL/githubv4"

	"github.com/rolecall/rolecall/policy/fact"
)

// Labelled is a pull request that bears a label, with the beginning of its
// conversation.
type Labelled struct {
	fact.Ref
	State    string         // "open", "closed", "merged"
	Comments []fact.Comment // the first 100
	// More is true where there are more comments than that.
	More bool
}

// maxLabelled bounds the pull requests that are looked at for a label, in
// pages of 25.
const maxLabelled = 8

type labelledQuery struct {
	Repository struct {
		PullRequests struct {
			PageInfo pageInfo
			Nodes    []struct {
				Number   int
				State    string
				Comments struct {
					PageInfo pageInfo
					Nodes    []commentNode
				} `graphql:"comments(first: 100)"`
			}
		} `graphql:"pullRequests(first: 25, after: $after, labels: $labels, orderBy: {field: CREATED_AT, direction: DESC})"`
	} `graphql:"repository(owner: $owner, name: $name)"`
}

// Labelled lists the pull requests of a repository that bear a label, newest
// first, whatever their state; at most 200.
func (c *Client) Labelled(ctx context.Context, owner, repo, label string) ([]Labelled, error) {
	var out []Labelled
	var after *githubv4.String
	for range maxLabelled {
		var q labelledQuery
		_, err := c.query(ctx, "labelled pulls", &q, map[string]any{
			"owner": githubv4.String(owner), "name": githubv4.String(repo), "after": after,
			"labels": []githubv4.String{githubv4.String(label)},
		}, func(string) bool { return false })
		if err != nil {
			return nil, err
		}
		for _, n := range q.Repository.PullRequests.Nodes {
			l := Labelled{Ref: c.ref(owner, repo, n.Number), State: strings.ToLower(n.State), More: n.Comments.PageInfo.HasNextPage}
			for _, m := range n.Comments.Nodes {
				l.Comments = append(l.Comments, m.comment())
			}
			out = append(out, l)
		}
		p := q.Repository.PullRequests.PageInfo
		if !p.HasNextPage || p.EndCursor == nil {
			break
		}
		after = githubv4.NewString(githubv4.String(*p.EndCursor))
	}
	return out, nil
}
