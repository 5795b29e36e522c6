package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/survey"
	"github.com/rolecall/rolecall/policy"
)

// stricter asks a Security Engineer for Go, too, and nobody but them for the
// rest.
var stricter = strings.NewReplacer(
	"rule \"go\" {\n  changes = go.files\n", "rule \"go\" {\n  changes = go.files\n  require \"security-engineer\" {}\n",
	"changes = uncovered.files\n  require \"cloud-engineer\" {}", "changes = uncovered.files\n  require \"security-engineer\" {}",
).Replace(coveringText)

// A pull request that changes the policy says which of the pull requests that
// were decided lately it would decide differently, and asks GitHub nothing for
// it.
func TestANewPolicyIsReplayedOnThePullRequestsOfLate(t *testing.T) {
	eachWith(t, coveringText, githubtest.Options{}, func(t *testing.T, w *world) {
		code := w.open("dan", githubtest.Files{"main.go": goBefore})
		code.Approve("ana")
		w.expect(code, "success", "Every role")
		tf := w.open("dan", githubtest.Files{"net.tf": "resource \"google_compute_network\" \"n\" {}\n"})
		docs := w.open("eve", githubtest.Files{"README.md": "# Other\n"})
		w.expect(tf, "in_progress", "Waiting for")
		w.expect(docs, "in_progress", "Waiting for Cloud Engineer")

		var pr *githubtest.Pull
		calls := w.calls(func() { pr = w.open("dan", githubtest.Files{policy.RepoPath: stricter}) })
		c := w.expect(pr, "in_progress", "Waiting for Manager, Security Engineer")
		for _, want := range []string{
			"Replayed on 3 pull requests decided last: 2 would be decided differently.",
			"| #3 ",
			"| ⏳ waiting | ⏳ waiting | + `security-engineer`, − `cloud-engineer` | `everything else`: it concerns `",
			"| #1 ",
			"| ✅ met | ⏳ waiting | + `security-engineer` | `go`: it concerns `main.go` |",
		} {
			if !strings.Contains(c.Summary, want) {
				t.Errorf("the check does not say %q:\n%s", want, c.Summary)
			}
		}
		if strings.Contains(c.Summary, "| #2 ") {
			t.Errorf("the Terraform is decided no differently:\n%s", c.Summary)
		}
		w.fresh(pr)

		// No call is made for it: a change of another file costs as many but for
		// reading the policy and its tests.
		other := w.calls(func() { w.open("dan", githubtest.Files{"docs/a.md": "a\n"}) })
		if len(calls) > len(other)+1 {
			t.Errorf("the policy's pull request took %d calls, and another %d:\n%v\n%v", len(calls), len(other), calls, other)
		}

		// It is found once for each version: what was decided since is left out.
		pr.Comment("dan", "/recheck")
		pr.Approve("mia")
		if c = w.expect(pr, "in_progress", "Waiting for Security Engineer"); !strings.Contains(c.Summary, "Replayed on 3 pull requests") {
			t.Errorf("the same version was replayed again:\n%s", c.Summary)
		}
		pr.Push("dan", githubtest.Files{policy.RepoPath: stricter + "\n# Another version.\n"})
		if c = w.expect(pr, "in_progress", "Waiting for Manager, Security Engineer"); !strings.Contains(c.Summary, "Replayed on 4 pull requests") {
			t.Errorf("another version was not replayed:\n%s", c.Summary)
		}

		// What the new version asks about and was never read cannot be replayed.
		pr.Push("dan", githubtest.Files{policy.RepoPath: strings.Replace(coveringText, "changes = go.files", "changes = go.exported", 1)})
		if c = w.expect(pr, "in_progress", "Waiting for"); !strings.Contains(c.Summary, "could not be replayed: `what the new version asks about was not read when they were decided`") {
			t.Errorf("what was not read is not said:\n%s", c.Summary)
		}
		w.fresh(pr)

		// One that removes the policy is told what comes of it.
		gone := w.open("dan", githubtest.Files{policy.RepoPath: githubtest.Delete})
		if c := w.expect(gone, "in_progress", "Waiting for Manager, Security Engineer"); !strings.Contains(c.Summary, "The policy is removed") || strings.Contains(c.Summary, "loads") {
			t.Errorf("its removal is not said:\n%s", c.Summary)
		}
		w.fresh(gone)

		// On the way to another branch it has no effect.
		w.repo.Commit("release/1", "Cut", githubtest.Files{"VERSION": "1\n"})
		aside := w.repo.Open(githubtest.PullRequest{Author: "dan", Base: "release/1", Files: githubtest.Files{policy.RepoPath: stricter}})
		w.settle()
		if c := aside.Check("rolecall: release/1"); strings.Contains(c.Summary, "would change") {
			t.Errorf("it is replayed on the way to another branch:\n%s", c.Summary)
		}
	})
}

