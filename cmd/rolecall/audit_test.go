package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/audit"
	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// rolecall runs the command line on the world's database.
func (w *world) rolecall(args ...string) (code int, out, errs string) {
	w.t.Helper()
	var o, e bytes.Buffer
	code = run(w.t.Context(), append(args, "--database-url", w.database), streams{out: &o, err: &e})
	return code, o.String(), e.String()
}

var recordLine = regexp.MustCompile("(?m)^Record `([0-9a-f]{16})`$")

// merged plays the life of a pull request to its merge.
func (w *world) merged() *githubtest.Pull {
	w.t.Helper()
	pr := w.open("dan", githubtest.Files{"main.go": goBefore, "instances/main.tf": "resource \"google_project\" \"p\" {}\n"})
	w.expect(pr, "in_progress", "Waiting")
	pr.Approve("eve") // holds no role
	pr.Approve("sam")
	pr.Approve("ana")
	w.expect(pr, "success", "Every role")
	pr.MustMerge("dan")
	w.settle()
	return pr
}

func TestTheRecordTellsOfAMergeAndCanBeProven(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.merged()
		open := w.open("eve", githubtest.Files{"main.go": goBefore + "// more\n"})
		w.expect(open, "in_progress", "Waiting")

		// The hash that GitHub keeps is in the record, and the record is whole.
		shown := recordLine.FindStringSubmatch(pr.Check("rolecall: main").Text)
		if shown == nil {
			t.Fatalf("the check shows no record:\n%s", pr.Check("rolecall: main").Text)
		}
		code, out, errs := w.rolecall("audit", "verify", "--expect", shown[1])
		if code != 0 || !strings.Contains(out, "acme/cloud: ") || !strings.Contains(out, shown[1]+" is entry") || !strings.Contains(out, "as it was written") {
			t.Errorf("verify: exit code %d\n%s%s", code, out, errs)
		}
		if code, _, errs := w.rolecall("audit", "verify", "--expect", "0123456789abcdef"); code != 1 || !strings.Contains(errs, "no entry of the record has this hash") {
			t.Errorf("a hash that is not there: exit code %d\n%s", code, errs)
		}

		code, out, errs = w.rolecall("audit", "export", "--since", "1h")
		var m audit.Merge
		if err := json.Unmarshal([]byte(out), &m); err != nil || code != 0 {
			t.Fatalf("export: exit code %d, %v\n%s%s", code, err, out, errs)
		}
		if m.Repository != "acme/cloud" || m.Number != pr.Number() || m.Author != "dan" || m.Status != "met" || m.Head == "" || m.URL != pr.URL() {
			t.Errorf("exported %+v", m)
		}
		if len(m.Policies) != 1 || m.Policies[0].Blob == "" || m.Policies[0].SHA256 == "" {
			t.Errorf("policies %+v", m.Policies)
		}
		counted := map[string]string{}
		for _, r := range m.Required {
			for _, a := range r.Counted {
				counted[r.Rule+"/"+r.Role] += a.By + " "
			}
		}
		if counted["infrastructure/security-engineer"] != "sam " || counted["infrastructure/cloud-engineer"] != "ana " || counted["project/dri"] != "ana " {
			t.Errorf("counted %v", counted)
		}
		var cloud []string
		for _, h := range m.Roles["cloud-engineer"] {
			cloud = append(cloud, h.Login)
		}
		if fmt.Sprint(cloud) != "[ana bo cy]" {
			t.Errorf("cloud engineers %v", cloud)
		}
		why := ""
		for _, r := range m.Reviews {
			if r.By == "eve" {
				why = fmt.Sprint(r.Reasons)
			}
		}
		if why == "" || why == "[]" {
			t.Errorf("why eve's approval does not count is not told: %+v", m.Reviews)
		}

		code, out, _ = w.rolecall("audit", "export", "--since", "1h", "--format", "csv")
		rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		if !strings.Contains(out, ",project,dri,instances,met,ana,ana,") {
			t.Errorf("the DRI is not told:\n%s", out)
		}
		if err != nil || code != 0 || len(rows) < 4 || len(rows[0]) != len(audit.Columns) {
			t.Errorf("csv: exit code %d, %v\n%s", code, err, out)
		}
		if code, out, _ = w.rolecall("audit", "export", "--since", "2099-01-01"); code != 0 || out != "" {
			t.Errorf("of a later time: %d %q", code, out)
		}

		code, out, errs = w.rolecall("audit", "show", open.URL())
		if code != 0 || !strings.Contains(out, "it is the same") || !strings.Contains(out, "delivery by eve") || !strings.Contains(out, "create_check") {
			t.Errorf("show: exit code %d\n%s%s", code, out, errs)
		}
		// What each decision changed is on record, and told with its reasons.
		met := int64(0)
		entries, err := audit.Entries(t.Context(), w.server.store, w.ref(pr))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			var d store.DecisionEntry
			if data, ok := e.Data.(json.RawMessage); ok && e.Kind == store.KindDecision {
				if err := json.Unmarshal(data, &d); err != nil {
					t.Fatal(err)
				}
				if met == 0 && d.Status == "met" {
					met = d.Generation
					if !strings.HasPrefix(d.Changed, "waiting → met; ") {
						t.Errorf("changed: %q", d.Changed)
					}
				}
			}
		}
		code, out, _ = w.rolecall("audit", "show", pr.URL(), "--generation", fmt.Sprint(met))
		if code != 0 || !strings.Contains(out, fmt.Sprintf("what decision %d of ", met)) || !strings.Contains(out, "\n  waiting → met\n") || !strings.Contains(out, "dri of instances: the approval of @ana counts\n") {
			t.Errorf("what changed: exit code %d\n%s", code, out)
		}
	})
}

