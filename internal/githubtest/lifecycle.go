package githubtest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Open opens a pull request into the repository.
func (r *Repo) Open(o PullRequest) *Pull {
	defer r.s.lock()()
	author := r.s.user(or(o.Author, "author"))
	head := r
	if o.Fork {
		head = r.fork(author)
	}
	base := or(o.Base, r.defaultBranch)
	if r.branches[base] == "" {
		r.s.misuse("%s has no branch %s", r.fullName(), base)
	}
	branch := or(o.Head, fmt.Sprintf("change-%d", r.numbers+1))
	commits := o.Commits
	if len(o.Files) > 0 {
		commits = append([]Commit{{Message: or(o.Title, "Change"), Files: o.Files}}, commits...)
	}
	tip := or(head.branches[branch], r.branches[base])
	for _, c := range commits {
		if c.Author == "" {
			c.Author = author.login
		}
		tip = head.commit(tip, c, author).sha
	}
	if head.branches[branch] != tip {
		head.push(branch, tip, author)
	}
	p, err := r.openPull(author, or(o.Title, "Change"), o.Body, base, head, branch, o.Draft)
	if err != nil {
		r.s.misuse("%v", err)
	}
	return p
}

// openPull opens a pull request as the API does.
func (r *Repo) openPull(author *User, title, body, base string, from *Repo, branch string, draft bool) (*Pull, error) {
	baseSHA, headSHA := r.branches[base], from.branches[branch]
	switch {
	case baseSHA == "":
		return nil, fmt.Errorf("base %s does not exist", base)
	case headSHA == "":
		return nil, fmt.Errorf("head %s does not exist", branch)
	case len(r.objects.between(baseSHA, headSHA)) == 0:
		return nil, fmt.Errorf("no commits between %s and %s", base, branch)
	}
	for _, p := range r.s.openByHead[from.headKey(branch)] {
		if p.repo == r && p.base.ref == base {
			return nil, fmt.Errorf("a pull request already exists for %s:%s", from.owner.login, branch)
		}
	}
	r.numbers++
	p := &Pull{
		s: r.s, repo: r, isPull: true, number: r.numbers, id: r.s.nextID(), issueID: r.s.nextID(),
		title: title, body: body, author: author, draft: draft, created: r.s.now(), updated: r.s.now(),
		head: branchEnd{from, branch, headSHA}, base: branchEnd{r, base, baseSHA},
	}
	r.issues[p.number] = p
	r.holders.move(p)
	p.setOpen(true)
	for _, c := range r.objects.between(baseSHA, headSHA) {
		p.event(&Event{kind: "committed", commit: c, actor: author, at: c.committer.at})
	}
	r.s.emitPull(p, "opened", author, nil)
	return p, nil
}

// Issue opens a plain issue.
func (r *Repo) Issue(author, title, body string) *Pull {
	defer r.s.lock()()
	return r.openIssue(r.s.user(author), title, body)
}

func (r *Repo) openIssue(author *User, title, body string) *Pull {
	r.numbers++
	p := &Pull{
		s: r.s, repo: r, number: r.numbers, id: r.s.nextID(), title: title, body: body,
		author: author, created: r.s.now(), updated: r.s.now(),
	}
	p.issueID = p.id
	r.issues[p.number] = p
	return p
}

// Pull is the repository's pull request or issue with a number; nil where
// there is none.
func (r *Repo) Pull(number int) *Pull {
	defer r.s.lock()()
	return r.issues[number]
}

// Number is the pull request's number.
func (p *Pull) Number() int { return p.number }

// Repo is the repository that the pull request is into.
func (p *Pull) Repo() *Repo { return p.repo }

// NodeID is the pull request's global ID.
func (p *Pull) NodeID() string { return p.nodeID() }

// URL is the page for people.
func (p *Pull) URL() string { return p.htmlURL() }

// Head is the SHA of the head.
func (p *Pull) Head() string {
	defer p.s.lock()()
	return p.head.sha
}

// HeadBranch is the name of the head's branch.
func (p *Pull) HeadBranch() string { return p.head.ref }

// Base is the SHA of the base as of the last synchronization.
func (p *Pull) Base() string {
	defer p.s.lock()()
	return p.base.sha
}

// BaseBranch is the name of the branch that it is to be merged into.
func (p *Pull) BaseBranch() string {
	defer p.s.lock()()
	return p.base.ref
}

// Files are the paths that it changes, sorted.
func (p *Pull) Files() []string {
	defer p.s.lock()()
	var out []string
	for _, f := range p.changes().files {
		out = append(out, f.path)
	}
	slices.Sort(out)
	return out
}

