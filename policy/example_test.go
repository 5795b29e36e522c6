package policy_test

import (
	"fmt"
	"os"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

const example = `
policy { keepers = ["lead"] }
role "engineer" { members = ["@ana", "@bo"] }
role "lead"     { members = ["@mia"] }

rule "go" {
  changes = go.files
  require "engineer" {}
}
rule "everything else" {
  changes = uncovered.files
  require "lead" {}
}
`

// examplePull is a pull request of dan's that changes main.go.
func examplePull() fact.Pull {
	return fact.Pull{
		Ref: fact.Ref{Owner: "acme", Repo: "app", Number: 7}, Now: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC),
		Author: fact.Person{Login: "dan"},
		Base:   fact.Branch{Ref: "main", SHA: "b0"}, Head: fact.Branch{Ref: "topic", SHA: "c1"},
		Files:    []fact.File{{Path: "main.go", Status: fact.Modified}},
		Findings: fact.Findings{Go: fact.Go{Files: []string{"main.go"}}},
		Roster: fact.Roster{Roles: map[string]fact.Holders{
			"engineer": {List: []fact.Holder{{Login: "ana", Via: "policy"}, {Login: "bo", Via: "policy"}}},
			"lead":     {List: []fact.Holder{{Login: "mia", Via: "policy"}}},
		}},
	}
}

func Example() {
	p, diags := policy.Load(nil, &policy.Source{Name: policy.RepoPath, Bytes: []byte(example)})
	if p == nil {
		_ = policy.FormatDiagnostics(os.Stderr, diags, false)
		return
	}
	pull := examplePull()
	d := p.Evaluate(pull)
	fmt.Println(d.Check, "is", d.Status)
	for _, r := range d.Rules {
		fmt.Println(r.Name, "is", r.Status)
		for _, need := range r.Require {
			fmt.Println("  ", need.Role, "from", need.May)
		}
	}
	// Output:
	// rolecall: main is waiting
	// go is waiting
	//    engineer from [ana bo]
	// everything else is idle
	// policy is idle
}

func ExampleLoad() {
	text := `
policy { keepers = ["lead"] }
role "lead" { members = ["@mia"] }
rule "new dependencies" {
  changes = [for d in dependencies : d if d.acton == "add"]
  require "lead" {}
}
`
	_, diags := policy.Load(nil, &policy.Source{Name: policy.RepoPath, Bytes: []byte(text)})
	_ = policy.FormatDiagnostics(os.Stdout, diags, false)
	// Output:
	// Error: Unknown attribute
	//
	//   on .github/rolecall.hcl line 5, in rule "new dependencies":
	//    5:   changes = [for d in dependencies : d if d.acton == "add"]
	//
	// There is no attribute "acton" of an element of dependencies. Did you mean
	// "action"?
}

func ExampleCompare() {
	p, _ := policy.Load(nil, &policy.Source{Name: policy.RepoPath, Bytes: []byte(example)})
	pull := examplePull()
	before := p.Evaluate(pull)
	pull.Reviews = []fact.Review{{ID: 1, Author: fact.Person{Login: "ana"}, State: fact.Approved, At: pull.Now, Commit: "c1"}}
	for _, c := range policy.Compare(before, p.Evaluate(pull)) {
		switch c.Kind {
		case policy.StatusChanged:
			fmt.Println("the decision was", c.From, "and is", c.To)
		case policy.ApprovalCounts:
			fmt.Println("@"+c.Person, "counts as", c.Role, "in the rule", c.Rule)
		}
	}
	// Output:
	// the decision was waiting and is met
	// @ana counts as engineer in the rule go
}
