package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
)

// checkTimes is when the first check of each commit was asked to be written.
type checkTimes struct {
	mu    sync.Mutex
	first map[string]time.Time
	news  chan struct{} // told of each
}

// watchChecks notes the checks that are written from now on.
func watchChecks(gh *githubtest.Server) *checkTimes {
	c := &checkTimes{first: map[string]time.Time{}, news: make(chan struct{}, 1)}
	gh.Inject(githubtest.Fault{Operation: "checks/create", Times: -1, Match: func(_ *http.Request, body []byte) bool {
		var run struct {
			SHA string `json:"head_sha"`
		}
		if json.Unmarshal(body, &run) == nil {
			c.mu.Lock()
			if c.first[run.SHA].IsZero() {
				c.first[run.SHA] = time.Now()
			}
			c.mu.Unlock()
			select {
			case c.news <- struct{}{}:
			default:
			}
		}
		return false
	}})
	return c
}

func (c *checkTimes) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.first)
}

// wait waits until so many commits have a check.
func (c *checkTimes) wait(ctx context.Context, n int) error {
	for c.count() < n {
		select {
		case <-c.news:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d checks were written: %w", c.count(), n, ctx.Err())
		}
	}
	return nil
}

// since are the times from each commit's pull request to its check, sorted.
func (c *checkTimes) since(opened map[string]time.Time) []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []time.Duration
	for sha, at := range opened {
		if checked := c.first[sha]; !checked.IsZero() {
			out = append(out, checked.Sub(at))
		}
	}
	slices.Sort(out)
	return out
}

func quantile(list []time.Duration, q float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	return list[int(q*float64(len(list)-1))].Round(time.Millisecond)
}

func (l *measurement) open(n int) *githubtest.Pull {
	return l.repo.Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"main.go": goSource(n)}})
}

// warm has the server see one pull request, so that its token, its teams and
// its policy are there.
func (l *measurement) warm(ctx context.Context) error {
	p := l.open(0)
	if err := l.seen.wait(ctx, 1); err != nil {
		return err
	}
	if err := l.idle(ctx); err != nil {
		return err
	}
	// What is measured is the work that is meant.
	asked := 1
	if l.Ask == "none" {
		asked = 0
	}
	for wait := time.Now(); len(p.Requested()) != asked && time.Since(wait) < 10*time.Second; {
		time.Sleep(5 * time.Millisecond)
	}
	if c := p.Check("rolecall: main"); c.Status != "in_progress" || len(p.Requested()) != asked {
		return fmt.Errorf("the first check is %s %s, %q, and %v are asked", c.Status, c.Conclusion, c.Title, p.Requested())
	}
	return nil
}

