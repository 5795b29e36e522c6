package survey_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/survey"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

var now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func load(t *testing.T, text string) *policy.Policy {
	t.Helper()
	p, diags := policy.Load(nil, &policy.Source{Name: policy.RepoPath, Bytes: []byte(text)})
	if policy.HasErrors(diags) {
		t.Fatalf("%+v", diags)
	}
	return p
}

func TestWhatNobodyOwns(t *testing.T) {
	p := load(t, `
policy { keepers = ["manager"] }
role "cloud-engineer" { members = ["@acme/cloud"] }
role "manager" { members = ["@mia"] }
role "on-call-engineer" {
  rotation {
    start  = "2026-01-05T09:00:00Z"
    length = "168h"
    order  = ["@ana", "@bo"]
  }
}
role "dri" {}
project "api" {
  files = ["api/**"]
  dri   = "@ana"
}
project "web" { files = ["web/*.js"] }
`)
	roster := fact.Roster{
		Roles: map[string]fact.Holders{
			"cloud-engineer": {List: []fact.Holder{{Login: "ana"}, {Login: "bo"}, {Login: "gone", To: now}}},
			"manager":        {List: []fact.Holder{{Login: "mia"}}, Gaps: []fact.Gap{{Reason: "x"}}},
		},
		People: map[string]fact.Presence{"bo": {AwayTo: now.Add(time.Hour)}},
	}
	o := survey.Owned("acme/x", p, []string{"README.md", "api/a.go", "docs/a/b.md", "docs/c.md", "web/a.js", "web/b.css", "web/sub/c.css"}, roster, now)
	if got := fmt.Sprint(o.Uncovered); got != "[{docs/ 2} {README.md 1} {web/b.css 1} {web/sub/ 1}]" {
		t.Errorf("uncovered %s", got)
	}
	if o.Files != 7 || o.Covered != 2 || fmt.Sprint(o.Leaderless) != "[{web 1}]" {
		t.Errorf("%+v", o)
	}
	var roles []string
	for _, r := range o.Roles {
		roles = append(roles, fmt.Sprintf("%s %v few=%v unknown=%q", r.Role, r.Reachable, r.Few, r.Unknown))
	}
	want := []string{
		`cloud-engineer [ana] few=true unknown=""`, `manager [mia] few=false unknown="x"`, `on-call-engineer [ana] few=true unknown=""`,
	}
	if !slices.Equal(roles, want) {
		t.Errorf("roles\n%s\nwant\n%s", strings.Join(roles, "\n"), strings.Join(want, "\n"))
	}
}

// requirement is one of a role, that ana or bo may meet.
func requirement(role string, status policy.Status, within time.Duration) policy.Requirement {
	return policy.Requirement{Kind: policy.KindRole, Role: role, Status: status, May: []string{"ana", "bo"}, Within: within}
}

func pull(number int, state string, rs ...policy.Requirement) survey.Pull {
	ref := fact.Ref{Owner: "acme", Repo: "x", Number: number}
	return survey.Pull{
		Facts:    fact.Pull{Ref: ref, State: state, Now: now, CreatedAt: now.Add(-48 * time.Hour)},
		Decision: policy.Decision{Pull: ref, Rules: []policy.RuleResult{{Name: "r", InForce: true, Require: rs}}},
	}
}

