package main

import (
	"sync"
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
