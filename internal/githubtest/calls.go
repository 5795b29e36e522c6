package githubtest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sort"
	"sync"
	"time"
)

// Call is one call that was made to the fake.
type Call struct {
	Method string
	Path   string // with query
	// Operation is the operation's ID in GitHub's contract, such as
	// "checks/create"; "graphql" for a GraphQL query; "" for an unknown route.
	Operation string
	// Query is the name of the GraphQL operation, where it has one.
	Query  string
	Status int // 0 where the connection was dropped
	// Caller is the App's slug, or the person's login. Tokens are not kept.
	Caller string
	Body   string // of the request; of the first 64 KiB
	Start  time.Time
	End    time.Time
}

// bodiesKept is how many of the latest calls keep their body, so that load does
// not fill the memory.
const bodiesKept = 20_000

type callLog struct {
	mu    sync.Mutex
	calls []Call
	total map[string]int
	log   *slog.Logger // nil for none
}

func (l *callLog) add(c Call) {
	if l.log != nil {
		l.log.Info("call", "method", c.Method, "path", c.Path, "operation", c.Operation, "query", c.Query,
			"status", c.Status, "caller", c.Caller, "took", c.End.Sub(c.Start))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.total == nil {
		l.total = map[string]int{}
	}
	l.calls = append(l.calls, c)
	l.total[c.Operation]++
	if n := len(l.calls); n > bodiesKept {
		l.calls[n-bodiesKept-1].Body = ""
	}
	if len(l.calls) > 200_000 { // load: keep the latest half
		l.calls = append([]Call(nil), l.calls[100_000:]...)
	}
}

// Calls lists the calls that were answered since the start, or since
// ResetCalls, in the order of their start. Fetching an installation's token is
// one of them: "apps/create-installation-access-token".
func (s *Server) Calls() []Call {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	out := append([]Call(nil), s.calls.calls...)
	sort.SliceStable(out, func(i, j int) bool { return out[i].Start.Before(out[j].Start) })
	return out
}

// WaitAnswered waits until no call is under way any more, those included whose
// caller has lost patience.
func (s *Server) WaitAnswered(ctx context.Context) error {
	for s.under.Load() > 0 {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d calls are under way: %w", s.under.Load(), ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// CallsOf lists the calls of the given operations.
func (s *Server) CallsOf(operations ...string) []Call {
	var out []Call
	for _, c := range s.Calls() {
		for _, o := range operations {
			if c.Operation == o {
				out = append(out, c)
			}
		}
	}
	return out
}

// CallCount is the number of calls ever made, resets or not, by operation.
func (s *Server) CallCount() map[string]int {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	out := map[string]int{}
	for k, v := range s.calls.total {
		out[k] = v
	}
	return out
}

// ResetCalls forgets the calls so far.
func (s *Server) ResetCalls() {
	s.calls.mu.Lock()
	defer s.calls.mu.Unlock()
	s.calls.calls = nil
}

// RoundTrips is the number of sequential round trips in calls: the length of
// the longest chain in which each call started after the one before had ended.
func RoundTrips(calls []Call) int {
	byEnd := append([]Call(nil), calls...)
	sort.SliceStable(byEnd, func(i, j int) bool { return byEnd[i].End.Before(byEnd[j].End) })
	n := 0
	var last time.Time
	for _, c := range byEnd {
		if n == 0 || !c.Start.Before(last) {
			n++
			last = c.End
		}
	}
	return n
}

// Writes keeps the calls that change something on GitHub; fetching a token is
// none of them.
func Writes(calls []Call) []Call {
	var out []Call
	for _, c := range calls {
		if c.Method != http.MethodGet && c.Method != http.MethodHead && c.Operation != "graphql" &&
			c.Operation != "apps/create-installation-access-token" {
			out = append(out, c)
		}
	}
	return out
}
