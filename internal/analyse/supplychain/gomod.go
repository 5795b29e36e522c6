package supplychain

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"

	"github.com/rolecall/rolecall/policy/fact"
)

// moduleFile is what a go.mod or go.work says of dependencies.
type moduleFile struct {
	require   map[string]requirement
	replace   map[module.Version]module.Version
	by        map[string]bool // modules that replace others
	exclude   map[module.Version]bool
	tool      map[string]bool
	goVersion string
	toolchain string
}

type requirement struct {
	version  string
	indirect bool
}

func (a *analysis) module(e edit) error {
	return a.modules(e, "go.mod", func(src []byte) (moduleFile, error) {
		m := newModuleFile()
		f, err := modfile.Parse("go.mod", src, nil)
		if err != nil {
			return m, err
		}
		for _, r := range f.Require {
			m.require[r.Mod.Path] = requirement{r.Mod.Version, r.Indirect}
		}
		for _, x := range f.Exclude {
			m.exclude[x.Mod] = true
		}
		for _, t := range f.Tool {
			m.tool[t.Path] = true
		}
		m.common(f.Go, f.Toolchain, f.Replace)
		return m, nil
	})
}

func (a *analysis) workspace(e edit) error {
	return a.modules(e, "go.work", func(src []byte) (moduleFile, error) {
		m := newModuleFile()
		f, err := modfile.ParseWork("go.work", src, nil)
		if err != nil {
			return m, err
		}
		m.common(f.Go, f.Toolchain, f.Replace)
		return m, nil
	})
}

func newModuleFile() moduleFile {
	return moduleFile{
		require: map[string]requirement{}, replace: map[module.Version]module.Version{}, by: map[string]bool{},
		exclude: map[module.Version]bool{}, tool: map[string]bool{},
	}
}

func (m *moduleFile) common(g *modfile.Go, t *modfile.Toolchain, replace []*modfile.Replace) {
	if g != nil {
		m.goVersion = g.Version
	}
	if t != nil {
		m.toolchain = t.Name
	}
	for _, r := range replace {
		m.replace[r.Old] = r.New
		if !local(r.New) {
			m.by[r.New.Path] = true
		}
	}
}

func (a *analysis) modules(e edit, what string, parse func([]byte) (moduleFile, error)) error {
	was, is := newModuleFile(), newModuleFile()
	for _, side := range []struct {
		src []byte
		to  *moduleFile
	}{{e.base, &was}, {e.head, &is}} {
		if side.src == nil {
			continue
		}
		m, err := parse(side.src)
		if err != nil {
			return fmt.Errorf("it does not parse as %s: %s", what, brief(err))
		}
		*side.to = m
	}
	a.found(e, compareModules(was, is))
	return nil
}

func compareModules(was, is moduleFile) []fact.Dependency {
	var all []fact.Dependency
	say := func(name, from, to, action, detail string, direct bool) {
		all = append(all, fact.Dependency{Ecosystem: "go", Name: name, From: from, To: to, Action: action, Detail: detail, Direct: direct})
	}
	for p, after := range is.require {
		switch before, both := was.require[p]; {
		case !both:
			say(p, "", after.version, added, "", !after.indirect)
		case before.version != after.version:
			say(p, before.version, after.version, direction(before.version, after.version), "", !after.indirect)
		case before.indirect != after.indirect:
			say(p, before.version, after.version, changed, "indirect", !after.indirect)
		}
	}
	for p, before := range was.require {
		if _, both := is.require[p]; !both {
			say(p, before.version, "", removed, "", !before.indirect)
		}
	}
	// A replacement is a change of the module that it replaces, and brings in
	// the one it is replaced by.
	for old, after := range is.replace {
		before, both := was.replace[old]
		if both && before == after {
			continue
		}
		say(old.Path, target(before), target(after), changed, "replace", true)
		if !local(after) && !was.knows(after.Path) {
			say(after.Path, "", after.Version, added, "replace", true)
		}
	}
	for old, before := range was.replace {
		if _, both := is.replace[old]; !both {
			say(old.Path, target(before), "", changed, "replace", true)
		}
		if !local(before) && was.knows(before.Path) && !is.knows(before.Path) && !requires(was, before.Path) {
			say(before.Path, before.Version, "", removed, "replace", true)
		}
	}
	for x := range is.exclude {
		if !was.exclude[x] {
			say(x.Path, "", x.Version, changed, "exclude", true)
		}
	}
	for x := range was.exclude {
		if !is.exclude[x] {
			say(x.Path, x.Version, "", changed, "exclude", true)
		}
	}
	for t := range is.tool {
		if !was.tool[t] {
			say(t, "", "", added, "tool", true)
		}
	}
	for t := range was.tool {
		if !is.tool[t] {
			say(t, "", "", removed, "tool", true)
		}
	}
	for _, v := range []struct{ name, from, to string }{{"go", was.goVersion, is.goVersion}, {"toolchain", was.toolchain, is.toolchain}} {
		if v.from != v.to {
			action := changed
			if v.from != "" && v.to != "" {
				action = direction(languageVersion(v.from), languageVersion(v.to))
			}
			say(v.name, v.from, v.to, action, "toolchain", true)
		}
	}
	return dedupe(all)
}

