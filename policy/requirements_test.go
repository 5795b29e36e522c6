package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

func TestAnotherRoleStandsInOnlyWhenNobodyIsLeft(t *testing.T) {
	p := load(t, people+`
role "lonely" { members = ["@dan"] }
role "chain" {
  members   = ["@dan"]
  otherwise = "security-engineer"
}
rule "security" {
  changes = terraform.files
  require "security-engineer" {}
}
rule "lonely" {
  changes = glob("lonely")
  require "lonely" {}
}
rule "chain" {
  changes = glob("chain")
  require "chain" {}
}
rule "two" {
  changes = glob("two")
  require "security-engineer" { approvals = 2 }
}
`)
	for _, tt := range []struct {
		name, path string
		change     func(*fact.Pull)
		reviews    []fact.Review
		rule       string
		want       policy.Status
		standIn    string
		may        string
		codes      string
	}{
		{name: "somebody in the role may approve", path: "a.tf", rule: "security", want: policy.Waiting, may: "sam", codes: "approvals_missing"},
		{
			name: "a stand-in does not count beside them", path: "a.tf", rule: "security", want: policy.Waiting, may: "sam",
			reviews: []fact.Review{approve("mia", 1)}, codes: "approvals_missing",
		},
		{
			name: "the only holder is the author", path: "a.tf", rule: "security", want: policy.Waiting, standIn: "manager", may: "mia",
			change: func(p *fact.Pull) { p.Author.Login = "sam" }, codes: "nobody_left is_author stood_in approvals_missing",
		},
		{
			name: "the only holder is a contributor, and the stand-in approved", path: "a.tf", rule: "security", want: policy.Met, standIn: "manager",
			change: func(p *fact.Pull) {
				p.Commits = append(p.Commits, fact.Commit{SHA: "c", People: []fact.Person{{Login: "sam"}}})
			},
			reviews: []fact.Review{approve("mia", 1)}, codes: "nobody_left is_contributor stood_in",
		},
		{
			name: "the team could not be read: nobody stands in", path: "a.tf", rule: "security", want: policy.Stuck,
			change:  func(p *fact.Pull) { p.Roster = roster(load(t, people), map[string][]string{"acme/cloud": {"ana"}}) },
			reviews: []fact.Review{approve("mia", 1), approve("sam", 2)}, codes: "holders_unknown approvals_missing",
		},
		{
			name: "the roster lacks the role", path: "a.tf", rule: "security", want: policy.Stuck,
			change:  func(p *fact.Pull) { delete(p.Roster.Roles, "security-engineer") },
			reviews: []fact.Review{approve("sam", 1)}, codes: "holders_unknown approvals_missing",
		},
		{
			name: "part of the role could not be read: who is known counts", path: "a.tf", rule: "security", want: policy.Met,
			change: func(p *fact.Pull) {
				p.Roster.Roles["security-engineer"] = fact.Holders{List: []fact.Holder{{Login: "sam"}}, Gaps: []fact.Gap{{Reason: "x"}}}
			},
			reviews: []fact.Review{approve("sam", 1)}, codes: "holders_unknown",
		},
		{
			name: "part of the role could not be read: who requests changes may hold it", path: "a.tf", rule: "security", want: policy.Refused, may: "",
			change: func(p *fact.Pull) {
				p.Roster.Roles["security-engineer"] = fact.Holders{List: []fact.Holder{{Login: "sam"}}, Gaps: []fact.Gap{{Reason: "x"}}}
			},
			reviews: []fact.Review{approve("sam", 1), review("eve", fact.ChangesRequested, 2, "head")}, codes: "holders_unknown changes_may_be_requested",
		},
		{name: "nobody is left and nobody stands in", path: "lonely", rule: "lonely", want: policy.Stuck, codes: "nobody_left is_author approvals_missing"},
		{
			name: "a stand-in's own stand-in", path: "chain", rule: "chain", want: policy.Waiting, standIn: "manager", may: "mia",
			change: func(p *fact.Pull) { p.Roster.Roles["security-engineer"] = fact.Holders{} },
			codes:  "nobody_left is_author stood_in nobody_holds stood_in approvals_missing",
		},
		{
			name: "a stand-in for a stand-in is not needed", path: "chain", rule: "chain", want: policy.Waiting, standIn: "security-engineer", may: "sam",
			codes: "nobody_left is_author stood_in approvals_missing",
		},
		{
			name: "more approvals than people", path: "two", rule: "two", want: policy.Stuck, may: "sam",
			codes: "approvals_missing too_few_people",
		},
		{
			name: "changes requested by a stand-in block", path: "a.tf", rule: "security", want: policy.Refused, standIn: "manager", may: "mia",
			change:  func(p *fact.Pull) { p.Author.Login = "sam" },
			reviews: []fact.Review{review("mia", fact.ChangesRequested, 1, "head")},
			codes:   "nobody_left is_author stood_in changes_are_requested approvals_missing",
		},
		{
			name: "changes requested by who might have stood in do not", path: "a.tf", rule: "security", want: policy.Met,
			reviews: []fact.Review{review("mia", fact.ChangesRequested, 1, "head"), approve("sam", 2)},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pull := change(p, file(tt.path, "b"))
			if tt.change != nil {
				tt.change(&pull)
			}
			pull.Reviews = tt.reviews
			d := p.Evaluate(pull)
			wantStatus(t, d, tt.want)
			got := rule(t, d, tt.rule).Require[0]
			if got.StandIn != tt.standIn || strings.Join(got.May, " ") != tt.may || codes(got.Reasons) != tt.codes {
				t.Errorf("stand-in %q, may %v, reasons %q; want %q, %q, %q\n%s", got.StandIn, got.May, codes(got.Reasons), tt.standIn, tt.may, tt.codes, describe(d))
			}
		})
	}
}

