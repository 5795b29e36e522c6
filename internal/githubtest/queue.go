package githubtest

import (
	"fmt"
	"slices"
)

// Enqueue puts the pull request into its base's merge queue.
func (p *Pull) Enqueue(login ...string) {
	defer p.s.lock()()
	p.enqueue(p.by(login))
}

func (p *Pull) enqueue(by *User) {
	e := &QueueEntry{id: p.s.nextID(), pull: p, at: p.s.now(), by: by, state: "QUEUED"}
	p.repo.queue[p.base.ref] = append(p.repo.queue[p.base.ref], e)
	p.event(&Event{kind: "added_to_merge_queue", actor: by})
	p.s.emitPull(p, "enqueued", by, nil)
}

// Dequeue takes the pull request out of the queue.
func (p *Pull) Dequeue(login ...string) {
	defer p.s.lock()()
	p.dequeue(p.by(login), "MANUAL")
}

func (p *Pull) dequeue(by *User, reason string) {
	for branch, q := range p.repo.queue {
		if i := slices.IndexFunc(q, func(e *QueueEntry) bool { return e.pull == p }); i >= 0 {
			p.repo.queue[branch] = slices.Delete(q, i, i+1)
			p.event(&Event{kind: "removed_from_merge_queue", actor: by})
			p.s.emitPull(p, "dequeued", by, object{"reason": reason})
		}
	}
}

// BuildGroup makes a merge group of the first n queued pull requests of a
// branch: one merge commit each, on top of each other, and asks for checks on
// the last.
func (r *Repo) BuildGroup(branch string, n int) *MergeGroup {
	defer r.s.lock()()
	g, err := r.buildGroup(branch, n)
	if err != nil {
		r.s.misuse("%v", err)
	}
	return g
}

// TryGroup is BuildGroup, and nil where there are not so many pull requests
// queued or they cannot be merged.
func (r *Repo) TryGroup(branch string, n int) *MergeGroup {
	defer r.s.lock()()
	g, err := r.buildGroup(branch, n)
	if err != nil {
		return nil
	}
	return g
}

func (r *Repo) buildGroup(branch string, n int) (*MergeGroup, error) {
	q := r.queue[branch]
	if n > len(q) || n < 1 {
		return nil, fmt.Errorf("the queue of %s holds %d pull requests", branch, len(q))
	}
	g := &MergeGroup{s: r.s, repo: r, id: r.s.nextID(), baseRef: branch, baseSHA: r.branches[branch]}
	tip := g.baseSHA
	for _, e := range q[:n] {
		p := e.pull
		tree, conflicts := r.objects.merge(tip, p.head.sha)
		if len(conflicts) > 0 {
			return nil, fmt.Errorf("#%d conflicts in the queue: %v", p.number, conflicts)
		}
		e.base = tip
		tip = r.objects.putCommit(commit{
			tree: tree, parents: []string{tip, p.head.sha}, author: webFlow(r.s.now()), committer: webFlow(r.s.now()),
			message: fmt.Sprintf("Merge pull request #%d from %s/%s\n\n%s", p.number, p.head.repo.owner.login, p.head.ref, p.title),
			pushed:  r.s.now(),
		}).sha
		e.head, e.state = tip, "AWAITING_CHECKS"
		g.entries = append(g.entries, e)
	}
	last := g.entries[len(g.entries)-1].pull
	g.headSHA = tip
	g.headRef = fmt.Sprintf("gh-readonly-queue/%s/pr-%d-%s", branch, last.number, g.baseSHA)
	r.branches[g.headRef], r.tips[tip] = tip, g.headRef
	r.groups = append(r.groups, g)
	r.s.emitGroup(g, "checks_requested", nil)
	return g, nil
}

// Rerequest is a person's click on "Re-run all checks" of the group's head.
func (g *MergeGroup) Rerequest(login string) {
	defer g.s.lock()()
	suite := g.repo.suite(g.s.app, g.headSHA, g.headRef)
	suite.rerequested()
	g.s.emitSuite(suite, "rerequested", g.s.user(login))
}

// Done reports whether the group was merged or given up.
func (g *MergeGroup) Done() bool {
	defer g.s.lock()()
	return g.done
}

// Pulls are the pull requests in the group, in their order.
func (g *MergeGroup) Pulls() []*Pull {
	defer g.s.lock()()
	var out []*Pull
	for _, e := range g.entries {
		out = append(out, e.pull)
	}
	return out
}

// InQueue reports whether the pull request waits in its base's merge queue.
func (p *Pull) InQueue() bool {
	defer p.s.lock()()
	return p.queueEntry() != nil
}

// Base is the branch that the group is to be merged into.
func (g *MergeGroup) Base() string { return g.baseRef }

// HeadSHA is the commit that the group wants checked.
func (g *MergeGroup) HeadSHA() string { return g.headSHA }

// HeadRef is the temporary branch of the group, without refs/heads/.
func (g *MergeGroup) HeadRef() string { return g.headRef }

// Check is the latest check run on the group's head with a name, by the App
// under test; the zero Check where there is none.
func (g *MergeGroup) Check(name string) Check {
	defer g.s.lock()()
	for _, c := range g.repo.latestRuns(g.headSHA) {
		if c.name == name && c.app == g.s.app {
			return c.snapshot()
		}
	}
	return Check{}
}

// Merge merges the group where its required checks have passed.
func (g *MergeGroup) Merge() error {
	defer g.s.lock()()
	for _, c := range g.repo.required(g.baseRef) {
		if !g.repo.passed(c, g.headSHA) {
			return fmt.Errorf("required check %q has not passed on the group", c.Context)
		}
	}
	g.destroy("merged")
	by := g.s.bot("github-merge-queue")
	for _, e := range g.entries {
		e.pull.markMerged(e.head, by)
	}
	g.repo.push(g.baseRef, g.headSHA, by)
	return nil
}

// Destroy gives the group up: "invalidated" or "dequeued".
func (g *MergeGroup) Destroy(reason string) {
	defer g.s.lock()()
	g.destroy(reason)
}

func (g *MergeGroup) destroy(reason string) {
	if g.done {
		return
	}
	g.done = true
	delete(g.repo.branches, g.headRef)
	g.s.emitGroup(g, "destroyed", object{"reason": reason})
}