// AuthorLogin is who opened it.
func (p *Pull) AuthorLogin() string { return p.author.login }

// State is "open", "closed" or "merged".
func (p *Pull) State() string {
	defer p.s.lock()()
	switch {
	case p.merged:
		return "merged"
	case p.closed:
		return "closed"
	}
	return "open"
}

func (p *Pull) nodeID() string {
	if p.isPull {
		return nodeID("PullRequest", p.id)
	}
	return nodeID("Issue", p.id)
}

func (p *Pull) htmlURL() string {
	if p.isPull {
		return p.s.page("/%s/pull/%d", p.repo.fullName(), p.number)
	}
	return p.s.page("/%s/issues/%d", p.repo.fullName(), p.number)
}

// setOpen keeps the indexes of open pull requests.
func (p *Pull) setOpen(open bool) {
	p.closed = !open
	key := p.head.repo.headKey(p.head.ref)
	if !open {
		delete(p.repo.open, p.number)
		p.index(p.s.openByHead, key, false)
		p.index(p.s.openBySHA, p.head.sha, false)
		return
	}
	p.repo.open[p.number] = p
	p.index(p.s.openByHead, key, true)
	p.index(p.s.openBySHA, p.head.sha, true)
}

func (p *Pull) index(by map[string]map[int64]*Pull, key string, in bool) {
	if in && by[key] == nil {
		by[key] = map[int64]*Pull{}
	}
	if in {
		by[key][p.id] = p
	} else if delete(by[key], p.id); len(by[key]) == 0 {
		delete(by, key)
	}
}

// event adds to the timeline and counts as an update.
func (p *Pull) event(e *Event) {
	e.id = p.s.nextID()
	if e.at.IsZero() {
		e.at = p.s.now()
	}
	p.timeline = append(p.timeline, e)
	p.updated = p.s.now()
}

// changes is the pull request's own diff.
func (p *Pull) changes() *comparison { return p.repo.objects.compare(p.base.sha, p.head.sha) }

// by is the person named, or the author.
func (p *Pull) by(login []string) *User {
	if len(login) > 0 {
		return p.s.user(login[0])
	}
	return p.author
}

// Push commits files to the head and pushes; it returns the commit's SHA.
func (p *Pull) Push(login string, files Files, options ...CommitOption) string {
	defer p.s.lock()()
	c := Commit{Files: files}
	for _, o := range options {
		o(&c)
	}
	u := p.s.user(login)
	sha := p.head.repo.commit(p.head.sha, c, u).sha
	p.head.repo.push(p.head.ref, sha, u)
	return sha
}

// PushCommits makes commits on the head and pushes them at once; it returns
// the last one's SHA.
func (p *Pull) PushCommits(login string, commits ...Commit) string {
	defer p.s.lock()()
	u := p.s.user(login)
	sha := p.head.sha
	for _, c := range commits {
		sha = p.head.repo.commit(sha, c, u).sha
	}
	p.head.repo.push(p.head.ref, sha, u)
	return sha
}

// ForcePush replaces the head by one commit with these files on the merge
// base; it returns the commit's SHA.
func (p *Pull) ForcePush(login string, files Files, options ...CommitOption) string {
	defer p.s.lock()()
	c := Commit{Files: files, Message: "Change, rewritten"}
	for _, o := range options {
		o(&c)
	}
	u := p.s.user(login)
	sha := p.head.repo.commit(p.changes().mergeBase, c, u).sha
	p.head.repo.push(p.head.ref, sha, u)
	return sha
}

// PushTo sets the head to a commit that is there already.
func (p *Pull) PushTo(login, sha string) {
	defer p.s.lock()()
	p.repo.mustHave(sha)
	p.head.repo.push(p.head.ref, sha, p.s.user(login))
}

// UpdateBranch merges the base into the head as the button does: authored by
// who clicks, committed by GitHub. It returns the merge's SHA, and stops the
// test where git could not merge.
func (p *Pull) UpdateBranch(login string) string {
	defer p.s.lock()()
	sha, err := p.updateBranch(p.s.user(login))
	if err != nil {
		p.s.misuse("%v", err)
	}
	return sha
}

