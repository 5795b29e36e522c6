package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// refusedCalls counts the calls that GitHub refused because of a limit.
func refusedCalls(calls []githubtest.Call) (n int) {
	for _, c := range calls {
		if c.Status == 403 || c.Status == 429 {
			n++
		}
	}
	return n
}

// An hour lasts six seconds here, and has room for fewer calls than the work
// needs.
func TestWhatTheHourlyLimitDoesNotAllowWaitsAndNothingIsDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.SQLite(t), policyText, githubtest.Options{
		Limits: githubtest.Limits{Hourly: 60, GraphQLHourly: 60, Minute: 100 * time.Millisecond},
	})
	var all []*githubtest.Pull
	for i := range 16 {
		all = append(all, w.open("dan", githubtest.Files{"main.go": fmt.Sprintf("%s// %d\n", goBefore, i)}))
	}
	began := time.Now()
	within(t, 60*time.Second, "every pull request has its check", func() bool {
		for _, pr := range all {
			if state(pr) != "in_progress" || len(pr.Requested()) == 0 {
				return false
			}
		}
		return true
	})
	t.Logf("%d calls, %d refused, in %v", len(w.gh.Calls()), refusedCalls(w.gh.Calls()), time.Since(began).Round(time.Second))
	if time.Since(began) < 4*time.Second {
		t.Error("the limit was never felt")
	}
	if n := refusedCalls(w.gh.Calls()); n > 8 {
		t.Errorf("GitHub had to refuse %d calls", n)
	}
	for _, d := range w.gh.Deliveries() {
		if d.Done && d.StatusCode != http.StatusAccepted {
			t.Errorf("a delivery was answered %d", d.StatusCode)
		}
	}
}

// The approval is the last of six events. It is first to be looked at, unless
// the hour ends while they are still coming, which is why there are three tries:
// by the order of their coming it would be the last each time.
func TestWhenTheBudgetIsShortAnApprovalComesBeforeWhatOnlyFollows(t *testing.T) {
	t.Parallel()
	before := 0
	for range 3 {
		if before = beforeTheApproval(t); before <= 1 {
			return
		}
	}
	t.Errorf("%d of the others came before the approved one", before)
}

// beforeTheApproval is how many of five pull requests are looked at before the
// one that was approved after them.
func beforeTheApproval(t *testing.T) (before int) {
	t.Helper()
	w := newWorld(t, storetest.SQLite(t), policyText, githubtest.Options{})
	began := time.Now()
	var all []*githubtest.Pull
	for i := range 12 {
		all = append(all, w.open("dan", githubtest.Files{"main.go": fmt.Sprintf("%s// %d\n", goBefore, i)}))
	}
	last := all[len(all)-1]
	w.expect(last, "in_progress", "Waiting")
	// An hour of four seconds, of which nothing is left, or longer where this
	// machine is slow: six events have to come before it ends.
	hour := max(4*time.Second, 3*time.Since(began))
	w.gh.SetLimits(githubtest.Limits{Hourly: 12, GraphQLHourly: 12, Minute: hour / 60})
	for _, pr := range all[:6] {
		pr.Comment("dan", "/help")
	}
	within(t, 3*hour, "the limit is felt", func() bool { return refusedCalls(w.gh.Calls()) > 0 || held(w) > 0 })
	w.gh.ResetCalls()
	for _, pr := range all[6:11] { // the security label changes what is asked for
		pr.Label("mia", "security")
	}
	last.Approve("ana")
	within(t, 15*hour, "every check is right", func() bool {
		for _, pr := range all[6:11] {
			if !strings.Contains(pr.Check("rolecall: main").Title, "Security") {
				return false
			}
		}
		return state(last) == "success"
	})
	// What was left when the others came may have let one of them in before.
	for _, c := range w.gh.CallsOf("checks/update", "checks/create") {
		if strings.Contains(c.Body, fmt.Sprintf("rolecall1:%d:", last.Number())) {
			break
		}
		for _, pr := range all[6:11] {
			if c.Status < 300 && strings.Contains(c.Body, fmt.Sprintf("rolecall1:%d:", pr.Number())) {
				before++
			}
		}
	}
	return before
}

// held is how many looks are on hold.
func held(w *world) (n int) {
	w.t.Helper()
	if err := w.server.store.DB().QueryRowContext(w.t.Context(), "SELECT count(*) FROM looks WHERE hold_until > 0").Scan(&n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestASecondaryLimitStopsNothingForGood(t *testing.T) {
	t.Parallel()
	for _, status := range []int{403, 429} {
		if status == 429 && !long() {
			continue
		}
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, storetest.SQLite(t), policyText, githubtest.Options{
				Limits: githubtest.Limits{Writes: 10, Minute: 2 * time.Second, Status: status},
			})
			var all []*githubtest.Pull
			for i := range 12 {
				all = append(all, w.open("dan", githubtest.Files{"main.go": fmt.Sprintf("%s// %d\n", goBefore, i)}))
			}
			within(t, 60*time.Second, "every pull request has its check, and is asked for", func() bool {
				for _, pr := range all {
					if state(pr) != "in_progress" || len(pr.Requested()) == 0 {
						return false
					}
				}
				return true
			})
			w.settle()
			for _, pr := range all {
				w.noDuplicates(pr)
			}
		})
	}
}
