package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/apply"
	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/pipeline"
	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/recovery"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
	"github.com/rolecall/rolecall/internal/webhook"
)

var (
	chaosSeed     = flag.Uint64("chaos.seed", 0, "the one seed that TestChaos tries; 0: as many as there is time for")
	chaosFrom     = flag.Uint64("chaos.from", 0, "the seed that a long run begins with; 0: any")
	chaosTries    = flag.Int("chaos.tries", 1, "how often each seed is tried: a race may need more than once")
	chaosDatabase = flag.String("chaos.database", "", "sqlite or postgres; left out: PostgreSQL for each fifth seed of a long run")
	chaosParallel = flag.Int("chaos.parallel", 4, "how many seeds are tried at once")
	chaosShrink   = flag.Bool("chaos.shrink", true, "try a history that fails again with less in it")
	chaosKeep     = flag.String("chaos.keep", "", "a folder for what is known of each try that fails: a race does not come again")
)

// regressions are seeds that failed once.
var regressions = []uint64{
	1096819114748, // a label of rolecall's own brought a rule into force, and nobody looked again
}

// TestChaos plays random histories of pull requests while deliveries are lost,
// doubled, late and out of order, GitHub fails and refuses, the database is
// locked and rolecall is killed. At rest each pull request must be as GitHub's
// state calls for, and nobody was asked, answered or checked twice.
//
// A seed always makes the same history, not the same races in it. A failure
// names its seed: go test ./cmd/rolecall -run TestChaos -chaos.seed=N. A long
// run, of new seeds: ROLECALL_CHAOS=10m go test ./cmd/rolecall -run TestChaos
// -timeout 0.
func TestChaos(t *testing.T) {
	t.Cleanup(graves.Wait)
	if *chaosSeed != 0 {
		for range *chaosTries {
			tryHistory(t, *chaosSeed)
		}
		return
	}
	t.Parallel()
	for _, seed := range regressions {
		tryHistory(t, seed)
	}
	next, end := uint64(wide+1), time.Time{}
	const quick = 8
	if s := os.Getenv("ROLECALL_CHAOS"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatalf("ROLECALL_CHAOS: %v", err)
		}
		next, end = wider+rand.Uint64N(1<<40), time.Now().Add(d) //nolint:gosec // any will do
		if *chaosFrom != 0 {
			next = *chaosFrom
		}
		t.Logf("seeds from %d", next)
	}
	var mu sync.Mutex
	tried := 0
	take := func() (seed uint64, more bool) {
		mu.Lock()
		defer mu.Unlock()
		if end.IsZero() && tried == quick || !end.IsZero() && time.Now().After(end) {
			return 0, false
		}
		for end.IsZero() && waits(history(next)) {
			next++ // a quick run has no time for it
		}
		seed, tried, next = next, tried+1, next+1
		if tried%20 == 0 {
			t.Logf("%d histories so far", tried)
		}
		return seed, true
	}
	var all sync.WaitGroup
	for range *chaosParallel {
		all.Go(func() {
			for seed, more := take(); more; seed, more = take() {
				tryHistory(t, seed)
			}
		})
	}
	all.Wait()
	t.Logf("%d histories", tried)
}

// tryHistory plays the seed's history, and reports what went wrong with the
// shortest part of it that does as well.
func tryHistory(t *testing.T, seed uint64) {
	t.Helper()
	steps := history(seed)
	for range *chaosTries - 1 {
		play(t, seed, steps)
	}
	found := play(t, seed, steps)
	if len(found) == 0 {
		return
	}
	if *chaosShrink {
		steps, found = shrink(t, seed, steps, found)
	}
	var b strings.Builder
	for i, s := range steps {
		fmt.Fprintf(&b, "%3d. %s\n", i+1, s.what)
	}
	t.Errorf("seed %d (go test ./cmd/rolecall -run TestChaos -chaos.seed=%[1]d):\n%sfound:\n%s", seed, b.String(), strings.Join(found, "\n"))
}

// shrink leaves out what the failure does not need, for as long as a minute. A
// race that does not come again is not shrunk.
func shrink(t *testing.T, seed uint64, steps []step, found []string) ([]step, []string) {
	until := time.Now().Add(time.Minute)
	for size := max(1, len(steps)/2); size >= 1; size /= 2 {
		for at := 0; at < len(steps) && time.Now().Before(until); {
			fewer := slices.Concat(steps[:at], steps[min(at+size, len(steps)):])
			if again := play(t, seed, fewer); len(again) > 0 {
				steps, found = fewer, again
				continue
			}
			at += size
		}
	}
	return steps, found
}

