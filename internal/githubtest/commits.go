package githubtest

import (
	"fmt"
	"sort"
	"strings"
	"time"
)

// Files are the files that a commit sets, by path: a string or []byte for an
// ordinary file, [Executable], [Symlink] or [Submodule] for the others, nil or
// [Delete] for one that goes.
type Files map[string]any

// Executable is a file with the executable bit.
type Executable string

// Symlink is a symbolic link, and where it leads.
type Symlink string

// Submodule is a submodule at a commit.
type Submodule string

// Delete removes a file.
var Delete any = nil

// CommitOption changes a commit that is to be made.
type CommitOption func(*Commit)

// By sets who writes and pushes the commit.
func By(login string) CommitOption { return func(c *Commit) { c.Author = login } }

// CommittedBy sets the committer where it is not the author.
func CommittedBy(login string) CommitOption { return func(c *Commit) { c.Committer = login } }

// CoAuthored names co-authors in trailers.
func CoAuthored(logins ...string) CommitOption { return func(c *Commit) { c.CoAuthors = logins } }

// At sets the times of the commit.
func At(t time.Time) CommitOption { return func(c *Commit) { c.At = t } }

// Parents adds parents, as SHAs, after the branch's tip.
func Parents(shas ...string) CommitOption { return func(c *Commit) { c.Parents = shas } }

// Commit commits files to a branch, which is made from the default branch when
// new, and pushes it. It returns the commit's SHA.
func (r *Repo) Commit(branch, message string, files Files, options ...CommitOption) string {
	defer r.s.lock()()
	c := Commit{Message: message, Files: files}
	for _, o := range options {
		o(&c)
	}
	pusher := r.s.user(or(c.Author, "pusher"))
	tip := r.branches[branch]
	if tip == "" {
		tip = r.branches[r.defaultBranch]
	}
	made := r.commit(tip, c, pusher)
	r.push(branch, made.sha, pusher)
	return made.sha
}

// Object makes a commit on top of another without pushing it to any branch,
// and returns its SHA; parent "" makes a root.
func (r *Repo) Object(parent string, c Commit) string {
	defer r.s.lock()()
	return r.commit(parent, c, r.s.user(or(c.Author, "pusher"))).sha
}

// Push sets a branch to a commit that is there already, as git push --force
// does.
func (r *Repo) Push(branch, sha, login string) {
	defer r.s.lock()()
	r.mustHave(sha)
	r.push(branch, sha, r.s.user(login))
}

// DeleteBranch deletes a branch; pull requests from it close.
func (r *Repo) DeleteBranch(branch, login string) {
	defer r.s.lock()()
	r.push(branch, "", r.s.user(login))
}

