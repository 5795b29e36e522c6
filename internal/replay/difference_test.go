package replay_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/replay"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

const people = `
policy { keepers = ["manager"] }
role "manager" { members = ["@mia"] }
role "cloud" { members = ["@acme/cloud"] }
role "security" { members = ["@acme/security"] }
`

func loaded(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, diags := policy.Load(nil, &policy.Source{Name: "p.hcl", Bytes: []byte(people + text)})
	if p == nil {
		t.Fatal(diags)
	}
	return p
}

// stored is the facts of a merged pull request as the store gives them back.
func stored(t testing.TB, paths ...string) fact.Pull {
	t.Helper()
	p := fact.Pull{
		Ref: fact.Ref{Owner: "acme", Repo: "cloud", Number: 7}, Title: "Seven", State: "merged", Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Author: fact.Person{Login: "dan"}, Base: fact.Branch{Ref: "main"}, Head: fact.Branch{SHA: "h"},
		Reviews: []fact.Review{{ID: 1, Author: fact.Person{Login: "ana"}, State: fact.Approved, Commit: "h", Delivered: "h"}},
		Roster: fact.Roster{
			Roles: map[string]fact.Holders{"cloud": {List: []fact.Holder{{Login: "ana", Via: "@acme/cloud"}}}, "manager": {List: []fact.Holder{{Login: "mia", Via: "policy"}}}},
			Teams: map[string]fact.Maybe[[]string]{"acme/cloud": fact.Known([]string{"ana"})},
		},
	}
	for _, path := range paths {
		p.Files = append(p.Files, fact.File{Path: path, Status: fact.Modified})
		p.Findings.Files = append(p.Findings.Files, fact.FileFinding{Path: path})
	}
	p.Findings.Workflows.Gaps = []fact.Gap{{Reason: "its content was not read"}}
	packed, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back fact.Pull
	if err := json.Unmarshal(packed, &back); err != nil {
		t.Fatal(err)
	}
	return back
}

func TestAnImpactNamesWhatTheNewVersionDecidesDifferently(t *testing.T) {
	const cloudForA = `
rule "a" {
  changes = glob("a/**")
  require "cloud" {}
}
`
	for name, c := range map[string]struct {
		after         string
		status        policy.Status
		gained, lost  []string
		same, skipped bool
	}{
		"the same in other words":          {after: "rule \"b\" {\n changes = glob(\"a/**\", \"c/**\")\n require \"cloud\" {}\n}", same: true},
		"a rule that is not in force more": {after: cloudForA + "rule \"b\" {\n changes = glob(\"b/**\")\n require \"security\" {}\n}", same: true},
		"advice more":                      {after: cloudForA + "rule \"b\" {\n advice = true\n require \"security\" {}\n}", same: true},
		"a role more":                      {after: cloudForA + "rule \"b\" {\n require \"security\" {}\n}", status: policy.Waiting, gained: []string{"security"}},
		"another role":                     {after: "rule \"a\" {\n require \"manager\" {}\n}", status: policy.Waiting, gained: []string{"manager"}, lost: []string{"cloud"}},
		"no role":                          {after: "rule \"a\" {\n changes = glob(\"b/**\")\n require \"cloud\" {}\n}", status: policy.Met, lost: []string{"cloud"}},
		"two in the place of one":          {after: "rule \"a\" {\n changes = glob(\"a/**\")\n require \"cloud\" { approvals = 2 }\n}", status: policy.Stuck, gained: []string{"cloud"}},
		"alternatives":                     {after: "rule \"a\" {\n any {\n require \"cloud\" {}\n require \"manager\" {}\n }\n}", status: policy.Met, gained: []string{"cloud or manager"}, lost: []string{"cloud"}},
		"what was not read":                {after: cloudForA + "rule \"b\" {\n changes = workflows\n require \"manager\" {}\n}", skipped: true},
	} {
		t.Run(name, func(t *testing.T) {
			i := replay.NewImpact(loaded(t, cloudForA), loaded(t, c.after))
			i.Add(stored(t, "a/x"))
			got := i.Result()
			if c.skipped {
				if got.Replayed != 0 || len(got.Skipped) != 1 || got.Skipped[0].Count != 1 {
					t.Errorf("got %+v, want it skipped", got)
				}
				return
			}
			if got.Replayed != 1 || (len(got.Different) == 0) != c.same {
				t.Fatalf("got %+v", got)
			}
			if c.same {
				return
			}
			d := got.Different[0]
			if d.Number != 7 || d.Title != "Seven" || d.Before != policy.Met || d.After != c.status {
				t.Errorf("got %+v", d)
			}
			if !slices.Equal(calledAll(d.Gained), c.gained) || !slices.Equal(calledAll(d.Lost), c.lost) {
				t.Errorf("gained %q, lost %q; want %q and %q", calledAll(d.Gained), calledAll(d.Lost), c.gained, c.lost)
			}
		})
	}
}