func TestOnePersonMeetsSeveralRequirementsUnlessTheRuleIsDistinct(t *testing.T) {
	const roles = `
policy { keepers = ["a"] }
role "a" { members = ["@ann", "@abe", "@both"] }
role "b" { members = ["@bob", "@both"] }
role "c" { members = ["@cat"] }
`
	for _, tt := range []struct {
		name, body string
		approvals  []string
		want       policy.Status
		codes      string // of the rule, after why it is in force
	}{
		{"one person for both", "require \"a\" {}\nrequire \"b\" {}", []string{"both"}, policy.Met, ""},
		{"distinct: one person for both", "distinct = true\nrequire \"a\" {}\nrequire \"b\" {}", []string{"both"}, policy.Waiting, ""},
		{"distinct: two people", "distinct = true\nrequire \"a\" {}\nrequire \"b\" {}", []string{"both", "ann"}, policy.Met, ""},
		{"distinct: two people, either way round", "distinct = true\nrequire \"b\" {}\nrequire \"a\" {}", []string{"ann", "both"}, policy.Met, ""},
		{"distinct: two of one role", "distinct = true\nrequire \"a\" {}\nrequire \"b\" {}", []string{"ann", "abe"}, policy.Waiting, ""},
		{"distinct: three of one role and one of the other", "distinct = true\nrequire \"a\" { approvals = 3 }\nrequire \"b\" {}", []string{"ann", "abe", "both"}, policy.Waiting, ""},
		{"distinct: all of them", "distinct = true\nrequire \"a\" { approvals = 3 }\nrequire \"b\" {}", []string{"ann", "abe", "both", "bob"}, policy.Met, ""},
		{"distinct: never enough people", "distinct = true\nrequire \"a\" { approvals = 3 }\nrequire \"b\" { approvals = 2 }", nil, policy.Stuck, "too_few_distinct"},
		{"distinct: an alternative that leaves room", "distinct = true\nany {\nrequire \"b\" {}\nrequire \"c\" {}\n}\nrequire \"a\" {}", []string{"both", "cat"}, policy.Met, ""},
		{"distinct: no alternative leaves room", "distinct = true\nany {\nrequire \"b\" {}\nrequire \"c\" {}\n}\nrequire \"a\" {}", []string{"both"}, policy.Waiting, ""},
		{"any: the first", "any {\nrequire \"b\" {}\nrequire \"c\" {}\n}", []string{"bob"}, policy.Met, ""},
		{"any: the last", "any {\nrequire \"b\" {}\nrequire \"c\" {}\n}", []string{"cat"}, policy.Met, ""},
		{"any: none", "any {\nrequire \"b\" {}\nrequire \"c\" {}\n}", []string{"ann"}, policy.Waiting, ""},
		{"any of all: half of each", "any {\nall {\nrequire \"a\" {}\nrequire \"c\" {}\n}\nrequire \"b\" {}\n}", []string{"ann"}, policy.Waiting, ""},
		{"any of all: one whole", "any {\nall {\nrequire \"a\" {}\nrequire \"c\" {}\n}\nrequire \"b\" {}\n}", []string{"ann", "cat"}, policy.Met, ""},
		{"approvals: one of two", "require \"a\" { approvals = 2 }", []string{"ann"}, policy.Waiting, ""},
		{"approvals: two of two", "require \"a\" { approvals = 2 }", []string{"ann", "both"}, policy.Met, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := load(t, roles+"rule \"r\" {\n"+tt.body+"\n}")
			pull := change(p, file("x", "b"))
			for i, by := range tt.approvals {
				pull.Reviews = append(pull.Reviews, approve(by, i+1))
			}
			d := p.Evaluate(pull)
			wantStatus(t, d, tt.want)
			if got := codes(rule(t, d, "r").Reasons); strings.TrimSpace(strings.TrimPrefix(got, "no_changes_clause")) != tt.codes {
				t.Errorf("reasons of the rule: %q, want %q", got, tt.codes)
			}
		})
	}
}

