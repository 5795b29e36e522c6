package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy/fact"
)

// inInstances is a guard over a folder, by the path that GitHub lists.
func inInstances(path string) bool { return strings.HasPrefix(path, "instances/") }

// folderPolicy guards the folder instances for the Security Engineer, and
// leaves the rest to the Cloud Engineer.
const folderPolicy = `
policy {
  keepers = ["manager"]
}

role "cloud-engineer" {
  title   = "Cloud Engineer"
  members = ["@acme/cloud"]
}

role "security-engineer" {
  title   = "Security Engineer"
  members = ["@acme/security"]
}

role "manager" {
  members = ["@mia"]
}

rule "instances" {
  changes = glob("instances/**")
  require "security-engineer" {}
}
`

var waitsForSecurity = shown{"in_progress", "Waiting for Security Engineer"}

// A guarded file leaves its folder by a rename, is deleted, changes its mode,
// or becomes a link.
func TestThreat10WaysOutOfAGuardedFolder(t *testing.T) {
	for name, change := range variants(map[string]githubtest.Files{
		"a rename": {"instances/main.tf": githubtest.Delete, "attic/main.tf": "# none yet\n# and a second line that keeps it the same file\n"},
	}) {
		t.Run(name, func(t *testing.T) {
			attack{
				policy: folderPolicy,
				play: func(w *world, trick bool) *githubtest.Pull {
					w.repo.Commit("main", "Longer", githubtest.Files{"instances/main.tf": "# none yet\n# and a second line that keeps it the same file\n"})
					files := githubtest.Files{"README.md": "# Other\n"}
					if trick {
						files = change
					}
					return w.open("dan", files)
				},
				naive:  noPathMatches(inInstances),
				caught: waitsForSecurity, control: shown{"success", "No rule"},
				says: []string{"instances/main.tf"},
			}.run(t)
		})
	}
	for name, change := range variants(map[string]githubtest.Files{
		"a deletion":         {"instances/main.tf": githubtest.Delete},
		"a mode":             {"instances/main.tf": githubtest.Executable("# none yet\n")},
		"a symbolic link":    {"instances/main.tf": githubtest.Symlink("../attic/main.tf")},
		"a submodule":        {"instances/module": githubtest.Submodule("2fd4e1c67a2d28fced849ee1bb76e7391b93eb12")},
		"a folder by a link": {"instances": githubtest.Symlink("attic"), "instances/main.tf": githubtest.Delete},
	}) {
		t.Run(name, func(t *testing.T) {
			attack{
				policy: folderPolicy,
				play: func(w *world, trick bool) *githubtest.Pull {
					files := githubtest.Files{"README.md": "# Other\n"}
					if trick {
						files = change
					}
					return w.open("dan", files)
				},
				// Only files with new content count.
				naive: func(w *world, pr *githubtest.Pull, p fact.Pull) bool {
					for _, f := range p.Files {
						if inInstances(f.Path) && f.Status != fact.Removed && f.Additions > 1 {
							return false
						}
					}
					return true
				},
				caught: waitsForSecurity, control: shown{"success", "No rule"},
				says: []string{"instances"},
			}.run(t)
		})
	}
}

// Paths that look like others, or that some file system takes for others.
func TestThreat11PathTricks(t *testing.T) {
	for name, path := range variants(map[string]string{
		"another case":         "Instances/main.tf",
		"a full-width letter":  "\uff49nstances/main.tf",
		"a bidirectional mark": "\u202einstances/main.tf",
		"a zero-width space":   "inst\u200bances/main.tf",
		"a newline":            "instances\n/main.tf",
		"a backslash":          `instances\main.tf`,
		"a trailing space":     "instances /main.tf",
		"a dot at the end":     "instances./main.tf",
		"a dot in front":       "./instances/main.tf",
		"dots in between":      "docs/../instances/main.tf",
		"another normal form":  "cafe\u0301/main.tf",
	}) {
		t.Run(name, func(t *testing.T) {
			attack{
				policy: strings.Replace(folderPolicy, `"instances/**"`, `"instances/**", "caf\u00e9/**"`, 1),
				play: func(w *world, trick bool) *githubtest.Pull {
					files := githubtest.Files{"README.md": "# Other\n"}
					if trick {
						files = githubtest.Files{path: newProject}
					}
					return w.open("dan", files)
				},
				naive: noPathMatches(func(p string) bool {
					return strings.HasPrefix(p, "instances/") || strings.HasPrefix(p, "caf\u00e9/")
				}),
				caught: waitsForSecurity, control: shown{"success", "No rule"},
				says: []string{"main.tf"},
			}.run(t)
		})
	}
}

