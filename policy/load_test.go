package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

func source(name, text string) *policy.Source {
	return &policy.Source{Name: name, Bytes: []byte(text)}
}

func TestCloudLoadsWithoutADiagnostic(t *testing.T) {
	p, diags := policy.Load(nil, source("cloud.hcl", string(policy.Cloud())))
	if p == nil || len(diags) > 0 {
		t.Fatal(format(diags, false))
	}
	var titles []string
	for _, r := range p.Roles() {
		titles = append(titles, r.Title)
	}
	if diff := cmp.Diff([]string{"Cloud Engineer", "Security Engineer", "On-call Engineer", "Engineering Manager", "DRI"}, titles); diff != "" {
		t.Errorf("the roles of the roles document (-want +got):\n%s", diff)
	}
}

func TestNothingToLoadIsNoPolicy(t *testing.T) {
	if p, diags := policy.Load(nil, nil); p != nil || diags != nil {
		t.Errorf("got %v, %v", p, diags)
	}
}

func TestInitWritesAPolicyThatLoads(t *testing.T) {
	monday := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for name, o := range map[string]policy.InitOptions{
		"teams":         {Cloud: []string{"@sourcegraph/cloud"}, Security: []string{"@sourcegraph/security"}, Managers: []string{"@kim"}, OnCall: []string{"@a", "@b"}, Start: monday},
		"people":        {Cloud: []string{"@a", "@b"}, Security: []string{"@c"}, Managers: []string{"@d"}, Observe: true, Timezone: "America/New_York"},
		"example names": {Cloud: []string{"@mia"}, Security: []string{"@acme/cloud"}, Managers: []string{"@acme/security"}},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := policy.Init(o)
			if err != nil {
				t.Fatal(err)
			}
			p, diags := policy.Load(nil, source("rolecall.hcl", string(text)))
			if p == nil {
				t.Fatal(format(diags, false))
			}
			for _, d := range diags {
				if d.Summary != "Role without members" || len(o.OnCall) > 0 {
					t.Errorf("%s", format(diags, false))
				}
			}
			people := map[string][]string{}
			for _, r := range p.Roles() {
				for _, m := range r.People {
					people[r.Name] = append(people[r.Name], "@"+m)
				}
				for _, m := range r.Teams {
					people[r.Name] = append(people[r.Name], "@"+m)
				}
				if r.Rotation != nil && (!r.Rotation.Start.Equal(monday) || len(r.Rotation.Order) != 2) {
					t.Errorf("rotation: %+v", r.Rotation)
				}
			}
			want := map[string][]string{"cloud-engineer": o.Cloud, "security-engineer": o.Security, "manager": o.Managers}
			if diff := cmp.Diff(want, people); diff != "" {
				t.Errorf("members (-want +got):\n%s", diff)
			}
			if observes := strings.Contains(string(text), `mode    = "observe"`); observes != o.Observe {
				t.Errorf("observe: %v", observes)
			}
			if len(p.Projects()) != 0 || strings.Contains(string(text), "@ana") {
				t.Errorf("example names are left:\n%s", text)
			}
		})
	}
}

func TestInitRefusesWhatIsNoName(t *testing.T) {
	good := policy.InitOptions{Cloud: []string{"@a"}, Security: []string{"@b"}, Managers: []string{"@c"}}
	for name, change := range map[string]func(*policy.InitOptions){
		"nobody":              func(o *policy.InitOptions) { o.Cloud = nil },
		"no @":                func(o *policy.InitOptions) { o.Managers = []string{"mia"} },
		"a quote":             func(o *policy.InitOptions) { o.Security = []string{`@a"]; x = ["`} },
		"a team on call":      func(o *policy.InitOptions) { o.OnCall = []string{"@a/b"} },
		"turns without start": func(o *policy.InitOptions) { o.OnCall = []string{"@a"} },
		"a strange zone":      func(o *policy.InitOptions) { o.Timezone = "Europe/Nowhere" },
	} {
		o := good
		change(&o)
		if text, err := policy.Init(o); err == nil {
			t.Errorf("%s: accepted:\n%s", name, text)
		}
	}
}

