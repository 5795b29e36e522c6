package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// OpenReadOnly opens a database that a server may be using at the same time.
// It takes no lock, changes nothing, and creates nothing; whatever would write
// fails. The schema must be this version's own: a server brings it up to date.
//
// On SQLite the write-ahead log lets readers see a whole, committed state
// beside the one writer.
// https://www.sqlite.org/wal.html#concurrency
func OpenReadOnly(ctx context.Context, o Options) (*Store, error) {
	s := &Store{log: o.Logger, release: func() error { return nil }}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var err error
	switch scheme, rest, _ := strings.Cut(o.URL, ":"); {
	case o.URL == "":
		err = s.readSQLite(ctx, filepath.Join(o.Dir, "rolecall.db"))
	case scheme == "sqlite":
		err = s.readSQLite(ctx, strings.TrimPrefix(rest, "//"))
	case scheme == "postgres" || scheme == "postgresql":
		err = s.readPostgres(ctx, o.URL)
	default:
		err = fmt.Errorf("database %q: want postgres://… or sqlite:PATH", withoutPassword(o.URL))
	}
	if err == nil {
		err = s.current(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store to read: %w", err), s.Close())
	}
	return s, nil
}

func (s *Store) readSQLite(ctx context.Context, file string) error {
	s.dialect = SQLite
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	if _, err := os.Stat(file); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no database at %s: name its folder by --data, or DATABASE_URL", file)
		}
		return err
	}
	s.reader, err = openKeeping(dsn(file, url.Values{
		"mode":    {"ro"},
		"_pragma": {"busy_timeout(10000)", "query_only(1)", "temp_store(MEMORY)"},
	}))
	if err != nil {
		return err
	}
	s.reader.SetMaxOpenConns(2)
	if err := s.reader.PingContext(ctx); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	s.db = s.reader
	return nil
}

func (s *Store) readPostgres(ctx context.Context, url string) error {
	s.dialect = Postgres
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("database URL: %w", err) // pgx's error repeats the URL, redacted
	}
	config.RuntimeParams["default_transaction_read_only"] = "on"
	s.reader = stdlib.OpenDB(*config)
	s.reader.SetMaxOpenConns(2)
	s.db = s.reader
	return s.db.PingContext(ctx)
}

// current refuses a schema that this version would misread.
func (s *Store) current(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	var want, have int64
	for _, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return fmt.Errorf("migration %s: %w", name, err)
		}
		want = max(want, n)
	}
	var found sql.NullInt64
	if err := s.reader.QueryRowContext(ctx, `SELECT max(version_id) FROM rolecall_migration`).Scan(&found); err != nil {
		return fmt.Errorf("it is no database of rolecall's: %w", err)
	}
	switch have = found.Int64; {
	case have < want:
		return fmt.Errorf("the database is of an older rolecall (schema %d, this is %d): start rolecall serve of this version once", have, want)
	case have > want:
		return fmt.Errorf("the database is of a newer rolecall (schema %d, this is %d): use that version", have, want)
	}
	return nil
}