// Terraform under other names, and Terraform that does not parse.
func TestThreat12TerraformUnderOtherNames(t *testing.T) {
	for path, content := range variants(map[string]string{
		"net/main.tf.json":        `{"resource": {"google_project": {"p": {}}}}`,
		"net/main.tofu":           newProject,
		"net/main.tofu.json":      `{"resource": {"google_project": {"p": {}}}}`,
		"net/prod.tfvars":         "project = \"p\"\n",
		"net/prod.auto.tfvars":    "project = \"p\"\n",
		"net/terragrunt.hcl":      "terraform { source = \"../x\" }\n",
		"net/main.tftest.hcl":     "run \"x\" {}\n",
		"net/.terraform.lock.hcl": "provider \"registry.terraform.io/hashicorp/google\" { version = \"1.0.0\" }\n",
		"net/broken.tf":           "resource \"google_project\" {{{{\n",
		"net/deep.tf":             "x = " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "\n",
		"net/MAIN.TF":             newProject,
		"net/deep-heredoc.tf":     strings.Repeat("x = <<A\n${\n", 3000),
		"net/deep-template.tf":    "x = \"" + strings.Repeat("${\"", 3000) + strings.Repeat("\"}", 3000) + "\"\n",
	}) {
		t.Run(path, func(t *testing.T) {
			attack{
				play: func(w *world, trick bool) *githubtest.Pull {
					files := githubtest.Files{"docs/x.md": "x\n"}
					if trick {
						files[path] = content
					}
					pr := w.open("dan", files)
					pr.Approve("ana")
					return pr
				},
				naive: noPathMatches(func(p string) bool { // a parser of .tf files that skips what it cannot read
					return strings.HasSuffix(p, ".tf") && !strings.Contains(p, "broken") && !strings.Contains(p, "deep")
				}),
				caught: waitsForSecurity, control: shown{"success", "No rule"},
				says: []string{path},
			}.run(t)
		})
	}
}

// cosmeticPolicy lets a change of Go through that changes comments alone.
const cosmeticPolicy = `
policy {
  keepers = ["manager"]
}

role "cloud-engineer" {
  title   = "Cloud Engineer"
  members = ["@acme/cloud"]
}

role "manager" {
  members = ["@mia"]
}

rule "go" {
  changes = go.files
  when    = !go.cosmetic
  require "cloud-engineer" {}
}
`

// Comments of Go that do something.
func TestThreat13CommentsThatDoSomething(t *testing.T) {
	const before = "// Package p is here.\npackage p\n\nimport _ \"embed\"\n\n// V is a value.\nvar V string\n\n// F does nothing.\nfunc F() {}\n"
	for name, after := range variants(map[string]string{
		"a build tag":        "//go:build never\n\n" + before,
		"an old build tag":   "// +build never\n\n" + before,
		"go:embed":           strings.Replace(before, "// V is a value.", "// V is a value.\n//\n//go:embed secret.txt", 1),
		"go:linkname":        strings.Replace(before, "// F does nothing.", "// F does nothing.\n//\n//go:linkname F runtime.GC", 1),
		"go:generate":        before + "\n//go:generate rm -rf /\n",
		"go:noinline":        strings.Replace(before, "// F does nothing.", "// F does nothing.\n//\n//go:noinline", 1),
		"a cgo preamble":     strings.Replace(before, "import _ \"embed\"", "import _ \"embed\"\n\n// #include \"evil.h\"\nimport \"C\"", 1),
		"nolint":             strings.Replace(before, "func F() {}", "func F() {} //nolint:all", 1),
		"a generated header": "// Code generated by hand. DO NOT EDIT.\n\n" + before,
		"a line directive":   strings.Replace(before, "// F does nothing.", "//line other.go:1\n// F does nothing.", 1),
	}) {
		t.Run(name, func(t *testing.T) {
			attack{
				policy: cosmeticPolicy,
				play: func(w *world, trick bool) *githubtest.Pull {
					w.repo.Commit("main", "A package", githubtest.Files{"p/p.go": before, "p/secret.txt": "s\n"})
					text := strings.Replace(before, "// F does nothing.", "// F does nothing at all.", 1)
					if trick {
						text = after
					}
					return w.open("dan", githubtest.Files{"p/p.go": text})
				},
				// Lines that are comments, or import nothing but C, change nothing.
				naive: func(w *world, pr *githubtest.Pull, _ fact.Pull) bool {
					now, _ := w.repo.Read(pr.Head(), "p/p.go")
					return withoutComments(now) == withoutComments(before)
				},
				caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: shown{"success", "No rule"},
				says: []string{"p/p.go"},
			}.run(t)
		})
	}
}

