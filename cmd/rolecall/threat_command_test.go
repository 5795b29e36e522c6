package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy/fact"
)

// lostPolicy has a project that nobody is DRI of.
var lostPolicy = strings.Replace(policyText, "rule \"go\"", "project \"lost\" {\n  files = [\"lost/**\"]\n}\n\nrule \"go\"", 1)

var assignsCy = regexp.MustCompile(`/assign-dri @cy`)

// commandAnywhere obeys every comment in which the command can be found, and
// lets through what @cy has approved.
func commandAnywhere(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
	obeyed := slices.ContainsFunc(p.Comments, func(c fact.Comment) bool { return assignsCy.MatchString(c.Body) })
	return obeyed && slices.ContainsFunc(p.Reviews, func(v fact.Review) bool {
		return v.Author.Login == "cy" && v.State == fact.Approved
	})
}

// A command that is no command: quoted, in code, in an HTML comment, edited in,
// from a bot, or from somebody without the role.
func TestThreat09CommandsThatAreNone(t *testing.T) {
	for name, say := range variants(map[string]func(w *world, pr *githubtest.Pull){
		"in a quote":            func(_ *world, pr *githubtest.Pull) { pr.Comment("mia", "> /assign-dri @cy\n\nI would not say so.") },
		"in a code block":       func(_ *world, pr *githubtest.Pull) { pr.Comment("mia", "Type this:\n```\n/assign-dri @cy\n```\n") },
		"in an indented block":  func(_ *world, pr *githubtest.Pull) { pr.Comment("mia", "Type this:\n\n    /assign-dri @cy\n") },
		"in an HTML comment":    func(_ *world, pr *githubtest.Pull) { pr.Comment("mia", "Hello\n<!--\n/assign-dri @cy\n-->\n") },
		"in a folded part":      func(_ *world, pr *githubtest.Pull) { pr.Comment("mia", "<details>\n/assign-dri @cy\n</details>\n") },
		"in the middle of text": func(_ *world, pr *githubtest.Pull) { pr.Comment("mia", "Shall I type /assign-dri @cy here?") },
		"edited into another's comment": func(w *world, pr *githubtest.Pull) {
			c := pr.Comment("mia", "Looks good.")
			w.settle()
			pr.EditComment(c, "dan", "/assign-dri @cy")
		},
		"edited by its own author": func(w *world, pr *githubtest.Pull) {
			c := pr.Comment("mia", "Looks good.")
			w.settle()
			pr.EditComment(c, "mia", "/assign-dri @cy")
		},
		"from a bot": func(w *world, pr *githubtest.Pull) {
			w.gh.Bot("helper")
			pr.Comment("helper[bot]", "/assign-dri @cy")
		},
		"from the author":            func(_ *world, pr *githubtest.Pull) { pr.Comment("dan", "/assign-dri @cy") },
		"from somebody without role": func(_ *world, pr *githubtest.Pull) { pr.Comment("eve", "/assign-dri @cy") },
		"on a plain issue": func(w *world, pr *githubtest.Pull) {
			w.repo.Issue("eve", "A question", "").Comment("mia", "/assign-dri @cy")
			pr.Comment("eve", "See what mia wrote on the issue: /assign-dri @cy")
		},
		"in the description": func(_ *world, pr *githubtest.Pull) {
			pr.Edit("A change", "/assign-dri @cy", "dan")
			pr.Comment("eve", "It says /assign-dri @cy above")
		},
		"in a review": func(_ *world, pr *githubtest.Pull) {
			pr.Review("mia", "comment", "/assign-dri @cy")
			pr.Comment("eve", "She said /assign-dri @cy in the review")
		},
	}) {
		t.Run(name, func(t *testing.T) {
			attack{
				policy: lostPolicy,
				play: func(w *world, trick bool) *githubtest.Pull {
					pr := w.open("dan", githubtest.Files{"lost/a.txt": "1\n"})
					w.settle()
					if trick {
						say(w, pr)
					} else {
						pr.Comment("mia", "/assign-dri @cy")
					}
					pr.Approve("cy")
					return pr
				},
				naive:  commandAnywhere,
				caught: shown{"action_required", "DRI of lost"}, control: passes,
				says: []string{"/assign-dri"},
			}.run(t)
		})
	}
}