// play plays a history in a world of its own and returns what was wrong at its
// end.
func play(t *testing.T, seed uint64, steps []step) []string {
	return try(t, func(tb testing.TB) {
		database := storetest.SQLite(tb)
		if *chaosDatabase == "postgres" || *chaosDatabase == "" && os.Getenv("ROLECALL_CHAOS") != "" && seed%5 == 0 {
			database = storetest.Postgres(t)
		}
		text := policyText
		if seed >= wide {
			text = widePolicy
		}
		c := &chaos{w: quietWorld(tb, database, text, githubtest.Options{}), comments: map[*githubtest.Pull][]*githubtest.Comment{}, forks: map[int]bool{}, wide: seed >= wide}
		if c.wide { // turns that end, and end at the same steps each time
			hour := c.w.clock()
			c.w.pass(hour.Truncate(time.Hour).Add(time.Hour + time.Duration(seed%3600)*time.Second).Sub(hour))
		}
		if *chaosKeep != "" {
			tb.Cleanup(func() { c.keep(*chaosKeep, seed) })
		}
		c.w.gh.App().DeliverTo(c.front(tb))
		c.w.repo.Push("release", c.w.repo.Head("main"), "mia")
		tb.Cleanup(c.down)
		c.up()
		for _, s := range steps {
			fmt.Fprintf(c.w.log, "time=%s step %s\n", time.Now().Format("2006-01-02T15:04:05.000Z07:00"), s.what)
			s.do(c)
			c.w.pass(time.Duration(len(s.what)%3) * time.Second)
		}
		c.rest()
		c.judge()
	})
}

// keep writes down what is known of a try that failed: what rolecall logged,
// each delivery and call, and the checks with all their words.
func (c *chaos) keep(folder string, seed uint64) {
	if !c.w.t.Failed() {
		return
	}
	f, err := os.CreateTemp(folder, fmt.Sprintf("%d-*.log", seed))
	if err != nil {
		c.w.t.Error(err)
		return
	}
	defer func() { _ = f.Close() }()
	fmt.Fprintf(f, "database %s\nfound %s\n\n%s\n", c.w.database, strings.Join(c.w.t.(*trial).found, "\n"), c.w.log) //nolint:forcetypeassert // play makes it
	for _, d := range c.w.gh.Deliveries() {
		fmt.Fprintf(f, "delivery %s %s.%s at %s took %v: %d %s %s\n", d.GUID, d.Event, d.Action, d.At.Format(time.RFC3339Nano), d.Duration, d.StatusCode, d.Status, d.Payload)
	}
	for _, call := range c.w.gh.Calls() {
		fmt.Fprintf(f, "call %s to %s: %s %s %d %s\n", call.Start.Format(time.RFC3339Nano), call.End.Format(time.RFC3339Nano), call.Operation, call.Path, call.Status, call.Body)
	}
	for _, p := range c.pulls {
		if p == nil {
			continue
		}
		for _, run := range c.w.repo.ChecksAt(p.Head()) {
			fmt.Fprintf(f, "#%d %s %+v\n", p.Number(), p.State(), run)
		}
	}
}

// chaos is a world in which a history is played.
type chaos struct {
	w        *world
	at       atomic.Pointer[url.URL] // of rolecall; nil while it is down
	pulls    []*githubtest.Pull
	forks    map[int]bool
	comments map[*githubtest.Pull][]*githubtest.Comment
	reviews  []review
	groups   []*githubtest.MergeGroup
	wide     bool
	moves    int
	locks    sync.WaitGroup
	heard    []told
	heardOf  int // of so many deliveries
}

type review struct {
	pull  *githubtest.Pull
	by    string
	given *githubtest.Review
}

// real are the files that differ from those of a commit.
func (c *chaos) real(at string, f githubtest.Files) githubtest.Files {
	out := githubtest.Files{}
	for path, content := range f {
		was, there := c.w.repo.Read(at, path)
		switch v := content.(type) {
		case nil:
			if there {
				out[path] = v
			}
		case string:
			if !there || v != was {
				out[path] = v
			}
		default:
			out[path] = v
		}
	}
	return out
}

// taken reports whether an open pull request has that head and base already.
func (c *chaos) taken(head, base string) bool {
	return slices.ContainsFunc(c.pulls, func(p *githubtest.Pull) bool {
		return p != nil && p.State() == "open" && p.HeadBranch() == head && p.BaseBranch() == base
	})
}

