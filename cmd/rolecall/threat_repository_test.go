package main

import (
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// A repository is renamed, and another is made under its name: what was said on
// a pull request of the one says nothing of the other's of that number.
func TestThreat22ARepositoryUnderAnothersName(t *testing.T) {
	var remembered string
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			pr.Approve("ana")
			w.settle()
			remembered = w.ref(pr).String()
			was := w.repo
			was.Rename("vault")
			if !trick { // what goes on in it goes on
				return pr
			}
			w.repo = w.org.Repo("cloud")
			w.repo.Commit("main", "Start", githubtest.Files{policy.RepoPath: policyText, "main.go": "package main\n"})
			w.guard()
			return w.open("dan", githubtest.Files{"main.go": goAfter})
		},
		// What is known of a name and a number.
		naive:  func(w *world, pr *githubtest.Pull, _ fact.Pull) bool { return w.ref(pr).String() == remembered },
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"main.go"},
	}.run(t)
	// Control: what follows the renaming is found by the new name, and by work
	// that was on its way by the old one.
	t.Run("and it is looked at by its new name", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, migrated(t, "sqlite:"+t.TempDir()+"/test.db"), policyText, githubtest.Options{})
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
		w.gh.Hold()
		pr.Push("dan", githubtest.Files{"main.go": goAfter})
		w.repo.Rename("vault")
		w.gh.Release()
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		pr.Approve("bo")
		w.expect(pr, "success", "Every role")
	})
}