// idle waits until the server has not called for a while.
func (l *measurement) idle(ctx context.Context) error {
	for last, since := -1, time.Now(); time.Since(since) < 500*time.Millisecond+2*l.Latency; {
		if err := l.gh.WaitDelivered(ctx); err != nil {
			return err
		}
		if n := l.calls(); n != last {
			last, since = n, time.Now()
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}

// stream opens pull requests as fast as the fake makes them.
func (l *measurement) stream(ctx context.Context) error {
	if err := l.warm(ctx); err != nil {
		return err
	}
	calls, began := l.calls(), time.Now()
	server, fake := l.spent()
	opened := map[string]time.Time{}
	for i := range l.Count {
		at := time.Now()
		opened[l.open(i+1).Head()] = at
	}
	made := time.Since(began)
	if err := l.seen.wait(ctx, l.Count+1); err != nil {
		return err
	}
	took := time.Since(began)
	to := l.seen.since(opened)
	if err := l.idle(ctx); err != nil {
		return err
	}
	l.print("checked", "pulls", l.Count, "in", took.Round(time.Millisecond), "a second", int(float64(l.Count)/took.Seconds()),
		"opened in", made.Round(time.Millisecond), "median", quantile(to, .5), "95 %", quantile(to, .95),
		"calls each", fmt.Sprintf("%.1f", float64(l.calls()-calls)/float64(l.Count)), "refused", l.refused())
	server2, fake2 := l.spent()
	l.print("spent", "processor of the server for each", l.share(server2-server), "of the fake", l.share(fake2-fake))
	return nil
}

// share is the part of one pull request, or event.
func (l *measurement) share(d time.Duration) time.Duration {
	return (d / time.Duration(l.Count)).Round(10 * time.Microsecond)
}

// refused counts the deliveries that were not taken.
func (l *measurement) refused() int {
	n := 0
	for _, d := range l.gh.Deliveries() {
		if d.Done && d.StatusCode != http.StatusAccepted {
			n++
		}
	}
	return n
}

// each opens one pull request after the other, and compares the time to its
// check with the round trips that it takes.
func (l *measurement) each(ctx context.Context) error {
	if err := l.warm(ctx); err != nil {
		return err
	}
	var to, above []time.Duration
	trips := 0
	for i := range l.Count {
		l.gh.ResetCalls()
		at := time.Now()
		pr := l.open(i + 1)
		if err := l.seen.wait(ctx, i+2); err != nil {
			return err
		}
		took := l.seen.since(map[string]time.Time{pr.Head(): at})[0] // to when GitHub has the check
		if err := l.idle(ctx); err != nil {
			return err
		}
		var until []githubtest.Call
		for _, c := range l.gh.Calls() {
			until = append(until, c)
			if c.Operation == "checks/create" {
				break
			}
		}
		trips = githubtest.RoundTrips(until)
		to, above = append(to, took), append(above, took-time.Duration(trips)*l.Latency)
	}
	slices.Sort(to)
	slices.Sort(above)
	l.print("checked", "pulls", l.Count, "median", quantile(to, .5), "95 %", quantile(to, .95), "round trips", trips,
		"above them, median", quantile(above, .5), "95 %", quantile(above, .95))
	return nil
}

// burst has everything happen at one moment.
func (l *measurement) burst(ctx context.Context) error {
	if err := l.warm(ctx); err != nil {
		return err
	}
	l.gh.Hold()
	var pulls []*githubtest.Pull
	for i := range l.Count {
		pulls = append(pulls, l.open(i+1))
	}
	began := time.Now()
	l.gh.Release()
	if err := l.gh.WaitDelivered(ctx); err != nil {
		return err
	}
	answered := time.Since(began)
	l.print("answered", "deliveries", len(l.gh.Deliveries()), "in", answered.Round(time.Millisecond), "refused", l.refused())
	stop := l.progress(ctx, pulls)
	to, err := checked(ctx, pulls, began)
	stop()
	l.print("checked", "pulls", len(to), "of", l.Count, "in", quantile(to, 1), "half in", quantile(to, .5), "resident at most", l.resident("VmHWM"))
	return err
}

// checked waits until all have a check, and returns after what time each had.
func checked(ctx context.Context, pulls []*githubtest.Pull, began time.Time) (to []time.Duration, err error) {
	for left := pulls; len(left) > 0; {
		left = slices.DeleteFunc(slices.Clone(left), func(p *githubtest.Pull) bool {
			has := p.Check("rolecall: main").Status != ""
			if has {
				to = append(to, time.Since(began))
			}
			return has
		})
		select {
		case <-ctx.Done():
			return to, fmt.Errorf("%d of %d have a check: %w", len(to), len(pulls), ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return to, nil
}

// progress prints each minute how far it is. It then has somebody approve a
// pull request that has its check, and prints how long that waits behind all the
// others.
func (l *measurement) progress(ctx context.Context, pulls []*githubtest.Pull) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	began, done := time.Now(), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Minute)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				n := 0
				for _, p := range pulls {
					if p.Check("rolecall: main").Status != "" {
						n++
					}
				}
				l.print("under way", "after", time.Since(began).Round(time.Second), "checked", n, "calls", l.calls())
				l.approval(ctx, pulls)
			}
		}
	}()
	return func() { cancel(); <-done }
}

