package replay

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/rolecall/rolecall/internal/analyse"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Change is a range of commits to be taken for a pull request.
type Change struct {
	Base, Head string      // SHAs of the branch it goes to, and of what it brings
	Branch     string      // name of the branch it goes to
	Author     fact.Person // zero: whoever wrote the first commit
	Labels     []string
	Now        time.Time // zero: when the head was committed
	Name       string    // by which people know it, such as "#12"
	Merge      string    // SHA of the commit that merged it, "" where there is none
}

// Options are what a Reader is told once.
type Options struct {
	// Strange says why a path may not be what it seems, "" where it is; nil
	// takes every path as it is.
	Strange func(path string) string
	// Memory is what readers of the repository share of their analyses; nil
	// remembers nothing from one change to the next.
	Memory *analyse.Memory
}

// Reader makes facts from a repository. It holds git processes until it is
// closed, and serves one caller at a time.
type Reader struct {
	repo     *Repository
	options  Options
	ctx      context.Context
	objects  *objects
	comparer *comparer
	plain    *comparer // nil until it is needed
	// lineage of the branch that changes go to; its result is nil where only
	// git can tell.
	lineage func() *lineage
}

// Reader starts reading; cancelling ctx ends it.
func (r *Repository) Reader(ctx context.Context, o Options) (*Reader, error) {
	if o.Strange == nil {
		o.Strange = func(string) string { return "" }
	}
	objects, err := r.objects(ctx)
	if err != nil {
		return nil, err
	}
	comparer, err := r.comparer(ctx, false)
	if err != nil {
		objects.close()
		return nil, err
	}
	return &Reader{repo: r, options: o, ctx: ctx, objects: objects, comparer: comparer, lineage: func() *lineage { return nil }}, nil
}

// Close ends the reader's processes.
func (r *Reader) Close() {
	r.objects.close()
	r.comparer.close()
	if r.plain != nil {
		r.plain.close()
	}
}

// Pull makes the facts of a change, but for its roster and findings.
func (r *Reader) Pull(c Change) (fact.Pull, error) {
	p, _, err := r.pull(c)
	return p, err
}

// pull also tells whom the change's commits name as reviewers.
func (r *Reader) pull(c Change) (p fact.Pull, reviewed []fact.Person, err error) {
	span, err := r.span(c.Base, c.Head)
	if err != nil {
		return fact.Pull{}, nil, err
	}
	if c.Merge != "" {
		m, err := r.objects.commit(c.Merge)
		if err != nil {
			return fact.Pull{}, nil, err
		}
		reviewed = append(reviewed, m.reviewed...)
	}
	for _, one := range span.commits {
		reviewed = append(reviewed, one.reviewed...)
	}
	p, err = r.facts(c, span)
	return p, reviewed, err
}

func (r *Reader) facts(c Change, span span) (_ fact.Pull, err error) {
	p := fact.Pull{
		Ref: fact.Ref{Repo: r.repo.name}, State: "open", Author: c.Author, Now: c.Now,
		Base: fact.Branch{Ref: c.Branch, SHA: c.Base}, Head: fact.Branch{SHA: c.Head}, DefaultBranch: c.Branch,
		MergeBase: span.mergeBase, Labels: c.Labels,
	}
	var last commit
	for _, one := range span.commits {
		if p.Author == (fact.Person{}) {
			p.Author = one.author
		}
		if p.CreatedAt.IsZero() {
			p.CreatedAt = one.At
		}
		last = one
		p.Commits = append(p.Commits, one.Commit)
	}
	p.Title, p.Body, p.UpdatedAt = last.title, last.body, last.At
	if p.Now.IsZero() {
		p.Now = last.At
	}
	if p.Files, err = r.compare(span.oldTree, span.newTree, &p.Gaps); err != nil {
		return fact.Pull{}, err
	}
	for _, f := range p.Files {
		for _, path := range f.Paths() {
			if why := r.options.Strange(path); why != "" {
				p.Gaps = append(p.Gaps, fact.Gap{About: fact.AboutFiles, Paths: f.Paths(), Reason: why})
				break
			}
		}
	}
	return p, r.cleanMerges(&p)
}

// span is what lies between two commits.
type span struct {
	mergeBase        string
	oldTree, newTree string
	commits          []commit // oldest first
}

func (r *Reader) span(base, head string) (span, error) {
	var s span
	h, err := r.objects.commit(head)
	if err != nil {
		return span{}, err
	}
	s.newTree = h.Tree
	if len(h.Parents) == 1 && h.Parents[0] == base { // needs nobody's help
		s.mergeBase, s.commits = base, []commit{h}
	} else if err := r.walk(base, head, &s); err != nil {
		return span{}, err
	}
	b, err := r.objects.commit(s.mergeBase)
	if err != nil {
		return span{}, err
	}
	s.oldTree = b.Tree
	return s, nil
}

// errUnrelated is the case of two commits whose histories never meet.
var errUnrelated = errors.New("have no commit in common")

