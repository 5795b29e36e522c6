package githubtest

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/internal/githubtest/graphql"
)

// gitRef is a branch of a repository, as found below a prefix.
type gitRef struct {
	repo   *Repo
	prefix string // "refs/heads/", or more of the branch's name
	name   string // what comes after the prefix
}

func (b gitRef) branch() string { return strings.TrimPrefix(b.prefix+b.name, headPrefix) }

const headPrefix = "refs/heads/"

// ref is null where there is no such branch.
func (r *Repo) ref(branch string) any {
	if r.branches[branch] == "" {
		return nil
	}
	return gitRef{r, headPrefix, branch}
}

// refs lists the branches below a prefix such as "refs/heads/" by name.
func (r *Repo) refs(prefix string) []gitRef {
	if !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	var out []gitRef
	for branch := range r.branches {
		if name, ok := strings.CutPrefix(headPrefix+branch, prefix); ok {
			out = append(out, gitRef{r, prefix, name})
		}
	}
	slices.SortFunc(out, func(a, b gitRef) int { return cmp.Compare(a.name, b.name) })
	return out
}

func (r *Repo) nodeID() string { return nodeID("Repository", r.id) }

var repositoryTypes = graphql.Types{
	"Repository": {
		"id":            of(func(_ *query, r *Repo) any { return r.nodeID() }),
		"databaseId":    of(func(_ *query, r *Repo) any { return r.id }),
		"name":          of(func(_ *query, r *Repo) any { return r.name }),
		"nameWithOwner": of(func(_ *query, r *Repo) any { return r.fullName() }),
		"url":           of(func(q *query, r *Repo) any { return q.s.page("/%s", r.fullName()) }),
		"resourcePath":  of(func(_ *query, r *Repo) any { return "/" + r.fullName() }),
		"owner": of(func(q *query, r *Repo) any {
			if r.org != nil {
				return graphql.Object{Type: "Organization", Value: r.org}
			}
			return actorOf(q.s.users[r.owner.key()])
		}),
		"isPrivate": of(func(_ *query, r *Repo) any { return r.private }),
		"visibility": of(func(_ *query, r *Repo) any {
			if r.private {
				return "PRIVATE"
			}
			return "PUBLIC"
		}),
		"isFork":           of(func(_ *query, r *Repo) any { return r.parent != nil }),
		"isArchived":       of(func(_ *query, _ *Repo) any { return false }),
		"isEmpty":          of(func(_ *query, r *Repo) any { return len(r.branches) == 0 }),
		"isInOrganization": of(func(_ *query, r *Repo) any { return r.org != nil }),
		"parent":           of(func(q *query, r *Repo) any { return q.visible(r.parent) }),
		"createdAt":        of(func(_ *query, r *Repo) any { return r.created }),
		"pushedAt":         of(func(_ *query, r *Repo) any { return r.pushed }),
		"defaultBranchRef": of(func(_ *query, r *Repo) any { return r.ref(r.defaultBranch) }),
		"ref": on(func(q *query, r *Repo, a graphql.Args) any {
			name := strings.TrimPrefix(strings.TrimPrefix(a.String("qualifiedName"), "refs/"), "heads/")
			return q.guarded(r, "contents", func() any { return r.ref(name) })
		}),
		"refs": on(func(q *query, r *Repo, a graphql.Args) any {
			list := r.refs(a.String("refPrefix"))
			return q.guarded(r, "contents", func() any { return graphql.Of(list, func(b gitRef) any { return b }) })
		}),
		"object": on(func(q *query, r *Repo, a graphql.Args) any {
			expression, oid := a.String("expression"), a.String("oid")
			return q.guarded(r, "contents", func() any { return r.object(cmp.Or(oid, expression)) })
		}),
		"label": on(func(_ *query, r *Repo, a graphql.Args) any {
			if l := r.labels[strings.ToLower(a.String("name"))]; l != nil {
				return repoLabel{r, l}
			}
			return nil
		}),
		"labels": on(func(_ *query, r *Repo, a graphql.Args) any {
			text := strings.ToLower(a.String("query"))
			var out []*Label
			for _, l := range r.labelOrder {
				if strings.Contains(strings.ToLower(l.name), text) {
					out = append(out, l)
				}
			}
			return graphql.Of(out, func(l *Label) any { return repoLabel{r, l} })
		}),
		"pullRequest": on(func(q *query, r *Repo, a graphql.Args) any {
			n, _ := a.Int("number")
			return q.guarded(r, "pull_requests", func() any {
				p := r.issues[n]
				if p == nil || !p.isPull {
					return notFoundError(fmt.Sprintf("Could not resolve to a PullRequest with the number of %d.", n))
				}
				return p
			})
		}),
		"pullRequests": on(func(q *query, r *Repo, a graphql.Args) any {
			f := pullFilter{base: a.String("baseRefName"), head: a.String("headRefName")}
			f.states, _ = a.Strings("states")
			f.labels, _ = a.Strings("labels")
			order := a.Input("orderBy")
			f.by, f.descending = order.String("field"), order.String("direction") == "DESC"
			return q.guarded(r, "pull_requests", func() any {
				return graphql.Of(f.of(maps.Values(r.issues)), func(p *Pull) any { return p })
			})
		}),
		"mergeQueue": on(func(q *query, r *Repo, a graphql.Args) any {
			branch := cmp.Or(a.String("branch"), r.defaultBranch)
			return q.guarded(r, "merge_queues", func() any { return r.mergeQueue(branch) })
		}),
	},
	"Ref": {
		"id":         of(func(_ *query, b gitRef) any { return fmt.Sprintf("REF_%d_%s", b.repo.id, b.branch()) }),
		"name":       of(func(_ *query, b gitRef) any { return b.name }),
		"prefix":     of(func(_ *query, b gitRef) any { return b.prefix }),
		"repository": of(func(_ *query, b gitRef) any { return b.repo }),
		"target": of(func(_ *query, b gitRef) any {
			return graphql.Object{Type: "Commit", Value: b.repo.commitAt(b.repo.branches[b.branch()])}
		}),
	},
	"Label": {
		"id":          of(func(_ *query, l repoLabel) any { return nodeID("Label", l.id) }),
		"name":        of(func(_ *query, l repoLabel) any { return l.name }),
		"color":       of(func(_ *query, l repoLabel) any { return l.color }),
		"description": of(func(_ *query, l repoLabel) any { return optional(l.description) }),
		"isDefault":   of(func(_ *query, _ repoLabel) any { return false }),
		"repository":  of(func(_ *query, l repoLabel) any { return l.repo }),
	},
}

