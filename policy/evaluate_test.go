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

// The people of these tests: dan writes, ana and bo are Cloud Engineers, sam
// is the Security Engineer, mia the manager.
const people = `
policy { keepers = ["manager"] }
role "cloud-engineer" {
  title   = "Cloud Engineer"
  members = ["@acme/cloud"]
}
role "security-engineer" {
  members   = ["@acme/security"]
  otherwise = "manager"
}
role "manager" { members = ["@mia"] }
`

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes-600) * time.Minute) }

func load(t testing.TB, text string) *policy.Policy {
	t.Helper()
	p, diags := policy.Load(nil, &policy.Source{Name: policy.RepoPath, Bytes: []byte(text)})
	return loaded(t, p, diags)
}

func loadBoth(t testing.TB, floor, repo string) *policy.Policy {
	t.Helper()
	p, diags := policy.Load(&policy.Source{Name: "acme/.github: " + policy.FloorPath, Bytes: []byte(floor)},
		&policy.Source{Name: policy.RepoPath, Bytes: []byte(repo)})
	return loaded(t, p, diags)
}

func loaded(t testing.TB, p *policy.Policy, diags []policy.Diagnostic) *policy.Policy {
	t.Helper()
	if p == nil || policy.HasErrors(diags) {
		var b strings.Builder
		_ = policy.FormatDiagnostics(&b, diags, false)
		t.Fatalf("policy does not load:\n%s", b.String())
	}
	return p
}

var teams = map[string][]string{"acme/cloud": {"ana", "bo"}, "acme/security": {"sam"}}

// roster gives every role its people and teams.
func roster(p *policy.Policy, teams map[string][]string) fact.Roster {
	r := fact.Roster{Roles: map[string]fact.Holders{}}
	for _, def := range p.Roles() {
		if def.Name == "dri" {
			continue
		}
		var h fact.Holders
		for _, login := range def.People {
			h.List = append(h.List, fact.Holder{Login: login, Via: "policy"})
		}
		for _, team := range def.Teams {
			members, ok := teams[team]
			if !ok {
				h.Gaps = append(h.Gaps, fact.Gap{Reason: "the team " + team + " is hidden"})
			}
			for _, login := range members {
				h.List = append(h.List, fact.Holder{Login: login, Via: "@" + team})
			}
		}
		if rot := def.Rotation; rot != nil {
			for i, login := range rot.Order {
				from := rot.Start.Add(time.Duration(i) * rot.Length)
				h.List = append(h.List, fact.Holder{Login: login, From: from, To: from.Add(rot.Length), Via: "rotation"})
			}
		}
		r.Roles[def.Key()] = h
	}
	return r
}

func entry(blob string) fact.Maybe[fact.Entry] {
	return fact.Known(fact.Entry{Mode: "100644", Blob: blob})
}

// file is a modified file whose blob at the head is named.
func file(path, head string) fact.File {
	return fact.File{Path: path, Status: fact.Modified, Base: entry("base"), Head: entry(head), Patch: fact.Known("patch " + head)}
}

// change is a pull request of dan's with one commit.
func change(p *policy.Policy, files ...fact.File) fact.Pull {
	pull := fact.Pull{
		Ref: fact.Ref{Owner: "acme", Repo: "infra", Number: 7}, Now: noon,
		Author: fact.Person{Login: "dan"}, State: "open", DefaultBranch: "main", MergeBase: "mb",
		Base: fact.Branch{Ref: "main", SHA: "base"}, Head: fact.Branch{Ref: "topic", SHA: "head"},
		Commits: []fact.Commit{{SHA: "head", People: []fact.Person{{Login: "dan"}}}},
		Files:   files, Roster: roster(p, teams),
	}
	for _, f := range files {
		switch {
		case strings.HasSuffix(f.Path, ".go"):
			pull.Findings.Go.Files = append(pull.Findings.Go.Files, f.Paths()...)
		case strings.HasSuffix(f.Path, ".tf"):
			pull.Findings.Terraform.Files = append(pull.Findings.Terraform.Files, f.Paths()...)
		}
	}
	return pull
}

func review(by, state string, minute int, commit string) fact.Review {
	return fact.Review{
		ID: int64(minute), Author: fact.Person{Login: by}, State: state, At: at(minute), Commit: commit, Delivered: commit,
	}
}

