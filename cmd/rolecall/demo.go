package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/testdata/demo"
)

// demoCmd plays the life of a pull request: the real server, on SQLite in a
// temporary folder, against a GitHub of its own on loopback.
type demoCmd struct {
	Repo    string        `placeholder:"DIR" help:"A git repository whose commits become the pull request; left out: a small sample." type:"existingdir"`
	Base    string        `placeholder:"REV" help:"Where the pull request begins (with --repo)."`
	Head    string        `placeholder:"REV" help:"Where it ends (with --repo)."`
	Policy  string        `placeholder:"FILE" help:"The policy in force; left out: the one that rolecall init writes." type:"existingfile"`
	Latency time.Duration `help:"How long the demo's GitHub takes to answer a call."`
	Verbose bool          `short:"v" help:"Show every reason, not only the summary."`
	Keep    bool          `help:"Leave everything running and print the addresses."`

	watch func(*githubtest.Server) // a test's; nil for none
}

// stage is the demo while it plays.
type stage struct {
	demoCmd
	streams
	ctx    context.Context
	gh     *githubtest.Server
	repo   *githubtest.Repo
	server *Server
	pr     *githubtest.Pull
	step   int
	told   int // comments that were shown
}

// Run plays the life and prints each step with the check as GitHub shows it.
func (c *demoCmd) Run(ctx context.Context, s streams) (err error) {
	if given := []bool{c.Repo != "", c.Base != "", c.Head != ""}; slices.Contains(given, true) && slices.Contains(given, false) {
		return errors.New("--repo, --base and --head belong together")
	}
	gh, err := githubtest.Start(githubtest.Options{Latency: c.Latency})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer gh.Close()
	dir, err := os.MkdirTemp("", "rolecall-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer os.RemoveAll(dir)

	if c.watch != nil {
		c.watch(gh)
	}
	st := &stage{demoCmd: *c, streams: s, ctx: ctx, gh: gh}
	app := gh.App()
	st.server, err = Start(ctx, Config{
		AppID: app.ID(), PrivateKey: app.PrivateKeyPEM(), WebhookSecrets: [][]byte{[]byte(app.WebhookSecret())},
		Data: dir, Addr: "127.0.0.1:0", GitHubURL: gh.URL(), Workers: 4, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = errors.Join(err, st.server.Stop(stop))
	}()
	app.DeliverTo(st.server.URL() + "/webhook")
	if err := st.play(); err != nil {
		return err
	}
	if problems := gh.Problems(); len(problems) > 0 {
		return fmt.Errorf("demo: GitHub's contract was broken: %s", strings.Join(problems, "; "))
	}
	if c.Keep {
		return st.keep()
	}
	return nil
}

// keep leaves everything running, with a pull request that is open, until the
// demo is stopped.
func (st *stage) keep() error {
	tf := "instances/keep.tf"
	pr := st.repo.Open(githubtest.PullRequest{
		Author: "dan", Title: "Yours to play with", Head: "keep",
		Files: githubtest.Files{tf: st.grow(tf, "resource \"google_storage_bucket\" \"keep\" {\n  name     = \"keep\"\n  location = \"EU\"\n}\n", "")},
	})
	if err := st.settle(); err != nil {
		return err
	}
	fmt.Fprintf(st.out, `
Everything is left running:
  the pull request        %s
  another, to play with   %s
  GitHub's API            %s
  rolecall's webhook      %s/webhook
  rolecall's health       %[4]s/healthz  %[4]s/readyz  %[4]s/metrics
Stop with Ctrl-C.
`, st.pr.URL(), pr.URL(), st.gh.URL(), st.server.URL())
	<-st.ctx.Done()
	return nil
}

// play is the life itself.
func (st *stage) play() error {
	st.people()
	if err := st.open(); err != nil {
		return err
	}
	pr := st.pr
	goFile, tfFile := st.changed(".go", "cmd/mi/demo.go"), st.changed(".tf", "instances/demo.tf")
	steps := []struct {
		say string
		do  func()
	}{
		{fmt.Sprintf("@dan opens %q (%s)", pr.Title(), pr.URL()), func() {}},
		{"@sam, the Security Engineer, approves", func() { pr.Approve("sam") }},
		{"@ana, a Cloud Engineer, approves", func() { pr.Approve("ana") }},
		{"@dan pushes a change of " + goFile + " alone: approvals of what is unchanged stand", func() {
			pr.Push("dan", githubtest.Files{goFile: st.grow(goFile, "\nfunc demo() int { return 1 }\n", "package main\n")})
		}},
		{"@dan pushes a change of " + tfFile + ": the Security Engineer is needed again", func() {
			pr.Push("dan", githubtest.Files{tfFile: st.grow(tfFile, "\nresource \"google_compute_firewall\" \"demo\" {\n  name          = \"demo\"\n  network       = \"default\"\n  source_ranges = [\"0.0.0.0/0\"]\n}\n", "")})
		}},
		{"@dan tries to name himself DRI: /assign-dri @dan", func() { pr.Comment("dan", "/assign-dri @dan") }},
		{"@mia, the manager, names @bo: /assign-dri @bo", func() { pr.Comment("mia", "/assign-dri @bo") }},
		{"@bo, now DRI, and @sam approve", func() { pr.Approve("bo"); pr.Approve("sam") }},
	}
	for _, s := range steps {
		if err := st.perform(s.say, s.do); err != nil {
			return err
		}
	}
	if err := pr.Merge("dan"); err != nil {
		return fmt.Errorf("demo: merge: %w", err)
	}
	if err := st.settle(); err != nil {
		return err
	}
	st.heading("@dan merges")
	fmt.Fprintf(st.out, "  merged; rolecall made %d calls to GitHub in all\n", len(st.gh.Calls()))
	return nil
}

// people is the organisation of the roles document.
func (st *stage) people() {
	org := st.gh.Org("acme")
	org.Team("cloud", "ana", "bo", "cy", "dan")
	org.Team("security", "sam")
	org.Team("support", "eve")
	org.Member("mia")
	st.repo = org.Repo("cloud")
	st.repo.Require([]string{"main"}, githubtest.RequiredCheck{Context: "rolecall: main", App: st.gh.App().ID()})
}

// open makes the pull request from the sample or from real commits.
func (st *stage) open() error {
	text := policy.Cloud()
	if st.Policy != "" {
		b, err := os.ReadFile(st.Policy)
		if err != nil {
			return err
		}
		text = b
	} else if st.Repo != "" {
		text = append(text, "\nproject \"everything\" {\n  files = [\"**\"]\n}\n"...)
	}
	inForce := githubtest.Files{policy.RepoPath: string(text)}
	if st.Repo == "" {
		base, err := sample("base")
		if err != nil {
			return err
		}
		head, err := sample("head")
		if err != nil {
			return err
		}
		st.repo.Commit("main", "Instances", base, githubtest.By("ana"))
		st.repo.Commit("main", "The policy", inForce, githubtest.By("mia"))
		st.pr = st.repo.Open(githubtest.PullRequest{Author: "dan", Title: "Start the instance beta", Head: "beta", Files: head})
		return nil
	}
	base, head, err := st.repo.Import(st.Repo, st.Base, st.Head)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if st.repo.Ahead(base, head) == 0 {
		return fmt.Errorf("demo: %s has no commit that %s has not: there is nothing to open a pull request with", st.Head, st.Base)
	}
	st.repo.Push("main", base, "mia")
	st.repo.Commit("main", "The policy", inForce, githubtest.By("mia"))
	st.repo.Push("change", head, "dan")
	st.pr = st.repo.Open(githubtest.PullRequest{
		Author: "dan", Title: fmt.Sprintf("%.12s..%.12s", base, head), Head: "change",
	})
	return nil
}

func sample(side string) (githubtest.Files, error) {
	files := githubtest.Files{}
	err := fs.WalkDir(demo.FS, side, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(demo.FS, path)
		files[strings.TrimPrefix(path, side+"/")] = string(b)
		return err
	})
	return files, err
}

// changed is a file of the pull request with the given ending, or the fallback
// where it has none.
func (st *stage) changed(ending, fallback string) string {
	for _, path := range st.pr.Files() {
		if strings.HasSuffix(path, ending) && !strings.HasSuffix(path, "_test"+ending) {
			if _, ok := st.repo.Read(st.pr.HeadBranch(), path); ok {
				return path
			}
		}
	}
	return fallback
}

// grow is the file at the pull request's head with more at its end.
func (st *stage) grow(path, more, whenNew string) string {
	if text, ok := st.repo.Read(st.pr.HeadBranch(), path); ok {
		return text + more
	}
	return whenNew + more
}

func (st *stage) perform(say string, do func()) error {
	do()
	if err := st.settle(); err != nil {
		return err
	}
	st.heading(say)
	st.show(st.pr.Check("rolecall: main"))
	return nil
}

// settle waits until rolecall has answered everything.
func (st *stage) settle() error {
	ctx, cancel := context.WithTimeout(st.ctx, time.Minute)
	defer cancel()
	for before := -1; ; {
		if err := st.gh.WaitDelivered(ctx); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		if err := st.server.Idle(ctx); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		now := len(st.gh.Deliveries()) + len(st.gh.Calls())
		if now == before {
			return nil
		}
		before = now
	}
}
