package policy_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

const preamble = `
policy { keepers = ["manager"] }
role "manager" { members = ["@mia"] }
role "cloud-engineer" { members = ["@ana", "@bo"] }
role "security-engineer" { members = ["@sam"] }
role "dri" {}
project "instances" { files = ["instances/**"] }
`

// language loads a policy of the preamble and text, and fails on an error.
func language(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, diags := policy.Load(nil, &policy.Source{Name: "test.hcl", Bytes: []byte(preamble + text)})
	if p == nil {
		var b bytes.Buffer
		policy.FormatDiagnostics(&b, diags, false)
		t.Fatalf("the policy does not load:\n%s", b.String())
	}
	return p
}

// ruleOf is a policy of one rule "r".
func ruleOf(body string) string {
	return "rule \"r\" {\n" + body + "\nrequire \"cloud-engineer\" {}\n}\n"
}

func files(paths ...string) []fact.File {
	var out []fact.File
	for _, p := range paths {
		f := fact.File{Path: p, Status: fact.Modified, Additions: 1}
		if from, to, ok := strings.Cut(p, "=>"); ok {
			f.PreviousPath, f.Path, f.Status = from, to, fact.Renamed
		}
		out = append(out, f)
	}
	return out
}

func resource(address string, kind fact.Maybe[string], paths ...string) fact.Resource {
	typ, name, _ := strings.Cut(address, ".")
	return fact.Resource{Address: address, Type: typ, Name: name, Action: fact.Create, Kind: kind, Paths: paths}
}

var now = time.Date(2026, 3, 2, 10, 30, 0, 0, time.UTC)

