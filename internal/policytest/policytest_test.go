package policytest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/policytest"
	"github.com/rolecall/rolecall/policy"
)

const policyText = `
policy {
  keepers = ["manager"]
}

role "cloud-engineer" {
  members = ["@acme/cloud"]
}

role "manager" {
  members = ["@mia"]
}

role "on-call" {
  rotation {
    start  = "2026-01-05T09:00:00Z"
    length = "168h"
    order  = ["@ana", "@bo"]
  }
}

role "dri" {}

project "billing" {
  files = ["billing/**"]
}

rule "go" {
  changes = go.files
  require "cloud-engineer" {}
}

rule "exported" {
  changes = go.exported
  sticky  = "never"
  require "manager" {}
}

rule "patch" {
  changes = glob("docs/**")
  sticky  = "patch"
  require "manager" {}
}

rule "night" {
  when = pull.title == "night"
  any {
    require "on-call" {}
    require "manager" {}
  }
}

rule "billing" {
  changes = projects.files
  require "dri" {}
}

rule "tests" {
  changes = glob("**/*_test.go")
  advice  = true
  require "manager" { allow = ["author"] }
}
`

func load(t testing.TB) *policy.Policy {
	t.Helper()
	p, diags := policy.Load(nil, &policy.Source{Name: "rolecall.hcl", Bytes: []byte(policyText)})
	if p == nil {
		t.Fatal(diags)
	}
	return p
}

func suite(p *policy.Policy, text string) (*policytest.Suite, []policy.Diagnostic) {
	return policytest.Load(&policy.Source{Name: "a.rolecall_test.hcl", Bytes: []byte(text)}, p)
}

