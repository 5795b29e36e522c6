package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

const projects = people + `
role "dri" { title = "DRI" }
project "api" {
  files = ["api/**"]
  dri   = "@ana"
}
project "web" {
  files  = ["web/**"]
  dri    = "@wes"
  notify = ["@acme/support"]
}
project "new" { files = ["new/**"] }
rule "project" {
  changes = projects.files
  require "dri" {}
}
rule "label" {
  when = label("dri-review", "manager")
  require "dri" {}
}
`

func TestTheDRIOfEachProjectTouchedApproves(t *testing.T) {
	p := load(t, projects)
	for _, tt := range []struct {
		name   string
		paths  []string
		change func(*fact.Pull)
		want   policy.Status
		// Each requirement of the rule as "project: status reasons".
		requirements string
	}{
		{name: "no project is touched", paths: []string{"x"}, want: policy.Met},
		{name: "one project, nobody approved", paths: []string{"api/a"}, want: policy.Waiting, requirements: "api: waiting approvals_missing"},
		{
			name: "one project, its DRI approved", paths: []string{"api/a"}, want: policy.Met, requirements: "api: met",
			change: func(p *fact.Pull) { p.Reviews = []fact.Review{approve("ana", 1)} },
		},
		{
			name: "two projects, one DRI approved", paths: []string{"api/a", "web/w"}, want: policy.Waiting, requirements: "api: met, web: waiting approvals_missing",
			change: func(p *fact.Pull) { p.Reviews = []fact.Review{approve("ana", 1)} },
		},
		{
			name: "two projects, both approved", paths: []string{"api/a", "web/w"}, want: policy.Met, requirements: "api: met, web: met",
			change: func(p *fact.Pull) { p.Reviews = []fact.Review{approve("ana", 1), approve("wes", 2)} },
		},
		{
			name: "an approval stands over that project's files", paths: []string{"api/a", "web/w"}, want: policy.Waiting,
			requirements: "api: met, web: waiting approvals_missing",
			change: func(p *fact.Pull) {
				p.Reviews = []fact.Review{review("ana", fact.Approved, 1, "old"), review("wes", fact.Approved, 2, "old")}
				p.Snapshots = map[string]fact.Snapshot{"old": snapshot(map[string][2]string{"api/a": {"b", "base"}, "web/w": {"other", "base"}})}
			},
		},
		{
			name: "the author is the DRI", paths: []string{"api/a"}, want: policy.Met, requirements: "api: met author_is_dri",
			change: func(p *fact.Pull) { p.Author.Login = "ana" },
		},
		{
			name: "the author is the DRI of one of two", paths: []string{"api/a", "web/w"}, want: policy.Waiting,
			requirements: "api: met author_is_dri, web: waiting approvals_missing",
			change:       func(p *fact.Pull) { p.Author.Login = "ana" },
		},
		{
			name: "the DRI contributed to another's pull request", paths: []string{"api/a"}, want: policy.Stuck,
			requirements: "api: stuck nobody_left is_contributor approvals_missing",
			change: func(p *fact.Pull) {
				p.Commits = append(p.Commits, fact.Commit{SHA: "c", People: []fact.Person{{Login: "ana"}}})
			},
		},
		{
			name: "a bot that is named DRI excuses nobody", paths: []string{"api/a"}, want: policy.Stuck,
			requirements: "api: stuck nobody_left is_bot approvals_missing",
			change:       func(p *fact.Pull) { p.Author = fact.Person{Login: "ana", Bot: true} },
		},
		{name: "a project without a DRI", paths: []string{"new/n"}, want: policy.Stuck, requirements: "new: stuck dri_missing approvals_missing"},
		{
			name: "changes requested by the DRI", paths: []string{"api/a"}, want: policy.Refused, requirements: "api: refused changes_are_requested approvals_missing",
			change: func(p *fact.Pull) { p.Reviews = []fact.Review{review("ana", fact.ChangesRequested, 1, "head")} },
		},
		{
			name: "changes requested by another project's DRI", paths: []string{"api/a"}, want: policy.Waiting, requirements: "api: waiting approvals_missing",
			change: func(p *fact.Pull) { p.Reviews = []fact.Review{review("wes", fact.ChangesRequested, 1, "head")} },
		},
		{
			name: "files that could not be listed may touch every project", paths: []string{"api/a"}, want: policy.Stuck,
			requirements: "api: waiting approvals_missing, web: waiting approvals_missing, new: stuck dri_missing approvals_missing",
			change:       func(p *fact.Pull) { p.Gaps = []fact.Gap{{About: fact.AboutFiles, Reason: "too many"}} },
		},
		{
			name: "a rename out of a project touches it", want: policy.Waiting, requirements: "api: waiting approvals_missing",
			change: func(p *fact.Pull) {
				p.Files = []fact.File{{Path: "x", PreviousPath: "api/a", Status: fact.Renamed}}
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var files []fact.File
			for _, path := range tt.paths {
				files = append(files, file(path, "b"))
			}
			pull := change(p, files...)
			if tt.change != nil {
				tt.change(&pull)
			}
			d := p.Evaluate(pull)
			wantStatus(t, d, tt.want)
			var got []string
			for _, l := range rule(t, d, "project").Require {
				got = append(got, strings.TrimSpace(l.Project+": "+string(l.Status)+" "+codes(l.Reasons)))
			}
			if s := strings.Join(got, ", "); s != tt.requirements {
				t.Errorf("requirements %q, want %q\n%s", s, tt.requirements, describe(d))
			}
		})
	}
}

