package main

import (
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy"
)

func TestThePolicyChangesBreaksAndGoes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		commit := func(text any) {
			w.repo.Commit("main", "Policy", githubtest.Files{policy.RepoPath: text}, githubtest.By("mia"))
		}
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")

		commit(strings.Replace(policyText, "changes = go.files\n  require \"cloud-engineer\"", "changes = go.files\n  require \"security-engineer\"", 1))
		w.expect(pr, "in_progress", "Waiting for Security Engineer")
		w.fresh(pr)

		commit(strings.Replace(policyText, "go.files", "go.flies", 1))
		c := w.expect(pr, "failure", "The policy cannot be used")
		if !strings.Contains(c.Summary+c.Text, "flies") || !strings.Contains(c.Summary+c.Text, "files") {
			t.Errorf("the check does not show the diagnostic:\n%s\n%s", c.Summary, c.Text)
		}
		w.fresh(pr)

		commit(policyText)
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")

		commit(githubtest.Delete)
		c = w.expect(pr, "failure", "The policy cannot be used")
		if !strings.Contains(c.Summary+c.Text, "gone") {
			t.Errorf("the check does not say that the policy is gone:\n%s\n%s", c.Summary, c.Text)
		}
		late := w.open("eve", githubtest.Files{"README.md": "# Other\n"})
		w.expect(late, "failure", "The policy cannot be used")

		commit(policyText)
		w.expect(pr, "success", "Every role")
		w.fresh(pr)
	})
}

func TestThePolicyIsNotReadFromThePullRequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		lax := strings.Replace(policyText, "changes = go.files\n  require \"cloud-engineer\" {}", "changes = go.files\n  require \"cloud-engineer\" { allow = [\"author\"] }", 1)
		pr := w.open("ana", githubtest.Files{"main.go": goBefore, policy.RepoPath: lax})
		w.expect(pr, "in_progress", "Waiting for")
		pr.Approve("bo")
		w.expect(pr, "in_progress", "Waiting for Manager, Security Engineer")
		pr.Approve("mia")
		pr.Approve("sam")
		w.expect(pr, "success", "Every role")
		w.fresh(pr)
	})
}

func TestNoPolicyNoCheck(t *testing.T) {
	eachWith(t, "", githubtest.Options{}, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		pr.Comment("dan", "/recheck")
		w.settle()
		if got := pr.Checks(); len(got) > 0 {
			t.Errorf("there are checks without a policy: %+v", got)
		}
		if got := githubtest.Writes(w.gh.Calls()); len(got) > 0 {
			t.Errorf("something was written without a policy: %+v", got)
		}
		w.repo.Commit("main", "Policy", githubtest.Files{policy.RepoPath: policyText})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		w.fresh(pr)
	})
}

const floorText = `
policy {
  keepers = ["head"]
  floor   = true
}

role "head" {
  members = ["@mia"]
}

role "auditor" {
  title   = "Auditor"
  members = ["@eve"]
}

rule "audit" {
  changes = go.files
  require "auditor" {}
}
`

func TestTheOrganisationsFloor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
		floor := w.org.Repo(".github")
		floor.Commit("main", "A floor", githubtest.Files{policy.FloorPath: floorText})
		w.expect(pr, "in_progress", "Waiting for Auditor")
		w.fresh(pr)
		pr.Approve("eve")
		w.expect(pr, "success", "Every role")
		w.fresh(pr)
		floor.Commit("main", "No floor", githubtest.Files{policy.FloorPath: githubtest.Delete})
		w.expect(pr, "failure", "The policy cannot be used")
	})
}

func TestARetarget(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.repo.Commit("release/1", "Cut", githubtest.Files{"VERSION": "1\n"})
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
		w.pass(2 * time.Second)
		pr.Retarget("release/1", "dan")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer") // by the name of the new base
		w.fresh(pr)
		w.pass(2 * time.Second)
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
		w.fresh(pr)
	})
}

func TestAMergeGroupIsAnswered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one := w.open("dan", githubtest.Files{"main.go": goBefore})
		two := w.open("dan", githubtest.Files{"other.go": "package main\n"})
		one.Approve("ana")
		w.expect(one, "success", "Every role")
		one.Enqueue("dan")
		good := w.repo.BuildGroup("main", 1)
		w.settle()
		if c := good.Check("rolecall: main"); c.Conclusion != "success" {
			t.Errorf("the group's check is %q %q", c.Conclusion, c.Title)
		}
		two.Enqueue("dan")
		bad := w.repo.BuildGroup("main", 2)
		w.settle()
		if c := bad.Check("rolecall: main"); c.Conclusion != "failure" || !strings.Contains(c.Title, "Cloud Engineer") {
			t.Errorf("the group's check is %q %q, want a failure that says who is missing", c.Conclusion, c.Title)
		}
		w.fresh(one)
	})
}

// A group that GitHub gave up before it was answered is not asked for for ever.
func TestAMergeGroupThatIsGivenUpIsLetGo(t *testing.T) {
	if !long() {
		t.Skip("set ROLECALL_LONG")
	}
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		w.settle()
		pr.Enqueue("dan")
		w.gh.Hold()
		group := w.repo.BuildGroup("main", 1)
		group.Destroy("invalidated")
		pr.Dequeue("dan")
		w.gh.Release()
		within(t, time.Minute, "the look at the group ends", func() bool {
			var n int
			if err := w.server.store.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM looks WHERE kind = 'group'`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n == 0 && strings.Contains(w.log.String(), "a merge group is gone")
		})
	})
}
