package githubtest

import (
	"bytes"
	"path"
	"sort"
)

// fileChange is one file that differs between two trees.
type fileChange struct {
	status    string // "added", "removed", "modified", "renamed", "changed" (its type)
	path      string
	previous  string // of a rename
	old, new  entry  // SHA "" where it does not exist
	additions int
	deletions int
	patch     string
	hasPatch  bool // GitHub leaves the patch out of what is binary, too large or unchanged
}

// comparison is what lies between the merge base of two commits and the
// second of them.
type comparison struct {
	mergeBase string
	commits   []*commit
	files     []*fileChange
	additions int
	deletions int
}

// Beyond these a patch is left out (behaviour 21).
// https://docs.github.com/en/repositories/creating-and-managing-repositories/repository-limits#diff-limits
const (
	patchLines      = 20_000
	patchBytes      = 500 << 10
	totalPatchLines = 20_000
	totalPatchBytes = 1 << 20
)

// compare is GitHub's three-dot comparison. A missing merge base compares
// with nothing.
func (o *objects) compare(base, head string) *comparison {
	key := base + "..." + head
	if c := o.comparisons[key]; c != nil {
		return c
	}
	c := &comparison{mergeBase: o.mergeBase(base, head), commits: o.between(base, head)}
	var from string
	if c.mergeBase != "" {
		from = o.commits[c.mergeBase].tree
	}
	c.files = o.diff(from, o.commits[head].tree)
	for _, f := range c.files {
		c.additions += f.additions
		c.deletions += f.deletions
	}
	if len(o.comparisons) > 10_000 { // load: forget, and compute again where asked
		clear(o.comparisons)
	}
	o.comparisons[key] = c
	return c
}

// diff lists what differs between two trees by path, renames found, patches
// made. Either tree may be "".
func (o *objects) diff(from, to string) []*fileChange {
	var changes []*fileChange
	o.diffTrees("", from, to, func(path string, old, new entry) {
		f := &fileChange{path: path, old: old, new: new}
		switch {
		case old.sha == "":
			f.status = "added"
		case new.sha == "":
			f.status = "removed"
		case old.mode[:3] != new.mode[:3]:
			f.status = "changed"
		default:
			f.status = "modified"
		}
		changes = append(changes, f)
	})
	changes = o.renames(changes)
	sort.Slice(changes, func(i, j int) bool { return changes[i].path < changes[j].path })
	lines, size := 0, 0
	for _, f := range changes {
		o.patch(f)
		if f.hasPatch {
			lines += f.additions + f.deletions
			size += len(f.patch)
			if lines > totalPatchLines || size > totalPatchBytes {
				f.patch, f.hasPatch = "", false
			}
		}
	}
	return changes
}

// diffTrees tells of every file that differs, and skips what is the same.
func (o *objects) diffTrees(prefix, from, to string, tell func(path string, old, new entry)) {
	if from == to {
		return
	}
	type pair struct{ old, new entry }
	names := map[string]*pair{}
	at := func(name string) *pair {
		p := names[name]
		if p == nil {
			p = &pair{}
			names[name] = p
		}
		return p
	}
	for _, e := range o.trees[from] {
		at(e.name).old = e
	}
	for _, e := range o.trees[to] {
		at(e.name).new = e
	}
	for name, p := range names {
		if p.old.sha == p.new.sha && p.old.mode == p.new.mode {
			continue
		}
		oldDir, newDir := p.old.mode == modeTree, p.new.mode == modeTree
		if oldDir || newDir {
			var a, b string
			if oldDir {
				a, p.old = p.old.sha, entry{}
			}
			if newDir {
				b, p.new = p.new.sha, entry{}
			}
			o.diffTrees(prefix+name+"/", a, b, tell)
		}
		if p.old.sha != "" || p.new.sha != "" {
			tell(prefix+name, p.old, p.new)
		}
	}
}

// similarEnough is the score, of 100, from which git calls a removal and an
// addition a rename.
const similarEnough = 50

// maxRenames bounds the search for similar files, as git's diff.renameLimit.
const maxRenames = 1000