func TestARuleIsInForce(t *testing.T) {
	iam := resource("google_project_iam_member.a", fact.Known("iam"), "iam/main.tf")
	sql := resource("google_sql_database_instance.db", fact.Known("data"), "db/main.tf")
	sql.Before = map[string]fact.Maybe[any]{"deletion_protection": fact.Known[any](true), "settings[0].tier": fact.Unknown[any]("it is a variable")}
	sql.After = map[string]fact.Maybe[any]{"deletion_protection": fact.Known[any](false), "settings[0].tier": fact.Known[any]("big")}
	sql.Risks = []fact.Risk{{Name: "loses-protection", Detail: "deletion_protection: true → false"}}
	odd := resource("acme_widget.w", fact.Unknown[string]("its type is not known"), "widgets/main.tf")
	list := func(rs ...fact.Resource) fact.List[fact.Resource] { return fact.List[fact.Resource]{Items: rs} }
	gapped := func(rs ...fact.Resource) fact.List[fact.Resource] {
		return fact.List[fact.Resource]{Items: rs, Gaps: []fact.Gap{{Paths: []string{"broken/main.tf"}, Reason: "broken/main.tf does not parse"}}}
	}

	tests := []struct {
		name   string
		rule   string
		pull   fact.Pull
		labels map[string]policy.LabelStanding
		idle   bool
		codes  string // of the reasons
		scope  string // paths, or *
		elems  string // summaries; a doubted one ends in ?
	}{
		{name: "without changes and when, always, over all files", rule: ``, codes: "no_changes_clause", scope: "*"},
		{name: "when changes select a file", rule: `changes = files`, pull: fact.Pull{Files: files("a.go")}, codes: "changes_matched", scope: "a.go", elems: "a.go"},
		{name: "not when nothing changed", rule: `changes = files`, idle: true, codes: "changes_empty"},
		{name: "over both names of a rename out of a guarded path", rule: `changes = glob("guarded/**")`, pull: fact.Pull{Files: files("guarded/a=>free/a", "free/b")},
			codes: "changes_matched", scope: "free/a guarded/a", elems: "guarded/a → free/a"},
		{name: "when a path matches only but for case, with the doubt", rule: `changes = glob("guarded/**")`, pull: fact.Pull{Files: files("Guarded/a")},
			codes: "changes_unknown", scope: "Guarded/a", elems: "Guarded/a?"},
		{name: "when a path hides behind a bidi control or a backslash", rule: `changes = glob("guarded/**")`, pull: fact.Pull{Files: files("gua\u202erded/a", "guarded\\b")},
			codes: "changes_unknown", scope: "guarded\\b gua\u202erded/a", elems: "gua\u202erded/a? guarded\\b?"},
		{name: "when the list of files is not complete, over all files", rule: `changes = glob("guarded/**")`,
			pull:  fact.Pull{Files: files("a"), Gaps: []fact.Gap{{About: fact.AboutFiles, Reason: "GitHub lists 1 of its 4,120 files"}}},
			codes: "changes_unknown", scope: "*", elems: "what could not be read?"},
		{name: "not because of a gap in something else", rule: `changes = glob("guarded/**")`,
			pull: fact.Pull{Files: files("a"), Gaps: []fact.Gap{{About: fact.AboutReviews, Reason: "reviews are missing"}}}, idle: true, codes: "changes_empty"},
		{name: "over Go files that the findings name, by both names", rule: `changes = go.files`,
			pull:  fact.Pull{Files: files("x.go=>x.txt", "y.md"), Findings: fact.Findings{Go: fact.Go{Files: []string{"x.go"}}}},
			codes: "changes_matched", scope: "x.go x.txt", elems: "x.go → x.txt"},

		{name: "for the elements that meet the condition alone", rule: `changes = [for r in terraform.resources : r if r.kind == "iam"]`,
			pull:  fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: list(iam, sql)}}},
			codes: "changes_matched", scope: "iam/main.tf", elems: "google_project_iam_member.a (create)"},
		{name: "for an element whose condition cannot be told, beside those that meet it", rule: `changes = [for r in terraform.resources : r if r.kind == "iam"]`,
			pull:  fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: list(iam, odd, sql)}}},
			codes: "changes_matched changes_unknown", scope: "iam/main.tf widgets/main.tf", elems: "google_project_iam_member.a (create) acme_widget.w (create)?"},
		{name: "for a gap, over its own files", rule: `changes = [for r in terraform.resources : r if r.kind == "iam"]`,
			pull:  fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: gapped(sql)}}},
			codes: "changes_unknown", scope: "broken/main.tf", elems: "what could not be read of broken/main.tf?"},
		{name: "not for a gap whose condition is false whatever it hides", rule: `changes = [for r in terraform.resources : r if r.kind == "iam" && label("x")]`,
			pull: fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: gapped(iam)}}}, idle: true, codes: "changes_empty"},
		{name: "for an element whose condition fails, with the error", rule: `changes = [for r in terraform.resources : r if r.risks[3].name == "public"]`,
			pull:  fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: list(sql)}}},
			codes: "changes_failed", scope: "db/main.tf", elems: "google_sql_database_instance.db (create)?"},
		{name: "for what a for expression makes of its elements, over their files", rule: `changes = [for r in terraform.resources : r.address if !r.data]`,
			pull:  fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: list(iam)}}},
			codes: "changes_matched", scope: "iam/main.tf", elems: "google_project_iam_member.a"},
		{name: "for a splat, over its elements' files", rule: `changes = terraform.resources[*].address`,
			pull:  fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: list(iam, sql)}}},
			codes: "changes_matched", scope: "db/main.tf iam/main.tf", elems: "google_project_iam_member.a google_sql_database_instance.db"},
		{name: "for a splat over a list with a gap, over all of its files", rule: `changes = terraform.resources[*].address`,
			pull:  fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: gapped(iam)}}},
			codes: "changes_unknown", scope: "broken/main.tf iam/main.tf", elems: "what could not be read of broken/main.tf?"},
		{name: "for two lists joined", rule: `changes = concat(resources("google_sql_*"), glob("*.md"))`,
			pull:  fact.Pull{Files: files("a.md"), Findings: fact.Findings{Terraform: fact.Terraform{Resources: list(iam, sql)}}},
			codes: "changes_matched", scope: "a.md db/main.tf", elems: "google_sql_database_instance.db (create) a.md"},
		{name: "for both branches of a conditional that cannot be told", rule: `changes = go.cosmetic ? glob("a") : glob("b")`,
			pull:  fact.Pull{Files: files("a", "b"), Findings: fact.Findings{Go: fact.Go{Cosmetic: fact.Unknown[bool]("x.go does not parse")}}},
			codes: "changes_unknown", scope: "a b", elems: "a? b?"},
		{name: "for a list written out, over all files", rule: `changes = ["anything"]`, pull: fact.Pull{Files: files("a")}, codes: "changes_matched", scope: "*", elems: "anything"},
		{name: "through a local, element by element", rule: `changes = local.iam`,
			pull:  fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: gapped(iam, sql)}}},
			codes: "changes_matched changes_unknown", scope: "broken/main.tf iam/main.tf", elems: "google_project_iam_member.a (create) what could not be read of broken/main.tf?"},

		{name: "when a known list is long enough", rule: `when = length(terraform.resources) > 1`,
			pull: fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: list(iam, sql)}}}, codes: "no_changes_clause when_true", scope: "*"},
		{name: "not when a known list is too short", rule: `when = length(terraform.resources) > 5`,
			pull: fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: list(iam, sql)}}}, idle: true, codes: "when_false"},
		{name: "when a list with a gap may be long enough", rule: `when = length(terraform.resources) > 5`,
			pull: fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: gapped(iam)}}}, codes: "no_changes_clause when_unknown", scope: "*"},
		{name: "when none of a list with a gap may be something", rule: `when = length([for r in terraform.resources : r if r.kind == "iam"]) == 0`,
			pull: fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: gapped(sql)}}}, codes: "no_changes_clause when_unknown", scope: "*"},
		{name: "when a list with a gap may lack a value", rule: `when = !contains([for r in terraform.resources : r.address], "x.y")`,
			pull: fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: gapped(sql)}}}, codes: "no_changes_clause when_unknown", scope: "*"},
		{name: "when an unknown kind may be another one", rule: `when = length([for r in terraform.resources : r if r.kind != "iam"]) == 0`,
			pull: fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: list(odd)}}}, codes: "no_changes_clause when_unknown", scope: "*"},
		{name: "when an attribute changed", rule: `changes = [for r in terraform.resources : r if before(r, "deletion_protection") == true && after(r, "deletion_protection") != true]`,
			pull:  fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: list(iam, sql)}}},
			codes: "changes_matched", scope: "db/main.tf", elems: "google_sql_database_instance.db (create)"},
		{name: "when an attribute before is no literal", rule: `changes = [for r in terraform.resources : r if before(r, "settings[0].tier") == "small"]`,
			pull:  fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: list(iam, sql)}}},
			codes: "changes_unknown", scope: "db/main.tf", elems: "google_sql_database_instance.db (create)?"},
		{name: "when a block is asked for as if it were a value", rule: `changes = [for r in terraform.resources : r if after(r, "settings") == "x"]`,
			pull:  fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: list(sql)}}},
			codes: "changes_unknown", scope: "db/main.tf", elems: "google_sql_database_instance.db (create)?"},
		{name: "when a risk is named", rule: `changes = [for r in terraform.resources : r if contains(r.risks[*].name, "loses-protection")]`,
			pull:  fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: list(iam, sql)}}},
			codes: "changes_matched", scope: "db/main.tf", elems: "google_sql_database_instance.db (create)"},

		{name: "for a rename across the edge of a negated pattern", rule: `changes = [for f in files : f if !matches(f, "docs/**")]`,
			pull: fact.Pull{Files: files("src/a=>docs/a", "docs/b", "src/c")}, codes: "changes_matched changes_unknown", scope: "docs/a src/a src/c", elems: "src/a → docs/a? src/c"},
		{name: "when a mode was not read", rule: `changes = [for f in files : f if f.mode == "120000"]`,
			pull:  fact.Pull{Files: []fact.File{{Path: "a", Status: fact.Added, Head: fact.Unknown[fact.Entry]("it was not asked for")}, {Path: "b", Status: fact.Added, Head: fact.Known(fact.Entry{Mode: "100644", Blob: "1"})}}},
			codes: "changes_unknown", scope: "a", elems: "a?"},

		{name: "when a label is in force", rule: `when = label("security")`, labels: map[string]policy.LabelStanding{"security": {true, false}},
			codes: "no_changes_clause when_true label_doubted", scope: "*"},
		{name: "not when no label is", rule: `when = label("security")`, idle: true, codes: "when_false"},
		{name: "although the author set a label that would end it", rule: `when = !label("docs-only", "security-engineer")`, labels: map[string]policy.LabelStanding{"docs-only": {true, false}},
			codes: "no_changes_clause when_unknown label_doubted", scope: "*"},
		{name: "not when somebody who may ended it by a label", rule: `when = !label("docs-only", "security-engineer")`, labels: map[string]policy.LabelStanding{"docs-only": {true, true}},
			idle: true, codes: "when_false"},
		{name: "when the timeline of labels is not complete", rule: `when = label("security")`,
			pull: fact.Pull{Gaps: []fact.Gap{{About: fact.AboutTimeline, Reason: "it was cut"}}}, codes: "no_changes_clause when_unknown", scope: "*"},
		{name: "when pull.labels holds a label", rule: `when = contains(pull.labels, "big")`, labels: map[string]policy.LabelStanding{"big": {true, true}}, codes: "no_changes_clause when_true", scope: "*"},

		{name: "when the author holds a role", rule: `when = author_in("security-engineer")`,
			pull:  fact.Pull{Author: fact.Person{Login: "sam"}, Roster: fact.Roster{Roles: map[string]fact.Holders{"security-engineer": {List: []fact.Holder{{Login: "sam"}}}}}},
			codes: "no_changes_clause when_true", scope: "*"},
		{name: "not when the author surely holds no such role", rule: `when = author_in("security-engineer")`,
			pull: fact.Pull{Author: fact.Person{Login: "dan"}, Roster: fact.Roster{Roles: map[string]fact.Holders{"security-engineer": {}}}}, idle: true, codes: "when_false"},
		{name: "when the role's team could not be read", rule: `when = !author_in("security-engineer")`,
			pull:  fact.Pull{Author: fact.Person{Login: "dan"}, Roster: fact.Roster{Roles: map[string]fact.Holders{"security-engineer": {Gaps: []fact.Gap{{Reason: "the team is hidden"}}}}}},
			codes: "no_changes_clause when_unknown", scope: "*"},
		{name: "when it was open for too long", rule: `when = hours(pull.created_at, now) >= 24`, pull: fact.Pull{CreatedAt: now.Add(-25 * time.Hour)}, codes: "no_changes_clause when_true", scope: "*"},
		{name: "when null stands in the place of an answer", rule: `changes = [for r in terraform.resources : r if after(r, "public")]`,
			pull:  fact.Pull{Findings: fact.Findings{Terraform: fact.Terraform{Resources: list(sql)}}},
			codes: "changes_unknown", scope: "db/main.tf", elems: "google_sql_database_instance.db (create)?"},
		{name: "when evaluating it would take too long", rule: `when = length([for a in files : a if length([for b in files : b if b.path == a.path]) > 5]) > 5`,
			pull: fact.Pull{Files: files(many(1000)...)}, codes: "no_changes_clause when_unknown", scope: "*"},

		{name: "over a project's files", rule: `changes = projects.files`, pull: fact.Pull{Files: files("instances/a", "b")}, codes: "changes_matched", scope: "instances/a", elems: "instances/a"},
		{name: "over one project by name", rule: `changes = [for p in projects : p if p.name == "instances"]`, pull: fact.Pull{Files: files("instances/a", "b")},
			codes: "changes_matched", scope: "instances/a", elems: "project instances"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := language(t, "locals {\n iam = [for r in terraform.resources : r if r.kind == \"iam\"]\n}\n"+ruleOf(tt.rule))
			tt.pull.Now = now
			got := policy.States(p, tt.pull, tt.labels)["r"]
			if got.InForce == tt.idle {
				t.Errorf("in force: %v", got.InForce)
			}
			var codes, elems []string
			for _, r := range got.Reasons {
				codes = append(codes, string(r.Code))
			}
			for _, e := range got.Elements {
				if e.Unknown != "" {
					e.Summary += "?"
				}
				elems = append(elems, e.Summary)
			}
			scope := strings.Join(got.Scope.Paths, " ")
			if got.Scope.All {
				scope = "*"
			}
			for _, pair := range [][3]string{{"codes", strings.Join(codes, " "), tt.codes}, {"scope", scope, tt.scope}, {"elements", strings.Join(elems, " "), tt.elems}} {
				if pair[1] != pair[2] {
					t.Errorf("%s: got %q, want %q\nreasons: %+v", pair[0], pair[1], pair[2], got.Reasons)
				}
			}
		})
	}
}

func many(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("dir%d/file%d.go", i%200, i)
	}
	return out
}

func TestAPolicyServesManyEvaluationsAtOnce(t *testing.T) {
	p := language(t, ruleOf("changes = concat(terraform.resources[*].address, [for f in local.x : f.path])\nwhen = contains(files[*].path, \"a.go\")")+"locals { x = [for f in glob(\"**/*.go\", \"*.go\") : f if !matches(f, \"docs/**\")] }\n")
	want := fmt.Sprintf("%+v", policy.States(p, pullOfEverything(), nil))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := fmt.Sprintf("%+v", policy.States(p, pullOfEverything(), nil)); got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
		})
	}
	wg.Wait()
}
