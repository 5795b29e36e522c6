package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rolecall/rolecall/policy/fact"
)

// Dialect is the kind of database behind a Store.
type Dialect string

// The databases that a Store can use.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Options say where a Store keeps its data.
type Options struct {
	// URL is "postgres://…" or "postgresql://…" for PostgreSQL, or
	// "sqlite:PATH"; "" means the SQLite file rolecall.db in Dir.
	URL string
	Dir string
	// TeamAge is how long a team's members are believed without an event that
	// invalidates them; an event can be lost, so it bounds how long somebody
	// who left counts. 0 means 15 minutes.
	TeamAge time.Duration
	// Logger may be nil.
	Logger *slog.Logger
}

// Store is the database. All its methods may be called concurrently.
type Store struct {
	db      *sql.DB // the only writer on SQLite
	reader  *sql.DB // db itself on PostgreSQL
	dialect Dialect
	log     *slog.Logger
	teamAge time.Duration
	group   group
	release func() error  // lets go of the SQLite file
	listen  *pgxpool.Pool // PostgreSQL only

	memo  memo
	loads loads
}

// Open opens the database, brings its schema up to date and, on SQLite, takes
// the file for this process alone; a file that another process uses is an
// error that names it.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{log: o.Logger, teamAge: o.TeamAge, release: func() error { return nil }}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.teamAge == 0 {
		s.teamAge = 15 * time.Minute
	}
	var err error
	switch scheme, rest, _ := strings.Cut(o.URL, ":"); {
	case o.URL == "":
		err = s.openSQLite(ctx, filepath.Join(o.Dir, "rolecall.db"))
	case scheme == "sqlite":
		err = s.openSQLite(ctx, strings.TrimPrefix(rest, "//"))
	case scheme == "postgres" || scheme == "postgresql":
		err = s.openPostgres(ctx, o.URL)
	default:
		err = fmt.Errorf("database %q: want postgres://… or sqlite:PATH", withoutPassword(o.URL))
	}
	if err == nil {
		err = s.Exclusively(ctx, s.migrate)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), s.Close())
	}
	return s, nil
}

// patience is how long Close waits for others.
const patience = 2 * time.Second

// Close lets go of the database. Nothing else of the Store may be used after
// it, and whatever works on DB must have stopped before.
func (s *Store) Close() error {
	var errs []error
	if s.listen != nil {
		// It waits for its connections to be given back, and whoever has one
		// may wait for a database that does not answer.
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			s.listen.Close()
		}()
		select {
		case <-closed:
		case <-time.After(patience):
		}
	}
	errs = append(errs, closer(s.reader).Close())
	if s.dialect == SQLite && s.db != nil && s.db != s.reader {
		// So that the one file holds all, and can be copied. Somebody else who
		// reads it, such as Litestream, keeps that from being done.
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		for _, pragma := range []string{"PRAGMA busy_timeout(1000)", "PRAGMA wal_checkpoint(TRUNCATE)"} {
			if _, err := s.db.ExecContext(ctx, pragma); err != nil {
				errs = append(errs, err)
			}
		}
	}
	errs = append(errs, closer(s.db).Close())
	errs = append(errs, s.release())
	return errors.Join(errs...)
}

type closeFunc func() error

func (f closeFunc) Close() error { return f() }

func closer(db *sql.DB) io.Closer {
	if db == nil {
		return closeFunc(func() error { return nil })
	}
	return db
}

// DB is the connection pool that the queue works on. On SQLite it has a single
// connection, so whoever holds a transaction must not ask it for another.
func (s *Store) DB() *sql.DB { return s.db }

// Listener is the pool from which the queue takes the connection that listens
// for PostgreSQL's notifications; nil on SQLite.
func (s *Store) Listener() *pgxpool.Pool { return s.listen }

// Dialect returns the kind of database.
func (s *Store) Dialect() Dialect { return s.dialect }

// Ready reports whether the database answers.
func (s *Store) Ready(ctx context.Context) error {
	var one int
	if err := s.reader.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

// Query spells a query for the database. Queries are written with numbered
// parameters as SQLite has them, ?1, and must not hold a question mark
// otherwise.
func (s *Store) Query(q string) string {
	if s.dialect == Postgres {
		return strings.ReplaceAll(q, "?", "$")
	}
	return q
}

// ForUpdate is what a SELECT must end in to lock its rows until the
// transaction ends. SQLite's write transactions are alone from their start.
func (s *Store) ForUpdate() string {
	if s.dialect == Postgres {
		return " FOR UPDATE"
	}
	return ""
}

// Micros is the form in which times are stored: microseconds since the Unix
// epoch, 0 for the zero time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time is the inverse of [Micros], in UTC.
func Time(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// name is the stored form of a pull request's repository.
func name(ref fact.Ref) (owner, repo string) {
	return strings.ToLower(ref.Owner), strings.ToLower(ref.Repo)
}

// withoutPassword makes a database URL fit for an error message.
func withoutPassword(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "(unreadable)"
	}
	return u.Redacted()
}
