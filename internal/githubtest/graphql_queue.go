package githubtest

import (
	"fmt"
	"slices"

	"github.com/rolecall/rolecall/internal/githubtest/graphql"
)

// mergeQueue is a branch's merge queue.
type mergeQueue struct {
	repo   *Repo
	branch string
}

// mergeQueue is null for a branch that never had anything queued.
func (r *Repo) mergeQueue(branch string) any {
	if _, ok := r.queue[branch]; !ok {
		return nil
	}
	return mergeQueue{r, branch}
}

func (q mergeQueue) url() string {
	return q.repo.s.page("/%s/queue/%s", q.repo.fullName(), q.branch)
}

// queueEntry is the pull request's place in a queue, nil where it has none.
func (p *Pull) queueEntry() *QueueEntry {
	q := p.repo.queue[p.base.ref]
	if i := slices.IndexFunc(q, func(e *QueueEntry) bool { return e.pull == p }); i >= 0 {
		return q[i]
	}
	return nil
}

var queueTypes = graphql.Types{
	"MergeQueue": {
		"id":         of(func(_ *query, m mergeQueue) any { return fmt.Sprintf("MQ_%d_%s", m.repo.id, m.branch) }),
		"repository": of(func(_ *query, m mergeQueue) any { return m.repo }),
		"url":        of(func(_ *query, m mergeQueue) any { return m.url() }),
		"entries": of(func(_ *query, m mergeQueue) any {
			return graphql.Of(m.repo.queue[m.branch], func(e *QueueEntry) any { return e })
		}),
	},
	"MergeQueueEntry": {
		"id":         of(func(_ *query, e *QueueEntry) any { return nodeID("MergeQueueEntry", e.id) }),
		"enqueuedAt": of(func(_ *query, e *QueueEntry) any { return e.at }),
		"enqueuer":   of(func(_ *query, e *QueueEntry) any { return actorOf(e.by) }),
		"state":      of(func(_ *query, e *QueueEntry) any { return e.state }),
		"position": of(func(_ *query, e *QueueEntry) any {
			return 1 + slices.Index(e.pull.repo.queue[e.pull.base.ref], e)
		}),
		"baseCommit":  of(func(_ *query, e *QueueEntry) any { return e.pull.repo.commitAt(e.base) }),
		"headCommit":  of(func(_ *query, e *QueueEntry) any { return e.pull.repo.commitAt(e.head) }),
		"pullRequest": of(func(_ *query, e *QueueEntry) any { return e.pull }),
		"mergeQueue":  of(func(_ *query, e *QueueEntry) any { return mergeQueue{e.pull.repo, e.pull.base.ref} }),
		"jump":        of(func(_ *query, _ *QueueEntry) any { return false }),
		"solo":        of(func(_ *query, _ *QueueEntry) any { return false }),
	},
}