func TestEveryDecisionIsDecidedAgainTheSame(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.merged()
		other := w.open("dan", githubtest.Files{"billing/x.go": goBefore})
		other.Label("mia", "security")
		other.Comment("mia", "/assign-dri @cy")
		other.Review("sam", "request_changes", "no")
		w.settle()
		other.Push("dan", githubtest.Files{"billing/x.go": goBefore + "// x\n"})
		w.settle()
		w.repo.Commit("main", "Break the policy", githubtest.Files{".github/rolecall.hcl": "rule \"x\" {\n"})
		w.expect(other, "failure", "The policy cannot be used")
		s := w.server.store
		n := 0
		for _, p := range []*githubtest.Pull{pr, other} {
			last, ok, err := s.LatestDecision(t.Context(), w.ref(p))
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			for g := int64(1); g <= last.Generation; g++ {
				d, ok, err := s.DecisionOf(t.Context(), w.ref(p), g)
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					continue
				}
				n++
				if _, differs, err := audit.Replay(d); err != nil || differs != "" {
					t.Errorf("#%d, decision %d (%s): %v\n%s", p.Number(), g, d.Decision.Status, err, differs)
				}
			}
		}
		if n < 6 {
			t.Errorf("only %d decisions", n)
		}
	})
}

func TestTamperingWithTheRecordIsFound(t *testing.T) {
	t.Parallel()
	// One life for all cases; each case spoils a copy of its database.
	w := newWorld(t, storetest.SQLite(t), policyText, githubtest.Options{})
	w.merged()
	queued := w.open("dan", githubtest.Files{"other.go": "package main\n"})
	w.settle()
	queued.Enqueue("dan")
	w.repo.BuildGroup("main", 1)
	w.settle()
	w.stop()
	original, err := os.ReadFile(strings.TrimPrefix(w.database, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ do, want string }{
		"an entry that was changed":    {`UPDATE audit SET actor = 'mallory' WHERE id = (SELECT min(id) FROM audit WHERE kind = 'delivery' AND number = 1)`, `entry \d+ \(delivery of .*, #1\) was changed: it does not match its hash`},
		"an entry that was taken out":  {`DELETE FROM audit WHERE id = (SELECT min(id) FROM audit WHERE kind = 'decision' AND number = 1)`, `entries are missing or were put in`},
		"the last entries taken away":  {`DELETE FROM audit WHERE id = (SELECT max(id) FROM audit WHERE number = 1)`, `1 entries are missing at its end`},
		"an entry that was put in":     {`INSERT INTO audit (at, installation, owner, repo, number, delivery, kind, actor, data) VALUES (1, 1, 'acme', 'cloud', 1, '', 'decision', '', '{}')`, `is in no chain`},
		"a decision that was changed":  {`UPDATE decisions SET decision = (SELECT decision FROM decisions WHERE status = 'met' AND number = 1 ORDER BY generation DESC LIMIT 1) WHERE status = 'waiting' AND number = 1`, `the decision of entry \d+ \(decision of .*, #1\) was changed`},
		"facts that were changed":      {`UPDATE decisions SET facts = decision WHERE generation = 1 AND number = 1`, `the facts of entry \d+ .* were changed`},
		"facts that were taken away":   {`UPDATE decisions SET facts = NULL WHERE generation = 1 AND number = 1`, `the facts of entry \d+ .* are gone, and the record does not say that they were retired`},
		"a policy that was changed":    {`UPDATE policies SET bytes = (SELECT facts FROM decisions WHERE generation = 1 AND number = 1)`, `the policy .github/rolecall.hcl of entry \d+ .* was changed or is gone`},
		"a delivery that was changed":  {`UPDATE deliveries SET payload = (SELECT facts FROM decisions WHERE generation = 1 AND number = 1) WHERE event = 'pull_request_review'`, `the body of delivery \S+ was changed`},
		"a merge group's, changed":     {`UPDATE group_decisions SET decision = (SELECT decision FROM decisions WHERE status = 'met' AND number = 1 LIMIT 1)`, `the decision of entry \d+ \(merge_group of [^)]*\) on #2 was changed`},
		"a merge group's, taken away":  {`DELETE FROM group_decisions`, `the decision of entry \d+ \(merge_group of [^)]*\) on #2 is gone`},
		"a segment dropped unrecorded": {`UPDATE audit_checkpoints SET retired_at = 1; DELETE FROM audit WHERE segment = 0`, `segment 0 is marked as retired, and the record does not say`},
		"a checkpoint that was forged": {`UPDATE audit_checkpoints SET at = at + 1 WHERE repo = 'cloud'`, `checkpoint 0 was changed`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "copy.db")
			if err := os.WriteFile(path, original, 0o600); err != nil {
				t.Fatal(err)
			}
			w := &world{t: t, database: "sqlite:" + path}
			if code, _, errs := w.rolecall("audit", "verify"); code != 0 {
				t.Fatalf("before it is changed: %s", errs)
			}
			w.tamper(c.do)
			code, _, errs := w.rolecall("audit", "verify")
			if code != 1 || !regexp.MustCompile(c.want).MatchString(errs) {
				t.Errorf("exit code %d, want one with %s:\n%s", code, c.want, errs)
			}
		})
	}
}