// labelNow goes by the labels as they stand.
func labelNow(_ *world, _ *githubtest.Pull, p fact.Pull) bool {
	return !slices.Contains(p.Labels, "security") && slices.ContainsFunc(p.Reviews, func(v fact.Review) bool { return v.State == fact.Approved })
}

// What brought the Security Engineer in is taken away again: the label, or the
// comment.
func TestThreat15WhatBroughtARoleInIsTakenAway(t *testing.T) {
	for name, test := range variants(map[string]struct {
		bring, take func(w *world, pr *githubtest.Pull)
	}{
		"the label, by the author": {
			func(_ *world, pr *githubtest.Pull) { pr.Label("eve", "security") },
			func(_ *world, pr *githubtest.Pull) { pr.Unlabel("dan", "security") },
		},
		"the label, by whoever set it": {
			func(_ *world, pr *githubtest.Pull) { pr.Label("eve", "security") },
			func(_ *world, pr *githubtest.Pull) { pr.Unlabel("eve", "security") },
		},
		"the comment, deleted, and the label that it set": {
			func(_ *world, pr *githubtest.Pull) { pr.Comment("eve", "/needs-security it opens a port") },
			func(_ *world, pr *githubtest.Pull) {
				pr.DeleteComment(pr.Comments()[0], "eve")
				pr.Unlabel("dan", "security")
			},
		},
		"the comment, edited away, and the label that it set": {
			func(_ *world, pr *githubtest.Pull) { pr.Comment("eve", "/needs-security it opens a port") },
			func(_ *world, pr *githubtest.Pull) {
				pr.EditComment(pr.Comments()[0], "dan", "never mind")
				pr.Unlabel("dan", "security")
			},
		},
	}) {
		t.Run(name, func(t *testing.T) {
			attack{
				play: func(w *world, trick bool) *githubtest.Pull {
					pr := w.open("dan", githubtest.Files{"main.go": goBefore})
					test.bring(w, pr)
					w.settle()
					if trick {
						test.take(w, pr)
					} else {
						pr.Approve("sam")
					}
					pr.Approve("ana")
					w.settle()
					w.wipe()
					pr.Comment("eve", "/recheck")
					return pr
				},
				naive:  labelNow,
				caught: shown{"in_progress", "Waiting for Security Engineer"}, control: passes,
				says: []string{"security"},
			}.run(t)
		})
	}
}

// An author who makes themself, or a friend, DRI or delegate.
func TestThreat23TheAuthorLoosensTheirOwnChange(t *testing.T) {
	for name, say := range variants(map[string]func(pr *githubtest.Pull){
		"as DRI":                   func(pr *githubtest.Pull) { pr.Comment("ana", "/assign-dri @cy") },
		"by delegation":            func(pr *githubtest.Pull) { pr.Comment("ana", "/delegate @cy") },
		"by a contributor's words": func(pr *githubtest.Pull) { pr.Comment("bo", "/assign-dri @cy") },
	}) {
		t.Run(name, func(t *testing.T) {
			attack{
				policy: lostPolicy,
				play: func(w *world, trick bool) *githubtest.Pull {
					pr := w.open("ana", githubtest.Files{"lost/a.txt": "1\n"})
					pr.Push("bo", githubtest.Files{"lost/b.txt": "1\n"})
					if trick {
						say(pr)
						pr.Comment("eve", "They said /assign-dri @cy")
					} else {
						pr.Comment("mia", "/assign-dri @cy")
					}
					pr.Approve("cy")
					return pr
				},
				naive:  commandAnywhere,
				caught: shown{"action_required", "DRI of lost"}, control: passes,
				says: []string{"/assign-dri"},
			}.run(t)
		})
	}
}
