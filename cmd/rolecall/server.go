package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rolecall/rolecall/internal/apply"
	"github.com/rolecall/rolecall/internal/calendar"
	"github.com/rolecall/rolecall/internal/command"
	"github.com/rolecall/rolecall/internal/gather"
	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/pipeline"
	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/internal/queue"
	"github.com/rolecall/rolecall/internal/recovery"
	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/webhook"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Config is what a server is started with.
type Config struct {
	AppID          int64
	PrivateKey     []byte // PEM
	WebhookSecrets [][]byte
	DatabaseURL    string // "" is an SQLite file in Data
	Data           string
	Addr           string // ":0" picks a free port
	GitHubURL      string // REST root
	// GitHubTimeout bounds one attempt at one call; 0 means 30 seconds.
	GitHubTimeout time.Duration
	DefaultPolicy *policy.Source
	Workers       int
	Cache         int // as in [github.Config]
	Calendars     calendar.Options
	// CalendarEvery is how often a calendar is read; 0 means five minutes.
	CalendarEvery time.Duration
	// Now is the clock by which is decided; time.Now where nil.
	Now       func() time.Time
	Retention store.Retention
	// Deliveries and Sweep are how often it is looked for what was missed;
	// zero as in [recovery.Options], negative for never.
	Deliveries, Sweep time.Duration
	Log               *slog.Logger
}

// Server is a running rolecall. Start makes it; production, the demo and the
// tests start the same one.
type Server struct {
	log      *slog.Logger
	store    *store.Store
	queue    *queue.Queue
	recovery *recovery.Recovery
	metrics  *metrics
	identity *identity
	listener net.Listener
	http     *http.Server
	served   chan error
}

// settled is after how long it is certain what became of a call that nobody
// waits for any more: GitHub ends one after 10 seconds, and what was sent at the
// last moment takes one to arrive.
// https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts
func (c Config) settled() time.Duration { return c.GitHubTimeout + 2*time.Second }

// Start opens the database, begins to work on the queue and answers HTTP. An
// error means that nothing is left running.
func Start(ctx context.Context, c Config) (_ *Server, err error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	c.GitHubTimeout = cmp.Or(c.GitHubTimeout, 30*time.Second)
	s := &Server{log: c.Log, served: make(chan error, 1)}
	defer func() {
		if err != nil {
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_ = s.Stop(stop)
		}
	}()

	metrics := newMetrics()
	s.metrics = metrics
	app, err := github.NewApp(github.Config{
		URL: c.GitHubURL, AppID: c.AppID, PrivateKey: c.PrivateKey, Timeout: c.GitHubTimeout, Logger: c.Log, Metrics: metrics, Cache: c.Cache,
	})
	if err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	if s.identity, err = introduce(ctx, app, c.Log); err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	if s.store, err = store.Open(ctx, store.Options{URL: c.DatabaseURL, Dir: c.Data, Logger: c.Log}); err != nil {
		return nil, err
	}
	metrics.owe(s.store.OpenDebts)
	l := &looker{
		app:     app,
		store:   s.store,
		metrics: metrics,
		now:     c.Now,
		line: &pipeline.Line{
			Gather: gather.New(app, s.store, gather.Options{
				DefaultPolicy: c.DefaultPolicy, Wants: pipeline.Wants, Now: c.Now, Logger: c.Log,
			}),
			Apply:   appliers{app: app, store: s.store, log: c.Log, now: c.Now, commands: commandHelp(), settled: c.settled()},
			Records: records{s.store},
			Metrics: metrics,
			Self:    s.identity.login,
			Log:     c.Log,
		},
	}
	background := &chores{
		app: app, store: s.store, fetch: calendar.NewFetcher(c.Calendars), now: c.Now, every: cmp.Or(c.CalendarEvery, calendarEvery), log: c.Log,
	}
	s.recovery = recovery.New(recovery.Options{
		App: app, Store: s.store, Deliveries: c.Deliveries, Sweep: c.Sweep, AllGoverned: c.DefaultPolicy != nil,
		Metrics: metrics.registry, Logger: c.Log,
	})
	s.queue, err = queue.New(ctx, s.store, queue.Options{
		Workers: c.Workers, Handle: l.look, Chores: background.kinds(), Metrics: metrics.registry, Logger: c.Log,
		Periodic: append(s.recovery.Periodic(), keepRecord(s.store, c.Retention)), Sharers: app.SetSharers,
		Verify: c.settled(),
	})
	if err != nil {
		return nil, err
	}
	l.queue, background.queue = s.queue, s.queue
	s.recovery.Use(s.queue)
	hook, err := webhook.New(webhook.Options{
		Secrets: c.WebhookSecrets, Store: s.store, Queue: s.queue, AppID: c.AppID, Slug: s.identity.slug,
		External: external, Metrics: metrics.registry, Logger: c.Log,
	})
	if err != nil {
		return nil, err
	}
	if err = s.queue.Start(ctx); err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	mux.Handle("POST /webhook", hook)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics.registry, promhttp.HandlerOpts{}))
	if s.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", c.Addr); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s.http = &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      20 * time.Second,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelWarn),
	}
	go func() { s.served <- s.http.Serve(s.listener) }()
	c.Log.InfoContext(ctx, "rolecall serves", "addr", s.listener.Addr().String(), "app", s.identity.slug(),
		"database", s.store.Dialect(), "version", versionString())
	return s, nil
}

