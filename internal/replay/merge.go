package replay

import (
	"errors"

	"github.com/rolecall/rolecall/policy/fact"
)

// maxMerges bounds the merge commits that are looked into.
const maxMerges = 10

// cleanMerges marks the merges of the base that whoever made them added
// nothing to: every path has the entry that git takes without help.
func (r *Reader) cleanMerges(p *fact.Pull) error {
	own := make(map[string]bool, len(p.Commits))
	for _, c := range p.Commits {
		own[c.SHA] = true
	}
	looked := 0
	for i, c := range p.Commits {
		if len(c.Parents) != 2 || own[c.Parents[0]] == own[c.Parents[1]] || looked == maxMerges {
			continue
		}
		looked++
		ours, theirs := c.Parents[0], c.Parents[1]
		if own[theirs] { // which side is whose makes no difference to what is proven
			ours, theirs = theirs, ours
		}
		clean, err := r.cleanMerge(ours, theirs, c.Tree)
		if err != nil {
			return err
		}
		p.Commits[i].CleanMerge = clean
	}
	return nil
}

// cleanMerge reports whether result is provably what git makes of a and b, of
// which b is the base's. A
// path that both changed differently needs a merge of lines, which no tree
// proves: then somebody may have written it.
func (r *Reader) cleanMerge(a, b, result string) (bool, error) {
	s, err := r.span(b, a)
	if errors.Is(err, errUnrelated) {
		return false, nil // nothing is proven
	}
	if err != nil {
		return false, err
	}
	theirs, err := r.objects.commit(b)
	if err != nil {
		return false, err
	}
	entries := [3]map[string]fact.Entry{}
	for i, tree := range []string{s.newTree, theirs.Tree, result} {
		if entries[i], err = r.changed(s.oldTree, tree); err != nil {
			return false, err
		}
	}
	for _, m := range entries {
		for path := range m {
			l, inL := entries[0][path]
			b, inB := entries[1][path]
			got, changed := entries[2][path]
			switch {
			case inL && inB && l != b, !changed, inL && got != l, inB && got != b:
				return false, nil
			}
		}
	}
	return true, nil
}

// changed maps the paths that differ between two trees to what stands there
// in the new one.
func (r *Reader) changed(old, new string) (map[string]fact.Entry, error) {
	files, err := r.trees(old, new)
	if err != nil {
		return nil, err
	}
	out := make(map[string]fact.Entry, len(files))
	for _, f := range files {
		out[f.Path] = f.Head.Value
	}
	return out, nil
}