// renames joins removals and additions that are the same file, or similar.
func (o *objects) renames(changes []*fileChange) []*fileChange {
	var removed, added, rest []*fileChange
	for _, f := range changes {
		switch {
		case f.status == "removed" && f.old.mode != ModeSubmodule:
			removed = append(removed, f)
		case f.status == "added" && f.new.mode != ModeSubmodule:
			added = append(added, f)
		default:
			rest = append(rest, f)
		}
	}
	byPath := func(l []*fileChange) func(i, j int) bool {
		return func(i, j int) bool { return l[i].path < l[j].path }
	}
	sort.Slice(removed, byPath(removed))
	sort.Slice(added, byPath(added))
	source := map[*fileChange]*fileChange{} // by addition
	taken := map[*fileChange]bool{}
	bySHA := map[string][]*fileChange{}
	for _, r := range removed {
		bySHA[r.old.sha] = append(bySHA[r.old.sha], r)
	}
	for _, a := range added {
		var best *fileChange
		for _, r := range bySHA[a.new.sha] {
			if taken[r] || r.old.mode[:3] != a.new.mode[:3] {
				continue
			}
			if best == nil || path.Base(r.path) == path.Base(a.path) && path.Base(best.path) != path.Base(a.path) {
				best = r
			}
		}
		if best != nil {
			source[a], taken[best] = best, true
		}
	}
	if len(removed)-len(taken) <= maxRenames && len(added)-len(taken) <= maxRenames {
		type match struct {
			r, a     *fileChange
			score    int
			sameName bool
		}
		var matches []match
		prints := map[string]map[uint64]int{}
		for _, a := range added {
			if source[a] != nil || a.new.mode == ModeSymlink {
				continue
			}
			for _, r := range removed {
				if taken[r] || r.old.mode == ModeSymlink {
					continue
				}
				if score := o.similarity(prints, r.old.sha, a.new.sha); score >= similarEnough {
					matches = append(matches, match{r, a, score, path.Base(r.path) == path.Base(a.path)})
				}
			}
		}
		sort.SliceStable(matches, func(i, j int) bool {
			if matches[i].score != matches[j].score {
				return matches[i].score > matches[j].score
			}
			return matches[i].sameName && !matches[j].sameName
		})
		for _, m := range matches {
			if !taken[m.r] && source[m.a] == nil {
				source[m.a], taken[m.r] = m.r, true
			}
		}
	}
	for _, a := range added {
		if r := source[a]; r != nil {
			a.status, a.previous, a.old = "renamed", r.path, r.old
		}
		rest = append(rest, a)
	}
	for _, r := range removed {
		if !taken[r] {
			rest = append(rest, r)
		}
	}
	return rest
}

// similarity scores two blobs as git does: the share of bytes, in lines or
// pieces of 64 bytes, that the larger has from the other, of 100.
func (o *objects) similarity(prints map[string]map[uint64]int, a, b string) int {
	da, db := o.blobs[a], o.blobs[b]
	large, small := max(len(da), len(db)), min(len(da), len(db))
	if small == 0 || (large-small)*100 > large*(100-similarEnough) {
		return 0
	}
	print := func(sha string, data []byte) map[uint64]int {
		if p := prints[sha]; p != nil {
			return p
		}
		p := map[uint64]int{}
		for len(data) > 0 {
			n := min(64, len(data))
			if i := bytes.IndexByte(data[:n], '\n'); i >= 0 {
				n = i + 1
			}
			h := uint64(14695981039346656037)
			for _, c := range data[:n] {
				h = (h ^ uint64(c)) * 1099511628211
			}
			p[h] += n
			data = data[n:]
		}
		prints[sha] = p
		return p
	}
	pa, pb := print(a, da), print(b, db)
	same := 0
	for h, n := range pa {
		same += min(n, pb[h])
	}
	return same * 100 / large
}

// text is what a diff shows of an entry: a submodule shows its commit.
func (o *objects) text(e entry) []byte {
	if e.mode == ModeSubmodule {
		return []byte("Subproject commit " + e.sha + "\n")
	}
	return o.blobs[e.sha]
}

func (o *objects) patch(f *fileChange) {
	old, new := o.text(f.old), o.text(f.new)
	if binary(old) || binary(new) || f.old.sha == f.new.sha {
		return
	}
	patch, additions, deletions := unified(diffLines(splitLines(old), splitLines(new)))
	f.additions, f.deletions = additions, deletions
	if patch != "" && additions+deletions <= patchLines && len(patch) <= patchBytes {
		f.patch, f.hasPatch = patch, true
	}
}

// merge merges two commits' trees file by file. ok is false where they
// conflict; the paths that do are then returned.
func (o *objects) merge(ours, theirs string) (tree string, conflicts []string) {
	base := o.mergeBase(ours, theirs)
	var baseTree string
	if base != "" {
		baseTree = o.commits[base].tree
	}
	ourTree := o.commits[ours].tree
	type side struct{ old, new entry }
	mine, changes := map[string]side{}, map[string]entry{}
	o.diffTrees("", baseTree, ourTree, func(path string, old, new entry) { mine[path] = side{old, new} })
	o.diffTrees("", baseTree, o.commits[theirs].tree, func(path string, old, new entry) {
		m, both := mine[path]
		switch {
		case !both:
			changes[path] = new
		case m.new.sha == new.sha && m.new.mode == new.mode:
		case old.sha == "" || m.new.sha == "" || new.sha == "" || m.new.mode != new.mode || new.mode == ModeSubmodule ||
			binary(o.blobs[old.sha]) || binary(o.blobs[m.new.sha]) || binary(o.blobs[new.sha]):
			conflicts = append(conflicts, path)
		default:
			merged, ok := mergeLines(splitLines(o.blobs[old.sha]), splitLines(o.blobs[m.new.sha]), splitLines(o.blobs[new.sha]))
			if !ok {
				conflicts = append(conflicts, path)
				return
			}
			var b bytes.Buffer
			for _, l := range merged {
				b.WriteString(l)
			}
			changes[path] = entry{mode: new.mode, sha: o.putBlob(b.Bytes())}
		}
	})
	sort.Strings(conflicts)
	return o.edit(ourTree, changes), conflicts
}
