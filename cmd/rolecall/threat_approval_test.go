package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

const newProject = "resource \"google_project\" \"p\" {}\n"

// The pull request loosens the policy that it is judged by.
func TestThreat01ThePullRequestEditsThePolicy(t *testing.T) {
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			files := githubtest.Files{"net/main.tf": newProject}
			if trick {
				files[policy.RepoPath] = `policy { keepers = ["cloud-engineer"] }` + "\nrole \"cloud-engineer\" { members = [\"@acme/cloud\"] }\n"
			}
			pr := w.open("dan", files)
			pr.Approve("ana")
			if !trick {
				pr.Approve("sam")
			}
			return pr
		},
		naive:  byThePolicyOf((*githubtest.Pull).Head),
		caught: shown{"in_progress", "Waiting for Security Engineer, Manager"}, control: passes,
		says: []string{"policy"},
	}.run(t)
}

// A commit is made green against a lenient base and then aimed at the real one.
func TestThreat02AGreenCommitIsRetargeted(t *testing.T) {
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			w.repo.Require([]string{"main"}, githubtest.RequiredCheck{Context: "rolecall: main", App: w.gh.App().ID()})
			w.repo.Commit("playground", "A branch that needs nothing", githubtest.Files{"main.go": goBefore})
			base := "playground"
			if !trick {
				base = "main"
			}
			pr := w.repo.Open(githubtest.PullRequest{Author: "dan", Base: base, Files: githubtest.Files{"main.go": goAfter}})
			pr.Approve("ana")
			w.settle()
			w.pass(2 * time.Second)
			if trick {
				w.gh.Hold() // GitHub merges before anybody hears of the new base
				pr.Retarget("main")
				if ok, why := pr.Mergeable(); ok || !strings.Contains(why, "rolecall: main") {
					w.t.Errorf("the green of another base lets it merge: %v %s", ok, why)
				}
				w.gh.Release()
			}
			return pr
		},
		// A check whose name does not carry the base.
		naive: func(w *world, pr *githubtest.Pull, _ fact.Pull) bool {
			return slices.ContainsFunc(w.repo.ChecksAt(pr.Head()), func(c githubtest.Check) bool {
				return strings.HasPrefix(c.Name, "rolecall: ") && c.Conclusion == "success"
			})
		},
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"ana"},
	}.run(t)
}

// Approve, then push: the review's delivery comes late, and the database is
// lost in between.
func TestThreat03ApproveThenPush(t *testing.T) {
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			w.settle()
			w.gh.Hold()
			pr.Approve("ana")
			if trick {
				pr.Push("dan", githubtest.Files{"main.go": goAfter})
			}
			w.gh.Release(func(d []githubtest.Delivery) []githubtest.Delivery { slices.Reverse(d); return d })
			w.settle()
			w.wipe()
			pr.Label("mia", "docs") // something to look at it again
			return pr
		},
		naive:  approvedOnce,
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"main.go"},
	}.run(t)
}

// A force-push that GitHub answers by moving the review to the new head.
func TestThreat04AForcePushThatMovesTheReview(t *testing.T) {
	attack{
		options: githubtest.Options{MoveReviewsOnForcePush: true},
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			pr.Approve("ana")
			w.settle()
			w.pass(2 * time.Second)
			if trick {
				pr.ForcePush("dan", githubtest.Files{"main.go": goAfter})
			} else {
				pr.ForcePush("dan", githubtest.Files{"main.go": goBefore, "README.md": "# Other\n"})
			}
			return pr
		},
		naive:  approvedAtHead,
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"main.go"},
	}.run(t)
}

// A push back to a commit that was approved before it was found wanting.
func TestThreat04AForcePushBackToWhatWasOnceApproved(t *testing.T) {
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			first := pr.Head()
			pr.Approve("ana")
			w.settle()
			w.pass(2 * time.Second)
			pr.Push("dan", githubtest.Files{"main.go": goAfter})
			w.settle()
			w.pass(2 * time.Second)
			if trick {
				pr.Dismiss("ana", "mia") // it was no good after all
				pr.PushTo("dan", first)
			} else {
				pr.Approve("ana")
			}
			return pr
		},
		// Approvals remembered by commit, whatever became of them.
		naive: func(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
			return slices.ContainsFunc(p.Reviews, func(v fact.Review) bool { return v.Commit == p.Head.SHA })
		},
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"dismissed"},
	}.run(t)
}

// A merge of the base that changes, under the name of a conflict, what was
// approved.
func TestThreat05AMergeOfTheBaseThatHidesAChange(t *testing.T) {
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			pr.Approve("ana")
			w.settle()
			w.repo.Commit("main", "Elsewhere", githubtest.Files{"docs/a.md": "a\n"}, githubtest.By("eve"))
			if trick {
				pr.MergeBase("dan", githubtest.Files{"main.go": goAfter})
			} else {
				pr.UpdateBranch("dan")
			}
			return pr
		},
		// A merge commit is taken for no change.
		naive: func(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
			last := p.Commits[len(p.Commits)-1]
			return len(last.Parents) == 2 && slices.ContainsFunc(p.Reviews, func(v fact.Review) bool {
				return v.State == fact.Approved && slices.Contains(last.Parents, v.Commit)
			})
		},
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"main.go"},
	}.run(t)
}