func approve(by string, minute int) fact.Review { return review(by, fact.Approved, minute, "head") }

func command(by, text string, minute int) fact.Command {
	words := strings.Fields(strings.TrimPrefix(text, "/"))
	return fact.Command{Name: words[0], Args: words[1:], Text: text, Line: 1, By: fact.Person{Login: by}, At: at(minute), Comment: int64(minute)}
}

func say(pull *fact.Pull, access string, c fact.Command) {
	pull.Comments = append(pull.Comments, fact.Comment{ID: c.Comment, Author: c.By, Body: c.Text, At: c.At, Access: access})
	pull.Commands = append(pull.Commands, c)
}

func rule(t testing.TB, d policy.Decision, name string) policy.RuleResult {
	t.Helper()
	for _, r := range d.Rules {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("the decision has no rule %q", name)
	return policy.RuleResult{}
}

// leaves lists every role requirement of a rule.
func leaves(rs []policy.Requirement) []policy.Requirement {
	var out []policy.Requirement
	for _, r := range rs {
		if r.Kind == policy.KindRole {
			out = append(out, r)
		}
		out = append(out, leaves(r.Children)...)
	}
	return out
}

func codes(rs []policy.Reason) string {
	var out []string
	for _, r := range rs {
		out = append(out, string(r.Code))
	}
	return strings.Join(out, " ")
}

func describe(d policy.Decision) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s notes=%s\n", d.Status, codes(d.Notes))
	for _, r := range d.Rules {
		fmt.Fprintf(&b, "  rule %s %s [%s] scope=%v\n", r.Name, r.Status, codes(r.Reasons), r.Scope)
		for _, l := range leaves(r.Require) {
			fmt.Fprintf(&b, "    %s/%s %s stand-in=%q counted=%v may=%v blockers=%v [%s]\n", l.Role, l.Project, l.Status, l.StandIn, l.Counted, l.May, l.Blockers, codes(l.Reasons))
		}
	}
	for _, v := range d.Reviews {
		fmt.Fprintf(&b, "  review %d %s %s counts=%v [%s]\n", v.Review, v.By, v.State, v.Counts, codes(v.Reasons))
	}
	for _, c := range d.Commands {
		fmt.Fprintf(&b, "  command %q accepted=%v %v\n", c.Command.Text, c.Accepted, c.Reasons)
	}
	return b.String()
}

func wantStatus(t testing.TB, d policy.Decision, want policy.Status) {
	t.Helper()
	if d.Status != want {
		t.Errorf("status is %s, want %s\n%s", d.Status, want, describe(d))
	}
}

// verdict returns the codes of why the review of that minute does not count.
func verdict(d policy.Decision, minute int64) string {
	i := slices.IndexFunc(d.Reviews, func(v policy.ReviewVerdict) bool { return v.Review == minute })
	return codes(d.Reviews[i].Reasons)
}

const goRule = people + `
rule "go" {
  changes = go.files
  require "cloud-engineer" {}
}
`