// visible is a repository, null where the caller may not see it.
func (q *query) visible(r *Repo) any {
	if r == nil || !q.c.sees(r) {
		return nil
	}
	return r
}

// repoLabel is a label with the repository that has it.
type repoLabel struct {
	repo *Repo
	*Label
}

// pullFilter chooses and sorts pull requests.
type pullFilter struct {
	states, labels []string // empty for any
	base, head     string   // "" for any
	by             string   // "CREATED_AT", "UPDATED_AT" or "COMMENTS"; by number when ""
	descending     bool
}

func (f pullFilter) of(issues iter.Seq[*Pull]) []*Pull {
	var out []*Pull
	for p := range issues {
		has := func(label string) bool {
			return slices.ContainsFunc(p.labels, func(l *Label) bool { return strings.EqualFold(l.name, label) })
		}
		switch {
		case !p.isPull, len(f.states) > 0 && !slices.Contains(f.states, p.graphQLState()):
		case f.base != "" && f.base != p.base.ref, f.head != "" && f.head != p.head.ref:
		case len(f.labels) > 0 && !slices.ContainsFunc(f.labels, has):
		default:
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *Pull) int {
		n := 0
		switch f.by {
		case "UPDATED_AT":
			n = a.updated.Compare(b.updated)
		case "COMMENTS":
			n = cmp.Compare(len(a.comments), len(b.comments))
		}
		n = cmp.Or(n, cmp.Compare(a.number, b.number))
		if f.descending {
			return -n
		}
		return n
	})
	return out
}