// MergeBase merges the base into the head by hand, with files as the person
// resolved them, and pushes. It returns the merge's SHA.
func (p *Pull) MergeBase(login string, resolved Files) string {
	defer p.s.lock()()
	u := p.s.user(login)
	c := p.head.repo.commit(p.head.sha, Commit{
		Message: fmt.Sprintf("Merge branch '%s' into %s", p.base.ref, p.head.ref),
		Parents: []string{p.repo.branches[p.base.ref]}, Files: resolved,
	}, u)
	p.head.repo.push(p.head.ref, c.sha, u)
	return c.sha
}

func (p *Pull) updateBranch(u *User) (string, error) {
	base := p.repo.branches[p.base.ref]
	o := p.repo.objects
	if o.mergeBase(base, p.head.sha) == base {
		return "", fmt.Errorf("there are no new commits on the base branch")
	}
	tree, conflicts := o.merge(p.head.sha, base)
	if len(conflicts) > 0 {
		return "", fmt.Errorf("merge conflict between base and head: %s", strings.Join(conflicts, ", "))
	}
	c := o.putCommit(commit{
		tree: tree, parents: []string{p.head.sha, base}, author: signature{u.name, u.email, p.s.now()},
		committer: webFlow(p.s.now()), message: fmt.Sprintf("Merge branch '%s' into %s", p.base.ref, p.head.ref),
		pushed: p.s.now(), pusher: u,
	})
	p.head.repo.push(p.head.ref, c.sha, u)
	return c.sha, nil
}

// webFlow is the committer of what is committed on GitHub's pages.
func webFlow(at time.Time) signature { return signature{"GitHub", "noreply@github.com", at} }

// synchronize follows a push to the head.
func (p *Pull) synchronize(before, after string, forward bool, by *User) {
	p.index(p.s.openBySHA, p.head.sha, false)
	p.head.sha = after
	p.index(p.s.openBySHA, p.head.sha, true)
	if sha := p.repo.branches[p.base.ref]; sha != "" {
		p.base.sha = sha // behaviour 6
	}
	p.repo.holders.move(p)
	if !forward {
		p.event(&Event{kind: "head_ref_force_pushed", actor: by, before: before, after: after})
		if p.s.o.MoveReviewsOnForcePush {
			for _, r := range p.reviews {
				r.commit = after
			}
		}
	}
	for _, c := range p.repo.objects.between(before, after) {
		if p.repo.objects.ancestors(p.base.sha)[c.sha] {
			continue
		}
		p.event(&Event{kind: "committed", commit: c, actor: by, at: c.committer.at})
	}
	p.s.emitPull(p, "synchronize", by, object{"before": before, "after": after})
	p.distrust(by)
}

// Retarget changes the base branch.
func (p *Pull) Retarget(branch string, login ...string) {
	defer p.s.lock()()
	if err := p.retarget(branch, p.by(login)); err != nil {
		p.s.misuse("%v", err)
	}
}

func (p *Pull) retarget(branch string, by *User) error {
	sha := p.repo.branches[branch]
	if sha == "" {
		return fmt.Errorf("base %s does not exist", branch)
	}
	if branch == p.base.ref {
		return nil
	}
	if len(p.repo.objects.between(sha, p.head.sha)) == 0 {
		return fmt.Errorf("there are no new commits between base branch '%s' and head branch '%s'", branch, p.head.ref)
	}
	p.dequeue(by, "UNKNOWN_REMOVAL_REASON") // the queue is its base's
	was := p.base
	p.base = branchEnd{p.repo, branch, sha}
	p.repo.holders.move(p)
	p.event(&Event{kind: "base_ref_changed", actor: by, before: was.ref, after: branch})
	p.s.emitPull(p, "edited", by, object{"changes": object{
		"base": object{"ref": object{"from": was.ref}, "sha": object{"from": was.sha}},
	}})
	p.distrust(by)
	return nil
}

// Edit changes title and body.
func (p *Pull) Edit(title, body string, login ...string) {
	defer p.s.lock()()
	p.edit(title, body, p.by(login))
}

func (p *Pull) edit(title, body string, by *User) {
	changes := object{}
	if title != p.title {
		changes["title"] = object{"from": p.title}
		p.event(&Event{kind: "renamed", actor: by, before: p.title, after: title})
	}
	if body != p.body {
		changes["body"] = object{"from": p.body}
	}
	if len(changes) == 0 {
		return
	}
	p.title, p.body, p.updated = title, body, p.s.now()
	p.edits++
	if p.isPull {
		p.s.emitPull(p, "edited", by, object{"changes": changes})
	}
}

// MarkReady ends the draft.
func (p *Pull) MarkReady(login ...string) {
	defer p.s.lock()()
	if p.draft {
		p.draft = false
		p.event(&Event{kind: "ready_for_review", actor: p.by(login)})
		p.s.emitPull(p, "ready_for_review", p.by(login), nil)
	}
}

