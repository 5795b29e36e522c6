package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

var update = flag.Bool("update", false, "write the golden files anew")

var at = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// decision is one on a change of Go and Terraform, before its rules.
func decision(status policy.Status, rules ...policy.RuleResult) policy.Decision {
	return policy.Decision{
		Pull: fact.Ref{Installation: 1, Owner: "acme", Repo: "cloud", Number: 7}, Base: "main", Head: "0123456789abcdef0123456789abcdef01234567",
		Check: "rolecall: main", Status: status, Rules: rules,
		Policy: []policy.SourceRef{{Name: ".github/rolecall.hcl", Blob: "fedcba9876543210fedcba9876543210fedcba98"}},
	}
}

func inForce(name string, status policy.Status, requirements ...policy.Requirement) policy.RuleResult {
	return policy.RuleResult{
		Name: name, InForce: true, Status: status, Require: requirements,
		Reasons:  []policy.Reason{{Code: policy.ChangesMatched, Count: 1, Paths: []string{"instances/main.tf"}}},
		Elements: []policy.Element{{Summary: "google_project.p (create)", Paths: []string{"instances/main.tf"}}},
	}
}

func role(name, title string, status policy.Status, change ...func(*policy.Requirement)) policy.Requirement {
	r := policy.Requirement{Kind: policy.KindRole, Role: name, Title: title, Status: status, Need: 1, Ask: "one"}
	for _, c := range change {
		c(&r)
	}
	return r
}

func may(logins ...string) func(*policy.Requirement) {
	return func(r *policy.Requirement) { r.May = logins }
}

func because(reasons ...policy.Reason) func(*policy.Requirement) {
	return func(r *policy.Requirement) { r.Reasons = append(r.Reasons, reasons...) }
}

func approvedBy(login string) func(*policy.Requirement) {
	return func(r *policy.Requirement) {
		r.Counted = append(r.Counted, policy.Approval{By: login, Review: 5, Commit: "0123456789ab", At: at, Via: "@acme/cloud"})
	}
}

// broken is a decision on a pull request whose glass was broken, and whose
// debts are cleared or not.
func broken(status policy.Status, cleared bool) policy.Decision {
	security := role("security-engineer", "Security Engineer", policy.Waiting, may("sam"))
	if cleared {
		security = role("security-engineer", "Security Engineer", policy.Met, approvedBy("sam"))
	}
	d := decision(status, inForce("infrastructure", security.Status, role("cloud-engineer", "Cloud Engineer", policy.Met, approvedBy("ana")), security))
	d.Glass = &policy.Glass{
		By: "bo", Second: "mia", At: at, Reason: "the | load balancer\nis <b>down</b> @acme/all", Comment: 8, Head: d.Head, Issue: 12,
		Debts: []policy.Debt{
			{Rule: "infrastructure", Roles: []string{"security-engineer"}, Titles: []string{"Security Engineer"}, May: []string{"sam"}, Cleared: cleared, By: []string{"sam"}},
			{Rule: "project", Roles: []string{"dri"}, Titles: []string{""}, Project: "instances", Cleared: cleared, By: []string{"ana"}},
		},
	}
	return d
}

