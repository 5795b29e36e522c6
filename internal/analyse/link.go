package analyse

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// A changed symbolic link is read through: its analyses see, at its path, the
// file that it leads to at the same commit. Whatever is not plainly a file of
// the repository leaves the link in doubt.

const aLink = "it is a symbolic link"

// reading is a change whose links were read through as far as they could be.
type reading struct {
	files    []fact.File
	contents fact.Contents
	// targets are, by the path of a changed file, all that its links led over.
	targets map[string][]string
	// doubts say, by the path of a changed file, why a link of it was not read
	// through.
	doubts map[string]string
	unread []string // what links lead to and nobody read yet
}

// follow reads the change's links through.
func follow(files []fact.File, c fact.Contents) reading {
	r := reading{files: files, contents: c}
	if !slices.ContainsFunc(files, func(f fact.File) bool { return oddMode(f) == symlink }) {
		return r
	}
	r.files = slices.Clone(files)
	r.contents.Base.Files, r.contents.Head.Files = maps.Clone(c.Base.Files), maps.Clone(c.Head.Files)
	r.targets, r.doubts = map[string][]string{}, map[string]string{}
	for i := range r.files {
		f := &r.files[i]
		if oddMode(*f) != symlink {
			continue
		}
		was := f.Paths()[0]
		if f.Status == fact.Copied {
			was = f.Path
		}
		base, head := f.Base, f.Head
		for _, s := range []struct {
			entry *fact.Maybe[fact.Entry]
			at    string
			read  fact.Side
			out   map[string]fact.Maybe[[]byte]
		}{
			{&f.Base, was, c.Base, r.contents.Base.Files},
			{&f.Head, f.Path, c.Head, r.contents.Head.Files},
		} {
			if !s.entry.IsKnown() || s.entry.Value.Mode != symlink {
				continue
			}
			over, bytes, why, unread := through(s.read, s.at)
			r.targets[f.Path] = append(r.targets[f.Path], over...)
			if unread != "" {
				r.unread = append(r.unread, unread)
			}
			if bytes == nil {
				r.doubts[f.Path] = aLink + why
				continue
			}
			s.out[s.at] = fact.Known(bytes)
			// No plain file has this mode: what turns from one into a link, or
			// leads elsewhere, is another thing even where it holds the same.
			s.entry.Value.Mode = symlink + " to " + over[len(over)-1]
		}
		if r.doubts[f.Path] != "" { // about one side is about the file
			f.Base, f.Head = base, head
		}
		slices.Sort(r.targets[f.Path])
		r.targets[f.Path] = slices.Compact(r.targets[f.Path])
	}
	return r
}

// through returns what a link of one side leads to, and the paths that it
// leads over; without bytes, why it is not known, in words that go on after
// [aLink], and the path to be read for it, if any.
func through(s fact.Side, link string) (over []string, bytes []byte, why, unread string) {
	for at := link; ; {
		to, ok := s.Links[at]
		if !ok {
			return over, nil, unreadLink(s, at), ""
		}
		next, why := leads(at, to)
		switch {
		case why != "":
			return over, nil, why, ""
		case next == link || slices.Contains(over, next):
			return over, nil, " that leads back to itself", ""
		case len(over) == maxRounds:
			return over, nil, " to a link, and so on", ""
		}
		m, asked := s.Files[next]
		if _, again := s.Links[next]; again {
			over, at = append(over, next), next
			continue
		}
		switch {
		case !asked:
			return over, nil, ", and what it leads to was not read", next
		case !m.IsKnown():
			return append(over, next), nil, ", and what it leads to is unknown: " + m.Unknown, ""
		case m.Value == nil:
			return over, nil, " to what is no file of the repository", ""
		}
		return append(over, next), m.Value, "", ""
	}
}

func unreadLink(s fact.Side, at string) string {
	if m := s.File(at); !m.IsKnown() && m.Unknown != aLink {
		return ", and was not read: " + m.Unknown
	}
	return ""
}

// leads returns the path in the repository that the link at a path leads to.
func leads(at string, to fact.Maybe[string]) (string, string) {
	switch {
	case !to.IsKnown():
		return "", ", and where it leads is unknown: " + to.Unknown
	case to.Value == "" || trickyTarget(to.Value):
		return "", " to a path that may be read as another"
	case strings.HasPrefix(to.Value, "/"):
		return "", " that leads out of the repository"
	}
	// An element ".." further on goes up from wherever the elements before it
	// lead, which a link among them may change.
	rest := to.Value
	for strings.HasPrefix(rest, "../") || strings.HasPrefix(rest, "./") {
		_, rest, _ = strings.Cut(rest, "/")
	}
	if slices.Contains(strings.Split(rest, "/"), "..") {
		return "", " to a path that may be read as another"
	}
	next := path.Join(directory(at), to.Value)
	if next == ".." || strings.HasPrefix(next, "../") {
		return "", " that leads out of the repository"
	}
	return next, ""
}

// trickyTarget reports whether no two systems need read a link alike.
func trickyTarget(to string) bool {
	for element := range strings.SplitSeq(strings.TrimPrefix(to, "/"), "/") {
		if element != "." && element != ".." && element != "" && trick(element) != "" {
			return true
		}
	}
	return false
}

// cover adds to each finding that read a link the paths that it led over: an
// approval covers both.
func (r reading) cover(found *fact.Findings) {
	if len(r.targets) == 0 {
		return
	}
	add := func(paths *[]string) {
		var more []string
		for _, p := range *paths {
			more = append(more, r.targets[p]...)
		}
		if len(more) > 0 {
			*paths = slices.Concat(*paths, more)
			sortPaths(paths)
		}
	}
	add(&found.Go.Files)
	add(&found.Terraform.Files)
	g, t := &found.Go, &found.Terraform
	covered(&g.Packages, func(x *fact.GoPackage) *[]string { return &x.Paths }, add)
	covered(&g.Exported, func(x *fact.GoExport) *[]string { return &x.Paths }, add)
	covered(&g.Functions, func(x *fact.GoFunc) *[]string { return &x.Paths }, add)
	covered(&g.Uses, func(x *fact.GoUse) *[]string { return &x.Paths }, add)
	covered(&t.Resources, func(x *fact.Resource) *[]string { return &x.Paths }, add)
	covered(&t.Modules, func(x *fact.Module) *[]string { return &x.Paths }, add)
	covered(&t.Providers, func(x *fact.Provider) *[]string { return &x.Paths }, add)
	covered(&t.Settings, func(x *fact.Setting) *[]string { return &x.Paths }, add)
	covered(&found.Dependencies, func(x *fact.Dependency) *[]string { return &x.Paths }, add)
	covered(&found.Workflows, func(x *fact.Workflow) *[]string { return &x.Paths }, add)
}

func covered[T any](l *fact.List[T], paths func(*T) *[]string, add func(*[]string)) {
	for i := range l.Items {
		add(paths(&l.Items[i]))
	}
	for i := range l.Gaps {
		if len(l.Gaps[i].Paths) > 0 {
			add(&l.Gaps[i].Paths)
		}
	}
}
