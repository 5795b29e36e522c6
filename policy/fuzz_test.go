package policy_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// pullOfEverything has one of each finding, a gap and an unknown.
func pullOfEverything() fact.Pull {
	all := []string{"a.go", "b/main.tf", ".github/workflows/x.yml"}
	fs := files(append(all, "old=>new")...)
	var found []fact.FileFinding
	for _, f := range fs {
		found = append(found, fact.FileFinding{Path: f.Path, Language: "go", Generated: fact.Unknown[bool]("too large"), Cosmetic: fact.Known(false)})
	}
	r := resource("google_project.p", fact.Known("iam"), "b/main.tf")
	r.After = map[string]fact.Maybe[any]{"a": fact.Known[any]([]any{1.5, map[string]any{"k": nil}}), "b": fact.Unknown[any]("a variable")}
	r.Risks = []fact.Risk{{Name: "public"}}
	return fact.Pull{
		Now: now, CreatedAt: now.Add(-time.Hour), Title: "Title", Body: "Body", Author: fact.Person{Login: "dan"}, Files: fs,
		Findings: fact.Findings{
			Files: found,
			Go: fact.Go{
				Files: []string{"a.go"}, Packages: fact.List[fact.GoPackage]{Items: []fact.GoPackage{{Dir: "a", Paths: all[:1]}}},
				Exported:  fact.List[fact.GoExport]{Items: []fact.GoExport{{Name: "F", Paths: all[:1]}}},
				Functions: fact.List[fact.GoFunc]{Items: []fact.GoFunc{{Name: "F", Paths: all[:1]}}},
				Uses:      fact.List[fact.GoUse]{Gaps: []fact.Gap{{Reason: "it does not parse"}}},
				TestsOnly: fact.Unknown[bool]("it does not parse"),
			},
			Terraform: fact.Terraform{
				Files: all[1:2], Resources: fact.List[fact.Resource]{Items: []fact.Resource{r}},
				Modules:   fact.List[fact.Module]{Items: []fact.Module{{Name: "m", Source: fact.Unknown[string]("a variable"), Paths: all[1:2]}}},
				Providers: fact.List[fact.Provider]{Items: []fact.Provider{{Name: "google", Paths: all[1:2]}}},
				Settings:  fact.List[fact.Setting]{Items: []fact.Setting{{Block: "backend", Paths: all[1:2]}}},
			},
			Dependencies: fact.List[fact.Dependency]{Items: []fact.Dependency{{Name: "x", Action: "add", Paths: all[:1]}}},
			Workflows:    fact.List[fact.Workflow]{Items: []fact.Workflow{{Path: all[2], Triggers: []string{"push"}, Paths: all[2:]}}},
		},
	}
}

// FuzzLoad holds that no text makes Load or an evaluation panic or run away,
// and that what loads has a name for everything that evaluation asks.
func FuzzLoad(f *testing.F) {
	f.Add(string(policy.Cloud()))
	for _, pattern := range []string{"testdata/diagnostics/*.hcl", "*.go"} {
		names, _ := filepath.Glob(pattern)
		for _, n := range names {
			if src, err := os.ReadFile(n); err == nil && len(src) < 20_000 && filepath.Ext(n) == ".hcl" {
				f.Add(string(src))
			}
		}
	}
	for _, n := range policy.NamesForTest() {
		f.Add(preamble + ruleOf("changes = concat("+n+")\nwhen = \"${"+n+"}\" == \"x\" || length("+n+") > 0"))
	}
	f.Fuzz(func(t *testing.T, src string) {
		start := time.Now()
		p, diags := policy.Load(nil, &policy.Source{Name: "fuzz", Bytes: []byte(src)})
		if (p == nil) != policy.HasErrors(diags) {
			t.Fatalf("policy %v with %d diagnostics", p != nil, len(diags))
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Fatalf("loading took %v", d)
		}
		format(diags, true)
		if p == nil {
			return
		}
		p.Needs()
		p.CheckName("main")
		start = time.Now()
		policy.States(p, pullOfEverything(), map[string]policy.LabelStanding{"security": {InForce: true}})
		if d := time.Since(start); d > 10*time.Second {
			t.Fatalf("evaluating took %v", d)
		}
	})
}

func TestEveryNameHasAValueOnAnyPullRequest(t *testing.T) {
	for _, n := range policy.NamesForTest() {
		for _, rule := range []string{"changes = concat([" + n + "])", "when = length([for x in [" + n + "] : x]) > 0"} {
			p := language(t, ruleOf(rule))
			for _, pull := range []fact.Pull{{}, pullOfEverything(), {Gaps: []fact.Gap{{Reason: "cut"}}}} {
				if s := policy.States(p, pull, nil)["r"]; !s.InForce {
					t.Errorf("%s: not in force: %+v", rule, s.Reasons)
				}
			}
		}
	}
}

func TestEveryAttributeOfAnElementHasAValue(t *testing.T) {
	for _, n := range policy.ListAttributesForTest() {
		p := language(t, ruleOf("changes = [for x in "+n[0]+" : x if length([x."+n[1]+"]) == 1]"))
		for _, pull := range []fact.Pull{{}, pullOfEverything()} {
			for _, e := range policy.States(p, pull, nil)["r"].Elements {
				if e.Unknown != "" && n[0] != "go.uses" {
					t.Errorf("%s.%s: %s", n[0], n[1], e.Unknown)
				}
			}
		}
	}
}
