package policy

import (
	mathbits "math/bits"
	"path"
	"slices"

	"github.com/rolecall/rolecall/policy/fact"
)

// The values of rule.sticky.
const (
	stickyScope = "scope"
	stickyPatch = "patch"
	stickyNever = "never"
)

// shownPaths is how many paths a reason names at most.
const shownPaths = 3

// fewPaths is up to how many paths are looked up in a scope one by one.
const fewPaths = 64

// trees compares what stands at the changed paths now with what stood there
// when an approval was given. Trees are immutable, so nothing but GitHub's own
// record is needed.
type trees struct {
	pull  *fact.Pull
	paths []string   // changed now, both names of a rename; sorted
	at    []standing // by index of paths
	index map[string]int
	drift map[driftKey]*drift
}

// standing is what stands at a changed path.
type standing struct {
	head, base *fact.Maybe[fact.Entry]
	owner      *fact.File
}

type driftKey struct {
	commit string
	patch  bool
}

// drift is what has changed since a commit was approved.
type drift struct {
	unknown string   // why nothing can be compared
	changed bits     // by index of trees.paths: changed, or not comparable
	count   int      // of changed
	extra   []string // paths beyond trees.paths that cannot be compared
	// reverted are paths that are not changed now but were then, or that the
	// base has changed since. They are in nobody's present scope but where a
	// finding read them.
	reverted []string
	// incomplete says why reverted may lack some; "" where it has all.
	incomplete string
}

func treesOf(pull *fact.Pull) *trees {
	t := &trees{pull: pull, paths: make([]string, 0, len(pull.Files)), drift: map[driftKey]*drift{}}
	for i := range pull.Files {
		t.paths = append(t.paths, pull.Files[i].Paths()...)
	}
	slices.Sort(t.paths)
	t.paths = slices.Compact(t.paths)
	// What no file says of a changed path is that nothing stands there: the
	// old name of a rename at the head, the new one at the base.
	absent := fact.Known(fact.Entry{})
	t.at = make([]standing, len(t.paths))
	t.index = make(map[string]int, len(t.paths))
	for i, p := range t.paths {
		t.at[i] = standing{head: &absent, base: &absent}
		t.index[p] = i
	}
	for i := range pull.Files {
		f := &pull.Files[i]
		for _, p := range f.Paths() {
			if at := &t.at[t.index[p]]; at.owner == nil || p == f.Path {
				at.owner = f
			}
		}
		at := &t.at[t.index[f.Path]]
		at.head = &f.Head
		if f.Status == fact.Removed && !f.Head.IsKnown() {
			at.head = &absent
		}
		switch {
		case f.Status == fact.Copied:
		case len(f.Paths()) == 2:
			t.at[t.index[f.PreviousPath]].base = &f.Base
		case f.Status == fact.Added && !f.Base.IsKnown():
			at.base = &absent
		default:
			at.base = &f.Base
		}
	}
	return t
}

// changed reports whether a path is a changed one.
func (t *trees) changed(path string) bool {
	_, ok := t.index[path]
	return ok
}

// stands returns nil where v's approval is still of what is there now, as far
// as scope goes; else why it is not. Many people's approvals share a reason,
// which does not name them.
func (t *trees) stands(v *vote, scope *scopeSet, sticky string) *Reason {
	if v.commit == t.pull.Head.SHA {
		return nil
	}
	if sticky == stickyNever {
		return &Reason{Code: ReviewNotHead, Commit: v.commit}
	}
	key := driftKey{v.commit, sticky == stickyPatch}
	found, ok := scope.stale[key]
	if !ok {
		if scope.stale == nil {
			scope.stale = map[driftKey]*Reason{}
		}
		if why := t.stale(key, scope); why.Code != "" {
			why.Commit = v.commit
			found = &why
		}
		scope.stale[key] = found
	}
	return found
}

// stale says what of a commit's scope has changed since it; the zero Reason
// where nothing has.
func (t *trees) stale(key driftKey, scope *scopeSet) Reason {
	d := t.since(key)
	if d.unknown != "" {
		return Reason{Code: ReviewUncompared, Detail: d.unknown}
	}
	if scope.all {
		if missing := gapWithoutPaths(t.pull); missing != "" {
			return Reason{Code: ReviewUncompared, Detail: missing}
		}
	}
	if d.incomplete != "" && !scope.all && slices.ContainsFunc(scope.paths, func(p string) bool { return !t.changed(p) }) {
		return Reason{Code: ReviewUncompared, Detail: d.incomplete}
	}
	stale := Reason{Code: ReviewStale}
	note := func(p string) {
		stale.Count++
		if len(stale.Paths) < shownPaths {
			stale.Paths = append(stale.Paths, p)
		}
	}
	if d.count <= fewPaths {
		d.changed.both(d.changed, func(i int) {
			if scope.has(t.paths[i]) {
				note(t.paths[i])
			}
		})
	} else {
		d.changed.both(scope.over(t), func(i int) { note(t.paths[i]) })
	}
	for _, p := range d.extra {
		if scope.has(p) {
			note(p)
		}
	}
	for _, p := range d.reverted {
		if !scope.all && scope.covers(t, p) {
			note(p)
		}
	}
	if stale.Count == 0 {
		return Reason{}
	}
	return stale
}

