package githubtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/internal/githubtest/graphql"
)

// graphQLState is "OPEN", "CLOSED" or "MERGED".
func (p *Pull) graphQLState() string {
	switch {
	case p.merged:
		return "MERGED"
	case p.closed:
		return "CLOSED"
	}
	return "OPEN"
}

// pullCommit is a commit as part of a pull request.
type pullCommit struct {
	pull *Pull
	*commit
}

// reviewRequest is one reviewer, or team, that is asked.
type reviewRequest struct {
	pull *Pull
	user *User
	team *Team
}

// reviewer is the union of who can be asked. An installation that may not see
// members is not told of teams (behaviour 24): https://github.com/cli/cli/issues/14317
func (q *query) reviewer(u *User, t *Team) any {
	if t == nil {
		return actorOf(u)
	}
	if err := q.allowTeams(t.org); err != nil {
		return err
	}
	return graphql.Object{Type: "Team", Value: t}
}

// reactionContents are GitHub's, in its order, with REST's names.
var reactionContents = []struct{ name, rest string }{
	{"THUMBS_UP", "+1"}, {"THUMBS_DOWN", "-1"}, {"LAUGH", "laugh"}, {"HOORAY", "hooray"},
	{"CONFUSED", "confused"}, {"HEART", "heart"}, {"ROCKET", "rocket"}, {"EYES", "eyes"},
}

// reactionGroup is all reactions of one content to a comment.
type reactionGroup struct {
	content string // GraphQL's name
	by      []*Reaction
}

func (c *Comment) reactionGroups() []reactionGroup {
	var out []reactionGroup
	for _, content := range reactionContents {
		g := reactionGroup{content: content.name}
		for _, r := range c.reacted {
			if r.content == content.rest {
				g.by = append(g.by, r)
			}
		}
		out = append(out, g)
	}
	return out
}

// visibleReviews leaves out what is pending, which its author alone sees.
func (p *Pull) visibleReviews(to *caller) []*Review {
	var out []*Review
	for _, r := range p.reviews {
		if r.state != "PENDING" || r.author == to.user {
			out = append(out, r)
		}
	}
	return out
}

var changeTypes = map[string]string{
	"added": "ADDED", "removed": "DELETED", "modified": "MODIFIED", "renamed": "RENAMED", "changed": "CHANGED", "copied": "COPIED",
}