// scenes are the checks that the golden files show.
var scenes = []struct {
	name     string
	decision policy.Decision
	options  report.Options
}{
	{"waiting", func() policy.Decision {
		d := decision(policy.Waiting,
			inForce("infrastructure", policy.Waiting,
				role("cloud-engineer", "Cloud Engineer", policy.Met, approvedBy("ana")),
				role("security-engineer", "Security Engineer", policy.Waiting, may("sam", "sue"), because(policy.Reason{Code: policy.ApprovalsMissing, Role: "security-engineer", Of: 1}))),
			inForce("instances", policy.Waiting, policy.Requirement{Kind: policy.KindAny, Status: policy.Waiting, Children: []policy.Requirement{
				role("cloud-engineer", "Cloud Engineer", policy.Waiting, may("bo")), role("on-call-engineer", "On-call Engineer", policy.Waiting, may("cy")),
			}}),
			policy.RuleResult{Name: "go", Status: policy.Idle, Reasons: []policy.Reason{{Code: policy.ChangesEmpty}}})
		d.Rules[0].Distinct = true
		d.Rules[0].Description = "What runs in the cloud is looked at by two."
		d.Reviews = []policy.ReviewVerdict{
			{Review: 4, By: "sam", State: "approved", Commit: "99999999", Reasons: []policy.Reason{{
				Code: policy.ReviewStale, Person: "sam", Rule: "infrastructure", Role: "security-engineer", Commit: "99999999", Paths: []string{"instances/main.tf"}, Count: 1}}},
			{Review: 5, By: "ana", State: "approved", Commit: "0123456789ab", Counts: []policy.RuleRole{{Rule: "infrastructure", Role: "cloud-engineer"}}},
			{Review: 6, By: "eve", State: "changes_requested", Commit: "0123456789ab", Reasons: []policy.Reason{{Code: policy.ReviewShown, Person: "eve"}}},
		}
		d.Excluded = []policy.Exclusion{
			{Person: fact.Person{Login: "dan"}, Reasons: []policy.Reason{{Code: policy.IsAuthor, Person: "dan"}, {Code: policy.IsContributor, Person: "dan", Commit: "0123456789ab", Count: 3}}},
			{Person: fact.Person{Name: "Dee", Email: "dee@example.com"}, Reasons: []policy.Reason{{Code: policy.NoAccount, Commit: "abcdef0", Detail: "Dee"}}},
		}
		d.Projects = []policy.ProjectResult{{Name: "instances", DRI: []string{"ana"}, By: "mia", Paths: []string{"instances/main.tf"}}}
		d.Commands = []policy.CommandVerdict{
			{Command: fact.Command{Name: "assign-dri", Text: "/assign-dri @ana", By: fact.Person{Login: "mia"}}, Accepted: true},
			{Command: fact.Command{Name: "assign-dri", Text: "/assign-dri @dan", By: fact.Person{Login: "dan"}}, Reasons: []policy.Reason{{Code: policy.CommandByOutsider, Person: "dan"}}},
		}
		d.Labels = []policy.LabelInForce{{Label: "security", Kept: true, By: "dan"}, {Label: "docs"}}
		return d
	}(), report.Options{Asked: []string{"bo", "sam"}}},
	{"broken glass", broken(policy.Owed, false), report.Options{Asked: []string{"sam"}}},
	{"broken glass that is made good", broken(policy.Met, true), report.Options{}},
	{"met", decision(policy.Met, inForce("go", policy.Met, role("cloud-engineer", "Cloud Engineer", policy.Met, approvedBy("ana")))), report.Options{}},
	{"two of three", decision(policy.Waiting, inForce("go", policy.Waiting, role("cloud-engineer", "Cloud Engineer", policy.Waiting, approvedBy("ana"), may("bo", "cy"),
		func(r *policy.Requirement) { r.Need = 3 }, because(policy.Reason{Code: policy.ApprovalsMissing, Role: "cloud-engineer", Count: 1, Of: 3})))), report.Options{Asked: []string{"bo", "cy"}}},
	{"refused", decision(policy.Refused, inForce("go", policy.Refused, role("cloud-engineer", "Cloud Engineer", policy.Refused, may("ana"),
		func(r *policy.Requirement) { r.Blockers = []string{"bo"} }, because(policy.Reason{Code: policy.ChangesAreRequested, Person: "bo", Role: "cloud-engineer"})))), report.Options{}},
	{"no DRI", decision(policy.Stuck, inForce("project", policy.Stuck, role("dri", "", policy.Stuck,
		func(r *policy.Requirement) { r.Project = "instances" }, because(policy.Reason{Code: policy.DRIMissing, Project: "instances"})))), report.Options{}},
	{"nobody left", decision(policy.Stuck,
		inForce("infrastructure", policy.Stuck, role("security-engineer", "Security Engineer", policy.Stuck, because(
			policy.Reason{Code: policy.NobodyLeft, Role: "security-engineer", Count: 1}, policy.Reason{Code: policy.IsAuthor, Person: "sam", Role: "security-engineer"}))),
		func() policy.RuleResult {
			r := inForce("two pairs of eyes", policy.Stuck, role("cloud-engineer", "Cloud Engineer", policy.Waiting, may("ana")))
			r.Distinct = true
			r.Reasons = append(r.Reasons, policy.Reason{Code: policy.TooFewDistinct, Rule: r.Name})
			return r
		}()), report.Options{}},
	{"stand-in and advice", decision(policy.Waiting,
		inForce("infrastructure", policy.Waiting, role("security-engineer", "Security Engineer", policy.Waiting, may("mia"),
			func(r *policy.Requirement) { r.StandIn = "manager" }, because(policy.Reason{Code: policy.NobodyHolds, Role: "security-engineer"}, policy.Reason{Code: policy.StoodIn, Role: "manager"}))),
		func() policy.RuleResult {
			r := inForce("tests", policy.Waiting, role("cloud-engineer", "Cloud Engineer", policy.Waiting, may("ana", "bo", "cy", "dee", "eve", "fay", "gil", "hal")))
			r.Advice = true
			return r
		}()), report.Options{Asked: []string{"acme/security"}}},
	{"no rule asks", func() policy.Decision {
		d := decision(policy.Met, policy.RuleResult{Name: "go", Status: policy.Idle, Reasons: []policy.Reason{{Code: policy.ChangesEmpty}}})
		d.Notes = []policy.Reason{{Code: policy.NoRuleAsks}}
		return d
	}(), report.Options{}},
	{"observing, with gaps", func() policy.Decision {
		d := decision(policy.Waiting, inForce("go", policy.Waiting, role("cloud-engineer", "Cloud Engineer", policy.Waiting, may("ana"))))
		d.Observe = true
		d.Rules[0].Elements[0].Unknown = "the file is over 1 MB"
		d.Notes = []policy.Reason{{Code: policy.FactsMissing, Detail: "GitHub lists 3,000 of its 4,120 files"}, {Code: policy.Observed}}
		return d
	}(), report.Options{}},
	{"shared and forged", decision(policy.Waiting, inForce("go", policy.Waiting, role("cloud-engineer", "Cloud Engineer", policy.Waiting, may("ana")))),
		report.Options{Shares: []int{9, 12}, Forged: []string{"action_required", "success", "success"}}},
	{"broken", func() policy.Decision {
		d := decision(policy.Broken)
		d.Notes = []policy.Reason{{Code: policy.PolicyUnreadable}}
		d.Diagnostics = []policy.Diagnostic{
			{Severity: "error", Source: ".github/rolecall.hcl", Line: 4, Column: 13, EndLine: 4, Summary: "There is no name \"terrafrom\"", Detail: "Did you mean \"terraform\"?", Snippet: "  changes = terrafrom.files"},
			{Severity: "warning", Source: ".github/rolecall.hcl", Line: 9, Column: 1, EndLine: 9, Summary: "No rule covers ``` @acme/cloud", Detail: "Add a rule over uncovered.files."},
			{Severity: "error", Source: "acme/.github: rolecall.hcl", Line: 2, Column: 1, Summary: "A floor elsewhere", Detail: "It is not of this repository."},
		}
		return d
	}(), report.Options{}},
	{"a new policy that does not load", func() policy.Decision {
		d := decision(policy.Waiting, inForce(policy.KeepersRule, policy.Waiting, role("manager", "Manager", policy.Waiting, may("mia"))))
		return d.Propose(&policy.Proposal{Paths: []string{policy.RepoPath}, Diagnostics: []policy.Diagnostic{
			{Severity: "error", Source: policy.RepoPath, Line: 4, Column: 13, EndLine: 4, Summary: "There is no name \"terrafrom\"", Detail: "Did you mean \"terraform\"?", Snippet: "  changes = terrafrom.files"},
			{Severity: "warning", Source: policy.RepoPath, Line: 9, Column: 1, EndLine: 9, Summary: "No rule covers ``` @acme/cloud", Detail: "Add a rule over uncovered.files."},
		}})
	}(), report.Options{}},
	{"a new policy that mends one", func() policy.Decision {
		d := decision(policy.Broken)
		d.Notes = []policy.Reason{{Code: policy.PolicyUnreadable}}
		d.Diagnostics = []policy.Diagnostic{{Severity: "error", Source: policy.RepoPath, Line: 4, Column: 13, Summary: "There is no name \"terrafrom\"", Detail: "Did you mean \"terraform\"?", Snippet: "  changes = terrafrom.files"}}
		return d.Propose(&policy.Proposal{Paths: []string{policy.RepoPath}})
	}(), report.Options{}},
	{"a new policy that its tests contradict", decision(policy.Waiting, inForce("policy", policy.Waiting, role("manager", "Manager", policy.Waiting, may("mia")))).Propose(&policy.Proposal{
		Paths: []string{policy.RepoPath}, Tests: 3, Failed: []policy.TestFailure{
			{Source: ".github/rolecall.rolecall_test.hcl", Line: 4, Name: "go needs a Cloud Engineer", Message: `waiting_for: want ["cloud-engineer"], got []`},
			{Source: ".github/more.rolecall_test.hcl", Message: "it cannot be read: it has 2000000 bytes, and rolecall reads 1048576"},
		},
	}), report.Options{}},
	{"a new policy and what it would change", decision(policy.Waiting, inForce("policy", policy.Waiting, role("manager", "Manager", policy.Waiting, may("mia")))).Propose(&policy.Proposal{
		Paths: []string{policy.RepoPath}, Tests: 3, Impact: &policy.Impact{
			Replayed: 41, Skipped: []policy.Skipped{{Reason: "the facts that they were decided on are no longer kept", Count: 1}},
			Different: []policy.Difference{
				{Number: 12, Title: "Add a | pipe and @sam", Before: policy.Met, After: policy.Waiting,
					Gained: []policy.Asked{{Called: "security-engineer", Rule: "go", Reasons: []policy.Reason{{Code: policy.ChangesMatched, Count: 1, Paths: []string{"main.go"}}}}}},
				{Number: 9, Title: "Docs", Before: policy.Waiting, After: policy.Met, Lost: []policy.Asked{{Called: "dri of instances", Rule: "project"}}},
				{Number: 7, Title: "Both", Before: policy.Met, After: policy.Stuck, Gained: []policy.Asked{{Called: "cloud-engineer", Rule: "go", Reasons: []policy.Reason{{Code: policy.ApprovalsMissing, Role: "cloud-engineer", Count: 1, Of: 2}}}}},
			},
		},
	}), report.Options{}},
	{"a policy that is gone", func() policy.Decision {
		d := decision(policy.Broken)
		d.Notes = []policy.Reason{{Code: policy.PolicyUnreadable}}
		return d
	}(), report.Options{}},
}

