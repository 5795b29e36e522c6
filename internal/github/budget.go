package github

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// GitHub's limits, as documented for an installation. The hourly ones come
// with every answer; the others are told by nothing but a refusal.
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
const (
	maxPoints       = 900  // REST, a minute: 1 for a read, 5 for a write
	maxGraphPoints  = 2000 // GraphQL, a minute: 1 for a query
	maxWrites       = 80   // that create content, a minute
	maxWritesHourly = 500  // that create content, an hour
	maxConcurrent   = 100  // REST and GraphQL together
)

// What a whole look at a pull request uses at most, as a rule: by this measure
// one is let in or held back before its first call, so that none is stranded
// between its reads and its check.
const (
	lookCalls  = 8
	lookWrites = 2
)

// backgroundShare is the part of the hourly limits that may go to what no
// event asked for.
const backgroundShare = 0.1

// learnt is how long it is remembered that GitHub enforces a secondary limit.
const learnt = 24 * time.Hour

// Class is whose share of the budget a call uses: when it runs short, the more
// urgent are served from what the others leave.
type Class int

// The classes, the most urgent first.
const (
	Urgent Class = iota
	Ordinary
	Late
	Background
)

// reserves is the part of an hourly limit that a class leaves to the ones
// before it.
var reserves = map[Class]float64{Urgent: 0, Ordinary: 0.02, Late: 0.1, Background: 0.3}

type classKey struct{}

// WithClass returns a context whose calls are of the class; Ordinary without.
func WithClass(ctx context.Context, c Class) context.Context {
	return context.WithValue(ctx, classKey{}, c)
}

func classOf(ctx context.Context) Class {
	if c, ok := ctx.Value(classKey{}).(Class); ok {
		return c
	}
	return Ordinary
}

// budget is what one installation may still ask of GitHub, as far as this
// process can tell. Hourly limits it knows from GitHub's answers, which count
// what other processes use as well. Of the secondary limits GitHub tells
// nothing until it refuses, and whether it enforces them differs: so calls are
// counted always, and paced only by those limits that were near when GitHub
// refused, for a day.
type budget struct {
	now func() time.Time

	mu      sync.Mutex
	sharers int                // processes that share the secondary limits
	hourly  map[string]*hourly // by resource
	flying  map[string]int     // calls under way, by resource
	until   time.Time          // GitHub wants no call before
	windows map[string]*window
	looks   int           // let in, and not over
	slots   [4]time.Time  // by class: when the last of those held back may try
	running chan struct{} // calls at once
}

// hourly is what GitHub last said of a primary limit.
type hourly struct {
	limit, remaining int
	reset            time.Time
}

// window counts what a secondary limit limits.
type window struct {
	limit    int
	length   time.Duration
	enforced time.Time // until then it is kept to
	spent    []spent   // oldest first
}

type spent struct {
	at time.Time // cut to a sixtieth of the length
	n  int
}

func newBudget(now func() time.Time) *budget {
	return &budget{
		now: now, sharers: 1, hourly: map[string]*hourly{}, flying: map[string]int{}, running: make(chan struct{}, maxConcurrent/2),
		windows: map[string]*window{
			"points":        {limit: maxPoints, length: time.Minute},
			"graph points":  {limit: maxGraphPoints, length: time.Minute},
			"writes":        {limit: maxWrites, length: time.Minute},
			"writes hourly": {limit: maxWritesHourly, length: time.Hour},
			"background":    {length: time.Hour}, // its limit follows GitHub's
		},
	}
}

func (w *window) used(now time.Time) int {
	for len(w.spent) > 0 && !w.spent[0].at.Add(w.length+w.length/60).After(now) {
		w.spent = w.spent[1:]
	}
	n := 0
	for _, s := range w.spent {
		n += s.n
	}
	return n
}

func (w *window) spend(now time.Time, n int) {
	at := now.Truncate(w.length / 60)
	if last := len(w.spent) - 1; last >= 0 && w.spent[last].at.Equal(at) {
		w.spent[last].n += n
		return
	}
	w.spent = append(w.spent, spent{at, n})
}

// free is when n more fit below the limit.
func (w *window) free(now time.Time, limit, n int) time.Time {
	over := w.used(now) + n - limit
	for _, s := range w.spent {
		if over <= 0 {
			break
		}
		over -= s.n
		now = s.at.Add(w.length + w.length/60)
	}
	return now
}

// cost is what a request counts for.
type cost struct {
	resource string // "core" or "graphql"
	points   int
	content  bool // it creates content
}

func costOf(r *http.Request) cost {
	switch {
	case strings.HasSuffix(r.URL.Path, "/graphql"):
		return cost{resource: "graphql", points: 1}
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		return cost{resource: "core", points: 1}
	}
	return cost{resource: "core", points: 5, content: r.Method != http.MethodDelete}
}