var pullTypes = graphql.Types{
	"PullRequest": {
		"id":                of(func(_ *query, p *Pull) any { return p.nodeID() }),
		"databaseId":        of(func(_ *query, p *Pull) any { return p.id }),
		"fullDatabaseId":    of(func(_ *query, p *Pull) any { return p.id }),
		"number":            of(func(_ *query, p *Pull) any { return p.number }),
		"title":             of(func(_ *query, p *Pull) any { return p.title }),
		"body":              of(func(_ *query, p *Pull) any { return p.body }),
		"bodyText":          of(func(_ *query, p *Pull) any { return p.body }),
		"url":               of(func(_ *query, p *Pull) any { return p.htmlURL() }),
		"permalink":         of(func(_ *query, p *Pull) any { return p.htmlURL() }),
		"resourcePath":      of(func(q *query, p *Pull) any { return strings.TrimPrefix(p.htmlURL(), q.s.root) }),
		"repository":        of(func(_ *query, p *Pull) any { return p.repo }),
		"author":            of(func(_ *query, p *Pull) any { return actorOf(p.author) }),
		"authorAssociation": of(func(_ *query, p *Pull) any { return p.repo.association(p.author) }),
		"viewerDidAuthor":   of(func(q *query, p *Pull) any { return p.author == q.c.user }),
		"state":             of(func(_ *query, p *Pull) any { return p.graphQLState() }),
		"closed":            of(func(_ *query, p *Pull) any { return p.closed || p.merged }),
		"closedAt":          of(func(_ *query, p *Pull) any { return p.closedAt }),
		"merged":            of(func(_ *query, p *Pull) any { return p.merged }),
		"mergedAt":          of(func(_ *query, p *Pull) any { return p.mergedAt }),
		"mergedBy":          of(func(_ *query, p *Pull) any { return actorOf(p.mergedBy) }),
		"mergeCommit":       of(func(_ *query, p *Pull) any { return p.repo.commitAt(p.mergeCommit) }),
		"isDraft":           of(func(_ *query, p *Pull) any { return p.draft }),
		"locked":            of(func(_ *query, p *Pull) any { return p.locked }),
		"autoMergeRequest": of(func(_ *query, p *Pull) any {
			if p.autoMerge == nil {
				return nil
			}
			return p
		}),
		"isCrossRepository": of(func(_ *query, p *Pull) any { return p.head.repo != p.base.repo }),
		"createdAt":         of(func(_ *query, p *Pull) any { return p.created }),
		"updatedAt":         of(func(_ *query, p *Pull) any { return p.updated }),
		"baseRefName":       of(func(_ *query, p *Pull) any { return p.base.ref }),
		"baseRefOid":        of(func(_ *query, p *Pull) any { return p.base.sha }),
		"baseRef":           of(func(_ *query, p *Pull) any { return p.base.repo.ref(p.base.ref) }),
		"baseRepository":    of(func(_ *query, p *Pull) any { return p.base.repo }),
		"headRefName":       of(func(_ *query, p *Pull) any { return p.head.ref }),
		"headRefOid":        of(func(_ *query, p *Pull) any { return p.head.sha }),
		"headRef": of(func(_ *query, p *Pull) any {
			if p.head.repo.deleted {
				return nil
			}
			return p.head.repo.ref(p.head.ref)
		}),
		"headRepository": of(func(_ *query, p *Pull) any {
			if p.head.repo.deleted {
				return nil
			}
			return p.head.repo
		}),
		"headRepositoryOwner": of(func(q *query, p *Pull) any {
			r := p.head.repo
			switch {
			case r.deleted:
				return nil
			case r.org != nil:
				return graphql.Object{Type: "Organization", Value: r.org}
			}
			return actorOf(q.s.users[r.owner.key()])
		}),
		"changedFiles": of(func(_ *query, p *Pull) any { return len(p.changes().files) }),
		"additions":    of(func(_ *query, p *Pull) any { return p.changes().additions }),
		"deletions":    of(func(_ *query, p *Pull) any { return p.changes().deletions }),
		"files": of(func(_ *query, p *Pull) any {
			return graphql.Of(p.changes().files, func(f *fileChange) any { return f })
		}),
		"labels": on(func(_ *query, p *Pull, _ graphql.Args) any {
			return graphql.Of(p.labels, func(l *Label) any { return repoLabel{p.repo, l} })
		}),
		"assignees": of(func(_ *query, p *Pull) any { return graphql.Of(p.assignees, func(u *User) any { return u }) }),
		// Unlike REST's list, which ends at 250, this one is whole (behaviour 23):
		// https://github.com/dcoapp/app/pull/310
		"commits": of(func(_ *query, p *Pull) any {
			return graphql.Of(p.changes().commits, func(c *commit) any { return pullCommit{p, c} })
		}),
		"reviews": on(func(q *query, p *Pull, a graphql.Args) any {
			states, some := a.Strings("states")
			author := a.String("author")
			list := slices.DeleteFunc(p.visibleReviews(q.c), func(r *Review) bool {
				return some && !slices.Contains(states, r.state) || author != "" && !strings.EqualFold(author, r.author.plainLogin())
			})
			return graphql.Keyed(list, func(r *Review) int64 { return r.id }, func(r *Review) any { return r })
		}),
		"comments": of(func(_ *query, p *Pull) any {
			return graphql.Keyed(p.comments, func(c *Comment) int64 { return c.id }, func(c *Comment) any { return c })
		}),
		"reviewRequests": of(func(_ *query, p *Pull) any {
			var list []reviewRequest
			for _, u := range p.requestedUsers {
				list = append(list, reviewRequest{p, u, nil})
			}
			for _, t := range p.requestedTeams {
				list = append(list, reviewRequest{p, nil, t})
			}
			return graphql.Of(list, func(r reviewRequest) any { return r })
		}),
		"timelineItems": on(func(q *query, p *Pull, a graphql.Args) any {
			types, some := a.Strings("itemTypes")
			return q.timeline(p, types, some)
		}),
		"statusCheckRollup": of(func(q *query, p *Pull) any { return q.rollup(gitCommit{p.repo, p.repo.objects.commits[p.head.sha]}) }),
		"isInMergeQueue":    of(func(_ *query, p *Pull) any { return p.queueEntry() != nil }),
		"mergeQueueEntry": of(func(q *query, p *Pull) any {
			return q.guarded(p.repo, "merge_queues", func() any { return p.queueEntry() })
		}),
		"mergeQueue": of(func(q *query, p *Pull) any {
			return q.guarded(p.repo, "merge_queues", func() any { return p.repo.mergeQueue(p.base.ref) })
		}),
	},
	"PullRequestChangedFile": {
		"path":       of(func(_ *query, f *fileChange) any { return f.path }),
		"additions":  of(func(_ *query, f *fileChange) any { return f.additions }),
		"deletions":  of(func(_ *query, f *fileChange) any { return f.deletions }),
		"changeType": of(func(_ *query, f *fileChange) any { return changeTypes[f.status] }),
	},
	"PullRequestCommit": {
		"id":          of(func(_ *query, c pullCommit) any { return fmt.Sprintf("PURC_%d_%s", c.pull.id, c.sha) }),
		"commit":      of(func(_ *query, c pullCommit) any { return gitCommit{c.pull.repo, c.commit} }),
		"pullRequest": of(func(_ *query, c pullCommit) any { return c.pull }),
		"url":         of(func(_ *query, c pullCommit) any { return c.pull.htmlURL() + "/commits/" + c.sha }),
	},
	"ReviewRequest": {
		"id": of(func(_ *query, r reviewRequest) any {
			if r.team != nil {
				return fmt.Sprintf("RR_%d_%d", r.pull.id, r.team.id)
			}
			return fmt.Sprintf("RR_%d_%d", r.pull.id, r.user.id)
		}),
		"asCodeOwner":       of(func(_ *query, _ reviewRequest) any { return false }),
		"pullRequest":       of(func(_ *query, r reviewRequest) any { return r.pull }),
		"requestedReviewer": of(func(q *query, r reviewRequest) any { return q.reviewer(r.user, r.team) }),
	},
	"PullRequestReview": {
		"id":                  of(func(_ *query, r *Review) any { return nodeID("PullRequestReview", r.id) }),
		"databaseId":          of(func(_ *query, r *Review) any { return r.id }),
		"fullDatabaseId":      of(func(_ *query, r *Review) any { return r.id }),
		"author":              of(func(_ *query, r *Review) any { return actorOf(r.author) }),
		"authorAssociation":   of(func(_ *query, r *Review) any { return r.pull.repo.association(r.author) }),
		"viewerDidAuthor":     of(func(q *query, r *Review) any { return r.author == q.c.user }),
		"state":               of(func(_ *query, r *Review) any { return r.state }),
		"body":                of(func(_ *query, r *Review) any { return r.body }),
		"bodyText":            of(func(_ *query, r *Review) any { return r.body }),
		"commit":              of(func(_ *query, r *Review) any { return r.pull.repo.commitAt(r.commit) }),
		"createdAt":           of(func(_ *query, r *Review) any { return r.submitted }),
		"submittedAt":         of(func(_ *query, r *Review) any { return r.submitted }),
		"updatedAt":           of(func(_ *query, r *Review) any { return r.submitted }),
		"lastEditedAt":        of(func(_ *query, _ *Review) any { return nil }), // reviews are never edited here
		"includesCreatedEdit": of(func(_ *query, _ *Review) any { return false }),
		"editor":              of(func(_ *query, _ *Review) any { return nil }),
		"pullRequest":         of(func(_ *query, r *Review) any { return r.pull }),
		"repository":          of(func(_ *query, r *Review) any { return r.pull.repo }),
		"url":                 of(func(_ *query, r *Review) any { return fmt.Sprintf("%s#pullrequestreview-%d", r.pull.htmlURL(), r.id) }),
	},
	"IssueComment": {
		"id":                  of(func(_ *query, c *Comment) any { return nodeID("IssueComment", c.id) }),
		"databaseId":          of(func(_ *query, c *Comment) any { return c.id }),
		"fullDatabaseId":      of(func(_ *query, c *Comment) any { return c.id }),
		"author":              of(func(_ *query, c *Comment) any { return actorOf(c.author) }),
		"authorAssociation":   of(func(_ *query, c *Comment) any { return c.pull.repo.association(c.author) }),
		"viewerDidAuthor":     of(func(q *query, c *Comment) any { return c.author == q.c.user }),
		"body":                of(func(_ *query, c *Comment) any { return c.body }),
		"bodyText":            of(func(_ *query, c *Comment) any { return c.body }),
		"createdAt":           of(func(_ *query, c *Comment) any { return c.created }),
		"updatedAt":           of(func(_ *query, c *Comment) any { return c.updated }),
		"lastEditedAt":        of(func(_ *query, c *Comment) any { return c.editedAt }),
		"includesCreatedEdit": of(func(_ *query, c *Comment) any { return !c.editedAt.IsZero() }),
		"editor":              of(func(_ *query, c *Comment) any { return actorOf(c.editor) }),
		"isMinimized":         of(func(_ *query, _ *Comment) any { return false }),
		"reactionGroups":      of(func(_ *query, c *Comment) any { return c.reactionGroups() }),
		"repository":          of(func(_ *query, c *Comment) any { return c.pull.repo }),
		"pullRequest": of(func(_ *query, c *Comment) any {
			if !c.pull.isPull {
				return nil
			}
			return c.pull
		}),
		"url": of(func(_ *query, c *Comment) any { return fmt.Sprintf("%s#issuecomment-%d", c.pull.htmlURL(), c.id) }),
	},
	"ReactionGroup": {
		"content": of(func(_ *query, g reactionGroup) any { return g.content }),
		"createdAt": of(func(_ *query, g reactionGroup) any {
			if len(g.by) == 0 {
				return nil
			}
			return g.by[0].at
		}),
		"viewerHasReacted": of(func(q *query, g reactionGroup) any {
			return slices.ContainsFunc(g.by, func(r *Reaction) bool { return r.user == q.c.user })
		}),
	},
}
