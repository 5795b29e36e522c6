package report_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

func TestSARIFHasOneResultForEachRuleInForce(t *testing.T) {
	some := inForce("go", policy.Waiting, role("cloud", "Cloud Engineer", policy.Waiting, may("ana")))
	some.Scope.Paths = []string{"old name.go"}
	all := inForce("everything", policy.Met)
	all.Scope.All = true
	advice := inForce("docs", policy.Waiting, role("cloud", "", policy.Waiting, may("ana")))
	advice.Advice, advice.Floor, advice.Description = true, true, "Docs are <b>kept</b>"
	d := decision(policy.Waiting, some, policy.RuleResult{Name: "idle", Status: policy.Idle}, all, advice)
	files := []fact.File{
		{Path: "new name#1.go", PreviousPath: "old name.go", Status: fact.Renamed},
		{Path: "a:b\n%.tf", Status: fact.Added},
	}

	var out bytes.Buffer
	if err := report.SARIF(&out, d, files, "1.2.3"); err != nil {
		t.Fatal(err)
	}
	// The shape that SARIF 2.1.0 and code scanning ask for, unknown fields refused.
	var log struct {
		Schema  string `json:"$schema"`
		Version string `json:"version"`
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name, Version, InformationURI string
					Rules                         []struct {
						ID               string
						ShortDescription struct{ Text string }
					}
				}
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Kind      string
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
			}
		}
	}
	strict := json.NewDecoder(&out)
	strict.DisallowUnknownFields()
	if err := strict.Decode(&log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name != "rolecall" {
		t.Errorf("%+v", log)
	}
	type result struct {
		Rule, Level, Text string
		Paths             []string
	}
	var got []result
	for _, r := range log.Runs[0].Results {
		one := result{Rule: r.RuleID, Level: r.Level, Text: r.Message.Text}
		if id := log.Runs[0].Tool.Driver.Rules[r.RuleIndex].ID; id != r.RuleID {
			t.Errorf("the result of %s points to the rule %s", r.RuleID, id)
		}
		if (r.Kind == "fail") != (r.Level != "none") {
			t.Errorf("a result of the kind %s has the level %s", r.Kind, r.Level)
		}
		for _, l := range r.Locations {
			if l.PhysicalLocation.Region.StartLine != 1 {
				t.Errorf("the region of %s is %+v", r.RuleID, l.PhysicalLocation.Region)
			}
			one.Paths = append(one.Paths, l.PhysicalLocation.ArtifactLocation.URI)
		}
		got = append(got, one)
	}
	why := "It concerns instances/main.tf."
	want := []result{
		{"go", "error", "Review required: Cloud Engineer (@ana). " + why, []string{"new%20name%231.go"}},
		{"everything", "none", why, []string{"new%20name%231.go", "a%3Ab%0A%25.tf"}},
		{"floor/docs", "note", "Review required: Cloud Engineer (@ana). " + why, []string{policy.RepoPath}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