// walk finds the commits of head that base does not have, and where the two
// lines part.
func (r *Reader) walk(base, head string, s *span) error {
	if own, mergeBase, known := r.lineage().branchOf(r.objects, base, head); known {
		s.commits, s.mergeBase = own, mergeBase
		return nil
	}
	list, err := r.repo.run(r.ctx, "rev-list", "--topo-order", "--reverse", head, "^"+base)
	if err != nil {
		return err
	}
	own := make(map[string]bool)
	outside := make(map[string]bool)
	for sha := range strings.FieldsSeq(list) {
		c, err := r.objects.commit(sha)
		if err != nil {
			return err
		}
		own[sha] = true
		s.commits = append(s.commits, c)
	}
	for _, c := range s.commits {
		for _, p := range c.Parents {
			if !own[p] {
				outside[p] = true
			}
		}
	}
	switch {
	case len(s.commits) == 0:
		s.mergeBase = head // base has it all
		return nil
	case len(outside) == 1 && !rooted(s.commits):
		// Every common ancestor is reached through that one.
		for sha := range outside {
			s.mergeBase = sha
		}
		return nil
	}
	// git says nothing, and fails with 1, where there is none.
	found, err := r.repo.run(r.ctx, "merge-base", base, head)
	var failed *exec.ExitError
	if found == "" && (err == nil || errors.As(err, &failed) && failed.ExitCode() == 1) {
		return fmt.Errorf("%s and %s %w", short(base), short(head), errUnrelated)
	}
	if err != nil {
		return err
	}
	s.mergeBase = found
	return nil
}

// rooted reports whether one of the commits has no parent.
func rooted(commits []commit) bool {
	for _, c := range commits {
		if len(c.Parents) == 0 {
			return true
		}
	}
	return false
}

func short(sha string) string { return sha[:min(len(sha), 10)] }

// compare lists the files that differ between two trees. Where git cannot
// count their lines, for want of a blob, that is a gap.
func (r *Reader) compare(old, new string, gaps *[]fact.Gap) ([]fact.File, error) {
	files, err := r.comparer.files(old, new)
	if err == nil || r.ctx.Err() != nil {
		return files, err
	}
	why := err.Error()
	if r.comparer, err = r.repo.comparer(r.ctx, false); err != nil {
		return nil, err
	}
	if files, err = r.trees(old, new); err != nil {
		return nil, err
	}
	*gaps = append(*gaps, fact.Gap{About: fact.AboutFiles, Reason: "lines and renames could not be told: " + why})
	return files, nil
}

// trees compares without contents: a rename is a removal and an addition.
func (r *Reader) trees(old, new string) (files []fact.File, err error) {
	if r.plain == nil {
		if r.plain, err = r.repo.comparer(r.ctx, true); err != nil {
			return nil, err
		}
	}
	return r.plain.files(old, new)
}

// Policy is the policy file at a commit, nil where there is none.
func (r *Reader) Policy(sha string) (*policy.Source, error) {
	c, err := r.objects.commit(sha)
	if err != nil {
		return nil, err
	}
	e, err := r.objects.at(c.Tree, policy.RepoPath)
	if err != nil || e.Blob == "" {
		return nil, err
	}
	text, err := r.objects.content(e)
	switch {
	case err != nil:
		return nil, err
	case !text.IsKnown():
		return nil, fmt.Errorf("%s at %s cannot be read: %s", policy.RepoPath, short(sha), text.Unknown)
	case text.Value == nil:
		return nil, fmt.Errorf("%s at %s is no file", policy.RepoPath, short(sha))
	}
	return &policy.Source{Name: policy.RepoPath, Blob: e.Blob, Bytes: text.Value}, nil
}

// Read adds to c, of the merge base and of the head, what an analysis wants.
func (r *Reader) Read(p fact.Pull, wants []analyse.Want, c *fact.Contents) error {
	c.Rounds++
	if err := r.side(&c.Base, p.MergeBase, wants); err != nil {
		return err
	}
	return r.side(&c.Head, p.Head.SHA, wants)
}

func (r *Reader) side(s *fact.Side, sha string, wants []analyse.Want) error {
	if s.Files == nil {
		*s = fact.Side{Files: make(map[string]fact.Maybe[[]byte]), Dirs: make(map[string]fact.Maybe[[]string]), Links: make(map[string]fact.Maybe[string])}
	}
	c, err := r.objects.commit(sha)
	if err != nil {
		return err
	}
	for _, w := range wants {
		e, err := r.objects.at(c.Tree, w.Path)
		switch {
		case errors.Is(err, errMissing) && w.Dir:
			s.Dirs[w.Path] = fact.Unknown[[]string](errMissing.Error())
			continue
		case errors.Is(err, errMissing):
			s.Files[w.Path] = fact.Unknown[[]byte](errMissing.Error())
			continue
		case err != nil:
			return err
		}
		if w.Dir {
			err = r.list(s, w.Path, e)
		} else {
			err = r.content(s, w.Path, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// content reads an entry once for each path.
func (r *Reader) content(s *fact.Side, path string, e fact.Entry) error {
	if _, ok := s.Files[path]; ok {
		return nil
	}
	got, err := r.objects.content(e)
	if err != nil {
		return err
	}
	s.Files[path] = got
	if e.Mode == modeLink {
		s.Links[path], err = r.objects.target(e)
	}
	return err
}

// list reads the names and the contents of the files directly in a directory.
func (r *Reader) list(s *fact.Side, dir string, e fact.Entry) error {
	if e.Mode != modeTree {
		s.Dirs[dir] = fact.Known[[]string](nil) // no directory
		return nil
	}
	entries, err := r.objects.tree(e.Blob)
	if errors.Is(err, errMissing) {
		s.Dirs[dir] = fact.Unknown[[]string](errMissing.Error())
		return nil
	} else if err != nil {
		return err
	}
	names := []string{}
	for _, child := range entries {
		path := child.name
		if dir != "" {
			path = dir + "/" + path
		}
		if child.Mode != modeTree {
			names = append(names, child.name)
		}
		if err = r.content(s, path, child.Entry); err != nil {
			return err
		}
	}
	s.Dirs[dir] = fact.Known(names)
	return nil
}