// dedupe drops findings that two replacements by one module make twice.
func dedupe(all []fact.Dependency) []fact.Dependency {
	type key struct{ name, from, to, action, detail string }
	seen := map[key]bool{}
	kept := all[:0]
	for _, d := range all {
		k := key{d.Name, d.From, d.To, d.Action, d.Detail}
		if !seen[k] {
			seen[k] = true
			kept = append(kept, d)
		}
	}
	return kept
}

// knows reports whether code of the module could be built in already.
func (m moduleFile) knows(p string) bool {
	return requires(m, p) || m.by[p]
}

func requires(m moduleFile, p string) bool {
	_, ok := m.require[p]
	return ok
}

func local(v module.Version) bool { return v.Version == "" }

func target(v module.Version) string {
	if v.Version == "" {
		return v.Path
	}
	return v.Path + " " + v.Version
}

// languageVersion makes semver of "1.26.1" and "go1.26.1".
func languageVersion(v string) string { return "v" + strings.TrimPrefix(v, "go") }

// direction tells an upgrade from a downgrade; versions that are not in order
// are a change.
func direction(from, to string) string {
	if !semver.IsValid(from) || !semver.IsValid(to) {
		return changed
	}
	switch semver.Compare(from, to) {
	case -1:
		return fact.Upgrade
	case 1:
		return fact.Downgrade
	}
	return changed
}

// sums compares files of sums. Sums follow their go.mod; what is worth a word
// is a sum that changes for one version, and sums that change by themselves.
func (a *analysis) sums(e edit) error {
	was, err := sumsOf(e.base)
	if err != nil {
		return err
	}
	is, err := sumsOf(e.head)
	if err != nil {
		return err
	}
	alone := !a.changed[path.Join(path.Dir(e.path), "go.mod")] && !a.changed[path.Join(path.Dir(e.path), "go.work")]
	var all []fact.Dependency
	say := func(name, from, to, detail string) {
		all = append(all, fact.Dependency{Ecosystem: "go", Name: name, From: from, To: to, Action: changed, Detail: detail})
	}
	for key, after := range is {
		if before, both := was[key]; both && before != after {
			say(key.path, key.plain(), key.plain(), "sum differs")
		}
	}
	if alone {
		gone, come := versionsWithout(was, is), versionsWithout(is, was)
		for name := range union(gone, come) {
			from, to := gone[name], come[name]
			for i := range max(len(from), len(to)) {
				f, t := "", ""
				if i < len(from) {
					f = from[i]
				}
				if i < len(to) {
					t = to[i]
				}
				say(name, f, t, "sum only")
			}
		}
	}
	a.found(e, dedupe(all))
	return nil
}

// versionsWithout returns, by module, the versions of x that y has no sum of.
func versionsWithout(x, y map[sumKey]string) map[string][]string {
	all := map[string][]string{}
	for key := range x {
		if _, both := y[key]; !both {
			all[key.path] = append(all[key.path], key.plain())
		}
	}
	for name, versions := range all {
		slices.Sort(versions)
		all[name] = slices.Compact(versions)
	}
	return all
}

func union(x, y map[string][]string) map[string]bool {
	all := map[string]bool{}
	for k := range x {
		all[k] = true
	}
	for k := range y {
		all[k] = true
	}
	return all
}

type sumKey struct{ path, version string }

// plain is the version without the mark of a sum of its go.mod alone.
func (k sumKey) plain() string { return strings.TrimSuffix(k.version, "/go.mod") }

func sumsOf(src []byte) (map[sumKey]string, error) {
	all := map[sumKey]string{}
	n := 0
	for line := range strings.Lines(string(src)) {
		n++
		words := strings.Fields(line)
		switch len(words) {
		case 0:
		case 3:
			key := sumKey{words[0], words[1]}
			if before, ok := all[key]; ok && before != words[2] {
				return nil, fmt.Errorf("line %d has a second sum for one version", n)
			}
			all[key] = words[2]
		default:
			return nil, fmt.Errorf("line %d is no module, version and sum", n)
		}
	}
	return all, nil
}