func (l *measurement) approval(ctx context.Context, pulls []*githubtest.Pull) {
	for _, p := range pulls {
		if p.Check("rolecall: main").Status != "in_progress" {
			continue
		}
		began := time.Now()
		p.Approve("cloud-0")
		for p.Check("rolecall: main").Conclusion != "success" {
			select {
			case <-ctx.Done():
				l.print("approval", "still waits after", time.Since(began).Round(time.Millisecond))
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
		l.print("approval", "shown after", time.Since(began).Round(time.Millisecond))
		return
	}
}

// one has events that call for a look happen to a single pull request.
func (l *measurement) one(ctx context.Context) error {
	if err := l.warm(ctx); err != nil {
		return err
	}
	p := l.open(1)
	if err := l.seen.wait(ctx, 2); err != nil {
		return err
	}
	if err := l.idle(ctx); err != nil {
		return err
	}
	calls, began := l.calls(), time.Now()
	server, _ := l.spent()
	for i := range l.Count {
		if i%2 == 0 {
			p.Label("dan", "load")
		} else {
			p.Unlabel("dan", "load")
		}
		if err := l.pace(ctx, i, 500); err != nil {
			return err
		}
	}
	if err := l.idle(ctx); err != nil {
		return err
	}
	took := time.Since(began)
	server2, _ := l.spent()
	l.print("at rest", "events", l.Count, "in", took.Round(time.Millisecond), "a second", int(float64(l.Count)/took.Seconds()),
		"calls", l.calls()-calls, "refused", l.refused(), "processor for each", l.share(server2-server))
	return nil
}

// pace waits now and then until the fake has sent what happened: its own
// backlog is not to be what is measured.
func (l *measurement) pace(ctx context.Context, i, every int) error {
	if i%every != every-1 {
		return nil
	}
	return l.gh.WaitDelivered(ctx)
}

// lifeEvents is how many events a life has, beside rolecall's own doing.
const lifeEvents = 5

// growth has pull requests live from their opening to their end, in forty
// repositories, and prints ten times what the server takes.
func (l *measurement) growth(ctx context.Context) error {
	if err := l.warm(ctx); err != nil {
		return err
	}
	var repos []*githubtest.Repo
	for i := range 40 {
		repos = append(repos, l.repository(fmt.Sprintf("load-%d", i)))
	}
	lives, began := l.Count/lifeEvents, time.Now()
	server, _ := l.spent()
	report := max(1, lives/10)
	for i := range lives {
		p := repos[i%len(repos)].Open(githubtest.PullRequest{Author: "dan", Files: githubtest.Files{"main.go": goSource(i)}})
		p.Label("dan", "load")
		p.Push("dan", githubtest.Files{"main.go": goSource(-i)})
		p.Approve("cloud-0")
		p.Close("dan")
		if err := l.pace(ctx, i, 100); err != nil {
			return err
		}
		if i%report == report-1 {
			if err := l.idle(ctx); err != nil {
				return err
			}
			l.print("so far", "events", (i+1)*lifeEvents, "in", time.Since(began).Round(time.Second), "resident", l.resident("VmRSS"),
				"most", l.resident("VmHWM"), "database", l.stored())
		}
	}
	took := time.Since(began)
	server2, _ := l.spent()
	l.print("at rest", "events", l.Count, "in", took.Round(time.Millisecond), "a second", int(float64(l.Count)/took.Seconds()),
		"refused", l.refused(), "processor for each", l.share(server2-server))
	return nil
}

// stored is what an SQLite file takes.
func (l *measurement) stored() string {
	info, err := os.Stat(filepath.Join(l.dir, "rolecall.db"))
	if err != nil {
		return "elsewhere"
	}
	return fmt.Sprintf("%d MB", info.Size()>>20)
}