// since returns what has changed since a commit.
func (t *trees) since(key driftKey) *drift {
	if d := t.drift[key]; d != nil {
		return d
	}
	d := &drift{changed: newBits(len(t.paths))}
	t.drift[key] = d
	snap, ok := t.pull.Snapshots[key.commit]
	switch {
	case !ok:
		d.unknown = "the approved commit was not read"
		return d
	case snap.Unknown != "":
		d.unknown = snap.Unknown
		return d
	case !snap.MergeBase.IsKnown():
		d.unknown = snap.MergeBase.Unknown
		return d
	}
	for i, p := range t.paths {
		if sameEntry(snap.Head, p, *t.at[i].head) && sameEntry(snap.Base, p, *t.at[i].base) {
			continue
		}
		if key.patch && t.at[i].samePatch(&snap, p) {
			continue
		}
		d.changed.set(i)
		d.count++
	}
	for _, g := range t.pull.Gaps {
		if g.About != "" && g.About != fact.AboutFiles {
			continue
		}
		for _, p := range g.Paths {
			if !t.changed(p) {
				d.extra = append(d.extra, p)
			}
		}
	}
	d.incomplete = snap.Incomplete
	for p, was := range snap.Head {
		if before, ok := snap.Base[p]; !t.changed(p) && (!ok || before != was) {
			d.reverted = append(d.reverted, p)
		}
	}
	slices.Sort(d.reverted)
	slices.Sort(d.extra)
	d.extra = slices.Compact(d.extra)
	return d
}

// samePatch reports whether the file that the path p belongs to is changed by the very
// same patch, and has the same mode. A patch does not show modes, and an empty
// one nothing at all.
func (s standing) samePatch(snap *fact.Snapshot, p string) bool {
	f := s.owner
	then, ok := snap.Patches[f.Path]
	if !ok || then == "" || !f.Patch.IsKnown() || then != f.Patch.Value {
		return false
	}
	was, ok := snap.Head[p]
	now := s.head
	return ok && now.IsKnown() && was.Mode == now.Value.Mode && (was.Mode != "" || was.Blob == "" && now.Value.Blob == "")
}

// sameEntry reports whether what stood at p is what stands there now; where
// either is not known, it is not.
func sameEntry(then map[string]fact.Entry, p string, now fact.Maybe[fact.Entry]) bool {
	was, ok := then[p]
	if !ok || !now.IsKnown() || was != now.Value {
		return false
	}
	return was.Blob == "" && was.Mode == "" || was.Blob != "" && was.Mode != ""
}

// gapWithoutPaths returns why there may be changed files that nobody listed;
// "" when all are.
func gapWithoutPaths(pull *fact.Pull) string {
	for _, g := range pull.Gaps {
		if len(g.Paths) == 0 && (g.About == "" || g.About == fact.AboutFiles) {
			return g.Reason
		}
	}
	return ""
}

// scopeSet is a Scope made ready for asking.
type scopeSet struct {
	all   bool
	paths []string // sorted
	bits  bits     // by index of trees.paths, once asked for
	// stale is what trees.stale found.
	stale map[driftKey]*Reason
}

func newScopeSet(s Scope) *scopeSet { return &scopeSet{all: s.All, paths: s.Paths} }

func (s *scopeSet) has(path string) bool {
	if s.all {
		return true
	}
	_, ok := slices.BinarySearch(s.paths, path)
	return ok
}

// covers reports whether a path that is not changed is in the scope. One at
// which nothing stands any longer is in no finding: it is covered where the
// scope holds another file of its kind beside it that is not changed.
func (s *scopeSet) covers(t *trees, p string) bool {
	return s.has(p) || slices.ContainsFunc(s.paths, func(other string) bool {
		return !t.changed(other) && path.Dir(other) == path.Dir(p) && path.Ext(other) == path.Ext(p)
	})
}

// over returns which of t's paths are in the scope.
func (s *scopeSet) over(t *trees) bits {
	if s.bits != nil {
		return s.bits
	}
	s.bits = newBits(len(t.paths))
	rest := s.paths
	for i, p := range t.paths {
		for len(rest) > 0 && rest[0] != p && rest[0] < p {
			rest = rest[1:]
		}
		if s.all || len(rest) > 0 && rest[0] == p {
			s.bits.set(i)
		}
	}
	return s.bits
}

// bits is a set of small numbers.
type bits []uint64

func newBits(n int) bits { return make(bits, (n+63)/64) }

func (b bits) set(i int) { b[i/64] |= 1 << (i % 64) }

func (b bits) has(i int) bool { return b[i/64]>>(i%64)&1 == 1 }

// add puts every number of other into b.
func (b bits) add(other bits) {
	for i, w := range other {
		b[i] |= w
	}
}

// both calls do for each number that is in both sets, in order.
func (b bits) both(other bits, do func(int)) {
	for i := range b {
		for w := b[i] & other[i]; w != 0; w &= w - 1 {
			do(i*64 + mathbits.TrailingZeros64(w))
		}
	}
}
