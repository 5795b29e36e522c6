package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// figuresPolicy is the policy that calls and seconds are counted with: three
// rules, over Terraform, Go and a label.
const figuresPolicy = `
policy {
  keepers = ["security-engineer"]
}

role "cloud-engineer" {
  title   = "Cloud Engineer"
  members = ["@acme/cloud"]
}

role "security-engineer" {
  title   = "Security Engineer"
  members = ["@acme/security"]
}

rule "go" {
  changes = go.files
  require "cloud-engineer" {}
}

rule "infrastructure" {
  changes = terraform.files
  require "security-engineer" {}
}

rule "security label" {
  when = label("security")
  require "security-engineer" {}
}
`

// contentsPolicy asks for what only the contents of files tell.
var contentsPolicy = strings.Replace(figuresPolicy, "changes = go.files",
	"changes = go.files\n  when    = !go.cosmetic", 1)

// TestCallsAndRoundTrips counts what each event costs on GitHub, once the
// App's token is fetched and the members of the policy's teams are known: the
// token lasts an hour, and the members until an event says otherwise.
func TestCallsAndRoundTrips(t *testing.T) {
	terraform := githubtest.Files{"main.go": goBefore, "net/main.tf": "resource \"google_project\" \"p\" {}\n"}
	var pr *githubtest.Pull
	type step struct {
		name         string
		calls, trips int // at most
		writes       int // exactly
		do           func(w *world)
	}
	// Every change of state writes one check; requests are beside it.
	for _, life := range []struct {
		name, policy string
		steps        []step
	}{
		{"contents are not needed", figuresPolicy, []step{
			{"opened", 4, 2, 2, func(w *world) { pr = w.open("dan", terraform) }},
			{"irrelevant comment", 0, 0, 0, func(w *world) { pr.Comment("eve", "nice") }},
			{"a label that no rule asks for", 1, 1, 0, func(w *world) { pr.Label("mia", "docs") }},
			{"label added, and a Security Engineer is asked already", 2, 2, 1, func(w *world) { pr.Label("mia", "security") }},
			{"the same event again", 1, 1, 0, func(w *world) { pr.ClickAction("dan", "rolecall: main", "recheck") }},
			{"a redelivery", 0, 0, 0, func(w *world) { w.redeliverLast() }},
			{"push, nobody has approved", 3, 2, 1, func(w *world) { pr.Push("dan", githubtest.Files{"main.go": goAfter}) }},
			{"review submitted", 2, 2, 1, func(w *world) { pr.Approve("sam") }},
			{"last review submitted", 2, 2, 1, func(w *world) { pr.Approve("ana") }},
			// An older approval has to be compared with what is there now, and the
			// green of the commit that was left is taken back.
			{"push, two have approved one commit", 6, 3, 3, func(w *world) { pr.Push("dan", githubtest.Files{"main.go": goBefore}) }},
			{"push that changes nothing for them", 4, 3, 1, func(w *world) { pr.Push("dan", githubtest.Files{"README.md": "# x\n"}) }},
		}},
		{"contents are needed", contentsPolicy, []step{
			{"opened", 5, 3, 2, func(w *world) { pr = w.open("dan", terraform) }},
			{"review submitted", 2, 2, 1, func(w *world) { pr.Approve("sam") }},
			{"irrelevant comment", 0, 0, 0, func(w *world) { pr.Comment("eve", "nice") }},
			{"the same event again", 1, 1, 0, func(w *world) { pr.ClickAction("dan", "rolecall: main", "recheck") }},
			{"push", 5, 3, 1, func(w *world) { pr.Push("dan", githubtest.Files{"main.go": goAfter}) }},
		}},
	} {
		t.Run(life.name, func(t *testing.T) {
			w := newWorld(t, storetest.SQLite(t), life.policy, githubtest.Options{Latency: 40 * time.Millisecond})
			warm := w.open("dan", githubtest.Files{"a.go": goBefore, "a.tf": "# x\n"})
			warm.Label("dan", "security")
			w.settle()
			for _, s := range life.steps {
				calls := w.calls(func() { s.do(w) })
				trips, writes := githubtest.RoundTrips(calls), len(githubtest.Writes(calls))
				t.Logf("%-55s %d calls, %d round trips, %d writes", s.name, len(calls), trips, writes)
				if len(calls) > s.calls || trips > s.trips || writes != s.writes {
					t.Errorf("%s: %d calls in %d round trips, %d of them writes; want %d in %d, %d\n%s",
						s.name, len(calls), trips, writes, s.calls, s.trips, s.writes, timeline(calls))
				}
			}
		})
	}
}

