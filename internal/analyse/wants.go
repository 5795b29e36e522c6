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

// maxRounds is how often what was read can make an analysis ask for more.
const maxRounds = 3

// Wants returns what Analyse must see of a change, beyond what was read of it,
// so that the findings behind the names are as complete as they can be. It is
// to be asked again with what it wanted until it wants nothing; most changes
// need one round, and none more than three beyond it. The names are those of a
// policy's expressions, such as "go.exported"; a whole object, such as "go",
// stands for all below it. Paths come before directories, each sorted.
func Wants(files []fact.File, names []string, read fact.Contents) []Want {
	if read.Rounds == 0 {
		return first(files, names)
	}
	if read.Rounds > maxRounds {
		return nil
	}
	paths, dirs := map[string]bool{}, map[string]bool{}
	followed := follow(files, read)
	if wantsLinked(names) {
		for _, p := range followed.unread {
			paths[p] = true
		}
	}
	var tfFiles []fact.File
	for _, f := range followed.files {
		if k := classify(f); k.terraform && k.doubt == "" {
			tfFiles = append(tfFiles, f)
		}
	}
	for _, d := range terraform.WantsCalled(tfFiles, terraformNames(names), followed.contents) {
		dirs[d] = true
	}
	return append(wantsOf(paths, false), wantsOf(dirs, true)...)
}

// first is what the change alone asks for.
func first(files []fact.File, names []string) []Want {
	wantsGo := mentions(names, "go", "packages", "exported", "functions", "uses", "cosmetic")
	// A package's other files tell whether it is new, and what mentions what.
	wantsPackages := mentions(names, "go", "packages", "exported")
	// A link to a directory puts at its path all that is there.
	wantsLinks := mentions(names, "go") || mentions(names, "terraform") || mentions(names, "dependencies") || mentions(names, "workflows")
	wantsLinked := wantsLinked(names)
	wantsGenerated := mentions(names, "files", "generated")
	wantsCosmetic := mentions(names, "files", "cosmetic")
	wantsDependencies := mentions(names, "dependencies")
	wantsWorkflows := mentions(names, "workflows")

	paths, dirs := map[string]bool{}, map[string]bool{}
	var tfFiles []fact.File
	for _, f := range files {
		link := oddMode(f) == symlink
		if link { // which is read through, and then stands for a plain file
			f.Base, f.Head = fact.Maybe[fact.Entry]{}, fact.Maybe[fact.Entry]{}
		}
		k := classify(f)
		if k.doubt != "" {
			continue
		}
		if k.terraform {
			tfFiles = append(tfFiles, f)
		}
		source := slices.ContainsFunc(f.Paths(), golang.Source)
		if wantsCosmetic || wantsLinked && link || wantsLinks && mayLink(f) || wantsGo && k.golang || wantsGenerated && source ||
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
	tfPaths, tfDirs := terraform.Wants(tfFiles, terraformNames(names))
	for _, p := range tfPaths {
		paths[p] = true
	}
	for _, d := range tfDirs {
		dirs[d] = true
	}
	return append(wantsOf(paths, false), wantsOf(dirs, true)...)
}

// wantsLinked reports whether a name is told by what a link leads to.
func wantsLinked(names []string) bool {
	return mentions(names, "go") || mentions(names, "terraform") || mentions(names, "dependencies") || mentions(names, "workflows") ||
		mentions(names, "files", "generated", "cosmetic")
}

// terraformNames are the names as the analysis of Terraform sees them, which
// tells dependencies, too.
func terraformNames(names []string) []string {
	if !mentions(names, "dependencies") {
		return names
	}
	return append(slices.Clone(names), "terraform.modules", "terraform.providers")
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
