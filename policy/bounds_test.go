package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// series is n lines of form, with %d their number and %[2]d the next one.
func series(n int, form string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, form+"\n", i, i+1)
	}
	return b.String()
}

func TestThreat24NoPolicyCanHurtWhoLoadsIt(t *testing.T) {
	local := func(text string) string { return preamble + "locals {\nx = " + text + "\n}\n" }
	when := func(text string) string { return preamble + ruleOf("when = "+text) }
	tests := []struct{ name, text, want string }{
		{"a megabyte", strings.Repeat("#\n", 512<<10), "Policy too large"},
		{"a long chain of operators", when("true" + strings.Repeat(" && true", 25_000)), "Expression nests too deeply"},
		{"operators in a row over lines", when("(" + strings.Repeat("!\n", 20_000) + "true)"), "Too many operators in a row"},
		{"conditionals inside conditionals", when(strings.Repeat("true ? true : ", 9_000) + "true"), "Too many conditionals"},
		{"parentheses", when(strings.Repeat("(", 20_000)), "Policy nests too deeply"},
		{"brackets that do not match", local(strings.Repeat("( ] ", 14_000)), "Invalid expression"},
		{"objects inside objects", local(strings.Repeat("{a=", 15_000)), "Policy nests too deeply"},
		{"blocks inside blocks", preamble + strings.Repeat("any {\n", 15_000), "Policy nests too deeply"},
		{"interpolations inside interpolations", local("\"" + strings.Repeat("${\"", 15_000)), "Policy nests too deeply"},
		{"many interpolations", local("\"" + strings.Repeat("${1}", 10_000) + "\""), "Expression too large"},
		{"splats of splats", local("files" + strings.Repeat("[*]", 10_000)), "Expression nests too deeply"},
		{"a long heredoc", local("<<-EOT\n" + strings.Repeat("  a\n", 50_000) + "EOT"), "Heredoc"},
		{"template directives", local("\"" + strings.Repeat("%{if true}", 10_000) + "\""), "Template directive"},
		{"locals that double a list", preamble + "locals {\n" + series(30, "l%d = [local.l%[2]d, local.l%[2]d]") + "l30 = [1]\n}\n" + ruleOf("when = length(local.l0) == 1"), "Expression too expensive"},
		{"locals that double an object", preamble + "locals {\n" + series(30, "l%d = [{ a = local.l%[2]d, b = local.l%[2]d }]") + "l30 = [1]\n}\n" + ruleOf("when = length(local.l0) == 1"), "Expression too expensive"},
		{"locals that double a text", preamble + "locals {\n" + series(30, "l%d = \"${local.l%[2]d}${local.l%[2]d}\"") + "l30 = \"aaaaaaaa\"\n}\n" + ruleOf("when = local.l0 == \"x\""), "Expression too expensive"},
		{"a long chain of locals", preamble + "locals {\n" + series(5000, "l%d = local.l%[2]d") + "l5000 = 1\n}\n" + ruleOf("when = local.l0 == 1"), "Locals nest too deeply"},
		{"a long chain of stand-ins", preamble + series(3000, "role \"r%d\" { otherwise = \"r%d\" }"), "Policy too large"},
		{"a glob of many alternatives", preamble + ruleOf(`changes = glob("`+strings.Repeat("{a,b}", 40)+`")`), "Invalid pattern"},
		{"many globs", preamble + ruleOf("changes = glob("+strings.Repeat("\"a*b*c*/**/*\",", 3000)+"\"a\")"), "Expression too large"},
		{"a regular expression of much repetition", when(`length(regexall("((((a{100}){10}){10}){10})", pull.title)) > 0`), "Invalid regular expression"},
		{"a number of ten million digits", when("join(\"\", [1e10000000]) == \"\""), "Number out of bounds"},
		{"a number next to zero", preamble + ruleOf("changes = [1e-10000000]"), "Number out of bounds"},
		{"a literal of many digits", when(strings.Repeat("9", 100_000) + " == 1"), "Number out of bounds"},
		{"lists gone through inside one another", when("length([for a in files : [for b in files : [for c in files : c if c.path == a.path]]]) > 0"), "Expression too expensive"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			p, diags := policy.Load(nil, source("bomb", tt.text))
			if p != nil || diags[0].Summary != tt.want {
				t.Errorf("loaded: %v; want %q, got:\n%.2000s", p != nil, tt.want, format(diags, false))
			}
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("it took %v", d)
			}
		})
	}
}