func TestWhereOnlyCircumstancesAskForADRIOneMustBeNamed(t *testing.T) {
	p := load(t, projects)
	pull := change(p, file("x", "b"))
	pull.Labels = []string{"dri-review"}
	pull.LabelEvents = []fact.LabelEvent{{Label: "dri-review", Added: true, By: fact.Person{Login: "mia"}, At: at(1)}}
	d := p.Evaluate(pull)
	wantStatus(t, d, policy.Stuck)
	if got := rule(t, d, "label").Require[0]; got.Project != "" || codes(got.Reasons) != "dri_missing approvals_missing" {
		t.Errorf("%+v", got)
	}
	say(&pull, "member", command("mia", "/assign-dri @zoe", 2))
	d = p.Evaluate(pull)
	wantStatus(t, d, policy.Waiting)
	if len(d.Projects) != 1 || d.Projects[0].Name != "" || d.Projects[0].DRI[0] != "zoe" || d.Projects[0].By != "mia" {
		t.Errorf("projects %+v", d.Projects)
	}
	pull.Reviews = []fact.Review{approve("zoe", 3)}
	wantStatus(t, p.Evaluate(pull), policy.Met)
}

func TestWhoMayNameADRI(t *testing.T) {
	p := load(t, projects)
	own := load(t, strings.Replace(projects, "project \"api\"", "commands {\n  assign-dri = [\"security-engineer\"]\n}\nproject \"api\"", 1))
	for _, tt := range []struct {
		name    string
		policy  *policy.Policy
		paths   string
		by, say string
		change  func(*fact.Pull, *fact.Command)
		refused string // codes; "" accepted
		dri     string // of the first project
	}{
		{name: "the DRI hands it over", by: "ana", say: "/assign-dri @bo", dri: "bo"},
		{name: "a manager", by: "mia", say: "/assign-dri @bo", dri: "bo"},
		{name: "a manager, for themself", by: "mia", say: "/assign-dri", dri: "mia"},
		{name: "a manager, in other letters", by: "MIA", say: "/assign-dri @Bo", dri: "bo"},
		{name: "a Cloud Engineer where there is a DRI", by: "bo", say: "/assign-dri", refused: "command_needs_role", dri: "ana"},
		{name: "a Cloud Engineer where there is none", paths: "new/n", by: "bo", say: "/assign-dri", dri: "bo"},
		{name: "somebody without a role where there is none", paths: "new/n", by: "eve", say: "/assign-dri @bo", refused: "command_needs_role"},
		{name: "a Security Engineer, by default", by: "sam", say: "/assign-dri @bo", refused: "command_needs_role", dri: "ana"},
		{name: "a Security Engineer, as this policy says", policy: own, by: "sam", say: "/assign-dri @bo", dri: "bo"},
		{name: "a manager, as another policy says", policy: own, by: "mia", say: "/assign-dri @bo", refused: "command_needs_role", dri: "ana"},
		{
			name: "the author, who is a Cloud Engineer", paths: "new/n", by: "bo", say: "/assign-dri @sam", refused: "command_by_contributor",
			change: func(p *fact.Pull, _ *fact.Command) { p.Author.Login = "bo" },
		},
		{
			name: "a manager who contributed", by: "mia", say: "/assign-dri @bo", refused: "command_by_contributor", dri: "ana",
			change: func(p *fact.Pull, _ *fact.Command) {
				p.Commits = append(p.Commits, fact.Commit{SHA: "c", People: []fact.Person{{Login: "mia"}}})
			},
		},
		{name: "for the author", by: "mia", say: "/assign-dri @dan", refused: "command_for_contributor", dri: "ana"},
		{
			name: "for a contributor", by: "mia", say: "/assign-dri @bo", refused: "command_for_contributor", dri: "ana",
			change: func(p *fact.Pull, _ *fact.Command) {
				p.Commits = append(p.Commits, fact.Commit{SHA: "c", People: []fact.Person{{Login: "bo"}}})
			},
		},
		{name: "for a team", by: "mia", say: "/assign-dri @acme/cloud", refused: "command_for_nobody", dri: "ana"},
		{name: "for a bot", by: "mia", say: "/assign-dri @renovate[bot]", refused: "command_for_nobody", dri: "ana"},
		{name: "for two", by: "mia", say: "/assign-dri @bo @cy", refused: "command_unclear", dri: "ana"},
		{name: "for its project by name", by: "ana", say: "/assign-dri @bo api", dri: "bo"},
		{name: "for another project", by: "ana", say: "/assign-dri @bo web", refused: "command_untouched", dri: "ana"},
		{name: "for no project of the policy", by: "ana", say: "/assign-dri @bo apo", refused: "command_no_project", dri: "ana"},
		{
			name: "in an edited comment", by: "mia", say: "/assign-dri @bo", refused: "command_edited", dri: "ana",
			change: func(_ *fact.Pull, c *fact.Command) { c.Edited = true },
		},
		{
			name: "by a bot", by: "mia", say: "/assign-dri @bo", refused: "command_by_bot", dri: "ana",
			change: func(_ *fact.Pull, c *fact.Command) { c.By.Bot = true },
		},
		{
			name: "with a problem", by: "mia", say: "/assign-dri @bo", refused: "command_unclear", dri: "ana",
			change: func(_ *fact.Pull, c *fact.Command) { c.Problem = "x" },
		},
		{
			name: "while comments may be missing", by: "mia", say: "/assign-dri @bo", refused: "commands_unknown", dri: "ana",
			change: func(p *fact.Pull, _ *fact.Command) {
				p.Gaps = []fact.Gap{{About: fact.AboutComments, Reason: "x"}}
			},
		},
		{
			name: "by whose role cannot be read", by: "bo", say: "/assign-dri @cy", refused: "holders_unknown", dri: "ana",
			change: func(p *fact.Pull, _ *fact.Command) {
				p.Roster.Roles["manager"] = fact.Holders{Gaps: []fact.Gap{{Reason: "x"}}}
			},
		},
		{name: "nothing is taken back from the policy", by: "mia", say: "/unassign-dri", dri: "ana"},
		{name: "taking back names nobody", by: "mia", say: "/unassign-dri @ana", refused: "command_unclear", dri: "ana"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := p
			if tt.policy != nil {
				p = tt.policy
			}
			path := "api/a"
			if tt.paths != "" {
				path = tt.paths
			}
			pull := change(p, file(path, "b"))
			c := command(tt.by, tt.say, 1)
			if tt.change != nil {
				tt.change(&pull, &c)
			}
			say(&pull, "member", c)
			d := p.Evaluate(pull)
			v := d.Commands[0]
			if got := codes(v.Reasons); got != tt.refused || v.Accepted != (tt.refused == "") {
				t.Errorf("accepted %v, %q, want %q", v.Accepted, got, tt.refused)
			}
			if got := strings.Join(d.Projects[0].DRI, " "); got != tt.dri {
				t.Errorf("DRI %q, want %q", got, tt.dri)
			}
		})
	}
}

