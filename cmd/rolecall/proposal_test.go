package main

import (
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy"
)

// coveringText is a policy that loads without a warning.
const coveringText = policyText + `
rule "everything else" {
  changes = uncovered.files
  require "cloud-engineer" {}
}
`

// A pull request that changes the policy is told what is wrong with its new
// version, on its lines, and is not let through while that would not load.
func TestANewPolicyIsValidatedOnItsPullRequest(t *testing.T) {
	eachWith(t, coveringText, githubtest.Options{}, func(t *testing.T, w *world) {
		broken := strings.Replace(coveringText, "go.files", "go.flies", 1)
		line := 1 + strings.Count(broken[:strings.Index(broken, "flies")], "\n")
		pr := w.open("dan", githubtest.Files{policy.RepoPath: broken})
		c := w.expect(pr, "failure", "The policy that this change brings does not load")
		if len(c.Annotations) != 1 || c.Annotations[0].Path != policy.RepoPath || c.Annotations[0].StartLine != line || c.Annotations[0].Level != "failure" {
			t.Errorf("annotations are %+v, want one failure at line %d", c.Annotations, line)
		}
		if !strings.Contains(c.Summary, "flies") {
			t.Errorf("the check does not show the diagnostic:\n%s", c.Summary)
		}
		pr.Approve("mia")
		pr.Approve("sam")
		c = w.expect(pr, "failure", "The policy that this change brings does not load")
		if len(c.Annotations) != 1 {
			t.Errorf("after two reviews the annotations are %+v", c.Annotations)
		}
		w.fresh(pr)

		pr.Push("dan", githubtest.Files{policy.RepoPath: coveringText + "\n# More.\n"})
		c = w.expect(pr, "in_progress", "Waiting for Manager, Security Engineer")
		if len(c.Annotations) != 0 || !strings.Contains(c.Summary, "loads") {
			t.Errorf("annotations %+v, summary\n%s", c.Annotations, c.Summary)
		}
		w.fresh(pr)

		// Where the policy in force is broken, the one that mends it is told so.
		w.repo.Commit("main", "Broken", githubtest.Files{policy.RepoPath: broken}, githubtest.By("mia"))
		w.expect(pr, "failure", "The policy cannot be used")
		mend := w.open("dan", githubtest.Files{policy.RepoPath: coveringText})
		c = w.expect(mend, "failure", "The policy cannot be used")
		if !strings.Contains(c.Summary, "The new version of `.github/rolecall.hcl` loads") || len(c.Annotations) != 0 {
			t.Errorf("annotations %+v, summary\n%s", c.Annotations, c.Summary)
		}
		w.fresh(mend)
	})
}

// The organisation's policy is validated in its own repository.
func TestANewFloorIsValidatedOnItsPullRequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		repo := w.org.Repo(".github")
		repo.Commit("main", "A floor", githubtest.Files{policy.FloorPath: floorText})
		pr := repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{policy.FloorPath: strings.Replace(floorText, "go.files", "go.flies", 1)}})
		c := w.expect(pr, "failure", "The policy that this change brings does not load")
		if len(c.Annotations) != 1 || c.Annotations[0].Path != policy.FloorPath {
			t.Errorf("annotations are %+v", c.Annotations)
		}
		w.fresh(pr)
	})
}