// Of a role whose holders cannot be read nobody can say that they are too few.
func TestADistinctRuleOfUnknownHoldersDoesNotCallForMorePeople(t *testing.T) {
	const roles = `
policy { keepers = ["a"] }
role "a" { members = ["@ann"] }
role "b" { members = ["@acme/b"] }
rule "r" {
  %s
  require "a" {}
  require "b" {}
}`
	var statuses []policy.Status
	for _, distinct := range []string{"distinct = true", ""} {
		p := load(t, fmt.Sprintf(roles, distinct))
		pull := change(p, file("x", "b"))
		pull.Roster = roster(p, map[string][]string{}) // GitHub hides the team
		d := p.Evaluate(pull)
		r := rule(t, d, "r")
		if strings.Contains(codes(r.Reasons), "too_few") || !strings.Contains(codes(r.Require[1].Reasons), "holders_unknown") {
			t.Errorf("%q: the rule says %s, the role %s", distinct, codes(r.Reasons), codes(r.Require[1].Reasons))
		}
		if r.Status == policy.Met || r.Status == policy.Idle {
			t.Errorf("%q: the rule is %s", distinct, r.Status)
		}
		statuses = append(statuses, r.Status)
	}
	if statuses[0] != statuses[1] {
		t.Errorf("distinct or not the rule waits for the same: %v", statuses)
	}
}

func TestADistinctRuleAsksWhoCanStillHelp(t *testing.T) {
	p := load(t, `
policy { keepers = ["a"] }
role "a" { members = ["@both", "@ann"] }
role "b" { members = ["@both"] }
rule "r" {
  distinct = true
  require "a" {}
  require "b" {}
}`)
	pull := change(p, file("x", "b"))
	pull.Reviews = []fact.Review{approve("both", 1)}
	d := p.Evaluate(pull)
	wantStatus(t, d, policy.Waiting)
	r := rule(t, d, "r")
	if a, b := r.Require[0], r.Require[1]; b.Status != policy.Met || a.Status != policy.Waiting || !slices.Equal(a.May, []string{"ann"}) {
		t.Errorf("only ann can complete it\n%s", describe(d))
	}
}

func TestAlternativesThatAreNotNeededAskNobody(t *testing.T) {
	p := load(t, people+`
rule "r" {
  any {
    require "cloud-engineer" {}
    require "security-engineer" {}
  }
}`)
	pull := change(p, file("x", "b"))
	pull.Reviews = []fact.Review{approve("ana", 1)}
	d := p.Evaluate(pull)
	wantStatus(t, d, policy.Met)
	if got := rule(t, d, "r").Require[0].Children[1]; got.Status != policy.Idle || !strings.Contains(codes(got.Reasons), "alternative_chosen") {
		t.Errorf("the other alternative: %s %s", got.Status, codes(got.Reasons))
	}
	pull.Reviews = append(pull.Reviews, review("sam", fact.ChangesRequested, 2, "head"))
	wantStatus(t, p.Evaluate(pull), policy.Refused)
}