func TestChecksReadAsTheirGoldenFiles(t *testing.T) {
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			out := report.Check(scene.decision, scene.options)
			var b bytes.Buffer
			fmt.Fprintf(&b, "%s\n\n--- summary\n%s\n--- text\n%s\n", out.Title, out.Summary, out.Text)
			for _, a := range out.Annotations {
				fmt.Fprintf(&b, "--- %s at %s:%d-%d\n%s\n%s\n", a.Level, a.Path, a.StartLine, a.EndLine, a.Title, a.Message)
			}
			b.WriteString("--- terminal\n")
			if err := report.Terminal(&b, scene.decision, scene.options, false, false); err != nil {
				t.Fatal(err)
			}
			golden(t, scene.name, b.String())
			if again := report.Check(scene.decision, scene.options); again.Digest() != out.Digest() {
				t.Error("equal decisions have different digests")
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", strings.ReplaceAll(strings.ReplaceAll(name, " ", "_"), ",", "")+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestTheDigestCoversAllThatIsShown(t *testing.T) {
	seen := map[string]string{}
	for _, scene := range scenes {
		d := report.Check(scene.decision, scene.options).Digest()
		if other := seen[d]; other != "" {
			t.Errorf("%q and %q have the digest %s", scene.name, other, d)
		}
		seen[d] = scene.name
	}
	o := report.Output{Title: "a", Summary: "b", Text: "c", Annotations: []report.Annotation{{Path: "p", StartLine: 1, EndLine: 1, Level: "notice", Title: "t", Message: "m"}}}
	for name, change := range map[string]func(*report.Output){
		"title": func(o *report.Output) { o.Title = "x" }, "summary": func(o *report.Output) { o.Summary = "x" }, "text": func(o *report.Output) { o.Text = "x" },
		"annotations": func(o *report.Output) { o.Annotations = nil },
		"line":        func(o *report.Output) { o.Annotations = []report.Annotation{{Path: "p", StartLine: 2, EndLine: 2}} },
		"borders":     func(o *report.Output) { o.Title, o.Summary = "ab", "" },
	} {
		changed := o
		change(&changed)
		if changed.Digest() == o.Digest() {
			t.Errorf("a changed %s has the same digest", name)
		}
	}
}

func TestHugeDecisionsAreCutWithAWord(t *testing.T) {
	var rules []policy.RuleResult
	long := strings.Repeat("long-", 60)
	for i := range 400 {
		r := inForce(fmt.Sprintf("%s%d", long, i), policy.Waiting, role("r", long, policy.Waiting, may("ana"), because(policy.Reason{Code: policy.HoldersUnknown, Role: "r", Detail: long})))
		for j := range 3000 {
			r.Elements = append(r.Elements, policy.Element{Summary: fmt.Sprintf("file%d", j), Paths: []string{fmt.Sprintf("file%d", j)}})
		}
		rules = append(rules, r)
	}
	d := decision(policy.Waiting, rules...)
	for range 200 {
		d.Diagnostics = append(d.Diagnostics, policy.Diagnostic{Severity: "error", Source: policy.RepoPath, Line: 1, Summary: strings.Repeat("é", 5000), Detail: strings.Repeat("x ", 20000)})
	}
	d.Proposal = &policy.Proposal{Paths: []string{policy.RepoPath}, Diagnostics: d.Diagnostics}
	broken := d
	broken.Status = policy.Broken
	for name, d := range map[string]policy.Decision{"rules": d, "diagnostics": broken} {
		out := report.Check(d, report.Options{})
		for part, s := range map[string]string{"summary": out.Summary, "text": out.Text} {
			if n := utf8.RuneCountInString(s); n > 65535 || len(s) > 65535 {
				t.Errorf("%s: the %s has %d characters", name, part, n)
			}
			if !utf8.ValidString(s) {
				t.Errorf("%s: the %s is no text", name, part)
			}
		}
		if name == "rules" && (!strings.Contains(out.Summary, "were left out") || !strings.Contains(out.Text, "were left out")) {
			t.Errorf("%s: nothing says that something was left out", name)
		}
		if len(out.Title) > 255 || !utf8.ValidString(out.Title) {
			t.Errorf("%s: the title is %q", name, out.Title)
		}
		if n := len(out.Annotations); n != 50 {
			t.Errorf("%s: %d annotations", name, n)
		}
		reply := report.Reply(d, []policy.CommandVerdict{{Command: fact.Command{Name: "explain"}, Accepted: true}}, nil)
		if len(reply) > 65000 || !strings.Contains(reply, "</details>") {
			t.Errorf("%s: the reply has %d bytes, and does not end", name, len(reply))
		}
	}
}

func TestAnnotationsStandInThePolicyThatThePullRequestBrings(t *testing.T) {
	d := decision(policy.Broken)
	d.Diagnostics = []policy.Diagnostic{{Severity: "error", Source: policy.RepoPath, Line: 3, EndLine: 5, Summary: "s"}}
	if got := report.Check(d, report.Options{}).Annotations; got != nil {
		t.Errorf("annotations in a file that is not in the pull request: %v", got)
	}
	d.Proposal = &policy.Proposal{Paths: []string{policy.RepoPath}, Diagnostics: append(d.Diagnostics, policy.Diagnostic{Severity: "error", Source: policy.RepoPath, Summary: "no line"})}
	got := report.Check(d, report.Options{}).Annotations
	if len(got) != 1 || got[0].StartLine != 3 || got[0].EndLine != 5 || got[0].Level != "failure" || got[0].Message == "" {
		t.Errorf("annotations are %+v", got)
	}
}

func TestJSONHoldsTheDecision(t *testing.T) {
	for _, scene := range scenes {
		var b bytes.Buffer
		if err := report.JSON(&b, scene.decision); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Title    string
			Decision policy.Decision
		}
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(scene.decision, got.Decision); diff != "" || got.Title == "" {
			t.Errorf("%s: title %q, decision (-want +got):\n%s", scene.name, got.Title, diff)
		}
	}
}

