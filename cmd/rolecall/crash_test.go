package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// long reports whether the tests that take long are wanted, as .ci/run does.
func long() bool { return os.Getenv("ROLECALL_LONG") != "" }

// recoveryTime is how soon all must be right after a kill: alone at once, since
// what ran was its own; among several once the dead one is known to be dead.
func recoveryTime(database string) time.Duration {
	if strings.HasPrefix(database, "postgres") {
		return 60 * time.Second
	}
	return 10 * time.Second
}

// moments are the steps of a pull request's way at which a process is killed,
// each by the call to GitHub that marks it.
var moments = []struct {
	name  string
	fault githubtest.Fault
	quick bool // tried by every run of the tests
}{
	{"after the delivery is stored, before anything is read", githubtest.Fault{Operation: "graphql", Before: func() {}}, false},
	{"after the first facts", githubtest.Fault{Operation: "graphql", After: func() {}}, false},
	{"after the decision, before its check", githubtest.Fault{Operation: "checks/create", Status: 502, Before: func() {}}, false},
	{"between the check and the record of it", githubtest.Fault{Operation: "checks/create", After: func() {}}, true},
	{"before the reviewers are asked", githubtest.Fault{Operation: "pulls/request-reviewers", Status: 502, Before: func() {}}, false},
	{"between asking the reviewers and the record of it", githubtest.Fault{Operation: "pulls/request-reviewers", After: func() {}}, true},
	{"before a comment is answered", githubtest.Fault{Operation: "issues/create-comment", Status: 502, Before: func() {}}, false},
	{"between the answer to a comment and the record of it", githubtest.Fault{Operation: "issues/create-comment", After: func() {}}, true},
	{"between a reaction and the record of it", githubtest.Fault{Operation: "reactions/create-for-issue-comment", After: func() {}}, false},
	{"after an approval, before the check says so", githubtest.Fault{Operation: "checks/update", Status: 502, Before: func() {}}, false},
	{"between the check's success and the record of it", githubtest.Fault{Operation: "checks/update", After: func() {}}, false},
}

func TestAProcessThatIsKilledAtAnyStepGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		for _, m := range moments {
			if !m.quick && !long() || strings.HasPrefix(url, "postgres") && !long() {
				continue
			}
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				database := url
				w := quietWorld(t, database, policyText, githubtest.Options{})
				w.lose()
				addr := freeAddr(t)
				w.gh.App().DeliverTo("http://" + addr + "/webhook")
				p := w.launch(addr)

				kill := sync.OnceFunc(p.kill)
				f := m.fault
				if f.Before != nil {
					f.Before = kill
				} else {
					f.After = kill
				}
				f.Drop = true
				w.gh.Inject(f)
				pr := w.open("dan", githubtest.Files{"main.go": goBefore})
				pr.Comment("dan", "/help")
				if strings.HasPrefix(f.Operation, "checks/update") {
					within(t, 10*time.Second, "the first check", func() bool { return state(pr) == "in_progress" })
					pr.Approve("ana")
				}
				select {
				case <-p.done:
				case <-time.After(20 * time.Second):
					t.Fatal("the moment does not come")
				}
				w.gh.Flush()

				w.launch(addr)
				began := time.Now()
				want := "in_progress"
				if strings.HasPrefix(f.Operation, "checks/update") {
					want = "success"
				}
				within(t, recoveryTime(w.database), "the check is right", func() bool { return state(pr) == want })
				t.Logf("right %v after the restart", time.Since(began).Round(time.Millisecond))
				// An answer that was being written waits until it is certain that it was not.
				within(t, recoveryTime(w.database)+30*time.Second, "the comment is answered", func() bool {
					_, left := w.left(pr)
					return w.replied(pr) && len(left) == 0
				})
				w.quiet()
				w.noDuplicates(pr)
				w.freshNow(pr)
			})
		}
	})
}

// replied reports whether rolecall has answered the pull request's comments.
func (w *world) replied(pr *githubtest.Pull) bool {
	for _, c := range pr.Comments() {
		if strings.HasPrefix(c.Body(), "<!-- rolecall:") {
			return true
		}
	}
	return false
}

// quiet waits until GitHub has not been called for a while.
func (w *world) quiet() {
	w.t.Helper()
	last, since := -1, time.Now()
	within(w.t, 30*time.Second, "quiet", func() bool {
		if n := len(w.gh.Calls()) + len(w.gh.Deliveries()); n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > 700*time.Millisecond
	})
}

func TestAProcessThatIsKilledAgainAndAgainLosesNothingThatItTookIn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		kills, pulls := 3, 12
		if long() {
			kills, pulls = 12, 60
		} else if strings.HasPrefix(url, "postgres") {
			t.Skip("set ROLECALL_LONG")
		}
		w := quietWorld(t, url, policyText, githubtest.Options{})
		addr := freeAddr(t)
		w.gh.App().DeliverTo("http://" + addr + "/webhook")
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 0))
		p := w.launch(addr)
		var all []*githubtest.Pull
		for k := range kills {
			for i := range pulls / kills {
				pr := w.open("dan", githubtest.Files{"main.go": fmt.Sprintf("%s// %d of %d\n", goBefore, i, k)})
				if r.IntN(2) == 0 {
					pr.Comment("dan", "/help")
				}
				pr.Approve("ana")
				all = append(all, pr)
			}
			time.Sleep(time.Duration(r.IntN(150)) * time.Millisecond)
			p.kill()
			w.gh.Flush()
			p = w.launch(addr)
		}
		// What was refused or cut off was not acknowledged: it comes again.
		acknowledged := map[string]bool{}
		for _, d := range w.gh.Deliveries() {
			acknowledged[d.GUID] = acknowledged[d.GUID] || d.Status == "OK"
		}
		for _, d := range w.gh.Deliveries() {
			if !acknowledged[d.GUID] {
				w.gh.Redeliver(d.ID)
			}
		}
		w.gh.Flush()
		began := time.Now()
		within(t, recoveryTime(url), "every check is right", func() bool {
			for _, pr := range all {
				if state(pr) != "success" {
					return false
				}
			}
			return true
		})
		t.Logf("%d pull requests, %d kills: all right %v after the last", len(all), kills, time.Since(began).Round(time.Millisecond))
		w.quiet()
		for _, pr := range all {
			w.noDuplicates(pr)
		}
	})
}

func TestTheSignalToEndFinishesWhatIsInHand(t *testing.T) {
	t.Parallel()
	w := quietWorld(t, storetest.SQLite(t), policyText, githubtest.Options{})
	addr := freeAddr(t)
	w.gh.App().DeliverTo("http://" + addr + "/webhook")
	p := w.launch(addr)
	reading := make(chan struct{})
	w.gh.Inject(githubtest.Fault{Operation: "checks/create", Delay: 300 * time.Millisecond})
	w.gh.Inject(githubtest.Fault{
		Operation: "graphql", Match: func(_ *http.Request, body []byte) bool { return bytes.Contains(body, []byte("pullRequest(number")) },
		Before: func() { close(reading); time.Sleep(200 * time.Millisecond) },
	})
	pr := w.open("dan", githubtest.Files{"main.go": goBefore})
	select {
	case <-reading:
	case <-time.After(10 * time.Second):
		t.Fatal("the work does not begin")
	}
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(15 * time.Second):
		t.Fatal("it does not end")
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.logged())
	}
	if s := state(pr); s != "in_progress" {
		t.Errorf("the check that was in hand is %q", s)
	}
}