func calledAll(list []policy.Asked) []string {
	var out []string
	for _, a := range list {
		out = append(out, a.Called)
	}
	return out
}

// A policy has no impact in its own place, whatever was stored; and what one
// direction gains the other loses.
func TestAnImpactIsNoneOnItselfAndTurnsAround(t *testing.T) {
	rules := []string{
		"rule \"a\" {\n changes = glob(\"a/**\")\n require \"cloud\" {}\n}\n",
		"rule \"b\" {\n changes = glob(\"b/**\")\n require \"security\" {}\n}\n",
		"rule \"c\" {\n changes = uncovered.files\n require \"manager\" {}\n}\n",
		"rule \"d\" {\n when = pull.author == \"dan\"\n any {\n require \"cloud\" {}\n require \"manager\" {}\n }\n}\n",
		"rule \"e\" {\n advice = true\n require \"security\" {}\n}\n",
	}
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(label string) *policy.Policy {
			text := ""
			for k, r := range rules {
				if rapid.Bool().Draw(rt, label+string(rune('a'+k))) {
					text += r
				}
			}
			return loaded(t, text)
		}
		pull := stored(t, rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a/x", "b/x", "c/x"}), 1, 3, rapid.ID[string]).Draw(rt, "paths")...)
		before, after := draw("before"), draw("after")
		same := replay.NewImpact(before, before)
		same.Add(pull)
		if got := same.Result(); len(got.Different) > 0 || got.Replayed != 1 {
			rt.Fatalf("on itself: %+v", got)
		}
		there, back := replay.NewImpact(before, after), replay.NewImpact(after, before)
		there.Add(pull)
		back.Add(pull)
		a, b := there.Result().Different, back.Result().Different
		if len(a) != len(b) {
			rt.Fatalf("there %+v, back %+v", a, b)
		}
		if len(a) > 0 && (a[0].Before != b[0].After || !slices.Equal(calledAll(a[0].Gained), calledAll(b[0].Lost))) {
			rt.Fatalf("there %+v, back %+v", a, b)
		}
	})
}

// BenchmarkImpact replays two versions of the embedded policy on 50 stored pull
// requests of 30 files each.
func BenchmarkImpact(b *testing.B) {
	before, _ := policy.Load(nil, &policy.Source{Name: "a.hcl", Bytes: policy.Cloud()})
	after, _ := policy.Load(nil, &policy.Source{Name: "b.hcl", Bytes: append(policy.Cloud(), "\nrule \"more\" {\n  require \"manager\" {}\n}\n"...)})
	var paths []string
	for i := range 30 {
		paths = append(paths, fmt.Sprintf("docs/%d.md", i))
	}
	pull := stored(b, paths...)
	for b.Loop() {
		i := replay.NewImpact(before, after)
		for range 50 {
			i.Add(pull)
		}
		if got := i.Result(); len(got.Different)+len(got.Skipped) == 0 {
			b.Fatalf("nothing differs: %+v", got)
		}
	}
}
