package policy

import (
	"maps"
	"slices"
	"strings"
)

// Needs returns what of the facts the policy can see: the teams whose members
// it needs, and the names that its rules mention, whether or not they turn
// out to be in force.
func (p *Policy) Needs() Needs {
	teams, all := map[string]bool{}, map[string]bool{}
	n := Needs{}
	for _, l := range p.layers {
		for _, r := range l.roles {
			for _, t := range r.Teams {
				teams[t] = true
			}
		}
		for _, a := range l.away {
			if a.Team != "" {
				teams[a.Team] = true
			}
		}
		for _, r := range l.rules {
			n.Patches = n.Patches || r.sticky == "patch"
		}
		for _, m := range l.mentions {
			if !strings.HasPrefix(m, "local.") {
				all[m] = true
			}
		}
	}
	n.Teams = slices.Sorted(maps.Keys(teams))
	n.Names = slices.Sorted(maps.Keys(all))
	for _, m := range n.Names {
		contents, modes := needOf(m)
		n.Contents = n.Contents || contents
		n.Modes = n.Modes || modes
	}
	return n
}

// needOf says what has to be read for a name, or for an attribute of a list's
// elements such as "files.mode".
func needOf(mention string) (contents, modes bool) {
	if n := nameByPath[mention]; n != nil {
		return n.contents, false
	}
	i := strings.LastIndexByte(mention, '.')
	if i < 0 {
		return false, false
	}
	if a := attributeOf(mention[:i], mention[i+1:]); a != nil {
		return a.contents, a.modes
	}
	return strings.HasPrefix(mention, "terraform.resources."), false // before, after
}
