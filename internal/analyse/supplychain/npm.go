package supplychain

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// npmVersion is one package as a manifest or a lock file names it.
type npmVersion struct {
	version string
	source  string // where a lock file says it comes from, and its integrity
}

// manifest compares two versions of a package.json.
func (a *analysis) manifest(e edit) error {
	read := func(src []byte) (map[string]npmVersion, error) {
		all := map[string]npmVersion{}
		if src == nil {
			return all, nil
		}
		var m struct {
			Dependencies         map[string]string `json:"dependencies"`
			DevDependencies      map[string]string `json:"devDependencies"`
			OptionalDependencies map[string]string `json:"optionalDependencies"`
			PeerDependencies     map[string]string `json:"peerDependencies"`
		}
		if err := json.Unmarshal(src, &m); err != nil {
			return nil, fmt.Errorf("it does not parse as package.json: %s", brief(err))
		}
		for _, group := range []map[string]string{m.PeerDependencies, m.DevDependencies, m.OptionalDependencies, m.Dependencies} {
			for name, version := range group {
				all[name] = npmVersion{version: version}
			}
		}
		return all, nil
	}
	return a.npm(e, read, true)
}

// lock compares two versions of a lock file. What its package.json names is
// told there, unless that does not change.
func (a *analysis) lock(e edit) error {
	read := func(src []byte) (map[string]npmVersion, error) {
		all := map[string]npmVersion{}
		if src == nil {
			return all, nil
		}
		type entry struct {
			Version, Resolved, Integrity string
			Link                         bool
		}
		var l struct {
			Packages     map[string]entry `json:"packages"`
			Dependencies map[string]entry `json:"dependencies"`
		}
		if err := json.Unmarshal(src, &l); err != nil {
			return nil, fmt.Errorf("it does not parse as a lock file of npm: %s", brief(err))
		}
		for at, p := range l.Packages {
			if i := strings.LastIndex(at, "node_modules/"); i >= 0 && !p.Link {
				all[at[i+len("node_modules/"):]+suffix(at[:i])] = npmVersion{p.Version, p.Resolved + " " + p.Integrity}
			}
		}
		if l.Packages == nil {
			for name, p := range l.Dependencies {
				all[name] = npmVersion{p.Version, p.Resolved + " " + p.Integrity}
			}
		}
		return all, nil
	}
	return a.npm(e, read, false)
}

// suffix tells a nested copy of a package from the one at the top.
func suffix(within string) string {
	within = strings.TrimSuffix(strings.TrimSuffix(within, "/"), "/node_modules")
	if within = strings.TrimPrefix(within, "node_modules/"); within == "" {
		return ""
	}
	return " (in " + within + ")"
}

func (a *analysis) npm(e edit, read func([]byte) (map[string]npmVersion, error), direct bool) error {
	was, err := read(e.base)
	if err != nil {
		return err
	}
	is, err := read(e.head)
	if err != nil {
		return err
	}
	detail := ""
	if !direct {
		detail = "lock"
		if !a.changed[path.Join(path.Dir(e.path), "package.json")] {
			detail = "lock only"
		}
	}
	var all []fact.Dependency
	say := func(name, from, to, action, detail string) {
		all = append(all, fact.Dependency{Ecosystem: "npm", Name: name, From: from, To: to, Action: action, Direct: direct, Detail: detail})
	}
	for name, after := range is {
		switch before, both := was[name]; {
		case !both:
			say(name, "", after.version, added, detail)
		case before.version != after.version:
			say(name, before.version, after.version, rangeDirection(before.version, after.version), detail)
		case before.source != after.source:
			say(name, before.version, after.version, changed, "source or integrity differs")
		}
	}
	for name, before := range was {
		if _, both := is[name]; !both {
			say(name, before.version, "", removed, detail)
		}
	}
	a.found(e, all)
	return nil
}

// rangeDirection compares versions, or ranges of one operator, "^1.2.0".
func rangeDirection(from, to string) string {
	f, t := strings.TrimLeft(from, "^~=v "), strings.TrimLeft(to, "^~=v ")
	if strings.TrimSuffix(from, f) != strings.TrimSuffix(to, t) {
		return changed
	}
	return direction("v"+f, "v"+t)
}
