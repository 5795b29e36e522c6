package main

import (
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/recovery"
)

// What GitHub has not, whether it was deleted, moved or put out of reach, is not
// looked for for ever, and is found again once it is back.
func TestAPullRequestThatIsGoneIsGivenUpAndFoundAgainOnceItIsBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		installation := w.gh.App().Installation("acme")
		other := w.org.Repo("other")
		sweep := recovery.New(recovery.Options{App: w.app(), Store: w.server.store, Sweep: time.Nanosecond})
		sweep.Use(w.server.queue)
		swept := func() {
			t.Helper()
			if err := sweep.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.settle()
		}
		unheard := func(do func()) {
			w.gh.Disturb(githubtest.Disturbance{Drop: true})
			do()
			w.gh.Flush()
			w.gh.Disturb(githubtest.Disturbance{})
		}
		open := func() int {
			t.Helper()
			refs, err := w.server.store.KnownPulls(t.Context(), installation.ID(), "acme")
			if err != nil {
				t.Fatal(err)
			}
			return len(refs)
		}
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		w.expect(pr, "in_progress", "Waiting for Cloud Engineer")
		w.pass(time.Minute)
		swept()

		unheard(func() { installation.Select(other) })
		for _, target := range []queue.Target{
			{Kind: queue.Pull, Ref: w.ref(pr), Why: "test"},
			{Kind: queue.Repository, Ref: w.ref(pr), Why: "test"},
			{Kind: queue.Commit, Ref: w.ref(pr), HeadSHA: pr.Head(), Why: "test"},
		} {
			if target.Kind != queue.Pull {
				target.Ref.Number = 0
			}
			w.addAfter(hopeless, target)
		}
		if n := open(); n != 0 {
			t.Errorf("%d pull requests are known to be open and out of reach", n)
		}
		if n, err := w.server.store.Looks(t.Context()); err != nil || n != 0 {
			t.Errorf("%d looks are outstanding, %v", n, err)
		}
		swept() // finds that the repository is out of reach
		if calls := w.calls(swept); len(githubtest.Writes(calls)) > 0 {
			t.Errorf("calls for what is gone: %+v", calls)
		}

		unheard(func() {
			pr.Approve("ana")
			installation.Select()
		})
		swept()
		w.expect(pr, "success", "Every role")

		// Nor is one that is as it was, of a repository that was told to be gone.
		installation.Select(other)
		w.settle()
		if n := open(); n != 0 {
			t.Errorf("%d pull requests are known to be open in a repository that was removed", n)
		}
		unheard(func() { installation.Select() })
		if err := w.server.store.Reaches(t.Context(), installation.ID(), []string{"acme/cloud", "acme/other"}); err != nil { // as is asked each hour
			t.Fatal(err)
		}
		swept()
		if n := open(); n != 1 {
			t.Errorf("%d pull requests are known to be open once the repository is back", n)
		}
	})
}

// One failure more or less says nothing: GitHub's answers may be behind.
func TestAPullRequestThatIsNotFoundAtOnceIsNotGivenUp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.gh.Inject(githubtest.Fault{Operation: "graphql", Times: 2, Status: 200, Body: `{"data":{"repository":null},"errors":[{"type":"NOT_FOUND","path":["repository"],"message":"Could not resolve to a Repository"}]}`})
		pr := w.open("dan", githubtest.Files{"main.go": goBefore})
		within(t, 20*time.Second, "the check", func() bool { return state(pr) == "in_progress" })
		w.fresh(pr)
	})
}

// addAfter has a target looked at that failed so often before, and waits until
// that is done.
func (w *world) addAfter(failures int, t queue.Target) {
	w.t.Helper()
	if err := w.server.queue.Add(w.t.Context(), t); err != nil {
		w.t.Fatal(err)
	}
	within(w.t, 20*time.Second, "it fails", w.looksFail)
	if _, err := w.server.store.DB().ExecContext(w.t.Context(), w.server.store.Query(`UPDATE looks SET failures = ?1 WHERE failures > 0`), failures); err != nil {
		w.t.Fatal(err)
	}
	within(w.t, 20*time.Second, "it is given up", func() bool { return !w.looksFail() })
	w.settle()
}