func TestReplies(t *testing.T) {
	refused := policy.CommandVerdict{Command: fact.Command{Name: "assign-dri", Text: "/assign-dri @dan"}, Reasons: []policy.Reason{{Code: policy.CommandByOutsider, Person: "dan"}}}
	asked := func(name string) policy.CommandVerdict {
		return policy.CommandVerdict{Command: fact.Command{Name: name, Text: "/" + name}, Accepted: true}
	}
	got := report.Reply(scenes[0].decision, []policy.CommandVerdict{refused, asked("help"), asked("explain")},
		[]report.Command{{Usage: "/request @user|ROLE", Help: "Asks.", Who: "anyone"}})
	golden(t, "reply", got)
}

func TestACheckSaysWhyNobodyIsAsked(t *testing.T) {
	d := policy.Decision{Check: "rolecall: main", Status: policy.Waiting, Rules: []policy.RuleResult{{
		Name: "infrastructure", InForce: true, Status: policy.Waiting,
		Require: []policy.Requirement{
			{Kind: policy.KindRole, Role: "security-engineer", Title: "Security Engineer", Need: 1, Status: policy.Waiting, May: []string{"sam", "tia"}},
			{Kind: policy.KindRole, Role: "cloud-engineer", Title: "Cloud Engineer", Need: 1, Status: policy.Waiting, May: []string{"ana", "bo"}},
		},
	}}}
	closed := []report.Closed{{Role: "security-engineer", Opens: time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC), Timezone: "Europe/Berlin"}}
	out := report.Check(d, report.Options{Asked: []string{"ana"}, Closed: closed})
	if want := "any of `@sam`, `@tia`, not asked before Fri 2026-11-27 09:00 Europe/Berlin (working hours) |"; !strings.Contains(out.Summary, want) {
		t.Errorf("there is no %q:\n%s", want, out.Summary)
	}
	if strings.Count(out.Summary, "not asked before") != 1 {
		t.Errorf("it is said of others:\n%s", out.Summary)
	}
	if out := report.Check(d, report.Options{Draft: true}); !strings.Contains(out.Summary, "> Nobody is asked for a review while this is a draft.") {
		t.Errorf("nothing is said of the draft:\n%s", out.Summary)
	}
}

