package policy_test

import (
	"fmt"
	"testing"

	"github.com/rolecall/rolecall/policy"
)

// Files that no rule is about are warned of, unless a rule goes through all
// files and names those that it leaves out.
func TestFilesWithoutARuleAreWarnedOf(t *testing.T) {
	for changes, warned := range map[string]bool{
		`uncovered.files`: false,
		`files`:           false,
		`glob("**")`:      false,
		`[for f in files : f if !matches(f, "docs/**")]`:                                false,
		`[for f in files : f if !matches(f, "docs/**") && !matches(f, "a/**", "b/**")]`: false,
		`concat(glob("a/**"), [for f in files : f if !matches(f, "a/**")])`:             false,
		`[for f in local.some : f if !matches(f, "docs/**")]`:                           false,
		`glob("docs/**")`: true,
		`[for f in files : f if matches(f, "docs/**")]`:                         true,
		`[for f in files : f if !matches(f, "docs/**") || f.status == "added"]`: true,
		`[for f in files : f if f.status == "added"]`:                           true,
		`[for f in glob("a/**") : f if !matches(f, "a/b/**")]`:                  true,
	} {
		text := fmt.Sprintf("policy {\n  keepers = [\"a\"]\n}\nlocals {\n  some = [for f in files : f if !matches(f, \"x/**\")]\n}\nrole \"a\" {\n  members = [\"@a\"]\n}\nrule \"r\" {\n  changes = %s\n  require \"a\" {}\n}\n", changes)
		p, diags := policy.Load(nil, &policy.Source{Bytes: []byte(text)})
		if p == nil {
			t.Fatalf("%s: %+v", changes, diags)
		}
		if got := len(diags) > 0; got != warned {
			t.Errorf("%s: warned %v, want %v", changes, got, warned)
		}
	}
}
