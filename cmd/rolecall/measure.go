package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy"
)

// measureCmd measures a rolecall server, in a process of its own, against a fake
// GitHub in this one. docs/performance.md tells what it found.
type measureCmd struct {
	Scenario    string        `arg:"" enum:"stream,each,burst,one,growth" help:"stream: pull requests as fast as they are made; each: one after the other; burst: all at once; one: events on a single pull request; growth: the whole lives of many, and the memory on the way."`
	Count       int           `default:"500" help:"How many pull requests; for one and growth, how many events (${default})."`
	Ask         string        `enum:"one,team,none" default:"team" help:"Whom the policy asks for a review: one, team or none (${default})."`
	Latency     time.Duration `help:"GitHub's, added to every call."`
	Limits      bool          `help:"Enforce GitHub's rate limits."`
	DatabaseURL string        `name:"database-url" placeholder:"URL" help:"postgres://…, an empty database; left out: an SQLite file in a temporary folder."`
	Workers     int           `default:"64" help:"The server's --workers (${default})."`
	Patience    time.Duration `default:"10m" help:"Give up after that long (${default})."`
	Profile     string        `placeholder:"DIR" help:"Write the server's CPU profile, of ten seconds at most, its heap, and the fake's CPU profile there."`
	Server      string        `placeholder:"FILE" help:"The program to measure; left out: this one."`
}

// measuredPolicy has every change of Go reviewed by a Cloud Engineer.
const measuredPolicy = `
policy {
  keepers = ["cloud-engineer"]
}

role "cloud-engineer" {
  title   = "Cloud Engineer"
  members = ["@acme/cloud"]
}

rule "go" {
  changes = go.files
  require "cloud-engineer" {
    ask = %q
  }
}
`

// measurement is one under way.
type measurement struct {
	*measureCmd
	gh         *githubtest.Server
	org        *githubtest.Org
	repo       *githubtest.Repo
	server     *exec.Cmd
	url        string
	dir        string
	out        io.Writer
	seen       *checkTimes
	profileURL string
}

// Run measures, and prints a line of figures for each thing that was measured.
func (c *measureCmd) Run(ctx context.Context, s streams) (err error) {
	ctx, cancel := context.WithTimeout(ctx, c.Patience)
	defer cancel()
	debug.SetGCPercent(400) // the fake's memory is not what is measured, and its time is not to be
	dir, err := os.MkdirTemp("", "rolecall-load")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	l := &measurement{measureCmd: c, dir: dir, out: s.out}
	o := githubtest.Options{Latency: c.Latency, NoValidation: true}
	if c.Limits {
		o.Limits = githubtest.RealLimits()
	}
	if l.gh, err = githubtest.Start(o); err != nil {
		return fmt.Errorf("fake GitHub: %w", err)
	}
	defer l.gh.Close()
	l.prepare()
	if err := l.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.stop()) }()
	l.print("at rest", "resident", l.resident("VmRSS"))
	profiled := l.profile(ctx)
	switch c.Scenario {
	case "stream":
		err = l.stream(ctx)
	case "each":
		err = l.each(ctx)
	case "burst":
		err = l.burst(ctx)
	case "one":
		err = l.one(ctx)
	case "growth":
		err = l.growth(ctx)
	}
	l.print("in all", "resident", l.resident("VmRSS"), "resident at most", l.resident("VmHWM"), "calls", l.calls())
	return errors.Join(err, profiled())
}

// prepare makes people and a repository.
func (l *measurement) prepare() {
	l.org = l.gh.Org("acme")
	var team []string
	for i := range 12 {
		team = append(team, fmt.Sprintf("cloud-%d", i))
	}
	l.org.Team("cloud", team...)
	l.org.Member("dan")
	l.repo = l.repository("load")
	l.seen = watchChecks(l.gh)
}

// repository makes one that has the policy.
func (l *measurement) repository(name string) *githubtest.Repo {
	r := l.org.Repo(name)
	r.Commit("main", "Start", githubtest.Files{
		"main.go": goSource(-1), policy.RepoPath: fmt.Sprintf(measuredPolicy, l.Ask),
	})
	return r
}

func goSource(n int) string { return fmt.Sprintf("package main\n\nfunc main() { println(%d) }\n", n) }

