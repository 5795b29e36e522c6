package github

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// Merged is a pull request that was merged: who wrote it, who reviewed it, and
// how many lines of which files it changed.
type Merged struct {
	Number    int
	At        time.Time
	Author    fact.Person
	Reviewers []string // logins of people, without the author
	Lines     map[string]int
}

// The bounds of what is read of a repository's history: 10 calls of 50 pull
// requests, and of each at most 100 files and 50 reviews. GitHub counts what a
// query could return, which keeps a page well below its limit.
// https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
const (
	HistoryCalls = 10
	historyPage  = 50
)

// History lists the pull requests of a repository that were merged after
// since, the ones that changed last first, in at most [HistoryCalls] calls.
func (c *Client) History(ctx context.Context, owner, repo string, since time.Time) ([]Merged, error) {
	var out []Merged
	var after *string
	for range HistoryCalls {
		got, _, err := history.ask(ctx, c, map[string]any{"owner": owner, "name": repo, "after": after, "page": historyPage}, nil)
		if err != nil {
			return nil, err
		}
		for _, n := range got.Repository.PullRequests.Nodes {
			if n.UpdatedAt.Before(since) {
				return out, nil // the rest is older still
			}
			if n.MergedAt != nil && !n.MergedAt.Before(since) {
				out = append(out, n.merged())
			}
		}
		page := got.Repository.PullRequests.PageInfo
		if !page.HasNextPage || page.EndCursor == nil {
			return out, nil
		}
		after = page.EndCursor
	}
	return out, nil
}

// history pages through the merged pull requests, the latest first.
var history = fixed[struct {
	Repository struct {
		PullRequests struct {
			PageInfo pageInfo     `json:"pageInfo"`
			Nodes    []mergedNode `json:"nodes"`
		} `json:"pullRequests"`
	} `json:"repository"`
}]("history", `
	query history($owner: String!, $name: String!, $page: Int!, $after: String) {
		repository(owner: $owner, name: $name) {
			pullRequests(states: [MERGED], first: $page, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) {
				pageInfo { hasNextPage endCursor }
				nodes {
					number updatedAt mergedAt
					author { __typename login }
					files(first: 100) { nodes { path additions deletions } }
					reviews(first: 50, states: [APPROVED, CHANGES_REQUESTED, COMMENTED]) { nodes { author { __typename login } } }
				}
			}
		}
	}`)

type mergedNode struct {
	Number    int        `json:"number"`
	UpdatedAt time.Time  `json:"updatedAt"`
	MergedAt  *time.Time `json:"mergedAt"`
	Author    *actor     `json:"author"`
	Files     *struct {
		Nodes []struct {
			Path      string `json:"path"`
			Additions int    `json:"additions"`
			Deletions int    `json:"deletions"`
		} `json:"nodes"`
	} `json:"files"`
	Reviews *struct {
		Nodes []struct {
			Author *actor `json:"author"`
		} `json:"nodes"`
	} `json:"reviews"`
}

func (n mergedNode) merged() Merged {
	m := Merged{Number: n.Number, At: n.MergedAt.UTC(), Author: n.Author.person(), Lines: map[string]int{}}
	if n.Files != nil {
		for _, f := range n.Files.Nodes {
			m.Lines[f.Path] = f.Additions + f.Deletions
		}
	}
	if n.Reviews != nil {
		for _, r := range n.Reviews.Nodes {
			p := r.Author.person()
			if p.Login != "" && !p.Bot && p.Login != m.Author.Login && !slices.Contains(m.Reviewers, p.Login) {
				m.Reviewers = append(m.Reviewers, p.Login)
			}
		}
	}
	return m
}

// busyPage is how many people are asked about in one call.
const busyPage = 100

// Busy tells which of these people GitHub shows as busy, in one call for a
// hundred, and whom of them GitHub does not know. Who hides their status is
// not busy.
// https://docs.github.com/account-and-profile/setting-up-and-managing-your-github-profile/customizing-your-profile/personalizing-your-profile#setting-a-status
func (c *Client) Busy(ctx context.Context, logins []string) (busy map[string]bool, gone []string, err error) {
	busy = map[string]bool{}
	for page := range slices.Chunk(logins, busyPage) {
		var params, fields strings.Builder
		variables := map[string]any{}
		for i, login := range page {
			fmt.Fprintf(&params, "$l%d: String!, ", i)
			fmt.Fprintf(&fields, "u%d: user(login: $l%[1]d) { status { indicatesLimitedAvailability } }\n", i)
			variables[fmt.Sprintf("l%d", i)] = login
		}
		var answer map[string]*struct {
			Status *struct {
				IndicatesLimitedAvailability bool `json:"indicatesLimitedAvailability"`
			} `json:"status"`
		}
		query := "query busy(" + strings.TrimSuffix(params.String(), ", ") + ") {\n" + fields.String() + "}"
		missing, err := c.query(ctx, "busy", quoted(query), variables, &answer, func(string) bool { return true })
		if err != nil {
			return nil, nil, err
		}
		for i, login := range page {
			name := fmt.Sprintf("u%d", i)
			if u := answer[name]; u != nil && u.Status != nil && u.Status.IndicatesLimitedAvailability {
				busy[login] = true
			}
			if missing[name] == NotFound {
				gone = append(gone, login)
			}
		}
	}
	return busy, gone, nil
}
