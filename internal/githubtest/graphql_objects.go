package githubtest

import (
	"bytes"
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rolecall/rolecall/internal/githubtest/graphql"
)

// Git objects know the repository through which they were found, since an
// object store is shared among forks.
type (
	gitCommit struct {
		repo *Repo
		*commit
	}
	gitTree struct {
		repo *Repo
		sha  string
		path string
	}
	gitBlob struct {
		repo *Repo
		sha  string
	}
	treeEntry struct {
		repo *Repo
		entry
		path string
	}
	gitActor struct{ signature }
)

// blobTextLimit is where GitHub cuts off a blob's text, in bytes. Its reference
// tells of isTruncated only; the number is as seen in the field (behaviour 22):
// https://github.com/sveltia/sveltia-cms/issues/950
const blobTextLimit = 512_000

// commitAt is null where there is no such commit.
func (r *Repo) commitAt(sha string) any {
	c := r.objects.commits[sha]
	if c == nil {
		return nil
	}
	return gitCommit{r, c}
}

// object finds what a git revision names: "REV", "REV:PATH" or an object's
// SHA; null where there is nothing.
func (r *Repo) object(expression string) any {
	rev, file, below := strings.Cut(expression, ":")
	if rev == "HEAD" {
		rev = r.defaultBranch
	}
	if !below {
		if _, ok := r.objects.blobs[rev]; ok {
			return graphql.Object{Type: "Blob", Value: gitBlob{r, rev}}
		}
		if _, ok := r.objects.trees[rev]; ok {
			return graphql.Object{Type: "Tree", Value: gitTree{r, rev, ""}}
		}
	}
	c := r.resolve(rev)
	if c == nil {
		return nil
	}
	if !below {
		return graphql.Object{Type: "Commit", Value: gitCommit{r, c}}
	}
	e, ok := r.objects.lookup(c.tree, strings.TrimSuffix(file, "/"))
	if !ok {
		return nil
	}
	return r.entryObject(e, file)
}

// entryObject is what an entry of a tree stands for; null for a submodule,
// whose commit is elsewhere.
func (r *Repo) entryObject(e entry, at string) any {
	switch e.kind() {
	case "tree":
		return graphql.Object{Type: "Tree", Value: gitTree{r, e.sha, strings.TrimSuffix(at, "/")}}
	case "blob":
		return graphql.Object{Type: "Blob", Value: gitBlob{r, e.sha}}
	}
	return nil
}

func (b gitBlob) data() []byte { return b.repo.objects.blobs[b.sha] }

// binary is GitHub's guess, which is git's: a zero byte early on.
func (b gitBlob) binary() bool {
	d := b.data()
	return bytes.IndexByte(d[:min(len(d), 8000)], 0) >= 0
}

// text is the blob as UTF-8, cut off at GitHub's limit between two letters.
func (b gitBlob) text() any {
	if b.binary() {
		return nil
	}
	d := b.data()
	if len(d) > blobTextLimit {
		end := blobTextLimit
		for end > 0 && !utf8.RuneStart(d[end]) {
			end--
		}
		d = d[:end]
	}
	return strings.ToValidUTF8(string(d), "\uFFFD")
}

func (t gitTree) entries() []treeEntry {
	var out []treeEntry
	for _, e := range t.repo.objects.trees[t.sha] {
		out = append(out, treeEntry{t.repo, e, path.Join(t.path, e.name)})
	}
	return out
}

// authors are the author and the co-authors of the message, each address once.
func (c gitCommit) authors() []gitActor {
	out := []gitActor{{c.author}}
	seen := map[string]bool{strings.ToLower(c.author.email): true}
	for _, s := range c.repo.s.coAuthors(c.commit) {
		if key := strings.ToLower(s.email); !seen[key] {
			seen[key] = true
			out = append(out, gitActor{s})
		}
	}
	return out
}

func (c gitCommit) nodeID() string {
	return fmt.Sprintf("%s_%d_%s", nodePrefixes["Commit"], c.repo.id, c.sha)
}

func (c gitCommit) url() string { return c.repo.s.page("/%s/commit/%s", c.repo.fullName(), c.sha) }

// body is the message without its first line.
func (c gitCommit) body() string {
	_, rest, _ := strings.Cut(c.text(), "\n")
	return strings.TrimSpace(rest)
}

