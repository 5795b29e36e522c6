package golang

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// findings compares package by package what was read, in a stable order.
func (a *analysis) findings() {
	keys := slices.SortedFunc(maps.Keys(a.packages), func(x, y packageKey) int {
		return cmp.Or(strings.Compare(x.dir, y.dir), strings.Compare(x.name, y.name))
	})
	for _, key := range keys {
		p := a.packages[key]
		for _, paths := range []*[]string{&p.paths, &p.sources} {
			slices.Sort(*paths)
			*paths = slices.Compact(*paths)
		}
		a.packageFinding(p)
		a.functionFindings(p)
		a.useFindings(p)
		if key.name != "main" && len(p.sources) > 0 {
			a.exportFindings(p)
		}
	}
}

func (a *analysis) packageFinding(p *pack) {
	g := &a.result.Go
	found := fact.GoPackage{Dir: p.dir, Name: p.name, Action: action(len(p.base) > 0, len(p.head) > 0), Paths: p.paths}
	if found.Action != fact.Update {
		stays, why := a.stays(p)
		switch {
		case why != "":
			g.Packages.Gaps = append(g.Packages.Gaps, fact.Gap{Paths: p.paths, Reason: why})
		case stays:
			found.Action = fact.Update
		}
	}
	g.Packages.Items = append(g.Packages.Items, found)
}

func action(was, is bool) string {
	switch {
	case !was:
		return fact.Create
	case !is:
		return fact.Delete
	}
	return fact.Update
}

// stays reports whether the package has a file that the change leaves alone;
// the reason says why that could not be told.
func (a *analysis) stays(p *pack) (stays bool, why string) {
	siblings, why := a.siblings(p.dir)
	if why != "" {
		return false, why
	}
	for _, s := range siblings {
		name, ok := clause(s.bytes)
		if s.why != "" || !ok {
			why = "the package of another file in its directory could not be read"
		} else if name == p.name || Test(s.path) && strings.TrimSuffix(name, "_test") == p.name {
			return true, ""
		}
	}
	return false, why
}

// sibling is an unchanged Go file beside a changed one.
type sibling struct {
	path string
	version
}

// siblings lists the Go files of a directory that the change leaves alone.
func (a *analysis) siblings(dir string) ([]sibling, string) {
	const unlisted = "its directory was not listed"
	names, asked := a.contents.Head.Dirs[dir]
	if !asked {
		return nil, unlisted
	}
	if !names.IsKnown() {
		return nil, names.Unknown
	}
	var found []sibling
	for _, n := range slices.Sorted(slices.Values(names.Value)) {
		p := n
		if dir != "" {
			p = dir + "/" + n
		}
		if Source(p) && !a.changed[p] {
			found = append(found, sibling{p, read(a.contents.Head, p, false)})
		}
	}
	return found, ""
}

// clause reads the name in a file's package clause.
func clause(src []byte) (string, bool) {
	for len(src) > 0 {
		src = bytes.TrimLeft(src, " \t\r\n;\ufeff")
		switch {
		case bytes.HasPrefix(src, []byte("//")):
			_, src, _ = bytes.Cut(src, []byte("\n"))
		case bytes.HasPrefix(src, []byte("/*")):
			_, src, _ = bytes.Cut(src[2:], []byte("*/"))
		default:
			rest, ok := bytes.CutPrefix(src, []byte("package"))
			rest = bytes.TrimLeft(rest, " \t")
			n := 0
			for n < len(rest) && word(rest[n]) {
				n++
			}
			return string(rest[:n]), ok && n > 0
		}
	}
	return "", false
}

func (a *analysis) functionFindings(p *pack) {
	type key struct {
		name string
		test bool
	}
	was, is := map[key][]sum{}, map[key][]sum{}
	for _, side := range []struct {
		units []*unit
		to    map[key][]sum
	}{{p.base, was}, {p.head, is}} {
		for _, u := range side.units {
			for _, f := range u.functions {
				k := key{f.name, u.test}
				side.to[k] = append(side.to[k], f.sum)
			}
		}
	}
	for _, k := range unionKeys(was, is, func(x, y key) int {
		return cmp.Or(strings.Compare(x.name, y.name), compareBool(x.test, y.test))
	}) {
		if same(was[k], is[k]) {
			continue
		}
		paths := p.sources
		if k.test {
			paths = p.paths
		}
		a.result.Go.Functions.Items = append(a.result.Go.Functions.Items, fact.GoFunc{
			Dir: p.dir, Name: k.name, Action: action(len(was[k]) > 0, len(is[k]) > 0), Test: k.test, Paths: paths,
		})
	}
}

func (a *analysis) useFindings(p *pack) {
	for _, test := range []bool{false, true} {
		count := map[useKey]int{}
		for _, u := range p.head {
			if u.test == test {
				for k, n := range u.uses {
					count[k] += n
				}
			}
		}
		for _, u := range p.base {
			if u.test == test {
				for k, n := range u.uses {
					count[k] -= n
				}
			}
		}
		what := map[string]bool{}
		for k, n := range count {
			if n > 0 {
				what[k.what] = true
			}
		}
		paths := p.sources
		if test {
			paths = p.paths
		}
		for _, w := range slices.Sorted(maps.Keys(what)) {
			a.result.Go.Uses.Items = append(a.result.Go.Uses.Items, fact.GoUse{What: w, Test: test, Paths: paths})
		}
	}
}

// same reports whether two lists hold the same sums, whatever their order.
func same(x, y []sum) bool {
	if len(x) != len(y) {
		return false
	}
	for _, s := range [][]sum{x, y} {
		slices.SortFunc(s, func(a, b sum) int { return bytes.Compare(a[:], b[:]) })
	}
	return slices.Equal(x, y)
}

func unionKeys[K comparable, V any](x, y map[K]V, order func(K, K) int) []K {
	keys := slices.Collect(maps.Keys(x))
	for k := range y {
		if _, both := x[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, order)
	return keys
}

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}