func TestARepositoryCannotTouchItsFloor(t *testing.T) {
	const floor = `
policy {
  keepers = ["security"]
  floor   = true
  checks  = { release = ["release/*"] }
}
role "security" { members = ["@acme/security"] }
project "all" { files = ["**"] }
rule "infrastructure" {
  changes = terraform.files
  require "security" {}
}
`
	const head = "policy { keepers = [\"team\"] }\nrole \"team\" { members = [\"@acme/team\"] }\nrule \"rest\" {\n  changes = uncovered.files\n  require \"team\" {}\n}\n"
	tests := []struct{ name, repo, want string }{
		{"it adds rules and roles", head, ""},
		{"its rules can require the floor's roles", head + "rule \"x\" {\n  require \"security\" {}\n}\n", ""},
		{"its keepers can be the floor's", strings.Replace(head, `["team"]`, `["security"]`, 1), ""},
		{"it cannot redefine a role", head + "role \"security\" { members = [\"@eve\"] }\n", "Name of the floor"},
		{"it cannot redefine a rule", head + "rule \"infrastructure\" {\n  require \"team\" {}\n}\n", "Name of the floor"},
		{"it cannot redefine a project", head + "project \"all\" { files = [\"x\"] }\n", "Name of the floor"},
		{"it cannot be a floor itself", strings.Replace(head, "{ keepers = [\"team\"] }", "{\n  keepers = [\"team\"]\n  floor = true\n}", 1), "Floor outside the organisation's file"},
		{"it cannot call itself a floor by a stand-in for a floor's role", head + "role \"x\" {\n  members = [\"@a\"]\n  otherwise = \"security\"\n}\n", ""},
		{"it cannot share checks among branches", strings.Replace(head, "{ keepers = [\"team\"] }", "{\n  keepers = [\"team\"]\n  checks = { all = [\"**\"] }\n}", 1), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, diags := policy.Load(source("acme/.github: rolecall.hcl", floor), source(".github/rolecall.hcl", tt.repo))
			if tt.want == "" {
				if p == nil {
					t.Fatal(format(diags, false))
				}
				if got := p.CheckName("main"); got != "rolecall: main" {
					t.Errorf("check: %q", got)
				}
				var keys []string
				for _, r := range p.Roles() {
					keys = append(keys, r.Key())
				}
				if keys[0] != "floor:security" || keys[1] != "team" {
					t.Errorf("keys: %v", keys)
				}
				return
			}
			if p != nil || diags[0].Summary != tt.want {
				t.Errorf("want %q, got %v\n%s", tt.want, p != nil, format(diags, false))
			}
		})
	}
	t.Run("a floor that does not load stops everything", func(t *testing.T) {
		if p, _ := policy.Load(source("floor", "policy {"), source("repo", head)); p != nil {
			t.Error("it loads")
		}
	})
	t.Run("an organisation's policy that is no floor stands in for a missing one only", func(t *testing.T) {
		org := strings.Replace(floor, "floor   = true", "", 1)
		alone, _ := policy.Load(source("org", org), nil)
		if alone == nil || alone.Roles()[0].Key() != "security" {
			t.Fatal("it does not stand in")
		}
		both, _ := policy.Load(source("org", org), source("repo", head))
		if both == nil || len(both.Roles()) != 1 {
			t.Fatal("it was added")
		}
	})
}

func TestChecksAreNamedByBaseOrGroup(t *testing.T) {
	p := language(t, "")
	if got := p.CheckName("feature/x"); got != "rolecall: feature/x" {
		t.Errorf("without groups: %q", got)
	}
	p, diags := policy.Load(nil, source("x", strings.Replace(preamble, `{ keepers = ["manager"] }`, `{
  keepers = ["manager"]
  checks  = { release = ["release/*", "hotfix-?"], all-else = ["dev/**"], a = ["release/1"] }
}`, 1)))
	if p == nil {
		t.Fatal(format(diags, false))
	}
	for base, want := range map[string]string{
		"main":           "rolecall: main",
		"release/2":      "rolecall: release",
		"release/1":      "rolecall: a", // the first group by name
		"hotfix-3":       "rolecall: release",
		"dev/a/b":        "rolecall: all-else",
		"release":        "rolecall: refs/heads/release", // a branch must not pass for a group
		"refs/heads/x":   "rolecall: refs/heads/refs/heads/x",
		"release/a/deep": "rolecall: release/a/deep",
	} {
		if got := p.CheckName(base); got != want {
			t.Errorf("%s: %q, want %q", base, got, want)
		}
	}
}