const rotation = `
policy { keepers = ["on-call"] }
role "on-call" {
  rotation {
    start  = "2026-03-02T00:00:00Z"
    length = "6h"
    order  = ["@ana", "@bo", "@cy"]
  }
}
rule "r" {
  require "on-call" {}
}`

func TestAHandOverUndoesNothing(t *testing.T) {
	p := load(t, rotation) // ana to 06:00, bo to 12:00, cy from noon
	for _, tt := range []struct {
		name    string
		by      string
		at      time.Time
		want    policy.Status
		because string
	}{
		{"approved a minute before the hand-over", "bo", noon.Add(-time.Minute), policy.Met, ""},
		{"approved at the hand-over", "bo", noon, policy.Waiting, "review_out_of_turn"},
		{"approved before being on call", "cy", noon.Add(-time.Minute), policy.Waiting, "review_out_of_turn"},
		{"approved as the turn began", "cy", noon, policy.Met, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pull := change(p, file("x", "b"))
			r := approve(tt.by, 1)
			r.At = tt.at
			pull.Reviews = []fact.Review{r}
			d := p.Evaluate(pull)
			wantStatus(t, d, tt.want)
			if got := verdict(d, 1); got != tt.because {
				t.Errorf("verdict %q, want %q", got, tt.because)
			}
			// A decision that is met stays met, and says other things of who may
			// approve once somebody else is on call.
			if want := noon.Add(6 * time.Hour); !d.ValidUntil.Equal(want) {
				t.Errorf("valid until %v, want the end of the turn, %v", d.ValidUntil, want)
			}
		})
	}
}

// The approval of whoever was on call goes on counting, and it is said that
// nobody who is on call now may approve.
func TestWhatIsSaidOfARequirementThatIsMetIsValidUntilTheNextHandOver(t *testing.T) {
	p := load(t, rotation)
	pull := change(p, file("x", "b"))
	pull.Author = fact.Person{Login: "cy"} // who is on call from noon
	pull.Reviews = []fact.Review{approve("bo", 1)}
	pull.Reviews[0].At = noon.Add(-time.Minute)
	for _, tt := range []struct {
		now, until time.Time
		left       bool // somebody who is on call may approve
	}{{noon.Add(-time.Minute), noon, true}, {noon, noon.Add(6 * time.Hour), false}} {
		pull.Now = tt.now
		d := p.Evaluate(pull)
		wantStatus(t, d, policy.Met)
		if got := codes(rule(t, d, "r").Require[0].Reasons); strings.Contains(got, "nobody_left") == tt.left {
			t.Errorf("at %v: %q", tt.now, got)
		}
		if !d.ValidUntil.Equal(tt.until) {
			t.Errorf("at %v it is valid until %v, want the end of the turn, %v", tt.now, d.ValidUntil, tt.until)
		}
	}
}

func TestADecisionIsValidUntilTimeAloneMayChangeIt(t *testing.T) {
	p := load(t, rotation)
	pull := change(p, file("x", "b"))
	if got, want := p.Evaluate(pull).ValidUntil, noon.Add(6*time.Hour); !got.Equal(want) {
		t.Errorf("waiting for who is on call: %v, want the end of the turn, %v", got, want)
	}
	p = load(t, people+`
rule "freeze" {
  when = hours("2026-03-02T13:00:00Z", now) >= 0
  require "manager" {}
}`)
	pull = change(p, file("x", "b"))
	pull.Now = noon.Add(10 * time.Minute)
	d := p.Evaluate(pull)
	wantStatus(t, d, policy.Met)
	if want := noon.Add(time.Hour); !d.ValidUntil.Equal(want) {
		t.Errorf("a rule asks for the time: %v, want the next hour, %v", d.ValidUntil, want)
	}
	if got := load(t, goRule).Evaluate(change(load(t, goRule), file("a.go", "b"))).ValidUntil; !got.IsZero() {
		t.Errorf("nothing here changes with time, and it is valid until %v", got)
	}
}