// start starts the server and waits until it is ready.
func (l *measurement) start(ctx context.Context) error {
	addr, err := unusedAddr(ctx)
	if err != nil {
		return err
	}
	program := l.Server
	if program == "" {
		if program, err = os.Executable(); err != nil {
			return err
		}
	}
	app := l.gh.App()
	log, err := os.Create(filepath.Join(l.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	l.url = "http://" + addr
	l.server = exec.Command(program, "serve", "--addr", addr, "--data", l.dir, "--workers", strconv.Itoa(l.Workers)) //nolint:gosec,noctx // it is our own program, and stop ends it
	l.server.Stderr, l.server.Stdout = log, log
	l.server.Env = append(os.Environ(),
		fmt.Sprintf("APP_ID=%d", app.ID()), "PRIVATE_KEY="+string(app.PrivateKeyPEM()), "WEBHOOK_SECRET="+app.WebhookSecret(),
		"DATABASE_URL="+l.DatabaseURL, "GITHUB_URL="+l.gh.URL(),
	)
	if l.Profile != "" {
		at, err := unusedAddr(ctx)
		if err != nil {
			return err
		}
		l.server.Env = append(l.server.Env, "ROLECALL_PROFILE_ADDR="+at)
		l.profileURL = "http://" + at + "/debug/pprof/"
	}
	if err := l.server.Start(); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	for {
		if body, err := fetch(ctx, l.url+"/readyz"); err == nil && body != "" {
			break
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("the server does not get ready: %w", ctx.Err()), l.stop())
		case <-time.After(20 * time.Millisecond):
		}
	}
	l.gh.App().DeliverTo(l.url + "/webhook")
	return nil
}

func (l *measurement) stop() error {
	if err := l.server.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := l.server.Wait(); err != nil {
		log, _ := os.ReadFile(filepath.Join(l.dir, "log"))
		return fmt.Errorf("the server: %w\n%s", err, log[max(0, len(log)-2000):])
	}
	return nil
}

// unusedAddr is an address of loopback that nobody listens at.
func unusedAddr(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// fetch reads what is at an address.
func fetch(ctx context.Context, url string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, resp.Status)
	}
	return string(body), err
}

// resident is what the system says of the server's memory.
func (l *measurement) resident(field string) string {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", l.server.Process.Pid))
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			if kb, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB")); err == nil {
				return fmt.Sprintf("%d MB", kb/1024)
			}
		}
	}
	return "unknown"
}

// spent is the processor time that the server and the fake have used.
func (l *measurement) spent() (server, fake time.Duration) {
	var own syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &own) == nil {
		fake = time.Duration(own.Utime.Nano() + own.Stime.Nano())
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", l.server.Process.Pid))
	if err != nil {
		return 0, fake
	}
	// The fields after the name, which is in brackets: utime and stime are the
	// 14th and 15th of all, in hundredths of a second.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0, fake
	}
	for _, f := range fields[11:13] {
		if n, err := strconv.Atoi(f); err == nil {
			server += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return server, fake
}

// calls is how many calls the server made.
func (l *measurement) calls() int {
	n := 0
	for operation, count := range l.gh.CallCount() {
		if operation != "" {
			n += count
		}
	}
	return n
}

// profile begins to take the server's profiles; what it returns waits for them.
func (l *measurement) profile(ctx context.Context) func() error {
	if l.Profile == "" {
		return func() error { return nil }
	}
	cpu := make(chan error, 1)
	go func() {
		body, err := fetch(ctx, l.profileURL+"profile?seconds=10")
		cpu <- errors.Join(err, os.WriteFile(filepath.Join(l.Profile, "cpu.pprof"), []byte(body), 0o600))
	}()
	var own bytes.Buffer // the fake takes part of the machine too
	started := pprof.StartCPUProfile(&own)
	return func() error {
		pprof.StopCPUProfile()
		heap, err := fetch(ctx, l.profileURL+"heap")
		allocs, err2 := fetch(ctx, l.profileURL+"allocs")
		return errors.Join(<-cpu, err, err2, started,
			os.WriteFile(filepath.Join(l.Profile, "fake.pprof"), own.Bytes(), 0o600),
			os.WriteFile(filepath.Join(l.Profile, "heap.pprof"), []byte(heap), 0o600),
			os.WriteFile(filepath.Join(l.Profile, "allocs.pprof"), []byte(allocs), 0o600))
	}
}

// print writes a line of figures.
func (l *measurement) print(what string, figures ...any) {
	var b strings.Builder
	fmt.Fprintf(&b, "%-8s %-10s ask=%s latency=%v", l.Scenario, what, l.Ask, l.Latency)
	for i := 0; i+1 < len(figures); i += 2 {
		fmt.Fprintf(&b, "  %v: %v", figures[i], figures[i+1])
	}
	fmt.Fprintln(l.out, b.String())
}