const policyTests = `
test "go needs a Cloud Engineer" {
  pull   = { author = "@dan" }
  files  = { "main.go" = { after = "package main\n" } }
  expect = { waiting_for = ["cloud-engineer"] }
}
`

// The tests beside the policy are run with its new version, and a policy that
// they contradict is not let through.
func TestThePolicysTestsAreRunOnItsPullRequest(t *testing.T) {
	const tests = ".github/rolecall.rolecall_test.hcl"
	eachWith(t, coveringText, githubtest.Options{}, func(t *testing.T, w *world) {
		w.repo.Commit("main", "Tests", githubtest.Files{tests: policyTests}, githubtest.By("mia"))
		pr := w.open("dan", githubtest.Files{policy.RepoPath: stricter})
		c := w.expect(pr, "failure", "The policy does not pass its own tests with this change")
		if len(c.Annotations) != 1 || c.Annotations[0].Path != tests || c.Annotations[0].StartLine != 2 {
			t.Errorf("annotations are %+v", c.Annotations)
		}
		if want := "waiting_for: want [\"cloud-engineer\"], got [\"security-engineer\", \"cloud-engineer\"]"; !strings.Contains(c.Summary, want) {
			t.Errorf("the check does not say %q:\n%s", want, c.Summary)
		}
		w.fresh(pr)
		explain := func() string {
			flags := slices.DeleteFunc(w.fromGitHub(), func(s string) bool { return s == "--github" || s == "--repo" || s == w.repo.FullName() })
			return w.command(append([]string{"explain", fmt.Sprintf("acme/cloud#%d", pr.Number())}, flags...)...)
		}
		if got := explain(); !strings.Contains(got, c.Title) || !strings.Contains(got, "It does not pass its own tests") || !strings.Contains(got, tests+":2") {
			t.Errorf("explained otherwise than the check, %q:\n%s", c.Title, got)
		}
		draft := filepath.Join(t.TempDir(), "draft.hcl")
		if err := os.WriteFile(draft, []byte(coveringText), 0o600); err != nil {
			t.Fatal(err)
		}
		// So does whatever else decides without the server.
		flags := slices.DeleteFunc(w.fromGitHub(), func(s string) bool { return s == "--github" || s == "--repo" || s == w.repo.FullName() })
		got := w.command(append([]string{"simulate", fmt.Sprintf("acme/cloud#%d", pr.Number()), "--policy", draft}, flags...)...)
		if !strings.Contains(got, c.Title) || !strings.Contains(got, "It does not pass its own tests") || !strings.Contains(got, "The policy in force decides the same.") {
			t.Errorf("simulated otherwise than the check, %q:\n%s", c.Title, got)
		}
		var left [2]survey.Handoff
		for i, flags := range [][]string{{"--database-url", w.database}, w.fromGitHub()} {
			if err := json.Unmarshal([]byte(w.command(append([]string{"handoff", "--format", "json"}, flags...)...)), &left[i]); err != nil {
				t.Fatal(err)
			}
		}
		if len(left[0].Stuck) != 1 || len(left[1].Stuck) != 1 || left[0].Stuck[0].Why != left[1].Stuck[0].Why || !strings.Contains(left[0].Stuck[0].Why, "its own tests") {
			t.Errorf("left by the server's record %+v, by GitHub %+v", left[0], left[1])
		}

		pr.Push("dan", githubtest.Files{tests: strings.Replace(policyTests, `["cloud-engineer"]`, `["cloud-engineer", "security-engineer"]`, 1)})
		c = w.expect(pr, "in_progress", "Waiting for Manager, Security Engineer")
		if !strings.Contains(c.Summary, "It passes its 1 test.") || len(c.Annotations) != 0 {
			t.Errorf("annotations %+v, summary\n%s", c.Annotations, c.Summary)
		}
		w.fresh(pr)
		if got := explain(); !strings.Contains(got, c.Title) || !strings.Contains(got, "It passes its 1 test.") {
			t.Errorf("explained otherwise than the check, %q:\n%s", c.Title, got)
		}

		// Tests alone are held to the policy in force.
		alone := w.open("dan", githubtest.Files{tests: "test \"x\" {\n  expct = {}\n}\n"})
		c = w.expect(alone, "failure", "The policy does not pass its own tests with this change")
		if !strings.Contains(c.Summary, "Did you mean") || len(c.Annotations) != 1 || c.Annotations[0].StartLine != 2 {
			t.Errorf("annotations %+v, summary\n%s", c.Annotations, c.Summary)
		}
		w.fresh(alone)
	})
}
