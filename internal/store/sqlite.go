package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"modernc.org/sqlite"
)

// openSQLite opens the file at path, and a second pool that only reads, so
// that readers never wait for the one writer.
//
// synchronous is FULL: a commit returns when it is on the disk. NORMAL in WAL
// mode would survive kill -9 too, but not a loss of power, and a delivery that
// was answered 202 must not vanish: GitHub does not send it again. What the
// flush costs is shared by all that commit together (see [Store.Write]).
func (s *Store) openSQLite(ctx context.Context, path string) error {
	s.dialect = SQLite
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := s.hold(ctx, path); err != nil {
		return err
	}
	// Created here for its mode: it holds titles and comments of private
	// repositories.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	s.db, err = openKeeping(dsn(path, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)", "journal_size_limit(67108864)"},
	}))
	if err != nil {
		return err
	}
	s.db.SetMaxOpenConns(1)
	if err := s.db.PingContext(ctx); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	s.reader, err = openKeeping(dsn(path, url.Values{
		"_pragma": {"busy_timeout(10000)", "query_only(1)", "temp_store(MEMORY)"},
	}))
	if err != nil {
		return err
	}
	readers := max(2, runtime.GOMAXPROCS(0))
	s.reader.SetMaxOpenConns(readers)
	s.reader.SetMaxIdleConns(readers) // a new one would have to parse its statements again
	return nil
}

// hold takes the file for this process until it ends, however it ends: an
// exclusive transaction on an empty database beside it, which SQLite locks in
// the way of each operating system.
func (s *Store) hold(ctx context.Context, path string) error {
	lock, err := sql.Open("sqlite", dsn(path+".lock", url.Values{"_txlock": {"exclusive"}, "_pragma": {"busy_timeout(0)"}}))
	if err != nil {
		return err
	}
	tx, err := lock.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		_ = lock.Close()
		return fmt.Errorf("%s is in use by another process: stop that one, choose another folder by --data, or use PostgreSQL (DATABASE_URL) to run several (%w)", path, err)
	}
	s.release = func() error {
		_ = tx.Rollback()
		return lock.Close()
	}
	return nil
}

// openKeeping opens a pool whose connections keep their statements.
func openKeeping(dsn string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(statements{c}), nil
}

func dsn(path string, q url.Values) string {
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}).String()
}
