package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// large is a policy of so many rules and a pull request of so many files and
// reviews, half of which are of earlier commits.
func large(b *testing.B, rules, files, reviews int) (*policy.Policy, fact.Pull) {
	var text strings.Builder
	text.WriteString(people)
	for i := range rules {
		fmt.Fprintf(&text, "rule \"r%d\" {\ndistinct = %v\nchanges = %s\nrequire \"cloud-engineer\" {}\nrequire \"security-engineer\" {}\n}\n",
			i, i%2 == 0, []string{"files", "go.files", fmt.Sprintf("glob(\"d%d/**\")", i)}[i%3])
	}
	p := load(b, text.String())
	var all []fact.File
	then := map[string][2]string{}
	for i := range files {
		path := fmt.Sprintf("d%d/f%d.go", i%100, i)
		all = append(all, file(path, "b"))
		then[path] = [2]string{"b", "base"}
	}
	then["d1/f1.go"] = [2]string{"other", "base"}
	pull := change(p, all...)
	pull.Snapshots = map[string]fact.Snapshot{"old": snapshot(then)}
	cloud := fact.Holders{}
	for i := range reviews {
		login := fmt.Sprintf("p%d", i)
		cloud.List = append(cloud.List, fact.Holder{Login: login})
		pull.Reviews = append(pull.Reviews, review(login, fact.Approved, i, []string{"head", "old"}[i%2]))
	}
	pull.Roster.Roles["cloud-engineer"] = cloud
	return p, pull
}

func BenchmarkEvaluate(b *testing.B) {
	for _, size := range [][3]int{{10, 30, 3}, {200, 3000, 100}, {400, 3000, 100}, {200, 6000, 100}, {200, 3000, 200}} {
		b.Run(fmt.Sprintf("%d rules, %d files, %d reviews", size[0], size[1], size[2]), func(b *testing.B) {
			p, pull := large(b, size[0], size[1], size[2])
			b.ReportAllocs()
			for b.Loop() {
				if d := p.Evaluate(pull); d.Status != policy.Waiting {
					b.Fatal(d.Status)
				}
			}
		})
	}
}

// BenchmarkEvaluateCloud is the embedded policy on a change of 30 files.
func BenchmarkEvaluateCloud(b *testing.B) {
	p, diags := policy.Load(nil, &policy.Source{Name: "cloud.hcl", Bytes: policy.Cloud()})
	p = loaded(b, p, diags)
	var all []fact.File
	for i := range 20 {
		all = append(all, file(fmt.Sprintf("pkg/f%d.go", i), "b"))
	}
	for i := range 10 {
		all = append(all, file(fmt.Sprintf("instances/i%d.tf", i), "b"))
	}
	pull := change(p, all...)
	pull.Reviews = []fact.Review{approve("ana", 1), approve("sam", 2), review("bo", fact.Commented, 3, "head")}
	b.ReportAllocs()
	for b.Loop() {
		if d := p.Evaluate(pull); len(d.Rules) == 0 {
			b.Fatal(d.Status)
		}
	}
}

func BenchmarkCompare(b *testing.B) {
	p, pull := large(b, 200, 3000, 100)
	before := p.Evaluate(pull)
	pull.Reviews = pull.Reviews[:99]
	after := p.Evaluate(pull)
	b.ReportAllocs()
	for b.Loop() {
		if len(policy.Compare(before, after)) == 0 {
			b.Fatal("nothing differs")
		}
	}
}