// The approval is of somebody who wrote part of the change: as author, as
// committer, as co-author, on a side branch, or as whoever pushed last.
func TestThreat06ApprovalByWhoeverWroteIt(t *testing.T) {
	for name, test := range variants(map[string]struct {
		write func(w *world, pr *githubtest.Pull)
		says  string
	}{
		"as the author of a commit": {func(_ *world, pr *githubtest.Pull) {
			pr.PushCommits("dan", githubtest.Commit{Author: "ana", Files: githubtest.Files{"main.go": goAfter}})
		}, "is author, committer or co-author"},
		"as the committer": {func(_ *world, pr *githubtest.Pull) {
			pr.Push("dan", githubtest.Files{"main.go": goAfter}, githubtest.CommittedBy("ana"))
		}, "is author, committer or co-author"},
		"as co-author in a trailer": {func(_ *world, pr *githubtest.Pull) {
			pr.Push("dan", githubtest.Files{"main.go": goAfter}, githubtest.CoAuthored("ana"))
		}, "is author, committer or co-author"},
		"on a side branch that was merged in": {func(w *world, pr *githubtest.Pull) {
			side := w.repo.Object(pr.Head(), githubtest.Commit{Author: "ana", Files: githubtest.Files{"main.go": goAfter}})
			pr.Push("dan", githubtest.Files{"main.go": goAfter}, githubtest.Parents(side))
		}, "is author, committer or co-author"},
		"as whoever pushed last": {func(_ *world, pr *githubtest.Pull) {
			pr.PushCommits("ana", githubtest.Commit{Author: "dan", Files: githubtest.Files{"main.go": goAfter}})
		}, "pushed last"},
	}) {
		t.Run(name, func(t *testing.T) {
			attack{
				play: func(w *world, trick bool) *githubtest.Pull {
					pr := w.open("dan", githubtest.Files{"main.go": goBefore})
					if trick {
						test.write(w, pr)
					} else {
						pr.Push("dan", githubtest.Files{"main.go": goAfter})
					}
					pr.Approve("ana")
					return pr
				},
				naive:  approvedByAnother,
				caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
				says: []string{"ana", test.says},
			}.run(t)
		})
	}
}

// The approval is of a bot, of a former member, or of somebody who was invited
// and has not come.
func TestThreat07ApprovalByWhoHoldsNoRole(t *testing.T) {
	for name, test := range variants(map[string]struct {
		approve func(w *world, pr *githubtest.Pull)
		says    string
	}{
		"by a bot in the team": {func(w *world, pr *githubtest.Pull) {
			w.gh.Bot("helper")
			w.org.Team("cloud").Add("helper[bot]")
			pr.Approve("helper[bot]")
		}, "bot"},
		"by a member who has left since": {func(w *world, pr *githubtest.Pull) {
			pr.Approve("ana")
			w.settle()
			w.org.Team("cloud").Remove("ana")
		}, "ana"},
		"by somebody whose membership is pending": {func(w *world, pr *githubtest.Pull) {
			w.org.Team("cloud").Invite("pat")
			pr.Approve("pat")
		}, "pat"},
	}) {
		t.Run(name, func(t *testing.T) {
			attack{
				play: func(w *world, trick bool) *githubtest.Pull {
					pr := w.open("dan", githubtest.Files{"main.go": goBefore})
					if trick {
						test.approve(w, pr)
					} else {
						pr.Approve("ana")
					}
					return pr
				},
				naive:  approvedByAnother,
				caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
				says: []string{test.says},
			}.run(t)
		})
	}
}

// A dismissed review, an objection after an approval, and a plain comment,
// which must undo nothing.
func TestThreat08ReviewsThatAreTakenBack(t *testing.T) {
	t.Run("changes requested after the approval", attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			pr.Approve("ana")
			w.settle()
			w.pass(2 * time.Second)
			if trick {
				pr.Review("ana", "request_changes", "no")
			} else {
				pr.Review("ana", "comment", "by the way")
			}
			return pr
		},
		naive:  approvedOnce,
		caught: shown{"failure", "Changes requested by"}, control: passes,
		says: []string{"ana"},
	}.run)
	t.Run("another holder objects", attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			pr.Review("bo", "request_changes", "no")
			w.settle()
			w.pass(2 * time.Second)
			if !trick {
				pr.Approve("bo")
			}
			pr.Approve("ana")
			return pr
		},
		naive:  approvedAtHead,
		caught: shown{"failure", "Changes requested by"}, control: passes,
		says: []string{"bo"},
	}.run)
	t.Run("the approval is dismissed", attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			pr.Approve("ana")
			w.settle()
			w.pass(2 * time.Second)
			if trick {
				pr.Dismiss("ana", "mia")
			}
			return pr
		},
		// The latest word of each, where a dismissal is none.
		naive: func(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
			return slices.ContainsFunc(p.Reviews, func(v fact.Review) bool { return v.State != fact.ChangesRequested && v.Commit == p.Head.SHA })
		},
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"dismissed"},
	}.run)
}
