package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy/fact"
)

// The approver pushed part of the change under somebody else's name, and is no
// longer the last to have pushed; or tried other ways to have had no part.
func TestThreat06ApprovalByWhoeverPushedIt(t *testing.T) {
	// nobodyNamed lets an approval count of whoever no commit names, and who did
	// not push last.
	nobodyNamed := func(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
		return !slices.ContainsFunc(p.Commits, func(c fact.Commit) bool {
			return len(c.Parents) == 1 && slices.ContainsFunc(c.People, func(who fact.Person) bool { return who.Login == "ana" })
		})
	}
	for name, test := range variants(map[string]struct {
		write func(w *world, pr *githubtest.Pull)
		naive func(*world, *githubtest.Pull, fact.Pull) bool
		says  string
	}{
		"and the author pushed since": {func(w *world, pr *githubtest.Pull) {
			pr.PushCommits("ana", githubtest.Commit{Author: "dan", Files: githubtest.Files{"main.go": goAfter}})
			w.settle()
			pr.Push("dan", githubtest.Files{"docs/x.md": "x\n"})
		}, nobodyNamed, "pushed part of it"},
		"and somebody updated the branch since": {func(w *world, pr *githubtest.Pull) {
			pr.PushCommits("ana", githubtest.Commit{Author: "dan", Files: githubtest.Files{"main.go": goAfter}})
			w.settle()
			w.repo.Commit("main", "Elsewhere", githubtest.Files{"docs/a.md": "a\n"}, githubtest.By("eve"))
			pr.UpdateBranch("bo")
			w.settle()
			pr.Push("dan", githubtest.Files{"docs/x.md": "x\n"})
		}, nobodyNamed, "pushed part of it"},
		"in an empty commit": {func(_ *world, pr *githubtest.Pull) {
			pr.PushCommits("dan", githubtest.Commit{Author: "ana", Message: "Empty"}, githubtest.Commit{Author: "dan", Files: githubtest.Files{"main.go": goAfter}})
		}, func(_ *world, _ *githubtest.Pull, p fact.Pull) bool { // a commit without files is none
			return p.Commits[len(p.Commits)-1].People[0].Login == "dan"
		}, "is author, committer or co-author"},
	}) {
		t.Run(name, attack{
			play: func(w *world, trick bool) *githubtest.Pull {
				pr := w.open("dan", githubtest.Files{"main.go": goBefore})
				w.settle()
				if trick {
					test.write(w, pr)
				} else {
					// Who updates the branch has no part in the change.
					w.repo.Commit("main", "Elsewhere", githubtest.Files{"docs/a.md": "a\n"}, githubtest.By("eve"))
					pr.UpdateBranch("ana")
					w.settle()
					pr.Push("dan", githubtest.Files{"main.go": goAfter})
				}
				w.settle()
				pr.Approve("ana")
				return pr
			},
			naive:  test.naive,
			caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
			says: []string{"ana", test.says},
		}.run)
	}
}

// A review is submitted on a commit that was harmless, when the head is not.
func TestThreat03AReviewOfAnEarlierCommit(t *testing.T) {
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			old := pr.Head()
			w.settle()
			pr.Push("dan", githubtest.Files{"main.go": goAfter})
			w.settle()
			if trick {
				pr.ReviewAt("ana", "approve", "", old)
			} else {
				pr.Approve("ana")
			}
			return pr
		},
		// An approval that came after the push is of what was pushed.
		naive:  approvedOnce,
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"main.go"},
	}.run(t)
}

// Somebody bears a login that the policy names, and is not of the organisation:
// they left it, or took the login once it was given up. The repository is
// public, so that they may review.
func TestThreat07ApprovalByAStranger(t *testing.T) {
	named := strings.NewReplacer(`members = ["@acme/security"]`, `members = ["@zoe"]`, "rule \"instances\"", "project \"shelf\" {\n  files = [\"shelf/**\"]\n  dri   = \"@zoe\"\n}\n\nrole \"dri\" {}\n\nrule \"shelf\" {\n  changes = projects.files\n  require \"dri\" {}\n}\n\nrule \"instances\"").Replace(folderPolicy)
	for name, test := range variants(map[string]struct {
		path   string
		member func(w *world, trick bool)
		caught shown
	}{
		"who never came":         {"instances/main.tf", func(w *world, trick bool) { w.gh.User("zoe"); join(w, !trick) }, shown{"action_required", "Nobody can approve as Security Engineer"}},
		"who has left":           {"instances/main.tf", func(w *world, trick bool) { join(w, true); leave(w, trick) }, shown{"action_required", "Nobody can approve as Security Engineer"}},
		"who was DRI":            {"shelf/a.txt", func(w *world, trick bool) { join(w, true); leave(w, trick) }, shown{"action_required", "DRI of shelf"}},
		"who wrote here before":  {"instances/main.tf", func(w *world, trick bool) { wrote(w); join(w, !trick) }, shown{"action_required", "Nobody can approve as Security Engineer"}},
		"who cannot be asked of": {"instances/main.tf", func(w *world, trick bool) { w.gh.User("zoe"); unseen(w, trick) }, shown{"action_required", "Nobody can approve as Security Engineer"}},
	}) {
		t.Run(name, attack{
			policy: named,
			play: func(w *world, trick bool) *githubtest.Pull {
				w.repo.Public()
				test.member(w, trick)
				w.settle()
				pr := w.open("dan", githubtest.Files{test.path: newProject})
				w.settle()
				pr.Approve("zoe")
				return pr
			},
			naive:  approvedByAnother,
			caught: test.caught, control: passes,
			says: []string{"zoe", "is neither a member of the organisation nor a collaborator"},
		}.run)
	}
	// Control: a collaborator from outside is known to the repository.
	t.Run("but not of a collaborator", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, "sqlite:"+t.TempDir()+"/test.db", named, githubtest.Options{})
		w.repo.Public().Collaborator("zoe", "push")
		pr := w.open("dan", githubtest.Files{"instances/main.tf": newProject})
		w.settle()
		pr.Approve("zoe")
		w.expect(pr, "success", "Every role")
	})
}

func join(w *world, does bool) {
	if does {
		w.org.Member("zoe")
	}
}

func leave(w *world, does bool) {
	if does {
		w.settle()
		w.org.Remove("zoe")
	}
}

// wrote makes zoe a contributor of the repository.
func wrote(w *world) {
	old := w.open("zoe", githubtest.Files{"docs/z.md": "z\n"})
	w.settle()
	old.MustMerge("mia")
}

// unseen takes away the permission to ask who is a member; without the trick
// zoe can be seen to be a collaborator.
func unseen(w *world, does bool) {
	if does {
		w.gh.App().Permit("members", "")
	} else {
		w.repo.Collaborator("zoe", "push")
	}
}

// The label that brought a role in is renamed, or deleted, for the whole
// repository.
func TestThreat15TheLabelItselfIsTakenAway(t *testing.T) {
	for name, to := range map[string]string{"renamed": "was-security", "deleted": ""} {
		t.Run(name, attack{
			play: func(w *world, trick bool) *githubtest.Pull {
				pr := w.open("dan", githubtest.Files{"main.go": goBefore})
				pr.Label("eve", "security")
				w.settle()
				if trick {
					w.repo.RenameLabel("security", to)
				} else {
					pr.Approve("sam")
				}
				pr.Approve("ana")
				return pr
			},
			// By GitHub's own timeline, as it is now.
			naive:  labelNow,
			caught: waitsForSecurity, control: passes,
			says: []string{"security"},
		}.run)
	}
}
