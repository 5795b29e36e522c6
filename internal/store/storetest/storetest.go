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
// and fails the binary when goroutines are left.
func Run(m *testing.M) int {
	code := m.Run()
	stop()
	if code == 0 {
		if err := goleak.Find(); err != nil {
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
	if testing.Short() || os.Getenv("ROLECALL_POSTGRES") == "" {
		t.Skip("ROLECALL_POSTGRES=require runs this on PostgreSQL too")
	}
	url, err := database(t.Context())
	switch {
	case err == nil:
		return url
	case os.Getenv("ROLECALL_POSTGRES") == "require":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
	return ""
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