func TestWhatIsLeftToDo(t *testing.T) {
	asked := pull(1, "open", requirement("cloud", policy.Waiting, 8*time.Hour))
	asked.Facts.Requests = []fact.Request{{Login: "ana"}, {Login: "zoe"}}
	asked.Facts.RequestEvents = []fact.RequestEvent{{Login: "ana", Added: true, At: now.Add(-9 * time.Hour)}}
	fresh := pull(2, "open", requirement("cloud", policy.Waiting, 8*time.Hour))
	fresh.Facts.Requests = []fact.Request{{Login: "bo"}}
	fresh.Facts.RequestEvents = []fact.RequestEvent{{Login: "bo", Added: true, At: now.Add(-time.Hour)}}
	owes := pull(3, "merged")
	owes.Decision.Glass = &policy.Glass{By: "cy", At: now.Add(-time.Hour), Reason: "fire", Debts: []policy.Debt{{Roles: []string{"security"}, May: []string{"sam"}}, {Roles: []string{"cloud"}, Cleared: true}}}
	abandoned := owes
	abandoned.Facts.State = "closed"
	draft := pull(5, "open", requirement("cloud", policy.Waiting, 0))
	draft.Facts.Draft = true
	h := survey.Left([]survey.Pull{fresh, asked, owes, abandoned, draft, pull(4, "open", requirement("dri", policy.Stuck, 0), requirement("met", policy.Met, 0))}, now)
	line := func(ws []survey.Waiting) string {
		var out []string
		for _, w := range ws {
			out = append(out, fmt.Sprintf("%s %s %v %v", w.Pull, w.Role, w.On, w.Asked))
		}
		return strings.Join(out, "; ")
	}
	if got := line(h.Waiting); got != "acme/x#1 cloud [ana] true; acme/x#2 cloud [bo] true; acme/x#4 dri [ana bo] false" {
		t.Errorf("waiting %s", got)
	}
	if got := line(h.Overdue); got != "acme/x#1 cloud [ana] true" {
		t.Errorf("overdue %s", got)
	}
	if got := line(h.Stuck); got != "acme/x#4 dri [ana bo] false" {
		t.Errorf("stuck %s", got)
	}
	if len(h.Debts) != 1 || h.Debts[0].Owes[0] != "security" || len(h.Debts[0].Owes) != 1 {
		t.Errorf("debts %+v", h.Debts)
	}
}

func TestWhatIsOverdueGoesByTheRolesHoursAndSaysHowFarItHasCome(t *testing.T) {
	office := &fact.Hours{Timezone: "UTC", Days: [7]bool{false, true, true, true, true, true, false}, From: 9 * time.Hour, To: 17 * time.Hour}
	friday := time.Date(2026, 2, 27, 16, 0, 0, 0, time.UTC) // four working hours ago
	asked := func(number int, role string, at time.Time) survey.Pull {
		p := pull(number, "open", requirement(role, policy.Waiting, 8*time.Hour))
		p.Facts.CreatedAt = at
		p.Facts.Requests = []fact.Request{{Login: "ana"}}
		p.Facts.RequestEvents = []fact.RequestEvent{{Login: "ana", Added: true, At: at}}
		p.Facts.Roster.Roles = map[string]fact.Holders{
			"cloud":            {Hours: office, List: []fact.Holder{{Login: "ana"}, {Login: "bo"}}},
			"on-call-engineer": {OnCall: true, List: []fact.Holder{{Login: "olga"}}},
		}
		p.Facts.Now = at // of the look: time has passed since
		return p
	}
	day := 24 * time.Hour
	noOneOnCall := asked(6, "cloud", friday.Add(-3*day))
	delete(noOneOnCall.Facts.Roster.Roles, "on-call-engineer")
	draft, observed, begun := asked(7, "cloud", friday.Add(-9*day)), asked(8, "cloud", friday.Add(-9*day)), asked(9, "cloud", friday.Add(-9*day))
	draft.Facts.Draft = true
	observed.Decision.Observe = true
	begun.Facts.Reviews = []fact.Review{{Author: fact.Person{Login: "ana"}, State: fact.Commented, At: friday}}
	h := survey.Left([]survey.Pull{
		asked(1, "cloud", friday), asked(2, "always", friday), asked(3, "cloud", friday.Add(-day)), asked(4, "cloud", friday.Add(-2*day)), asked(5, "cloud", friday.Add(-3*day)),
		noOneOnCall, draft, observed, begun,
	}, now)
	got := map[string]string{}
	for _, row := range h.Tables()[1].Rows {
		got[row[0]] = row[len(row)-1]
	}
	want := map[string]string{
		"acme/x#2": "escalated to olga", "acme/x#3": "reminded", "acme/x#4": "one more asked", "acme/x#5": "escalated to olga",
		"acme/x#6": "escalated, and nobody is on call",
	}
	if !maps.Equal(got, want) {
		t.Errorf("overdue %v, want %v", got, want)
	}
}