// dismissible reports whether the person has a review that can be dismissed.
func (c *chaos) dismissible(p *githubtest.Pull, login string) bool {
	return slices.ContainsFunc(c.reviews, func(r review) bool {
		return r.pull == p && r.by == login && (r.given.State() == "APPROVED" || r.given.State() == "CHANGES_REQUESTED")
	})
}

// front is where deliveries go whether rolecall is up or not: an address that is
// free for a while would be taken by another test.
func (c *chaos) front(tb testing.TB) string {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			if at := c.at.Load(); at != nil { // else it went down just now, and the request fails
				r.SetURL(at)
			}
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		Transport:    &http.Transport{DisableKeepAlives: true},
		ErrorLog:     log.New(io.Discard, "", 0),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.at.Load() == nil {
			panic(http.ErrAbortHandler) // as if nobody listened
		}
		proxy.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = proxy.ErrorLog
	tb.Cleanup(server.Close)
	return server.URL + "/webhook"
}

// up starts rolecall, as often as it takes, as a supervisor does.
func (c *chaos) up() {
	w := c.w
	if w.server != nil {
		return
	}
	app := w.gh.App()
	var out io.Writer = w.log
	if os.Getenv("ROLECALL_TEST_LOG") != "" {
		out = io.MultiWriter(w.log, os.Stderr)
	}
	for n := 0; ; n++ {
		config := Config{
			AppID: app.ID(), PrivateKey: app.PrivateKeyPEM(), WebhookSecrets: [][]byte{[]byte(app.WebhookSecret())},
			DatabaseURL: w.database, Addr: "127.0.0.1:0", GitHubURL: w.gh.URL(), Workers: w.workers,
			Deliveries: -1, Sweep: -1, // at rest
			GitHubTimeout: impatience,
			Log:           slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})),
		}
		if c.wide {
			config.Now = w.clock
		}
		server, err := Start(w.t.Context(), config)
		if err == nil {
			w.server = server
			at, err := url.Parse(server.URL())
			if err != nil {
				w.t.Fatal(err)
			}
			c.at.Store(at)
			return
		}
		if n == 100 {
			w.t.Fatalf("start: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// down stops rolecall as SIGTERM does.
func (c *chaos) down() {
	c.stop(10 * time.Second)
}

func (c *chaos) stop(patience time.Duration) {
	if c.w.server == nil {
		return
	}
	c.at.Store(nil)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = c.w.server.Stop(ctx) // what it could not do any more is left to the next
	c.w.server = nil
}

// kill ends rolecall as nearly as one process can do it to itself: from one
// moment on nothing reaches the database, and what is under way is cut off.
func (c *chaos) kill() {
	if c.w.server == nil {
		return
	}
	dead := c.w.server
	c.w.server = nil
	c.at.Store(nil)
	_ = dead.http.Close()
	_ = dead.store.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	// It still tries to say good-bye to a database that it no longer has,
	// which takes it seconds and harms nobody.
	graves.Go(func() {
		_ = dead.Stop(ctx)
		<-dead.queue.Stopped()
	})
}

// graves are the killed that have not come to rest.
var graves sync.WaitGroup

// lock has somebody else hold the database for a while.
func (c *chaos) lock(d time.Duration) {
	if strings.HasPrefix(c.w.database, "postgres") {
		c.hold("pgx", c.w.database, "LOCK TABLE looks, deliveries, pulls IN EXCLUSIVE MODE", d)
		return
	}
	c.hold("sqlite", "file:"+strings.TrimPrefix(c.w.database, "sqlite:")+"?_txlock=immediate&_pragma=busy_timeout(5000)", "SELECT 1", d)
}

func (c *chaos) hold(driver, dsn, statement string, d time.Duration) {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		c.w.t.Fatal(err)
	}
	tx, err := db.Begin() //nolint:noctx // it ends by itself
	if err == nil {
		_, err = tx.Exec(statement) //nolint:noctx // as above
	}
	if err != nil { // somebody else holds it
		_ = db.Close()
		return
	}
	c.locks.Go(func() {
		time.Sleep(d)
		_ = tx.Rollback()
		_ = db.Close()
	})
}

// release lets go what was kept back, in an order that the number decides.
func (c *chaos) release(order uint64) {
	r := rand.New(rand.NewPCG(order, 0)) //nolint:gosec // it has to be repeatable
	c.w.gh.Release(func(list []githubtest.Delivery) []githubtest.Delivery {
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		return list
	})
}

// rest ends all trouble, has rolecall look for what it missed as it does every
// few minutes, and waits until nothing is left to be done.
func (c *chaos) rest() {
	w := c.w
	c.locks.Wait()
	w.gh.ClearFaults()
	w.gh.Disturb(githubtest.Disturbance{})
	c.release(1)
	c.up()
	c.settle()
	w.pass(10 * time.Minute) // GitHub lets failures be seen again after a while
	c.patiently(w.server.recovery.Deliveries)
	c.settle()
	sweep := recovery.New(recovery.Options{App: w.app(), Store: w.server.store, Sweep: time.Nanosecond})
	sweep.Use(w.server.queue)
	c.patiently(sweep.Sweep)
	c.settle()
	c.verify()
	if c.wide {
		w.stands.Store(w.clock().UnixNano()) // nothing is due from here on
		c.onTime()
	}
}

// restless is for how long a history may take to come to rest.
const restless = 3 * time.Minute

// waking ends after so long, of which it counts what this process had: a
// machine that does something else meanwhile, or stops it, is no failure.
func waking(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	const nap = 50 * time.Millisecond
	go func() {
		defer cancel()
		for range d / nap {
			select {
			case <-ctx.Done():
				return
			case <-time.After(nap):
			}
		}
	}()
	return ctx, cancel
}

// settle waits until every delivery is answered and every look is taken, those
// included that failed or are held back. What is due by time alone is not
// waited for.
func (c *chaos) settle() {
	w := c.w
	ctx, cancel := waking(w.t.Context(), restless)
	defer cancel()
	for before := -1; ; {
		err := w.gh.WaitDelivered(ctx)
		if err == nil {
			err = w.server.Idle(ctx)
		}
		if err != nil {
			w.t.Fatalf("not at rest: %v\n%s", err, c.standing())
		}
		waiting := 0
		err = w.server.store.DB().QueryRowContext(w.t.Context(),
			w.server.store.Query(`SELECT count(*) FROM looks WHERE failures > 0 OR hold_until > ?1`), store.Micros(time.Now())).Scan(&waiting)
		if err != nil {
			w.t.Fatal(err)
		}
		now := len(w.gh.Deliveries()) + len(w.gh.Calls())
		if waiting == 0 && now == before {
			return
		}
		if ctx.Err() != nil {
			w.t.Fatalf("not at rest: %d looks fail or are held\n%s", waiting, c.standing())
		}
		before = now
		if waiting > 0 {
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// verify has looked at what is to be looked at once more when all that was
// sent has arrived: rolecall waits for that by the time of day.
func (c *chaos) verify() {
	w := c.w
	ctx, cancel := waking(w.t.Context(), restless)
	defer cancel()
	if err := w.gh.WaitAnswered(ctx); err != nil {
		w.t.Fatal(err)
	}
	rows, err := w.server.store.DB().QueryContext(ctx, `SELECT number FROM looks WHERE kind = 'pull' AND verify_at > 0`)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var due []queue.Target
	for rows.Next() {
		number := 0
		if err := rows.Scan(&number); err != nil {
			w.t.Fatal(err)
		}
		for _, p := range c.pulls {
			if p != nil && p.Number() == number {
				due = append(due, queue.Target{Kind: queue.Pull, Ref: w.ref(p), Why: "verification"})
			}
		}
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	c.lookAt(due)
}

// lookAt has looked at what is due by time alone.
func (c *chaos) lookAt(due []queue.Target) {
	if len(due) == 0 {
		return
	}
	if err := c.w.server.queue.Add(c.w.t.Context(), due...); err != nil {
		c.w.t.Fatal(err)
	}
	c.settle()
}

// standing lists what the queue has not done.
func (c *chaos) standing() string {
	var b strings.Builder
	for _, q := range []string{
		`SELECT key || ' counter ' || counter || ' priority ' || priority || ' failures ' || failures || ' held until ' || hold_until FROM looks`,
		`SELECT 'job ' || id || ' ' || CAST(state AS TEXT) || ' ' || CAST(args AS TEXT) || ' attempt ' || attempt || ' at ' || CAST(scheduled_at AS TEXT) FROM river_job WHERE finalized_at IS NULL`,
		`SELECT 'replica ' || id || ' seen ' || seen_at FROM replicas`,
	} {
		if err := lines(c.w.server.store.DB(), q, &b); err != nil {
			fmt.Fprintln(&b, err)
		}
	}
	var wrong []string
	for _, line := range strings.Split(c.w.log.String(), "\n") {
		if strings.Contains(line, "level=WARN") || strings.Contains(line, "level=ERROR") {
			wrong = append(wrong, line)
		}
	}
	fmt.Fprintln(&b, strings.Join(wrong[max(0, len(wrong)-12):], "\n"))
	fmt.Fprintf(&b, "now %s, %d", time.Now().UTC().Format(time.RFC3339Nano), store.Micros(time.Now()))
	return b.String()
}

// lines writes what a query finds.
func lines(db *sql.DB, query string, to io.Writer) error {
	rows, err := db.QueryContext(context.Background(), query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		fmt.Fprintln(to, line)
	}
	return rows.Err()
}

// judge compares what GitHub shows with what its state calls for.
func (c *chaos) judge() {
	w := c.w
	o := c.oracle()
	for range 2 { // those that share a check are decided by each other
		o.left = map[*githubtest.Pull][]plan.Action{}
		for _, p := range c.pulls {
			if p != nil && p.State() == "open" {
				o.look(p)
			}
		}
	}
	for _, p := range c.pulls {
		if p == nil {
			continue
		}
		for _, a := range o.left[p] {
			shown := p.Check("rolecall: " + p.BaseBranch())
			w.t.Errorf("#%d: who knows all would %s because %s: %s %s %s, %v%v%s; shown is %s %s %q%s", p.Number(), a.Kind, a.Why,
				a.Check.Name, a.Check.Status, a.Check.Conclusion, a.Logins, a.Teams, a.Label, shown.Status, shown.Conclusion, shown.Title, otherwise(shown, a))
		}
		c.once(p)
	}
	c.judgeGroups(o)
}

// otherwise lists the lines that a check says and is not to say, and those that
// it does not say.
func otherwise(shown githubtest.Check, a plan.Action) string {
	if a.Kind != plan.CreateCheck && a.Kind != plan.UpdateCheck {
		return ""
	}
	words := apply.Words(a.Check.Shown)
	says, is := strings.Split(shown.Summary+"\n"+shown.Text, "\n"), strings.Split(words.Summary+"\n"+words.Text, "\n")
	var b strings.Builder
	for _, line := range says {
		if !slices.Contains(is, line) {
			b.WriteString("\n  - " + line)
		}
	}
	for _, line := range is {
		if !slices.Contains(says, line) {
			b.WriteString("\n  + " + line)
		}
	}
	return b.String()
}

// oracle is a rolecall that heard every delivery, in order and without any
// trouble, and writes nothing.
type oracle struct {
	w    *world
	line *pipeline.Line
	made *planned
	left map[*githubtest.Pull][]plan.Action
}

func (c *chaos) oracle() *oracle {
	w := c.w
	quiet := slog.New(slog.DiscardHandler)
	heard := storetest.Open(w.t, migrated(w.t, storetest.SQLite(w.t)))
	q, err := queue.New(w.t.Context(), heard, queue.Options{Handle: func(context.Context, queue.Target) (queue.Next, error) { return queue.Next{}, nil }})
	if err != nil {
		w.t.Fatal(err)
	}
	app := w.gh.App()
	hook, err := webhook.New(webhook.Options{
		Secrets: [][]byte{[]byte(app.WebhookSecret())}, Store: heard, Queue: q, AppID: app.ID(), Slug: app.Slug, External: external, Logger: quiet,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	sign := hmacOf(sha256.New, "sha256=", "X-Hub-Signature-256", app.WebhookSecret())
	seen := map[string]bool{}
	for _, d := range w.gh.Deliveries() {
		if seen[d.GUID] || len(d.Payload) == 0 {
			continue
		}
		seen[d.GUID] = true
		r := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, "/webhook", strings.NewReader(string(d.Payload)))
		r.Header = d.Headers.Clone()
		r.Header.Set(sign(d.Payload))
		answer := httptest.NewRecorder()
		hook.ServeHTTP(answer, r)
		if answer.Code != http.StatusAccepted {
			w.t.Fatalf("the oracle does not understand %s.%s: %d %s", d.Event, d.Action, answer.Code, answer.Body)
		}
	}
	made := &planned{}
	return &oracle{w: w, made: made, line: &pipeline.Line{
		Gather: gather.New(w.app(), heard, gather.Options{Wants: pipeline.Wants, Now: c.now(), Logger: quiet}),
		Apply:  made, Records: heard, Metrics: newMetrics(), Self: w.self, Log: quiet,
	}}
}

// now is the clock by which is decided.
func (c *chaos) now() func() time.Time {
	if c.wide {
		return c.w.clock
	}
	return time.Now
}

func (o *oracle) look(p *githubtest.Pull) {
	o.made.plan = plan.Plan{}
	if _, err := o.line.Pull(o.w.t.Context(), o.w.ref(p), gather.Hint{}); err != nil {
		o.w.t.Fatalf("the oracle: %v", err)
	}
	o.left[p] = o.made.plan.Actions
}

// once reports what was written twice.
func (c *chaos) once(p *githubtest.Pull) {
	w := c.w
	self := w.gh.App().Slug() + "[bot]"
	replies := map[string]bool{}
	for _, comment := range p.Comments() {
		first, _, _ := strings.Cut(comment.Body(), "\n")
		if comment.Author() == self && replies[first] {
			w.t.Errorf("#%d: two replies %s", p.Number(), first)
		}
		replies[first] = true
	}
	// One that is completed makes way for another where it must not count any
	// more; one that is not is written over, unless it has annotations, which
	// GitHub only adds to. Pull requests that share a commit may each be the first,
	// and one may come so late that another could not wait for it.
	annotated := slices.ContainsFunc(p.Files(), func(f string) bool { return strings.HasPrefix(f, ".github/") })
	last := map[string]githubtest.Check{}
	for _, run := range w.repo.ChecksAt(p.Head()) {
		was, there := last[run.Name]
		if there && was.Status != "completed" && !annotated && wroteBoth(was, run) && !c.late(run.SHA) {
			w.t.Errorf("#%d: a second check %q beside one that waits", p.Number(), run.Name)
		}
		if there && was.Status == run.Status && was.Conclusion == run.Conclusion && was.Title == run.Title && was.Summary == run.Summary && was.Text == run.Text {
			w.t.Errorf("#%d: two checks %q on one commit that say the same", p.Number(), run.Name)
		}
		last[run.Name] = run
	}
	// Somebody may be asked again once something has happened, or after the
	// request was withdrawn: what a late delivery tells can do that.
	asked := map[string]bool{}
	for _, e := range c.told() {
		number := e.PullRequest.Number + e.Issue.Number
		switch {
		case number != 0 && number != p.Number() && e.event != "pull_request":
		case e.Sender.Login != self:
			clear(asked)
		case number == p.Number():
			who := e.RequestedReviewer.Login + e.RequestedTeam.Slug
			if e.action == "review_requested" && asked[who] {
				w.t.Errorf("#%d: %s was asked twice, and nothing had happened between", p.Number(), who)
			}
			asked[who] = e.action == "review_requested" || asked[who] && e.action != "review_request_removed"
		}
	}
}

// late reports whether a check of a commit was created after rolecall had lost
// its patience, or was killed.
func (c *chaos) late(sha string) bool {
	return slices.ContainsFunc(c.w.gh.CallsOf("checks/create"), func(call githubtest.Call) bool {
		return call.End.Sub(call.Start) > impatience && strings.Contains(call.Body, sha)
	})
}

// wroteBoth reports whether two checks come from one pull request.
func wroteBoth(a, b githubtest.Check) bool {
	one, err := plan.ParseExternalID(a.ExternalID)
	other, err2 := plan.ParseExternalID(b.ExternalID)
	return err != nil || err2 != nil || one.Number == other.Number
}

// told is an event, as GitHub told of it.
type told struct {
	event, action     string
	Sender            struct{ Login string }
	PullRequest       struct{ Number int }   `json:"pull_request"`
	Issue             struct{ Number int }   `json:"issue"`
	RequestedReviewer struct{ Login string } `json:"requested_reviewer"`
	RequestedTeam     struct{ Slug string }  `json:"requested_team"`
}

// told lists the events, each once. They are read only once, as far as there
// are no more of them.
func (c *chaos) told() []told {
	list := c.w.gh.Deliveries()
	if c.heard != nil && c.heardOf == len(list) {
		return c.heard
	}
	c.heard, c.heardOf = nil, len(list)
	seen := map[string]bool{}
	for _, d := range list {
		if seen[d.GUID] {
			continue
		}
		seen[d.GUID] = true
		e := told{event: d.Event, action: d.Action}
		if err := json.Unmarshal(d.Payload, &e); err != nil {
			c.w.t.Fatal(err)
		}
		c.heard = append(c.heard, e)
	}
	return c.heard
}
