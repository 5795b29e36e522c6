package gather

import (
	"context"
	"slices"
	"sync"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy/fact"
)

// maxMerges bounds the merge commits that are looked into.
const maxMerges = 10

// cleanMerges finds the merges of the base that whoever made them added
// nothing to, as by the button "Update branch". Only those are looked into
// that would make somebody a contributor who is none otherwise; any other
// keeps its people.
func (r *reading) cleanMerges(ctx context.Context) (map[string]bool, error) {
	clean := make(map[string]bool)
	for _, m := range mergesOfBase(&r.out.Pull, r.pushes) {
		ok, err := r.cleanMerge(ctx, m)
		if err != nil {
			return nil, err
		}
		clean[m.sha] = ok
	}
	return clean, nil
}

// merge is a merge of the base into the pull request.
type merge struct {
	sha       string
	own, base string // its parents: of the pull request, and of the base
}

// mergesOfBase lists the merges that are worth looking into. A parent that is
// reachable from the head but no commit of the pull request is reachable from
// the base; that conclusion needs all commits, so with a gap there is none.
func mergesOfBase(p *fact.Pull, pushes []store.Push) []merge {
	for _, g := range p.Gaps {
		if g.About == "" || g.About == fact.AboutCommits {
			return nil
		}
	}
	own := make(map[string]bool, len(p.Commits))
	for _, c := range p.Commits {
		own[c.SHA] = true
	}
	var found []merge
	people := make(map[string][]fact.Person)
	writers := map[fact.Person]bool{p.Author: true}
	for _, c := range p.Commits {
		if len(c.Parents) != 2 || own[c.Parents[0]] == own[c.Parents[1]] {
			for _, who := range c.People {
				writers[who] = true
			}
			continue
		}
		m := merge{sha: c.SHA, own: c.Parents[0], base: c.Parents[1]}
		if own[c.Parents[1]] {
			m.own, m.base = m.base, m.own
		}
		people[c.SHA] = c.People
		found = append(found, m)
	}
	stranger := func(who fact.Person) bool { return !writers[who] }
	hides := slices.ContainsFunc(pushes, func(push store.Push) bool { return people[push.SHA] == nil && stranger(push.By) })
	var out []merge
	for _, m := range found {
		if (hides || slices.ContainsFunc(people[m.sha], stranger)) && len(out) < maxMerges {
			out = append(out, m)
		}
	}
	return out
}

// cleanMerge reports whether a merge is provably what git makes of its
// parents without help. Git's answer for a path that at most one side changed
// since their merge base is that side's entry; the merge is clean when every
// path has it. A path that both sides changed differently needs a merge of
// lines, which no tree proves: then the merge counts as written by hand. So
// does one with more files than GitHub compares.
//
// Two comparisons give all the paths that matter: the base's parent with the
// merge (the parent is its own merge base, so this is the difference of the
// trees), and with the other parent. On every other path the merge equals the
// base's parent and the pull request's side equals the merge base.
func (r *reading) cleanMerge(ctx context.Context, m merge) (bool, error) {
	var made, ours github.Comparison
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { made, errs[0] = r.client.Compare(ctx, r.ref.Owner, r.ref.Repo, m.base, m.sha) })
	wg.Go(func() { ours, errs[1] = r.client.Compare(ctx, r.ref.Owner, r.ref.Repo, m.base, m.own) })
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return false, unlessRefused(err)
		}
	}
	if !made.Complete || !ours.Complete || made.MergeBase != m.base {
		return false, nil
	}
	paths := changedPaths(slices.Concat(made.Files, ours.Files))
	var asks []github.Ask
	for _, sha := range []string{ours.MergeBase, m.own, m.base, m.sha} {
		asks = append(asks, asksOf(sha, paths)...)
	}
	found, err := r.client.Objects(ctx, r.ref.Owner, r.ref.Repo, asks)
	if err != nil {
		return false, unlessRefused(err)
	}
	for _, path := range paths {
		at := func(sha string) fact.Maybe[fact.Entry] { return look(found, sha, path).Entry }
		if !merged(at(ours.MergeBase), at(m.own), at(m.base), at(m.sha)) {
			return false, nil
		}
	}
	return true, nil
}

// merged reports whether result is what git takes for a path that is old at
// the merge base, and a and b at the two sides.
func merged(old, a, b, result fact.Maybe[fact.Entry]) bool {
	if !old.IsKnown() || !a.IsKnown() || !b.IsKnown() || !result.IsKnown() {
		return false
	}
	switch {
	case a == b, old == b:
		return result == a
	case old == a:
		return result == b
	}
	return false
}

// unlessRefused keeps only the errors that may be over soon.
func unlessRefused(err error) error {
	if github.Refusal(err) != "" {
		return nil
	}
	return err
}
