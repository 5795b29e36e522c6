package terraform

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// change is one unit that is not the same on both sides; was or is is nil.
type change struct {
	space   space
	was, is *unit
}

func (c change) any() *unit {
	if c.is != nil {
		return c.is
	}
	return c.was
}

// analysis is the state of comparing one change.
type analysis struct {
	contents fact.Contents
	memory   *Memory
	files    []fact.File
	base     map[space]map[string][]*unit
	head     map[space]map[string][]*unit
	touched  map[string]bool // files that a change stands in
	marks    []mark
	signs    []string            // files whose comments change what tools or readers see
	local    map[string][]string // directory of a module: those that it calls
	known    map[string][]string // directory: the files of its module
	covered  map[string]cover    // directory: what an approval of it covers
	parsed   int
	// providers are what is said of providers in a directory, at the base and
	// at the head.
	providers map[string][2]map[string]moduleProvider
	result    Result
}

// version is one side of a file.
type version struct {
	bytes  []byte
	absent bool
	why    string // neither bytes nor absence are known
	silent bool   // its text provably has no word for a checking tool
}

func read(side fact.Side, p string, absent bool) version {
	m := side.File(p)
	switch {
	case absent:
		return version{absent: true}
	case m.IsKnown():
		return version{bytes: m.Value, absent: m.Value == nil}
	}
	return version{why: m.Unknown}
}

// file reads both versions of a file and tells whether they can be compared;
// what the change means is told once all files are read.
func (a *analysis) file(f fact.File) {
	from := f.Path
	if f.PreviousPath != "" && f.Status != fact.Copied {
		from = f.PreviousPath
	}
	was := read(a.contents.Base, from, f.Status == fact.Added || f.Status == fact.Copied)
	is := read(a.contents.Head, f.Path, f.Status == fact.Removed)
	wasUnits, why := a.units(from, &was)
	isUnits, isWhy := a.units(f.Path, &is)
	if why == "" {
		why = isWhy
	}
	if why == "" && was.absent && is.absent {
		why = "neither of its versions was found"
	}
	if why != "" {
		a.gap(f, why)
		a.result.Cosmetic[f.Path] = fact.Unknown[bool](why)
		return
	}
	add(a.base, from, wasUnits)
	add(a.head, f.Path, isUnits)
	a.mark(f, was, is)
}

func add(to map[space]map[string][]*unit, p string, all []unit) {
	s := spaceOf(p)
	if to[s] == nil {
		to[s] = map[string][]*unit{}
	}
	for i := range all {
		to[s][all[i].key] = append(to[s][all[i].key], &all[i])
	}
}

// units reads one version; the reason says why it could not be.
func (a *analysis) units(p string, v *version) ([]unit, string) {
	switch {
	case v.absent || !Is(p):
		return nil, ""
	case v.why != "":
		return nil, v.why
	case a.parsed+len(v.bytes) > maxTotal:
		return nil, "the change holds more than 64 MB of Terraform"
	}
	a.parsed += len(v.bytes)
	if formOf(p) == opaqueFile {
		if ends(p, ".tfstate", ".tfstate.backup", ".tfplan") || strings.Contains("/"+p, "/.terraform/") {
			return nil, "it is Terraform's own record, which is not analysed"
		}
		return []unit{{key: "file", under: "file", name: path.Base(p), canon: string(v.bytes), path: p}}, ""
	}
	var b *body
	var why string
	if strings.HasSuffix(p, ".json") {
		b, why = parseJSON(v.bytes, formOf(p) == moduleFile)
	} else {
		b, why = a.memory.parseHCL(v.bytes)
		v.silent = why == "" && !b.speaks
	}
	if why != "" {
		return nil, why
	}
	all := units(b, p)
	dir := parent(p)
	for _, u := range all {
		if u.sort == module {
			if source := textOf(u.block, "source").Value; Local(source) {
				a.local[dir] = append(a.local[dir], joined(dir, source))
			}
		}
	}
	return all, ""
}

func parent(p string) string { return p[:max(0, strings.LastIndexByte(p, '/'))] }

// Local reports whether a module's source is a directory of the repository.
// https://developer.hashicorp.com/terraform/language/modules/sources#local-paths
func Local(source string) bool {
	return strings.HasPrefix(source, "./") || strings.HasPrefix(source, "../") || source == "." || source == ".."
}

// gap notes a file that could not be compared.
func (a *analysis) gap(f fact.File, why string) {
	t := &a.result.Terraform
	gap := fact.Gap{Paths: f.Paths(), Reason: why}
	for _, gaps := range []*[]fact.Gap{&t.Resources.Gaps, &t.Modules.Gaps, &t.Providers.Gaps, &t.Settings.Gaps} {
		*gaps = append(*gaps, gap)
	}
}

// changes returns what differs between the two sides, in a stable order.
func (a *analysis) changes() []change {
	spaces := map[space]bool{}
	for s := range a.base {
		spaces[s] = true
	}
	for s := range a.head {
		spaces[s] = true
	}
	var all []change
	for _, s := range slices.SortedFunc(maps.Keys(spaces), func(x, y space) int {
		return strings.Compare(x.dir+"\x00"+x.file, y.dir+"\x00"+y.file)
	}) {
		all = append(all, pair(s, a.base[s], a.head[s])...)
	}
	for _, c := range all {
		for _, u := range []*unit{c.was, c.is} {
			if u != nil {
				a.touched[u.path] = true
			}
		}
	}
	return all
}

func pair(s space, base, head map[string][]*unit) []change {
	keys := map[string]bool{}
	for k := range base {
		keys[k] = true
	}
	for k := range head {
		keys[k] = true
	}
	var all []change
	var order *change
	for _, k := range sortedKeys(keys) {
		was, is := base[k], head[k]
		if len(was) == 1 && len(is) == 1 && was[0].canon == is[0].canon {
			continue
		}
		was, is = differing(was, is)
		for i := 0; i < max(len(was), len(is)); i++ {
			c := change{space: s}
			if i < len(was) {
				c.was = was[i]
			}
			if i < len(is) {
				c.is = is[i]
			}
			if k == "order" {
				order = &c
				continue
			}
			all = append(all, c)
		}
	}
	if order != nil && len(all) == 0 {
		all = append(all, *order)
	}
	return all
}

// differing takes from two lists what both hold.
func differing(was, is []*unit) (left, right []*unit) {
	count := make(map[string]int, len(is))
	for _, u := range is {
		count[u.canon]++
	}
	both := map[string]int{}
	for _, w := range was {
		if count[w.canon] > 0 {
			count[w.canon]--
			both[w.canon]++
		} else {
			left = append(left, w)
		}
	}
	for _, u := range is {
		if both[u.canon] > 0 {
			both[u.canon]--
		} else {
			right = append(right, u)
		}
	}
	byPath := func(x, y *unit) int { return strings.Compare(x.path+"\x00"+x.canon, y.path+"\x00"+y.canon) }
	slices.SortStableFunc(left, byPath)
	slices.SortStableFunc(right, byPath)
	return left, right
}

// guard runs f and reports what it failed at, for whatever no bound foresaw.
func guard(f func()) (why string) {
	defer func() {
		if r := recover(); r != nil {
			why = fmt.Sprintf("reading it failed: %.100v", r)
		}
	}()
	f()
	return ""
}
