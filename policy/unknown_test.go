package policy_test

import (
	"strings"
	"testing"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Where it cannot be told who the DRI is, whoever it may be does not count.
func TestADoubtfulCommandLeavesNobodyAsDRI(t *testing.T) {
	open := strings.Replace(projects, `require "dri" {}`, "require \"dri\" { allow = [\"contributor\"] }", 1)
	for _, tt := range []struct {
		name   string
		change func(*fact.Pull)
	}{
		{"comments may be missing", func(p *fact.Pull) {
			p.Commands, p.Gaps = nil, []fact.Gap{{About: fact.AboutComments, Reason: "x"}}
		}},
		{"commits may be missing", func(p *fact.Pull) {
			p.Gaps = []fact.Gap{{About: fact.AboutCommits, Reason: "x"}}
		}},
		{"whether its author is a manager cannot be read", func(p *fact.Pull) {
			p.Roster.Roles["manager"] = fact.Holders{Gaps: []fact.Gap{{Reason: "x"}}}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := load(t, open)
			pull := change(p, file("api/a", "b"))
			pull.Reviews = []fact.Review{approve("ana", 1)}
			wantStatus(t, p.Evaluate(pull), policy.Met)
			say(&pull, "member", command("mia", "/assign-dri @bo", 2))
			wantStatus(t, p.Evaluate(pull), policy.Waiting)
			tt.change(&pull)
			d := p.Evaluate(pull)
			wantStatus(t, d, policy.Stuck)
			if got := codes(rule(t, d, "project").Require[0].Reasons); !strings.HasPrefix(got, "holders_unknown") {
				t.Errorf("reasons %q", got)
			}
		})
	}
}

func TestARequestForSecurityMayBeInAMissingComment(t *testing.T) {
	p := load(t, people+`
rule "security" {
  when = label("security")
  require "security-engineer" {}
}`)
	pull := change(p, file("x", "b"))
	wantStatus(t, p.Evaluate(pull), policy.Met)
	pull.Gaps = []fact.Gap{{About: fact.AboutComments, Reason: "x"}}
	wantStatus(t, p.Evaluate(pull), policy.Waiting)
}

func TestAnOlderApprovalCannotStandOverFilesThatNobodyListed(t *testing.T) {
	p := load(t, people+`
rule "all" {
  require "manager" {}
}`)
	pull := change(p, file("x", "b"))
	pull.Snapshots = map[string]fact.Snapshot{"old": snapshot(map[string][2]string{"x": {"b", "base"}})}
	pull.Reviews = []fact.Review{review("mia", fact.Approved, 1, "old")}
	wantStatus(t, p.Evaluate(pull), policy.Met)
	pull.Gaps = []fact.Gap{{About: fact.AboutFiles, Reason: "GitHub lists 3,000 of its 4,120 changed files"}}
	wantStatus(t, p.Evaluate(pull), policy.Waiting)
	pull.Reviews = append(pull.Reviews, approve("mia", 2))
	wantStatus(t, p.Evaluate(pull), policy.Met)
}

func TestAnUnknownEntryIsNotAnAbsentOne(t *testing.T) {
	p := load(t, goRule)
	pull := change(p, file("main.go", "b"))
	pull.Files[0].Head = fact.Unknown[fact.Entry]("not read")
	pull.Snapshots = map[string]fact.Snapshot{"old": snapshot(map[string][2]string{"main.go": {"", "base"}})}
	pull.Reviews = []fact.Review{review("ana", fact.Approved, 1, "old")}
	wantStatus(t, p.Evaluate(pull), policy.Waiting)
}

func TestARuleAsksOnlyTheDRIsOfItsOwnFiles(t *testing.T) {
	p := load(t, projects+`
rule "go" {
  changes = go.files
  require "dri" {}
}`)
	d := p.Evaluate(change(p, file("api/a.go", "b"), file("web/w.txt", "b")))
	if got := rule(t, d, "go").Require; len(got) != 1 || got[0].Project != "api" {
		t.Errorf("requirements %+v", got)
	}
}

func TestAReviewIsListedOnceForARoleOfSeveralAlternatives(t *testing.T) {
	p := load(t, people+`
rule "r" {
  any {
    all {
      require "cloud-engineer" {}
      require "manager" {}
    }
    all {
      require "cloud-engineer" {}
      require "security-engineer" {}
    }
  }
}`)
	pull := change(p, file("x", "b"))
	pull.Reviews = []fact.Review{approve("ana", 1)}
	if got := p.Evaluate(pull).Reviews[0].Counts; len(got) != 1 {
		t.Errorf("counts %+v", got)
	}
}

func TestRequestedChangesBlockByTheTurnThenAndTheTurnNow(t *testing.T) {
	p := load(t, rotation) // bo until noon, cy from then
	for _, by := range []string{"bo", "cy"} {
		pull := change(p, file("x", "b"))
		r := review(by, fact.ChangesRequested, 1, "head")
		r.At = noon.Add(-1)
		pull.Reviews = []fact.Review{r}
		wantStatus(t, p.Evaluate(pull), policy.Refused)
	}
}