func TestATestSaysWhatThePolicyDecides(t *testing.T) {
	p := load(t)
	for name, body := range map[string]string{
		"a team of which nobody is named waits and is not stuck":   `files = { "a.go" = { after = "package a\n" } }` + "\n" + `expect = { status = "waiting", waiting_for = ["cloud-engineer"] }`,
		"a role without holders is stuck":                          `files = { "a.go" = { after = "package a\n" } }` + "\n" + `roles = { "cloud-engineer" = [] }` + "\n" + `expect = { status = "stuck" }`,
		"the members of a team hold its roles":                     `files = { "a.go" = { after = "package a\n" } }` + "\n" + `teams = { "@acme/cloud" = ["@cy"] }` + "\n" + `reviews = [{ by = "@cy", state = "approved" }]` + "\n" + `expect = { status = "met" }`,
		"an exported name is new":                                  `files = { "a.go" = { before = "package a\n", after = "package a\n\nfunc A() {}\n" } }` + "\n" + `expect = { in_force = ["exported", "go"] }`,
		"an exported name is not new":                              `files = { "a.go" = { before = "package a\n\nfunc A() {}\n", after = "package a\n\nfunc A() {}\n\n// b\n" } }` + "\n" + `expect = { in_force = ["go"], not_in_force = ["exported"] }`,
		"a file that cannot be read brings the rule in":            `files = { "a.go" = { before = "package a\n", after = "package a\n\nvar a int\n", unreadable = true } }` + "\n" + `expect = { in_force = ["exported"], reasons = ["changes_unknown"] }`,
		"an approval of the head is wanted":                        `files = { "a.go" = { after = "package a\n\nfunc A() {}\n" } }` + "\n" + `reviews = [{ by = "@mia", state = "approved", before_push = {} }]` + "\n" + `expect = { waiting = ["exported"], reasons = ["review_not_head"] }`,
		"an approval stands while the patch is the same":           `files = { "docs/a.md" = { before = "a\nb\n", after = "a\nc\n" } }` + "\n" + `reviews = [{ by = "@mia", state = "approved", before_push = {} }]` + "\n" + `expect = { met = ["patch"] }`,
		"an approval falls when the patch is another":              `files = { "docs/a.md" = { before = "a\nb\n", after = "a\nc\n" } }` + "\n" + `reviews = [{ by = "@mia", state = "approved", before_push = { "docs/a.md" = "a\nd\n" } }]` + "\n" + `expect = { waiting = ["patch"], ignored = ["@mia"] }`,
		"a file that was new before the push":                      `files = { "docs/a.md" = { after = "a\n" } }` + "\n" + `reviews = [{ by = "@mia", state = "approved", before_push = { "docs/a.md" = null } }]` + "\n" + `expect = { waiting = ["patch"] }`,
		"whoever is on call at the time of the review counts":      `now = "2026-01-14T12:00:00Z"` + "\n" + `pull = { title = "night" }` + "\n" + `reviews = [{ by = "@ana", state = "approved", at = "2026-01-06T12:00:00Z" }]` + "\n" + `expect = { met = ["night"] }`,
		"whoever is on call later does not":                        `now = "2026-01-14T12:00:00Z"` + "\n" + `pull = { title = "night" }` + "\n" + `reviews = [{ by = "@bo", state = "approved", at = "2026-01-06T12:00:00Z" }]` + "\n" + `expect = { waiting_for = ["on-call or manager"] }`,
		"a co-author is a contributor":                             `pull = { title = "night" }` + "\n" + `commits = [{ by = "@dan", co_authors = ["@mia"] }]` + "\n" + `reviews = [{ by = "@mia", state = "approved" }]` + "\n" + `expect = { ignored = ["@mia"] }`,
		"a clean merge makes nobody a contributor":                 `pull = { title = "night" }` + "\n" + `commits = [{ by = "@dan" }, { by = "@mia", clean_merge = true }]` + "\n" + `reviews = [{ by = "@mia", state = "approved" }]` + "\n" + `expect = { met = ["night"] }`,
		"whoever pushed last is none of the independent":           `pull = { title = "night", pusher = "@mia" }` + "\n" + `reviews = [{ by = "@mia", state = "approved" }]` + "\n" + `expect = { ignored = ["@mia"] }`,
		"both names of a rename count":                             `files = { "b/a.md" = { previous = "docs/a.md", before = "a\n" } }` + "\n" + `expect = { in_force = ["patch"] }`,
		"a project without a DRI says so":                          `files = { "billing/a" = { after = "a\n" } }` + "\n" + `expect = { status = "stuck", waiting_for = ["dri of billing"], dri = { billing = [] } }`,
		"a command in an edited comment has no effect":             `files = { "billing/a" = { after = "a\n" } }` + "\n" + `comments = [{ by = "@mia", body = "/assign-dri @bo", edited = true }]` + "\n" + `expect = { dri = { billing = [] }, reasons = ["command_edited"] }`,
		"advice blocks nothing":                                    `files = { "a_test.go" = { after = "package a\n" } }` + "\n" + `roles = { "cloud-engineer" = ["@ana"] }` + "\n" + `reviews = [{ by = "@ana", state = "approved" }]` + "\n" + `expect = { status = "met", waiting = ["tests"], waiting_for = [] }`,
		"a change of the policy needs its keepers":                 `files = { ".github/rolecall.hcl" = { before = "a\n", after = "b\n" } }` + "\n" + `expect = { in_force = ["policy"], waiting_for = ["manager"] }`,
		"the labels of the pull request are there without a story": `pull = { labels = ["x"] }` + "\n" + `expect = { labels = ["x"], status = "met" }`,
	} {
		t.Run(name, func(t *testing.T) {
			s, diags := suite(p, fmt.Sprintf("given {\n  pull = { author = \"@dan\" }\n}\n\ntest %q {\n%s\n}\n", name, body))
			if s == nil {
				t.Fatalf("it does not load: %+v", diags)
			}
			for _, f := range s.Run(s.Tests[0]).Failures {
				t.Errorf("%s: want %s, got %s", f.What, f.Want, f.Got)
			}
		})
	}
}