func TestThePolicyItselfNeedsEachOfItsKeepers(t *testing.T) {
	const repo = `
policy { keepers = ["manager", "security-engineer"] }
role "manager" { members = ["@mia"] }
role "security-engineer" { members = ["@sam"] }
`
	const floor = `
policy {
  keepers = ["ciso"]
  floor   = true
}
role "ciso" { members = ["@chi"] }
`
	both := []string{"manager", "security-engineer"}
	for _, tt := range []struct {
		name   string
		floor  bool
		repo   string
		file   fact.File
		gap    *fact.Gap
		needed []string
	}{
		{name: "the policy file", file: file(".github/rolecall.hcl", "b"), needed: both},
		{name: "its tests", file: file(".github/go.rolecall_test.hcl", "b"), needed: both},
		{name: "the policy file, moved away", needed: both, file: fact.File{Path: "x", PreviousPath: ".github/rolecall.hcl", Status: fact.Renamed}},
		{name: "the policy file, removed", needed: both, file: fact.File{Path: ".github/rolecall.hcl", Status: fact.Removed}},
		{name: "a copy of it elsewhere", file: fact.File{Path: "x", PreviousPath: ".github/rolecall.hcl", Status: fact.Copied}},
		{name: "another file", file: file(".github/CODEOWNERS", "b")},
		{name: "a file of that name elsewhere", file: file("docs/rolecall.hcl", "b")},
		{name: "the organisation's name for it, in another repository", file: file("rolecall.hcl", "b")},
		{name: "the organisation's file without a floor", repo: ".github", file: file("rolecall.hcl", "b"), needed: both},
		{name: "files that nobody could list", file: file("x", "b"), gap: &fact.Gap{About: fact.AboutFiles, Reason: "too many"}, needed: both},
		{name: "the policy file, unread", file: file("x", "b"), gap: &fact.Gap{Paths: []string{".github/rolecall.hcl"}, Reason: "odd"}, needed: both},
		{name: "the repository's file beside a floor", floor: true, file: file(".github/rolecall.hcl", "b"), needed: both},
		{name: "the floor in its own repository", floor: true, repo: ".github", file: file("rolecall.hcl", "b"), needed: []string{"ciso"}},
		{name: "the floor's tests", floor: true, repo: ".github", file: file("a.rolecall_test.hcl", "b"), needed: []string{"ciso"}},
		{name: "the repository's file in the floor's repository", floor: true, repo: ".github", file: file(".github/rolecall.hcl", "b"), needed: both},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := load(t, repo)
			if tt.floor {
				p = loadBoth(t, floor, repo)
			}
			pull := change(p, tt.file)
			if tt.repo != "" {
				pull.Repo = tt.repo
			}
			if tt.gap != nil {
				pull.Gaps = []fact.Gap{*tt.gap}
			}
			d := p.Evaluate(pull)
			var needed []string
			for _, r := range d.Rules {
				if r.Name != policy.KeepersRule {
					t.Fatalf("rule %q", r.Name)
				}
				for _, l := range leaves(r.Require) {
					needed = append(needed, l.Role)
				}
			}
			if !slices.Equal(needed, tt.needed) {
				t.Errorf("needed %v, want %v\n%s", needed, tt.needed, describe(d))
			}
			want := policy.Met
			if tt.needed != nil {
				want = policy.Waiting
			}
			wantStatus(t, d, want)
		})
	}
}

