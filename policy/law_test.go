package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// condition draws a condition; x is a loop's resource, "" outside loops.
func condition(t *rapid.T, x string, depth int) string {
	var forms []func() string
	add := func(f func() string) { forms = append(forms, f) }
	lit := func(words ...string) string { return fmt.Sprintf("%q", rapid.SampledFrom(words).Draw(t, "literal")) }
	if x != "" {
		add(func() string {
			return x + ".kind " + rapid.SampledFrom([]string{"==", "!="}).Draw(t, "op") + " " + lit("iam", "data", "dns")
		})
		add(func() string { return x + ".action == " + lit("create", "delete") })
		add(func() string { return x + ".data" })
		add(func() string { return "contains([\"iam\", \"dns\"], " + x + ".kind)" })
		add(func() string { return "startswith(" + x + ".kind, \"i\")" })
		add(func() string { return "matches(" + x + ".type, \"google_*\", \"**/x\")" })
		add(func() string { return "contains(" + x + ".risks[*].name, \"public\")" })
		add(func() string { return "after(" + x + ", \"tier\") == " + lit("big", "small") })
		add(func() string { return "before(" + x + ", \"tier\") != null" })
		add(func() string { return "\"${" + x + ".kind}-${" + x + ".action}\" == \"iam-create\"" })
	}
	add(func() string { return "label(\"a\", \"manager\")" })
	add(func() string { return "pull.draft" })
	add(func() string { return "go.cosmetic" })
	if depth > 0 {
		add(func() string { return "!(" + condition(t, x, depth-1) + ")" })
		add(func() string { return "(" + condition(t, x, depth-1) + " && " + condition(t, x, depth-1) + ")" })
		add(func() string { return "(" + condition(t, x, depth-1) + " || " + condition(t, x, depth-1) + ")" })
		add(func() string {
			return "(" + condition(t, x, depth-1) + " ? " + condition(t, x, depth-1) + " : " + condition(t, x, depth-1) + ")"
		})
		add(func() string {
			n := rapid.IntRange(0, 2).Draw(t, "n")
			op := rapid.SampledFrom([]string{"==", ">", "<", "!="}).Draw(t, "op")
			return fmt.Sprintf("length(%s) %s %d", selection(t, x+"y", depth-1), op, n)
		})
		add(func() string {
			return "contains([for k in " + selection(t, x+"y", depth-1) + " : k.kind], " + lit("iam", "dns") + ")"
		})
		add(func() string {
			return "length(setsubtract([for k in " + selection(t, x+"y", depth-1) + " : k.kind], [\"iam\"])) > 0"
		})
		add(func() string {
			return "length(distinct([for k in " + selection(t, x+"y", depth-1) + " : k.kind])) == 1"
		})
	}
	return forms[rapid.IntRange(0, len(forms)-1).Draw(t, "form")]()
}

// selection draws a list of resources.
func selection(t *rapid.T, x string, depth int) string {
	switch rapid.IntRange(0, 4).Draw(t, "selection") {
	case 0:
		return "terraform.resources"
	case 1:
		return "resources(\"google_sql_*\")"
	case 2:
		if depth > 0 {
			return "concat(" + selection(t, x, depth-1) + ", " + selection(t, x, depth-1) + ")"
		}
	case 3:
		if depth > 0 {
			return "(" + condition(t, "", depth-1) + " ? " + selection(t, x, depth-1) + " : " + selection(t, x, depth-1) + ")"
		}
	}
	if len(x) > 3 {
		return "terraform.resources"
	}
	return "[for " + x + " in terraform.resources : " + x + " if " + condition(t, x, max(0, depth-1)) + "]"
}

func facts(t *rapid.T) (fact.Pull, map[string]policy.LabelStanding) {
	pull := fact.Pull{Now: now, Draft: rapid.Bool().Draw(t, "draft"), Files: files("a.tf", "b.tf", "c.tf", "d.tf")}
	pull.Findings.Go.Cosmetic = fact.Known(rapid.Bool().Draw(t, "cosmetic"))
	pull.Findings.Go.Files = []string{"a.tf"}
	for i := range rapid.IntRange(0, 3).Draw(t, "resources") {
		r := resource(rapid.SampledFrom([]string{"google_sql_database.x", "google_project.p", "aws_s3.b"}).Draw(t, "address"),
			fact.Known(rapid.SampledFrom([]string{"iam", "data", "dns"}).Draw(t, "kind")), pull.Files[i].Path)
		r.Action = rapid.SampledFrom([]string{"create", "delete"}).Draw(t, "action")
		r.Data = rapid.Bool().Draw(t, "data")
		if rapid.Bool().Draw(t, "risky") {
			r.Risks = []fact.Risk{{Name: "public"}}
		}
		for _, side := range []*map[string]fact.Maybe[any]{&r.Before, &r.After} {
			if rapid.Bool().Draw(t, "set") {
				*side = map[string]fact.Maybe[any]{"tier": fact.Known[any](rapid.SampledFrom([]string{"big", "small"}).Draw(t, "tier"))}
			}
		}
		pull.Findings.Terraform.Resources.Items = append(pull.Findings.Terraform.Resources.Items, r)
	}
	set := rapid.Bool().Draw(t, "label")
	return pull, map[string]policy.LabelStanding{"a": {InForce: set, Sure: set}}
}