func TestALaterCommandTakesTheEarliersPlace(t *testing.T) {
	p := load(t, projects)
	for _, tt := range []struct {
		name string
		said []fact.Command
		api  string
		web  string
	}{
		{"named twice", []fact.Command{command("ana", "/assign-dri @bo", 1), command("bo", "/assign-dri @cy", 2)}, "cy", "wes"},
		{"who handed over has no say any more", []fact.Command{command("ana", "/assign-dri @bo", 1), command("ana", "/assign-dri @cy", 2)}, "bo", "wes"},
		{"in another order than given", []fact.Command{command("bo", "/assign-dri @cy", 2), command("ana", "/assign-dri @bo", 1)}, "cy", "wes"},
		{"taken back", []fact.Command{command("ana", "/assign-dri @bo", 1), command("bo", "/unassign-dri", 2)}, "ana", "wes"},
		{"a manager names one for both", []fact.Command{command("mia", "/assign-dri @bo", 1)}, "bo", "bo"},
		{"a manager names one for one", []fact.Command{command("mia", "/assign-dri @bo web", 1)}, "ana", "bo"},
		{"one for both, then one for one", []fact.Command{command("mia", "/assign-dri @bo", 1), command("mia", "/assign-dri @cy web", 2)}, "bo", "cy"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pull := change(p, file("api/a", "b"), file("web/w", "b"))
			for _, c := range tt.said {
				say(&pull, "member", c)
			}
			d := p.Evaluate(pull)
			if got := d.Projects[0].DRI[0]; got != tt.api {
				t.Errorf("api: %s, want %s", got, tt.api)
			}
			if got := d.Projects[1].DRI[0]; got != tt.web {
				t.Errorf("web: %s, want %s", got, tt.web)
			}
		})
	}
}

