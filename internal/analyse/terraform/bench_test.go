package terraform_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// large are two versions of a file of some 60 KB, as modules have them.
func large() (was, is string) {
	var b strings.Builder
	for i := range 120 {
		fmt.Fprintf(&b, `# resource %[1]d
resource "google_container_cluster" "c%[1]d" {
  name     = "cluster-%[1]d"
  location = var.region
  labels   = merge(var.labels, { env = "prod", index = %[1]d })
  dynamic "node_config" {
    for_each = var.pools[%[1]d] == null ? [] : [for p in var.pools : p if p.enabled]
    content {
      machine_type = lookup(node_config.value, "machine_type", "e2-medium")
      tags         = ["gke-${var.name}-%[1]d", "x"]
    }
  }
  lifecycle {
    ignore_changes = [node_pool, initial_node_count]
  }
}

`, i)
	}
	return b.String(), strings.Replace(b.String(), "e2-medium", "e2-large", 1)
}

// BenchmarkParse is the yardstick: HCL's parser alone, once for each version.
func BenchmarkParse(b *testing.B) {
	was, is := large()
	b.SetBytes(int64(len(was) + len(is)))
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range []string{was, is} {
			if _, diags := hclsyntax.ParseConfig([]byte(s), "", hcl.InitialPos); diags.HasErrors() {
				b.Fatal(diags)
			}
		}
	}
}

func BenchmarkAnalyse(b *testing.B) {
	was, is := large()
	b.SetBytes(int64(len(was) + len(is)))
	b.ReportAllocs()
	for b.Loop() {
		if r := compareAt("m/main.tf", was, is); len(r.Terraform.Resources.Items) != 1 {
			b.Fatalf("%d resources", len(r.Terraform.Resources.Items))
		}
	}
}
