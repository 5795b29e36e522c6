package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy"
)

// TestCommandsEndToEnd is every command by what it brings about on GitHub.
func TestCommandsEndToEnd(t *testing.T) {
	once(t, glassPolicy(), func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"instances/a.txt": "1\n"})
		w.expect(pr, "in_progress", "Waiting for DRI of instances")

		// What is written in quotes, code, HTML, by bots, on a plain issue, or
		// by editing, is only text.
		before := len(pr.Comments())
		for _, text := range []string{"> /assign-dri @cy", "```\n/assign-dri @cy\n```", "`/assign-dri @cy`", "<!-- \n/assign-dri @cy\n-->", "    /assign-dri @cy"} {
			pr.Comment("mia", text)
		}
		pr.Comment("renovate[bot]", "/assign-dri @cy")
		w.repo.Issue("mia", "No pull request", "Text").Comment("mia", "/assign-dri @cy")
		edited := pr.Comment("mia", "nothing yet")
		w.settle()
		pr.EditComment(edited, "dan", "/assign-dri @cy")
		w.expect(pr, "in_progress", "Waiting for DRI of instances")
		if got := pr.Assignees(); len(got) != 0 {
			t.Errorf("assignees %v", got)
		}
		if said(pr, "the comment was edited") == nil {
			t.Errorf("nobody says that the comment was edited: %v", bodies(pr)[before:])
		}

		// A delegate approves in the DRI's stead, for a time.
		w.pass(time.Minute)
		pr.Comment("ana", "/delegate @cy until 2200-01-01")
		w.settle()
		pr.Approve("cy")
		w.expect(pr, "success", "Every role")
		w.fresh(pr)

		// Whom /request names is asked, and so is somebody of a role.
		pr.Comment("eve", "/request @bo")
		w.settle()
		if got := pr.Requested(); !slices.Contains(got, "bo") {
			t.Errorf("asked are %v, want bo too", got)
		}
		pr.Comment("eve", "/request security-engineer")
		w.settle()
		if got := pr.Requested(); !slices.Contains(got, "sam") {
			t.Errorf("asked are %v, want sam too", got)
		}
		w.fresh(pr)

		// Who is the lasting DRI is the policy's to say: the answer is a patch.
		pr.Comment("mia", "/assign-dri @cy instances lasting")
		w.settle()
		answer := said(pr, "```diff")
		if answer == nil {
			t.Fatalf("no patch: %v", bodies(pr))
		}
		if got := pr.Assignees(); len(got) != 0 {
			t.Errorf("the patch assigned %v", got)
		}
		_, patch, _ := strings.Cut(answer.Body(), "```diff\n")
		patch, _, _ = strings.Cut(patch, "```")
		after := applied(t, glassPolicyOf(w), patch)
		if want := strings.Replace(glassPolicyOf(w), "files = [\"instances/**\"]\n  dri   = \"@ana\"", "files = [\"instances/**\"]\n  dri   = \"@cy\"", 1); after != want {
			t.Errorf("the patch makes it:\n%s", after)
		}

		// /explain and /help answer.
		pr.Comment("eve", "/explain")
		pr.Comment("eve", "/help")
		w.settle()
		if c := said(pr, "Every reason"); c == nil || !strings.Contains(c.Body(), "/delegate by") && !strings.Contains(c.Body(), "@cy") {
			t.Errorf("no explanation: %v", bodies(pr))
		}
		if said(pr, "| `/break-glass REASON` |") == nil {
			t.Errorf("no help: %v", bodies(pr))
		}

		// Security is brought in for good: neither the comment's deletion nor
		// the label's removal nor the loss of the database takes it back.
		command := pr.Comment("eve", "/needs-security it opens a port")
		w.expect(pr, "in_progress", "Waiting for Security Engineer")
		pr.DeleteComment(command, "dan")
		pr.Unlabel("dan", "security")
		w.wipe()
		w.pass(time.Minute)
		pr.Comment("dan", "/recheck")
		c := w.expect(pr, "in_progress", "Waiting for")
		if !strings.Contains(c.Title, "Security Engineer") {
			t.Errorf("the Security Engineer is out: %s", c.Title)
		}
		// And that somebody deleted another's comment ends what loosened.
		if !strings.Contains(c.Title, "DRI of instances") {
			t.Errorf("the delegation outlives the deletion of a later comment: %s", c.Title)
		}
		w.fresh(pr)
	})
}