// TestCallsInTheBackground counts what is asked of GitHub on behalf of no
// event: one call to learn who knows a repository, and one to learn who of an
// organisation is busy. Events add none to them.
func TestCallsInTheBackground(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t), figuresPolicy, githubtest.Options{})
	w.settle()
	first := w.calls(func() { w.open("dan", githubtest.Files{"a.go": goBefore, "a.tf": "# x\n"}) })
	count := func(calls []githubtest.Call) (n int) {
		for _, c := range calls {
			if strings.Contains(c.Body, "MERGED") || strings.Contains(c.Body, "query busy(") {
				n++
			}
		}
		return n
	}
	t.Logf("the first pull request of a repository: %d calls, %d of them in the background", len(first), count(first))
	if count(first) != 2 {
		t.Errorf("%d calls in the background, want one for the history and one for who is busy\n%s", count(first), timeline(first))
	}
	later := w.calls(func() {
		for i := range 5 {
			pr := w.open("dan", githubtest.Files{fmt.Sprintf("b%d.go", i): goBefore})
			w.settle()
			pr.Approve("ana")
			w.settle()
			pr.MustMerge("dan")
			w.settle()
		}
	})
	if n := count(later); n != 0 {
		t.Errorf("%d calls in the background on behalf of five pull requests, want none", n)
	}
	busy := w.calls(func() { w.again("busy") })
	if len(busy) != 1 {
		t.Errorf("who is busy takes %d calls, want one\n%s", len(busy), timeline(busy))
	}
}

// timeline shows calls as they were made.
func timeline(calls []githubtest.Call) string {
	var b strings.Builder
	for _, c := range calls {
		fmt.Fprintf(&b, "  %4d–%4d ms %-40s %d %s\n", c.Start.Sub(calls[0].Start).Milliseconds(), c.End.Sub(calls[0].Start).Milliseconds(),
			c.Operation+" "+c.Query, c.Status, c.Path)
	}
	return b.String()
}

// redeliverLast sends the latest delivery again, by its GUID.
func (w *world) redeliverLast() {
	w.t.Helper()
	all := w.gh.Deliveries()
	if !w.gh.Redeliver(all[len(all)-1].ID) {
		w.t.Fatal("nothing was redelivered")
	}
}

// BenchmarkWebhookToCheck measures the seconds from the arrival of a delivery
// to the moment at which GitHub shows the check, over 50 pull requests: one
// after the other, and all at once.
func BenchmarkWebhookToCheck(b *testing.B) {
	for _, database := range []struct {
		name string
		url  func(testing.TB) string
	}{{"sqlite", storetest.SQLite}, {"postgres", storetest.Postgres}} {
		for _, latency := range []time.Duration{0, 50 * time.Millisecond} {
			for _, together := range []bool{false, true} {
				name := fmt.Sprintf("%s/%v/%s", database.name, latency, map[bool]string{false: "one by one", true: "at once"}[together])
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						took := webhookToCheck(b, database.url(b), latency, together)
						slices.Sort(took)
						b.ReportMetric(took[len(took)/2].Seconds(), "median-s")
						b.ReportMetric(took[len(took)*95/100].Seconds(), "p95-s")
					}
				})
			}
		}
	}
}

// benchmarkPulls is how many pull requests the benchmark opens.
const benchmarkPulls = 50

func webhookToCheck(b *testing.B, url string, latency time.Duration, together bool) []time.Duration {
	w := newWorld(b, url, contentsPolicy, githubtest.Options{Latency: latency, NoValidation: true})
	w.stop()
	w.workers = 0
	w.start()
	w.open("dan", githubtest.Files{"warm.go": goBefore, "warm.tf": "# x\n"}).Label("dan", "security")
	w.settle()
	arrivals := w.stamp()
	w.gh.ResetCalls()
	var pulls []*githubtest.Pull
	for i := range benchmarkPulls {
		pulls = append(pulls, w.open("dan", githubtest.Files{
			fmt.Sprintf("pkg%d/main.go", i): goBefore, fmt.Sprintf("net%d/main.tf", i): "resource \"google_project\" \"p\" {}\n",
		}))
		if !together {
			w.settle()
		}
	}
	w.settle()
	shown := map[string]time.Time{}
	for _, c := range w.gh.CallsOf("checks/create") {
		for _, pr := range pulls {
			if strings.Contains(c.Body, pr.Head()) {
				shown[pr.Head()] = c.End
			}
		}
	}
	var took []time.Duration
	for _, pr := range pulls {
		arrived, ok := arrivals.of(pr.Number())
		if !ok || shown[pr.Head()].IsZero() {
			b.Fatalf("#%d: no delivery or no check", pr.Number())
		}
		took = append(took, shown[pr.Head()].Sub(arrived))
	}
	w.stop()
	return took
}

// arrivals are when the deliveries of opened pull requests came in.
type arrivals struct {
	mu sync.Mutex
	at map[int]time.Time
}

func (a *arrivals) of(number int) (time.Time, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, ok := a.at[number]
	return t, ok
}

// stamp puts itself between GitHub and rolecall, and notes when deliveries
// come in.
func (w *world) stamp() *arrivals {
	a := &arrivals{at: map[int]time.Time{}}
	to, err := url.Parse(w.server.URL())
	if err != nil {
		w.t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	between := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		at := time.Now()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		var p struct {
			Action string `json:"action"`
			Number int    `json:"number"`
		}
		if json.Unmarshal(body, &p) == nil && p.Action == "opened" {
			a.mu.Lock()
			a.at[p.Number] = at
			a.mu.Unlock()
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(rw, r)
	}))
	w.t.Cleanup(between.Close)
	w.gh.App().DeliverTo(between.URL + "/webhook")
	return a
}