func TestNeedsAreWhatExpressionsCanSee(t *testing.T) {
	tests := []struct {
		name, rule      string
		names           string
		contents, modes bool
	}{
		{"nothing for a rule without expressions", "", "", false, false},
		{"no contents for paths", `changes = glob("a/**")`, "files", false, false},
		{"no contents for the languages' files", "changes = concat(go.files, terraform.files)", "go.files terraform.files", false, false},
		{"no contents for projects and the uncovered", "changes = concat(projects.files, uncovered.files)", "projects.files uncovered.files", false, false},
		{"no contents for status and sizes", `changes = [for f in files : f if f.status == "added" && f.additions > 3]`, "files files.additions files.status", false, false},
		{"contents for resources", "changes = terraform.resources", "terraform.resources", true, false},
		{"contents for their attributes", `changes = [for r in resources("google_*") : r if after(r, "x") == 1 && r.kind == "iam"]`, "terraform.resources terraform.resources.after terraform.resources.kind", true, false},
		{"contents for dependencies", "changes = dependencies", "dependencies", true, false},
		{"contents for what is generated", "changes = [for f in go.files : f if !f.generated]", "files.generated go.files", true, false},
		{"contents for a cosmetic change, in a condition inside a conditional", "changes = pull.draft ? go.files : [for f in files : f if pull.fork || !go.cosmetic]", "files go.cosmetic go.files pull.draft pull.fork", true, false},
		{"tree entries for modes", `changes = [for f in files : f if f.mode == "120000"]`, "files files.mode", false, true},
		{"tree entries for modes by a splat and by an index", `when = contains(files[*].mode, "120000") || files[0].previous_mode == ""`, "files files.mode files.previous_mode", false, true},
		{"what a local sees", "changes = local.risky", "dependencies dependencies.action", true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := language(t, "locals { risky = [for d in dependencies : d if d.action == \"add\"] }\n"+ruleOf(tt.rule))
			n := p.Needs()
			if got := strings.Join(n.Names, " "); got != tt.names || n.Contents != tt.contents || n.Modes != tt.modes {
				t.Errorf("got %q, contents %v, modes %v", got, n.Contents, n.Modes)
			}
		})
	}
	t.Run("patches for a rule that is sticky by patch, and all teams", func(t *testing.T) {
		n := language(t, "role \"t\" { members = [\"@Acme/Two\", \"@acme/one\", \"@x\"] }\n"+ruleOf(`sticky = "patch"`)).Needs()
		if !n.Patches || cmp.Diff([]string{"acme/one", "acme/two"}, n.Teams) != "" {
			t.Errorf("%+v", n)
		}
	})
}