// GitHub shows a concealed member as an outsider, so whoever seems to be one is
// asked about; a real outsider brings nobody in.
func TestACommandOfAConcealedMember(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.org.Member("cora")
		w.org.Conceal("cora", "eve")
		w.org.Team("writers", "cora").Grant(w.repo, "push")
		pr := w.open("dan", githubtest.Files{"README.md": "# Some\n"})
		w.expect(pr, "success", "")
		for _, outsider := range []string{"eve", "stranger"} {
			refused := pr.Comment(outsider, "/needs-security it opens a port")
			w.expect(pr, "success", "")
			if got := refused.Reactions(); len(got) != 1 || !strings.HasSuffix(got[0], " confused") {
				t.Errorf("the reactions to %s are %v", outsider, got)
			}
		}
		pr.Comment("cora", "/needs-security it opens a port")
		w.expect(pr, "in_progress", "Waiting for Security Engineer")
		w.fresh(pr)
	})
}

func glassPolicyOf(w *world) string {
	text, ok := w.repo.Read("main", policy.RepoPath)
	if !ok {
		w.t.Fatal("there is no policy")
	}
	return text
}

// applied is the policy after a patch, by git itself.
func applied(t *testing.T, before, patch string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, policy.RepoPath)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	git := exec.Command("git", "apply", "-")
	git.Dir, git.Stdin = dir, strings.NewReader(patch)
	git.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	if out, err := git.CombinedOutput(); err != nil {
		t.Fatalf("git apply: %v\n%s\n%s", err, out, patch)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(after)
}

// TestWhoeverIsOnCallServesInstanceRequests lets the on-call engineer approve
// what creates or destroys an instance, by the kind of the resource or by its
// project, and nothing else.
func TestWhoeverIsOnCallServesInstanceRequests(t *testing.T) {
	text := strings.Replace(glassPolicy(), `
rule "infrastructure" {
  changes  = terraform.files
  distinct = true
  require "cloud-engineer" {}
  require "security-engineer" {}
}
`, `
locals {
  served = [for r in terraform.resources : r if r.kind == "compute" && (r.action == "create" || r.action == "delete")]
}

rule "instance requests" {
  changes = local.served
  any {
    require "cloud-engineer" {}
    require "on-call-engineer" {}
  }
}

rule "teardown" {
  changes = glob("teardown/**")
  any {
    require "cloud-engineer" {}
    require "on-call-engineer" {}
  }
}

rule "infrastructure" {
  changes = [for r in terraform.resources : r if !(r.kind == "compute" && (r.action == "create" || r.action == "delete"))]
  require "cloud-engineer" {}
  require "security-engineer" {}
}
`, 1)
	text = strings.Replace(text, `order  = ["@bo", "@cy"]`, `order  = ["@eve", "@dan"]`, 1) // no Cloud Engineers
	once(t, text, func(t *testing.T, w *world) {
		machine := func(name, size string) string {
			return fmt.Sprintf("resource \"google_compute_instance\" %q {\n  machine_type = %q\n}\n", name, size)
		}
		w.repo.Commit("main", "One", githubtest.Files{"net/one.tf": machine("one", "small")})
		for _, tt := range []struct {
			name  string
			files githubtest.Files
			serve bool
		}{
			{"a new instance", githubtest.Files{"net/two.tf": machine("two", "small")}, true},
			{"an instance torn down", githubtest.Files{"net/one.tf": "# gone\n"}, true},
			{"the project's path", githubtest.Files{"teardown/three": "please\n"}, true},
			{"another size", githubtest.Files{"net/one.tf": machine("one", "large")}, false},
			{"a new instance and a firewall", githubtest.Files{"net/two.tf": machine("two", "small") + "resource \"google_compute_firewall\" \"f\" {}\n"}, false},
			{"what cannot be read", githubtest.Files{"net/two.tf": "resource {{{\n"}, false},
		} {
			pr := w.open("mia", tt.files)
			w.settle()
			w.pass(time.Minute)
			pr.Approve("eve") // is on call, and no Cloud Engineer
			w.settle()
			if got := pr.Check("rolecall: main").Conclusion == "success"; got != tt.serve {
				t.Errorf("%s: success %v, want %v: %s\n%s", tt.name, got, tt.serve, pr.Check("rolecall: main").Title, pr.Check("rolecall: main").Summary)
			}
			if tt.serve {
				w.fresh(pr)
			}
		}
		// The turn is judged at the time of the approval: the hand-over undoes
		// nothing, and gives the earlier one no later say.
		served := w.open("mia", githubtest.Files{"net/late.tf": machine("late", "small")})
		w.settle()
		served.Approve("eve")
		w.expect(served, "success", "Every role")
		w.pass(7 * 24 * time.Hour)
		served.Label("mia", "later")
		w.expect(served, "success", "Every role")
		late := w.open("mia", githubtest.Files{"net/later.tf": machine("later", "small")})
		w.settle()
		w.pass(time.Minute)
		late.Approve("eve")
		w.expect(late, "in_progress", "Waiting for Cloud Engineer or On-call Engineer")
		w.pass(time.Minute)
		late.Approve("dan")
		w.expect(late, "success", "Every role")
	})
}

