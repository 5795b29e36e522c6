package main

import (
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// The policy file is changed by way of what it is, or where it lies.
func TestThreat01ThePolicyIsReplacedByAnotherWay(t *testing.T) {
	waits := shown{"in_progress", "Waiting for"}
	for name, test := range variants(map[string]struct {
		files  githubtest.Files
		caught shown
	}{
		"renamed away":               {githubtest.Files{policy.RepoPath: githubtest.Delete, "attic/rolecall.hcl": policyText}, waits},
		"deleted":                    {githubtest.Files{policy.RepoPath: githubtest.Delete}, waits},
		"a link in its place":        {githubtest.Files{policy.RepoPath: githubtest.Symlink("../lenient.hcl"), "lenient.hcl": "# none\n"}, shown{"failure", "does not load"}},
		"its folder a link":          {githubtest.Files{policy.RepoPath: githubtest.Delete, ".github": githubtest.Symlink("lenient")}, waits},
		"its folder a submodule":     {githubtest.Files{policy.RepoPath: githubtest.Delete, ".github": githubtest.Submodule("2fd4e1c67a2d28fced849ee1bb76e7391b93eb12")}, waits},
		"its mode":                   {githubtest.Files{policy.RepoPath: githubtest.Executable(policyText)}, waits},
		"another case":               {githubtest.Files{".github/Rolecall.hcl": "# none\n"}, waits},
		"its folder in another case": {githubtest.Files{".GitHub/rolecall.hcl": "# none\n"}, waits},
	}) {
		t.Run(name, attack{
			play: func(w *world, trick bool) *githubtest.Pull {
				files := githubtest.Files{"docs/x.md": "x\n"}
				if trick {
					files = test.files
				}
				return w.open("dan", files)
			},
			// Only a new text at the very path is a change of the policy.
			naive: func(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
				for _, f := range p.Files {
					if f.Path == policy.RepoPath && f.Status == fact.Modified && f.Additions > 1 && f.Deletions > 1 {
						return false
					}
				}
				return true
			},
			caught: test.caught, control: shown{"success", "No rule"},
			says: []string{"policy"},
		}.run)
	}
}

// More paths that some eye or file system takes for another.
func TestThreat11PathsThatLookAlike(t *testing.T) {
	for name, path := range variants(map[string]string{
		"a long s":                "in\u017ftances/main.tf",
		"a dotless i":             "\u0131nstances/main.tf",
		"a Cyrillic letter":       "\u0456nstances/main.tf",
		"mathematical letters":    "\U0001d456nstances/main.tf",
		"a short name of Windows": "INSTAN~1/main.tf",
		"a stream of Windows":     "instances::$INDEX_ALLOCATION/main.tf",
		"a grapheme joiner":       "inst\u034fances/main.tf",
		"a variation selector":    "inst\ufe0fances/main.tf",
		"a tag character":         "inst\U000e0061ances/main.tf",
		"a soft hyphen":           "inst\u00adances/main.tf",
		"a no-break space":        "instances\u00a0/main.tf",
		"a Hangul filler":         "inst\u3164ances/main.tf",
		"no UTF-8":                "inst\xffances/main.tf",
	}) {
		t.Run(name, attack{
			policy: folderPolicy,
			play: func(w *world, trick bool) *githubtest.Pull {
				files := githubtest.Files{"docs/r\u00e9sum\u00e9 \u043e\u0442\u0447\u0451\u0442-v2~old.md": "# Other\n"}
				if trick {
					files = githubtest.Files{path: "x\n"}
				}
				return w.open("dan", files)
			},
			naive:  noPathMatches(inInstances),
			caught: waitsForSecurity, control: shown{"success", "No rule"},
			says: []string{"main.tf"},
		}.run)
	}
}

// Infrastructure that is in no .tf file, or in one that starts oddly.
func TestThreat12MoreNamesOfInfrastructure(t *testing.T) {
	for path, content := range variants(map[string]string{
		"net/a.tfstack.hcl": "component \"x\" {}\n", "net/a.tfcomponent.hcl": "component \"x\" {}\n", "net/a.tfdeploy.hcl": "deployment \"x\" {}\n",
		"net/a.tfquery.hcl": "list \"x\" \"y\" {}\n", "net/a.tfmock.hcl": "mock_resource \"x\" {}\n", "net/a.tftest.json": "{}",
		"net/terragrunt.hcl.json": "{}", "net/terragrunt.stack.hcl": "unit \"x\" {}\n", "net/root.hcl": "locals {}\n", "net/a.tfvars.json": "{}",
		"net/a.tofutest.hcl": "run \"x\" {}\n", "net/terraform.tfstate": "{}", "net/x.tfplan": "x", "net/a.tftpl": "x\n",
		".terraformrc": "x\n", "net/.terraform-version": "1.0.0\n", "net/.opentofu-version": "1\n", "net/backend.tfbackend": "bucket = \"x\"\n",
		"net/x.TF.JSON": "{}", "net/bom.tf": "\ufeff" + newProject, "net/wide.tf": "\xff\xfer\x00e\x00",
	}) {
		t.Run(path, attack{
			play: func(w *world, trick bool) *githubtest.Pull {
				files := githubtest.Files{"docs/x.md": "x\n"}
				if trick {
					files[path] = content
				}
				pr := w.open("dan", files)
				pr.Approve("ana")
				return pr
			},
			// Lines of .tf files that begin a block.
			naive: func(w *world, pr *githubtest.Pull, p fact.Pull) bool {
				for _, f := range p.Files {
					text, _ := w.repo.Read(pr.Head(), f.Path)
					if strings.HasSuffix(f.Path, ".tf") && strings.HasPrefix(text, "resource ") {
						return false
					}
				}
				return true
			},
			caught: waitsForSecurity, control: shown{"success", "No rule"},
			says: []string{path},
		}.run)
	}
}
