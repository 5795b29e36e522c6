// Package storetest gives tests an empty database of each kind: an SQLite
// file, and a database of a PostgreSQL server that runs for the test binary
// alone, from the programs that are installed on the machine.
//
// It must never touch a PostgreSQL server that it has not started.
package storetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/rolecall/rolecall/internal/store"
)

// Main runs a test binary whose tests use this package, and exits.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run runs the tests and returns the exit code: it stops the server at the end
// and fails the binary when goroutines are left, but for those that o leaves out.
func Run(m *testing.M, o ...goleak.Option) int {
	code := m.Run()
	stop()
	if code == 0 {
		if err := goleak.Find(o...); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines are left:", err)
			code = 1
		}
	}
	return code
}

// Each runs f on an empty database of each kind, as subtests named "sqlite"
// and "postgres". The latter is skipped unless ROLECALL_POSTGRES is set: to
// "require", where it is an error that PostgreSQL is not installed, or to
// anything else, where that is one more reason to skip.
func Each(t *testing.T, f func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, Postgres(t)) })
}

// SQLite returns the URL of a new SQLite file.
func SQLite(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "test.db") }

// Postgres returns the URL of a new PostgreSQL database, or skips the test.
func Postgres(t testing.TB) string {
	t.Helper()
	wanted(t)
	url, err := database(t.Context())
	required(t, err)
	return url
}

// PostgresOfItsOwn is a new database in a server that the test may stop; the
// test is skipped where [Postgres] skips it.
func PostgresOfItsOwn(t testing.TB) (url string, c *Cluster) {
	t.Helper()
	wanted(t)
	c, err := newCluster(t.Context())
	t.Cleanup(c.end)
	required(t, err)
	url, err = c.database(t.Context())
	required(t, err)
	return url, c
}

// wanted skips a test that needs PostgreSQL where nobody asks for it.
func wanted(t testing.TB) {
	t.Helper()
	if testing.Short() || os.Getenv("ROLECALL_POSTGRES") == "" {
		t.Skip("ROLECALL_POSTGRES=require runs this on PostgreSQL too")
	}
}

// required ends a test for which there is no PostgreSQL.
func required(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case os.Getenv("ROLECALL_POSTGRES") == "require":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

// Open opens the database until the end of the test.
func Open(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return s
}