// TestThreat06DutiesAreSeparate holds who may not vouch for a change: its author, who
// contributed, who pushed last, and one person for two roles.
func TestThreat06DutiesAreSeparate(t *testing.T) {
	once(t, policyText, func(t *testing.T, w *world) {
		// One person of both roles fills only one of them.
		w.org.Team("security").Add("cy")
		both := w.open("dan", githubtest.Files{"net/main.tf": "resource \"google_project\" \"p\" {}\n"})
		w.settle()
		both.Approve("cy")
		c := w.expect(both, "in_progress", "Waiting for")
		if !strings.Contains(c.Text, "needs a different person") {
			t.Errorf("the check does not say why one is not enough:\n%s", c.Text)
		}
		both.Approve("sam")
		w.expect(both, "success", "Every role")
		w.fresh(both)

		// A co-author's approval does not count, and the check says so.
		pr := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"main.go": "package main\n// 1\n"}})
		w.settle()
		pr.Push("dan", githubtest.Files{"main.go": "package main\n// 2\n"}, githubtest.CoAuthored("ana"))
		w.settle()
		pr.Approve("ana")
		c = w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		if !strings.Contains(c.Text, "`@ana`: is author, committer or co-author") {
			t.Errorf("the check does not say why:\n%s", c.Text)
		}

		// Who pushed last is not the one who approves, though every commit is
		// somebody else's; the next push frees them.
		pushed := w.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"main.go": "package main\n// 3\n"}})
		w.settle()
		w.pass(time.Minute)
		pushed.PushCommits("bo", githubtest.Commit{Author: "dan", Message: "More", Files: githubtest.Files{"main.go": "package main\n// 4\n"}})
		w.settle()
		pushed.Approve("bo")
		c = w.expect(pushed, "in_progress", "Waiting for Cloud Engineer")
		if !strings.Contains(c.Text, "`@bo` pushed last") {
			t.Errorf("the check does not say why:\n%s", c.Text)
		}
		pushed.Approve("cy")
		w.expect(pushed, "success", "Every role")
	})
}

// TestDebtsAreCounted reads the gauge as Prometheus does.
func TestDebtsAreCounted(t *testing.T) {
	once(t, glassPolicy(), func(t *testing.T, w *world) {
		pr := w.open("dan", terraformFix("port"))
		w.settle()
		w.pass(time.Minute)
		pr.Comment("bo", "/break-glass down")
		w.settle()
		w.pass(time.Minute)
		pr.MustMerge("dan")
		w.settle()
		if got := w.gauge("rolecall_review_debts"); got != "1" {
			t.Errorf("open debts %q, want 1", got)
		}
		// A database that was lost learns of it when the repository is looked
		// at.
		w.wipe()
		if got := w.gauge("rolecall_review_debts"); got != "0" {
			t.Errorf("open debts %q, want 0", got)
		}
		w.repo.Commit("main", "More", githubtest.Files{policy.RepoPath: glassPolicyOf(w) + "\n# more\n"})
		w.settle()
		if got := w.gauge("rolecall_review_debts"); got != "1" {
			t.Errorf("open debts after a look at the repository %q, want 1", got)
		}
		pr.Approve("ana")
		pr.Approve("sam")
		w.settle()
		if got := w.gauge("rolecall_review_debts"); got != "0" {
			t.Errorf("open debts %q, want 0", got)
		}
	})
}

func (w *world) gauge(name string) string {
	w.t.Helper()
	resp, err := http.Get(w.server.URL() + "/metrics")
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	for line := range strings.Lines(string(body)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
