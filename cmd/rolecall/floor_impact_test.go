package main

import (
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy"
)

// A pull request that changes the organisation's floor says which pull requests
// of which repositories it would decide differently, and shows nobody what they
// may not read.
func TestANewFloorIsReplayedOnTheOrganisationsPullRequests(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.repo.Public()
		floor := w.org.Repo(".github")
		floor.Commit("main", "A floor", githubtest.Files{policy.FloorPath: floorText})
		alike := w.org.Repo("alike")
		alike.Commit("main", "A policy", githubtest.Files{policy.RepoPath: strings.ReplaceAll(policyText, "security-engineer", "security-lead")})

		w.expect(w.open("dan", githubtest.Files{"main.go": goBefore}), "in_progress", "Waiting for")
		w.expect(w.open("dan", githubtest.Files{"net.tf": "resource \"google_compute_network\" \"n\" {}\n"}), "in_progress", "Waiting for")
		secret := alike.Open(githubtest.PullRequest{Author: "dan", Title: "Hush", Files: githubtest.Files{"net.tf": "resource \"google_compute_network\" \"n\" {}\n"}})
		w.expect(secret, "in_progress", "Waiting for")

		// It asks for one role more, and takes a name that a repository uses.
		more := strings.Replace(floorText, "changes = go.files", "changes = terraform.files", 1) + "role \"security-lead\" {\n  members = [\"@eve\"]\n}\n"
		calls := w.calls(func() {
			floor.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"README.md": "other\n"}})
		})
		var pr *githubtest.Pull
		with := w.calls(func() {
			pr = floor.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{policy.FloorPath: more}})
		})
		c := w.expect(pr, "in_progress", "Waiting for")
		for _, want := range []string{
			"Replayed on 4 pull requests decided last in the organisation's repositories: 3 would be decided differently.",
			"| `acme/cloud#2` `", "| + `auditor` | `audit`: it concerns `net.tf` |",
			"| `acme/cloud#1` `", "| − `auditor` | `audit` no longer asks |",
			"| `acme/alike#1` | ⏳ waiting | ⛔ broken | the same | its repository's policy would no longer load: `what it declares does not fit beside the new floor` |",
		} {
			if !strings.Contains(c.Summary, want) {
				t.Errorf("the check does not say %q:\n%s", want, c.Summary)
			}
		}
		if strings.Contains(c.Summary, "Hush") {
			t.Errorf("the check tells the title of a private pull request:\n%s", c.Summary)
		}
		if len(with) > len(calls)+1 {
			t.Errorf("it took %d calls, and another change %d:\n%v\n%v", len(with), len(calls), with, calls)
		}
		w.fresh(pr)

		// Where everybody reads the check, it does not even name the repository.
		floor.Public()
		pr.Comment("dan", "/recheck")
		c = w.expect(pr, "in_progress", "Waiting for")
		if !strings.Contains(c.Summary, ": 3 would be decided differently.") || !strings.Contains(c.Summary, "1 pull request of these: in repositories that are not public") ||
			strings.Contains(c.Summary, "alike") || !strings.Contains(c.Summary, "| `acme/cloud#1` `") {
			t.Errorf("to everybody the check says:\n%s", c.Summary)
		}
		w.fresh(pr)
	})
}