func TestTheTitleNamesNoAlternativeToWhomItWaitsForAnyway(t *testing.T) {
	role := func(name string) policy.Requirement {
		return policy.Requirement{Kind: policy.KindRole, Role: name, Need: 1, Status: policy.Waiting, May: []string{"ana"}}
	}
	either := policy.Requirement{Kind: policy.KindAny, Status: policy.Waiting, Children: []policy.Requirement{role("cloud"), role("oncall")}}
	for want, require := range map[string][]policy.Requirement{
		"Waiting for cloud, dba":           {role("cloud"), either, role("dba")},
		"Waiting for cloud or oncall, dba": {either, role("dba")},
	} {
		d := policy.Decision{Status: policy.Waiting, Rules: []policy.RuleResult{{Name: "r", InForce: true, Status: policy.Waiting, Require: require}}}
		if got := report.Check(d, report.Options{}).Title; got != want {
			t.Errorf("the title is %q, want %q", got, want)
		}
	}
}

func TestACheckSaysWhatTheChangeDoes(t *testing.T) {
	d := policy.Decision{Status: policy.Waiting, Rules: []policy.RuleResult{{Name: "r", InForce: true, Status: policy.Waiting,
		Require: []policy.Requirement{{Kind: policy.KindRole, Role: "cloud", Need: 1, Status: policy.Waiting, May: []string{"ana"}}}}}}
	var f fact.Findings
	f.Terraform.Resources.Items = []fact.Resource{
		{Address: "google_project_iam_binding.all", Action: fact.Create, Kind: fact.Known("iam"), Dir: "net",
			Risks: []fact.Risk{{Name: "public", Detail: "members holds allUsers"}, {Name: "secret-in-plain-text", Detail: "password"}}},
		{Address: "google_sql_database_instance.db", Action: fact.Delete, Kind: fact.Known("data")},
		{Address: "acme_thing.a|b", Action: fact.Update, Kind: fact.Unknown[string]("nobody knows")},
		{Address: "data.google_project.p", Action: fact.Create, Kind: fact.Known("project"), Data: true},
	}
	f.Dependencies.Items = []fact.Dependency{
		{Ecosystem: "go", Name: "github.com/x/y", To: "v1.0.0", Action: "add", Direct: true},
		{Ecosystem: "go", Name: "github.com/x/indirect", To: "v1.0.0", Action: "add"},
	}
	f.Workflows.Items = []fact.Workflow{{Path: ".github/workflows/a.yml", Triggers: []string{"pull_request_target"}, Injections: []string{"github.head_ref"}, Unpinned: []string{"actions/checkout@v4"}}}
	f.Go.Uses.Items = []fact.GoUse{{What: "os/exec"}, {What: "unsafe", Test: true}}
	want := "**What it does**\n\n" +
		"- **public**: creates `google_project_iam_binding.all` in `net`: `members holds allUsers`.\n" +
		"- **secret in plain text**: creates `google_project_iam_binding.all` in `net`: `password`.\n" +
		"- **script injection**: `.github/workflows/a.yml` puts what outsiders write into a script: `github.head_ref`.\n" +
		"- New trigger in `.github/workflows/a.yml`: `pull_request_target`.\n" +
		"- Not pinned in `.github/workflows/a.yml`: `actions/checkout@v4`.\n" +
		"- Newly used in Go: `os/exec`.\n" +
		"- Adds `github.com/x/y` `v1.0.0` (go).\n" +
		"- Deletes data store: `google_sql_database_instance.db`.\n" +
		"- Creates iam: `google_project_iam_binding.all`.\n" +
		"- Changes what nobody knows the kind of: `acme_thing.a¦b`.\n"
	if got := report.Check(d, report.Options{Findings: f}).Summary; !strings.Contains(got, want) {
		t.Errorf("want\n%s\nin\n%s", want, got)
	}
	for i := range 40 {
		f.Dependencies.Items = append(f.Dependencies.Items, fact.Dependency{Ecosystem: "go", Name: fmt.Sprint("m", i), Action: "add", Direct: true})
	}
	if got := report.Check(d, report.Options{Findings: f}).Summary; !strings.Contains(got, "- … and 38 more: `rolecall diff` lists all.") {
		t.Errorf("nothing says how much more there is:\n%s", got)
	}
	if got := report.Check(d, report.Options{}).Summary; strings.Contains(got, "What it does") {
		t.Errorf("without findings:\n%s", got)
	}
}
