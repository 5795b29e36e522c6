package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/pipeline"
	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/internal/store/storetest"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// world is a GitHub, an organisation with people in it, and a rolecall that
// serves it.
type world struct {
	t        testing.TB
	gh       *githubtest.Server
	org      *githubtest.Org
	repo     *githubtest.Repo
	database string
	server   *Server
	workers  int             // 0: as many as in production
	ahead    *atomic.Int64   // nanoseconds by which GitHub's clock was put forward
	stands   atomic.Int64    // where that clock stands, in nanoseconds of Unix's time; 0: it goes
	config   func(*Config)   // changes how rolecall is started; nil: not
	wrap     func(*exec.Cmd) // changes how a process is launched; nil: not
	log      *locked         // what every rolecall of the world logged, at its most talkative
	pages    *locked         // what they served of themselves when they were stopped
	held     []string        // databases that they had before this one
}

// policyText is the policy of most tests: the three rules of the figures, and
// two projects.
const policyText = `
policy {
  keepers = ["manager", "security-engineer"]
}

role "cloud-engineer" {
  title   = "Cloud Engineer"
  members = ["@acme/cloud"]
}

role "security-engineer" {
  title     = "Security Engineer"
  members   = ["@acme/security"]
  otherwise = "manager"
}

role "manager" {
  title   = "Manager"
  members = ["@mia"]
}

role "dri" {
  title = "DRI"
}

project "instances" {
  files = ["instances/**"]
  dri   = "@ana"
}

project "billing" {
  files = ["billing/**"]
  dri   = "@bo"
}

rule "go" {
  changes = go.files
  require "cloud-engineer" {}
}

rule "infrastructure" {
  changes  = terraform.files
  distinct = true
  require "cloud-engineer" {}
  require "security-engineer" {}
}

rule "security label" {
  when = label("security")
  require "security-engineer" {}
}

rule "project" {
  changes = projects.files
  require "dri" {}
}
`

// each runs a test on both databases.
func each(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	eachWith(t, policyText, githubtest.Options{}, test)
}

// eachWith is each, with another policy ("" for none) and another GitHub.
func eachWith(t *testing.T, policyText string, o githubtest.Options, test func(*testing.T, *world)) {
	t.Helper()
	t.Parallel() // worlds share nothing, and mostly wait
	storetest.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		test(t, newWorld(t, url, policyText, o))
	})
}

func newWorld(t testing.TB, database, policyText string, o githubtest.Options) *world {
	t.Helper()
	w := quietWorld(t, database, policyText, o)
	w.start()
	return w
}

// quietWorld is a world that no rolecall serves yet.
func quietWorld(t testing.TB, database, policyText string, o githubtest.Options) *world {
	t.Helper()
	w := &world{t: t, database: migrated(t, database), workers: 4}
	w.prepare(policyText, o)
	return w
}

// prepare makes a GitHub with people and a repository in it.
func (w *world) prepare(policyText string, o githubtest.Options) {
	w.t.Helper()
	w.ahead = &atomic.Int64{}
	if o.Now == nil {
		o.Now = w.clock
	}
	o.LongTokens = o.LongTokens || longTokens(w.t.Name())
	o.TokenNow = time.Now
	w.gh = githubtest.New(w.t, o)
	w.log, w.pages = &locked{}, &locked{}
	w.t.Cleanup(w.keptSecrets)
	w.manifest()
	w.org = w.gh.Org("acme")
	w.org.Team("cloud", "ana", "bo", "cy")
	w.org.Team("security", "sam")
	w.org.Member("mia", "dan", "eve")
	w.repo = w.org.Repo("cloud")
	files := githubtest.Files{"README.md": "# Cloud\n", "main.go": "package main\n\nfunc main() {}\n", "instances/main.tf": "# none yet\n"}
	if policyText != "" {
		files[policy.RepoPath] = policyText
	}
	w.repo.Commit("main", "Start", files)
}

// manifest gives the App what app.yml asks for, and nothing else.
func (w *world) manifest() {
	w.t.Helper()
	m := readManifest(w.t)
	app := w.gh.App()
	for _, p := range []string{"checks", "pull_requests", "statuses", "contents", "members", "merge_queues", "metadata", "issues"} {
		app.Permit(p, m.permissions[p])
	}
	app.Subscribe(m.events...)
}

// start starts rolecall on the world's database, and stops it with the test.
func (w *world) start() {
	w.t.Helper()
	var out io.Writer = w.log
	if os.Getenv("ROLECALL_TEST_LOG") != "" {
		out = io.MultiWriter(w.log, os.Stderr)
	}
	w.startWith(slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})))
}

// startWith is start, with a log of the test's own.
func (w *world) startWith(log *slog.Logger) {
	w.t.Helper()
	app := w.gh.App()
	config := Config{
		AppID: app.ID(), PrivateKey: app.PrivateKeyPEM(), WebhookSecrets: [][]byte{[]byte(app.WebhookSecret())},
		DatabaseURL: w.database, Addr: "127.0.0.1:0", GitHubURL: w.gh.URL(), Workers: w.workers,
		Deliveries: -1, Sweep: -1, // tests that want them run them
		Log: log, Now: w.clock,
	}
	if w.config != nil {
		w.config(&config)
	}
	server, err := Start(w.t.Context(), config)
	if err != nil {
		w.t.Fatal(err)
	}
	w.server = server
	app.DeliverTo(server.URL() + "/webhook")
	w.t.Cleanup(w.stop)
}

// stop stops rolecall, as SIGTERM would.
func (w *world) stop() {
	if w.server != nil {
		w.halt(10 * time.Second)
	}
}

