package main

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/githubtest"
)

// refuse has the database refuse what is written to it for a while: SQLite has
// no room, and PostgreSQL ends every connection again and again.
func (w *world) refuse(d time.Duration) {
	w.t.Helper()
	if strings.HasPrefix(w.database, "postgres") {
		db, err := sql.Open("pgx", w.database)
		if err != nil {
			w.t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(15 * time.Millisecond) {
			_, err := db.ExecContext(w.t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
			if err != nil && w.t.Context().Err() == nil {
				w.t.Fatal(err)
			}
		}
		return
	}
	db := w.server.store.DB() // of one connection, whose limit this is
	room := func(pages int) {
		var n int
		_ = db.QueryRowContext(w.t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Scan(&n) // it may be closed meanwhile
	}
	room(1) // as many as there are
	time.Sleep(d)
	room(1 << 30)
}

// Whatever the database does not take is not acknowledged, comes again, and is
// done once it does.
func TestADatabaseThatTakesNothingForAWhileLosesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.busyWhile(func() {
			for range 3 {
				time.Sleep(60 * time.Millisecond)
				w.refuse(150 * time.Millisecond)
			}
		})
	})
}

// busyWhile has much happen while there is trouble, has GitHub send again what
// was refused meanwhile, and holds that all is right then.
func (w *world) busyWhile(trouble func()) {
	w.t.Helper()
	pulls := make([]*githubtest.Pull, 8)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range pulls {
			pulls[i] = w.open("dan", githubtest.Files{"main.go": fmt.Sprintf("%s// %d\n", goBefore, i)})
			pulls[i].Comment("dan", "/help")
			time.Sleep(40 * time.Millisecond)
			pulls[i].Approve("ana")
		}
	}()
	trouble()
	<-done
	w.gh.Flush()
	refused := map[string]int64{}
	for _, d := range w.gh.Deliveries() {
		refused[d.GUID] = d.ID
		if d.Status == "OK" {
			delete(refused, d.GUID)
		}
	}
	w.t.Logf("%d deliveries were refused", len(refused))
	for _, id := range refused {
		w.gh.Redeliver(id)
	}
	within(w.t, 30*time.Second, "every check is right", func() bool {
		for _, pr := range pulls {
			if state(pr) != "success" || !w.replied(pr) {
				return false
			}
		}
		return true
	})
	w.settle()
	for _, pr := range pulls {
		w.noDuplicates(pr)
		w.fresh(pr)
	}
}
