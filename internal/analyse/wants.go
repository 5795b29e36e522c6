package analyse

import (
	"slices"
	"strings"

	"github.com/rolecall/rolecall/internal/analyse/golang"
	"github.com/rolecall/rolecall/internal/analyse/terraform"
	"github.com/rolecall/rolecall/policy/fact"
)

// Want asks for the contents of a path at the merge base and at the head, or,
// with Dir, for the list of a directory's files and their contents.
type Want struct {
	Path string
	Dir  bool
}

// Wants returns what Analyse must see of a change so that the findings behind
// the names are as complete as they can be. The names are those of a policy's
// expressions, such as "go.exported"; a whole object, such as "go", stands for
// all below it. Paths come before directories, each sorted.
func Wants(files []fact.File, names []string) []Want {
	wantsGo := mentions(names, "go", "packages", "exported", "functions", "uses", "cosmetic")
	// A package's other files tell whether it is new, and what mentions what.
	wantsPackages := mentions(names, "go", "packages", "exported")
	// A link to a directory puts at its path all that is there.
	wantsLinks := mentions(names, "go") || mentions(names, "terraform") || mentions(names, "dependencies") || mentions(names, "workflows")
	wantsGenerated := mentions(names, "files", "generated")
	wantsCosmetic := mentions(names, "files", "cosmetic")
	wantsDependencies := mentions(names, "dependencies")
	wantsWorkflows := mentions(names, "workflows")

	paths, dirs := map[string]bool{}, map[string]bool{}
	var tfFiles []fact.File
	for _, f := range files {
		k := classify(f)
		if k.doubt != "" {
			continue
		}
		if k.terraform {
			tfFiles = append(tfFiles, f)
		}
		source := slices.ContainsFunc(f.Paths(), golang.Source)
		if wantsCosmetic || wantsLinks && mayLink(f) || wantsGo && k.golang || wantsGenerated && source ||
			wantsDependencies && k.supply || wantsWorkflows && k.workflow {
			for _, p := range f.Paths() {
				paths[p] = true
			}
		}
		for _, p := range f.Paths() {
			if wantsPackages && golang.Source(p) {
				dirs[directory(p)] = true
			}
		}
	}
	tfNames := slices.Clone(names)
	if wantsDependencies {
		tfNames = append(tfNames, "terraform.modules", "terraform.providers")
	}
	tfPaths, tfDirs := terraform.Wants(tfFiles, tfNames)
	for _, p := range tfPaths {
		paths[p] = true
	}
	for _, d := range tfDirs {
		dirs[d] = true
	}
	return append(wantsOf(paths, false), wantsOf(dirs, true)...)
}

func directory(p string) string { return p[:max(0, strings.LastIndexByte(p, '/'))] }

func wantsOf(set map[string]bool, dir bool) []Want {
	wants := make([]Want, 0, len(set))
	for p := range set {
		wants = append(wants, Want{Path: p, Dir: dir})
	}
	slices.SortFunc(wants, func(a, b Want) int { return strings.Compare(a.Path, b.Path) })
	return wants
}

// mentions reports whether the names hold the object itself, one of the
// attributes, or something below one of them. Without attributes, anything
// below the object counts.
func mentions(names []string, object string, attributes ...string) bool {
	for _, n := range names {
		first, rest, _ := strings.Cut(n, ".")
		if first != object {
			continue
		}
		attribute, _, _ := strings.Cut(rest, ".")
		if rest == "" || len(attributes) == 0 || slices.Contains(attributes, attribute) {
			return true
		}
	}
	return false
}
