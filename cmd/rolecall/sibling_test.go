package main

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
)

// twins opens two pull requests with one head into one branch.
func (w *world) twins() (one, two *githubtest.Pull) {
	w.t.Helper()
	one = w.repo.Open(githubtest.PullRequest{Author: "dan", Head: "one", Files: githubtest.Files{"main.go": goBefore}})
	w.repo.Push("two", one.Head(), "dan")
	two = w.repo.Open(githubtest.PullRequest{Author: "dan", Head: "two"})
	if one.Head() != two.Head() {
		w.t.Fatal("the heads differ")
	}
	return one, two
}

func TestPullRequestsThatShareAHeadShowTheStrictest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one, two := w.twins()
		w.expect(one, "in_progress", "Waiting for Cloud Engineer")
		one.Approve("ana")
		w.expect(one, "in_progress", "Waiting for Cloud Engineer") // nobody has approved the other
		two.Approve("ana")
		w.expect(one, "success", "Every role")
		two.Label("mia", "security")
		w.expect(one, "in_progress", "Waiting for Security Engineer")
		one.Comment("dan", "/recheck")
		w.expect(one, "in_progress", "Waiting for Security Engineer")
		w.fresh(one)
		w.fresh(two)

		w.wipe()
		one.Label("mia", "docs")
		w.expect(one, "in_progress", "Waiting for Security Engineer")
		w.fresh(two)

		two.Close("dan")
		w.expect(one, "success", "Every role")
		two.Reopen("dan")
		w.expect(one, "in_progress", "Waiting for Security Engineer")
		sha := two.Head()
		two.Push("dan", githubtest.Files{"README.md": "# Other\n"})
		w.settle()
		if sha != one.Head() {
			t.Fatal("the head moved")
		}
		w.expect(one, "success", "Every role")
		w.expect(two, "in_progress", "Waiting for Security Engineer")
		w.fresh(one)
		w.fresh(two)
	})
}

// Both are decided while neither knows of the other's change: the one reads
// before, and writes after, all that becomes of the other.
func TestPullRequestsThatShareAHeadAreDecidedAtTheSameMoment(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one, two := w.twins()
		one.Approve("ana")
		w.expect(one, "in_progress", "Waiting for Cloud Engineer")
		// The look that two.Approve brings writes success late: by then
		// one.Dismiss has been decided.
		var once sync.Once
		w.gh.Inject(githubtest.Fault{Operation: "checks/create", Times: -1, Before: func() {
			once.Do(func() { one.Dismiss("ana", "mia"); time.Sleep(300 * time.Millisecond) })
		}}, githubtest.Fault{Operation: "checks/update", Times: -1, Before: func() {
			once.Do(func() { one.Dismiss("ana", "mia"); time.Sleep(300 * time.Millisecond) })
		}})
		two.Approve("ana")
		w.expect(one, "in_progress", "Waiting for Cloud Engineer")
		w.fresh(one)
		w.fresh(two)
	})
}

// soon waits until ok, or fails.
func (w *world) soon(what string, ok func() bool) {
	w.t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Errorf("not in time: %s", what)
}

// The other way round: the one look reads while the check waits, and writes
// that it waits once the other has completed it, which GitHub does not take.
func TestACheckThatASiblingCompletedDoesNotStayGreen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one, two := w.twins()
		one.Approve("ana")
		w.expect(one, "in_progress", "Waiting for Cloud Engineer")
		var read atomic.Bool
		written := make(chan struct{})
		w.gh.Before("checks/update", func() { // by the look that two.Approve brings, with success
			w.gh.After("graphql", func() {
				read.Store(true)
				select {
				case <-written:
				case <-time.After(10 * time.Second):
				}
			})
			one.Dismiss("ana", "mia")
			w.soon("the other look has read the check", read.Load)
		})
		two.Approve("ana")
		w.soon("the check is green", func() bool { return one.Check("rolecall: main").Conclusion == "success" })
		time.Sleep(300 * time.Millisecond) // that look ends: it knows nothing of the dismissal
		close(written)
		w.expect(one, "in_progress", "Waiting for Cloud Engineer")
		w.fresh(one)
		w.fresh(two)
	})
}

// A pull request may come to share the head of one that is just looked at as
// if the check were its own.
func TestAPullRequestThatComesToShareAHeadIsNotMissed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one := w.open("dan", githubtest.Files{"main.go": goBefore})
		was := w.expect(one, "in_progress", "Waiting for Cloud Engineer")
		var two *githubtest.Pull
		w.gh.Before("checks/update", func() { // by the look that one.Approve brings, with success
			w.repo.Push("two", one.Head(), "dan")
			two = w.repo.Open(githubtest.PullRequest{Author: "dan", Head: "two"})
			w.soon("the new one was looked at", func() bool { return one.Check("rolecall: main").Updates > was.Updates })
			time.Sleep(200 * time.Millisecond)
		})
		one.Approve("ana")
		w.expect(one, "in_progress", "Waiting for Cloud Engineer")
		w.fresh(one)
		w.fresh(two)
	})
}
