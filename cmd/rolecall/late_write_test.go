package main

import (
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
)

// GitHub tells of no change to a check that waits before and after it. A call
// for which rolecall has lost its patience, and which takes effect when the next
// look has read the check and found nothing to do, is found all the same.
func TestACallThatTakesEffectWhenNobodyWaitsForItAnyMoreDoesNotLast(t *testing.T) {
	const patience = time.Second
	eachWith(t, policyText, githubtest.Options{}, func(t *testing.T, w *world) {
		w.stop()
		w.config = func(c *Config) { c.GitHubTimeout = patience }
		w.start()
		pr := w.open("dan", githubtest.Files{"instances/main.tf": "resource \"google_project\" \"p\" {}\n"})
		w.expect(pr, "in_progress", "Waiting for")
		given := make(chan struct{})
		w.gh.Inject(githubtest.Fault{Operation: "checks/update", Delay: patience * 3 / 2, Before: func() { close(given) }})
		pr.Approve("ana")
		within(t, 20*time.Second, "the call is given up", func() bool { return w.looksFail() })
		pr.Dismiss("ana", "mia") // the check, as it is, is right
		select {
		case <-given:
		case <-time.After(20 * time.Second):
			t.Fatal("the call does not take effect")
		}
		within(t, 20*time.Second, "the check says again what is right", func() bool {
			_, left := w.left(pr)
			return len(left) == 0 && !w.looksFail()
		})
		w.quiet()
		w.fresh(pr)
	})
}

// looksFail reports whether a look has failed, and did not succeed since.
func (w *world) looksFail() bool {
	w.t.Helper()
	n := 0
	if err := w.server.store.DB().QueryRowContext(w.t.Context(), `SELECT count(*) FROM looks WHERE failures > 0`).Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n > 0
}
