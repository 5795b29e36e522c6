package terraform

import (
	"path"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// Result is what a change does to infrastructure as code.
type Result struct {
	Terraform fact.Terraform // Files are left to the caller
	// Cosmetic holds for each file, by its Path, whether it is provably
	// without effect; an absent path is unknown.
	Cosmetic map[string]fact.Maybe[bool]
	// Unread are the gaps that say only that an approval should cover more
	// than was read: no change is behind them.
	Unread []fact.Gap
}

// endings are those of the files that Terraform, OpenTofu and Terragrunt
// read, and of what they write beside them.
var endings = []string{
	".tf", ".tf.json", ".tofu", ".tofu.json", ".tfvars", ".tfvars.json", ".hcl", ".hcl.json",
	".tftest.json", ".tofutest.json", ".tfmock.json", ".tfquery.json", ".tfstack.json", ".tfcomponent.json", ".tfdeploy.json",
	".tfstate", ".tfstate.backup", ".tfbackend", ".tfplan", ".tftpl", ".tfrc", ".terraformrc", ".tofurc",
}

var names = map[string]bool{
	"terraform.rc": true, "tofu.rc": true, ".terraform-version": true, ".opentofu-version": true,
	".terragrunt-version": true, ".terraformignore": true,
}

// Is reports whether a file of this path counts as infrastructure as code.
// rolecall's own policy, which its keepers guard, does not.
func Is(p string) bool {
	if dir, base := path.Split(p); dir == ".github/" && (base == "rolecall.hcl" || strings.HasSuffix(base, ".rolecall_test.hcl")) {
		return false
	}
	for _, ending := range endings {
		if strings.HasSuffix(p, ending) {
			return true
		}
	}
	return names[path.Base(p)] || strings.HasPrefix(p, ".terraform/") || strings.Contains(p, "/.terraform/")
}

// Wants returns the files and directories whose contents Analyse needs for
// the policy's names, such as "terraform.resources".
func Wants(files []fact.File, names []string) (paths, dirs []string) {
	if !slices.ContainsFunc(names, needsContents) {
		return nil, nil
	}
	for _, f := range files {
		for _, p := range f.Paths() {
			paths = append(paths, p)
			dirs = append(dirs, parent(p))
		}
	}
	slices.Sort(paths)
	slices.Sort(dirs)
	return slices.Compact(paths), slices.Compact(dirs)
}

func needsContents(name string) bool {
	return name == "terraform" || strings.HasPrefix(name, "terraform.") && name != "terraform.files" && !strings.HasPrefix(name, "terraform.files.")
}

// Analyse compares the two versions of the Terraform files of a change. Every
// one of files is one by either of its paths.
func Analyse(files []fact.File, c fact.Contents) Result { return new(Memory).Analyse(files, c) }

// Analyse does the same, and reads what it remembers no second time.
func (m *Memory) Analyse(files []fact.File, c fact.Contents) Result {
	a := analysis{
		contents:  c,
		memory:    m,
		files:     files,
		base:      map[space]map[string][]*unit{},
		head:      map[space]map[string][]*unit{},
		touched:   map[string]bool{},
		local:     map[string][]string{},
		known:     map[string][]string{},
		covered:   map[string]cover{},
		providers: map[string][2]map[string]moduleProvider{},
		result:    Result{Cosmetic: make(map[string]fact.Maybe[bool], len(files))},
	}
	if len(files) == 0 {
		return a.result
	}
	for _, f := range files {
		if why := guard(func() { a.file(f) }); why != "" {
			a.gap(f, why)
			a.result.Cosmetic[f.Path] = fact.Unknown[bool](why)
		}
	}
	a.findings(a.changes())
	a.uncovered()
	a.cosmetic()
	return a.result
}

// cosmetic tells of each file, and of all together, whether it changes
// meaning.
func (a *analysis) cosmetic() {
	all := fact.Known(true)
	for _, f := range a.files {
		m, unread := a.result.Cosmetic[f.Path]
		if !unread {
			m = a.harmless(f)
			a.result.Cosmetic[f.Path] = m
		}
		switch {
		case m.IsKnown() && !m.Value:
			all = m
		case !m.IsKnown() && all.IsKnown() && all.Value:
			all = m
		}
	}
	a.result.Terraform.Cosmetic = all
}

// harmless tells it of one file that was compared.
func (a *analysis) harmless(f fact.File) fact.Maybe[bool] {
	for _, p := range f.Paths() {
		if a.touched[p] || !Is(p) {
			return fact.Known(false)
		}
	}
	if f.Status == fact.Added || f.Status == fact.Removed || f.Status == fact.Copied {
		return fact.Known(true) // all that it holds stands elsewhere, or stood there
	}
	for _, e := range []fact.Maybe[fact.Entry]{f.Base, f.Head} {
		if !e.IsKnown() || e.Value.Mode == "" {
			return fact.Unknown[bool]("its mode is not known")
		}
	}
	return fact.Known(f.Base.Value.Mode == f.Head.Value.Mode)
}
