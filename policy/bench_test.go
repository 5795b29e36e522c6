package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

func BenchmarkLoadCloud(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if p, _ := policy.Load(nil, &policy.Source{Name: "cloud.hcl", Bytes: policy.Cloud()}); p == nil {
			b.Fatal("it does not load")
		}
	}
}

// rules is n rules, each made from form with the number of a directory.
func rules(n int, form string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "rule \"r%d\" {\nchanges = %s\nrequire \"cloud-engineer\" {}\n}\n", i, strings.ReplaceAll(form, "N", fmt.Sprint(i)))
	}
	return b.String()
}

func BenchmarkStates(b *testing.B) {
	forms := []struct{ name, form string }{
		{"glob", `glob("dirN/**")`},
		{"for", `[for f in files : f if f.status == "added" && startswith(f.path, "dirN/")]`},
		{"forGlob", `[for f in glob("dirN/**") : f if f.status != "removed"]`},
		{"forMatches", `[for f in files : f if matches(f, "dirN/**", "other/*N/*.go")]`},
		{"all", `files`},
	}
	for _, f := range forms {
		for _, size := range []struct{ rules, files int }{{200, 3000}, {100, 3000}, {200, 1500}} {
			b.Run(fmt.Sprintf("%s/%dx%d", f.name, size.rules, size.files), func(b *testing.B) {
				p := language(b, rules(size.rules, f.form))
				pull := fact.Pull{Now: now, Files: files(many(size.files)...)}
				b.ReportAllocs()
				for b.Loop() {
					policy.States(p, pull, nil)
				}
			})
		}
	}
}

func BenchmarkLoadRules(b *testing.B) {
	for _, n := range []int{100, 200, 400} {
		text := []byte(people + rules(n, `[for f in files : f if f.status == "added" && startswith(f.path, "dirN/")]`))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if p, _ := policy.Load(nil, &policy.Source{Name: "x", Bytes: text}); p == nil {
					b.Fatal("it does not load")
				}
			}
		})
	}
}