// blur makes some of what is known unknown.
func blur(t *rapid.T, pull fact.Pull, labels map[string]policy.LabelStanding) (fact.Pull, map[string]policy.LabelStanding) {
	some := func() bool { return rapid.IntRange(0, 2).Draw(t, "blur") == 0 }
	const why = "it was made unknown"
	var list fact.List[fact.Resource]
	for _, r := range pull.Findings.Terraform.Resources.Items {
		if some() {
			list.Gaps = append(list.Gaps, fact.Gap{Paths: r.Paths, Reason: why})
			continue
		}
		if some() {
			r.Kind = fact.Unknown[string](why)
		}
		if some() && r.After != nil {
			r.After = map[string]fact.Maybe[any]{"tier": fact.Unknown[any](why)}
		}
		list.Items = append(list.Items, r)
	}
	pull.Findings.Terraform.Resources = list
	if some() {
		pull.Findings.Go.Cosmetic = fact.Unknown[bool](why)
	}
	if some() && labels["a"].InForce {
		labels = map[string]policy.LabelStanding{"a": {InForce: true}}
	}
	if rapid.IntRange(0, 9).Draw(t, "gap") == 0 {
		pull.Gaps = []fact.Gap{{Reason: why}}
	}
	return pull, labels
}

func within(small, large policy.Scope) bool {
	if large.All {
		return true
	}
	return !small.All && !slices.ContainsFunc(small.Paths, func(p string) bool { return !slices.Contains(large.Paths, p) })
}

func TestMoreUnknownNeverMeansARuleIsNotInForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		b.WriteString(preamble)
		b.WriteString("rule \"r\" {\n")
		if rapid.Bool().Draw(t, "changes") {
			fmt.Fprintf(&b, "changes = %s\n", selection(t, "x", 3))
		}
		if rapid.Bool().Draw(t, "when") {
			fmt.Fprintf(&b, "when = %s\n", condition(t, "", 3))
		}
		b.WriteString("require \"manager\" {}\n}\nrule \"rest\" {\nchanges = uncovered.files\nrequire \"manager\" {}\n}\n")
		p, diags := policy.Load(nil, &policy.Source{Name: "x", Bytes: []byte(b.String())})
		if p == nil {
			if s := diags[0].Summary; strings.Contains(s, "too deeply") || strings.Contains(s, "too expensive") {
				t.Skip("too many loops")
			}
			t.Fatalf("%s\n%s", b.String(), format(diags, false))
		}
		pull, labels := facts(t)
		sharp := policy.States(p, pull, labels)
		blurred, blurredLabels := blur(t, pull, labels)
		dim := policy.States(p, blurred, blurredLabels)
		for _, rule := range []string{"r", "rest"} {
			if sharp[rule].InForce && !dim[rule].InForce {
				t.Fatalf("%s: rule %s was in force and is not once less is known\n%+v\n%+v", b.String(), rule, sharp[rule], dim[rule])
			}
			if sharp[rule].InForce && !within(sharp[rule].Scope, dim[rule].Scope) {
				t.Fatalf("%s: rule %s lost scope once less is known\n%+v\n%+v", b.String(), rule, sharp[rule], dim[rule])
			}
		}
		if again := policy.States(p, pull, labels); fmt.Sprintf("%+v", again["r"].Reasons) != fmt.Sprintf("%+v", sharp["r"].Reasons) {
			t.Fatalf("the same facts gave other reasons:\n%+v\n%+v", sharp["r"], again["r"])
		}
	})
}