// halt stops rolecall and gives it no longer than patience for what it has in
// hand.
func (w *world) halt(patience time.Duration) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w.gh.App().DeliverTo()
	w.keepPages(w.server.URL())
	if err := w.server.Stop(ctx); err != nil && patience > time.Second {
		w.t.Errorf("stop: %v", err)
	}
	w.server = nil
}

// settle waits until every delivery is answered, everything is examined, and
// nothing follows from it any more.
func (w *world) settle() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	for before := -1; ; {
		if err := w.gh.WaitDelivered(ctx); err != nil {
			w.t.Fatalf("deliveries: %v", err)
		}
		if err := w.server.Idle(ctx); err != nil {
			w.t.Fatal(err)
		}
		now := len(w.gh.Deliveries()) + len(w.gh.Calls())
		if now == before {
			return
		}
		before = now
	}
}

// expect settles and compares the check of a pull request's head: "in_progress"
// or a conclusion, and what its title must contain.
func (w *world) expect(pr *githubtest.Pull, state, title string) githubtest.Check {
	w.t.Helper()
	w.settle()
	c := pr.Check("rolecall: " + pr.BaseBranch())
	got := c.Conclusion
	if c.Status != "completed" {
		got = c.Status
	}
	if got != state || !strings.Contains(c.Title, title) {
		w.t.Errorf("the check of #%d is %q, %q; want %q, %q\n%s\n%s", pr.Number(), got, c.Title, state, title, c.Summary, c.Text)
	}
	return c
}

// pass puts GitHub's clock forward: GitHub keeps whole seconds, and of two
// things in one second the order is not known.
func (w *world) pass(d time.Duration) { w.ahead.Add(int64(d)) }

// clock is the one of GitHub and of rolecall's decisions.
func (w *world) clock() time.Time {
	if at := w.stands.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Now().Add(time.Duration(w.ahead.Load()))
}

// open opens a pull request.
func (w *world) open(author string, files githubtest.Files) *githubtest.Pull {
	return w.repo.Open(githubtest.PullRequest{Author: author, Files: files})
}

// self is the login of rolecall's App.
func (w *world) self(context.Context) (string, error) { return fact.Login(w.gh.App().Slug()), nil }

// ref is how rolecall names a pull request.
func (w *world) ref(pr *githubtest.Pull) fact.Ref {
	return fact.Ref{
		Installation: w.gh.App().Installation(pr.Repo().Owner()).ID(),
		Owner:        pr.Repo().Owner(), Repo: pr.Repo().Name(), Number: pr.Number(),
	}
}

// app is rolecall's own way to GitHub, beside the server's.
func (w *world) app() *github.App {
	w.t.Helper()
	a := w.gh.App()
	app, err := github.NewApp(github.Config{URL: w.gh.URL(), AppID: a.ID(), PrivateKey: a.PrivateKeyPEM(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.t.Fatal(err)
	}
	return app
}

// wipe stops the server and starts it on an empty database of the same kind.
func (w *world) wipe() {
	w.t.Helper()
	w.stop()
	w.lose()
	w.start()
}

// lose has the world go on with an empty database of the same kind.
func (w *world) lose() {
	w.t.Helper()
	w.held = append(w.held, w.database)
	w.database = w.empty()
}

func (w *world) empty() string {
	if strings.HasPrefix(w.database, "postgres") {
		return storetest.Postgres(w.t)
	}
	return migrated(w.t, "sqlite:"+filepath.Join(w.t.TempDir(), "test.db"))
}

// calls lists the calls that do causes. The token that is fetched once an hour
// is none of them.
func (w *world) calls(do func()) []githubtest.Call {
	w.t.Helper()
	w.settle()
	w.gh.ResetCalls()
	do()
	w.settle()
	var out []githubtest.Call
	for _, c := range w.gh.Calls() {
		if c.Operation != "apps/create-installation-access-token" {
			out = append(out, c)
		}
	}
	return out
}

// planned keeps plans and performs none of them.
type planned struct{ plan plan.Plan }

func (p *planned) Apply(_ context.Context, _ fact.Ref, made plan.Plan, _ policy.Decision) ([]string, error) {
	p.plan = made
	return nil, nil
}

// fresh settles and asks a server that knows nothing but what GitHub shows:
// the outcome depends on GitHub's state alone, so that it must find nothing to
// do.
func (w *world) fresh(pr *githubtest.Pull) policy.Decision {
	w.t.Helper()
	w.settle()
	return w.freshNow(pr)
}

// freshNow is fresh without waiting for anything.
func (w *world) freshNow(pr *githubtest.Pull) policy.Decision {
	w.t.Helper()
	decision, left := w.left(pr)
	for _, a := range left {
		w.t.Errorf("a fresh server would change #%d: %s because %s: %+v", pr.Number(), a.Kind, a.Why, a)
	}
	return decision
}

// left is what a server that knows nothing but what GitHub shows would decide,
// and what it would change.
func (w *world) left(pr *githubtest.Pull) (policy.Decision, []plan.Action) {
	w.t.Helper()
	store := storetest.Open(w.t, migrated(w.t, "sqlite:"+filepath.Join(w.t.TempDir(), "fresh.db")))
	app, log := w.app(), slog.New(slog.DiscardHandler)
	made := &planned{}
	line := &pipeline.Line{
		Gather: gather.New(app, store, gather.Options{Wants: pipeline.Wants, Now: w.clock, Logger: log}),
		Apply:  made, Records: store, Metrics: newMetrics(), Self: w.self, Log: log,
	}
	out, err := line.Pull(w.t.Context(), w.ref(pr), gather.Hint{})
	if err != nil {
		w.t.Fatalf("a fresh server: %v", err)
	}
	if out.Decision == nil {
		return policy.Decision{}, made.plan.Actions
	}
	return *out.Decision, made.plan.Actions
}
