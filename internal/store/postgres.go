package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

func (s *Store) openPostgres(ctx context.Context, url string) error {
	s.dialect = Postgres
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// pgx's error repeats the URL, redacted.
		return fmt.Errorf("database URL: %w", err)
	}
	s.db = stdlib.OpenDB(*config, stdlib.OptionAfterConnect(bounded))
	s.db.SetMaxOpenConns(24)
	s.db.SetMaxIdleConns(24)
	s.reader = s.db
	if err := s.db.PingContext(ctx); err != nil {
		return err
	}
	pool, err := pgxpool.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("database URL: %w", err)
	}
	pool.MinConns, pool.MaxConns = 0, 1
	s.listen, err = pgxpool.NewWithConfig(ctx, pool)
	return err
}

// silentFor is how long a process may be silent in the middle of a transaction:
// as long as it may give no sign of life.
const silentFor = 10 * time.Second

// bounded has the database undo the transactions of a process that hangs. They
// hold the rows of a pull request and the end of its repository's record, behind
// which every other replica would wait until the process wakes.
// https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-IDLE-IN-TRANSACTION-SESSION-TIMEOUT
func bounded(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, fmt.Sprintf("SET idle_in_transaction_session_timeout = %d", silentFor.Milliseconds()))
	return err
}