func TestAMistakeIsAnErrorWithItsRemedy(t *testing.T) {
	p := load(t)
	const good = "\nexpect = { status = \"met\" }\n"
	for name, c := range map[string]struct{ text, want string }{
		"an unknown argument":      {`test "a" { file = {} }`, `Did you mean "files"?`},
		"an unknown block":         {`tests "a" {}`, `Did you mean "test"?`},
		"no label":                 {`test {}`, `Write test "what must hold" { … }.`},
		"two of a name":            {"test \"a\" {" + good + "}\ntest \"a\" {" + good + "}", "Another test has the name"},
		"nothing expected":         {`test "a" {}`, "Say what the policy must decide"},
		"an empty expectation":     {`test "a" { expect = {} }`, "Say what the policy must decide"},
		"an expectation for all":   {"given {" + good + "}", "It belongs into the tests."},
		"a second given":           {"given {}\ngiven {}", "There is one given block"},
		"an argument alone":        {"pull = {}", "stands in no block"},
		"a block for an argument":  {"test \"a\" {\n  pull {}\n}", "Write pull = { … }."},
		"a name for a text":        {`test "a" { pull = { author = dan } }`, `A text stands in quotes: "dan".`},
		"a template in a text":     {`test "a" { pull = { title = "${x}" } }`, "Write $${ for a ${"},
		"a loop":                   {`test "a" { pull = { labels = [for x in [1] : x] } }`, "without names, calls and loops"},
		"a login without an at":    {`test "a" { pull = { author = "dan" } }`, `written as "@login"`},
		"a state that is none":     {`test "a" { reviews = [{ by = "@a", state = "approve" }] }`, `Did you mean "approved"?`},
		"a review by nobody":       {`test "a" { reviews = [{ state = "approved" }] }`, "needs by."},
		"a file without content":   {`test "a" { files = { "a" = {} } }`, "Give before, after, or both"},
		"a path from the root":     {`test "a" { files = { "/a" = { after = "" } } }`, "without a slash at its start"},
		"holders of dri":           {`test "a" { roles = { dri = ["@a"] } }`, "/assign-dri"},
		"an unknown team":          {`test "a" { teams = { "@acme/clout" = ["@a"] } }`, `Did you mean "@acme/cloud"?`},
		"an unknown rule":          {`test "a" { expect = { in_force = ["nigt"] } }`, `Did you mean "night"?`},
		"an unknown project":       {`test "a" { expect = { dri = { biling = [] } } }`, `Did you mean "billing"?`},
		"a time in the future":     {`test "a" { reviews = [{ by = "@a", state = "approved", at = "2h" }] }`, `"-2h" for how long before now`},
		"a list that is a text":    {`test "a" { expect = { waiting_for = "x" } }`, "a list in square brackets"},
		"a file that has no end":   {`test "a" {`, ""},
		"a rename of what is gone": {`test "a" { files = { "b" = { previous = "a", before = "x", after = null } } }`, "is there after the change"},
	} {
		t.Run(name, func(t *testing.T) {
			s, diags := suite(p, c.text)
			if s != nil || !policy.HasErrors(diags) {
				t.Fatalf("it loads: %+v", diags)
			}
			var all strings.Builder
			for _, d := range diags {
				all.WriteString(d.Summary + ": " + d.Detail + "\n")
				if d.Source != "a.rolecall_test.hcl" || d.Line < 1 {
					t.Errorf("it has no place: %+v", d)
				}
			}
			if !strings.Contains(all.String(), c.want) {
				t.Errorf("got\n%s\nwant %q", all.String(), c.want)
			}
		})
	}
}

func TestCoverageNamesTheRulesThatNoTestMoves(t *testing.T) {
	p := load(t)
	s, diags := suite(p, `
test "met" {
  files   = { "a.go" = { after = "package a\n" } }
  roles   = { "cloud-engineer" = ["@ana"] }
  reviews = [{ by = "@ana", state = "approved" }]
  expect  = { status = "met" }
}

test "night" {
  pull   = { title = "night" }
  expect = { status = "waiting" }
}
`)
	if s == nil {
		t.Fatal(diags)
	}
	c := policytest.NewCoverage(p)
	for _, one := range s.Tests {
		c.Add(s.Run(one).Decision)
	}
	if got := strings.Join(c.NeverInForce(), " "); got != "exported patch billing tests" {
		t.Errorf("never in force: %s", got)
	}
	if got := strings.Join(c.NeverWaiting(), " "); got != "go" {
		t.Errorf("never waiting: %s", got)
	}
}

// FuzzLoad holds that no file of tests makes the server panic, and that what
// loads can be run.
func FuzzLoad(f *testing.F) {
	p := load(f)
	f.Add("given {\n pull = { author = \"@dan\" }\n}\ntest \"a\" {\n files = { \"a.go\" = { before = \"\", after = \"package a\" } }\n expect = { status = \"met\" }\n}\n")
	f.Add("test \"a\" {\n files = { \"docs/a\" = { after = <<-E\n x\nE\n } }\n reviews = [{ by = \"@a\", state = \"approved\", before_push = { b = null } }]\n expect = { counts = [\"@a\"] }\n}\n")
	f.Add("test \"a\" {\n unchanged = { x = \"y\" }\n files = { \"y\" = { previous = \"x\", mode = \"120000\" } }\n commits = [{ by = \"@a\" }]\n label_events = [{ label = \"l\", by = \"@a\", action = \"add\", at = \"-2h\" }]\n comments = [{ by = \"@a\", body = \"/recheck\" }]\n expect = { labels = [] }\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, diags := suite(p, text)
		if s == nil && !policy.HasErrors(diags) {
			t.Fatal("nothing loads and nothing is said")
		}
		if s != nil {
			for _, one := range s.Tests {
				s.Run(one)
			}
		}
	})
}
