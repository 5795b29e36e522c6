package main

import (
	"slices"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy/fact"
)

// Somebody takes the login that a member of a team has given up, while it is
// remembered who is in the team.
func TestThreat07ALoginThatChangesHands(t *testing.T) {
	for name, take := range variants(map[string]func(w *world){
		"by somebody of the organisation": func(w *world) { w.gh.User("eve").Rename("ana") },
		"by a stranger":                   func(w *world) { w.repo.Public(); w.gh.User("mallory").Rename("ana") },
	}) {
		t.Run(name, attack{
			play: func(w *world, trick bool) *githubtest.Pull {
				pr := w.open("dan", githubtest.Files{"main.go": goBefore})
				w.settle()
				if trick {
					w.gh.User("ana").Rename("anna")
					take(w)
				}
				pr.Approve("ana")
				return pr
			},
			naive:  approvedByLogin("ana"),
			caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
			says: []string{"ana"},
		}.run)
	}
	// Control: whoever changes their login keeps their roles, and is known by
	// both what they said before and what they say after.
	t.Run("and its former bearer", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, migrated(t, "sqlite:"+t.TempDir()+"/test.db"), policyText, githubtest.Options{})
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
		w.gh.User("ana").Rename("anna")
		pr.Comment("eve", "/recheck")
		w.expect(pr, "success", "Every role")
	})
}

// approvedByLogin holds an approval good that bears a name out of a list made
// earlier.
func approvedByLogin(login string) func(*world, *githubtest.Pull, fact.Pull) bool {
	return func(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
		return slices.ContainsFunc(p.Reviews, func(v fact.Review) bool { return v.State == fact.Approved && v.Author.Login == login })
	}
}

// The approver pushed part of it under another's name, and goes by another
// login since.
func TestThreat06ThePusherGoesByAnotherName(t *testing.T) {
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			w.settle()
			pr.PushCommits("ana", githubtest.Commit{Author: "dan", Files: githubtest.Files{"main.go": goAfter}})
			w.settle()
			pr.Push("dan", githubtest.Files{"docs/x.md": "x\n"})
			w.settle()
			if trick {
				w.gh.User("ana").Rename("anna")
				pr.Approve("anna")
			} else {
				pr.Approve("bo")
			}
			return pr
		},
		// Whoever is not called as the pusher was.
		naive: func(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
			return p.Reviews[0].Author.Login != "ana" && p.Reviews[0].Author.Login != p.Author.Login
		},
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"anna", "pushed part of it"},
	}.run(t)
}

// Somebody's commits are squashed by another, whose name is on them now, and
// they approve what was theirs.
func TestThreat06WhatWasTheirsIsSquashed(t *testing.T) {
	for name, squash := range variants(map[string]func(pr *githubtest.Pull){
		"as it was": func(pr *githubtest.Pull) { pr.ForcePush("dan", githubtest.Files{"main.go": goAfter, "b.go": goBefore}) },
		"with a change of it": func(pr *githubtest.Pull) {
			pr.ForcePush("dan", githubtest.Files{"main.go": goAfter + "\n// More.\n", "b.go": goBefore})
		},
		"and pushed upon since": func(pr *githubtest.Pull) {
			pr.ForcePush("dan", githubtest.Files{"main.go": goAfter, "b.go": goBefore})
			pr.Push("dan", githubtest.Files{"docs/x.md": "x\n"})
		},
	}) {
		t.Run(name, attack{
			play: func(w *world, trick bool) *githubtest.Pull {
				pr := w.open("dan", githubtest.Files{"b.go": goBefore})
				w.settle()
				w.pass(2 * time.Second)
				if trick {
					pr.Push("ana", githubtest.Files{"main.go": goAfter})
				} else { // what she pushed is taken out again
					pr.Push("ana", githubtest.Files{"other.go": goAfter})
				}
				w.settle()
				w.pass(2 * time.Second)
				squash(pr)
				w.settle()
				w.pass(2 * time.Second)
				pr.Approve("ana")
				return pr
			},
			// Whoever is named by no commit, and did not push last.
			naive:  approvedByAnother,
			caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
			says: []string{"ana", "pushed part of it"},
		}.run)
	}
	// Control: whoever only brought the branch up to date has no part in it,
	// also once it is rebased.
	t.Run("but not an update of the branch", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, migrated(t, "sqlite:"+t.TempDir()+"/test.db"), policyText, githubtest.Options{})
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		w.settle()
		w.repo.Commit("main", "Elsewhere", githubtest.Files{"docs/a.md": "a\n"}, githubtest.By("eve"))
		pr.UpdateBranch("ana")
		w.settle()
		w.pass(2 * time.Second)
		pr.ForcePush("dan", githubtest.Files{"main.go": goAfter})
		w.settle()
		w.pass(2 * time.Second)
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
	})
}