func TestADRINamedByCommandApproves(t *testing.T) {
	p := load(t, projects)
	pull := change(p, file("api/a", "b"))
	say(&pull, "member", command("ana", "/assign-dri @bo", 2))
	pull.Reviews = []fact.Review{approve("bo", 1)}
	wantStatus(t, p.Evaluate(pull), policy.Met)
	pull.Reviews = []fact.Review{approve("ana", 1)}
	wantStatus(t, p.Evaluate(pull), policy.Waiting)
	// Nobody whom a command names is excused from review, as author or not.
	pull.Author.Login = "bo"
	pull.Reviews = nil
	wantStatus(t, p.Evaluate(pull), policy.Waiting)
}

func TestADelegateApprovesInTheDRIsSteadForATime(t *testing.T) {
	p := load(t, projects)
	day := "2026-03-01" // at(0) is 02:00 on the second of March
	for _, tt := range []struct {
		name    string
		by, say string
		approve string
		minute  int
		refused string
		want    policy.Status
	}{
		{"a delegate, after", "ana", "/delegate @zoe", "zoe", 20, "", policy.Met},
		{"a delegate, before", "ana", "/delegate @zoe", "zoe", 5, "", policy.Waiting},
		{"the DRI still may", "ana", "/delegate @zoe", "ana", 20, "", policy.Met},
		{"until a day that is past", "ana", "/delegate @zoe until " + day, "zoe", 20, "", policy.Waiting},
		{"until a day, included", "ana", "/delegate @zoe until 2026-03-02", "zoe", 20, "", policy.Met},
		{"a manager may not", "mia", "/delegate @zoe", "zoe", 20, "command_needs_role", policy.Waiting},
		{"to the author", "ana", "/delegate @dan", "zoe", 20, "command_for_contributor", policy.Waiting},
		{"to nobody", "ana", "/delegate api", "zoe", 20, "command_unclear", policy.Waiting},
		{"until nothing", "ana", "/delegate @zoe until", "zoe", 20, "command_unclear", policy.Waiting},
		{"until no date", "ana", "/delegate @zoe until friday", "zoe", 20, "command_unclear", policy.Waiting},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pull := change(p, file("api/a", "b"))
			say(&pull, "member", command(tt.by, tt.say, 10))
			pull.Reviews = []fact.Review{approve(tt.approve, tt.minute)}
			d := p.Evaluate(pull)
			wantStatus(t, d, tt.want)
			if got := codes(d.Commands[0].Reasons); got != tt.refused {
				t.Errorf("%q, want %q", got, tt.refused)
			}
		})
	}
	pull := change(p, file("api/a", "b"))
	say(&pull, "member", command("ana", "/delegate @zoe until 2026-03-02", 10))
	if got, want := p.Evaluate(pull).ValidUntil, time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("valid until %v, want the delegation's end", got)
	}
}

