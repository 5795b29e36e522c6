package supplychain

import (
	"path"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// vendored looks for vendored Go code that changes though the version of its
// module does not: edited by hand, or not what the version says.
func (a *analysis) vendored(files []fact.File) {
	lists := map[string]vendorLists{} // by vendor directory
	edited := map[string]*fact.Dependency{}
	var order []string
	for _, f := range files {
		for _, p := range f.Paths() {
			root, pkg, ok := vendoredPackage(p)
			if !ok {
				continue
			}
			l, known := lists[root]
			if !known {
				l = a.vendorLists(root)
				lists[root] = l
			}
			name, same := l.unchanged(pkg)
			if !same {
				continue
			}
			key := root + "\x00" + name
			d := edited[key]
			if d == nil {
				d = &fact.Dependency{Ecosystem: "go", Name: name, From: l.was[name], To: l.is[name], Action: changed, Detail: "vendored code edited"}
				edited[key] = d
				order = append(order, key)
			}
			d.Paths = append(d.Paths, p)
		}
	}
	slices.Sort(order)
	for _, key := range order {
		a.result.Dependencies.Items = append(a.result.Dependencies.Items, *edited[key])
	}
}

// vendoredPackage splits a path in a vendor directory of Go modules.
func vendoredPackage(p string) (root, pkg string, ok bool) {
	i := strings.LastIndex("/"+p, "/vendor/")
	if i < 0 {
		return "", "", false
	}
	root, rest := p[:i]+"vendor", p[i+len("vendor/"):]
	first, _, deeper := strings.Cut(rest, "/")
	return root, path.Dir(rest), deeper && strings.Contains(first, ".")
}

// vendorLists are the two versions of a modules.txt: module to version.
type vendorLists struct {
	was, is map[string]string
	fixed   bool // modules.txt does not change
}

func (a *analysis) vendorLists(root string) vendorLists {
	p := root + "/modules.txt"
	if !a.changed[p] {
		return vendorLists{fixed: true}
	}
	// One that cannot be read is a gap of its own.
	base, _ := content(a.contents.Base, p, false)
	head, _ := content(a.contents.Head, p, false)
	return vendorLists{was: vendorModules(base), is: vendorModules(head)}
}

// vendorList compares two versions of a modules.txt. It follows its go.mod;
// by itself it changes what is built all the same.
func (a *analysis) vendorList(e edit) error {
	was, is := vendorModules(e.base), vendorModules(e.head)
	if a.changed[path.Join(path.Dir(path.Dir(e.path)), "go.mod")] || a.changed[path.Join(path.Dir(path.Dir(e.path)), "go.work")] {
		return nil
	}
	var all []fact.Dependency
	for name, to := range is {
		if was[name] != to {
			all = append(all, fact.Dependency{Ecosystem: "go", Name: name, From: was[name], To: to, Action: changed, Detail: "vendor only"})
		}
	}
	for name, from := range was {
		if _, both := is[name]; !both {
			all = append(all, fact.Dependency{Ecosystem: "go", Name: name, From: from, Action: changed, Detail: "vendor only"})
		}
	}
	a.found(e, all)
	return nil
}

// vendorModules reads the lines "# module version [=> replacement]".
func vendorModules(src []byte) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(string(src)) {
		words := strings.Fields(line)
		if len(words) >= 3 && words[0] == "#" {
			all[words[1]] = strings.Join(words[2:], " ")
		}
	}
	return all
}

// unchanged returns the module of a package, and whether its version is the
// same on both sides. Without a change of modules.txt the module's bounds are
// not known: the package's directory names it.
func (l vendorLists) unchanged(pkg string) (name string, same bool) {
	if l.fixed {
		return pkg, true
	}
	for name := pkg; name != "." && name != "/"; name = path.Dir(name) {
		after, is := l.is[name]
		before, was := l.was[name]
		if is || was {
			return name, is && was && before == after
		}
	}
	return pkg, false
}
