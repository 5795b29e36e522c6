package main

import (
	"slices"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy/fact"
)

// What was approved once and reverted comes back by a revert of the revert: it
// is another pull request, which nobody has approved.
func TestThreat04ARevertOfARevert(t *testing.T) {
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			before, _ := w.repo.Read("main", "main.go")
			first := w.repo.Open(githubtest.PullRequest{Author: "dan", Head: "change", Files: githubtest.Files{"main.go": goAfter}})
			first.Approve("ana")
			w.settle()
			first.MustMerge("merger")
			revert := w.repo.Open(githubtest.PullRequest{Author: "eve", Title: "Revert \"Change\"", Head: "revert-1-change", Files: githubtest.Files{"main.go": before}})
			revert.Approve("bo")
			w.settle()
			revert.MustMerge("merger")
			w.settle()
			again := w.repo.Open(githubtest.PullRequest{Author: "dan", Title: "Revert \"Revert \"Change\"\"", Head: "revert-2-revert-1-change", Files: githubtest.Files{"main.go": goAfter}})
			if !trick {
				again.Approve("ana")
			}
			return again
		},
		// The very files were approved before.
		naive: func(w *world, pr *githubtest.Pull, _ fact.Pull) bool {
			now, _ := w.repo.Read(pr.Head(), "main.go")
			return slices.ContainsFunc([]int{1, 2}, func(n int) bool {
				was := w.repo.Pull(n)
				text, _ := w.repo.Read(was.Head(), "main.go")
				return text == now && approvedAtHead(w, was, w.facts(was))
			})
		},
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"main.go"},
	}.run(t)
}

// A rebase leaves one role's files as they were, and not the other's.
func TestThreat04ARebaseThatKeepsOneRolesFiles(t *testing.T) {
	for name, trickFiles := range variants(map[string]githubtest.Files{
		"another resource":     {"main.go": goBefore, "net/main.tf": newProject + newProject},
		"the other file moved": {"main.go": goBefore, "net/moved.tf": newProject},
		"one more file":        {"main.go": goBefore, "net/main.tf": newProject, "net/more.tf": newProject},
	}) {
		t.Run(name, attack{
			play: func(w *world, trick bool) *githubtest.Pull {
				files := githubtest.Files{"main.go": goBefore, "net/main.tf": newProject}
				pr := w.open("dan", files)
				pr.Approve("ana")
				pr.Approve("sam")
				w.settle()
				w.pass(2 * time.Second)
				w.repo.Commit("main", "Elsewhere", githubtest.Files{"docs/a.md": "a\n"}, githubtest.By("eve"))
				if trick {
					files = trickFiles
				}
				base := w.repo.Head("main")
				rebased := w.repo.Object(base, githubtest.Commit{Author: "dan", Message: "Rebased", Files: files})
				pr.PushTo("dan", rebased)
				w.settle()
				w.pass(2 * time.Second)
				return pr
			},
			// Something that was approved is as it was.
			naive: func(w *world, pr *githubtest.Pull, p fact.Pull) bool {
				now, _ := w.repo.Read(pr.Head(), "main.go")
				return now == goBefore && approvedOnce(w, pr, p)
			},
			caught: shown{"in_progress", "Security Engineer"}, control: passes,
			says: []string{"net/"},
		}.run)
	}
}

