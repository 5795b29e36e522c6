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

// everOnCall lets through what anybody from the rotation breaks the glass for,
// whenever, however often, and whoever wrote it.
func everOnCall(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
	return slices.ContainsFunc(p.Comments, func(c fact.Comment) bool {
		return strings.HasPrefix(c.Body, "/break-glass ") && slices.Contains([]string{"bo", "cy"}, c.Author.Login)
	})
}

// The glass is broken by somebody who may not: its author alone, the same
// person twice in a row, who is no longer on call, who was never.
func TestThreat23ABrokenGlass(t *testing.T) {
	broken := shown{"success", "GLASS BROKEN BY"}
	for name, test := range variants(map[string]struct {
		play func(w *world, trick bool) *githubtest.Pull
		says string
	}{
		"by the author alone": {func(w *world, trick bool) *githubtest.Pull {
			author := "dan"
			if trick {
				author = "bo"
			}
			pr := w.open(author, terraformFix("own"))
			w.settle()
			w.pass(time.Minute)
			pr.Comment("bo", "/break-glass I fix it myself")
			return pr
		}, "second person"},
		"by a contributor alone": {func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", terraformFix("own"))
			if trick {
				pr.Push("dan", terraformFix("more"), githubtest.CoAuthored("bo"))
			}
			w.settle()
			w.pass(time.Minute)
			pr.Comment("bo", "/break-glass we fix it ourselves")
			return pr
		}, "second person"},
		"twice in a row by one person": {func(w *world, trick bool) *githubtest.Pull {
			if trick {
				first := w.open("dan", terraformFix("first"))
				w.settle()
				w.pass(time.Minute)
				first.Comment("bo", "/break-glass the first time")
				w.settle()
				first.MustMerge("dan")
				w.settle()
			}
			pr := w.open("dan", terraformFix("second"))
			w.settle()
			w.pass(time.Minute)
			pr.Comment("bo", "/break-glass once more")
			return pr
		}, "are still owed for the glass that"},
		"by somebody who is no longer on call": {func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", terraformFix("late"))
			w.settle()
			if trick {
				w.pass(8 * 24 * time.Hour)
			} else {
				w.pass(time.Minute)
			}
			pr.Comment("bo", "/break-glass I am on call, or was")
			// What counts is the time of the comment, not of the look: on
			// another day the same comment is judged the same.
			w.settle()
			w.pass(8 * 24 * time.Hour)
			w.wipe()
			w.look(pr)
			return pr
		}, "on-call-engineer"},
		"by somebody who is not on call yet": {func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", terraformFix("early"))
			w.settle()
			w.pass(time.Minute)
			if who := "cy"; trick {
				pr.Comment(who, "/break-glass I am next")
				w.settle()
				w.pass(8 * 24 * time.Hour) // now they are; the comment is still too early
				w.look(pr)
			} else {
				w.pass(8 * 24 * time.Hour)
				pr.Comment(who, "/break-glass I am on call")
			}
			return pr
		}, "on-call-engineer"},
	}) {
		t.Run(name, attack{
			policy: glassPolicy(),
			play:   test.play,
			naive:  everOnCall,
			caught: shown{"in_progress", "Waiting for"}, control: broken,
			says: []string{"/break-glass", test.says},
		}.run)
	}
}

// A repository says anew who holds a role that the organisation's floor names.
func TestThreat23ARepositoryRedefinesARoleOfTheFloor(t *testing.T) {
	const rest = "\nrole \"manager\" {\n  members = [\"@mia\"]\n}\n\nrule \"code\" {\n  changes = go.files\n  require \"security-engineer\" {}\n}\n"
	const floor = "policy {\n  keepers = [\"manager\"]\n  floor   = true\n}\n\nrole \"security-engineer\" {\n  members = [\"@acme/security\"]\n}\n" + rest
	const own = "policy {\n  keepers = [\"lead\"]\n}\n\nrole \"lead\" {\n  members = [\"@mia\"]\n}\n"
	const redefined = own + "\nrole \"security-engineer\" {\n  members = [\"@eve\"]\n}\n"
	attack{
		policy: own,
		play: func(w *world, trick bool) *githubtest.Pull {
			w.org.Repo(".github").Commit("main", "A floor", githubtest.Files{policy.FloorPath: floor})
			approver := "sam"
			if trick {
				w.repo.Commit("main", "Our own security", githubtest.Files{policy.RepoPath: redefined}, githubtest.By("mia"))
				approver = "eve"
			}
			w.settle()
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			pr.Approve(approver)
			return pr
		},
		// One name, one role: the repository's word on it is the last.
		naive: func(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
			merged, _ := policy.Load(nil, &policy.Source{Name: policy.RepoPath, Bytes: []byte(redefined + rest)})
			if merged == nil {
				return false
			}
			p.Roster.Roles = map[string]fact.Holders{}
			for _, r := range merged.Roles() {
				var holders fact.Holders
				for _, login := range r.People {
					holders.List = append(holders.List, fact.Holder{Login: login, Via: "@" + login})
				}
				p.Roster.Roles[r.Key()] = holders
			}
			return merged.Evaluate(p).Status == policy.Met
		},
		caught: shown{"failure", "The policy cannot be used"}, control: passes,
		says: []string{"security-engineer", "cannot redefine it"},
	}.run(t)
}
