package terraform

import (
	"path"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// otherSource splits the change of a requirement's source: whatever its local
// name, one provider goes and another comes.
func otherSource(c change) []change {
	if c.any().sort == requirement && c.was != nil && c.is != nil && required(c.was).source != required(c.is).source {
		return []change{{space: c.space, was: c.was}, {space: c.space, is: c.is}}
	}
	return []change{c}
}

func (a *analysis) providerOf(c change, paths []string) fact.Provider {
	u := c.any()
	p := fact.Provider{Name: u.name, Dir: c.space.dir, Action: actionOf(c), Paths: paths}
	switch u.sort {
	case requirement:
		p.Source = required(u).source
		if c.was != nil {
			p.From = required(c.was).version
		}
		if c.is != nil {
			p.To = required(c.is).version
		}
	case provider, lock: // providers were pinned in their blocks before there were required_providers
		if c.was != nil {
			p.From = textOf(c.was.block, "version").Value
		}
		if c.is != nil {
			p.To = textOf(c.is.block, "version").Value
		}
		if u.sort == lock {
			p.Source = strings.TrimPrefix(strings.TrimPrefix(u.name, "registry.terraform.io/"), "registry.opentofu.org/")
			p.Name = path.Base(u.name)
			break
		}
		p.Source, p.Configures = a.configured(c)
		p.Configures = p.Configures && p.From == p.To
	}
	if p.Action == fact.Update {
		switch Order(p.From, p.To) {
		case -1:
			p.Action = fact.Upgrade
		case 1:
			p.Action = fact.Downgrade
		}
	}
	return p
}

// configured says of a provider's block which provider it is about, and whether
// the module has that without the block: by a requirement, or by another block
// that was there before.
func (a *analysis) configured(c change) (source string, has bool) {
	name := c.any().name
	both := a.providersIn(c.space.dir)
	before, after := both[0][name], both[1][name]
	for _, p := range []moduleProvider{after, before} {
		if p.required != nil && source == "" {
			source = required(p.required).source
		}
	}
	if source == "" {
		source = implied(name)
	}
	return source, c.was != nil || before.required != nil || before.configured || after.required != nil
}

// moduleProvider is what a module says of one provider.
type moduleProvider struct {
	required   *unit
	configured bool // by a block
}

// providersIn are the providers that the files of a directory name, by their
// local names, at the base and at the head.
func (a *analysis) providersIn(dir string) [2]map[string]moduleProvider {
	both, ok := a.providers[dir]
	if !ok {
		both = [2]map[string]moduleProvider{a.providersOf(a.contents.Base, dir), a.providersOf(a.contents.Head, dir)}
		a.providers[dir] = both
	}
	return both
}

// providersOf are those of one side, as far as its files were read.
func (a *analysis) providersOf(side fact.Side, dir string) map[string]moduleProvider {
	out := map[string]moduleProvider{}
	names := side.Dirs[dir].Value
	for _, f := range a.files {
		for _, p := range f.Paths() {
			if parent(p) == dir {
				names = append(names[:len(names):len(names)], path.Base(p))
			}
		}
	}
	for _, n := range names {
		p := path.Join(dir, n)
		if formOf(p) != moduleFile || !Is(p) {
			continue
		}
		_ = guard(func() { // what cannot be read says nothing
			for _, u := range a.unitsOf(p, side.File(p).Value) {
				m := out[u.name]
				switch u.sort {
				case requirement:
					m.required = &u
				case provider:
					m.configured = true
				default:
					continue
				}
				out[u.name] = m
			}
		})
	}
	return out
}

func (a *analysis) unitsOf(p string, text []byte) []unit {
	var b *body
	if a.parsed += len(text); a.parsed > maxTotal {
		return nil
	}
	if strings.HasSuffix(p, ".json") {
		b, _ = parseJSON(text, true)
	} else {
		b, _ = a.memory.parseHCL(text)
	}
	if b == nil {
		return nil
	}
	return units(b, p)
}

// implied is the source of a provider that no requirement gives one.
// https://developer.hashicorp.com/terraform/language/providers/requirements#implied-local-provider-names
func implied(name string) string {
	if name == "terraform" {
		return "terraform.io/builtin/terraform"
	}
	return "hashicorp/" + name
}

// need is what a requirement says of a provider; its source is "" where it is
// no literal.
type need struct{ source, version string }

func required(u *unit) need {
	of := func(m map[string]any) need {
		n := need{source: implied(u.name)}
		if given, ok := m["source"]; ok {
			n.source, _ = given.(string)
		}
		n.version, _ = m["version"].(string)
		return n
	}
	switch v := u.value.(type) {
	case string:
		return need{implied(u.name), v}
	case map[string]any:
		return of(v)
	case jsonObject:
		return of(v)
	}
	return need{}
}