func TestWhoCarriesWhat(t *testing.T) {
	one := pull(1, "open", requirement("cloud", policy.Waiting, 0))
	one.Facts.Roster.Roles = map[string]fact.Holders{"cloud": {List: []fact.Holder{{Login: "ana"}, {Login: "bo"}, {Login: "cy"}}}}
	one.Facts.Requests = []fact.Request{{Login: "ana"}}
	one.Facts.RequestEvents = []fact.RequestEvent{
		{Login: "ana", Added: true, At: now.Add(-time.Hour)}, {Login: "bo", Added: true, At: now.Add(-2 * time.Hour)}, {Login: "bo", At: now.Add(-time.Hour)},
		{Login: "cy", Added: true, At: now.Add(-999 * time.Hour)},
	}
	two := pull(2, "merged", requirement("cloud", policy.Met, 0))
	two.Facts.Requests = []fact.Request{{Login: "ana"}} // left over from before the merge
	two.Facts.RequestEvents = []fact.RequestEvent{{Login: "ana", Added: true, At: now.Add(-time.Hour)}}
	two.Facts.Reviews = []fact.Review{{Author: fact.Person{Login: "ana"}, At: now}, {Author: fact.Person{Login: "ci", Bot: true}, At: now}}
	// As what somebody was asked goes by why rolecall chose them, if it did.
	two.Decision.Rules[0].Require = append(two.Decision.Rules[0].Require, requirement("security", policy.Met, 0))
	two.Facts.Choices = []fact.Choice{{Login: "ana", Role: "cloud", Cause: fact.ChosenFirst}}
	l := survey.Carried([]survey.Pull{one, two}, now.Add(-24*time.Hour))
	if got := fmt.Sprintf("%+v", l.People); got != "[{Name:ana Open:1 Past:1 Reviewed:1 Roles:[cloud] People:0 Gini:0} {Name:bo Open:0 Past:1 Reviewed:0 Roles:[cloud] People:0 Gini:0} {Name:cy Open:0 Past:0 Reviewed:0 Roles:[] People:0 Gini:0}]" {
		t.Errorf("people %s", got)
	}
	if len(l.Roles) != 1 || l.Roles[0].Open != 1 || l.Roles[0].Past != 2 || l.Roles[0].People != 3 || math.Abs(l.Gini-4.0/9) > 1e-9 {
		t.Errorf("roles %+v, Gini %v", l.Roles, l.Gini)
	}
}

func TestTheGiniFigure(t *testing.T) {
	for _, tt := range []struct {
		counts []int
		want   float64
	}{{nil, 0}, {[]int{0, 0}, 0}, {[]int{3, 3, 3}, 0}, {[]int{0, 0, 0, 8}, 0.75}, {[]int{1, 3}, 0.25}} {
		if got := survey.Gini(tt.counts); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("Gini(%v) = %v, want %v", tt.counts, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		counts := rapid.SliceOfN(rapid.IntRange(0, 50), 1, 30).Draw(t, "counts")
		g := survey.Gini(counts)
		if g < 0 || g >= 1 {
			t.Fatalf("Gini(%v) = %v", counts, g)
		}
		// It is the mean difference of all pairs over twice the mean.
		diff, sum := 0, 0
		for _, a := range counts {
			sum += a
			for _, b := range counts {
				diff += max(a-b, b-a)
			}
		}
		if sum > 0 {
			if want := float64(diff) / float64(2*len(counts)*sum); math.Abs(g-want) > 1e-9 {
				t.Fatalf("Gini(%v) = %v, want %v", counts, g, want)
			}
		}
	})
}
