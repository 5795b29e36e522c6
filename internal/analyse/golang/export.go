package golang

import (
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// exportFindings compares what other packages see of a package: its exported
// declarations, and unexported ones as far as exported ones mention them.
func (a *analysis) exportFindings(p *pack) {
	g := &a.result.Go
	was, is := surface(p.base), surface(p.head)
	for _, u := range slices.Concat(p.base, p.head) {
		if u.unread != "" {
			g.Exported.Gaps = append(g.Exported.Gaps, fact.Gap{Paths: p.sources, Reason: u.unread})
		}
	}
	found := map[string]fact.GoExport{}
	inner := map[string]bool{} // unexported names of which the visible part changes
	for _, name := range unionKeys(was, is, strings.Compare) {
		before, after := was[name], is[name]
		if same(before.sums, after.sums) {
			continue
		}
		one := after
		if len(after.sums) == 0 {
			one = before
		}
		switch act := action(len(before.sums) > 0, len(after.sums) > 0); {
		case !one.exported():
			inner[one.holder()] = true
		case act == fact.Update && (before.unsure || after.unsure):
			g.Exported.Gaps = append(g.Exported.Gaps, fact.Gap{Paths: p.sources, Reason: "the type of variable " + name + " is inferred from an expression that changes"})
		default:
			found[name] = p.export(one.object, act)
		}
	}
	if len(inner) > 0 {
		a.mentions(p, inner, found)
	}
	for _, name := range unionKeys(found, nil, strings.Compare) {
		g.Exported.Items = append(g.Exported.Items, found[name])
	}
}

func (p *pack) export(o object, action string) fact.GoExport {
	return fact.GoExport{Dir: p.dir, Package: p.name, Name: o.full(), Kind: o.kind, Action: action, Paths: p.sources}
}

// declared is all the objects of one name: build constraints allow several.
type declared struct {
	object
	sums []sum
}

// holder is the name by which other declarations mention the object.
func (o object) holder() string {
	if o.owner != "" {
		return o.owner
	}
	return o.name
}

func surface(units []*unit) map[string]declared {
	all := map[string]declared{}
	for _, u := range units {
		for _, o := range u.objects {
			d := all[o.full()]
			d.sums = append(d.sums, o.sum)
			o.unsure = o.unsure || d.unsure
			d.object = o
			all[o.full()] = d
		}
	}
	return all
}

// mentions adds, as changed, the exported declarations that mention an
// unexported name whose visible part changes, directly or through others.
func (a *analysis) mentions(p *pack, inner map[string]bool, found map[string]fact.GoExport) {
	units := slices.Concat(p.base, p.head)
	siblings, why := a.siblings(p.dir)
	for _, s := range siblings {
		if Test(s.path) {
			continue
		}
		u, fault := a.unit(s.path, s.version)
		switch {
		case fault != "":
			why = "another file of its package could not be read: " + fault
		case u != nil && u.pkg == p.name:
			if u.unread != "" {
				why = u.unread
			}
			units = append(units, u)
		}
	}
	if why != "" {
		a.result.Go.Exported.Gaps = append(a.result.Go.Exported.Gaps, fact.Gap{Paths: p.sources,
			Reason: "other exported code may mention unexported names that change, and " + why})
	}
	by := map[string][]object{}
	for _, u := range units {
		for _, o := range u.objects {
			for _, r := range o.refs {
				by[r] = append(by[r], o)
			}
		}
	}
	queue := unionKeys(inner, nil, strings.Compare)
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		for _, o := range by[name] {
			if o.exported() {
				if _, known := found[o.full()]; !known {
					found[o.full()] = p.export(o, fact.Update)
				}
			} else if h := o.holder(); !inner[h] {
				inner[h] = true
				queue = append(queue, h)
			}
		}
	}
}
