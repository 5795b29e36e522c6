package policy

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// testSuffix ends the names of a policy's test files.
const testSuffix = ".rolecall_test.hcl"

// organisationRepo is where an organisation's policy is.
const organisationRepo = ".github"

// kept reports whether the layer's keepers answer for a path: a floor's for the
// organisation's policy and its tests, any other's for the repository's, even
// where that is not there yet and would take the layer's place. A repository's
// policy can take nothing from a floor, so that a floor's keepers leave it be.
func (r *layerRun) kept(p string) bool {
	dir, name := path.Split(p)
	policyOrTest := name == path.Base(FloorPath) || strings.HasSuffix(name, testSuffix)
	switch {
	case !policyOrTest:
		return false
	case dir == path.Dir(RepoPath)+"/":
		return !r.layer.floor
	case dir == "" && strings.EqualFold(r.pull.Repo, organisationRepo):
		return r.layer.floor || r.alone
	}
	return false
}

// keepersRule is the implicit rule over the policy's own files, which nothing
// can switch off: each of the keepers' roles must approve.
func (r *layerRun) keepersRule() *rule {
	out := &rule{name: KeepersRule, sticky: stickyScope}
	for _, name := range r.layer.keepers {
		out.require = append(out.require, &requirement{kind: KindRole, role: name, approvals: 1})
	}
	return out
}

// keepersState tells whether the policy's own files change.
func (r *layerRun) keepersState() ruleState {
	var st ruleState
	for i := range r.pull.Files {
		f := &r.pull.Files[i]
		if slices.ContainsFunc(f.Paths(), r.kept) {
			st.Elements = append(st.Elements, Element{Summary: f.Path, Paths: f.Paths()})
			st.Scope.Paths = append(st.Scope.Paths, f.Paths()...)
		}
	}
	slices.SortFunc(st.Elements, func(a, b Element) int { return cmp.Compare(a.Summary, b.Summary) })
	slices.Sort(st.Scope.Paths)
	st.Scope.Paths = slices.Compact(st.Scope.Paths)
	st.Covers = slices.Clone(st.Scope.Paths)
	if len(st.Elements) > 0 {
		st.InForce = true
		st.Reasons = []Reason{{Code: PolicyFileChanged, Paths: slices.Clone(st.Scope.Paths)}}
	}
	for _, g := range r.pull.Gaps {
		if g.About != "" && g.About != fact.AboutFiles {
			continue
		}
		if len(g.Paths) == 0 || slices.ContainsFunc(g.Paths, r.kept) {
			st.InForce = true
			st.Scope = Scope{All: true}
			st.Reasons = append(st.Reasons, Reason{Code: PolicyFileUnknown, Detail: g.Reason})
			st.Elements = append(st.Elements, Element{Summary: RepoPath, Paths: []string{}, Unknown: g.Reason})
		}
	}
	if !st.InForce {
		st.Reasons = []Reason{{Code: PolicyFileSame}}
	}
	return st
}
