package terraform_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/analyse/terraform"
	"github.com/rolecall/rolecall/policy/fact"
)

// piece is a block of a module, as a list of lines that may change places.
type piece struct {
	head string
	args []string
}

func (p piece) String() string {
	if len(p.args) == 0 {
		return p.head + " {\n}\n"
	}
	return p.head + " {\n" + strings.Join(p.args, "\n") + "\n}\n"
}

var values = []string{`"x"`, "1", "true", "null", "[1, \"a\"]", "{ a = 1, \"b\" = [2] }", `"${var.x}-y"`, "var.x", "a.b[0].c", "f(1, g()...)",
	"x ? 1 : 2", "!a && b", "-(1 + 2) * 3", "[for x in y : x if x != 1]", "{ for k, v in m : k => v... }", "l[*].id", "<<-EOT\n    a\n      ${b}\n  EOT", `"%{ if a }b%{ endif }"`}

func module(t *rapid.T) []piece {
	n := rapid.IntRange(1, 6).Draw(t, "blocks")
	all := make([]piece, n)
	for i := range all {
		kind := rapid.SampledFrom([]string{"resource \"google_storage_bucket\"", "resource \"aws_instance\"", "data \"acme_x\"", "variable", "output", "module"}).Draw(t, "kind")
		all[i].head = fmt.Sprintf("%s \"n%d\"", kind, i)
		for j := range rapid.IntRange(0, 5).Draw(t, "arguments") {
			all[i].args = append(all[i].args, fmt.Sprintf("  a%d = %s", j, rapid.SampledFrom(values).Draw(t, "value")))
		}
		if rapid.Bool().Draw(t, "nested") {
			all[i].args = append(all[i].args, "  nested {\n    z = 1\n  }")
		}
	}
	return all
}

func join(all []piece) string {
	var b strings.Builder
	for _, p := range all {
		b.WriteString(p.String())
	}
	return b.String()
}

func mustBeCosmetic(t *rapid.T, was, is string, want bool) {
	r := compareAt("m/main.tf", was, is)
	if m := r.Cosmetic["m/main.tf"]; !m.IsKnown() || m.Value != want || r.Terraform.Cosmetic != m {
		t.Fatalf("cosmetic is %+v, want %v\n--- was\n%s\n--- is\n%s", m, want, was, is)
	}
	if n := count(r.Terraform); (n == 0) != want {
		t.Fatalf("%d findings, cosmetic: %v\n--- was\n%s\n--- is\n%s", n, want, was, is)
	}
}

func TestFormattingIsCosmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := join(module(t))
		messy := strings.ReplaceAll(src, " = ", rapid.SampledFrom([]string{"=", "   =  ", "\t=\t"}).Draw(t, "blanks"))
		messy = "# a comment\n" + strings.ReplaceAll(messy, "\n}", " # another\n\n}")
		mustBeCosmetic(t, src, string(hclwrite.Format([]byte(src))), true)
		if !strings.Contains(src, "EOT") {
			mustBeCosmetic(t, src, messy, true)
		}
	})
}

func TestReorderingIsCosmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := module(t)
		src := join(all)
		other := rapid.Permutation(all).Draw(t, "order of blocks")
		for i := range other {
			if len(other[i].args) > 1 {
				other[i].args = rapid.Permutation(other[i].args).Draw(t, "order of arguments")
			}
		}
		mustBeCosmetic(t, src, join(other), true)
	})
}

// TestChangingALiteralIsNot changes any one literal token of a module.
func TestChangingALiteralIsNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := join(module(t))
		tokens, _ := hclsyntax.LexConfig([]byte(src), "", hcl.InitialPos)
		var at []hclsyntax.Token
		for _, k := range tokens {
			if k.Type == hclsyntax.TokenQuotedLit || k.Type == hclsyntax.TokenNumberLit || k.Type == hclsyntax.TokenStringLit && strings.TrimSpace(string(k.Bytes)) != "" {
				at = append(at, k)
			}
		}
		k := rapid.SampledFrom(at).Draw(t, "literal")
		end := k.Range.End.Byte
		for src[end-1] == '\n' {
			end--
		}
		mustBeCosmetic(t, src, src[:end]+"7"+src[end:], false)
	})
}

func TestSplittingAFileChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := module(t)
		n := rapid.IntRange(0, len(all)).Draw(t, "at")
		known := func(s string) fact.Maybe[[]byte] { return fact.Known([]byte(s)) }
		e := fact.Known(fact.Entry{Mode: "100644"})
		r := terraform.Analyse([]fact.File{{Path: "m/a.tf", Status: fact.Modified, Base: e, Head: e}, {Path: "m/b.tf", Status: fact.Added, Head: e}}, fact.Contents{
			Base: fact.Side{Files: map[string]fact.Maybe[[]byte]{"m/a.tf": known(join(all)), "m/b.tf": fact.Known[[]byte](nil)}},
			Head: fact.Side{Files: map[string]fact.Maybe[[]byte]{"m/a.tf": known(join(all[:n])), "m/b.tf": known(join(all[n:]))}},
		})
		if count(r.Terraform) > 0 || !r.Terraform.Cosmetic.Value {
			t.Fatalf("findings %+v", r.Terraform)
		}
	})
}

