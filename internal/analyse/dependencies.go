package analyse

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/internal/analyse/terraform"
	"github.com/rolecall/rolecall/policy/fact"
)

// addTerraform adds the dependencies that Terraform's module calls and
// provider requirements are.
func addTerraform(all *fact.List[fact.Dependency], result terraform.Result) {
	t := result.Terraform
	for _, m := range t.Modules.Items {
		if m.Local || (m.Action == fact.Update || m.Action == fact.Move) && same(m.Source, m.FromSource) && same(m.Version, m.FromVersion) {
			continue // it is called otherwise, and is what it was
		}
		if !m.Source.IsKnown() || !m.FromSource.IsKnown() || !m.Version.IsKnown() || !m.FromVersion.IsKnown() {
			all.Gaps = append(all.Gaps, fact.Gap{Paths: m.Paths, Reason: "the source or version of module " + m.Name + " is not literal"})
		}
		name, to := pinned(m.Source, m.Version)
		was, from := pinned(m.FromSource, m.FromVersion)
		d := fact.Dependency{Ecosystem: "terraform-module", Name: cmp.Or(name, was, "module."+m.Name), From: from, To: to, Direct: true, Paths: m.Paths}
		switch d.Action = dependencyAction(m.Action); {
		case d.Action != "change":
		case name != was || !m.Source.IsKnown() || !m.FromSource.IsKnown():
			// Another source is another dependency, whatever the call's name.
			// A directory of the repository is none.
			if was != "" && !terraform.Local(was) {
				gone := d
				gone.Name, gone.To, gone.Action = was, "", "remove"
				all.Items = append(all.Items, gone)
			}
			if m.Source.IsKnown() && terraform.Local(name) {
				continue
			}
			d.From, d.Action = "", "add"
		case terraform.Order(from, to) < 0:
			d.Action = "upgrade"
		case terraform.Order(from, to) > 0:
			d.Action = "downgrade"
		}
		all.Items = append(all.Items, d)
	}
	for _, p := range t.Providers.Items {
		if p.Configures {
			continue
		}
		name := cmp.Or(p.Source, p.Name)
		all.Items = append(all.Items, fact.Dependency{Ecosystem: "terraform-provider", Name: name, From: p.From, To: p.To,
			Action: dependencyAction(p.Action), Direct: true, Paths: p.Paths})
	}
	for _, gap := range slices.Concat(t.Modules.Gaps, t.Providers.Gaps) {
		alike := func(g fact.Gap) bool { return g.Reason == gap.Reason && slices.Equal(g.Paths, gap.Paths) }
		of := func(d fact.Dependency) bool { return len(d.Paths) > 0 && slices.Contains(gap.Paths, d.Paths[0]) }
		if slices.ContainsFunc(result.Unread, alike) && !slices.ContainsFunc(all.Items, of) {
			continue
		}
		if !slices.ContainsFunc(all.Gaps, alike) {
			all.Gaps = append(all.Gaps, gap)
		}
	}
}

// pinned tells a module's source from its version, which sources outside a
// registry hold themselves.
// https://developer.hashicorp.com/terraform/language/modules/sources#selecting-a-revision
func pinned(source, version fact.Maybe[string]) (name, at string) {
	name, at = source.Value, version.Value
	before, query, ok := strings.Cut(name, "?")
	if !ok {
		return name, at
	}
	var rest []string
	for part := range strings.SplitSeq(query, "&") {
		if ref, is := strings.CutPrefix(part, "ref="); is {
			at = ref
		} else {
			rest = append(rest, part)
		}
	}
	if name = before; len(rest) > 0 {
		name += "?" + strings.Join(rest, "&")
	}
	return name, at
}

// same reports whether two values are known to be equal.
func same(x, y fact.Maybe[string]) bool { return x.IsKnown() && y.IsKnown() && x.Value == y.Value }

func dependencyAction(action string) string {
	switch action {
	case fact.Create:
		return "add"
	case fact.Delete:
		return "remove"
	case fact.Upgrade, fact.Downgrade:
		return action
	}
	return "change"
}
