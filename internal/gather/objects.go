package gather

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// maxSnapshots bounds the commits that older approvals are bound to; the
// latest are read.
const maxSnapshots = 30

// objects reads tree entries, contents and what stood at the commits that
// older approvals are bound to, as far as the policy can see any of it.
func (r *reading) objects(ctx context.Context) error {
	p := &r.out.Pull
	needs := r.out.Policy.Needs()
	// Even a policy that asks for paths alone has to know of links.
	wants := r.g.options.Wants(p.Files, needs, fact.Contents{})
	commits := approved(p)
	paths := changedPaths(p.Files)
	read := commits[:min(len(commits), maxSnapshots)]

	var asks []github.Ask
	if needs.Modes || len(read) > 0 {
		asks = append(asks, asksOf(p.Head.SHA, paths)...)
		asks = append(asks, asksOf(p.MergeBase, paths)...)
	}
	for _, sha := range read {
		asks = append(asks, asksOf(sha, paths)...)
	}
	asks = append(asks, asksFor(p, wants)...)

	// What the comparison says is absent need not be asked for.
	absent := absences(p)
	asks = slices.DeleteFunc(asks, func(a github.Ask) bool { return !a.List && absent[a.Place] })

	var found map[github.Place]github.Object
	var then map[string]comparedThen
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { found, errs[0] = r.client.Objects(ctx, r.ref.Owner, r.ref.Repo, asks) })
	wg.Go(func() { then, errs[1] = r.comparedThen(ctx, read) })
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}

	for at := range absent {
		found[at] = github.Object{Entry: fact.Known(fact.Entry{}), Bytes: fact.Known[[]byte](nil)}
	}
	r.entries(found)
	r.out.Contents = contents(found, p, wants, 1)
	for round := 2; ; round++ { // what was read can lead further
		more := r.g.options.Wants(p.Files, needs, r.out.Contents)
		if len(more) == 0 {
			break
		}
		wants = append(wants, more...)
		got, err := r.client.Objects(ctx, r.ref.Owner, r.ref.Repo, asksFor(p, more))
		if err != nil {
			return err
		}
		maps.Copy(found, got)
		r.out.Contents = contents(found, p, wants, round)
	}
	return r.snapshots(ctx, commits, paths, found, then, needs)
}

// asksFor asks for contents at the merge base and at the head.
func asksFor(p *fact.Pull, wants []Want) []github.Ask {
	var out []github.Ask
	for _, sha := range []string{p.MergeBase, p.Head.SHA} {
		for _, w := range wants {
			out = append(out, github.Ask{Place: github.Place{Commit: sha, Path: w.Path}, Content: true, List: w.Dir})
		}
	}
	return out
}

func contents(found map[github.Place]github.Object, p *fact.Pull, wants []Want, rounds int) fact.Contents {
	return fact.Contents{Base: side(found, p.MergeBase, wants), Head: side(found, p.Head.SHA, wants), Rounds: rounds}
}

// absences are the sides of added and removed files on which nothing stands.
func absences(p *fact.Pull) map[github.Place]bool {
	out := make(map[github.Place]bool)
	for _, f := range p.Files {
		switch {
		case f.Status == fact.Added && p.MergeBase != "":
			out[github.Place{Commit: p.MergeBase, Path: f.Path}] = true
		case f.Status == fact.Removed:
			out[github.Place{Commit: p.Head.SHA, Path: f.Path}] = true
		}
	}
	return out
}

// approved lists the commits that approvals are bound to and that are not the
// head, latest first.
func approved(p *fact.Pull) []string {
	var out []string
	for _, v := range slices.Backward(p.Reviews) {
		sha := v.Delivered
		if sha == "" {
			sha = v.Commit
		}
		if v.State == fact.Approved && sha != "" && sha != p.Head.SHA && !slices.Contains(out, sha) {
			out = append(out, sha)
		}
	}
	return out
}