func TestTamperingIsFoundOnPostgreSQLToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Postgres(t), policyText, githubtest.Options{})
	w.open("dan", githubtest.Files{"main.go": goBefore})
	w.settle()
	w.tamper(`UPDATE audit SET data = replace(data, 'waiting', 'met') WHERE kind = 'decision'`)
	if code, _, errs := w.rolecall("audit", "verify"); code != 1 || !strings.Contains(errs, "was changed: it does not match its hash") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

// tamper changes the database as somebody could who owns it.
func (w *world) tamper(query string) {
	w.t.Helper()
	s, err := store.Open(w.t.Context(), store.Options{URL: w.database})
	if err != nil {
		w.t.Fatal(err)
	}
	if strings.Contains(query, "audit_checkpoints") {
		if n, err := s.Checkpoints(w.t.Context(), 1, time.Hour); err != nil || n == 0 {
			w.t.Fatal(n, err)
		}
	}
	triggers := []string{`DROP TRIGGER audit_no_update`, `DROP TRIGGER audit_no_delete`}
	if s.Dialect() == store.Postgres {
		triggers = []string{`ALTER TABLE audit DISABLE TRIGGER ALL`}
	}
	err = s.Write(w.t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, q := range append(triggers, strings.Split(query, "; ")...) {
			if _, err := tx.ExecContext(ctx, q); err != nil {
				return fmt.Errorf("%s: %w", q, err)
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := s.Close(); err != nil { // so that all is in the file
		w.t.Fatal(err)
	}
}

func TestWhatIsRetiredLeavesARecordThatStillHolds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pr := w.merged()
		shown := recordLine.FindStringSubmatch(pr.Check("rolecall: main").Text)
		s := w.server.store
		if _, err := s.Checkpoints(t.Context(), 1, time.Hour); err != nil {
			t.Fatal(err)
		}
		w.open("eve", githubtest.Files{"main.go": goBefore + "// more\n"})
		w.settle()
		later := time.Now().Add(100 * 24 * time.Hour)
		if err := s.Retire(t.Context(), store.Retention{Deliveries: time.Hour, Facts: 24 * time.Hour, Record: 24 * time.Hour}, later); err != nil {
			t.Fatal(err)
		}
		if left, err := s.AuditEntries(t.Context(), w.ref(pr), 0, 10); err != nil || len(left) != 0 {
			t.Errorf("%d entries are left, %v", len(left), err)
		}
		code, out, errs := w.rolecall("audit", "verify")
		if code != 0 || !strings.Contains(out, "1 of them retired") {
			t.Errorf("exit code %d\n%s%s", code, out, errs)
		}
		// The entry is gone with its segment: that must be said, not passed over.
		if code, _, _ := w.rolecall("audit", "verify", "--expect", shown[1]); code != 1 {
			t.Errorf("an entry that is gone was found")
		}
		if _, _, errs := w.rolecall("audit", "show", fmt.Sprintf("acme/cloud#%d", pr.Number())); !strings.Contains(errs, "no longer kept") {
			t.Errorf("replayed without facts: %s", errs)
		}
	})
}
