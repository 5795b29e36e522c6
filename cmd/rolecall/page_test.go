package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cdproto "github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/policy"
)

// browser starts Chromium where ROLECALL_BROWSER=require asks for it: it takes as
// long as all the other tests.
func browser(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv("ROLECALL_BROWSER") != "require" {
		t.Skip("ROLECALL_BROWSER=require has the pages looked at in Chromium")
	}
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("no Chromium is installed: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path),
		chromedp.NoSandbox, // root has none, and the pages are ours
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.WSURLReadTimeout(60*time.Second),
		chromedp.Env("HOME="+t.TempDir()), chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// seen is what a page was up to while it was looked at.
type seen struct {
	mu       sync.Mutex
	requests []string
	said     []string // on the console, and by whatever was thrown
}

func (s *seen) listen(t *testing.T, ctx context.Context) {
	t.Helper()
	err := chromedp.Listen(ctx, func(event any) {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			s.requests = append(s.requests, e.Request.URL)
		case *cdplog.EventEntryAdded:
			s.said = append(s.said, e.Entry.Text)
		case *runtime.EventConsoleAPICalled:
			s.said = append(s.said, fmt.Sprint(e.Type))
		case *runtime.EventExceptionThrown:
			s.said = append(s.said, e.ExceptionDetails.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The pages that rolecall makes, in a real browser: made of hostile text they
// run nothing, call nobody and have nothing to complain of; they fit a desk and
// a telephone, and can be used by keyboard.
func TestPagesInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	w, pr, _ := hostilePull(t)
	for i := range 3 {
		w.repo.Open(githubtest.PullRequest{Author: "eve", Title: strings.Repeat("Averylongwordthatnobodycanbreak", 1+6*i), Files: githubtest.Files{fmt.Sprintf("docs/%d.md", i): "x\n"}})
	}
	w.settle()
	backtest := backtestPage(t)
	root := strings.TrimSuffix(w.gh.URL(), "/")
	for name, page := range map[string]struct {
		url   string
		has   string // CSS selectors, of which each is there
		focus int    // how many elements the keyboard reaches, at least
	}{
		"pull requests":  {root + "/", "ul li a", 4},
		"a pull request": {pr.URL(), "h1, section, textarea, details", 8},
		"a backtest":     {backtest, "h1, table, div.wide", 1},
	} {
		t.Run(name, func(t *testing.T) {
			for _, width := range []int64{1280, 390} {
				tab, cancel := chromedp.NewContext(ctx)
				defer cancel()
				var s seen
				s.listen(t, tab)
				call(t, tab, network.Enable, network.EnableParams{})
				call(t, tab, cdplog.Enable, cdproto.Empty{})
				do(t, tab, chromedp.EmulateViewport(width, 800), chromedp.Navigate(page.url))
				see[any](t, tab, `document.querySelectorAll('details').forEach(d => d.open = true), 0`)
				ran := see[bool](t, tab, `window.owned === true || document.title === 'owned'`)
				alive := see[[]string](t, tab, `[...document.querySelectorAll('script, img, iframe, object, embed, base, link:not([rel=icon]), meta[http-equiv=refresh]')]
					.concat([...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => a.name.startsWith('on') || /^\s*javascript:/i.test(a.value)))).map(e => e.outerHTML)`)
				found := see[int](t, tab, fmt.Sprintf(`%q.split(', ').filter(s => document.querySelector(s)).length`, page.has))
				wide := see[[]string](t, tab, fmt.Sprintf(`document.documentElement.scrollWidth <= %d && innerWidth <= %[1]d ? [] :
					[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > %[1]d).map(e => e.tagName + ' ' + e.textContent.slice(0, 60)).concat(['the page'])`, width))
				shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
				if err != nil {
					t.Fatal(err)
				}
				if dir := os.Getenv("ROLECALL_SCREENSHOTS"); dir != "" {
					if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", strings.ReplaceAll(name, " ", "-"), width)), shot, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if ran || len(alive) > 0 {
					t.Errorf("at %d: something of it is alive (ran: %v): %q", width, ran, alive)
				}
				if want := len(strings.Split(page.has, ", ")); found != want {
					t.Errorf("at %d: %d of %q are there", width, found, page.has)
				}
				if len(wide) > 0 {
					t.Errorf("at %d: it is wider than the window: %q", width, wide)
				}
				reached, unmarked := tabThrough(t, tab)
				if len(reached) < page.focus || len(unmarked) > 0 {
					t.Errorf("at %d: the keyboard reaches %q; without a mark: %q", width, reached, unmarked)
				}
				s.mu.Lock()
				if len(s.said) > 0 {
					t.Errorf("at %d: it complains: %q", width, s.said)
				}
				for _, r := range s.requests {
					if r != page.url && !strings.HasPrefix(r, "data:") && r != page.url+"favicon.ico" {
						t.Errorf("at %d: it calls %s", width, r)
					}
				}
				s.mu.Unlock()
			}
		})
	}
	t.Run("a pull request is played by keyboard", func(t *testing.T) {
		tab, cancel := chromedp.NewContext(ctx)
		defer cancel()
		do(t, tab, chromedp.Navigate(pr.URL()), chromedp.Focus(chromedp.CSS("textarea")), chromedp.SendKeys(chromedp.CSS("textarea"), "/explain"),
			chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter)) // the button that comments comes next
		within(t, 20*time.Second, "it is said", func() bool {
			return slices.ContainsFunc(pr.Comments(), func(c *githubtest.Comment) bool { return c.Body() == "/explain" })
		})
		within(t, 20*time.Second, "the comment is shown", func() bool {
			return see[bool](t, tab, `!!document.body && document.body.textContent.includes('/explain')`)
		})
		w.settle()
	})
}

func do(t *testing.T, tab context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(tab, steps...); err != nil {
		t.Fatal(err)
	}
}

// see evaluates JavaScript in the page, by the browser's own means, which no
// policy of the page's reaches.
func see[T any](t *testing.T, tab context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(tab, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func call[P, R any](t *testing.T, tab context.Context, command cdproto.Command[P, R], params P) {
	t.Helper()
	if _, err := chromedp.Call(tab, command, params); err != nil {
		t.Fatal(err)
	}
}

// tabThrough goes through the page by the Tab key. It returns what has the
// focus, in this order, and what shows no mark of it.
func tabThrough(t *testing.T, tab context.Context) (reached, unmarked []string) {
	t.Helper()
	type focus struct {
		Name   string
		Marked bool
	}
	for range 60 {
		do(t, tab, chromedp.KeyEvent(kb.Tab))
		f := see[focus](t, tab, `(() => {
			const e = document.activeElement
			if (!e || e === document.body) return {Name: '', Marked: true}
			e.dataset.nth = e.dataset.nth || String(document.querySelectorAll('[data-nth]').length)
			const s = getComputedStyle(e)
			return {Name: e.dataset.nth + ' ' + e.tagName + ' ' + (e.textContent || e.name).trim().slice(0, 30), Marked: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0}
		})()`)
		if f.Name == "" || slices.Contains(reached, f.Name) {
			return reached, unmarked
		}
		reached = append(reached, f.Name)
		if !f.Marked {
			unmarked = append(unmarked, f.Name)
		}
	}
	return reached, unmarked
}

// backtestPage serves the page of a backtest of a repository whose history
// wants to be more than text, and returns its address.
func backtestPage(t *testing.T) string {
	t.Helper()
	dir, git, write := gitFolder(t, "<script>window.owned=true</script>")
	git("init", "-q", "-b", "main")
	write(policy.RepoPath, policyText)
	git("add", "-A")
	git("commit", "-q", "-m", "Start")
	for i, title := range []string{"<img src=http://evil.example/i.png onerror=window.owned=true>", "</title><script>window.owned=true</script>", strings.Repeat("Averylongwordthatnobodycanbreak", 8), "A change"} {
		write(fmt.Sprintf("net/%d<svg onload=window.owned=true>.tf", i), strings.Repeat("resource \"x\" \"y\" {{{\n", 1+i%2))
		write(fmt.Sprintf("cmd/%d.go", i), goBefore)
		git("add", "-A")
		git("commit", "-q", "-m", title+fmt.Sprintf(" (#%d)", i+1))
	}
	lenient := filepath.Join(t.TempDir(), "<b onmouseover=window.owned=true>lenient.hcl")
	var out, errs strings.Builder
	args := []string{"backtest", "--repo", dir, "--format", "html", "--team", "acme/cloud=ana,bo,cy"}
	if err := os.WriteFile(lenient, []byte(strings.Replace(policyText, "require \"security-engineer\" {}", "require \"manager\" {}", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := run(t.Context(), append(args, "--against", lenient), streams{in: strings.NewReader(""), out: &out, err: &errs}); code != 0 {
		t.Fatalf("backtest: %d %s", code, errs.String())
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(out.String())) // whoever went away needs none
	}))
	t.Cleanup(s.Close)
	return s.URL + "/"
}
