package report_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy"
)

// changeKinds reads every kind that package policy declares from its source.
func changeKinds(t *testing.T) []policy.ChangeKind {
	f, err := parser.ParseFile(token.NewFileSet(), "../../policy/change.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []policy.ChangeKind
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.ValueSpec); ok {
			if id, ok := s.Type.(*ast.Ident); ok && id.Name == "ChangeKind" {
				value, err := strconv.Unquote(s.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, policy.ChangeKind(value))
			}
		}
		return true
	})
	return out
}

func TestEveryChangeButDetailsHasWords(t *testing.T) {
	kinds := changeKinds(t)
	if len(kinds) < 30 {
		t.Fatalf("only %d kinds were found", len(kinds))
	}
	details := []policy.ChangeKind{policy.ScopeChanged, policy.CandidatesChanged, policy.DetailsChanged, policy.ValidUntilChanged}
	for _, k := range kinds {
		said := report.Changes([]policy.Change{{Kind: k, From: "a", To: "b", Added: []string{"x"}}})
		if (len(said) == 0) != slices.Contains(details, k) {
			t.Errorf("%s: %q", k, said)
		}
	}
}

func TestWhatChangedIsOneShortLine(t *testing.T) {
	before := policy.Decision{Head: "1111111aaaa", Status: policy.Met, Rules: []policy.RuleResult{{Name: "go", InForce: true, Status: policy.Met, Require: []policy.Requirement{
		{Kind: policy.KindRole, Role: "cloud", Status: policy.Met, Counted: []policy.Approval{{By: "ana", Review: 5}}},
	}}}}
	after := policy.Decision{Head: "2222222bbbb", Status: policy.Waiting, Rules: []policy.RuleResult{{Name: "go", InForce: true, Status: policy.Waiting, Require: []policy.Requirement{
		{Kind: policy.KindRole, Role: "cloud", Status: policy.Waiting},
	}}}, Reviews: []policy.ReviewVerdict{{Review: 5, By: "ana", State: "approved", Reasons: []policy.Reason{{Code: policy.ReviewNotHead, Rule: "go", Role: "cloud", Commit: "1111111aaaa"}}}}}
	got := report.Changed(policy.Compare(before, after))
	for _, want := range []string{"head 1111111 → 2222222; met → waiting; rule go: met → waiting", "the approval of ana counts no longer (", "; and 1 more"} {
		if !strings.Contains(strings.ReplaceAll(got, "@", ""), want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	if got := report.Changed(policy.Compare(after, after)); got != "" {
		t.Errorf("nothing changed: %q", got)
	}
	all := codes(t)
	rapid.Check(t, func(t *rapid.T) {
		list := policy.Compare(hostileDecision(t, all), hostileDecision(t, all))
		for _, line := range append(report.Changes(list), report.Changed(list)) {
			if i := strings.IndexFunc(line, unicode.IsControl); i >= 0 {
				t.Fatalf("a control character in %q", line)
			}
		}
		if n := len([]rune(report.Changed(list))); n > 450 {
			t.Fatalf("%d characters", n)
		}
	})
}
