package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
)

// An older version serves on beside this one, on the schema that this one
// brought, until it is stopped: no check is lost or wrong meanwhile.
//
// ROLECALL_OLD names the programs of older versions, comma-separated: from a
// tag, git worktree add DIR TAG; cd DIR; go build -o FILE ./cmd/rolecall.
func TestAnOlderVersionServesOnBesideThisOne(t *testing.T) {
	t.Parallel()
	programs := strings.Split(os.Getenv("ROLECALL_OLD"), ",")
	if programs[0] == "" {
		t.Skip("ROLECALL_OLD names programs of older versions")
	}
	for _, program := range programs {
		t.Run(filepath.Base(program), func(t *testing.T) {
			t.Parallel()
			upgrade(t, program)
		})
	}
}

func upgrade(t *testing.T, program string) {
	w := quietWorld(t, storetest.Postgres(t), policyText, githubtest.Options{Latency: 2 * time.Millisecond})
	w.wrap = func(c *exec.Cmd) { c.Path = program }
	older := w.launch(freeAddr(t))
	w.wrap = nil
	w.gh.App().DeliverTo("http://" + older.addr + "/webhook")

	// Somebody is always at work, whoever serves.
	var all []*githubtest.Pull
	approved := map[*githubtest.Pull]bool{}
	var mu sync.Mutex
	end := make(chan struct{})
	var people sync.WaitGroup
	people.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-end:
				return
			case <-time.After(60 * time.Millisecond):
			}
			pr := w.open("dan", githubtest.Files{"main.go": fmt.Sprintf("%s// %d\n", goBefore, n)})
			pr.Comment("ana", "/help")
			if n%2 == 0 {
				pr.Approve("ana")
			}
			if n%4 == 0 {
				pr.Push("dan", githubtest.Files{"main.go": goAfter})
			}
			mu.Lock()
			all, approved[pr] = append(all, pr), n%4 == 2
			mu.Unlock()
			if n%3 == 0 {
				pr.Label("mia", "docs")
			}
		}
	})
	opened := func() (n int) {
		mu.Lock()
		defer mu.Unlock()
		return len(all)
	}
	wrong := func() (out []string) {
		mu.Lock()
		defer mu.Unlock()
		for _, pr := range all {
			if want := map[bool]string{true: "success", false: "in_progress"}[approved[pr]]; state(pr) != want {
				out = append(out, fmt.Sprintf("#%d is %s, not %s", pr.Number(), state(pr), want))
			}
		}
		return out
	}
	more := func(n int) {
		t.Helper()
		from := opened()
		within(t, time.Minute, "people work", func() bool { return opened() >= from+n })
	}
	more(10) // the older version alone
	var chained bool
	db, err := sql.Open("pgx", w.database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'audit' AND column_name = 'hash')`).Scan(&chained); err != nil {
		t.Fatal(err)
	}
	newer := w.launch(freeAddr(t))
	more(15) // both, with all deliveries to the older
	w.gh.App().DeliverTo("http://" + newer.addr + "/webhook")
	more(10) // both, with all deliveries to this one
	w.gh.App().DeliverTo("http://" + older.addr + "/webhook")
	more(10)
	w.gh.App().DeliverTo("http://" + newer.addr + "/webhook")
	w.gh.Flush() // as a load balancer drains whom it takes out
	older.signal(syscall.SIGTERM)
	select {
	case <-older.done:
	case <-time.After(30 * time.Second):
		t.Error("the older version does not stop")
	}
	more(5) // this one alone
	// Back again: the older version starts on the schema as it is now.
	w.wrap = func(c *exec.Cmd) { c.Path = program }
	back := w.launch(freeAddr(t))
	w.wrap = nil
	w.gh.App().DeliverTo("http://" + back.addr + "/webhook")
	more(5)
	w.gh.App().DeliverTo("http://" + newer.addr + "/webhook")
	close(end)
	people.Wait()
	for deadline := time.Now().Add(90 * time.Second); len(wrong()) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(wrong())
		}
	}
	w.quiet()
	for _, d := range w.gh.Deliveries() {
		if d.StatusCode != http.StatusAccepted {
			t.Errorf("a delivery of %s was answered %d %s", d.Event, d.StatusCode, d.Answer)
		}
	}
	for _, pr := range all {
		w.noDuplicates(pr)
	}
	for name, p := range map[string]*process{"the older": older, "this": newer, "the older, started again": back} {
		log := p.logged()
		if n := strings.Count(log, `"msg":"decided"`); n == 0 {
			t.Errorf("%s version decided nothing", name)
		} else {
			t.Logf("%s version decided %d times", name, n)
		}
		for _, line := range strings.Split(log, "\n") {
			if strings.Contains(line, `"level":"ERROR"`) || strings.Contains(line, "SQLSTATE") || strings.Contains(line, `"msg":"job failed"`) {
				t.Errorf("%s version: %s", name, line)
			}
		}
	}
	// Versions before the record was chained leave entries that are in no chain.
	if code, out, errs := w.rolecall("audit", "verify"); code != 0 && chained {
		t.Errorf("the record does not hold: %s %s", out, errs)
	}
}

// What a later version adds to the schema does not disturb this one, while it
// runs and when it starts: tables, indexes, columns with a default.
func TestALaterVersionsSchemaDisturbsNobody(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one := w.open("dan", githubtest.Files{"main.go": goBefore})
		w.expect(one, "in_progress", "Waiting for Cloud Engineer")
		err := w.server.store.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for _, table := range tablesOf(t) {
				if _, err := tx.ExecContext(ctx, `ALTER TABLE `+table+` ADD COLUMN of_a_later_version TEXT NOT NULL DEFAULT 'x'`); err != nil {
					return fmt.Errorf("%s: %w", table, err)
				}
			}
			if _, err := tx.ExecContext(ctx, `CREATE TABLE of_a_later_version (id BIGINT PRIMARY KEY)`); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO rolecall_migration (version_id, is_applied) VALUES (9001, true)`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		one.Approve("ana")
		w.expect(one, "success", "Every role")
		two := w.open("dan", githubtest.Files{"main.go": goAfter})
		two.Comment("ana", "/help")
		w.expect(two, "in_progress", "Waiting for Cloud Engineer")
		w.stop()
		w.start()
		two.Approve("bo")
		w.expect(two, "success", "Every role")
		one.Push("dan", githubtest.Files{"main.go": goBefore + "// more\n"})
		w.expect(one, "in_progress", "Waiting for Cloud Engineer")
		// The record may hold what only a later version can verify.
		if code, _, errs := w.rolecall("audit", "verify"); code != 1 || !strings.Contains(errs, "the database is of a newer rolecall") {
			t.Errorf("verify: %d %s; want it to say that it is too old", code, errs)
		}
		w.fresh(one)
		w.fresh(two)
	})
}

// tablesOf are the store's own tables: River's are River's to change.
func tablesOf(t *testing.T) (tables []string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "<!-- tables -->")
	list, _, _ = strings.Cut(list, "<!-- end of tables -->")
	for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(list, -1) {
		if !strings.HasPrefix(m[1], "river_") && m[1] != "rolecall_migration" {
			tables = append(tables, m[1])
		}
	}
	if len(tables) < 20 {
		t.Fatalf("docs/operations.md lists only the tables %v", tables)
	}
	return tables
}
