package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// metric is the sum of a metric's series in a process whose labels hold all
// that is given.
func (p *process) metric(name string, labels ...string) (sum float64) {
	p.t.Helper()
	resp, err := http.Get("http://" + p.addr + "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		series, value, _ := strings.Cut(lines.Text(), " ")
		if !strings.HasPrefix(series, name) || slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(series, l) }) {
			continue
		}
		var v float64
		if _, err := fmt.Sscan(value, &v); err == nil {
			sum += v
		}
	}
	return sum
}

// replicas launches several processes on the world's database, at all of which
// deliveries arrive in turn.
func (w *world) replicas(n int) []*process {
	w.t.Helper()
	var list []*process
	for range n {
		list = append(list, w.launch(freeAddr(w.t)))
	}
	return list
}

// neverTwoAtOnce reports reads of one pull request that overlap.
func (w *world) neverTwoAtOnce() {
	w.t.Helper()
	last := map[string]githubtest.Call{}
	for _, c := range w.gh.CallsOf("graphql") {
		_, number, ok := strings.Cut(c.Body, `"number":`)
		if !ok || !strings.Contains(c.Body, "withTimeline") {
			continue
		}
		number, _, _ = strings.Cut(number, ",")
		if before, ok := last[number]; ok && c.Start.Before(before.End) {
			w.t.Errorf("pull request %s was read twice at once", number)
		}
		last[number] = c
	}
	if len(last) == 0 {
		w.t.Error("no reads were seen")
	}
}

func TestThreeReplicasShareTheWorkAndDoNothingTwice(t *testing.T) {
	t.Parallel()
	w := quietWorld(t, storetest.Postgres(t), policyText, githubtest.Options{Latency: 5 * time.Millisecond})
	// Failed before any of them starts: to be sent again once, not thrice.
	w.gh.App().DeliverTo("http://" + freeAddr(t) + "/webhook")
	var all []*githubtest.Pull
	for i := range 6 {
		all = append(all, w.open("dan", githubtest.Files{"main.go": fmt.Sprintf("%s// %d\n", goBefore, i)}))
	}
	w.gh.Flush()
	failed := len(w.gh.Deliveries())
	addr := freeAddr(t)
	w.gh.App().DeliverTo("http://" + addr + "/webhook")
	w.gh.ResetCalls()
	processes := append([]*process{w.launch(addr)}, w.replicas(2)...)
	for i := range 24 {
		pr := w.open("dan", githubtest.Files{"main.go": fmt.Sprintf("%s// more %d\n", goBefore, i)})
		pr.Label("mia", "docs")
		pr.Approve("ana")
		pr.Label("mia", "other")
		all = append(all, pr)
	}
	within(t, 60*time.Second, "every check is right", func() bool {
		for i, pr := range all {
			if want := map[bool]string{true: "in_progress", false: "success"}[i < 6]; state(pr) != want {
				return false
			}
		}
		return true
	})
	w.quiet()
	w.neverTwoAtOnce()
	for _, pr := range all {
		w.noDuplicates(pr)
	}
	if n := len(w.gh.CallsOf("apps/redeliver-webhook-delivery")); n != failed {
		t.Errorf("%d deliveries were asked for again, %d had failed", n, failed)
	}
	for i, p := range processes {
		if n := p.metric("rolecall_jobs_total", `kind="pull"`); n == 0 {
			t.Errorf("replica %d did nothing", i)
		} else {
			t.Logf("replica %d: %v jobs", i, n)
		}
	}
}

