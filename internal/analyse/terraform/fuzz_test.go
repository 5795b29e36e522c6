package terraform_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/analyse/terraform"
	"github.com/rolecall/rolecall/policy/fact"
)

func changeAt(p, was, is string) ([]fact.File, fact.Contents) {
	e := fact.Known(fact.Entry{Mode: "100644"})
	f := fact.File{Path: p, Status: fact.Modified, Base: e, Head: e}
	return []fact.File{f}, fact.Contents{
		Base: fact.Side{Files: map[string]fact.Maybe[[]byte]{p: fact.Known([]byte(was))}},
		Head: fact.Side{Files: map[string]fact.Maybe[[]byte]{p: fact.Known([]byte(is))}},
	}
}

func compareAt(p, was, is string) terraform.Result { return terraform.Analyse(changeAt(p, was, is)) }

func count(t fact.Terraform) int {
	return len(t.Resources.Items) + len(t.Modules.Items) + len(t.Providers.Items) + len(t.Settings.Items)
}

func FuzzTerraform(f *testing.F) {
	names := []string{"main.tf", "main.tf.json", "x.tfvars", "x.tfvars.json", ".terraform.lock.hcl", "a.tftest.hcl", "override.tf", "main.tofu"}
	for i, s := range []string{
		"resource \"google_project\" \"p\" {\n  name = \"x\"\n}\n", `{"resource":{"google_project":{"p":{"name":"${var.x}"}}}}`,
		"a = [1, {b = \"c\"}]\n", "moved {\n from = a.b[0]\n to = module.x.a.b\n}\n", "a = <<-EOT\n  x ${b}\n  EOT\n",
		"locals {\n a = [for x in y : x.z if x]\n b = { for k, v in y : k => v... }\n c = d[*].e\n f = x ? -1 : !y\n}\n",
		"terraform {\n required_providers {\n  g = { source = \"a/b\", version = \"~> 1.0\" }\n }\n}\n", "import {\n to = a.b\n}\nremoved {\n from = a.b\n}\n",
	} {
		f.Add(uint8(i), s, "resource \"a\" \"b\" {}\n")
	}
	f.Fuzz(func(t *testing.T, which uint8, was, is string) {
		p := names[int(which)%len(names)]
		there, back := compareAt(p, was, is), compareAt(p, is, was)
		if c := there.Cosmetic[p]; c.IsKnown() && c.Value && count(there.Terraform)+count(back.Terraform) > 0 {
			t.Fatalf("cosmetic, with findings %+v", there.Terraform)
		}
		if len(there.Terraform.Resources.Gaps) != len(back.Terraform.Resources.Gaps) {
			t.Fatal("a gap in one direction only")
		}
		for _, side := range []string{was, is} {
			same := compareAt(p, side, side)
			if count(same.Terraform) > 0 {
				t.Fatalf("equal versions have findings %+v", same.Terraform)
			}
		}
		if !reflect.DeepEqual(there, compareAt(p, was, is)) {
			t.Fatal("findings differ from one run to the next")
		}
	})
}

// TestNamesInJSONDoNotRunTogether holds that a name cannot pass for two.
func TestNamesInJSONDoNotRunTogether(t *testing.T) {
	for _, forged := range []string{"a=1\\\"x\\nb", "a=#'1\\nb", "1\\\"a=1\\\"x\\n1\\\"b"} {
		was := `{"resource": {"t": {"n": {"a": "x", "b": "y"}}}}`
		is := `{"resource": {"t": {"n": {"` + forged + `": "y"}}}}`
		if r := compareAt("main.tf.json", was, is); len(r.Terraform.Resources.Items) != 1 {
			t.Errorf("%s: %+v", forged, r.Terraform)
		}
	}
}

func TestHugeChangesTakeNoQuadraticTime(t *testing.T) {
	var a, b strings.Builder
	for i := range 12_000 {
		fmt.Fprintf(&a, "resource \"t\" \"a%d\" {\n}\n", i)
		fmt.Fprintf(&b, "locals {\n  x = %d\n}\nmoved {\n from=t.a%d\n to=t.b%d\n}\n", i, i, i)
	}
	start := time.Now()
	compareAt("main.tf", a.String(), b.String())
	compareAt("main.tf", b.String(), strings.ReplaceAll(b.String(), "x = ", "x = 9"))
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}