// URL is the root of the server's address, without a slash at its end.
func (s *Server) URL() string {
	host, port, _ := net.SplitHostPort(s.listener.Addr().String())
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Idle waits until no job is waiting or running.
func (s *Server) Idle(ctx context.Context) error { return s.queue.Idle(ctx) }

// Stop takes no more deliveries, lets the work in hand finish until ctx ends,
// and gives the rest back to the queue, where the next start finds it.
func (s *Server) Stop(ctx context.Context) error {
	var errs []error
	if s.http != nil {
		errs = append(errs, s.http.Shutdown(ctx))
		if err := <-s.served; !errors.Is(err, http.ErrServerClosed) {
			errs = append(errs, err)
		}
	} else if s.listener != nil {
		errs = append(errs, s.listener.Close())
	}
	if s.queue != nil {
		errs = append(errs, s.queue.Stop(ctx))
	}
	if s.identity != nil {
		s.identity.close()
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	s.log.Info("rolecall stopped")
	return nil
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := s.store.Ready(ctx); err != nil {
		s.log.WarnContext(ctx, "not ready", "error", err)
		http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
		return
	}
	if s.identity.slug() == "" {
		// Still ready: a delivery that is kept need not be recovered.
		fmt.Fprintln(w, "degraded: GitHub has not answered since the start; deliveries are kept, and checks wait")
		return
	}
	fmt.Fprintln(w, "ok")
}

// external takes a check run's external_id apart, for the webhook to tell our
// own stale echoes.
func external(id string) (number int, generation int64, ok bool) {
	e, err := plan.ParseExternalID(id)
	return e.Number, e.Generation, err == nil
}

// appliers picks the installation's client for each pull request.
type appliers struct {
	app      *github.App
	store    *store.Store
	log      *slog.Logger
	now      func() time.Time
	commands []report.Command
	settled  time.Duration // after which what was sent has arrived, or never will
}

func (a appliers) Apply(ctx context.Context, ref fact.Ref, p plan.Plan, d policy.Decision) (refused []string, err error) {
	t, _ := lookedAt(ctx)
	by := &apply.Applier{
		GitHub: a.app.Client(ref.Installation), Audit: a.store, Sent: a.store, Settled: a.settled, Commands: a.commands, Delivery: t.Delivery, Log: a.log, Now: a.now,
	}
	return by.Apply(ctx, ref, p, d)
}

// records has each decision name the delivery that led to it.
type records struct{ *store.Store }

func (r records) SaveDecision(ctx context.Context, d store.Decision) (head string, err error) {
	t, _ := lookedAt(ctx)
	d.Delivery = t.Delivery
	return r.Store.SaveDecision(ctx, d)
}

// SaveGroup is SaveDecision for a merge group.
func (r records) SaveGroup(ctx context.Context, g store.GroupDecision) (head string, err error) {
	t, _ := lookedAt(ctx)
	g.Delivery = t.Delivery
	return r.Store.SaveGroup(ctx, g)
}

// commandHelp is the grammar of commands as people read it.
func commandHelp() []report.Command {
	var out []report.Command
	for _, s := range command.Specs() {
		out = append(out, report.Command{Usage: strings.TrimSpace("/" + s.Name + " " + s.Usage), Help: s.Help, Who: s.Who})
	}
	return out
}