func TestAnApprovalCountsOnlyForWhomAndWhatItIs(t *testing.T) {
	p := load(t, goRule)
	bot := fact.Person{Login: "ana", Bot: true}
	for _, tt := range []struct {
		name    string
		reviews []fact.Review
		change  func(*fact.Pull)
		want    policy.Status
		because string // codes of the first review's verdict
	}{
		{name: "nobody has reviewed", want: policy.Waiting},
		{name: "a holder of the role approved", reviews: []fact.Review{approve("ana", 1)}, want: policy.Met},
		{name: "somebody without the role approved", reviews: []fact.Review{approve("eve", 1)}, want: policy.Waiting, because: "review_holds_nothing"},
		{name: "the author approved", reviews: []fact.Review{approve("dan", 1)}, want: policy.Waiting, because: "is_author"},
		{
			name: "the author holds the role and approved", reviews: []fact.Review{approve("ana", 1)}, want: policy.Waiting, because: "is_author",
			change: func(p *fact.Pull) { p.Author.Login = "ana" },
		},
		{
			name: "a co-author approved", reviews: []fact.Review{approve("ana", 1)}, want: policy.Waiting, because: "is_contributor",
			change: func(p *fact.Pull) {
				p.Commits = append(p.Commits, fact.Commit{SHA: "side", People: []fact.Person{{Login: "dan"}, {Login: "ana"}}})
			},
		},
		{
			name: "a contributor by a verified clean merge of the base approved", reviews: []fact.Review{approve("ana", 1)}, want: policy.Met,
			change: func(p *fact.Pull) {
				p.Commits = append(p.Commits, fact.Commit{SHA: "m", People: []fact.Person{{Login: "ana"}}, CleanMerge: true})
			},
		},
		{
			name: "a merge that was resolved by hand makes a contributor", reviews: []fact.Review{approve("ana", 1)}, want: policy.Waiting, because: "is_contributor",
			change: func(p *fact.Pull) {
				p.Commits = append(p.Commits, fact.Commit{SHA: "m", People: []fact.Person{{Login: "ana"}}})
			},
		},
		{
			name: "the last pusher approved", reviews: []fact.Review{approve("ana", 1)}, want: policy.Waiting, because: "is_pusher",
			change: func(p *fact.Pull) { p.Pusher = fact.Person{Login: "ana"} },
		},
		{
			name: "a bot approved", reviews: []fact.Review{{ID: 1, Author: bot, State: fact.Approved, At: at(1), Commit: "head"}},
			want: policy.Waiting, because: "is_bot",
		},
		{
			name: "an account that is gone approved", reviews: []fact.Review{{ID: 1, State: fact.Approved, At: at(1), Commit: "head"}},
			want: policy.Waiting, because: "no_account",
		},
		{
			name: "who approved has left the team", reviews: []fact.Review{approve("ana", 1)}, want: policy.Waiting, because: "review_holds_nothing",
			change: func(p *fact.Pull) {
				p.Roster.Roles["cloud-engineer"] = fact.Holders{List: []fact.Holder{{Login: "bo"}}}
			},
		},
		{name: "an approval was dismissed", reviews: []fact.Review{review("ana", fact.Dismissed, 1, "head")}, want: policy.Waiting, because: "review_dismissed"},
		{
			name: "the later of two approvals was dismissed", want: policy.Waiting, because: "review_overtaken",
			reviews: []fact.Review{approve("ana", 1), review("ana", fact.Dismissed, 2, "head")},
		},
		{
			name: "an approval after a dismissed one", want: policy.Met, because: "review_dismissed",
			reviews: []fact.Review{review("ana", fact.Dismissed, 1, "head"), approve("ana", 2)},
		},
		{
			name: "changes were requested after an approval", want: policy.Refused, because: "review_overtaken",
			reviews: []fact.Review{approve("ana", 1), review("ana", fact.ChangesRequested, 2, "head")},
		},
		{
			name: "an approval after changes were requested", want: policy.Met, because: "review_overtaken",
			reviews: []fact.Review{review("ana", fact.ChangesRequested, 1, "head"), approve("ana", 2)},
		},
		{
			name: "requested changes were dismissed", want: policy.Waiting, because: "review_dismissed",
			reviews: []fact.Review{review("ana", fact.Dismissed, 1, "head")},
		},
		{
			name: "another holder's approval does not undo requested changes", want: policy.Refused, because: "review_blocks",
			reviews: []fact.Review{review("ana", fact.ChangesRequested, 1, "head"), approve("bo", 2)},
		},
		{
			name: "requested changes survive a push", want: policy.Refused, because: "review_blocks",
			reviews: []fact.Review{review("ana", fact.ChangesRequested, 1, "old"), approve("bo", 2)},
		},
		{
			name: "changes requested without the role have no effect", want: policy.Met, because: "review_shown",
			reviews: []fact.Review{review("eve", fact.ChangesRequested, 1, "head"), approve("bo", 2)},
		},
		{
			name: "a bot's requested changes have no effect", want: policy.Met, because: "is_bot",
			reviews: []fact.Review{{ID: 1, Author: bot, State: fact.ChangesRequested, At: at(1), Commit: "head"}, approve("bo", 2)},
		},
		{
			name: "a later comment leaves an approval", want: policy.Met,
			reviews: []fact.Review{approve("ana", 1), review("ana", fact.Commented, 2, "head")},
		},
		{
			name: "a later comment leaves requested changes", want: policy.Refused, because: "review_blocks",
			reviews: []fact.Review{review("ana", fact.ChangesRequested, 1, "head"), review("ana", fact.Commented, 2, "head")},
		},
		{
			name: "reviews arrive in another order than they were given", want: policy.Refused, because: "review_blocks",
			reviews: []fact.Review{review("ana", fact.ChangesRequested, 2, "head"), approve("ana", 1)},
		},
		{
			name: "a login differs in case", want: policy.Waiting, because: "is_author",
			reviews: []fact.Review{approve("Ana", 1)}, change: func(p *fact.Pull) { p.Author.Login = "ANA" },
		},
		{
			name: "reviews may be missing", reviews: []fact.Review{approve("ana", 1)}, want: policy.Waiting, because: "reviews_unknown",
			change: func(p *fact.Pull) { p.Gaps = []fact.Gap{{About: fact.AboutReviews, Reason: "x"}} },
		},
		{
			name: "commits may be missing", reviews: []fact.Review{approve("ana", 1)}, want: policy.Stuck, because: "contributors_unknown",
			change: func(p *fact.Pull) { p.Gaps = []fact.Gap{{About: fact.AboutCommits, Reason: "x"}} },
		},
		{
			name: "files may be missing, and the head was approved", reviews: []fact.Review{approve("ana", 1)}, want: policy.Waiting,
			change: func(p *fact.Pull) { p.Gaps = []fact.Gap{{About: fact.AboutFiles, Reason: "x"}} },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pull := change(p, file("main.go", "b1"))
			pull.Reviews = tt.reviews
			if tt.change != nil {
				tt.change(&pull)
			}
			d := p.Evaluate(pull)
			wantStatus(t, d, tt.want)
			if len(d.Reviews) != len(tt.reviews) {
				t.Fatalf("%d verdicts for %d reviews", len(d.Reviews), len(tt.reviews))
			}
			if len(d.Reviews) > 0 {
				if got := codes(d.Reviews[0].Reasons); got != tt.because {
					t.Errorf("first review: %q, want %q\n%s", got, tt.because, describe(d))
				}
			}
		})
	}
}

