package store

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"text/template"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the key of the PostgreSQL advisory lock under which one
// process at a time changes the schema.
const migrationLock = 0x726f6c65 // "role"

// Exclusively runs f while no other process changes the schema: replicas that
// start together take turns. On SQLite this process is alone anyway.
func (s *Store) Exclusively(ctx context.Context, f func(context.Context) error) error {
	if s.dialect == SQLite {
		return f(ctx)
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("lock schema: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return fmt.Errorf("lock schema: %w", err)
	}
	defer func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock))
	}()
	return f(ctx)
}

func (s *Store) migrate(ctx context.Context) error {
	var list []*goose.Migration
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	for _, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return fmt.Errorf("migration %s: %w", name, err)
		}
		text, err := s.render(name)
		if err != nil {
			return fmt.Errorf("migration %s: %w", name, err)
		}
		list = append(list, goose.NewGoMigration(version, &goose.GoFunc{
			RunTx: func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, text)
				return err
			},
		}, nil))
	}
	dialect := goose.DialectSQLite3
	if s.dialect == Postgres {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, s.db, nil,
		goose.WithGoMigrations(list...), goose.WithDisableGlobalRegistry(true),
		goose.WithTableName("rolecall_migration"), goose.WithSlog(s.log),
		// A migration only adds, and so may come after one of a higher number,
		// as where a database was at a version that lacked it.
		goose.WithAllowOutofOrder(true))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// render fills in what the two databases spell differently.
func (s *Store) render(name string) (string, error) {
	t, err := template.ParseFS(migrations, name)
	if err != nil {
		return "", err
	}
	words := struct {
		Postgres      bool
		Bytes, Serial string
	}{false, "BLOB", "INTEGER PRIMARY KEY AUTOINCREMENT"}
	if s.dialect == Postgres {
		words.Postgres, words.Bytes, words.Serial = true, "BYTEA", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
	}
	var b bytes.Buffer
	if err := t.Execute(&b, words); err != nil {
		return "", err
	}
	return b.String(), nil
}
