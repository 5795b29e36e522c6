package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
)

// process is a rolecall in a process of its own: the real main, which can be
// killed, stopped and woken.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	addr string
	done chan struct{} // closed when it has ended

	mu  sync.Mutex
	log strings.Builder
}

// ports are handed out one after the other, below those that the system gives
// to whoever asks for any: one of these would be taken by another test between
// its being found free and its being used.
var ports = func() *atomic.Int32 {
	var p atomic.Int32
	p.Store(int32(os.Getpid() % 10_000)) //nolint:gosec // a small number
	return &p
}()

// freeAddr is an address of loopback that nobody listens at.
func freeAddr(t testing.TB) string {
	t.Helper()
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20_000+ports.Add(1)%12_000)
		l, err := net.Listen("tcp", addr)
		if err == nil {
			l.Close()
			return addr
		}
	}
	t.Fatal("no port is free")
	return ""
}

// launch starts a process on the world's database and waits until it answers.
// It is killed with the test at the latest.
func (w *world) launch(addr string, flags ...string) *process {
	w.t.Helper()
	app := w.gh.App()
	p := &process{t: w.t, addr: addr, done: make(chan struct{})}
	p.cmd = exec.Command("rolecall", append([]string{"serve", "--addr", addr, "--workers", "8"}, flags...)...)
	p.cmd.Env = append(os.Environ(),
		fmt.Sprintf("APP_ID=%d", app.ID()), "PRIVATE_KEY="+string(app.PrivateKeyPEM()), "WEBHOOK_SECRET="+app.WebhookSecret(),
		"DATABASE_URL="+w.database, "GITHUB_URL="+w.gh.URL(), "LOG_LEVEL=debug",
	)
	if w.wrap != nil {
		w.wrap(p.cmd)
	}
	out, err := p.cmd.StderrPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go p.listen(out)
	w.t.Cleanup(func() {
		w.keepPages("http://" + addr)
		p.kill()
		_, _ = w.log.Write([]byte(p.logged())) // panics are in it
		if w.t.Failed() && os.Getenv("ROLECALL_TEST_LOG") != "" {
			w.t.Log(p.logged())
		}
	})
	within(w.t, 20*time.Second, "the process answers", func() bool {
		resp, err := http.Get("http://" + addr + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return p
}

func (p *process) listen(out io.Reader) {
	defer close(p.done)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		p.log.WriteString(lines.Text() + "\n")
		p.mu.Unlock()
	}
	_ = p.cmd.Wait() // how it ended is in ProcessState
}

func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Error(err)
	}
}

// kill is kill -9, and returns when the process is gone.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

// within waits for what must come in time.
func within(t testing.TB, d time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(d); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", d, what)
		}
	}
}

// state is what the check of a pull request's head says: "in_progress", a
// conclusion, or "" where there is none.
func state(pr *githubtest.Pull) string {
	c := pr.Check("rolecall: " + pr.BaseBranch())
	if c.Status != "completed" {
		return c.Status
	}
	return c.Conclusion
}

// noDuplicates reports what was written twice: checks at one head, requests of
// one reviewer, replies to one comment.
func (w *world) noDuplicates(pr *githubtest.Pull) {
	w.t.Helper()
	if n := len(pr.Checks()); n != 1 {
		w.t.Errorf("#%d has %d checks at its head", pr.Number(), n)
	}
	replies := map[string]bool{}
	for _, c := range pr.Comments() {
		if first, _, _ := strings.Cut(c.Body(), "\n"); strings.HasPrefix(first, "<!-- rolecall:") {
			if replies[first] {
				w.t.Errorf("#%d: two replies %s", pr.Number(), first)
			}
			replies[first] = true
		}
	}
	asked, seen := map[string]bool{}, map[string]bool{}
	for _, d := range w.gh.Deliveries() {
		if d.Event != "pull_request" || d.Action != "review_requested" || seen[d.GUID] {
			continue
		}
		seen[d.GUID] = true
		var p struct {
			Number            int
			RequestedReviewer struct{ Login string } `json:"requested_reviewer"`
			RequestedTeam     struct{ Slug string }  `json:"requested_team"`
		}
		if err := json.Unmarshal(d.Payload, &p); err != nil {
			continue // no longer kept
		}
		if who := p.RequestedReviewer.Login + p.RequestedTeam.Slug; p.Number == pr.Number() {
			if asked[who] {
				w.t.Errorf("#%d: %s was asked twice", pr.Number(), who)
			}
			asked[who] = true
		}
	}
}
