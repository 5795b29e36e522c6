package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/survey"
)

// command runs the command line and returns what it prints.
func (w *world) command(args ...string) string {
	w.t.Helper()
	var out, errs bytes.Buffer
	if code := run(w.t.Context(), args, streams{in: strings.NewReader(""), out: &out, err: &errs}); code != 0 {
		w.t.Fatalf("%v: exit code %d\n%s%s", args, code, out.String(), errs.String())
	}
	return out.String()
}

// fromGitHub are the flags by which a survey speaks as the App.
func (w *world) fromGitHub() []string {
	app := w.gh.App()
	key := filepath.Join(w.t.TempDir(), "key.pem")
	if err := os.WriteFile(key, app.PrivateKeyPEM(), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return []string{"--github", "--repo", w.repo.FullName(), "--app-id", strconv.FormatInt(app.ID(), 10), "--private-key-path", key, "--github-url", w.gh.URL()}
}

// TestSurveysOfAServerThatRuns reads the same from the database that a server
// is using and from GitHub itself.
func TestSurveysOfAServerThatRuns(t *testing.T) {
	eachWith(t, glassPolicy(), githubtest.Options{}, func(t *testing.T, w *world) {
		debt := w.open("dan", terraformFix("port"))
		w.settle()
		w.pass(time.Minute)
		debt.Comment("bo", "/break-glass the port is closed")
		w.expect(debt, "success", "GLASS BROKEN")
		debt.MustMerge("dan")
		open := w.open("eve", githubtest.Files{"main.go": "package main\n"})
		w.expect(open, "in_progress", "Waiting for Cloud Engineer")
		asked := open.Requested()
		w.settle()

		for name, flags := range map[string][]string{"the store": {"--database-url", w.database}, "GitHub": w.fromGitHub()} {
			var h survey.Handoff
			if err := json.Unmarshal([]byte(w.command(append([]string{"handoff", "--format", "json"}, flags...)...)), &h); err != nil {
				t.Fatal(err)
			}
			if len(h.Debts) != 1 || h.Debts[0].By != "bo" || h.Debts[0].Reason != "the port is closed" || strings.Join(h.Debts[0].Owes, " ") != "cloud-engineer security-engineer" {
				t.Errorf("%s: debts %+v", name, h.Debts)
			}
			if len(h.Waiting) != 1 || h.Waiting[0].Role != "cloud-engineer" || strings.Join(h.Waiting[0].On, " ") != strings.Join(asked, " ") || !h.Waiting[0].Asked {
				t.Errorf("%s: waiting %+v, want on %v", name, h.Waiting, asked)
			}
			var l survey.Load
			if err := json.Unmarshal([]byte(w.command(append([]string{"load", "--format", "json"}, flags...)...)), &l); err != nil {
				t.Fatal(err)
			}
			requests := map[string]int{}
			for _, p := range l.People {
				requests[p.Name] = p.Open + p.Past
				if as := strings.Join(p.Roles, " "); requests[p.Name] > 0 && as != "cloud-engineer" && as != "security-engineer" && name == "the store" {
					t.Errorf("%s was asked as %q", p.Name, as)
				}
			}
			if len(l.People) < 4 || requests["sam"] != 1 || requests[asked[0]] == 0 || l.Gini <= 0 || l.Gini >= 1 {
				t.Errorf("%s: load %+v", name, l)
			}
		}
		table := w.command("handoff", "--database-url", w.database)
		if !strings.Contains(table, "acme/cloud#1") || !strings.Contains(table, "the port is closed") || !strings.Contains(table, "nothing is overdue") {
			t.Errorf("table:\n%s", table)
		}
		if md := w.command("load", "--database-url", w.database, "--format", "markdown"); !strings.Contains(md, "| Person | Open | Past |") {
			t.Errorf("markdown:\n%s", md)
		}
		var o survey.Ownership
		if err := json.Unmarshal([]byte(w.command(append([]string{"ownership", "--format", "json"}, w.fromGitHub()...)...)), &o); err != nil {
			t.Fatal(err)
		}
		few := map[string]bool{}
		for _, r := range o.Roles {
			few[r.Role] = r.Few
		}
		if o.Covered != 1 || len(o.Leaderless) != 0 || few["cloud-engineer"] || !few["security-engineer"] || !few["manager"] || few["on-call-engineer"] {
			t.Errorf("ownership %+v", o)
		}

		// The server goes on, and its file can be read when it has stopped.
		open.Approve(asked[0])
		w.expect(open, "success", "Every role")
		w.stop()
		if got := w.command("handoff", "--database-url", w.database); !strings.Contains(got, "nothing waits") {
			t.Errorf("after the stop:\n%s", got)
		}
		st, err := store.OpenReadOnly(t.Context(), store.Options{URL: w.database})
		if err != nil {
			t.Fatal(err)
		}
		if err := st.SaveGlass(t.Context(), w.ref(open), nil, true, time.Now()); err == nil {
			t.Error("a store that is open to read writes")
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
}