// withoutComments is the naive reading of Go: it drops comments, empty lines
// and the import of C.
func withoutComments(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "//")
		if line = strings.TrimSpace(line); line != "" && line != `import "C"` {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// More files than GitHub lists, by its real limits: 300 of a comparison, 3,000
// of a pull request. The one that counts is the last by name.
func TestThreat14BeyondGitHubsOwnLimits(t *testing.T) {
	for name, test := range variants(map[string]struct {
		limit, more int // files that are listed, files beside the one that counts
		long        bool
		caught      shown
		says        string
	}{
		"the last that a comparison lists":    {300, 299, false, waitsForSecurity, "zz/main.tf"},
		"the first that a comparison has not": {300, 300, false, waitsForSecurity, "zz/main.tf"},
		"the last of a pull request's list":   {3000, 2999, true, waitsForSecurity, "zz/main.tf"},
		"the first that the list has not":     {3000, 3000, true, shown{"in_progress", "Waiting for"}, "GitHub lists 3000 of its 3001 changed files"},
	}) {
		t.Run(name, func(t *testing.T) {
			if test.long && !long() {
				t.Skip("it takes long: set ROLECALL_LONG")
			}
			attack{
				play: func(w *world, trick bool) *githubtest.Pull {
					files := many(test.more)
					if trick {
						files["zz/main.tf"] = newProject
					}
					pr := w.open("dan", files)
					pr.Approve("ana")
					return pr
				},
				// What is first in the list, and a place for one less than there is.
				naive: func(_ *world, pr *githubtest.Pull, p fact.Pull) bool {
					paths := pr.Files()
					return !slices.ContainsFunc(paths[:min(test.limit, len(paths)-1)], func(p string) bool { return strings.HasSuffix(p, ".tf") })
				},
				caught: test.caught, control: shown{"success", "No rule"},
				says: []string{test.says},
			}.run(t)
		})
	}
}

// many are n files that no rule is about.
func many(n int) githubtest.Files {
	files := githubtest.Files{}
	for i := range n {
		files[fmt.Sprintf("a/%04d.txt", i)] = fmt.Sprintf("%d\n", i)
	}
	return files
}

// More than anybody can see.
func TestThreat14TooMuchToSee(t *testing.T) {
	t.Run("a file beyond GitHub's list", attack{
		options: githubtest.Options{FileLimit: 310},
		play: func(w *world, trick bool) *githubtest.Pull {
			files := many(305)
			if trick {
				files = many(320)
				files["zz/main.tf"] = newProject
			}
			pr := w.open("dan", files)
			pr.Approve("ana")
			return pr
		},
		naive:  noPathMatches(func(p string) bool { return strings.HasSuffix(p, ".tf") }),
		caught: shown{"in_progress", "Waiting for"}, control: shown{"success", "No rule"},
		says: []string{"GitHub lists 310 of its 321 changed files"},
	}.run)
	t.Run("a file of more than a megabyte", attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			files := githubtest.Files{"docs/x.md": "x\n"}
			if trick {
				files["net/big.tf"] = "# " + strings.Repeat("x", 1<<20) + "\n" + newProject
			}
			pr := w.open("dan", files)
			pr.Approve("ana")
			return pr
		},
		// No patch and no content: no resource was seen.
		naive: func(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
			return len(p.Findings.Terraform.Resources.Items) == 0
		},
		caught: waitsForSecurity, control: shown{"success", "No rule"},
		says: []string{"net/big.tf"},
	}.run)
	t.Run("the approval after a hundred comments and reviews", attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			w.gh.Hold()
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			pr.Approve("ana")
			for i := range 130 {
				pr.Review("eve", "comment", fmt.Sprintf("%d", i))
			}
			if trick {
				pr.Review("bo", "request_changes", "the last of all")
			}
			w.gh.Release()
			return pr
		},
		// The first page of reviews.
		naive: func(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
			for _, v := range p.Reviews[:100] {
				if v.State == fact.ChangesRequested {
					return false
				}
			}
			return true
		},
		caught: shown{"failure", "Changes requested by bo"}, control: passes,
		says: []string{"bo"},
	}.run)
}
