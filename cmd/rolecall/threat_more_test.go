package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// The process is stopped between deciding and writing, its green reaches
// GitHub all the same, and what it went by has gone in the meantime.
func TestThreat03AProcessThatStopsBeforeItWrites(t *testing.T) {
	var written string
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			w.settle()
			if !trick {
				pr.Approve("ana")
				return pr
			}
			reached := make(chan struct{})
			w.gh.Inject(githubtest.Fault{
				Operation: "checks/update",
				Before:    func() { w.pass(2 * time.Second); pr.Dismiss("ana", "mia") },
				After:     func() { written = state(pr); close(reached) },
				Drop:      true, // nobody is left to hear of it
			})
			pr.Approve("ana")
			select {
			case <-reached:
			case <-time.After(20 * time.Second):
				w.t.Fatal("nothing is written")
			}
			w.halt(time.Millisecond)
			w.start()
			return pr
		},
		// What was written last is what was decided.
		naive:  func(*world, *githubtest.Pull, fact.Pull) bool { return written == "success" },
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"dismissed"},
	}.run(t)
}

// The approver wrote a commit that is beyond the 250 which GitHub's list of
// commits ends at.
func TestThreat14TheApproverWroteACommitBeyondTheList(t *testing.T) {
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			w.settle()
			var commits []githubtest.Commit
			for i := range 270 {
				c := githubtest.Commit{Author: "dan", Files: githubtest.Files{"docs/n.md": fmt.Sprintf("%d\n", i)}}
				if trick && i == 260 {
					c.Author, c.Files = "ana", githubtest.Files{"main.go": goAfter}
				}
				commits = append(commits, c)
			}
			pr.PushCommits("dan", commits...)
			pr.Approve("ana")
			return pr
		},
		naive: func(w *world, pr *githubtest.Pull, p fact.Pull) bool {
			seen := p.Commits[:min(250, len(p.Commits))]
			return approvedByAnother(w, pr, p) && !slices.ContainsFunc(seen, func(c fact.Commit) bool {
				return slices.ContainsFunc(c.People, func(who fact.Person) bool { return who.Login == "ana" })
			})
		},
		caught: shown{"in_progress", "Waiting for Cloud Engineer"}, control: passes,
		says: []string{"ana", "is author, committer or co-author"},
	}.run(t)
}

// What tightens is said after a hundred comments.
func TestThreat14ACommandBeyondTheFirstHundredComments(t *testing.T) {
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			w.settle()
			w.gh.Hold()
			for i := range 120 {
				pr.Comment("eve", fmt.Sprintf("Comment %d.", i))
			}
			if trick {
				pr.Comment("eve", "/needs-security it opens a port")
			}
			pr.Approve("ana")
			w.gh.Release(func(list []githubtest.Delivery) []githubtest.Delivery { return list[len(list)-1:] }) // the rest is lost
			return pr
		},
		naive: func(w *world, pr *githubtest.Pull, p fact.Pull) bool {
			return approvedAtHead(w, pr, p) && !slices.ContainsFunc(p.Comments[:100], func(c fact.Comment) bool {
				return strings.HasPrefix(c.Body, "/needs-security")
			})
		},
		caught: waitsForSecurity, control: passes,
		says: []string{"/needs-security"},
	}.run(t)
}

// Two pull requests share a head and are decided at the same moment.
func TestThreat18TwoPullRequestsAreDecidedAtOnce(t *testing.T) {
	attack{
		play: func(w *world, trick bool) *githubtest.Pull {
			one := w.open("dan", githubtest.Files{"main.go": goBefore})
			w.repo.Push("twin", one.Head(), "dan")
			two := w.repo.Open(githubtest.PullRequest{Author: "dan", Title: "The same", Head: "twin"})
			w.settle()
			w.gh.Hold()
			if trick {
				one.Label("eve", "security")
			}
			two.Approve("ana")
			one.Approve("ana")
			w.gh.Release()
			return one
		},
		// Each decision writes what it found, and the last write stays.
		naive: func(w *world, _ *githubtest.Pull, _ fact.Pull) bool {
			two := w.facts(w.repo.Pull(2))
			return approvedByAnother(w, nil, two) && !slices.Contains(two.Labels, "security")
		},
		caught: waitsForSecurity, control: passes,
		says: []string{"#2"},
	}.run(t)
}

// Text from outside reaches a terminal as text: no control character gets
// there, by whichever command.
func TestThreat19TerminalsGetNoControlCharacters(t *testing.T) {
	t.Parallel()
	const evil = "\x1b]0;owned\x07\x1b[31m\u202e"
	dir, git, write := gitFolder(t, "dan "+evil)
	git("init", "-q", "-b", "main")
	write(policy.RepoPath, policyText)
	git("add", "-A")
	git("commit", "-q", "-m", "Start")
	write("net/"+evil+".tf", newProject)
	write("instances/"+evil+"main.tf", "resource \"x\" \""+evil+"\" {{{\n")
	git("checkout", "-q", "-b", "change")
	git("add", "-A")
	git("commit", "-q", "-m", "A change "+evil)
	for _, args := range [][]string{
		{"check", "--reasons"}, {"check", "--format", "markdown"}, {"explain"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			var out, errs strings.Builder
			flags := append(slices.Clone(args), "--repo", dir, "--base", "main", "--head", "change", "--label", evil)
			code := run(t.Context(), flags, streams{in: strings.NewReader(""), out: &out, err: &errs})
			if code == exitUsage || !strings.Contains(out.String(), ".tf") {
				t.Fatalf("%v ends with %d and shows nothing of the change: %s%s", args, code, out.String(), errs.String())
			}
			commands := func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }
			if shown := out.String() + errs.String(); strings.ContainsFunc(shown, commands) {
				t.Errorf("a control character is in %q", shown)
			}
			// A naive command prints what it found.
			if !strings.ContainsFunc("net/"+evil+".tf", commands) {
				t.Error("the naive output is harmless")
			}
		})
	}
}