func TestEveryArgumentIsRead(t *testing.T) {
	p, diags := policy.Load(nil, source("x", `
policy {
  keepers = ["manager"]
  mode    = "observe"
  away    = { "@Ana" = "2026-08-03..2026-08-21", bo-x = "2026-08-03T12:00:00+02:00..2026-08-03T18:00:00Z" }
}
`+preamble[strings.Index(preamble, "\nrole"):]))
	if p != nil || diags[0].Summary != "Neither a person nor a team" || !strings.Contains(diags[0].Detail, `"@bo-x"`) {
		t.Fatal("a login without @ is accepted")
	}
	p, diags = policy.Load(nil, source("x", `
policy {
  keepers = ["manager"]
  away = {
    "@Ana"         = ["2026-08-03..2026-08-21", "https://example.com/ana.ics"]
    "@bo-x"        = "2026-08-03T12:00:00+02:00..2026-08-03T18:00:00Z"
    "@Acme/Madrid" = "https://example.com/spain.ics"
  }
}
role "manager" {
  title     = "Boss"
  members   = ["@Mia", "@Acme/Leads"]
  otherwise = "on-call"
  hours     = { timezone = "Europe/Berlin", days = ["mon", "sun"], from = "09:30", to = "24:00", holidays = ["https://example.com/spain.ics", "2026-12-24"] }
}
role "on-call" {
  rotation {
    start  = "2026-01-05T09:00:00+01:00"
    length = "168h"
    order  = ["@Ana", "@bo"]
  }
}
role "feed" { calendar = "https://example.com/oncall.ics" }
project "mi" {
  files  = ["instances/**", "cmd/{mi,mj}/**"]
  dri    = "@Ana"
  notify = ["@Acme/Support", "@Zoe"]
}
`))
	if p == nil {
		t.Fatal(format(diags, false))
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	roles := []policy.RoleDef{
		{Name: "manager", Title: "Boss", People: []string{"mia"}, Teams: []string{"acme/leads"}, Otherwise: "on-call",
			Hours: &policy.Hours{Location: berlin, Days: [7]bool{0: true, 1: true}, From: 9*time.Hour + 30*time.Minute, To: 24 * time.Hour,
				Holidays: []fact.Span{{From: "2026-12-24", To: "2026-12-24"}}, Feeds: []string{"https://example.com/spain.ics"}}},
		{Name: "on-call", Rotation: &policy.Rotation{Start: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC), Length: 168 * time.Hour, Order: []string{"ana", "bo"}}},
		{Name: "feed", Calendar: "https://example.com/oncall.ics"},
	}
	if diff := cmp.Diff(roles, p.Roles(), cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	projects := []policy.ProjectDef{{Name: "mi", Files: []string{"instances/**", "cmd/{mi,mj}/**"}, DRI: "ana", Notify: []string{"zoe", "acme/support"}}}
	if diff := cmp.Diff(projects, p.Projects()); diff != "" {
		t.Errorf("projects (-want +got):\n%s", diff)
	}
	day := func(d, h int) time.Time { return time.Date(2026, 8, d, h, 0, 0, 0, time.UTC) }
	away := []policy.Absence{
		{Login: "ana", Span: policy.Span{From: day(3, 0), To: day(22, 0)}}, {Login: "ana", Feed: "https://example.com/ana.ics"},
		{Login: "bo-x", Span: policy.Span{From: day(3, 10), To: day(3, 18)}},
		{Team: "acme/madrid", Feed: "https://example.com/spain.ics"},
	}
	if diff := cmp.Diff(away, p.Away()); diff != "" {
		t.Errorf("away (-want +got):\n%s", diff)
	}
	feeds := []string{"https://example.com/ana.ics", "https://example.com/oncall.ics", "https://example.com/spain.ics"}
	if diff := cmp.Diff(feeds, p.Calendars()); diff != "" {
		t.Errorf("calendars (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"acme/leads", "acme/madrid"}, p.Needs().Teams); diff != "" {
		t.Errorf("teams (-want +got):\n%s", diff)
	}
}

func TestAGlobFindsTheSameAmongManyFilesAsAmongFew(t *testing.T) {
	patterns := []string{"a/**", "b/x", "A/**", "é/**", "a/b/**", "**"}
	names := []string{"a/x", "a", "ab/x", "A/x", "a/b/c", "b/x", "b/xx", "é/x", "e\u0301/x", "a\\x", "z"}
	rapid.Check(t, func(t *rapid.T) {
		var quoted []string
		for _, p := range rapid.SliceOfN(rapid.SampledFrom(patterns), 1, 3).Draw(t, "patterns") {
			quoted = append(quoted, fmt.Sprintf("%q", p))
		}
		p, _ := policy.Load(nil, source("x", preamble+ruleOf("changes = glob("+strings.Join(quoted, ", ")+")")))
		var few fact.Pull
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 6, rapid.ID[string]).Draw(t, "files") {
			f := fact.File{Path: name, Status: fact.Modified}
			if rapid.IntRange(0, 3).Draw(t, "renamed") == 0 {
				f.PreviousPath, f.Status = rapid.SampledFrom(names).Draw(t, "from"), fact.Renamed
			}
			few.Files = append(few.Files, f)
		}
		many := few
		many.Files = slices.Clone(few.Files)
		everything := slices.Contains(quoted, `"**"`)
		for i := range 100 {
			if !everything {
				many.Files = append(many.Files, fact.File{Path: fmt.Sprintf("other%d/y", i), Status: fact.Modified})
			}
		}
		if a, b := shape(policy.States(p, few, nil)["r"]), shape(policy.States(p, many, nil)["r"]); a != b {
			t.Fatalf("%v over %+v\nfew:  %s\nmany: %s", quoted, few.Files, a, b)
		}
	})
}

func TestTextsThatOccurAreOfAttributesThatExist(t *testing.T) {
	for key, exists := range policy.OccurringForTest() {
		if !exists {
			t.Errorf("the schema has no %s", key)
		}
	}
}