func TestAFloorIsMetByItself(t *testing.T) {
	const floor = `
policy {
  keepers = ["ciso"]
  floor   = true
}
role "ciso" { members = ["@chi"] }
rule "floor" {
  changes = files
  require "ciso" {}
}
`
	const repo = `
policy {
  keepers = ["dev"]
  mode    = "MODE"
}
role "dev" { members = ["@ana"] }
rule "own" {
  changes = files
  require "dev" {}
}
`
	enforcing := loadBoth(t, floor, strings.ReplaceAll(repo, "MODE", "enforce"))
	observing := loadBoth(t, floor, strings.ReplaceAll(repo, "MODE", "observe"))
	for _, tt := range []struct {
		name      string
		policy    *policy.Policy
		approvals []string
		want      policy.Status
	}{
		{"neither is met", enforcing, nil, policy.Waiting},
		{"the floor alone is met", enforcing, []string{"chi"}, policy.Waiting},
		{"the repository's alone is met", enforcing, []string{"ana"}, policy.Waiting},
		{"both are met", enforcing, []string{"ana", "chi"}, policy.Met},
		{"the repository's only observes", observing, []string{"chi"}, policy.Met},
		{"a repository that observes lets nothing through the floor", observing, []string{"ana"}, policy.Waiting},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pull := change(tt.policy, file("x", "b"))
			for i, by := range tt.approvals {
				pull.Reviews = append(pull.Reviews, approve(by, i+1))
			}
			d := tt.policy.Evaluate(pull)
			wantStatus(t, d, tt.want)
			if d.Observe {
				t.Error("a floor that enforces is no observing decision")
			}
			if !d.Rules[0].Floor || d.Rules[0].Name != "floor" || !d.Policy[0].Floor {
				t.Error("the floor comes first")
			}
		})
	}
}

func TestObservingDecidesAndSaysSo(t *testing.T) {
	p := load(t, strings.Replace(goRule, "policy { keepers = [\"manager\"] }", "policy {\nkeepers = [\"manager\"]\nmode = \"observe\"\n}", 1))
	d := p.Evaluate(change(p, file("main.go", "b")))
	wantStatus(t, d, policy.Waiting)
	if !d.Observe || !strings.Contains(codes(d.Notes), "observed") {
		t.Errorf("observe is %v, notes %s", d.Observe, codes(d.Notes))
	}
}

func TestAdviceNeverBlocksNorCovers(t *testing.T) {
	p := load(t, people+`
rule "advice" {
  advice  = true
  changes = files
  require "security-engineer" {}
}
rule "everything else" {
  changes = uncovered.files
  require "cloud-engineer" {}
}`)
	pull := change(p, file("x", "b"))
	wantStatus(t, p.Evaluate(pull), policy.Waiting)
	pull.Reviews = []fact.Review{approve("ana", 1)}
	wantStatus(t, p.Evaluate(pull), policy.Met)
}

func TestUncoveredFilesAreThoseOfNoOtherRule(t *testing.T) {
	p := load(t, people+`
rule "everything else" {
  changes = uncovered.files
  require "cloud-engineer" {}
}
rule "infra" {
  changes = terraform.files
  require "security-engineer" {}
}`)
	for _, tt := range []struct {
		path string
		want bool
	}{{"a.tf", false}, {"a.txt", true}, {policy.RepoPath, false}} {
		d := p.Evaluate(change(p, file(tt.path, "b")))
		if got := rule(t, d, "everything else").InForce; got != tt.want {
			t.Errorf("%s: in force is %v", tt.path, got)
		}
	}
}

func TestNothingRequiredIsMetAndSaysSo(t *testing.T) {
	p := load(t, goRule)
	d := p.Evaluate(change(p, file("README", "b")))
	wantStatus(t, d, policy.Met)
	if codes(d.Notes) != "no_rule_asks" {
		t.Errorf("notes %s", codes(d.Notes))
	}
}

func TestABrokenPolicyLetsNothingThrough(t *testing.T) {
	pull := change(load(t, goRule), file("main.go", "b"))
	pull.Reviews = []fact.Review{approve("ana", 1)}
	say(&pull, "member", command("ana", "/help", 2))
	diags := []policy.Diagnostic{{Severity: "error", Summary: "x"}}
	d := policy.BrokenDecision(pull, "rolecall: main", []policy.SourceRef{{Name: policy.RepoPath}}, diags)
	wantStatus(t, d, policy.Broken)
	if len(d.Diagnostics) != 1 || len(d.Reviews) != 1 || len(d.Commands) != 1 || d.Commands[0].Accepted || d.Check != "rolecall: main" || d.Head != "head" {
		t.Errorf("%+v", d)
	}
}
