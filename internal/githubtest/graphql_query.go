package githubtest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rolecall/rolecall/internal/githubtest/graphql"
)

var queryTypes = graphql.Types{
	"Query": {
		"repository": func(env, _ any, a graphql.Args) any {
			a.Bool("followRenames") // as is the default
			return env.(*query).repository(a.String("owner"), a.String("name"))
		},
		"organization": func(env, _ any, a graphql.Args) any {
			o := env.(*query).s.orgs[strings.ToLower(a.String("login"))]
			if o == nil {
				return notFoundError(fmt.Sprintf("Could not resolve to an Organization with the login of '%s'.", a.String("login")))
			}
			return o
		},
		"user": func(env, _ any, a graphql.Args) any {
			u := env.(*query).s.users[strings.ToLower(a.String("login"))]
			if u == nil || u.kind != "User" {
				return notFoundError(fmt.Sprintf("Could not resolve to a User with the login of '%s'.", a.String("login")))
			}
			return u
		},
		"viewer": func(env, _ any, _ graphql.Args) any { return env.(*query).c.user },
		"node":   func(env, _ any, a graphql.Args) any { return env.(*query).node(a.String("id")) },
		"nodes": func(env, _ any, a graphql.Args) any {
			ids, _ := a.Strings("ids")
			if len(ids) > 100 {
				return &graphql.Error{Type: "ARGUMENT_LIMIT", Message: fmt.Sprintf("You may not provide more than 100 node ids; you provided %d.", len(ids))}
			}
			var out []any
			for _, id := range ids {
				out = append(out, env.(*query).node(id))
			}
			return out
		},
		"rateLimit": func(env, _ any, a graphql.Args) any {
			q := env.(*query)
			return q.s.limits.state(q.c.name(), "graphql")
		},
	},
	"RateLimit": {
		"cost":      of(func(q *query, _ budget) any { return q.op.Cost }),
		"nodeCount": of(func(q *query, _ budget) any { return q.op.Nodes }),
		"limit":     of(func(_ *query, b budget) any { return b.limit }),
		"used":      of(func(_ *query, b budget) any { return b.used }),
		"remaining": of(func(_ *query, b budget) any { return b.remaining }),
		"resetAt":   of(func(_ *query, b budget) any { return b.reset }),
	},
}

func (q *query) repository(owner, name string) any {
	r := q.s.repoNamed(owner, name)
	if r == nil || !q.c.sees(r) {
		return notFoundError(fmt.Sprintf("Could not resolve to a Repository with the name '%s/%s'.", owner, name))
	}
	return r
}

// node finds a record by its global ID.
func (q *query) node(global string) any {
	if v, r := q.find(global); v != nil && (r == nil || q.c.sees(r)) {
		if r != nil {
			if p, ok := nodePermissions[v.(graphql.Object).Type]; ok {
				if err := q.allow(r, p); err != nil {
					return err
				}
			}
		}
		return v
	}
	return notFoundError(fmt.Sprintf("Could not resolve to a node with the global id of '%s'", global))
}

// nodePermissions are what an installation needs for nodes by their type.
var nodePermissions = map[string]string{
	"PullRequest": "pull_requests", "IssueComment": "pull_requests", "PullRequestReview": "pull_requests",
	"CheckRun": "checks", "Commit": "contents",
}

// find returns the record with a global ID and the repository it belongs to,
// nil for accounts and teams.
func (q *query) find(global string) (any, *Repo) {
	prefix, rest, _ := strings.Cut(global, "_")
	if prefix == nodePrefixes["Commit"] {
		return q.findCommit(rest)
	}
	id, err := strconv.ParseInt(rest, 10, 64)
	if err != nil {
		return nil, nil
	}
	switch prefix {
	case nodePrefixes["User"], nodePrefixes["Bot"]:
		for _, u := range q.s.users {
			if u.id == id {
				return actorOf(u), nil
			}
		}
	case nodePrefixes["Organization"]:
		for _, o := range q.s.orgOrder {
			if o.id == id {
				return graphql.Object{Type: "Organization", Value: o}, nil
			}
		}
	case nodePrefixes["Team"]:
		for _, o := range q.s.orgOrder {
			for _, t := range o.order {
				if t.id == id && q.allowTeams(o) == nil {
					return graphql.Object{Type: "Team", Value: t}, nil
				}
			}
		}
	}
	for _, r := range q.s.repoOrder {
		if r.deleted {
			continue
		}
		switch prefix {
		case nodePrefixes["Repository"]:
			if r.id == id {
				return graphql.Object{Type: "Repository", Value: r}, r
			}
		case nodePrefixes["IssueComment"]:
			if c := r.comments[id]; c != nil {
				return graphql.Object{Type: "IssueComment", Value: c}, r
			}
		case nodePrefixes["CheckRun"]:
			if c := r.runByID[id]; c != nil {
				return graphql.Object{Type: "CheckRun", Value: c}, r
			}
		case nodePrefixes["PullRequest"]:
			for _, p := range r.issues {
				if p.isPull && p.id == id {
					return graphql.Object{Type: "PullRequest", Value: p}, r
				}
			}
		case nodePrefixes["PullRequestReview"]:
			for _, p := range r.issues {
				for _, v := range p.reviews {
					if v.id == id && v.state != "PENDING" {
						return graphql.Object{Type: "PullRequestReview", Value: v}, r
					}
				}
			}
		}
	}
	return nil, nil
}

func (q *query) findCommit(rest string) (any, *Repo) {
	repo, sha, _ := strings.Cut(rest, "_")
	for _, r := range q.s.repoOrder {
		if strconv.FormatInt(r.id, 10) == repo && r.objects.commits[sha] != nil {
			return graphql.Object{Type: "Commit", Value: gitCommit{r, r.objects.commits[sha]}}, r
		}
	}
	return nil, nil
}