// An account is suspended after it approved: GitHub shows neither it nor its
// approval any longer, and tells nobody.
func TestThreat07ASuspendedAccount(t *testing.T) {
	var approved bool
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			pr.Approve("ana")
			pr.Label("sam", "security") // something is missing still
			w.settle()
			approved = slices.ContainsFunc(w.facts(pr).Reviews, func(v fact.Review) bool { return v.State == fact.Approved })
			if trick {
				w.gh.User("ana").Suspend()
			}
			pr.Approve("sam")
			return pr
		},
		// An approval that was seen once.
		naive:  func(*world, *githubtest.Pull, fact.Pull) bool { return approved },
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"Cloud Engineer"},
	}.run(t)
}

// Part of the change is a bot's, on behalf of somebody who then approves it.
func TestThreat06ABotWroteItForThem(t *testing.T) {
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			w.gh.Bot("helper")
			c := githubtest.Commit{Author: "helper[bot]", Files: githubtest.Files{"main.go": goAfter}}
			if trick {
				c.CoAuthors = []string{"ana"}
			}
			pr := w.repo.Open(githubtest.PullRequest{Author: "helper[bot]", Commits: []githubtest.Commit{c}})
			w.settle()
			pr.Approve("ana")
			return pr
		},
		naive:  approvedByAnother,
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"ana", "is author, committer or co-author"},
	}.run(t)
}

// What seems to give somebody a role and gives none: a collaborator from
// outside who may write, an owner or a maintainer of another team, an invitation
// to a team below.
func TestThreat07PowerIsNoRole(t *testing.T) {
	for name, test := range variants(map[string]struct {
		give func(w *world)
		who  string
	}{
		"an administrator of the repository": {func(w *world) { w.repo.Collaborator("olga", "admin") }, "olga"},
		"an owner of the organisation":       {func(w *world) { w.org.Owner("olga") }, "olga"},
		"a member of the team above":         {func(w *world) { w.org.Team("cloud").Under(w.org.Team("engineers", "eve")) }, "eve"},
		"who is invited to a team below":     {func(w *world) { w.org.Team("cloud-eu").Invite("pat").Under(w.org.Team("cloud")) }, "pat"},
		"a team of that name of another":     {func(w *world) { w.gh.Org("evil").Team("cloud", "mallory"); w.repo.Collaborator("mallory", "push") }, "mallory"},
		"who has left a team below in the meantime": {func(w *world) {
			below := w.org.Team("cloud-eu", "pat").Under(w.org.Team("cloud"))
			w.settle()
			below.Remove("pat")
			w.settle()
		}, "pat"},
	}) {
		t.Run(name, attack{
			play: func(w *world, trick bool) *githubtest.Pull {
				pr := w.open("dan", githubtest.Files{"main.go": goBefore})
				w.settle()
				who := test.who
				if trick {
					test.give(w)
				} else { // who is of a team below is of the team
					w.org.Team("cloud-eu", "pat").Under(w.org.Team("cloud"))
					who = "pat"
				}
				pr.Approve(who)
				return pr
			},
			naive:  approvedByAnother,
			caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
			says: []string{test.who},
		}.run)
	}
}

// The approver pushed it under another's name before there was a pull request,
// which somebody else then opened: no delivery tells who pushed.
func TestThreat06PushedBeforeItWasOpened(t *testing.T) {
	for name, test := range variants(map[string]struct {
		author string
		then   func(w *world)
	}{
		"and opened by a bot":         {"helper[bot]", func(w *world) { w.gh.Bot("helper") }},
		"and opened by whom it names": {"dan", func(*world) {}},
		"and the database lost since": {"dan", func(w *world) { w.settle(); w.wipe() }},
		"and pushed upon by the author": {"dan", func(w *world) {
			w.repo.Commit("change", "On top", githubtest.Files{"docs/x.md": "x\n"}, githubtest.By("dan"))
		}},
	}) {
		t.Run(name, attack{
			play: func(w *world, trick bool) *githubtest.Pull {
				sha := w.repo.Object(w.repo.Head("main"), githubtest.Commit{Author: "dan", Files: githubtest.Files{"main.go": goAfter}})
				pusher := "dan"
				if trick {
					pusher = "ana"
				}
				w.repo.Push("change", sha, pusher)
				test.then(w)
				pr := w.repo.Open(githubtest.PullRequest{Author: test.author, Head: "change"})
				w.settle()
				pr.Approve("ana")
				return pr
			},
			naive:  approvedByAnother,
			caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
			says: []string{"ana", "pushed"},
		}.run)
	}
}