func TestAReplicaThatDiesOrHangsLosesItsClaims(t *testing.T) {
	t.Parallel()
	if !long() {
		t.Skip("set ROLECALL_LONG")
	}
	for name, signal := range map[string]syscall.Signal{"it is killed": syscall.SIGKILL, "it hangs": syscall.SIGSTOP} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietWorld(t, storetest.Postgres(t), policyText, githubtest.Options{})
			lost, addr := w.launch(freeAddr(t)), freeAddr(t)
			w.gh.App().DeliverTo("http://" + lost.addr + "/webhook")
			stopped := make(chan struct{})
			w.gh.Inject(githubtest.Fault{Operation: "checks/create", Status: 502, Drop: true, Before: func() {
				lost.signal(signal)
				close(stopped)
			}})
			pr := w.open("dan", githubtest.Files{"main.go": goBefore})
			<-stopped
			w.gh.App().DeliverTo("http://" + addr + "/webhook")
			began := time.Now()
			w.launch(addr)
			within(t, recoveryTime(w.database), "the other has taken over", func() bool { return state(pr) == "in_progress" && len(pr.Requested()) > 0 })
			t.Logf("taken over after %v", time.Since(began).Round(time.Second))
			if signal == syscall.SIGSTOP {
				lost.signal(syscall.SIGCONT)
			}
			w.quiet()
			w.noDuplicates(pr)
			w.freshNow(pr)
		})
	}
}

// A process is stopped when it has decided, and what it sent takes effect when
// another has long decided otherwise: it does not last, whether GitHub tells of
// it, as of a check that is complete, or not.
func TestAStaleResultOfAProcessThatWasStoppedDoesNotLast(t *testing.T) {
	t.Parallel()
	if !long() {
		t.Skip("set ROLECALL_LONG")
	}
	for name, files := range map[string]githubtest.Files{
		"a check that is complete": {"main.go": goBefore},
		"a check that waits":       {"instances/main.tf": "resource \"google_project\" \"p\" {}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, sleeper, pr := oneOfTwo(t, files)
			stopped, wake := make(chan struct{}), make(chan struct{})
			w.gh.Inject(githubtest.Fault{Operation: "checks/update", Before: func() {
				sleeper.signal(syscall.SIGSTOP)
				close(stopped)
				<-wake
			}})
			pr.Approve("ana")
			<-stopped
			before := pr.Check("rolecall: main").Text
			w.otherGoesOn(pr)
			close(wake)
			within(t, 10*time.Second, "the stale result", func() bool { return pr.Check("rolecall: main").Text != before })
			sleeper.signal(syscall.SIGCONT)
			w.right(pr)
		})
	}
}