// ConvertToDraft makes the pull request a draft.
func (p *Pull) ConvertToDraft(login ...string) {
	defer p.s.lock()()
	if !p.draft {
		p.draft = true
		p.event(&Event{kind: "convert_to_draft", actor: p.by(login)})
		p.s.emitPull(p, "converted_to_draft", p.by(login), nil)
	}
}

// Close closes the pull request without merging it.
func (p *Pull) Close(login ...string) {
	defer p.s.lock()()
	p.close(p.by(login))
}

func (p *Pull) close(by *User) {
	if p.closed {
		return
	}
	if p.isPull {
		p.setOpen(false)
	}
	p.closed, p.closedAt = true, p.s.now()
	p.event(&Event{kind: "closed", actor: by})
	p.dequeue(by, "PULL_REQUEST_CLOSED")
	if p.isPull {
		p.s.emitPull(p, "closed", by, nil)
		p.disarm(by, "closed")
	}
}

// Reopen opens a closed pull request again.
func (p *Pull) Reopen(login ...string) {
	if err := p.TryReopen(login...); err != nil {
		p.s.misuse("%v", err)
	}
}

// TryReopen is Reopen, with an error where its branch does not allow it any
// more.
func (p *Pull) TryReopen(login ...string) error {
	defer p.s.lock()()
	return p.reopen(p.by(login))
}

// reopen opens again what its branch still allows to (behaviour 16).
func (p *Pull) reopen(by *User) error {
	if !p.closed || p.merged {
		return nil
	}
	if p.isPull {
		sha := p.head.repo.branches[p.head.ref]
		if sha == "" || p.head.repo.deleted || !p.repo.objects.ancestors(sha)[p.head.sha] {
			return fmt.Errorf("the %s branch was deleted, force-pushed or recreated", p.head.ref)
		}
		p.head.sha = sha
		p.repo.holders.move(p)
		p.setOpen(true)
	}
	p.closed, p.closedAt = false, time.Time{}
	p.event(&Event{kind: "reopened", actor: by})
	if p.isPull {
		p.s.emitPull(p, "reopened", by, nil)
	}
	return nil
}

// Merge merges the pull request by a merge commit, as the button does. Where
// the branch's rules do not let it, or git cannot, the error says why and
// nothing happens.
func (p *Pull) Merge(login ...string) error {
	defer p.s.lock()()
	by := p.by(login)
	if why := p.blocked(); why != "" {
		return fmt.Errorf("%s", why)
	}
	return p.merge(by)
}

// MustMerge merges past all rules but git's.
func (p *Pull) MustMerge(login ...string) {
	defer p.s.lock()()
	if err := p.merge(p.by(login)); err != nil {
		p.s.misuse("%v", err)
	}
}

func (p *Pull) merge(by *User) error {
	if p.closed {
		return fmt.Errorf("the pull request is closed")
	}
	base := p.repo.branches[p.base.ref]
	tree, conflicts := p.repo.objects.merge(base, p.head.sha)
	if len(conflicts) > 0 {
		return fmt.Errorf("merge conflict: %s", strings.Join(conflicts, ", "))
	}
	c := p.repo.objects.putCommit(commit{
		tree: tree, parents: []string{base, p.head.sha}, author: signature{by.name, by.email, p.s.now()}, committer: webFlow(p.s.now()),
		message: fmt.Sprintf("Merge pull request #%d from %s/%s\n\n%s", p.number, p.head.repo.owner.login, p.head.ref, p.title),
		pushed:  p.s.now(), pusher: by,
	})
	p.markMerged(c.sha, by)
	p.repo.push(p.base.ref, c.sha, by)
	return nil
}

func (p *Pull) markMerged(sha string, by *User) {
	p.setOpen(false)
	p.merged, p.mergeCommit, p.mergedBy = true, sha, by
	p.repo.holders.move(p)
	delete(p.s.armed, p.id)
	p.closedAt, p.mergedAt = p.s.now(), p.s.now()
	p.event(&Event{kind: "merged", actor: by, after: sha})
	p.event(&Event{kind: "closed", actor: by})
	for branch, q := range p.repo.queue {
		p.repo.queue[branch] = slices.DeleteFunc(q, func(e *QueueEntry) bool { return e.pull == p })
	}
	p.s.emitPull(p, "closed", by, nil)
}

// Title is the title as it stands.
func (p *Pull) Title() string {
	defer p.s.lock()()
	return p.title
}
