package github

import (
	"context"
	"strings"

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

var labelled = fixed[struct {
	Repository struct {
		PullRequests struct {
			PageInfo pageInfo `json:"pageInfo"`
			Nodes    []struct {
				Number   int    `json:"number"`
				State    string `json:"state"`
				Comments struct {
					PageInfo pageInfo      `json:"pageInfo"`
					Nodes    []commentNode `json:"nodes"`
				} `json:"comments"`
			} `json:"nodes"`
		} `json:"pullRequests"`
	} `json:"repository"`
}]("labelled pulls", `
	query labelled($owner: String!, $name: String!, $labels: [String!], $after: String) {
		repository(owner: $owner, name: $name) {
			pullRequests(first: 25, after: $after, labels: $labels, orderBy: {field: CREATED_AT, direction: DESC}) {
				pageInfo { hasNextPage endCursor }
				nodes {
					number state
					comments(first: 100) { pageInfo { hasNextPage endCursor } nodes {`+commentFields+`} }
				}
			}
		}
	}`)

// Labelled lists the pull requests of a repository that bear a label, newest
// first, whatever their state; at most 200.
func (c *Client) Labelled(ctx context.Context, owner, repo, label string) ([]Labelled, error) {
	var out []Labelled
	var after *string
	for range maxLabelled {
		got, _, err := labelled.ask(ctx, c, map[string]any{"owner": owner, "name": repo, "after": after, "labels": []string{label}}, nil)
		if err != nil {
			return nil, err
		}
		for _, n := range got.Repository.PullRequests.Nodes {
			l := Labelled{Ref: c.ref(owner, repo, n.Number), State: strings.ToLower(n.State), More: n.Comments.PageInfo.HasNextPage}
			for _, m := range n.Comments.Nodes {
				l.Comments = append(l.Comments, m.comment())
			}
			out = append(out, l)
		}
		p := got.Repository.PullRequests.PageInfo
		if !p.HasNextPage || p.EndCursor == nil {
			break
		}
		after = p.EndCursor
	}
	return out, nil
}
