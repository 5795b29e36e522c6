package audit

import (
	"fmt"
	"testing"
	"time"

	"github.com/rolecall/rolecall/policy"
)

func TestWhatBecameOfASkippedRequirement(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	early, late := policy.Approval{By: "eve", At: at.Add(-time.Hour)}, policy.Approval{By: "ana", At: at.Add(time.Hour)}
	// decision has one rule that asks for cloud engineers.
	decision := func(reason string, cleared bool, counted ...policy.Approval) told {
		status := policy.Waiting
		if cleared {
			status = policy.Met
		}
		require := []policy.Requirement{{Kind: policy.KindRole, Role: "cloud", Status: status, Counted: counted}}
		return told{policy.Decision{
			Rules: []policy.RuleResult{{Name: "go", InForce: true, Require: require}},
			Glass: &policy.Glass{By: "bo", At: at, Reason: reason, Head: "h", Debts: []policy.Debt{{Rule: "go", Roles: []string{"cloud"}, Cleared: cleared}}},
		}, "hash"}
	}
	none := told{decision: policy.Decision{Glass: &policy.Glass{By: "bo", At: at, Head: "h"}}}
	unread := told{decision: policy.Decision{Status: policy.Broken}}
	for _, tt := range []struct {
		name      string
		decisions []told
		want      string
	}{
		{"nobody broke it", []told{unread}, "none"},
		{"nobody has reviewed", []told{decision("fire", false, early)}, "fire owed [] repaid=false"},
		{"somebody has, and what the deleted comment said stays", []told{decision("fire", false, early), unread, decision("", true, early, late)}, "fire repaid [ana] repaid=true"},
		{"the review was dismissed", []told{decision("fire", false), decision("fire", true, late), decision("fire", false)}, "fire owed [] repaid=false"},
		{"the policy no longer asks for it", []told{decision("fire", false), none}, "fire dropped [] repaid=false"},
		{"the policy no longer asks for what was given", []told{decision("fire", false), decision("fire", true, late), none}, "fire repaid [ana] repaid=true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := "none"
			if g := broken(tt.decisions); g != nil {
				by := []string{}
				for _, a := range g.Skipped[0].Given {
					by = append(by, a.By)
				}
				got = fmt.Sprintf("%s %s %v repaid=%t", g.Reason, g.Skipped[0].State, by, !g.Repaid.IsZero())
			}
			if got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}