var objectTypes = graphql.Types{
	"Blob": {
		"id":             of(func(_ *query, b gitBlob) any { return fmt.Sprintf("B_%d_%s", b.repo.id, b.sha) }),
		"oid":            of(func(_ *query, b gitBlob) any { return b.sha }),
		"abbreviatedOid": of(func(_ *query, b gitBlob) any { return b.sha[:7] }),
		"byteSize":       of(func(_ *query, b gitBlob) any { return len(b.data()) }),
		"isBinary":       of(func(_ *query, b gitBlob) any { return b.binary() }),
		"isTruncated":    of(func(_ *query, b gitBlob) any { return !b.binary() && len(b.data()) > blobTextLimit }),
		"text":           of(func(_ *query, b gitBlob) any { return b.text() }),
		"repository":     of(func(_ *query, b gitBlob) any { return b.repo }),
	},
	"Tree": {
		"id":             of(func(_ *query, t gitTree) any { return fmt.Sprintf("T_%d_%s", t.repo.id, t.sha) }),
		"oid":            of(func(_ *query, t gitTree) any { return t.sha }),
		"abbreviatedOid": of(func(_ *query, t gitTree) any { return t.sha[:7] }),
		"repository":     of(func(_ *query, t gitTree) any { return t.repo }),
		"entries":        of(func(_ *query, t gitTree) any { return t.entries() }),
	},
	"TreeEntry": {
		"name": of(func(_ *query, e treeEntry) any { return e.name }),
		"path": of(func(_ *query, e treeEntry) any { return e.path }),
		"type": of(func(_ *query, e treeEntry) any { return e.kind() }),
		"mode": of(func(_ *query, e treeEntry) any { // the number, not its octal digits
			n, err := strconv.ParseInt(e.mode, 8, 32)
			if err != nil {
				return err
			}
			return n
		}),
		"oid":  of(func(_ *query, e treeEntry) any { return e.sha }),
		"size": of(func(_ *query, e treeEntry) any { return len(e.repo.objects.blobs[e.sha]) }),
		"extension": of(func(_ *query, e treeEntry) any {
			if e.kind() == "tree" {
				return nil
			}
			return path.Ext(e.name)
		}),
		"object":     of(func(_ *query, e treeEntry) any { return e.repo.entryObject(e.entry, e.path) }),
		"repository": of(func(_ *query, e treeEntry) any { return e.repo }),
	},
	"GitActor": {
		"name":  of(func(_ *query, a gitActor) any { return optional(a.name) }),
		"email": of(func(_ *query, a gitActor) any { return optional(a.email) }),
		"date":  of(func(_ *query, a gitActor) any { return a.at }),
		"user":  of(func(q *query, a gitActor) any { return q.s.userAt(a.email) }),
	},
	"Commit": {
		"id":              of(func(_ *query, c gitCommit) any { return c.nodeID() }),
		"oid":             of(func(_ *query, c gitCommit) any { return c.sha }),
		"abbreviatedOid":  of(func(_ *query, c gitCommit) any { return c.sha[:7] }),
		"message":         of(func(_ *query, c gitCommit) any { return c.text() }),
		"messageHeadline": of(func(_ *query, c gitCommit) any { return c.headline() }),
		"messageBody":     of(func(_ *query, c gitCommit) any { return c.body() }),
		"url":             of(func(_ *query, c gitCommit) any { return c.url() }),
		"commitUrl":       of(func(_ *query, c gitCommit) any { return c.url() }),
		"repository":      of(func(_ *query, c gitCommit) any { return c.repo }),
		"authoredDate":    of(func(_ *query, c gitCommit) any { return c.author.at }),
		"committedDate":   of(func(_ *query, c gitCommit) any { return c.committer.at }),
		"author":          of(func(_ *query, c gitCommit) any { return gitActor{c.author} }),
		"committer":       of(func(_ *query, c gitCommit) any { return gitActor{c.committer} }),
		"authoredByCommitter": of(func(_ *query, c gitCommit) any {
			return c.author.email == c.committer.email
		}),
		"committedViaWeb": of(func(_ *query, c gitCommit) any { return c.committer.email == webFlow(c.committer.at).email }),
		"authors": of(func(_ *query, c gitCommit) any {
			return graphql.Of(c.authors(), func(a gitActor) any { return a })
		}),
		"parents": of(func(_ *query, c gitCommit) any {
			return graphql.Of(c.parents, func(sha string) any { return c.repo.commitAt(sha) })
		}),
		"tree": of(func(_ *query, c gitCommit) any { return gitTree{c.repo, c.tree, ""} }),
		"file": on(func(q *query, c gitCommit, a graphql.Args) any {
			at := strings.Trim(a.String("path"), "/")
			return q.guarded(c.repo, "contents", func() any {
				e, ok := c.repo.objects.lookup(c.tree, at)
				if !ok || at == "" {
					return nil
				}
				return treeEntry{c.repo, e, at}
			})
		}),
		"associatedPullRequests": of(func(q *query, c gitCommit) any {
			out := pullFilter{}.of(c.repo.holders.of(c.sha))
			return q.guarded(c.repo, "pull_requests", func() any {
				return graphql.Of(out, func(p *Pull) any { return p })
			})
		}),
		"checkSuites":       on(func(q *query, c gitCommit, a graphql.Args) any { return q.checkSuites(c, a.Input("filterBy")) }),
		"statusCheckRollup": of(func(q *query, c gitCommit) any { return q.rollup(c) }),
	},
}
