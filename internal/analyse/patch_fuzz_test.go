package analyse_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/analyse"
	"github.com/rolecall/rolecall/policy/fact"
)

// FuzzPatch holds that no patch panics or takes a file out of its list, that a
// patch which GitHub leaves out is met with at least as much care as one that
// it gives, and that a submodule shows by its patch alone.
func FuzzPatch(f *testing.F) {
	for _, s := range []string{
		"", "@@ -0,0 +1 @@\n+../evil\n\\ No newline at end of file\n", "@@ -1 +1 @@\n-Subproject commit 1\n+Subproject commit 2\n",
		"@@", "@@ -1,2 +1,2 @@\n a\n-b\n+c", "\\", "+\n-", "@@ -9223372036854775808 +1 @@\n", "\x00\xff",
	} {
		f.Add(s, 1, 0, "main.tf")
		f.Add(s, 1, 1, "module")
		f.Add(s, 2, 0, "main.go")
	}
	f.Fuzz(func(t *testing.T, patch string, additions, deletions int, p string) {
		unread := fact.Unknown[fact.Entry]("not asked for")
		given := fact.File{Path: p, Status: fact.Modified, Additions: additions, Deletions: deletions, Patch: fact.Known(patch), Base: unread, Head: unread}
		left := given
		left.Patch = fact.Unknown[string]("GitHub leaves it out")

		with, without := analyse.Wants([]fact.File{given}, everything, fact.Contents{}), analyse.Wants([]fact.File{left}, everything, fact.Contents{})
		if len(with) > 0 && len(without) == 0 && !strings.Contains(patch, "Subproject commit ") {
			t.Errorf("%q: contents are wanted with a patch and not without one", p)
		}
		a, b := analyse.Analyse([]fact.File{given}, fact.Contents{}), analyse.Analyse([]fact.File{left}, fact.Contents{})
		for list, in := range map[string][2][]string{
			"Go": {a.Go.Files, b.Go.Files}, "Terraform": {a.Terraform.Files, b.Terraform.Files},
		} {
			if slices.Contains(in[0], p) && !slices.Contains(in[1], p) && !strings.Contains(patch, "Subproject commit ") {
				t.Errorf("%q counts as %s with a patch and not without one", p, list)
			}
		}
		plain := analyse.Analyse([]fact.File{{Path: p, Status: fact.Modified, Base: fact.Known(fact.Entry{Mode: "100644"}), Head: fact.Known(fact.Entry{Mode: "100644"})}}, fact.Contents{})
		if slices.Contains(plain.Terraform.Files, p) && !slices.Contains(a.Terraform.Files, p) {
			t.Errorf("the patch %q takes %q out of Terraform's files", patch, p)
		}
		if slices.Contains(plain.Go.Files, p) && !slices.Contains(a.Go.Files, p) {
			t.Errorf("the patch %q takes %q out of Go's files", patch, p)
		}
		submodule := fact.File{Path: p, Status: fact.Added, Additions: 1, Patch: fact.Known("@@ -0,0 +1 @@\n+Subproject commit " + strings.ReplaceAll(patch, "\n", "")), Base: unread, Head: unread}
		if got := analyse.Analyse([]fact.File{submodule}, fact.Contents{}); !slices.Contains(got.Terraform.Files, p) || !slices.Contains(got.Go.Files, p) {
			t.Errorf("the submodule %q is in no list", p)
		}
	})
}
