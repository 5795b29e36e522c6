package policy_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// anyFacts draws pull requests that no reader of GitHub would make: absurd
// states, names that are empty or of odd characters, commits and people that
// are nowhere else.
var anyFacts = func() *rapid.Generator[fact.Pull] {
	words := rapid.SampledFrom([]string{
		"", "dan", "ana", "sam", "mia", "Ana", "ana[bot]", "main", "head", "old", "a.go", "b.tf", "instances/x.tf", ".github/rolecall.hcl", "../x", "a\\b", "é", "e\u0301", "\x00", "\xff",
		fact.Approved, fact.ChangesRequested, fact.Dismissed, fact.Added, fact.Renamed, fact.Removed, fact.Copied, fact.AboutFiles, fact.AboutReviews, fact.AboutTimeline, fact.AboutCommits, fact.AboutComments,
		"cloud-engineer", "security-engineer", "security", "needs-security", "assign-dri", "delegate", "@bo", "until", "2026-03-02", "member", "create", "iam", "100644",
	})
	return rapid.MakeCustom[fact.Pull](rapid.MakeConfig{Types: map[reflect.Type]*rapid.Generator[any]{
		reflect.TypeFor[string](): words.AsAny(),
		reflect.TypeFor[int]():    rapid.IntRange(-1, 3).AsAny(),
		reflect.TypeFor[int64]():  rapid.Int64Range(-1, 3).AsAny(),
		reflect.TypeFor[time.Time](): rapid.Custom(func(t *rapid.T) time.Time {
			return noon.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "hours")) * time.Hour)
		}).AsAny(),
		reflect.TypeFor[fact.Maybe[any]](): rapid.Custom(func(t *rapid.T) fact.Maybe[any] {
			v := rapid.SampledFrom([]any{nil, true, "x", 1.5, 7, []any{"x", nil}, map[string]any{"a": []any{1.0}}}).Draw(t, "value")
			return fact.Maybe[any]{Value: v, Unknown: words.Draw(t, "why")}
		}).AsAny(),
	}})
}()

func TestAnyFactsGiveADecision(t *testing.T) {
	p, diags := policy.Load(nil, &policy.Source{Name: "cloud", Bytes: policy.Cloud()})
	p = loaded(t, p, diags)
	rapid.Check(t, func(t *rapid.T) {
		pull := anyFacts.Draw(t, "pull")
		if rapid.Bool().Draw(t, "holders") {
			pull.Roster = roster(p, teams)
		}
		d := p.Evaluate(pull)
		data, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := json.Marshal(p.Evaluate(pull)); string(again) != string(data) {
			t.Fatalf("evaluated again:\n%s\n%s", data, again)
		}
		if len(policy.Compare(d, d)) > 0 {
			t.Fatal("it differs from itself")
		}
	})
}