var opposite = map[string]string{fact.Create: fact.Delete, fact.Delete: fact.Create, fact.Update: fact.Update, fact.Replace: fact.Replace, fact.Move: fact.Move}

func TestThereAndBackMirror(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		was, is := join(module(t)), join(module(t))
		there, back := compareAt("m/main.tf", was, is).Terraform, compareAt("m/main.tf", is, was).Terraform
		var x, y []string
		for _, r := range there.Resources.Items {
			x = append(x, fmt.Sprint(r.Address, " ", opposite[r.Action], r.Before, r.After))
		}
		for _, r := range back.Resources.Items {
			y = append(y, fmt.Sprint(r.Address, " ", r.Action, r.After, r.Before))
		}
		for _, s := range there.Settings.Items {
			x = append(x, s.Block+s.Name+opposite[s.Action])
		}
		for _, s := range back.Settings.Items {
			y = append(y, s.Block+s.Name+s.Action)
		}
		for _, m := range there.Modules.Items {
			x = append(x, fmt.Sprint(m.Name, opposite[m.Action], m.Source, m.FromSource))
		}
		for _, m := range back.Modules.Items {
			y = append(y, fmt.Sprint(m.Name, m.Action, m.FromSource, m.Source))
		}
		if d := cmp.Diff(x, y); d != "" {
			t.Fatalf("not a mirror (-there +back):\n%s", d)
		}
	})
}

func TestKinds(t *testing.T) {
	for typ, want := range map[string]string{
		"google_project_iam_member": "iam", "google_storage_bucket_iam_binding": "iam", "google_kms_crypto_key_iam_member": "iam",
		"google_service_account": "iam", "google_service_account_key": "key", "google_org_policy_policy": "org-policy",
		"google_secret_manager_secret": "secret", "google_secret_manager_secret_iam_member": "iam", "google_kms_crypto_key": "key",
		"google_logging_project_sink": "logging", "google_project_iam_audit_config": "logging", "google_monitoring_alert_policy": "monitoring",
		"google_dns_record_set": "dns", "google_sql_database_instance": "data", "google_sql_user": "iam", "google_storage_bucket": "data",
		"google_bigquery_table_of_tomorrow": "data", "google_container_cluster": "cluster", "google_container_node_pool": "cluster",
		"google_compute_instance": "compute", "google_compute_instance_template": "compute", "google_compute_firewall": "network",
		"google_compute_region_network_firewall_policy_rule": "network", "google_compute_global_address": "network", "google_compute_disk": "data",
		"google_project": "project", "google_project_service": "project", "google_cloud_run_v2_service": "compute", "google_cloud_run_service_iam_member": "iam",
		"google_something_new": "", "aws_iam_role": "iam", "aws_s3_bucket": "data", "aws_s3_bucket_policy": "iam", "aws_s3_bucket_acl": "iam",
		"aws_kms_key": "key", "aws_secretsmanager_secret": "secret", "aws_ssm_parameter": "secret", "aws_cloudtrail": "logging",
		"aws_cloudwatch_metric_alarm": "monitoring", "aws_route53_record": "dns", "aws_db_instance": "data", "aws_eks_cluster": "cluster",
		"aws_instance": "compute", "aws_security_group_rule": "network", "aws_vpc": "network", "aws_vpc_of_tomorrow": "network", "aws_lambda_function": "compute",
		"aws_lambda_permission": "iam", "aws_organizations_policy": "org-policy", "aws_new": "",
		"azurerm_role_assignment": "iam", "azurerm_key_vault_secret": "secret", "azurerm_key_vault_key": "key", "azurerm_key_vault_access_policy": "iam",
		"azurerm_storage_account": "data", "azurerm_kubernetes_cluster": "cluster", "azurerm_linux_virtual_machine": "compute",
		"azurerm_network_security_rule": "network", "azurerm_subnet_network_security_group_association": "network", "azurerm_dns_zone": "dns",
		"azurerm_subscription_policy_assignment": "org-policy", "azurerm_monitor_diagnostic_setting": "logging", "azurerm_resource_group": "project",
		"azurerm_mssql_firewall_rule": "network", "azurerm_new": "",
		"kubernetes_cluster_role_binding": "iam", "kubernetes_secret_v1": "secret", "kubernetes_deployment": "compute", "kubernetes_network_policy": "network",
		"kubernetes_service": "network", "kubernetes_service_account": "iam", "kubernetes_config_map_v1_data": "config", "kubernetes_persistent_volume_claim": "data",
		"kubernetes_manifest": "", "helm_release": "", "null_resource": "", "random_password": "secret", "tls_private_key": "key",
	} {
		r := compareAt("main.tf", "", fmt.Sprintf("resource %q \"x\" {\n}\n", typ))
		if n := len(r.Terraform.Resources.Items); n != 1 {
			t.Fatalf("%s: %d resources", typ, n)
		}
		k := r.Terraform.Resources.Items[0].Kind
		if k.IsKnown() != (want != "") || k.Value != want {
			t.Errorf("%s: kind %+v, want %q", typ, k, want)
		}
	}
}
