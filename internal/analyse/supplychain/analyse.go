package supplychain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// Result is what a change does to a repository's supply chain.
type Result struct {
	Dependencies fact.List[fact.Dependency]
	Workflows    fact.List[fact.Workflow]
	// Cosmetic holds for each workflow and action, by its Path, whether it is
	// provably without effect; an absent path is not known here.
	Cosmetic map[string]fact.Maybe[bool]
}

// maxBytes bounds each file that is parsed.
const maxBytes = 1 << 20

// The values of fact.Dependency.Action beside fact.Upgrade and fact.Downgrade.
const (
	added   = "add"
	removed = "remove"
	changed = "change"
)

// edit is the change of one file, as the reader of its format takes it. A
// version is nil where no file of the format stood or stands.
type edit struct {
	path  string // the present one, or the old one where only that has the format
	paths []string
	base  []byte
	head  []byte
}

// analysis is the state of comparing one change.
type analysis struct {
	contents fact.Contents
	result   Result
	changed  map[string]bool // paths
}

// reader compares the two versions of one format. Its error says why that was
// not possible.
type reader struct {
	is   func(path string) bool
	read func(a *analysis, e edit) error
	// flows is true where workflows are told, too.
	flows bool
}

var readers = []reader{
	{is: named("go.mod"), read: (*analysis).module},
	{is: named("go.work"), read: (*analysis).workspace},
	{is: named("go.sum", "go.work.sum"), read: (*analysis).sums},
	{is: vendored, read: (*analysis).vendorList},
	{is: Workflow, read: (*analysis).workflow, flows: true},
	{is: Dockerfile, read: (*analysis).dockerfile},
	{is: named("package.json"), read: (*analysis).manifest},
	{is: named("package-lock.json", "npm-shrinkwrap.json"), read: (*analysis).lock},
}

// Analyse compares the two versions of the files of a change that say what a
// repository depends on; the others of files are passed over.
func Analyse(files []fact.File, c fact.Contents) Result {
	a := analysis{contents: c, changed: map[string]bool{}, result: Result{Cosmetic: map[string]fact.Maybe[bool]{}}}
	for _, f := range files {
		for _, p := range f.Paths() {
			a.changed[p] = true
		}
	}
	for _, f := range files {
		for _, r := range readers {
			a.file(f, r)
		}
	}
	a.vendored(files)
	return a.result
}

// file applies a reader to one file of the change.
func (a *analysis) file(f fact.File, r reader) {
	from := f.Path
	if f.PreviousPath != "" && f.Status != fact.Copied {
		from = f.PreviousPath
	}
	if !r.is(from) && !r.is(f.Path) {
		return
	}
	e := edit{path: f.Path, paths: f.Paths()}
	if !r.is(f.Path) {
		e.path = from
	}
	var err error
	if r.is(from) {
		e.base, err = content(a.contents.Base, from, f.Status == fact.Added || f.Status == fact.Copied)
	}
	if r.is(f.Path) && err == nil {
		e.head, err = content(a.contents.Head, f.Path, f.Status == fact.Removed)
	}
	if err == nil {
		err = a.guarded(r, e)
	}
	if err == nil {
		return
	}
	gap := fact.Gap{Paths: e.paths, Reason: err.Error()}
	a.result.Dependencies.Gaps = append(a.result.Dependencies.Gaps, gap)
	if r.flows {
		a.result.Workflows.Gaps = append(a.result.Workflows.Gaps, gap)
		a.result.Cosmetic[f.Path] = fact.Unknown[bool](err.Error())
	}
}

// guarded keeps a panic in a library from costing more than one file. What
// the reader had found before is kept: it is true, and the gap says the rest.
func (a *analysis) guarded(r reader, e edit) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("reading it failed: %.100v", p)
		}
	}()
	return r.read(a, e)
}

// content returns one version; nil where no file stands there. An empty file
// is not nil.
func content(side fact.Side, p string, absent bool) ([]byte, error) {
	m := side.File(p)
	switch {
	case !m.IsKnown() && absent:
		return nil, nil
	case !m.IsKnown():
		return nil, fmt.Errorf("%s", m.Unknown)
	case len(m.Value) > maxBytes:
		return nil, fmt.Errorf("the file is larger than 1 MB")
	}
	return m.Value, nil
}

// named matches paths by their last element.
func named(names ...string) func(string) bool {
	return func(p string) bool {
		return slices.Contains(names, p[strings.LastIndexByte(p, '/')+1:])
	}
}

// brief keeps an error of a parser to one line that no input can stretch.
func brief(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	if len(s) > 120 {
		s = s[:120] + "…"
	}
	return strings.ToValidUTF8(s, "�")
}

// found adds dependencies of one file in a stable order.
func (a *analysis) found(e edit, all []fact.Dependency) {
	slices.SortStableFunc(all, func(x, y fact.Dependency) int {
		return cmp.Or(strings.Compare(x.Ecosystem, y.Ecosystem), strings.Compare(x.Name, y.Name), strings.Compare(x.Detail, y.Detail))
	})
	for _, d := range all {
		d.Paths = e.paths
		a.result.Dependencies.Items = append(a.result.Dependencies.Items, d)
	}
}
