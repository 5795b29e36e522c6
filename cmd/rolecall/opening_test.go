package main

import (
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
)

func TestAForkWhoseRepositoryGoes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.repo.Open(githubtest.PullRequest{Author: "stranger", Fork: true, Files: githubtest.Files{"main.go": "package main\n"}})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		w.repo.Fork("stranger").Delete()
		pr.Approve("ana")
		w.expect(pr, "success", "Every role")
		w.fresh(pr)
		w.wipe()
		pr.Comment("mia", "/recheck")
		w.expect(pr, "success", "Every role")
		w.fresh(pr)
	})
}

func TestADraftIsCheckedAndNobodyIsAsked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.repo.Open(githubtest.PullRequest{Author: "dan", Draft: true, Files: githubtest.Files{"main.go": "package main\n"}})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		if got := pr.Requested(); len(got) > 0 {
			t.Errorf("asked for a draft: %v", got)
		}
		w.fresh(pr)
		pr.MarkReady("dan")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		if got := pr.Requested(); len(got) != 1 {
			t.Errorf("asked are %v, want one", got)
		}
		w.fresh(pr)
	})
}

func TestNoRuleMatches(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"README.md": "# Other\n"})
		w.expect(pr, "success", "No rule asks for a review")
		if got := pr.Requested(); len(got) > 0 {
			t.Errorf("asked are %v, want nobody", got)
		}
		w.fresh(pr)
	})
}

func TestALabelThatTheAuthorTakesBackStaysInForce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"README.md": "# Other\n"})
		w.expect(pr, "success", "No rule asks")
		pr.Label("dan", "security")
		w.expect(pr, "in_progress", "Waiting for Security Engineer")
		w.pass(2 * time.Second)
		pr.Unlabel("dan", "security")
		w.expect(pr, "in_progress", "Waiting for Security Engineer")
		w.fresh(pr)
		w.pass(2 * time.Second)
		pr.Label("dan", "security")
		w.pass(2 * time.Second)
		pr.Unlabel("sam", "security")
		w.expect(pr, "success", "No rule asks")
		w.fresh(pr)
	})
}

func TestChangesRequestedDismissedAndCommented(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": "package main\n"})
		no := pr.Review("ana", "request_changes", "no")
		w.expect(pr, "failure", "Changes requested by ana")
		pr.Review("ana", "comment", "I said no")
		w.expect(pr, "failure", "Changes requested by ana")
		pr.Approve("bo")
		w.expect(pr, "failure", "Changes requested by ana")
		w.fresh(pr)
		no.Dismiss("mia", "she is away")
		w.expect(pr, "success", "Every role")
		pr.Review("bo", "comment", "nice")
		w.expect(pr, "success", "Every role")
		pr.Review("eve", "request_changes", "I am nobody here")
		w.expect(pr, "success", "Every role")
		w.fresh(pr)
		pr.Dismiss("bo", "mia")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		w.fresh(pr)
	})
}

// GitHub gives an unfinished check up after 14 days.
func TestACheckThatWentStaleIsWrittenAnew(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		w.pass(15 * 24 * time.Hour)
		if c := pr.Check("rolecall: main"); c.Conclusion != "stale" {
			t.Fatalf("the check is %q %q, want it stale", c.Status, c.Conclusion)
		}
		pr.Label("mia", "docs")
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		w.fresh(pr)
	})
}