func TestAllowLetsContributorsCountButNeverBots(t *testing.T) {
	for _, tt := range []struct {
		name, allow, by string
		bot             bool
		want            policy.Status
	}{
		{"a contributor, allowed", `["contributor"]`, "ana", false, policy.Met},
		{"a contributor, where the author is allowed", `["author"]`, "ana", false, policy.Waiting},
		{"the author, allowed", `["author"]`, "bo", false, policy.Met},
		{"the author, where contributors are allowed", `["contributor"]`, "bo", false, policy.Waiting},
		{"a bot that wrote it, where all are allowed", `["author", "contributor"]`, "ana", true, policy.Waiting},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := load(t, people+`
rule "go" {
  changes = go.files
  require "cloud-engineer" { allow = `+tt.allow+` }
}`)
			pull := change(p, file("main.go", "b"))
			pull.Author.Login = "bo"
			pull.Commits = []fact.Commit{{SHA: "head", People: []fact.Person{{Login: "bo"}, {Login: "ana", Bot: tt.bot}}}}
			pull.Roster.Roles["cloud-engineer"] = fact.Holders{List: []fact.Holder{{Login: "ana"}, {Login: "bo"}, {Login: "cy"}}}
			pull.Reviews = []fact.Review{approve(tt.by, 1)}
			wantStatus(t, p.Evaluate(pull), tt.want)
		})
	}
}

func TestCommitsWithoutAnAccountAreNamed(t *testing.T) {
	p := load(t, goRule)
	pull := change(p, file("main.go", "b"))
	stranger := fact.Person{Name: "Ana Old", Email: "ana@old.example"}
	pull.Commits = append(pull.Commits,
		fact.Commit{SHA: "c1", People: []fact.Person{stranger, {Login: "cy"}}},
		fact.Commit{SHA: "c2", People: []fact.Person{stranger}})
	got := p.Evaluate(pull).Excluded
	if len(got) != 3 || got[0].Person.Login != "dan" || codes(got[0].Reasons) != "is_author is_contributor" ||
		got[1].Person.Login != "cy" || got[2].Person != stranger || got[2].Reasons[0].Count != 2 {
		t.Errorf("excluded: %+v", got)
	}
}
