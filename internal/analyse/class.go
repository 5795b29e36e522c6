package analyse

import (
	"path"
	"strings"

	"github.com/rolecall/rolecall/internal/analyse/golang"
	"github.com/rolecall/rolecall/internal/analyse/supplychain"
	"github.com/rolecall/rolecall/internal/analyse/terraform"
	"github.com/rolecall/rolecall/policy/fact"
)

// class is what a changed file counts as, by its paths and modes: by either
// path of a rename.
type class struct {
	golang    bool
	terraform bool
	supply    bool // may say what the repository depends on
	vendored  bool // what it depends on stands here
	workflow  bool
	language  string
	trick     string // why its path may be read as another
	// doubt says why the file may not be what it looks like; its contents are
	// then not compared.
	doubt string
}

// The modes of git's tree entries that are no plain file.
const (
	symlink   = "120000"
	submodule = "160000"
)

func classify(f fact.File) class {
	var k class
	for _, p := range f.Paths() {
		n := readName(p)
		exact, folded := classOf(p), classOf(n.folded)
		if exact != folded {
			k.trick = "its path is a spelling that some systems read as another"
		}
		k = k.join(exact).join(folded)
		if n.trick != "" {
			k = k.join(anything)
			k.trick = n.trick
		}
		k.language = language(n)
	}
	k.doubt = k.trick
	if steersGit(f) {
		// It says how git reads, shows or fetches files of any kind.
		k = k.join(anything)
		k.doubt = "it says how git reads, shows, merges or fetches other files"
	}
	switch oddMode(f) {
	case symlink:
		// A link can put a directory of anything at its path.
		k = k.join(anything)
		k.doubt = aLink
	case submodule:
		k = k.join(anything)
		k.doubt = "it is a submodule"
	}
	return k
}

// gitFiles are those by which a repository tells git, and GitHub, what to make
// of its other files: which are stored elsewhere or in another encoding, are
// merged by taking one side, are shown as binary or left out of the diff; where
// submodules and large files are fetched from.
// https://git-scm.com/docs/gitattributes
var gitFiles = map[string]bool{".gitattributes": true, ".gitmodules": true, ".lfsconfig": true}

func steersGit(f fact.File) bool {
	for _, p := range f.Paths() {
		if gitFiles[strings.ToLower(path.Base(readName(p).folded))] {
			return true
		}
	}
	return false
}

var anything = class{golang: true, terraform: true, supply: true, workflow: true}

func (k class) join(o class) class {
	k.golang = k.golang || o.golang
	k.terraform = k.terraform || o.terraform
	k.supply = k.supply || o.supply
	k.vendored = k.vendored || o.vendored
	k.workflow = k.workflow || o.workflow
	return k
}

func classOf(p string) class {
	return class{
		golang:    golang.Source(p) || golang.Module(p) || golang.Neighbour(p),
		terraform: terraform.Is(p),
		supply:    supplychain.Dependency(p),
		vendored:  supplychain.Vendored(p),
		workflow:  supplychain.Workflow(p),
	}
}

// oddMode returns the mode of either version that is no plain file's, "" where
// both are plain or nothing says otherwise.
func oddMode(f fact.File) string {
	for _, e := range []fact.Maybe[fact.Entry]{f.Base, f.Head} {
		if e.IsKnown() && (e.Value.Mode == symlink || e.Value.Mode == submodule) {
			return e.Value.Mode
		}
	}
	// Without tree entries, git's own wording in the patch still gives a
	// submodule away.
	if f.Patch.IsKnown() && f.Additions <= 1 && f.Deletions <= 1 {
		for line := range strings.Lines(f.Patch.Value) {
			if strings.HasPrefix(line, "+Subproject commit ") || strings.HasPrefix(line, "-Subproject commit ") {
				return submodule
			}
		}
	}
	return ""
}

// mayLink reports whether, as long as no tree entry is known, the file could
// be a symbolic link: git keeps the target of one as a line without an end.
func mayLink(f fact.File) bool {
	known := func(e fact.Maybe[fact.Entry]) bool { return e.IsKnown() && e.Value.Mode != "" }
	switch {
	case known(f.Base) || known(f.Head):
		return false
	case f.Additions == 0 && f.Deletions == 0:
		// A link that moves as it is, or something that is no text.
		return f.Status == fact.Renamed && path.Ext(f.Path) == ""
	case f.Additions > 1 || f.Deletions > 1:
		return false
	}
	return !f.Patch.IsKnown() || strings.Contains(f.Patch.Value, "\\ No newline at end of file")
}

// cgoAlone reports whether the file counts as Go only for the company that it
// could keep, and provably keeps none: no Go file stands in its directory on
// either side.
func cgoAlone(f fact.File, c fact.Contents) bool {
	for _, p := range f.Paths() {
		if !golang.Neighbour(p) || golang.Source(p) || golang.Module(p) {
			return false
		}
		for _, side := range []fact.Side{c.Base, c.Head} {
			names, asked := side.Dirs[directory(p)]
			if !asked || !names.IsKnown() {
				return false
			}
			for _, n := range names.Value {
				if golang.Source(n) {
					return false
				}
			}
		}
	}
	return true
}
