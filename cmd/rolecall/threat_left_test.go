package main

import (
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy/fact"
)

// A pull request leaves what it was green for, something is said meanwhile,
// and it comes back while nobody is looking: the green of then must not be
// there for GitHub to merge on.
func TestThreat04AGreenThatWasLeftBehind(t *testing.T) {
	for name, test := range variants(map[string]struct {
		leave, back func(w *world, pr *githubtest.Pull, was string)
		meanwhile   func(w *world, pr *githubtest.Pull)
		caught      shown
		says        string
	}{
		"by a push and a force-push back, the approval dismissed in between": {
			leave:     func(_ *world, pr *githubtest.Pull, _ string) { pr.Push("dan", githubtest.Files{"main.go": goAfter}) },
			meanwhile: func(_ *world, pr *githubtest.Pull) { pr.Dismiss("ana", "mia") },
			back:      func(_ *world, pr *githubtest.Pull, was string) { pr.PushTo("dan", was) },
			caught:    shown{"in_progress", "Waiting for Cloud Engineer"}, says: "dismissed",
		},
		"by a push and a force-push back, the approver having left the team": {
			leave:     func(_ *world, pr *githubtest.Pull, _ string) { pr.Push("dan", githubtest.Files{"main.go": goAfter}) },
			meanwhile: func(w *world, _ *githubtest.Pull) { w.org.Team("cloud").Remove("ana") },
			back:      func(_ *world, pr *githubtest.Pull, was string) { pr.PushTo("dan", was) },
			caught:    shown{"in_progress", "Waiting for Cloud Engineer"}, says: "ana",
		},
		"by two pushes of which one is not looked at": {
			leave: func(w *world, pr *githubtest.Pull, _ string) {
				w.gh.Hold()
				pr.Push("dan", githubtest.Files{"main.go": goAfter})
				pr.Push("dan", githubtest.Files{"main.go": goBefore, "other.go": goAfter})
				w.gh.Release(func(list []githubtest.Delivery) []githubtest.Delivery { return list[len(list)-1:] })
			},
			meanwhile: func(_ *world, pr *githubtest.Pull) { pr.Review("bo", "request_changes", "no") },
			back:      func(_ *world, pr *githubtest.Pull, was string) { pr.PushTo("dan", was) },
			caught:    shown{"failure", "Changes requested by"}, says: "bo",
		},
		"for another base, the label set in between": {
			leave: func(w *world, pr *githubtest.Pull, _ string) {
				w.repo.Commit("playground", "A branch that needs nothing", githubtest.Files{"play.md": "x\n"})
				pr.Retarget("playground", "merger")
			},
			meanwhile: func(_ *world, pr *githubtest.Pull) { pr.Label("sam", "security") },
			back:      func(_ *world, pr *githubtest.Pull, _ string) { pr.Retarget("main", "merger") },
			caught:    shown{"in_progress", "Waiting for Cloud Engineer, Security Engineer"}, says: "The base was changed after it",
		},
		"by closing it, the approval dismissed in between": {
			leave:     func(_ *world, pr *githubtest.Pull, _ string) { pr.Close() },
			meanwhile: func(_ *world, pr *githubtest.Pull) { pr.Dismiss("ana", "mia") },
			back:      func(_ *world, pr *githubtest.Pull, _ string) { pr.Reopen() },
			caught:    shown{"in_progress", "Waiting for Cloud Engineer"}, says: "dismissed",
		},
	}) {
		t.Run(name, func(t *testing.T) {
			var first string
			attack{
				play: func(w *world, trick bool) *githubtest.Pull {
					pr := w.open("dan", githubtest.Files{"main.go": goBefore})
					first = pr.Head()
					pr.Approve("ana")
					w.settle()
					w.pass(2 * time.Second)
					if !trick {
						return pr
					}
					test.leave(w, pr, first)
					w.settle()
					w.pass(2 * time.Second)
					test.meanwhile(w, pr)
					w.settle()
					w.pass(2 * time.Second)
					w.gh.Hold() // GitHub merges before anybody hears of it
					test.back(w, pr, first)
					if ok, _ := pr.Mergeable(); ok {
						w.t.Error("it may be merged before anybody has looked")
					}
					w.arm(pr)
					w.gh.Release()
					return pr
				},
				// Each commit keeps its check for ever.
				naive: func(w *world, pr *githubtest.Pull, _ fact.Pull) bool {
					for _, c := range w.repo.ChecksAt(first) {
						if c.Conclusion == "success" {
							return true
						}
					}
					return false
				},
				caught: test.caught, control: passes,
				says: []string{test.says},
			}.run(t)
		})
	}
}

// Control: nothing was said, and what comes back is green again.
func TestThreat04WhatComesBackUnchangedIsGreenAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.guard()
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		first := pr.Head()
		pr.Approve("ana")
		w.expect(pr, "success", "")
		pr.Push("dan", githubtest.Files{"main.go": goAfter})
		w.expect(pr, "in_progress", "")
		all := w.repo.ChecksAt(first)
		if last := all[len(all)-1]; last.Conclusion != "cancelled" {
			t.Errorf("the commit that was left shows %q, %q", last.Conclusion, last.Title)
		}
		pr.PushTo("dan", first)
		w.expect(pr, "success", "Every role")
		calls := w.calls(func() { pr.Push("dan", githubtest.Files{"other.go": goAfter}) })
		n := 0
		for _, c := range calls {
			if c.Operation == "checks/create" {
				n++
			}
		}
		if n != 2 {
			t.Errorf("%d checks are made, want the new one and the one that takes the old one back", n)
		}
	})
}