// It is closed, changed and opened again: no event tells of a push to the
// branch of what is closed.
func TestThreat04ReopenedWithOldApprovals(t *testing.T) {
	for name, meanwhile := range variants(map[string]func(w *world, pr *githubtest.Pull){
		"and pushed to meanwhile": func(w *world, pr *githubtest.Pull) {
			w.repo.Commit(pr.HeadBranch(), "More", githubtest.Files{"main.go": goAfter}, githubtest.By("dan"))
		},
		"its branch deleted and made again": func(w *world, pr *githubtest.Pull) {
			head := pr.Head()
			w.repo.DeleteBranch(pr.HeadBranch(), "dan")
			w.repo.Push(pr.HeadBranch(), head, "dan")
			w.repo.Commit(pr.HeadBranch(), "More", githubtest.Files{"main.go": goAfter}, githubtest.By("dan"))
		},
		"the base changed meanwhile": func(w *world, _ *githubtest.Pull) {
			w.repo.Commit("main", "The same file", githubtest.Files{"main.go": "package main\n\nfunc main() { println(0) }\n"}, githubtest.By("eve"))
			w.pass(time.Second)
		},
	}) {
		t.Run(name, attack{
			play: func(w *world, trick bool) *githubtest.Pull {
				pr := w.open("dan", githubtest.Files{"main.go": goBefore})
				pr.Approve("ana")
				w.settle()
				w.pass(2 * time.Second)
				pr.Close()
				w.settle()
				if trick {
					meanwhile(w, pr)
					w.settle()
				} else {
					w.repo.Commit(pr.HeadBranch(), "More", githubtest.Files{"docs/x.md": "x\n"}, githubtest.By("dan"))
				}
				w.pass(2 * time.Second)
				pr.Reopen()
				if name == "the base changed meanwhile" && trick {
					pr.MergeBase("dan", githubtest.Files{"main.go": goAfter})
				}
				return pr
			},
			naive:  approvedOnce,
			caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
			says: []string{"main.go"},
		}.run)
	}
}

// A branch is deleted, and another change is pushed under its name: the pull
// request that was approved does not come back with it.
func TestThreat04ABranchThatIsMadeAgain(t *testing.T) {
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			pr.Approve("ana")
			w.settle()
			w.pass(2 * time.Second)
			if !trick {
				return pr
			}
			w.repo.DeleteBranch(pr.HeadBranch(), "dan")
			w.settle()
			return w.repo.Open(githubtest.PullRequest{Author: "dan", Head: pr.HeadBranch(), Files: githubtest.Files{"main.go": goAfter}})
		},
		// By the name of the branch.
		naive: func(w *world, pr *githubtest.Pull, _ fact.Pull) bool {
			was := w.repo.Pull(1)
			return was.HeadBranch() == pr.HeadBranch() && approvedOnce(w, was, w.facts(was))
		},
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"main.go"},
	}.run(t)
}

// It is aimed at a branch whose policy asks for less, approved there, and aimed
// back; as a draft, so that nobody looks.
func TestThreat02ThereAndBack(t *testing.T) {
	for name, test := range variants(map[string]func(w *world, pr *githubtest.Pull){
		"approved there": func(w *world, pr *githubtest.Pull) {
			pr.Retarget("playground", "merger")
			w.settle()
			w.pass(2 * time.Second)
			pr.Approve("ana")
			w.settle()
			w.pass(2 * time.Second)
			pr.Retarget("main", "merger")
		},
		"as a draft": func(w *world, pr *githubtest.Pull) {
			pr.ConvertToDraft()
			pr.Approve("ana")
			w.settle()
			w.pass(2 * time.Second)
			pr.Push("dan", githubtest.Files{"main.go": goAfter})
			w.gh.Hold()
			pr.MarkReady()
			if ok, _ := pr.Mergeable(); ok {
				w.t.Error("it may be merged before anybody has looked")
			}
			w.gh.Release()
		},
		"made ready while it is pushed to": func(w *world, pr *githubtest.Pull) {
			pr.ConvertToDraft()
			pr.Approve("ana")
			w.settle()
			w.pass(2 * time.Second)
			w.gh.Hold()
			pr.MarkReady()
			pr.Push("dan", githubtest.Files{"main.go": goAfter})
			w.gh.Release(func(list []githubtest.Delivery) []githubtest.Delivery { slices.Reverse(list); return list })
		},
	}) {
		t.Run(name, attack{
			play: func(w *world, trick bool) *githubtest.Pull {
				w.repo.Commit("playground", "A branch that needs nothing", githubtest.Files{"play.md": "x\n"})
				pr := w.open("dan", githubtest.Files{"main.go": goBefore})
				w.settle()
				if trick {
					test(w, pr)
				} else {
					pr.ConvertToDraft()
					pr.Approve("ana")
					w.settle()
					pr.MarkReady()
				}
				return pr
			},
			naive:  approvedOnce,
			caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
			says: []string{"ana"},
		}.run)
	}
}