func TestCommandsForEverybody(t *testing.T) {
	p := load(t, goRule+`
rule "security" {
  when = label("security")
  require "security-engineer" {}
}`)
	for _, tt := range []struct {
		access, say string
		refused     string
		security    bool
	}{
		{"none", "/recheck", "", false},
		{"none", "/explain", "", false},
		{"none", "/help", "", false},
		{"none", "/needs-security it smells", "command_needs_access", false},
		{"contributor", "/needs-security it smells", "command_needs_access", false},
		{"collaborator", "/needs-security it smells", "", true},
		{"member", "/request @bo", "", false},
		{"member", "/request manager", "", false},
		{"member", "/request nobodys", "command_no_role", false},
		{"none", "/request @bo", "command_needs_access", false},
		{"owner", "/break-glass fire", "glass_for_nobody", false},
		{"owner", "/merge", "command_not_available", false},
		{"member", "/assign-dri @bo", "command_no_dri", false},
	} {
		t.Run(tt.access+" "+tt.say, func(t *testing.T) {
			pull := change(p, file("main.go", "b"))
			say(&pull, tt.access, command("dan", tt.say, 1))
			d := p.Evaluate(pull)
			if got := codes(d.Commands[0].Reasons); got != tt.refused {
				t.Errorf("%q, want %q", got, tt.refused)
			}
			if got := rule(t, d, "security").InForce; got != tt.security {
				t.Errorf("security rule in force: %v", got)
			}
			if tt.security && (len(d.Labels) != 1 || d.Labels[0].Label != "security" || d.Labels[0].Kept) {
				t.Errorf("labels %+v", d.Labels)
			}
		})
	}
}

func TestADRIIsNoAlternativeForFilesOfNoProject(t *testing.T) {
	p := load(t, projects+`
rule "either" {
  changes = files
  any {
    require "cloud-engineer" {}
    require "dri" {}
  }
}
rule "rest" {
  changes = uncovered.files
  require "manager" {}
}`)
	for _, tt := range []struct {
		name   string
		author string
		paths  []string
		by     string
		change func(*fact.Pull)
		want   policy.Status
	}{
		{name: "a DRI's own project", author: "ana", paths: []string{"api/a"}, want: policy.Met},
		{name: "a DRI touches a project of theirs beside something else", author: "ana", paths: []string{"api/a", "x"}, want: policy.Waiting},
		{name: "a DRI approves something else beside their project", author: "dan", by: "wes", paths: []string{"web/w", "x"}, want: policy.Waiting},
		{name: "a DRI moves something else into their project", author: "ana", want: policy.Waiting, change: func(p *fact.Pull) {
			p.Files = []fact.File{{Path: "api/x", PreviousPath: "x", Status: fact.Renamed}}
		}},
		{name: "a DRI's project, and perhaps more", author: "ana", paths: []string{"api/a"}, want: policy.Waiting, change: func(p *fact.Pull) {
			p.Gaps = []fact.Gap{{About: fact.AboutFiles, Paths: []string{"x"}, Reason: "odd"}}
		}},
		{name: "the other role covers all", author: "dan", by: "bo", paths: []string{"api/a", "x"}, want: policy.Met},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var files []fact.File
			for _, path := range tt.paths {
				files = append(files, file(path, "b"))
			}
			pull := change(p, files...)
			pull.Author.Login = tt.author
			pull.Commits[0].People[0].Login = tt.author
			if tt.by != "" {
				pull.Reviews = []fact.Review{approve(tt.by, 1)}
			}
			if tt.change != nil {
				tt.change(&pull)
			}
			d := p.Evaluate(pull)
			if got := rule(t, d, "either"); got.Status != tt.want {
				t.Errorf("%s, want %s\n%s", got.Status, tt.want, describe(d))
			}
		})
	}
}

func TestFilesOfNoProjectStayUncoveredWhereOnlyDRIsAreAsked(t *testing.T) {
	p := load(t, projects+`
rule "dri" {
  changes = files
  require "dri" {}
}
rule "rest" {
  changes = uncovered.files
  require "manager" {}
}`)
	d := p.Evaluate(change(p, file("api/a", "b"), file("x", "b")))
	if got := rule(t, d, "rest"); !got.InForce || len(got.Scope.Paths) != 1 || got.Scope.Paths[0] != "x" {
		t.Errorf("the rest is %v\n%s", got.Scope, describe(d))
	}
}