// changedPaths lists every path that the change touches, once.
func changedPaths(files []fact.File) []string {
	var out []string
	for _, f := range files {
		out = append(out, f.Paths()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func asksOf(sha string, paths []string) []github.Ask {
	out := make([]github.Ask, len(paths))
	for i, path := range paths {
		out[i] = github.Ask{Place: github.Place{Commit: sha, Path: path}}
	}
	return out
}

// entries sets the files' tree entries as far as they were read. A rename's
// base is what stood at its old path.
func (r *reading) entries(found map[github.Place]github.Object) {
	p := &r.out.Pull
	for i := range p.Files {
		f := &p.Files[i]
		if o, ok := found[github.Place{Commit: p.Head.SHA, Path: f.Path}]; ok {
			f.Head = o.Entry
		}
		old := f.Path
		if paths := f.Paths(); len(paths) == 2 {
			old = paths[0]
		}
		if o, ok := found[github.Place{Commit: p.MergeBase, Path: old}]; ok {
			f.Base = o.Entry
		}
	}
}

// side is what one commit holds of the wants.
func side(found map[github.Place]github.Object, sha string, wants []Want) fact.Side {
	s := fact.Side{Files: make(map[string]fact.Maybe[[]byte]), Dirs: make(map[string]fact.Maybe[[]string])}
	file := func(path string) {
		o := look(found, sha, path)
		s.Files[path] = o.Bytes
		if o.Target != nil {
			if s.Links == nil {
				s.Links = make(map[string]fact.Maybe[string])
			}
			s.Links[path] = *o.Target
		}
	}
	for _, w := range wants {
		if !w.Dir {
			file(w.Path)
			continue
		}
		names := look(found, sha, w.Path).Names
		s.Dirs[w.Path] = names
		for _, name := range names.Value {
			if w.Path != "" {
				name = w.Path + "/" + name
			}
			file(name)
		}
	}
	return s
}

// look is what was found at a path of a commit. What is not among it is
// unknown, never absent.
func look(found map[github.Place]github.Object, sha, path string) github.Object {
	if o, ok := found[github.Place{Commit: sha, Path: path}]; ok {
		return o
	}
	const why = "it was not read"
	return github.Object{Entry: fact.Unknown[fact.Entry](why), Bytes: fact.Unknown[[]byte](why), Names: fact.Unknown[[]string](why)}
}

// comparedThen is how an approved commit lay to the base.
type comparedThen struct {
	github.Comparison
	unknown string
}

// comparedThen compares the approved commits with the base, at the same time.
func (r *reading) comparedThen(ctx context.Context, commits []string) (map[string]comparedThen, error) {
	out := make(map[string]comparedThen, len(commits))
	var failed []error
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, sha := range commits {
		wg.Go(func() {
			got, err := r.client.Compare(ctx, r.ref.Owner, r.ref.Repo, r.out.Pull.Base.SHA, sha)
			why := github.Refusal(err)
			mu.Lock()
			defer mu.Unlock()
			if err != nil && why == "" {
				failed = append(failed, err)
			}
			out[sha] = comparedThen{got, why}
		})
	}
	wg.Wait()
	if len(failed) > 0 {
		return nil, first(failed)
	}
	return out, nil
}

// snapshots sets what stood at the changed paths at each approved commit and
// at its merge base, which takes one more call where the merge base has moved
// since.
func (r *reading) snapshots(ctx context.Context, commits, paths []string, found map[github.Place]github.Object, then map[string]comparedThen, needs policy.Needs) error {
	p := &r.out.Pull
	if len(commits) == 0 {
		return nil
	}
	var asks []github.Ask
	for _, c := range then {
		if c.MergeBase != "" && c.MergeBase != p.MergeBase {
			asks = append(asks, asksOf(c.MergeBase, paths)...)
		}
	}
	older, err := r.client.Objects(ctx, r.ref.Owner, r.ref.Repo, asks)
	if err != nil {
		return err
	}
	p.Snapshots = make(map[string]fact.Snapshot, len(commits))
	for _, sha := range commits {
		c, ok := then[sha]
		switch {
		case !ok:
			p.Snapshots[sha] = fact.Snapshot{Commit: sha, Unknown: fmt.Sprintf("approvals of more than %d commits were given since", maxSnapshots)}
			continue
		case c.unknown != "":
			p.Snapshots[sha] = fact.Snapshot{Commit: sha, MergeBase: fact.Unknown[string](c.unknown), Unknown: "the approved commit cannot be compared: " + c.unknown}
			continue
		}
		s := fact.Snapshot{
			Commit: sha, MergeBase: fact.Known(c.MergeBase),
			Head: standing(found, sha, paths), Base: standing(older, c.MergeBase, paths),
		}
		if c.MergeBase == p.MergeBase {
			s.Base = standing(found, p.MergeBase, paths)
		}
		if needs.Patches {
			s.Patches = make(map[string]string)
			for _, f := range c.Files {
				if f.Patch.IsKnown() {
					s.Patches[f.Path] = f.Patch.Value
				}
			}
		}
		why, err := r.elsewhere(ctx, &s, c, needs)
		if err != nil {
			return err
		}
		s.Incomplete = why
		p.Snapshots[sha] = s
	}
	return nil
}

// elsewhere adds to s what is not changed now but was then, and what the base
// has changed since; it returns why there may be more. The first is in the
// comparison at no further call; for the second, which only an analysis of
// contents can have read, one compares the two merge bases.
func (r *reading) elsewhere(ctx context.Context, s *fact.Snapshot, then comparedThen, needs policy.Needs) (why string, err error) {
	add := func(files []fact.File) {
		for _, f := range files {
			for _, path := range f.Paths() {
				if _, ok := s.Head[path]; !ok {
					s.Head[path] = f.Head.Value
				}
			}
		}
	}
	add(then.Files)
	if !then.Complete {
		why = "GitHub lists no more than the first files of what was approved"
	}
	p := &r.out.Pull
	if then.MergeBase == p.MergeBase || !needs.Contents {
		return why, nil
	}
	moved, err := r.client.Compare(ctx, r.ref.Owner, r.ref.Repo, then.MergeBase, p.MergeBase)
	switch {
	case github.Refusal(err) != "":
		return "what the base has changed since cannot be compared: " + github.Refusal(err), nil
	case err != nil:
		return "", err
	}
	add(moved.Files)
	if !moved.Complete || moved.MergeBase != then.MergeBase {
		why = "GitHub lists no more than the first files of what the base has changed since"
	}
	return why, nil
}

// standing is what stands at paths at a commit, without what is not known.
func standing(found map[github.Place]github.Object, sha string, paths []string) map[string]fact.Entry {
	out := make(map[string]fact.Entry, len(paths))
	for _, path := range paths {
		if e := look(found, sha, path).Entry; e.IsKnown() {
			out[path] = e.Value
		}
	}
	return out
}
