package terraform

import (
	"bytes"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// The files of a local module are part of what its caller is, and so part of
// what an approval of the caller covers.

// localSource is, after its name, the source of a module in the repository, in
// either syntax.
var localSource = regexp.MustCompile(`^"?\s*[=:]\s*"(\.\.?(?:/[^"$\n]*)?)"`)

// localSources finds the sources of local modules in a file without parsing
// it: what only looks like a call is one too many.
func localSources(src []byte) []string {
	var all []string
	word := []byte("source")
	for {
		i := bytes.Index(src, word)
		if i < 0 {
			return all
		}
		src = src[i+len(word):]
		after := bytes.TrimLeft(src, "\" \t\r\n")
		if len(after) == 0 || after[0] != '=' && after[0] != ':' {
			continue // the end of "resource", as a rule
		}
		if m := localSource.FindSubmatch(src); m != nil {
			all = append(all, string(m[1]))
		}
	}
}

// Bounds of the local modules that are followed: from one directory, and for
// a whole change.
const (
	maxFollowed = 50
	maxCalled   = 200
)

// WantsCalled returns the directories of local modules that what was read of
// the change calls, and that were not read yet.
func WantsCalled(files []fact.File, names []string, c fact.Contents) []string {
	if !slices.ContainsFunc(names, func(n string) bool { return needsContents(n) && n != "terraform.cosmetic" }) {
		return nil
	}
	a := analysis{contents: c, files: files, local: map[string][]string{}, known: map[string][]string{}}
	wanted := map[string]bool{}
	for _, dir := range a.directories() {
		for _, d := range a.cover(dir).unread {
			_, asked := c.Base.Dirs[d]
			if !asked && !outside(d) {
				wanted[d] = true
			}
		}
	}
	called := slices.Sorted(maps.Keys(wanted))
	room := max(0, maxCalled-len(a.known))
	return called[:min(len(called), room)]
}

// directories are those of the changed files' modules, sorted.
func (a *analysis) directories() []string {
	var all []string
	for _, f := range a.files {
		for _, p := range f.Paths() {
			all = append(all, parent(p))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// cover is what an approval of one directory's module covers.
type cover struct {
	paths []string
	// unread are the local modules that it should cover, and whose files
	// nobody listed.
	unread []string
}

// cover follows the calls of local modules from a directory.
func (a *analysis) cover(dir string) cover {
	if c, ok := a.covered[dir]; ok {
		return c
	}
	var c cover
	seen := map[string]bool{}
	for dirs := []string{dir}; len(dirs) > 0; dirs = dirs[1:] {
		d := dirs[0]
		if seen[d] {
			continue
		}
		if len(seen) == maxFollowed || d != dir && !a.listed(d) {
			if !slices.Contains(c.unread, d) {
				c.unread = append(c.unread, d)
			}
			if outside(d) || len(seen) == maxFollowed {
				continue
			}
		}
		seen[d] = true
		c.paths = append(c.paths, a.filesOf(d)...)
		dirs = append(slices.Clip(dirs), a.local[d]...)
	}
	slices.Sort(c.paths)
	c.paths = slices.Clip(slices.Compact(c.paths))
	if a.covered != nil {
		a.covered[dir] = c
	}
	return c
}

// listed reports whether both sides tell which files stand in a directory.
func (a *analysis) listed(dir string) bool {
	for _, side := range []fact.Side{a.contents.Base, a.contents.Head} {
		if names, ok := side.Dirs[dir]; !ok || !names.IsKnown() {
			return false
		}
	}
	return true
}

// outside reports whether a directory is none of the repository's.
func outside(dir string) bool { return dir == ".." || strings.HasPrefix(dir, "../") }

// paths returns the files that an analysis of the directories' modules read:
// their Terraform files and those of the local modules that they call.
// The findings of one directory share them.
func (a *analysis) paths(dirs ...string) []string {
	if len(dirs) == 1 {
		return a.cover(dirs[0]).paths
	}
	var all []string
	for _, d := range dirs {
		all = append(all, a.cover(d).paths...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// uncovered makes a gap, among the findings of each directory, of the local
// modules that an approval of them would have to cover and that were not read.
func (a *analysis) uncovered() {
	t := &a.result.Terraform
	for _, dir := range a.directories() {
		c := a.cover(dir)
		if len(c.unread) == 0 {
			continue
		}
		why := fmt.Sprintf("it calls the local module %s, whose files were not read", orRoot(c.unread[0]))
		switch {
		case outside(c.unread[0]):
			why = fmt.Sprintf("it calls the module %s, which is outside the repository", c.unread[0])
		case len(c.unread) > 1:
			why = fmt.Sprintf("it calls %d local modules whose files were not read, such as %s", len(c.unread), orRoot(c.unread[0]))
		}
		gap := fact.Gap{Paths: c.paths, Reason: why}
		a.result.Unread = append(a.result.Unread, gap)
		if within(t.Resources.Items, dir, func(x fact.Resource) string { return x.Dir }) {
			t.Resources.Gaps = append(t.Resources.Gaps, gap)
		}
		if within(t.Modules.Items, dir, func(x fact.Module) string { return x.Dir }) {
			t.Modules.Gaps = append(t.Modules.Gaps, gap)
		}
		if within(t.Providers.Items, dir, func(x fact.Provider) string { return x.Dir }) {
			t.Providers.Gaps = append(t.Providers.Gaps, gap)
		}
		if within(t.Settings.Items, dir, func(x fact.Setting) string { return x.Dir }) {
			t.Settings.Gaps = append(t.Settings.Gaps, gap)
		}
	}
}

func within[T any](items []T, dir string, of func(T) string) bool {
	return slices.ContainsFunc(items, func(x T) bool { return of(x) == dir })
}

func orRoot(dir string) string {
	if dir == "" {
		return "of the root directory"
	}
	return dir
}

// filesOf lists the Terraform files of a directory on either side, and notes
// the local modules that they call.
func (a *analysis) filesOf(dir string) []string {
	if got, ok := a.known[dir]; ok {
		return got
	}
	all := []string{}
	stays := map[string][]byte{}
	for _, side := range []fact.Side{a.contents.Base, a.contents.Head} {
		for _, n := range side.Dirs[dir].Value {
			p := path.Join(dir, n)
			if !Is(p) {
				continue
			}
			all = append(all, p)
			// Files that stay as they are call modules, too.
			text := side.File(p).Value
			if seen, again := stays[p]; again && bytes.Equal(text, seen) {
				continue
			}
			stays[p] = text
			for _, source := range localSources(text) {
				if to := joined(dir, source); !slices.Contains(a.local[dir], to) {
					a.local[dir] = append(a.local[dir], to)
				}
			}
		}
	}
	for _, f := range a.files {
		for _, p := range f.Paths() {
			if parent(p) == dir {
				all = append(all, p)
			}
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	a.known[dir] = all
	return all
}

// joined is the directory that a source leads to from another, "" for the
// root.
func joined(dir, source string) string {
	if to := path.Join(dir, source); to != "." {
		return to
	}
	return ""
}
