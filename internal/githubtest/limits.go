package githubtest

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Limits are GitHub's rate limits; zero for none. They count by installation
// or person.
type Limits struct {
	Hourly        int // REST calls an hour
	GraphQLHourly int // GraphQL points an hour
	Points        int // REST points a minute: 1 for reading, 5 for writing
	GraphQLPoints int // GraphQL points a minute
	Writes        int // content-creating calls a minute
	WritesHourly  int // content-creating calls an hour
	Concurrent    int // calls at once
	// Status is what a secondary limit answers: 403 or 429; 403 when zero.
	Status int
	// Minute is how long a minute of these limits lasts, and an hour sixty
	// times that, for tests that cannot wait; a real one when zero.
	Minute time.Duration
}

func (l Limits) minute() time.Duration {
	if l.Minute == 0 {
		return time.Minute
	}
	return l.Minute
}

func (l Limits) hour() time.Duration { return 60 * l.minute() }

// RealLimits are the limits that GitHub documents for an installation:
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
func RealLimits() Limits {
	return Limits{Hourly: 5000, GraphQLHourly: 5000, Points: 900, GraphQLPoints: 2000, Writes: 80, WritesHourly: 500, Concurrent: 100}
}

// unlimited is what remains, in the headers, while no hourly limit is in force.
const unlimited = 5000

// limiter counts calls against the limits, in windows that start with the
// first call (behaviour 3).
type limiter struct {
	mu      sync.Mutex
	s       *Server
	o       Limits
	windows map[string]*window
	running map[string]int
}

type window struct {
	start time.Time
	used  int
}

func (l *limiter) init(s *Server) {
	l.s, l.o = s, s.o.Limits
	l.windows, l.running = map[string]*window{}, map[string]int{}
}

// SetLimits puts other limits in force and forgets what was counted.
func (s *Server) SetLimits(o Limits) {
	s.limits.mu.Lock()
	defer s.limits.mu.Unlock()
	s.limits.o = o
	s.limits.windows = map[string]*window{}
}

// clock is the server's time at full resolution.
func (l *limiter) clock() time.Time {
	if l.s.o.Now != nil {
		return l.s.o.Now().UTC()
	}
	return time.Now().UTC()
}

func (l *limiter) window(key string, length time.Duration) *window {
	w := l.windows[key]
	if now := l.clock(); w == nil || now.Sub(w.start) >= length {
		w = &window{start: now}
		l.windows[key] = w
	}
	return w
}

// budget is what the rate limit headers say.
type budget struct {
	resource               string
	limit, used, remaining int
	reset                  time.Time
}

func (b budget) header(h http.Header) {
	h.Set("X-RateLimit-Limit", fmt.Sprint(b.limit))
	h.Set("X-RateLimit-Remaining", fmt.Sprint(b.remaining))
	h.Set("X-RateLimit-Used", fmt.Sprint(b.used))
	h.Set("X-RateLimit-Reset", fmt.Sprint(b.reset.Unix()))
	h.Set("X-RateLimit-Resource", b.resource)
}

// state is a caller's budget for "core" or "graphql" without using any.
func (l *limiter) state(who, resource string) budget {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.budget(who, resource)
}

func (l *limiter) budget(who, resource string) budget {
	limit := l.o.Hourly
	if resource == "graphql" {
		limit = l.o.GraphQLHourly
	}
	w := l.window(who+" "+resource, l.o.hour())
	if limit == 0 { // no limit in force: say so in a way that no client waits for
		return budget{resource: resource, limit: unlimited, used: w.used, remaining: unlimited, reset: w.start.Add(l.o.hour())}
	}
	b := budget{resource: resource, limit: limit, used: w.used, remaining: max(0, limit-w.used), reset: w.start.Add(l.o.hour())}
	return b
}

// spend counts a call. It returns the answer that refuses it, nil where it
// may go on, and the budget for the headers.
func (l *limiter) spend(who string, resource string, write, content bool) (*response, budget) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.budget(who, resource)
	hourly, points := l.o.Hourly, l.o.Points
	if resource == "graphql" {
		hourly, points = l.o.GraphQLHourly, l.o.GraphQLPoints
	}
	if hourly > 0 && b.remaining == 0 && resource == "graphql" {
		return &response{status: 200, body: object{"errors": []any{object{
			"type": "RATE_LIMITED", "message": "API rate limit exceeded for installation.",
		}}}}, b
	}
	if hourly > 0 && b.remaining == 0 {
		return &response{status: 403, body: object{
			"message":           "API rate limit exceeded for installation.",
			"documentation_url": "https://docs.github.com/rest/overview/resources-in-the-rest-api#rate-limiting",
		}}, b
	}
	cost := 1
	if write && resource == "core" {
		cost = 5
	}
	if points > 0 {
		w := l.window(who+" "+resource+" points", l.o.minute())
		if w.used+cost > points {
			return l.secondary(w.start.Add(l.o.minute())), b
		}
		w.used += cost
	}
	if content && l.o.Writes > 0 {
		w := l.window(who+" writes", l.o.minute())
		if w.used >= l.o.Writes {
			return l.secondary(w.start.Add(l.o.minute())), b
		}
		w.used++
	}
	if content && l.o.WritesHourly > 0 {
		w := l.window(who+" writes hourly", l.o.hour())
		if w.used >= l.o.WritesHourly {
			return l.secondary(w.start.Add(l.o.hour())), b
		}
		w.used++
	}
	l.window(who+" "+resource, l.o.hour()).used++
	return nil, l.budget(who, resource)
}

// charge counts further points of a call that was let through.
func (l *limiter) charge(who, resource string, points int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.window(who+" "+resource, l.o.hour()).used += points
}

// enter counts a call as running; the returned func ends it. It returns an
// answer where too many run. A caller is told apart by its credentials.
func (l *limiter) enter(who string) (func(), *response) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.o.Concurrent > 0 && l.running[who] >= l.o.Concurrent {
		return nil, l.secondary(l.clock().Add(l.o.minute()))
	}
	l.running[who]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.running[who]--
	}, nil
}

func (l *limiter) secondary(until time.Time) *response {
	status := l.o.Status
	if status == 0 {
		status = 403
	}
	wait := int(until.Sub(l.clock()).Seconds()) + 1
	return &response{status: status,
		header: http.Header{"Retry-After": {fmt.Sprint(wait)}},
		body: object{
			"message":           "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
			"documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits",
		}}
}
