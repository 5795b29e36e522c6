package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// BenchmarkDeliveryToCheck opens pull requests as fast as the fake makes them,
// and ends when all have their checks, in one process; `rolecall measure` does so
// in two.
func BenchmarkDeliveryToCheck(b *testing.B) {
	for _, database := range []string{"sqlite", "postgres"} {
		for _, ask := range []string{"none", "team"} {
			for _, latency := range []time.Duration{0, 50 * time.Millisecond, 200 * time.Millisecond} {
				b.Run(fmt.Sprintf("%s/ask=%s/latency=%v", database, ask, latency), func(b *testing.B) {
					url := storetest.SQLite(b)
					if database == "postgres" {
						url = storetest.Postgres(b)
					}
					w := newWorld(b, url, fmt.Sprintf(measuredPolicy, ask), githubtest.Options{NoValidation: true, Latency: latency})
					seen := watchChecks(w.gh)
					opened := 0
					open := func() {
						opened++
						w.open("dan", githubtest.Files{"main.go": goSource(opened)})
					}
					open()
					w.settle()
					before := len(w.gh.Calls())
					for b.Loop() {
						open()
					}
					if err := seen.wait(b.Context(), opened); err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(opened-1)/b.Elapsed().Seconds(), "pulls/s")
					b.StopTimer()
					w.settle()
					b.ReportMetric(float64(len(w.gh.Calls())-before)/float64(opened-1), "calls/pull")
				})
			}
		}
	}
}

// Profiles show what is in memory.
func TestProfilesAreServedOnLoopbackAlone(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{":6060", "0.0.0.0:6060", "example.com:6060", "127.0.0.1"} {
		if err := serveProfiles(t.Context(), addr); err == nil || !strings.Contains(err.Error(), "--profile-addr") {
			t.Errorf("%s: %v", addr, err)
		}
	}
	addr := freeAddr(t)
	if err := serveProfiles(t.Context(), addr); err != nil {
		t.Fatal(err)
	}
	if body, err := fetch(t.Context(), "http://"+addr+"/debug/pprof/heap?debug=1"); err != nil || !strings.Contains(body, "heap profile") {
		t.Errorf("%v: %.80s", err, body)
	}
}