// call counts a call before it is made, or says until when it must wait.
func (b *budget) call(c Class, k cost) (until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if b.until.After(now) {
		return b.until
	}
	if h := b.hourly[k.resource]; h != nil && h.reset.After(now) {
		if h.remaining <= b.flying[k.resource] {
			return h.reset.Add(time.Second)
		}
	}
	name := "points"
	if k.resource == "graphql" {
		name = "graph points"
	}
	counts := map[string]int{name: k.points}
	if k.content {
		counts["writes"], counts["writes hourly"] = 1, 1
	}
	if c == Background {
		counts["background"] = 1
	}
	for name, n := range counts {
		w := b.windows[name]
		if w.enforced.After(now) {
			if at := w.free(now, w.limit/b.sharers, n); at.After(now) {
				until = later(until, at)
			}
		}
	}
	if until.After(now) {
		return until
	}
	for name, n := range counts {
		b.windows[name].spend(now, n)
	}
	b.flying[k.resource]++
	return time.Time{}
}

// answered notes the end of a call, and what its answer says of the hourly
// limits.
func (b *budget) answered(k cost, h http.Header) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flying[k.resource]--
	if resource, l, ok := hourlyOf(h); ok {
		if last := b.now().Add(65 * time.Minute); l.reset.After(last) {
			l.reset = last // whatever the header says, the limit is an hour's
		}
		b.hourly[resource] = &l
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// look lets a whole look in, whose end the func reports, or says when it may
// come again.
func (b *budget) look(c Class) (over func(), until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	until = b.until
	for _, h := range b.hourly {
		if h.reset.After(now) && float64(h.remaining-lookCalls*(b.looks+1)) < reserves[c]*float64(h.limit) {
			until = later(until, h.reset.Add(time.Second))
		}
	}
	var every time.Duration // that one look more fits
	for _, name := range []string{"writes", "writes hourly"} {
		w := b.windows[name]
		if !w.enforced.After(now) {
			continue
		}
		limit := w.limit / b.sharers
		limit -= int(reserves[c] * float64(limit))
		if at := w.free(now, limit, lookWrites*(b.looks+1)); at.After(now) {
			until, every = later(until, at), max(every, w.length*lookWrites/time.Duration(max(1, limit)))
		}
	}
	if c == Background {
		if limit := b.share(); limit > 0 {
			w := b.windows["background"]
			if at := w.free(now, limit, lookCalls*(b.looks+1)); at.After(now) {
				until, every = later(until, at), max(every, w.length*lookCalls/time.Duration(limit))
			}
		}
	}
	if until.After(now) {
		// Those that wait come back one after the other, not all at once to
		// be sent away again; they queue by their class.
		if slot := b.slots[c].Add(every); every > 0 && slot.After(until) {
			until = slot
		}
		b.slots[c] = until
		return nil, until
	}
	b.looks++
	var once sync.Once
	return func() {
		once.Do(func() {
			b.mu.Lock()
			b.looks--
			b.mu.Unlock()
		})
	}, time.Time{}
}

// share is how many calls an hour may go to the background; 0 where GitHub has
// told no limit yet.
func (b *budget) share() int {
	limit := 0
	for _, h := range b.hourly {
		if limit == 0 || h.limit < limit {
			limit = h.limit
		}
	}
	if limit == 0 {
		return 0
	}
	return max(lookCalls, int(backgroundShare*float64(limit))/b.sharers)
}

// refused notes that GitHub refused a call because of a limit. A primary one
// its headers have told. After a secondary one, whatever was near its limit is
// kept to from now on.
func (b *budget) refused(until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	for _, h := range b.hourly {
		if h.remaining <= 0 && h.reset.After(now) {
			return
		}
	}
	b.until = later(b.until, until)
	for name, w := range b.windows {
		if name != "background" && w.used(now)*10 >= w.limit/b.sharers*8 {
			w.enforced = now.Add(learnt)
		}
	}
}

// setSharers says how many processes share the limits.
func (b *budget) setSharers(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sharers = max(1, n)
}

// metered is the transport that keeps an installation's budget: it refuses,
// without asking GitHub, what GitHub would refuse, and bounds the calls that
// are under way at once.
type metered struct {
	next   http.RoundTripper
	budget *budget
}

func (t metered) RoundTrip(req *http.Request) (*http.Response, error) {
	k := costOf(req)
	select {
	case t.budget.running <- struct{}{}:
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	defer func() { <-t.budget.running }()
	if until := t.budget.call(classOf(req.Context()), k); !until.IsZero() {
		return nil, &Error{Kind: RateLimited, Until: until, Message: fmt.Sprintf("not asked: GitHub's budget for %s is used up until %s", k.resource, until.UTC().Format(time.TimeOnly))}
	}
	resp, err := t.next.RoundTrip(req)
	var h http.Header
	if resp != nil {
		h = resp.Header
	}
	t.budget.answered(k, h)
	return resp, err
}

// Admit asks to take a whole look at a pull request of the installation, as
// the context's class. The look is over once the func is called. Where the
// budget does not suffice, the error is [RateLimited] and says when to come
// again; GitHub was not asked.
func (c *Client) Admit(ctx context.Context) (over func(), err error) {
	over, until := c.budget.look(classOf(ctx))
	if !until.IsZero() {
		return nil, &Error{Op: "admit", Kind: RateLimited, Until: until, Message: "the budget of the installation is kept for what is more urgent"}
	}
	return over, nil
}

// SetSharers says how many processes share each installation's secondary
// limits, of which each then uses its part.
func (a *App) SetSharers(n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sharers = max(1, n)
	for _, c := range a.clients {
		c.budget.setSharers(n)
	}
}