func TestAGlobTakesTimeInProportionToThePath(t *testing.T) {
	p := language(t, ruleOf(`changes = glob("`+strings.Repeat("*a", 100)+`/**/`+strings.Repeat("*a", 100)+`/b")`))
	pull := pullOfEverything()
	pull.Files = files(strings.Repeat("a", 2000)+"/"+strings.Repeat("a", 2000)+"/c", strings.Repeat("a/", 2000))
	start := time.Now()
	if s := policy.States(p, pull, nil)["r"]; s.InForce {
		t.Errorf("it matches: %+v", s.Reasons)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("it took %v", d)
	}
}

func TestANumberOutOfBoundsIsAFailureAndSoInForce(t *testing.T) {
	square := func(from string) string {
		text := "locals {\nl0 = " + from + "\n"
		for i := range 10 {
			text += fmt.Sprintf("l%d = local.l%d * local.l%d\n", i+1, i, i)
		}
		return text + "}\n"
	}
	for _, tt := range []struct{ name, text string }{
		{"a number squared over and over", square("length(files) + 1e30") + ruleOf(`when = "x${local.l10}" == "y"`)},
		{"a fraction squared over and over", square("1 / (length(files) + 1e30)") + ruleOf(`when = "x${local.l10}" == "y"`)},
		{"a division by zero", ruleOf("when = 1 / (length(files) - length(files)) < 0")},
		{"a remainder by zero", ruleOf("when = 1 % (length(files) - length(files)) == 1")},
		{"a text for a number, added up", ruleOf(`when = sum([pull.title]) < 0`)},
		{"a text for a number, compared", ruleOf(`when = max(after(terraform.resources[0], "tier"), 0) == 3`)},
		{"a text for a number, in a text", ruleOf(`when = "x${-after(terraform.resources[0], "tier")}" == "y"`)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := language(t, tt.text)
			pull := pullOfEverything()
			pull.Title = "1e10000000"
			r := resource("google_x.y", fact.Known("dns"), "a.tf")
			r.After = map[string]fact.Maybe[any]{"tier": fact.Known[any]("1e10000000")}
			pull.Findings.Terraform.Resources = fact.List[fact.Resource]{Items: []fact.Resource{r}}
			start := time.Now()
			s := policy.States(p, pull, nil)["r"]
			if !s.InForce {
				t.Errorf("not in force: %+v", s.Reasons)
			}
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("it took %v", d)
			}
		})
	}
}

func TestThreat24NoPolicyCanHurtWhoEvaluatesIt(t *testing.T) {
	var b strings.Builder
	b.WriteString("policy { keepers = [\"r0\"] }\n")
	for i := range 100 {
		fmt.Fprintf(&b, "role \"r%d\" { members = [\"@acme/t\"] }\n", i)
	}
	b.WriteString("rule \"x\" {\n  distinct = true\n")
	n := 0
	for ; n < 24; n += 2 {
		fmt.Fprintf(&b, "any {\nrequire \"r%d\" { approvals = 50 }\nrequire \"r%d\" { approvals = 50 }\n}\n", n, n+1)
	}
	for ; n < 88; n++ {
		fmt.Fprintf(&b, "require \"r%d\" { approvals = 50 }\n", n)
	}
	p := load(t, b.String()+"}\n")
	pull := change(p, file("x", "b"))
	var members []string
	for i := range 100 {
		members = append(members, fmt.Sprintf("m%d", i))
		pull.Reviews = append(pull.Reviews, approve(members[i], i+1))
	}
	pull.Roster = roster(p, map[string][]string{"acme/t": members})
	start := time.Now()
	d := p.Evaluate(pull)
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	if r := rule(t, d, "x"); r.Status == policy.Met || !strings.Contains(codes(r.Reasons), "too_many_alternatives") {
		t.Errorf("%s: %s", r.Status, codes(r.Reasons))
	}
}
