package analyse_test

import (
	"testing"

	"github.com/rolecall/rolecall/internal/analyse"
	"github.com/rolecall/rolecall/policy/fact"
)

func TestWhatAPathCountsAs(t *testing.T) {
	for _, tc := range []struct {
		name, path    string
		golang, tf    bool
		doubt, supply bool
	}{
		{"a Go file", "cmd/mi/main.go", true, false, false, false},
		{"a Go module file", "tools/go.mod", true, false, false, true},
		{"module sums", "go.sum", true, false, false, true},
		{"a workspace", "go.work", true, false, false, true},
		{"workspace sums", "go.work.sum", true, false, false, true},
		{"the list of vendored modules", "vendor/modules.txt", true, false, false, true},
		{"another text called modules", "docs/modules.txt", false, false, false, false},
		{"C that may stand beside Go", "internal/c/impl.c", true, false, false, false},
		{"assembly in capitals", "x/asm_amd64.S", true, false, false, false},
		{"an object that is linked in", "x/rsrc_windows.syso", true, false, false, false},
		{"SWIG", "x/bind.swigcxx", true, false, false, false},
		{"Terraform", "main.tf", false, true, false, false},
		{"Terraform in JSON", "a/main.tf.json", false, true, false, false},
		{"OpenTofu", "a/main.tofu", false, true, false, false},
		{"OpenTofu in JSON", "a/main.tofu.json", false, true, false, false},
		{"variables", "prod.auto.tfvars", false, true, false, false},
		{"variables in JSON", "prod.tfvars.json", false, true, false, false},
		{"Terragrunt", "live/terragrunt.hcl", false, true, false, false},
		{"a Terraform test", "tests/a.tftest.hcl", false, true, false, false},
		{"an OpenTofu test", "tests/a.tofutest.hcl", false, true, false, false},
		{"a Terraform test in JSON", "tests/a.tftest.json", false, true, false, false},
		{"a lock file", ".terraform.lock.hcl", false, true, false, false},
		{"state", "terraform.tfstate", false, true, false, false},
		{"a stack's deployment", "a.tfdeploy.hcl", false, true, false, false},
		{"a backend", "prod.tfbackend", false, true, false, false},
		{"rolecall's own policy", ".github/rolecall.hcl", false, false, false, false},
		{"a policy by another path", "x/.github/rolecall.hcl", false, true, false, false},
		{"Terraform in capitals", "MAIN.TF", false, true, true, false},
		{"Go in capitals", "main.Go", true, false, true, false},
		{"a full-width ending", "main.ｔｆ", false, true, true, false},
		{"a long s", "terraform.tfſtate", false, true, true, false},
		{"a trailing space", "main.tf ", false, true, true, false},
		{"a trailing dot", "main.tf.", false, true, true, false},
		{"a stream of NTFS", "main.tf::$DATA", false, true, true, false},
		{"a workflow in capitals", ".GitHub/Workflows/ci.yml", false, false, true, true},
		{"what says how others are read", "docs/.gitattributes", true, true, true, true},
		{"the same in capitals", ".GITATTRIBUTES", true, true, true, true},
		{"where submodules come from", ".gitmodules", true, true, true, true},
		{"where large files come from", ".lfsconfig", true, true, true, true},
		{"what git leaves alone", ".gitignore", false, false, false, false},
		{"a backslash", `a\notes.txt`, true, true, true, true},
		{"a newline", "notes\n.txt", true, true, true, true},
		{"a control of writing direction", "notes\u202etxt.og", true, true, true, true},
		{"an invisible character", "main.t\u200bf", true, true, true, true},
		{"a dot element", "./notes.txt", true, true, true, true},
		{"two dots", "a/../notes.txt", true, true, true, true},
		{"an empty element", "a//notes.txt", true, true, true, true},
		{"bytes that are no text", "notes\xff.txt", true, true, true, true},
		{"a name in Chinese with full-width signs", "文档（说明）.md", false, false, false, false},
		{"a name with decomposed accents", "re\u0301sume\u0301.md", false, false, false, false},
		{"a file called like an ending", "notes/tf", false, false, false, false},
		{"a hidden file", ".env", false, false, false, false},
		{"a Dockerfile", "build/Dockerfile", false, false, false, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, f := range []fact.File{
				{Path: tc.path, Status: fact.Added, Head: fact.Unknown[fact.Entry]("not asked for")},
				{Path: tc.path, Status: fact.Removed},
				{Path: "notes.txt", PreviousPath: tc.path, Status: fact.Renamed},
				{Path: tc.path, PreviousPath: "notes.txt", Status: fact.Renamed},
			} {
				found := analyse.Analyse([]fact.File{f}, fact.Contents{})
				if got := len(found.Go.Files) > 0; got != tc.golang {
					t.Errorf("%s as Go: %v, want %v", f.Status, got, tc.golang)
				}
				if got := len(found.Terraform.Files) > 0; got != tc.tf {
					t.Errorf("%s as Terraform: %v, want %v", f.Status, got, tc.tf)
				}
				if want := len(f.Paths()); tc.golang && len(found.Go.Files) != want {
					t.Errorf("%s: Go files %q, want both names", f.Status, found.Go.Files)
				}
				if got := len(found.Dependencies.Gaps)+len(found.Dependencies.Items) > 0; tc.supply && !got {
					t.Errorf("%s: no dependency, and no gap", f.Status)
				}
				if got := !found.Files[0].Generated.IsKnown() && !found.Files[0].Cosmetic.IsKnown(); tc.doubt && !got {
					t.Errorf("%s: findings %+v, want a doubt", f.Status, found.Files[0])
				}
				if tc.doubt && tc.golang && found.Go.Exported.Gaps == nil {
					t.Errorf("%s: no gap in Go's exports", f.Status)
				}
				if tc.doubt && tc.tf && found.Terraform.Resources.Gaps == nil {
					t.Errorf("%s: no gap in Terraform's resources", f.Status)
				}
			}
		})
	}
}
