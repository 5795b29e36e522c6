package main

import (
	"slices"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// besidePolicy asks for what the analysis of Terraform tells.
const besidePolicy = `
policy {
  keepers = ["security-engineer"]
}

role "security-engineer" {
  title   = "Security Engineer"
  members = ["@acme/security"]
}

rule "modules" {
  changes = terraform.modules
  require "security-engineer" {}
}

rule "infrastructure" {
  changes = terraform.resources
  require "security-engineer" {}
}
`

const (
	caller = "module \"store\" {\n  source = \"../modules/store\"\n  name   = \"a\"\n}\n"
	called = "module \"inner\" {\n  source = \"../inner\"\n}\n"
	inner  = "resource \"google_storage_bucket\" \"b\" {\n  name = var.name\n}\n"
)

// A pull request changes a caller alone. Its approval covers the modules that
// it calls: once the base moves one of them, it stands no longer.
func TestAnApprovalCoversTheModulesThatAChangedOneCalls(t *testing.T) {
	for _, tt := range []struct {
		name  string
		moved githubtest.Files
		want  string
	}{
		{"a module that it calls", githubtest.Files{"modules/store/main.tf": called + "# who may\nvariable \"who\" {}\n"}, "Waiting for Security Engineer"},
		{"a module that that one calls", githubtest.Files{"modules/inner/iam.tf": "resource \"google_storage_bucket_iam_member\" \"m\" {}\n"}, "Waiting for Security Engineer"},
		{"a file of a module is gone", githubtest.Files{"modules/inner/more.tf": nil}, "Waiting for Security Engineer"},
		{"another module", githubtest.Files{"modules/other/main.tf": called}, ""},
		{"a text beside a module", githubtest.Files{"modules/inner/README.md": "# Inner\n"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, storetest.SQLite(t), besidePolicy, githubtest.Options{})
			w.repo.Commit("main", "Modules", githubtest.Files{
				"live/main.tf": caller, "modules/store/main.tf": called, "modules/inner/main.tf": inner,
				"modules/inner/more.tf": "# nothing yet\n", "modules/other/main.tf": inner,
			})
			pr := w.open("dan", githubtest.Files{"live/main.tf": caller[:len(caller)-2] + "  size = 2\n}\n"})
			w.settle()
			w.expect(pr, "in_progress", "Waiting for Security Engineer")
			w.pass(2 * time.Second)
			pr.Approve("sam")
			w.settle()
			if c := pr.Check("rolecall: main"); c.Conclusion != "success" {
				t.Fatalf("approved, and the check is %+v", c)
			}
			w.pass(2 * time.Second)
			w.repo.Commit("main", "Something else", tt.moved)
			pr.UpdateBranch("dan")
			w.settle()
			if tt.want != "" {
				w.expect(pr, "in_progress", tt.want)
			} else if c := pr.Check("rolecall: main"); c.Conclusion != "success" {
				t.Errorf("the approval stands no longer: %+v", c)
			}
		})
	}
}

// A changed link is read through, by a second reading where there is one.
func TestALinkIsReadThrough(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t), besidePolicy, githubtest.Options{Latency: 40 * time.Millisecond})
	w.repo.Commit("main", "Shared", githubtest.Files{"shared/main.txt": inner})
	w.open("dan", githubtest.Files{"a.tf": "# x\n"})
	w.settle()
	var pr *githubtest.Pull
	calls := w.calls(func() { pr = w.open("dan", githubtest.Files{"net/main.tf": githubtest.Symlink("../shared/main.txt")}) })
	if trips := githubtest.RoundTrips(calls); trips > 4 {
		t.Errorf("%d round trips, want 4\n%s", trips, timeline(calls))
	}
	found := w.facts(pr).Findings.Terraform.Resources
	if len(found.Gaps) > 0 || len(found.Items) != 1 || found.Items[0].Address != "google_storage_bucket.b" ||
		!slices.Equal(found.Items[0].Paths, []string{"net/main.tf", "shared/main.txt"}) {
		t.Errorf("the link's resources are %+v", found)
	}
	calls = w.calls(func() { pr.Approve("sam") })
	if trips := githubtest.RoundTrips(calls); trips > 2 {
		t.Errorf("a review takes %d round trips, want 2\n%s", trips, timeline(calls))
	}
	w.pass(2 * time.Second)
	w.repo.Commit("main", "Something else", githubtest.Files{"shared/main.txt": inner + "# more\n"})
	pr.UpdateBranch("dan")
	w.settle()
	w.expect(pr, "in_progress", "Waiting for Security Engineer")
}