// A process that is stopped in the middle of a transaction holds what every
// other needs that looks at the pull request, or records anything of its
// repository.
func TestAProcessThatIsStoppedInATransactionHoldsNobodyUpForLong(t *testing.T) {
	t.Parallel()
	if !long() {
		t.Skip("set ROLECALL_LONG")
	}
	w, sleeper, pr := oneOfTwo(t, githubtest.Files{"main.go": goBefore})
	s := storetest.Open(t, w.database)
	err := s.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.ExecContext(ctx, `
			CREATE FUNCTION nap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2); RETURN NULL; END $$;
			CREATE TRIGGER nap AFTER INSERT ON decisions FOR EACH ROW WHEN (NEW.status = 'met') EXECUTE FUNCTION nap();`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	pr.Approve("ana")
	within(t, 20*time.Second, "it commits its decision", func() bool {
		var n int
		if err := s.DB().QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n > 0
	})
	sleeper.signal(syscall.SIGSTOP)
	w.gh.Flush()
	w.otherGoesOn(pr)
	sleeper.signal(syscall.SIGCONT)
	w.right(pr)
}

// Replicas are killed, and stopped for less and for more than it takes to be
// given up, wherever they are in their work.
func TestReplicasThatAreStoppedAndKilledAtRandomLoseNothing(t *testing.T) {
	t.Parallel()
	if !long() {
		t.Skip("set ROLECALL_LONG")
	}
	w := quietWorld(t, storetest.Postgres(t), policyText, githubtest.Options{Latency: 5 * time.Millisecond})
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	replicas := w.replicas(3)
	var addrs []string
	for _, p := range replicas {
		addrs = append(addrs, "http://"+p.addr+"/webhook")
	}
	w.gh.App().DeliverTo(addrs...)
	var all []*githubtest.Pull
	var asleep sync.WaitGroup
	for round := range 8 {
		for i := range 4 {
			pr := w.open("dan", githubtest.Files{"instances/main.tf": fmt.Sprintf("# %d of %d\nresource \"google_project\" \"p\" {}\n", i, round)})
			pr.Approve("cy")
			all = append(all, pr)
		}
		time.Sleep(time.Duration(r.IntN(300)) * time.Millisecond)
		asleep.Wait() // so that one at least is awake
		victim := r.IntN(len(replicas))
		if r.IntN(3) == 0 {
			replicas[victim].kill()
			replicas[victim] = w.launch(replicas[victim].addr)
		} else {
			p, d := replicas[victim], time.Duration(200+r.IntN(13_000))*time.Millisecond
			p.signal(syscall.SIGSTOP)
			asleep.Go(func() {
				time.Sleep(d)
				p.signal(syscall.SIGCONT)
			})
		}
		for _, pr := range all {
			switch r.IntN(6) {
			case 0:
				pr.Approve([]string{"ana", "sam"}[r.IntN(2)])
			case 1:
				pr.Push("dan", githubtest.Files{"main.go": fmt.Sprintf("%s// %d\n", goBefore, round)})
			case 2:
				pr.Label("mia", "security")
			}
		}
	}
	asleep.Wait()
	w.gh.Flush()
	refused := map[string]int64{}
	for _, d := range w.gh.Deliveries() {
		if _, ok := refused[d.GUID]; d.Status != "OK" && !ok {
			refused[d.GUID] = d.ID
		} else if d.Status == "OK" {
			refused[d.GUID] = 0
		}
	}
	for _, id := range refused {
		if id != 0 {
			w.gh.Redeliver(id)
		}
	}
	w.gh.Flush()
	within(t, 2*recoveryTime(w.database), "every check is right", func() bool {
		for _, pr := range all {
			if _, left := w.left(pr); len(left) > 0 {
				return false
			}
		}
		return true
	})
	w.quiet()
	for _, pr := range all {
		w.freshNow(pr)
	}
}

// oneOfTwo is a world of several replicas, of which one runs, and a pull request
// whose first check it has written.
func oneOfTwo(t *testing.T, files githubtest.Files) (*world, *process, *githubtest.Pull) {
	t.Helper()
	w := quietWorld(t, storetest.Postgres(t), policyText, githubtest.Options{})
	first := w.launch(freeAddr(t))
	w.gh.App().DeliverTo("http://" + first.addr + "/webhook")
	pr := w.open("dan", files)
	within(t, 20*time.Second, "the first check", func() bool { return state(pr) == "in_progress" && len(pr.Requested()) > 0 })
	w.quiet()
	return w, first, pr
}

// otherGoesOn has another replica take the approval back that the first was
// stopped at, and verify what it took over.
func (w *world) otherGoesOn(pr *githubtest.Pull) {
	w.t.Helper()
	addr := freeAddr(w.t)
	w.gh.App().DeliverTo("http://" + addr + "/webhook")
	w.launch(addr)
	pr.Dismiss("ana", "mia")
	s := storetest.Open(w.t, w.database)
	latest := func() (n int64) {
		n, err := s.Generation(w.t.Context(), w.ref(pr))
		if err != nil {
			w.t.Fatal(err)
		}
		return n
	}
	before := latest()
	within(w.t, 2*recoveryTime(w.database), "the other has taken over, and verified what it took over", func() bool {
		var due int
		err := s.DB().QueryRow(`SELECT count(*) FROM looks WHERE verify_at > 0 OR priority < 9`).Scan(&due)
		return err == nil && due == 0 && latest() > before && state(pr) == "in_progress"
	})
	w.quiet()
}

// right waits until the check is.
func (w *world) right(pr *githubtest.Pull) {
	w.t.Helper()
	within(w.t, 20*time.Second, "the check is right again", func() bool {
		_, left := w.left(pr)
		return len(left) == 0
	})
	w.quiet()
	w.freshNow(pr)
}