func (r *Repo) mustHave(sha string) *commit {
	c := r.objects.commits[sha]
	if c == nil {
		r.s.misuse("%s has no commit %s", r.fullName(), sha)
	}
	return c
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// commit makes a commit on top of parent, without pushing it.
func (r *Repo) commit(parent string, c Commit, pusher *User) *commit {
	var tree string
	var parents []string
	if parent != "" {
		tree = r.mustHave(parent).tree
		parents = append(parents, parent)
	}
	if len(c.Parents) > 0 { // a merge starts from what git makes of it
		for _, p := range c.Parents {
			r.mustHave(p)
			merged, _ := r.objects.merge(parent, p)
			tree = merged
		}
		parents = append(parents, c.Parents...)
	}
	tree = r.objects.edit(tree, r.entries(c.Files))
	at := c.At
	if at.IsZero() {
		at = r.s.now()
	}
	author := pusher
	if c.Author != "" {
		author = r.s.user(c.Author)
	}
	committer := author
	if c.Committer != "" {
		committer = r.s.user(c.Committer)
	}
	message := strings.TrimRight(or(c.Message, "Change"), "\n")
	if len(c.CoAuthors) > 0 {
		message += "\n"
		for _, login := range c.CoAuthors {
			u := r.s.user(login)
			message += fmt.Sprintf("\nCo-authored-by: %s <%s>", u.name, u.email)
		}
	}
	made := r.objects.putCommit(commit{
		tree: tree, parents: parents, message: message + "\n", pushed: r.s.now(), pusher: pusher,
		author:    signature{author.name, author.email, at},
		committer: signature{committer.name, committer.email, at},
	})
	return made
}

func (r *Repo) entries(files Files) map[string]entry {
	out := make(map[string]entry, len(files))
	for path, content := range files {
		var e entry
		switch v := content.(type) {
		case nil:
		case string:
			e = entry{mode: ModeFile, sha: r.objects.putBlob([]byte(v))}
		case []byte:
			e = entry{mode: ModeFile, sha: r.objects.putBlob(v)}
		case Executable:
			e = entry{mode: ModeExecutable, sha: r.objects.putBlob([]byte(v))}
		case Symlink:
			e = entry{mode: ModeSymlink, sha: r.objects.putBlob([]byte(v))}
		case Submodule:
			e = entry{mode: ModeSubmodule, sha: string(v)}
		default:
			r.s.misuse("%s: no file is made of a %T", path, content)
		}
		out[path] = e
	}
	return out
}

// Read returns the content of a file at a branch or commit.
func (r *Repo) Read(ref, path string) (content string, ok bool) {
	defer r.s.lock()()
	c := r.resolve(ref)
	if c == nil {
		return "", false
	}
	e, ok := r.objects.lookup(c.tree, path)
	if !ok || e.kind() != "blob" {
		return "", false
	}
	return string(r.objects.blobs[e.sha]), true
}

// coAuthors are the people of the message's trailers.
func (s *Server) coAuthors(c *commit) []signature {
	var out []signature
	for _, line := range strings.Split(c.message, "\n") {
		key, value, ok := strings.Cut(line, ":")
		if !ok || !strings.EqualFold(strings.TrimSpace(key), "co-authored-by") {
			continue
		}
		name, rest, ok := strings.Cut(strings.TrimSpace(value), "<")
		if !ok {
			continue
		}
		out = append(out, signature{strings.TrimSpace(name), strings.TrimSuffix(rest, ">"), c.author.at})
	}
	return out
}

// push moves a branch, and all that follows from it: pull requests from it
// synchronize, those into it that it now contains are merged. An empty SHA
// deletes it.
func (r *Repo) push(branch, sha string, by *User) {
	before := r.branches[branch]
	if before == sha {
		return
	}
	forward := before == "" || sha != "" && r.objects.ancestors(sha)[before]
	kind := "push"
	switch {
	case sha == "":
		delete(r.branches, branch)
		kind = "branch_deletion"
	case before == "":
		kind = "branch_creation"
	case !forward:
		kind = "force_push"
	}
	if sha != "" {
		r.branches[branch] = sha
		r.tips[sha] = branch
	}
	if r.tips[before] == branch {
		delete(r.tips, before)
	}
	r.pushed = r.s.now()
	r.activity = append(r.activity, &activity{
		id: r.s.nextID(), ref: "refs/heads/" + branch, before: or(before, noSHA), after: or(sha, noSHA), kind: kind, actor: by, at: r.s.now(),
	})
	r.s.emitPush(r, branch, before, sha, !forward, by)
	if sha != "" {
		for _, a := range r.s.apps {
			if i := r.s.reaching(a, r); i != nil && i.permissions["checks"] == "write" {
				r.s.emitSuite(r.suite(a, sha, branch), "requested", by)
			}
		}
	}
	for _, p := range r.s.pullsFrom(r, branch) {
		if sha == "" {
			p.close(by)
		} else {
			p.synchronize(before, sha, forward, by)
		}
	}
	if sha != "" {
		r.mergeByPush(branch, sha, by)
	}
}

// reaching is the App's installation that covers a repository, or nil.
func (s *Server) reaching(a *App, r *Repo) *Installation {
	for _, i := range s.installed {
		if i.app == a && !i.deleted && i.account == r.owner && (i.selected == nil || i.selected[r]) {
			return i
		}
	}
	return nil
}

// pullsFrom lists the open pull requests, in any repository, whose head is the
// branch.
func (s *Server) pullsFrom(r *Repo, branch string) []*Pull {
	var out []*Pull
	for _, p := range s.openByHead[r.headKey(branch)] {
		out = append(out, p)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].id < out[j].id })
	return out
}

func (r *Repo) headKey(branch string) string { return fmt.Sprintf("%d:%s", r.id, branch) }

// mergeByPush marks pull requests as merged that a push to their base brought
// in by itself (behaviour 5).
func (r *Repo) mergeByPush(branch, sha string, by *User) {
	var into []*Pull
	for _, p := range r.open {
		if p.base.ref == branch && p.head.sha != p.base.sha {
			into = append(into, p)
		}
	}
	if len(into) == 0 {
		return
	}
	sort.Slice(into, func(i, j int) bool { return into[i].number < into[j].number })
	in := r.objects.ancestors(sha)
	for _, p := range into {
		if in[p.head.sha] {
			p.markMerged(sha, by)
		}
	}
}
