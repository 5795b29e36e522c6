package analyse

import (
	"slices"

	"github.com/rolecall/rolecall/policy/fact"
)

// addTerraform adds the dependencies that Terraform's module calls and
// provider requirements are.
func addTerraform(to *fact.List[fact.Dependency], t fact.Terraform) {
	for _, m := range t.Modules.Items {
		if m.Local || m.Action == fact.Update && same(m.Source, m.FromSource) && same(m.Version, m.FromVersion) {
			continue // it is called otherwise, and is what it was
		}
		if !m.Source.IsKnown() || !m.FromSource.IsKnown() || !m.Version.IsKnown() || !m.FromVersion.IsKnown() {
			to.Gaps = append(to.Gaps, fact.Gap{Paths: m.Paths, Reason: "the source or version of module " + m.Name + " is not literal"})
		}
		d := fact.Dependency{Ecosystem: "terraform-module", Name: m.Source.Value, From: m.FromVersion.Value, To: m.Version.Value, Direct: true, Paths: m.Paths}
		if d.Name == "" {
			d.Name = m.FromSource.Value
		}
		if d.Name == "" {
			d.Name = "module." + m.Name
		}
		d.Action = dependencyAction(m.Action)
		if m.Action == fact.Update && m.Source != m.FromSource {
			// Another source is another dependency, whatever the call's name.
			gone := d
			gone.Name, gone.To, gone.Action = m.FromSource.Value, "", "remove"
			if gone.Name != "" {
				to.Items = append(to.Items, gone)
			}
			d.From, d.Action = "", "add"
		}
		to.Items = append(to.Items, d)
	}
	for _, p := range t.Providers.Items {
		if p.Source == "" && p.From == p.To && p.Action != fact.Create {
			continue // a configuration of what is there already
		}
		name := p.Source
		if name == "" {
			name = p.Name
		}
		to.Items = append(to.Items, fact.Dependency{Ecosystem: "terraform-provider", Name: name, From: p.From, To: p.To,
			Action: dependencyAction(p.Action), Direct: true, Paths: p.Paths})
	}
	for _, gap := range slices.Concat(t.Modules.Gaps, t.Providers.Gaps) {
		if !slices.ContainsFunc(to.Gaps, func(g fact.Gap) bool { return g.Reason == gap.Reason && slices.Equal(g.Paths, gap.Paths) }) {
			to.Gaps = append(to.Gaps, gap)
		}
	}
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