// fileCondition draws a condition on the file f.
func fileCondition(t *rapid.T, depth int) string {
	pick := func(words ...string) string { return rapid.SampledFrom(words).Draw(t, "word") }
	leaf := func() string {
		return pick(
			`f.status == "added"`, `f.status != "renamed"`, `startswith(f.path, "a/")`, `endswith(f.previous_path, ".go")`, `strcontains(f.path, "é")`,
			`f.additions > 3`, `f.additions <= f.deletions`, `3.5 < f.deletions`, `f.generated`, `f.cosmetic == false`, `f.language == "go"`, `f.mode == "100755"`,
			`matches(f, "a/**")`, `matches(f, "b/*", "A/x.go")`, `matches(f.path, "**/*.go")`, `matches(f.previous_path, "é/**")`, `contains(["added", "removed"], f.status)`,
			`contains(["go", "terraform"], f.language)`, `label("a", "manager")`, `pull.draft == true`, `length(files) > 2`, `f.path == f.previous_path`, `true`,
			`length([for f in files : f if f.status == "added"]) > 0`, `lower(f.path) == "a/x.go"`, `"${f.status}" == "added"`,
		)
	}
	if depth == 0 {
		return leaf()
	}
	a, b := fileCondition(t, depth-1), fileCondition(t, depth-1)
	return pick(leaf(), "!("+a+")", "("+a+") && ("+b+")", "("+a+") || "+leaf(), "("+a+") == ("+b+")", "("+a+") ? "+leaf()+" : ("+b+")")
}

func TestACompiledConditionAnswersAsAnEvaluatedOne(t *testing.T) {
	paths := []string{"a/x.go", "A/x.go", "b/y.tf", "é/z.go", "e\u0301/z.go", "c/d/e.md", "a\\x.go"}
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SampledFrom([]string{"files", "go.files", `glob("**/*.go", "b/**")`, "[for g in files : g if g.additions < 5]", "local.some", "concat(files, go.files)", "pull.draft ? files : local.some"}).Draw(t, "list")
		text := preamble + "locals { some = [for g in files : g if g.status != \"added\"] }\n" + ruleOf("changes = [for f in "+list+" : f if "+fileCondition(t, 3)+"]") + ruleOf2("changes = ["+"for x in terraform.resources : x.address if "+condition(t, "x", 2)+"]")
		p, diags := policy.Load(nil, &policy.Source{Name: "x", Bytes: []byte(text)})
		if p == nil {
			if s := diags[0].Summary; strings.Contains(s, "too deeply") || strings.Contains(s, "too expensive") {
				t.Skip("too large")
			}
			t.Fatalf("%s\n%s", text, format(diags, false))
		}
		pull, labels := facts(t)
		pull, labels = blur(t, pull, labels)
		pull.Files = nil
		for range rapid.IntRange(0, 4).Draw(t, "files") {
			f := fact.File{Path: rapid.SampledFrom(paths).Draw(t, "path"), Status: rapid.SampledFrom([]string{fact.Added, fact.Modified, fact.Renamed, fact.Copied, fact.Removed}).Draw(t, "status"),
				Additions: rapid.IntRange(0, 6).Draw(t, "additions"), Deletions: rapid.IntRange(0, 6).Draw(t, "deletions")}
			if f.Status == fact.Renamed || f.Status == fact.Copied {
				f.PreviousPath = rapid.SampledFrom(paths).Draw(t, "previous")
			}
			if rapid.Bool().Draw(t, "mode") {
				f.Head = fact.Known(fact.Entry{Mode: "100755", Blob: "1"})
			}
			pull.Files = append(pull.Files, f)
			pull.Findings.Files = append(pull.Findings.Files, fact.FileFinding{Path: f.Path, Language: "go",
				Generated: rapid.SampledFrom([]fact.Maybe[bool]{fact.Known(true), fact.Known(false), fact.Unknown[bool]("large")}).Draw(t, "generated")})
			pull.Findings.Go.Files = append(pull.Findings.Go.Files, f.Path, "elsewhere.go")
		}
		fast, slow := policy.States(p, pull, labels), policy.SlowStates(p, pull, labels)
		for _, rule := range []string{"r", "r2"} {
			if a, b := shape(fast[rule]), shape(slow[rule]); a != b {
				t.Fatalf("%s\n%+v\ncompiled:  %s\nevaluated: %s", text, pull.Files, a, b)
			}
		}
	})
}

func ruleOf2(body string) string { return strings.Replace(ruleOf(body), `"r"`, `"r2"`, 1) }

// shape is a rule's state without the wording of doubts, and without what it
// covers: a label that a compiled condition never came to ask for is not in
// doubt there.
func shape(s policy.RuleState) string {
	var b strings.Builder
	fmt.Fprint(&b, s.InForce, s.Scope)
	for _, e := range s.Elements {
		fmt.Fprintf(&b, "; %s %v", e.Summary, e.Unknown != "")
	}
	return b.String()
}
